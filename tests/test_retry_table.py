"""The table of attempts in docs/webhooks.md is what the service does with its default settings."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from monitor.core.pacing import Patience, next_attempt_at
from monitor.settings.sections import Delivery
from tests.make import NOW

PAGE = (Path(__file__).parents[1] / "docs/webhooks.md").read_text("utf-8")
UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def lasting(written: str) -> timedelta:
    return timedelta(seconds=sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+) (d|h|min|s)\b", written)))


def attempts(patience: Patience, chance: float) -> list[datetime]:
    made = [NOW]
    while True:
        at = next_attempt_at(attempts=len(made), now=made[-1], retry_at=None, patience=patience, chance=chance)
        if at is None:
            return made
        made.append(at)


def test_the_table_shows_when_a_message_is_tried_again() -> None:
    settings = Delivery()
    patience = Patience(attempts=settings.attempts, first=settings.backoff, longest=settings.backoff_ceiling)
    made = attempts(patience, 0.5)
    table = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _, _ in table] == list(range(1, len(made) + 1))
    assert [lasting(since) for _, _, since in table] == [at - NOW for at in made]
    pauses = [after - before for before, after in pairwise(made)]
    assert [lasting(pause) for _, pause, _ in table[1:]] == pauses
    assert timedelta(days=3) <= made[-1] - NOW <= timedelta(days=3, hours=6), "about three days"


def test_chance_moves_each_pause_by_up_to_a_tenth() -> None:
    soonest, plain, latest = (attempts(Patience(), chance) for chance in (0.0, 0.5, 1.0))
    for early, middle, late in zip(soonest[1:], plain[1:], latest[1:], strict=True):
        assert (early - NOW) / (middle - NOW) == 0.9
        assert (late - NOW) / (middle - NOW) == 1.1
