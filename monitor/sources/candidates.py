"""The sources that discovery found: which of them show the same, which is best, and what a person should know."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from urllib.parse import urlsplit

from monitor.sources.glimpse import Glimpse, Headline
from monitor.sources.platforms import is_known

UNREACHABLE = frozenset({"dns", "connect", "tls", "timeout", "reset", "protocol"})
"""Reasons of a SourceError that say nothing about what is at the address."""

DORMANT = timedelta(days=365)  # without a new post

_SAME = 0.8  # of the newest posts
_REFUSED = frozenset({"http-401", "http-403", "http-429"})
_STOPGAP = {"feed": 0, "jsonfeed": 0, "sitemap": 1, "page": 2}  # how far a kind is from a feed


class Way(IntEnum):
    """How a candidate was found, the surest way first."""

    ITSELF = 0
    PLATFORM = 1
    DECLARED = 2
    LINKED = 3
    USUAL = 4
    SITEMAP = 5

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    Way.ITSELF: "the address itself",
    Way.PLATFORM: "the platform's feed for it",
    Way.DECLARED: "declared by the site",
    Way.LINKED: "linked on the site",
    Way.USUAL: "at a usual address",
    Way.SITEMAP: "the site's sitemap",
}

_LOOKED_AT = {
    Way.PLATFORM: "of the platform",
    Way.DECLARED: "declared by the site",
    Way.LINKED: "that the site links",
    Way.USUAL: "usual for feeds",
    Way.SITEMAP: "of sitemaps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A source that could be followed."""

    kind: str  # a name in sources.KINDS
    url: str
    way: Way
    title: str | None
    entries: int
    newest: tuple[Headline, ...]  # newest first
    per_week: float | None  # posts, from the oldest shown until now; None where that cannot be told
    language: str | None
    warnings: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # other addresses that show the same posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An address that was looked at and gave no candidate."""

    url: str
    way: Way
    why: str  # a sentence
    reason: str  # one word, see SourceError; "page" for a page that could only point elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found, best first, and what was looked at in vain."""

    address: str  # as pasted
    candidates: tuple[Candidate, ...]
    tried: tuple[Tried, ...]

    @property
    def explanation(self) -> str:
        """Where nothing was found: what was tried, and what can be done. "" otherwise."""
        return "" if self.candidates else _explained(self)

    @property
    def aside(self) -> str:
        """Where sources were found beside what was pasted and not there: why it is none itself. "" otherwise."""
        if not self.candidates or not self.tried or any(each.way <= Way.PLATFORM for each in self.candidates):
            return ""
        first = self.tried[0]
        if first.way is not Way.ITSELF or first.reason == "known" or is_known(first.url):
            return ""
        if first.reason != "page":
            return f"{first.why}; what was found is elsewhere on the site"
        return (
            f"on {first.url} itself no list of news was recognised; to follow that one page for changes:"
            f" monitor sources add {shlex.quote(first.url)} --kind document"
        )


@dataclass(slots=True, kw_only=True)
class Found:
    """A source as it was found, before it is compared with the others."""

    glimpse: Glimpse
    kind: str
    url: str
    way: Way
    also: list[str] = field(default_factory=list)


def ranked(found: Sequence[Found], *, now: datetime) -> tuple[Candidate, ...]:
    """The candidates, best first; addresses that show the same posts are one."""
    kept: list[Found] = []
    for one in sorted(found, key=_completeness):
        same = next((other for other in kept if _show_the_same(one, other)), None)
        if same is None:
            kept.append(one)
        else:
            same.also.append(one.url)
            same.way = min(same.way, one.way)
    first_seen = {id(one): number for number, one in enumerate(found)}
    kept.sort(key=lambda one: (*_rank(one, now=now), first_seen[id(one)]))
    return tuple(_candidate(one, now=now) for one in kept)


def _completeness(one: Found) -> tuple[bool, bool, bool, int]:
    """Of two addresses with the same posts, the first by this order is kept: feeds, with dates, with texts."""
    glimpse = one.glimpse
    return (
        one.kind not in {"feed", "jsonfeed", "telegram"},
        glimpse.dated * 2 < glimpse.entries,
        glimpse.worded * 2 < glimpse.entries,
        one.way,
    )


def _show_the_same(one: Found, other: Found) -> bool:
    """Whether the newest posts are the same, as many as both show: formats of one feed differ in length."""
    a, b = one.glimpse.identities, other.glimpse.identities
    number = min(len(a), len(b))
    if number == 0 or one.glimpse.comments != other.glimpse.comments:
        return False
    return len(set(a[:number]) & set(b[:number])) >= _SAME * len(set(a[:number]) | set(b[:number]))


def _rank(one: Found, *, now: datetime) -> tuple[int, ...]:
    glimpse = one.glimpse
    dormant = glimpse.newest_at is not None and now - glimpse.newest_at > DORMANT
    # A channel that was asked for is what is wanted; one that a page links may be anybody's.
    stopgap = _STOPGAP.get(one.kind, 0 if one.way <= Way.PLATFORM else 3)
    return (glimpse.comments, glimpse.entries == 0, dormant, stopgap, one.way)


def _candidate(one: Found, *, now: datetime) -> Candidate:
    glimpse = one.glimpse
    return Candidate(
        kind=one.kind,
        url=one.url,
        way=one.way,
        title=glimpse.title,
        entries=glimpse.entries,
        newest=glimpse.newest,
        per_week=glimpse.per_week,
        language=glimpse.language,
        warnings=tuple(_warnings(one, now=now)),
        also=tuple(one.also),
    )


def _warnings(one: Found, *, now: datetime) -> Iterable[str]:
    glimpse = one.glimpse
    if glimpse.comments:
        yield "these are readers' comments, not the source's own posts"
    if one.kind == "page":
        yield "a page without a feed: when its looks change, reading it may need new selectors"
    if one.kind == "sitemap":
        yield "a sitemap: what is new on the whole site, titles where it states them"
    if glimpse.entries:
        yield from _shortcomings(glimpse, now=now)
    elif one.kind != "sitemap":  # an index of sitemaps has its entries in other documents
        yield "there is nothing in it at the moment"
    if urlsplit(one.url).scheme == "http":
        yield "not encrypted: what it says can be changed on the way"


def _shortcomings(glimpse: Glimpse, *, now: datetime) -> Iterable[str]:
    if glimpse.dated == 0:
        yield "no post says when it was published"
    elif glimpse.dated * 2 < glimpse.entries:
        yield f"only {glimpse.dated} of {glimpse.entries} posts say when they were published"
    if glimpse.worded == 0:
        yield "titles only, no texts"
    if glimpse.newest_at is not None and now - glimpse.newest_at > DORMANT:
        yield f"nothing new since {glimpse.newest_at:%B %Y}"


def _explained(discovery: Discovery) -> str:
    tried = discovery.tried
    first, last = tried[0], tried[-1]
    if all(each.reason in UNREACHABLE | {"refused-address"} for each in tried):
        return f"{last.why}: look for a typing error, and whether a browser on this machine opens it"
    if len(tried) == 1 and first.reason != "page":  # a Telegram page says itself what can be done
        return first.why
    said = first.why if first.reason != "page" else f"{first.url} is a page on which no list of news was recognised"
    numbers = {way: sum(each.way is way for each in tried[1:]) for way in Way}
    looked = [f"{numbers[way]} {words}" for way, words in _LOOKED_AT.items() if numbers[way]]
    in_vain = f"; looked at in vain: {', '.join(looked)}" if looked else ""
    if any(each.reason in _REFUSED for each in tried):
        advice = "the server turns programs away: ask the people behind it for a feed"
    else:
        advice = "where the site shows an RSS sign, paste the address behind it"
    return (
        f"{said}{in_vain}. What can be done: {advice}; follow a page that lists news with selectors of your own"
        " (--kind page, see docs/adding-a-source.md); many bodies say the same on Telegram, paste @name of the channel"
    )
