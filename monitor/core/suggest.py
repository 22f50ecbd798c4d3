"""The valid name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_ALIKE = 0.6  # difflib's own measure; below this a suggestion puzzles more than it helps


def nearest(name: str, candidates: Iterable[str], *, alike: float = _ALIKE) -> str:
    """The candidate most like `name`, or "" where none is alike enough. Case and kind of separator weigh little.

    `alike` is the least acceptable likeness, from 0 (anything) to 1 (the same letters). Of equally near candidates the
    first in alphabetical order is taken, so that a message does not change from run to run.
    """
    wanted = _plain(name)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)  # the expensive half, prepared once
    best, found = alike, ""
    for candidate in sorted(set(candidates)):
        matcher.set_seq1(_plain(candidate))
        # The two quick ratios are upper bounds: most candidates never reach the slow one.
        if matcher.real_quick_ratio() < best or matcher.quick_ratio() < best:
            continue
        ratio = matcher.ratio()
        if ratio > best or (ratio == best and not found):
            best, found = ratio, candidate
    return found


def one_of(names: Iterable[str]) -> str:
    """Names as a list in a sentence: "a", "a or b", "a, b or c"."""
    listed = list(names)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} or {listed[-1]}"


def _plain(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


_SEPARATORS = str.maketrans("-. /", "____")
