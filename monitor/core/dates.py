"""Dates as sources write them → aware UTC."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

from monitor.core import monthnames
from monitor.core.zones import named_offset

_MAX_CHARACTERS = 120
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366)

# January to December; a word counts in full and by its first three and four letters, earlier lines take precedence.
_MONTH_LINES = """
january february march april may june july august september october november december
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
januar februar marz april mai juni juli august september oktober november dezember
janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
januari februari maart april mei juni juli augustus september oktober november december
janner feber maerz april mai juni juli august setiembre oktober november dezember
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
студзеня лютага сакавіка красавіка траўня чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня
stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia
styczen luty marzec kwiecien maj czerwiec lipiec sierpien wrzesien pazdziernik listopad grudzien
januarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
ocak subat mart nisan mayıs haziran temmuz agustos eylul ekim kasım aralık
ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου νοεμβριου δεκεμβριου
januar februari marcius aprilis majus junius julius augusztus szeptember oktober november december
januari februari mars april maj juni juli augusti september oktober november december
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta \
syyskuuta lokakuuta marraskuuta joulukuuta
يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر
"""
_NOT_MONTHS = {"jui", "iun", "ιου", "may.", "ينا"}  # begin two months, or none


_UNSEEN = frozenset(
    "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069\u200b\u200c\u200d\ufeff"
)  # say where to write


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c) and c not in _UNSEEN)


def _months() -> dict[str, int]:
    months: dict[str, int] = {}
    lines = [_folded(line).split() for line in _MONTH_LINES.strip().splitlines()]
    for length in (None, 4, 3):
        for line in lines:
            for number, name in enumerate(line, start=1):
                months.setdefault(name[:length], number)
    for name in _NOT_MONTHS:
        months.pop(name, None)
    for number, names in enumerate(monthnames.BY_CLDR.strip().splitlines(), start=1):
        for name in names.split():
            months.setdefault(name, number)
    return months


_MONTHS = _months()
# These begin like a month, and end the guessing when a weekday stands before the date.
_WEEKDAYS = frozenset({"mar", "mart", "mardi", "martes", "martedi", "mars", *monthnames.WEEKDAYS.split()})
# Written in two words, or with a full stop inside.
_PARTED = re.compile("|".join(name.replace("_", "[ .]") for name in _MONTHS if "_" in name))
# Croatian names that are other months in Polish, Ukrainian and Czech: only Croatian has a full stop after the day.
_CROATIAN = {"lip": 6, "srp": 7, "listopad": 10, "listopada": 10, "lis": 10}
# The solar calendar of Iran, as it is folded; its year 1400 began on 21 March 2021.
_SOLAR_NAMES = """
فروردین اردیبهشت خرداد تیر مرداد شهریور مهر ابان اذر دی بهمن اسفند
"""
_SOLAR = {name: number for number, name in enumerate(_SOLAR_NAMES.split(), start=1)}
_SOLAR_DATE = re.compile(rf"(\d{{1,2}})\s+({'|'.join(_SOLAR)})(?:\s+ماه)?[\s,،]+(\d{{4}})")
_SOLAR_YEARS = range(1370, 1450)
_BUDDHIST_YEARS = range(2533, 2650)  # as Thailand counts them

# A word as any script writes it: its marks are letters to nobody but readers.
_WORD = re.compile(r"(?:[^\W\d_]|(?!\d)[\u0900-\u0dff\u0e30-\u0e4e\u0eb0-\u0ece\u1000-\u109f\u1780-\u17ff_])+")

_ISO = re.compile(
    r"(?P<year>\d{4})(?:(?P<sep>[-/.])(?P<month>\d{1,2})(?:(?P=sep)(?P<day>\d{1,2}))?|-(?P<ordinal>\d{3})"
    r"|-?w(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?|(?P<packed>\d{4}))(?=$|[t ,+(z[-])"
)
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号]?")
# Years of Japan's eras and of the Republic of China, with what is added to them.
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "R": 2018, "H": 1988, "S": 1925, "民國": 1911, "民国": 1911}
_ERA = re.compile(
    r"(令和|平成|昭和|民[國国])\s?(元|\d{1,3})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日"
    r"|(?<![A-Za-z])([RHS])(\d{1,2})\.(\d{1,2})\.(\d{1,2})(?!\d)"
)
_CJK_TIME = re.compile(r"(\d{1,2})\s*[時时시点點]\s*(\d{1,2})\s*[分분](?:\s*(\d{1,2})\s*[秒초])?")
_TIME = re.compile(
    r"(?:(?<=t)|(?<![\d:+-]))(?P<hour>\d{1,2})(?:(?:[:.h]| h )(?P<minute>\d{2})(?::(?P<second>\d{1,2})(?:[.,:]\d+)?)?)"
    r"(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?|(?<![\d:])(?P<bare>\d{1,2})\s*(?P<bare_half>[ap])\.?\s?m\b\.?"
)
_PACKED_TIME = re.compile(r"t(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:[.,]\d+)?")
_NUMERIC = re.compile(r"(?<!\d)(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})(?!\d)")
_CJK_NUMERALS = re.compile("[〇零一二三四五六七八九十]+(?=[年月日])")
_CJK_DIGITS = {numeral: str(digit) for digit, numeral in enumerate("〇一二三四五六七八九")} | {"零": "0"}
# A day, a month and a year, in another order than numbers alone are written in: first what WordPress makes in Chinese.
_MONTH_NUMBERED_CJK = (
    re.compile(r"(?<!\d)(?P<day>\d{1,2})[\s,.-]+(?P<month>\d{1,2})\s?[月월][\s,.-]+(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})[日일]?[\s,]+(?P<year>\d{4})(?!\d)"),
)
_MONTH_NUMBERED = (  # Czech and others with spaces, Vietnamese, Mongolian
    re.compile(r"(?<!\d)(?P<day>\d{1,2})\. (?P<month>\d{1,2})\. (?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})[\s,]+thg?(?:ang)?\s(?P<month>\d{1,2})(?:,|\s+nam)?\s+(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>\d{4})\s?оны?\s+(?P<month>\d{1,2})\S*\s+сарын\s+(?P<day>\d{1,2})(?!\d)"),
)
_HALVES = (  # of the day, where a time stands before them
    (re.compile(r"(?<=[:.]\d\d)\s*(?:ص|صباحا|π\.\s?μ)(?!\w)\.?"), " am"),
    (re.compile(r"(?<=[:.]\d\d)\s*(?:م|مساء|μ\.\s?μ)(?!\w)\.?"), " pm"),
)
_HALF_DAYS = ((re.compile("午前|上午|오전|凌晨|早上"), "a"), (re.compile("午後|下午|오후|晚上"), "p"))


# What nearly every feed writes: RFC 5322 and RFC 3339, in their plain forms.
_MAIL = re.compile(
    r"\s*(?:[A-Z][a-z]{2},\s+)?(\d{1,2})\s+([A-Z][a-z]{2})\s+(\d{4})\s+(\d\d):(\d\d):(\d\d)\s+"
    r"(?:([+-])(\d\d)([0-5]\d)|GMT|UTC|UT|Z)\s*"
)
_STAMP = re.compile(r"\s*(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:([+-])(\d\d):?([0-5]\d)|Z)\s*")
_MAIL_MONTHS = dict(zip("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), range(1, 13), strict=True))  # noqa: SIM905 - plainer


def parse_date(text: str, *, now: datetime, day_first: bool | None = None) -> datetime | None:
    """The moment that `text` states, in UTC; None where it states none.

    Understood: RFC 5322 with its obsolete forms and names of zones, RFC 3339 and ISO 8601 (also ordinal and week dates
    and the packed form), asctime, Unix time in seconds or milliseconds, numeric dates, Chinese, Japanese and Korean
    ones, and month names of some seventy languages; years as Thailand, Japan's eras and the Republic of China count
    them, and the solar calendar of Iran. Zones are read as `zones` reads them. A wrong weekday is ignored. Without a
    zone the time is taken as UTC (as that of its country for a date in Korean words, a year of an era or one of Iran's
    calendar), a date alone as its midnight. Years of two
    digits lie in 1990 to 2089.
    What lies before 1990 or more than a year after `now` is no date of a post: None.

    "3/4/2026" is the third of April unless `day_first` is False (see `day_comes_first`). Where that is None, it is the
    fourth of March if AM or PM follows, or if the third of April is yet to come and the fourth of March is not.
    """
    plain = _plainly_written(text)
    if plain is not None:
        return plain if _EARLIEST <= plain <= now + _AHEAD else None
    compact = " ".join(unicodedata.normalize("NFKC", text[: 2 * _MAX_CHARACTERS]).split())
    if not compact or len(compact) > _MAX_CHARACTERS:
        return None
    try:
        moment = _unix(compact) or _written(compact, now, day_first)
        if moment is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment <= now + _AHEAD else None


def _plainly_written(text: str) -> datetime | None:
    if found := _MAIL.fullmatch(text):
        day, name, year, *rest = found.groups()
        month = str(_MAIL_MONTHS.get(name, 0))
    elif found := _STAMP.fullmatch(text):
        year, month, day, *rest = found.groups()
    else:
        return None
    hour, minute, second, sign, hours, minutes = rest
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        if sign is not None and int(hours) < 14:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            return moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):  # no such day or time: whatever it is, the long way finds out
        return None
    return moment if sign is None else None


def day_comes_first(texts: Iterable[str]) -> bool | None:
    """Whether one source's numeric dates begin with the day, by those that can be read in but one way.

    None where there is no such date, or where they disagree.
    """
    seen = set()
    for text in texts:
        for match in _NUMERIC.finditer(text[:_MAX_CHARACTERS]):
            first, second = int(match["a"]), int(match["b"])
            if (first > 12) != (second > 12) and max(first, second) <= 31:
                seen.add(first > 12)
    return seen.pop() if len(seen) == 1 else None


def is_numeric(text: str) -> bool:
    """Whether a date is stated in numbers whose order other dates of its source may have to tell."""
    return _NUMERIC.search(text[:_MAX_CHARACTERS]) is not None


def _unix(text: str) -> datetime | None:
    if re.fullmatch(r"\d{9,10}(?:\.\d+)?", text):
        return datetime.fromtimestamp(float(text), tz=UTC)
    if re.fullmatch(r"\d{12,13}", text):
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    if packed := re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?", text):
        return datetime(*(int(part or 0) for part in packed.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    return None


def _written(text: str, now: datetime, day_first: bool | None) -> datetime | None:
    korean = "년" in text
    half = next((name for pattern, name in _HALF_DAYS if pattern.search(text)), None)
    text = _CJK_NUMERALS.sub(lambda m: _in_digits(m[0]), text)
    era = _ERA.search(text)
    text = without_era(text)
    for pattern in _MONTH_NUMBERED_CJK:
        text = pattern.sub(lambda m: f"{m['year']}-{m['month']}-{m['day']} ", text)
    text = _CJK.sub(lambda m: f"{m[1]}-{m[2]}-{m[3]} ", text)
    text = _CJK_TIME.sub(lambda m: f"{m[1]}:{int(m[2]):02}:{int(m[3] or 0):02}", text)
    for pattern, _ in _HALF_DAYS:
        text = pattern.sub(" ", text)
    text = _folded(text)
    for pattern, meant in _HALVES:
        text = pattern.sub(meant, text)
    for pattern in _MONTH_NUMBERED:
        text = pattern.sub(lambda m: f"{m['year']}-{m['month']}-{m['day']} ", text)
    found = _date(text, now, day_first)
    if found is None:
        return None
    (year, month, day), rest = found
    usual = timedelta(hours=9) if korean or era else timedelta()
    if era and era[0].startswith("民"):
        usual = timedelta(hours=8)
    if year in _BUDDHIST_YEARS:
        year -= 543
    elif year in _SOLAR_YEARS:
        year, month, day = _of_solar(year, month, day)
        usual = timedelta(hours=3, minutes=30)
    hour, minute, second, after = _time(rest, half)
    if hour == minute == second == 0:
        usual = timedelta()  # a day alone
    stated = datetime(year, month, day) + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))  # noqa: DTZ001 - its zone comes now
    zone = named_offset(after, stated)
    return stated.replace(tzinfo=timezone(usual if zone is None else zone))


def without_era(text: str) -> str:
    """`text` with ISO 8601 for dates in years of Japan's eras ("令和8年8月19日", "R8.8.19") or of China's Republic."""

    def iso(match: re.Match[str]) -> str:
        era, year, month, day = match.groups()[:4] if match[1] else match.groups()[4:]
        return f"{_ERAS[era] + (1 if year == '元' else int(year)):04}-{int(month):02}-{int(day):02} "

    return _ERA.sub(iso, text)


def _in_digits(numerals: str) -> str:
    """A year digit by digit, or a number up to 31: "二〇二六" and "十六"."""
    tens, ten, ones = numerals.partition("十")
    plain = "".join(_CJK_DIGITS.get(each, "") for each in ones)
    if not ten:
        return "".join(_CJK_DIGITS[each] for each in numerals)
    return f"{_CJK_DIGITS.get(tens, '1')}{plain or '0'}"


def _of_solar(year: int, month: int, day: int) -> tuple[int, int, int]:
    """A date of the solar calendar of Iran in ours; leap years by the cycle of 33 years, exact from 1343 to 1472."""
    if not (1 <= month <= 12 and 1 <= day <= (31 if month <= 6 else 30)):
        raise ValueError("no such day")

    def days(year: int) -> int:
        full = year + 1595
        return 365 * full + full // 33 * 8 + (full % 33 + 3) // 4

    if (month, day) == (12, 30) and days(year + 1) - days(year) == 365:
        raise ValueError("no leap year")
    into = (month - 1) * 31 if month <= 6 else 186 + (month - 7) * 30
    found = date(2021, 3, 21) + timedelta(days=days(year) - days(1400) + into + day - 1)
    return found.year, found.month, found.day


def _date(text: str, now: datetime, day_first: bool | None) -> tuple[tuple[int, int, int], str] | None:
    """Year, month and day, and the text without them."""
    if iso := _ISO.match(text.lstrip("' \"")):
        rest = text.lstrip("' \"")[iso.end() :]
        return _iso_date(iso), rest
    if solar := _SOLAR_DATE.search(text):
        if int(solar[3]) not in _SOLAR_YEARS:
            raise ValueError("no such year")
        return (int(solar[3]), _SOLAR[solar[2]], int(solar[1])), text[: solar.start()] + " " + text[solar.end() :]
    numeric = _NUMERIC.search(text)
    # "16. marts 2026 09.30.00" has a date in words: these numbers are the time.
    if numeric and (len(numeric["year"]) == 4 or numeric["sep"] != "." or (named := _named_date(text)) is None):
        rest = text[: numeric.start()] + " " + text[numeric.end() :]
        return _numeric_date(numeric, rest, now, day_first), rest
    if later := re.search(r"(?<!\d)(\d{4})(?:[-/]|\. ?)(\d{1,2})(?:[-/]|\. ?)(\d{1,2})(?![\d:])", text):
        return (int(later[1]), int(later[2]), int(later[3])), text[: later.start()] + " " + text[later.end() :]
    return named if numeric else _named_date(text)


def _iso_date(match: re.Match[str]) -> tuple[int, int, int]:
    year = int(match["year"])
    if match["ordinal"]:
        found = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(match["ordinal"]) - 1)
        return found.year, found.month, found.day
    if match["week"]:
        found = datetime.fromisocalendar(year, int(match["week"]), int(match["weekday"] or 1))
        return found.year, found.month, found.day
    if match["packed"]:
        return year, int(match["packed"][:2]), int(match["packed"][2:])
    return year, int(match["month"]), int(match["day"] or 1)


def _numeric_date(match: re.Match[str], rest: str, now: datetime, day_first: bool | None) -> tuple[int, int, int]:
    first, second, year = int(match["a"]), int(match["b"]), _full_year(match["year"])
    if second > 12:
        return year, first, second
    if first > 12:
        return year, second, first
    if day_first is None and match["sep"] == "/":
        american = re.search(r"\d\s*[ap]\.?m\b", rest) is not None
        tomorrow = (now + timedelta(days=1)).date()
        to_come = date(year, second, first) > tomorrow >= date(year, first, second)
        day_first = not american and not to_come
    return (year, first, second) if day_first is False else (year, second, first)


def _named_date(text: str) -> tuple[tuple[int, int, int], str] | None:
    text = _PARTED.sub(lambda m: m[0].replace(" ", "_").replace(".", "_"), text)
    words = list(_WORD.finditer(text))
    months = [word for word in words if word[0] in _MONTHS or word[0] in _CROATIAN]
    if len(months) > 1:  # "mar, 16 sep 2025" is a Tuesday in Spanish
        months = [word for word in months if word[0] not in _WEEKDAYS] or months
    if not months:
        return None
    month = months[-1]
    clock = _TIME.search(text)
    blank = text if clock is None else text[: clock.start()] + " " * (clock.end() - clock.start()) + text[clock.end() :]
    blank = blank[: month.start()] + " " * (month.end() - month.start()) + blank[month.end() :]
    numbers = [
        n
        for n in re.finditer(r"(?<![\d:+])(?<![a-z]-)\d{1,4}(?![\d:])", blank)
        if not re.search(r"[+]\s*$", blank[: n.start()])
    ]
    # An offset like "-0500" has four digits too: a year is one that follows no sign, or the sign joins it to the month.
    years = [
        n
        for n in numbers
        if len(n[0]) == 4 and (n.start() == 0 or blank[n.start() - 1] not in "+-" or n.start() - 1 == month.end())
    ]
    short = [n for n in numbers if len(n[0]) <= 2]
    if years:
        year_at = years[0]
        day_at = min(
            (n for n in short if n.end() <= month.start() or n.start() >= month.end()),
            key=lambda n: min(abs(n.end() - month.start()), abs(n.start() - month.end())),
            default=None,
        )
        year = int(year_at[0])
    elif len(short) >= 2:
        day_at, year_at = short[0], short[1]
        year = _full_year(year_at[0])
    else:
        return None
    day = 1 if day_at is None else int(day_at[0])
    used = sorted([month.span(), year_at.span()] + ([day_at.span()] if day_at else []), reverse=True)
    rest = text
    for start, end in used:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    number = _MONTHS.get(month[0], 0)
    if month[0] in _CROATIAN and day_at is not None and re.match(r"\.\s", text[day_at.end() :]):
        number = _CROATIAN[month[0]]
    return (year, number, day), rest


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= 90 else 2000)


def _time(rest: str, half: str | None) -> tuple[int, int, int, str]:
    """Hour, minute, second, and what is left to name the zone; midnight where no time is stated."""
    match = _TIME.search(rest) or _PACKED_TIME.search(rest)
    if match is None:
        return 0, 0, 0, rest
    found = match.groupdict()
    hour = int(found["hour"] or found.get("bare") or 0)
    half = found.get("half") or found.get("bare_half") or half
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no such time of day")
    return hour, minute, second, rest[: match.start()] + " " + rest[match.end() :]
