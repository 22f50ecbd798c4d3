"""A YAML document as plain values, together with the line on which each of them stands.

Plain scalars are read by the core schema of YAML 1.2 (chapter 10.3): `NO` is Norway, `on` and `yes` are words, 08:30 is
a time written down and not a number to base 60, a date stays as it was written. PyYAML by itself follows YAML 1.1.

Values are made straight from the parser's events: PyYAML's own trees are built by recursion in C, where a few kilobytes
of brackets end the process, and take twice as long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent, Event, MappingStartEvent, NodeEvent, ScalarEvent, SequenceStartEvent

from monitor.core.checking import Path as Steps
from monitor.core.errors import ConfigError, Problem

_LARGEST = 16 * 2**20  # bytes; the shipped taxonomies are far below one tenth of it
_MOST_VALUES = 1_000_000  # counting each use of an alias; nested aliases can make billions of a few lines
_DEEPEST = 32  # mappings and lists within each other; our files need six

_TAGGED = (ScalarEvent, MappingStartEvent, SequenceStartEvent)
_TEXT_TAG = "tag:yaml.org,2002:str"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {text: text.lower() == "true" for text in ("true", "True", "TRUE", "false", "False", "FALSE")}
_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300})"
    r"|[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


@dataclass(slots=True)
class _Lines:
    """Where a value stands, and where its parts do."""

    line: int
    parts: dict[str | int, _Lines]


class Document:
    """What a YAML file says, and where it says so."""

    def __init__(self, name: str, content: bytes) -> None:
        """Parse; ConfigError with every fault of form: no YAML, a key given twice, tags, too much of anything."""
        reading = _Reading(name, content)
        self.name = name
        self.values: Any
        self.values, self._lines = reading.document()
        if reading.problems:
            raise ConfigError(reading.problems)

    def line_of(self, path: Steps) -> int:
        """The line, from 1, of the key or list item at `path`, or of its nearest ancestor that is there."""
        at = self._lines
        for step in path:
            if step not in at.parts:
                break
            at = at.parts[step]
        return at.line


def read_document(path: Path) -> Document:
    """The document in a file; ConfigError where it cannot be read or is no sound YAML."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise _refusal(str(path), None, f"cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise _refusal(str(path), None, f"is larger than {_LARGEST // 2**20} MiB")
    return Document(str(path), content)


class _Reading:
    """Turns the parser's events into values and collects what is wrong with their form."""

    def __init__(self, name: str, content: bytes) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._content = content
        self._parser = yaml.CBaseLoader(content)
        self._count = 0  # values so far
        self._anchors: dict[str, tuple[Any, _Lines, int]] = {}  # name → value, lines, values in it

    def document(self) -> tuple[Any, _Lines]:
        """The only document of the stream; None where there is nothing but comments."""
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            raise self._no_yaml(error) from None
        except yaml.reader.ReaderError as error:
            raise self._no_text(error) from None

    def _document(self) -> tuple[Any, _Lines]:
        self._next()  # start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None, _Lines(1, {})
        result = self._value(self._next(), 0)
        self._next()  # end of the document
        if not isinstance(after := self._next(), yaml.StreamEndEvent):
            raise _refusal(self._name, _line(after), "a second document begins here; expected one in a file")
        return result

    def _next(self) -> Event:
        event: Event | None = self._parser.get_event()
        if event is None:
            raise _refusal(self._name, None, "ends too early")
        return event

    def _value(self, event: Event, depth: int) -> tuple[Any, _Lines]:
        before = self._count
        self._count += 1
        line = _line(event)
        if depth > _DEEPEST:
            raise _too_deep(self._name, line)
        if isinstance(event, AliasEvent):
            result = self._alias(event.anchor or "", line)
        elif isinstance(event, ScalarEvent):
            result = self._scalar(event), _Lines(line, {})
        elif isinstance(event, MappingStartEvent):
            result = self._mapping(event, depth + 1)
        else:
            result = self._sequence(event, depth + 1)
        if self._count > _MOST_VALUES:
            raise _refusal(self._name, line, f"more than {_MOST_VALUES:,} values, counting each use of an alias")
        if isinstance(event, NodeEvent) and event.anchor and not isinstance(event, AliasEvent):
            self._anchors[event.anchor] = (*result, self._count - before)
        return result

    def _alias(self, name: str, line: int) -> tuple[Any, _Lines]:
        if name not in self._anchors:  # or it is still being read, and would contain itself
            raise _refusal(self._name, line, f"no value before this line has the anchor &{name}")
        value, lines, count = self._anchors[name]
        self._count += count
        return value, _Lines(line, lines.parts)

    def _scalar(self, event: ScalarEvent) -> Any:
        plain, _ = event.implicit
        if plain and event.tag is None:
            return _plain(event.value)
        self._refuse_tag(event)
        return event.value

    def _sequence(self, start: Event, depth: int) -> tuple[Any, _Lines]:
        self._refuse_tag(start)
        values: list[Any] = []
        lines = _Lines(_line(start), {})
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, lines.parts[len(values)] = self._value(event, depth)
            values.append(value)
        return values, lines

    def _mapping(self, start: Event, depth: int) -> tuple[Any, _Lines]:
        self._refuse_tag(start)
        values: dict[str, Any] = {}
        lines = _Lines(_line(start), {})
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            at = _line(event)
            if isinstance(event, ScalarEvent):
                key = event.value  # always text: a country code `no`, a language `on`
            else:
                key = f"(line {at})"
                self._value(event, depth)
                self._complain(at, "a list, mapping or alias cannot be a key", "text")
            if key in values:
                self._complain(at, f"the key {key!r} is given twice, first on line {lines.parts[key].line}")
            value, parts = self._value(self._next(), depth)
            if key not in values:
                values[key] = value
                lines.parts[key] = _Lines(at, parts.parts)
        return values, lines

    def _refuse_tag(self, event: Event) -> None:
        # A lone "!" only says that the value is not plain: text, that is (YAML 1.2.2, 6.9.1).
        if isinstance(event, _TAGGED) and event.tag not in {None, "!", _TEXT_TAG}:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._complain(_line(event), f"the tag {tag} is not used in these files", "the value without it")

    def _complain(self, line: int, message: str, expected: str = "") -> None:
        self.problems.append(Problem(file=self._name, line=line, path="", message=message, expected=expected))

    def _no_yaml(self, error: yaml.MarkedYAMLError) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        text = self._content.decode("utf-8", "replace").split("\n")[mark.line] if mark else ""
        if "\t" in text[: len(text) - len(text.lstrip())]:
            return _refusal(self._name, line, "a tab stands where only spaces may indent")
        if mark and text[mark.column : mark.column + 1] in {"@", "`", "%"}:
            return _refusal(self._name, line, "text that begins with @, ` or % needs quotes around it")
        said = ", ".join(part for part in (error.context, error.problem) if part)
        if "nesting depth" in said:  # newer libraries have a limit of their own, and meet it first
            return _too_deep(self._name, line)
        hint = "; text that holds a colon and a space needs quotes" if "mapping values" in said else ""
        return _refusal(self._name, line, f"not YAML: {said}{hint}")

    def _no_text(self, error: yaml.reader.ReaderError) -> ConfigError:
        try:
            before, said = self._content.decode("utf-8-sig")[: error.position], "holds a character that YAML forbids"
        except UnicodeDecodeError as wrong:
            before, said = self._content[: wrong.start].decode("utf-8", "replace"), "is not UTF-8 text"
        return _refusal(self._name, before.count("\n") + 1, said)


def _plain(text: str) -> str | int | float | bool | None:
    """A plain scalar by YAML 1.2's core schema."""
    first = text[:1]
    if first.isalpha() and first not in "nNtTfF":  # nearly everything in our files
        return text
    if text in _NULL:
        return None
    if (boolean := _BOOLEANS.get(text)) is not None:
        return boolean
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if number["integer"]:
        return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
    return float(re.sub(r"\.(?=[iInN])", "", text))  # ".inf" and ".nan" are spelt without the dot in Python


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _too_deep(name: str, line: int | None) -> ConfigError:
    return _refusal(name, line, f"more than {_DEEPEST} lists and mappings within each other")


def _refusal(name: str, line: int | None, message: str) -> ConfigError:
    return ConfigError([Problem(file=name, line=line, path="", message=message)])
