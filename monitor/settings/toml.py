"""A TOML document together with the line on which each of its keys stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError, Problem

_LARGEST = 2**20  # a settings file of more than 1 MiB is not one


class Document:
    """What a TOML file says, and where it says so."""

    def __init__(self, name: str, text: str) -> None:
        """Parse; ConfigError where the text is not TOML."""
        self.name = name
        self._lines = text.splitlines()
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _not_toml(name, str(error), len(self._lines)) from None

    def line_of(self, path: tuple[str | int, ...]) -> int | None:
        """The line, from 1, on which the statement begins that first mentions `path`; None where nothing does.

        tomllib gives no positions, so it is asked line by line: the statement that brings a key begins after the last
        shorter prefix of the file that is TOML by itself, and ends with the first prefix that knows the key. Costs a
        parse a line, which only a file with a mistake has to pay.
        """
        keys = [step for step in path if isinstance(step, str)]
        while keys:
            if line := self._first_mention(keys):
                return line
            keys.pop()  # a missing key is reported where its table begins
        return None

    def _first_mention(self, keys: list[str]) -> int | None:
        whole = 0  # lines in the longest prefix so far that is TOML by itself
        for count in range(1, len(self._lines) + 1):
            try:
                values: Any = tomllib.loads("\n".join(self._lines[:count]))
            except tomllib.TOMLDecodeError:
                continue  # inside a list or text of several lines
            for key in keys:
                values = values.get(key) if isinstance(values, dict) else None
            if values is not None:
                return whole + 1
            whole = count
        return None


def read_document(path: Path) -> Document:
    """The document in a file; ConfigError where the file cannot be read or is not TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ConfigError([_problem(path, f"is larger than {_LARGEST} bytes")])
        return Document(str(path), content.decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError([_problem(path, "there is no such file")]) from None
    except OSError as error:
        raise ConfigError([_problem(path, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError([_problem(path, "is not UTF-8 text", line)]) from None


def _problem(path: Path, message: str, line: int | None = None) -> Problem:
    return Problem(file=str(path), line=line, path="", message=message)


def _not_toml(name: str, message: str, lines: int) -> ConfigError:
    sentence, _, where = message.rpartition(" (at ")
    found = re.match(r"line (\d+)", where)
    line = int(found[1]) if found else lines
    text = f"not TOML: {sentence[:1].lower()}{sentence[1:]}" if sentence else f"not TOML: {message}"
    return ConfigError([Problem(file=name, line=line or None, path="", message=text)])
