"""What digests are compiled from, and what each one covered."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, and_, cast, exists, func, insert, select

from monitor.core.model import (
    Coverage,
    DoubtfulSource,
    FailingSource,
    Health,
    MissingPosts,
    StoredPost,
    Subscription,
    Trends,
)
from monitor.core.numbers import absent
from monitor.core.stories import Relation
from monitor.store import changes, posts
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import CoveredRow, DigestRow, PollRow, PostRow, SourceRow, SourceStateRow, table

digest, covered, post = table(DigestRow), table(CoveredRow), table(PostRow)
source, state, poll = table(SourceRow), table(SourceStateRow), table(PollRow)

_BYTES = 24  # of chance in a token


def uncovered(
    tx: Transaction, subscription: Subscription, *, since: datetime, until: datetime, as_of: bool = False
) -> list[StoredPost]:
    """Posts that came since the last edition and that this subscription was never given, in order of arrival.

    They are those stored after the newest post that there was then, and those first seen in [since, until): polls store
    posts a little after seeing them. So a clock that was wrong for a while neither loses nor delays a post. `as_of`:
    nothing that was first seen at or after `until`, as an edition compiled then would have it.
    """
    given = exists().where(covered.c.subscription_id == subscription.id, covered.c.post_id == post.c.id)
    came = select(post.c.id).where(post.c.first_seen_at >= since)
    in_time = came.where(post.c.first_seen_at < until)
    if subscription.last_post_id is None:
        query = posts.all_news().where(post.c.id.in_(came), ~given)
    else:  # either range is found by an index; of "one or the other" SQLite would rather read all posts
        later = select(post.c.id).where(post.c.id > subscription.last_post_id)
        query = posts.all_news().where(post.c.id.in_(in_time.union(later)), ~given)
    return posts.load(tx, query.where(post.c.first_seen_at < until) if as_of else query)


def newest_post(tx: Transaction) -> int:
    """The id of the post stored last, 0 where there is none."""
    return int(tx.execute(select(func.coalesce(func.max(post.c.id), 0))).scalar_one())


def new_token() -> str:
    """A token for the address of an edition's page: nobody guesses one."""
    return secrets.token_urlsafe(_BYTES)


def untaken(tx: Transaction, subscription: Subscription, due_at: datetime) -> datetime:
    """`due_at`, or the first second after it at which this subscription had no edition.

    A clock that was ahead may have served a due time long before it came. Messages are known by this time, so two
    editions must not share it.
    """
    begin = due_at.replace(microsecond=0)
    query = select(digest.c.due_at).where(digest.c.subscription_id == subscription.id, digest.c.due_at >= begin)
    taken = {at.replace(microsecond=0) for at in tx.execute(query).scalars()}
    while due_at.replace(microsecond=0) in taken:
        due_at += timedelta(seconds=1)
    return due_at


def given_before(tx: Transaction, subscription: Subscription, stories: Iterable[int]) -> dict[int, list[str]]:
    """Those of the stories that this subscription was given, by whichever of their posts, with what these say.

    It is asked where the posts are now: a story that was merged or split since counts as it stands.
    """
    found: defaultdict[int, list[str]] = defaultdict(list)
    wanted = sorted(set(stories))
    for start in range(0, len(wanted), posts.CHUNK):
        part = wanted[start : start + posts.CHUNK]
        query = (
            select(post.c.story_id, post.c.title, post.c.text, post.c.summary)
            .join(covered, covered.c.post_id == post.c.id)
            .where(covered.c.subscription_id == subscription.id, post.c.story_id.in_(part))
            .order_by(post.c.id)
        )
        for row in tx.execute(query):
            found[row.story_id].append(f"{row.title}\n{row.text or row.summary}")
    return dict(found)


def told_anew(tx: Transaction, post_ids: Iterable[int]) -> set[int]:
    """Those of the posts that belong to their stories by their words, so that other words in them are news."""
    by_words = {Relation.FIRST, Relation.REPOST, Relation.EDITED_COPY, Relation.FULL_TEXT}
    found: set[int] = set()
    wanted = sorted(set(post_ids))
    for start in range(0, len(wanted), posts.CHUNK):
        query = select(post.c.id).where(
            post.c.id.in_(wanted[start : start + posts.CHUNK]),
            post.c.relation.in_([relation.value for relation in by_words]),
        )
        found.update(tx.execute(query).scalars())
    return found


def coverage(
    tx: Transaction,
    *,
    since: datetime,
    until: datetime,
    selected: int,
    folded: int,
    stories: int,
    subscription: Subscription | None = None,
) -> Coverage:
    """What was polled between `since` and `until`, and what could not be.

    With `subscription`, the changes of sources' states that it was not told of yet.
    """
    following = and_(source.c.removed_at.is_(None), source.c.paused.is_(False), state.c.held.is_(False))
    base = select(source.c.id).join(state, state.c.source_id == source.c.id).where(following)
    in_time = and_(poll.c.started_at >= since, poll.c.started_at < until)
    read = in_time & poll.c.outcome.in_(("new", "known", "not-modified"))
    failing = (
        select(source.c.slug, source.c.title, state.c.last_error, state.c.last_success_at)
        .join(state, state.c.source_id == source.c.id)
        .where(following, state.c.failures > 0)
        .order_by(source.c.slug)
    )
    missed = (
        select(source.c.slug, source.c.title, func.max(poll.c.started_at).label("at"))
        .join(poll, poll.c.source_id == source.c.id)
        .where(in_time, poll.c.gap.is_not(None))
        .group_by(source.c.slug, source.c.title)
        .order_by(source.c.slug)
    )
    return Coverage(
        since=since,
        until=until,
        sources=_count(tx, base),
        checked=_count(tx, select(poll.c.source_id).distinct().where(read, poll.c.source_id.in_(base))),
        polls=_count(tx, select(poll.c.id).where(in_time)),
        failing=tuple(
            FailingSource(slug=r.slug, title=r.title, error=r.last_error or "", since=r.last_success_at)
            for r in tx.execute(failing)
        ),
        posts=_count(tx, posts.newer(since=since, until=until).with_only_columns(post.c.id).order_by(None)),
        selected=selected,
        folded=folded,
        stories=stories,
        silent=tuple(_silent(tx, following)),
        gaps=tuple(DoubtfulSource(slug=r.slug, title=r.title, at=r.at) for r in tx.execute(missed)),
        changes=() if subscription is None else changes.unseen_by(tx, subscription, since=since, until=until),
        missing=tuple(_missing(tx, following, since=since, until=until)),
    )


def _silent(tx: Transaction, following: Any) -> Iterator[DoubtfulSource]:
    """Sources that are read without errors and quieter than their own habits would have it."""
    query = (
        select(source.c.slug, source.c.title, func.coalesce(state.c.last_new_at, source.c.created_at).label("at"))
        .join(state, state.c.source_id == source.c.id)
        .where(following, state.c.health == Health.SILENT.value, state.c.failures == 0)
        .order_by(source.c.slug)
    )
    for row in tx.execute(query):
        yield DoubtfulSource(slug=row.slug, title=row.title, at=row.at)


def _missing(tx: Transaction, following: Any, *, since: datetime, until: datetime) -> Iterator[MissingPosts]:
    """Numbered posts found missing in that time, not those that were missing from the beginning."""
    query = (
        select(source.c.slug, source.c.title, state.c.numbers)
        .join(state, state.c.source_id == source.c.id)
        .where(following, cast(state.c.numbers, Text) != "{}")
        .order_by(source.c.slug)
    )
    for row in tx.execute(query):
        found = [a for a in absent(row.numbers) if a.found_at is not None and since <= a.found_at < until]
        withdrawn = sum(a.count for a in found if a.withdrawn)
        never_seen = sum(a.count for a in found if not a.withdrawn)
        if found:
            yield MissingPosts(slug=row.slug, title=row.title, never_seen=never_seen, withdrawn=withdrawn)


def add(
    tx: Transaction,
    subscription: Subscription,
    *,
    due_at: datetime,
    compiled_at: datetime,
    coverage: Coverage,
    given: Sequence[StoredPost],
    told: Collection[int] | None = None,
    trends: Trends | None = None,
    token: str | None = None,
) -> int:
    """Record an edition and every post it settled for this subscription. Gives its id.

    `told` are the ids of the posts that it showed, all of `given` where nothing is said.
    """
    id_ = tx.execute(
        insert(digest)
        .values(
            subscription_id=subscription.id,
            due_at=due_at,
            compiled_at=compiled_at,
            since_at=coverage.since,
            stories=coverage.stories,
            posts=len(given),
            coverage=_plain(asdict(coverage)),
            trends=None if trends is None else _plain(asdict(trends)),
            token=token,
        )
        .returning(digest.c.id)
    ).scalar_one()
    rows = [
        {
            "subscription_id": subscription.id,
            "post_id": p.id,
            "story_id": p.story_id,
            "digest_id": id_,
            "shown": told is None or p.id in told,
        }
        for p in given
    ]
    insert_new(tx, covered, rows, key=("subscription_id", "post_id"))
    return int(id_)


def _count(tx: Transaction, query: Any) -> int:
    return int(tx.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def _plain(value: Any) -> Any:
    """Times as ISO 8601 text, all through a structure: what JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value.isoformat() if isinstance(value, datetime) else value
