"""Plain text made for reading: lines that end at a column, in every script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

COLUMNS = 78
"""RFC 5322, 2.1.1: lines should be no longer than 78 characters."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_BREAKS = re.compile(r"[ \t\r\n]+")  # a no-break space is none
_NOT_FIRST = frozenset("。，、；：？！）」』】》〉”’…ー々.,;:!?)")  # never at the beginning of a line
_NOT_LAST = frozenset("（「『【《〈“‘(")


def clean(text: str) -> str:
    """Without control characters (tab and line feed stay) and lone surrogates, which no encoding can carry."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode("utf-8")


def width(text: str) -> int:
    """Columns that `text` takes on a terminal: wide characters take two, combining ones none (UAX #11)."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


@lru_cache(maxsize=4096)
def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def wrap(text: str, *, first: str = "", rest: str = "", columns: int = COLUMNS) -> str:
    """`text` in lines of at most `columns`; the first begins with `first`, the others with `rest`.

    Lines break at spaces and between ideographs. A word longer than a line (an address) is never broken, so that it
    stays one link.
    """
    lines: list[str] = []
    line, used, empty = first, width(first), True
    for space, word in _units(text):
        size = width(word)
        gap = len(space) if not empty else 0
        if not empty and used + gap + size > columns:
            lines.append(line)
            line, used, gap = rest, width(rest), 0
        line += (space if gap else "") + word
        used += gap + size
        empty = False
    return "\n".join([*lines, line.rstrip()]).replace("\u00a0", " ")


def padded(text: str, columns: int) -> str:
    """`text` and as many spaces as bring it to `columns`; where it is wider, its beginning and an ellipsis."""
    if width(text) > columns:
        while width(text) > columns - 1:
            text = text[:-1]
        text = text.rstrip() + "…"
    return text + " " * (columns - width(text))


def underlined(text: str, rule: str = "-", *, columns: int = COLUMNS) -> str:
    """A heading with a rule as wide as its last line below it."""
    lines = wrap(text, columns=columns)
    return f"{lines}\n{rule * max(width(line) for line in lines.splitlines() or [''])}"


def _units(text: str) -> list[tuple[str, str]]:
    """What may stand alone on a line, each with the space that goes before it when it does not begin one."""
    units: list[tuple[str, str]] = []
    for word in _BREAKS.split(text.strip()):
        if word.isascii() or "://" in word:
            units.append((" ", word))
            continue
        start = 0
        space = " "
        for at in range(1, len(word)):
            if _may_break(word[at - 1], word[at]):
                units.append((space, word[start:at]))
                start, space = at, ""
        units.append((space, word[start:]))
    return units


def _may_break(before: str, after: str) -> bool:
    wide = unicodedata.east_asian_width(before) in {"W", "F"} or unicodedata.east_asian_width(after) in {"W", "F"}
    letters = before.isalpha() or before in _NOT_FIRST or after.isalpha()  # emoji sequences stay together
    return wide and letters and after not in _NOT_FIRST and before not in _NOT_LAST and _columns(after) > 0


def direction(text: str) -> str:
    """ "rtl" or "ltr" by the first strong character (UAX #9, P2 and P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"R", "AL"}:
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"
