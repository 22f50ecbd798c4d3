from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from monitor.core.model import Authority, Facet, Grouping, Owner, Schedule, Selection, Subscription
from monitor.store import schema, subscriptions
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours

EVERYTHING: dict[str, Any] = {
    "title": "Утренний обзор ☕",
    "channel": "webhook",
    "recipients": ("https://a.example/hook?x=1", "b@example.org"),
    "schedule": Schedule(timezone="Asia/Kolkata", times=(time(7, 5), time(18)), weekdays=(0, 4)),
    "selection": Selection(
        watches=("w", "v"),
        organisations=("osce",),
        regions=("sahel",),
        countries=("kz",),
        issuers=("un",),
        tags=("topic:grain",),
        sources=("mfa",),
        source_tags=("tag",),
        languages=("ru", "en"),
        authorities=(Authority.PRIMARY, Authority.STATE_AGENCY),
    ),
    "grouping": Grouping.REGION,
    "send_empty": True,
    "language": "fr",
    "options": {"headers": {"X-A": "1"}, "list": [1, None, True, 2.5]},
    "owner": Owner.FILE,
    "paused": True,
}
CRON = Schedule(timezone="UTC", cron="*/15 6-9 * * 1-5")


def stored(database: Database, slug: str = "desk") -> Subscription:
    with database.reading() as tx:
        found = subscriptions.get(tx, slug)
    assert found is not None
    return found


def put(database: Database, value: Subscription, *, due: datetime) -> Subscription:
    with database.writing() as tx:
        subscriptions.put(tx, value, next_due_at=due, now=NOW)
    return stored(database, value.slug)


@pytest.mark.parametrize(
    "changes",
    [{}, EVERYTHING, {"schedule": CRON}, {"grouping": Facet("topic")}],
    ids=["least", "everything", "cron", "own"],
)
def test_a_subscription_comes_back_as_it_was_stored(database: Database, changes: dict[str, Any]) -> None:
    value = make.subscription(**changes)
    back = put(database, value, due=NOW + hours(1))
    assert back == replace(value, id=back.id, created_at=NOW, next_due_at=NOW + hours(1))
    with database.reading() as tx:
        assert subscriptions.every(tx) == [back]
        assert subscriptions.get(tx, "nobody") is None


def test_the_example_fills_every_list_of_a_selection() -> None:
    assert all(getattr(EVERYTHING["selection"], field.name) for field in fields(Selection))


@pytest.mark.parametrize("changes", [{}, {"title": "New"}, {"recipients": ("x@example.org",)}, {"paused": True}])
def test_what_is_due_stays_due_while_the_schedule_stays(database: Database, changes: dict[str, Any]) -> None:
    before = put(database, make.subscription(), due=NOW)
    after = put(database, make.subscription(**changes), due=NOW + hours(24))
    assert after == replace(before, **changes)


def test_another_schedule_is_due_by_that_schedule(database: Database) -> None:
    before = put(database, make.subscription(), due=NOW)
    after = put(database, make.subscription(schedule=CRON), due=NOW + hours(3))
    assert after == replace(before, schedule=CRON, next_due_at=NOW + hours(3))


def test_the_end_of_a_pause_does_not_make_up_for_it(database: Database) -> None:
    put(database, make.subscription(paused=True), due=NOW)
    assert put(database, make.subscription(paused=True), due=NOW + hours(5)).next_due_at == NOW
    assert put(database, make.subscription(), due=NOW + hours(5)).next_due_at == NOW + hours(5)


def test_a_removed_subscription_comes_back_as_the_same(database: Database) -> None:
    before = put(database, make.subscription(), due=NOW)
    with database.writing() as tx:
        assert subscriptions.remove(tx, "desk", now=NOW)
        assert not subscriptions.remove(tx, "desk", now=NOW)
        assert subscriptions.get(tx, "desk") is None
        assert subscriptions.every(tx) == []
        assert subscriptions.due(tx, now=NOW + hours(99)) == []
    after = put(database, make.subscription(), due=NOW + hours(5))
    assert after == replace(before, next_due_at=NOW + hours(5))


def test_the_longest_due_come_first(database: Database) -> None:
    for slug, due in {"a": 3, "b": 1, "c": 2, "later": 4}.items():
        put(database, make.subscription(slug), due=NOW + hours(due))
    put(database, make.subscription("paused", paused=True), due=NOW)
    with database.reading() as tx:
        assert [s.slug for s in subscriptions.due(tx, now=NOW + hours(3))] == ["b", "c", "a"]
        assert subscriptions.due(tx, now=NOW + hours(1) - timedelta(microseconds=1)) == []


def advance(database: Database, value: Subscription, *, to: datetime, at: datetime = NOW) -> bool:
    with database.writing() as tx:
        return subscriptions.advance(tx, value, next_due_at=to, compiled_at=at)


def test_only_the_first_moves_on(database: Database) -> None:
    value = put(database, make.subscription(), due=NOW)
    assert advance(database, value, to=NOW + hours(24))
    assert not advance(database, value, to=NOW + hours(48))
    after = stored(database)
    assert (after.next_due_at, after.last_compiled_at) == (NOW + hours(24), NOW)
    assert advance(database, after, to=NOW + hours(48), at=NOW + hours(24))


def test_an_edition_out_of_turn_keeps_the_due_time_and_outdates_what_was_read_before_it(database: Database) -> None:
    value = put(database, make.subscription(), due=NOW)
    assert advance(database, value, to=NOW)
    assert not advance(database, value, to=NOW), "the same posts would be sent twice"
    assert not advance(database, value, to=NOW + hours(24)), "the same posts would be sent twice"
    assert advance(database, stored(database), to=NOW + hours(24), at=NOW + hours(1))


def test_of_many_processes_one_moves_on(database_url: str) -> None:
    with closing(Database(database_url)) as one, closing(Database(database_url)) as two:
        schema.upgrade(one)
        value = put(one, make.subscription(), due=NOW)
        together = threading.Barrier(6)

        def work(number: int) -> bool:
            together.wait()
            return advance((one, two)[number % 2], value, to=NOW + hours(24))

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(work, range(6))) == 1
