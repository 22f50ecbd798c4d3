"""Which of many texts cannot be like one, told from their sketches all at once.

Texts that share a key are mostly two statements all the same, and as good as always differ so clearly that counting
what their sketches have in common tells it: it is never less than what the texts have in common. The few that are left
are compared word by word (`core.likeness`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.core.likeness import CONTAINED_OF_FEW, FEW, OPENING, Limits
from monitor.core.ownwords import DATELINE, MIN_WORDS, in_words, shingle_length
from monitor.core.sketch import Sketch

Shares = NDArray[np.float64]
Marks = NDArray[np.bool_]


def surely_two(one: Sketch, others: Sequence[Sketch], limits: Limits) -> list[bool]:
    """Of each of `others` whether its `likeness` to the first text is None for certain."""
    told: list[bool | None] = [_by_size_and_key(one, other) for other in others]
    left = [other for other, known in zip(others, told, strict=True) if known is None]
    if not left:
        return [bool(known) for known in told]
    found = iter(_by_shares(one, left, limits))
    return [next(found) if known is None else known for known in told]


def _by_size_and_key(one: Sketch, other: Sketch) -> bool | None:
    """What is known without counting; None where shares decide."""
    if one.key == other.key:
        return False
    if min(one.size, other.size) < MIN_WORDS:
        return not any(each.size < MIN_WORDS and each.cut for each in (one, other))
    return None


def _by_shares(one: Sketch, others: Sequence[Sketch], limits: Limits) -> list[bool]:
    smaller = np.minimum(one.size, [other.size for other in others])
    contained = np.where(smaller >= FEW, limits.contained, max(limits.contained, CONTAINED_OF_FEW))
    shared = _Shared(one, others)
    here, there = shared.here(), shared.there()
    least, most = np.minimum(here, there), np.maximum(here, there)
    surely = (most < contained) & ((least < limits.rewritten) | (smaller < 2 * OPENING))
    unsure = (most < contained) & ~surely
    if unsure.any():
        begin_alike = np.minimum(shared.here(beginnings=True), shared.there(beginnings=True)) >= limits.opening
        for at in np.flatnonzero(unsure).tolist():
            surely[at] = not (begin_alike[at] and _numbers_may_agree(one, others[at], limits.numbers))
    found: list[bool] = surely.tolist()
    return found


def _numbers_may_agree(one: Sketch, other: Sketch, limit: float) -> bool:
    here, there = ([each.numbers[at : at + 2] for at in range(0, len(each.numbers), 2)] for each in (one, other))
    alike = set(here) & set(there)
    return len(alike) + len(here) - len(set(here)) >= limit * min(len(here), len(there))


class _Shared:
    """What one text shares with each of others: at most which share of its words, and of theirs.

    A word is shared that is in a shingle which both have. So of shingles that both have and that follow upon each other
    the last brings as many words as it is long, each other one.
    """

    def __init__(self, one: Sketch, others: Sequence[Sketch]) -> None:
        self._one, self._others = one, others
        mine = np.frombuffer(one.runs, "<u2")
        theirs = np.frombuffer(b"".join(other.runs for other in others), "<u2")
        self._lengths = np.array([other.length for other in others])
        self._starts = np.cumsum(self._lengths) - self._lengths
        place = np.full(1 << 16, -1, np.int16)  # of each shingle in this text: the last, where it is there repeatedly
        place[mine] = np.arange(len(mine))
        at = place[theirs]
        self._there: Marks = at >= 0
        whose = np.repeat(np.arange(len(others)), self._lengths)
        marks = np.zeros((len(others), len(mine)), np.bool_)
        marks[whose[self._there], at[self._there]] = True
        self._here: Marks = marks[:, place[mine]]

    def here(self, *, beginnings: bool = False) -> Shares:
        """Of the one text; with `beginnings` of its first words alone."""
        run, words = shingle_length(self._one.unspaced), _fewest_words(self._one)
        marks = self._here
        if beginnings:
            words = _opening(self._one)
            marks = marks[:, :words]
        stretches = marks[:, 0] + (marks[:, 1:] > marks[:, :-1]).sum(axis=1)
        shares: Shares = (marks.sum(axis=1) + (run - 1) * stretches) / words
        return shares

    def there(self, *, beginnings: bool = False) -> Shares:
        """Of each of the others."""
        runs = np.array([shingle_length(other.unspaced) for other in self._others])
        words = np.array([_opening(other) if beginnings else _fewest_words(other) for other in self._others])
        marks = self._there
        if beginnings:
            within = np.arange(len(marks)) - np.repeat(self._starts, self._lengths)
            marks = marks & (within < np.repeat(words, self._lengths))
        begins = marks.copy()
        begins[1:] &= ~marks[:-1]
        begins[self._starts] = marks[self._starts]
        counted = np.add.reduceat(marks, self._starts, dtype=np.int64)
        stretches = np.add.reduceat(begins, self._starts, dtype=np.int64)
        shares: Shares = (counted + (runs - 1) * stretches) / words
        return shares


def _opening(of: Sketch) -> int:
    return in_words(OPENING, unspaced=of.unspaced)


def _fewest_words(of: Sketch) -> int:
    """Words of a text, without a dateline if it may have one."""
    words = of.length + shingle_length(of.unspaced) - 1
    return words - in_words(DATELINE, unspaced=of.unspaced) if of.dated else words
