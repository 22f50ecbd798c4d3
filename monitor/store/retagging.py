"""Which posts were tagged by which version of the taxonomies, and tagging them anew.

Each post names the version by which it was tagged, so the work that is left is always known, and goes on after a crash
where it stopped. The table `taxonomy` says which version is the present one: the one with which a service was started
last. Of several services with different files the others stand back, or they would tag each other's posts for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, tuple_, update

from monitor.core.packedtags import evidence_rows
from monitor.core.retagging import Job, Retagged, Summary
from monitor.store import posts, verdicts
from monitor.store.database import Transaction, insert_or_update
from monitor.store.tables import MatchRow, PostRow, SourceRow, TagRow, TaxonomyRow, WatchRow, table

post, tag, match = table(PostRow), table(TagRow), table(MatchRow)
source, watch, taxonomy = table(SourceRow), table(WatchRow), table(TaxonomyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which posts are tagged anew."""

    since: datetime | None = None  # first seen at or after
    source: str | None = None  # slug
    every: bool = False  # those that the same version has tagged as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far tagging the archive by the present version has come."""

    version: str
    since: datetime  # when it became the present version
    finished_at: datetime | None
    posts: int  # stored
    waiting: int  # tagged by another version, or by none that is known
    changed: int  # posts that got other tags so far
    gained: dict[str, int]  # "facet:slug" → posts
    lost: dict[str, int]


def begin(tx: Transaction, version: str, *, now: datetime) -> bool:
    """Make a version the present one. False where it is already."""
    now_present = standing(tx)
    if now_present is not None and now_present.version == version:
        return False
    # Later than any before it, also where the clocks of two machines differ.
    since = now if now_present is None else max(now, now_present.since + timedelta(microseconds=1))
    row = {
        "version": version,
        "since": since,
        "finished_at": None,
        "retagged": 0,
        "changed": 0,
        "gained": {},
        "lost": {},
    }
    insert_or_update(tx, taxonomy, [row], key=("version",), update=tuple(row.keys() - {"version"}))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The present version: the one that posts are to be tagged by."""

    version: str
    since: datetime
    finished_at: datetime | None


def standing(tx: Transaction) -> Standing | None:
    """The present version; None before a service was ever started."""
    row = tx.execute(_LATEST).first()
    return Standing(version=row.version, since=row.since, finished_at=row.finished_at) if row is not None else None


_LATEST = select(taxonomy).order_by(taxonomy.c.since.desc(), taxonomy.c.version).limit(1)


def progress(tx: Transaction) -> Progress | None:
    """How far it has come; None before a service was ever started."""
    row = tx.execute(_LATEST).first()
    if row is None:
        return None
    return Progress(
        version=row.version,
        since=row.since,
        finished_at=row.finished_at,
        posts=posts.count(tx),
        waiting=waiting(tx, row.version),
        changed=row.changed,
        gained=dict(row.gained),
        lost=dict(row.lost),
    )


def waiting(tx: Transaction, version: str, scope: Scope | None = None) -> int:
    """How many posts are still to be tagged by a version."""
    query = _within(select(func.count()).select_from(post), scope or Scope(), version)
    return int(tx.execute(query).scalar_one())


def batch(
    tx: Transaction, version: str, *, limit: int, scope: Scope | None = None, below: int | None = None
) -> list[Job]:
    """The newest posts, with ids under `below`, that are still to be tagged by a version, newest first."""
    if scope is None and below is None:
        ids = _newest_waiting(tx, version, limit)
    else:
        query = _within(select(post.c.id), scope or Scope(), version)
        query = query.where(post.c.id < below) if below is not None else query
        ids = list(tx.execute(query.order_by(post.c.id.desc()).limit(limit)).scalars())
    return jobs(tx, ids)


def jobs(tx: Transaction, ids: Sequence[int]) -> list[Job]:
    """Posts as they are stored, with what persons said of them, newest first."""
    if not ids:
        return []
    found = posts.by_ids(tx, ids)
    said = verdicts.of(tx, ids)
    return [Job(stored=stored, verdicts=said.get(stored.id, ())) for stored in sorted(found, key=lambda p: -p.id)]


def store(tx: Transaction, done: Iterable[Retagged], *, version: str, counts: bool = True) -> Summary:
    """Store what was found, and where it `counts` as a change of the taxonomies, count it for the version.

    A post that was edited, or of which somebody said something, since it was read is left for the next time.
    """
    summary = Summary()
    there = _as_read(tx, list(done))
    for part in posts.chunks([one.job.stored.id for one in there]):
        tx.execute(update(post).where(post.c.id.in_(part)).values(taxonomy=version))
    _store_tags(tx, there)
    _store_matches(tx, there)
    for one in there:
        summary.add(one)
    if counts:
        _count(tx, version, summary)
    return summary


def _as_read(tx: Transaction, done: Sequence[Retagged]) -> list[Retagged]:
    """Those of the posts that are as they were when they were read, locked."""
    ids = [one.job.stored.id for one in done]
    said = verdicts.of(tx, ids)
    hashes: dict[int, bytes] = {}
    for part in posts.chunks(ids):
        query = select(post.c.id, post.c.content_hash).where(post.c.id.in_(part)).order_by(post.c.id)
        hashes.update({row.id: row.content_hash for row in tx.execute(query.with_for_update())})
    return [
        one
        for one in done
        if hashes.get(one.job.stored.id) == one.job.stored.post.content_hash
        and said.get(one.job.stored.id, ()) == one.job.verdicts
    ]


def skip(tx: Transaction, post_id: int, *, version: str) -> None:
    """Leave a post as it is: it cannot be tagged, and must not hold up the others."""
    tx.execute(update(post).where(post.c.id == post_id).values(taxonomy=version))


def finish(tx: Transaction, version: str, *, now: datetime) -> None:
    """Record that no post is left."""
    unfinished = and_(taxonomy.c.version == version, taxonomy.c.finished_at.is_(None))
    tx.execute(update(taxonomy).where(unfinished).values(finished_at=now))


def _newest_waiting(tx: Transaction, version: str, limit: int) -> list[int]:
    """By the index alone, however many posts are done: of each other version the newest, then of these the newest."""
    ids: list[int] = []
    for other in _versions(tx):
        if other != version:
            query = select(post.c.id).where(post.c.taxonomy == other).order_by(post.c.id.desc()).limit(limit)
            ids += tx.execute(query).scalars()
    return sorted(ids, reverse=True)[:limit]


def _versions(tx: Transaction) -> Iterator[str]:
    """Every version that some post names, each by one look into the index."""
    found = tx.execute(select(func.min(post.c.taxonomy))).scalar()
    while found is not None:
        yield found
        found = tx.execute(select(func.min(post.c.taxonomy)).where(post.c.taxonomy > found)).scalar()


def _within(query: Select[Any], scope: Scope, version: str) -> Select[Any]:
    if not scope.every:
        query = query.where(or_(post.c.taxonomy < version, post.c.taxonomy > version))  # "!=" would use no index
    if scope.since is not None:
        query = query.where(post.c.first_seen_at >= scope.since)
    if scope.source is not None:
        query = query.where(post.c.source_id.in_(select(source.c.id).where(source.c.slug == scope.source)))
    return query


def _store_tags(tx: Transaction, done: Iterable[Retagged]) -> None:
    """Write only what differs: most posts keep most tags."""
    gone: list[tuple[int, str, str]] = []
    rows: list[dict[str, Any]] = []
    for one in done:
        id_ = one.job.stored.id
        known = {(each.facet, each.slug): each for each in one.job.stored.tags}
        wanted = {(each.facet, each.slug): each for each in one.tags}
        gone += [(id_, facet.value, slug) for facet, slug in known.keys() - wanted.keys()]
        rows += [posts.tag_row(id_, each) for key, each in wanted.items() if known.get(key) != each]
    for part in posts.chunks(gone, posts.CHUNK // 4):
        of_posts = tag.c.post_id.in_({id_ for id_, _, _ in part})  # said twice: SQLite takes no index for the triples
        tx.execute(delete(tag).where(of_posts, tuple_(tag.c.post_id, tag.c.facet, tag.c.slug).in_(part)))
    insert_or_update(tx, tag, rows, key=("post_id", "facet", "slug"), update=("main", "weight", "evidence"))


def _store_matches(tx: Transaction, done: Iterable[Retagged]) -> None:
    """Of watches that were there when the post came: a newer one was never meant to search the past."""
    changed = [one for one in done if one.lost or one.found]
    slugs = {slug for one in changed for slug in (*one.lost, *(each.watch for each in one.found))}
    if not slugs:
        return
    there = select(watch.c.slug, watch.c.id, watch.c.created_at).where(watch.c.removed_at.is_(None))
    watches = {row.slug: row for row in tx.execute(there) if row.slug in slugs}
    gone = [(one.job.stored.id, watches[slug].id) for one in changed for slug in one.lost if slug in watches]
    for part in posts.chunks(gone, posts.CHUNK // 3):
        of_posts = match.c.post_id.in_({id_ for id_, _ in part})
        tx.execute(delete(match).where(of_posts, tuple_(match.c.post_id, match.c.watch_id).in_(part)))
    rows = [
        {
            "post_id": one.job.stored.id,
            "watch_id": watches[each.watch].id,
            "evidence": evidence_rows(each.evidence),
        }
        for one in changed
        for each in one.found
        if each.watch in watches and watches[each.watch].created_at <= one.job.stored.first_seen_at
    ]
    insert_or_update(tx, match, rows, key=("post_id", "watch_id"), update=("evidence",))


def _count(tx: Transaction, version: str, summary: Summary) -> None:
    row = tx.execute(select(taxonomy).where(taxonomy.c.version == version).with_for_update()).first()
    if row is None or not summary.posts:
        return
    tx.execute(
        update(taxonomy)
        .where(taxonomy.c.version == version)
        .values(
            retagged=row.retagged + summary.posts,
            changed=row.changed + summary.changed,
            gained=dict(Counter(row.gained) + summary.gained),
            lost=dict(Counter(row.lost) + summary.lost),
        )
    )
