"""Queries on the command line: an error is shown with a caret under the place, matched words are marked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.text import Text

from monitor.app import load_configuration
from monitor.cli.errors import CommandError, ExitCode
from monitor.cli.output import one_line, safe, screen
from monitor.core.model import Facet, Field, Match, Post, Watch
from monitor.core.query import Query, QueryError, expanded, lists_of, parse, tags_of, terms_of
from monitor.core.query.advice import doubts
from monitor.core.query.tree import Words
from monitor.core.suggest import nearest
from monitor.core.taxonomy import Taxonomy
from monitor.core.watches import read_as_saved
from monitor.render.passages import Passage, excerpt, spans
from monitor.settings import Settings
from monitor.store import search
from monitor.store.database import Transaction

INDENT = "  "


def parsed(query: str, settings: Settings) -> Query:
    """The query's tree, or an error that points at the place. The files are read where it names a facet of theirs."""
    try:
        understood = parse(query, facets=None)
        if all(tag.facet in Facet.BUILT_IN for tag in tags_of(understood.root)):
            return understood
        return parse(query, facets=[own.facet for own in load_configuration(settings).taxonomy.facets])
    except QueryError as error:
        raise CommandError(explained(query, error, width=screen(stderr=True).width), ExitCode.USAGE) from None


def prepared(query: str, settings: Settings, saved: Iterable[Watch]) -> Query:
    """The query with the lists that it names put in, or an error that points at the place."""
    read = parsed(query, settings)
    try:
        return expanded(read, read_as_saved(saved)) if any(lists_of(read.root)) else read
    except QueryError as error:
        raise CommandError(explained(query, error, width=screen(stderr=True).width), ExitCode.USAGE) from None


def explained(query: str, error: QueryError, *, width: int) -> str:
    """What is wrong, and the query with a caret under the place: of a long one the part around it."""
    plain = "".join(safe(character) or " " for character in query).replace("\n", " ")
    at = min(error.position, len(plain))
    room = max(20, width - len(INDENT) - 2)
    start = 0
    while cell_len(plain[start:at]) > room * 2 // 3:
        start += 1
    before = ("…" if start else "") + plain[start:at]
    rest = plain[at:]
    while cell_len(before + rest) > room:
        rest = rest[:-1]
    lines = [error.message, INDENT + before + rest, INDENT + " " * cell_len(before) + "^"]
    if error.expected:
        lines.append(f"expected {error.expected}")
    if error.suggestion:
        lines.append(error.suggestion)
    return "\n".join(lines)


def listed_slugs(settings: Settings) -> dict[Facet, frozenset[str]]:
    """What a post can be tagged with by the taxonomies as they are in the files now."""
    taxonomy = load_configuration(settings).taxonomy
    facets = (*Facet.BUILT_IN, *(own.facet for own in taxonomy.facets))
    return {facet: taxonomy.slugs(facet) for facet in facets}


def unlisted_tags(query: Query, settings: Settings) -> list[str]:
    """A sentence on each tag that a query names and no taxonomy lists: it is never found, and nobody would notice."""
    tags = list(tags_of(query.root))
    if not tags:
        return []
    listed = listed_slugs(settings)
    sentences = []
    for tag in tags:
        known = listed[tag.facet]
        if tag.slug not in known and not {"*", "?"} & set(tag.slug):
            meant = nearest(tag.slug, known)
            hint = f"; did you mean {meant!r}?" if meant else ""
            sentences.append(f"no {tag.facet} is listed as {tag.slug!r}, so it is never found{hint}")
    return sentences


def misread(query: Query, settings: Settings, *, in_vain: bool) -> list[str]:
    """Sentences on what a search says and surely does not mean; more of them where nothing was found."""
    acronyms = _acronyms(load_configuration(settings).taxonomy) if in_vain else ()
    return [*unlisted_tags(query, settings), *doubts(query, acronyms=acronyms, stored=True)]


def _acronyms(taxonomy: Taxonomy) -> set[str]:
    return {each for one in taxonomy.organisations for several in one.acronyms.values() for each in several}


COMMON = 0.5
"""Share of the last month's posts in which a word or query is too common to say anything."""

MONTH = timedelta(days=30)


def doubtful(tx: Transaction, query: Query, settings: Settings, *, now: datetime) -> list[str]:
    """Sentences on what a query says and surely does not mean."""
    acronyms = _acronyms(load_configuration(settings).taxonomy)
    sentences = [*unlisted_tags(query, settings), *doubts(query, acronyms=acronyms)]
    words = {term: None for term in terms_of(query.root) if isinstance(term, Words) and len(term.words) == 1}
    alone = [Query(term.words[0].folded, term) for term in words][:MOST_TRIED]
    whole, *each = search.shares(tx, [query, *alone], now=now, since=now - MONTH)
    if whole > COMMON:
        sentences.append(f"this is found in {whole:.0%} of the newest posts: it says too little to be watched for")
    sentences += [
        f"{term.text!r} stands in {share:.0%} of the newest posts: it narrows nothing"
        for term, share in zip(alone, each, strict=True)
        if share > COMMON and len(alone) > 1
    ]
    return sentences


MOST_TRIED = 40  # words of one query that are tried on the newest posts


def marked(post: Post, match: Match, *, limit: int) -> Text:
    """The passage of a post in which the match is best seen, the words that matched made visible."""
    in_text = spans(post.text, match.evidence, field=Field.TEXT)
    in_title = spans(post.title, match.evidence, field=Field.TITLE)
    if in_title or not in_text:
        return _text(excerpt(post.title, in_title, limit=limit))
    return _text(excerpt(post.text, in_text, limit=limit))


def _text(passage: Passage) -> Text:
    """Marked by style where there are colours, by »…« where there are none."""
    coloured = screen().color_system is not None and not screen().no_color
    text = Text()
    for piece, found in passage.pieces:
        shown = one_line(piece) if found else safe(piece.replace("\n", " "))
        text.append(shown if coloured or not found else f"»{shown}«", style="bold reverse" if found else "")
    return text
