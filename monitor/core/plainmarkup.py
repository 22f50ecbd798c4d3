"""Markup of well-known elements, properly nested, read without a parser: most bodies are no more than that.

What a parser would make of such markup can be told from its tags alone, for a tenth of the time; a law tests that it is
the same (tests/core/test_plainmarkup.py). Nothing here decides what is safe: what goes out as markup is cleaned by nh3
whichever way its text was read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape

from monitor.core.characters import one_line, without_junk

MOST_TAGS = 3_000
"""Of markup that is read in one piece: a parser takes about 20 ms for so many nested elements."""

_LINE_ENDS = re.compile(r"[\r\n\f\v\u2028\u2029]")

_WHITE = r"[ \t\r\n\f]"
_ATTRIBUTES_AS_WRITTEN = (
    rf"(?:{_WHITE}++[A-Za-z_][\w:.-]*+(?:{_WHITE}*+={_WHITE}*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^ \t\r\n\f\"'<>=`]++))?+)*+"
)
_PLAIN_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike "
    "strong sub sup time tt u var picture"
)
_PLAIN_BLOCKS = (
    "address article aside blockquote center div dl figcaption figure footer h1 h2 h3 h4 h5 h6 header main nav ol p "
    "section ul"
)
_PLAIN_VOID = "br hr img wbr source"
_PLAIN_NAMES = "|".join(
    sorted(f"{_PLAIN_INLINE} {_PLAIN_BLOCKS} {_PLAIN_VOID} dd dt li".split(), key=len, reverse=True)
)
_PLAIN_TAG = re.compile(
    rf"<(?:(/?)({_PLAIN_NAMES})({_ATTRIBUTES_AS_WRITTEN}){_WHITE}*+/?>"
    + "".join(
        rf"|{name}{_ATTRIBUTES_AS_WRITTEN}{_WHITE}*+>[^<]*+</{name}{_WHITE}*+>"
        for name in ("script", "style", "iframe")
    )
    + r"|!--[\w\s/:.]*-->)",
    re.IGNORECASE | re.ASCII,
)
_STATED_WORDS = re.compile(rf"{_WHITE}alt{_WHITE}*={_WHITE}*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"']+))", re.IGNORECASE)
_IMAGE = re.compile(rf"<img({_ATTRIBUTES_AS_WRITTEN}){_WHITE}*+/?>", re.IGNORECASE | re.ASCII)

# Marks between pieces of text; no such characters are left in the text itself.
LINE, PARAGRAPH, BULLET = "\x01", "\x02", "\x03"
_MEANT = {
    **dict.fromkeys(_PLAIN_INLINE.split(), ("", "")),
    **dict.fromkeys(_PLAIN_BLOCKS.split(), (PARAGRAPH, PARAGRAPH)),
    **dict.fromkeys(("dd", "dt"), (LINE, LINE)),
    "li": (LINE + BULLET, LINE),
}
_MEANT_ALONE = {"br": "\n", "hr": PARAGRAPH, "wbr": "", "img": "", "source": ""}


@dataclass(frozen=True, slots=True)
class Plain:
    """What was read of markup without a parser."""

    text: str  # with marks where lines and paragraphs end
    depth: int | None  # of elements; None where inline elements overlap


@lru_cache(maxsize=4)  # for its text and for its sanitised form
def read_plainly(markup: str) -> Plain | None:
    """Markup as a parser would read it; None where one has to."""
    if markup.count("<") > MOST_TAGS:
        return None
    parts = _PLAIN_TAG.split(_LINE_ENDS.sub(" ", markup))
    coded = "&" in markup
    pieces: list[str] = []
    blocks: list[str] = []  # open, by name
    elements: list[str] = []
    nested, depth = True, 0
    for at in range(0, len(parts), 4):
        if text := parts[at]:
            if "<" in text:
                return None
            pieces.append(_LINE_ENDS.sub(" ", without_junk(unescape(text))) if coded and "&" in text else text)
        if at + 2 >= len(parts) or (name := parts[at + 2]) is None:
            continue
        name, ending = name.lower(), parts[at + 1]
        if name in _MEANT_ALONE:
            alone = None if ending else _meant_alone(name, parts[at + 3])
            if alone is None:
                return None
            pieces.append(alone)
            continue
        start, end = _MEANT[name]
        if ending:
            if end:
                if not blocks or blocks.pop() != name:
                    return None
                pieces.append(end)
            nested = nested and bool(elements) and elements.pop() == name
        else:
            if end:
                blocks.append(name)
                pieces.append(start)
            elements.append(name)
            depth = max(depth, len(elements))
    return Plain("".join(pieces), depth if nested else None)


def _meant_alone(name: str, attributes: str) -> str | None:
    if name != "img":
        return _MEANT_ALONE[name]
    words = _alternative_of(attributes)
    return words if words is None or is_emoji(words) else ""


def _alternative_of(attributes: str) -> str | None:
    """The words that stand for an image, by its attributes as written; None where a parser must say."""
    stated = _STATED_WORDS.search(attributes)
    if stated is None:
        return ""
    words = stated[1] or stated[2] or stated[3] or ""
    return None if "&" in words else worth_saying(words)


def images_in_words(markup: str) -> str:
    """Markup that was read here, with words in place of its images."""
    return _IMAGE.sub(_words_of, markup)


def _words_of(image: re.Match[str]) -> str:
    words = _alternative_of(image[1])
    return escape(words if is_emoji(words) else f" [{words}] ", quote=False) if words else ""


def worth_saying(alternative: str) -> str:
    """The alternative of an image; "" for spacers, trackers and file names."""
    words = one_line(alternative)
    return "" if words.isascii() and " " not in words else words


def is_emoji(words: str) -> bool:
    """Whether an image stands for an emoji, which is a part of the sentence."""
    return bool(words) and not any(character.isalnum() for character in words)
