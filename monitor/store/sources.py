"""Sources, their state, and the record of their polls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, delete, func, insert, or_, select, update

from monitor.core.drift import Drift, estimate
from monitor.core.model import Authority, Health, Memory, OlderPage, Outcome, Owner, Poll, Source, SourceStatus
from monitor.core.provenance import Origin
from monitor.store.database import Transaction
from monitor.store.tables import PollRow, PostRow, SourceRow, SourceStateRow, table

source, state, poll, post = table(SourceRow), table(SourceStateRow), table(PollRow), table(PostRow)

CHUNK = 400  # bound values a statement may carry on every SQLite build, with room to spare
MILLISECOND = timedelta(milliseconds=1)
STATE_COLUMNS = tuple(each.name for each in fields(Memory))


def _whole() -> Select[Any]:
    return select(
        source,
        *(state.c[name] for name in (*STATE_COLUMNS, "next_poll_at", "last_poll_at", "last_success_at")),
        state.c.last_new_at,
        state.c.last_gap_at,
        state.c.last_outcome,
        state.c.last_error,
        state.c.held,
    ).join(state, state.c.source_id == source.c.id)


def from_row(row: Row[Any]) -> Source:
    """A source with its memory, from a row of `_whole`."""
    columns: Mapping[Any, Any] = row._mapping
    backfill = tuple(_older_page(line) for line in (columns["backfill"] or "").splitlines())
    memory = Memory(
        **{name: columns[name] for name in STATE_COLUMNS} | {"health": Health(columns["health"]), "backfill": backfill}
    )
    return from_columns(columns, memory=memory, held=columns["held"])


def _memory_columns(value: Memory, *, prefix: str = "") -> dict[str, Any]:
    # PostgreSQL's driver has its own idea of how members of an enumeration are written.
    return {prefix + name: getattr(value, name) for name in STATE_COLUMNS} | {
        prefix + "health": value.health.value,
        prefix + "backfill": "\n".join(map(_line, value.backfill)) or None,
    }


def _line(page: OlderPage) -> str:
    # Addresses have no white space.
    return page.address if page.since is None else f"{page.address} {page.since.isoformat()}"


def _older_page(line: str) -> OlderPage:
    address, _, since = line.partition(" ")
    return OlderPage(address=address, since=datetime.fromisoformat(since) if since else None)


def from_columns(
    columns: Mapping[Any, Any],
    *,
    prefix: str = "",
    memory: Memory = Memory(),  # noqa: B008 - frozen
    held: bool = False,
) -> Source:
    """A source from the columns of `source`, each named with `prefix`, and from what is known beside them."""
    return Source(
        memory=memory,
        id=columns[prefix + "id"],
        slug=columns[prefix + "slug"],
        title=columns[prefix + "title"],
        kind=columns[prefix + "kind"],
        url=columns[prefix + "url"],
        homepage=columns[prefix + "homepage"],
        organisation=columns[prefix + "organisation"],
        country=columns[prefix + "country"],
        language=columns[prefix + "language"],
        authority=Authority(columns[prefix + "authority"]),
        tags=tuple(columns[prefix + "tags"]),
        default_tags=tuple(columns[prefix + "default_tags"]),
        interval=timedelta(seconds=columns[prefix + "interval_seconds"]),
        options=columns[prefix + "options"],
        owner=Owner(columns[prefix + "owner"]),
        paused=columns[prefix + "paused"] or held,
    )


def to_columns(value: Source) -> dict[str, Any]:
    """What an operator decides of a source, as columns."""
    return {
        "slug": value.slug,
        "title": value.title,
        "kind": value.kind,
        "url": value.url,
        "homepage": value.homepage,
        "organisation": value.organisation,
        "country": value.country,
        "language": value.language,
        "authority": value.authority.value,
        "tags": list(value.tags),
        "default_tags": list(value.default_tags),
        "interval_seconds": int(value.interval.total_seconds()),
        "options": dict(value.options),
        "owner": value.owner.value,
        "paused": value.paused,
    }


def every(tx: Transaction) -> list[Source]:
    """All sources that were not removed, paused ones too, by slug."""
    return [from_row(row) for row in tx.execute(_whole().where(source.c.removed_at.is_(None)).order_by(source.c.slug))]


def slugs(tx: Transaction, *, due_at: datetime | None = None) -> list[str]:
    """Slugs of the sources that are polled: all that are not paused, or those that are due at a time."""
    followed = (
        select(source.c.slug)
        .join(state, state.c.source_id == source.c.id)
        .where(source.c.removed_at.is_(None), source.c.paused.is_(False), state.c.held.is_(False))
    )
    if due_at is not None:
        followed = followed.where(state.c.next_poll_at <= due_at)
    return list(tx.execute(followed.order_by(source.c.slug)).scalars())


def statuses(tx: Transaction, *, slugs: Sequence[str] = ()) -> list[SourceStatus]:
    """Sources with what their polls have shown, by slug; all where no slugs are given."""
    posts = select(post.c.source_id, func.count().label("posts")).group_by(post.c.source_id).subquery()
    query = (
        _whole()
        .add_columns(func.coalesce(posts.c.posts, 0).label("posts"))
        .outerjoin(posts, posts.c.source_id == source.c.id)
        .where(source.c.removed_at.is_(None))
        .order_by(source.c.slug)
    )
    if slugs:
        query = query.where(source.c.slug.in_(slugs))
    return [
        SourceStatus(
            source=from_row(row),
            next_poll_at=row.next_poll_at,
            last_poll_at=row.last_poll_at,
            last_success_at=row.last_success_at,
            last_new_at=row.last_new_at,
            last_gap_at=row.last_gap_at,
            last_outcome=row.last_outcome,
            last_error=row.last_error,
            posts=row.posts,
        )
        for row in tx.execute(query)
    ]


def origins(tx: Transaction) -> tuple[Origin, ...]:
    """Every followed source of which it is known who issues it, as far as forwards of its posts go."""
    query = (
        select(source.c.title, source.c.url, source.c.organisation, source.c.country)
        .where(source.c.removed_at.is_(None), or_(source.c.organisation.is_not(None), source.c.country.is_not(None)))
        .order_by(source.c.slug)
    )
    return tuple(
        Origin(title=r.title, url=r.url, organisation=r.organisation, country=r.country) for r in tx.execute(query)
    )


def states(tx: Transaction) -> dict[str, int]:
    """How many sources are paused, and of the others how many are in each state of core.model.Health."""
    named = case((source.c.paused | state.c.held, "paused"), else_=state.c.health)
    rows = tx.execute(
        select(named, func.count())
        .join(state, state.c.source_id == source.c.id)
        .where(source.c.removed_at.is_(None))
        .group_by(named)
    )
    none = dict.fromkeys(("paused", *(each.value for each in Health)), 0)
    return none | {str(name): int(number) for name, number in rows}


def add(tx: Transaction, value: Source, *, now: datetime) -> int:
    """Store a new source, due at once, or bring a removed one of the same slug back. Gives its id.

    One that comes back starts afresh: what was posted long ago, while nobody followed it, is backlog.
    """
    known = tx.execute(select(source.c.id, source.c.removed_at).where(source.c.slug == value.slug)).first()
    if known is not None:
        change(tx, value, now=now)
        columns: dict[str, Any] = {"next_poll_at": now}
        if known.removed_at is not None:
            columns |= {"failures": 0, "polled_before": False, "health": Health.NEW.value}
        tx.execute(update(state).where(state.c.source_id == known.id).values(columns))
        return int(known.id)
    id_ = tx.execute(insert(source).values(**to_columns(value), created_at=now).returning(source.c.id)).scalar_one()
    tx.execute(insert(state).values(**_memory_columns(Memory()), source_id=id_, held=False, next_poll_at=now))
    return int(id_)


def change(tx: Transaction, value: Source, *, now: datetime) -> None:
    """Set what an operator decides.

    Another address is another server: what was learnt of the old one is forgotten, it is due at once, and what is
    old there is backlog again. Where tags follow from what changed, its posts are to be tagged anew.
    """
    known = tx.execute(select(source).where(source.c.slug == value.slug)).one()
    before = (known.organisation, known.country, tuple(known.default_tags))
    if before != (value.organisation, value.country, value.default_tags):
        tx.execute(update(post).where(post.c.source_id == known.id).values(taxonomy=""))
    tx.execute(update(source).where(source.c.id == known.id).values(**to_columns(value), removed_at=None))
    if (known.url, known.kind) != (value.url, value.kind):
        tx.execute(
            update(state)
            .where(state.c.source_id == known.id)
            .values(**_memory_columns(Memory()), next_poll_at=now, claimed_until=None)
        )


def remove(tx: Transaction, slug: str, *, now: datetime) -> bool:
    """Stop following a source. Its posts stay."""
    done = tx.execute(update(source).where(source.c.slug == slug, source.c.removed_at.is_(None)).values(removed_at=now))
    return done.rowcount == 1


def hold(tx: Transaction, slug: str) -> bool:
    """Pause a source until `resume`, whatever its file says. False where there is no such source."""
    return tx.execute(update(state).where(state.c.source_id == _id_of(slug)).values(held=True)).rowcount == 1


def resume(tx: Transaction, slug: str, *, now: datetime) -> bool:
    """End a pause made by `hold`; the source is due at once. False where there is no such source.

    What its polls have shown stays: one that could not be read is failing until it can be.
    """
    columns = {"held": False, "next_poll_at": now}
    return tx.execute(update(state).where(state.c.source_id == _id_of(slug)).values(columns)).rowcount == 1


def _id_of(slug: str) -> Any:
    return select(source.c.id).where(source.c.slug == slug, source.c.removed_at.is_(None)).scalar_subquery()


def clock_offsets(tx: Transaction, source_ids: Iterable[int]) -> dict[int, timedelta]:
    """How far the clocks of these sources run ahead (negative: behind), where that is known, see core.drift."""
    found: dict[int, timedelta] = {}
    wanted = sorted(set(source_ids))
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        query = select(state.c.source_id, state.c.drift).where(state.c.source_id.in_(part), state.c.drift != b"")
        for row in tx.execute(query):
            if (offset := estimate(Drift.from_bytes(row.drift))) is not None:
                found[row.source_id] = offset
    return found


# ── the poll loop ──────────────────────────────────────────────────────────────────────────────────────────


def claim_due(
    tx: Transaction, *, now: datetime, until: datetime, limit: int, slugs: Sequence[str] | None = None
) -> list[Source]:
    """Take up to `limit` due sources, longest due first, so that no other process polls them before `until`.

    With `slugs` those are taken whether due or not, paused or not, unless somebody is at it.
    """
    free = or_(state.c.claimed_until.is_(None), state.c.claimed_until <= now)
    query = _whole().where(source.c.removed_at.is_(None), free)
    if slugs is None:
        query = query.where(source.c.paused.is_(False), state.c.held.is_(False), state.c.next_poll_at <= now)
    else:
        query = query.where(source.c.slug.in_(slugs))
    query = query.order_by(state.c.next_poll_at).limit(limit).with_for_update(of=state, skip_locked=True)
    claimed = [from_row(row) for row in tx.execute(query)]
    if claimed:
        tx.execute(update(state).where(state.c.source_id.in_([s.id for s in claimed])).values(claimed_until=until))
    return claimed


def release(tx: Transaction, source_ids: Iterable[int]) -> None:
    """Give sources back unpolled, when the service stops."""
    tx.execute(update(state).where(state.c.source_id.in_(list(source_ids))).values(claimed_until=None))


def next_due_at(tx: Transaction) -> datetime | None:
    """When the next source is due, None where there is none."""
    found: datetime | None = tx.execute(
        select(state.c.next_poll_at)
        .join(source, source.c.id == state.c.source_id)
        .where(source.c.removed_at.is_(None), source.c.paused.is_(False), state.c.held.is_(False))
        .order_by(state.c.next_poll_at)
        .limit(1)
    ).scalar()
    return found


def remember(tx: Transaction, polls: Sequence[tuple[Poll, datetime, int, int]]) -> None:
    """Record how polls ended: (poll, when its source is due next, new posts, changed posts).

    A poll of an address that the source no longer has is recorded, but leaves nothing to remember.
    """
    postponed = [row for row in polls if row[0].outcome is Outcome.POSTPONED]
    for p, due, _, _ in postponed:  # nothing happened: neither a poll to be recorded nor anything learnt
        tx.execute(update(state).where(state.c.source_id == p.source.id).values(next_poll_at=due, claimed_until=None))
    polls = [row for row in polls if row[0].outcome is not Outcome.POSTPONED]
    if not polls:
        return
    tx.execute(
        insert(poll),
        [
            {
                "source_id": p.source.id,
                "started_at": p.started_at,
                "finished_at": p.finished_at,
                "outcome": p.outcome.value,
                "reason": p.reason,
                "error": p.error,
                "notes": list(p.reading.notes[:20]) if p.reading else [],
                "entries": p.reading.entries if p.reading else 0,
                "fresh": fresh,
                "changed": changed,
                "size": p.size,
                "gap": p.gap,
                "answer_ms": None if p.answered_in is None else round(p.answered_in / MILLISECOND),
            }
            for p, _, fresh, changed in polls
        ],
    )
    same_address = select(source.c.id).where(
        source.c.id == bindparam("b_source_id"),
        source.c.url == bindparam("b_url"),
        source.c.kind == bindparam("b_kind"),
    )
    for succeeded in (True, False):
        rows = [row for row in polls if (row[0].outcome not in {Outcome.FAILED, Outcome.GONE}) is succeeded]
        if not rows:
            continue
        columns: dict[str, Any] = {name: _bound(name) for name in (*STATE_COLUMNS, "next_poll_at", "last_poll_at")}
        columns |= {"last_outcome": _bound("last_outcome"), "last_error": _bound("last_error"), "claimed_until": None}
        if succeeded:
            columns["last_success_at"] = _bound("last_poll_at")
            columns["last_new_at"] = func.coalesce(_bound("new_at"), state.c.last_new_at)
            columns["last_gap_at"] = func.coalesce(_bound("gap_at"), state.c.last_gap_at)
        tx.execute(
            update(state).where(state.c.source_id.in_(same_address)).values(columns),
            [
                {"b_source_id": p.source.id, "b_url": p.source.url, "b_kind": p.source.kind}
                | {"b_next_poll_at": due, "b_last_poll_at": p.finished_at}
                | {"b_last_outcome": p.outcome.value, "b_last_error": p.error}
                | (
                    {"b_new_at": p.finished_at if fresh else None, "b_gap_at": p.finished_at if p.gap else None}
                    if succeeded
                    else {}
                )
                | _memory_columns(p.memory, prefix="b_")
                for p, due, fresh, _ in rows
            ],
        )


def _bound(name: str) -> Any:
    column = {"new_at": "last_new_at", "gap_at": "last_gap_at"}.get(name, name)
    return bindparam(f"b_{name}", type_=state.c[column].type)


def forget_polls(tx: Transaction, *, keep: int) -> int:
    """Drop all but the newest `keep` polls of each source: the record is for looking back, not for ever."""
    rank = func.row_number().over(partition_by=poll.c.source_id, order_by=poll.c.id.desc()).label("rank")
    ranked = select(poll.c.id, rank).subquery()
    return tx.execute(delete(poll).where(poll.c.id.in_(select(ranked.c.id).where(ranked.c.rank > keep)))).rowcount


def polls_of(tx: Transaction, slug: str, *, limit: int) -> list[dict[str, Any]]:
    """The newest polls of a source, newest first, as plain columns for a table."""
    query = (
        select(poll)
        .join(source, source.c.id == poll.c.source_id)
        .where(source.c.slug == slug)
        .order_by(poll.c.started_at.desc(), poll.c.id.desc())
        .limit(limit)
    )
    return [dict(row._mapping) for row in tx.execute(query)]
