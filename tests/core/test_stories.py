from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.stories import Placement, Relation, Sighting, link_key, moment, place
from tests.make import NOW, digest_of


def key(text: str | None) -> bytes | None:
    return digest_of(text, 8) if text is not None else None


def seen(source: int, *, url: str | None = None, forward: str | None = None, words: str | None = None) -> Sighting:
    return Sighting(source_id=source, url_key=key(url), forward_key=key(forward), fingerprint=key(words))


def kept(sighting: Sighting, story: int) -> Sighting:
    return replace(sighting, story=story)


def told(new: Sequence[Sighting], stored: Sequence[Sighting] = ()) -> list[tuple[int, str]]:
    return [(p.story, p.relation.value) for p in place(new, stored)]


# ── when a post was published ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (None, NOW),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
        (NOW + timedelta(hours=1), NOW),
        (datetime.max.replace(tzinfo=UTC), NOW),
    ],
)
def test_a_post_was_published_when_it_says_but_never_after_we_saw_it(
    stated: datetime | None, expected: datetime
) -> None:
    assert moment(stated, NOW) == expected


# ── links as evidence ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://mfa.example",
        "https://mfa.example/",
        "https://mfa.example/#!/x",
        "https://t.me/mfa",
        "https://t.me/s/mfa",
        "https://telegram.me/mfa/",
    ],
)
def test_a_front_page_is_no_evidence(url: str | None) -> None:
    assert link_key(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://mfa.example/en",
        "https://mfa.example/?p=7",
        "https://t.me/mfa/7",
        "https://t.me/c/1/2",
        "urn:isbn:1",
        "é",
    ],
)
def test_any_other_link_is_evidence(url: str) -> None:
    found = link_key(url)
    assert found is not None
    assert len(found) == 8
    assert found == link_key(url)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, max_size=20))
def test_different_links_have_different_keys(paths: list[str]) -> None:
    keys = [link_key("https://a.example/?q=" + path.encode().hex()) for path in paths]
    assert len(set(keys)) == len(paths)


# ── placing one post ───────────────────────────────────────────────────────────────────────────────────────

CASES: dict[str, tuple[list[Sighting], list[Sighting], list[tuple[int, str]]]] = {
    "nothing stored, nothing shared": ([seen(1, url="a"), seen(2, url="b")], [], [(-1, "first"), (-2, "first")]),
    "no evidence at all": ([seen(1), seen(1), seen(2)], [], [(-1, "first"), (-2, "first"), (-3, "first")]),
    "forward of a stored post": ([seen(2, url="f", forward="a")], [kept(seen(1, url="a"), 7)], [(7, "forward")]),
    "original of a stored forward": ([seen(1, url="a")], [kept(seen(2, url="f", forward="a"), 7)], [(7, "original")]),
    "second forward of what we never saw": (
        [seen(3, url="g", forward="a")],
        [kept(seen(2, url="f", forward="a"), 7)],
        [(7, "forward")],
    ),
    "the same words": ([seen(2, url="b", words="w")], [kept(seen(1, url="a", words="w"), 7)], [(7, "repost")]),
    "the same words in the same source": (
        [seen(1, url="b", words="w")],
        [kept(seen(1, url="a", words="w"), 7)],
        [(7, "repost")],
    ),
    "the same link in another source": (
        [seen(2, url="a", words="v")],
        [kept(seen(1, url="a", words="w"), 7)],
        [(7, "same-link")],
    ),
    "the same link in the same source": ([seen(1, url="a")], [kept(seen(1, url="a"), 7)], [(-1, "first")]),
    "a link that stands in two stories": (
        [seen(3, url="a")],
        [kept(seen(1, url="a"), 7), kept(seen(2, url="a"), 8)],
        [(-1, "first")],
    ),
    "a link that this source has used before": (
        [seen(2, url="a")],
        [kept(seen(1, url="a"), 7), kept(seen(2, url="a"), 7)],
        [(-1, "first")],
    ),
    "a section page in this batch": (
        [seen(2, url="a"), seen(2, url="a")],
        [kept(seen(1, url="a"), 7)],
        [(-1, "first"), (-2, "first")],
    ),
    "another source's section page": (
        [seen(1, url="a"), seen(2, url="a"), seen(1, url="a")],
        [],
        [(-1, "first"), (-2, "first"), (-3, "first")],
    ),
    "the platform's mark before the words": (
        [seen(3, forward="a", words="w")],
        [kept(seen(1, url="a"), 7), kept(seen(2, words="w"), 8)],
        [(7, "forward")],
    ),
    "the words before the link": (
        [seen(3, url="a", words="w")],
        [kept(seen(1, url="a"), 7), kept(seen(2, words="w"), 8)],
        [(8, "repost")],
    ),
    "the oldest of several stories": (
        [seen(3, words="w")],
        [kept(seen(1, words="w"), 7), kept(seen(2, words="w"), 8)],
        [(7, "repost")],
    ),
    "within one batch": (
        [seen(1, url="f", forward="a"), seen(2, url="a", words="w"), seen(3, words="w"), seen(4, url="x")],
        [],
        [(-1, "first"), (-1, "original"), (-1, "repost"), (-2, "first")],
    ),
    "a stored sighting without a story is none": ([seen(2, words="w")], [seen(1, words="w")], [(-1, "first")]),
}


@pytest.mark.parametrize(("new", "stored", "expected"), CASES.values(), ids=CASES.keys())
def test_where_a_post_goes(new: list[Sighting], stored: list[Sighting], expected: list[tuple[int, str]]) -> None:
    assert told(new, stored) == expected


def test_every_relation_but_the_first_gives_its_reason() -> None:
    placed = [p for new, stored, _ in CASES.values() for p in place(new, stored)]
    assert {p.relation for p in placed} == set(Relation)
    assert all(bool(p.reason) == (p.relation is not Relation.FIRST) for p in placed)


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Event:
    """One post about a statement, and what kind of evidence ties it there."""

    statement: int
    sighting: Sighting


@st.composite
def worlds(draw: st.DrawFn) -> list[Event]:
    """Statements, each with one address and either its own words or too few, and who carried them.

    The evidence does not contradict itself: no post forwards one statement in the words of another.
    """
    events = []
    for statement in range(draw(st.integers(1, 5))):
        words = draw(st.sampled_from([None, f"words {statement}"]))
        carriers = draw(st.lists(st.sampled_from(["forward", "repost"]), max_size=5))
        if draw(st.booleans()):  # else the original is never seen
            events.append(Event(statement, seen(draw(st.integers(1, 4)), url=f"s{statement}", words=words)))
        for number, kind in enumerate(carriers):
            url = f"{kind} {statement}/{number}"
            source = draw(st.integers(1, 4))
            if kind == "forward":
                events.append(Event(statement, seen(source, url=url, forward=f"s{statement}", words=words)))
            elif words is not None:  # nothing but its words ties a repost to its story
                events.append(Event(statement, seen(source, url=url, words=words)))
    return events


def folded(events: Sequence[Event], stories: Sequence[int]) -> set[frozenset[int]]:
    """Which events share a story, by their position in the drawn order."""
    together: dict[int, set[int]] = {}
    for number, story in enumerate(stories):
        together.setdefault(story, set()).add(number)
    return {frozenset(members) for members in together.values()}


@given(st.data())
def test_the_order_of_arrival_makes_no_difference_to_which_posts_share_a_story(data: st.DataObject) -> None:
    events = data.draw(worlds())
    order = data.draw(st.permutations(range(len(events))))
    placed = dict(zip(order, place([events[n].sighting for n in order], []), strict=True))
    stories = [placed[n].story for n in range(len(events))]
    assert folded(events, stories) == folded(events, [event.statement for event in events])


some_key = st.none() | st.sampled_from("abcd")
any_sighting = st.builds(
    lambda source, url, forward, words: seen(source, url=url, forward=forward, words=words),
    st.integers(1, 3),
    some_key,
    some_key,
    some_key,
)


def one_by_one(new: Sequence[Sighting], stored: Sequence[Sighting]) -> list[Placement]:
    """Each in a batch of its own, stored before the next; new stories are numbered as in one batch."""
    known, placements, opened = list(stored), [], 0
    for sighting in new:
        [placement] = place([sighting], known)
        if placement.story == -1 and placement.relation is Relation.FIRST:
            opened += 1
            placement = replace(placement, story=-opened)
        known.append(kept(sighting, placement.story))
        placements.append(placement)
    return placements


def repeats_a_link_within_a_source(new: Sequence[Sighting]) -> bool:
    pairs = [(s.source_id, s.url_key) for s in new if s.url_key is not None]
    return len(pairs) != len(set(pairs))


stored_sightings = st.lists(st.builds(kept, any_sighting, st.integers(1, 4)), max_size=6)


@given(st.lists(any_sighting, max_size=8), stored_sightings)
def test_a_batch_is_placed_as_one_by_one(new: list[Sighting], stored: list[Sighting]) -> None:
    """Except that a batch shows a section page at once, where one by one it is seen at the second entry."""
    if repeats_a_link_within_a_source(new):
        new = [replace(sighting, url_key=None) for sighting in new]
    assert place(new, stored) == one_by_one(new, stored)


@given(st.lists(any_sighting, max_size=8), stored_sightings)
def test_every_post_is_placed_in_a_story_that_there_is(new: list[Sighting], stored: list[Sighting]) -> None:
    placements = place(new, stored)
    assert len(placements) == len(new)
    opened = [p.story for p in placements if p.relation is Relation.FIRST]
    assert opened == [-n for n in range(1, len(opened) + 1)]
    there = {s.story for s in stored}
    for placement in placements:
        assert placement.story in there or placement.story in opened


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab")), max_size=8), stored_sightings)
def test_a_link_that_one_source_repeats_folds_nothing(pairs: list[tuple[int, str]], stored: list[Sighting]) -> None:
    new = [seen(source, url=url) for source, url in pairs]
    repeated = {url for source, url in pairs if pairs.count((source, url)) > 1}
    by_forward = {s.forward_key for s in stored}
    for (_, url), placement in zip(pairs, place(new, stored), strict=True):
        if url in repeated and key(url) not in by_forward:
            assert placement.relation is Relation.FIRST


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from("abc")), max_size=9, unique=True), st.randoms())
def test_entries_of_different_sources_for_one_page_share_a_story_in_any_order(
    pairs: list[tuple[int, str]], random: object
) -> None:
    random.shuffle(pairs)  # type: ignore[attr-defined]
    placements = place([seen(source, url=url) for source, url in pairs], [])
    stories = {(url, p.story) for (_, url), p in zip(pairs, placements, strict=True)}
    assert len(stories) == len({url for _, url in pairs})
