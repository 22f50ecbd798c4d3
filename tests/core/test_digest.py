from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.digest import digest, items, sections, wanted
from monitor.core.model import Authority, Coverage, Facet, Grouping, Item, Section, Selection, StoredPost, Voice
from tests import make
from tests.make import NOW, hours


class Labels:
    """Names that show what they were asked for."""

    def label(self, facet: Facet, slug: str, language: str) -> str:
        return f"{slug.upper()} ({facet.value}, {language})"


def voices_of(*posts: StoredPost) -> dict[int, list[Voice]]:
    found: dict[int, list[Voice]] = {}
    for voice, stored in sorted(((make.voice(p), p) for p in posts), key=lambda pair: (pair[0].at, pair[0].post_id)):
        found.setdefault(stored.story_id, []).append(voice)
    return found


# ── what is wanted ─────────────────────────────────────────────────────────────────────────────────────────

POST = make.stored(
    by=make.source("mfa", tags=("europe", "ministry"), language="fr", authority=Authority.PRIMARY),
    language="ru",
    tags=(
        make.tag("osce", Facet.ORGANISATION),
        make.tag("sahel", Facet.REGION),
        make.tag("kz", Facet.COUNTRY),
        make.tag("un", Facet.ISSUER),
        make.tag("grain", Facet("topic")),
    ),
    matches=(make.match("sanctions"),),
)

WANTED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"watches": ("other", "sanctions")}, True),
    ({"watches": ("other",)}, False),
    ({"organisations": ("osce", "nato")}, True),
    ({"organisations": ("un",)}, False),  # it speaks, it is not spoken of
    ({"regions": ("sahel",)}, True),
    ({"regions": ("kz",)}, False),
    ({"countries": ("kz",)}, True),
    ({"countries": ("sahel",)}, False),
    ({"issuers": ("un",)}, True),
    ({"issuers": ("osce",)}, False),
    ({"tags": ("topic:grain", "issuer:un")}, True),  # one of them is enough, of whatever facet
    ({"tags": ("organisation:un", "topic:osce")}, False),
    ({"tags": ("topic:grain",), "regions": ("sahel",)}, True),
    ({"sources": ("mfa",)}, True),
    ({"sources": ("MFA",)}, False),
    ({"source_tags": ("asia", "europe")}, True),
    ({"source_tags": ("asia",)}, False),
    ({"languages": ("ru",)}, True),
    ({"languages": ("fr",)}, False),  # the post's own language counts before its source's
    ({"authorities": (Authority.PRIMARY, Authority.PRESS)}, True),
    ({"authorities": (Authority.STATE_AGENCY,)}, False),
    ({"watches": ("sanctions",), "countries": ("kz",), "languages": ("ru",)}, True),
    ({"watches": ("sanctions",), "countries": ("uz",), "languages": ("ru",)}, False),
]


@pytest.mark.parametrize(("selection", "expected"), WANTED)
def test_what_a_subscription_wants(selection: dict[str, Any], expected: bool) -> None:
    assert wanted(Selection(**selection), POST) is expected


def test_every_list_of_a_selection_is_heeded() -> None:
    for field in fields(Selection):
        assert not wanted(Selection(**{field.name: ("nothing that there is",)}), POST), field.name


def test_the_language_of_a_source_counts_where_the_post_has_none() -> None:
    silent = replace(POST, post=make.post(language=None))
    assert wanted(Selection(languages=("fr",)), silent)
    assert not wanted(Selection(languages=("fr",)), replace(silent, source=make.source(language=None)))


# ── folding into stories ───────────────────────────────────────────────────────────────────────────────────

PRESS = make.source("press", authority=Authority.PRESS)
AGENCY = make.source("agency", authority=Authority.STATE_AGENCY)
MINISTRY = make.source("ministry", authority=Authority.PRIMARY)


@pytest.mark.parametrize(
    ("posts", "lead"),
    [
        ([make.stored(1, story=9, by=PRESS, stated_at=NOW - hours(2)), make.stored(2, story=9, by=MINISTRY)], 1),
        ([make.stored(1, story=9, by=PRESS), make.stored(2, story=9, by=MINISTRY)], 2),
        ([make.stored(1, story=9, by=PRESS), make.stored(2, story=9, by=AGENCY)], 2),
        ([make.stored(1, story=9, by=AGENCY), make.stored(2, story=9, by=MINISTRY)], 2),
        ([make.stored(2, story=9, by=PRESS), make.stored(1, story=9, by=PRESS)], 1),
        # What says to come from the future was published when it was seen.
        ([make.stored(1, story=9, stated_at=NOW + hours(1), first_seen_at=NOW - hours(1)), make.stored(2, story=9)], 1),
    ],
    ids=["earliest", "nearest of three", "agency before press", "ministry before agency", "first stored", "future"],
)
def test_who_leads_a_story(posts: list[StoredPost], lead: int) -> None:
    for order in (posts, posts[::-1]):
        [item] = items(order, voices_of(*posts))
        assert item.lead.id == lead
        assert [voice.post_id for voice in item.others] == [p.id for p in posts if p.id != lead]


def test_a_story_names_voices_that_were_not_selected() -> None:
    selected = make.stored(1, story=9, by=PRESS, stated_at=NOW - hours(1), tags=(make.tag("osce"),))
    first = make.stored(2, story=9, by=MINISTRY, stated_at=NOW - hours(2), tags=(make.tag("nato"),))
    last = make.stored(3, story=9, by=AGENCY)
    [item] = items([selected], voices_of(selected, first, last))
    assert (item.story_id, item.lead, item.at, item.tags) == (9, selected, NOW - hours(1), selected.tags)
    assert [voice.source_slug for voice in item.others] == ["ministry", "agency"]


def test_a_story_has_the_matches_of_all_its_selected_posts() -> None:
    lead_match = replace(make.match("b"), evidence=())
    lead = make.stored(1, story=9, stated_at=NOW - hours(1), matches=(lead_match,))
    other = make.stored(2, story=9, matches=(make.match("b"), make.match("a")))
    [item] = items([other, lead], {})
    assert item.matches == (make.match("a"), lead_match)  # by slug; the lead's own evidence first
    assert item.others == ()


def test_stories_come_newest_first() -> None:
    posts = [make.stored(n, stated_at=NOW - hours(age)) for n, age in enumerate([2, 0, 3, 0, 1], start=1)]
    assert [item.lead.id for item in items(posts, {})] == [4, 2, 5, 1, 3]


def test_no_posts_are_no_stories() -> None:
    assert items([], {}) == []


@st.composite
def stored_posts(draw: st.DrawFn) -> list[StoredPost]:
    slugs = st.sets(st.sampled_from("abc"), max_size=2)
    posts = []
    for id_ in range(1, draw(st.integers(0, 9)) + 1):
        tags = [
            make.tag(s, draw(st.sampled_from(Facet.BUILT_IN)), main=draw(st.booleans())) for s in sorted(draw(slugs))
        ]
        posts.append(
            make.stored(
                id_,
                story=draw(st.integers(1, 4)),
                by=draw(st.sampled_from([PRESS, AGENCY, MINISTRY])),
                stated_at=draw(st.none() | st.integers(-3, 3).map(lambda n: NOW + hours(n))),
                tags=tuple(tags),
                matches=tuple(make.match(s) for s in sorted(draw(slugs))),
            )
        )
    return posts


@given(stored_posts(), st.randoms())
def test_each_post_is_in_exactly_one_story_once_whatever_the_order(posts: list[StoredPost], random: Any) -> None:
    found = items(posts, voices_of(*posts))
    assert sorted(i for item in found for i in (item.lead.id, *(v.post_id for v in item.others))) == [
        p.id for p in posts
    ]
    assert [item.at for item in found] == sorted((item.at for item in found), reverse=True)
    for item in found:
        assert all(voice.at >= item.at for voice in item.others)
        assert {m.watch for m in item.matches} == {
            m.watch for p in posts if p.story_id == item.story_id for m in p.matches
        }
    shuffled = list(posts)
    random.shuffle(shuffled)
    assert [item.lead for item in items(shuffled, voices_of(*posts))] == [item.lead for item in found]


# ── headings ───────────────────────────────────────────────────────────────────────────────────────────────

A, B, C = (make.watch(slug, title=f"Watch {slug}") for slug in "abc")


def story(id_: int, *, matches: str = "", by: Any = None, **tags: Any) -> Item:
    """A story of one post; `tags` are slug="facet" or slug=("facet", main, weight)."""
    given_tags = []
    for slug, said in tags.items():
        facet, main, weight = said if isinstance(said, tuple) else (said, True, 0.5)
        given_tags.append(make.tag(slug, Facet(facet), main=main, weight=weight))
    post = make.stored(id_, by=by, tags=tuple(given_tags), matches=tuple(make.match(slug) for slug in matches))
    [item] = items([post], {})
    return item


def headed(
    stories: Sequence[Item], *, watches: Sequence[Any] = (), grouping: Grouping = Grouping.ORGANISATION, asked: str = ""
) -> list[tuple[str, str, list[int]]]:
    subscription = make.subscription(grouping=grouping, selection=Selection(watches=tuple(asked)))
    found = sections(stories, subscription, watches=watches, labels=Labels())
    return [(section.kind, section.slug, [item.story_id for item in section.items]) for section in found]


def test_watches_come_first_in_the_order_they_are_listed() -> None:
    stories = [story(1, osce="organisation"), story(2, matches="c"), story(3, matches="ac"), story(4, matches="b")]
    assert headed(stories, watches=[C, A, B]) == [
        ("watch", "c", [2, 3]),
        ("watch", "b", [4]),
        ("organisation", "osce", [1]),
    ]
    assert headed(stories, watches=[A, B, C]) == [
        ("watch", "a", [3]),
        ("watch", "b", [4]),
        ("watch", "c", [2]),
        ("organisation", "osce", [1]),
    ]


def test_a_subscription_that_lists_watches_has_them_in_its_own_order_and_no_others() -> None:
    stories = [story(1, matches="a"), story(2, matches="b"), story(3, matches="abc")]
    assert headed(stories, watches=[A, B, C], asked="ca") == [
        ("watch", "c", [3]),
        ("watch", "a", [1]),
        ("none", "", [2]),
    ]


def test_a_paused_or_unknown_watch_is_no_heading() -> None:
    stories = [story(1, matches="a"), story(2, matches="z", osce="organisation")]
    assert headed(stories, watches=[replace(A, paused=True)], asked="az") == [
        ("organisation", "osce", [2]),
        ("none", "", [1]),
    ]


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        (Grouping.ORGANISATION, [("organisation", "osce", [1]), ("none", "", [2])]),
        (Grouping.REGION, [("region", "sahel", [2]), ("none", "", [1])]),
        (Grouping.COUNTRY, [("country", "kz", [1]), ("country", "uz", [2])]),
        (Grouping.SOURCE, [("source", "agency", [2]), ("source", "ministry", [1])]),
        (Grouping.NONE, [("none", "", [1, 2])]),
    ],
)
def test_how_a_digest_is_divided(grouping: Grouping, expected: list[Any]) -> None:
    one = story(1, by=MINISTRY, osce="organisation", un="issuer", kz="country")
    two = story(2, by=AGENCY, nato="issuer", sahel="region", uz="country")
    assert headed([one, two], grouping=grouping) == expected


@pytest.mark.parametrize(
    ("tags", "heading"),
    [
        ({"a": ("organisation", True, 0.4), "b": ("organisation", True, 0.6)}, "b"),
        ({"a": ("organisation", True, 0.4), "b": ("organisation", False, 0.9)}, "a"),
        ({"a": ("organisation", False, 0.4), "b": ("organisation", False, 0.6)}, "b"),
        ({"a": ("organisation", True, 0.1), "b": ("region", True, 0.9)}, "a"),
    ],
    ids=["weightiest", "what it is about before a mention", "a mention where there is no more", "of the right facet"],
)
def test_a_story_stands_under_its_best_heading(tags: dict[str, Any], heading: str) -> None:
    assert headed([story(1, **tags)]) == [("organisation", heading, [1])]


def test_the_fullest_section_comes_first_and_what_has_no_heading_last() -> None:
    stories = [
        *(story(n) for n in range(1, 6)),
        story(6, small="organisation"),
        story(7, also="organisation"),
        story(8, full="organisation"),
        story(9, full="organisation"),
    ]
    assert headed(stories) == [
        ("organisation", "full", [8, 9]),
        ("organisation", "also", [7]),
        ("organisation", "small", [6]),
        ("none", "", [1, 2, 3, 4, 5]),
    ]


def test_sections_are_labelled_in_the_language_of_the_subscription() -> None:
    stories = [story(1, matches="a"), story(2, osce="organisation"), story(3)]
    subscription = make.subscription(language="fr")
    found = sections(stories, subscription, watches=[A], labels=Labels())
    assert [section.label for section in found] == ["Watch a", "OSCE (organisation, fr)", ""]
    by_source = replace(subscription, grouping=Grouping.SOURCE)
    [section] = sections([story(4, by=MINISTRY)], by_source, watches=[], labels=Labels())
    assert section == Section(kind="source", slug="ministry", label=MINISTRY.title, items=section.items)


@given(
    stored_posts(),
    st.sampled_from(Grouping),
    st.permutations([A, B, C]),
    st.lists(st.sampled_from("abcz"), unique=True, max_size=3),
)
def test_each_story_stands_in_exactly_one_section(
    posts: list[StoredPost], grouping: Grouping, watches: list[Any], asked: list[str]
) -> None:
    stories = items(posts, voices_of(*posts))
    found = headed(stories, watches=watches, grouping=grouping, asked="".join(asked))
    assert sorted(id_ for _, _, ids in found for id_ in ids) == sorted(item.story_id for item in stories)
    assert len({(kind, slug) for kind, slug, _ in found}) == len(found)
    kinds = [kind for kind, _, _ in found]
    rank = {"watch": 0, grouping.value: 1} | {"none": 2}
    assert [rank[kind] for kind in kinds] == sorted(rank[kind] for kind in kinds)
    listed = asked or [watch.slug for watch in watches]
    under_watches = [slug for kind, slug, _ in found if kind == "watch"]
    assert under_watches == [slug for slug in listed if slug in under_watches]
    for kind, slug, ids in found:
        by_id = {item.story_id: item for item in stories}
        if kind == "watch":
            assert all(slug in {m.watch for m in by_id[id_].matches} for id_ in ids)


# ── one edition ────────────────────────────────────────────────────────────────────────────────────────────

COVERAGE = Coverage(
    since=NOW - hours(24),
    until=NOW,
    sources=1,
    checked=1,
    polls=9,
    failing=(),
    posts=5,
    selected=4,
    folded=2,
    stories=0,
)


def test_an_edition_names_every_tag_it_shows_and_counts_its_stories() -> None:
    stories = [story(1, osce="organisation", kz="country"), story(2, osce="organisation", un="issuer")]
    subscription = make.subscription(language="ru")
    made = digest(
        subscription,
        stories,
        due_at=NOW,
        compiled_at=NOW + hours(1),
        coverage=COVERAGE,
        watches=[A],
        labels=Labels(),
    )
    assert (made.subscription, made.due_at, made.compiled_at) == (subscription, NOW, NOW + hours(1))
    assert made.coverage == replace(COVERAGE, stories=2)
    assert made.sections == sections(stories, subscription, watches=[A], labels=Labels())
    assert made.labels == {
        "country:kz": "KZ (country, ru)",
        "issuer:un": "UN (issuer, ru)",
        "organisation:osce": "OSCE (organisation, ru)",
    }


def test_an_edition_of_a_quiet_day() -> None:
    made = digest(make.subscription(), [], due_at=NOW, compiled_at=NOW, coverage=COVERAGE, watches=[A], labels=Labels())
    assert (made.sections, made.labels, made.coverage.stories) == ((), {}, 0)
