"""Markup from strangers → markup that is safe in an e-mail, and → plain text.

HTML parsers need quadratic time for deeply nested elements (15 s for 100,000 of them), so markup is cut into slices
of bounded size *before* any parser sees it: a slice cannot nest deeper than it has tags.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from html import escape

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.characters import SPACES, one_line, without_junk
from monitor.core.plainmarkup import (
    BULLET,
    LINE,
    MOST_TAGS,
    PARAGRAPH,
    images_in_words,
    is_emoji,
    read_plainly,
    worth_saying,
)
from monitor.core.urls import absolute

__all__ = ["MAX_CHARACTERS", "as_markup", "one_line", "plain_text", "sanitised", "seen_at_least", "without_junk"]

MAX_CHARACTERS = 400_000
"""Of markup that are looked at; a longer body is cut here."""

_MAX_DEPTH = 40  # of elements in the result; mail programs and style inliners recurse over it

_DROPPED = """
script style template svg math iframe object embed applet canvas noscript noframes noembed
title head select textarea button form audio video map
"""
_BLOCKS = """
address article aside blockquote center details dialog div dl fieldset figcaption figure footer h1 h2 h3 h4 h5 h6
header hgroup hr main nav ol p pre section summary table ul
"""
_LINES = "caption dd dt li option tbody tfoot thead tr"
_INLINE = """
a abbr b bdi bdo br caption cite code dd del dfn dt em i ins kbd li mark q rp rt ruby s samp small strike
strong sub sup tbody td tfoot th thead time tr tt u var
"""
_CONTENT_DROPPED = frozenset(_DROPPED.split())
_PARAGRAPH_LIKE = frozenset(_BLOCKS.split())
_LINE_LIKE = frozenset(_LINES.split())
_ALLOWED = (frozenset(_INLINE.split()) | _PARAGRAPH_LIKE) - {"fieldset", "dialog"}
_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_KEPT_ATTRIBUTES = frozenset().union(*_ATTRIBUTES.values())
_VOID = frozenset({"br", "hr"})

_SPACES_IN_LINE = re.compile(  # but for single ones, which are as they should be
    r" [ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+|[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]"
    r"[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]*"
)
_BLANK_LINE = re.compile(r"\n(?:[ \t]*\r?\n)+")
# A parser opens unclosed formatting elements again in each paragraph, the same one three times at most. So what makes
# them differ goes where there are many: otherwise n tags become n * n / 4 elements.
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/][^<>]*>", re.IGNORECASE)
_MANY_TAGS = 500
_STATED_BASE = re.compile(r'\s*<base\s+href="([^"<>]{1,2000})"\s*/?>', re.IGNORECASE)

_BULLET_AT_MARK = re.compile(r"(\n*)\x03\n*")
_MARKS = re.compile(r"[\x01\x02\n]+")
_UNSEEN = re.compile(r"\s*+<[^<>]*>\s*+|\s*+&[^;&\s]{1,40};\s*+|\s\s+")
_HIDING = re.compile(f"<(?:!|(?:{'|'.join(_DROPPED.split())})\\b)", re.IGNORECASE)
_EMPTY = re.compile(r"<(a|p|div|figure|figcaption|li|ul|em|strong|b|i|h[1-6]|section|center)(?: [^<>]*)?>\s*</\1>")
_NESTED_EMPTY = 4
_EMPTY_BULLET = re.compile(r"(?m)^-\s*$\n?")


class _Sanitiser(threading.local):
    """nh3, set up once a thread: setting it up takes longer than cleaning a post."""

    def __init__(self) -> None:
        self._base: str | None = None
        self._cleaner = nh3.Cleaner(
            tags=set(_ALLOWED),
            clean_content_tags=set(_CONTENT_DROPPED),
            attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
            attribute_filter=self._kept,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer",
        )

    def clean(self, markup: str, base: str | None) -> str:
        self._base = base
        return self._cleaner.clean(markup)

    def _kept(self, _tag: str, name: str, value: str) -> str | None:
        if name != "href" or value.strip().lower().startswith("mailto:"):
            return value
        return absolute(value, self._base)


_sanitiser = _Sanitiser()


def as_markup(text: str) -> str:
    """Plain text as markup that reads the same: escaped, blank lines between paragraphs, other line ends kept."""
    paragraphs = (p for p in _BLANK_LINE.split(text.strip()) if p.strip())
    return "".join(f"<p>{escape(p.strip(), quote=False).replace(chr(10), '<br>')}</p>" for p in paragraphs)


def sanitised(markup: str, *, base: str | None) -> str:
    """`markup` reduced to what is safe and quiet in an e-mail.

    Links become absolute against `base` (or a `<base href>` at the very start of the markup), only http, https and
    mailto survive, with `rel="noopener noreferrer"`. Images give way to their alternative text: nothing is loaded, so
    nothing tracks the reader. Elements nested more than 40 deep lose their tags, not their text.
    """
    markup, base = _prepared(markup, base)
    cleaned = "".join([_sanitiser.clean(part, base) for part in _shallow(markup)])
    for _ in range(_NESTED_EMPTY):  # what held images only
        cleaned, removed = _EMPTY.subn("", cleaned)
        if not removed:
            break
    return cleaned.strip()


@lru_cache(maxsize=4)  # bodies are compared before one is taken
def plain_text(markup: str) -> str:
    """What a reader of `markup` sees, as text.

    Paragraphs are separated by a blank line, `<br>` is a line end, list items begin with "- ", table rows are lines.
    Of links only their words stay; scripts and styles go; entities are characters; junk is removed (`without_junk`).
    """
    markup, _ = _prepared(markup, None)
    if "<" not in markup and "&" not in markup:
        return one_line(markup)
    plain = read_plainly(markup)
    if plain is not None:
        text = plain.text
    else:
        pieces: list[str] = []
        for part in _slices(markup):
            _collect(part, pieces)
        text = "".join(pieces)
    text = _SPACES_IN_LINE.sub(" ", text)
    for mark in (LINE, PARAGRAPH, BULLET, "\n"):
        if mark in text:
            text = text.replace(f" {mark}", mark).replace(f"{mark} ", mark)
    text = _MARKS.sub(lambda m: "\n\n" if PARAGRAPH in m[0] or m[0].count("\n") > 1 else "\n", text)
    if BULLET in text:
        text = _EMPTY_BULLET.sub("", _BULLET_AT_MARK.sub(lambda m: (m[1] or "\n") + "- ", text))
    return text.strip()


def seen_at_least(markup: str) -> int:
    """So many characters `plain_text` gives at least, of markup that is not broken: told without reading it."""
    if len(markup) > MAX_CHARACTERS or _HIDING.search(markup):
        return 0
    return len(_UNSEEN.sub("", without_junk(markup)).strip())


def _prepared(markup: str, base: str | None) -> tuple[str, str | None]:
    markup = without_junk(markup[:MAX_CHARACTERS]).strip()
    if stated := _STATED_BASE.match(markup):
        base = absolute(stated[1].replace("&amp;", "&"), base) or base
        markup = markup[stated.end() :]
    if markup.count("<") > _MANY_TAGS:
        markup = _FORMATTING.sub(r"<\1>", markup)
    if "<" not in markup:  # text that somebody wrote without any markup: its blank lines mean paragraphs
        markup = _BLANK_LINE.sub("<p>", markup)
    return markup, base


def _slices(markup: str) -> Iterator[str]:
    """The markup in pieces of at most `MOST_TAGS` tags, each beginning where a tag may begin."""
    if markup.count("<") <= MOST_TAGS:
        yield markup
        return
    start, found, tags = 0, markup.find("<"), 0
    while found >= 0:
        tags += 1
        if tags > MOST_TAGS:
            yield markup[start:found]
            start, tags = found, 1
        found = markup.find("<", found + 1)
    yield markup[start:]


def _shallow(markup: str) -> Iterator[str]:
    """Slices that nest at most `_MAX_DEPTH` deep and have words in place of images."""
    if _is_shallow(markup):
        yield markup
        return
    plain = read_plainly(markup)
    if plain is not None and plain.depth is not None and plain.depth <= _MAX_DEPTH:
        yield images_in_words(markup)
        return
    for part in _slices(markup):
        yield part if _is_shallow(part) else _rewritten(part)


def _is_shallow(markup: str) -> bool:
    return markup.count("<") <= _MAX_DEPTH and "<img" not in markup and "<IMG" not in markup


def _walk(markup: str) -> Iterator[tuple[LexborNode, int, bool]]:
    """Every node in document order as (node, depth, entering); elements come a second time when they are left.

    Not recursive: the depth is the sender's choice. The content of elements that show no text is skipped.
    """
    root = LexborHTMLParser("<body>" + markup).body  # otherwise what begins with <noscript> would be a part of the head
    if root is None:
        return
    node, depth = root.first_child, 1
    while node is not None:
        yield node, depth, True
        child = node.first_child if node.is_element_node and node.tag not in _CONTENT_DROPPED else None
        if child is not None:
            node, depth = child, depth + 1
            continue
        while True:
            if node.is_element_node:
                yield node, depth, False
            if node.next is not None:
                node = node.next
                break
            parent = node.parent
            if parent is None or depth == 1:
                return
            node, depth = parent, depth - 1


def _rewritten(markup: str) -> str:
    """The same markup, shallower and without images; still to be sanitised."""
    out: list[str] = []
    for node, depth, entering in _walk(markup):
        if node.is_text_node:
            out.append(escape(node.text_content or "", quote=False))
            continue
        if not node.is_element_node:
            continue
        tag = node.tag or ""
        if tag == "img":
            words = _alternative(node) if entering else ""
            if words:
                out.append(escape(words if is_emoji(words) else f" [{words}] ", quote=False))
        elif tag in _ALLOWED and depth <= _MAX_DEPTH:
            if entering:
                attributes = "".join(
                    f' {name}="{escape(value or "")}"'
                    for name, value in node.attributes.items()
                    if name in _KEPT_ATTRIBUTES
                )
                out.append(f"<{tag}{attributes}>")
            elif tag not in _VOID:
                out.append(f"</{tag}>")
        elif entering and tag in _PARAGRAPH_LIKE:
            out.append(" ")
    return "".join(out)


def _alternative(image: LexborNode) -> str:
    """The words that stand for an image; "" for spacers, trackers and file names."""
    return worth_saying(image.attributes.get("alt") or "")


def _collect(markup: str, pieces: list[str]) -> None:
    """Append the text of `markup` with marks where lines and paragraphs end."""
    preformatted = 0
    for node, _depth, entering in _walk(markup):
        if node.is_text_node:
            text = without_junk(node.text_content or "")
            pieces.append(text.replace("\r\n", "\n") if preformatted else SPACES.sub(" ", text))
            continue
        if not node.is_element_node:
            continue
        tag = node.tag or ""
        if tag == "br":
            if entering:
                pieces.append("\n")
        elif tag == "li":
            pieces.append(LINE + BULLET if entering else LINE)
        elif tag in _LINE_LIKE:
            pieces.append(LINE)
        elif tag in {"td", "th"}:
            pieces.append(" ")
        elif tag in _PARAGRAPH_LIKE:
            pieces.append(PARAGRAPH)
            if tag == "pre":
                preformatted += 1 if entering else -1
        elif tag == "img" and entering:
            words = _alternative(node)
            if is_emoji(words):
                pieces.append(words)
