"""Notices from what happens, through subscriptions, to the outbox; and what is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from monitor import digests, noticing
from monitor.core.model import Delivery, Digest, Health, HealthChange, MessageState, Notices, Printed
from monitor.core.notices import of_database
from monitor.core.taxonomy import Taxonomy
from monitor.store import changes, notices, outbox, subscriptions
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours, minutes

DAYS = timedelta(days=1)


@dataclass
class Desk:
    """The compile loop and the noticing beside it, at a time that is set."""

    database: Database
    now: datetime = NOW
    troubles: tuple[str, ...] = ()
    free: int = 2**40
    compiled: list[Digest] = field(default_factory=list)

    async def _printed(self, digest: Digest) -> Printed:
        self.compiled.append(digest)
        return Printed(content=make.content(), troubles=self.troubles)

    def compile(self) -> list[Digest]:
        parts = digests.Parts(database=self.database, labels=Taxonomy(), render=self._printed, clock=lambda: self.now)
        before = len(self.compiled)
        asyncio.run(digests.compile_due(parts))
        return self.compiled[before:]

    @property
    def noticing(self) -> noticing.Parts:
        return noticing.Parts(
            database=self.database,
            clock=lambda: self.now,
            folders=(Path("/data"),),
            usage=lambda _: (self.free, 2**42),
        )

    def note(self) -> int:
        return asyncio.run(noticing.note(self.noticing))

    def told(self) -> list[str]:
        with self.database.reading() as tx:
            return [each.what for each in notices.since(tx, NOW - 365 * DAYS)]


def change(database: Database, after: Health, at: datetime, before: Health = Health.FINE) -> None:
    source = make.stored_source(database)
    told = HealthChange(slug="mfa", title="MFA", before=before, after=after, at=at, why="no answer")
    with database.writing() as tx:
        changes.add(tx, [(source.id, told)])


def subscribed(database: Database, slug: str, carries: Notices, **given: object) -> None:
    make.stored_subscription(
        database, slug, schedule=make.subscription().schedule, notices=carries, next_due_at=NOW, **given
    )


def again(desk: Desk) -> list[Digest]:
    """Everything due at once, one hour on."""
    desk.now += hours(1)
    with desk.database.writing() as tx:
        tx.execute(subscriptions.subscription.update().values(next_due_at=desk.now))
    return desk.compile()


def test_each_subscription_that_asks_gets_each_notice_once(database: Database) -> None:
    desk = Desk(database)
    subscribed(database, "ops", Notices.ONLY)
    subscribed(database, "both", Notices.ALSO)
    subscribed(database, "readers", Notices.NONE)
    change(database, Health.FAILING, NOW - minutes(5))
    change(database, Health.SLOW, NOW - minutes(4))
    assert desk.note() == 1
    assert desk.note() == 0, "said once"
    first = desk.compile()
    assert {d.subscription.slug: [n.what for n in d.notices] for d in first} == {
        "ops": ["failing"],
        "both": ["failing"],
    }
    assert again(desk) == [], "nothing to tell, nothing sent"
    change(database, Health.FINE, desk.now, before=Health.FAILING)
    desk.note()
    assert [[n.what for n in d.notices] for d in again(desk)] == [["recovered"], ["recovered"]]
    with database.reading() as tx:
        assert len(outbox.latest(tx, limit=9)) == 4


def test_who_asks_for_notices_alone_gets_no_posts(database: Database) -> None:
    source = make.stored_source(database)
    subscribed(database, "ops", Notices.ONLY, send_empty=True)
    assert make.arrive(database, source, make.prepared("1"), at=NOW - minutes(1))
    [edition] = Desk(database).compile()
    assert edition.sections == ()
    assert edition.coverage.stories == 0


def test_a_notice_stored_late_is_not_lost(database: Database) -> None:
    desk = Desk(database)
    subscribed(database, "ops", Notices.ONLY)
    desk.compile()
    change(database, Health.FAILING, NOW - hours(1))  # stored after the edition, and older than it
    desk.note()
    assert [[n.what for n in d.notices] for d in again(desk)] == [["failing"]]


def test_a_template_that_cannot_be_used_is_told_once_a_day(database: Database) -> None:
    desk = Desk(database, troubles=("own/subject.txt.j2:1: nope",))
    subscribed(database, "desk", Notices.NONE, send_empty=True)
    desk.compile()
    again(desk)
    assert desk.told() == ["template"]
    desk.now += DAYS
    again(desk)
    assert desk.told().count("template") == 2


def test_digests_that_are_late_or_do_not_come(database: Database) -> None:
    desk = Desk(database)
    subscribed(database, "desk", Notices.NONE, send_empty=True)
    desk.now += minutes(9)
    assert desk.note() == 0
    desk.now += minutes(2)
    assert desk.note() == 1
    assert desk.note() == 0, "said once for each due time"
    desk.compile()
    assert desk.told() == ["overdue", "late"]


def test_a_disk_that_fills_up_is_told_once_a_day(database: Database) -> None:
    desk = Desk(database)
    assert asyncio.run(noticing.inspect(desk.noticing)) == []
    desk.free = 2**29
    for _ in range(3):
        [found] = asyncio.run(noticing.inspect(desk.noticing, database=False))
        assert found.sentence == "the disk with /data is nearly full: 512 MiB of 4096.0 GiB are left"
    assert desk.told() == ["disk"]


def test_a_database_that_is_not_as_it_should_be_is_told(database: Database) -> None:
    with database.writing() as tx:
        tx.exec_driver_sql("DROP TABLE unsubscribed")
    desk = Desk(database)
    [found] = asyncio.run(noticing.inspect(desk.noticing))
    assert "unsubscribed" in found.sentence
    assert desk.told() == ["database"]


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(database: Database) -> None:
    desk = Desk(database)
    kept = make.stored_subscription(database, "desk")

    def put(*keys: str) -> None:
        with database.writing() as tx:
            outbox.add(
                tx,
                make.content(),
                keys=[(key, key) for key in keys],
                channel="mailbox",
                options={},
                subscription_id=kept.id,
                digest_id=None,
                now=NOW,
            )

    put("delivered", "waiting")
    put("dead")
    put("cancelled")
    attempt = Delivery(attempt=1, started_at=NOW, finished_at=NOW, outcome="x", detail="x")
    with database.writing() as tx:
        claimed = outbox.claim_due(tx, now=NOW, until=NOW + hours(1), token="t", limit=9)
        states = {"delivered": MessageState.DELIVERED, "dead": MessageState.DEAD}
        for message in claimed:
            state = states.get(message.key, MessageState.WAITING)
            outbox.settle(tx, message.id, token="t", state=state, attempt=attempt, next_attempt_at=NOW)
            if message.key == "cancelled":
                assert outbox.cancel(tx, message.id, reason="by hand", now=NOW)
        notices.add(tx, of_database("old", at=NOW))
    desk.now = NOW + 89 * DAYS
    assert asyncio.run(noticing.forget(desk.noticing, keep=90 * DAYS)) == (0, 0)
    desk.now = NOW + 91 * DAYS
    assert asyncio.run(noticing.forget(desk.noticing, keep=90 * DAYS)) == (1, 3)
    with database.reading() as tx:
        assert [message.key for message in outbox.latest(tx, limit=9)] == ["waiting"]
        for table, rows in {"content": 1, "delivery": 1, "message_state": 3}.items():
            assert tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == rows, table
        assert subscriptions.get(tx, "desk") is not None


def test_a_dead_message_that_is_cancelled_is_no_longer_counted(database: Database) -> None:
    desk = make.stored_subscription(database, "desk")
    with database.writing() as tx:
        outbox.add(
            tx,
            make.content(),
            keys=[("k", "x")],
            channel="mailbox",
            options={},
            subscription_id=desk.id,
            digest_id=None,
            now=NOW,
        )
        outbox.give_up(tx, channel="mailbox", recipient="x", reason="gone", now=NOW)
        [message] = outbox.latest(tx, limit=1)
        assert (outbox.counts(tx)[MessageState.DEAD], outbox.last_given_up_at(tx)) == (1, NOW)
        assert outbox.cancel(tx, message.id, reason="dismissed", now=NOW)
        assert (outbox.counts(tx)[MessageState.DEAD], outbox.last_given_up_at(tx)) == (0, None)
