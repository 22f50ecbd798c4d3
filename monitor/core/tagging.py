"""Tags a post with the organisations, countries and regions it names, with the exact words as evidence, and with who
issued it. What is found is the gazetteer's business; here it is weighed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, groupby
from math import log10
from operator import itemgetter

from monitor.core.forms import Entry
from monitor.core.found import Found
from monitor.core.gazetteer import Gazetteer
from monitor.core.lexicon import Lexicon
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

    def __init__(self, taxonomy: Taxonomy, lexicon: Lexicon | None = None) -> None:
        """`lexicon` is that of the taxonomy, where it has been made before."""
        self._gazetteer = Gazetteer(lexicon or Lexicon.of(taxonomy))
        # A country says more about a small region around it than about half the world.
        worths = {each.slug: _MEMBER / (1 + log10(max(1, len(each.countries)))) for each in taxonomy.regions}
        self._regions = {
            country.code: [(region, worths[region]) for region in taxonomy.regions_of(country.code)]
            for country in taxonomy.countries
        }

    def tags(self, post: Post, source: Source) -> tuple[Tag, ...]:
        """What a post is about and who issued it, heaviest first within each facet.

        Regions are tagged where they are named, and, more lightly and with the rule "member", where one of their
        countries is.
        """
        page = page_of(post)
        named = _weighed(_unshared(self._gazetteer.find(page, post.language)), page, post)
        surrounding = self._surrounding(named)
        tags = [*_issuers(source)]
        for tag in named:
            if tag.facet is _REGION and tag.slug in surrounding:
                tags.append(_borne_out(tag, surrounding.pop(tag.slug)))
            else:
                tags.append(tag)
        tags += surrounding.values()
        tags.sort(key=_by_weight)
        return tuple(tags)

    def _surrounding(self, named: list[Tag]) -> dict[str, Tag]:
        """Regions by their countries, whether a word of the post names them or not."""
        members: dict[str, tuple[float, list[tuple[Evidence, ...]]]] = {}
        for tag in named:
            if tag.facet is not _COUNTRY:
                continue
            # The same few pieces serve every region of a country.
            lent = tuple(
                Evidence(field=each.field, offset=each.offset, words=each.words, rule="member")
                for each in tag.evidence[:_MEMBER_EVIDENCE]
            )
            for region, worth in self._regions.get(tag.slug, ()):
                weight = worth * tag.weight
                if region in members:
                    heaviest, evidence = members[region]
                    evidence.append(lent)
                    if weight > heaviest:
                        members[region] = (weight, evidence)
                else:
                    members[region] = (weight, [lent])
        return {
            region: Tag(
                facet=_REGION,
                slug=region,
                main=False,  # talks in Cairo are found under the Red Sea, but are not about it
                weight=round(weight, 4),
                evidence=evidence[0] if len(evidence) == 1 else tuple(chain(*evidence))[:MOST_EVIDENCE],
            )
            for region, (weight, evidence) in members.items()
        }


def _by_weight(tag: Tag) -> tuple[str, float, str]:
    return tag.facet, -tag.weight, tag.slug


def _borne_out(named: Tag, members: Tag) -> Tag:
    """A region that the post names, at least as weighty as its countries make it, and main if one of them is."""
    return replace(named, main=True, weight=members.weight) if members.weight > named.weight else named


def _issuers(source: Source) -> Iterator[Tag]:
    for slug in (source.organisation, source.country.lower() if source.country else None):
        if slug:
            evidence = Evidence(field=Field.SOURCE, offset=0, words=source.title, rule="issuer")
            yield Tag(facet=Facet.ISSUER, slug=slug, main=True, weight=1.0, evidence=(evidence,))


def _unshared(found: list[Found]) -> list[Found]:
    """Of words that several countries share (Valencia, "Congolese"), those countries that the post names otherwise;
    else the country whose larger city it is; else all of them."""
    if not any(each.shared for each in found):
        return found
    sure = {each.form.entry for each in found if not each.shared}
    kept: list[Found] = []
    for _, group in groupby(found, key=itemgetter(0, 1)):
        sharing = list(group)
        if sharing[0].shared:
            named = [each for each in sharing if each.form.entry in sure]
            first = min(each.form.rank for each in sharing)
            kept += named or [each for each in sharing if each.form.rank == first]
        else:
            kept += sharing
    return kept


def _weighed(found: list[Found], page: Page, post: Post) -> list[Tag]:
    """A tag for each entry found.

    Its weight is the chance that at least one mention makes the post about it, each taken as independent of the others.
    """
    text_at, hashtags_at = page.text_at, page.hashtags_at
    opening_ends = text_at + _opening(post.text)
    in_title = 0.0 if post.title_made else _IN_TITLE  # a title made from the text counts there
    doubts: dict[Entry, float] = {}
    evidence: dict[Entry, list[Evidence]] = {}
    for start, end, form, rule, _ in found:
        if start < text_at:
            field, base, place = _TITLE, 0, in_title
        elif start < hashtags_at:
            field, base, place = _TEXT, text_at, _IN_OPENING if start < opening_ends else _LATER
        else:
            field, base, place = _HASHTAG, hashtags_at, _IN_HASHTAG
        entry = form.entry
        doubt = 1 - place * _PLAINNESS[rule]
        if entry in doubts:
            doubts[entry] *= doubt
            if len(evidence[entry]) >= MOST_EVIDENCE:
                continue
        else:
            doubts[entry] = doubt
            evidence[entry] = []
        words = page.original[start:end]
        evidence[entry].append(Evidence(field=field, offset=start - base, words=words, rule=rule))
    best: dict[str, float] = {}
    for entry, doubt in doubts.items():
        best[entry.facet] = max(best.get(entry.facet, 0.0), 1 - doubt)
    return [
        Tag(
            facet=_FACETS.get(entry.facet) or Facet(entry.facet),
            slug=entry.slug,
            main=1 - doubt >= max(_MAIN_AT_LEAST, _MAIN_OF_BEST * best[entry.facet]),
            weight=round(1 - doubt, 4),
            evidence=tuple(evidence[entry]),
        )
        for entry, doubt in doubts.items()
    ]


# Bound to names of their own: looking a member up in its class takes longer than all that is done with it here.
_TITLE, _TEXT, _HASHTAG = Field.TITLE, Field.TEXT, Field.HASHTAG
_COUNTRY, _REGION = Facet.COUNTRY, Facet.REGION
_FACETS = {facet.value: facet for facet in Facet.BUILT_IN}


def _opening(text: str) -> int:
    """Length of the first paragraph, within reason."""
    end = text.find("\n\n")
    return min(end if end >= 0 else len(text), 600)
