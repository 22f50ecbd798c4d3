"""Writes config/schemas/*.schema.json anew: after a setting, key, kind of source or channel was added or changed.

Run it from the root of the checkout: `.venv/bin/python scripts/write_schemas.py`. A test fails while they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor import provisioning, settings
from monitor.channels import CHANNELS
from monitor.sources import KINDS

DIRECTORY = Path(__file__).parents[1] / "config" / "schemas"


def documents() -> Mapping[str, dict[str, Any]]:
    """File name → JSON Schema, for every file under config/ that an operator edits."""
    kinds = {name: kind.options for name, kind in KINDS.items()}
    channels = {name: channel.options for name, channel in CHANNELS.items()}
    return {"monitor": settings.schema(), **provisioning.schemas(kinds=kinds, channels=channels)}


if __name__ == "__main__":
    provisioning.write_schemas(DIRECTORY, documents())
    print(f"wrote {DIRECTORY}")
