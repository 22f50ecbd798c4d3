"""Watches as they are configured; what they matched is kept beside the posts."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from monitor.core.model import Alerts, Change, Owner, Priority, Quiet, QuietHours, Sensitivity, Watch
from monitor.store.database import Transaction
from monitor.store.tables import AlertStateRow, MatchRow, PostRow, WatchRow, table

watch, match, post = table(WatchRow), table(MatchRow), table(PostRow)
state = table(AlertStateRow)


def every(tx: Transaction) -> list[Watch]:
    """All watches that were not removed, paused ones too, by slug."""
    rows = tx.execute(select(watch).where(watch.c.removed_at.is_(None)).order_by(watch.c.slug))
    return [from_row(row) for row in rows]


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
    return {
        "title": value.title,
        "query": value.query,
        "owner": value.owner.value,
        "paused": value.paused,
        "is_list": value.is_list,
        "in_digests": value.in_digests,
        "priority": value.priority.value,
        "alerts": _alerts_to_json(value.alerts) if value.alerts else None,
    }


def put(tx: Transaction, value: Watch, *, now: datetime) -> None:
    """Store a watch, or set what it is where the slug is there already.

    The past is not matched again, and not alerted: where alerts begin, or a pause ends, they begin now.
    """
    columns = to_columns(value) | {"removed_at": None}
    before = tx.execute(select(watch).where(watch.c.slug == value.slug)).first()
    if before is None:
        id_ = tx.execute(
            insert(watch).values(slug=value.slug, created_at=now, **columns).returning(watch.c.id)
        ).scalar_one()
    else:
        id_ = before.id
        tx.execute(update(watch).where(watch.c.id == id_).values(columns))
    spoke = before is not None and before.alerts is not None and not before.paused and before.removed_at is None
    if value.alerts is not None and not value.paused and not spoke:
        begin_alerts(tx, id_, since=now, now=now)


def begin_alerts(tx: Transaction, watch_id: int, *, since: datetime, now: datetime) -> None:
    """Alerts begin, or begin anew: of what was first seen at `since` or later."""
    done = tx.execute(update(state).where(state.c.watch_id == watch_id).values(since_at=since, next_due_at=now))
    if done.rowcount == 0:
        tx.execute(insert(state).values(watch_id=watch_id, since_at=since, next_due_at=now))


def remove(tx: Transaction, slug: str, *, now: datetime) -> bool:
    """Stop a watch. What it matched stays."""
    done = tx.execute(update(watch).where(watch.c.slug == slug, watch.c.removed_at.is_(None)).values(removed_at=now))
    return done.rowcount == 1


# ── values and columns ─────────────────────────────────────────────────────────────────────────────────────


def from_row(row: Any) -> Watch:
    """A watch from the columns of its table."""
    return Watch(
        id=row.id,
        slug=row.slug,
        title=row.title,
        query=row.query,
        owner=Owner(row.owner),
        paused=row.paused,
        is_list=row.is_list,
        in_digests=row.in_digests,
        priority=Priority(row.priority),
        alerts=_alerts(row.alerts) if row.alerts else None,
    )


def _alerts_to_json(value: Alerts) -> dict[str, Any]:
    quiet = value.quiet
    return {
        "channel": value.channel,
        "recipients": list(value.recipients),
        "language": value.language,
        "timezone": value.timezone,
        "options": dict(value.options),
        "every": value.every.total_seconds(),
        "quiet": quiet
        and {
            "start": quiet.start.isoformat("minutes"),
            "end": quiet.end.isoformat("minutes"),
            "timezone": quiet.timezone,
            "then": quiet.then.value,
        },
        "stories": value.stories,
        "within": value.within.total_seconds(),
        "cooldown": value.cooldown.total_seconds(),
        "most": value.most,
        "spike": value.spike.value if value.spike else None,
        "silence": value.silence.total_seconds() if value.silence else None,
        "edits": [change.value for change in value.edits],
    }


def _alerts(kept: dict[str, Any]) -> Alerts:
    quiet = kept["quiet"]
    return Alerts(
        channel=kept["channel"],
        recipients=tuple(kept["recipients"]),
        language=kept["language"],
        timezone=kept.get("timezone") or (quiet["timezone"] if quiet else "UTC"),  # kept by versions without it
        options=kept["options"],
        every=timedelta(seconds=kept["every"]),
        quiet=QuietHours(
            start=time.fromisoformat(quiet["start"]),
            end=time.fromisoformat(quiet["end"]),
            timezone=quiet["timezone"],
            then=Quiet(quiet["then"]),
        )
        if quiet
        else None,
        stories=kept["stories"],
        within=timedelta(seconds=kept["within"]),
        cooldown=timedelta(seconds=kept["cooldown"]),
        most=kept["most"],
        spike=Sensitivity(kept["spike"]) if kept["spike"] else None,
        silence=timedelta(seconds=kept["silence"]) if kept["silence"] else None,
        edits=tuple(Change(each) for each in kept["edits"]),
    )
