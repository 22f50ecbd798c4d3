"""Which forms there are: every way in which the entries of a taxonomy are written, and what a form must meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from monitor.core.inflection import forms, person_forms
from monitor.core.model import Facet
from monitor.core.taxonomy import Country, Names, Organisation, Region, Taxonomy
from monitor.core.text import fold


class Case(IntEnum):
    """How a form must be written where it is found."""

    ANY = 0
    CAPITAL = 1  # begins with a capital letter
    SOME_CAPITAL = 2  # one of its words does: «Средняя Азия», «средней Азии»
    EXACT = 3  # letter for letter


ONLY_AMONG_THEIR_OWN = frozenset({"fr", "es"})
"""Languages whose words, without their accents, are often words or first names of another: "Frances", "Dominique"."""


class Entry(NamedTuple):
    """A taxonomy entry as far as finding it goes."""

    facet: str  # plain, not a Facet: these are hashed at every hit; "" for a decoy, whose facet is its slug
    slug: str
    requires: tuple[str, ...] = ()  # folded
    excludes: tuple[str, ...] = ()  # folded
    parent: str = ""  # slug of the entry of the same facet that is named within its name


class Words(NamedTuple):
    """A `taxonomy.Condition`, folded."""

    languages: tuple[str, ...]
    settles: tuple[str, ...]
    requires: tuple[str, ...]
    excludes: tuple[str, ...]
    person: bool
    later: bool


class Form(NamedTuple):
    """What there is to know about a way in which an entry is written, but for the words themselves."""

    entry: Entry
    rule: str
    language: str | None
    case: int  # a Case
    rank: int = 0  # position among the names of its kind: the capital is city 0, the label name 0
    condition: Words | None = None

    @property
    def stands_alone(self) -> bool:
        """Whether this form needs no other word of its context to be sure."""
        return not self.entry.requires or (self.rule == "name" and self.rank == 0)


Spelled = tuple[str, Form]
"""The words of a form as they are written, and the form."""


def forms_of(taxonomy: Taxonomy) -> Iterator[Spelled]:
    """Every way in which the entries of a taxonomy are written, repeats included."""
    by_slug = {organisation.slug: organisation for organisation in taxonomy.organisations}
    for organisation in taxonomy.organisations:
        yield from _organisation_forms(organisation)
        if parent := by_slug.get(organisation.parent or ""):
            yield from _belonging_to(parent, organisation)
    for country in taxonomy.countries:
        yield from _country_forms(country)
    for region in taxonomy.regions:
        yield from _region_forms(region)
    for own in taxonomy.facets:
        for entry in own.entries:
            yield from _organisation_forms(entry, own.facet)


def _organisation_forms(organisation: Organisation, facet: Facet = Facet.ORGANISATION) -> Iterator[Spelled]:
    entry = _entry_of(organisation, facet)
    conditions = _conditions(organisation)
    yield from _named(entry, "name", organisation.names, conditions)
    for language, acronyms in organisation.acronyms.items():
        for acronym in acronyms:
            yield from _acronym(Form(entry, "acronym", language, Case.EXACT, 1, conditions.get(acronym)), acronym)
            # The two organisations that have a flag in Unicode.
            if acronym in ("UN", "EU") and facet is Facet.ORGANISATION:
                yield _flag(acronym), Form(entry, "flag", None, Case.ANY)
    for hashtag in organisation.hashtags:
        yield hashtag, Form(entry, "hashtag", None, Case.ANY)
    yield from _decoys(organisation, facet)


def _entry_of(organisation: Organisation, facet: Facet) -> Entry:
    return Entry(
        facet.value,
        organisation.slug,
        _folded(organisation.requires),
        _folded(organisation.excludes),
        (organisation.parent or "") if organisation.names_parent else "",
    )


def _belonging_to(parent: Organisation, body: Organisation) -> Iterator[Spelled]:
    """English for "UN Security Council" too: "the UN's Security Council", "the Security Council of the UN"."""
    entry = _entry_of(body, Facet.ORGANISATION)
    whole = tuple(name for name in (*parent.names.get("en", ()), *parent.acronyms.get("en", ())) if name[-1:] != ".")
    rests: dict[str, None] = {}
    for name in (*body.names.get("en", ()), *body.acronyms.get("en", ())):
        for of in whole:
            for rest in (
                name.removeprefix(f"{of} "),
                name.removesuffix(f" of the {of}"),
                name.removesuffix(f" of {of}"),
            ):
                if rest != name and " " in rest and rest.endswith(_BODIES):
                    rests[rest] = None
    form = Form(entry, "name", "en", Case.ANY, 1)
    for rest in rests:
        for of in whole:
            for spelled in (f"{of}'s {rest}", f"{of}’s {rest}", f"{rest} of the {of}", f"{rest} of {of}"):
                yield spelled, form


_BODIES = ("Council", "Assembly", "Commission", "Committee", "Court", "Group", "Secretariat", "Parliament", "Justice")


def _country_forms(country: Country) -> Iterator[Spelled]:
    entry = Entry(Facet.COUNTRY.value, country.code)
    conditions = _conditions(country)
    yield from _named(entry, "name", country.names, conditions)
    yield from _named(entry, "city", country.cities, conditions)
    for language, demonyms in country.demonyms.items():
        case = Case.SOME_CAPITAL if language == "en" else Case.ANY  # "Polish", but «polonais», «польский»
        for demonym in demonyms:
            form = Form(entry, "demonym", language, case, 0, conditions.get(demonym))
            for spelled in forms(demonym, language, adjective=True):
                yield spelled, form
    if country.code.isascii() and country.code.isalpha() and len(country.code) == 2:
        yield _flag(country.code), Form(entry, "flag", None, Case.ANY)
    yield from _decoys(country, Facet.COUNTRY)


def _region_forms(region: Region) -> Iterator[Spelled]:
    entry = Entry(Facet.REGION.value, region.slug)
    yield from _named(entry, "name", region.names, _conditions(region))
    for hashtag in region.hashtags:
        yield hashtag, Form(entry, "hashtag", None, Case.ANY)
    yield from _decoys(region, Facet.REGION)


def _conditions(entry: Organisation | Country | Region) -> Mapping[str, Words]:
    """The condition of each name that has one."""
    return {
        name: Words(
            condition.languages,
            _folded(condition.settles),
            _folded(condition.requires),
            _folded(condition.excludes),
            condition.person,
            condition.later,
        )
        for condition in entry.conditions
        for name in condition.names
    }


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    """The words folded, but for those with a doubled letter marked: عمّان is Amman, without the mark it may be Oman."""
    return tuple(word if DOUBLED in word else fold(word).text for word in words)


DOUBLED = "\u0651"
"""The Arabic mark (shadda) that folding drops. Words of a context that have it are looked for as they are written."""


def _decoys(entry: Organisation | Country | Region, facet: Facet) -> Iterator[Spelled]:
    """Longer names that mean something else: they cover the words of their facet within them, and tag nothing."""
    decoy = Entry("", facet.value)
    for language, names in entry.decoys.items():
        for name in names:
            case = Case.EXACT if name.isupper() and len(name) <= _LONGEST_ACRONYM else Case.ANY
            form = Form(decoy, "decoy", language, case)
            for spelled in forms(name, language):
                yield spelled, form


def _named(entry: Entry, rule: str, names: Names, conditions: Mapping[str, Words]) -> Iterator[Spelled]:
    for language, listed in names.items():
        for rank, name in enumerate(listed):
            condition = conditions.get(name)
            if name.isupper() and len(name) <= _LONGEST_ACRONYM:  # "USA" among the names of a country
                yield from _acronym(Form(entry, rule, language, Case.EXACT, rank, condition), name)
                continue
            case = Case.CAPITAL
            if " " in name or "-" in name:
                case = Case.SOME_CAPITAL if entry.facet in _PLACES else Case.ANY
            if name == name.lower():
                case = Case.ANY
            # «лондонский», «européen», «أفريقي»: adjectives stand among the cities and the names of regions.
            adjective = (rule == "city" or entry.facet == Facet.REGION.value) and _is_adjective(name, language, rule)
            named_by = "demonym" if adjective and rule == "name" else rule
            form = Form(entry, named_by, language, case, rank, condition)
            for spelled in forms(name, language, adjective=adjective):
                yield spelled, form
            if entry.facet not in _BUILT_IN:  # who is listed in a facet of the operator's own may be a person
                for spelled in person_forms(name, language):
                    yield spelled, form


_BUILT_IN = frozenset(facet.value for facet in Facet.BUILT_IN)
_PLACES = (Facet.COUNTRY.value, Facet.REGION.value)


def _is_adjective(name: str, language: str, rule: str) -> bool:
    if rule == "city":
        return language == "ru" and name == name.lower()
    if language == "ar":
        return " " not in name and name.endswith("ي") and not name.startswith("ال")
    return language in ("ru", "fr", "es") and " " not in name and name == name.lower()


_LONGEST_ACRONYM = 6


def _acronym(form: Form, acronym: str) -> Iterator[Spelled]:
    yield acronym, form
    if len(acronym) <= 3 and acronym.isascii() and acronym.isalpha():
        yield "".join(f"{letter}." for letter in acronym), form
        yield " ".join(f"{letter}." for letter in acronym), form  # as texts have it that went through a tokeniser


def _flag(code: str) -> str:
    return "".join(chr(ord(letter) - ord("A") + REGIONAL_A) for letter in code.upper())


REGIONAL_A, REGIONAL_Z = 0x1F1E6, 0x1F1FF
"""The first and the last of the characters that make flags, two and two."""
