"""Days in the scripted world, judged from its servers' own log. `benchmarks/world.py` is the same at full length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import databases
from tests.world.drive import live
from tests.world.judge import Verdict
from tests.world.publishers import populated


@pytest.mark.parametrize(
    ("engine", "sources", "days", "seed"), [("sqlite", 28, 1.0, 5), ("postgresql", 8, 0.4, 8)], ids=["sqlite", "pg"]
)
def test_no_promise_is_broken(engine: str, sources: int, days: float, seed: int, tmp_path: Path) -> None:
    publishers = populated(sources=sources, days=days, seed=seed)
    with databases.fresh(engine, tmp_path) as database:
        verdict = Verdict(live(publishers, database, days=days, seed=seed))
        promises = verdict.promises()
    assert [f"{promise.sentence}: {what}" for promise in promises for what in promise.broken] == []
    kept = {promise.sentence: promise.cases for promise in promises}
    assert kept["what any window showed is stored"] > 50
    if engine == "sqlite":  # the world is large enough to put every promise to the test
        assert not [sentence for sentence, cases in kept.items() if not cases]
