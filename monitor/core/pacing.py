"""When a source or a message is tried again: pure arithmetic, chance handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.model import Outcome, Poll

JITTER = 0.1  # share of the interval by which polls are moved, so that sources never stay in step


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slow polling may become."""

    floor: timedelta = timedelta(minutes=1)  # no source is polled more often, whatever its interval says
    ceiling: timedelta = timedelta(hours=24)  # a failing source is tried at least this often: it never stops for ever


def next_poll_at(poll: Poll, *, pace: Pace, chance: float) -> datetime:
    """When the source of a finished poll is due next.

    `chance` is uniform in [0, 1). Failures in a row double the interval up to the ceiling; a time that the server asked
    for is kept, but never beyond the ceiling. An address that is gone is looked at once a ceiling. A source whose own
    interval is longer than the ceiling keeps that interval.
    """
    interval = max(poll.source.interval, pace.floor)
    if poll.outcome is Outcome.GONE:
        interval = max(pace.ceiling, interval)
    elif poll.outcome is Outcome.FAILED and interval < pace.ceiling:
        doublings = min(poll.memory.failures, 20)  # enough for any ceiling, and no overflow
        interval = min(interval * (1 << doublings), pace.ceiling)
    due = poll.finished_at + interval * (1 + JITTER * (2 * chance - 1))
    if poll.retry_at is not None:
        due = max(due, min(poll.retry_at, poll.finished_at + pace.ceiling))
    return due


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message is tried."""

    attempts: int = 20  # with the waits below: about three days
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=6)


def next_attempt_at(
    *, attempts: int, now: datetime, retry_at: datetime | None, patience: Patience, chance: float
) -> datetime | None:
    """When a message whose attempt number `attempts` has just failed is tried again; None when patience has run out.

    Each wait is twice the one before, up to the longest, moved by up to a tenth either way. A time that the receiver
    asked for is kept, but never beyond a day.
    """
    if attempts >= patience.attempts:
        return None
    wait = min(patience.first * (1 << min(attempts - 1, 30)), patience.longest)
    due = now + wait * (1 + JITTER * (2 * chance - 1))
    if retry_at is not None:
        due = max(due, min(retry_at, now + timedelta(days=1)))
    return due
