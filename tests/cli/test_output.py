from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from monitor.cli.output import count, length, moment, one_line, plain, safe
from monitor.cli.program import callable_here
from monitor.core.model import Outcome
from tests import make
from tests.cli.conftest import Monitor

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


@pytest.mark.parametrize("command", ["sources list", "sources show mfa", "posts list", "posts show 1", "watches list"])
def test_what_is_piped_has_no_spaces_at_the_ends_of_lines(polled: Monitor, command: str) -> None:
    lines = polled(*command.split()).out.splitlines()
    assert lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_commands_in_messages_work_where_the_program_is_not_on_the_path(monitor: Monitor) -> None:
    beside = Path(sys.executable).with_name("monitor")
    assert monitor("sources", "list").err.endswith("; run: monitor db upgrade\n")
    assert monitor("sources", "list", PATH=os.defpath).err.endswith(f"; run: {beside} db upgrade\n")


def test_only_calls_of_the_program_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    for text in ("the monitor runs", "see /opt/monitor run", "look after the monitor", "Communiqué Monitor status"):
        assert callable_here(text) == text
