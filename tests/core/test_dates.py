from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.dates import day_comes_first, parse_date

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 5322 and its obsolete forms
        ("Mon, 16 Nov 2026 09:30:00 +0300", "2026-11-16T06:30:00"),
        ("Fri, 16 Nov 2026 09:30:00 GMT", "2026-11-16T09:30:00"),  # a wrong weekday
        ("16 Nov 26 09:30 EST", "2026-11-16T14:30:00"),
        ("Mon,16 Nov 2026 09:30:00 EDT", "2026-11-16T13:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 -0500 (EST)", "2026-11-16T14:30:00"),
        ("16 Nov 94 09:30:00 UT", "1994-11-16T09:30:00"),
        ("Mon, 16 Nov 2026 24:00:00 GMT", "2026-11-17T00:00:00"),
        ("Mon, 16 Nov 2026 23:59:60 GMT", "2026-11-16T23:59:59"),
        ("Mon, Nov 16 2026 02:02:33 PM", "2026-11-16T14:02:33"),
        ("16-Nov-2026 09:30:00", "2026-11-16T09:30:00"),
        ("Mon Nov 16 09:30:00 2026", "2026-11-16T09:30:00"),
        ("Mon Nov 16 09:30:00 PST 2026", "2026-11-16T17:30:00"),
        # named and odd zones
        ("Mon, 16 Nov 2026 09:30:00 MSK", "2026-11-16T06:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 CEST", "2026-11-16T07:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 BST", "2026-11-16T08:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 JST", "2026-11-16T00:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 IST", "2026-11-16T04:00:00"),
        ("Mon, 16 Nov 2026 09:30:00 GMT+7", "2026-11-16T02:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 UTC+03:00", "2026-11-16T06:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 GMT-05:00", "2026-11-16T14:30:00"),
        ("Mon, 16 Nov 2026 09:30:00 +5:30", "2026-11-16T04:00:00"),
        ("Mon, 16 Nov 2026 09:30:00 +9900", "2026-11-16T09:30:00"),  # no such offset
        ("Mon, 16 Nov 2026 09:30:00 +05.30", "2026-11-16T04:00:00"),
        ("16 Nov 2026 09:30 UTC+3", "2026-11-16T06:30:00"),
        ("16 Nov 2026 09:30 GMT +7", "2026-11-16T02:30:00"),
        ("16 Nov 2026 09:30 (GMT+7)", "2026-11-16T02:30:00"),
        ("16 Nov 2026 09:30 GMT+0530", "2026-11-16T04:00:00"),
        ("Mon, 16 Nov 2026 09:30:00 UTC-03:30", "2026-11-16T13:00:00"),
        ("16 ноября 2026, 09:30 (МСК)", "2026-11-16T06:30:00"),
        ("16 ноября 2026, 09:30 МСК+2", "2026-11-16T04:30:00"),
        ("16 Nov 2026 09:30 +0300 MSK", "2026-11-16T06:30:00"),
        ("2026-11-16T09:30:00 UTC+3", "2026-11-16T06:30:00"),
        ("16 Nov 2026 9:30 a.m. ET", "2026-11-16T14:30:00"),
        # without a zone
        ("Mon, 16 Nov 2026 09:30:00", "2026-11-16T09:30:00"),
        ("16.11.2026, 09:30 Uhr", "2026-11-16T09:30:00"),
        ("16. November 2026, 9.30 Uhr", "2026-11-16T09:30:00"),
        # RFC 3339 and ISO 8601
        ("2026-11-16T09:30:00Z", "2026-11-16T09:30:00"),
        ("2026-11-16T09:30:00.123+03:00", "2026-11-16T06:30:00"),
        ("2026-11-16t09:30:00z", "2026-11-16T09:30:00"),
        ("2026-11-16 09:30:00 +0300", "2026-11-16T06:30:00"),
        ("2026-11-16T09:30+03", "2026-11-16T06:30:00"),
        ("2026-11-16 09:30", "2026-11-16T09:30:00"),
        ("2026-11-16T09:30:00-0500", "2026-11-16T14:30:00"),
        ("20261116T093000Z", "2026-11-16T09:30:00"),
        ("20261116", "2026-11-16T00:00:00"),
        ("2026-11-16", "2026-11-16T00:00:00"),
        ("2026-11", "2026-11-01T00:00:00"),
        ("2026-320", "2026-11-16T00:00:00"),
        ("2026-W47-1", "2026-11-16T00:00:00"),
        ("2026/11/16 09:30:00", "2026-11-16T09:30:00"),
        # Unix time and packed time
        ("1794821400", "2026-11-16T09:30:00"),
        ("1794821400000", "2026-11-16T09:30:00"),
        ("20261116093000", "2026-11-16T09:30:00"),
        # numbers only
        ("16.11.2026 09:30", "2026-11-16T09:30:00"),
        ("16/11/2026", "2026-11-16T00:00:00"),
        ("11/16/2026", "2026-11-16T00:00:00"),
        ("03/04/2026", "2026-04-03T00:00:00"),
        ("3/4/2026 9:30:00 PM", "2026-03-04T21:30:00"),
        # other languages
        ("16 ноября 2026, 09:30", "2026-11-16T09:30:00"),
        ("Пн, 16 ноя 2026 09:30:00 +0300", "2026-11-16T06:30:00"),
        ("16 мая 2026 г. 09:30 МСК", "2026-05-16T06:30:00"),
        ("16 листопада 2026 09:30", "2026-11-16T09:30:00"),
        ("lundi 16 novembre 2026 à 9h30", "2026-11-16T09:30:00"),
        ("mar., 4 août 2026 09:30:00 +0200", "2026-08-04T07:30:00"),
        ("mer, 16 déc. 2026 09:30:00 +0100", "2026-12-16T08:30:00"),
        ("mar, 17 sep 2026 09:30:00 +0200", "2026-09-17T07:30:00"),
        ("martes, 17 de noviembre de 2026", "2026-11-17T00:00:00"),
        ("Mo, 16 Mär 2026 09:30:00 +0100", "2026-03-16T08:30:00"),
        ("Mi, 16 Dez 2026 09:30:00 MEZ", "2026-12-16T08:30:00"),
        ("Seg, 24 Set 2018 19:22:00 -0300", "2018-09-24T22:22:00"),
        ("16 giugno 2026 09:30", "2026-06-16T09:30:00"),
        ("16 sierpnia 2026", "2026-08-16T00:00:00"),
        ("Κυρ, 15 Νοέ 2026 09:30:00 EET", "2026-11-15T07:30:00"),
        ("16 نوفمبر 2026", "2026-11-16T00:00:00"),
        ("2026年11月16日 09:30", "2026-11-16T09:30:00"),
        ("2026年11月16日 下午3时5分", "2026-11-16T15:05:00"),
        ("2026년 11월 16일 09:30", "2026-11-16T00:30:00"),  # Korean time
        ("Lunes, 16 de noviembre de 2026 - 09:30", "2026-11-16T09:30:00"),
        ("الإثنين 16 نوفمبر 2026 09:30", "2026-11-16T09:30:00"),
        ("٢٠٢٦-١١-١٦ 09:30", "2026-11-16T09:30:00"),
        ("2026. november 16., 09:30", "2026-11-16T09:30:00"),
        ("2026. 11. 16. 09:30", "2026-11-16T09:30:00"),
        ("16 Kasım 2026 09:30", "2026-11-16T09:30:00"),
        ("Tuesday, April 9, 2013 - 4:04pm", "2013-04-09T16:04:00"),
        ("November 16, 2026", "2026-11-16T00:00:00"),
        # tomorrow and the far past are dates, however strange
        ("Mon, 23 Nov 2026 20:00:00 GMT", "2026-11-23T20:00:00"),
        ("Tue, 03 Mar 1998 08:00:00 GMT", "1998-03-03T08:00:00"),
        # no date
        ("", None),
        ("not a date", None),
        ("09:30", None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("0000-00-00 00:00:00", None),
        ("30 Feb 2026", None),
        ("2026-11-16T25:00:00Z", None),
        ("16 Nov 2036 09:30:00 GMT", None),
        ("9" * 5000, None),
    ],
)
def test_dates_as_sources_write_them(text, expected):
    moment = parse_date(text, now=NOW)
    assert (moment.strftime("%Y-%m-%dT%H:%M:%S") if moment else None) == expected
    assert moment is None or moment.utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("3/4/2026", None, "2026-04-03"),
        ("3/4/2026", True, "2026-04-03"),
        ("3/4/2026", False, "2026-03-04"),
        ("3/4/2026 9:30 PM", True, "2026-04-03"),  # the source's other dates say more than its clock
        ("3.4.2026", False, "2026-03-04"),
        ("25/12/2025", False, "2025-12-25"),
        ("12/25/2025", True, "2025-12-25"),
        # On 22 November the first of December is yet to come, the twelfth of January is long past.
        ("1/12/2026", None, "2026-01-12"),
        ("1/12/2026", True, "2026-12-01"),
        ("1.12.2026", None, "2026-12-01"),  # nobody writes the month first with full stops
        ("23/11/2026", None, "2026-11-23"),
        ("31/4/2026", None, None),
    ],
)
def test_numeric_dates(text, day_first, expected):
    moment = parse_date(text, now=NOW, day_first=day_first)
    assert (f"{moment:%Y-%m-%d}" if moment else None) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["3/4/2026", "25/12/2025 10:00"], True),
        (["3/4/2026", "12/25/2025"], False),
        (["3/4/2026", "5.6.26"], None),
        (["25/12/2025", "12/25/2025"], None),
        (["2025-12-25", "Mon, 16 Nov 2026 09:30:00 GMT", "25/45/2025", ""], None),
    ],
)
def test_one_date_shows_how_the_others_are_meant(texts, expected):
    assert day_comes_first(texts) is expected


@given(st.integers(min_value=1_000_000_000, max_value=1_790_000_000), st.integers(-12 * 60, 14 * 60))
def test_what_others_write_is_read_back(seconds, minutes):
    written = datetime.fromtimestamp(seconds, tz=timezone(timedelta(minutes=minutes)))
    assert parse_date(format_datetime(written), now=NOW) == written
    assert parse_date(written.isoformat(), now=NOW) == written


@given(st.text(st.sampled_from("0123456789:-+/.TZ jan mar пн年月日PMgmt,()"), max_size=40))
def test_nonsense_is_answered(text):
    moment = parse_date(text, now=NOW)
    assert moment is None or moment.tzinfo is UTC
