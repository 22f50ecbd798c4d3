from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from monitor.cli.output import count, length, moment, one_line, plain, safe
from monitor.core.model import Outcome
from tests import make

NOW = make.NOW


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=0.4), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=400), "400 d"),
    ],
)
def test_length(span: timedelta, text: str) -> None:
    assert length(span) == text


def test_moment() -> None:
    assert moment(None, now=NOW) == "never"
    assert moment(NOW, now=NOW) == "now"
    assert moment(NOW - timedelta(minutes=3), now=NOW) == "3 min ago"
    assert moment(NOW + timedelta(hours=3), now=NOW) == "in 3 h"


def test_what_would_steer_the_terminal_is_taken_out() -> None:
    assert safe("a\x1b[31mb\x07c\x9bd\u202ee\r\n\tf") == "a[31mbcde\n f"
    assert safe("семья 👨‍👩‍👧 制裁") == "семья 👨‍👩‍👧 制裁"
    assert one_line("a\n  b\t\tc") == "a b c"


def test_plain_holds_what_json_can() -> None:
    value = {
        "at": datetime(2026, 3, 2, 7, 30, tzinfo=timezone(timedelta(hours=1))),
        "span": (timedelta(minutes=1), timedelta(milliseconds=1500)),
        "hash": b"\x00\xff",
        "outcome": Outcome.NOT_MODIFIED,
        "post": make.post(),
    }
    document = json.loads(json.dumps(plain(value)))
    assert document["at"] == "2026-03-02T06:30:00Z"
    assert document["span"] == [60, 1.5]
    assert document["hash"] == "00ff"
    assert document["outcome"] == "not-modified"
    assert document["post"]["title"] == "Statement 1"
    assert plain(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00Z"
    with pytest.raises(TypeError):
        plain(object())


def test_count() -> None:
    assert (count(1, "source"), count(2, "source"), count(0, "story", "stories")) == (
        "1 source",
        "2 sources",
        "0 stories",
    )
