"""Reads the files one by one: what is sound in each, by entry, and what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from monitor.core import checking
from monitor.core.errors import ConfigError, Problem
from monitor.core.suggest import nearest
from monitor.provisioning.document import Document, read_document
from monitor.provisioning.shapes import COUNTRY_EXPECTED, FILES, Shape
from monitor.provisioning.shipped import shipped

TAXONOMIES = ("organisations", "regions", "countries")
"""Files for which the shipped ones are read where the operator has none of their own."""

FACETS = "facets/"
"""Before the names of files of the operator's own facets."""

KINDS_OF_NAMES = ("names", "acronyms", "demonyms", "cities")
"""Keys of an entry, of those that it may have, under which names stand by language."""

E = TypeVar("E", bound=Shape)


@dataclass(frozen=True, slots=True)
class Addition:
    """What a file of the operator's own adds to an entry, and its place there."""

    file: File
    index: int
    values: Mapping[str, Any]

    def says(self, path: checking.Path) -> bool:
        """Whether what stands at `path` below the entry comes from here, as far as keys can tell."""
        within: Any = self.values
        for step in path:
            if not isinstance(within, Mapping):
                break
            if step not in within:
                return False
            within = within[step]
        return bool(path)


@dataclass(frozen=True, slots=True)
class Entry(Generic[E]):
    """One sound entry of a file and its place there."""

    index: int
    shape: E
    additions: tuple[Addition, ...] = ()  # in the order in which they were made
    new: bool = False  # whether the first of them made it: it stands nowhere else

    def place(self, file: File, path: checking.Path) -> tuple[File, checking.Path]:
        """The file that says what stands at `path` below the entry, and the whole path there; `file` lists it."""
        for addition in reversed(self.additions):
            if addition.says(path):
                return addition.file, (addition.file.key, addition.index, *path)
        if self.new:
            return self.additions[0].file, (self.additions[0].file.key, self.additions[0].index)
        return file, (file.key, self.index, *path)


@dataclass(frozen=True, slots=True)
class Remains:
    """What is sound of an entry with a mistake: the keys that fit, the defaults of those that do not."""

    index: int
    values: Mapping[str, Any]  # a mapping within the entry as such a mapping again


@dataclass(slots=True)
class File:
    """What one file gave."""

    name: str
    key: str = ""  # of the list of its entries; the name where not given
    document: Document | None = None  # None where there is no file, or nothing in it could be read
    entries: tuple[Entry[Any], ...] = ()
    remains: tuple[Remains, ...] = ()  # of the other entries: their references are judged all the same
    claimed: frozenset[str] | None = frozenset()  # slugs of all its entries, sound or not; None where nobody can tell
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """A file's one key is its name, unless something else is said."""
        self.key = self.key or self.name

    def complain(self, path: checking.Path, message: str, *, expected: str = "", nearest: str = "") -> None:
        """Add a problem with what stands at `path` below the file's key."""
        self.complain_at((self.key, *path), message, expected=expected, nearest=nearest)

    def complain_at(self, full: checking.Path, message: str, *, expected: str = "", nearest: str = "") -> None:
        """Add a problem with what stands at the path `full`."""
        name, line = (self.document.name, self.document.line_of(full)) if self.document else (self.name, None)
        self.problems.append(
            Problem(
                file=name, line=line, path=checking.shown(full), message=message, expected=expected, nearest=nearest
            )
        )

    def complain_unknown_name(self, path: checking.Path, name: str, known: Collection[str]) -> None:
        """Add a problem with a condition for what is no name of its entry: it would never be asked."""
        self.complain(path, f"{name!r} is none of the names of the entry", nearest=nearest(name, known))

    def check_reference(self, path: checking.Path, slug: str, *others: File) -> None:
        """Complain where `slug` stands in none of the other files; be silent where one of them could not be read."""
        known: set[str] = set()
        for other in others:
            if other.claimed is None:
                return
            known |= other.claimed
        countries = [other.name for other in others] == ["countries"]
        if (slug.lower() if countries else slug) not in known:
            where = " or ".join(f"{other.name}.yaml" for other in others)
            expected = COUNTRY_EXPECTED if countries else ""
            meant = _meant(slug, known, others)
            if self.name == "sources" and countries:
                meant = meant.upper()  # as sources.yaml has them
            self.complain(path, f"{slug!r} is not listed in {where}", expected=expected, nearest=meant)

    def place(self, path: checking.Path) -> tuple[str, int | None]:
        """File and line of a full path, for `checking.problems_of`."""
        return (self.document.name, self.document.line_of(path)) if self.document else (self.name, None)


def _meant(written: str, known: Collection[str], others: Collection[File]) -> str:
    """The slug that somebody probably meant, who may have written a name: "Kazakhstan" for kz."""
    slugs = {
        name.casefold(): getattr(entry.shape, key_of(other.name))
        for other in others
        if other.name in TAXONOMIES or other.name.startswith(FACETS)
        for entry in other.entries
        for spoken in (entry.shape.names, getattr(entry.shape, "acronyms", {}))
        for names in spoken.values()
        for name in names
    }
    name = written.casefold()
    return slugs.get(name) or nearest(written, known) or slugs.get(nearest(name, slugs, alike=0.75), "")


def key_of(file: str) -> str:
    """The key by which the entries of a file are referred to."""
    return "code" if file == "countries" else "slug"


def read_files(directory: Path, *, only: Collection[str] = tuple(FILES)) -> dict[str, File]:
    """Every file of FILES by name, or `only` some. ConfigError only where there is no such directory."""
    if not directory.is_dir():
        where = "there is no such directory; start where it lies, or say where that is with MONITOR_PATHS__CONFIG"
        raise ConfigError([Problem(file=str(directory), line=None, path="", message=where)])
    files = {name: _read(directory, name) for name in only}
    strays = sorted({*directory.glob("*.yaml"), *directory.glob("*.yml")} - {directory / f"{n}.yaml" for n in FILES})
    for stray in strays if "sources" in files else ():
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
    fill(file, values, FILES[name])
    return file


def fill(file: File, values: Any, shape: type[Shape]) -> None:
    """Put into `file` what is sound of its values, and complain about the rest."""
    file.entries = tuple(_entries(file, values, shape))
    _check_slugs(file, values)


def _entries(file: File, values: Any, shape: type[Shape]) -> Iterable[Entry[Any]]:
    try:
        whole = shape.model_validate(values)
    except ValidationError as error:
        file.problems += checking.problems_of(error, shape, file.place)
        spoilt = {e["loc"][1] for e in error.errors() if len(e["loc"]) > 1 and e["loc"][0] == file.key}
        sound = {i: v for i, v in enumerate(_raw(file, values)) if i not in spoilt}
        model = next(checking.models_in(shape.model_fields[file.key].annotation))
        file.remains = tuple(
            Remains(i, _remains(model, v))
            for i, v in enumerate(_raw(file, values))
            if i in spoilt and isinstance(v, dict)
        )
        reader = TypeAdapter(list[model])  # type: ignore[valid-type]  # known at run time only
        entries: list[Any] = reader.validate_python(list(sound.values()))
        return [Entry(i, entry) for i, entry in zip(sound, entries, strict=True)]
    return [Entry(i, entry) for i, entry in enumerate(getattr(whole, file.key))]


def _remains(model: type[BaseModel], written: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the keys in `written` that fit by themselves."""
    result: dict[str, Any] = {}
    for key in model.model_fields.keys() & written.keys():
        inner = next(checking.models_in(model.model_fields[key].annotation), None)
        if inner is not None:
            result[key] = _remains(inner, written[key]) if isinstance(written[key], dict) else {}
            continue
        with suppress(ValidationError):  # it was complained about already
            result[key] = _reader(model, key).validate_python(written[key])
    return result


@cache
def _reader(model: type[BaseModel], key: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[key].rebuild_annotation())


def _raw(file: File, values: Any) -> list[Any]:
    listed = values.get(file.key) if isinstance(values, dict) else None
    return listed if isinstance(listed, list) else []


def _check_slugs(file: File, values: Any) -> None:
    """Note the slug of every entry, and complain about those that come twice."""
    key = key_of(file.name)
    first: dict[str, int] = {}
    for index, slug in _slugs(_raw(file, values), key):
        if slug not in first:
            first[slug] = index
        elif file.document:
            line = file.document.line_of((file.key, first[slug], key))
            file.complain((index, key), f"the {key} {slug!r} is taken by the entry on line {line}", expected="another")
    file.claimed = frozenset(first)
    if not isinstance(values, dict) or not isinstance(values.get(file.key, []), list):
        file.claimed = None


def _slugs(entries: list[Any], key: str) -> Iterator[tuple[int, str]]:
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and isinstance(slug := entry.get(key), str):
            yield index, slug.lower() if key == "code" else slug


def names_in(shape: BaseModel) -> list[str]:
    """Every name of an entry, in any language, that a condition may be for."""
    groups: list[Mapping[str, tuple[str, ...]]] = [getattr(shape, kind, {}) for kind in KINDS_OF_NAMES]
    return [name for group in groups for names in group.values() for name in names]
