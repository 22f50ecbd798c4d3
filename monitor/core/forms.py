"""Which forms there are: every way in which the entries of a taxonomy are written, and what a form must meet."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from monitor.core.inflection import forms
from monitor.core.model import Facet
from monitor.core.taxonomy import Country, Names, Organisation, Region, Taxonomy
from monitor.core.text import fold


class Case(IntEnum):
    """How a form must be written where it is found."""

    ANY = 0
    CAPITAL = 1  # begins with a capital letter
    SOME_CAPITAL = 2  # one of its words does: «Средняя Азия», «средней Азии»
    EXACT = 3  # letter for letter


class Entry(NamedTuple):
    """A taxonomy entry as far as finding it goes."""

    facet: str  # plain, not a Facet: these are hashed at every hit
    slug: str
    requires: tuple[str, ...] = ()  # folded
    excludes: tuple[str, ...] = ()  # folded


class Form(NamedTuple):
    """What there is to know about a way in which an entry is written, but for the words themselves."""

    entry: Entry
    rule: str
    language: str | None
    case: int  # a Case
    rank: int = 0  # position among the names of its kind: the capital is city 0, the label name 0

    @property
    def stands_alone(self) -> bool:
        """Whether this form needs no other word of its context to be sure."""
        return not self.entry.requires or (self.rule == "name" and self.rank == 0)


Spelled = tuple[str, Form]
"""The words of a form as they are written, and the form."""


def forms_of(taxonomy: Taxonomy) -> Iterator[Spelled]:
    """Every way in which the entries of a taxonomy are written, repeats included."""
    for organisation in taxonomy.organisations:
        yield from _organisation_forms(organisation)
    for country in taxonomy.countries:
        yield from _country_forms(country)
    for region in taxonomy.regions:
        yield from _region_forms(region)
    for own in taxonomy.facets:
        for entry in own.entries:
            yield from _organisation_forms(entry, own.facet)


def _organisation_forms(organisation: Organisation, facet: Facet = Facet.ORGANISATION) -> Iterator[Spelled]:
    entry = Entry(
        facet.value,
        organisation.slug,
        tuple(fold(word).text for word in organisation.requires),
        tuple(fold(word).text for word in organisation.excludes),
    )
    yield from _named(entry, "name", organisation.names)
    for language, acronyms in organisation.acronyms.items():
        for acronym in acronyms:
            yield from _acronym(entry, "acronym", language, acronym)
            # The two organisations that have a flag in Unicode.
            if acronym in ("UN", "EU") and facet is Facet.ORGANISATION:
                yield _flag(acronym), Form(entry, "flag", None, Case.ANY)
    for hashtag in organisation.hashtags:
        yield hashtag, Form(entry, "hashtag", None, Case.ANY)


def _country_forms(country: Country) -> Iterator[Spelled]:
    entry = Entry(Facet.COUNTRY.value, country.code)
    yield from _named(entry, "name", country.names)
    yield from _named(entry, "city", country.cities)
    for language, demonyms in country.demonyms.items():
        case = Case.SOME_CAPITAL if language == "en" else Case.ANY  # "Polish", but «polonais», «польский»
        form = Form(entry, "demonym", language, case)
        for demonym in demonyms:
            for spelled in forms(demonym, language, adjective=True):
                yield spelled, form
    if country.code.isascii() and country.code.isalpha() and len(country.code) == 2:
        yield _flag(country.code), Form(entry, "flag", None, Case.ANY)


def _region_forms(region: Region) -> Iterator[Spelled]:
    entry = Entry(Facet.REGION.value, region.slug)
    yield from _named(entry, "name", region.names)
    for hashtag in region.hashtags:
        yield hashtag, Form(entry, "hashtag", None, Case.ANY)


def _named(entry: Entry, rule: str, names: Names) -> Iterator[Spelled]:
    for language, listed in names.items():
        for rank, name in enumerate(listed):
            if name.isupper() and len(name) <= _LONGEST_ACRONYM:  # "USA" among the names of a country
                yield from _acronym(entry, rule, language, name, rank)
                continue
            case = Case.CAPITAL
            if " " in name or "-" in name:
                case = Case.SOME_CAPITAL if entry.facet in _PLACES else Case.ANY
            if name == name.lower():
                case = Case.ANY
            form = Form(entry, rule, language, case, rank)
            for spelled in forms(name, language):
                yield spelled, form


_PLACES = (Facet.COUNTRY.value, Facet.REGION.value)
_LONGEST_ACRONYM = 6


def _acronym(entry: Entry, rule: str, language: str, acronym: str, rank: int = 1) -> Iterator[Spelled]:
    form = Form(entry, rule, language, Case.EXACT, rank)
    yield acronym, form
    if len(acronym) <= 3 and acronym.isascii() and acronym.isalpha():
        yield "".join(f"{letter}." for letter in acronym), form


def _flag(code: str) -> str:
    return "".join(chr(ord(letter) - ord("A") + REGIONAL_A) for letter in code.upper())


REGIONAL_A, REGIONAL_Z = 0x1F1E6, 0x1F1FF
"""The first and the last of the characters that make flags, two and two."""
