"""Which of many texts cannot be like one, told from their sketches all at once.

Texts that share a key are mostly two statements all the same, and as good as always differ so clearly that counting
what their sketches have in common tells it: it is never less than what the texts have in common. The few that are left
are compared word by word (`core.likeness`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.core.likeness import CONTAINED_OF_FEW, FEW, OPENING, Limits
from monitor.core.ownwords import DATELINE, MIN_WORDS, in_words, shingle_length
from monitor.core.sketch import Sketch

Shares = NDArray[np.float64]
Marks = NDArray[np.bool_]
Numbers = NDArray[np.int64]

_AT_ONCE = 300_000
"""Shingles that are counted at once: more would not fit into the processor's cache."""


def surely_two(one: Sketch, others: Sequence[Sketch], limits: Limits) -> list[bool]:
    """Of each of `others` whether its `likeness` to the first text is None for certain."""
    return each_surely_two([(one, others)], limits)[0]


def each_surely_two(asked: Sequence[tuple[Sketch, Sequence[Sketch]]], limits: Limits) -> list[list[bool]]:
    """`surely_two` of many texts, each with its others: a call for each would cost more than the counting."""
    texts = _Texts(sketch for one, others in asked for sketch in (one, *others))
    found: list[list[bool]] = []
    part: list[tuple[Sketch, Sequence[Sketch]]] = []
    shingles = 0
    for one, others in asked:
        part.append((one, others))
        shingles += sum([len(other.runs) for other in others]) // 2 + len(others) * one.length
        if shingles > _AT_ONCE:
            found += _told(texts, part, limits)
            part, shingles = [], 0
    return found + _told(texts, part, limits)


class _Texts:
    """What is counted with of each of several texts, as arrays."""

    def __init__(self, sketches: Iterable[Sketch]) -> None:
        each = {id(sketch): sketch for sketch in sketches}  # most are asked about repeatedly
        self._at = dict(zip(each, range(len(each)), strict=True))
        of = list(each.values())
        self._held = of  # so that no other is given the identity of one of them
        self.key = np.frombuffer(b"".join([sketch.key for sketch in of]), "<u8")
        self.size = np.array([sketch.size for sketch in of], np.int64)
        self.length = np.array([sketch.length for sketch in of], np.int64)
        self.run = np.array([shingle_length(sketch.unspaced) for sketch in of], np.int64)
        self.opening = np.array([in_words(OPENING, unspaced=sketch.unspaced) for sketch in of], np.int64)
        dateline = [in_words(DATELINE, unspaced=sketch.unspaced) if sketch.dated else 0 for sketch in of]
        self.fewest = self.length + self.run - 1 - np.array(dateline, np.int64)  # words, less a dateline
        self.breaks_off = np.array([sketch.cut for sketch in of], np.bool_) & (self.size < MIN_WORDS)

    def places(self, sketches: Iterable[Sketch]) -> Numbers:
        """Where they stand in the arrays."""
        at = self._at
        return np.array([at[id(sketch)] for sketch in sketches], np.int64)


def _told(texts: _Texts, asked: Sequence[tuple[Sketch, Sequence[Sketch]]], limits: Limits) -> list[list[bool]]:
    numbers = [len(others) for _, others in asked]
    here = np.repeat(texts.places(one for one, _ in asked), numbers)
    there = texts.places(other for _, others in asked for other in others)
    few = np.minimum(texts.size[here], texts.size[there]) < MIN_WORDS
    surely = few & ~texts.breaks_off[here] & ~texts.breaks_off[there]
    same = texts.key[here] == texts.key[there]
    surely &= ~same
    left = ~few & ~same
    if left.any():
        marked = iter(left.tolist())
        counted = [(one, [other for other in others if next(marked)]) for one, others in asked]
        surely[left] = _by_shares(texts, counted, here[left], there[left], limits)
    known = iter(surely.tolist())
    return [[next(known) for _ in range(number)] for number in numbers]


def _by_shares(
    texts: _Texts, asked: Sequence[tuple[Sketch, Sequence[Sketch]]], here: Numbers, there: Numbers, limits: Limits
) -> Marks:
    smaller = np.minimum(texts.size[here], texts.size[there])
    covered_here, covered_there = _shared(texts, asked, here, there)
    share, back = covered_here.of_words(), covered_there.of_words()
    least, most = np.minimum(share, back), np.maximum(share, back)
    contained = np.where(smaller >= FEW, limits.contained, max(limits.contained, CONTAINED_OF_FEW))
    surely: Marks = (most < contained) & ((least < limits.rewritten) | (smaller < 2 * OPENING))
    unsure = (most < contained) & ~surely
    if unsure.any():
        shares = covered_here.of_openings(unsure), covered_there.of_openings(unsure)
        surely[unsure] = np.minimum(*shares) < limits.opening
        pairs = [(one, other) for one, others in asked for other in others]
        for at in np.flatnonzero(unsure & ~surely).tolist():
            surely[at] = not _numbers_may_agree(*pairs[at], limits.numbers)
    return surely


def _numbers_may_agree(one: Sketch, other: Sketch, limit: float) -> bool:
    here, there = ([each.numbers[at : at + 2] for at in range(0, len(each.numbers), 2)] for each in (one, other))
    alike = set(here) & set(there)
    return len(alike) + len(here) - len(set(here)) >= limit * min(len(here), len(there))


@dataclass(frozen=True, slots=True)
class _Covered:
    """Of pairs of texts, how much of the one is in the other at most.

    A word is shared that is in a shingle which both have. So of shingles that both have and that follow upon each other
    the last brings as many words as it is long, each other one.
    """

    texts: _Texts
    of: Numbers  # the text of each pair that is looked at
    marks: Marks  # of the shingles of these texts, one after the other, which the other text of the pair has

    def of_words(self) -> Shares:
        """Shares of all its words."""
        return _shares(self.marks, self.texts.length[self.of], self.texts.run[self.of], self.texts.fewest[self.of])

    def of_openings(self, pairs: Marks) -> Shares:
        """Shares of its first words, of the pairs that are marked."""
        of = self.of[pairs]
        lengths, words = self.texts.length[of], self.texts.opening[of]
        marks = self.marks[np.repeat(pairs, self.texts.length[self.of])]
        marks &= np.arange(len(marks)) < np.repeat(_starts(lengths) + words, lengths)
        return _shares(marks, lengths, self.texts.run[of], words)


def _shares(marks: Marks, lengths: Numbers, runs: Numbers, words: Numbers) -> Shares:
    starts = _starts(lengths)
    begins = marks.copy()
    begins[1:] &= ~marks[:-1]
    begins[starts] = marks[starts]
    counted = np.add.reduceat(marks, starts, dtype=np.int32)
    stretches = np.add.reduceat(begins, starts, dtype=np.int32)
    shares: Shares = (counted + (runs - 1) * stretches) / words
    return shares


def _starts(lengths: Numbers) -> Numbers:
    starts: Numbers = np.cumsum(lengths) - lengths
    return starts


def _shared(
    texts: _Texts, asked: Sequence[tuple[Sketch, Sequence[Sketch]]], of_here: Numbers, of_there: Numbers
) -> tuple[_Covered, _Covered]:
    """What each text shares with each of its others, and they with it."""
    place = np.full(1 << 16, -1, np.int16)  # of each shingle in a text: the last, where it is there repeatedly
    found, again = [], []
    for one, others in asked:
        if not others:
            continue
        mine = np.frombuffer(one.runs, "<u2")
        place[mine] = np.arange(len(mine), dtype=np.int16)
        found.append(place[np.frombuffer(b"".join([other.runs for other in others]), "<u2")])
        again.append((place[mine], len(others)))
        place[mine] = -1
    at = np.concatenate(found)
    there = at >= 0
    here = np.zeros(int(texts.length[of_here].sum()), np.bool_)
    here[(np.repeat(_starts(texts.length[of_here]), texts.length[of_there]) + at)[there]] = True
    begin = 0
    for places, number in again:
        end = begin + len(places) * number
        if (places[1:] <= places[:-1]).any():  # some of its shingles are there repeatedly
            here[begin:end] = here[begin:end].reshape(number, len(places))[:, places].ravel()
        begin = end
    return _Covered(texts, of_here, here), _Covered(texts, of_there, there)
