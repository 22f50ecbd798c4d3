from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Memory, Outcome, Poll
from monitor.core.pacing import JITTER, Pace, Patience, next_attempt_at, next_poll_at
from tests import make
from tests.make import NOW, hours, minutes

MIDDLE = 0.5  # the chance that moves nothing
QUARTER = minutes(15)
PACE = Pace(floor=minutes(1), ceiling=hours(24))


def wait(
    outcome: Outcome,
    *,
    interval: timedelta = QUARTER,
    failures: int = 0,
    retry_at: datetime | None = None,
    chance: float = MIDDLE,
) -> timedelta:
    source = make.source(interval=interval)
    poll = make.poll(source, outcome=outcome, memory=Memory(failures=failures), retry_at=retry_at)
    return next_poll_at(poll, pace=PACE, chance=chance) - NOW


# ── polling ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.KNOWN, Outcome.NOT_MODIFIED])
def test_a_success_waits_its_interval(outcome: Outcome) -> None:
    assert wait(outcome) == minutes(15)
    assert wait(outcome, interval=timedelta(seconds=5)) == minutes(1), "never more often than the floor"
    assert wait(outcome, interval=hours(48)) == hours(48)


@pytest.mark.parametrize(
    ("failures", "expected"),
    [(1, minutes(30)), (2, minutes(60)), (3, minutes(120)), (6, hours(16)), (7, hours(24)), (10**9, hours(24))],
)
def test_failures_in_a_row_double_the_interval_up_to_the_ceiling(failures: int, expected: timedelta) -> None:
    assert wait(Outcome.FAILED, failures=failures) == expected


@pytest.mark.parametrize("failures", [1, 20, 10**9])
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.GONE])
def test_trouble_never_makes_a_slow_source_faster(outcome: Outcome, failures: int) -> None:
    assert wait(outcome, failures=failures, interval=timedelta(days=7)) == timedelta(days=7)


def test_an_address_that_is_gone_is_looked_at_once_a_ceiling() -> None:
    assert wait(Outcome.GONE, failures=1) == hours(24)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (timedelta(hours=-1), minutes(30)),
        (minutes(5), minutes(30)),
        (minutes(45), minutes(45)),
        (hours(24), hours(24)),
        (timedelta(days=365), hours(24)),
    ],
)
def test_a_time_the_server_asked_for_is_kept_up_to_the_ceiling(asked: timedelta, expected: timedelta) -> None:
    assert wait(Outcome.FAILED, failures=1, retry_at=NOW + asked) == expected


chances = st.floats(0, 1, exclude_max=True)
intervals = st.timedeltas(timedelta(0), timedelta(days=3650))
moments = st.datetimes(NOW.replace(tzinfo=None, year=2000), NOW.replace(tzinfo=None, year=2100)).map(
    lambda at: at.replace(tzinfo=NOW.tzinfo)
)


@st.composite
def polls(draw: st.DrawFn) -> Poll:
    return make.poll(
        make.source(interval=draw(intervals)),
        outcome=draw(st.sampled_from(Outcome)),
        memory=Memory(failures=draw(st.integers(0, 10_000))),
        retry_at=draw(st.none() | moments),
    )


@given(polls(), chances)
def test_a_poll_is_never_due_too_soon_and_never_too_late(poll: Poll, chance: float) -> None:
    due = next_poll_at(poll, pace=PACE, chance=chance)
    own = max(poll.source.interval, PACE.floor)
    assert due >= poll.finished_at + own * (1 - JITTER)
    assert due <= poll.finished_at + max(own, PACE.ceiling) * (1 + JITTER)
    if poll.retry_at is not None:
        assert due >= min(poll.retry_at, poll.finished_at + PACE.ceiling)


@given(polls(), chances, chances)
def test_chance_moves_a_poll_by_a_tenth_at_most_and_always_the_same_way(poll: Poll, one: float, two: float) -> None:
    early, late = (next_poll_at(poll, pace=PACE, chance=chance) for chance in sorted((one, two)))
    middle = next_poll_at(poll, pace=PACE, chance=MIDDLE)
    assert early <= late
    slack = timedelta(microseconds=1)
    assert abs(late - middle) <= (middle - poll.finished_at) * JITTER + slack
    assert abs(middle - early) <= (middle - poll.finished_at) * JITTER + slack


@given(intervals, st.integers(0, 1_000), chances)
def test_one_more_failure_never_means_sooner(interval: timedelta, failures: int, chance: float) -> None:
    waits = [wait(Outcome.FAILED, interval=interval, failures=failures + n, chance=chance) for n in (0, 1)]
    assert waits[0] <= waits[1]


# ── delivering ─────────────────────────────────────────────────────────────────────────────────────────────

PATIENCE = Patience(attempts=20, first=timedelta(seconds=30), longest=hours(6))


def attempt_after(attempts: int, *, retry_at: datetime | None = None, chance: float = MIDDLE) -> timedelta | None:
    due = next_attempt_at(attempts=attempts, now=NOW, retry_at=retry_at, patience=PATIENCE, chance=chance)
    return None if due is None else due - NOW


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 30), (2, 60), (3, 120), (10, 15_360), (11, 21_600), (19, 21_600), (20, None), (99, None)],
)
def test_each_wait_is_twice_the_one_before_until_patience_runs_out(attempts: int, seconds: int | None) -> None:
    assert attempt_after(attempts) == (None if seconds is None else timedelta(seconds=seconds))


def test_with_the_defaults_a_message_is_tried_for_about_three_days() -> None:
    waits = [attempt_after(attempts) for attempts in range(1, Patience().attempts)]
    assert Patience() == PATIENCE
    assert timedelta(days=2.5) < sum((w for w in waits if w is not None), timedelta()) < timedelta(days=3.5)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(timedelta(seconds=-5), 30), (timedelta(seconds=10), 30), (minutes(10), 600), (timedelta(days=30), 86_400)],
)
def test_a_time_the_receiver_asked_for_is_kept_up_to_a_day(asked: timedelta, expected: int) -> None:
    assert attempt_after(1, retry_at=NOW + asked) == timedelta(seconds=expected)
    assert attempt_after(20, retry_at=NOW + asked) is None


@given(st.integers(1, 10_000), st.none() | moments, chances, st.integers(1, 10_000))
def test_an_attempt_is_never_due_too_soon_and_never_too_late(
    attempts: int, retry_at: datetime | None, chance: float, patience: int
) -> None:
    allowed = Patience(attempts=patience)
    due = next_attempt_at(attempts=attempts, now=NOW, retry_at=retry_at, patience=allowed, chance=chance)
    assert (due is None) == (attempts >= patience)
    if due is not None:
        assert NOW + allowed.first * (1 - JITTER) <= due
        assert due <= NOW + (allowed.longest * (1 + JITTER) if retry_at is None else timedelta(days=1))
        if retry_at is not None:
            assert due >= min(retry_at, NOW + timedelta(days=1))
