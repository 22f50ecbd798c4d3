"""Messages waiting to be handed over, and every attempt to do so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, or_, select, update

from monitor.core.model import Content, Delivery, Message, MessageState
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import ContentRow, DeliveryRow, MessageRow, SubscriptionRow, WatchRow, table

message, content, delivery = table(MessageRow), table(ContentRow), table(DeliveryRow)
subscription, watch = table(SubscriptionRow), table(WatchRow)


def add(
    tx: Transaction,
    rendered: Content,
    *,
    keys: Sequence[tuple[str, str]],
    channel: str,
    options: dict[str, Any],
    subscription_id: int | None = None,
    watch_id: int | None = None,
    digest_id: int | None = None,
    now: datetime,
) -> None:
    """Put one message for each (key, recipient) into the outbox, due at once; a key already there is left alone."""
    there = set(tx.execute(select(message.c.key).where(message.c.key.in_([key for key, _ in keys]))).scalars())
    keys = [(key, recipient) for key, recipient in keys if key not in there]
    if not keys:
        return
    content_id = tx.execute(
        insert(content)
        .values(subject=rendered.subject, text=rendered.text, html=rendered.html, payload=rendered.payload)
        .returning(content.c.id)
    ).scalar_one()
    rows = [
        {
            "key": key,
            "subscription_id": subscription_id,
            "watch_id": watch_id,
            "digest_id": digest_id,
            "content_id": content_id,
            "channel": channel,
            "recipient": recipient,
            "options": options,
            "state": MessageState.WAITING.value,
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": now,
        }
        for key, recipient in keys
    ]
    insert_new(tx, message, rows, key=("key",))


def claim_due(tx: Transaction, *, now: datetime, until: datetime, token: str, limit: int) -> list[Message]:
    """Take up to `limit` due messages, so that nobody else sends them before `until`.

    A claim that ran out is due again: whoever held it died, or will find its token gone.
    """
    due = or_(
        and_(message.c.state == MessageState.WAITING.value, message.c.next_attempt_at <= now),
        and_(message.c.state == MessageState.CLAIMED.value, message.c.claimed_until <= now),
    )
    ids = list(
        tx.execute(
            select(message.c.id)
            .where(due)
            .order_by(message.c.next_attempt_at, message.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
    )
    if not ids:
        return []
    tx.execute(
        update(message)
        .where(message.c.id.in_(ids))
        .values(state=MessageState.CLAIMED.value, claimed_until=until, claim=token, attempts=message.c.attempts + 1)
    )
    return _load(tx, _messages().where(message.c.id.in_(ids)).order_by(message.c.id))


def settle(
    tx: Transaction,
    id_: int,
    *,
    token: str,
    state: MessageState,
    attempt: Delivery,
    next_attempt_at: datetime | None = None,
) -> bool:
    """Record how an attempt ended. False, and only the attempt is kept, where the claim is no longer ours."""
    held = and_(message.c.id == id_, message.c.claim == token)
    ended = state in {MessageState.DELIVERED, MessageState.DEAD}
    done = tx.execute(
        update(message)
        .where(held)
        .values(
            state=state.value,
            next_attempt_at=next_attempt_at,
            claimed_until=None,
            claim=None,
            finished_at=attempt.finished_at if ended else None,
            last_error=None if state is MessageState.DELIVERED else attempt.detail,
        )
    )
    tx.execute(
        insert(delivery).values(
            message_id=id_,
            attempt=attempt.attempt,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            outcome=attempt.outcome,
            detail=attempt.detail,
        )
    )
    return done.rowcount == 1


def release(tx: Transaction, *, token: str, now: datetime) -> None:
    """Give claimed messages back unsent, when the service stops."""
    tx.execute(
        update(message)
        .where(message.c.claim == token)
        .values(
            state=MessageState.WAITING.value,
            next_attempt_at=now,
            claimed_until=None,
            claim=None,
            attempts=message.c.attempts - 1,
        )
    )


def retry(tx: Transaction, id_: int, *, now: datetime) -> bool:
    """Make a message due at once. False where it is delivered, being sent or unknown."""
    states = (MessageState.DEAD.value, MessageState.CANCELLED.value, MessageState.WAITING.value)
    done = tx.execute(
        update(message)
        .where(message.c.id == id_, message.c.state.in_(states))
        .values(state=MessageState.WAITING.value, next_attempt_at=now, finished_at=None, attempts=0)
    )
    return done.rowcount == 1


def retry_dead(tx: Transaction, *, now: datetime) -> list[int]:
    """Make every message that was given up due at once. Gives their ids."""
    dead = select(message.c.id).where(message.c.state == MessageState.DEAD.value).order_by(message.c.id)
    return [id_ for id_ in tx.execute(dead).scalars().all() if retry(tx, id_, now=now)]


# ── looking ────────────────────────────────────────────────────────────────────────────────────────────────


def get(tx: Transaction, id_: int) -> Message | None:
    """One message with its content."""
    found = _load(tx, _messages().where(message.c.id == id_))
    return found[0] if found else None


def latest(
    tx: Transaction, *, limit: int, state: MessageState | None = None, subscription_slug: str | None = None
) -> list[Message]:
    """The newest messages, newest first."""
    query = _messages().order_by(message.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(message.c.state == state.value)
    if subscription_slug is not None:
        query = query.where(func.coalesce(subscription.c.slug, watch.c.slug) == subscription_slug)
    return _load(tx, query)


def attempts(tx: Transaction, id_: int) -> list[Delivery]:
    """Every attempt to hand a message over, oldest first."""
    rows = tx.execute(select(delivery).where(delivery.c.message_id == id_).order_by(delivery.c.id))
    return [
        Delivery(
            attempt=r.attempt, started_at=r.started_at, finished_at=r.finished_at, outcome=r.outcome, detail=r.detail
        )
        for r in rows
    ]


def counts(tx: Transaction) -> dict[MessageState, int]:
    """How many messages stand in each state."""
    rows = tx.execute(select(message.c.state, func.count()).group_by(message.c.state))
    found = {MessageState(state): number for state, number in rows}
    return {state: found.get(state, 0) for state in MessageState}


def oldest_waiting_at(tx: Transaction) -> datetime | None:
    """Since when the message that has waited longest is in the outbox, None where none waits."""
    states = (MessageState.WAITING.value, MessageState.CLAIMED.value)
    found: datetime | None = tx.execute(
        select(func.min(message.c.created_at)).where(message.c.state.in_(states))
    ).scalar()
    return found


def last_delivered_at(tx: Transaction) -> datetime | None:
    """When a message was last handed over, None where none ever was."""
    query = select(func.max(message.c.finished_at)).where(message.c.state == MessageState.DELIVERED.value)
    found: datetime | None = tx.execute(query).scalar()
    return found


def last_given_up_at(tx: Transaction) -> datetime | None:
    """When one of the messages that are given up was; None where there is none."""
    query = select(func.max(message.c.finished_at)).where(message.c.state == MessageState.DEAD.value)
    found: datetime | None = tx.execute(query).scalar()
    return found


def _messages() -> Select[Any]:
    return (
        select(
            message,
            content.c.subject,
            content.c.text,
            content.c.html,
            content.c.payload,
            func.coalesce(subscription.c.slug, watch.c.slug).label("slug"),
        )
        .join(content, content.c.id == message.c.content_id)
        .outerjoin(subscription, subscription.c.id == message.c.subscription_id)
        .outerjoin(watch, watch.c.id == message.c.watch_id)
    )


def _load(tx: Transaction, query: Select[Any]) -> list[Message]:
    return [
        Message(
            id=r.id,
            key=r.key,
            channel=r.channel,
            recipient=r.recipient,
            content=Content(subject=r.subject, text=r.text, html=r.html, payload=r.payload),
            options=r.options,
            subscription_slug=r.slug,
            created_at=r.created_at,
            attempts=r.attempts,
            state=MessageState(r.state),
            next_attempt_at=r.next_attempt_at,
            last_error=r.last_error,
        )
        for r in tx.execute(query)
    ]
