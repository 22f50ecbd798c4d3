"""Five-field cron lines, as crontab(5) reads them: minute, hour, day of month, month, day of week.

A field is "*" or a list of numbers and ranges ("1,15", "9-17"), "*" and ranges with a step ("*/15", "9-17/2"). Months
and weekdays may be named by their first three letters; 7 is Sunday, as 0 is. Where neither day field begins with "*", a
day that fits either is meant; else both must fit. @hourly, @daily, @weekly, @monthly, @yearly stand for whole lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_HALF = ("January", "February", "March", "April", "May", "June")
_MONTHS = (*_FIRST_HALF, "July", "August", "September", "October", "November", "December")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A cron line, understood."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Monday is 0, as everywhere in this program
    follows_the_hours: bool  # the hour field begins with "*"
    either_day: bool  # neither day field begins with "*"

    def falls_on(self, day: date) -> bool:
        """Whether anything is due on this date."""
        if day.month not in self.months:
            return False
        fits = day.day in self.days, day.weekday() in self.weekdays
        return any(fits) if self.either_day else all(fits)

    def described(self) -> str:
        """In English: "every day at 07:30", "every 15 minutes", "on day 1 of the month at 09:00"."""
        when, days = self._time_in_words(), self._days_in_words()
        if when.startswith("at "):
            return f"{days or 'every day'} {when}"
        return f"{when}, {days}" if days else when

    def _time_in_words(self) -> str:
        minutes, hours = sorted(self.minutes), sorted(self.hours)
        if len(hours) < 24:
            times = [f"{hour:02}:{minute:02}" for hour in hours for minute in minutes]
            if len(times) <= 8:
                return f"at {in_words(times)}"
            return f"{_named('minute', minutes)} of {_named('hour', hours)}"
        step = 60 // len(minutes)
        if minutes == list(range(0, 60, step)) and 60 % step == 0:
            return {1: "every minute", 60: "every hour"}.get(step, f"every {step} minutes")
        return f"{_named('minute', minutes)} of every hour"

    def _days_in_words(self) -> str:
        dates = f"on {_named('day', sorted(self.days))} of the month" if len(self.days) < 31 else ""
        weekdays = days_in_words(self.weekdays) if len(self.weekdays) < 7 else ""
        joint = " and on " if self.either_day else ", if that is "
        days = f"{dates}{joint}{weekdays}" if dates and weekdays else dates or weekdays
        if len(self.months) == 12:
            return days
        return f"{days or 'every day'} in {in_words([_MONTHS[month - 1] for month in sorted(self.months)])}"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()  # for low, low + 1, …


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, tuple(month[:3].upper() for month in _MONTHS)),
    _Field("day of week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)


@lru_cache(maxsize=256)
def parse_cron(line: str) -> Cron:
    """ValueError with the character at fault (counted from 1) and what was expected; also for days that never come."""
    text = _ALIASES.get(line.strip().lower(), line)
    words = list(re.finditer(r"\S+", text))
    if line.strip().startswith("@") and text is line:
        raise ValueError(f"cron {line!r}: expected five fields or one of {', '.join(_ALIASES)}")
    if len(words) != len(_FIELDS):
        raise ValueError(
            f"cron {line!r}: expected five fields (minute, hour, day of month, month, day of week), found {len(words)}"
        )
    minutes, hours, days, months, weekdays = (
        _values(field, word[0], f"cron {line!r}, {field.name}, character {{}}", word.start() + 1)
        for field, word in zip(_FIELDS, words, strict=True)
    )
    stars = [word[0].startswith("*") for word in words]
    either_day = not stars[2] and not stars[4]
    if not either_day and all(min(days) > _LONGEST[month - 1] for month in months):
        raise ValueError(
            f"cron {line!r}, day of month, character {words[2].start() + 1}: day {min(days)} never comes in"
            f" {in_words([_MONTHS[month - 1] for month in sorted(months)])}"
        )
    return Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset((day - 1) % 7 for day in weekdays),  # Sunday is 0 there, 6 here
        follows_the_hours=stars[1],
        either_day=either_day,
    )


def _values(field: _Field, text: str, where: str, position: int) -> frozenset[int]:
    found: set[int] = set()
    for item in text.split(","):
        found.update(_item(field, item, where.format(position)))
        position += len(item) + 1
    return frozenset(found)


def _item(field: _Field, text: str, where: str) -> range:
    scope, slash, step_text = text.partition("/")
    low, dash, high = scope.partition("-")
    if scope == "*":
        first, last = field.low, field.high
    elif dash:
        first, last = _number(field, low, where), _number(field, high, where)
        if field.high == 7 and last == 0 < first:
            last = 7  # a range that ends with Sunday
    else:
        first = last = _number(field, low, where)
    if first > last:
        raise ValueError(f"{where}: {scope!r} runs backwards; expected the smaller value first")
    if not slash:
        return range(first, last + 1)
    if first == last and scope != "*" and not dash:
        raise ValueError(f"{where}: {text!r} steps through a single value; expected '{scope}-{field.high}/{step_text}'")
    if not re.fullmatch(r"[0-9]{1,4}", step_text) or not 1 <= int(step_text) <= field.high:
        raise ValueError(f"{where}: {step_text!r} is not a step; expected a number from 1 to {field.high} after '/'")
    return range(first, last + 1, int(step_text))


def _number(field: _Field, text: str, where: str) -> int:
    if text.upper() in field.names:
        return field.low + field.names.index(text.upper())
    if re.fullmatch(r"[0-9]{1,4}", text) and field.low <= int(text) <= field.high:
        return int(text)
    named = f", or a name from {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise ValueError(f"{where}: {text!r} is not a {field.name}; expected {field.low} to {field.high}{named}")


def in_words(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def days_in_words(weekdays: Iterable[int]) -> str:
    """ "Monday", "Monday to Friday", "Monday, Wednesday and Friday"; Monday is 0."""
    days = sorted(set(weekdays))
    if len(days) == 7:
        return "every day"
    if len(days) > 2 and all(after - before == 1 for before, after in pairwise(days)):
        return f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}"
    return in_words([WEEKDAYS[day] for day in days])


def _named(noun: str, numbers: list[int]) -> str:
    if len(numbers) > 2 and all(after - before == 1 for before, after in pairwise(numbers)):
        return f"{noun}s {numbers[0]} to {numbers[-1]}"
    return f"{noun}{'s' if len(numbers) > 1 else ''} {in_words([str(number) for number in numbers])}"
