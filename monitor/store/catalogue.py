"""Bring what files say into the database: the same files any number of times give the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select

from monitor.core.model import Owner, Source, Subscription, Watch
from monitor.store import sources, subscriptions, watches
from monitor.store.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What applying the files changed of one sort of thing, by slug."""

    sort: str  # "sources", "watches" or "subscriptions"
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def apply(
    tx: Transaction,
    *,
    wanted_sources: Sequence[Source],
    wanted_watches: Sequence[Watch],
    wanted_subscriptions: Sequence[Subscription],
    next_due_at: Callable[[Subscription], datetime],
    now: datetime,
) -> tuple[Change, ...]:
    """Make what files own exactly what is wanted.

    What was added on the command line stays, unless a file names its slug: then the file owns it from now on. Removed
    things keep their posts, matches and digests, and are brought back when a file names them again.
    """
    changes = []
    change = _compare(tx, "sources", sources.source, {s.slug: sources.to_columns(s) for s in wanted_sources})
    for source in wanted_sources:
        if source.slug in change.added:
            sources.add(tx, source, now=now)
        elif source.slug in change.changed:
            sources.change(tx, source, now=now)
    for slug in change.removed:
        sources.remove(tx, slug, now=now)
    changes.append(change)

    change = _compare(tx, "watches", watches.watch, {w.slug: watches.to_columns(w) for w in wanted_watches})
    for watch in wanted_watches:
        if watch.slug in change.added + change.changed:
            watches.put(tx, watch, now=now)
    for slug in change.removed:
        watches.remove(tx, slug, now=now)
    changes.append(change)

    columns = {s.slug: subscriptions.to_columns(s) for s in wanted_subscriptions}
    change = _compare(tx, "subscriptions", subscriptions.subscription, columns)
    for subscription in wanted_subscriptions:
        if subscription.slug in change.added + change.changed:
            subscriptions.put(tx, subscription, next_due_at=next_due_at(subscription), now=now)
    for slug in change.removed:
        subscriptions.remove(tx, slug, now=now)
    changes.append(change)
    return tuple(changes)


def _compare(tx: Transaction, sort: str, table: Table, wanted: Mapping[str, Mapping[str, Any]]) -> Change:
    query = select(table).where(table.c.removed_at.is_(None)).order_by(table.c.slug)
    stored = {row.slug: row._mapping for row in tx.execute(query)}
    return Change(
        sort=sort,
        added=tuple(slug for slug in wanted if slug not in stored),
        changed=tuple(
            slug
            for slug, columns in wanted.items()
            if slug in stored and any(stored[slug][name] != _stored(value) for name, value in columns.items())
        ),
        removed=tuple(slug for slug, row in stored.items() if row["owner"] == Owner.FILE.value and slug not in wanted),
    )


def _stored(value: Any) -> Any:
    """A value as a JSON column gives it back: tuples are lists there, and keys are text."""
    return json.loads(json.dumps(value)) if isinstance(value, dict | list) else value
