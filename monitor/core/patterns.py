"""Regular expressions in linear time: RE2, made to know Unicode.

RE2's `\\w`, `\\d`, `\\s` and `\\b` know ASCII only. Classes are written out with Unicode properties. A boundary cannot
be written out, RE2 looks neither back nor ahead; so where `\\b` is used the text gets a mark at every border of a word,
each piece of the expression may step over one, and `\\b` asks for one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from monitor.core.text import fold

LONGEST_PATTERN = 500  # characters
_MEMORY = 1 << 20  # bytes that one compiled expression may take: bounds the time a text of any kind costs
_LONGEST_TEXT = 100_000  # characters of a text that are looked at

_MARK = "\ue000"  # of the private use area: in no text, and no letter, digit or space
_STEP = f"{_MARK}?"
_WORD = r"\p{L}\p{M}\p{N}\p{Pc}"
_SPACE = r"\s\p{Z}\x{85}"
_CLASSES = {
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}{_MARK}]",
    "d": r"\p{Nd}",
    "D": f"[^\\p{{Nd}}{_MARK}]",
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}{_MARK}]",
}
_IN_CLASS = {"w": _WORD, "d": r"\p{Nd}", "s": _SPACE}
_REPEAT = re.compile(r"[*+?]\??|\{\d+(?:,\d*)?\}\??")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|[imsU-]*:|[imsU-]+\)))?")
_BORDERS = re.compile(r"(?<!\w)(?=\w)|(?<=\w)(?!\w)")


class PatternError(ValueError):
    """An expression that cannot be used. `at` counts its characters from 0."""

    def __init__(self, message: str, *, at: int = 0) -> None:
        self.at = at
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression ready to be looked for."""

    marked: bool  # whether the text needs its borders of words marked
    anchor: str  # folded; a run of characters that every text it matches holds, "" where none is known
    expression: Any  # re2 ships no types for what it compiles


def spans(source: str, text: str) -> Iterator[tuple[int, int]]:
    """Where the expression is found in `text`, case aside; finding nothing at a place is no find."""
    compiled = compiled_pattern(source)
    text = text[:_LONGEST_TEXT].replace(_MARK, " ")
    if not compiled.marked:
        yield from (found.span() for found in compiled.expression.finditer(text) if found.end() > found.start())
        return
    marked, marks = _with_marks(text)
    for found in compiled.expression.finditer(marked):
        start, end = (at - bisect_right(marks, at - 1) for at in found.span())
        if end > start:
            yield start, end


@lru_cache(maxsize=1)  # several expressions look at the same text
def _with_marks(text: str) -> tuple[str, list[int]]:
    """A text with a mark at every border of a word, and where each stands."""
    borders = [found.start() for found in _BORDERS.finditer(text)]
    pieces: list[str] = []
    last = 0
    for border in borders:
        pieces += (text[last:border], _MARK)
        last = border
    pieces.append(text[last:])
    return "".join(pieces), [border + number for number, border in enumerate(borders)]


@lru_cache(maxsize=4096)
def compiled_pattern(source: str) -> Compiled:
    """Make an expression ready. PatternError says what is wrong with one that cannot be used, and where."""
    if len(source) > LONGEST_PATTERN:
        raise PatternError(f"a regular expression of more than {LONGEST_PATTERN} characters", at=LONGEST_PATTERN)
    pieces = _pieces(source)
    marked = any(kind == "border" for kind, _ in pieces)
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        expression = re2.compile("(?m)" + _written(pieces, marked=marked), options)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise PatternError(_plainly(said)) from None
    if expression.search("") is not None or expression.search(_MARK) is not None:
        raise PatternError("it finds the empty text, so it would match every post")
    return Compiled(marked=marked, anchor=_anchor(pieces), expression=expression)


def _plainly(said: str) -> str:
    if "too large" in said or "repetition size" in said or "repeat" in said:
        return "it is too large: fewer or smaller repetitions are needed"
    return said.replace(_STEP, "").replace(_MARK, r"\b")


def _pieces(source: str) -> list[tuple[str, str]]:
    """The expression cut up: ("letter" | "class" | "border" | "edge" | "repeat" | "open" | "close" | "or", text)."""
    pieces: list[tuple[str, str]] = []
    at = 0
    while at < len(source):
        character = source[at]
        if character == "\\":
            taken, piece = _escaped(source, at)
        elif character == "[":
            taken, piece = _class(source, at)
        elif character == "(":
            opened = _GROUP.match(source, at)
            if source.startswith("(?", at) and (opened is None or opened[0] == "("):
                raise PatternError("RE2 knows no look-ahead, look-behind or conditions", at=at)
            text = opened[0] if opened else "("
            taken, piece = len(text), ("edge" if text.endswith(")") else "open", text)
        elif character in ")|^$":
            taken, piece = 1, ({")": "close", "|": "or"}.get(character, "edge"), character)
        elif repeat := _REPEAT.match(source, at):
            taken, piece = len(repeat[0]), ("repeat", repeat[0])
        elif character == ".":
            taken, piece = 1, ("class", f"[^\\n{_MARK}]")
        else:
            taken, piece = 1, ("letter", character)
        pieces.append(piece)
        at += taken
    return pieces


def _escaped(source: str, at: int) -> tuple[int, tuple[str, str]]:
    following = source[at + 1 : at + 2]
    if following == "b":
        return 2, ("border", _MARK)
    if following == "B":
        raise PatternError(r"\B cannot be used; \b can", at=at)
    if following in {"A", "z"}:
        return 2, ("edge", "^" if following == "A" else "$")
    if following in _CLASSES:
        return 2, ("class", _CLASSES[following])
    if following.isdigit():
        raise PatternError("RE2 knows no references back", at=at)
    if following in {"Q", "E", "C", "X", "R", "K", "G", "Z"} or not following:
        raise PatternError(f"\\{following} cannot be used", at=at)
    long = re.match(r"\\(?:[pP](?:\{\^?\w+\}|\w)|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2}))", source[at:])
    if long:
        return len(long[0]), ("class", long[0])
    if following.isalpha() and following not in "tnrfav":
        raise PatternError(f"\\{following} means nothing", at=at)
    return 2, ("class" if following.isalpha() else "letter", "\\" + following)


def _class(source: str, at: int) -> tuple[int, tuple[str, str]]:
    """A class in brackets, with what RE2 would take for ASCII only written out."""
    start = at
    at += 1
    negated = source.startswith("^", at)
    at += negated
    inner = ""
    while at < len(source) and (source[at] != "]" or not inner):
        if source[at] == "\\":
            following = source[at + 1 : at + 2]
            if following in {"W", "D", "S", "b", "B"}:
                raise PatternError(f"\\{following} cannot stand in brackets", at=at)
            inner += _IN_CLASS.get(following, "\\" + following)
            at += 2
        elif source.startswith("[:", at) and ":]" in source[at:]:
            end = source.index(":]", at) + 2
            inner += source[at:end]
            at = end
        else:
            inner += "\\[" if source[at] == "[" else source[at]
            at += 1
    if at >= len(source):
        raise PatternError("a bracket is never closed", at=start)
    return at + 1 - start, ("class", f"[^{inner}{_MARK}]" if negated else f"[{inner}]")


def _written(pieces: list[tuple[str, str]], *, marked: bool) -> str:
    """The expression for RE2; over marked text each piece may be followed by a mark."""
    if not marked:
        return "".join(text for _, text in pieces)
    written: list[str] = []
    for number, (kind, text) in enumerate(pieces):
        repeated = number + 1 < len(pieces) and pieces[number + 1][0] == "repeat"
        if kind in {"letter", "class"}:
            written.append(f"(?:{text}{_STEP})" if repeated else text + _STEP)
        elif kind == "border":
            if number and pieces[number - 1][0] == "border":
                continue
            written.append(_MARK)
        elif kind == "edge" and text == "^":
            written.append("^" + _STEP)
        elif kind == "edge" and text == "$":
            written.append(_STEP + "$")
        else:
            written.append(text)
    return "".join(written)


def _anchor(pieces: list[tuple[str, str]]) -> str:
    """The longest run of letters outside of groups, alternatives and what may be left out."""
    runs, depth = [""], 0
    for number, (kind, text) in enumerate(pieces):
        following = pieces[number + 1] if number + 1 < len(pieces) else ("", "")
        if kind == "or" and depth == 0:
            return ""
        if kind in {"open", "close"}:
            depth += 1 if kind == "open" else -1
            runs.append("")
        elif kind == "letter" and depth == 0 and following[0] != "repeat" and not text[-1].isspace():
            runs[-1] += text[-1]
        elif kind != "border":
            runs.append("")
    return max((fold(run).text.strip() for run in runs), key=len)
