"""Messages waiting to be handed over, and every attempt to do so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, insert, not_, or_, select, update

from monitor.core.model import Content, Delivery, Message, MessageState, StateChange
from monitor.store import recipients
from monitor.store.database import Transaction, asked_for, insert_new_statement
from monitor.store.tables import ContentRow, DeliveryRow, MessageRow, MessageStateRow, SubscriptionRow, WatchRow, table

message, content, delivery = table(MessageRow), table(ContentRow), table(DeliveryRow)
subscription, history, watch = table(SubscriptionRow), table(MessageStateRow), table(WatchRow)

HOUR = timedelta(hours=1)
UNSENT = (MessageState.WAITING.value, MessageState.CLAIMED.value)


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
    in_order: bool = False,
    tickets: Mapping[str, str] | None = None,
    answers: Mapping[str, str] | None = None,
) -> None:
    """Put one message for each (key, recipient) into the outbox, due at once; a key already there is left alone.

    A message for an address to which nothing is sent any more is kept as dead, with the reason: it can be sent later.
    With `in_order` it waits until every earlier message to the same recipient is settled. `tickets` are the tokens by
    which recipients unsubscribe; `answers` has, by recipient, the key of the message that this one follows up on.
    """
    known = there(tx, (key for key, _ in keys))
    keys = [(key, recipient) for key, recipient in keys if key not in known]
    if not keys:
        return
    content_id = tx.execute(
        insert(content)
        .values(
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            payload=rendered.payload,
            calendar=rendered.calendar,
        )
        .returning(content.c.id)
    ).scalar_one()
    disabled = recipients.disabled(tx, channel, [recipient for _, recipient in keys])
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
            "state": (MessageState.DEAD if recipient in disabled else MessageState.WAITING).value,
            "attempts": 0,
            "created_at": now,
            "next_attempt_at": None if recipient in disabled else now,
            "finished_at": now if recipient in disabled else None,
            "last_error": _not_sent(disabled[recipient]) if recipient in disabled else None,
            "in_order": in_order,
            "ticket": (tickets or {}).get(recipient),
            "answers": (answers or {}).get(recipient),
        }
        for key, recipient in keys
    ]
    added = tx.execute(
        insert_new_statement(tx, message, key=("key",)).returning(message.c.id, message.c.state, message.c.last_error),
        rows,
    )
    _keep(tx, [(row.id, row.state, row.last_error or "") for row in added], at=now)


def claim_due(
    tx: Transaction,
    *,
    now: datetime,
    until: datetime,
    token: str,
    limit: int,
    hourly: Mapping[str, int] | None = None,
) -> list[Message]:
    """Take up to `limit` due messages, so that nobody else sends them before `until`.

    A claim that ran out is due again: whoever held it died, or will find its token gone. `hourly` says how many
    messages one recipient may be handed in an hour, by channel or "channel:recipient"; those beyond that wait, none is
    dropped.
    """
    due = or_(
        and_(message.c.state == MessageState.WAITING.value, message.c.next_attempt_at <= now),
        and_(message.c.state == MessageState.CLAIMED.value, message.c.claimed_until <= now),
    )
    rows = tx.execute(
        select(message.c.id, message.c.channel, message.c.recipient)
        .where(due, or_(not_(message.c.in_order), ~_an_earlier_one_is_unsent()))
        .order_by(message.c.next_attempt_at, message.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    ids = _within_limits(tx, rows, hourly or {}, now=now)
    if not ids:
        return []
    tx.execute(
        update(message)
        .where(message.c.id.in_(ids))
        .values(state=MessageState.CLAIMED.value, claimed_until=until, claim=token, attempts=message.c.attempts + 1)
    )
    _keep(tx, [(id_, MessageState.CLAIMED.value, "") for id_ in ids], at=now)
    return _load(tx, _messages().where(message.c.id.in_(ids)).order_by(message.c.id))


def _an_earlier_one_is_unsent() -> Any:
    earlier = message.alias("earlier")
    return exists().where(
        earlier.c.channel == message.c.channel,
        earlier.c.recipient == message.c.recipient,
        earlier.c.id < message.c.id,
        earlier.c.state.in_(UNSENT),
    )


def _within_limits(tx: Transaction, rows: Sequence[Any], hourly: Mapping[str, int], *, now: datetime) -> list[int]:
    """Ids of the messages that may go now; the others are put off until the hour has room for them."""

    def limit_of(row: Any) -> int:
        return hourly.get(f"{row.channel}:{row.recipient}", hourly.get(row.channel, 0))

    limited = {(row.channel, row.recipient) for row in rows if limit_of(row)}
    if not limited:
        return [row.id for row in rows]
    asked, is_asked = asked_for(sorted(limited), message.c.channel, message.c.recipient)
    query = (
        select(message.c.channel, message.c.recipient, func.count().label("sent"), func.min(message.c.finished_at))
        .join_from(asked, message, is_asked)
        .where(
            message.c.state == MessageState.DELIVERED.value,
            message.c.finished_at > now - HOUR,
        )
        .group_by(message.c.channel, message.c.recipient)
    )
    sent = {(channel, recipient): (number, oldest) for channel, recipient, number, oldest in tx.execute(query)}
    chosen: list[int] = []
    held: list[tuple[int, str, str]] = []
    for row in rows:
        most = limit_of(row)
        number, oldest = sent.get((row.channel, row.recipient), (0, now))
        if not most or number < most:
            sent[row.channel, row.recipient] = (number + 1, oldest)
            chosen.append(row.id)
            continue
        tx.execute(update(message).where(message.c.id == row.id).values(next_attempt_at=oldest + HOUR))
        held.append((row.id, MessageState.WAITING.value, f"held back: {most} messages an hour for one recipient"))
    _keep(tx, held, at=now)
    return chosen


def settle(
    tx: Transaction,
    id_: int,
    *,
    token: str,
    state: MessageState,
    attempt: Delivery,
    next_attempt_at: datetime | None = None,
    progress: int = 0,
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
            progress=progress,
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
    if done.rowcount == 1:
        _keep(tx, [(id_, state.value, attempt.detail)], at=attempt.finished_at)
    return done.rowcount == 1


def release(tx: Transaction, *, token: str, now: datetime) -> None:
    """Give claimed messages back unsent, when the service stops."""
    released = tx.execute(
        update(message)
        .where(message.c.claim == token)
        .values(
            state=MessageState.WAITING.value,
            next_attempt_at=now,
            claimed_until=None,
            claim=None,
            attempts=message.c.attempts - 1,
        )
        .returning(message.c.id)
    ).scalars()
    _keep(tx, [(id_, MessageState.WAITING.value, "the service stopped before it was sent") for id_ in released], at=now)


def retry(tx: Transaction, id_: int, *, now: datetime) -> bool:
    """Make a message due at once. False where it is delivered, being sent or unknown."""
    states = (MessageState.DEAD, MessageState.CANCELLED, MessageState.WAITING)
    return bool(_again(tx, [id_], states=states, reason="made due by hand", now=now))


def retry_dead(tx: Transaction, *, now: datetime) -> list[int]:
    """Make every message that was given up due at once. Gives their ids."""
    dead = select(message.c.id).where(message.c.state == MessageState.DEAD.value).order_by(message.c.id)
    ids = list(tx.execute(dead).scalars())
    return _again(tx, ids, states=(MessageState.DEAD,), reason="made due by hand", now=now)


def replay(
    tx: Transaction,
    *,
    subscription_slug: str,
    since: datetime,
    until: datetime,
    recipient: str | None = None,
    now: datetime,
) -> list[int]:
    """Make messages of a subscription made in [since, until) due again, delivered ones too, under their old keys."""
    query = (
        select(message.c.id)
        .join(subscription, subscription.c.id == message.c.subscription_id)
        .where(subscription.c.slug == subscription_slug, message.c.created_at >= since, message.c.created_at < until)
        .order_by(message.c.id)
    )
    if recipient is not None:
        query = query.where(message.c.recipient == recipient)
    states = (MessageState.DELIVERED, MessageState.DEAD, MessageState.CANCELLED)
    return _again(tx, list(tx.execute(query).scalars()), states=states, reason="replayed by hand", now=now)


def replay_edition(tx: Transaction, digest_id: int, *, recipient: str | None = None, now: datetime) -> list[int]:
    """Make the messages of one edition due again, delivered ones too, under their old keys."""
    query = select(message.c.id).where(message.c.digest_id == digest_id).order_by(message.c.id)
    if recipient is not None:
        query = query.where(message.c.recipient == recipient)
    states = (MessageState.DELIVERED, MessageState.DEAD, MessageState.CANCELLED)
    return _again(tx, list(tx.execute(query).scalars()), states=states, reason="replayed by hand", now=now)


def _again(
    tx: Transaction, ids: Sequence[int], *, states: Collection[MessageState], reason: str, now: datetime
) -> list[int]:
    found = list(
        tx.execute(
            update(message)
            .where(message.c.id.in_(ids), message.c.state.in_([state.value for state in states]))
            .values(state=MessageState.WAITING.value, next_attempt_at=now, finished_at=None, attempts=0)
            .returning(message.c.id)
        ).scalars()
    )
    _keep(tx, [(id_, MessageState.WAITING.value, reason) for id_ in found], at=now)
    return sorted(found)


def cancel(tx: Transaction, id_: int, *, reason: str, now: datetime) -> bool:
    """Send a message no more, unless somebody retries it. False where it is delivered, being sent or unknown."""
    states = (MessageState.WAITING.value, MessageState.DEAD.value)
    done = tx.execute(
        update(message)
        .where(message.c.id == id_, message.c.state.in_(states))
        .values(state=MessageState.CANCELLED.value, next_attempt_at=None, finished_at=now, last_error=reason)
    )
    if done.rowcount == 1:
        _keep(tx, [(id_, MessageState.CANCELLED.value, reason)], at=now)
    return done.rowcount == 1


def give_up(tx: Transaction, *, channel: str, recipient: str, reason: str, now: datetime) -> list[int]:
    """Keep what waits for an address as dead: nothing is sent there any more. Gives the ids."""
    found = list(
        tx.execute(
            update(message)
            .where(
                message.c.channel == channel,
                message.c.recipient == recipient,
                message.c.state == MessageState.WAITING.value,
            )
            .values(state=MessageState.DEAD.value, next_attempt_at=None, finished_at=now, last_error=_not_sent(reason))
            .returning(message.c.id)
        ).scalars()
    )
    _keep(tx, [(id_, MessageState.DEAD.value, _not_sent(reason)) for id_ in found], at=now)
    return sorted(found)


def forget(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Drop up to `limit` messages that ended before that, with their attempts and states. Gives how many.

    What waits is never dropped. What an edition covered stays known, so nothing is given again.
    """
    ended = [state.value for state in MessageState if state.value not in UNSENT]
    old = select(message.c.id).where(message.c.state.in_(ended), message.c.finished_at < before)
    ids = list(tx.execute(old.order_by(message.c.id).limit(limit)).scalars())
    if ids:
        contents = set(tx.execute(select(message.c.content_id).where(message.c.id.in_(ids))).scalars())
        tx.execute(delete(message).where(message.c.id.in_(ids)))
        shared = exists().where(message.c.content_id == content.c.id)
        tx.execute(delete(content).where(content.c.id.in_(contents), ~shared))
    return len(ids)


def _not_sent(reason: str) -> str:
    return f"not sent, the address is disabled: {reason}"


def _keep(tx: Transaction, changes: Sequence[tuple[int, str, str]], *, at: datetime) -> None:
    """Remember the states that messages came into: id, state, reason."""
    if changes:
        tx.execute(
            insert(history),
            [{"message_id": id_, "at": at, "state": state, "reason": reason} for id_, state, reason in changes],
        )


# ── looking ────────────────────────────────────────────────────────────────────────────────────────────────


def there(tx: Transaction, keys: Iterable[str]) -> set[str]:
    """Those of the keys that messages in the outbox have, whatever became of them."""
    return set(tx.execute(select(message.c.key).where(message.c.key.in_(list(keys)))).scalars())


def subject_of(tx: Transaction, keys: Sequence[str]) -> str:
    """The subject of the messages with these keys, which share one; "" where there are none any more."""
    query = select(content.c.subject).join(message, message.c.content_id == content.c.id).where(message.c.key.in_(keys))
    return tx.execute(query.order_by(message.c.id)).scalars().first() or ""


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


def states(tx: Transaction, id_: int) -> list[StateChange]:
    """Every state a message was in, oldest first."""
    rows = tx.execute(select(history).where(history.c.message_id == id_).order_by(history.c.id))
    return [StateChange(at=r.at, state=MessageState(r.state), reason=r.reason) for r in rows]


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
            content.c.calendar,
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
            content=Content(subject=r.subject, text=r.text, html=r.html, payload=r.payload, calendar=r.calendar),
            options=r.options,
            subscription_slug=r.slug,
            created_at=r.created_at,
            attempts=r.attempts,
            state=MessageState(r.state),
            next_attempt_at=r.next_attempt_at,
            last_error=r.last_error,
            ticket=r.ticket,
            progress=r.progress,
            answers=r.answers,
        )
        for r in tx.execute(query)
    ]
