import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.suggest import nearest, one_of

NAMES = ["interval", "interval_floor", "interval_ceiling", "timeout", "united-nations", "Europe/Vienna"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("intervall", "interval"),
        ("interval-floor", "interval_floor"),
        ("TIMEOUT", "timeout"),
        ("United Nations", "united-nations"),
        ("europe/viena", "Europe/Vienna"),
        ("colour", ""),
        ("", ""),
    ],
)
def test_finds_the_name_that_was_meant(typed, meant):
    assert nearest(typed, NAMES) == meant


def test_equally_near_names_are_taken_in_order_of_the_alphabet():
    assert nearest("a1", ["a3", "a2"], alike=0.5) == "a2"


def test_a_stricter_likeness_suggests_less():
    assert nearest("tiemut", NAMES) == "timeout"
    assert nearest("tiemut", NAMES, alike=0.95) == ""


@given(st.lists(st.text("abc-_", min_size=1, max_size=6), min_size=1))
def test_a_valid_name_is_its_own_nearest(names):
    found = nearest(names[0], names)
    assert found.replace("-", "_") == names[0].replace("-", "_")


@pytest.mark.parametrize(("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), ("abc", "a, b or c")])
def test_names_in_a_sentence(names, text):
    assert one_of(names) == text
