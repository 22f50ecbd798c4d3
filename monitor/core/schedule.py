"""When a subscription is due next: the only place where a subscription's local time is computed.

Clocks are put forward and back; what that means for a schedule is decided here, once, much as cron(8) decides it:

- Times of day, and cron lines that name their hours, happen once for each local day. A time that the clock skips is due
  at the first moment after the gap; a time that comes twice is due the first time.
- Cron lines whose hour begins with "*" follow the hours as they pass: none in a gap, twice in an hour that comes twice.
- "Every N hours" means the same local times each day where N divides a day, every few days where it is whole days, and
  else hours as they elapse.
- A date that a zone left out (Apia had no 30 December 2011) is nobody's day: nothing is due on it.
- On holidays and in pauses nothing is due. What arrives meanwhile stands in the next edition.

What fell due while nobody was looking is not made up for: whoever was away asks for what is due after now.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from monitor.core.cron import Cron, days_in_words, in_words, parse_cron
from monitor.core.daysoff import in_pause, is_holiday
from monitor.core.model import Schedule

__all__ = ["describe", "next_due", "parse_cron", "validate"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)

# The rarest day that a line can name, 29 February on one weekday, is 40 years away at most (across a year like 2100).
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_HORIZON = 41 * 366

_LONGEST_EVERY = 31 * _DAY


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """The first moment strictly after `after` at which the schedule is due; both aware, the answer in UTC.

    ValueError for a schedule that `validate` refuses, for one whose every day is a holiday or in a pause, and for a
    naive `after`.
    """
    if after.tzinfo is None:
        raise ValueError(f"next_due needs an aware time, not {after.isoformat()}")
    _validate_parts(schedule)
    zone, start = _zone(schedule.timezone), after.astimezone(UTC)
    if schedule.every is not None:
        return _first_every(schedule, schedule.every, zone, start)
    if schedule.cron is None:
        return _first_on_days(_working(schedule, _on_weekdays(schedule)), schedule.times, zone, start)
    cron = parse_cron(schedule.cron)
    if cron.follows_the_hours:
        return _first_by_the_hours(cron, _working(schedule, cron.falls_on), zone, start)
    times = tuple(time(hour, minute) for hour in cron.hours for minute in cron.minutes)
    return _first_on_days(_working(schedule, cron.falls_on), times, zone, start)


def due_after(schedule: Schedule, after: datetime) -> datetime:
    """As `next_due`; NEVER where a pause without an end has begun, or nothing is due any more for another reason."""
    try:
        return next_due(schedule, after)
    except ValueError:
        return NEVER


def validate(schedule: Schedule) -> None:
    """ValueError with a sentence saying what is wrong, where in a cron line, and what was expected."""
    _validate_parts(schedule)
    if schedule.holidays or schedule.pauses:
        next_due(schedule, datetime(2020, 1, 1, tzinfo=UTC))


def _validate_parts(schedule: Schedule) -> None:
    _zone(schedule.timezone)
    for name in schedule.holidays:
        is_holiday(name, date(2026, 1, 1))
    for pause in schedule.pauses:
        in_pause(pause, date(2026, 1, 1))
    if schedule.cron is not None:
        if schedule.times or schedule.weekdays or schedule.every:
            raise ValueError("a schedule has either times and weekdays, hours to wait, or a cron line, not both")
        parse_cron(schedule.cron)
        return
    if schedule.every is not None:
        _validate_every(schedule, schedule.every)
    elif not schedule.times:
        raise ValueError("a schedule needs at least one time of day such as 07:30, or a cron line")
    for at in schedule.times:
        if at.tzinfo is not None:
            raise ValueError(f"the time {at.isoformat()} has a zone of its own; the schedule's is {schedule.timezone}")
    for day in schedule.weekdays:
        if day not in range(7):
            raise ValueError(f"{day} is not a weekday; expected 0 (Monday) to 6 (Sunday)")


def _validate_every(schedule: Schedule, every: timedelta) -> None:
    if every < _HOUR or every % _HOUR or every > _LONGEST_EVERY:
        raise ValueError(f"{every} is no interval for digests; expected whole hours, 1 to {_LONGEST_EVERY // _HOUR}")
    if len(schedule.times) > 1:
        raise ValueError("hours to wait are counted from one time of day, not from several")
    if schedule.weekdays and _DAY % every:
        raise ValueError("weekdays go with hours that divide a day: 1, 2, 3, 4, 6, 8, 12 or 24")


def describe(schedule: Schedule) -> str:
    """In English: "every day at 07:30 Europe/Vienna", "Monday to Friday at 07:30 and 18:00 UTC"."""
    words = _rhythm(schedule)
    if schedule.holidays:
        words += f", not on holidays ({', '.join(schedule.holidays)})"
    if schedule.pauses:
        words += f", not from {in_words([*schedule.pauses])}"
    return words


def _rhythm(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return f"{parse_cron(schedule.cron).described()} {schedule.timezone}"
    if schedule.every is not None:
        hours = schedule.every // _HOUR
        often = "every hour" if hours == 1 else f"every {hours} hours"
        if hours % 24 == 0:
            often = "every day" if hours == 24 else f"every {hours // 24} days"
        days = f", {days_in_words(schedule.weekdays)}" if schedule.weekdays else ""
        return f"{often} counted from {_count_from(schedule):%H:%M} {schedule.timezone}{days}"
    times = in_words([f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}" for at in sorted(set(schedule.times))])
    return f"{days_in_words(schedule.weekdays or range(7))} at {times} {schedule.timezone}"


def _working(schedule: Schedule, wanted: Callable[[date], bool]) -> Callable[[date], bool]:
    """`wanted`, but for holidays and pauses."""
    if not schedule.holidays and not schedule.pauses:
        return wanted

    def working(day: date) -> bool:
        return (
            wanted(day)
            and not any(in_pause(pause, day) for pause in schedule.pauses)
            and not any(is_holiday(name, day) for name in schedule.holidays)
        )

    return working


def _on_weekdays(schedule: Schedule) -> Callable[[date], bool]:
    weekdays = frozenset(schedule.weekdays or range(7))
    return lambda day: day.weekday() in weekdays


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a directory such as "Europe"
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        meant = f"; did you mean {near[0]!r}?" if near else "; expected a name such as 'Europe/Vienna'"
        raise ValueError(f"{name!r} is not a time zone{meant}") from None


# ── once for each local day ────────────────────────────────────────────────────────────────────────────────


def _first_on_days(
    wanted: Callable[[date], bool], times: tuple[time, ...], zone: ZoneInfo, start: datetime
) -> datetime:
    # From the day before: what its clock skipped may be due on the morning after. And not content with the first day
    # that has something: where clocks go back just after midnight, the next day begins before this one ends.
    today = start.astimezone(zone).date()
    days = (today + _DAY * offset for offset in range(-1, _HORIZON))
    due = (moments for day in days if wanted(day) and (moments := _moments(day, times, zone, start)))
    found = min((moment for moments in islice(due, 2) for moment in moments), default=None)
    if found is None:
        raise _never_due()
    return found


def _never_due() -> ValueError:
    return ValueError("nothing is ever due: each day of the schedule is a holiday or falls into a pause")


def _moments(day: date, times: tuple[time, ...], zone: ZoneInfo, start: datetime) -> list[datetime]:
    found = (_moment(datetime.combine(day, at), zone) for at in times)
    return [moment for moment in found if moment is not None and moment > start]


def _moment(local: datetime, zone: ZoneInfo) -> datetime | None:
    """When a local clock first shows this or, if it skips it, the first moment after; None on a date left out."""
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    # In a gap the two folds apply the offsets from before and after it (PEP 495), so the change lies between the two.
    before, after = local.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    if after - before >= _DAY:
        return None
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    new_offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).utcoffset() == new_offset:
            after = middle
        else:
            before = middle
    return after


# ── as the hours pass ──────────────────────────────────────────────────────────────────────────────────────


def _first_every(schedule: Schedule, every: timedelta, zone: ZoneInfo, start: datetime) -> datetime:
    begin = _count_from(schedule)
    if _DAY % every == timedelta():
        midnight = datetime.combine(date.min, begin)
        times = tuple((midnight + every * number).time() for number in range(_DAY // every))
        return _first_on_days(_working(schedule, _on_weekdays(schedule)), times, zone, start)
    if every % _DAY == timedelta():
        days = every // _DAY
        return _first_on_days(_working(schedule, lambda day: day.toordinal() % days == 0), (begin,), zone, start)
    working = _working(schedule, lambda _day: True)
    anchor = datetime.combine(date(1970, 1, 1), begin, tzinfo=zone).astimezone(UTC)
    moment = anchor + every * ((start - anchor) // every + 1)
    horizon = moment + _DAY * _HORIZON
    while not working(moment.astimezone(zone).date()):
        moment += every
        if moment > horizon:
            raise _never_due()
    return moment


def _count_from(schedule: Schedule) -> time:
    return schedule.times[0] if schedule.times else time.min


def _first_by_the_hours(cron: Cron, wanted: Callable[[date], bool], zone: ZoneInfo, start: datetime) -> datetime:
    moment = start.replace(microsecond=0) + _SECOND
    while True:
        local = moment.astimezone(zone)
        if local.second:  # offsets of long ago were not whole minutes
            moment += _SECOND * (60 - local.second)
        elif not wanted(local.date()):
            moment = _next_day(wanted, zone, moment)
        elif local.hour not in cron.hours:
            moment += _MINUTE * (60 - local.minute)
        elif local.minute not in cron.minutes:
            later = (minute for minute in cron.minutes if minute > local.minute)
            moment += _MINUTE * (min(later, default=60) - local.minute)
        else:
            return moment


def _next_day(wanted: Callable[[date], bool], zone: ZoneInfo, moment: datetime) -> datetime:
    """A moment from which to look further, with nothing due before it; on `moment`'s own date nothing is."""
    local = moment.astimezone(zone)
    if local.hour == 0:  # the clock may yet go back into the day before, which may be wanted: look closely
        return moment + _MINUTE
    days = (local.date() + _DAY * offset for offset in range(1, _HORIZON))
    starts = (_moment(datetime.combine(day, time.min), zone) for day in days if wanted(day))
    following = next((start for start in starts if start is not None), None)
    if following is None:
        raise _never_due()
    return max(following, moment + _MINUTE)
