"""Posts, their revisions, tags, matches and stories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, insert, literal, select, update

from monitor.core.model import (
    Authority,
    Facet,
    Forward,
    Match,
    Media,
    Post,
    Prepared,
    Revision,
    Source,
    StoredPost,
    Tag,
    Voice,
)
from monitor.core.packedtags import evidence_of, evidence_rows, rows_of
from monitor.core.recognition import lead_key
from monitor.core.stories import Placement, forward_key, link_key, moment
from monitor.core.verdicts import ruled
from monitor.store import sources, verdicts
from monitor.store.database import Transaction, asked_for, insert_new, insert_new_statement, insert_new_tuples
from monitor.store.tables import (
    MatchRow,
    PostRow,
    RevisionRow,
    SourceRow,
    StaleRow,
    StoryRow,
    TagRow,
    Utc,
    WatchRow,
    table,
)

post, revision, story = table(PostRow), table(RevisionRow), table(StoryRow)
tag, match, source, watch = table(TagRow), table(MatchRow), table(SourceRow), table(WatchRow)
stale = table(StaleRow)  # for the search index

CHUNK = 400  # bound values a statement may carry on every SQLite build, with room to spare
LONGEST_GUID = 1000  # bytes; PostgreSQL's indexes take no more than 2,700 a row
SOURCE = "of_source_"  # before the columns of a post's source in a row; "source_id" is the post's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored under a guid already."""

    id: int
    content_hash: bytes
    revisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A new post on its way into the store."""

    source: Source
    prepared: Prepared
    placement: Placement
    first_seen_at: datetime
    backlog: bool


def stored_guid(guid: str) -> str:
    """The guid itself, or where it is absurdly long its beginning and a hash of the whole."""
    raw = guid.encode()
    if len(raw) <= LONGEST_GUID:
        return guid
    return raw[:200].decode(errors="ignore") + "#" + blake2b(raw, digest_size=16).hexdigest()


def known(tx: Transaction, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Known]:
    """Those of the (source id, guid) pairs that are stored."""
    originals: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for source_id, guid in keys:
        originals[source_id, stored_guid(guid)].add(guid)
    columns = (post.c.source_id, post.c.guid, post.c.id, post.c.content_hash, post.c.revisions)
    found = {}
    for part in chunks(list(originals), CHUNK // 2):
        asked, is_asked = asked_for(part, post.c.source_id, post.c.guid)
        for row in tx.execute(select(*columns).join_from(asked, post, is_asked)):
            stored = Known(id=row.id, content_hash=row.content_hash, revisions=row.revisions)
            for guid in originals[row.source_id, row.guid]:
                found[row.source_id, guid] = stored
    return found


def add(tx: Transaction, arrivals: Sequence[Arrival], *, now: datetime) -> list[int | None]:
    """Store new posts with their stories, tags and matches.

    A guid that somebody else stored meanwhile is left alone, with the tags and matches of the text that is stored.
    Gives the number of each, in order; None for one that was not stored.
    """
    if not arrivals:
        return []
    opened = sorted({a.placement.story for a in arrivals if a.placement.story < 0}, reverse=True)
    stories: dict[int, int] = {}
    if opened:
        # In whatever order their numbers come back: until a post joins, one story is like another.
        returned = tx.execute(insert(story).returning(story.c.id), [{"created_at": now} for _ in opened])
        stories = dict(zip(opened, (row.id for row in returned), strict=True))
    statement = insert_new_statement(tx, post, key=("source_id", "guid"))
    inserted = tx.execute(
        statement.returning(post.c.id, post.c.source_id, post.c.guid),
        [
            _content(a.prepared.post)
            | {
                "source_id": a.source.id,
                "story_id": stories.get(a.placement.story, a.placement.story),
                "relation": a.placement.relation.value,
                "relation_reason": a.placement.reason,
                "root_id": a.placement.root_id,
                "of_id": a.placement.of_id,
                "speaks": a.placement.speaks,
                "guid": stored_guid(a.prepared.post.guid),
                "first_seen_at": a.first_seen_at,
                "backlog": a.backlog,
                "revisions": 0,
                "taxonomy": a.prepared.taxonomy,
                "sketch": a.placement.sketch,
            }
            for a in arrivals
        ],
    )
    ids = {(row.source_id, row.guid): row.id for row in inserted}
    added = [ids.pop((a.source.id, stored_guid(a.prepared.post.guid)), None) for a in arrivals]
    describe(tx, [(id_, a.prepared) for id_, a in zip(added, arrivals, strict=True) if id_ is not None])
    if None in added:  # stories opened for posts that were not stored
        tx.execute(
            delete(story).where(story.c.id.in_(list(stories.values())), ~exists().where(post.c.story_id == story.c.id))
        )
    return added


def describe(tx: Transaction, described: Sequence[tuple[int, Prepared]]) -> None:
    """Store tags and matches of posts, beside those that are there."""
    insert_new_tuples(
        tx,
        tag,
        ("post_id", "facet", "slug", "main", "weight", "evidence"),
        [(id_, *row) for id_, prepared in described for row in rows_of(prepared.tags)],
        key=("post_id", "facet", "slug"),
    )
    slugs = {m.watch for _, prepared in described for m in prepared.matches}
    if slugs:
        following = select(watch.c.slug, watch.c.id).where(watch.c.slug.in_(slugs), watch.c.removed_at.is_(None))
        ids = dict(tx.execute(following).all())
        insert_new(
            tx,
            match,
            [
                {"post_id": id_, "watch_id": ids[m.watch], "evidence": evidence_rows(m.evidence)}
                for id_, prepared in described
                for m in prepared.matches
                if m.watch in ids  # a watch removed since the post was read
            ],
            key=("post_id", "watch_id"),
        )


def revise(tx: Transaction, changed: Sequence[tuple[Known, Prepared]], *, now: datetime) -> None:
    """Keep what posts said as revisions and store what they say now, with its tags and matches.

    A post that somebody else revised since it was known is left alone: the next poll sees whether it changed again.
    """
    revised = []
    for before, prepared in changed:
        as_known = and_(post.c.id == before.id, post.c.content_hash == before.content_hash)
        if tx.execute(select(post.c.id).where(as_known).with_for_update()).first() is None:
            continue
        old = select(
            post.c.id,
            post.c.revisions + 1,
            post.c.title,
            post.c.text,
            post.c.html,
            post.c.content_hash,
            literal(now, Utc),
        ).where(post.c.id == before.id)
        names = ["post_id", "number", "title", "text", "html", "content_hash", "replaced_at"]
        tx.execute(insert(revision).from_select(names, old))
        tx.execute(update(post).where(post.c.id == before.id).values(revisions=post.c.revisions + 1))
        revised.append((before, prepared))
    complete(tx, revised)


def complete(tx: Transaction, fuller: Sequence[tuple[Known, Prepared]]) -> None:
    """Store what posts say now, with its tags and matches. What they said before was but a part of it: no revision.

    A post that somebody else changed since it was known is left alone. What persons said of its tags stays; it is then
    tagged anew in the background as well, where watches are compared with the tags that were set.
    """
    completed = []
    said = verdicts.of(tx, [before.id for before, _ in fuller])
    for before, brought in fuller:
        as_known = and_(post.c.id == before.id, post.c.content_hash == before.content_hash)
        prepared = brought
        if before.id in said:
            prepared = replace(brought, tags=ruled(brought.tags, said[before.id]), taxonomy="")
        columns = _content(prepared.post) | {"taxonomy": prepared.taxonomy, "sketch": None}
        if tx.execute(update(post).where(as_known).values(columns)).rowcount == 0:
            continue
        tx.execute(delete(tag).where(tag.c.post_id == before.id))
        tx.execute(delete(match).where(match.c.post_id == before.id))
        completed.append((before.id, prepared))
    insert_new(tx, stale, [{"post_id": id_} for id_, _ in completed], key=("post_id",))
    describe(tx, completed)


# ── looking ────────────────────────────────────────────────────────────────────────────────────────────────


def get(tx: Transaction, id_: int) -> StoredPost | None:
    """One post with its tags and matches."""
    found = load(tx, _posts().where(post.c.id == id_))
    return found[0] if found else None


def by_ids(tx: Transaction, ids: Sequence[int]) -> list[StoredPost]:
    """Those of the posts that are there, each with tags and matches, in no order."""
    return [found for part in chunks(ids, CHUNK) for found in load(tx, _posts().where(post.c.id.in_(part)))]


def latest(
    tx: Transaction,
    *,
    limit: int,
    source_slug: str | None = None,
    since: datetime | None = None,
    facet: Facet | None = None,
    slug: str | None = None,
    watch_slug: str | None = None,
    language: str | None = None,
) -> list[StoredPost]:
    """The newest posts by first-seen time, those of one poll by stated time, narrowed by whatever is given."""
    order = (post.c.first_seen_at.desc(), post.c.stated_at.desc().nulls_last(), post.c.id.desc())
    query = _posts().order_by(*order).limit(limit)
    if source_slug is not None:
        query = query.where(source.c.slug == source_slug)
    if since is not None:
        query = query.where(post.c.first_seen_at >= since)
    if slug is not None:
        wanted = select(tag.c.post_id).where(tag.c.slug == slug)
        if facet is not None:
            wanted = wanted.where(tag.c.facet == facet.value)
        query = query.where(post.c.id.in_(wanted))
    if watch_slug is not None:
        matching = select(match.c.post_id).join(watch, watch.c.id == match.c.watch_id)
        query = query.where(post.c.id.in_(matching.where(watch.c.slug == watch_slug)))
    if language is not None:
        query = query.where(post.c.language == language)
    return load(tx, query)


def each(tx: Transaction, *, since: datetime, batch: int = 500) -> Iterator[StoredPost]:
    """Every post first seen at or after `since`, backlog included, oldest first; `batch` at a time in memory."""
    last = 0
    while found := load(
        tx, _posts().where(post.c.first_seen_at >= since, post.c.id > last).order_by(post.c.id).limit(batch)
    ):
        yield from found
        last = found[-1].id


def tagged_slugs(tx: Transaction, *, facet: Facet | None = None) -> set[str]:
    """Every slug that some post is tagged with."""
    query = select(tag.c.slug).distinct()
    return set(tx.execute(query if facet is None else query.where(tag.c.facet == facet.value)).scalars())


def revisions(tx: Transaction, post_id: int) -> list[Revision]:
    """What a post said before, oldest first."""
    rows = tx.execute(select(revision).where(revision.c.post_id == post_id).order_by(revision.c.number))
    return [Revision(number=r.number, title=r.title, text=r.text, replaced_at=r.replaced_at) for r in rows]


def voices(tx: Transaction, story_ids: Iterable[int]) -> dict[int, list[Voice]]:
    """Everyone who carried each story, in order of time; lags are counted from the first."""
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for part in chunks(sorted(set(story_ids)), CHUNK):
        query = (
            select(
                post.c.id,
                post.c.story_id,
                post.c.source_id,
                post.c.url,
                post.c.stated_at,
                post.c.first_seen_at,
                source.c.slug,
                source.c.title,
                source.c.authority,
            )
            .join(source, source.c.id == post.c.source_id)
            .where(post.c.story_id.in_(part))
        )
        for row in tx.execute(query):
            found[row.story_id].append(row)
    offsets = sources.clock_offsets(tx, (row.source_id for rows in found.values() for row in rows))

    def published(row: Any) -> datetime:
        return moment(row.stated_at, row.first_seen_at, ahead=offsets.get(row.source_id, timedelta()))

    result: dict[int, list[Voice]] = {}
    for story_id, rows in found.items():
        ordered = sorted(((published(row), row.id, row) for row in rows), key=lambda r: r[:2])
        first = ordered[0][0]
        result[story_id] = [
            Voice(
                post_id=row.id,
                source_slug=row.slug,
                source_title=row.title,
                authority=Authority(row.authority),
                url=row.url,
                at=at,
                lag=at - first,
            )
            for at, _, row in ordered
        ]
    return result


def count(tx: Transaction) -> int:
    """How many posts are stored."""
    return int(tx.execute(select(func.count()).select_from(post)).scalar_one())


def _posts() -> Select[Any]:
    columns = [source.c[name].label(SOURCE + name) for name in source.c.keys()]  # noqa: SIM118 (not a dict)
    return select(post, *columns).join(source, source.c.id == post.c.source_id)


def load(tx: Transaction, query: Select[Any]) -> list[StoredPost]:
    """The posts of a query made in this module, each with tags and matches."""
    rows = tx.execute(query).all()
    ids = [row.id for row in rows]
    tags: defaultdict[int, list[Tag]] = defaultdict(list)
    matches: defaultdict[int, list[Match]] = defaultdict(list)
    for part in chunks(ids, CHUNK):
        for row in tx.execute(select(tag).where(tag.c.post_id.in_(part)).order_by(tag.c.weight.desc(), tag.c.slug)):
            tags[row.post_id].append(
                Tag(
                    facet=Facet(row.facet),
                    slug=row.slug,
                    main=row.main,
                    weight=row.weight,
                    evidence=evidence_of(row.evidence),
                )
            )
        found = select(match.c.post_id, match.c.evidence, watch.c.slug).join(watch, watch.c.id == match.c.watch_id)
        for row in tx.execute(found.where(match.c.post_id.in_(part)).order_by(watch.c.slug)):
            matches[row.post_id].append(Match(watch=row.slug, evidence=evidence_of(row.evidence)))
    offsets = sources.clock_offsets(tx, (row.source_id for row in rows))
    known_sources: dict[int, Source] = {}
    result = []
    for row in rows:
        if row.source_id not in known_sources:
            columns: Mapping[Any, Any] = row._mapping
            known_sources[row.source_id] = sources.from_columns(columns, prefix=SOURCE)
        result.append(
            StoredPost(
                id=row.id,
                source=known_sources[row.source_id],
                story_id=row.story_id,
                post=_post(row),
                first_seen_at=row.first_seen_at,
                backlog=row.backlog,
                tags=tuple(tags[row.id]),
                matches=tuple(matches[row.id]),
                revisions=row.revisions,
                ahead=offsets.get(row.source_id, timedelta()),
            )
        )
    return result


def newer(*, since: datetime, until: datetime) -> Select[Any]:
    """For `load`: posts first seen in [since, until), except the backlog of first polls, in order of arrival."""
    return all_news().where(post.c.first_seen_at >= since, post.c.first_seen_at < until)


def all_news() -> Select[Any]:
    """For `load`: all posts except the backlog of first polls, in order of arrival."""
    return _posts().where(post.c.backlog.is_(False)).order_by(post.c.id)


# ── values and columns ─────────────────────────────────────────────────────────────────────────────────────


def _content(value: Post) -> dict[str, Any]:
    forwarded = value.forwarded_from
    return {
        "url": value.url,
        "url_key": link_key(value.url),
        "forward_key": forward_key(value),
        "lead_key": lead_key(value.title),
        "fingerprint": value.fingerprint,
        "content_hash": value.content_hash,
        "title": value.title,
        "title_made": value.title_made,
        "text": value.text,
        "html": value.html,
        "summary": value.summary,
        "author": value.author,
        "language": value.language,
        "stated_at": value.stated_at,
        "updated_at": value.updated_at,
        "hashtags": list(value.hashtags),
        "categories": list(value.categories),
        "media": [{k: v for k, v in asdict(m).items() if v is not None} for m in value.media],
        "forwarded_name": forwarded.name if forwarded else None,
        "forwarded_link": forwarded.link if forwarded else None,
        "reply_to": value.reply_to,
        "edited": value.edited,
        "views": value.views,
    }


def _post(row: Any) -> Post:
    return Post(
        guid=row.guid,
        url=row.url,
        title=row.title,
        title_made=row.title_made,
        text=row.text,
        html=row.html,
        summary=row.summary,
        author=row.author,
        language=row.language,
        stated_at=row.stated_at,
        updated_at=row.updated_at,
        hashtags=tuple(row.hashtags),
        categories=tuple(row.categories),
        media=tuple(Media(**m) for m in row.media),
        forwarded_from=Forward(name=row.forwarded_name or "", link=row.forwarded_link)
        if row.forwarded_name is not None or row.forwarded_link is not None
        else None,
        reply_to=row.reply_to,
        edited=row.edited,
        views=row.views,
        content_hash=row.content_hash,
        fingerprint=row.fingerprint,
    )


def tag_row(post_id: int, value: Tag) -> dict[str, Any]:
    """A tag as a row of its table."""
    return {
        "post_id": post_id,
        "facet": value.facet.value,
        "slug": value.slug,
        "main": value.main,
        "weight": value.weight,
        "evidence": evidence_rows(value.evidence),
    }


def chunks(values: Sequence[Any], size: int = CHUNK) -> Iterable[Sequence[Any]]:
    """The values in parts that one statement may carry."""
    return (values[start : start + size] for start in range(0, len(values), size))
