"""Dates where they stand in running text, in the ways that news pages of many languages write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.core.dates import parse_date, without_era

_GAP = r"[\s,]{0,4}"  # parts of a date in one line, or one below the other as on a calendar sheet
_WORD = r"(?:[^\W\d_]|(?!\d)[\u0900-\u0dff\u0e30-\u0e4e\u0eb0-\u0ece\u1000-\u109f\u1780-\u17ff]){3,14}"
_DAY = r"(?<![\d.:/-])\d{1,2}(?:st|nd|rd|th|er|º|ª|\.)?"
_YEAR = r"(?:19|20)\d\d(?!\d)"
_DATES = re.compile(
    "|".join(
        (
            rf"(?P<iso>(?<![\d-]){_YEAR}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d))",
            r"(?P<era>(?:令和|平成|昭和|民[國国])\s?(?:元|\d{1,3})\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日"
            r"|(?<![A-Za-z])[RHS]\d{1,2}\.\d{1,2}\.\d{1,2}(?!\d))",
            # In Chinese numerals, Vietnamese, Mongolian, of the Levant, of Iran's calendar, of Thailand's years, Czech.
            r"(?P<numerals>[〇零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)",
            rf"(?P<thang>(?<!\d)\d{{1,2}} tháng \d{{1,2}},? (?:năm )?{_YEAR})",
            rf"(?P<ony>(?<!\d){_YEAR} оны \d{{1,2}} ?(?:дугаар |дүгээр )?сарын \d{{1,2}}(?!\d))",
            rf"(?P<levant>(?<!\d)\d{{1,2}} (?:كانون|تشرين) ال(?:أ|ا|ث)\w{{2,4}} {_YEAR})",
            rf"(?P<solar>(?<!\d)\d{{1,2}} {_WORD}(?: ماه)?[ ،]{{1,2}}[1۱][34۳۴]\d\d(?!\d))",
            rf"(?P<buddhist>(?<!\d)\d{{1,2}} (?:{_WORD}|[ก-ฮ]{{1,2}}\.[ก-ฮ]\.) 25\d\d(?!\d))",
            rf"(?P<spaced>(?<![\d.])\d{{1,2}}\. \d{{1,2}}\. {_YEAR})",
            r"(?P<cjk>\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일])",
            r"(?P<cjk_yearless>(?<!\d)\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일])",
            rf"(?P<big_endian>(?<![\d./-]){_YEAR}(?P<s>[./-])\s?\d{{1,2}}(?P=s)\s?\d{{1,2}}(?![\d]))",
            r"(?P<numeric>(?<![\d./-])\d{1,2}(?P<n>[./-])\d{1,2}(?P=n)(?:(?:19|20)\d\d|\d\d)(?![\d/-]))",
            rf"(?P<day_first>{_DAY}{_GAP}(?:de |of |d['’]|/|-)?{_WORD}\.?{_GAP}(?:de |del |/|-)?{_YEAR})",
            rf"(?P<month_first>(?<![^\W\d_]){_WORD}\.?{_GAP}\d{{1,2}}(?:st|nd|rd|th)?[\s,]{{1,4}}{_YEAR})",
            rf"(?P<year_first>(?<!\d){_YEAR}\.?{_GAP}{_WORD}\.?{_GAP}\d{{1,2}}(?!\d))",
            rf"(?P<month_only>(?<![^\W\d_]){_WORD}\.?{_GAP}{_YEAR})",
            rf"(?P<yearless>{_DAY}[ \n]{_WORD}|(?<![^\W\d_]){_WORD}\.?[ \n]\d{{1,2}}(?:st|nd|rd|th)?(?!\d))",
        )
    )
)
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{2,4})")
_ALONE = (
    12  # characters beside a date without a year, at most: "8月19日付" is one, "Section 5 may" in a sentence is not
)
_SOON = timedelta(days=14)  # an event announced for next week; anything later was last year


@dataclass(frozen=True, slots=True, kw_only=True)
class Dateline:
    """A date found in a text: text[start:end] is how it is written."""

    start: int
    end: int
    words: str  # as written, on one line
    published: str | None  # as `core.dates.parse_date` reads it; None for a month without a day
    moment: datetime | None


def datelines(text: str, *, now: datetime) -> list[Dateline]:
    """Every date in `text`, in order. `now` bounds them, and says the year where none is written.

    A line end counts as a space, for dates set on several lines. Dates without a year count where they stand alone in
    their line. Years of eras and dates without a year are handed on as ISO 8601, the others as written.
    """
    found: list[Dateline] = []
    at = 0
    while (match := _DATES.search(text, at)) is not None:
        at = match.start() + 1  # what turns out to be none may hide the beginning of one
        words = " ".join(match[0].split())
        kind = next(name for name in match.groupdict() if match[name] is not None and len(name) > 1)
        if kind in {"yearless", "cjk_yearless"} and not _stands_alone(text, match.start(), match.end()):
            continue
        published = _as_readable(words, kind, now)
        moment = parse_date(published, now=now) if published else None
        if moment is None:
            continue
        at = match.end()
        exact = kind != "month_only"
        found.append(
            Dateline(
                start=match.start(),
                end=match.end(),
                words=words,
                published=published if exact else None,
                moment=moment if exact else None,
            )
        )
    return found


def month_comes_first(dates: Sequence[Dateline]) -> bool:
    """Whether dates such as 10/08/2024 put the month first: what a single one does not tell, a list of them does.

    A number above 12 decides; else the order in which the list stands, where only one reading makes it an order.
    """
    numeric = [match for each in dates if (match := _NUMERIC.fullmatch(each.words))]
    if not numeric or any(int(match[1]) > 12 for match in numeric):
        return False
    if any(int(match[3]) > 12 for match in numeric):
        return True
    american = [(match[4], int(match[1]), int(match[3])) for match in numeric]
    european = [(match[4], int(match[3]), int(match[1])) for match in numeric]
    return len(set(american)) > 2 and _in_order(american) and not _in_order(european)


def with_month_first(written: str) -> str:
    """ISO 8601 for a numeric date whose month comes first; anything else as it is."""
    match = _NUMERIC.fullmatch(written)
    if match is None or int(match[1]) > 12:
        return written
    year = int(match[4]) + (0 if len(match[4]) > 2 else 2000 if int(match[4]) < 90 else 1900)
    return f"{year:04}-{int(match[1]):02}-{int(match[3]):02}"


def _in_order(days: Sequence[tuple[str, int, int]]) -> bool:
    return list(days) == sorted(days) or list(days) == sorted(days, reverse=True)


def _stands_alone(text: str, start: int, end: int) -> bool:
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    rest = text[line_start:start] + text[end : line_end if line_end >= 0 else None]
    return len(rest.strip()) <= _ALONE


def _as_readable(words: str, kind: str, now: datetime) -> str | None:
    if kind == "era":
        return without_era(words).strip()
    if kind == "cjk_yearless":
        month, day = (int(number) for number in re.findall(r"\d{1,2}", words)[:2])
        return _nearest(month, day, now)
    if kind == "yearless":
        moment = parse_date(f"{words} {now.year - now.year % 4}", now=now)  # a leap year: 29 February is a date
        return _nearest(moment.month, moment.day, now) if moment else None
    return words


def _nearest(month: int, day: int, now: datetime) -> str | None:
    """The last such day of the year that is not far ahead; None where there is no such day."""
    for year in range(now.year + 1, now.year - 5, -1):  # a 29th of February comes every fourth year
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= (now + _SOON).date():
            return found.isoformat()
    return None
