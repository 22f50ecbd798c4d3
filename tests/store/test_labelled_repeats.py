"""The bars of the labelled sets, judged as `python -m benchmarks.dedup` judges them, which prints the tables."""

from __future__ import annotations

import pytest

from benchmarks.dedup import (
    BARS,
    NEVER,
    SETS,
    STREAM_BAR,
    b_cubed,
    groups,
    judged,
    measures,
    pair_f1,
    records,
    streamed,
)
from tests.shared import needs_shared

pytestmark = [needs_shared, pytest.mark.corpus]

EVERY = 6  # of the largest set, one pair in so many


@pytest.mark.parametrize("name", BARS)
def test_pairs(name: str) -> None:
    rows = records(SETS / f"{name}.dev.jsonl")
    pairs = judged(rows[::EVERY] if name == "variants" else rows)
    assert measures(pairs)[2] >= BARS[name]
    if name == "variants":
        assert not [pair.id for pair in pairs if pair.kind in NEVER and pair.joined]


def test_a_stream_gives_the_same_stories_in_any_order() -> None:
    rows = records(SETS / "stream.dev.jsonl")[::6]
    labels = {row["id"]: row["story"] for row in rows}
    one, other = streamed(rows, seed=1), streamed(rows, seed=2, batch=100)
    assert groups(one) == groups(other)
    assert min(pair_f1(one, labels), b_cubed(one, labels)) >= STREAM_BAR
