"""Changes of sources' states: kept for a while, so that digests, alerts and notices can carry them.

A change is stored a moment after the time it carries, with the poll that brought it about. Whoever asks from one time
on therefore asks a little earlier, and leaves out what was seen already: see `unseen_by`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, or_, select, update

from monitor.core.health import silent_why
from monitor.core.model import Health, HealthChange, Subscription
from monitor.core.rhythm import Rhythm
from monitor.core.silence import silence
from monitor.store.database import Transaction
from monitor.store.tables import DigestRow, HealthChangeRow, SourceRow, SourceStateRow, table

change, source, state, digest = table(HealthChangeRow), table(SourceRow), table(SourceStateRow), table(DigestRow)

MARGIN = timedelta(hours=1)  # that a poll may be stored after it ended
KEPT = 100  # newest changes of each source, …
KEPT_FOR = timedelta(days=400)  # … and no older ones
SOONEST = timedelta(hours=3)  # a shorter spell is never called silent, see core.silence


def add(tx: Transaction, changes: Sequence[tuple[int, HealthChange]]) -> None:
    """Store changes, each with the id of its source."""
    if changes:
        tx.execute(
            insert(change),
            [
                {"source_id": id_, "at": c.at, "before": c.before.value, "after": c.after.value, "why": c.why}
                for id_, c in changes
            ],
        )


def since(tx: Transaction, at: datetime, *, after_id: int = 0, limit: int = 1000) -> list[HealthChange]:
    """Changes at or after `at` of sources that are followed, in the order in which they were stored.

    Whoever hands them on remembers the last id and asks from there with `after_id`.
    """
    query = _followed().where(change.c.at >= at, change.c.id > after_id).order_by(change.c.id).limit(limit)
    return _read(tx, query)


def unseen_by(
    tx: Transaction, subscription: Subscription, *, since: datetime, until: datetime, limit: int = 500
) -> tuple[HealthChange, ...]:
    """Changes between the two times that no digest of this subscription has carried, in order of time.

    Where there are more than `limit`, the newest.
    """
    carried = _carried(tx, subscription)
    query = _followed().where(change.c.at >= since - (MARGIN if carried is not None else timedelta()))
    query = query.where(change.c.at < until).order_by(change.c.at.desc(), change.c.id.desc())
    found = [each for each in _read(tx, query.limit(limit + len(carried or ()))) if each.id not in (carried or ())]
    return tuple(reversed(found[:limit]))


def _carried(tx: Transaction, subscription: Subscription) -> Collection[int] | None:
    """Ids that the last digest of the subscription carried; None where there was none."""
    last = select(digest.c.coverage).where(digest.c.subscription_id == subscription.id)
    coverage = tx.execute(last.order_by(digest.c.compiled_at.desc(), digest.c.id.desc()).limit(1)).scalar()
    return None if coverage is None else {each["id"] for each in coverage.get("changes", ())}


def where(tx: Transaction, *conditions: Any, limit: int = 1000) -> list[HealthChange]:
    """Changes of sources that are followed which meet conditions on the table `change`, oldest first."""
    return _read(tx, _followed().where(*conditions).order_by(change.c.id).limit(limit))


def of(tx: Transaction, slug: str, *, limit: int) -> list[HealthChange]:
    """The newest changes of a source, newest first."""
    return _read(tx, _changes().where(source.c.slug == slug).order_by(change.c.id.desc()).limit(limit))


def latest(tx: Transaction) -> dict[str, HealthChange]:
    """The last change of each source that has any, by slug."""
    newest = select(func.max(change.c.id)).group_by(change.c.source_id)
    return {each.slug: each for each in _read(tx, _changes().where(change.c.id.in_(newest)))}


def forget(tx: Transaction, *, now: datetime, keep: int = KEPT) -> int:
    """Drop what is too old, and all but the newest of each source."""
    rank = func.row_number().over(partition_by=change.c.source_id, order_by=change.c.id.desc()).label("rank")
    ranked = select(change.c.id, rank).subquery()
    surplus = change.c.id.in_(select(ranked.c.id).where(ranked.c.rank > keep))
    return tx.execute(delete(change).where(or_(surplus, change.c.at < now - KEPT_FOR))).rowcount


def newly_silent(tx: Transaction, *, now: datetime) -> list[tuple[int, HealthChange]]:
    """Sources that have become unusually quiet and are not called silent yet, each with its id.

    A spell counts up to the last poll that read the source: while nobody looked, nobody can tell.
    """
    may_become = and_(
        source.c.removed_at.is_(None),
        source.c.paused.is_(False),
        state.c.held.is_(False),
        state.c.health.in_((Health.FINE.value, Health.SLOW.value)),
        func.coalesce(state.c.last_new_at, source.c.created_at) < now - SOONEST,
    )
    query = (
        select(source.c.id, source.c.slug, source.c.title, source.c.created_at)
        .add_columns(state.c.health, state.c.last_new_at, state.c.last_success_at, state.c.rhythm)
        .join(state, state.c.source_id == source.c.id)
        .where(may_become)
        .order_by(source.c.slug)
    )
    silent = []
    for row in tx.execute(query):
        begin = row.last_new_at or row.created_at
        if row.last_success_at is None or row.last_success_at - begin < SOONEST:
            continue
        found = silence(Rhythm.from_bytes(row.rhythm), begin, row.last_success_at)
        if found.unusual:
            before, why = Health(row.health), silent_why(begin, found.expected)
            change = HealthChange(slug=row.slug, title=row.title, before=before, after=Health.SILENT, at=now, why=why)
            silent.append((row.id, change))
    return silent


def turn(tx: Transaction, found: Sequence[tuple[int, HealthChange]], *, now: datetime) -> list[HealthChange]:
    """Set and store changes that no poll brought; gives those that were still to be made.

    A source that is being polled is left for the next time: its poll would overwrite what is written here.
    """
    free = or_(state.c.claimed_until.is_(None), state.c.claimed_until <= now)
    done = []
    for id_, each in found:
        unchanged = and_(state.c.source_id == id_, state.c.health == each.before.value, free)
        if tx.execute(update(state).where(unchanged).values(health=each.after.value)).rowcount:
            done.append((id_, each))
    add(tx, done)
    return [each for _, each in done]


def _changes() -> Select[Any]:
    return select(change, source.c.slug, source.c.title).join(source, source.c.id == change.c.source_id)


def _followed() -> Select[Any]:
    return _changes().where(source.c.removed_at.is_(None))


def _read(tx: Transaction, query: Select[Any]) -> list[HealthChange]:
    return [
        HealthChange(
            id=row.id,
            slug=row.slug,
            title=row.title,
            before=Health(row.before),
            after=Health(row.after),
            at=row.at,
            why=row.why,
        )
        for row in tx.execute(query)
    ]
