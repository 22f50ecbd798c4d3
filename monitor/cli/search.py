"""`monitor search`: the watch language over everything that is stored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from math import log
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from monitor.cli.errors import CommandError, ExitCode
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, heading, moment, say, screen, show_table
from monitor.cli.queries import marked, misread, prepared, unlisted_tags
from monitor.cli.session import Session
from monitor.core.model import Field, Match
from monitor.core.suggest import nearest
from monitor.render.results import FORMATS, Result, document
from monitor.store import posts, search, sources, watches
from monitor.store.database import Transaction
from monitor.store.search import FEW_SHOWN, Found, Hit

FACETS_SHOWN = 8
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}|[A-Za-z*?]*[*?][A-Za-z*?]*")
FACET_NAMES = ("organisation", "region", "country")


class Sort(StrEnum):
    """Orders of results."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RELEVANCE = "relevance"


class Format(StrEnum):
    """What results are written as."""

    CSV = "csv"
    JSONL = "jsonl"
    ATOM = "atom"
    JSONFEED = "jsonfeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is shown of a search."""

    found: Found
    results: tuple[Result, ...]
    facets: dict[str, dict[str, int]]  # facet → value → posts, fullest first


def run(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for; see docs/watches.md.")],
    *,
    source: Annotated[str | None, typer.Option("--source", help="Only this source; wildcards work.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="Only posts in this language.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only posts with this tag: org:osce, country:kz …")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=36_500, help="Only of the last days.")] = None,
    sort: Annotated[Sort, typer.Option("--sort", metavar="ORDER", help="newest, oldest or relevance.")] = Sort.NEWEST,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many posts are shown.")] = 20,
    facets: Annotated[bool, typer.Option("--facets", help="Count tags, sources, languages and days as well.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Judge every post that may match, however long it takes.")
    ] = False,
    form: Annotated[
        Format | None, typer.Option("--format", metavar="FORMAT", help="csv, jsonl, atom or jsonfeed.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write there, not to the screen.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search all stored posts with the language of watches.

    Of very common words the newest few thousand posts are judged, unless --all asks for every one.
    """
    session = Session.of(ctx)
    now = session.now()
    filters = [f'source:"{source}"' if source else "", f'lang:"{language}"' if language else "", tag or ""]
    asked = " ".join([f"({query})", *filter(None, filters), f"after:{days}d" if days else ""]).strip()
    with session.reading() as tx:
        typed = prepared(query, session.settings, watches.every(tx))  # whose mistakes are shown where they stand
        whole = prepared(asked, session.settings, watches.every(tx))
        answer = answered(tx, whole, now=now, sort=sort, limit=limit, count_facets=facets, every=every)
        narrowed = [] if answer.found.hits else _in_vain(tx, source, language)
    doubts = misread(typed, session.settings, in_vain=not answer.found.hits)
    for sentence in dict.fromkeys([*narrowed, *unlisted_tags(whole, session.settings), *doubts]):
        complain(sentence, label="warning")
    if form is not None:
        _write(FORMATS[form.value](answer.results, query=query, now=now), output)
    elif as_json:
        emit(_document(query, answer, facets=facets))
    else:
        _show(answer, limit=limit, now=now)
    if not answer.found.complete and not as_json:
        complain(
            f"only the newest {answer.found.judged:,} posts that may match were judged; judge all with --all",
            label="note",
        )


def _in_vain(tx: Transaction, source: str | None, language: str | None) -> list[str]:
    """What is wrong with filters that cannot leave anything: a slip there looks like a quiet archive."""
    sentences = []
    if source is not None:
        slugs = [each.slug for each in sources.every(tx)]
        if not any(fnmatchcase(slug, source.casefold()) for slug in slugs):
            near = nearest(source.casefold(), slugs)
            sentences.append(
                f"no source is called {source!r}; "
                + (f"did you mean {near!r}?" if near else "see: monitor sources list")
            )
    if language is not None and not _LANGUAGE.fullmatch(language):
        sentences.append(f"{language!r} is no code of a language: they are written with two letters, as en, ru or zh")
    return sentences


def answered(
    tx: Transaction,
    query: Any,
    *,
    now: datetime,
    sort: Sort,
    limit: int,
    count_facets: bool,
    every: bool,
) -> Answer:
    """The search, ordered and counted, with the posts that are shown in full."""
    found = search.search(tx, query, now=now, within=None if every else FEW_SHOWN)
    shown = sorted(found.hits, key=ORDERS[sort])[:limit]
    counted = _counted(tx, found.hits) if count_facets else {}
    loaded = {each.id: each for each in posts.by_ids(tx, [hit.id for hit in shown])}
    results = tuple(Result(stored=loaded[hit.id], evidence=hit.evidence) for hit in shown)
    return Answer(found=found, results=results, facets=counted)


def relevance(hit: Hit) -> float:
    """How much a post is about what was asked: in the title more than in the text, different words more than repeats,
    and in a short text more than in a long one."""
    told: dict[str, float] = {}
    for each in hit.evidence:
        worth = 3.0 if each.field is Field.TITLE else 1.0 if each.field is not Field.SOURCE else 0.0
        words = each.words.casefold()
        told[words] = max(told.get(words, 0.0), worth) + 0.1
    return sum(told.values()) / (1 + log(1 + hit.length / 1000))


ORDERS: dict[Sort, Callable[[Hit], Any]] = {
    Sort.NEWEST: lambda hit: (-hit.published.timestamp(), -hit.id),
    Sort.OLDEST: lambda hit: (hit.published.timestamp(), hit.id),
    Sort.RELEVANCE: lambda hit: (-relevance(hit), -hit.published.timestamp(), -hit.id),
}


def _counted(tx: Transaction, hits: Sequence[Hit]) -> dict[str, dict[str, int]]:
    by_tag = search.facets(tx, [hit.id for hit in hits])
    own = {
        "source": Counter(hit.source for hit in hits),
        "language": Counter(hit.language or "unknown" for hit in hits),
        "day": Counter(hit.published.date().isoformat() for hit in hits),
    }
    ordered = [*(name for name in FACET_NAMES if name in by_tag), *sorted(set(by_tag) - set(FACET_NAMES))]
    counts = {name: by_tag[name] for name in ordered} | {name: dict(counter) for name, counter in own.items()}
    return {name: dict(sorted(values.items(), key=lambda each: (-each[1], each[0]))) for name, values in counts.items()}


def _write(written: str, output: Path | None) -> None:
    if output is None:
        typer.echo(written, nl=False)
        return
    try:
        output.write_text(written, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror or error}", ExitCode.CONFIGURATION) from None


def _document(query: str, answer: Answer, *, facets: bool) -> dict[str, Any]:
    found = answer.found
    return {
        "query": query,
        "posts": len(found.hits),
        "stories": len({hit.story_id for hit in found.hits}),
        "judged": found.judged,
        "complete": found.complete,
        "facets": answer.facets if facets else None,
        "results": [document(result) for result in answer.results],
    }


def _show(answer: Answer, *, limit: int, now: datetime) -> None:
    hits = answer.found.hits
    stories = len({hit.story_id for hit in hits})
    say(f"{count(len(hits), 'post')} in {count(stories, 'story', 'stories')}")
    for result in answer.results:
        stored = result.stored
        line = Text(f"{stored.id}  {moment(result.at, now=now)}, {stored.source.slug}: ", style="dim")
        match = Match(watch="search", evidence=result.evidence)
        screen().print(line.append_text(marked(stored.post, match, limit=240)), soft_wrap=False)
    if len(hits) > limit:
        say(f"… and {len(hits) - limit:,} more; see them with --limit, or write them: --format csv --limit {len(hits)}")
    for name, values in answer.facets.items():
        heading(name.capitalize())
        listed = list(values.items())
        if name == "day":
            listed = sorted(listed, reverse=True)
        show_table(columns(name, "posts", right=["posts"]), listed[:FACETS_SHOWN])
        if len(listed) > FACETS_SHOWN:
            say(f"and {len(listed) - FACETS_SHOWN} more")
