"""Plain text keeps to its columns in every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.render.plain import clean, direction, underlined, width, wrap


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("Заявление", 9),
        ("上合组织", 8),
        ("e\u0301", 1),
        ("شكراً", 4),
        ("ｆｕｌｌ", 8),
        ("", 0),
        ("a\u200db", 2),
    ],
)
def test_width(text, columns):
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("上合组织秘书长会见。讨论单一", 10, ["上合组织秘", "书长会见。", "讨论单一"]),
        ("会见会见会。讨论", 10, ["会见会见", "会。讨论"]),  # a full stop never begins a line
        (
            "see https://example.org/a/very/long/address now",
            12,
            ["see", "https://example.org/a/very/long/address", "now"],
        ),
        ("ШОС и WTO 世贸组织 meet", 12, ["ШОС и WTO 世", "贸组织 meet"]),
        ("+1\u00a0h\u00a05\u00a0min late", 9, ["+1 h 5 min", "late"]),
    ],
)
def test_wrapping(text, columns, lines):
    assert wrap(text, columns=columns).splitlines() == lines


def test_the_first_line_may_begin_otherwise():
    assert wrap("one two three", first=" 1. ", rest="    ", columns=11).splitlines() == [" 1. one two", "    three"]


def test_a_heading_is_underlined_by_what_is_seen():
    assert underlined("上合组织") == "上合组织\n--------"
    assert underlined("Title", "=") == "Title\n====="


@pytest.mark.parametrize(
    ("text", "way"),
    [("Hello", "ltr"), ("وزارة", "rtl"), ("123 – وزارة ABC", "rtl"), ("שלום", "rtl"), ("12 !", "ltr"), ("", "ltr")],
)
def test_direction(text, way):
    assert direction(text) == way


def test_control_characters_and_half_characters_do_not_survive():
    assert clean("a\x00b\x1b[31m\r\nc\td\x85\u2028\ud800") == "ab[31m\nc\td?"


@given(st.text(alphabet=st.sampled_from("ab é文会。中 я\u0301👍🏽\n,."), max_size=200), st.integers(8, 78))
def test_every_line_fits_unless_it_is_one_word(text, columns):
    wrapped = wrap(text, first="  ", rest="    ", columns=columns)
    for line in wrapped.splitlines():
        assert width(line) <= columns or " " not in line.strip()
    assert "".join(wrapped.split()) == "".join(text.split())
