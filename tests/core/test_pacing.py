from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.hints import Hints
from monitor.core.model import Memory, Outcome, Poll
from monitor.core.pacing import (
    JITTER,
    JITTER_MOST,
    LONGEST_PATIENCE,
    WEIGHTS,
    Pace,
    Patience,
    learnt,
    next_attempt_at,
    next_poll_at,
    weight_of,
)
from monitor.core.rhythm import Rhythm, observe
from tests import make
from tests.core.test_rhythm import MONDAY, daily, taught
from tests.make import NOW, hours, minutes

MIDDLE = 0.5  # the chance that moves nothing
QUARTER = minutes(15)
PACE = Pace(floor=minutes(1), ceiling=hours(24))
RARE = taught(daily(21, days=28, weekdays=[6]), until=NOW, since=NOW - timedelta(days=60), every=hours(3))


def wait(
    outcome: Outcome,
    *,
    reason: str | None = None,
    interval: timedelta = QUARTER,
    failures: int = 0,
    retry_at: datetime | None = None,
    chance: float = MIDDLE,
    rhythm: Rhythm = Rhythm(),  # noqa: B008
    hints: Hints = Hints(),  # noqa: B008
    everything_failing: bool = False,
) -> timedelta:
    source = make.source(interval=interval)
    memory = Memory(failures=failures)
    poll = make.poll(source, outcome=outcome, reason=reason, memory=memory, retry_at=retry_at)
    due = next_poll_at(
        poll, pace=PACE, chance=chance, rhythm=rhythm, hints=hints, everything_failing=everything_failing
    )
    return due - NOW


# ── after a success ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("outcome", [Outcome.NEW, Outcome.KNOWN, Outcome.NOT_MODIFIED])
def test_a_success_of_a_source_not_known_yet_waits_the_operators_interval(outcome: Outcome) -> None:
    assert wait(outcome) == minutes(15)
    assert PACE.floor <= wait(outcome, interval=timedelta(seconds=5)) <= PACE.floor * (1 + JITTER)
    assert wait(outcome, interval=hours(48)) == hours(48)


def test_a_success_waits_what_was_learnt_and_then_what_is_asked_for() -> None:
    plain = wait(Outcome.NOT_MODIFIED, rhythm=RARE)
    assert plain > 2 * QUARTER
    asked = wait(Outcome.NOT_MODIFIED, rhythm=RARE, hints=Hints(ttl=plain + hours(1)))
    assert asked == plain + hours(1)
    assert wait(Outcome.FAILED, reason="timeout", failures=1, hints=Hints(ttl=hours(9))) == QUARTER


def test_the_first_success_ends_all_slowing_down() -> None:
    assert wait(Outcome.FAILED, reason="address", failures=30) == hours(24)
    assert wait(Outcome.NEW, failures=0) == QUARTER


# ── after a failure ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reason", "minutes_after"),
    [
        # failures in a row: 1, 3, 6, 12
        ("timeout", (15, 25, 30, 30)),
        ("reset", (15, 25, 30, 30)),
        ("connect", (15, 25, 45, 45)),
        ("dns", (15, 60, 480, 720)),
        ("tls", (15, 60, 480, 720)),
        ("http-500", (20, 33, 45, 45)),
        ("http-503", (20, 33, 45, 45)),
        ("http-429", (22, 51, 90, 90)),
        ("http-403", (21, 41, 90, 90)),
        ("http-418", (21, 41, 90, 90)),
        ("http-404", (22, 51, 120, 120)),
        ("parse", (20, 30, 30, 30)),
        ("not-a-feed", (20, 33, 45, 45)),
        ("address", (90, 1440, 1440, 1440)),
        ("bot", (90, 1440, 1440, 1440)),
        ("bug", (30, 120, 360, 360)),
        ("never heard of", (30, 120, 720, 720)),
        (None, (30, 120, 720, 720)),
    ],
)
def test_every_kind_of_failure_has_its_own_weight(reason: str | None, minutes_after: tuple[int, ...]) -> None:
    waits = [wait(Outcome.FAILED, reason=reason, failures=failures) for failures in (1, 3, 6, 12)]
    assert tuple(round(w / minutes(1)) for w in waits) == minutes_after


def test_every_reason_that_is_raised_for_a_source_has_a_weight() -> None:
    for reason in (
        *("address", "dns", "refused-address", "connect", "tls", "timeout", "reset", "protocol", "redirect", "empty"),
        *("truncated", "encoding", "too-large", "not-a-feed", "parse", "parse-timeout", "memory", "bug"),
        *("no-preview", "not-found", "group", "bot", "user", "private"),
    ):
        assert weight_of(reason) is WEIGHTS[reason]
    assert weight_of("http-502") is WEIGHTS["http-5xx"]
    assert weight_of("http-405") is WEIGHTS["http-4xx"]
    assert all(weight.growth > 1 for weight in WEIGHTS.values())


def test_an_address_that_is_gone_is_soon_looked_at_once_a_ceiling() -> None:
    """It may have been said in the course of repairs."""
    assert [wait(Outcome.GONE, failures=failures) for failures in (1, 2, 3, 4, 99)] == [
        hours(0.75), hours(2.25), hours(6.75), hours(20.25), hours(24)
    ]  # fmt: skip


@pytest.mark.parametrize("reason", WEIGHTS)
@pytest.mark.parametrize("failures", [1, 20, 10**9])
def test_trouble_never_makes_a_slow_source_faster_nor_stops_it(failures: int, reason: str) -> None:
    assert wait(Outcome.FAILED, reason=reason, failures=failures, interval=timedelta(days=7)) == timedelta(days=7)
    assert wait(Outcome.GONE, failures=failures, interval=timedelta(days=7)) == timedelta(days=7)
    assert QUARTER <= wait(Outcome.FAILED, reason=reason, failures=failures) <= PACE.ceiling


def test_what_a_failed_poll_was_to_bring_is_not_left_until_the_next_one_by_habit() -> None:
    habit = wait(Outcome.KNOWN, rhythm=RARE)
    assert wait(Outcome.FAILED, reason="timeout", failures=1, rhythm=RARE) == QUARTER
    assert QUARTER < wait(Outcome.FAILED, reason="http-503", failures=1, rhythm=RARE) < habit
    assert wait(Outcome.FAILED, reason="http-503", failures=99, rhythm=RARE) == habit


@pytest.mark.parametrize("reason", ["timeout", "dns", "connect", "tls", "not-a-feed"])
def test_when_everything_fails_no_source_is_to_blame(reason: str) -> None:
    for failures in (1, 5, 500):
        assert wait(Outcome.FAILED, reason=reason, failures=failures, everything_failing=True) == QUARTER
    week = timedelta(days=7)
    assert wait(Outcome.FAILED, reason=reason, failures=1, interval=week, everything_failing=True) == QUARTER


@pytest.mark.parametrize("reason", ["http-404", "http-429", "address", "bug"])
def test_what_a_server_said_itself_counts_even_when_everything_else_fails(reason: str) -> None:
    alone = wait(Outcome.FAILED, reason=reason, failures=4)
    assert wait(Outcome.FAILED, reason=reason, failures=4, everything_failing=True) == alone


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        (timedelta(hours=-1), minutes(22.5)),
        (minutes(5), minutes(22.5)),
        (minutes(45), minutes(45)),
        (hours(24), hours(24)),
        (timedelta(days=3650), hours(24)),
    ],
)
def test_a_time_the_server_asked_for_is_kept_up_to_a_day(asked: timedelta, least: timedelta) -> None:
    waits = [
        wait(Outcome.FAILED, reason="http-429", failures=1, retry_at=NOW + asked, chance=chance)
        for chance in (0.0, 0.5, 0.999)
    ]
    assert waits[1] >= least
    assert waits[1] <= least + JITTER_MOST
    if asked > hours(0.7):
        assert least == waits[0] < waits[1] < waits[2], "those that wait for one host come back one after the other"


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────

chances = st.floats(0, 1, exclude_max=True)
intervals = st.timedeltas(timedelta(0), timedelta(days=3650))
moments = st.datetimes(NOW.replace(tzinfo=None, year=2000), NOW.replace(tzinfo=None, year=2100)).map(
    lambda at: at.replace(tzinfo=NOW.tzinfo)
)
BUSY = taught([MONDAY + minutes(5 * n) for n in range(600)], until=MONDAY + hours(50), since=MONDAY)
rhythms = st.sampled_from([Rhythm(), RARE, BUSY, observe(RARE, at=NOW + hours(1), new=25, entries=25, gap=True)])
hints = st.sampled_from([Hints(), Hints(ttl=hours(30)), Hints(skip_days=frozenset(range(6)))])


@st.composite
def polls(draw: st.DrawFn) -> Poll:
    return make.poll(
        make.source(interval=draw(intervals)),
        outcome=draw(st.sampled_from(Outcome)),
        reason=draw(st.none() | st.sampled_from(sorted(WEIGHTS)) | st.text(max_size=9)),
        memory=Memory(failures=draw(st.integers(0, 10_000))),
        retry_at=draw(st.none() | moments),
    )


@settings(deadline=None)
@given(polls(), chances, rhythms, hints, st.booleans())
def test_a_poll_is_never_due_too_soon_and_never_too_late(
    poll: Poll, chance: float, rhythm: Rhythm, asked: Hints, everything_failing: bool
) -> None:
    due = next_poll_at(
        poll, pace=PACE, chance=chance, rhythm=rhythm, hints=asked, everything_failing=everything_failing
    )
    ceiling = max(poll.source.interval, PACE.ceiling, LONGEST_PATIENCE)
    assert poll.finished_at + PACE.floor <= due <= poll.finished_at + ceiling + JITTER_MOST
    if poll.retry_at is not None:
        assert due >= min(poll.retry_at, poll.finished_at + LONGEST_PATIENCE)


@settings(deadline=None)
@given(polls(), chances, chances, rhythms)
def test_chance_moves_a_poll_a_little_and_always_the_same_way(
    poll: Poll, one: float, two: float, rhythm: Rhythm
) -> None:
    early, late = (next_poll_at(poll, pace=PACE, chance=chance, rhythm=rhythm) for chance in sorted((one, two)))
    assert early <= late <= early + 2 * min(JITTER_MOST, (late - poll.finished_at) * 2 * JITTER)


@settings(deadline=None)
@given(intervals, st.integers(1, 1_000), chances, st.sampled_from(sorted(WEIGHTS)), rhythms)
def test_one_more_failure_never_means_sooner(
    interval: timedelta, failures: int, chance: float, reason: str, rhythm: Rhythm
) -> None:
    waits = [
        wait(Outcome.FAILED, reason=reason, interval=interval, failures=failures + n, chance=chance, rhythm=rhythm)
        for n in (0, 1)
    ]
    assert waits[0] <= waits[1]


def test_sources_do_not_stay_in_step() -> None:
    dues = {wait(Outcome.KNOWN, chance=n / 100) for n in range(100)}
    assert len(dues) == 100
    assert max(dues) - min(dues) > minutes(2.9)


# ── learning ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_success_teaches_and_a_failure_does_not() -> None:
    before = observe(Rhythm(), at=NOW - hours(1), new=0)
    source = make.source()
    posts = [make.post("1", stated_at=NOW - minutes(20)), make.post("2")]
    brought = make.reading(make.prepared("1"), make.prepared("2"), entries=25)
    after = learnt(before, make.poll(source, outcome=Outcome.NEW, reading=brought), new=posts)
    expected = observe(before, at=NOW, new=2, moments=[NOW - minutes(20)], entries=25)
    assert after == expected
    for outcome in (Outcome.FAILED, Outcome.GONE, Outcome.POSTPONED):
        assert learnt(before, make.poll(source, outcome=outcome), new=[]) is before


def test_a_date_without_a_time_of_day_is_no_moment() -> None:
    before = observe(Rhythm(), at=MONDAY - hours(2), new=0)
    poll = make.poll(make.source(), at=MONDAY + hours(2), outcome=Outcome.NEW)
    dated = learnt(before, poll, new=[make.post("1", stated_at=MONDAY)])
    assert dated == observe(before, at=MONDAY + hours(2), new=1)


# ── delivering ─────────────────────────────────────────────────────────────────────────────────────────────

PATIENCE = Patience(attempts=22, first=timedelta(seconds=30), longest=hours(6))


def attempt_after(attempts: int, *, retry_at: datetime | None = None, chance: float = MIDDLE) -> timedelta | None:
    due = next_attempt_at(attempts=attempts, now=NOW, retry_at=retry_at, patience=PATIENCE, chance=chance)
    return None if due is None else due - NOW


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 30), (2, 60), (3, 120), (10, 15_360), (11, 21_600), (21, 21_600), (22, None), (99, None)],
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
    assert attempt_after(22, retry_at=NOW + asked) is None


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


def test_a_poll_that_was_put_off_is_made_up_for_as_soon_as_it_may_be() -> None:
    """Else every source of a domain that asked for patience would wait its own interval on top."""
    asked = NOW + minutes(10)
    put_off = make.poll(make.source(interval=hours(6)), outcome=Outcome.POSTPONED, finished_at=NOW, retry_at=asked)
    for chance in (0.0, 0.5, 0.999):
        assert asked <= next_poll_at(put_off, pace=PACE, chance=chance, rhythm=RARE) <= asked + minutes(1)
