"""The organisations, countries and regions that posts are tagged with: data, read from files elsewhere, never code.

Every mapping of names is by language (BCP 47 primary subtag); the first name in a language is the label shown in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

from monitor.core.model import Facet

Names = Mapping[str, tuple[str, ...]]
"""Language → names in it, the best one first."""


RULES = 4
"""Counts the changes of this program after which the same data tag otherwise: stored posts are then tagged anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold where names that also mean something else are to count: "Georgia", "Jordan", "the Alliance".

    A word may begin or end with a star, for what may stand before or after it within the same word.
    """

    names: tuple[str, ...]  # of the entry's names, acronyms, demonyms and cities, as they are listed there
    languages: tuple[str, ...] = ()  # they count only in posts of these languages, or of an unknown one
    settles: tuple[str, ...] = ()  # with one of these words in the post they count, whatever is said below
    requires: tuple[str, ...] = ()  # without one of these words in the post they do not count
    excludes: tuple[str, ...] = ()  # nor with one of these words in it
    person: bool = False  # nor before a surname, as a first name is
    later: bool = False  # they count after another name of the entry alone: "the Alliance", once NATO was named


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An international or regional organisation, one of its bodies, or a recurring format."""

    slug: str
    names: Names
    acronyms: Names = field(default_factory=dict)  # matched in exactly this case: WHO is not "who"
    hashtags: tuple[str, ...] = ()  # without "#", any case
    parent: str | None = None  # slug of the organisation this is a body of
    members: tuple[str, ...] = ()  # lower-case ISO 3166-1 alpha-2
    wikidata: str | None = None
    requires: tuple[str, ...] = ()  # acronyms and names after the first need one of these words somewhere in the post
    excludes: tuple[str, ...] = ()  # no form counts in a sentence that holds one of these words
    conditions: tuple[Condition, ...] = ()  # for some of the names
    decoys: Names = field(default_factory=dict)  # longer names that hold one of these and mean something else
    names_parent: bool = False  # whoever names it names its parent: "the UN Secretary-General"


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country or territory with an ISO code."""

    code: str  # lower-case ISO 3166-1 alpha-2
    names: Names
    demonyms: Names = field(default_factory=dict)  # adjectives and names of the people: "Kazakh", «казахстанский»
    cities: Names = field(default_factory=dict)  # the capital first
    wikidata: str | None = None
    conditions: tuple[Condition, ...] = ()  # for some of the names
    decoys: Names = field(default_factory=dict)  # longer names that hold one of these: "Bank of America"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the world, geographical or political; regions overlap freely."""

    slug: str
    names: Names
    countries: tuple[str, ...] = ()  # lower-case ISO 3166-1 alpha-2
    hashtags: tuple[str, ...] = ()  # without "#", any case
    conditions: tuple[Condition, ...] = ()  # for some of the names
    decoys: Names = field(default_factory=dict)  # longer names that hold one of these: "West Nile virus"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFacet:
    """A facet of the operator's own: topics, people, products. Its entries are found as organisations are."""

    facet: Facet
    names: Names = field(default_factory=dict)  # of the facet itself: what the headings of a digest are called
    entries: tuple[Organisation, ...] = ()


@dataclass(frozen=True)  # no slots: the look-up tables below are kept on the instance once computed
class Taxonomy:
    """Everything that a post can be tagged with."""

    organisations: tuple[Organisation, ...] = ()
    countries: tuple[Country, ...] = ()
    regions: tuple[Region, ...] = ()
    facets: tuple[OwnFacet, ...] = ()

    @cached_property
    def version(self) -> str:
        """Tells this taxonomy from any other, in 16 characters: the same data are the same version, in any process."""
        content = repr((RULES, self.organisations, self.countries, self.regions, self.facets))
        return blake2b(content.encode(), digest_size=8).hexdigest()

    def slugs(self, facet: Facet) -> frozenset[str]:
        """What a post can be tagged with in a facet; empty where nothing is listed for it."""
        if facet is Facet.ISSUER:
            return self.slugs(Facet.ORGANISATION) | self.slugs(Facet.COUNTRY)
        return frozenset(self._names.get(facet, ()))

    def label(self, facet: Facet | str, slug: str, language: str) -> str:
        """What to call an entry in a language; English where it has no name in that one, the slug where it has none.

        An issuer is an organisation or a country; where a slug is both, the organisation is meant. Without a slug: what
        a facet of the operator's own is called itself.
        """
        if not slug:
            own: Names = next((own.names for own in self.facets if own.facet == facet), {})
            return (own.get(language) or own.get("en") or (str(facet).capitalize(),))[0]
        if facet == Facet.ISSUER:
            names = self._organisations.get(slug) or self._countries.get(slug)
        else:
            names = self._names.get(Facet(facet), {}).get(slug)
        named = (names or {}).get(language) or (names or {}).get("en") or (slug,)
        return named[0]

    def regions_of(self, country: str) -> tuple[str, ...]:
        """Slugs of the regions that list a country (lower-case ISO code), in the order of the data."""
        return self._regions_of.get(country, ())

    def problems(self) -> tuple[str, ...]:
        """Every contradiction inside the data, each as a sentence; nothing when it is sound."""
        return tuple(self._problems())

    def _problems(self) -> Iterator[str]:
        for kind, slugs in (
            ("organisation", [entry.slug for entry in self.organisations]),
            ("country", [entry.code for entry in self.countries]),
            ("region", [entry.slug for entry in self.regions]),
        ):
            for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
                yield f"{kind} {slug!r} is listed {slugs.count(slug)} times"
        for organisation in self.organisations:
            where = f"organisation {organisation.slug!r}"
            if organisation.parent is not None and organisation.parent not in self._organisations:
                yield f"{where} has the parent {organisation.parent!r}, which is not listed"
            elif self._own_ancestor(organisation):
                yield f"{where} is its own ancestor"
            if organisation.names_parent and organisation.parent is None:
                yield f"{where} is to name its parent, and has none"
            yield from self._unknown_countries(where, organisation.members)
            yield from _unknown_names(where, organisation.conditions, organisation.names, organisation.acronyms)
        for country in self.countries:
            known = (country.names, country.demonyms, country.cities)
            yield from _unknown_names(f"country {country.code!r}", country.conditions, *known)
        for region in self.regions:
            yield from _unknown_names(f"region {region.slug!r}", region.conditions, region.names)
            yield from self._unknown_countries(f"region {region.slug!r}", region.countries)
        for facet, entries in (
            ("organisation", self._organisations),
            ("country", self._countries),
            ("region", self._regions),
        ):
            for slug, names in entries.items():
                if not any(names.values()):
                    yield f"{facet} {slug!r} has no name"

    def _unknown_countries(self, where: str, codes: tuple[str, ...]) -> Iterator[str]:
        # A taxonomy without any country is a small one made on purpose: its codes are then plain labels.
        for code in codes if self.countries else ():
            if code not in self._countries:
                yield f"{where} lists the country {code!r}, which is not listed itself"

    def _own_ancestor(self, organisation: Organisation) -> bool:
        seen: set[str] = set()
        slug: str | None = organisation.slug
        parents = {entry.slug: entry.parent for entry in self.organisations}
        while slug is not None and slug not in seen:
            seen.add(slug)
            slug = parents.get(slug)
        return slug == organisation.slug

    @cached_property
    def _names(self) -> Mapping[Facet, Mapping[str, Names]]:
        return {
            Facet.ORGANISATION: self._organisations,
            Facet.COUNTRY: self._countries,
            Facet.REGION: self._regions,
            **{own.facet: {entry.slug: entry.names for entry in own.entries} for own in self.facets},
        }

    @cached_property
    def _organisations(self) -> dict[str, Names]:
        return {entry.slug: entry.names for entry in self.organisations}

    @cached_property
    def _countries(self) -> dict[str, Names]:
        return {entry.code: entry.names for entry in self.countries}

    @cached_property
    def _regions(self) -> dict[str, Names]:
        return {entry.slug: entry.names for entry in self.regions}

    @cached_property
    def _regions_of(self) -> dict[str, tuple[str, ...]]:
        regions: defaultdict[str, list[str]] = defaultdict(list)
        for region in self.regions:
            for code in dict.fromkeys(region.countries):
                regions[code].append(region.slug)
        return {code: tuple(slugs) for code, slugs in regions.items()}


def _unknown_names(where: str, conditions: tuple[Condition, ...], *listed: Names) -> Iterator[str]:
    known = {name for names in listed for each in names.values() for name in each}
    for name in (name for condition in conditions for name in condition.names):
        if name not in known:
            yield f"{where} has a condition for {name!r}, which is none of its names"
