from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from monitor.core.rhythm import Rhythm, observe
from monitor.core.silence import silence
from tests.core.test_rhythm import MONDAY, daily, poisson, taught
from tests.make import NOW, hours, minutes

LEARNT = MONDAY + timedelta(days=56)
OFFICE = [post for hour in (9, 10, 11, 14, 15, 16) for post in daily(hour + 0.4, days=56, weekdays=range(5))]


def test_an_agency_that_stops_is_noticed_within_a_day_and_a_usual_pause_is_not() -> None:
    rhythm = taught(poisson(lambda _: 3.0, most=3.0, until=LEARNT), until=LEARNT)
    assert not silence(rhythm, LEARNT - hours(2), LEARNT).unusual
    later = LEARNT + hours(18)
    assert silence(observe(rhythm, at=later, new=0), LEARNT, later).unusual


def test_the_night_and_the_weekend_of_an_office_are_not_silence() -> None:
    rhythm = taught(OFFICE, until=LEARNT)  # the last post was on Friday at 16:24, it is Monday 00:00
    friday = LEARNT - timedelta(days=2, hours=7.6)
    assert not silence(rhythm, friday, LEARNT + hours(9)).unusual
    wednesday = LEARNT + timedelta(days=2, hours=18)
    gone = observe(rhythm, at=wednesday, new=0)
    assert silence(gone, friday, wednesday).unusual


def test_a_weekly_bulletin_may_miss_once_but_not_for_two_months() -> None:
    until = MONDAY + timedelta(days=140)
    rhythm = taught(daily(9, days=140, weekdays=[2]), until=until, every=hours(2))
    last = until - timedelta(days=4, hours=15)
    assert not silence(rhythm, last, until + timedelta(days=10)).unusual
    later = until + timedelta(days=60)
    quiet = taught_on(rhythm, since=until, until=later)
    assert silence(quiet, last, later).unusual


def test_silence_does_not_become_normal_by_lasting() -> None:
    rhythm = taught(OFFICE, until=LEARNT)
    since = LEARNT - timedelta(days=2, hours=7.6)
    for weeks in (1, 2, 4, 8):
        later = LEARNT + timedelta(days=7 * weeks)
        assert silence(taught_on(rhythm, since=LEARNT, until=later), since, later).unusual, f"after {weeks} weeks"


@pytest.mark.parametrize("days", [0, 1, 7])
def test_a_new_source_is_never_silent(days: int) -> None:
    posts = [MONDAY + hours(n / 2) for n in range(48 * days)]
    until = MONDAY + timedelta(days=days)
    rhythm = taught(posts, until=until)
    assert not silence(rhythm, until, until + timedelta(days=300)).unusual
    assert silence(Rhythm(), NOW - timedelta(days=300), NOW).probability == 1


def test_a_source_that_comes_in_bursts_is_given_longer_than_a_regular_one() -> None:
    regular = taught(daily(9, days=56), until=LEARNT)
    occasions = [MONDAY + timedelta(days=day) for day in (0, 1, 2, 3, 4, 20, 21, 22, 23, 40, 41, 42, 54, 55)]
    bursty = [at + minutes(9 * n) for at in occasions for n in range(4)]
    irregular = taught(bursty, until=LEARNT)
    later = LEARNT + timedelta(days=9)
    one, other = (silence(taught_on(r, since=LEARNT, until=later), LEARNT, later) for r in (regular, irregular))
    assert one.unusual
    assert not other.unusual
    assert one.probability < other.probability


def test_the_longer_the_less_probable() -> None:
    rhythm = taught(OFFICE, until=LEARNT)
    probabilities = [silence(rhythm, LEARNT, LEARNT + hours(h)).probability for h in range(0, 100, 5)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[0] == 1


def taught_on(rhythm: Rhythm, *, since: datetime, until: datetime) -> Rhythm:
    """The same source, quiet from `since` to `until`."""
    at = since
    while at < until:
        at += hours(3)
        rhythm = observe(rhythm, at=at, new=0)
    return rhythm
