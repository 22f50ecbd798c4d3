"""What a query means: whether a post matches, and by which words. Whatever narrows the search, this decides.

A term is found at places of the folded text, each a stretch of characters; operators join places; at the end the places
become evidence in the original. Nothing here costs more than time linear in the text for each term.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from heapq import merge
from urllib.parse import urlsplit

from monitor.core import patterns
from monitor.core.model import Evidence, Field, Post, Source, Tag
from monitor.core.query.tree import (
    Every,
    Listed,
    Near,
    Node,
    Origin,
    Pattern,
    Published,
    Query,
    Sentence,
    Some,
    Tagged,
    Within,
    Without,
    Words,
)
from monitor.core.stories import moment
from monitor.core.text import Page, find_word, fold, page_of
from monitor.core.wording import Place, fits, occurrences, sentence_ends, word_starts
from monitor.core.written import readable

MOST_EVIDENCE = 50
"""Pieces of evidence kept with one match."""

MOST_PLACES = 2_000
"""Places of one term that are looked at; more than that only a machine writes."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A post with all that a query can ask about."""

    page: Page
    post: Post
    source: Source
    tags: tuple[Tag, ...]
    seen_at: datetime  # when it was first seen; stands in for a time of publication that is not stated
    now: datetime  # what "7 days ago" is counted from
    edited: bool = False  # it said something else before
    withdrawn: bool = False
    backlog: bool = False
    ahead: timedelta = timedelta()  # how far the source's clock is known to run ahead
    _found: dict[int, tuple[Node, list[Place]]] = field(default_factory=dict, repr=False)  # of terms, by their ids

    @cached_property
    def text(self) -> str:
        """The folded text, in the characters that queries are compared in."""
        return readable(self.page.folded.text)

    @cached_property
    def published(self) -> datetime:
        """When it was published, as far as anybody knows."""
        return moment(self.post.stated_at, self.seen_at, ahead=self.ahead)

    @cached_property
    def word_starts(self) -> list[int]:
        """Where each word of the text begins."""
        return word_starts(self.text)

    @cached_property
    def sentence_ends(self) -> list[int]:
        """Where each sentence of the text ends."""
        return sentence_ends(self.text)

    def part(self, place: Place) -> Field:
        """The part of the post that a place lies in."""
        return self.page.field_at(self.page.folded.span(place.start, place.end)[0])

    def original(self, place: Place) -> str:
        """The words of a place as they are written."""
        start, end = self.page.folded.span(place.start, place.end)
        return self.page.original[start:end]


NEVER = datetime(1, 1, 1, tzinfo=UTC)


def subject_of(
    post: Post,
    source: Source,
    tags: tuple[Tag, ...],
    *,
    seen_at: datetime | None = None,
    now: datetime | None = None,
    edited: bool = False,
    withdrawn: bool = False,
    backlog: bool = False,
    ahead: timedelta = timedelta(),
) -> Subject:
    """Make a post ready to be asked about. `now` is when it was seen, unless another time is named."""
    at = seen_at or now or post.stated_at or NEVER
    return Subject(
        page=page_of(post),
        post=post,
        source=source,
        tags=tags,
        seen_at=at,
        now=now or at,
        edited=edited or post.edited,
        withdrawn=withdrawn,
        backlog=backlog,
        ahead=ahead,
    )


def evidence_for(query: Query, subject: Subject) -> tuple[Evidence, ...] | None:
    """The words by which a post matches, in order and each once; None where it does not match.

    What follows from the source alone ("lang:ru") is evidence in Field.SOURCE.
    """
    found = _found(query.root, subject)
    if found is None:
        return None
    there = [each for each in found if isinstance(each, Place)]
    known = [each for each in found if isinstance(each, Evidence)] if len(there) < len(found) else []
    if len(there) > 1:
        there = sorted(set(there))[:MOST_EVIDENCE]
    in_words = [_in_original(place, subject.page) for place in there]
    if known:
        fields = list(Field)
        in_words = sorted(
            {*in_words, *known}, key=lambda each: (fields.index(each.field), each.offset, -len(each.words), each.rule)
        )
    return tuple(in_words[:MOST_EVIDENCE])


def _in_original(place: Place, page: Page) -> Evidence:
    """As `Page.evidence` does, for many places in little time."""
    start, end = page.folded.span(place.start, place.end)
    if start >= page.hashtags_at:
        part, base = Field.HASHTAG, page.hashtags_at
    elif start >= page.text_at:
        part, base = Field.TEXT, page.text_at
    else:
        part, base = Field.TITLE, 0
    return Evidence(field=part, offset=start - base, words=page.original[start:end], rule=place.rule)


def _found(  # noqa: PLR0912 - one short branch a kind of node
    node: Node, subject: Subject
) -> Sequence[Place | Evidence] | None:
    if type(node) is Words:  # by far the most of all nodes
        return places(node, subject) or None
    match node:
        case Every(parts):
            # Most posts lack one of the words: seen before any place is looked for.
            text = subject.text
            for part in parts:
                if isinstance(part, Words) and part.anchor not in text:
                    return None
            gathered: list[Place | Evidence] = []
            for part in parts:
                found = _found(part, subject)
                if found is None:
                    return None
                gathered += found
            return gathered
        case Some(parts):
            either: list[Place | Evidence] | None = None
            for part in parts:
                found = _found(part, subject)
                if found is not None:
                    either = [*found] if either is None else [*either, *found]
            return either
        case Without(part):
            return [] if _found(part, subject) is None else None
        case Tagged():
            return list(_tag_evidence(node, subject.tags)) or None
        case Origin():
            return _origin_evidence(node, subject)
        case Published():
            return _time_evidence(node, subject)
        case _:
            return places(node, subject) or None


# ── places ─────────────────────────────────────────────────────────────────────────────────────────────────


def places(node: Node, subject: Subject) -> list[Place]:
    """Where the words of a node stand, in order."""
    known = subject._found.get(id(node))  # terms that several watches share are one object
    if known is None:  # the node is kept as well, so that its id stays its own
        known = subject._found[id(node)] = node, _without_repeats(_places(node, subject), subject)
    return known[1]


def _places(node: Node, subject: Subject) -> list[Place]:
    match node:
        case Words(anchor=anchor):
            if anchor not in subject.text:
                return []
            return _in_field(occurrences(node, subject), node.field, subject)
        case Pattern():
            return _in_field(_by_pattern(node, subject), node.field, subject)
        case Some(parts):
            return sorted({place for part in parts for place in places(part, subject)})
        case Near(parts, distance, ordered):
            found = places(parts[0], subject)
            for part in parts[1:]:
                if not found:
                    break
                found = _near(found, places(part, subject), distance, ordered, subject)
            return found
        case Within(parts, others):
            return _within([places(part, subject) for part in parts], others, subject)
        case Sentence(parts):
            return _in_one_sentence([places(part, subject) for part in parts], subject)
        case Listed(slug):
            raise ValueError(f"the list @{slug} was not put in")
        case _:
            raise TypeError(f"{type(node).__name__} has no place in a text")


def _in_field(found: Iterable[Place], wanted: Field | None, subject: Subject) -> list[Place]:
    return list(found) if wanted is None else [place for place in found if subject.part(place) is wanted]


def _without_repeats(found: list[Place], subject: Subject) -> list[Place]:
    """A hashtag usually stands in the text as well: there it counts, in the list of hashtags it would be a repeat."""
    if len(found) > MOST_PLACES:
        del found[MOST_PLACES:]
    if not found or not subject.post.hashtags:
        return found
    page = subject.page
    in_text = [place for place in found if page.folded.span(place.start, place.end)[0] < page.hashtags_at]
    return in_text or found


def _by_pattern(node: Pattern, subject: Subject) -> Iterator[Place]:
    """A regular expression sees the text as it is written; its places are counted in the folded text as all others."""
    compiled = patterns.compiled_pattern(node.source)
    if compiled.anchor not in subject.page.folded.text:
        return
    page = subject.page
    for number, (start, end) in enumerate(patterns.spans(node.source, page.original)):
        if number >= MOST_PLACES:
            return
        begin, stop = page.folded.place(start, end)
        if begin < stop and page.field_at(start) is page.field_at(end - 1) and not page.original[start:end].isspace():
            yield Place(begin, stop, "pattern")


def _near(left: Sequence[Place], right: Sequence[Place], distance: int, ordered: bool, subject: Subject) -> list[Place]:
    """Places of `left` and `right` with at most `distance` words between, as one place each."""
    found = _followed(left, right, distance, subject)
    if not ordered:
        found += _followed(right, left, distance, subject)
    return sorted(set(found))


def _followed(first: Sequence[Place], then: Sequence[Place], distance: int, subject: Subject) -> list[Place]:
    found = []
    starts = [place.start for place in then]
    for place in first:
        at = bisect_left(starts, place.end)
        if at < len(then):
            following = then[at]
            same_part = subject.part(place) is subject.part(following)
            if same_part and _words_between(place.end, following.start, subject) <= distance:
                found.append(Place(place.start, following.end, "near"))
    return found


def _words_between(start: int, end: int, subject: Subject) -> int:
    starts = subject.word_starts
    return bisect_left(starts, end) - bisect_left(starts, start)


def _within(found: Sequence[Sequence[Place]], others: int, subject: Subject) -> list[Place]:
    """The shortest stretches that hold a place of each, with at most so many words beside them."""
    stretches: list[Place] = []
    latest: list[Place | None] = [None] * len(found)
    labelled = [[(place, number) for place in found[number]] for number in range(len(found))]
    for place, number in merge(*labelled):
        latest[number] = place
        held = [each for each in latest if each is not None]
        if len(held) < len(latest) or len({each.start for each in held}) < len(held):
            continue
        start, end = min(each.start for each in held), max(each.end for each in held)
        stretch = Place(start, end, "near")
        last = max(held)
        words = _words_between(start, end, subject) - sum(
            _words_between(each.start, each.end, subject) for each in held
        )
        if words <= others and subject.part(min(held)) is subject.part(last):
            stretches.append(stretch)
    return stretches


def _in_one_sentence(found: Sequence[Sequence[Place]], subject: Subject) -> list[Place]:
    ends = subject.sentence_ends
    sentences = [{bisect_right(ends, place.start) for place in places_of} for places_of in found]
    shared = set.intersection(*sentences) if sentences else set()
    return sorted({place for places_of in found for place in places_of if bisect_right(ends, place.start) in shared})


# ── what is known of a post beside its words ───────────────────────────────────────────────────────────────


def _tag_evidence(node: Tagged, tags: tuple[Tag, ...]) -> Iterator[Evidence]:
    for tag in tags:
        if tag.facet == node.facet and matches_value(node.slug, tag.slug):
            yield from tag.evidence


def _origin_evidence(node: Origin, subject: Subject) -> list[Place | Evidence] | None:
    for value in values_of(subject, node.name):
        if _meets(node, value):
            return [Evidence(field=Field.SOURCE, offset=0, words=value, rule=node.name)]
    return None


def _meets(node: Origin, value: str) -> bool:
    match node.name:
        case "author":
            return _mentions(node.value, value)
        case "url":
            return matches_value(node.value if is_wild(node.value) else f"*{node.value}*", value)
        case "domain":
            host = folded_value(value)
            return matches_value(node.value, host) or host.endswith("." + node.value)
        case _:
            return matches_value(node.value, value)


def values_of(subject: Subject, name: str) -> Iterable[str]:
    """What `Origin` terms of that name are compared with."""
    post, source = subject.post, subject.source
    match name:
        case "lang":
            return (post.language,) if post.language else ()
        case "source":
            return (source.slug,)
        case "kind":
            return (source.kind,)
        case "authority":
            return (str(source.authority),)
        case "author":
            return (post.author,) if post.author else ()
        case "url":
            return (post.url,) if post.url else ()
        case "domain":
            return (host,) if (host := _host(post.url or source.url)) else ()
        case "has":
            return _held(post)
        case "is":
            return _states(subject)
        case _:
            return ()


@lru_cache(maxsize=1 << 12)
def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


_KINDS = {"round-video": "video"}


def _held(post: Post) -> Iterator[str]:
    for medium in post.media:
        yield _KINDS.get(medium.kind, medium.kind)
    if post.media:
        yield "media"
    if post.hashtags:
        yield "hashtag"


def _states(subject: Subject) -> Iterator[str]:
    states = {
        "edited": subject.edited,
        "withdrawn": subject.withdrawn,
        "forwarded": subject.post.forwarded_from is not None,
        "reply": subject.post.reply_to is not None,
        "backlog": subject.backlog,
    }
    return (name for name, holds in states.items() if holds)


def _time_evidence(node: Published, subject: Subject) -> list[Place | Evidence] | None:
    at = subject.published
    age = subject.now - at
    if (node.younger is not None and age > node.younger) or (node.older is not None and age <= node.older):
        return None
    if (node.since is not None and at < node.since) or (node.until is not None and at >= node.until):
        return None
    return [Evidence(field=Field.SOURCE, offset=0, words=at.strftime("%Y-%m-%d %H:%M"), rule="published")]


def matches_value(wanted: str, value: str) -> bool:
    """Whether a folded value with wildcards is all of `value`."""
    folded = folded_value(value)
    return folded == wanted or (is_wild(wanted) and fits(wanted, folded))


@lru_cache(maxsize=1 << 12)
def folded_value(value: str) -> str:
    """A slug, name or code as it is compared."""
    return fold(value).text


def is_wild(value: str) -> bool:
    """Whether a value holds a wildcard."""
    return "*" in value or "?" in value


def _mentions(wanted: str, value: str) -> bool:
    return matches_value(wanted, value) or (not is_wild(wanted) and find_word(folded_value(value), wanted) >= 0)
