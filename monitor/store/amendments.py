"""What became of posts that a subscription was given: edits and withdrawals, each told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from monitor.core.changes import Kind, difference
from monitor.core.model import Amendment, Fate, StoredPost, Subscription, Wording
from monitor.store.database import Transaction
from monitor.store.posts import CHUNK, chunks
from monitor.store.tables import ChangeRow, CoveredRow, PostRow, RevisionRow, SourceRow, table

change, covered, post = table(ChangeRow), table(CoveredRow), table(PostRow)
revision, source = table(RevisionRow), table(SourceRow)

_FATES = {Kind.WITHDRAWN: Fate.WITHDRAWN, Kind.RESTORED: Fate.RESTORED}


def newest(tx: Transaction) -> int:
    """The id of the change noted last, 0 where there is none."""
    return int(tx.execute(select(func.coalesce(func.max(change.c.id), 0))).scalar_one())


def since_last(tx: Transaction, subscription: Subscription) -> tuple[Amendment, ...]:
    """What was noted since the last edition of posts that the subscription was given, the latest first."""
    query = (
        select(
            change.c.kind,
            change.c.at,
            change.c.revision,
            post.c.id,
            post.c.story_id,
            post.c.title,
            post.c.text,
            post.c.url,
            post.c.language,
            source.c.title.label("source_title"),
        )
        .join(covered, covered.c.post_id == change.c.post_id)
        .join(post, post.c.id == change.c.post_id)
        .join(source, source.c.id == post.c.source_id)
        .where(
            covered.c.subscription_id == subscription.id,
            covered.c.shown.is_(True),
            change.c.id > (subscription.last_change_id or 0),
        )
        .order_by(change.c.id)
    )
    by_post: defaultdict[int, list[Any]] = defaultdict(list)
    for row in tx.execute(query):
        by_post[row.id].append(row)
    found = [_amendment(tx, rows) for rows in by_post.values()]
    return tuple(sorted(found, key=lambda each: (each.at, each.post_id), reverse=True))


def edits_of(tx: Transaction, posts: Iterable[StoredPost]) -> dict[int, tuple[Wording, ...]]:
    """How posts were edited since they were first read, by id; those that were not are left out."""
    edited = {stored.id: stored.post.text for stored in posts if stored.revisions}
    first: dict[int, str] = {}
    for part in chunks(sorted(edited), CHUNK):
        query = select(revision.c.post_id, revision.c.text).where(revision.c.post_id.in_(part), revision.c.number == 1)
        first |= {row.post_id: row.text for row in tx.execute(query)}
    return {id_: difference(before, edited[id_]) for id_, before in first.items() if before != edited[id_]}


def withdrawn(tx: Transaction, posts: Iterable[StoredPost]) -> dict[int, datetime]:
    """Those of the posts that their sources show no more, by id, and since when."""
    found: dict[int, datetime] = {}
    for part in chunks(sorted(stored.id for stored in posts), CHUNK):
        query = select(post.c.id, post.c.withdrawn_at).where(post.c.id.in_(part), post.c.withdrawn_at.is_not(None))
        found |= {row.id: row.withdrawn_at for row in tx.execute(query)}
    return found


def _amendment(tx: Transaction, rows: list[Any]) -> Amendment:
    last = rows[-1]
    fate = _FATES.get(Kind(last.kind), Fate.EDITED)
    numbers = [row.revision for row in rows if row.revision is not None]
    edits: tuple[Wording, ...] = ()
    if numbers:
        query = select(revision.c.text).where(revision.c.post_id == last.id, revision.c.number == min(numbers))
        before = tx.execute(query).scalar_one_or_none()
        edits = difference(before, last.text) if before is not None else ()
    return Amendment(
        post_id=last.id,
        story_id=last.story_id,
        fate=fate,
        at=last.at,
        title=last.title,
        url=last.url,
        source_title=last.source_title,
        language=last.language,
        edits=edits,
    )
