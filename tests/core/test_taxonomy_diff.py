"""In what two taxonomies differ, and what is doubtful in one."""

from dataclasses import replace

import pytest

from monitor.core.model import Facet
from monitor.core.taxonomy import Country, Organisation, OwnFacet, Region, Taxonomy
from monitor.core.taxonomy_diff import differences
from monitor.core.taxonomy_doubts import archive_of, doubts

SCO = Organisation(
    slug="sco", names={"en": ("Shanghai Club", "The Club")}, acronyms={"en": ("SCO",)}, members=("kz",), wikidata="Q1"
)
GRAIN = Organisation(slug="grain", names={"en": ("grain",)})
OLD = Taxonomy(
    organisations=(SCO,),
    countries=(Country(code="kz", names={"en": ("Kazakhstan",)}),),
    regions=(Region(slug="asia", names={"en": ("Asia",)}, countries=("kz",)),),
    facets=(OwnFacet(facet=Facet("topic"), entries=(GRAIN,)),),
)


def changed(**organisation: object) -> Taxonomy:
    return replace(OLD, organisations=(replace(SCO, **organisation),))


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (OLD, []),
        (replace(OLD, organisations=()), [("removed", "organisation", "sco", None, {}, {})]),
        (replace(OLD, facets=()), [("removed", "topic", "grain", None, {}, {})]),
        (
            replace(OLD, organisations=(SCO, replace(SCO, slug="new", names={"en": ("New",)}, wikidata=None))),
            [("added", "organisation", "new", None, {}, {})],
        ),
        (changed(slug="sco2"), [("renamed", "organisation", "sco2", "sco", {}, {})]),
        (
            changed(slug="sco2", wikidata=None),  # known by its label
            [("renamed", "organisation", "sco2", "sco", {}, {"wikidata": ("Q1",)})],
        ),
        (
            changed(names={"en": ("Shanghai Club",), "ru": ("Клуб",)}, members=("kz", "ru")),
            [
                (
                    "changed",
                    "organisation",
                    "sco",
                    None,
                    {"names.ru": ("Клуб",), "members": ("ru",)},
                    {"names.en": ("The Club",)},
                )
            ],
        ),
        (
            changed(names={"en": ("The Club", "Shanghai Club")}),
            [("changed", "organisation", "sco", None, {"names.en": ("The Club (as label)",)}, {})],
        ),
    ],
)
def test_differences(new: Taxonomy, said: list[tuple[object, ...]]) -> None:
    found = differences(OLD, new)
    assert [
        (one.kind, one.facet, one.slug, one.before, dict(one.added or {}), dict(one.removed or {})) for one in found
    ] == said


def test_a_version_stands_for_the_data() -> None:
    assert OLD.version == replace(OLD).version
    assert len({OLD.version, changed(members=()).version, replace(OLD, facets=()).version, Taxonomy().version}) == 4


@pytest.mark.parametrize(
    ("entries", "texts", "said"),
    [
        ([SCO, Organisation(slug="b", names={"en": ("the club",)})], (), ("same name", "b", "is also sco")),
        ([SCO, replace(SCO, slug="b", names={"en": ("B",)})], (), ("same acronym", "b", "both are tagged")),
        (
            [replace(SCO, requires=("x",)), replace(SCO, slug="b", names={"en": ("B",)}, excludes=("y",))],
            (),
            ("same acronym", "b", "their contexts decide"),
        ),
        (
            [Organisation(slug="who", names={"en": ("Health",)}, acronyms={"en": ("WHO",)})],
            (),
            ("acronym is a word", "who", "WHO"),
        ),
        ([replace(SCO, acronyms={"en": ("MAP",)})], ("a map of it", "the map"), ("acronym is a word", "sco", "2 of 2")),
        ([replace(SCO, excludes=("Club",))], (), ("excludes itself", "sco", "its own name")),
        (
            [replace(SCO, requires=("summit", "talk*")), replace(SCO, slug="b", requires=("summit", "begin*"))],
            ("Talks began",),
            ("never met", "b", "none of “summit”, “begin*” stands in any of 1 stored posts"),
        ),
        ([replace(SCO, excludes=("Clu*",))], (), ("excludes itself", "sco", "its own name")),
        (
            [Organisation(slug="b", names={"en": ("Talks", "Round")})],
            ("The talks", "Some talks", "A Round", "round"),
            ("name is a word", "b", "“Talks” is an everyday word: it stands in 2 of 4 stored posts"),
        ),
        ([SCO], (), ("no name", "sco", "has no name in ru, fr, es, zh, ar")),
    ],
)
def test_doubts(entries: list[Organisation], texts: tuple[str, ...], said: tuple[str, str, str]) -> None:
    found = doubts(Taxonomy(organisations=tuple(entries)), archive_of(texts) if texts else None)
    sort, slug, words = said
    of_sort = [one for one in found if one.sort == sort]
    assert [one.slug for one in of_sort if one.slug == slug] == [slug]
    assert words in next(one.sentence for one in of_sort if one.slug == slug)
    assert sort not in {"never met", "name is a word"} or {one.slug for one in of_sort} == {slug}
    assert (sort == "never met") <= bool(texts)  # without posts nothing is said of them


def test_nothing_is_doubtful_about_one_that_has_everything() -> None:
    names = {language: (f"Shanghai {language}",) for language in ("en", "ru", "fr", "es", "zh", "ar")}
    assert doubts(Taxonomy(organisations=(replace(SCO, names=names),))) == []
