"""Editions of the past: what was kept of them, and the posts that they showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from monitor.core.model import (
    Content,
    Coverage,
    DoubtfulSource,
    EditionRecord,
    FailingSource,
    Health,
    HealthChange,
    MissingPosts,
    StoredPost,
    Subscription,
    Trend,
    Trends,
)
from monitor.store import posts, subscriptions
from monitor.store.database import Transaction
from monitor.store.tables import ContentRow, CoveredRow, DigestRow, MessageRow, table

digest, covered, message, content = table(DigestRow), table(CoveredRow), table(MessageRow), table(ContentRow)


def latest(
    tx: Transaction,
    subscription: Subscription,
    *,
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[EditionRecord]:
    """Editions of a subscription due in [since, until), the newest first."""
    query = _editions().where(digest.c.subscription_id == subscription.id)
    if since is not None:
        query = query.where(digest.c.due_at >= since)
    if until is not None:
        query = query.where(digest.c.due_at < until)
    return [_record(row) for row in tx.execute(query.order_by(digest.c.due_at.desc()).limit(limit))]


def by_token(tx: Transaction, token: str) -> tuple[Subscription, EditionRecord] | None:
    """The edition whose page has this token; None where there is none, or its subscription is no more."""
    row = tx.execute(_editions().where(digest.c.token == token)).first()
    if row is None:
        return None
    whose = next((each for each in subscriptions.every(tx) if each.id == row.subscription_id), None)
    return None if whose is None else (whose, _record(row))


def shown(tx: Transaction, edition_id: int) -> list[StoredPost]:
    """The posts that an edition showed, as they are now, in order of arrival."""
    of_edition = select(covered.c.post_id).where(covered.c.digest_id == edition_id, covered.c.shown.is_(True))
    return posts.load(tx, posts.all_news().where(posts.post.c.id.in_(of_edition)))


def sent(tx: Transaction, edition_id: int) -> Content | None:
    """What was sent of an edition, word for word; None where nothing was."""
    query = (
        select(content)
        .join(message, message.c.content_id == content.c.id)
        .where(message.c.digest_id == edition_id)
        .order_by(content.c.id)
        .limit(1)
    )
    row = tx.execute(query).first()
    if row is None:
        return None
    return Content(subject=row.subject, text=row.text, html=row.html, payload=row.payload, calendar=row.calendar)


def _editions() -> Select[Any]:
    made = select(func.count()).where(message.c.digest_id == digest.c.id).scalar_subquery()
    return select(digest, made.label("messages"))


def _record(row: Any) -> EditionRecord:
    return EditionRecord(
        id=row.id,
        due_at=row.due_at,
        compiled_at=row.compiled_at,
        stories=row.stories,
        posts=row.posts,
        coverage=_coverage(row.coverage),
        trends=None if row.trends is None else _trends(row.trends),
        token=row.token,
        messages=row.messages,
    )


def _coverage(kept: Mapping[str, Any]) -> Coverage:
    """As `store.digests.add` keeps it; what an earlier version did not know is absent."""
    doubtful = {
        part: tuple(DoubtfulSource(**_timed(each, "at")) for each in kept.get(part, ())) for part in ("silent", "gaps")
    }
    whole = {
        **_timed(kept, "since", "until"),
        **doubtful,
        "failing": tuple(FailingSource(**_timed(each, "since")) for each in kept.get("failing", ())),
        "changes": tuple(_change(each) for each in kept.get("changes", ())),
        "missing": tuple(MissingPosts(**each) for each in kept.get("missing", ())),
    }
    return Coverage(**whole)


def _change(kept: Mapping[str, Any]) -> HealthChange:
    change = HealthChange(**_timed(kept, "at"))
    return replace(change, before=Health(change.before), after=Health(change.after))


def _trends(kept: Mapping[str, Any]) -> Trends:
    tags = tuple(Trend(**each) for each in kept["tags"])
    return Trends(**(_timed(kept, "since", "until") | {"total": Trend(**kept["total"]), "tags": tags}))


def _timed(kept: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """`kept` with the times under `names` read back."""
    return {
        key: datetime.fromisoformat(value) if key in names and isinstance(value, str) else value
        for key, value in kept.items()
    }
