"""Reads the files one by one: what is sound in each, by entry, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from monitor.core import checking
from monitor.core.errors import ConfigError, Problem
from monitor.core.suggest import nearest
from monitor.provisioning.document import Document, read_document
from monitor.provisioning.shapes import FILES, Shape
from monitor.provisioning.shipped import shipped

TAXONOMIES = ("organisations", "regions", "countries")
"""Files for which the shipped ones are read where the operator has none of their own."""

E = TypeVar("E", bound=Shape)


@dataclass(frozen=True, slots=True)
class Entry(Generic[E]):
    """One sound entry of a file and its place there."""

    index: int
    shape: E


@dataclass(slots=True)
class File:
    """What one file gave."""

    name: str  # also its one key
    document: Document | None = None  # None where there is no file, or nothing in it could be read
    entries: tuple[Entry[Any], ...] = ()
    claimed: frozenset[str] | None = frozenset()  # slugs of all its entries, sound or not; None where nobody can tell
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def complain(self, path: checking.Path, message: str, *, expected: str = "", nearest: str = "") -> None:
        """Add a problem with what stands at `path` below the file's key."""
        full = (self.name, *path)
        name, line = (self.document.name, self.document.line_of(full)) if self.document else (self.name, None)
        self.problems.append(
            Problem(
                file=name, line=line, path=checking.shown(full), message=message, expected=expected, nearest=nearest
            )
        )

    def check_reference(self, path: checking.Path, slug: str, *others: File) -> None:
        """Complain where `slug` stands in none of the other files; be silent where one of them could not be read."""
        known: set[str] = set()
        for other in others:
            if other.claimed is None:
                return
            known |= other.claimed
        if slug not in known:
            where = " or ".join(f"{other.name}.yaml" for other in others)
            self.complain(path, f"{slug!r} is not listed in {where}", nearest=nearest(slug, known))

    def place(self, path: checking.Path) -> tuple[str, int | None]:
        """File and line of a full path, for `checking.problems_of`."""
        return (self.document.name, self.document.line_of(path)) if self.document else (self.name, None)


def read_files(directory: Path) -> dict[str, File]:
    """Every file of FILES by name. ConfigError only where there is no such directory."""
    if not directory.is_dir():
        raise ConfigError([Problem(file=str(directory), line=None, path="", message="there is no such directory")])
    files = {name: _read(directory, name) for name in FILES}
    strays = sorted({*directory.glob("*.yaml"), *directory.glob("*.yml")} - {directory / f"{n}.yaml" for n in FILES})
    for stray in strays:
        meant = nearest(stray.stem, FILES, alike=0.85)
        if (meant and files[meant].document is None) or stray.stem in FILES:
            files[meant].problems.append(
                Problem(
                    file=str(stray), line=None, path="", message="no file of this name is read", nearest=f"{meant}.yaml"
                )
            )
        else:
            files["sources"].notes.append(f"{stray} is not read: no file of this name is known")
    return files


def _read(directory: Path, name: str) -> File:
    file = File(name)
    path = directory / f"{name}.yaml"
    if not path.exists() and not path.is_symlink():  # a link that leads nowhere is a mistake, not an absence
        if name not in TAXONOMIES:
            file.notes.append(f"{path} is not there: no {name} come from a file")
            return file
        path = shipped("config") / f"{name}.yaml"
        file.notes.append(f"{directory / path.name} is not there: the shipped {name} are used")
    try:
        file.document = read_document(path)
    except ConfigError as error:
        file.problems += error.problems
        file.claimed = None
        return file
    values = {} if file.document.values is None else file.document.values
    if isinstance(values, dict) and name in values and values[name] is None:
        values[name] = []  # the key with all its entries commented out
    file.entries = tuple(_entries(file, values))
    _check_slugs(file, values)
    return file


def _entries(file: File, values: Any) -> Iterable[Entry[Any]]:
    shape = FILES[file.name]
    try:
        whole = shape.model_validate(values)
    except ValidationError as error:
        file.problems += checking.problems_of(error, shape, file.place)
        spoilt = {detail["loc"][1] for detail in error.errors() if len(detail["loc"]) > 1}
        sound = {i: v for i, v in enumerate(_raw(file, values)) if i not in spoilt}
        whole = shape.model_validate({file.name: list(sound.values())})
        return [Entry(i, entry) for i, entry in zip(sound, getattr(whole, file.name), strict=True)]
    return [Entry(i, entry) for i, entry in enumerate(getattr(whole, file.name))]


def _raw(file: File, values: Any) -> list[Any]:
    listed = values.get(file.name) if isinstance(values, dict) else None
    return listed if isinstance(listed, list) else []


def _check_slugs(file: File, values: Any) -> None:
    """Note the slug of every entry, and complain about those that come twice."""
    key = "code" if file.name == "countries" else "slug"
    first: dict[str, int] = {}
    for index, slug in _slugs(_raw(file, values), key):
        if slug not in first:
            first[slug] = index
        elif file.document:
            line = file.document.line_of((file.name, first[slug], key))
            file.complain((index, key), f"the {key} {slug!r} is taken by the entry on line {line}", expected="another")
    file.claimed = frozenset(first)
    if not isinstance(values, dict) or not isinstance(values.get(file.name, []), list):
        file.claimed = None


def _slugs(entries: list[Any], key: str) -> Iterator[tuple[int, str]]:
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(slug := entry.get(key), str):
            yield index, slug
