"""Reads the operator's own facets: each a file in config/facets/ that lists topics, people or products."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.core.model import Facet
from monitor.core.query import OWN_FACET
from monitor.core.suggest import one_of
from monitor.provisioning.document import read_document
from monitor.provisioning.files import FACETS, File, fill
from monitor.provisioning.shapes import FacetFile


def read_facets(directory: Path) -> dict[str, File]:
    """Every file in `directory`/facets, by "facets/NAME". What is wrong with one is among its problems."""
    files = {}
    for path in sorted([*directory.glob(f"{FACETS}*.yaml"), *directory.glob(f"{FACETS}*.yml")]):
        file = File(f"{FACETS}{path.stem}", key="entries")
        files[file.name] = file
        try:
            file.document = read_document(path)
        except ConfigError as error:
            file.problems += error.problems
            file.claimed = None
            continue
        values = {} if file.document.values is None else file.document.values
        if isinstance(values, dict) and values.get("entries", ...) is None:
            values["entries"] = []
        fill(file, values, FacetFile)
    _refuse_twins(files)
    return files


def facet_of(file: File) -> Facet | None:
    """The facet that a file lists; None where it does not say, which was complained about."""
    written = _values(file).get("facet")
    return Facet(written) if isinstance(written, str) and OWN_FACET.fullmatch(written) else None


def names_of(file: File) -> Mapping[str, tuple[str, ...]]:
    """What the facet of a sound file is called, by language."""
    return {language: tuple(names) for language, names in (_values(file).get("names") or {}).items()}


def _values(file: File) -> Mapping[str, Any]:
    values = file.document.values if file.document else None
    return values if isinstance(values, dict) else {}


def _refuse_twins(files: Mapping[str, File]) -> None:
    first: dict[Facet, File] = {}
    for file in files.values():
        facet = facet_of(file)
        if facet is None:
            continue
        if facet in first:
            file.complain_at(("facet",), f"{facet!r} is the facet of {first[facet].name}.yaml already")
        first.setdefault(facet, file)


def unknown_facet(facet: str, facets: Mapping[Facet, File]) -> tuple[str, str]:
    """What to say of a facet that nobody listed: the message and what would be right."""
    known = [*Facet.BUILT_IN, *facets]
    return f"there is no facet {str(facet)!r}", f"{one_of(known)}, or a file in facets/ that lists it"
