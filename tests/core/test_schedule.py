"""Due times: a table for the rules, laws for every time zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Schedule
from monitor.core.schedule import describe, next_due, parse_cron, validate


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due_times(schedule: Schedule, after: str, count: int) -> list[str]:
    moment, found = utc(after), []
    for _ in range(count):
        moment = next_due(schedule, moment)
        found.append(f"{moment:%Y-%m-%dT%H:%M}")
    return found


def daily(zone: str, *times: str, weekdays: tuple[int, ...] = ()) -> Schedule:
    return Schedule(timezone=zone, times=tuple(map(time.fromisoformat, times)), weekdays=weekdays)


def cron(line: str, zone: str = "UTC") -> Schedule:
    return Schedule(timezone=zone, cron=line)


CASES = {
    "strictly after": (daily("UTC", "07:30"), "2026-03-02T07:30", ["2026-03-03T07:30"]),
    "a moment before": (daily("UTC", "07:30"), "2026-03-02T07:29:59.999999", ["2026-03-02T07:30"]),
    "several times a day, any order": (
        daily("Asia/Kolkata", "18:00", "06:00"),
        "2026-03-02T00:00",
        ["2026-03-02T00:30", "2026-03-02T12:30", "2026-03-03T00:30"],
    ),
    "weekdays are local ones": (  # Monday 08:00 in Auckland is Sunday evening in UTC
        daily("Pacific/Auckland", "08:00", weekdays=(0,)),
        "2026-03-02T00:00",
        ["2026-03-08T19:00", "2026-03-15T19:00"],
    ),
    "gap: first moment after it": (
        daily("Europe/Vienna", "02:30"),
        "2026-03-28T00:00",
        ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"],
    ),
    "gap: two times in it are one": (
        daily("Europe/Vienna", "02:10", "02:50"),
        "2026-03-28T12:00",
        ["2026-03-29T01:00", "2026-03-30T00:10"],
    ),
    "fold: the first of two": (
        daily("Europe/Vienna", "02:30"),
        "2026-10-24T12:00",
        ["2026-10-25T00:30", "2026-10-26T01:30"],
    ),
    "fold: asked between the two": (daily("Europe/Vienna", "02:30"), "2026-10-25T01:00", ["2026-10-26T01:30"]),
    "gap of half an hour": (
        daily("Australia/Lord_Howe", "02:15"),
        "2026-10-03T00:00",
        ["2026-10-03T15:30", "2026-10-04T15:15"],
    ),
    "midnight does not exist": (
        daily("Africa/Cairo", "00:00"),
        "2026-04-22T22:30",
        ["2026-04-23T22:00", "2026-04-24T21:00"],
    ),
    "the gap ends the day": (  # Nuuk's clock went from 23:00 to midnight
        daily("America/Nuuk", "23:30"),
        "2025-03-29T12:00",
        ["2025-03-30T01:00", "2025-03-31T00:30"],
    ),
    "a date left out": (
        daily("Pacific/Apia", "07:30"),
        "2011-12-28T18:00",
        ["2011-12-29T17:30", "2011-12-30T17:30", "2011-12-31T17:30"],
    ),
    "a date left out, Kwajalein": (
        daily("Pacific/Kwajalein", "12:00"),
        "1993-08-19T12:00",
        ["1993-08-20T00:00", "1993-08-21T00:00", "1993-08-22T00:00"],
    ),
    "a weekday that was left out": (
        daily("Pacific/Apia", "07:30", weekdays=(4,)),
        "2011-12-23T00:00",
        ["2011-12-23T17:30", "2012-01-05T17:30"],
    ),
    "cron, working days": (
        cron("30 7 * * mon-fri", "Europe/Vienna"),
        "2026-07-03T00:00",
        ["2026-07-03T05:30", "2026-07-06T05:30"],
    ),
    "cron, 7 is Sunday": (cron("0 9 * * 7"), "2026-03-02T00:00", ["2026-03-08T09:00"]),
    "cron, either day": (
        cron("0 9 13 * FRI"),
        "2026-03-02T00:00",
        ["2026-03-06T09:00", "2026-03-13T09:00", "2026-03-20T09:00"],
    ),
    "cron, both days where one begins with a star": (cron("0 9 */12 * FRI"), "2026-03-02T00:00", ["2026-03-13T09:00"]),
    "cron, leap days": (cron("0 0 29 2 *"), "2096-03-01T00:00", ["2104-02-29T00:00"]),
    "cron, the rarest day: a leap day that is a Sunday": (
        cron("0 0 29 2 */7"),
        "2088-03-01T00:00",
        ["2128-02-29T00:00"],
    ),
    "cron, fixed hour in a gap": (
        cron("*/20 2 * * *", "Europe/Vienna"),
        "2026-03-28T12:00",
        ["2026-03-29T01:00", "2026-03-30T00:00"],
    ),
    "cron, fixed hour in a fold": (
        cron("*/30 2 * * *", "Europe/Vienna"),
        "2026-10-24T12:00",
        ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-26T01:00"],
    ),
    "cron, every hour across a gap": (
        cron("30 * * * *", "Europe/Vienna"),
        "2026-03-29T00:00",
        ["2026-03-29T00:30", "2026-03-29T01:30"],
    ),
    "cron, every hour across a fold": (
        cron("@hourly", "Europe/Vienna"),
        "2026-10-24T23:30",
        ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"],
    ),
    "cron, every hour across half an hour": (
        cron("0,45 * * * *", "Australia/Lord_Howe"),
        "2026-04-04T14:00",
        ["2026-04-04T14:45", "2026-04-04T15:15", "2026-04-04T15:30", "2026-04-04T16:15"],
    ),
    "cron, the clock goes back into the wanted day": (  # at 00:01 to 23:01 of the Saturday before
        cron("*/20 * * * SAT", "America/St_Johns"),
        "2006-10-29T02:00",
        ["2006-10-29T02:10", "2006-10-29T02:50", "2006-10-29T03:10", "2006-11-04T03:30"],
    ),
    "every few hours: the same local times each day, in summer and in winter": (
        Schedule(timezone="Europe/Vienna", every=timedelta(hours=6), times=(time(1),)),
        "2026-03-28T06:30",
        ["2026-03-28T12:00", "2026-03-28T18:00", "2026-03-29T00:00", "2026-03-29T05:00", "2026-03-29T11:00"],
    ),
    "every hour: what the clock skips is not lost, what it repeats comes once": (
        Schedule(timezone="Europe/Vienna", every=timedelta(hours=1)),
        "2026-10-24T23:30",
        ["2026-10-25T00:00", "2026-10-25T02:00"],
    ),
    "every few hours of working days": (
        Schedule(timezone="UTC", every=timedelta(hours=12), times=(time(6),), weekdays=(0, 1, 2, 3, 4)),
        "2026-07-03T07:00",
        ["2026-07-03T18:00", "2026-07-06T06:00"],
    ),
    "hours that do not divide a day elapse": (
        Schedule(timezone="UTC", every=timedelta(hours=36)),
        "2026-07-03T07:00",
        ["2026-07-04T12:00", "2026-07-06T00:00", "2026-07-07T12:00"],
    ),
    "every second day at a local time": (
        Schedule(timezone="Europe/Vienna", every=timedelta(days=2), times=(time(7, 30),)),
        "2026-03-27T00:00",
        ["2026-03-27T06:30", "2026-03-29T05:30", "2026-03-31T05:30"],
    ),
    "holidays of a country, of every year, and a single one": (
        Schedule(timezone="Europe/Vienna", times=(time(7),), holidays=("AT", "12-24", "2026-12-28")),
        "2026-12-23T00:00",
        ["2026-12-23T06:00", "2026-12-27T06:00", "2026-12-29T06:00", "2026-12-30T06:00", "2026-12-31T06:00"],
    ),
    "holidays of a part of a country": (
        Schedule(timezone="Europe/Berlin", times=(time(7),), holidays=("DE-BY",)),
        "2026-10-31T12:00",
        ["2026-11-02T06:00"],  # All Saints' Day
    ),
    "a pause": (
        Schedule(timezone="UTC", cron="0 */8 * * *", pauses=("2026-08-01 to 2026-08-14",)),
        "2026-07-31T15:00",
        ["2026-07-31T16:00", "2026-08-15T00:00", "2026-08-15T08:00"],
    ),
    "elapsing hours keep out of a pause": (
        Schedule(timezone="UTC", every=timedelta(hours=36), pauses=("2026-07-04 to 2026-07-06",)),
        "2026-07-03T07:00",
        ["2026-07-07T12:00"],
    ),
    "times, the clock goes back into the day before": (
        daily("America/St_Johns", "23:30", "00:00"),
        "2006-10-29T01:30",
        ["2006-10-29T02:00", "2006-10-29T02:30", "2006-10-30T03:00"],
    ),
}


@pytest.mark.parametrize(("schedule", "after", "expected"), CASES.values(), ids=CASES.keys())
def test_next_due(schedule: Schedule, after: str, expected: list[str]) -> None:
    assert due_times(schedule, after, len(expected)) == expected


FIRST, LAST = date(2024, 1, 1), date(2030, 12, 31)
Changes = tuple[tuple[datetime, timedelta], ...]
NextDue = Callable[[Schedule, datetime], datetime]


def changes_of_clock(zone: ZoneInfo) -> Changes:
    """When the zone's offset from UTC changes in these years, to the second, and what it is from then on."""
    day, end = utc("2023-12-30"), utc("2031-01-03")
    changes = [(day, offset(zone, day))]
    while day < end:
        before, after = day, day + timedelta(days=1)
        while offset(zone, after) != changes[-1][1] and after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
            before, after = (before, middle) if offset(zone, middle) != changes[-1][1] else (middle, after)
        if offset(zone, after) != changes[-1][1]:
            changes.append((after, offset(zone, after)))
        day += timedelta(days=1)
    return tuple(changes)


def offset(zone: ZoneInfo, at: datetime) -> timedelta:
    found = at.astimezone(zone).utcoffset()
    assert found is not None
    return found


def kinds_of_zones() -> dict[Changes, list[str]]:
    """Every zone of the tz database, those together whose clocks show the same at every moment of these years."""
    kinds: dict[Changes, list[str]] = {}
    for name in sorted(available_timezones()):
        kinds.setdefault(changes_of_clock(ZoneInfo(name)), []).append(name)
    return kinds


def telling_times(changes: Changes) -> set[time]:
    """Midnight, and the middle of what the clocks skip or show twice."""
    middles = ((at + (before + after) / 2) for (_, before), (at, after) in pairwise(changes))
    return {time(0, 0), *(middle.time() for middle in middles)}


def unlawful(next_due: NextDue, name: str, at: time) -> list[tuple[date, datetime]]:
    """Days of these years, with what was due, on which a daily schedule is not due once as soon as it can be."""
    zone = ZoneInfo(name)
    schedule = Schedule(timezone=name, times=(at,))
    moment, day, wrong = utc("2023-12-30"), FIRST, []
    while (moment := next_due(schedule, moment)).astimezone(zone).date() < FIRST:
        pass
    while day <= LAST:
        local, wanted = moment.astimezone(zone), datetime.combine(day, at)
        if local.replace(tzinfo=None) == wanted and local.fold == 0:
            fine = True
        else:  # then the clock skipped it, and this is the first moment that it showed again
            before = (moment - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
            fine = before < wanted < local.replace(tzinfo=None)
        if not fine:
            wrong.append((day, moment))
        day, moment = day + timedelta(days=1), next_due(schedule, moment)
    return wrong


def test_every_zone_is_due_once_on_every_day_of_seven_years() -> None:
    kinds = kinds_of_zones()
    assert sum(map(len, kinds.values())) == len(available_timezones()) > 400
    skip_midnight = 0
    for changes, (name, *_) in kinds.items():
        for at in telling_times(changes):
            assert unlawful(next_due, name, at) == [], (name, at)
        skip_midnight += any(
            (moment + before).time() == time(0, 0) and after > before
            for (_, before), (moment, after) in pairwise(changes)
        )
    assert skip_midnight, "the law is about days without a midnight as well"


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("Europe/Vienna", time(2, 0)),
        ("Europe/Vienna", time(2, 59, 59)),
        ("Europe/Vienna", time(3, 0)),
        ("Africa/Cairo", time(0, 59)),
        ("Australia/Lord_Howe", time(2, 0)),
        ("America/Nuuk", time(23, 0)),
    ],
)
def test_at_the_edges_of_what_clocks_skip_as_well(name: str, at: time) -> None:
    assert unlawful(next_due, name, at) == []


def test_the_law_finds_what_is_usually_done_wrong() -> None:
    def by_the_wall(schedule: Schedule, after: datetime) -> datetime:
        """The local time as Python takes it: in a gap as much too late as lies between its begin and this time."""
        zone, (at,) = ZoneInfo(schedule.timezone), schedule.times
        day = after.astimezone(zone).date()
        while (due := datetime.combine(day, at, tzinfo=zone).astimezone(UTC)) <= after:
            day += timedelta(days=1)
        return due

    def by_the_minute(schedule: Schedule, after: datetime) -> datetime:
        """Whenever the clock shows it: not at all in a gap, twice in an hour that comes twice."""
        zone, (at,) = ZoneInfo(schedule.timezone), schedule.times
        days = (after.astimezone(zone).date() + timedelta(days=number) for number in range(9))
        moments = (datetime.combine(day, at, tzinfo=zone).replace(fold=fold) for day in days for fold in (0, 1))
        return min(m for each in moments if (m := each.astimezone(UTC)) > after and m.astimezone(zone).time() == at)

    assert unlawful(by_the_wall, "Africa/Cairo", time(0, 30))
    assert unlawful(by_the_wall, "Europe/Vienna", time(2, 30))
    assert unlawful(by_the_minute, "Europe/Vienna", time(2, 30))
    assert not unlawful(by_the_wall, "Europe/Vienna", time(7, 30))
    assert not unlawful(by_the_minute, "Europe/Vienna", time(7, 30))


moments = st.integers(-631152000, 3786912000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))  # 1950 to 2090
zones = st.sampled_from(sorted(available_timezones()))
CLOCK_TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
fields = st.tuples(
    st.sampled_from(["*", "0", "30", "*/15", "5,50", "10-20/5"]),
    st.sampled_from(["*", "*/6", "0", "2", "1-3", "0,23"]),
    st.sampled_from(["*", "1", "31", "*/10", "28-31"]),
    st.sampled_from(["*", "3", "10,11", "JAN-APR"]),
    st.sampled_from(["*", "MON", "0", "FRI-SUN", "*/2"]),
)


@given(zones, st.sets(CLOCK_TIMES, min_size=1, max_size=3), st.sets(st.integers(0, 6)), moments)
@settings(max_examples=150, deadline=None)
def test_nothing_is_due_between_a_moment_and_the_next(
    zone: str, times: set[time], weekdays: set[int], after: datetime
) -> None:
    schedule = Schedule(timezone=zone, times=tuple(times), weekdays=tuple(weekdays))
    due = next_due(schedule, after)
    assert due > after
    assert due.tzinfo is UTC
    between = after + (due - after) / 2
    assert next_due(schedule, between) == due
    assert next_due(schedule, due - timedelta(microseconds=1)) == due


@given(zones, st.integers(1, 100), CLOCK_TIMES, st.sampled_from([(), ("AT",), ("12-25", "01-06")]), moments)
@settings(max_examples=150, deadline=None)
def test_every_few_hours_means_that_long_but_for_changes_of_the_clock_and_days_off(
    zone: str, hours: int, start: time, holidays: tuple[str, ...], after: datetime
) -> None:
    schedule = Schedule(timezone=zone, every=timedelta(hours=hours), times=(start,), holidays=holidays)
    first = next_due(schedule, after)
    second = next_due(schedule, first)
    assert next_due(schedule, first + (second - first) / 2) == second
    assert second - first >= timedelta(hours=hours) - timedelta(hours=3) or hours <= 3
    tz = ZoneInfo(zone)
    missing = abs(second.astimezone(tz).utcoffset() - first.astimezone(tz).utcoffset())
    if not holidays and not missing and 24 % hours:
        assert second - first == timedelta(hours=hours)


@given(zones, fields, moments)
@settings(max_examples=150, deadline=None)
def test_cron_agrees_with_looking_at_every_minute(zone: str, line: tuple[str, ...], after: datetime) -> None:
    schedule = cron(" ".join(line), zone)
    parsed = parse_cron(" ".join(line))
    due = next_due(schedule, after)
    tz = ZoneInfo(zone)
    start = max(after, due - timedelta(days=3))
    minute = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute < due:
        local = minute.astimezone(tz)
        shown = local.second == 0 and local.hour in parsed.hours and local.minute in parsed.minutes
        again = local.fold == 1 and not parsed.follows_the_hours
        assert not shown or again or not parsed.falls_on(local.date()), local
        minute += timedelta(minutes=1)


REFUSED = {
    "61 * * * *": "minute, character 1: '61' is not a minute; expected 0 to 59",
    "0 24 * * *": "hour, character 3: '24' is not a hour; expected 0 to 23",
    "0 7,25 * * *": "hour, character 5: '25'",
    "0 0 0 * *": "day of month, character 5: '0'",
    "0 0 * MAI *": "month, character 7: 'MAI' is not a month; expected 1 to 12, or a name from JAN to DEC",
    "0 0 * * Monday": "day of week, character 9: 'Monday'",
    "0 0 L * *": "day of month, character 5: 'L'",
    "0 0 ? * *": "day of month, character 5: '?'",
    "0 0 * * 5#2": "day of week, character 9: '5#2'",
    "1,,2 * * * *": "minute, character 3: ''",
    "*/0 * * * *": "minute, character 1: '0' is not a step; expected a number from 1 to 59",
    "*/90 * * * *": "'90' is not a step",
    "5/15 * * * *": "expected '5-59/15'",
    "50-10 * * * *": "'50-10' runs backwards",
    "-5 * * * *": "minute, character 1: ''",
    "٣ * * * *": "'٣' is not a minute",
    "0 0 30 2 *": "day of month, character 5: day 30 never comes in February",
    "0 0 31 4,6 *": "day 31 never comes in April and June",
    "* * * *": "expected five fields (minute, hour, day of month, month, day of week), found 4",
    "0 0 7 * * *": "found 6",
    "": "found 0",
    "@reboot": "expected five fields or one of @hourly, @daily",
}


@pytest.mark.parametrize(("line", "message"), REFUSED.items())
def test_cron_faults_say_where_and_what(line: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        validate(cron(line))
    assert message in str(raised.value)
    assert repr(line) in str(raised.value)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (daily("Europe/Vena", "07:30"), "'Europe/Vena' is not a time zone; did you mean 'Europe/Vienna'?"),
        (daily("Europe", "07:30"), "'Europe' is not a time zone"),
        (daily("../etc/passwd", "07:30"), "is not a time zone"),
        (daily("", "07:30"), "is not a time zone; expected a name such as 'Europe/Vienna'"),
        (daily("UTC"), "needs at least one time of day"),
        (daily("UTC", "07:30", weekdays=(7,)), "7 is not a weekday; expected 0 (Monday) to 6 (Sunday)"),
        (daily("UTC", "07:30+02:00"), "has a zone of its own"),
        (Schedule(timezone="UTC", cron="0 7 * * *", times=(time(7),)), "not both"),
        (Schedule(timezone="UTC", cron="0 7 * * *", weekdays=(1,)), "not both"),
        (Schedule(timezone="UTC", every=timedelta(minutes=90)), "expected whole hours, 1 to 744"),
        (Schedule(timezone="UTC", every=timedelta(hours=5), weekdays=(1,)), "hours that divide a day"),
        (Schedule(timezone="UTC", every=timedelta(hours=5), times=(time(1), time(2))), "counted from one time of day"),
        (replace(daily("UTC", "07:30"), holidays=("Austria",)), "'Austria' is no holiday; expected a country such as"),
        (replace(daily("UTC", "07:30"), holidays=("XX",)), "the public holidays of 'XX' are not known"),
        (replace(daily("UTC", "07:30"), holidays=("DE-BAY",)), "expected one such as DE-BY"),
        (replace(daily("UTC", "07:30"), holidays=("02-30",)), "'02-30' is no date"),
        (replace(daily("UTC", "07:30"), pauses=("August",)), "'August' is no pause; expected two dates such as"),
        (replace(daily("UTC", "07:30"), pauses=("2026-08-14 to 2026-08-01",)), "ends before it begins"),
        (Schedule(timezone="UTC", cron="0 7 24 12 *", holidays=("12-24",)), "nothing is ever due"),
    ],
)
def test_schedules_that_cannot_be(schedule: Schedule, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        validate(schedule)
    assert message in str(raised.value)
    with pytest.raises(ValueError):
        next_due(schedule, utc("2026-01-01"))


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_due(daily("UTC", "07:30"), datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (daily("Europe/Vienna", "07:30"), "every day at 07:30 Europe/Vienna"),
        (daily("UTC", "18:00", "07:30", weekdays=(0, 1, 2, 3, 4)), "Monday to Friday at 07:30 and 18:00 UTC"),
        (daily("UTC", "07:30:15", weekdays=(5, 0)), "Monday and Saturday at 07:30:15 UTC"),
        (Schedule(timezone="UTC", every=timedelta(hours=6)), "every 6 hours counted from 00:00 UTC"),
        (Schedule(timezone="UTC", every=timedelta(days=2), times=(time(7),)), "every 2 days counted from 07:00 UTC"),
        (
            replace(daily("UTC", "07:30"), holidays=("AT",), pauses=("2026-08-01 to 2026-08-14",)),
            "every day at 07:30 UTC, not on holidays (AT), not from 2026-08-01 to 2026-08-14",
        ),
        (cron("@daily"), "every day at 00:00 UTC"),
        (cron("0 7 * * 1-5"), "Monday to Friday at 07:00 UTC"),
        (cron("0 7 * * FRI-SUN"), "Friday to Sunday at 07:00 UTC"),
        (cron("0 7 * * SUN-SUN"), "Sunday at 07:00 UTC"),
        (cron("*/15 * * * *"), "every 15 minutes UTC"),
        (cron("*/15 * * * SAT"), "every 15 minutes, Saturday UTC"),
        (cron("@hourly"), "every hour UTC"),
        (cron("5 * * * *"), "minute 5 of every hour UTC"),
        (cron("0 0-9 * * *"), "minute 0 of hours 0 to 9 UTC"),
        (cron("30 7,18 1,15 * *"), "on days 1 and 15 of the month at 07:30 and 18:30 UTC"),
        (cron("0 9 13 1,7 FRI"), "on day 13 of the month and on Friday in January and July at 09:00 UTC"),
    ],
)
def test_describe(schedule: Schedule, words: str) -> None:
    assert describe(schedule) == words
