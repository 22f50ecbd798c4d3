"""Days on which nothing is due: public holidays of a country, single dates, and pauses.

A holiday is written as a country or one of its parts ("AT", "DE-BY": ISO 3166; the dates come from the `holidays`
library), as a date ("2026-12-24") or as a day of every year ("12-24"). A pause is "2026-08-01 to 2026-08-14", both days
included. All dates are local ones of the schedule's timezone.
"""

from __future__ import annotations

import difflib
import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEARLY = re.compile(r"(\d{2})-(\d{2})")
_PAUSE = re.compile(r"(\S+)\s+to\s+(\S+)")
_PLACE = re.compile(r"([A-Za-z]{2})(?:-([A-Za-z0-9]{1,5}))?")
_LEAP_YEAR = 2000  # has every day that a year can have

EXPECTED_HOLIDAY = "a country such as AT, a part of one such as DE-BY, a date 2026-12-24 or a day of each year 12-24"
EXPECTED_PAUSE = "two dates such as 2026-08-01 to 2026-08-14"


def is_holiday(name: str, day: date) -> bool:
    """Whether a holiday, as an operator writes it, is on this date. ValueError says what is wrong with the name."""
    if _DATE.fullmatch(name):
        return day == _date(name, expected=EXPECTED_HOLIDAY)
    if yearly := _YEARLY.fullmatch(name):
        _date(name, year=f"{_LEAP_YEAR}-", expected=EXPECTED_HOLIDAY)
        return (day.month, day.day) == (int(yearly[1]), int(yearly[2]))
    return day in _public(name)


def in_pause(pause: str, day: date) -> bool:
    """Whether a pause holds this date. ValueError says what is wrong with it."""
    first, last = _pause(pause)
    return first <= day <= last


@lru_cache(maxsize=256)
def _pause(pause: str) -> tuple[date, date]:
    written = _PAUSE.fullmatch(pause.strip())
    if written is None:
        raise ValueError(f"{pause!r} is no pause; expected {EXPECTED_PAUSE}")
    first, last = (_date(each, expected=EXPECTED_PAUSE) for each in written.groups())
    if last < first:
        raise ValueError(f"the pause {pause!r} ends before it begins; expected {EXPECTED_PAUSE}")
    return first, last


@lru_cache(maxsize=64)
def _public(name: str) -> HolidayBase:
    import holidays  # noqa: PLC0415 - hundreds of modules that most installations never ask for

    place = _PLACE.fullmatch(name)
    if place is None:
        raise ValueError(f"{name!r} is no holiday; expected {EXPECTED_HOLIDAY}")
    country, part = place[1].upper(), place[2].upper() if place[2] else None
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValueError(f"the public holidays of {country!r} are not known; expected {EXPECTED_HOLIDAY}")
    if part is not None and part not in known[country]:
        near = difflib.get_close_matches(part, known[country], n=1) or known[country][:1]
        meant = f"; expected one such as {country}-{near[0]}" if near else f"; {country} alone is"
        raise ValueError(f"{name!r} is no part of {country} with holidays of its own{meant}")
    return holidays.country_holidays(country, subdiv=part)


def _date(text: str, *, expected: str, year: str = "") -> date:
    try:
        return date.fromisoformat(year + text)
    except ValueError:
        raise ValueError(f"{text!r} is no date; expected {expected}") from None
