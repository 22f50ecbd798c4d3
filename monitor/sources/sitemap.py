"""Sitemaps (sitemaps.org 0.9): lists of pages, news sitemaps, indexes of sitemaps, plain lists of addresses.

    options:
      only: "/press/"                      # take addresses that contain this; for an index, of pages, not of sitemaps
      newest: 500                          # at most so many entries, the newest
      parts: 3                             # of an index, so many sitemaps are read in one poll

A sitemap says where pages are and when they changed, not what they say: entries have no text. A title is that of a news
sitemap, or made from the words of the address.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote, urlsplit

from lxml import etree
from pydantic import Field

from monitor.core.dates import parse_date
from monitor.core.errors import SourceError
from monitor.core.html import one_line
from monitor.core.model import Document, Entry, Source, Window
from monitor.core.urls import absolute
from monitor.sources import encoding
from monitor.sources.kind import Options, SourceKind, web_address
from monitor.sources.sniff import is_binary, root_of, shape_of
from monitor.sources.xmltext import mended

MAX_UNPACKED = 20 * 1024 * 1024
"""Bytes of a sitemap after unpacking. The protocol allows 50 MiB; sitemaps of news are far below this."""

MAX_ADDRESSES = 50_000  # sitemaps.org, "Sitemap file limits"

_GZIP = b"\x1f\x8b"
_NEVER = datetime.min.replace(tzinfo=UTC)
_NEWS_NAME = re.compile(r"news|press|latest|aktuell|noticias|actualit", re.IGNORECASE)
_OTHER_NAME = re.compile(r"image|video|categor|tag|author|product|user|forum|attachment|static|archive", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp|shtml|pdf|docx?|xml)$", re.IGNORECASE)
_NUMBER_OF_MACHINE = re.compile(r"\d{5,}|(?=.*\d)[a-f0-9]{8,}")
_NO_WORDS = re.compile(r"(?:[\d_.-]+|index|default|[a-f0-9-]{16,})")


class SitemapOptions(Options):
    """Which addresses of a sitemap are taken. See the top of this module."""

    only: Annotated[str, Field(min_length=1)] | None = None
    newest: Annotated[int, Field(ge=1, le=5_000)] = 500
    parts: Annotated[int, Field(ge=1, le=20)] = 3
    full_text: bool = False  # the pages are read too


@dataclass(slots=True)
class _Listed:
    """One <url> or <sitemap>."""

    address: str
    modified: str = ""
    published: str = ""
    title: str = ""
    language: str = ""
    publication: str = ""
    keywords: tuple[str, ...] = field(default_factory=tuple)

    def moment(self, now: datetime) -> datetime:
        """When it was published, else when it changed; the beginning of time where neither is stated."""
        return next(
            (moment for text in (self.published, self.modified) if (moment := parse_date(text, now=now))), _NEVER
        )


def parse(document: Document, source: Source) -> Window:
    """The newest entries of a sitemap, in its order; of an index, which sitemaps to read next (`Window.more`).

    A document that was cut short gives its whole entries. SourceError "not-a-feed" for anything that is no sitemap,
    "parse" for a damaged one that gives nothing, "too-large" for what unpacks to more than 20 MiB.
    """
    options = SitemapOptions.model_validate(dict(source.options))
    content = _unpacked(document.content)
    if is_binary(content):
        raise _not_a_sitemap("a file of another kind (not text)")
    text, notes = encoding.decoded(content, content_type=document.content_type, hint=source.language)
    root = root_of(text)
    if root not in {"urlset", "sitemapindex"}:
        addresses = _plain_list(text, root)
        return _window([_Listed(address) for address in addresses], options, document, [*notes])
    listed, problems = _read(text)
    if not listed and problems:
        raise SourceError(f"The sitemap gives no address: {'; '.join(problems)}.", reason="parse")
    if root == "sitemapindex":
        return Window(
            entries=(),
            homepage=_front_page(document.url),
            more=_parts(listed, options.parts, document.fetched_at),
            notes=(*notes, *problems, f"an index of {len(listed)} sitemaps"),
        )
    return _window(listed, options, document, [*notes, *problems])


def _unpacked(content: bytes) -> bytes:
    """The content without gzip, in which sitemaps are kept as files, whatever the headers say."""
    if not content.startswith(_GZIP):
        return content
    out = bytearray()
    while content.startswith(_GZIP):  # a file may be several, one after the other (RFC 1952, 2.2)
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            out += unpacker.decompress(content, MAX_UNPACKED + 1 - len(out))
        except zlib.error as error:
            if not out:
                raise SourceError(f"The compressed sitemap cannot be unpacked: {error}.", reason="parse") from error
            break
        if len(out) > MAX_UNPACKED or unpacker.unconsumed_tail:
            raise SourceError(f"The sitemap unpacks to more than {MAX_UNPACKED // 1024**2} MiB.", reason="too-large")
        content = unpacker.unused_data
    return bytes(out)


def _plain_list(text: str, root: str | None) -> list[str]:
    """The addresses of a text file, one in a line (sitemaps.org, "Text file"); SourceError for anything else."""
    shape = shape_of(text)
    if shape == "empty":
        raise _not_a_sitemap("empty")
    lines = [line.strip() for line in text.splitlines()[:MAX_ADDRESSES] if line.strip()]
    addresses = [line for line in lines if absolute(line, None) and " " not in line]
    if shape == "text" and addresses and len(addresses) * 10 >= len(lines) * 9:
        return addresses
    if shape == "xml" and root in {"rss", "feed", "rdf"}:
        raise _not_a_sitemap("a feed: follow it as kind 'feed'")
    raise _not_a_sitemap(
        {"html": "a web page", "xml": f"XML that begins with <{(root or '?')[:40]}>", "json": "JSON"}.get(
            shape, "text without addresses"
        )
    )


def _not_a_sitemap(what: str) -> SourceError:
    return SourceError(f"What was sent is not a sitemap: it is {what}.", reason="not-a-feed")


def _read(text: str) -> tuple[list[_Listed], list[str]]:
    """What the XML lists, and what was wrong with it."""
    clean = mended(text)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, recover=True
    )
    tree = etree.fromstring(clean.content, parser)
    listed: list[_Listed] = []
    faults = 0
    for element in tree if tree is not None else ():
        if _name(element) not in {"url", "sitemap"}:
            continue
        if len(listed) >= MAX_ADDRESSES:
            break
        each = _listed(element)
        if absolute(each.address, None):
            listed.append(each)
        else:
            faults += 1
    problems = list(clean.notes)
    if clean.cut:
        listed = listed[:-1]  # it was closed for the parser, and may be half an address
        problems.append(f"the document was cut short; its {len(listed)} complete entries were taken")
    if faults:
        problems.append(f"{faults} entries have no web address")
    return listed, problems


def _listed(element: etree._Element) -> _Listed:
    found = _Listed(address="")
    for part in _below(element):
        name, words = _name(part), (part.text or "").strip()
        if not words:
            continue
        if name == "loc" and not found.address:
            found.address = words
        elif name == "lastmod":
            found.modified = words
        elif name == "publication_date":
            found.published = words
        elif name == "title" and _name(part.getparent()) == "news":
            found.title = one_line(words)
        elif name == "language":
            found.language = words
        elif name == "name":
            found.publication = one_line(words)
        elif name == "keywords":
            found.keywords = tuple(each for word in words.split(",") if (each := one_line(word)))
    if not found.address:  # some put it where its element should be
        found.address = (element.text or "").strip()
    return found


def _below(element: etree._Element) -> Iterator[etree._Element]:
    """What an entry says of itself: pictures and films in it have titles and addresses of their own."""
    for part in element:
        yield part
        if _name(part) == "news":
            yield from part.iterdescendants()


def _name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def _window(listed: Sequence[_Listed], options: SitemapOptions, document: Document, notes: list[str]) -> Window:
    now = document.fetched_at
    wanted = [each for each in listed if options.only is None or options.only in each.address]
    once = {each.address: each for each in reversed(wanted)}
    wanted = [each for each in wanted if once[each.address] is each]
    if options.only is not None and listed and not wanted:
        notes.append(f"none of {len(listed)} addresses contains {options.only!r}")
    taken = _newest(wanted, options.newest, now)
    if len(taken) < len(wanted):
        notes.append(f"of {len(wanted)} addresses the newest {len(taken)} were taken")
    return Window(
        entries=tuple(_entry(each) for each in taken),
        title=next((each.publication for each in taken if each.publication), None),
        homepage=_front_page(document.url),
        notes=tuple(notes),
    )


def _newest(listed: Sequence[_Listed], most: int, now: datetime) -> list[_Listed]:
    """The newest by date, in their order. Where no dates are stated, both ends: new ones are added at either."""
    if len(listed) <= most:
        return list(listed)
    moments = [each.moment(now) for each in listed]
    if max(moments) == _NEVER:
        return [*listed[: most - most // 2], *listed[len(listed) - most // 2 :]]
    newest = sorted(range(len(listed)), key=lambda index: moments[index], reverse=True)[:most]
    return [listed[index] for index in sorted(newest)]


def _entry(listed: _Listed) -> Entry:
    return Entry(
        guid=listed.address,
        link=listed.address,
        title=listed.title or words_of(listed.address),
        title_made=not listed.title,
        published=listed.published or None,
        updated=listed.modified or None,
        language=listed.language or None,
        categories=listed.keywords,
    )


def words_of(address: str) -> str:
    """A title made from the last words of an address; its host and path where it has none."""
    parts = urlsplit(address)
    for segment in reversed(unquote(parts.path).split("/")):
        bare = _EXTENSION.sub("", segment)
        if bare and not _NO_WORDS.fullmatch(bare):
            words = [word for word in re.split(r"[-_+\s.]+", bare) if word]
            if len(words) > 1 and _NUMBER_OF_MACHINE.fullmatch(words[-1]):
                words.pop()
                while len(words) > 1 and words[-1].isdigit():
                    words.pop()
            joined = one_line(" ".join(words))
            return joined[:1].upper() + joined[1:]
    return (parts.hostname or "") + parts.path.rstrip("/")


def _parts(listed: Sequence[_Listed], most: int, now: datetime) -> tuple[str, ...]:
    """The sitemaps of an index that are likeliest to hold what is new: news ones first, then the newest."""

    def rank(each: _Listed) -> tuple[object, ...]:
        name = each.address.partition("://")[2].partition("/")[2]
        kind = 0 if _NEWS_NAME.search(name) else 2 if _OTHER_NAME.search(name) else 1
        numbers = [int(number[:9]) for number in _NUMBERS.findall(name)]
        return (
            kind,
            -each.moment(now).timestamp() if each.moment(now) > _NEVER else 0.0,
            [-number for number in numbers],
        )

    return tuple(each.address for each in sorted(listed, key=rank)[:most])


def _front_page(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


KIND = SourceKind(
    name="sitemap",
    summary="a sitemap, a news sitemap or an index of them",
    accept="application/xml, text/xml, application/gzip;q=0.9, text/plain;q=0.8",
    options=SitemapOptions,
    address=web_address,
    parse=parse,
)
