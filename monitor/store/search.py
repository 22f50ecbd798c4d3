"""Search over everything stored: an index narrows, the evaluator decides, on both databases with the same results.

Indexing is not part of storing: it is done in small batches afterwards, and posts that are not indexed yet are
candidates of every search. SQLite's FTS5 and PostgreSQL's tsvector get the very tokens that `core.narrowing` makes, so
neither's idea of case, script or stems plays a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, column, delete, exists, func, or_, select, text, union_all, update
from sqlalchemy import table as lightweight
from sqlalchemy.dialects.postgresql import TSQUERY

from monitor.core.matching import Evaluator
from monitor.core.model import Evidence, Facet, Forward, Media, Post, Source, Tag, Watch
from monitor.core.narrowing import (
    AllOf,
    AnyOf,
    Condition,
    SeenSince,
    TagIs,
    Token,
    ValueIs,
    narrowed,
    tokens_of,
)
from monitor.core.packedtags import evidence_of, evidence_rows
from monitor.core.query.tree import Origin, Query, Tagged, terms_of
from monitor.core.subject import Subject, subject_of
from monitor.store import posts, sources, watches
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import IndexedRow, MatchRow, PostRow, SearchStateRow, SourceRow, StaleRow, TagRow, table

post, tag, source, match = table(PostRow), table(TagRow), table(SourceRow), table(MatchRow)
indexed, stale, state = table(IndexedRow), table(StaleRow), table(SearchStateRow)

_fts = lightweight("post_words", column("rowid"), column("post_words"))  # SQLite's
_vectors = lightweight("post_words", column("post_id"), column("words"))  # PostgreSQL's

TOO_MANY = "¤"
"""Stands for all words of a post that has too many to be indexed: no word, so that none is taken for it."""

SETTLES_AFTER = timedelta(hours=1)
"""On PostgreSQL a post may become visible after one with a higher number; not by more than this."""

BATCH = 400  # posts loaded at a time
FEW_SHOWN = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A post that matches, with as much of it as ordering and counting need."""

    id: int
    story_id: int
    source: str  # slug
    language: str | None
    published: datetime
    evidence: tuple[Evidence, ...]
    title_length: int
    length: int  # of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found among the newest candidates."""

    hits: tuple[Hit, ...]  # newest first by arrival
    judged: int  # candidates that the evaluator looked at
    complete: bool  # whether these were all candidates
    oldest: datetime | None = None  # of the candidates judged, when there are more


# ── indexing ───────────────────────────────────────────────────────────────────────────────────────────────


def index(tx: Transaction, *, now: datetime, limit: int = 500) -> int:
    """Index up to `limit` posts that are not indexed or have changed, oldest first. Gives how many it were."""
    settled = _settled(tx)
    pending = list(
        tx.execute(select(post.c.id).where(_not_indexed(settled)).order_by(post.c.id).limit(limit)).scalars()
    )
    if pending:
        columns = (post.c.id, post.c.title, post.c.text, post.c.hashtags, post.c.language, post.c.stated_at)
        for start in range(0, len(pending), posts.CHUNK):
            part = pending[start : start + posts.CHUNK]
            rows = tx.execute(select(*columns).where(post.c.id.in_(part))).all()
            _put(tx, [(row.id, tokens_of(_worded(row)) or {TOO_MANY}) for row in rows])
            insert_new(tx, indexed, [{"post_id": row.id} for row in rows], key=("post_id",))
            tx.execute(delete(stale).where(stale.c.post_id.in_(part)))
    _settle(tx, settled, upto=pending[-1] if len(pending) == limit else None, now=now)
    return len(pending)


def waiting(tx: Transaction) -> int:
    """How many posts are not indexed yet."""
    return int(tx.execute(select(func.count()).select_from(post).where(_not_indexed(_settled(tx)))).scalar_one())


def _settled(tx: Transaction) -> int:
    return int(tx.execute(select(state.c.settled)).scalar_one())


def _not_indexed(settled: int) -> ColumnElement[bool]:
    later = lightweight("post", column("id")).alias("later")
    missing = select(later.c.id).where(later.c.id > settled, ~exists().where(indexed.c.post_id == later.c.id))
    # Listed, few as they are: asked of each post in an "or", SQLite would go through the whole archive.
    return post.c.id.in_(union_all(missing, select(stale.c.post_id)))


def _settle(tx: Transaction, settled: int, *, upto: int | None, now: datetime) -> None:
    """Everything is indexed, or everything up to that post: move the mark on to posts so old that none before them can
    still appear."""
    old = select(func.max(post.c.id)).where(post.c.id > settled, post.c.first_seen_at < now - SETTLES_AFTER)
    reached = tx.execute(old if upto is None else old.where(post.c.id <= upto)).scalar()
    if reached:
        tx.execute(update(state).values(settled=reached))
        tx.execute(delete(indexed).where(indexed.c.post_id <= reached))


def _worded(row: Any) -> Post:
    """As much of a post as its words need."""
    return Post(
        guid="",
        url=None,
        title=row.title,
        text=row.text,
        html="",
        language=row.language,
        stated_at=row.stated_at,
        hashtags=tuple(row.hashtags),
        content_hash=b"",
        fingerprint=None,
    )


def _put(tx: Transaction, rows: list[tuple[int, set[str]]]) -> None:
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        # A post that is there already gets its new words beside the old ones, which at worst makes it a candidate.
        statement = text("INSERT INTO post_words (rowid, words) VALUES (:id, :words)")
        tx.execute(statement, [{"id": id_, "words": " ".join(sorted(tokens))} for id_, tokens in rows])
    else:
        statement = text(
            "INSERT INTO post_words (post_id, words) VALUES (:id, array_to_tsvector(CAST(:words AS text[]))) "
            "ON CONFLICT (post_id) DO UPDATE SET words = excluded.words"
        )
        tx.execute(statement, [{"id": id_, "words": sorted(tokens)} for id_, tokens in rows])


# ── searching ──────────────────────────────────────────────────────────────────────────────────────────────


def search(
    tx: Transaction,
    query: Query,
    *,
    now: datetime,
    within: int | None = FEW_SHOWN,
    since: datetime | None = None,
) -> Found:
    """Every match among the `within` newest candidates (None: among all), newest arrival first.

    Of posts published at or after `since`, where it is given.
    """
    ids = _candidates(tx, narrowed(query.root, now=now), since=since, most=None if within is None else within + 1)
    complete = within is None or len(ids) <= within
    ids = ids if complete else ids[:within]
    terms = list(terms_of(query.root))
    tagged, known = any(isinstance(term, Tagged) for term in terms), any(isinstance(term, Origin) for term in terms)
    evaluator = Evaluator(query)
    hits = []
    oldest = None
    for subject, id_, story_id in _subjects(tx, ids, now=now, tagged=tagged, whole=known):
        oldest = subject.seen_at
        if since is not None and subject.published < since:
            continue
        evidence = evaluator.evidence(subject)
        if evidence is not None:
            hits.append(
                Hit(
                    id=id_,
                    story_id=story_id,
                    source=subject.source.slug,
                    language=subject.post.language,
                    published=subject.published,
                    evidence=evidence,
                    title_length=len(subject.post.title),
                    length=len(subject.post.text),
                )
            )
    return Found(hits=tuple(hits), judged=len(ids), complete=complete, oldest=None if complete else oldest)


def _candidates(tx: Transaction, condition: Condition | None, *, since: datetime | None, most: int | None) -> list[int]:
    """The newest posts that meet a condition or are not indexed yet, newest first."""
    # No post is published after it was first seen.
    seen = [post.c.first_seen_at >= since] if since is not None else []
    newest = select(post.c.id).where(*seen).order_by(post.c.id.desc()).limit(most)
    if condition is None:
        return list(tx.execute(newest).scalars()) if since is None else _newest_since(tx, since, most)
    not_indexed = _not_indexed(_settled(tx))
    if tx.dialect.name != "sqlite":
        return list(tx.execute(newest.where(or_(_sql(condition, tx), not_indexed))).scalars())
    # Apart, as each is found by an index: for "one or the other" SQLite reads all posts, from the newest on.
    found = {*tx.execute(newest.where(not_indexed)).scalars()}
    words, others = _parted(condition)
    if words is None:
        for part in _alternatives(condition):
            if isinstance(part, SeenSince):
                found.update(_newest_since(tx, max(part.at, since or part.at), most))
            else:
                found.update(tx.execute(newest.where(_sql(part, tx))).scalars())
        return sorted(found, reverse=True)[:most]
    # FTS5 gives posts with the newest first, one by one: with common words it need not come to the end.
    by_words = (
        select(_fts.c.rowid)
        .join_from(_fts, post, post.c.id == _fts.c.rowid)
        .where(
            _fts.c.post_words.op("MATCH")(_fts5(_or_too_many(words))), *seen, *(_for_each(each, tx) for each in others)
        )
        .order_by(_fts.c.rowid.desc())
        .limit(most)
    )
    found.update(tx.execute(by_words).scalars())
    return sorted(found, reverse=True)[:most]


def _newest_since(tx: Transaction, since: datetime, most: int | None) -> list[int]:
    """The newest posts first seen at or after a time, newest first."""
    seen = post.c.first_seen_at >= since
    # Few are found by time, at once; of many the newest are found by id before the archive begins.
    few = select(post.c.id).where(seen).order_by(post.c.first_seen_at.desc()).limit(most)
    ids = list(tx.execute(few).scalars())
    if most is None or len(ids) < most:
        return sorted(ids, reverse=True)
    return list(tx.execute(select(post.c.id).where(seen).order_by(post.c.id.desc()).limit(most)).scalars())


def _alternatives(condition: Condition) -> list[Condition]:
    """A condition as those it consists of one of which must hold: what holds from a time on, each, and all others."""
    parts = condition.parts if isinstance(condition, AnyOf) else (condition,)
    others = tuple(part for part in parts if not isinstance(part, SeenSince))
    return [*(part for part in parts if isinstance(part, SeenSince)), *([AnyOf(others)] if others else [])]


def _parted(condition: Condition) -> tuple[Condition | None, tuple[Condition, ...]]:
    """What of a condition the index of words tells, and what else must hold."""
    if _is_words(condition):
        return condition, ()
    if isinstance(condition, AllOf):
        words = tuple(part for part in condition.parts if _is_words(part))
        if words:
            return AllOf(words), tuple(part for part in condition.parts if not _is_words(part))
    return None, (condition,)


def shares(
    tx: Transaction, queries: Sequence[Query], *, now: datetime, since: datetime, sample: int = 500
) -> list[float]:
    """In which share of the newest `sample` posts seen since then each query is found; 0.0 where there are none."""
    ids = _newest_since(tx, since, sample)
    evaluators = [Evaluator(query) for query in queries]
    found = [0] * len(queries)
    for subject, _, _ in _subjects(tx, ids, now=now, tagged=True, whole=True):
        for number, evaluator in enumerate(evaluators):
            found[number] += evaluator.evidence(subject) is not None
    return [number / len(ids) if ids else 0.0 for number in found]


def count_since(tx: Transaction, since: datetime) -> int:
    """How many posts were published at or after `since`."""
    published = func.coalesce(post.c.stated_at, post.c.first_seen_at)
    query = select(func.count()).select_from(post).where(post.c.first_seen_at >= since, published >= since)
    return int(tx.execute(query).scalar_one())


def backfill(tx: Transaction, of: Watch, query: Query, *, since: datetime, now: datetime) -> int:
    """Record the watch as found in posts published since then, as if it had been there. Gives how many are new."""
    rows = [
        {"post_id": hit.id, "watch_id": of.id, "evidence": evidence_rows(hit.evidence)}
        for hit in search(tx, query, now=now, within=None, since=since).hits
    ]
    known = {row["post_id"] for row in rows} & set(
        tx.execute(select(match.c.post_id).where(match.c.watch_id == of.id)).scalars()
    )
    insert_new(tx, match, rows, key=("post_id", "watch_id"))
    if of.alerts is not None:
        watches.begin_alerts(tx, of.id, since=since, now=now)
    return len(rows) - len(known)


def facets(tx: Transaction, ids: Sequence[int]) -> dict[str, dict[str, int]]:
    """How many of the posts carry each tag: facet → slug → posts."""
    counts: dict[str, dict[str, int]] = {}
    for start in range(0, len(ids), posts.CHUNK):
        part = ids[start : start + posts.CHUNK]
        query = select(tag.c.facet, tag.c.slug, func.count()).where(tag.c.post_id.in_(part))
        for facet, slug, number in tx.execute(query.group_by(tag.c.facet, tag.c.slug)):
            of_facet = counts.setdefault(facet, {})
            of_facet[slug] = of_facet.get(slug, 0) + number
    return counts


def _subjects(
    tx: Transaction, ids: Sequence[int], *, now: datetime, tagged: bool, whole: bool
) -> Iterator[tuple[Subject, int, int]]:
    """Posts with what the evaluator can ask about and no more, in the order of `ids`.

    Tags only of those that are `tagged`; what is known beside words and times where the `whole` is asked for.
    """
    asked = (*_WORDS, *_BESIDE_WORDS) if whole else _WORDS
    known: dict[int, Source] = {}
    offsets: dict[int, timedelta] = {}
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        tags: dict[int, list[Tag]] = {}
        if tagged:
            for row in tx.execute(select(tag).where(tag.c.post_id.in_(part))):
                tags.setdefault(row.post_id, []).append(_tag(row))
        rows = {row.id: row for row in tx.execute(select(*asked).where(post.c.id.in_(part)))}
        missing = {row.source_id for row in rows.values()} - known.keys()
        if missing:
            for found in tx.execute(select(source).where(source.c.id.in_(missing))):
                columns: Mapping[Any, Any] = found._mapping
                known[found.id] = sources.from_columns(columns)
            offsets |= sources.clock_offsets(tx, missing)
        for id_ in part:
            row = rows[id_]
            subject = subject_of(
                _post(row) if whole else _worded(row),
                known[row.source_id],
                tuple(tags.get(id_, ())),
                seen_at=row.first_seen_at,
                now=now,
                edited=whole and row.revisions > 0,
                backlog=whole and row.backlog,
                ahead=offsets.get(row.source_id, timedelta()),
                withdrawn=whole and row.withdrawn_at is not None,
            )
            yield subject, id_, row.story_id


_WORDS = (
    post.c.id,
    post.c.source_id,
    post.c.story_id,
    post.c.title,
    post.c.text,
    post.c.hashtags,
    post.c.language,
    post.c.stated_at,
    post.c.first_seen_at,
)
_BESIDE_WORDS = (
    post.c.author,
    post.c.url,
    post.c.media,
    post.c.forwarded_name,
    post.c.forwarded_link,
    post.c.reply_to,
    post.c.edited,
    post.c.revisions,
    post.c.backlog,
    post.c.withdrawn_at,
)


def _post(row: Any) -> Post:
    forwarded = row.forwarded_name is not None or row.forwarded_link is not None
    return Post(
        guid="",
        url=row.url,
        title=row.title,
        text=row.text,
        html="",
        author=row.author,
        language=row.language,
        stated_at=row.stated_at,
        hashtags=tuple(row.hashtags),
        media=tuple(Media(**medium) for medium in row.media),
        forwarded_from=Forward(name=row.forwarded_name or "", link=row.forwarded_link) if forwarded else None,
        reply_to=row.reply_to,
        edited=row.edited,
        content_hash=b"",
        fingerprint=None,
    )


def _tag(row: Any) -> Tag:
    return Tag(
        facet=Facet(row.facet),
        slug=row.slug,
        main=row.main,
        weight=row.weight,
        evidence=evidence_of(row.evidence),
    )


# ── conditions as SQL ──────────────────────────────────────────────────────────────────────────────────────


def _sql(condition: Condition, tx: Transaction) -> ColumnElement[bool]:
    if _is_words(condition):
        return _by_words(condition, tx)
    match condition:
        case AllOf(parts):
            words = tuple(part for part in parts if _is_words(part))
            others = [_sql(part, tx) for part in parts if not _is_words(part)]
            return and_(*([_by_words(AllOf(words), tx)] if words else []), *others)
        case AnyOf(parts):
            return or_(*(_sql(part, tx) for part in parts))
        case TagIs(facet, slug):
            wanted = tag.c.slug == slug
            if _is_wild(slug):
                wanted = tag.c.slug.like(_like(slug), escape="\\")
            return post.c.id.in_(select(tag.c.post_id).where(tag.c.facet == facet, wanted))
        case SeenSince(at):
            return post.c.first_seen_at >= at
        case ValueIs("lang", value):
            return func.lower(post.c.language) == value
        case ValueIs(name, value):
            column = {"source": source.c.slug, "kind": source.c.kind, "authority": source.c.authority}[name]
            return post.c.source_id.in_(select(source.c.id).where(func.lower(column) == value))
        case _:
            raise TypeError(condition)


def _like(slug: str) -> str:
    escaped = slug.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _is_words(condition: Condition) -> bool:
    match condition:
        case Token():
            return True
        case AllOf(parts) | AnyOf(parts):
            return all(map(_is_words, parts))
        case _:
            return False


def _by_words(condition: Condition, tx: Transaction) -> ColumnElement[bool]:
    """Posts that the index knows by these words, and those that have too many words to be in it."""
    wanted = _or_too_many(condition)
    if tx.dialect.name == "sqlite":
        return post.c.id.in_(select(_fts.c.rowid).where(_fts.c.post_words.op("MATCH")(_fts5(wanted))))
    return post.c.id.in_(select(_vectors.c.post_id).where(_vectors.c.words.op("@@")(cast(_tsquery(wanted), TSQUERY))))


def _or_too_many(words: Condition) -> Condition:
    return AnyOf((words, Token(TOO_MANY)))


def _for_each(condition: Condition, tx: Transaction) -> ColumnElement[bool]:
    """A condition to be asked of few posts, one by one; `_sql` lists all posts that meet it."""
    match condition:
        case TagIs(facet, slug) if not _is_wild(slug):
            return exists().where(tag.c.post_id == post.c.id, tag.c.facet == facet, tag.c.slug == slug)
        case ValueIs("source", value):  # listed once, so that no other source's post is so much as looked at
            theirs = select(source.c.id).where(func.lower(source.c.slug) == value)
            # "+ 0", or SQLite would search for the words in each of them.
            return (_fts.c.rowid + 0).in_(select(post.c.id).where(post.c.source_id.in_(theirs)))
        case AllOf(parts):
            return and_(*(_for_each(part, tx) for part in parts))
        case _:
            return _sql(condition, tx)


def _is_wild(slug: str) -> bool:
    return "*" in slug or "?" in slug


def _fts5(condition: Condition) -> str:
    match condition:
        case Token(word, prefix):
            return f'"{word}"' + (" *" if prefix else "")
        case AllOf(parts):
            return "(" + " AND ".join(map(_fts5, parts)) + ")"
        case AnyOf(parts):
            return "(" + " OR ".join(map(_fts5, parts)) + ")"
        case _:
            raise TypeError(condition)


def _tsquery(condition: Condition) -> str:
    match condition:
        case Token(word, prefix):
            return f"'{word}'" + (":*" if prefix else "")
        case AllOf(parts):
            return "(" + " & ".join(map(_tsquery, parts)) + ")"
        case AnyOf(parts):
            return "(" + " | ".join(map(_tsquery, parts)) + ")"
        case _:
            raise TypeError(condition)
