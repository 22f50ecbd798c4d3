from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from monitor.core.model import Content, Delivery, Message, MessageState
from monitor.store import outbox, recipients, schema
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours, minutes

RICH = Content(
    subject="Обзор 🇺🇳",
    text="Text\n\nשלום",
    html="<p>é</p>",
    payload={"items": [1, {"a": None}], "ü": "\u2028", "n": 1.5},
)


def add(
    database: Database,
    *keys: str,
    content: Content | None = None,
    now: datetime = NOW,
    slug: str = "desk",
    recipient: str | None = None,
    in_order: bool = False,
) -> None:
    subscription = make.stored_subscription(database, slug)
    with database.writing() as tx:
        outbox.add(
            tx,
            content or make.content(),
            keys=[(key, recipient or f"{key}@example.org") for key in keys],
            channel="mailbox",
            options={"folder": "out", "deep": {"a": [1]}},
            subscription_id=subscription.id,
            digest_id=None,
            now=now,
            in_order=in_order,
        )


def claim(
    database: Database, *, now: datetime = NOW, token: str = "mine", limit: int = 20, hourly: int = 0
) -> list[Message]:
    with database.writing() as tx:
        return outbox.claim_due(
            tx, now=now, until=now + minutes(5), token=token, limit=limit, hourly={"mailbox": hourly}
        )


def settle(
    database: Database,
    message: Message,
    state: MessageState,
    *,
    token: str = "mine",
    detail: str = "250 OK",
    next_attempt_at: datetime | None = None,
) -> bool:
    attempt = Delivery(
        attempt=message.attempts, started_at=NOW, finished_at=NOW + minutes(1), outcome=state.value, detail=detail
    )
    with database.writing() as tx:
        return outbox.settle(tx, message.id, token=token, state=state, attempt=attempt, next_attempt_at=next_attempt_at)


def get(database: Database, id_: int) -> Message:
    with database.reading() as tx:
        found = outbox.get(tx, id_)
    assert found is not None
    return found


def every(database: Database) -> list[Message]:
    with database.reading() as tx:
        return outbox.latest(tx, limit=999)[::-1]


def keys(messages: Sequence[Message]) -> list[str]:
    return [message.key for message in messages]


# ── adding ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("content", [RICH, Content(subject=""), Content(subject="s", payload={})])
def test_a_message_comes_back_as_it_was_put_in(database: Database, content: Content) -> None:
    add(database, "k", content=content)
    [message] = every(database)
    assert message == Message(
        id=message.id,
        key="k",
        channel="mailbox",
        recipient="k@example.org",
        content=content,
        options={"folder": "out", "deep": {"a": [1]}},
        subscription_slug="desk",
        created_at=NOW,
        next_attempt_at=NOW,
    )
    assert get(database, message.id) == message


def test_one_content_serves_all_recipients(database: Database) -> None:
    add(database, "a", "b", "c")
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM content")).scalar_one() == 1
    assert {m.recipient for m in every(database)} == {"a@example.org", "b@example.org", "c@example.org"}


def test_a_key_is_put_in_once(database: Database) -> None:
    add(database, "a", "b", content=RICH)
    settle(database, claim(database, limit=1)[0], MessageState.DELIVERED)
    before = every(database)
    add(database, "a", "b", content=Content(subject="Another"), now=NOW + hours(1))
    assert every(database) == before
    add(database, "b", "c", content=Content(subject="Third"), now=NOW + hours(1))
    assert [(m.key, m.content.subject) for m in every(database)] == [
        ("a", RICH.subject),
        ("b", RICH.subject),
        ("c", "Third"),
    ]
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM content")).scalar_one() == 2


def test_nobody_to_send_to(database: Database) -> None:
    add(database)
    assert every(database) == []


# ── claiming ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_counts_as_an_attempt_and_holds_until_it_runs_out(database: Database) -> None:
    add(database, "a")
    [first] = claim(database)
    assert (first.state, first.attempts) == (MessageState.CLAIMED, 1)
    assert claim(database, token="yours", now=NOW + minutes(5) - timedelta(microseconds=1)) == []
    [second] = claim(database, token="yours", now=NOW + minutes(5))
    assert (second.id, second.attempts) == (first.id, 2)


def test_only_what_is_due_is_claimed_longest_due_first(database: Database) -> None:
    add(database, "later", now=NOW + hours(1))
    add(database, "b", now=NOW - hours(1))
    add(database, "a", now=NOW - hours(2))
    assert keys(claim(database, limit=1)) == ["a"]
    assert keys(claim(database)) == ["b"]
    assert claim(database) == []


def test_two_processes_with_many_threads_claim_each_message_once(database_url: str) -> None:
    with closing(Database(database_url)) as one, closing(Database(database_url)) as two:
        schema.upgrade(one)
        names = [f"m{number:03}" for number in range(100)]
        add(one, *names)
        together = threading.Barrier(8)

        def work(number: int) -> list[str]:
            mine: list[str] = []
            together.wait()
            while claimed := claim((one, two)[number % 2], token=f"t{number}", limit=3):
                mine += keys(claimed)
            return mine

        with ThreadPoolExecutor(8) as pool:
            taken = Counter(key for mine in pool.map(work, range(8)) for key in mine)
        # A locked row is skipped, so a thread may find nothing though something is left: one more round takes that.
        taken.update(keys(claim(one, limit=999)))
        assert taken == Counter(names)
        assert {m.attempts for m in every(one)} == {1}


# ── settling ───────────────────────────────────────────────────────────────────────────────────────────────


def test_delivered_is_the_end(database: Database) -> None:
    add(database, "a")
    [message] = claim(database)
    assert settle(database, message, MessageState.DELIVERED)
    after = get(database, message.id)
    assert (after.state, after.attempts, after.next_attempt_at, after.last_error) == (
        MessageState.DELIVERED,
        1,
        None,
        None,
    )
    assert claim(database, now=NOW + hours(99)) == []
    assert not settle(database, message, MessageState.DEAD), "the claim has ended"
    assert get(database, message.id) == after


def test_a_failed_message_waits_for_its_time(database: Database) -> None:
    add(database, "a")
    [message] = claim(database)
    assert settle(database, message, MessageState.WAITING, detail="busy", next_attempt_at=NOW + hours(1))
    after = get(database, message.id)
    assert (after.state, after.next_attempt_at, after.last_error) == (MessageState.WAITING, NOW + hours(1), "busy")
    assert claim(database, now=NOW + minutes(59)) == []
    [again] = claim(database, now=NOW + hours(1))
    assert again.attempts == 2
    assert settle(database, again, MessageState.DELIVERED)
    assert get(database, message.id).last_error is None


def test_a_dead_message_is_kept_and_can_be_sent_again(database: Database) -> None:
    add(database, "a")
    [message] = claim(database)
    settle(database, message, MessageState.DEAD, detail="no such user")
    after = get(database, message.id)
    assert (after.state, after.last_error) == (MessageState.DEAD, "no such user")
    assert claim(database, now=NOW + hours(99)) == []
    with database.writing() as tx:
        assert outbox.retry(tx, message.id, now=NOW + hours(100))
    [again] = claim(database, now=NOW + hours(100))
    assert again.attempts == 1, "patience begins anew"


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.CLAIMED])
def test_what_is_delivered_or_being_sent_is_not_sent_again(database: Database, state: MessageState) -> None:
    add(database, "a")
    [message] = claim(database)
    if state is MessageState.DELIVERED:
        settle(database, message, state)
    before = get(database, message.id)
    with database.writing() as tx:
        assert not outbox.retry(tx, message.id, now=NOW)
        assert not outbox.retry(tx, 10**6, now=NOW)
    assert get(database, message.id) == before


def test_a_waiting_message_can_be_hurried(database: Database) -> None:
    add(database, "a")
    [message] = claim(database)
    settle(database, message, MessageState.WAITING, next_attempt_at=NOW + hours(6))
    with database.writing() as tx:
        assert outbox.retry(tx, message.id, now=NOW)
    assert keys(claim(database)) == ["a"]


def test_whoever_lost_the_claim_does_not_decide_but_the_attempt_is_kept(database: Database) -> None:
    add(database, "a")
    [slow] = claim(database, token="slow")
    [fast] = claim(database, token="fast", now=NOW + minutes(5))
    assert not settle(database, slow, MessageState.DEAD, token="slow", detail="too slow")
    assert get(database, slow.id).state is MessageState.CLAIMED
    assert settle(database, fast, MessageState.DELIVERED, token="fast")
    assert get(database, slow.id).state is MessageState.DELIVERED
    with database.reading() as tx:
        attempts = outbox.attempts(tx, slow.id)
        assert outbox.attempts(tx, 10**6) == []
    assert [(a.attempt, a.outcome, a.detail) for a in attempts] == [
        (1, "dead", "too slow"),
        (2, "delivered", "250 OK"),
    ]
    assert (attempts[0].started_at, attempts[0].finished_at) == (NOW, NOW + minutes(1))


def test_messages_given_back_are_due_at_once_and_uncounted(database: Database) -> None:
    add(database, "a", "b", "c")
    done, mine = claim(database, limit=2)
    [other] = claim(database, token="yours")
    settle(database, done, MessageState.DELIVERED)
    with database.writing() as tx:
        outbox.release(tx, token="mine", now=NOW + minutes(1))
    states = {m.key: (m.state, m.attempts) for m in every(database)}
    assert states == {
        done.key: (MessageState.DELIVERED, 1),
        mine.key: (MessageState.WAITING, 0),
        other.key: (MessageState.CLAIMED, 1),
    }
    assert keys(claim(database, now=NOW + minutes(1))) == [mine.key]


# ── looking ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_newest_narrowed_by_whatever_is_given(database: Database) -> None:
    add(database, "a", "b")
    add(database, "c", slug="other")
    settle(database, claim(database, limit=1)[0], MessageState.DELIVERED)
    with database.reading() as tx:
        assert keys(outbox.latest(tx, limit=2)) == ["c", "b"]
        assert keys(outbox.latest(tx, limit=9, state=MessageState.DELIVERED)) == ["a"]
        assert keys(outbox.latest(tx, limit=9, subscription_slug="desk")) == ["b", "a"]
        assert outbox.latest(tx, limit=9, subscription_slug="nobody") == []
        assert outbox.get(tx, 10**6) is None


def test_counts_name_every_state(database: Database) -> None:
    with database.reading() as tx:
        assert outbox.counts(tx) == dict.fromkeys(MessageState, 0)
        assert outbox.oldest_waiting_at(tx) is None
    add(database, "a", now=NOW - hours(3))
    add(database, "b", now=NOW - hours(2))
    add(database, "c", "d", now=NOW - hours(1))
    delivered, dead, _ = claim(database, limit=3)
    settle(database, delivered, MessageState.DELIVERED)
    with database.reading() as tx:
        assert outbox.oldest_waiting_at(tx) == NOW - hours(2)
    settle(database, dead, MessageState.DEAD)
    with database.reading() as tx:
        assert outbox.counts(tx) == dict.fromkeys(MessageState, 1) | {MessageState.CANCELLED: 0}
        assert outbox.oldest_waiting_at(tx) == NOW - hours(1)


# ── order, limits, histories ───────────────────────────────────────────────────────────────────────────────


def test_in_order_a_message_waits_for_every_earlier_one_to_its_recipient(database: Database) -> None:
    add(database, "1", "2", "3", recipient="hook", in_order=True)
    add(database, "other", in_order=True)
    first = claim(database)
    assert keys(first) == ["1", "other"]
    assert claim(database, token="another") == []
    settle(database, first[1], MessageState.DELIVERED)
    settle(database, first[0], MessageState.WAITING, next_attempt_at=NOW + hours(1))
    assert claim(database) == []  # the first is put off, and so is all that comes after it
    again = claim(database, now=NOW + hours(1))
    assert keys(again) == ["1"]
    settle(database, again[0], MessageState.DEAD)
    assert keys(claim(database, now=NOW + hours(1))) == ["2"]


def test_without_order_one_that_waits_holds_up_no_other(database: Database) -> None:
    add(database, "1", "2", recipient="hook")
    settle(database, claim(database, limit=1)[0], MessageState.WAITING, next_attempt_at=NOW + hours(1))
    assert keys(claim(database)) == ["2"]


def test_a_recipient_may_have_an_hourly_limit_of_its_own(database: Database) -> None:
    add(database, "1", "2", "3", recipient="desk")
    add(database, "4", "5", recipient="reader")
    hourly = {"mailbox": 1, "mailbox:desk": 2}
    with database.writing() as tx:
        taken = outbox.claim_due(tx, now=NOW, until=NOW + minutes(5), token="mine", limit=20, hourly=hourly)
    assert keys(taken) == ["1", "2", "4"]


def test_beyond_the_hourly_limit_messages_wait_and_none_is_dropped(database: Database) -> None:
    add(database, "1", "2", "3", "4", recipient="reader")
    add(database, "else")
    taken = claim(database, hourly=2)
    assert keys(taken) == ["1", "2", "else"]
    for message in taken:
        settle(database, message, MessageState.DELIVERED)
    held = [m for m in every(database) if m.state is MessageState.WAITING]
    assert keys(held) == ["3", "4"]
    assert claim(database, now=NOW + minutes(30), hourly=2) == []
    assert keys(claim(database, now=NOW + minutes(62), hourly=2)) == ["3", "4"]
    with database.reading() as tx:
        assert [(c.state.value, c.reason) for c in outbox.states(tx, held[0].id)] == [
            ("waiting", ""),
            ("waiting", "held back: 2 messages an hour for one recipient"),
            ("claimed", ""),
        ]


def test_every_state_is_kept_with_its_time_and_reason(database: Database) -> None:
    add(database, "k")
    [message] = claim(database)
    settle(database, message, MessageState.WAITING, detail="451 busy", next_attempt_at=NOW + minutes(2))
    [message] = claim(database, now=NOW + minutes(2))
    settle(database, message, MessageState.DEAD, detail="550 no such user")
    with database.writing() as tx:
        assert outbox.cancel(tx, message.id, reason="sent by hand", now=NOW + hours(1))
        assert not outbox.cancel(tx, message.id, reason="sent by hand", now=NOW + hours(1))
        assert outbox.retry(tx, message.id, now=NOW + hours(2))
    [message] = claim(database, now=NOW + hours(2))
    with database.writing() as tx:
        outbox.release(tx, token="mine", now=NOW + hours(3))
        states = outbox.states(tx, message.id)
    assert [(change.state.value, change.reason) for change in states] == [
        ("waiting", ""),
        ("claimed", ""),
        ("waiting", "451 busy"),
        ("claimed", ""),
        ("dead", "550 no such user"),
        ("cancelled", "sent by hand"),
        ("waiting", "made due by hand"),
        ("claimed", ""),
        ("waiting", "the service stopped before it was sent"),
    ]
    assert [change.at for change in states[-3:]] == [NOW + hours(2), NOW + hours(2), NOW + hours(3)]


def test_messages_are_replayed_under_their_old_keys(database: Database) -> None:
    add(database, "old", now=NOW - hours(48))
    add(database, "new", "waiting")
    for message in claim(database, limit=2):
        settle(database, message, MessageState.DELIVERED)
    with database.writing() as tx:
        ids = outbox.replay(
            tx, subscription_slug="desk", since=NOW - hours(1), until=NOW + hours(1), now=NOW + hours(1)
        )
    assert [m.key for m in every(database) if m.id in ids] == ["new"]
    assert keys(claim(database, now=NOW + hours(1))) == ["new", "waiting"]


def test_nothing_goes_to_a_disabled_address_and_nothing_is_lost(database: Database) -> None:
    add(database, "before", recipient="hook")
    with database.writing() as tx:
        assert recipients.disable(tx, "mailbox", "hook", at=NOW, reason="410 Gone")
        assert not recipients.disable(tx, "mailbox", "hook", at=NOW, reason="410 Gone")
        outbox.give_up(tx, channel="mailbox", recipient="hook", reason="410 Gone", now=NOW)
    add(database, "after", recipient="hook")
    assert claim(database) == []
    assert [(m.state, m.last_error) for m in every(database)] == [
        (MessageState.DEAD, "not sent, the address is disabled: 410 Gone")
    ] * 2
    with database.writing() as tx:
        assert recipients.enable(tx, "mailbox", "hook")
        assert len(outbox.retry_dead(tx, now=NOW)) == 2
    assert keys(claim(database)) == ["before", "after"]


def test_how_an_address_stands(database: Database) -> None:
    with database.writing() as tx:
        recipients.failed(tx, "email", "a@example.org", at=NOW, error="451 busy", refused=False)
        standing = recipients.failed(tx, "email", "a@example.org", at=NOW + hours(2), error="550 no", refused=True)
        assert (standing.failing_since, standing.bounces, standing.last_error) == (NOW, 1, "550 no")
        recipients.succeeded(tx, "email", "a@example.org", at=NOW + hours(3))
        [standing] = recipients.every(tx)
    assert (standing.failing_since, standing.bounces, standing.delivered) == (None, 1, 1)
    assert standing.last_delivered_at == NOW + hours(3)


def test_a_message_remembers_what_it_follows_up_on(database: Database) -> None:
    desk = make.stored_subscription(database, "desk")
    with database.writing() as tx:
        outbox.add(
            tx,
            make.content(),
            keys=[("edited-a", "a@example.org"), ("edited-b", "b@example.org")],
            channel="email",
            options={},
            subscription_id=desk.id,
            digest_id=None,
            now=NOW,
            answers={"a@example.org": "first-a"},
        )
    with database.reading() as tx:
        assert {m.recipient: m.answers for m in outbox.latest(tx, limit=9)} == {
            "a@example.org": "first-a",
            "b@example.org": None,
        }
