"""When a source or a message is tried again: pure arithmetic, chance handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.hints import Hints, honoured
from monitor.core.interval import interval_at
from monitor.core.model import Outcome, Poll, Post
from monitor.core.rhythm import Rhythm, observe

JITTER = 0.1  # share of the wait by which polls are moved, so that sources never stay in step, …
JITTER_MOST = timedelta(minutes=3)  # … but no more than this, or the usual hour of a post would be missed
OWN_TROUBLE = timedelta(minutes=15)  # while nothing can be reached at all, sources are tried at least this often
LONGEST_PATIENCE = timedelta(days=1)  # that a server's Retry-After is kept; it may say ten years


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast and how slow polling may become."""

    floor: timedelta = timedelta(minutes=1)  # no source is polled more often, whatever its interval says
    ceiling: timedelta = timedelta(hours=24)  # every source is tried at least this often: none stops for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How much one kind of failure slows polling down."""

    growth: float  # the wait after each further failure in a row, times the one before
    longest: timedelta = timedelta(days=365)  # that the wait becomes, where the ceiling is not nearer
    reached: bool = True  # the server answered: the first wait is longer already
    ours: bool = False  # can be our own network's fault when everything fails
    lasting: bool = False  # over only when somebody changes something: told at the first failure


# A wait that grows by g is at most g - 1 times what the trouble has lasted: that is how late its end may be noticed.
# What passes by itself is asked for every half hour or hour at least: that is a burden to nobody.
_BRIEF = Weight(growth=1.3, longest=timedelta(minutes=30), reached=False, ours=True)
_UNREADABLE = Weight(growth=1.3, longest=timedelta(minutes=30), ours=True)
_REFUSED = Weight(growth=1.4, longest=timedelta(minutes=90))
_BUSY = Weight(growth=1.3, longest=timedelta(minutes=45))
_MISSING = Weight(growth=1.5, longest=timedelta(hours=2), lasting=True)
_GONE = Weight(growth=3.0, lasting=True)  # said for good, but also by servers that are being repaired
_OPERATOR = Weight(growth=6.0, lasting=True)

WEIGHTS = {
    # nothing came back: usually over within the hour
    "timeout": _BRIEF,
    "reset": _BRIEF,
    "truncated": _BRIEF,
    "connect": Weight(growth=1.3, longest=timedelta(minutes=45), reached=False, ours=True),
    "protocol": Weight(growth=1.3, longest=timedelta(minutes=45), reached=False, ours=True),
    # a name or a certificate: somebody there has to repair it
    "dns": Weight(growth=2.0, longest=timedelta(hours=12), reached=False, ours=True),
    "tls": Weight(growth=2.0, longest=timedelta(hours=12), reached=False, ours=True),
    # the server is there and cannot
    "http-5xx": _BUSY,
    "http-408": _BUSY,
    "http-425": _BUSY,
    # the server is there and does not want to
    "http-429": Weight(growth=1.5, longest=timedelta(minutes=90)),
    "http-401": _REFUSED,
    "http-403": _REFUSED,
    "http-451": _REFUSED,
    "http-404": _MISSING,
    "http-4xx": _REFUSED,
    "redirect": _REFUSED,
    # something came that is not what it should be: an error page, a feed cut short
    "empty": _UNREADABLE,
    "parse": _UNREADABLE,
    "not-a-feed": Weight(growth=1.3, longest=timedelta(minutes=45), ours=True),
    "encoding": _UNREADABLE,
    "parse-timeout": _REFUSED,  # costs us most
    "memory": _REFUSED,
    "too-large": _REFUSED,
    # no waiting helps before the operator or the owner changes something
    "address": _OPERATOR,
    "refused-address": _OPERATOR,
    "no-preview": _MISSING,
    "not-found": _MISSING,
    "private": _MISSING,
    "group": _OPERATOR,
    "bot": _OPERATOR,
    "user": _OPERATOR,
    # our own
    "bug": Weight(growth=2.0, longest=timedelta(hours=6)),
}
_UNKNOWN = Weight(growth=2.0, longest=timedelta(hours=12))


def weight_of(reason: str | None) -> Weight:
    """The weight of a SourceError's reason: its own, else that of its hundred ("http-5xx"), else a middling one."""
    reason = reason or ""
    return WEIGHTS.get(reason) or WEIGHTS.get(reason[:6] + "xx", _UNKNOWN)


def learnt(
    rhythm: Rhythm, poll: Poll, *, new: Sequence[Post], gap: bool = False, ahead: timedelta = timedelta()
) -> Rhythm:
    """The rhythm after a poll, of whose posts `new` were not known before. Failed or put off, it teaches nothing.

    `ahead` is how far the source's clock is known to run ahead (negative: behind), see core.drift.
    """
    if poll.outcome in {Outcome.FAILED, Outcome.GONE, Outcome.POSTPONED}:
        return rhythm
    moments = [post.stated_at - ahead for post in new if post.stated_at is not None and has_time_of_day(post.stated_at)]
    entries = poll.reading.entries if poll.reading else 0
    return observe(rhythm, at=poll.finished_at, new=len(new), moments=moments, entries=entries, gap=gap)


def next_poll_at(
    poll: Poll,
    *,
    pace: Pace,
    chance: float,
    rhythm: Rhythm = Rhythm(),  # noqa: B008 - frozen
    hints: Hints = Hints(),  # noqa: B008 - frozen
    everything_failing: bool = False,
) -> datetime:
    """When the source of a finished poll is due next.

    `rhythm` is what is learnt of the source, this poll included; `hints` what it asks for; `chance` uniform in [0, 1).
    `everything_failing` says that hardly any source can be read: then it is our own network, and no source is to blame.

    A success waits the learnt interval, longer where hints ask for it. Failures in a row make the wait grow by the
    weight of the last one, never beyond the ceiling; the first success ends that. A time that the server asked for is
    kept, but never beyond a day. A source whose own interval is longer than the ceiling keeps that interval.
    """
    base = max(poll.source.interval, pace.floor)
    ceiling = max(pace.ceiling, base)
    now = poll.finished_at
    habit = interval_at(rhythm, now, floor=pace.floor, ceiling=ceiling, base=base)
    if poll.outcome in {Outcome.FAILED, Outcome.GONE}:
        wait = _after_failure(poll, habit=habit, base=base, ceiling=ceiling, everything_failing=everything_failing)
    else:
        wait = honoured(hints, habit, now=now, ceiling=ceiling, rhythm=rhythm)
    either_way = min(wait * JITTER, JITTER_MOST)
    due = now + max(wait - either_way, pace.floor) + 2 * chance * either_way
    if poll.retry_at is not None:
        asked = min(poll.retry_at, now + LONGEST_PATIENCE)
        asked += chance * min(JITTER_MOST, max(asked - now, timedelta()) * JITTER)
        # A poll that was put off did not take place: the source does not wait its interval once more.
        due = max(now + pace.floor, asked) if poll.outcome is Outcome.POSTPONED else max(due, asked)
    return due


def _after_failure(
    poll: Poll, *, habit: timedelta, base: timedelta, ceiling: timedelta, everything_failing: bool
) -> timedelta:
    weight = _GONE if poll.outcome is Outcome.GONE else weight_of(poll.reason)
    if everything_failing and weight.ours:
        return min(base, OWN_TROUBLE)
    # What this poll was to bring still waits: it is tried after the operator's interval, not after a learnt long night.
    first = min(habit, base)
    failures = max(poll.memory.failures, 1)
    exponent = min(failures - 1 if not weight.reached else failures, 60)  # 60 reaches any ceiling without an overflow
    grown = max(first.total_seconds(), 1.0) * weight.growth**exponent
    longest = max(weight.longest, habit)
    return min(timedelta(seconds=min(grown, longest.total_seconds())), ceiling)


def has_time_of_day(moment: datetime) -> bool:
    """A midnight to the second is a date without a time more often than a moment."""
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message is tried."""

    attempts: int = 22  # with the waits below: about three days
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
