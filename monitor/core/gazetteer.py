"""Finds the names of a taxonomy in a text: one automaton over every form of every name, then each hit is judged.

A hit counts when it stands between word boundaries (Chinese has none), is written as a name is written there (a
capital, an acronym's exact case), and no longer name covers it: "Guinea-Bissau" is not Guinea. Equal spans all count:
where the data gives one name to two entries, both are meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.core.inflection import ACRONYM_LOOK_ALIKES, LOOK_ALIKES, forms
from monitor.core.model import Facet
from monitor.core.taxonomy import Country, Names, Organisation, Region, Taxonomy
from monitor.core.text import Page, find_word, fold, is_boundary, sentence_around


class Case(Enum):
    """How a form must be written where it is found."""

    ANY = auto()
    CAPITAL = auto()  # begins with a capital letter
    SOME_CAPITAL = auto()  # one of its words does: «Средняя Азия», «средней Азии»
    EXACT = auto()  # letter for letter


@dataclass(frozen=True, slots=True)
class Entry:
    """A taxonomy entry as far as finding it goes."""

    facet: Facet
    slug: str
    requires: tuple[str, ...] = ()  # folded
    excludes: tuple[str, ...] = ()  # folded


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which an entry is written."""

    entry: Entry
    rule: str
    language: str | None
    case: Case
    spelled: str
    rank: int = 0  # position among the names of its kind: the capital is city 0, the label name 0

    @property
    def stands_alone(self) -> bool:
        """Whether this form needs no other word of its context to be sure."""
        return not self.entry.requires or (self.rule == "name" and self.rank == 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A form found in a page, by offsets into the page's original."""

    start: int
    end: int
    form: Form
    rule: str  # the form's own, or "hashtag" where it follows a "#"
    shared: bool  # the same words are a demonym or city of several countries


class Gazetteer:
    """All forms of a taxonomy, ready to be looked for. Building it takes time, looking takes little."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        by_pattern: defaultdict[str, list[Form]] = defaultdict(list)
        self._hashtags: defaultdict[str, list[Form]] = defaultdict(list)
        for form in _forms_of(taxonomy):
            pattern = fold(form.spelled).text
            if form.rule == "hashtag":
                self._hashtags[pattern].append(form)
            elif len(pattern) > 1:
                listed = by_pattern[pattern]
                if not any(known.entry is form.entry and known.case is form.case for known in listed):
                    listed.append(form)
        self._forms = list(by_pattern.values())
        self._automaton = AhoCorasick(by_pattern, implementation=Implementation.ContiguousNFA)
        for pattern, listed in by_pattern.items():
            self._add_as_hashtag(_squeezed(pattern), listed)

    def _add_as_hashtag(self, squeezed: str, listed: list[Form]) -> None:
        known = self._hashtags.get(squeezed, [])
        added = [
            form
            for form in listed
            if form.case is not Case.EXACT and all(form.entry is not other.entry for other in known)
        ]
        if added:
            self._hashtags[squeezed].extend(added)

    def find(self, page: Page, language: str | None) -> list[Found]:
        """Everything named in a page, in order; no two overlap unless they are the same words.

        `language` is the post's (BCP 47 primary subtag), where it is known.
        """
        candidates = list(self._hits(page, language))
        candidates += self._in_hashtags(page)
        candidates.sort(key=lambda found: found.start - found.end)  # the longest first
        taken = bytearray(len(page.original))
        spans: dict[tuple[int, int], list[Found]] = {}
        for found in candidates:
            span = (found.start, found.end)
            if span not in spans:
                if taken.find(1, *span) >= 0:
                    continue
                taken[found.start : found.end] = b"\1" * (found.end - found.start)
                spans[span] = []
            spans[span].append(found)
        return [found for span in sorted(spans) for found in spans[span]]

    def _hits(self, page: Page, language: str | None) -> Iterator[Found]:
        text = page.folded.text
        contexts = _Contexts(page)
        for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            # The commonest reason to refuse a hit, seen without a call.
            if start and text[start - 1].isascii() and text[start - 1].isalpha() and text[start].isascii():
                continue
            if not (is_boundary(text, start) and is_boundary(text, end)):
                continue
            original = page.folded.span(start, end)
            tagged = start > 0 and text[start - 1] == "#"
            accepted = [
                form
                for form in self._forms[pattern]
                if _written_as(form, text[start:end], page.original, original, language, tagged=tagged)
                and contexts.allow(form, start, end)
            ]
            shared = len({form.entry for form in accepted if form.rule in ("demonym", "city")}) > 1
            for form in accepted:
                yield Found(*original, form, "hashtag" if tagged else form.rule, shared)

    def _in_hashtags(self, page: Page) -> Iterator[Found]:
        at = page.hashtags_at
        for hashtag in page.original[at:].split(" "):
            yield from self._in_hashtag(hashtag[1:], at + 1)
            at += len(hashtag) + 1

    def _in_hashtag(self, hashtag: str, at: int) -> Iterator[Found]:
        """The whole tag, or else the longest runs of its CamelCase parts."""
        bounds = list(_parts(hashtag))
        first = 0
        while first < len(bounds):
            for last in range(min(len(bounds), first + _LONGEST_RUN), first, -1):
                start, end = bounds[first][0], bounds[last - 1][1]
                listed = self._hashtags.get(_squeezed(fold(hashtag[start:end]).text), ())
                if listed:
                    for form in listed:
                        yield Found(at + start, at + end, form, "hashtag", len(listed) > 1)
                    first = last - 1
                    break
            first += 1


_LONGEST_RUN = 8  # parts of a hashtag that make one name: #OrganisationForSecurityAndCooperationInEurope


class _Contexts:
    """Whether the words around allow a form, each question asked once a post."""

    def __init__(self, page: Page) -> None:
        self._text = page.folded.text
        self._met: dict[Entry, bool] = {}

    def allow(self, form: Form, start: int, end: int) -> bool:
        entry = form.entry
        if entry.excludes:
            begin, stop = sentence_around(self._text, start, end)
            if any(find_word(self._text, word, begin, stop) >= 0 for word in entry.excludes):
                return False
        if form.stands_alone:
            return True
        if entry not in self._met:
            self._met[entry] = any(find_word(self._text, word) >= 0 for word in entry.requires)
        return self._met[entry]


# ── which forms there are ──────────────────────────────────────────────────────────────────────────────────


def listed_forms(taxonomy: Taxonomy) -> Iterator[Form]:
    """Every form of every entry that is looked for, repeats included: for statistics and checks of the data."""
    return _forms_of(taxonomy)


def surface_forms(taxonomy: Taxonomy) -> Iterator[str]:
    """Every way in which the names of a taxonomy are looked for, repeats included."""
    return (form.spelled for form in _forms_of(taxonomy))


def _forms_of(taxonomy: Taxonomy) -> Iterator[Form]:
    for organisation in taxonomy.organisations:
        yield from _organisation_forms(organisation)
    for country in taxonomy.countries:
        yield from _country_forms(country)
    for region in taxonomy.regions:
        yield from _region_forms(region)
    for own in taxonomy.facets:
        for entry in own.entries:
            yield from _organisation_forms(entry, own.facet)


def _organisation_forms(organisation: Organisation, facet: Facet = Facet.ORGANISATION) -> Iterator[Form]:
    entry = Entry(
        facet,
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
                yield Form(entry, "flag", None, Case.ANY, _flag(acronym))
    for hashtag in organisation.hashtags:
        yield Form(entry, "hashtag", None, Case.ANY, hashtag)


def _country_forms(country: Country) -> Iterator[Form]:
    entry = Entry(Facet.COUNTRY, country.code)
    yield from _named(entry, "name", country.names)
    yield from _named(entry, "city", country.cities)
    for language, demonyms in country.demonyms.items():
        case = Case.SOME_CAPITAL if language == "en" else Case.ANY  # "Polish", but «polonais», «польский»
        for demonym in demonyms:
            for spelled in forms(demonym, language, adjective=True):
                yield Form(entry, "demonym", language, case, spelled)
    if country.code.isascii() and country.code.isalpha() and len(country.code) == 2:
        yield Form(entry, "flag", None, Case.ANY, _flag(country.code))


def _region_forms(region: Region) -> Iterator[Form]:
    entry = Entry(Facet.REGION, region.slug)
    yield from _named(entry, "name", region.names)
    for hashtag in region.hashtags:
        yield Form(entry, "hashtag", None, Case.ANY, hashtag)


def _named(entry: Entry, rule: str, names: Names) -> Iterator[Form]:
    for language, listed in names.items():
        for rank, name in enumerate(listed):
            if name.isupper() and len(name) <= _LONGEST_ACRONYM:  # "USA" among the names of a country
                yield from _acronym(entry, rule, language, name, rank)
                continue
            case = Case.CAPITAL
            if " " in name or "-" in name:
                case = Case.SOME_CAPITAL if entry.facet in (Facet.COUNTRY, Facet.REGION) else Case.ANY
            if name == name.lower():
                case = Case.ANY
            for spelled in forms(name, language):
                yield Form(entry, rule, language, case, spelled, rank)


_LONGEST_ACRONYM = 6


def _acronym(entry: Entry, rule: str, language: str, acronym: str, rank: int = 1) -> Iterator[Form]:
    yield Form(entry, rule, language, Case.EXACT, acronym, rank)
    if len(acronym) <= 3 and acronym.isascii() and acronym.isalpha():
        yield Form(entry, rule, language, Case.EXACT, "".join(f"{letter}." for letter in acronym), rank)


def _flag(code: str) -> str:
    return "".join(chr(ord(letter) - ord("A") + _REGIONAL_A) for letter in code.upper())


_REGIONAL_A, _REGIONAL_Z = 0x1F1E6, 0x1F1FF


# ── whether a hit is one of them ───────────────────────────────────────────────────────────────────────────


def _written_as(
    form: Form, folded: str, text: str, span: tuple[int, int], language: str | None, *, tagged: bool
) -> bool:
    """Whether the words at `span` of the original, which fold to `folded`, are written as this form must be."""
    start, end = span
    words = text[start:end]
    match form.case:
        case Case.EXACT:
            return _is_acronym(form, text, span, language)
        case Case.ANY:
            return form.rule != "flag" or _begins_a_flag(text, start)
        case Case.CAPITAL:
            if words[0].islower() and not tagged:
                return False
        case Case.SOME_CAPITAL:
            if words == words.lower() != words.upper() and not tagged:
                return False
    look_alikes = _ANY_LOOK_ALIKES if language is None else LOOK_ALIKES.get(language, frozenset())
    if tagged or folded not in look_alikes:
        return True
    return not _begins_a_sentence(text, start) and not _in_capitals(text, start, end)


_ANY_LOOK_ALIKES = frozenset[str]().union(*LOOK_ALIKES.values())


def _is_acronym(form: Form, text: str, span: tuple[int, int], language: str | None) -> bool:
    start, end = span
    words = text[start:end]
    if words != form.spelled:
        return False
    if len(words) <= 2 and form.language not in ("en", language or form.language):
        return False  # two letters mean something else in every language
    return words.lower() not in ACRONYM_LOOK_ALIKES or not _in_capitals(text, start, end)


def _begins_a_sentence(text: str, at: int) -> bool:
    before = text[:at][-8:].rstrip(" \"'«“‘([{—–-•*>")
    return not before or before[-1] in ".!?…:\n"


def _in_capitals(text: str, start: int, end: int) -> bool:
    """Whether the sentence around is set in capitals, so that case proves nothing."""
    begin = max(text.rfind(mark, 0, start) for mark in _SENTENCE_MARKS) + 1
    stops = [at for at in (text.find(mark, end) for mark in _SENTENCE_MARKS) if at >= 0]
    around = text[begin:start] + text[end : min(stops, default=len(text))]
    upper = sum(map(str.isupper, around))
    lower = sum(map(str.islower, around))
    return upper >= 4 and upper > 2 * lower


_SENTENCE_MARKS = (". ", "! ", "? ", "\n")


def _begins_a_flag(text: str, at: int) -> bool:
    """Whether a regional indicator is the first of its pair: 🇷🇺🇸🇦 holds no 🇺🇸."""
    before = 0
    while at - before > 0 and _REGIONAL_A <= ord(text[at - before - 1]) <= _REGIONAL_Z:
        before += 1
    return before % 2 == 0


def _squeezed(folded: str) -> str:
    """A folded name as it is written in a hashtag: nothing but letters and digits."""
    return folded if folded.isalnum() else _NOT_IN_HASHTAGS.sub("", folded)


_NOT_IN_HASHTAGS = re.compile(r"[\W_]+")


def _parts(hashtag: str) -> Iterator[tuple[int, int]]:
    """Offsets of the parts of a hashtag in CamelCase, snake_case or with digits."""
    start = 0
    for at in range(1, len(hashtag) + 1):
        if at == len(hashtag) or _part_ends(hashtag, at):
            if hashtag[start:at].strip("_"):
                yield start, at
            start = at


def _part_ends(hashtag: str, at: int) -> bool:
    before, after = hashtag[at - 1], hashtag[at]
    following = hashtag[at + 1 : at + 2]
    return (
        before == "_"
        or after == "_"
        or (before.islower() and after.isupper())
        or (before.isupper() and after.isupper() and following.islower())
        or (before.isalpha() and after.isdigit())
        or (before.isdigit() and after.isalpha())
    )
