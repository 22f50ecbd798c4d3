"""Markup from strangers → markup that is safe in an e-mail, and → plain text.

HTML parsers need quadratic time for deeply nested elements (15 s for 100,000 of them), so markup is cut into slices
of bounded size *before* any parser sees it: a slice cannot nest deeper than it has tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.urls import absolute

MAX_CHARACTERS = 400_000
"""Of markup that are looked at; a longer body is cut here."""

_SLICE_TAGS = 3_000  # a slice of that many nested elements takes the parsers about 20 ms
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

# Control characters, soft hyphens, zero-width spaces, byte order marks, non-characters, halves of surrogate pairs, and
# the embeddings, overrides and isolates that let a text turn what follows it around. Kept: the joiners that emoji and
# Indic scripts need (200C, 200D) and the plain direction marks of Arabic and Hebrew (200E, 200F, 061C).
_JUNK = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffc"
    "\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"[ \t\r\n\f\v\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_SPACES_IN_LINE = re.compile(r"[ \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_BLANK_LINE = re.compile(r"\n(?:[ \t]*\r?\n)+")
# A parser opens unclosed formatting elements again in each paragraph, the same one three times at most. So what makes
# them differ goes where there are many: otherwise n tags become n * n / 4 elements.
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/][^<>]*>", re.IGNORECASE)
_MANY_TAGS = 500
_STATED_BASE = re.compile(r'\s*<base\s+href="([^"<>]{1,2000})"\s*/?>', re.IGNORECASE)

# Marks between pieces of text; no such characters are left in the text itself.
_LINE, _PARAGRAPH, _BULLET = "\x01", "\x02", "\x03"
_SPACE_AT_MARK = re.compile(r" *([\x01\x02\x03\n]) *")
_BULLET_AT_MARK = re.compile(r"([\x01\x02]?)\x03[\x01\x02]?")
_MARKS = re.compile(r"[\x01\x02\n]+")
_EMPTY = re.compile(r"<(a|p|div|figure|figcaption|li|ul|em|strong|b|i|h[1-6]|section|center)(?: [^<>]*)?>\s*</\1>")
_NESTED_EMPTY = 4
_EMPTY_BULLET = re.compile(r"(?m)^-\s*$\n?")


def without_junk(text: str) -> str:
    """`text` without characters that nobody can see and that break matching, display or storage.

    Removed: control characters other than tab and line ends, soft hyphens, zero-width spaces, lone surrogates,
    non-characters, bidirectional embeddings, overrides and isolates. Kept: joiners and plain direction marks.
    """
    return _JUNK.sub("", text)


def one_line(text: str) -> str:
    """`text` without junk, all white space made single spaces."""
    return _SPACES.sub(" ", without_junk(text)).strip()


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

    def kept(_tag: str, name: str, value: str) -> str | None:
        if name != "href" or value.strip().lower().startswith("mailto:"):
            return value
        return absolute(value, base)

    cleaned = "".join(
        nh3.clean(
            part,
            tags=set(_ALLOWED),
            clean_content_tags=set(_CONTENT_DROPPED),
            attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
            attribute_filter=kept,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer",
        )
        for part in _shallow(markup)
    )
    for _ in range(_NESTED_EMPTY):  # what held images only
        cleaned, removed = _EMPTY.subn("", cleaned)
        if not removed:
            break
    return cleaned.strip()


def plain_text(markup: str) -> str:
    """What a reader of `markup` sees, as text.

    Paragraphs are separated by a blank line, `<br>` is a line end, list items begin with "- ", table rows are lines.
    Of links only their words stay; scripts and styles go; entities are characters; junk is removed (`without_junk`).
    """
    markup, _ = _prepared(markup, None)
    if "<" not in markup and "&" not in markup:
        return one_line(markup)
    pieces: list[str] = []
    for part in _slices(markup):
        _collect(part, pieces)
    text = _SPACE_AT_MARK.sub(r"\1", _SPACES_IN_LINE.sub(" ", "".join(pieces)))
    text = _MARKS.sub(lambda m: _PARAGRAPH if _PARAGRAPH in m[0] or m[0].count("\n") > 1 else _LINE, text)
    text = _BULLET_AT_MARK.sub(lambda m: (m[1] or _LINE) + "- ", text)
    return _EMPTY_BULLET.sub("", text.replace(_PARAGRAPH, "\n\n").replace(_LINE, "\n")).strip()


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
    """The markup in pieces of at most `_SLICE_TAGS` tags, each beginning where a tag may begin."""
    if markup.count("<") <= _SLICE_TAGS:
        yield markup
        return
    start, found, tags = 0, markup.find("<"), 0
    while found >= 0:
        tags += 1
        if tags > _SLICE_TAGS:
            yield markup[start:found]
            start, tags = found, 1
        found = markup.find("<", found + 1)
    yield markup[start:]


def _shallow(markup: str) -> Iterator[str]:
    """Slices that nest at most `_MAX_DEPTH` deep and have words in place of images."""
    for part in _slices(markup):
        if "<img" in part or "<IMG" in part or part.count("<") > _MAX_DEPTH:
            yield _rewritten(part)
        else:
            yield part


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
                out.append(escape(words if _is_emoji(words) else f" [{words}] ", quote=False))
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
    words = one_line(image.attributes.get("alt") or "")
    return "" if words.isascii() and " " not in words else words


def _is_emoji(words: str) -> bool:
    """Whether an image stands for an emoji, which is a part of the sentence."""
    return bool(words) and not any(character.isalnum() for character in words)


def _collect(markup: str, pieces: list[str]) -> None:
    """Append the text of `markup` with marks where lines and paragraphs end."""
    preformatted = 0
    for node, _depth, entering in _walk(markup):
        if node.is_text_node:
            text = without_junk(node.text_content or "")
            pieces.append(text.replace("\r\n", "\n") if preformatted else _SPACES.sub(" ", text))
            continue
        if not node.is_element_node:
            continue
        tag = node.tag or ""
        if tag == "br":
            if entering:
                pieces.append("\n")
        elif tag == "li":
            pieces.append(_LINE + _BULLET if entering else _LINE)
        elif tag in _LINE_LIKE:
            pieces.append(_LINE)
        elif tag in {"td", "th"}:
            pieces.append(" ")
        elif tag in _PARAGRAPH_LIKE:
            pieces.append(_PARAGRAPH)
            if tag == "pre":
                preformatted += 1 if entering else -1
        elif tag == "img" and entering:
            words = _alternative(node)
            if _is_emoji(words):
                pieces.append(words)
