"""Stories through the database: found, moved, put right by hand, and the same after working them out anew."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from monitor.core.model import Authority, Forward, Prepared, Source, StoredPost
from monitor.core.stories import Relation, Rules
from monitor.store import placing, posts, stories
from monitor.store.database import Database
from monitor.store.stories import StoryError
from tests import make
from tests.make import NOW, hours

RULES = Rules()
SYLLABLES = [a + b for a in "bdfgklmnprst" for b in "aeiou"]


def statement(seed: int, sentences: int = 5) -> str:
    """Sentences of words that mean nothing, the same for the same seed."""
    chosen = random.Random(seed)
    return " ".join(
        " ".join("".join(chosen.choices(SYLLABLES, k=3)) for _ in range(14)).capitalize() + "."
        for _ in range(sentences)
    )


def said(guid: str, text: str, **given: object) -> Prepared:
    return make.prepared(guid, text=text, title=text[:50], title_made=True, url=None, **given)


def partition(database: Database) -> set[frozenset[str]]:
    """Which posts share a story, by their guids."""
    together: defaultdict[int, set[str]] = defaultdict(set)
    with database.reading() as tx:
        for stored in posts.each(tx, since=NOW - hours(1000)):
            together[stored.story_id].add(stored.post.guid)
    return {frozenset(members) for members in together.values()}


def rebuilt(database: Database) -> stories.Rebuilt:
    with database.writing() as tx:
        return stories.rebuild(tx, RULES, now=NOW)


def again(database: Database, stored: StoredPost) -> StoredPost:
    with database.reading() as tx:
        found = posts.get(tx, stored.id)
    assert found is not None
    return found


def test_a_fuller_text_that_comes_late_takes_the_story_over_and_nothing_is_lost(database: Database) -> None:
    one, two = make.stored_source(database, "one"), make.stored_source(database, "two")
    text = statement(1, 8)
    [teaser] = make.arrive(database, one, said("teaser", text[:300] + "…"))
    [other] = make.arrive(database, one, said("other", statement(2)))
    [full] = make.arrive(database, two, said("full", text), at=NOW + hours(1))
    [copy] = make.arrive(database, one, said("copy", "Forwarded from Two\n" + text), at=NOW + hours(2))
    assert full.story_id == copy.story_id == teaser.story_id != other.story_id
    with database.reading() as tx:
        members = stories.members_of(tx, [teaser.story_id])[teaser.story_id]
    assert [(m.post_id, m.relation, m.of) for m in members] == [
        (teaser.id, Relation.TEASER, full.id),
        (full.id, Relation.FIRST, None),
        (copy.id, Relation.REPOST, full.id),
    ]
    assert all(m.reason for m in members if m.of)


def test_two_stories_become_one_when_the_text_that_holds_both_arrives(database: Database) -> None:
    source = make.stored_source(database)
    text = statement(3, 12)
    half = len(text) // 2
    [first] = make.arrive(database, source, said("1", text[:half]))
    [second] = make.arrive(database, source, said("2", text[half:]))
    assert first.story_id != second.story_id
    make.arrive(database, source, said("whole", text))
    assert partition(database) == {frozenset({"1", "2", "whole"})}
    with database.reading() as tx:
        assert stories.where_now(tx, second.story_id) == again(database, first).story_id
        assert stories.where_now(tx, first.story_id) == first.story_id
        assert stories.where_now(tx, 10**6) is None


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_arrival_gives_the_stories_that_a_rebuild_gives(database: Database, seed: int) -> None:
    """Statements whole, cut, headed, changed; links that turn out to be shared; a footer that is learnt on the way."""
    sources = [make.stored_source(database, f"s{number}") for number in range(3)]
    footer = "\nSent by the press service of the ministry of something"
    brought: list[tuple[Source, Prepared]] = []
    for number in range(8):
        text = statement(number, 6)
        brought += [
            (sources[0], said(f"{number} whole", text + footer)),
            (sources[1], said(f"{number} cut", text[: len(text) // 3] + "… Read more")),
            (sources[2], said(f"{number} headed", "A headline of its own\n" + text)),
            (sources[0], make.prepared(f"{number} link", url=f"https://x.example/{number // 2}/page", text="Short")),
            (sources[1], make.prepared(f"{number} linked", url=f"https://x.example/{number // 2}/page", text="Brief")),
        ]
    random.Random(seed).shuffle(brought)
    for source, prepared in brought[:20]:
        make.arrive(database, source, prepared)
    for source in sources:  # the rest in batches
        make.arrive(database, source, *(prepared for of, prepared in brought[20:] if of is source))
    placed = partition(database)
    texts = [frozenset({f"{n} whole", f"{n} cut", f"{n} headed"}) for n in range(8)]
    assert all(together in placed for together in texts)
    assert rebuilt(database).moved == 0
    assert partition(database) == placed
    assert rebuilt(database) == stories.Rebuilt(posts=40, stories=len(placed), moved=0)


def test_an_edited_post_stays_in_the_story_that_it_told(database: Database) -> None:
    one, two = make.stored_source(database, "one"), make.stored_source(database, "two")
    [kept] = make.arrive(database, one, said("kept", statement(4)))
    [edited_post] = make.arrive(database, two, said("edited_post", statement(4)))
    [goal] = make.arrive(database, one, said("goal", statement(5)))
    assert edited_post.story_id == kept.story_id
    value = said("edited_post", statement(5))
    with database.writing() as tx:
        edited = [(posts.known(tx, [(two.id, "edited_post")])[two.id, "edited_post"], value)]
        near = placing.forget(tx, {edited_post.id}, RULES)
        posts.revise(tx, edited, now=NOW)
        plan = placing.plan(tx, [], RULES, reworded={edited_post.id}, again=near)
        placing.carry_out(tx, plan, [], now=NOW)
    assert again(database, edited_post).story_id == again(database, kept).story_id == kept.story_id
    assert again(database, goal).story_id == goal.story_id
    [like_before] = make.arrive(database, one, said("copy", "A headline\n" + statement(4)))
    assert like_before.story_id == kept.story_id
    assert rebuilt(database).moved == 0


def test_what_was_split_and_merged_by_hand_stays(database: Database) -> None:
    one, two = make.stored_source(database, "one"), make.stored_source(database, "two")
    a, b, c = make.arrive(database, one, *(said(guid, statement(6)) for guid in "abc"))
    [other] = make.arrive(database, two, said("other", statement(7)))
    with database.writing() as tx:
        made = stories.split(tx, a.story_id, {a.id}, RULES, now=NOW)
        assert stories.merge(tx, made, [other.story_id], RULES, now=NOW) == 2
        assert stories.where_now(tx, other.story_id) == made
        assert stories.ruled(tx, [a.id, b.id, c.id, other.id]) == {a.id, b.id, c.id, other.id}
    decided = {frozenset("bc"), frozenset({"a", "other"})}
    assert partition(database) == decided
    assert again(database, b).story_id == b.story_id  # the number stays with what is left
    [late] = make.arrive(database, two, said("late", statement(7)))  # like a post that was merged
    assert late.story_id == made
    make.arrive(database, two, said("fuller", statement(6) + " " + statement(8)))
    assert rebuilt(database).moved == 0
    assert {frozenset({"a", "other", "late"})} <= partition(database)
    assert not any({"a", "b"} <= members for members in partition(database))


def test_what_cannot_be_split_or_merged_is_refused_with_the_reason(database: Database) -> None:
    source = make.stored_source(database)
    a, b = make.arrive(database, source, said("a", statement(9)), said("b", statement(9)))
    with database.writing() as tx:
        with pytest.raises(StoryError, match="nothing would be left"):
            stories.split(tx, a.story_id, {a.id, b.id}, RULES, now=NOW)
        with pytest.raises(StoryError, match="is not in story"):
            stories.split(tx, a.story_id, {10**6}, RULES, now=NOW)
        with pytest.raises(StoryError, match="no story 999"):
            stories.merge(tx, a.story_id, [999], RULES, now=NOW)
        with pytest.raises(StoryError, match="with itself"):
            stories.merge(tx, a.story_id, [a.story_id], RULES, now=NOW)


def test_a_line_that_a_source_always_says_is_learnt(database: Database) -> None:
    """Short texts under a long footer would be alike; once it is learnt they are not, those that came before too."""
    source = make.stored_source(database)
    footer = "\nWhen materials of the press service are used the full name of the ministry must be given by all"
    texts = [f"{statement(number, 1)} No {number}" for number in range(9)]
    for number, text in enumerate(texts):
        make.arrive(database, source, said(str(number), text + footer))
    assert len(partition(database)) == len(texts)
    assert rebuilt(database).moved == 0


def test_stories_are_listed_with_who_told_them(database: Database) -> None:
    one = make.stored_source(database, "one", authority=Authority.PRIMARY, organisation="osce")
    two = make.stored_source(database, "two", country="KZ")
    [a] = make.arrive(database, one, said("a", statement(10)))
    make.arrive(database, one, said("alone", statement(11)))
    make.arrive(database, two, said("b", statement(10)), at=NOW + hours(2))
    with database.reading() as tx:
        [listed] = stories.latest(tx, limit=5)
        assert (listed.id, listed.posts, listed.sources) == (a.story_id, 2, 2)
        assert (listed.first_at, listed.last_seen_at, listed.title) == (NOW, NOW + hours(2), a.post.title)
        assert len(stories.latest(tx, limit=5, least=1)) == 2
        assert stories.latest(tx, limit=5, since=NOW + hours(3)) == []
        assert [s.id for s in stories.latest(tx, limit=5, source_slug="two")] == [a.story_id]
        members = stories.members_of(tx, [a.story_id])[a.story_id]
    assert [(m.issuer, m.source_slug) for m in members] == [("osce", "one"), ("KZ", "two")]


def test_a_post_that_somebody_else_stored_meanwhile_leaves_no_story_behind(database: Database) -> None:
    source = make.stored_source(database)
    make.arrive(database, source, said("a", statement(12)))
    newcomer = placing.Newcomer(source_id=source.id, post=said("a", statement(13)).post, first_seen_at=NOW)
    with database.writing() as tx:
        plan = placing.plan(tx, [newcomer], RULES)
        raced = make.arrival(source, said("a", statement(13)))
        ids = posts.add(tx, [replace(raced, placement=plan.placements[0])], now=NOW)
        assert ids == [None]
        placing.carry_out(tx, plan, ids, now=NOW)
    assert partition(database) == {frozenset("a")}
    assert rebuilt(database).stories == 1


def forms(common: str) -> tuple[str, str]:
    """Two statements that begin with one sentence, and are surely two."""
    return f"{common} {statement(21, 7)}", f"{common} {statement(22, 7)}"


def sketches(database: Database) -> dict[str, bytes | None]:
    with database.reading() as tx:
        return dict(tx.execute(select(posts.post.c.guid, posts.post.c.sketch)).all())


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
@pytest.mark.parametrize(
    ("given", "relation"),
    [
        ({}, None),
        ({"url": "https://mfa.example/en/news/1234"}, Relation.SAME_LINK),
        ({"forwarded_from": Forward(name="MFA", link="https://mfa.example/en/news/1234")}, Relation.FORWARD),
        ({"url": "https://mfa.example/fr/news/1234", "language": "fr"}, Relation.TRANSLATION),
    ],
    ids=["nothing else", "same link", "forward", "translation"],
)
def test_words_that_surely_differ_do_not_hide_other_evidence(
    database: Database, given: dict[str, Any], relation: Relation | None, together: bool
) -> None:
    one, other = forms(statement(20, 1))
    mfa, wire = make.stored_source(database), make.stored_source(database, "wire")
    first = make.prepared("first", text=one, title="First", url="https://mfa.example/en/news/1234", language="en")
    second = make.prepared("second", text=other, title="Second", **({"url": None, "language": "en"} | given))
    early = placing.Newcomer(source_id=mfa.id, post=first.post, first_seen_at=NOW)
    late = placing.Newcomer(source_id=wire.id, post=second.post, first_seen_at=NOW + hours(1))
    stored = [] if together else make.arrive(database, mfa, first)
    with database.writing() as tx:
        placed = placing.plan(tx, [early, late] if together else [late], RULES).placements[-1]
    assert placed.root_id == (stored[0].id if stored and relation else None)
    assert placed.relation is (relation or Relation.FIRST)


def test_a_sketch_that_is_not_there_is_made_when_the_post_is_looked_at_and_kept(database: Database) -> None:
    one, other = forms(statement(23, 1))
    source = make.stored_source(database)
    make.arrive(database, source, said("old", one))
    made = sketches(database)["old"]
    with database.writing() as tx:
        tx.execute(update(posts.post).values(sketch=None))
    [_, copy] = make.arrive(database, source, said("new", other), said("copy", one), at=NOW + hours(1))
    assert sketches(database)["old"] == made
    assert made
    with database.reading() as tx:
        [members] = stories.members_of(tx, [copy.story_id]).values()
    assert [(m.post_id, m.relation) for m in members][1] == (copy.id, Relation.REPOST)
