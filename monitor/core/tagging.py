"""Tags a post with the organisations, countries and regions it names, with the exact words as evidence, and with who
issued it. What is found is the gazetteer's business; here it is weighed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import log10

from monitor.core.gazetteer import Entry, Found, Gazetteer
from monitor.core.model import Evidence, Facet, Field, Post, Source, Tag
from monitor.core.taxonomy import Taxonomy
from monitor.core.text import Page, page_of

# How surely words of each kind mean the entry.
_PLAINNESS = {"name": 1.0, "acronym": 0.95, "hashtag": 0.9, "demonym": 0.8, "flag": 0.7, "city": 0.6}

# How surely a post is about what is named in each part of it.
_IN_TITLE, _IN_OPENING, _IN_HASHTAG, _LATER = 0.7, 0.45, 0.25, 0.15

_MAIN_AT_LEAST = 0.25  # one plain mention in the opening is enough, one further down is not
_MAIN_OF_BEST = 0.5  # and half as much as what the post is about most, among tags of the same facet

_MEMBER = 0.6  # what a country's weight is worth for its regions, before the region's size is counted
_MEMBER_EVIDENCE = 3  # pieces of evidence that a region takes over from each of its countries

MOST_EVIDENCE = 50
"""Pieces of evidence kept with one tag or match; every occurrence counts for the weight."""


class Tagger:
    """Tags posts by one taxonomy. Building one is slow (it generates every form of every name), tagging is fast."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._gazetteer = Gazetteer(taxonomy)
        self._sizes = {region.slug: len(region.countries) for region in taxonomy.regions}

    def tags(self, post: Post, source: Source) -> tuple[Tag, ...]:
        """What a post is about and who issued it, heaviest first within each facet.

        Regions are tagged where they are named, and, more lightly and with the rule "member", where one of their
        countries is.
        """
        page = page_of(post)
        named = _weighed(_unshared(self._gazetteer.find(page, post.language)), page, post)
        surrounding = {tag.slug: tag for tag in self._surrounding(named)}
        regions = {tag.slug for tag in named if tag.facet is Facet.REGION}
        tags = [
            *_issuers(source),
            *(_borne_out(tag, surrounding) for tag in named),
            *(tag for slug, tag in surrounding.items() if slug not in regions),
        ]
        return tuple(sorted(tags, key=lambda tag: (tag.facet, -tag.weight, tag.slug)))

    def _surrounding(self, named: list[Tag]) -> Iterator[Tag]:
        """Regions by their countries, whether a word of the post names them or not."""
        members: defaultdict[str, list[Tag]] = defaultdict(list)
        for tag in named:
            if tag.facet is Facet.COUNTRY:
                for region in self._taxonomy.regions_of(tag.slug):
                    members[region].append(tag)
        # The same few pieces serve every region of a country.
        lent = {
            country.slug: tuple(
                Evidence(field=each.field, offset=each.offset, words=each.words, rule="member")
                for each in country.evidence[:_MEMBER_EVIDENCE]
            )
            for country in named
            if country.facet is Facet.COUNTRY
        }
        for region, countries in members.items():
            # A country says more about a small region around it than about half the world.
            worth = _MEMBER / (1 + log10(max(1, self._sizes[region])))
            yield Tag(
                facet=Facet.REGION,
                slug=region,
                main=False,  # talks in Cairo are found under the Red Sea, but are not about it
                weight=round(worth * max(country.weight for country in countries), 4),
                evidence=tuple(each for country in countries for each in lent[country.slug])[:MOST_EVIDENCE],
            )


def _borne_out(named: Tag, surrounding: Mapping[str, Tag]) -> Tag:
    """A region that the post names, at least as weighty as its countries make it, and main if one of them is."""
    if named.facet is not Facet.REGION or named.slug not in surrounding:
        return named
    members = surrounding[named.slug]
    return replace(named, main=named.main or members.weight > named.weight, weight=max(named.weight, members.weight))


def _issuers(source: Source) -> Iterator[Tag]:
    for slug in (source.organisation, source.country.lower() if source.country else None):
        if slug:
            evidence = Evidence(field=Field.SOURCE, offset=0, words=source.title, rule="issuer")
            yield Tag(facet=Facet.ISSUER, slug=slug, main=True, weight=1.0, evidence=(evidence,))


def _unshared(found: list[Found]) -> list[Found]:
    """Of words that several countries share (Valencia, "Congolese"), those countries that the post names otherwise;
    else the country whose larger city it is; else all of them."""
    sure = {each.form.entry for each in found if not each.shared}
    spans: defaultdict[tuple[int, int], list[Found]] = defaultdict(list)
    for each in found:
        spans[each.start, each.end].append(each)
    kept: list[Found] = []
    for sharing in spans.values():
        if sharing[0].shared:
            named = [each for each in sharing if each.form.entry in sure]
            first = min(each.form.rank for each in sharing)
            kept += named or [each for each in sharing if each.form.rank == first]
        else:
            kept += sharing
    return kept


def _weighed(found: list[Found], page: Page, post: Post) -> list[Tag]:
    by_entry: defaultdict[Entry, list[Found]] = defaultdict(list)
    for each in found:
        by_entry[each.form.entry].append(each)
    opening_ends = page.text_at + _opening(post.text)
    weights = {
        entry: _weight(each, page, opening_ends, title_repeats=post.title_made) for entry, each in by_entry.items()
    }
    best: defaultdict[Facet, float] = defaultdict(float)
    for entry, weight in weights.items():
        best[entry.facet] = max(best[entry.facet], weight)
    return [
        Tag(
            facet=entry.facet,
            slug=entry.slug,
            main=weights[entry] >= max(_MAIN_AT_LEAST, _MAIN_OF_BEST * best[entry.facet]),
            weight=round(weights[entry], 4),
            evidence=tuple(
                page.evidence_at(each.start, each.end, each.rule) for each in by_entry[entry][:MOST_EVIDENCE]
            ),
        )
        for entry in by_entry
    ]


def _opening(text: str) -> int:
    """Length of the first paragraph, within reason."""
    end = text.find("\n\n")
    return min(end if end >= 0 else len(text), 600)


def _weight(found: list[Found], page: Page, opening_ends: int, *, title_repeats: bool) -> float:
    """Chance that at least one mention makes the post about this entry, each taken as independent of the others."""
    doubt = 1.0
    for each in found:
        if each.start < page.text_at:
            place = 0.0 if title_repeats else _IN_TITLE  # a title made from the text counts there
        elif each.start >= page.hashtags_at:
            place = _IN_HASHTAG
        else:
            place = _IN_OPENING if each.start < opening_ends else _LATER
        doubt *= 1 - place * _PLAINNESS[each.rule]
    return 1 - doubt
