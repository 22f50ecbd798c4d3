from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from sqlalchemy import text

from monitor.core.model import Memory, Outcome, Owner, Selection, Source, Subscription, Watch
from monitor.store import catalogue, sources, subscriptions, watches
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours

TOMORROW = NOW + hours(24)


@dataclass(frozen=True)
class Files:
    """What files under config/ would say."""

    sources: Sequence[Source] = ()
    watches: Sequence[Watch] = ()
    subscriptions: Sequence[Subscription] = ()


def of_file(slug: str, **given: object) -> Source:
    return make.source(slug, owner=Owner.FILE, **given)


WHOLE = Files(
    sources=(of_file("b", tags=("x", "y"), options={"deep": {"list": [1, 2.5, None, "é"]}}), of_file("a", paused=True)),
    watches=(make.watch("w", owner=Owner.FILE), make.watch("v", owner=Owner.FILE)),
    subscriptions=(
        make.subscription("s", owner=Owner.FILE, selection=Selection(watches=("w",)), options={"a": {"b": 1}}),
    ),
)


def apply(database: Database, files: Files, *, now: datetime = NOW) -> dict[str, tuple[str, str, str]]:
    """What changed, by sort: slugs added, changed and removed."""
    with database.writing() as tx:
        changes = catalogue.apply(
            tx,
            wanted_sources=files.sources,
            wanted_watches=files.watches,
            wanted_subscriptions=files.subscriptions,
            next_due_at=lambda _: TOMORROW,
            now=now,
        )
    assert [change.sort for change in changes] == ["sources", "watches", "subscriptions"]
    return {
        change.sort: (" ".join(change.added), " ".join(change.changed), " ".join(change.removed))
        for change in changes
        if change
    }


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    names = ("source", "source_state", "watch", "subscription")
    with database.reading() as tx:
        return {name: [tuple(r) for r in tx.execute(text(f"SELECT * FROM {name} ORDER BY 1"))] for name in names}


def source_of(database: Database, slug: str) -> Source:
    with database.reading() as tx:
        return make.find_source(tx, slug)


def test_files_are_brought_in(database: Database) -> None:
    assert apply(database, WHOLE) == {
        "sources": ("b a", "", ""),
        "watches": ("w v", "", ""),
        "subscriptions": ("s", "", ""),
    }
    with database.reading() as tx:
        assert [replace(s, id=0) for s in sources.every(tx)] == sorted(WHOLE.sources, key=lambda s: s.slug)
        assert [replace(w, id=0) for w in watches.every(tx)] == sorted(WHOLE.watches, key=lambda w: w.slug)
        [s] = subscriptions.every(tx)
        assert s == replace(WHOLE.subscriptions[0], id=s.id, created_at=NOW, next_due_at=TOMORROW, last_post_id=0)


def test_applying_again_changes_nothing(database: Database) -> None:
    apply(database, WHOLE)
    before = rows(database)
    assert apply(database, WHOLE, now=TOMORROW) == {}
    assert rows(database) == before


@pytest.mark.parametrize("options", [{"words": ("a", "b")}, {"codes": {200: "ok"}}, {"deep": [{"t": (1,)}]}])
def test_options_are_compared_as_the_database_keeps_them(database: Database, options: dict[str, object]) -> None:
    files = Files(sources=[of_file("a", options=options)])
    apply(database, files)
    assert apply(database, files) == {}


def test_what_a_file_changes_is_changed_and_nothing_else(database: Database) -> None:
    apply(database, WHOLE)
    changed = Files(
        sources=(replace(WHOLE.sources[0], title="New"), WHOLE.sources[1]),
        watches=(WHOLE.watches[0], replace(WHOLE.watches[1], query="other")),
        subscriptions=(replace(WHOLE.subscriptions[0], selection=Selection()),),
    )
    assert apply(database, changed) == {
        "sources": ("", "b", ""),
        "watches": ("", "v", ""),
        "subscriptions": ("", "s", ""),
    }
    assert source_of(database, "b").title == "New"
    assert apply(database, changed) == {}


def test_applying_never_overwrites_what_polling_has_learnt(database: Database) -> None:
    apply(database, WHOLE)
    learnt = Memory(etag='"1"', body_hash=b"h", seen=b"12345678", failures=2, polled_before=True)
    with database.writing() as tx:
        sources.remember(tx, [(make.poll(make.find_source(tx, "b"), memory=learnt), TOMORROW, 0, 0)])
    apply(database, replace(WHOLE, sources=(replace(WHOLE.sources[0], title="New"), WHOLE.sources[1])))
    assert source_of(database, "b").memory == learnt


def test_what_was_added_on_the_command_line_is_left_alone(database: Database) -> None:
    make.stored_source(database, "mine")
    make.stored_watch(database, "mine")
    make.stored_subscription(database, "mine")
    before = rows(database)
    assert apply(database, Files()) == {}
    apply(database, WHOLE)
    assert apply(database, Files()) == {
        "sources": ("", "", "a b"),
        "watches": ("", "", "v w"),
        "subscriptions": ("", "", "s"),
    }
    after = rows(database)
    assert all(row in after[name] for name, mine in before.items() for row in mine)
    with database.reading() as tx:
        assert [s.slug for s in sources.every(tx)] == ["mine"]
        assert [w.slug for w in watches.every(tx)] == ["mine"]
        assert [s.slug for s in subscriptions.every(tx)] == ["mine"]


def test_a_file_that_names_a_slug_takes_it_over_and_may_drop_it(database: Database) -> None:
    before = make.stored_source(database, "mine")
    files = Files(sources=[of_file("mine")])
    assert apply(database, files) == {"sources": ("", "mine", "")}
    assert source_of(database, "mine") == replace(before, owner=Owner.FILE)
    assert apply(database, Files()) == {"sources": ("", "", "mine")}


def test_what_was_removed_comes_back_as_the_same(database: Database) -> None:
    apply(database, WHOLE)
    before = source_of(database, "b")
    make.arrive(database, before, make.prepared("1", matches=[make.match("w")]))
    apply(database, Files())
    assert apply(database, Files()) == {}, "removed once"
    assert apply(database, WHOLE, now=TOMORROW) == {
        "sources": ("b a", "", ""),
        "watches": ("w v", "", ""),
        "subscriptions": ("s", "", ""),
    }
    assert source_of(database, "b").id == before.id
    with database.reading() as tx:
        assert {s.source.slug: s.posts for s in sources.statuses(tx)} == {"a": 0, "b": 1}
        assert watches.counts(tx, since=NOW) == {"w": 1}
    assert apply(database, WHOLE) == {}


def test_a_pause_on_the_command_line_outlives_every_apply(database: Database) -> None:
    apply(database, WHOLE)
    with database.writing() as tx:
        sources.hold(tx, "b")
    assert apply(database, WHOLE) == {}
    assert source_of(database, "b").paused
    apply(database, replace(WHOLE, sources=(replace(WHOLE.sources[0], title="New"), WHOLE.sources[1])))
    assert source_of(database, "b").paused
    apply(database, Files())
    apply(database, WHOLE)
    assert source_of(database, "b").paused
    with database.writing() as tx:
        sources.resume(tx, "b", now=NOW)
    assert not source_of(database, "b").paused


def test_another_address_in_a_file_forgets_the_validators(database: Database) -> None:
    apply(database, WHOLE)
    with database.writing() as tx:
        polled = make.poll(
            make.find_source(tx, "b"), outcome=Outcome.NEW, memory=Memory(etag='"1"', polled_before=True)
        )
        sources.remember(tx, [(polled, TOMORROW, 1, 0)])
    apply(database, replace(WHOLE, sources=(replace(WHOLE.sources[0], url="https://new.example/"), WHOLE.sources[1])))
    assert source_of(database, "b").memory == Memory()


def test_all_of_it_is_applied_or_nothing(database: Database) -> None:
    before = rows(database)
    broken = replace(WHOLE, subscriptions=(make.subscription("s", options={"cannot": object()}),))
    with pytest.raises(Exception, match="serializable"):
        apply(database, broken)
    assert rows(database) == before
