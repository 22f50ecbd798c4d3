"""In what two taxonomies differ: entries, names, members, context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from monitor.core.model import Facet
from monitor.core.taxonomy import Condition, Country, Names, Organisation, Region, Taxonomy

Listed = Organisation | Country | Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One entry that is not the same in both."""

    facet: Facet
    slug: str  # in the new one; of an entry that went away, in the old one
    kind: str  # "added", "removed", "renamed" (another slug) or "changed"
    before: str | None = None  # slug in the old one, of an entry that was renamed
    added: Mapping[str, tuple[str, ...]] | None = None  # "names.en" → what is new there
    removed: Mapping[str, tuple[str, ...]] | None = None


def differences(old: Taxonomy, new: Taxonomy) -> list[Difference]:
    """Every entry that is not the same in both, by facet and slug."""
    found: list[Difference] = []
    before, after = _by_facet(old), _by_facet(new)
    for facet in sorted(before.keys() | after.keys()):
        found += _of_facet(facet, before.get(facet, {}), after.get(facet, {}))
    return sorted(found, key=lambda one: (one.facet, _KINDS.index(one.kind), one.slug))


_KINDS = ("added", "removed", "renamed", "changed")


def _by_facet(taxonomy: Taxonomy) -> dict[Facet, dict[str, Listed]]:
    return {
        Facet.ORGANISATION: {each.slug: each for each in taxonomy.organisations},
        Facet.COUNTRY: {each.code: each for each in taxonomy.countries},
        Facet.REGION: {each.slug: each for each in taxonomy.regions},
        **{own.facet: {each.slug: each for each in own.entries} for own in taxonomy.facets},
    }


def _of_facet(facet: Facet, before: Mapping[str, Listed], after: Mapping[str, Listed]) -> Iterable[Difference]:
    gone = {slug: entry for slug, entry in before.items() if slug not in after}
    come = {slug: entry for slug, entry in after.items() if slug not in before}
    renamed = _renamed(gone, come)
    for slug in come.keys() - renamed.keys():
        yield Difference(facet=facet, slug=slug, kind="added")
    for slug in gone.keys() - set(renamed.values()):
        yield Difference(facet=facet, slug=slug, kind="removed")
    pairs = {slug: slug for slug in before.keys() & after.keys()} | renamed
    for slug, slug_before in pairs.items():
        was, now = _parts(before[slug_before]), _parts(after[slug])
        added, removed = _more(now, was) | _labels(now, was), _more(was, now)
        if slug != slug_before or added or removed:
            yield Difference(
                facet=facet,
                slug=slug,
                kind="renamed" if slug != slug_before else "changed",
                before=slug_before if slug != slug_before else None,
                added=added,
                removed=removed,
            )


def _renamed(gone: Mapping[str, Listed], come: Mapping[str, Listed]) -> dict[str, str]:
    """New slug → old slug, of entries with the same item in Wikidata, or else the same label in some language."""
    known: dict[object, str] = {}
    for slug, entry in gone.items():
        known.update(dict.fromkeys(_marks(entry), slug))
    found: dict[str, str] = {}
    for slug, entry in come.items():
        old = next((known[mark] for mark in _marks(entry) if mark in known), None)
        if old is not None and old not in found.values():
            found[slug] = old
    return found


def _marks(entry: Listed) -> list[object]:
    wikidata = getattr(entry, "wikidata", None)
    labels: list[object] = [(language, names[0]) for language, names in entry.names.items() if names]
    return [wikidata, *labels] if wikidata else labels


def _parts(entry: Listed) -> dict[str, tuple[str, ...]]:
    """Everything an entry says but its slug, as lists of words by where they stand."""
    found: dict[str, tuple[str, ...]] = {}
    for each in fields(entry):
        if each.name not in {"slug", "code"}:
            found.update(_lists(each.name, getattr(entry, each.name)))
    return found


def _lists(path: str, value: Any) -> Iterable[tuple[str, tuple[str, ...]]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _lists(f"{path}.{key}", inner)
        case tuple() | list() | set() | frozenset():
            yield path, tuple(_said(each) if isinstance(each, Condition) else str(each) for each in value)
        case None | "":
            return
        case _:
            yield path, (str(value),)


def _said(condition: Condition) -> str:
    """A condition as it stands in a file: what it does not say left out."""
    given = {each.name: getattr(condition, each.name) for each in fields(condition)}
    return ", ".join(
        f"{key}: {'true' if value is True else '[' + ', '.join(value) + ']'}" for key, value in given.items() if value
    )


def _more(one: Names, other: Names) -> dict[str, tuple[str, ...]]:
    """What stands in `one` and not in `other`, list by list."""
    found = {path: tuple(word for word in words if word not in other.get(path, ())) for path, words in one.items()}
    return {path: words for path, words in found.items() if words}


def _labels(now: Names, was: Names) -> dict[str, tuple[str, ...]]:
    """Of the same names in another order, the first: it is the one that is shown."""
    return {
        path: (f"{words[0]} (as label)",)
        for path, words in now.items()
        if path.startswith("names.") and words and was.get(path) and words[0] != was[path][0] and words[0] in was[path]
    }
