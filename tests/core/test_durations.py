from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.durations import duration, show


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5_400),
        (" 1 h 30 m ", 5_400),
        ("2D", 172_800),
        ("1w1d", 691_200),
        ("1.5h", 5_400),
        ("0s", 0),
        ("45", 45),
        (45, 45),
        (0.5, 0.5),
        (0, 0),
    ],
)
def test_reads_what_people_write(written, seconds):
    assert duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    ["", "m", "15 x", "15 minutes", "-5m", "30m1h", "1m1m", "1h 5", "١٥m", "1.2.3h", "1e3", "9999999w", "h1"],
)
def test_refuses_other_text_in_a_sentence(written):
    with pytest.raises(ValueError, match=r"is not a duration|longer than a hundred years"):
        duration(written)


@pytest.mark.parametrize("written", [-1, float("nan"), float("inf"), True, None, [], 10**300])
def test_refuses_other_values(written):
    with pytest.raises(ValueError, match="is "):
        duration(written)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(minutes=15), "15m"),
        (timedelta(hours=1, minutes=30), "1h30m"),
        (timedelta(days=7), "7d"),
        (timedelta(0), "0s"),
        (timedelta(days=1, microseconds=1), "1d0.000001s"),
    ],
)
def test_shows_the_shortest_form(length, text):
    assert show(length) == text


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_000)))
def test_what_is_shown_reads_back(length):
    assert duration(show(length)) == length
