"""Lengths of time as an operator writes them: "90s", "15m", "1h30m", "2d", "1w", or a number of seconds."""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?[wdhms])+", re.ASCII)
_PART = re.compile(r"([\d.]+)([wdhms])", re.ASCII)
_LONGEST = timedelta(days=36_500)  # a century; far from the end of the calendar when added to any date we meet

EXPECTED = 'a duration such as "30s", "15m", "1h30m" or "7d", or a number of seconds'


def duration(written: str | float) -> timedelta:
    """A length of time, zero or longer, from text or from a number of seconds.

    Units are w (7 days), d (24 hours), h, m and s, the longer before the shorter, each at most once. ValueError, a
    sentence, for anything else, for negative lengths and for more than a century.
    """
    seconds = _seconds(written)
    if not 0 <= seconds <= _LONGEST.total_seconds():  # false for NaN as well
        raise ValueError(f"{written!r} is {'negative' if seconds < 0 else 'longer than a hundred years'}")
    return timedelta(seconds=seconds)


def show(length: timedelta) -> str:
    """The shortest text that `duration` reads back as the same length, down to microseconds: "1h30m", "2d", "0s"."""
    days, rest = length.days, length.seconds
    parts = [(days, "d"), (rest // 3_600, "h"), (rest % 3_600 // 60, "m")]
    text = "".join(f"{count}{unit}" for count, unit in parts if count)
    seconds = f"{rest % 60}.{length.microseconds:06}".rstrip("0").rstrip(".")
    return text if text and seconds == "0" else f"{text}{seconds}s"


def _seconds(written: str | float) -> float:
    if isinstance(written, bool) or not isinstance(written, (str, int, float)):
        raise ValueError(f"{written!r} is not a duration")  # noqa: TRY004 - one kind of error for whoever reads input
    if not isinstance(written, str):
        return written
    text = "".join(written.split()).lower()
    if re.fullmatch(r"\d{1,12}", text, re.ASCII):
        return int(text)
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{written!r} is not a duration")
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    if units != sorted(set(units), key=list(_SECONDS).index):
        raise ValueError(f"{written!r} is not a duration: each unit once, the longest first")
    return sum(float(count) * _SECONDS[unit] for count, unit in parts)
