"""What is kept of a text's words, small enough to be stored with every post: it tells apart most texts that a key of
theirs brings together, without looking at the words themselves.

A sketch holds 16 bits of each shingle, in order. What two sketches have in common is never less than what the texts
have, so that texts whose sketches have too little are two statements for certain. All others are compared word by word.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from zlib import crc32

from monitor.core.ownwords import DATELINE, Wording, in_words, taken_apart

LONGEST = 2_000
"""Shingles of which a sketch is made: a longer text has none, and is always compared word by word."""

_HEAD = Struct("<HHB8sH")  # which habits, size, flags, key, how many numbers
_UNSPACED, _CUT, _DATED = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Sketch:
    """Of a wording: its key, its size in words, and 16 bits of each of its numbers and shingles."""

    key: bytes
    size: int
    unspaced: bool
    cut: bool
    dated: bool  # a number is among its first words, as in a dateline
    numbers: bytes  # two for each of its different numbers
    runs: bytes  # two for each shingle, the lower one first

    @property
    def length(self) -> int:
        """Shingles that it is made of."""
        return len(self.runs) // 2

    def to_bytes(self, *, habits: int) -> bytes:
        """As it is stored; `habits` is how many lines of the source were known to say nothing."""
        flags = _UNSPACED * self.unspaced + _CUT * self.cut + _DATED * self.dated
        return (
            _HEAD.pack(habits & 0xFFFF, self.size, flags, self.key, len(self.numbers) // 2) + self.numbers + self.runs
        )


def sketch_of(wording: Wording) -> Sketch | None:
    """What is kept of a text; None of one that is too long."""
    shingles = wording.shingles
    if len(shingles) > LONGEST:
        return None
    return Sketch(
        key=wording.key,
        size=wording.size,
        unspaced=wording.unspaced,
        cut=wording.cut,
        dated=any(word[0].isdigit() for word in wording.words[: in_words(DATELINE, unspaced=wording.unspaced)]),
        numbers=_packed([crc32(number.encode()) for number in sorted(wording.numbers)]),
        runs=_packed(shingles),
    )


def _packed(numbers: Sequence[int]) -> bytes:
    packed = array("H", [number & 0xFFFF for number in numbers])
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What of a post is compared with others, and what of it its source may say in every post.

    Kept small: thousands of posts may wait to be stored at once.
    """

    sketch: bytes  # with no habits; b"" of a very long text
    keys: tuple[int, ...]  # see Wording.keys
    lines: tuple[bytes, ...]  # `line_key` of each line of several that is left of it
    edges: tuple[bytes, ...]  # see ownwords.edges


def said_in(text: str) -> Said:
    """All of it, in one go."""
    wording, lines, edges = taken_apart(text)
    sketch = sketch_of(wording)
    return Said(sketch=sketch.to_bytes(habits=0) if sketch else b"", keys=wording.keys, lines=lines, edges=edges)


def stored_sketch(stored: bytes | None, *, habits: int) -> Sketch | None:
    """What `Sketch.to_bytes` made, None where other lines were known to say nothing when it was made."""
    if not stored:
        return None
    then, size, flags, key, numbers = _HEAD.unpack_from(stored)
    if then != habits & 0xFFFF:
        return None
    return Sketch(
        key=key,
        size=size,
        unspaced=bool(flags & _UNSPACED),
        cut=bool(flags & _CUT),
        dated=bool(flags & _DATED),
        numbers=stored[_HEAD.size : _HEAD.size + 2 * numbers],
        runs=stored[_HEAD.size + 2 * numbers :],
    )
