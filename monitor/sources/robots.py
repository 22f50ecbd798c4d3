"""robots.txt (RFC 9309): what a site asks programs to stay away from, and how slowly to come.

Honoured for pages, which nobody offered to programs; not for feeds, which are made for them. Which kind of source is
which says `SourceKind.robots`, and an operator may decide otherwise for one source.

The rules for our product token hold whatever User-Agent a source's options send. Where the file cannot be had:

- 4xx, nothing in it, or redirects that lead nowhere: there are no rules (RFC 9309, 2.3.1.2 and 2.3.1.3).
- 5xx, 429 or no answer: everything is disallowed (2.3.1.4), for a while; rules known from before stay in force.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
from protego import Protego

from monitor.core.errors import POSTPONEMENTS, SourceError
from monitor.core.model import Clock, Fetched, FetchResult

MAX_AGE = timedelta(hours=24)  # RFC 9309, 2.4: no copy should be used longer
UNREACHABLE_FOR = timedelta(minutes=10)  # until a file that could not be had is asked for again
MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: what must be read; the rest is not
MAX_DELAY = 30.0  # seconds of Crawl-delay; more would be a way of saying no
MAX_KEPT = 4 * 2**20  # bytes of robots.txt behind all rules kept; parsed they take some ten times as much
LEAST_KEPT = 512  # bytes that a site counts at least, so that MAX_KEPT bounds their number too

_NO_FAULT_OF_THE_FILE = (
    frozenset({"address", "refused-address", "options"}) | POSTPONEMENTS
)  # the page would end likewise
_NO_RULES = frozenset({"empty", "redirect"})
_NEVER = datetime.min.replace(tzinfo=UTC)

Get = Callable[[str, str | None, Clock], Awaitable[FetchResult]]
"""(address, proxy or None, clock) → what is there; SourceError where nothing is."""


@dataclass(slots=True, kw_only=True)
class _Site:
    """What is known of one origin."""

    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Protego | None = None  # None until a file, or its absence, was seen
    size: int = LEAST_KEPT
    good_until: datetime = _NEVER  # of the rules, or of the failure
    failure: SourceError | None = None  # why there are no rules yet


class Robots:
    """The rules of the sites that were asked, for a program called `product` (a product token, RFC 9309, 2.2.1).

    `get` fetches robots.txt itself, through the same guard and manners as everything else. `max_kept` bounds the bytes
    of robots.txt behind all rules that are kept.
    """

    def __init__(self, *, product: str, get: Get, max_kept: int = MAX_KEPT) -> None:
        self._product = product
        self._max_kept = max_kept
        self._get = get
        self._sites: OrderedDict[tuple[str, str | None], _Site] = OrderedDict()  # the one used last is last

    async def permit(self, url: httpx2.URL, *, proxy: str | None, clock: Clock) -> float | None:
        """Return where `url` may be fetched, with the seconds that the site wants between two requests, if any.

        Raises SourceError: "robots" where the site says no; "robots-unreachable", or the reason of the failed
        connection, while its robots.txt cannot be had.
        """
        site = await self._site(url, proxy, clock)
        if site.rules is None:
            raise _unreachable(url, site)
        if not site.rules.can_fetch(str(url), self._product):
            raise SourceError(
                f"the robots.txt of {url.host} asks programs to stay away from {url.path[:200]}: look for a feed, ask "
                "the site for leave, or, if you answer for it yourself, set the option robots: false for this source",
                reason="robots",
            )
        delay = site.rules.crawl_delay(self._product)
        return min(delay, MAX_DELAY) if delay else None

    async def _site(self, url: httpx2.URL, proxy: str | None, clock: Clock) -> _Site:
        origin = str(url.copy_with(raw_path=b"/robots.txt", fragment=None))
        key = (origin, proxy)
        site = self._sites.setdefault(key, _Site())
        self._sites.move_to_end(key)
        async with site.asking:  # whoever comes meanwhile waits for this one answer
            if site.good_until <= clock():
                await self._ask(site, origin, proxy, clock)
                self._forget()
        return site

    async def _ask(self, site: _Site, origin: str, proxy: str | None, clock: Clock) -> None:
        try:
            text = await self._text(origin, proxy, clock)
        except SourceError as error:
            if error.reason in _NO_FAULT_OF_THE_FILE:
                raise
            # RFC 9309, 2.4: an old copy is used beyond its time while no new one can be had.
            site.failure = error
            site.good_until = clock() + UNREACHABLE_FOR
            return
        site.rules, site.failure = Protego.parse(text), None
        site.size = max(len(text), LEAST_KEPT)
        site.good_until = clock() + MAX_AGE

    async def _text(self, origin: str, proxy: str | None, clock: Clock) -> str:
        """The file, "" where there is none; SourceError where that is not known."""
        try:
            result = await self._get(origin, proxy, clock)
        except SourceError as error:
            missing = error.reason.startswith("http-4") and error.reason != "http-429"
            if missing or error.reason in _NO_RULES:
                return ""
            raise
        if not isinstance(result, Fetched):  # 410
            return ""
        content = result.document.content
        if len(content) > MAX_BYTES:
            content = content[: content.rfind(b"\n", 0, MAX_BYTES) + 1]  # half a line would be another rule
        return content.decode("utf-8-sig", "replace")

    def _forget(self) -> None:
        """Drop the sites that were not asked about for longest, until the rest is small enough."""
        kept = sum(site.size for site in self._sites.values())
        for key, site in list(self._sites.items()):
            if kept <= self._max_kept:
                return
            if not site.asking.locked():
                kept -= self._sites.pop(key).size


def _unreachable(url: httpx2.URL, site: _Site) -> SourceError:
    failure = site.failure or SourceError("it was not asked for", reason="robots-unreachable")
    answered = failure.reason.startswith("http-")
    again = max(site.good_until, failure.retry_at or site.good_until)
    # Where the server itself was not reached, its pages could not be either: the option would not help.
    advice = "; if that stays so, set the option robots: false for this source" if answered else ""
    return SourceError(
        f"the robots.txt of {url.host} cannot be read, so its pages are left alone for now ({failure}){advice}",
        reason="robots-unreachable" if answered else failure.reason,
        retry_at=again,
    )
