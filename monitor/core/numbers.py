"""Which numbered posts of a source are not there to be read.

Telegram numbers the messages of a channel without leaving a number out, so a page of them shows by itself what is
missing between them. Two things look alike at first sight and are kept apart: a number that was never seen (deleted
before it could be read, or no message for the public) and one that was seen and is not shown any more (withdrawn).
Both are information: what could be read was read. Numbers that no page covered yet are neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.core.model import Numbered

MOST_RANGES = 200  # remembered for each source; the oldest go first
WIDEST = 2_000  # numbers between the first and the last of one page; a page that claims more proves nothing


@dataclass(frozen=True, slots=True)
class Absent:
    """Numbers that are missing, first and last included."""

    first: int
    last: int
    withdrawn: bool  # shown once; else never seen
    found_at: datetime | None  # None: missing already when the source was polled for the first time

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}\u2013{self.last}"


def learnt(known: Mapping[str, Any], pages: Sequence[Numbered], *, at: datetime, first: bool) -> dict[str, Any]:
    """What is known of a source's numbers after a poll that read these pages, newest first. For storing, as JSON.

    `first` says that nothing was read before: what is missing then went missing before anybody looked.
    """
    before = _expanded(known.get("shown", ()))
    missing = {
        number: (each.withdrawn, each.found_at) for each in absent(known) for number in range(each.first, each.last + 1)
    }
    for page in pages:
        if page.last - page.first > WIDEST:
            continue
        shown = set(page.shown)
        candidates = set(range(page.first, page.last + 1))
        if page.newest:
            candidates |= {number for number in before if number > page.last}
        for number in candidates - shown:
            missing.setdefault(number, (number in before, None if first else at))
        for number in shown:
            missing.pop(number, None)
    newest = next((page.shown for page in pages if page.newest), None)
    ranges = list(_ranges(missing))[-MOST_RANGES:]
    return {
        "shown": _contracted(newest) if newest is not None else known.get("shown", []),
        "absent": [[a.first, a.last, a.withdrawn, a.found_at and a.found_at.isoformat()] for a in ranges],
    }


def absent(known: Mapping[str, Any]) -> tuple[Absent, ...]:
    """The numbers that are missing, lowest first, of what `learnt` gave."""
    return tuple(
        Absent(first, last, withdrawn, datetime.fromisoformat(found).astimezone(UTC) if found else None)
        for first, last, withdrawn, found in known.get("absent", ())
    )


def _ranges(missing: Mapping[int, tuple[bool, datetime | None]]) -> Iterator[Absent]:
    start: int | None = None
    for number in sorted(missing):
        start = number if start is None else start
        if missing.get(number + 1) != missing[number]:
            yield Absent(start, number, *missing[number])
            start = None


def _expanded(ranges: Iterable[Sequence[int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


def _contracted(numbers: Iterable[int]) -> list[list[int]]:
    return [[each.first, each.last] for each in _ranges(dict.fromkeys(numbers, (False, None)))]
