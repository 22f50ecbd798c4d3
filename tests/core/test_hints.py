from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.hints import LONGEST, STRETCH, Hints, from_feed, from_headers, honoured
from monitor.core.rhythm import Rhythm
from tests.core.test_rhythm import MONDAY, daily, taught
from tests.make import NOW, hours, minutes

QUARTER = minutes(15)
CEILING = hours(12)
HOUR = hours(1)


# ── what was said ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=600"}, minutes(10)),
        ({"cache-control": "public, MAX-AGE = 600, must-revalidate"}, minutes(10)),
        ({"Cache-Control": 'max-age="600"'}, minutes(10)),
        ({"Cache-Control": "max-age=600", "Age": "240"}, minutes(6)),
        ({"Cache-Control": "max-age=600", "Age": "6000"}, None),
        ({"Cache-Control": "max-age=600", "Age": "old"}, minutes(10)),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "s-maxage=5, max-age=600"}, minutes(10)),
        ({"Cache-Control": "no-store, max-age=600"}, None),
        ({"Cache-Control": "no-cache"}, None),
        ({"Cache-Control": "max-age=0", "Expires": "Mon, 02 Mar 2026 07:30:00 GMT"}, None),
        ({"Cache-Control": "max-age=-5"}, None),
        ({"Cache-Control": "max-age=99999999999999999999"}, None),
        ({"Cache-Control": "max-age=999999999999"}, LONGEST),
        ({"Cache-Control": "max-age=³"}, None),
        ({"Cache-Control": ",,;=,max-age"}, None),
        ({"Expires": "Mon, 02 Mar 2026 07:30:00 GMT"}, hours(1)),
        ({"Expires": "Mon, 02 Mar 2026 07:30:00 GMT", "Date": "Mon, 02 Mar 2026 07:00:00 GMT"}, minutes(30)),
        ({"Expires": "Mon, 02 Mar 2026 07:30:00 GMT", "Date": "yesterday"}, hours(1)),
        ({"Expires": "0"}, None),
        ({"Expires": "-1"}, None),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, None),
        ({"Expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST),
        ({"Expires": "Monday, 02-Mar-26 07:30:00 GMT"}, hours(1)),
    ],
)
def test_headers_say_how_long_an_answer_is_fresh(headers: dict[str, str], fresh: timedelta | None) -> None:
    assert from_headers(headers, now=NOW) == Hints(fresh_until=None if fresh is None else NOW + fresh)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, Hints()),
        ({"ttl": "60"}, Hints(ttl=hours(1))),
        ({"ttl": " 15\n"}, Hints(ttl=QUARTER)),
        ({"ttl": "1440000"}, Hints(ttl=LONGEST)),
        ({"ttl": "9" * 18}, Hints(ttl=LONGEST)),
        ({"ttl": "0"}, Hints()),
        ({"ttl": "-5"}, Hints()),
        ({"ttl": "an hour"}, Hints()),
        ({"skip_hours": ["0", "23", " 7 ", "24", "25", "x", ""]}, Hints(skip_hours=frozenset({0, 7, 23}))),
        ({"skip_hours": [str(hour) for hour in range(24)]}, Hints()),
        ({"skip_days": ["Saturday", "sunday ", "Caturday"]}, Hints(skip_days=frozenset({5, 6}))),
        (
            {"skip_days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]},
            Hints(),
        ),
        ({"update_period": "hourly", "update_frequency": "2"}, Hints(period=minutes(30))),
        ({"update_period": " Daily "}, Hints(period=hours(24))),
        ({"update_period": "yearly"}, Hints(period=LONGEST)),
        ({"update_period": "hourly", "update_frequency": "0"}, Hints(period=hours(1))),
        ({"update_period": "hourly", "update_frequency": "often"}, Hints(period=hours(1))),
        ({"update_period": "hourly", "update_frequency": "9" * 18}, Hints()),
        ({"update_period": "now and then", "update_base": "2000-01-01T12:00+00:00"}, Hints()),
        (
            {"update_period": "daily", "update_base": "2000-01-01T12:00+02:00"},
            Hints(period=hours(24), base=datetime(2000, 1, 1, 10, tzinfo=UTC)),
        ),
        (
            {"update_period": "daily", "update_base": "2002-05-01T00:00:00Z"},
            Hints(period=hours(24), base=datetime(2002, 5, 1, tzinfo=UTC)),
        ),
        ({"update_period": "daily", "update_base": "noon"}, Hints(period=hours(24))),
        ({"update_period": "daily", "update_base": "0001-01-01T00:00:00+14:00"}, Hints(period=hours(24))),
    ],
)
def test_elements_of_a_feed_are_read_as_written(elements: dict[str, Any], expected: Hints) -> None:
    assert from_feed(**elements) == expected


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["Cache-Control", "Age", "Expires", "Date"]), st.text(max_size=60)),
    st.text(max_size=30),
    st.lists(st.text(max_size=5), max_size=5),
    st.text(max_size=30),
)
def test_nothing_that_anybody_writes_is_an_error(
    headers: dict[str, str], text: str, several: list[str], base: str
) -> None:
    told = from_headers(headers, now=NOW)
    assert told.fresh_until is None or NOW < told.fresh_until <= NOW + LONGEST
    hints = from_feed(
        ttl=text,
        skip_hours=several,
        skip_days=several,
        update_period="daily",
        update_frequency=text,
        update_base=base,
    )
    assert Hints.from_json(hints.to_json()) == hints
    assert QUARTER <= honoured(hints, QUARTER, now=NOW, ceiling=CEILING, rhythm=Rhythm()) <= CEILING


def test_what_a_document_said_stays_until_another_document_says_something() -> None:
    document = from_feed(ttl="60", skip_hours=["3"])
    unchanged = document.joined(from_headers({"Cache-Control": "max-age=60"}, now=NOW))
    assert unchanged == Hints(ttl=hours(1), skip_hours=frozenset({3}), fresh_until=NOW + minutes(1))
    assert unchanged.joined(from_feed(ttl="30")) == Hints(ttl=minutes(30))
    assert Hints.from_json(unchanged.to_json()) == document, "freshness belongs to one answer and is not kept"
    assert Hints().to_json() == {}


# ── how far it is believed ─────────────────────────────────────────────────────────────────────────────────

SLEEPY = taught([MONDAY - timedelta(days=1)], until=MONDAY + timedelta(days=28), every=hours(2))  # never posts
HOURLY = taught(
    [MONDAY + hours(n + 0.2) for n in range(14 * 24)], until=MONDAY + timedelta(days=14)
)  # an agency, at any hour


def wait(hints: Hints, *, rhythm: Rhythm = SLEEPY, interval: timedelta = HOUR, now: datetime = NOW) -> timedelta:
    return honoured(hints, interval, now=now, ceiling=CEILING, rhythm=rhythm)


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (Hints(), hours(1)),
        (Hints(ttl=minutes(5)), hours(1)),
        (Hints(ttl=hours(2)), hours(2)),
        (Hints(ttl=hours(24)), hours(STRETCH)),
        (Hints(fresh_until=NOW + hours(1.5)), hours(1.5)),
        (Hints(fresh_until=NOW + hours(3)), hours(STRETCH)),
        (Hints(fresh_until=NOW - hours(3)), hours(1)),
        (Hints(period=hours(2)), hours(2)),
        (Hints(period=hours(3), base=NOW - hours(300) - hours(1)), hours(2)),
        (Hints(ttl=hours(1.2), fresh_until=NOW + hours(1.5)), hours(1.5)),
        (Hints(skip_hours=frozenset({7})), hours(1.5)),
        (Hints(skip_hours=frozenset({8, 9})), hours(1)),
        (Hints(skip_hours=frozenset(range(7, 20))), hours(STRETCH)),
        (Hints(skip_days=frozenset({0})), hours(STRETCH)),
        (Hints(skip_days=frozenset({1})), hours(1)),
    ],
)
def test_hints_lengthen_within_limits(hints: Hints, expected: timedelta) -> None:
    assert wait(hints) == expected


def test_hints_never_reach_beyond_the_ceiling_nor_shorten() -> None:
    assert wait(Hints(ttl=hours(100)), interval=hours(8)) == CEILING
    assert wait(Hints(ttl=hours(100)), interval=hours(30)) == hours(30)


@pytest.mark.parametrize(
    "hints",
    [
        Hints(ttl=hours(24)),
        Hints(fresh_until=NOW + hours(6)),
        Hints(period=hours(24)),
        Hints(skip_hours=frozenset(range(7, 20))),
        Hints(skip_days=frozenset({0})),
    ],
)
def test_a_source_that_posts_in_spite_of_its_hints_is_not_believed(hints: Hints) -> None:
    assert wait(hints) > hours(1)
    assert wait(hints, rhythm=HOURLY) == hours(1)


def test_a_bulletin_is_believed_until_its_usual_hour() -> None:
    bulletin = taught(daily(9, days=28), until=MONDAY + timedelta(days=28))
    midnight = MONDAY + timedelta(days=28)
    assert wait(Hints(ttl=hours(3)), rhythm=bulletin, now=midnight, interval=hours(2)) == hours(3)


@settings(deadline=None)
@given(
    st.integers(0, 10_000_000),
    st.frozensets(st.integers(0, 23)),
    st.frozensets(st.integers(0, 6)),
    st.integers(1, 100_000),
    st.sampled_from([Rhythm(), SLEEPY, HOURLY]),
)
def test_hints_keep_between_the_interval_and_its_stretch(
    ttl: int, skip_hours: frozenset[int], skip_days: frozenset[int], seconds: int, rhythm: Rhythm
) -> None:
    hints = Hints(ttl=timedelta(seconds=ttl), skip_hours=skip_hours, skip_days=skip_days, fresh_until=NOW + hours(2))
    interval = timedelta(seconds=seconds)
    result = wait(hints, rhythm=rhythm, interval=interval)
    assert interval <= result <= max(interval, min(interval * STRETCH, CEILING))
