"""A page as flat lists: its elements in order, the one text that they share, its links and its dates.

Everything that looks for structure asks here, in constant time, what a recursive walk would have to ask again for each
element. Nothing calls itself: a page may nest its elements a hundred thousand deep.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urldefrag, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.urls import absolute
from monitor.sources.datelines import Dateline, datelines
from monitor.sources.markup import attribute, is_inline, is_unread

MAX_ELEMENTS = 60_000

_CLASS = re.compile(r"[A-Za-z][A-Za-z_-]*")
# What says where an item stands in its list, or how it looks, rather than what it is.
_POSITIONAL_NAMES = """
odd even first last active current selected open closed new hidden show visible collapse collapsed clearfix cf row col
left right highlight featured sticky alt pc sp item
"""
_POSITIONAL = frozenset(_POSITIONAL_NAMES.split())
_SECTIONS = frozenset({"article", "li", "section", "main"})
_FURNITURE_TAGS = frozenset({"nav", "footer", "menu"})
_FURNITURE_ROLES = frozenset({"navigation", "contentinfo", "banner", "search", "menu", "menubar", "dialog"})
_FURNITURE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navi|navigation|gnav|menus?|submenu|breadcrumbs?|footer|sidebar|sidenav|aside|pagination|"
    r"pager|paging|social|share|sharing|cookies?|toolbar|skip|lang|language|languages|widget|related|advert|ads|banner|"
    r"login|newsletter|tags|tagcloud|archives|header)(?:$|[\s_\d-])",
    re.IGNORECASE,
)
_MAIN_NAMES = re.compile(
    r"(?:^|[\s_-])(?:main|content|contents|maincontent|primary|inhalt|contenido|contenu)(?:$|[\s_-])", re.I
)
_BESIDE_A_DATE = 12  # characters: "Published: ", a weekday
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_IDEOGRAPHS_BESIDE_A_DATE = 3  # "更新日", "付"; four are a headline
_MAIN_SHARE = 0.2  # of the words of a page: what is marked as main and holds less is marked wrongly
_FURNITURE_SHARE = 0.4  # of the words of a page: what holds more is not furniture, whatever its class says


@dataclass(slots=True)
class Element:
    """One element; `end` and `last` are known when it is closed."""

    node: LexborNode
    tag: str
    key: int  # equal for elements of the same kind: same tags and main classes all the way down
    parent: int  # -1 for the root
    start: int  # its words are text[start:end]
    end: int = 0
    last: int = 0  # its descendants are the elements from its own index + 1 up to, not including, this one
    furniture: bool = False  # navigation, header, footer and the like
    main: bool = False  # marked as what the page is about
    sectioned: bool = False  # inside an article, an item or the like, which may have a header of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that leads to another web page."""

    element: int
    url: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A page as flat lists. `text` has a line end wherever a block begins or ends."""

    elements: Sequence[Element]
    text: str
    links: Sequence[Link]  # in order
    dates: Sequence[Dateline]  # in order
    whole: bool  # the page had no more elements than are looked at
    link_elements: Sequence[int]
    date_starts: Sequence[int]
    date_lines: frozenset[str]  # the lines that are a date and little else

    def links_in(self, index: int) -> Sequence[Link]:
        """The links at or below the element of that index."""
        first = bisect_left(self.link_elements, index)
        return self.links[first : bisect_left(self.link_elements, self.elements[index].last)]

    def dates_in(self, start: int, end: int) -> Sequence[Dateline]:
        """The dates that begin in text[start:end]."""
        return self.dates[bisect_left(self.date_starts, start) : bisect_left(self.date_starts, end)]

    def lines(self, start: int, end: int) -> list[str]:
        """The lines of text[start:end] that have words, white space made single spaces."""
        return [words for line in self.text[start:end].split("\n") if (words := " ".join(line.split()))]

    def words(self, start: int, end: int) -> str:
        """text[start:end] on one line."""
        return " ".join(self.text[start:end].split())


def outline(page: LexborHTMLParser, *, base: str, url: str, now: datetime) -> Outline:
    """The page as flat lists.

    `base` is what links are relative to, `url` the page's own address, `now` bounds dates.
    """
    walk = _Walk().through(page.body)
    elements, text = walk.elements, "".join(walk.pieces)
    _mark_regions(elements)
    here = urldefrag(url).url
    links = []
    for index in walk.anchors:
        element = elements[index]
        address = absolute(attribute(element.node, "href"), base)
        if address and urldefrag(address).url != here:
            links.append(Link(element=index, url=address, start=element.start, end=element.end))
    dates = _with_stated(datelines(text, now=now), elements, walk.times, now)
    return Outline(
        elements=elements,
        text=text,
        links=links,
        dates=dates,
        whole=walk.whole,
        link_elements=[link.element for link in links],
        date_starts=[each.start for each in dates],
        date_lines=frozenset(_date_lines(text, dates)),
    )


def main_region(page: LexborHTMLParser) -> LexborNode | None:
    """What a page is about: its main part, or its body without one, with navigation and the like taken out of it.

    The page is changed by this. What is taken out is told by tags, roles and class names alone, never by how the words
    look: a list of links may be the very text that matters.
    """
    elements = _Walk().through(page.body).elements
    _mark_regions(elements)
    if not elements:
        return None

    def size(index: int) -> int:
        return elements[index].end - elements[index].start

    mains = [i for i, each in enumerate(elements) if each.main and not (i and elements[each.parent].main)]
    chosen = max(mains, key=size, default=0)
    if size(chosen) < _MAIN_SHARE * size(0):
        chosen = 0
    for index in range(chosen + 1, elements[chosen].last):
        element = elements[index]
        if element.furniture and not elements[element.parent].furniture:
            element.node.decompose()
    return elements[chosen].node


def host_of(url: str) -> str:
    """The host of an address without "www."; "" where it has none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


@dataclass(slots=True)
class _Walk:
    """A page being walked through in document order."""

    elements: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    anchors: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    whole: bool = True
    _keys: dict[tuple[int, str, str], int] = field(default_factory=dict)
    _opened: list[int] = field(default_factory=list)
    _length: int = 0
    _at_line_start: bool = True

    def through(self, node: LexborNode | None) -> _Walk:
        """Walk through a node and all below it."""
        while node is not None:
            below = None
            if node.is_text_node:
                self._words(node.text_content or "")
            elif node.is_element_node and not is_unread(node.tag or ""):
                if len(self.elements) >= MAX_ELEMENTS:
                    self.whole = False
                    break
                below = self._open(node)
            if below is not None:
                node = below
                continue
            while node is not None and node.next is None and self._opened:
                node = node.parent
                self._close()
            node = node.next if node is not None and self._opened else None
        while self._opened:
            self._close()
        return self

    def _words(self, words: str) -> None:
        blank = not words.strip()
        if words and not (blank and self._at_line_start):
            self.pieces.append(words.replace("\n", " "))
            self._length += len(words)
            self._at_line_start = self._at_line_start and blank

    def _line_end(self, tag: str) -> None:
        if not self._at_line_start and not is_inline(tag):
            self.pieces.append("\n")
            self._length += 1
            self._at_line_start = True

    def _open(self, node: LexborNode) -> LexborNode | None:
        """Begin an element; its first child, None where it has none and is closed already."""
        tag, index = node.tag or "", len(self.elements)
        self._line_end(tag)
        parent = self._opened[-1] if self._opened else -1
        kind = (self.elements[parent].key if self._opened else -1, tag, _kind(node))
        key = self._keys.setdefault(kind, len(self._keys))
        self.elements.append(Element(node=node, tag=tag, key=key, parent=parent, start=self._length))
        if tag == "a" and "href" in node.attributes:
            self.anchors.append(index)
        elif tag == "time" and node.attributes.get("datetime"):
            self.times.append(index)
        self._opened.append(index)
        below = node.first_child
        if below is None:
            self._close()
        return below

    def _close(self) -> None:
        element = self.elements[self._opened.pop()]
        element.end, element.last = self._length, len(self.elements)
        self._line_end(element.tag)


def _kind(node: LexborNode) -> str:
    """The class that says what an element is; "" where none does."""
    for name in (node.attributes.get("class") or "").split()[:8]:
        if _CLASS.fullmatch(name) and name.lower() not in _POSITIONAL:
            return name
    return ""


def _mark_regions(elements: Sequence[Element]) -> None:
    total = max(1, elements[0].end) if elements else 1
    for element in elements:
        parent = elements[element.parent] if element.parent >= 0 else None
        element.furniture = parent is not None and parent.furniture
        element.main = parent is not None and parent.main
        element.sectioned = parent is not None and (parent.sectioned or parent.tag in _SECTIONS)
        if parent is None or element.furniture:
            continue
        names = f"{element.node.attributes.get('class') or ''} {element.node.attributes.get('id') or ''}"
        role = (element.node.attributes.get("role") or "").lower()
        if (
            element.tag == "main"
            or role == "main"
            or (element.tag in {"div", "section", "article"} and _MAIN_NAMES.search(names))
        ):
            element.main = True
        elif element.tag in _FURNITURE_TAGS or role in _FURNITURE_ROLES:
            element.furniture = True
        elif element.tag in {"header", "aside"}:
            element.furniture = not element.sectioned
        elif element.end - element.start < _FURNITURE_SHARE * total:
            element.furniture = _FURNITURE.search(names) is not None and element.tag not in {
                "article",
                "h1",
                "h2",
                "h3",
                "h4",
            }


def _date_lines(text: str, dates: Sequence[Dateline]) -> Iterator[str]:
    for date in dates:
        start = text.rfind("\n", 0, date.start) + 1
        end = text.find("\n", max(date.end, start))
        line = " ".join(text[start : end if end >= 0 else None].split())
        beside = line.replace(date.words, "", 1)
        if len(beside) <= _BESIDE_A_DATE and len(_IDEOGRAPHS.findall(beside)) <= _IDEOGRAPHS_BESIDE_A_DATE:
            yield line
        # A date set on several lines, as on a calendar sheet.
        yield from (" ".join(part.split()) for part in text[date.start : date.end].split("\n")[:3])


def _with_stated(
    found: list[Dateline], elements: Sequence[Element], times: Sequence[int], now: datetime
) -> list[Dateline]:
    """The dates of the text, those replaced that <time datetime="…"> states for machines."""
    stated = [
        Dateline(
            start=elements[index].start,
            end=elements[index].end,
            words=written,
            published=written if dated.published else None,
            moment=dated.moment,
        )
        for index in times
        for written in (attribute(elements[index].node, "datetime"),)
        for dated in datelines(written[:64], now=now)[:1]
    ]
    if not stated:
        return found
    starts = [each.start for each in stated]

    def restated(date: Dateline) -> bool:
        before = bisect_left(starts, date.start + 1) - 1
        return before >= 0 and date.start < max(stated[before].end, stated[before].start + 1)

    return sorted([*stated, *(each for each in found if not restated(each))], key=lambda each: each.start)
