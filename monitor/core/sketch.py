"""What is kept of a text's words, small enough to be stored with every post: it tells apart most texts that a key of
theirs brings together, without looking at the words themselves.

A sketch holds 16 bits of each shingle, in order. What two sketches have in common is never less than what the texts
have, so that texts whose sketches have too little are two statements for certain. All others are compared word by word.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from functools import cached_property
from struct import Struct

from monitor.core.ownwords import Wording, longest_dateline, taken_apart

LONGEST = 2_000
"""Shingles of which a sketch is made: a longer text has none, and is always compared word by word."""

_HEAD = Struct("<HHB8s")  # which habits, size, flags, key
_UNSPACED, _CUT, _DATED = 1, 2, 4


@dataclass(frozen=True)
class Sketch:
    """Of a wording: its key, its size in words, and 16 bits of each of its shingles."""

    key: bytes
    size: int
    unspaced: bool
    cut: bool
    dated: bool  # a number is among its first words, as in a dateline
    runs: array[int]

    @cached_property
    def runs_said(self) -> frozenset[int]:
        """The different ones."""
        return frozenset(self.runs)

    def to_bytes(self, *, habits: int) -> bytes:
        """As it is stored; `habits` is how many lines of the source were known to say nothing."""
        runs = self.runs
        if sys.byteorder == "big":
            runs = array("H", runs)
            runs.byteswap()
        flags = _UNSPACED * self.unspaced + _CUT * self.cut + _DATED * self.dated
        return _HEAD.pack(habits & 0xFFFF, self.size, flags, self.key) + runs.tobytes()


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
        dated=any(word[0].isdigit() for word in wording.words[: longest_dateline(wording.unspaced)]),
        runs=array("H", [shingle & 0xFFFF for shingle in shingles]),
    )


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
    then, size, flags, key = _HEAD.unpack_from(stored)
    if then != habits & 0xFFFF:
        return None
    runs = array("H")
    runs.frombytes(stored[_HEAD.size :])
    if sys.byteorder == "big":
        runs.byteswap()
    return Sketch(
        key=key,
        size=size,
        unspaced=bool(flags & _UNSPACED),
        cut=bool(flags & _CUT),
        dated=bool(flags & _DATED),
        runs=runs,
    )
