from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from monitor.core.model import Alerts, Change, Owner, Priority, Quiet, QuietHours, Sensitivity
from monitor.store import watches
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours


def test_a_watch_comes_back_as_it_was_stored(database: Database) -> None:
    whole = make.watch(
        "sanctions", title="Санкции 🚫", query='"export control" OR санкци*', owner=Owner.FILE, paused=True
    )
    stored = make.stored_watch(
        database, "sanctions", title=whole.title, query=whole.query, owner=Owner.FILE, paused=True
    )
    assert stored == replace(whole, id=stored.id)


def test_alerts_come_back_as_they_were_stored(database: Database) -> None:
    rules = Alerts(
        channel="email",
        recipients=("desk@example.org",),
        language="ru",
        timezone="Asia/Almaty",
        options={"reply_to": "press@example.org"},
        every=timedelta(minutes=15),
        quiet=QuietHours(start=time(22), end=time(7, 30), timezone="Europe/Vienna", then=Quiet.NONE),
        stories=3,
        within=timedelta(hours=2),
        cooldown=timedelta(hours=3),
        most=7,
        spike=Sensitivity.LOW,
        silence=timedelta(days=2),
        edits=(Change.ADDED, Change.WITHDRAWN),
    )
    for alerts in (rules, replace(rules, quiet=None, spike=None, silence=None, options={}, timezone="UTC")):
        with database.writing() as tx:
            watches.put(tx, make.watch("grain", alerts=alerts, priority=Priority.HIGH), now=NOW)
            (stored,) = watches.every(tx)
        assert (stored.alerts, stored.priority) == (alerts, Priority.HIGH)


def test_putting_again_sets_what_a_watch_is(database: Database) -> None:
    for slug in ("b", "a"):
        make.stored_watch(database, slug)
    changed = make.stored_watch(database, "b", query="other")
    with database.reading() as tx:
        assert [(w.slug, w.query) for w in watches.every(tx)] == [("a", "a"), ("b", "other")]
    assert changed.query == "other"


def test_a_removed_watch_comes_back_as_the_same(database: Database) -> None:
    before = make.stored_watch(database, "a")
    with database.writing() as tx:
        assert watches.remove(tx, "a", now=NOW)
        assert not watches.remove(tx, "a", now=NOW)
        assert not watches.remove(tx, "nobody", now=NOW)
        assert watches.every(tx) == []
    assert make.stored_watch(database, "a") == before


def test_what_each_watch_matched_since_a_moment(database: Database) -> None:
    source = make.stored_source(database)
    for slug in ("a", "b", "c"):
        make.stored_watch(database, slug)
    make.arrive(database, source, make.prepared("1", matches=[make.match("a")]), at=NOW - hours(2))
    make.arrive(database, source, make.prepared("2", matches=[make.match("a"), make.match("b")]), at=NOW - hours(1))
    make.arrive(database, source, make.prepared("3", matches=[make.match("a")]))
    with database.reading() as tx:
        assert watches.counts(tx, since=NOW - hours(2)) == {"a": 3, "b": 1}
        assert watches.counts(tx, since=NOW - hours(1)) == {"a": 2, "b": 1}
        assert watches.counts(tx, since=NOW) == {"a": 1}
