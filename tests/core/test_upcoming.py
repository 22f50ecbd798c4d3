"""Events ahead: what a careful reader would enter into a calendar, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.upcoming import upcoming

TOLD = date(2026, 11, 23)

FOUND = [
    ("en", "The Minister will visit Astana on 14–15 May.", "2027-05-14", "2027-05-15", "14–15 May"),
    ("en", "The summit is scheduled for December 3, 2026 in Geneva.", "2026-12-03", "2026-12-03", "December 3, 2026"),
    (
        "en",
        "Leaders will meet from 30 November to 2 December 2026.",
        "2026-11-30",
        "2026-12-02",
        "30 November to 2 December 2026",
    ),
    ("en", "The conference, to be held on Dec. 10-12, opens in Doha.", "2026-12-10", "2026-12-12", "Dec. 10-12"),
    ("en", "Talks will resume on 23 November in Vienna.", "2026-11-23", "2026-11-23", "23 November"),
    ("ru", "Министр посетит Астану 14–15 мая 2027 года.", "2027-05-14", "2027-05-15", "14–15 мая 2027 года"),
    ("ru", "Заседание состоится 3 декабря в Минске.", "2026-12-03", "2026-12-03", "3 декабря"),
    ("ru", "С 30 ноября по 2 декабря пройдёт сессия ОПЗХО.", "2026-11-30", "2026-12-02", "30 ноября по 2 декабря"),
    ("fr", "La ministre se rendra à Dakar les 14 et 15 décembre.", "2026-12-14", "2026-12-15", "14 et 15 décembre"),
    (
        "fr",
        "La réunion se tiendra du 30 novembre au 2 décembre 2026.",
        "2026-11-30",
        "2026-12-02",
        "30 novembre au 2 décembre 2026",
    ),
    ("fr", "Le sommet aura lieu le 1er décembre.", "2026-12-01", "2026-12-01", "1er décembre"),
    ("es", "El canciller viajará a Quito el 14 y 15 de diciembre.", "2026-12-14", "2026-12-15", "14 y 15 de diciembre"),
    ("es", "La cumbre se celebrará el 3 de diciembre de 2026.", "2026-12-03", "2026-12-03", "3 de diciembre de 2026"),
    ("zh", "外交部长将于12月3日至5日访问哈萨克斯坦。", "2026-12-03", "2026-12-05", "12月3日至5日"),
    ("zh", "会议定于2027年5月14日在北京举行。", "2027-05-14", "2027-05-14", "2027年5月14日"),
    ("ar", "سيزور الوزير أستانا يوم 14 ديسمبر 2026.", "2026-12-14", "2026-12-14", "14 ديسمبر 2026"),
    ("ar", "من المقرر عقد القمة في ١٤ و١٥ ديسمبر.", "2026-12-14", "2026-12-15", "١٤ و١٥ ديسمبر"),
]


@pytest.mark.parametrize(("language", "text", "first", "last", "words"), FOUND)
def test_announced_days_are_found_with_their_sentence(
    language: str, text: str, first: str, last: str, words: str
) -> None:
    [event] = upcoming(f"Something else first.\n\n{text} And more.", language, told_on=TOLD)
    assert (event.first.isoformat(), event.last.isoformat(), event.words) == (first, last, words)
    assert words in event.sentence


NOTHING = [
    ("en", "The Minister visited Astana on 14–15 May."),
    ("en", "The agreement of 14 May 2025 will remain in force."),
    ("en", "The resolution adopted on 3 November will be implemented."),
    ("en", "The visit will take place in May."),
    ("en", "It will be 50 March madness tickets."),
    ("en", "On 14 December the 30th anniversary will be marked."),
    ("en", "The plan will run until 31 December 2045."),
    ("en", "Call 14-15 will answer on channel 5."),
    ("ru", "Переговоры состоялись 3 ноября."),
    ("ru", "Резолюция от 3 декабря 2024 года будет выполнена."),
    ("fr", "La réunion s'est tenue le 3 décembre."),
    ("es", "La cumbre se celebró el 3 de diciembre."),
    ("zh", "12月3日是成立50周年，将举行活动。"),
    ("zh", "新华社北京12月9日电 外交部长将出席会议。"),
    ("ar", "القاهرة في 13 ديسمبر: أنقذ ستوريدج فريقه."),
    ("de", "Der Minister wird am 3. Dezember erwartet."),
    (None, "The Minister will visit on 14 May."),
]


@pytest.mark.parametrize(("language", "text"), NOTHING)
def test_what_is_no_appointment_is_left_out(language: str | None, text: str) -> None:
    assert upcoming(text, language, told_on=TOLD) == ()


def test_a_day_is_told_once_and_few_of_a_long_list() -> None:
    text = "The Council will meet on 3 December. The Council will meet on 3 December again."
    assert len(upcoming(text, "en", told_on=TOLD)) == 1
    calendar = " ".join(f"Committee {n} will meet on {n} December." for n in range(1, 29))
    assert len(upcoming(calendar, "en", told_on=TOLD)) == 5


@given(st.text(max_size=300), st.sampled_from(["en", "ru", "fr", "es", "zh", "ar"]), st.dates())
def test_whatever_is_found_lies_ahead_and_points_at_its_words(text: str, language: str, told_on: date) -> None:
    for event in upcoming(f"will состоится 将 {text}", language, told_on=told_on):
        assert event.first <= event.last
        assert event.last >= told_on
        assert event.last - event.first <= timedelta(days=31)


@given(st.integers(1, 28), st.integers(1, 12), st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_a_year_is_the_next_that_fits(day: int, month: int, told_on: date) -> None:
    names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    text = f"The Council will meet on {day} {names[month - 1]}."
    for event in upcoming(text, "en", told_on=told_on):
        assert timedelta() <= event.first - told_on <= timedelta(days=300)
        assert text[event.offset : event.offset + len(event.words)] == event.words
