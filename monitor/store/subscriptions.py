"""Subscriptions and when each is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from monitor.core.model import Authority, Notices, Order, Owner, Schedule, Selection, Show, Subscription, grouping_of
from monitor.store.database import Transaction
from monitor.store.tables import DigestRow, PostRow, SubscriptionRow, table

subscription, digest, post = table(SubscriptionRow), table(DigestRow), table(PostRow)

FAR_AHEAD = timedelta(days=1)
"""From how far on a time in the future can only be that of a clock that was wrong."""
DueAfter = Callable[[Subscription, datetime], datetime]
"""The first due time of a subscription after a moment."""


def every(tx: Transaction) -> list[Subscription]:
    """All subscriptions that were not removed, paused ones too, by slug."""
    query = select(subscription).where(subscription.c.removed_at.is_(None)).order_by(subscription.c.slug)
    return [_value(row) for row in tx.execute(query)]


def get(tx: Transaction, slug: str) -> Subscription | None:
    """The subscription of that slug, None where there is none."""
    query = select(subscription).where(subscription.c.slug == slug, subscription.c.removed_at.is_(None))
    row = tx.execute(query).first()
    return _value(row) if row is not None else None


def due(tx: Transaction, *, now: datetime) -> list[Subscription]:
    """Those due at or before `now`, longest due first."""
    query = (
        select(subscription)
        .where(subscription.c.removed_at.is_(None), subscription.c.paused.is_(False), subscription.c.next_due_at <= now)
        .order_by(subscription.c.next_due_at, subscription.c.id)
    )
    return [_value(row) for row in tx.execute(query)]


def put(tx: Transaction, value: Subscription, *, next_due_at: datetime, now: datetime) -> None:
    """Store a subscription, or set what it is where the slug is there already.

    `next_due_at` counts for a new one, or where the schedule changed or a pause or removal ended. Otherwise what was
    due stays due, so that restarting the service in the minute of a digest does not skip it.
    """
    columns = to_columns(value) | {"removed_at": None}
    known = tx.execute(select(subscription).where(subscription.c.slug == value.slug)).first()
    if known is None:
        newest = tx.execute(select(func.coalesce(func.max(post.c.id), 0))).scalar_one()
        row = columns | {"slug": value.slug, "created_at": now, "next_due_at": next_due_at, "last_post_id": newest}
        tx.execute(insert(subscription).values(row))
        return
    back = known.removed_at is not None or (known.paused and not value.paused)
    if back or _schedule(known.schedule) != value.schedule:
        columns["next_due_at"] = next_due_at
    tx.execute(update(subscription).where(subscription.c.id == known.id).values(columns))


def remove(tx: Transaction, slug: str, *, now: datetime) -> bool:
    """Stop a subscription. Its digests and messages stay."""
    done = tx.execute(
        update(subscription)
        .where(subscription.c.slug == slug, subscription.c.removed_at.is_(None))
        .values(removed_at=now)
    )
    return done.rowcount == 1


def far_ahead(tx: Transaction, *, next_due: DueAfter, now: datetime) -> list[Subscription]:
    """Those with times in the future that only a clock far ahead can have set; by slug.

    Such a clock has compiled editions, or has put off the next one beyond the first due time after `now`.
    """
    far = now + FAR_AHEAD
    suspect = or_(
        subscription.c.last_compiled_at > far,
        and_(subscription.c.last_compiled_at.is_(None), subscription.c.created_at > far),
        and_(subscription.c.next_due_at > far, ~subscription.c.paused, subscription.c.removed_at.is_(None)),
    )
    values = [_value(row) for row in tx.execute(select(subscription).where(suspect).order_by(subscription.c.slug))]
    return [
        value
        for value in values
        if (value.last_compiled_at or value.created_at or now) > far
        or (value.next_due_at or now) > next_due(value, far)
    ]


def put_right(tx: Transaction, *, next_due: DueAfter, now: datetime) -> list[str]:
    """Take back what a clock far ahead has set: else nothing would be due for years. Gives the slugs.

    The last edition is then the newest one that was compiled in the past.
    """
    wrong = far_ahead(tx, next_due=next_due, now=now)
    for value in wrong:
        earlier = select(func.max(digest.c.compiled_at)).where(
            digest.c.subscription_id == value.id, digest.c.compiled_at <= now
        )
        tx.execute(
            update(subscription)
            .where(subscription.c.id == value.id)
            .values(
                next_due_at=next_due(value, now),
                last_compiled_at=tx.execute(earlier).scalar_one(),
                created_at=min(value.created_at or now, now),
            )
        )
    return [value.slug for value in wrong]


def advance(
    tx: Transaction,
    value: Subscription,
    *,
    next_due_at: datetime,
    compiled_at: datetime,
    last_post_id: int | None = None,
    last_change_id: int | None = None,
) -> bool:
    """Move on to the next due time. False where another process has done so since `value` was read.

    An edition out of turn keeps the due time, so the time of the last edition is compared too: of two that were
    compiled from the same posts only one may be sent.
    """
    done = tx.execute(
        update(subscription)
        .where(
            subscription.c.id == value.id,
            subscription.c.next_due_at == value.next_due_at,
            subscription.c.last_compiled_at.is_not_distinct_from(value.last_compiled_at),
        )
        .values(
            next_due_at=next_due_at,
            last_compiled_at=compiled_at,
            last_post_id=last_post_id,
            last_change_id=last_change_id,
        )
    )
    return done.rowcount == 1


def to_columns(value: Subscription) -> dict[str, Any]:
    """What an operator decides of a subscription, as columns."""
    schedule = value.schedule
    return {
        "title": value.title,
        "channel": value.channel,
        "recipients": list(value.recipients),
        "schedule": {
            "timezone": schedule.timezone,
            "times": [t.isoformat("minutes") for t in schedule.times],
            "weekdays": list(schedule.weekdays),
            "every_seconds": schedule.every.total_seconds() if schedule.every is not None else None,
            "cron": schedule.cron,
            "holidays": list(schedule.holidays),
            "pauses": list(schedule.pauses),
        },
        "selection": {name: list(members) for name, members in asdict(value.selection).items() if members},
        "grouping": value.grouping.value,
        "story_order": value.order.value,
        "show": None if set(value.show) == set(Show) else [part.value for part in value.show],
        "send_empty": value.send_empty,
        "language": value.language,
        "options": dict(value.options),
        "notices": value.notices.value,
        "templates_dir": value.templates_dir,
        "owner": value.owner.value,
        "paused": value.paused,
    }


def _value(row: Any) -> Subscription:
    selection = {name: tuple(members) for name, members in row.selection.items()}
    selection["authorities"] = tuple(Authority(a) for a in selection.get("authorities", ()))
    return Subscription(
        id=row.id,
        slug=row.slug,
        title=row.title,
        channel=row.channel,
        recipients=tuple(row.recipients),
        schedule=_schedule(row.schedule),
        selection=Selection(**selection),
        grouping=grouping_of(row.grouping),
        order=Order(row.story_order),
        show=tuple(Show) if row.show is None else tuple(Show(part) for part in row.show),
        send_empty=row.send_empty,
        language=row.language,
        options=row.options,
        notices=Notices(row.notices),
        templates_dir=row.templates_dir,
        owner=Owner(row.owner),
        paused=row.paused,
        created_at=row.created_at,
        next_due_at=row.next_due_at,
        last_compiled_at=row.last_compiled_at,
        last_post_id=row.last_post_id,
        last_change_id=row.last_change_id,
    )


def _schedule(stored: Mapping[str, Any]) -> Schedule:
    """A schedule as it is stored; what an earlier version did not know is absent."""
    every = stored.get("every_seconds")
    return Schedule(
        timezone=stored["timezone"],
        times=tuple(time.fromisoformat(t) for t in stored["times"]),
        weekdays=tuple(stored["weekdays"]),
        every=timedelta(seconds=every) if every is not None else None,
        cron=stored["cron"],
        holidays=tuple(stored.get("holidays", ())),
        pauses=tuple(stored.get("pauses", ())),
    )
