"""Events that a post announces: a day or some days ahead, named in a sentence that speaks of the future.

Conservative on purpose. A date counts only in a sentence that says, in the words of its language, that something is
going to be; with its day and month; and only where it lies ahead of the post. "In May", "next week", the anniversary of
a treaty and the date of a resolution are no events. Languages: English, Russian, French, Spanish, Chinese, Arabic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FARTHEST = timedelta(days=550)  # with a year given; what lies further ahead is a goal, no appointment
FARTHEST_BARE = timedelta(days=300)  # without one: "14 May" said in June may be last month's
LONGEST = timedelta(days=31)  # of one event
MOST = 5  # of one post

_SENTENCE = re.compile(  # a full stop before a digit or a small letter ends an abbreviation, no sentence
    r"[^\n.!?。！？؟]+(?:[.!?](?=[^\s»”\"')]|\s+[\da-zа-я])[^\n.!?。！？؟]*)*[.!?。！？؟]?"
)

_MONTHS = {
    "en": "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep "
    "october|oct november|nov december|dec",
    "ru": "января|янв февраля|февр марта апреля|апр мая июня июля августа|авг сентября|сент октября|окт ноября|нояб "
    "декабря|дек",
    "fr": "janvier février|fevrier mars avril mai juin juillet août|aout septembre octobre novembre décembre|decembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre",
    "ar": "يناير فبراير مارس أبريل|ابريل مايو يونيو|يونية يوليو|يولية أغسطس|اغسطس سبتمبر أكتوبر|اكتوبر نوفمبر ديسمبر",
}

# Alternatives of regular expressions, by white space; "_" stands for a space within one.
_AHEAD = {
    "en": r"""
        will shall to_be_held to_take_place is_to are_to is_due are_due due_to scheduled plans?_to planned_for
        expected_to upcoming forthcoming to_(?:visit|host|meet|attend|travel|convene|discuss|open|chair) invites?
        set_for""",
    "ru": r"""
        состо[ия]тся пройд[её]т пройдут будет будут посетит посетят прибудет прибудут примет примут провед[её]т
        проведут намечен\w* запланирован\w* планиру\w+ ожида\w+ предсто\w+ откроется откроются встретится встретятся
        выступит совершит соберутся приглаша\w+ участвовать""",
    "fr": r"""
        se_tiendr\w+ aur(?:a|ont)_lieu se_rendr\w+ effectuer(?:a|ont) participer(?:a|ont) accueiller\w+
        accueillera accueilleront recevr\w+ rencontrer(?:a|ont) sera seront (?:est|sont)_prévue?s? présider(?:a|ont)
        doi(?:t|vent)_se se_réunir(?:a|ont) visiter(?:a|ont) débuter(?:a|ont) s'ouvrir(?:a|ont) ouvrir(?:a|ont)""",
    "es": r"""
        (?:se_celebrar|tendr|viajar|visitar|participar|asistir|se_reunir|acoger|recibir|ser|realizar|presidir)(?:á|án)
        est(?:á|án)_previst\w+ (?:se_llevar|comenzar|inaugurar)(?:á|án)""",
    "zh": "将 定于 拟于 即将 將 定於 擬於 即將",
    "ar": r"""
        (?:^|\s)[وف]?س[يتن](?:زور|عقد|لتقي|شارك|جتمع|ستضيف|نظم|جري|بحث|قوم|صل|ترأس|فتتح|نطلق|قام|ستقبل|حضر|كون|سافر)
        من_المقرر المزمع المرتقب المقبل القادم""",
}

_BEHIND = {
    "en": r"(?:was|were)_(?:held|adopted|signed|convened) anniversary resolution_of dated as_of",
    "ru": r"состоял\w+ прош[её]л прошл[аи] годовщин\w+ резолюци\w+_от от_\d{1,2}_\w+_\d{4}",
    "fr": r"s'est_tenue? a_eu_lieu anniversaire en_date_du",
    "es": r"se_celebró tuvo_lugar aniversario con_fecha",
    "zh": "周年 週年",
    "ar": "ذكرى",
}
_UNSPACED = frozenset({"zh", "ar"})  # no word boundaries, or prefixes before them

_TO = r"\s*(?:[-–—/]|and|to|through|и|по|et|au|y|al|a|و|إلى|الى|حتى)\s*"
_CHINESE = re.compile(
    r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?![电電讯訊])(?:\s*(?:至|到|[-–—~～])\s*(?:(\d{1,2})月)?(\d{1,2})日)?"
    r"|(?:(\d{4})年)?(\d{1,2})月(\d{1,2})(?:至|到|[-–—~～])(\d{1,2})日"
)
_EASTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """Something that is going to be."""

    first: date
    last: date  # the same as `first` where it is one day
    sentence: str  # the evidence
    offset: int  # of the words of the date in the text
    words: str


def upcoming(text: str, language: str | None, *, told_on: date) -> tuple[Upcoming, ...]:
    """The events a text announces, in its order, each day once. `told_on` is the day on which it was said."""
    if language not in _AHEAD:
        return ()
    found: dict[tuple[date, date], Upcoming] = {}
    for match in _SENTENCE.finditer(text):
        sentence = match[0]
        if not _AHEAD_OF[language].search(sentence) or _BEHIND_OF[language].search(sentence):
            continue
        for start, stop, days in _dates(sentence.translate(_EASTERN), language, told_on):
            end = stop - sentence[start:stop].endswith(".")
            found.setdefault(
                days,
                Upcoming(
                    first=days[0],
                    last=days[1],
                    sentence=" ".join(sentence.split()),
                    offset=match.start() + start,
                    words=sentence[start:end],
                ),
            )
    return tuple(found.values())[:MOST]


def _dates(sentence: str, language: str, told_on: date) -> Iterator[tuple[int, int, tuple[date, date]]]:
    reader = _chinese if language == "zh" else _western
    for start, end, year, (first_day, first_month), (last_day, last_month) in reader(sentence, language):
        days = _ahead(year, (first_day, first_month), (last_day, last_month), told_on)
        if days is not None:
            yield start, end, days


Parsed = tuple[int, int, int | None, tuple[int, int], tuple[int, int]]


def _western(sentence: str, language: str) -> Iterator[Parsed]:
    taken = 0
    for match in _PATTERNS[language].finditer(sentence):
        if match.start() < taken:
            continue
        taken = match.end()
        groups = match.groupdict()
        if groups.get("m3"):  # May 14–15
            month = _month(groups["m3"], language)
            last_month = _month(groups["m4"], language) if groups["m4"] else month
            first, last, year = int(match["d3"]), int(match["d4"] or match["d3"]), match["y2"]
        else:  # 14–15 May, 30 April – 2 May
            last_month = _month(match["m2"], language)
            month = _month(match["m1"], language) if match["m1"] else last_month
            first, last, year = int(match["d1"]), int(match["d2"] or match["d1"]), match["y1"]
        yield match.start(), match.end(), int(year) if year else None, (first, month), (last, last_month)


def _chinese(sentence: str, _language: str) -> Iterator[Parsed]:
    for match in _CHINESE.finditer(sentence):
        if match[2]:
            month, day = int(match[2]), int(match[3])
            last = (int(match[5] or day), int(match[4] or month))
            year = match[1]
        else:
            month, day, year = int(match[7]), int(match[8]), match[6]
            last = (int(match[9]), month)
        yield match.start(), match.end(), int(year) if year else None, (day, month), last


def _ahead(year: int | None, first: tuple[int, int], last: tuple[int, int], told_on: date) -> tuple[date, date] | None:
    """The days meant, where they can be and lie ahead; the last of them may be today."""
    for guess in (year,) if year else (told_on.year, told_on.year + 1):
        begin = _day(guess, first)
        end = _day(guess if last[1] >= first[1] else guess + 1, last)
        if begin is None or end is None or not timedelta() <= end - begin <= LONGEST:
            return None
        if end < told_on:
            if year or told_on - end <= timedelta(days=60):  # lately: it is over, not a year away
                return None
            continue
        return (begin, end) if begin - told_on <= (FARTHEST if year else FARTHEST_BARE) else None
    return None


def _day(year: int, day_and_month: tuple[int, int]) -> date | None:
    try:
        return date(year, day_and_month[1], day_and_month[0])
    except ValueError:
        return None


def _any_of(words: str, language: str) -> re.Pattern[str]:
    alternatives = "|".join(words.split()).replace("_", " ")
    return re.compile(alternatives if language in _UNSPACED else rf"\b(?:{alternatives})\b", re.IGNORECASE)


def _pattern(language: str) -> re.Pattern[str]:
    names = _MONTHS[language].replace(" ", "|")
    month = rf"(?:{names})\b\.?"
    of = r"\s*(?:of |de |d'|من |شهر )?\s*"
    before = (
        rf"(?<![\w/.-]){_a_day('d1')}(?:{of}(?P<m1>{month}))?(?:{_TO}{_a_day('d2')})?{of}(?P<m2>{month}){_a_year('y1')}"
    )
    if language != "en":
        return re.compile(before, re.IGNORECASE)
    after = (
        rf"(?<!\w)(?P<m3>{month})\s+{_a_day('d3')}(?!\d)(?:{_TO}(?:(?P<m4>{month})\s+)?{_a_day('d4')}(?!\d))?"
        rf"{_a_year('y2')}"
    )
    return re.compile(f"{before}|{after}", re.IGNORECASE)


def _a_day(name: str) -> str:
    return rf"(?P<{name}>\d{{1,2}})(?:st|nd|rd|th|er|º|-?го|-?е)?"


def _a_year(name: str) -> str:
    return rf"(?:,?\s*(?:de |del )?(?P<{name}>(?:19|20)\d\d)(?!\d)(?:\s*(?:г\.|года?))?)?"


def _month(name: str, language: str) -> int:
    written = name.lower().rstrip(".")
    return next(n for n, names in enumerate(_MONTHS[language].split(), start=1) if written in names.split("|"))


_PATTERNS = {language: _pattern(language) for language in _MONTHS}
_AHEAD_OF = {language: _any_of(words, language) for language, words in _AHEAD.items()}
_BEHIND_OF = {language: _any_of(words, language) for language, words in _BEHIND.items()}
