"""The directory that a demonstration leaves behind: made anew each time, and never at the cost of anybody's files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.core.errors import ConfigError

TEMPLATES = Path(__file__).with_name("config")
MARKER = ".made-by-monitor-demo"
MADE = ("config", "mailbox", "webhook", "monitor.db", "monitor.db-wal", "monitor.db-shm", "monitor.log")
"""What a demonstration writes, and all that the next one removes."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where things lie in it."""

    path: Path

    @property
    def config(self) -> Path:
        """The files that an operator would write."""
        return self.path / "config"

    @property
    def mailbox(self) -> Path:
        """What readers receive."""
        return self.path / "mailbox"

    @property
    def webhook(self) -> Path:
        """What the other program received."""
        return self.path / "webhook"

    @property
    def log(self) -> Path:
        """What the service logged, a JSON object a line."""
        return self.path / "monitor.log"

    def shown(self, path: Path) -> str:
        """`path` as somebody in the present directory would type it."""
        here = Path.cwd()
        return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

    def write_configuration(self, *, site: str, receiver: str, due: str) -> None:
        """The operator's files: sources at the address `site`, digests due at `due` ("07:30", UTC)."""
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
        )
        environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}  # TOML knows no surrogates
        self.config.mkdir()
        for name in environment.list_templates(extensions=["j2"]):
            text = environment.get_template(name).render(folder=str(self.path), site=site, receiver=receiver, due=due)
            (self.config / name.removesuffix(".j2")).write_text(text, encoding="utf-8")


def emptied(path: Path) -> Folder:
    """The directory at `path`, made or freed of what an earlier demonstration left there.

    ConfigError where it holds anything and no demonstration made it.
    """
    folder = Folder(path.resolve())
    marker = folder.path / MARKER
    if folder.path.exists() and not folder.path.is_dir():
        raise ConfigError(f"{path} is a file; name a directory with --output")
    if folder.path.exists() and any(folder.path.iterdir()) and not marker.is_file():
        raise ConfigError(
            f"{path} is not empty and no demonstration made it; name another directory with --output, "
            "or remove what is in there"
        )
    folder.path.mkdir(parents=True, exist_ok=True)
    marker.write_text("The next demonstration removes what this one wrote here, and nothing else.\n", encoding="utf-8")
    for name in MADE:
        made = folder.path / name
        if made.is_dir() and not made.is_symlink():
            shutil.rmtree(made)
        else:
            made.unlink(missing_ok=True)
    return folder
