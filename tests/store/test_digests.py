from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from monitor.core.model import Coverage, FailingSource, Outcome, StoredPost, Subscription
from monitor.store import digests, sources
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours

SINCE = NOW - hours(24)
WORDS = make.digest_of("words")


def uncovered(database: Database, subscription: Subscription) -> list[str]:
    with database.reading() as tx:
        return [p.post.guid for p in digests.uncovered(tx, subscription, since=SINCE, until=NOW, as_of=True)]


def give(database: Database, subscription: Subscription, *given: StoredPost, number: int = 0) -> int:
    with database.writing() as tx:
        coverage = digests.coverage(tx, since=SINCE, until=NOW, selected=len(given), folded=0, stories=len(given))
        return digests.add(
            tx, subscription, due_at=NOW + hours(number), compiled_at=NOW, coverage=coverage, given=given
        )


def test_news_are_the_posts_of_that_time_that_are_no_backlog(database: Database) -> None:
    source = make.stored_source(database)
    make.arrive(database, source, make.prepared("too-old"), at=SINCE - timedelta(microseconds=1))
    subscription = make.stored_subscription(database)
    make.arrive(database, source, make.prepared("first"), at=SINCE)
    make.arrive(database, source, make.prepared("backlog"), at=NOW - hours(1), backlog=True)
    make.arrive(database, source, make.prepared("last"), at=NOW - timedelta(microseconds=1))
    make.arrive(database, source, make.prepared("too-new"), at=NOW)
    assert uncovered(database, subscription) == ["first", "last"]


def test_a_post_is_given_to_each_subscription_once(database: Database) -> None:
    source = make.stored_source(database)
    one, two = make.stored_subscription(database, "one"), make.stored_subscription(database, "two")
    a, _b = make.arrive(database, source, make.prepared("a"), make.prepared("b"), at=SINCE)
    give(database, one, a)
    assert uncovered(database, one) == ["b"]
    assert uncovered(database, two) == ["a", "b"]
    give(database, one, a, number=1)  # harmless
    assert uncovered(database, one) == ["b"]


def test_stories_given_before_by_whichever_post(database: Database) -> None:
    source, other = make.stored_source(database), make.stored_source(database, "other")
    one, two = make.stored_subscription(database, "one"), make.stored_subscription(database, "two")
    [first] = make.arrive(database, source, make.prepared("1", fingerprint=WORDS), at=SINCE)
    [alone] = make.arrive(database, source, make.prepared("2"), at=SINCE)
    give(database, one, first)
    [repost] = make.arrive(database, other, make.prepared("3", fingerprint=WORDS), at=SINCE)
    with database.reading() as tx:
        asked = [repost.story_id, alone.story_id, repost.story_id, *range(10_000, 11_500)]
        assert digests.given_before(tx, one, asked) == {first.story_id: [f"Statement 1\n{first.post.text}"]}
        assert digests.given_before(tx, two, asked) == {}
        assert digests.given_before(tx, one, []) == {}
        assert digests.told_anew(tx, [first.id, repost.id, 10_000]) == {first.id, repost.id}


def test_a_subscription_has_one_edition_for_each_due_time(database: Database) -> None:
    subscription = make.stored_subscription(database)
    assert give(database, subscription) != give(database, subscription, number=1)
    with pytest.raises(IntegrityError):
        give(database, subscription)


def test_an_edition_keeps_its_coverage(database: Database) -> None:
    source = make.stored_source(database)
    subscription = make.stored_subscription(database)
    given = make.arrive(database, source, make.prepared("1"), make.prepared("2"), at=SINCE)
    failed = make.poll(source, outcome=Outcome.FAILED, error="no such name", memory=make.Memory(failures=1))
    with database.writing() as tx:
        sources.remember(tx, [(failed, NOW, 0, 0)])
    give(database, subscription, *given)
    with database.reading() as tx:
        row = tx.execute(text("SELECT posts, stories, coverage FROM digest")).one()
    assert (row.posts, row.stories) == (2, 2)
    assert '"2026-03-01T06:30:00+00:00"' in str(row.coverage).replace("'", '"')
    assert "no such name" in str(row.coverage)


def test_coverage_of_a_small_world(database: Database) -> None:
    """Eight sources, counted by hand."""
    names = ("busy", "quiet", "failing", "recovered", "untouched", "held", "paused", "removed")
    world = {slug: make.stored_source(database, slug, paused=slug == "paused") for slug in names}

    def polled(slug: str, outcome: Outcome, at: float, *, failures: int = 0, error: str | None = None) -> None:
        memory = make.Memory(failures=failures)
        done = make.poll(world[slug], at=SINCE + hours(at), outcome=outcome, memory=memory, error=error)
        with database.writing() as tx:
            sources.remember(tx, [(done, NOW, 0, 0)])

    polled("busy", Outcome.NEW, -1)  # before the time in question
    polled("busy", Outcome.NEW, 1)
    polled("busy", Outcome.KNOWN, 2)
    polled("quiet", Outcome.NOT_MODIFIED, 3)
    polled("failing", Outcome.KNOWN, -2)
    polled("failing", Outcome.FAILED, 4, failures=1, error="timed out")
    polled("failing", Outcome.GONE, 5, failures=2, error="gone")
    polled("recovered", Outcome.FAILED, 6, failures=1, error="timed out")
    polled("recovered", Outcome.KNOWN, 7)
    polled("held", Outcome.FAILED, 8, failures=1, error="held")
    polled("paused", Outcome.KNOWN, 9)
    polled("removed", Outcome.FAILED, 10, failures=1, error="removed")
    polled("busy", Outcome.NEW, 24.1)  # after it
    with database.writing() as tx:
        sources.hold(tx, "held")
        sources.remove(tx, "removed", now=NOW)
    make.arrive(database, world["busy"], make.prepared("early"), at=SINCE - hours(1))
    make.arrive(database, world["busy"], make.prepared("1"), make.prepared("2"), at=SINCE)
    make.arrive(database, world["removed"], make.prepared("3"), at=NOW - hours(1))
    make.arrive(database, world["busy"], make.prepared("old"), at=NOW - hours(1), backlog=True)
    make.arrive(database, world["busy"], make.prepared("late"), at=NOW)

    with database.reading() as tx:
        found = digests.coverage(tx, since=SINCE, until=NOW, selected=3, folded=1, stories=2)
    assert found == Coverage(
        since=SINCE,
        until=NOW,
        sources=5,  # busy, quiet, failing, recovered, untouched
        checked=3,  # busy, quiet, recovered
        polls=10,
        failing=(FailingSource(slug="failing", title="FAILING", error="gone", since=SINCE - hours(2)),),
        posts=3,
        selected=3,
        folded=1,
        stories=2,
    )


def test_coverage_of_nothing(database: Database) -> None:
    with database.reading() as tx:
        found = digests.coverage(tx, since=SINCE, until=NOW, selected=0, folded=0, stories=0)
    assert (found.sources, found.checked, found.polls, found.posts, found.failing) == (0, 0, 0, 0, ())
