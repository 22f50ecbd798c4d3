"""Which of many runs of characters stand in a text, found in one go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick, Implementation

_LONGEST = 12  # characters of a run that are looked for: enough to be rare, too few for many inside each other
_WINDOW = 20_000  # characters that are looked at before it is seen whether there is anything left to find
_SMALL = 600  # runs up to which the faster automaton, which takes more memory, is afforded


class Runs:
    """Runs of characters that are looked for together."""

    def __init__(self, runs: Sequence[str]) -> None:
        beginnings: defaultdict[str, list[int]] = defaultdict(list)
        for number, run in enumerate(runs):
            beginnings[run[:_LONGEST]].append(number)
        self._numbers = list(beginnings.values())
        kind = Implementation.DFA if len(beginnings) <= _SMALL else Implementation.ContiguousNFA
        self._automaton = AhoCorasick(beginnings, implementation=kind)

    def maybe_in(self, text: str) -> set[int]:
        """The numbers of all runs that stand in a text, and of some that only begin as one that does."""
        found: set[int] = set()
        for start in range(0, len(text), _WINDOW):
            window = text[start : start + _WINDOW + _LONGEST]
            hits = self._automaton.find_matches_as_indexes(window, overlapping=True)
            found.update([number for number, _, _ in hits])
            if len(found) == len(self._numbers):  # a text that repeats itself tells nothing new
                break
        return {number for at in found for number in self._numbers[at]}
