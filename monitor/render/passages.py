"""Pieces of plain text with the matched words marked. Markup is made last, from escaped pieces, so it cannot break.

Offsets count code points, as evidence does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.core.model import Evidence, Field

ELLIPSIS = "…"

_SPACE = re.compile(r"\s+")
# A sentence ends after its full stop and closing quotes where a space follows; Chinese and Japanese need no space.
_SENTENCE_END = re.compile(r"(?:[.!?…؟।۔]+[\"'»”’)\]]*(?=\s)|[。！？][」』”’）]*|\n+)")
_JOINERS = "\u200d\ufe0e\ufe0f"
_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Plain text in pieces; a piece that is True was matched."""

    pieces: tuple[tuple[str, bool], ...] = ()

    @property
    def text(self) -> str:
        """The pieces joined."""
        return "".join(piece for piece, _ in self.pieces)

    def __bool__(self) -> bool:
        return bool(self.pieces)


def spans(text: str, evidence: Iterable[Evidence], *, field: Field) -> tuple[Span, ...]:
    """Where `evidence` of this field stands in `text`: in order, overlaps joined.

    Evidence whose words do not stand at its offset belongs to another text (an earlier revision, another post of
    the story) and is left out: marking the wrong word is worse than marking none.
    """
    return joined(
        Span(piece.offset, piece.offset + len(piece.words))
        for piece in evidence
        if piece.field is field and piece.words and piece.offset >= 0 and text.startswith(piece.words, piece.offset)
    )


def occurrences(text: str, words: Iterable[str]) -> tuple[Span, ...]:
    """Where any of `words` stands in `text`, exactly as written, as whole words."""
    found = []
    for word in {word for word in words if word.strip()}:
        for hit in re.finditer(re.escape(word), text):
            start, end = hit.span()
            if not _inside_word(text, start) and not _inside_word(text, end):
                found.append(Span(start, end))
    return joined(found)


def joined(found: Iterable[Span]) -> tuple[Span, ...]:
    """In order, those that overlap or touch made one."""
    result: list[Span] = []
    for span in sorted(found, key=lambda span: (span.start, span.end)):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return tuple(result)


def whole(text: str, marked: Iterable[Span] = (), *, limit: int | None = None) -> Passage:
    """The text from its beginning, marked; cut at a word after `limit` characters where one is given."""
    if limit is not None and len(text) > limit:
        end = _cut(text, 0, limit - len(ELLIPSIS))
        return _squeezed(_pieces(text, Span(0, end), marked), after=ELLIPSIS)
    return _squeezed(_pieces(text, Span(0, len(text)), marked))


def excerpt(
    text: str, marked: tuple[Span, ...] = (), *, limit: int, start: int = 0, focus: Span | None = None
) -> Passage:
    """At most `limit` characters of `text` from `start` on, around `focus`, else around the first marked words.

    Begins and ends with a sentence where one ends in reach, else at a word, never inside a character made of
    several code points; an ellipsis stands where a sentence was cut. Empty when `limit` leaves no room.
    """
    start = _skip_space(text, start)
    room = limit - 2 * len(ELLIPSIS)
    if room <= 0 or start >= len(text):
        return Passage()
    first = focus or next((span for span in marked if span.start >= start), None)
    begin = _begin(text, first, start=start, room=room)
    end = _end(text, begin, room)
    for span in marked:  # matched words are shown whole or not at all, unless nothing else would be left
        if span.start < end < span.end and span.start - begin > room // 3:
            end = span.start
    body = text[begin:end].rstrip()
    if not body:
        return Passage()
    end = begin + len(body)
    return _squeezed(
        _pieces(text, Span(begin, end), marked),
        before="" if begin == start and _starts_sentence(text, begin) else ELLIPSIS,
        after="" if not text[end:].strip() or _ends_sentence(text, end) else ELLIPSIS,
    )


def after_title(text: str, title: str) -> int:
    """Where the text goes on after words that its title already shows; 0 where it does not begin with its title."""
    shown = title.rstrip().removesuffix(ELLIPSIS).split()
    if not shown:
        return 0
    same = re.match(r"\s*" + r"\s+".join(map(re.escape, shown)), text)
    if same is None or _splits(text, same.end()) or _inside_word(text, same.end()):
        return 0
    rest = re.compile(r"[\s.:;!?…。！？—–-]*").match(text, same.end())
    return rest.end() if rest else same.end()


def _begin(text: str, first: Span | None, *, start: int, room: int) -> int:
    if first is None or first.end - start <= room * 3 // 5:
        return start
    earliest = max(start, first.start - room // 2)
    ends = [hit.end() for hit in _SENTENCE_END.finditer(text, start, first.start) if hit.end() >= earliest]
    if ends:
        return min(_skip_space(text, ends[0]), first.start)
    near = max(start, first.start - room // 3)
    gap = _SPACE.search(text, near, first.start)
    begin = gap.end() if gap else near
    while begin < first.start and _splits(text, begin):
        begin += 1
    return begin


def _end(text: str, begin: int, room: int) -> int:
    if len(text) - begin <= room:
        return len(text)
    ends = [hit.end() for hit in _SENTENCE_END.finditer(text, begin + room // 2, begin + room + 1)]
    fitting = [end for end in ends if end <= begin + room]
    return fitting[-1] if fitting else _cut(text, begin, room)


def _cut(text: str, begin: int, room: int) -> int:
    """The last end of a word within `room` characters; where words are not spaced, the last whole character."""
    end = begin + max(room, 1)
    if end >= len(text):
        return len(text)
    gap = max((hit.start() for hit in _SPACE.finditer(text, begin, end + 1)), default=begin)
    if gap > begin + room * 3 // 5:
        return gap
    while end > begin + 1 and _splits(text, end):
        end -= 1
    return end


def _splits(text: str, at: int) -> bool:
    """Whether a cut before text[at] would fall inside one visible character."""
    if not 0 < at < len(text):
        return False
    here, before = text[at], text[at - 1]
    if unicodedata.category(here).startswith("M") or here in _JOINERS or before == "\u200d":
        return True
    if ord(here) in _SKIN_TONES:
        return True
    if ord(here) in _REGIONAL and ord(before) in _REGIONAL:
        run = 0
        while at - run > 0 and ord(text[at - run - 1]) in _REGIONAL:
            run += 1
        return run % 2 == 1
    return False


def _inside_word(text: str, at: int) -> bool:
    """Whether text[at] goes on with the word before it; ideographs stand next to each other without being one word."""
    if not 0 < at < len(text):
        return False
    around = text[at - 1 : at + 1]
    return around.isalnum() and not any(unicodedata.east_asian_width(character) in {"W", "F"} for character in around)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _starts_sentence(text: str, at: int) -> bool:
    return at == 0 or bool(re.search(r"[.!?:;…؟।۔。！？\n][\"'»”’)\]\s—–-]*$", text[max(0, at - 8) : at]))


def _ends_sentence(text: str, at: int) -> bool:
    return bool(re.search(r"[.!?…؟।۔。！？][\"'»”’)\]」』）]*$", text[max(0, at - 6) : at])) or text.startswith(
        "\n", at
    )


def _pieces(text: str, window: Span, marked: Iterable[Span]) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    at = window.start
    for span in marked:
        start, end = max(span.start, at), min(span.end, window.end)
        if start >= end:
            continue
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [*pieces, (text[at : window.end], False)]


def _squeezed(pieces: Iterable[tuple[str, bool]], *, before: str = "", after: str = "") -> Passage:
    """Runs of white space become one space, also across pieces; both ends are trimmed."""
    squeezed: list[tuple[str, bool]] = []
    open_space = True  # what came before ends in a space: trims the beginning as well
    for piece, is_marked in pieces:
        text = _SPACE.sub(" ", piece)
        if open_space:
            text = text.removeprefix(" ")
        if text:
            squeezed.append((text, is_marked))
            open_space = text.endswith(" ")
    if squeezed and squeezed[-1][0].endswith(" "):
        last, is_marked = squeezed.pop()
        if last[:-1]:
            squeezed.append((last[:-1], is_marked))
    if not squeezed:
        return Passage()
    return Passage((*(((before, False),) if before else ()), *squeezed, *(((after, False),) if after else ())))
