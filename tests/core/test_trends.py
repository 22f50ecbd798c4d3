"""What is called unusual, and what is not: by hand and by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Trend, Trends
from monitor.core.trends import ALL, ENOUGH, Key, days_before, span, trends, unusual

UNTIL = datetime(2026, 3, 4, 6, 30, tzinfo=UTC)  # a Wednesday
SCO: Key = ("organisation", "sco")
NAMES = {SCO: "SCO"}


def compared(
    posts: int,
    usual: Callable[[date], int],
    *,
    known: int = 28,
    length: timedelta = timedelta(days=1),
    until: datetime = UNTIL,
) -> Trends:
    since = until - length
    days = days_before(since)
    before = {day: {ALL: 400, SCO: usual(day)} if n >= 28 - known else {ALL: 0} for n, day in enumerate(days)}
    return trends(
        {ALL: 400, SCO: posts}, before, since=since, until=until, names=NAMES, facets=["organisation", "region"]
    )


def six(_day: date) -> int:
    return 6


def working_days(day: date) -> int:
    return 20 if day.weekday() < 5 else 2


@pytest.mark.parametrize(
    ("posts", "usual", "expected", "odd"),
    [
        (6, six, 6.0, False),
        (11, six, 6.0, False),  # not twice as much
        (14, six, 6.0, True),
        (0, six, 6.0, False),  # six posts less are chance
        (0, lambda _: 12, 12.0, True),
        (4, lambda _: 30, 30.0, True),
        (4, lambda _: 0, 0.0, False),  # too few for a word
        (6, lambda _: 0, 0.0, True),
        (40, lambda day: 38 if day.day % 7 == 1 else 6, 6.0, True),
        (40, lambda day: 45 if day.day % 5 == 1 else 6, 6.0, False),  # such days come more than once a month
    ],
)
def test_against_the_usual_day(posts: int, usual: Callable[[date], int], expected: float, odd: bool) -> None:
    [trend] = compared(posts, usual).tags or [Trend(facet="", slug="", label="", posts=0, usual=expected)]
    assert trend.usual == pytest.approx(expected)
    assert trend.unusual is odd


def test_weekdays_are_compared_with_their_like() -> None:
    sunday = datetime(2026, 3, 8, tzinfo=UTC)
    [trend] = compared(20, working_days, until=sunday + timedelta(days=1)).tags
    assert trend.usual == 2.0
    [trend] = compared(20, working_days, until=sunday - timedelta(days=1)).tags
    assert trend.usual == 20.0
    monday_morning = datetime(2026, 3, 9, 6, tzinfo=UTC)
    [trend] = compared(7, working_days, until=monday_morning).tags
    assert trend.usual == pytest.approx(0.75 * 2 + 0.25 * 20)
    [trend] = compared(100, working_days, length=timedelta(days=7)).tags
    assert trend.usual == pytest.approx(5 * 20 + 2 * 2)


def test_one_great_day_does_not_make_the_others_quiet() -> None:
    def summit(day: date) -> int:
        return 200 if day == date(2026, 2, 18) else 12  # a Wednesday too

    [trend] = compared(12, summit).tags
    assert (trend.usual, trend.unusual) == (12.0, False)


def test_nothing_is_unusual_while_the_weeks_before_are_unknown() -> None:
    assert compared(60, six, known=ENOUGH).tags[0].unusual
    assert not compared(60, six, known=ENOUGH - 1).tags[0].unusual
    early = compared(60, six, known=6)
    assert (early.days, early.tags[0].usual, early.total.usual) == (6, None, None)
    assert unusual(early) == ()


def test_what_stands_in_the_headline_is_the_furthest_from_the_usual_the_total_first() -> None:
    since = UNTIL - timedelta(days=1)
    keys = [("organisation", slug) for slug in ("a", "b", "c", "hidden")]
    usually = {ALL: 100, **dict.fromkeys(keys, 10)}
    found = trends(
        {ALL: 300, keys[0]: 30, keys[1]: 90, keys[2]: 10, keys[3]: 500},
        dict.fromkeys(days_before(since), usually),
        since=since,
        until=UNTIL,
        names={key: key[1].upper() for key in keys[:3]},
        facets=["organisation"],
    )
    assert [trend.slug for trend in found.tags] == ["b", "a", "c"]
    assert [trend.slug for trend in unusual(found)] == ["", "b", "a"]


@given(st.integers(0, 10**6), st.integers(0, 100 * 24))
def test_the_time_compared_is_a_day_to_a_week_and_its_days_lie_before_it(minutes: int, hours: int) -> None:
    until = UNTIL + timedelta(minutes=minutes)
    begin, end = span(until - timedelta(hours=hours), until)
    assert end == until
    assert timedelta(days=1) <= end - begin <= timedelta(days=7)
    days = days_before(begin)
    assert len(set(days)) == 28
    assert max(days) == begin.date() - timedelta(days=1)


def poisson(chance: random.Random, mean: float) -> int:
    count, passed = 0, chance.expovariate(1)
    while passed < mean:
        count, passed = count + 1, passed + chance.expovariate(1)
    return count


def test_chance_is_hardly_ever_called_unusual_and_a_threefold_day_nearly_always() -> None:
    chance = random.Random(11)
    false, found, tries = 0, 0, 1500
    for n in range(tries):
        mean = (2.0, 6.0, 25.0)[n % 3]
        before = {day: poisson(chance, mean) for day in days_before(UNTIL - timedelta(days=1))}
        false += any(trend.unusual for trend in compared(poisson(chance, mean), before.__getitem__).tags)
        if mean > 5:
            found += compared(poisson(chance, 3 * mean), before.__getitem__).tags[0].unusual
    assert false <= tries * 0.01
    assert found >= tries * 2 / 3 * 0.9
