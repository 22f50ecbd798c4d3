"""Tags a post with the organisations, countries and regions it names, with the exact words as evidence, and with who
issued it. What is found is the gazetteer's business; here it is weighed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import chain, groupby
from math import log10
from operator import itemgetter

from monitor.core.forms import Entry
from monitor.core.found import Found
from monitor.core.gazetteer import Gazetteer
from monitor.core.lexicon import Lexicon
from monitor.core.model import Evidence, Facet, Field, Post, Source, Tag
from monitor.core.taxonomy import Taxonomy
from monitor.core.text import Page, evidence_of, page_of

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
                [evidence_of(each.field, each.offset, each.words, "member") for each in tag.evidence[:_MEMBER_EVIDENCE]]
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
            region: _tag(
                _REGION,
                region,
                False,  # talks in Cairo are found under the Red Sea, but are not about it
                round(weight, 4),
                evidence[0] if len(evidence) == 1 else tuple(chain(*evidence))[:MOST_EVIDENCE],
            )
            for region, (weight, evidence) in members.items()
        }


def _by_weight(tag: Tag) -> tuple[str, float, str]:
    return tag.facet, -tag.weight, tag.slug


def _borne_out(named: Tag, members: Tag) -> Tag:
    """A region that the post names, at least as weighty as its countries make it, and main if one of them is."""
    if members.weight <= named.weight:
        return named
    return _tag(named.facet, named.slug, True, members.weight, named.evidence)


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
    original, text_at, hashtags_at = page.original, page.text_at, page.hashtags_at
    opening_ends = text_at + _opening(post.text)
    in_title = 0.0 if post.title_made else _IN_TITLE  # a title made from the text counts there
    named: dict[int, _Named] = {}  # by the entry's place in memory: hashing what it says takes longer than all the rest
    for start, end, form, rule, _ in found:
        if start < text_at:
            field, base, place = _TITLE, 0, in_title
        elif start < hashtags_at:
            field, base, place = _TEXT, text_at, _IN_OPENING if start < opening_ends else _LATER
        else:
            field, base, place = _HASHTAG, hashtags_at, _IN_HASHTAG
        doubt = 1 - place * _PLAINNESS[rule]
        known = named.get(id(form.entry))
        if known is None:
            known = named[id(form.entry)] = _Named(form.entry, doubt)
        else:
            known.doubt *= doubt
            if len(known.evidence) >= MOST_EVIDENCE:
                continue
        known.evidence.append(evidence_of(field, start - base, original[start:end], rule))
    best: dict[str, float] = {}
    for each in named.values():
        best[each.entry.facet] = max(best.get(each.entry.facet, 0.0), 1 - each.doubt)
    return [
        _tag(
            _FACETS.get(each.entry.facet) or Facet(each.entry.facet),
            each.entry.slug,
            1 - each.doubt >= max(_MAIN_AT_LEAST, _MAIN_OF_BEST * best[each.entry.facet]),
            round(1 - each.doubt, 4),
            tuple(each.evidence),
        )
        for each in named.values()
    ]


class _Named:
    """An entry that a page names, and what is known of it so far."""

    __slots__ = ("doubt", "entry", "evidence")

    def __init__(self, entry: Entry, doubt: float) -> None:
        self.entry = entry
        self.doubt = doubt  # the chance that the post is not about it
        self.evidence: list[Evidence] = []


# Bound to names of their own: looking a member up in its class takes longer than all that is done with it here.
_TITLE, _TEXT, _HASHTAG = Field.TITLE, Field.TEXT, Field.HASHTAG
_COUNTRY, _REGION = Facet.COUNTRY, Facet.REGION
_FACETS = {facet.value: facet for facet in Facet.BUILT_IN}


# A post has dozens of tags and pieces of evidence, and a frozen dataclass takes four times as long to make as its slots
# take to fill, so these two fill them.

_bare = object.__new__
_TAG_SLOTS = tuple(Tag.__dict__[each.name].__set__ for each in fields(Tag))
_put_facet, _put_slug, _put_main, _put_weight, _put_evidence = _TAG_SLOTS


def _tag(facet: Facet, slug: str, main: bool, weight: float, evidence: tuple[Evidence, ...]) -> Tag:
    made = _bare(Tag)
    _put_facet(made, facet)
    _put_slug(made, slug)
    _put_main(made, main)
    _put_weight(made, weight)
    _put_evidence(made, evidence)
    return made


def _opening(text: str) -> int:
    """Length of the first paragraph, within reason."""
    end = text.find("\n\n")
    return min(end if end >= 0 else len(text), 600)
