"""Reads config/taxonomy.d/*.yaml: lines that are added to organisations, regions and countries, or take some away.

The files they are added to stay as they are: the shipped ones, or the operator's own in their place. An entry whose
slug is listed already adds to that one; any other is a new entry. Files are taken in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.core import checking
from monitor.core.errors import ConfigError
from monitor.core.suggest import nearest, one_of
from monitor.provisioning.addition_shapes import ADDITIONS, AdditionsFile
from monitor.provisioning.document import read_document
from monitor.provisioning.files import KINDS_OF_NAMES, TAXONOMIES, Addition, Entry, File, fill, key_of, names_in
from monitor.provisioning.shapes import FILES

DIRECTORY = "taxonomy.d"
_HOW = frozenset({"remove", "labels", "replace", "drop"})  # keys of an addition that say what it does, and are no data


@dataclass(frozen=True, slots=True)
class _Edit:
    """One addition, and the file whose entries it changes."""

    base: File
    file: File
    at: int
    written: Mapping[str, Any]  # as understood, keys that are not given left out

    @property
    def slug(self) -> str:
        return str(self.written[key_of(self.base.name)])


def read_additions(directory: Path, files: Mapping[str, File]) -> list[File]:
    """Add what the files in `directory`/taxonomy.d say to the entries of `files`. Gives those files, with what is wrong
    with them and what is worth knowing about them."""
    folder = directory / DIRECTORY
    result = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        parts = list(_parts(path))
        result += parts
        for part in sorted(parts, key=lambda part: part.name):  # countries first: the others refer to them
            if part.name in TAXONOMIES:
                for entry in part.entries:
                    written = entry.shape.model_dump(exclude_unset=True)
                    _apply(_Edit(files[part.name], part, entry.index, written), files)
    return result


def _parts(path: Path) -> Iterator[File]:
    """The lists of one file, each as if it were a file of its own."""
    try:
        document = read_document(path)
    except ConfigError as error:
        yield File(f"{DIRECTORY}/{path.stem}", problems=list(error.problems))
        return
    values = {} if document.values is None else document.values
    if not isinstance(values, dict) or set(values) - set(TAXONOMIES):
        whole = File(f"{DIRECTORY}/{path.stem}", document=document)
        try:
            AdditionsFile.model_validate({k: v for k, v in values.items() if k not in TAXONOMIES})
        except ValidationError as error:
            whole.problems += checking.problems_of(error, AdditionsFile, whole.place)
        except AttributeError:
            whole.complain_at((), "does not fit", expected=f"a mapping with {one_of(TAXONOMIES)}")
            values = {}
        yield whole
    for name in TAXONOMIES:
        if values.get(name) is not None:
            part = File(name, document=document)
            fill(part, {name: values[name]}, ADDITIONS[name])
            yield part


def _apply(edit: _Edit, files: Mapping[str, File]) -> None:
    base, key = edit.base, key_of(edit.base.name)
    known = next((entry for entry in base.entries if getattr(entry.shape, key) == edit.slug), None)
    given = {name: value for name, value in edit.written.items() if name not in _HOW}
    removed = edit.written.get("remove") or {}
    if edit.written.get("drop"):
        _drop(edit, known, files)
        _refuse_more_than_dropping(edit, key)
        return
    if not _refers_well(edit, files, given):
        return  # said once, where it stands; the entry stays as it was
    if known is None:
        if removed or edit.written.get("replace"):
            _complain_unlisted(edit)
        elif (shape := _whole(edit, given | _labelled({}, edit))) is not None:
            base.entries = (*base.entries, Entry(_after(base), shape, (_addition(edit, given),), new=True))
            if base.claimed is not None:
                base.claimed |= {edit.slug}
        return
    merged = {} if edit.written.get("replace") else known.shape.model_dump(exclude_unset=True)
    merged = _unconditional(_without(merged, removed, edit, ("remove",)))
    merged = _with(merged, given)
    merged |= _labelled(merged, edit)
    shape = _whole(edit, merged)
    if shape is not None:
        added = replace(known, shape=shape, additions=(*known.additions, _addition(edit, given)))
        base.entries = tuple(added if entry is known else entry for entry in base.entries)


def _addition(edit: _Edit, given: Mapping[str, Any]) -> Addition:
    labels = {"names": {**(given.get("names") or {}), **edit.written["labels"]}} if edit.written.get("labels") else {}
    return Addition(edit.file, edit.at, {**given, **labels})


def _refuse_more_than_dropping(edit: _Edit, key: str) -> None:
    """Complain where an entry is taken away and something else is said of it, which nobody would ever see."""
    more = [name for name in edit.written if name not in {key, "drop"} and edit.written[name]]
    if more:
        message = f"takes the whole entry away, and {one_of(more).replace(' or ', ' and ')} with it"
        edit.file.complain((edit.at, "drop"), message, expected=f"either drop or {one_of(more)}")


def _drop(edit: _Edit, known: Entry[Any] | None, files: Mapping[str, File]) -> None:
    """Take an entry away, and out of the entries that are shipped with a reference to it."""
    if known is None:
        _complain_unlisted(edit)
        return
    base = edit.base
    base.entries = tuple(entry for entry in base.entries if entry is not known)
    base.claimed = base.claimed - {edit.slug} if base.claimed is not None else None
    lists = {"organisations": ("parent",), "countries": ("members", "countries"), "regions": ()}[base.name]
    for name in TAXONOMIES:
        file = files[name]
        file.entries = tuple(replace(e, shape=_forgetting(e.shape, lists, edit.slug)) for e in file.entries)


def _forgetting(shape: BaseModel, keys: Sequence[str], slug: str) -> BaseModel:
    changed: dict[str, Any] = {}
    for key in keys:
        value = getattr(shape, key, None)
        if value == slug:
            changed[key] = None
        elif isinstance(value, tuple) and slug in value:
            changed[key] = tuple(each for each in value if each != slug)
    return shape.model_copy(update=changed) if changed else shape


def _complain_unlisted(edit: _Edit) -> None:
    known = [getattr(entry.shape, key_of(edit.base.name)) for entry in edit.base.entries]
    edit.file.complain(
        (edit.at, key_of(edit.base.name)),
        f"{edit.slug!r} is not listed in {edit.base.name}.yaml: there is nothing to change",
        nearest=nearest(edit.slug, known),
    )


def _refers_well(edit: _Edit, files: Mapping[str, File], given: Mapping[str, Any]) -> bool:
    """Whether all that is referred to is listed; complains where not. Entries that the same file adds count."""
    before = len(edit.file.problems)
    added = {e.slug for e in _siblings(edit)}
    for key, name in (("parent", "organisations"), ("members", "countries"), ("countries", "countries")):
        listed = given.get(key) or ()
        pairs = [((key,), listed)] if isinstance(listed, str) else [((key, i), each) for i, each in enumerate(listed)]
        for path, slug in pairs:
            if name != edit.base.name or slug not in added:
                edit.file.check_reference((edit.at, *path), slug, files[name])
    return len(edit.file.problems) == before


def _siblings(edit: _Edit) -> list[_Edit]:
    return [_Edit(edit.base, edit.file, e.index, e.shape.model_dump(exclude_unset=True)) for e in edit.file.entries]


def _whole(edit: _Edit, merged: Mapping[str, Any]) -> Any:
    """The entry that comes out, checked as one in the file would be; None where something is wrong with it."""
    model = next(checking.models_in(FILES[edit.base.name].model_fields[edit.base.name].annotation))
    before = len(edit.file.problems)
    try:
        shape = model.model_validate(merged)
    except ValidationError as error:
        edit.file.problems += checking.problems_of(error, model, edit.file.place, within=(edit.base.name, edit.at))
        return None
    known = names_in(shape)
    for at, condition in enumerate(edit.written.get("conditions") or ()):
        for place, name in enumerate(condition["names"]):
            if name not in known:
                edit.file.complain_unknown_name((edit.at, "conditions", at, "names", place), name, known)
    return shape if len(edit.file.problems) == before else None


def _with(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Lists are lengthened, mappings joined, everything else is replaced."""
    result = dict(base)
    for key, value in given.items():
        before = result.get(key)
        if isinstance(value, Mapping):
            result[key] = _with(before if isinstance(before, Mapping) else {}, value)
        elif isinstance(value, list | tuple):
            known = list(before or ())
            result[key] = (*known, *(each for each in value if each not in known))
        else:
            result[key] = value
    return result


def _without(base: Mapping[str, Any], removed: Mapping[str, Any], edit: _Edit, path: tuple[str, ...]) -> dict[str, Any]:
    """Lists are shortened. What is not there is noted: the shipped data may have lost it since."""
    result = dict(base)
    for key, value in removed.items():
        before = result.get(key)
        if isinstance(value, Mapping):
            result[key] = _without(before if isinstance(before, Mapping) else {}, value, edit, (*path, key))
            continue
        missing = [each for each in value if each not in (before or ())]
        if missing:
            name, line = edit.file.place((edit.base.name, edit.at, *path, key))
            words = ", ".join(map(repr, missing))
            edit.file.notes.append(f"{name}:{line}: {edit.slug} has no {words} any more to be removed")
        result[key] = tuple(each for each in before or () if each not in value)
    return {key: value for key, value in result.items() if value != ()}


def _unconditional(merged: dict[str, Any]) -> dict[str, Any]:
    """Without conditions for names that were taken away."""
    groups = [merged.get(key, {}) for key in KINDS_OF_NAMES]
    known = {name for group in groups for names in group.values() for name in names}
    conditions = [
        each | {"names": names}
        for each in merged.get("conditions", ())
        if (names := tuple(name for name in each["names"] if name in known))
    ]
    return merged | ({"conditions": conditions} if "conditions" in merged else {})


def _labelled(merged: Mapping[str, Any], edit: _Edit) -> dict[str, Any]:
    """The names with each label first: the first name in a language is the one that is shown."""
    labels = edit.written.get("labels") or {}
    names = dict(merged.get("names") or edit.written.get("names") or {})
    for language, label in labels.items():
        names[language] = tuple(dict.fromkeys((label, *names.get(language, ()))))
    return {"names": names} if names else {}


def _after(base: File) -> int:
    """An index that no entry of the file has: what is said of it is said of the addition."""
    return max((entry.index for entry in base.entries), default=-1) + 1
