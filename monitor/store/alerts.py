"""Where the alerts of watches stand, what they have to tell, and what they have told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, select, update

from monitor.core.model import StoredPost, Watch
from monitor.store import posts, watches
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import AlertedRow, AlertStateRow, MatchRow, PostRow, RevisionRow, WatchRow, table

state, alerted = table(AlertStateRow), table(AlertedRow)
watch, match, post, revision = table(WatchRow), table(MatchRow), table(PostRow), table(RevisionRow)

FOUND = "found"
"""The reason under which a post that was found is recorded as told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the alerts of a watch stand."""

    watch: Watch
    created_at: datetime  # of the watch
    since_at: datetime
    next_due_at: datetime
    last_alert_at: datetime | None
    spike_at: datetime | None
    silence_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit of a post, or its withdrawal."""

    stored: StoredPost
    reason: str  # under which it is recorded as told
    title: str  # what it said before
    text: str
    next_title: str  # and after; the same where it was withdrawn
    next_text: str
    first: bool  # nothing is known that the post said before that
    withdrawn: bool = False


def due(tx: Transaction, *, now: datetime) -> list[Standing]:
    """Watches whose alerts are to be looked at, longest due first."""
    query = (
        select(watch, state)
        .join(state, state.c.watch_id == watch.c.id)
        .where(
            watch.c.removed_at.is_(None),
            watch.c.paused.is_(False),
            watch.c.is_list.is_(False),
            state.c.next_due_at <= now,
        )
        .order_by(state.c.next_due_at, watch.c.id)
    )
    return [
        Standing(
            watch=watches.from_row(row),
            created_at=row.created_at,
            since_at=row.since_at,
            next_due_at=row.next_due_at,
            last_alert_at=row.last_alert_at,
            spike_at=row.spike_at,
            silence_at=row.silence_at,
        )
        for row in tx.execute(query)
        if row.alerts is not None
    ]


def advance(tx: Transaction, before: Standing, **changes: Any) -> bool:
    """Set where the alerts of a watch stand. False, with nothing changed, where another process did so meanwhile."""
    done = tx.execute(
        update(state)
        .where(
            state.c.watch_id == before.watch.id,
            state.c.next_due_at == before.next_due_at,
            state.c.last_alert_at.is_not_distinct_from(before.last_alert_at),
            state.c.since_at == before.since_at,
        )
        .values(**changes)
    )
    return done.rowcount == 1


def untold(tx: Transaction, of: Standing, *, until: datetime) -> list[StoredPost]:
    """Posts in which the watch was found since, that none of its alerts has told of, in order of arrival."""
    told = exists().where(alerted.c.watch_id == of.watch.id, alerted.c.post_id == post.c.id, alerted.c.reason == FOUND)
    found = exists().where(match.c.watch_id == of.watch.id, match.c.post_id == post.c.id)
    return posts.load(tx, posts.newer(since=of.since_at, until=until).where(found, ~told))


def stories_told(tx: Transaction, of: Watch, stories: Iterable[int]) -> set[int]:
    """Those of the stories, as they stand now, of which alerts of this watch have told before."""
    found: set[int] = set()
    wanted = sorted(set(stories))
    for start in range(0, len(wanted), posts.CHUNK):
        part = wanted[start : start + posts.CHUNK]
        query = (
            select(post.c.story_id)
            .join(alerted, alerted.c.post_id == post.c.id)
            .where(alerted.c.watch_id == of.id, alerted.c.reason == FOUND, post.c.story_id.in_(part))
        )
        found.update(tx.execute(query).scalars())
    return found


def told_since(tx: Transaction, of: Watch, *, since: datetime) -> list[datetime]:
    """When the stories that alerts of this watch have told of arrived, of those that did since."""
    query = (
        select(func.min(post.c.first_seen_at))
        .join(alerted, alerted.c.post_id == post.c.id)
        .where(alerted.c.watch_id == of.id, alerted.c.reason == FOUND, alerted.c.alert.is_not(None))
        .group_by(post.c.story_id)
        .having(func.min(post.c.first_seen_at) >= since)
    )
    return list(tx.execute(query).scalars())


def first_told(tx: Transaction, of: Watch, stories: Iterable[int]) -> dict[int, str]:
    """By story, as it stands now, the alert that told of it first (`core.alerting.alert_key`), where one did."""
    found: dict[int, str] = {}
    wanted = sorted(set(stories))
    for start in range(0, len(wanted), posts.CHUNK):
        part = wanted[start : start + posts.CHUNK]
        query = (
            select(post.c.story_id, alerted.c.alert)
            .join(alerted, alerted.c.post_id == post.c.id)
            .where(alerted.c.watch_id == of.id, post.c.story_id.in_(part), alerted.c.alert.is_not(None))
            .order_by(alerted.c.at.desc(), alerted.c.post_id.desc())
        )
        found.update({row.story_id: row.alert for row in tx.execute(query)})
    return found


def edits(tx: Transaction, of: Standing, *, until: datetime) -> list[Edit]:
    """Edits and withdrawals noticed since, that none of the watch's alerts has told of, oldest first."""
    query = (
        select(revision)
        .where(revision.c.replaced_at >= of.since_at, revision.c.replaced_at < until)
        .order_by(revision.c.replaced_at, revision.c.id)
    )
    rows = tx.execute(query).all()
    gone = post.c.withdrawn_at
    noticed = select(post.c.id, gone).where(gone >= of.since_at, gone < until).order_by(gone, post.c.id)
    withdrawn = {row.id: row.withdrawn_at for row in tx.execute(noticed)}
    ids = {row.post_id for row in rows} | withdrawn.keys()
    stored = {each.id: each for each in posts.by_ids(tx, sorted(ids))}
    told = (
        set(
            tx.execute(
                select(alerted.c.post_id, alerted.c.reason).where(
                    alerted.c.watch_id == of.watch.id, alerted.c.post_id.in_(sorted(ids)), alerted.c.reason != FOUND
                )
            ).all()
        )
        if ids
        else set()
    )
    found = []
    for row in rows:
        reason = f"edit-{row.number}"
        if row.post_id not in stored or (row.post_id, reason) in told:
            continue
        after = tx.execute(
            select(revision.c.title, revision.c.text).where(
                and_(revision.c.post_id == row.post_id, revision.c.number == row.number + 1)
            )
        ).first()
        now = stored[row.post_id].post
        found.append(
            Edit(
                stored=stored[row.post_id],
                reason=reason,
                title=row.title,
                text=row.text,
                next_title=after.title if after else now.title,
                next_text=after.text if after else now.text,
                first=row.number == 1,
            )
        )
    for id_, at in withdrawn.items():
        reason = f"withdrawn {at:%Y-%m-%d %H:%M:%S}"  # what came back may be withdrawn again
        if (id_, reason) not in told:
            said = stored[id_].post
            found.append(
                Edit(
                    stored=stored[id_],
                    reason=reason,
                    title=said.title,
                    text=said.text,
                    next_title=said.title,
                    next_text=said.text,
                    first=not stored[id_].revisions,
                    withdrawn=True,
                )
            )
    return found


def found_at(tx: Transaction, of: Watch, *, since: datetime) -> list[datetime]:
    """When each story in which the watch was found was first seen, since then and without backlog."""
    first = func.min(post.c.first_seen_at)
    query = (
        select(first)
        .join(match, match.c.post_id == post.c.id)
        .where(match.c.watch_id == of.id, post.c.first_seen_at >= since, post.c.backlog.is_(False))
        .group_by(post.c.story_id)
    )
    return list(tx.execute(query).scalars())


def last_found_at(tx: Transaction, of: Watch) -> datetime | None:
    """When a post was last seen in which the watch was found."""
    query = select(func.max(post.c.first_seen_at)).join(match, match.c.post_id == post.c.id)
    found: datetime | None = tx.execute(query.where(match.c.watch_id == of.id)).scalar()
    return found


def record(
    tx: Transaction,
    of: Watch,
    told: Sequence[tuple[StoredPost, str]],
    *,
    by_story: Mapping[int, str],
    now: datetime,
) -> None:
    """Posts that were told, or are not going to be, each with the reason.

    `by_story` has for each story that is or was told of the alert that did so first.
    """
    insert_new(
        tx,
        alerted,
        [
            {
                "watch_id": of.id,
                "post_id": stored.id,
                "reason": reason,
                "story_id": stored.story_id,
                "at": now,
                "alert": by_story.get(stored.story_id),
            }
            for stored, reason in told
        ],
        key=("watch_id", "post_id", "reason"),
    )
