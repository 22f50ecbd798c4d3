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
    for is kept, but never beyond the ceiling. An address that is gone is looked at once a ceiling.
    """
    interval = max(poll.source.interval, pace.floor)
    if poll.outcome is Outcome.GONE:
        interval = pace.ceiling
    elif poll.outcome is Outcome.FAILED:
        doublings = min(poll.memory.failures, 20)  # enough for any ceiling, and no overflow
        interval = min(interval * 2**doublings, max(pace.ceiling, interval))
    due = poll.finished_at + interval * (1 + JITTER * (2 * chance - 1))
    if poll.retry_at is not None:
        due = max(due, min(poll.retry_at, poll.finished_at + pace.ceiling))
    return due


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message is tried."""

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=6)
    give_up_after: timedelta = timedelta(days=3)  # since the message was made


def next_attempt_at(
    *, attempts: int, created_at: datetime, now: datetime, retry_at: datetime | None, patience: Patience, chance: float
) -> datetime | None:
    """When a message whose attempt number `attempts` has just failed is tried again; None when patience has run out.

    Each wait is three times the one before, up to the longest, moved by up to a tenth either way. A time the receiver
    asked for is kept up to the day on which patience runs out.
    """
    wait = min(patience.first * 3 ** min(attempts - 1, 20), patience.longest)
    due = now + wait * (1 + JITTER * (2 * chance - 1))
    if retry_at is not None:
        due = max(due, retry_at)
    return due if due <= created_at + patience.give_up_after else None
