"""What a person pastes → the sources found there, best first.

Looked at, in this order, and no further than needed: what is pasted; for a page, the feeds it declares, then links that
look like feeds (and the feeds on a page that lists feeds), the site's front page, the usual addresses of feeds, and the
sitemaps that robots.txt names. The page itself is a candidate where a list of news is recognised on it, and so is a
Telegram channel that it links.

Fetching and reading are handed in: a fetch is guarded and polite, and untrusted bytes are read in worker processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from monitor.core.errors import SourceError
from monitor.core.model import Clock, Document
from monitor.core.opml import address_key
from monitor.sources import KINDS
from monitor.sources.candidates import UNREACHABLE, Discovery, Found, Tried, Way, ranked
from monitor.sources.glimpse import Glimpse, Link
from monitor.sources.pasted import understood
from monitor.sources.platforms import platform_feed, without_feeds

Fetch = Callable[[str, str], Awaitable[Document]]
"""(address, Accept header) → what is there; SourceError where nothing can be had."""

Look = Callable[[Document, str | None], Awaitable[Glimpse]]
"""`sources.glimpse.look`, run in a worker process."""

MAX_FETCHES = 30
MAX_DECLARED = 8
MAX_LINKED = 6
MAX_CHANNELS = 2
MAX_SITEMAPS = 3
SPACING = 0.5  # seconds between two requests

USUAL = (
    "feed",
    "rss",
    "rss.xml",
    "feed.xml",
    "atom.xml",
    "index.xml",
    "feed.json",
    "feeds/posts/default",
    "?feed=rss2",
)
"""Where the common content management systems put their feeds, below the site or a section of it."""

_USUAL_SITEMAPS = ("news-sitemap.xml", "sitemap.xml", "sitemap_index.xml")
_ACCEPT_FEED = KINDS["feed"].accept
_ACCEPT_PAGE = (
    "text/html, application/xhtml+xml, application/rss+xml;q=0.9, application/atom+xml;q=0.9,"
    " application/feed+json;q=0.9, application/xml;q=0.8, */*;q=0.5"
)
_CLOSED = frozenset(
    {"dns", "refused-address", "connect", "tls", "timeout", "http-429", "http-503", "host-held", "host-busy"}
)
"""Reasons that hold for the whole host: asking it for other addresses is of no use."""


async def discover(
    address: str,
    *,
    fetch: Fetch,
    look: Look,
    clock: Clock,
    spacing: float = SPACING,
) -> Discovery:
    """The sources behind what a person pasted: a site, a feed, a t.me link, @name, a bare domain.

    At most 30 requests, `spacing` seconds apart. ValueError with a sentence for what is no address at all; whatever
    goes wrong with an address is told in `tried`.
    """
    pasted = understood(address)
    search = _Search(fetch=fetch, look=look, clock=clock, spacing=spacing)
    if pasted.telegram:
        await search.candidate(pasted.addresses[0], Way.ITSELF, kind="telegram")
    else:
        await _explore(search, pasted.addresses)
    return Discovery(address=address, candidates=ranked(search.found, now=clock()), tried=tuple(search.tried))


async def _explore(search: _Search, addresses: Iterable[str]) -> None:
    start: Glimpse | None = None
    for url in addresses:
        if (platform := without_feeds(url)) is not None:
            search.refuse(url, platform)
            return
        if (known := platform_feed(url)) is not None and await search.candidate(known[1], Way.PLATFORM, kind=known[0]):
            return
        start = await search.candidate(url, Way.ITSELF)
        if start is not None or search.last_reason not in UNREACHABLE:
            break
    if start is not None and not start.is_page:
        return
    pages = [start] if start is not None else []
    here = start.url if start is not None else url
    if start is not None and (known := platform_feed(start.url)) is not None:  # a short link led to the platform
        await search.candidate(known[1], Way.PLATFORM, kind=known[0])
    await _follow_links(search, pages)
    front = urljoin(here, "/")
    if not search.has_feed and front != here:
        page = await search.glimpse(front, Way.LINKED, accept=_ACCEPT_PAGE)
        if page is not None and page.is_page:
            pages.append(page)
            await _follow_links(search, [page])
    if not search.has_feed and pages:
        await _guess(search, here)
    for channel in _links(pages, "telegram")[:MAX_CHANNELS]:
        await search.candidate(channel.url, Way.LINKED, kind="telegram")
    if not search.has_feed and pages:
        await _sitemaps(search, front)


async def _follow_links(search: _Search, pages: Iterable[Glimpse]) -> None:
    pages = list(pages)
    for link in _links(pages, "alternate")[:MAX_DECLARED]:
        await search.candidate(link.url, Way.DECLARED)
    if search.has_feed:
        return
    for link in _links(pages, "anchor")[:MAX_LINKED]:
        shown = await search.candidate(link.url, Way.LINKED, only_feeds=True)
        if shown is not None and shown.is_page:  # a page that lists the site's feeds
            for inner in (_links([shown], "alternate") + _links([shown], "anchor"))[:MAX_DECLARED]:
                await search.candidate(inner.url, Way.LINKED, only_feeds=True)


async def _guess(search: _Search, here: str) -> None:
    """Ask the usual addresses, of the section that was pasted first, until one of them is a feed."""
    front = urljoin(here, "/")
    path = urlsplit(here).path
    section = urljoin(front, path if path.endswith("/") else path + "/")
    bases = [front] if section == front or "." in path.rpartition("/")[2] else [section, front]
    for number, base in enumerate(bases):
        for name in USUAL[:2] if number < len(bases) - 1 else USUAL:
            if await search.candidate(urljoin(base, name), Way.USUAL, only_feeds=True) and search.has_feed:
                return


async def _sitemaps(search: _Search, front: str) -> None:
    if "sitemap" not in KINDS:
        return
    robots = await search.glimpse(urljoin(front, "/robots.txt"), Way.SITEMAP, accept="text/plain")
    named = [link.url for link in robots.links] if robots is not None else []
    named.sort(key=lambda url: "news" not in url.lower())
    for url in named[:MAX_SITEMAPS] or [urljoin(front, name) for name in _USUAL_SITEMAPS]:
        if await search.candidate(url, Way.SITEMAP, kind="sitemap") is not None:
            return


def _links(pages: Iterable[Glimpse], sort: str) -> list[Link]:
    return [link for page in pages for link in page.links if link.sort == sort]


# ── looking ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True, kw_only=True)
class _Search:
    """One discovery as it goes on."""

    fetch: Fetch
    look: Look
    clock: Clock
    spacing: float
    found: list[Found] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    closed: set[tuple[str, str]] = field(default_factory=set)  # schemes and hosts
    last_reason: str = ""

    @property
    def has_feed(self) -> bool:
        """Whether a source was found that needs no stopgap: what readers' comments or nothing fills does."""
        return any(
            found.kind in {"feed", "jsonfeed"} and found.glimpse.entries and not found.glimpse.comments
            for found in self.found
        )

    async def candidate(
        self, url: str, way: Way, *, kind: str | None = None, only_feeds: bool = False
    ) -> Glimpse | None:
        """Look at an address and keep it where it is a source. With `only_feeds`, a page is none."""
        accept = KINDS[kind].accept if kind else _ACCEPT_PAGE if way is Way.ITSELF else _ACCEPT_FEED
        glimpse = await self.glimpse(url, way, accept=accept, kind=kind)
        if glimpse is None:
            return None
        if glimpse.kind is None or (only_feeds and glimpse.kind == "page"):
            named = f", titled {glimpse.title!r}" if glimpse.title else ""
            self._note(url, way, f"{url} is a web page{named}", reason="page")
            return glimpse
        self.found.append(Found(glimpse=glimpse, kind=glimpse.kind, url=_lasting(url, glimpse, kind), way=way))
        return glimpse

    async def glimpse(self, url: str, way: Way, *, accept: str, kind: str | None = None) -> Glimpse | None:
        """What an address shows; None where that is nothing, or where it was asked before. Failures are noted."""
        origin = (urlsplit(url).scheme, urlsplit(url).netloc.lower())
        if url in self.asked or origin in self.closed or len(self.asked) >= MAX_FETCHES:
            return None
        if self.asked and self.spacing:
            await asyncio.sleep(self.spacing)
        self.asked.add(url)
        try:
            document = await self.fetch(url, accept)
            if document.url in self.asked and document.url != url:
                self._note(url, way, f"{url} leads to {document.url}, which was looked at", reason="known")
                return None
            self.asked.add(document.url)
            return await self.look(document, kind)
        except SourceError as error:
            if error.reason in _CLOSED:
                self.closed.add(origin)
            self._note(url, way, str(error), reason=error.reason)
            return None

    def refuse(self, url: str, platform: str) -> None:
        """Note that a platform has nothing to follow, without asking it."""
        said = f"{platform} has no feeds and shows its posts to those who are logged in"
        advice = "look for the same body's website or feed, its Telegram channel (@name) or its account on Mastodon"
        self._note(url, Way.ITSELF, f"{said}: {advice}", reason="no-feeds")

    def _note(self, url: str, way: Way, why: str, *, reason: str) -> None:
        self.last_reason = reason
        self.tried.append(Tried(url=url, way=way, why=why, reason=reason))


def _lasting(asked: str, glimpse: Glimpse, kind: str | None) -> str:
    """The address to configure: where it led, when that is the same one spelled better; else the one that is linked.

    Where a redirect leads elsewhere, the address that the site hands out is the one that it keeps working.
    """
    if kind is not None or address_key(asked) != address_key(glimpse.url):
        return asked
    return glimpse.url
