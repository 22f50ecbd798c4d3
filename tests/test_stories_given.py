"""A story counts once for each subscription; what is new in it comes all the same, and says so."""

from __future__ import annotations

from monitor import digests
from monitor.core.model import Item, StoredPost
from monitor.core.stories import Rules
from monitor.core.taxonomy import Taxonomy
from monitor.store import stories
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours
from tests.store.test_stories import said, statement

LABELS = Taxonomy(organisations=(), countries=(), regions=())


def edition(database: Database, *, at: float) -> list[Item]:
    """What the desk is given at this hour."""
    now = NOW + hours(at)
    with database.writing() as tx:
        [subscription] = [each for each in digests.subscriptions.every(tx) if each.slug == "desk"]
        selected = digests.select_edition(tx, subscription, labels=LABELS, due_at=now, now=now)
        assert digests.settle(tx, selected, None, now=now) is not None
    return [item for section in selected.digest.sections for item in section.items]


def arrived(database: Database, slug: str, guid: str, text: str, *, at: float) -> StoredPost:
    source = make.find_source_or_store(database, slug)
    [stored] = make.arrive(database, source, said(guid, text), at=NOW + hours(at))
    return stored


def test_a_late_repost_does_not_come_again_and_what_is_new_does(database: Database) -> None:
    make.stored_subscription(database, next_due_at=NOW + hours(1), now=NOW)
    first = arrived(database, "one", "first", statement(1), at=0)
    assert [item.lead.id for item in edition(database, at=1)] == [first.id]
    arrived(database, "two", "repost", "Forwarded from One\n" + statement(1), at=2)
    arrived(database, "three", "teaser", statement(1)[:300] + "… Read more", at=2)
    assert edition(database, at=3) == []
    fuller = arrived(database, "two", "fuller", statement(1) + " " + statement(2), at=4)
    assert fuller.story_id == first.story_id
    [item] = edition(database, at=5)
    assert (item.lead.id, " ".join(item.news)) == (fuller.id, statement(2))
    arrived(database, "three", "again", statement(1) + " " + statement(2), at=6)
    assert edition(database, at=7) == []


def test_a_story_that_is_merged_or_split_later_counts_as_it_stands(database: Database) -> None:
    make.stored_subscription(database, next_due_at=NOW + hours(1), now=NOW)
    first = arrived(database, "one", "first", statement(3), at=0)
    assert len(edition(database, at=1)) == 1
    other = arrived(database, "two", "other", statement(4, 1), at=2)
    with database.writing() as tx:
        stories.merge(tx, other.story_id, [first.story_id], Rules(), now=NOW + hours(2))
    assert edition(database, at=3) == []  # the story that it is part of was given
    copy = arrived(database, "three", "copy", statement(3), at=4)
    with database.writing() as tx:
        stories.split(tx, copy.story_id, {copy.id}, Rules(), now=NOW + hours(4))
    assert [item.lead.id for item in edition(database, at=5)] == [copy.id]
