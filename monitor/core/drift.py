"""How far a source's stated times are off, learnt from when its posts appear.

A post that a poll shows for the first time was published after the poll before it, so what it states, less the moment
of either poll, bounds the error of the source's clock. One post proves little: it may have been planned for later, or
come late. Several that agree give an estimate. Offsets of clocks are rarely crooked: local time written as if it were
UTC is off by whole or half hours.

The stated time is kept as it is stated. The estimate is for putting posts in order (`stories.moment`), and for a
warning.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_VERSION = 1
_KEPT = 16  # newest observations; older ones may be from before the clocks were changed
_ENOUGH = 4
_SHARE = 0.8  # of the observations must agree, and among them the newest
_NEWEST = 3

_WIDEST = timedelta(hours=6)  # between two polls; further apart they say too little
_FURTHEST = timedelta(hours=27)  # no zone is further off, a day's error included; beyond lie dates of another kind
_LATE = (0, 10, 30)  # minutes that a post may appear after it was published and still bear witness: none, some, many
_LEAST = 5  # minutes; less is no fault worth a word
_NEAR = 60  # minutes
_LEAST_BEHIND = 60  # minutes; dates behind by less are those of posts that appear late
_IN_THE_FUTURE = 10  # minutes
_ROUNDING = 1  # minute, that each bound may be off

Bounds = tuple[int, int]
"""Minutes between which the offset lies, by one observation: stated time less this poll, and less the one before."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What is learnt of one source's clock. `Drift()` knows nothing; `observe` gives the next one."""

    observed: tuple[Bounds, ...] = ()  # oldest first

    def to_bytes(self) -> bytes:
        """For storing: at most 65 bytes, the first is the version."""
        numbers = [number for bounds in self.observed for number in bounds]
        return struct.pack(f"<B{len(numbers)}h", _VERSION, *numbers)

    @staticmethod
    def from_bytes(stored: bytes) -> Drift:
        """What `to_bytes` gave; what has another version or is damaged is learnt again."""
        count, rest = divmod(len(stored) - 1, 4)
        if not stored or rest or stored[0] != _VERSION or count > _KEPT:
            return Drift()
        numbers = struct.unpack(f"<{2 * count}h", stored[1:])
        return Drift(tuple(zip(numbers[::2], numbers[1::2], strict=True)))


def observe(
    drift: Drift, stated: Iterable[datetime | None], *, polled_at: datetime, previous_at: datetime | None
) -> Drift:
    """`drift` after a poll that showed posts not known before, which state these times.

    `previous_at` is the last poll before this one that read the source, None where there was none: what the first poll
    shows may be of any age. Dates without a time of day say nothing of the clock. However many posts a poll shows, it
    is one observation: they may all have been released by one hand.
    """
    if previous_at is None or not timedelta() < polled_at - previous_at <= _WIDEST:
        return drift
    usable = sorted(at for at in stated if at is not None and _has_time(at) and abs(at - polled_at) <= _FURTHEST)
    if not usable:
        return drift
    at = usable[len(usable) // 2]
    bounds = (_minutes(at - polled_at), _minutes(at - previous_at))
    return replace(drift, observed=(*drift.observed, bounds)[-_KEPT:])


def estimate(drift: Drift) -> timedelta | None:
    """How far the source's times run ahead (positive) or behind; None while nothing is wrong or nothing is certain.

    At least four observations must agree, four in five of all, and the newest three among them: after a change of
    clocks the older ones are given up one by one. Whole and half hours are preferred, then quarters.
    """
    for count in range(len(drift.observed), _ENOUGH - 1, -1):
        newest = drift.observed[-count:]
        agreed = [_agreed(newest, late=late) for late in _LATE]
        if (roughly := agreed[1]) is None:
            continue
        minutes = _roundest(agreed[0], roughly, agreed[2] or roughly)
        certain = minutes >= _LEAST or (minutes <= -_LEAST_BEHIND and _is_never_punctual(drift, minutes))
        return timedelta(minutes=minutes) if certain else None
    return None


def warning(drift: Drift) -> str | None:
    """What an operator should know of a source's dates, as a sentence without its capital; None where all is well."""
    offset = estimate(drift)
    if offset is not None:
        minutes = _minutes(offset)
        direction = "ahead" if minutes > 0 else "behind"
        said = f"its dates run {_spelt(abs(minutes))} {direction}"
        if minutes % 30 == 0:
            return (
                f"{said}, as if local time (UTC{_zone(minutes)}) were written as UTC: {_zone(minutes)} is allowed for"
            )
        return f"{said}: allowed for when posts are put in order"
    future = [low for low, _ in drift.observed if low > _IN_THE_FUTURE]
    if len(future) >= _ENOUGH and 2 * len(future) > len(drift.observed):
        return (
            "its dates often lie in the future, by changing amounts: its posts are put in order by when they were seen"
        )
    return None


def _agreed(observed: Sequence[Bounds], *, late: int) -> Bounds | None:
    """The minutes that most observations allow, where these are enough."""
    intervals = [(low - _ROUNDING, high + _ROUNDING + late) for low, high in observed]
    best: Bounds | None = None
    most = 0
    for start, _ in intervals:
        highs = [high for low, high in intervals if low <= start <= high]
        if len(highs) > most:
            most, best = len(highs), (start, min(highs))
    if best is None or most < max(_ENOUGH, _SHARE * len(intervals)):
        return None
    if not all(low <= best[0] <= high for low, high in intervals[-_NEWEST:]):
        return None
    return best


def _roundest(exact: Bounds | None, roughly: Bounds, tardily: Bounds) -> int:
    """The likeliest of the minutes agreed on; 0 where that is among them."""
    if roughly[0] <= 0 <= roughly[1]:
        return 0
    tried = [(60, exact), (60, roughly), (30, exact), (30, roughly), (15, exact)]
    if roughly[0] >= _NEAR:  # off by a zone, of a source whose posts appear late
        tried += [(60, tardily), (30, tardily)]
    for step, agreed in tried:
        if agreed is not None and (first := -(-agreed[0] // step) * step) <= agreed[1]:
            return first
    return sum(exact or roughly) // 2


def _is_never_punctual(drift: Drift, minutes: int) -> bool:
    """Whether the source is never seen to be less behind.

    Behind by hours is what posts look like, too, that appear hours late; but these appear earlier at times. Where polls
    are hours apart the two cannot be told from each other.
    """
    return all(low <= minutes + _ROUNDING and high - low <= _NEAR for low, high in drift.observed)


def _has_time(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def _minutes(duration: timedelta) -> int:
    return round(duration.total_seconds() / 60)


def _spelt(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def _zone(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return ("+" if minutes > 0 else "\u2212") + str(hours) + (f":{rest:02}" if rest else "")
