"""Where the recorded corpus and the labelled sets lie, for the tests that need them."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MONITOR_SHARED") or Path(__file__).parents[2] / "shared")

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(),
    reason="needs the recorded corpus: place it beside the checkout as ../shared, or name it in MONITOR_SHARED",
)
