"""The calendar file, read back as mail programs read it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Ahead
from monitor.render.calendar import calendar
from tests.render.editions import DUE, full_day

EVENT = Ahead(
    first=date(2027, 5, 14),
    last=date(2027, 5, 15),
    sentence="Ministers will meet in Astana on 14–15 May 2027; all are invited, \\o/.",
    words="14–15 May 2027",
    story_id=7,
    title="Встреча министров",
    url="https://mfa.example/7",
    source_title="MFA",
    language="en",
)


def read(text: str) -> list[tuple[str, str]]:
    """Names and values of the lines, unfolded and unescaped (RFC 5545, 3.1 and 3.3.11)."""
    lines = text.replace("\r\n ", "").split("\r\n")
    pairs = [line.partition(":") for line in lines if line]
    return [(name, re.sub(r"\\(.)", _unescaped, value)) for name, _, value in pairs]


def _unescaped(hit: re.Match[str]) -> str:
    return "\n" if hit[1] == "n" else hit[1]


def test_an_event_is_whole_days_with_its_evidence() -> None:
    lines = read(calendar([EVENT], product="Desk", made_at=DUE))
    values = dict(lines)
    assert (lines[0], lines[-1]) == (("BEGIN", "VCALENDAR"), ("END", "VCALENDAR"))
    assert values["DTSTART;VALUE=DATE"] == "20270514"
    assert values["DTEND;VALUE=DATE"] == "20270516"
    assert values["SUMMARY"] == EVENT.title
    assert values["DESCRIPTION"] == f"{EVENT.sentence}\n{EVENT.source_title}"
    assert values["URL"] == EVENT.url


def test_the_same_event_has_the_same_name_in_each_edition() -> None:
    first = dict(read(calendar([EVENT], product="Desk", made_at=DUE)))
    again = dict(read(calendar([replace(EVENT, title="Renamed")], product="Desk", made_at=DUE.replace(year=2027))))
    assert first["UID"] == again["UID"]


def test_an_edition_without_events_has_no_file() -> None:
    assert calendar([], product="Desk", made_at=DUE) == ""
    assert full_day().ahead  # one with events has


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_can_add_a_line(title: str, sentence: str) -> None:
    written = calendar([replace(EVENT, title=title, sentence=sentence)], product="Desk", made_at=DUE)
    names = [name for name, _ in read(written)]
    assert names == [name for name, _ in read(calendar([EVENT], product="Desk", made_at=DUE))]
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
