"""Options that several commands have, and what the shell completes for them. Light: every start pays for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class LogLevel(StrEnum):
    """The least important log lines that are shown."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalOptions:
    """What was said before the command's name."""

    config_file: Path | None = None
    log_level: LogLevel | None = None


LARGEST_ID = 2**63 - 1
"""No database numbers its rows higher, or can be asked for a higher number."""

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output instead of a table.")]
