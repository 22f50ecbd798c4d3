"""Watches as they are configured; what they matched is kept beside the posts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from monitor.core.model import Owner, Watch
from monitor.store.database import Transaction
from monitor.store.tables import MatchRow, PostRow, WatchRow, table

watch, match, post = table(WatchRow), table(MatchRow), table(PostRow)


def every(tx: Transaction) -> list[Watch]:
    """All watches that were not removed, paused ones too, by slug."""
    rows = tx.execute(select(watch).where(watch.c.removed_at.is_(None)).order_by(watch.c.slug))
    return [
        Watch(id=r.id, slug=r.slug, title=r.title, query=r.query, owner=Owner(r.owner), paused=r.paused) for r in rows
    ]


def counts(tx: Transaction, *, since: datetime) -> dict[str, int]:
    """How many posts each watch matched among those first seen at or after `since`."""
    query = (
        select(watch.c.slug, func.count())
        .join(match, match.c.watch_id == watch.c.id)
        .join(post, post.c.id == match.c.post_id)
        .where(post.c.first_seen_at >= since)
        .group_by(watch.c.slug)
    )
    return dict(tx.execute(query).all())


def to_columns(value: Watch) -> dict[str, Any]:
    """What an operator decides of a watch, as columns."""
    return {"title": value.title, "query": value.query, "owner": value.owner.value, "paused": value.paused}


def put(tx: Transaction, value: Watch, *, now: datetime) -> None:
    """Store a watch, or set what it is where the slug is there already. The past is not matched again."""
    columns = to_columns(value) | {"removed_at": None}
    done = tx.execute(update(watch).where(watch.c.slug == value.slug).values(columns))
    if done.rowcount == 0:
        tx.execute(insert(watch).values(slug=value.slug, created_at=now, **columns))


def remove(tx: Transaction, slug: str, *, now: datetime) -> bool:
    """Stop a watch. What it matched stays."""
    done = tx.execute(update(watch).where(watch.c.slug == slug, watch.c.removed_at.is_(None)).values(removed_at=now))
    return done.rowcount == 1
