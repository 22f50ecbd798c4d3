"""What the command line asks of the store, on both databases."""

from __future__ import annotations

from pathlib import Path

from monitor.core.model import Delivery, Facet, MessageState
from monitor.store import outbox, posts
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours, minutes


def test_each_post_comes_once_whatever_the_batch(database: Database) -> None:
    by = make.stored_source(database)
    make.arrive(database, by, make.prepared("old"), at=NOW - hours(2))
    make.arrive(database, by, *(make.prepared(str(number)) for number in range(5)), backlog=True)
    with database.reading() as tx:
        for batch in (1, 2, 5, 100):
            guids = [stored.post.guid for stored in posts.each(tx, since=NOW - hours(1), batch=batch)]
            assert guids == ["0", "1", "2", "3", "4"]
        assert len(list(posts.each(tx, since=NOW - hours(3)))) == 6


def test_tagged_slugs(database: Database) -> None:
    by = make.stored_source(database)
    tags = [make.tag("osce"), make.tag("kz", Facet.COUNTRY)]
    make.arrive(database, by, make.prepared("1", tags=tags), make.prepared("2", tags=tags[:1]))
    with database.reading() as tx:
        assert posts.tagged_slugs(tx) == {"osce", "kz"}
        assert posts.tagged_slugs(tx, facet=Facet.COUNTRY) == {"kz"}


def test_dead_messages_are_brought_back_and_deliveries_are_dated(database: Database) -> None:
    subscription = make.stored_subscription(database)
    with database.writing() as tx:
        outbox.add(
            tx,
            make.content(),
            keys=[("a", "a@example.org"), ("b", "b@example.org"), ("c", "c@example.org")],
            channel="mailbox",
            options={},
            subscription_id=subscription.id,
            digest_id=None,
            now=NOW,
        )
        assert outbox.last_delivered_at(tx) is None
        claimed = outbox.claim_due(tx, now=NOW, until=NOW + minutes(5), token="t", limit=2)
        for message, state in zip(claimed, (MessageState.DELIVERED, MessageState.DEAD), strict=True):
            attempt = Delivery(attempt=1, started_at=NOW, finished_at=NOW + minutes(1), outcome=state.value, detail="")
            outbox.settle(tx, message.id, token="t", state=state, attempt=attempt)
        assert outbox.last_delivered_at(tx) == NOW + minutes(1)
        assert outbox.retry_dead(tx, now=NOW) == [claimed[1].id]
        assert outbox.retry_dead(tx, now=NOW) == []
        assert outbox.counts(tx)[MessageState.WAITING] == 2


def test_unreachable(database: Database, tmp_path: Path) -> None:
    assert database.unreachable() is None
    assert Database(f"sqlite:///{tmp_path}/not-yet.db").unreachable() is None
    assert not (tmp_path / "not-yet.db").exists()
    (tmp_path / "text.db").write_text("not a database at all" * 100)
    assert "file is not a database" in str(Database(f"sqlite:///{tmp_path}/text.db").unreachable())
    nowhere = Database("postgresql+psycopg://somebody:secret@127.0.0.1:1/nothing").unreachable()
    assert nowhere is not None
    assert "secret" not in nowhere
