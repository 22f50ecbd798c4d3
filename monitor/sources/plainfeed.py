"""Entries made of well-known elements, read from a tree: what feedparser would say of them, for a tenth of its time.

Nothing is decided here. An entry with anything else in it, however harmless, is left to feedparser, and a law tests
that both say the same of every entry that is read here (tests/sources/test_plainfeed.py). The values are those that
feedparser gives, under its names, because `sources.feed` makes entries of either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feedparser.mixin import _FeedParserMixin  # type: ignore[import-untyped]  # ships no types
from feedparser.urls import _urljoin  # type: ignore[import-untyped]
from lxml import etree

from monitor.core.urls import ABSOLUTE
from monitor.sources.encoding import MISREAD

Raw = dict[str, Any]

# What is taken for damage and perhaps mended, by feedparser or by what comes before it.
_DAMAGED = re.compile(f"[\x80-\x9f]|{MISREAD.pattern}")
_TO_SPACES = bytes.maketrans(b"\t\r\n", b"   ")
_LONG_SPACE = b" " * 64
_ATOM = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"
_HTML_TYPES = frozenset({"application/xhtml+xml", "text/html"})
_TYPES = {"text": "text/plain", "plain": "text/plain", "text/plain": "text/plain",
          "html": "text/html", "text/html": "text/html"}  # fmt: skip
_PEOPLE = frozenset({"name", "email", "uri"})


class _OtherError(Exception):
    """There is something in the entry that is not well known."""


class Feed:
    """A document as a tree, and what its entries have in common."""

    def __init__(self, root: etree._Element, entries: Sequence[etree._Element], url: str) -> None:
        self.entries = entries
        self._base = _urljoin(url, url)
        self._lang = _language_around(entries[0]) if entries else None
        # As feedparser tells versions apart: by namespace first, by the root's name otherwise.
        self._atom = str(root.tag) == f"{{{_ATOM}}}feed"

    def entry(self, element: etree._Element) -> Raw | None:
        """What feedparser says of one entry; None where it has to be asked."""
        raw: Raw = {}
        if element.attrib and not all(name == _ABOUT for name in element.attrib):
            return None
        if about := element.get(_ABOUT):
            raw["id"] = about
        try:
            for child in element:
                handler = _HANDLERS.get(child.tag)
                if handler is not None:
                    handler(self, raw, child)
                else:
                    _refuse_unless_foreign(child)
        except _OtherError:
            return None
        return raw

    def _detail(self, kind: str, value: str) -> Raw:
        return {"type": kind, "language": self._lang, "base": self._base, "value": value}

    def _guessed(self, kind: str, value: str) -> str:
        """RSS does not say whether a text is markup."""
        if kind != "text/plain" or self._atom or ("<" not in value and "&" not in value):
            return kind
        return "text/html" if _FeedParserMixin.looks_like_html(value) else kind

    # ── one method a kind of element ───────────────────────────────────────────────────────────────────────

    def title(self, raw: Raw, element: etree._Element) -> None:
        if "title" in raw:
            raise _OtherError
        value = _text(element, allowed=("type",))
        kind = self._guessed(_type_of(element), value)
        raw["title"], raw["title_detail"] = value, self._detail(kind, value)

    def second_title(self, raw: Raw, element: etree._Element) -> None:
        if not raw.get("title"):
            raise _OtherError
        _text(element, allowed=("type",))

    def link(self, raw: Raw, element: etree._Element) -> None:
        links = raw.setdefault("links", [])
        if not element.attrib:
            value = _text(element)
            if not value:
                raise _OtherError
            raw["link"] = re.sub(r"&([A-Za-z0-9_]+);", r"&\g<1>", self._resolved(value).replace("&amp;", "&"))
            links.append({"rel": "alternate", "type": "text/html", "href": raw["link"]})
            return
        _refuse_children(element)
        said = _attributes(element)
        said.setdefault("rel", "alternate")
        said.setdefault("type", "application/atom+xml" if said["rel"] == "self" else "text/html")
        if "href" not in said or "url" in said or "uri" in said:
            raise _OtherError
        said["href"] = self._resolved(said["href"])
        links.append(said)
        if said["rel"] == "alternate" and _TYPES.get(said["type"], said["type"]) in _HTML_TYPES:
            raw["link"] = said["href"]

    def enclosure(self, raw: Raw, element: etree._Element) -> None:
        _refuse_children(element)
        said = _attributes(element)
        if "uri" in said or "href" in said:
            raise _OtherError
        if href := said.pop("url", None):
            said["href"] = href
        raw.setdefault("links", []).append({**said, "rel": "enclosure"})

    def identifier(self, raw: Raw, element: etree._Element) -> None:
        if "id" in raw:
            raise _OtherError
        raw["id"] = _text(element, allowed=("isPermaLink",))

    def description(self, raw: Raw, element: etree._Element) -> None:
        self._summarised(raw, _text(element), "text/html")

    def summary(self, raw: Raw, element: etree._Element) -> None:
        value = _text(element, allowed=("type",))
        self._summarised(raw, value, self._guessed(_type_of(element), value))

    def _summarised(self, raw: Raw, value: str, kind: str) -> None:
        if "summary_detail" in raw:
            raise _OtherError
        raw["summary"], raw["summary_detail"] = value, self._detail(kind, value)

    def content(self, raw: Raw, element: etree._Element) -> None:
        value = _text(element, allowed=("type",))
        self._filled(raw, value, self._guessed(_type_of(element), value))

    def encoded(self, raw: Raw, element: etree._Element) -> None:
        self._filled(raw, _text(element), "text/html")

    def _filled(self, raw: Raw, value: str, kind: str) -> None:
        if "content" in raw:
            raise _OtherError
        raw["content"] = [self._detail(kind, value)]
        raw.setdefault("summary", value)

    def person(self, raw: Raw, element: etree._Element) -> None:
        said: Raw = {}
        if len(element):
            if (element.text or "").strip() or not self._atom:
                raise _OtherError
            for child in element:
                name = etree.QName(child)
                if name.namespace != _ATOM or name.localname not in _PEOPLE or (child.tail or "").strip():
                    raise _OtherError
                said[name.localname] = _text(child)
            raw["author"] = said.get("name") or said.get("email") or ""
        else:
            value = _text(element)
            if "@" in value:
                raise _OtherError  # an address with a name somewhere around it
            if value:
                said["name"] = value
            raw["author"] = value
        raw.setdefault("authors", []).append(said)

    def contributor(self, _raw: Raw, element: etree._Element) -> None:
        for child in element:
            name = etree.QName(child)
            if name.namespace != _ATOM or name.localname not in _PEOPLE:
                raise _OtherError
            _text(child)

    def category(self, raw: Raw, element: etree._Element) -> None:
        value = _text(element, allowed=("term", "scheme", "domain", "label"))
        said = element.attrib
        tags = raw.setdefault("tags", [])
        term, scheme, label = said.get("term"), said.get("scheme", said.get("domain")), said.get("label")
        if term or scheme or label:
            tag = {"term": term, "scheme": scheme, "label": label}
            if tag not in tags:
                tags.append(tag)
        if not value:
            return
        if tags and not tags[-1]["term"]:
            tags[-1]["term"] = value
        else:
            tag = {"term": value, "scheme": None, "label": None}
            if tag not in tags:
                tags.append(tag)

    def media_content(self, raw: Raw, element: etree._Element) -> None:
        raw.setdefault("media_content", []).append(_attributes(element))
        if (element.text or "").strip():
            raise _OtherError
        self._media_children(raw, element)

    def media_group(self, raw: Raw, element: etree._Element) -> None:
        if (element.text or "").strip():
            raise _OtherError
        self._media_children(raw, element)

    def _media_children(self, raw: Raw, element: etree._Element) -> None:
        for child in element:
            if (child.tail or "").strip():
                raise _OtherError
            if (handler := _OF_MEDIA.get(child.tag)) is None:
                raise _OtherError
            handler(self, raw, child)

    def media_thumbnail(self, raw: Raw, element: etree._Element) -> None:
        if _text(element, allowed=None):
            raise _OtherError
        raw.setdefault("media_thumbnail", []).append(_attributes(element))

    def _resolved(self, address: str) -> str:
        plain = address.isprintable() and ABSOLUTE.fullmatch(address)
        return address if plain else str(_urljoin(self._base, address))


def _kept(name: str) -> Callable[[Feed, Raw, etree._Element], None]:
    """A handler that keeps the text of an element under a name."""

    def keep(_feed: Feed, raw: Raw, element: etree._Element) -> None:
        raw[name] = _text(element)

    return keep


def _text(element: etree._Element, *, allowed: Sequence[str] | None = ()) -> str:
    """The text of an element that holds nothing else, and no attributes but those allowed (None: any)."""
    _refuse_children(element)
    if allowed is not None and element.attrib and not all(name in allowed for name in element.attrib):
        raise _OtherError
    text = element.text or ""
    if not text.isascii() and _DAMAGED.search(text):
        raise _OtherError
    return text.strip()


def _refuse_children(element: etree._Element) -> None:
    if len(element):
        raise _OtherError


def _type_of(element: etree._Element) -> str:
    kind = _TYPES.get((element.get("type") or "text/plain").lower())
    if kind is None:
        raise _OtherError
    return kind


def _attributes(element: etree._Element) -> dict[str, str]:
    """Attributes as feedparser gives them: names in lower case, two values too."""
    said = {}
    for name, value in element.attrib.items():
        lower = str(name).lower()
        if "{" in lower or lower in {"lang", "base"} or lower in said:
            raise _OtherError
        said[lower] = str(value).lower() if lower in {"rel", "type"} else str(value)
    return said


def _refuse_unless_foreign(element: etree._Element) -> None:
    """An element of a module that feedparser does not know, with nothing inside that it might."""
    name = etree.QName(element)
    if name.namespace is None or len(element) or (element.prefix or "").lower() in _KNOWN_PREFIXES - {""}:
        raise _OtherError
    if element.prefix is None and hasattr(_FeedParserMixin, f"_start_{name.localname.lower()}"):
        raise _OtherError
    if name.namespace.lower() in _KNOWN_NAMESPACES or "backend.userland.com/rss" in name.namespace.lower():
        raise _OtherError
    if any(not str(key).isidentifier() or str(key).lower() in {"lang", "base"} for key in element.attrib):
        raise _OtherError


def _language_around(element: etree._Element) -> str | None:
    """xml:lang as it holds for an entry."""
    for around in element.iterancestors():
        stated = around.get(f"{{{_XML}}}lang", around.get("lang"))
        if stated is not None:
            return stated.replace("_", "-") or None
    return None


def has_base(element: etree._Element) -> bool:
    """Whether anything around an entry changes what its addresses are relative to."""
    return any(around.get(f"{{{_XML}}}base", around.get("base")) for around in element.iterancestors())


_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ABOUT = f"{{{_RDF}}}about"
_DC, _DCTERMS = "{http://purl.org/dc/elements/1.1/}", "{http://purl.org/dc/terms/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_MEDIA = "{http://search.yahoo.com/mrss/}"
_ITUNES = "{http://www.itunes.com/DTDs/PodCast-1.0.dtd}"
_SLASH, _THREAD = "{http://purl.org/rss/1.0/modules/slash/}", "{http://purl.org/syndication/thread/1.0}"
_WFW = "{http://wellformedweb.org/CommentAPI/}"
_FEEDBURNER = "{http://rssnamespace.org/feedburner/ext/1.0}"
_RSS10 = "{http://purl.org/rss/1.0/}"

_Handler = Callable[[Feed, Raw, etree._Element], None]


def _unread(_feed: Feed, _raw: Raw, element: etree._Element) -> None:
    """What makes no difference to an entry."""
    _refuse_children(element)


_RSS: Mapping[str, _Handler] = {
    "title": Feed.title,
    "link": Feed.link,
    "description": Feed.description,
    "guid": Feed.identifier,
    "pubDate": _kept("published"),
    "author": Feed.person,
    "category": Feed.category,
    "enclosure": Feed.enclosure,
    "comments": _unread,
}
_OF_MEDIA: Mapping[Any, _Handler] = {
    _MEDIA + "title": Feed.second_title,
    _MEDIA + "content": Feed.media_content,
    _MEDIA + "thumbnail": Feed.media_thumbnail,
    **{_MEDIA + name: _unread for name in ("credit", "copyright")},
}
_HANDLERS: Mapping[Any, _Handler] = {
    **_RSS,
    **{_RSS10 + name: _RSS[name] for name in ("title", "link", "description")},
    f"{{{_ATOM}}}title": Feed.title,
    f"{{{_ATOM}}}link": Feed.link,
    f"{{{_ATOM}}}id": Feed.identifier,
    f"{{{_ATOM}}}summary": Feed.summary,
    f"{{{_ATOM}}}content": Feed.content,
    f"{{{_ATOM}}}published": _kept("published"),
    f"{{{_ATOM}}}updated": _kept("updated"),
    f"{{{_ATOM}}}author": Feed.person,
    f"{{{_ATOM}}}contributor": Feed.contributor,
    f"{{{_ATOM}}}category": Feed.category,
    _DC + "creator": Feed.person,
    _DC + "date": _kept("updated"),
    _DC + "subject": Feed.category,
    _DC + "language": _kept("language"),
    **{_DC + name: _unread for name in ("rights", "identifier", "type", "format", "coverage")},
    _DCTERMS + "created": _kept("created"),
    _DCTERMS + "issued": _kept("published"),
    _DCTERMS + "modified": _kept("updated"),
    _CONTENT + "encoded": Feed.encoded,
    _FEEDBURNER + "origLink": _kept("feedburner_origlink"),
    _ITUNES + "author": Feed.person,
    _ITUNES + "duration": _kept("itunes_duration"),
    **{_ITUNES + name: _unread for name in ("explicit", "episode", "season", "episodeType", "image")},
    **_OF_MEDIA,
    _MEDIA + "group": Feed.media_group,
    _SLASH + "comments": _unread,
    _THREAD + "total": _unread,
    _WFW + "commentRss": _unread,
    _WFW + "comment": _unread,
}
_KNOWN_NAMESPACES = frozenset(uri.lower() for uri in _FeedParserMixin.namespaces)
_KNOWN_PREFIXES = frozenset(_FeedParserMixin.namespaces.values())


def feed_of(content: bytes, url: str) -> Feed | None:
    """The tree of a document in UTF-8, whatever its declaration says; None where it is not well-formed, or where what
    surrounds its entries needs feedparser to be understood."""
    if b"<!DOCTYPE" in content or _LONG_SPACE in content.translate(_TO_SPACES):
        return None
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    channel = root.find("channel") if root.tag == "rss" else root
    if channel is None or (root.tag != "rss" and {_ATOM, _RSS10[1:-1]} <= set(root.nsmap.values())):
        return None  # which of the two it is, feedparser tells by their order
    entries = [child for child in channel if child.tag in _ENTRIES]
    if entries and has_base(entries[0]):
        return None
    return Feed(root, entries, url)


_ENTRIES = frozenset({"item", _RSS10 + "item", f"{{{_ATOM}}}entry"})
