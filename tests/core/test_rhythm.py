from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.interval import interval_at
from monitor.core.rhythm import Rhythm, expected_posts, observe, seen_at_hour, seen_on_weekday
from monitor.core.silence import silence
from tests.make import NOW, hours, minutes

MONDAY = NOW.replace(hour=0, minute=0)
FLOOR, CEILING, BASE = minutes(1), hours(12), minutes(15)
WEEKS = timedelta(days=7)
HALF_HOUR = minutes(30)


def interval(rhythm: Rhythm, now: datetime, *, base: timedelta = BASE) -> timedelta:
    return interval_at(rhythm, now, floor=FLOOR, ceiling=CEILING, base=base)


def taught(
    posts: Iterable[datetime],
    *,
    until: datetime,
    since: datetime = MONDAY,
    every: timedelta = HALF_HOUR,
    dated: bool = True,
    entries: int = 25,
) -> Rhythm:
    """What polls at a fixed interval learn of a source with these posts."""
    waiting = sorted(posts)
    rhythm = observe(Rhythm(), at=since, new=0, entries=entries)
    at = since + every
    while at <= until:
        new = [post for post in waiting if post <= at and post > at - every]
        rhythm = observe(rhythm, at=at, new=len(new), moments=new if dated else (), entries=entries)
        at += every
    return rhythm


def daily(hour: float, *, days: int, weekdays: Iterable[int] = range(7)) -> list[datetime]:
    return [MONDAY + timedelta(days=day, hours=hour) for day in range(days) if day % 7 in set(weekdays)]


def poisson(rate: Callable[[datetime], float], *, most: float, until: datetime, seed: int = 1) -> list[datetime]:
    rng = random.Random(seed)
    at, posts = MONDAY, []
    while (at := at + hours(rng.expovariate(most))) < until:
        if rng.random() * most < rate(at):
            posts.append(at)
    return posts


def polls_of(rhythm: Rhythm, start: datetime, until: datetime) -> list[datetime]:
    """When the source would be polled if nothing came."""
    polls = [start]
    while polls[-1] < until:
        polls.append(polls[-1] + interval(rhythm, polls[-1]))
    return polls


# ── the interval ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("base", [minutes(1), minutes(15), hours(3)])
def test_what_is_not_known_is_polled_at_the_operators_interval(base: timedelta) -> None:
    assert interval(Rhythm(), NOW, base=base) == base
    barely = observe(Rhythm(), at=NOW, new=0)
    assert interval(barely, NOW, base=base) == pytest.approx(base, rel=0.02)


def test_the_interval_falls_with_the_root_of_the_rate() -> None:
    """Four times the posts, twice the polls: the optimum for posts that come by chance."""
    until = MONDAY + 6 * WEEKS
    slow, fast = (
        taught(poisson(lambda _, rate=rate: rate, most=rate, until=until), until=until) for rate in (0.25, 1.0)
    )
    counts = [len(polls_of(rhythm, until, until + WEEKS)) for rhythm in (slow, fast)]
    assert counts[1] / counts[0] == pytest.approx(2.0, rel=0.15)


def test_a_daily_bulletin_is_awaited_at_its_hour_with_few_polls_elsewhere() -> None:
    until = MONDAY + timedelta(days=28)
    rhythm = taught(daily(9 + 4 / 60, days=28), until=until)
    assert interval(rhythm, until + hours(9.05)) <= minutes(15)
    for start in range(0, 9 * 4):
        polls = polls_of(rhythm, until + hours(start / 4), until + hours(10))
        assert any(hours(9 + 4 / 60) <= poll - until <= hours(9.5) for poll in polls), f"slept through from {start / 4}"
    assert len(polls_of(rhythm, until + hours(10), until + hours(33))) < 40


def test_the_weekend_of_an_office_is_learnt() -> None:
    until = MONDAY + timedelta(days=28)
    office = [post for hour in (9, 11, 14, 16) for post in daily(hour + 0.4, days=28, weekdays=range(5))]
    rhythm = taught(office, until=until)
    saturday = until + timedelta(days=5)
    assert interval(rhythm, saturday + hours(10)) > 1.4 * interval(rhythm, until + hours(10))
    assert expected_posts(rhythm, until, until + timedelta(days=1)) > 3
    assert expected_posts(rhythm, saturday, saturday + timedelta(days=1)) < 1
    assert seen_on_weekday(rhythm, 6) == 0 < seen_on_weekday(rhythm, 0)
    assert seen_at_hour(rhythm, 3) == 0 < seen_at_hour(rhythm, 11)


def test_a_burst_shortens_the_interval_at_once() -> None:
    rhythm = taught(daily(9, days=14), until=MONDAY + timedelta(days=14))
    quiet = MONDAY + timedelta(days=14, hours=20)
    before = observe(rhythm, at=quiet, new=0)
    after = observe(before, at=quiet + minutes(30), new=10)
    assert interval(after, quiet + minutes(30)) < interval(before, quiet) / 3
    calm = observe(after, at=quiet + hours(8), new=0)
    assert interval(calm, quiet + hours(8)) > 2 * interval(after, quiet + minutes(30))


def test_an_overflowed_window_shortens_the_interval_strongly_and_for_days() -> None:
    rhythm = taught(daily(9, days=14), until=MONDAY + timedelta(days=14))
    at = MONDAY + timedelta(days=14, hours=4)
    overflowed = observe(rhythm, at=at, new=25, entries=25, gap=True)
    assert interval(overflowed, at) <= hours(1)
    later = observe(overflowed, at=at + hours(12), new=0)
    assert interval(later, at + hours(12)) <= hours(1.5)
    much_later = observe(later, at=at + 8 * WEEKS, new=0)
    assert much_later.limit == 0


def test_a_window_cannot_overflow_at_the_highest_rate_seen() -> None:
    until = MONDAY + timedelta(days=7)
    flood = [MONDAY + timedelta(days=1, hours=15, minutes=n) for n in range(60)]
    for entries in (10, 25, 200):
        rhythm = taught(flood, until=until, entries=entries)
        longest = max(interval(rhythm, until + hours(h)) for h in range(24))
        assert longest <= (hours(1) * entries / 60 if entries < 60 else hours(24) * entries / 60), entries


def test_habits_of_two_months_ago_fade() -> None:
    habit = daily(9, days=28)
    moved = [post + timedelta(days=28, hours=6) for post in daily(9, days=63)]
    rhythm = taught([*habit, *moved], until=MONDAY + timedelta(days=91))
    assert seen_at_hour(rhythm, 9) < 0.2 * seen_at_hour(rhythm, 15)


@pytest.mark.parametrize("dated", [True, False])
def test_the_rate_is_found_whether_posts_are_dated_or_not(dated: bool) -> None:
    until = MONDAY + timedelta(days=28)
    posts = poisson(lambda at: 2.0 if 6 <= at.hour < 18 else 0.5, most=2.0, until=until)
    rhythm = taught(posts, until=until, dated=dated, every=minutes(40))
    assert rhythm.posts_a_day == pytest.approx(30, rel=0.15)
    noon, night = (expected_posts(rhythm, until + hours(h), until + hours(h + 3)) for h in (10, 0))
    assert noon == pytest.approx(6, rel=0.25)
    assert night == pytest.approx(1.5, rel=0.35)


def test_a_first_window_tells_the_past() -> None:
    posts = [NOW - hours(3 * n + 0.5) for n in range(25)]
    pinned = [NOW - timedelta(days=900)]
    rhythm = observe(Rhythm(), at=NOW, new=26, moments=[*posts, *pinned], entries=26)
    assert rhythm.posts_a_day == pytest.approx(8, rel=0.2)
    dead = observe(Rhythm(), at=NOW, new=20, moments=[NOW - timedelta(days=400 + n) for n in range(20)])
    assert 4 * BASE < interval(dead, NOW) < 5 * BASE
    later = NOW + timedelta(days=365)
    assert 10 * BASE < interval(observe(dead, at=later, new=0), later) < 14 * BASE


@pytest.mark.parametrize("base", [BASE, hours(1)])
def test_any_source_may_speak_unforeseen(base: timedelta) -> None:
    """At night and at weekends it is left alone for four intervals at most, twice as long after three months."""
    until = MONDAY + timedelta(days=28)
    office = taught([p for h in (9, 11, 14, 16) for p in daily(h, days=28, weekdays=range(5))], until=until)
    weekend = [until + timedelta(days=5) + hours(n / 2) for n in range(96)]
    assert max(interval(office, moment, base=base) for moment in weekend) < 4 * base
    silent = observe(office, at=until + timedelta(days=84), new=0)
    assert 4 * base < interval(silent, until + timedelta(days=84, hours=3), base=base) < 7 * base


def test_moments_that_cannot_be_true_are_not_believed() -> None:
    start = observe(Rhythm(), at=NOW, new=0)
    for moment in (NOW - hours(30), NOW + timedelta(days=400)):
        honest = observe(start, at=NOW + hours(2), new=1)
        assert observe(start, at=NOW + hours(2), new=1, moments=[moment]) == honest


def test_a_poll_that_does_not_move_on_teaches_nothing() -> None:
    rhythm = observe(Rhythm(), at=NOW, new=3)
    assert observe(rhythm, at=NOW, new=5) is rhythm
    assert observe(rhythm, at=NOW - hours(1), new=5) is rhythm


def test_repeats_are_counted() -> None:
    rhythm = taught(daily(9, days=14), until=MONDAY + timedelta(days=14), every=hours(6))
    assert rhythm.share_of_repeats == pytest.approx(0.75, abs=0.03)
    assert Rhythm().share_of_repeats == 0
    assert not Rhythm().known and rhythm.known


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────

steps = st.lists(
    st.tuples(
        st.floats(1 / 3600, 200),  # hours since the last poll
        st.integers(0, 300),  # new posts
        st.booleans(),  # dated
        st.booleans(),  # gap
        st.integers(0, 100),  # entries
    ),
    max_size=12,
)


def lived(story: list[tuple[float, int, bool, bool, int]]) -> tuple[Rhythm, datetime]:
    rhythm, at = Rhythm(), NOW
    for length, new, dated, gap, entries in story:
        before, at = at, at + hours(length)
        moments = [before + (at - before) * (n + 1) / (new + 1) for n in range(new)] if dated else []
        rhythm = observe(rhythm, at=at, new=new, moments=moments, entries=entries, gap=gap)
    return rhythm, at


@settings(deadline=None)
@given(steps, st.floats(0.1, 3000), st.floats(0.1, 3000), st.floats(0.1, 3000), st.floats(0, 1000))
def test_an_interval_always_lies_between_floor_and_ceiling(
    story: list[tuple[float, int, bool, bool, int]], one: float, two: float, base: float, later: float
) -> None:
    rhythm, at = lived(story)
    floor, ceiling = minutes(min(one, two)), minutes(max(one, two))
    now = at + hours(later)
    assert floor <= interval_at(rhythm, now, floor=floor, ceiling=ceiling, base=minutes(base)) <= ceiling


@settings(deadline=None)
@given(steps)
def test_what_is_stored_is_small_and_comes_back(story: list[tuple[float, int, bool, bool, int]]) -> None:
    rhythm, at = lived(story)
    stored = rhythm.to_bytes()
    again = Rhythm.from_bytes(stored)
    assert len(stored) <= 1024
    assert again.to_bytes() == stored
    week = at + WEEKS
    assert expected_posts(again, at, week) == pytest.approx(expected_posts(rhythm, at, week), rel=0.02)


@settings(deadline=None)
@given(steps)
def test_everything_learnt_stays_finite_and_no_number_of_posts_is_negative(
    story: list[tuple[float, int, bool, bool, int]],
) -> None:
    rhythm, at = lived(story)
    assert all(math.isfinite(n) and n >= 0 for n in (*rhythm.posts, *rhythm.hours, *rhythm.minutes, rhythm.heat))
    assert max(rhythm.hours) <= 6.26
    assert expected_posts(rhythm, at, at + hours(5)) > 0
    assert 0 <= silence(rhythm, at - hours(50), at).probability <= 1


@settings(deadline=None)
@given(steps, st.floats(1, 1000), st.floats(1, 4))
def test_a_longer_base_never_means_sooner(
    story: list[tuple[float, int, bool, bool, int]], base: float, factor: float
) -> None:
    rhythm, at = lived(story)
    slack = timedelta(microseconds=5)
    assert interval(rhythm, at, base=minutes(base)) <= interval(rhythm, at, base=minutes(base * factor)) + slack


@given(st.binary(max_size=1100))
def test_bytes_of_anybody_else_are_learnt_again(garbage: bytes) -> None:
    assert Rhythm.from_bytes(garbage).to_bytes() == Rhythm().to_bytes() or len(garbage) == len(Rhythm().to_bytes())


def test_another_version_and_damage_are_learnt_again() -> None:
    stored = observe(Rhythm(), at=NOW, new=3).to_bytes()
    assert Rhythm.from_bytes(stored) != Rhythm()
    assert Rhythm.from_bytes(bytes([stored[0] + 1]) + stored[1:]) == Rhythm()
    assert Rhythm.from_bytes(stored[:-1]) == Rhythm()
    not_a_number = replace(Rhythm(), heat=math.nan).to_bytes()
    assert Rhythm.from_bytes(not_a_number) == Rhythm()


def test_intervals_follow_each_other_without_end() -> None:
    rhythm = taught(daily(9, days=28), until=MONDAY + timedelta(days=28))
    polls = polls_of(rhythm, MONDAY + timedelta(days=28), MONDAY + timedelta(days=35))
    assert all(FLOOR <= later - earlier <= CEILING for earlier, later in pairwise(polls))


@pytest.mark.parametrize("over", range(8))
def test_a_search_that_ends_a_hair_behind_five_minutes_ends(over: int) -> None:
    """The search steps from five minutes to five minutes; what is left of it then may be less than a float tells."""
    now = MONDAY + 4 * WEEKS + minutes(17)
    rhythm = taught([MONDAY + hours(n) for n in range(4 * 7 * 24)], until=now)
    ceiling = minutes(3) + timedelta(microseconds=over)
    found = interval_at(rhythm, now, floor=FLOOR, ceiling=ceiling, base=hours(3))
    assert found == pytest.approx(ceiling, abs=timedelta(milliseconds=10))
