"""What receivers wrote down while they misbehaved and the service was killed: everything came, nothing in two shapes.

The long version, with figures: `python -m benchmarks.journal`.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.end_to_end.journal import by_turns, run


@pytest.mark.timeout(240)
def test_whatever_receivers_do_every_story_arrives_once(tmp_path: Path) -> None:
    chance = random.Random(20261125)
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    result = run(tmp_path, url, kills=2, chance=chance, whim=by_turns(chance))
    print("\n" + "\n".join(result.told()))
    assert result.sound, result
    assert len(result.whims) == 13, "each receiver did everything that it can do"
