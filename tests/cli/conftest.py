"""A directory with a small configuration, and the command run in it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from monitor.cli.root import root
from tests.cli.site import Site, serving, write_configuration

ON_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
"""With the environment of the tests activated, so that messages call the program by its name."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Monitor:
    """The command `monitor` in an operator's directory."""

    def __init__(self, directory: Path, site: Site) -> None:
        self.directory = directory
        self.site = site

    def __call__(self, *arguments: str, stdin: str | None = None, columns: int = 100, **environ: str) -> Ended:
        result = CliRunner().invoke(
            root, arguments, input=stdin, env={"COLUMNS": str(columns), "PATH": ON_PATH} | environ, prog_name="monitor"
        )
        return Ended(result.exit_code, result.stdout, result.stderr)

    def file(self, name: str) -> Path:
        return self.directory / "config" / name


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with serving() as served:
        yield served


@pytest.fixture
def monitor(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Monitor:
    """Files, and no database yet."""
    write_configuration(tmp_path, site)
    monkeypatch.chdir(tmp_path)
    return Monitor(tmp_path, site)


@pytest.fixture(scope="session")
def polled_directory(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Path:
    """A directory whose sources were polled once, to be copied."""
    directory = tmp_path_factory.mktemp("polled")
    write_configuration(directory, site)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        monitor = Monitor(directory, site)
        assert monitor("db", "upgrade").code == 0
        assert monitor("config", "apply").code == 0
        ended = monitor("poll")
        assert ended.code == 1, ended  # one of the three is missing
    return directory


@pytest.fixture
def polled(polled_directory: Path, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Monitor:
    """Files, and a database in which the sources were polled once."""
    shutil.copytree(polled_directory, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Monitor(tmp_path, site)
