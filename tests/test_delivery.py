"""The deliver loop: how recipients are judged by what became of messages to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor import delivery
from monitor.core.errors import DeliveryError
from monitor.core.model import Message, MessageState, Receipt
from monitor.core.pacing import Patience
from monitor.store import notices, outbox, recipients
from monitor.store.database import Database
from tests import make, plans
from tests.make import NOW, hours


class Line:
    """A channel that answers with what it is told to, in turn."""

    name = "webhook"
    templates = "webhook"

    def __init__(self, *answers: DeliveryError | None) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []

    async def send(self, message: Message) -> Receipt:
        self.sent.append(message.key)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return Receipt(detail="204")


def parts(database: Database, line: Line, times: Iterator[datetime], **given: object) -> delivery.Parts:
    return delivery.Parts(
        database=database,
        channels={"webhook": line},
        clock=lambda: next(times),
        chance=lambda: 0.5,
        patience=Patience(attempts=50, first=timedelta(hours=1), longest=timedelta(hours=1)),
        **given,  # type: ignore[arg-type]
    )


def put(database: Database, *keys: str) -> None:
    subscription = make.stored_subscription(database, "desk")
    with database.writing() as tx:
        outbox.add(
            tx,
            make.content(),
            keys=[(key, "https://hooks.example/x") for key in keys],
            channel="webhook",
            options={},
            subscription_id=subscription.id,
            digest_id=None,
            now=NOW,
        )


def always(at: datetime) -> Iterator[datetime]:
    while True:
        yield at


def test_who_wants_nothing_more_is_sent_nothing_more_and_the_operator_is_told(database: Database) -> None:
    put(database, "a", "b")
    line = Line(DeliveryError("410, no more", unwanted=True))
    asyncio.run(delivery.deliver_due(parts(database, line, always(NOW))))
    put(database, "c")
    asyncio.run(delivery.deliver_due(parts(database, line, always(NOW + hours(1)))))
    with database.reading() as tx:
        states = {m.key: m.state for m in outbox.latest(tx, limit=9)}
        [standing] = recipients.every(tx)
        said = [notice.sentence for notice in notices.since(tx, NOW - hours(1))]
    assert states["a"] is MessageState.DEAD
    assert states["b"] is MessageState.DELIVERED  # it was on its way already
    assert states["c"] is MessageState.DEAD
    assert "c" not in line.sent
    assert standing.disabled_reason == "410, no more"
    assert any("was given up: 410, no more" in sentence for sentence in said)
    assert any("enable it again with: monitor recipients enable https://hooks.example/x" in each for each in said)


def test_days_of_nothing_but_failures_disable_an_address(database: Database) -> None:
    put(database, "a")
    line = Line(*[DeliveryError("no answer")] * 200)
    for hour in range(0, 60):
        built = parts(database, line, always(NOW + hours(2 * hour)), disable_after={"webhook": timedelta(days=4)})
        asyncio.run(delivery.deliver_due(built))
    with database.reading() as tx:
        [standing] = recipients.every(tx)
        [message] = outbox.latest(tx, limit=9)
    assert standing.disabled_at == NOW + hours(96)
    assert len(line.sent) == 49  # each two hours, and none after the fourth day
    assert message.state is MessageState.DEAD


def test_one_success_ends_the_count(database: Database) -> None:
    line = Line(DeliveryError("no answer"), None, DeliveryError("no answer"))
    put(database, "a")
    for at in (NOW, NOW + hours(2)):
        asyncio.run(delivery.deliver_due(parts(database, line, always(at))))
    put(database, "b")
    late = parts(database, line, always(NOW + hours(200)), disable_after={"webhook": timedelta(days=4)})
    asyncio.run(delivery.deliver_due(late))
    with database.reading() as tx:
        [standing] = recipients.every(tx)
    assert standing.disabled_at is None
    assert standing.failing_since == NOW + hours(200)


def test_what_a_round_of_delivery_costs_does_not_grow_with_what_was_sent(database: Database) -> None:
    plans.only_on_sqlite(database)
    put(database, *"abc")
    line = Line(None, DeliveryError("503"), None)
    given = parts(database, line, always(NOW), hourly={"webhook": 100})
    assert plans.walks(database, lambda: asyncio.run(delivery.deliver_due(given))) == []
    assert line.sent == ["a", "b", "c"]
