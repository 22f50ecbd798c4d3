"""Feeds in XML: RSS 0.9x, 1.0 and 2.0, RDF, Atom 0.3 and 1.0."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from io import BytesIO
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from monitor.core.errors import SourceError
from monitor.core.hints import Hints, from_feed
from monitor.core.html import MAX_CHARACTERS, as_markup, one_line, plain_text, seen_at_least
from monitor.core.model import Document, Entry, Forward, Media, Source, Window
from monitor.core.urls import absolute
from monitor.sources.cutting import Cut, cut
from monitor.sources.encoding import decoded
from monitor.sources.kind import EntryOptions, SourceKind, web_address
from monitor.sources.sniff import is_binary, root_of, shape_of
from monitor.sources.xmltext import Mended, mended

ROOTS = frozenset({"rss", "rdf", "feed", "channel", "entry"})
"""Local names of the elements that a feed may begin with."""

_OTHER_XML = {
    "urlset": "a sitemap",
    "sitemapindex": "an index of sitemaps",
    "opml": "a list of feeds (OPML)",
    "svg": "a picture (SVG)",
    "error": "an error message",
    "parsererror": "an error message",
}
_FEED_TYPES = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json", re.IGNORECASE)
_WRAPPED = re.compile(
    r"<(?:feed\s[^<>]{0,2000}?xmlns\s*=\s*[\"']http://(?:www\.w3\.org/2005/Atom|purl\.org/atom/ns#)|"
    r"rss\s[^<>]{0,2000}?version\s*=\s*[\"'](?:0\.9|2\.))"
)
_LOOKS_LIKE_MARKUP = re.compile(
    r"</(?:p|a|b|i|em|strong|div|span|ul|li|blockquote)>|<(?:br|p|img)\b[^<>]*>", re.IGNORECASE
)
_ESCAPED_TWICE = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,5}|[a-z]{2,6}(?:acute|grave|quo|dash));"
)
_MEDIA_KINDS = {"image": "photo", "video": "video", "audio": "audio"}
_EXTENSIONS = (
    ("photo", re.compile(r"\.(?:jpe?g|png|gif|webp|avif|bmp|svg)(?:$|[?#])", re.IGNORECASE)),
    ("video", re.compile(r"\.(?:mp4|m4v|mov|webm|avi|m3u8)(?:$|[?#])", re.IGNORECASE)),
    ("audio", re.compile(r"\.(?:mp3|m4a|ogg|oga|opus|wav|aac|flac)(?:$|[?#])", re.IGNORECASE)),
)


def parse(document: Document, source: Source) -> Window:
    """Every entry of an XML feed, sloppy ones included.

    Of a document that was cut short the whole entries are given, the one it was cut in is not, and a note says so.
    SourceError "not-a-feed" for pages, other XML, other files and nothing at all; "parse" for declared entities and for
    a document cut before its first entry was whole.
    """
    if is_binary(document.content):
        raise _not_a_feed("a file of another kind (not text)")
    text, notes = decoded(document.content, content_type=document.content_type, hint=source.language)
    if (wrapped := _inside_page(text)) is not None:
        text, notes = wrapped, (*notes, "the feed was wrapped in a web page")
    _refuse_others(text, document)
    return window_of(text, document.url, notes=notes)


def window_of(text: str, url: str, *, notes: tuple[str, ...] = ()) -> Window:
    """Likewise, of a feed that is decoded already."""
    content = text.encode("utf-8", "replace")
    found = cut(content)
    window = _read_plainly(found, url) if found is not None else None
    if window is None:
        clean = mended(text)
        parsed = _parsed(clean.content, url)
        window = _window(parsed.entries, parsed, clean, text, url)
    whole = found is not None and not window.notes and len(window.entries) == len(found.spans)
    return replace(
        window,
        hashes=found.hashes() if found is not None and whole else (),
        outline=(found.head, found.tail) if found is not None and whole else None,
        notes=(*notes, *window.notes),
    )


def _read_plainly(found: Cut, url: str) -> Window | None:
    """Most entries are read from a tree; feedparser reads what surrounds them, and those that hold anything unusual."""
    from monitor.sources.plainfeed import feed_of  # noqa: PLC0415 - needed in worker processes only

    tree = feed_of(found.content, url)
    if tree is None or len(tree.entries) != len(found.spans):
        return None
    raws: list[Mapping[str, Any] | None] = [tree.entry(entry) for entry in tree.entries]
    text = found.without([raw is not None for raw in raws]).decode("utf-8")
    clean = mended(text)
    parsed = _parsed(clean.content, url)
    if clean.notes or clean.cut or len(parsed.entries) != raws.count(None):
        return None
    others = iter(parsed.entries)
    return _window([next(others) if raw is None else raw for raw in raws], parsed, clean, text, url)


def _parsed(content: bytes, url: str) -> Any:
    import feedparser  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types; needed in worker processes only

    return feedparser.parse(
        BytesIO(content),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        resolve_relative_uris=False,
        sanitize_html=False,
    )


def _window(raws: Sequence[Mapping[str, Any]], parsed: Any, clean: Mended, text: str, url: str) -> Window:
    entries: list[Entry] = []
    problems: list[str] = []
    dated_by_update = not str(parsed.version).startswith("atom")
    for number, raw in enumerate(raws, start=1):
        try:
            entries.append(_entry(raw, url, parsed.feed, dated_by_update=dated_by_update))
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            IndexError,
        ) as error:  # never at the cost of the others
            problems.append(f"entry {number} could not be read: {error}")
    if clean.cut:
        if not entries:
            raise SourceError("The feed was cut short before its first entry was complete.", reason="parse")
        problems.append(f"the document was cut short; its {len(entries)} complete entries were taken")
    return Window(
        entries=tuple(entries),
        title=_text_of(parsed.feed, "title") or None,
        homepage=absolute(_string(parsed.feed, "link"), url),
        language=_string(parsed.feed, "language") or None,
        older=_older(parsed.feed, url),
        hints=_hints(parsed.feed, text).to_json(),
        notes=(*clean.notes, *problems),
    )


_LONGEST_LIST = 5_000  # characters; seven days or 24 hours need less


def _hints(feed: Mapping[str, Any], text: str) -> Hints:
    """When the feed says that it is worth asking again. feedparser keeps one hour and one day of each list only."""
    return from_feed(
        ttl=_string(feed, "ttl"),
        skip_hours=_listed(text, "skipHours", "hour"),
        skip_days=_listed(text, "skipDays", "day"),
        update_period=_string(feed, "sy_updateperiod"),
        update_frequency=_string(feed, "sy_updatefrequency"),
        update_base=_string(feed, "sy_updatebase"),
    )


def _listed(text: str, outer: str, inner: str) -> list[str]:
    begin = text.find(f"<{outer}>")
    end = text.find(f"</{outer}>", begin, begin + _LONGEST_LIST) if begin >= 0 else -1
    return re.findall(rf"<{inner}>\s*(\w+)\s*</{inner}>", text[begin:end]) if end >= 0 else []


def _inside_page(text: str) -> str | None:
    """The feed that a confused template has put inside a page, as markup and not as words; None without one."""
    if shape_of(text) != "html" or (found := _WRAPPED.search(text)) is None:
        return None
    return text[found.start() :]


def _refuse_others(text: str, document: Document) -> None:
    """Raise SourceError("not-a-feed") with a sentence that says what the document is instead."""
    shape = shape_of(text)
    if shape == "xml":
        root = root_of(text) or ""
        if root not in ROOTS:
            raise _not_a_feed(f"{_OTHER_XML.get(root, 'XML')} that begins with <{root[:40]}>")
        return
    if shape == "html":
        page = text[:MAX_CHARACTERS]
        title = re.search(r"<title[^>]{0,200}>([^<]{0,300})", page, re.IGNORECASE)
        named = f' titled "{one_line(plain_text(title[1]))[:100]}"' if title and title[1].strip() else ""
        linked = linked_feed(page, document.url)
        raise _not_a_feed(f"a web page{named}", f" It links a feed at {linked}." if linked else "")
    if shape == "json":
        raise _not_a_feed("JSON")
    if shape == "empty":
        raise _not_a_feed("empty")
    if shape == "binary":
        raise _not_a_feed("a file of another kind (not text)")
    raise _not_a_feed(f'text that begins with "{one_line(text[:200])[:60]}"')


def _not_a_feed(what: str, more: str = "") -> SourceError:
    return SourceError(f"What was sent is not a feed: it is {what}.{more}", reason="not-a-feed")


def linked_feed(page: str, url: str) -> str | None:
    """The address of the first feed that a page links by rel="alternate" (WHATWG HTML, 4.6.7.1)."""
    # Only the beginning is parsed, and only its link elements: nothing in a page can nest here.
    links = "".join(re.findall(r"<link\b[^<>]{0,2000}>", page, re.IGNORECASE)[:200])
    for link in LexborHTMLParser(links).css("link[href]"):
        attributes = link.attributes
        rel = (attributes.get("rel") or "").lower().split()
        if "alternate" in rel and _FEED_TYPES.match((attributes.get("type") or "").strip()):
            return absolute(attributes.get("href") or "", url)
    return None


# ── one entry ──────────────────────────────────────────────────────────────────────────────────────────────


def _entry(raw: Mapping[str, Any], url: str, feed: Mapping[str, Any], *, dated_by_update: bool) -> Entry:
    link = _link(raw, url)
    html, summary = _bodies(raw, url)
    published = _string(raw, "published") or _string(raw, "created")
    updated = _string(raw, "updated")
    if not published and dated_by_update:  # RSS 1.0 has but dc:date
        published, updated = updated, ""
    return Entry(
        guid=_string(raw, "id") or None,
        link=link,
        title=_text_of(raw, "title") or None,
        html=html,
        summary=summary,
        author=_authors(raw) or None,
        published=published or None,
        updated=updated or None,
        language=_language(raw),
        categories=tuple(_categories(raw)),
        media=_media(raw, link or url),
        forwarded_from=_via(raw, feed, url),
        views=_number(_mapping(raw, "media_statistics").get("views")),
    )


def _get(raw: Mapping[str, Any], key: str) -> Any:
    """What feedparser stored under `key` itself: its own `get` answers with other elements where one is missing."""
    return dict.get(raw, key) if isinstance(raw, dict) else None


def _string(raw: Mapping[str, Any], key: str) -> str:
    value = _get(raw, key)
    return value.strip() if isinstance(value, str) else ""


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = _get(raw, key)
    return value if isinstance(value, dict) else {}


def _mappings(raw: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    value = _get(raw, key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _number(value: object) -> int | None:
    digits = str(value or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _text_of(raw: Mapping[str, Any], key: str) -> str:
    """A text construct as plain text in one line."""
    value = _string(raw, key)
    kind = str(_mapping(raw, f"{key}_detail").get("type") or "text/plain")
    if kind == "text/plain":
        # RSS does not say which it is; feedparser judges by the look. What is still escaped was escaped twice.
        if _LOOKS_LIKE_MARKUP.search(value) or _ESCAPED_TWICE.search(value):
            return one_line(plain_text(value))
        return one_line(value)
    return one_line(plain_text(value))


def _link(raw: Mapping[str, Any], url: str) -> str | None:
    base = _base_of(raw, url)
    original = _string(raw, "feedburner_origlink")
    if original and (found := absolute(original, base)):
        return found
    if (stated := _string(raw, "link")) and (found := absolute(stated, base)):
        return found
    for link in _mappings(raw, "links"):
        if link.get("rel", "alternate") == "alternate" and (found := absolute(str(link.get("href") or ""), base)):
            return found
    guid = _string(raw, "id")
    if guid.startswith(("http://", "https://")) and " " not in guid:
        return absolute(guid, None)
    return None


def _base_of(raw: Mapping[str, Any], url: str) -> str:
    detail = _mapping(raw, "title_detail") or _mapping(raw, "summary_detail")
    return str(detail.get("base") or url)


def _bodies(raw: Mapping[str, Any], url: str) -> tuple[str | None, str | None]:
    """The fullest body and a shorter one beside it, as markup."""
    constructs = [*_mappings(raw, "content")]
    if summary := _mapping(raw, "summary_detail"):
        constructs.append(summary)
    bodies = list(dict.fromkeys(body for each in constructs if (body := _markup(each, url)).strip()))
    if not bodies and (plain := _string(raw, "summary")):
        bodies.append(plain)
    if not bodies:
        return None, None
    if len(bodies) == 1:
        return bodies[0], None
    # By what a reader sees: the markup of a short teaser may be longer than a full text.
    if len(bodies) == 2:  # a teaser and a text, mostly so different that nothing need be counted
        first, second = bodies
        if len(second) < seen_at_least(first):
            return first, second
        if len(first) < seen_at_least(second):
            return second, first
    by_words = sorted(bodies, key=lambda body: len(plain_text(body)), reverse=True)
    return by_words[0], by_words[-1]


def _markup(construct: Mapping[str, Any], url: str) -> str:
    value, kind = str(construct.get("value") or ""), str(construct.get("type") or "text/html")
    if kind == "text/plain" and not _LOOKS_LIKE_MARKUP.search(value):
        return as_markup(value)
    if not (kind.startswith("text/") or kind.endswith(("xhtml+xml", "/xml", "+xml"))):
        return ""  # base64 and the like: nothing to read
    base = str(construct.get("base") or "")
    if base and base != url:  # xml:base (Atom 1.0, 2): said in the way that markup says it
        return f'<base href="{escape(base)}">{value}'
    return value


def _authors(raw: Mapping[str, Any]) -> str:
    names: list[str] = []
    for author in _mappings(raw, "authors"):
        name = one_line(plain_text(str(author.get("name") or author.get("email") or "")))
        if name:
            names.append(name)
    if not names and (alone := one_line(plain_text(_string(raw, "author")))):
        names.append(alone)
    return ", ".join(dict.fromkeys(names))


def _language(raw: Mapping[str, Any]) -> str | None:
    details = (*_mappings(raw, "content"), _mapping(raw, "summary_detail"), _mapping(raw, "title_detail"))
    stated = (_string(raw, "language"), *(str(detail.get("language") or "") for detail in details))
    return next((each for each in stated if each), None)


def _categories(raw: Mapping[str, Any]) -> Iterable[str]:
    for tag in _mappings(raw, "tags"):
        scheme, term = str(tag.get("scheme") or ""), str(tag.get("term") or "")
        if scheme.endswith("#kind"):  # Blogger's mark for "this is a post"
            continue
        name = one_line(plain_text(str(tag.get("label") or term)))
        if name and not name.startswith(("http://", "https://")):
            yield name


def _via(raw: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> Forward | None:
    """Whom an aggregator took the entry from: RSS <source url>, Atom <source>."""
    stated = _mapping(raw, "source")
    name = _text_of(stated, "title") or _string(stated, "value")
    link = absolute(_string(stated, "href") or _string(stated, "link"), url)
    if not name or name == _text_of(feed, "title") or link in {url, absolute(_string(feed, "link"), url)}:
        return None
    return Forward(name=name, link=link)


# ── attachments ────────────────────────────────────────────────────────────────────────────────────────────


def _media(raw: Mapping[str, Any], base: str) -> tuple[Media, ...]:
    found: dict[str, Media] = {}
    seconds = _seconds(_string(raw, "itunes_duration"))
    for link in _mappings(raw, "links"):
        if link.get("rel") == "enclosure":
            _add(found, link, base, address="href", size="length", seconds=seconds)
    for content in _mappings(raw, "media_content"):
        _add(found, content, base, address="url", size="filesize", seconds=_seconds(str(content.get("duration") or "")))
    if not any(medium.kind == "photo" for medium in found.values()):
        for thumbnail in _mappings(raw, "media_thumbnail")[:1]:
            _add(found, {**thumbnail, "medium": "image"}, base, address="url", size="filesize", seconds=None)
    return tuple(found.values())


def _add(
    found: dict[str, Media], raw: Mapping[str, Any], base: str, *, address: str, size: str, seconds: int | None
) -> None:
    url = absolute(str(raw.get(address) or ""), base)
    if url is None or url in found:
        return
    mime = str(raw.get("type") or "").strip().lower() or None
    kind = _media_kind(mime, str(raw.get("medium") or ""), url)
    found[url] = Media(
        kind=kind,
        url=url,
        title=one_line(str(raw.get("title") or "")) or None,
        mime=mime,
        bytes=_number(raw.get(size)) or None,
        seconds=seconds if kind in {"audio", "video"} else None,
    )


def _media_kind(mime: str | None, medium: str, url: str) -> str:
    for name in (medium.strip().lower(), (mime or "").partition("/")[0]):
        if name in _MEDIA_KINDS:
            return _MEDIA_KINDS[name]
    for kind, pattern in _EXTENSIONS:
        if pattern.search(url):
            return kind
    if mime == "application/x-shockwave-flash":  # how video players were embedded once
        return "video"
    return "link" if mime == "text/html" else "document"


def _seconds(text: str) -> int | None:
    """Seconds of "754", "12:34" or "1:02:03"."""
    parts = text.strip().split(":")
    if not text or len(parts) > 3 or not all(re.fullmatch(r"\d{1,6}(?:\.\d+)?", part) for part in parts):
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return round(total)


def _older(feed: Mapping[str, Any], url: str) -> str | None:
    """The page before this one (RFC 5005): "next" in a paged feed, "prev-archive" in an archived one."""
    for link in _mappings(feed, "links"):
        if link.get("rel") in {"next", "prev-archive"} and (found := absolute(str(link.get("href") or ""), url)):
            return found if found != url else None
    return None


KIND = SourceKind(
    name="feed",
    summary="RSS, RDF or Atom feed",
    accept="application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, "
    "text/xml;q=0.8, application/feed+json;q=0.7, */*;q=0.5",
    options=EntryOptions,
    address=web_address,
    parse=parse,
)
