"""How this program is called from here: what a message tells people to type must work when they type it."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from monitor.cli.tree import TREE

_CALL = re.compile(rf"(?<![\w./-])monitor (?=(?:{'|'.join(TREE)})\b|--)")


def program() -> str:
    """ "monitor" where the shell finds this program by that name, else its path, or how Python is told to run it."""
    beside = Path(sys.executable).with_name("monitor")
    found = shutil.which("monitor")
    if found is not None and (not beside.exists() or Path(found).resolve() == beside.resolve()):
        return "monitor"
    if not beside.exists():
        return f"{_shown(Path(sys.executable))} -m monitor"
    return _shown(beside)


def callable_here(text: str) -> str:
    """A text in which every call such as "monitor sources list" works from here."""
    if _CALL.search(text) is None:
        return text
    name = program()
    return _CALL.sub(lambda _: f"{name} ", text)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
