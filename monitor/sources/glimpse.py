"""One document, looked at as a possible source: what it shows, and where it points. Runs in a worker process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ValidationError
from selectolax.lexbor import LexborHTMLParser

from monitor.core.errors import SourceError
from monitor.core.model import Document, Match, Post, Source, Tag
from monitor.core.urls import absolute
from monitor.sources import KINDS, telegram
from monitor.sources.feed import ROOTS
from monitor.sources.markup import attribute, decoded, select, text_of
from monitor.sources.reading import Tools, read
from monitor.sources.sniff import root_of, sniff

NEWEST = 5  # posts shown
COMPARED = 60  # identities kept for telling whether two addresses show the same
MAX_LINKS = 40
MAX_ROBOTS = 500_000  # bytes; what a crawler has to read of it (RFC 9309, 2.5)

Sort = Literal["alternate", "anchor", "telegram", "sitemap"]

_SITEMAP_ROOTS = frozenset({"urlset", "sitemapindex"})
_FEED_TYPE = re.compile(r"(?:application|text)/(?:(?:rss|atom|rdf|feed)\+(?:xml|json)|json|xml|rss)", re.IGNORECASE)
_NOT_A_FEED_LINK = re.compile(r"oembed|/wp-json/|[?&]format=json(?:p)?\b|\.webmanifest|/manifest\.json", re.IGNORECASE)
_FEED_LIKE = re.compile(
    r"(?:^|[/_.-])(?:rss|atom|rdf|feeds?)(?:\d{1,2})?(?:$|[/_.?-])|\.(?:rss|atom|rdf)(?:$|\?)|feed\.json|/index\.xml$|"
    r"[?&](?:feed|format|type|output|rss)=(?:rss|atom|rdf|feed|xml|1)",
    re.IGNORECASE,
)
_FEED_HOST = re.compile(r"https?://(?:rss|feeds?\d?)\.", re.IGNORECASE)
_FEED_WORD = re.compile(r"(?<!\w)(?:rss|atom|xml[- ]feed|news ?feed)(?!\w)", re.IGNORECASE)
_READERS = re.compile(
    r"//(?:[\w-]+\.)*(?:feedly|inoreader|newsblur|netvibes|theoldreader|bloglovin|wikipedia|addthis)\.\w+/"
    r"|//add\.my\.yahoo\.|/(?:about|what-is|help)-?(?:rss|feeds)",
    re.IGNORECASE,
)
_TELEGRAM_LINK = re.compile(r"https?://(?:www\.)?(?:t\.me|telegram\.me)/(?!share\b)", re.IGNORECASE)
_COMMENTS = re.compile(
    r"^(?:comments? (?:on|for|feed)\b|kommentare\b|comentarios\b|comentários\b|commentaires\b|commenti\b|комментарии\b)"
    r"|(?:»|-|–|—|\|) ?(?:comments(?: feed)?|kommentar-?feed|комментарии)$",
    re.IGNORECASE,
)
_COMMENTS_PATH = re.compile(r"(?:^|[/_.-])comments?(?:$|[/_.-])|[?&]feed=comments", re.IGNORECASE)
_SITEMAP_LINE = re.compile(rb"^[ \t]*sitemap[ \t]*:[ \t]*(\S{1,2000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something that a document points to and that may be a source."""

    url: str
    title: str
    sort: Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A post as a table shows it."""

    title: str
    at: datetime | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What one document shows."""

    url: str  # after redirects
    kind: str | None  # how it would be followed; None where nothing in it can be
    title: str | None = None
    language: str | None = None  # of most posts
    entries: int = 0
    dated: int = 0  # posts that state a time
    worded: int = 0  # posts that say more than their title
    newest: tuple[Headline, ...] = ()  # newest first, at most NEWEST
    newest_at: datetime | None = None
    per_week: float | None = None  # posts, over the time from the oldest in it until now; None where that is unknown
    comments: bool = False  # what readers say, not what the source says
    identities: tuple[bytes, ...] = ()  # of the newest posts, newest first: equal for the same post at another address
    notes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()  # of a web page, or of a robots.txt

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, followed as one or not at all."""
        return self.kind in {None, "page"}


def look(document: Document, kind: str | None = None) -> Glimpse:
    """What `document` is and shows; `kind` where that is known beforehand.

    SourceError where it is neither a source nor a page that could point to one, or a broken one.
    """
    if kind is not None:
        return _followed(document, kind)
    if urlsplit(document.url).path == "/robots.txt":
        return Glimpse(url=document.url, kind=None, links=tuple(_sitemaps_named(document)))
    shape = sniff(document)
    if shape == "json":
        return _followed(document, "jsonfeed")
    if shape == "xml":
        text, _ = decoded(document)
        root = root_of(text)
        if root in _SITEMAP_ROOTS and "sitemap" in KINDS:
            return _followed(document, "sitemap")
        is_page = text.find("<html", 0, 2_000) >= 0 or not text.lstrip().startswith("<?xml")
        if root in ROOTS or not is_page:
            return _followed(document, "feed")
    if shape in {"html", "xml"}:  # a page may begin with any element
        return _page(document)
    return _followed(document, "feed")  # which says best what it is instead


def _page(document: Document) -> Glimpse:
    text, _ = decoded(document)
    page = LexborHTMLParser(text)
    links = tuple(_links(page, document.url))
    title = text_of(page.css_first("title"))[:200] or None
    wrapped = _attempt(document, "feed")  # a feed inside a page: some templates do that
    if wrapped is not None:
        return wrapped
    listing = _attempt(document, "page")
    if listing is not None and listing.entries:
        return replace(listing, links=links)
    return Glimpse(url=document.url, kind=None, title=title, links=links)


def _attempt(document: Document, kind: str) -> Glimpse | None:
    try:
        return _followed(document, kind)
    except (SourceError, ValidationError):  # a page without a list of news, or whose list must be pointed out
        return None


class _Nothing:
    """Finds nothing: what is only looked at is neither tagged nor matched."""

    def tags(self, _post: Post, _source: Source, /) -> tuple[Tag, ...]:
        return ()

    def matches(
        self, _post: Post, _source: Source, _tags: tuple[Tag, ...], /, *, now: datetime | None = None
    ) -> tuple[Match, ...]:
        return ()

    def matches_if_edited(
        self, _post: Post, _source: Source, _tags: tuple[Tag, ...], _found: tuple[Match, ...], /, *, now: datetime
    ) -> None:
        return None


def _followed(document: Document, kind: str) -> Glimpse:
    source = Source(slug="candidate", title=document.url, kind=kind, url=document.url)
    reading = read(document, source, Tools(tagger=_Nothing(), watches=_Nothing()))
    posts = _newest_first([prepared.post for prepared in reading.posts])
    times = [post.stated_at for post in posts if post.stated_at is not None]
    languages = Counter(post.language for post in posts if post.language)
    return Glimpse(
        url=document.url,
        kind=kind,
        title=reading.title,
        language=languages.most_common(1)[0][0] if languages else None,
        entries=reading.entries,
        dated=len(times),
        worded=sum(_says_more(post) for post in posts),
        newest=tuple(Headline(title=post.title, at=post.stated_at, url=post.url) for post in posts[:NEWEST]),
        newest_at=max(times, default=None),
        per_week=_rate(times, now=document.fetched_at),
        comments=bool(_COMMENTS.search(reading.title or "") or _COMMENTS_PATH.search(urlsplit(document.url).path)),
        identities=tuple(_identity(post) for post in posts[:COMPARED]),
        notes=reading.notes,
    )


def _newest_first(posts: Sequence[Post]) -> list[Post]:
    dated = [post for post in posts if post.stated_at is not None]
    dated.sort(key=lambda post: post.stated_at.timestamp() if post.stated_at else 0.0, reverse=True)
    return dated + [post for post in posts if post.stated_at is None]


def _rate(times: Sequence[datetime], *, now: datetime) -> float | None:
    if len(times) < 2:
        return None
    span = max(now - min(times), timedelta(hours=1))
    return len(times) / (span / timedelta(weeks=1))


def _says_more(post: Post) -> bool:
    return bool(post.media) or post.title_made or len(post.text or post.summary) > len(post.title) + 20


def _identity(post: Post) -> bytes:
    known_by = post.url or post.title.casefold()
    return blake2b(re.sub(r"^https?://(?:www\.)?", "", known_by).encode("utf-8", "replace"), digest_size=8).digest()


# ── where a page points ────────────────────────────────────────────────────────────────────────────────────


def _links(page: LexborHTMLParser, url: str) -> Iterator[Link]:
    """Feeds that the page declares, links that look like feeds, and Telegram channels; each address once."""
    base = absolute(attribute(page.css_first("base[href]"), "href"), url) or url
    seen = {url}
    found: tuple[tuple[Sort, Iterator[tuple[str, str]]], ...] = (
        ("alternate", _declared(page, base)),
        ("anchor", _anchors(page, base)),
        ("telegram", _channels(page)),
    )
    for sort, addresses in found:
        taken = 0
        for address, title in addresses:
            if address not in seen and taken < MAX_LINKS:
                seen.add(address)
                taken += 1
                yield Link(url=address, title=title[:200], sort=sort)


def _declared(page: LexborHTMLParser, base: str) -> Iterator[tuple[str, str]]:
    """<link rel="alternate" type="application/rss+xml"> and its like (WHATWG HTML, 4.6.7.1), in the page's order."""
    for link in select(page, "link[href], a[href][type]"):
        rel = attribute(link, "rel").lower().split()
        address = absolute(attribute(link, "href"), base)
        if (
            address
            and ("alternate" in rel or "feed" in rel)
            and ("feed" in rel or _FEED_TYPE.match(attribute(link, "type")))
            and not _NOT_A_FEED_LINK.search(address)
        ):
            yield address, attribute(link, "title")


def _anchors(page: LexborHTMLParser, base: str) -> Iterator[tuple[str, str]]:
    for anchor in select(page, "a[href]"):
        href = attribute(anchor, "href")
        if href.startswith(("feed:", "rss:")):
            href = re.sub(r"^(?:feed|rss):(?://)?(?=https?:)|^(?:feed|rss):(?=//)", "", href)
        address = absolute(href, base)
        if not address or _READERS.search(address) or _TELEGRAM_LINK.match(address):
            continue
        words = text_of(anchor) or attribute(anchor, "title") or attribute(anchor.css_first("img"), "alt")
        host, path = re.findall(r"^(https?://[^/]*)(.*)", address)[0]
        is_called_so = len(words) < 60 and _FEED_WORD.search(words)
        if _FEED_LIKE.search(path) or _FEED_HOST.match(host) or is_called_so:
            yield address, words


def _channels(page: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    for anchor in select(page, 'a[href*="t.me/"], a[href*="telegram.me/"]'):
        href = attribute(anchor, "href")
        if _TELEGRAM_LINK.match(href):
            try:
                yield telegram.address(href), text_of(anchor)
            except ValueError:  # an invitation, a sticker set
                continue


def _sitemaps_named(document: Document) -> Iterator[Link]:
    """The "Sitemap:" lines of a robots.txt (sitemaps.org, "Submitting your Sitemap")."""
    for match in list(_SITEMAP_LINE.finditer(document.content[:MAX_ROBOTS]))[:MAX_LINKS]:
        if address := absolute(match[1].decode("utf-8", "replace"), document.url):
            yield Link(url=address, title="", sort="sitemap")
