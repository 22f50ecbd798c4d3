"""What happens to posts after they were stored: edits word by word, withdrawals, and both as events to be asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from monitor.core.changes import Change, Kind, Shown, is_trivial, passed_over, phrases
from monitor.core.identity import digest8, unpacked
from monitor.core.model import Prepared
from monitor.core.stories import moment
from monitor.store.database import Transaction, insert_new
from monitor.store.posts import CHUNK, Known, chunks
from monitor.store.tables import ChangeRow, MissingRow, PostRow, RevisionRow, table

post, revision, change, missing = table(PostRow), table(RevisionRow), table(ChangeRow), table(MissingRow)

LOOKED_FOR = timedelta(days=30)  # for so long it is noticed when a post that was withdrawn is shown again

Changed = tuple[Known, Prepared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A change of a stored post."""

    post_id: int
    at: datetime
    change: Change
    revision: int | None = None  # that it ended; None where the text did not change


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one poll showed of a source: digests of core.identity, in the order of the page."""

    source_id: int
    before: bytes  # the last time
    now: bytes
    complete: bool = False  # the page shows everything, in order
    excused: frozenset[str] = frozenset()  # guids of posts that are there with other words, or under another guid


def told_apart(tx: Transaction, edited: Sequence[Changed]) -> tuple[list[Changed], list[Changed]]:
    """Edits, and changes that are none: white space, what is not seen, counters."""
    texts = _texts(tx, [known.id for known, _ in edited])
    real: list[Changed] = []
    trivial: list[Changed] = []
    for known, prepared in edited:
        before, after = texts.get(known.id, ""), _said(prepared.post.title, prepared.post.text, prepared.post.summary)
        (trivial if is_trivial(before, after) else real).append((known, prepared))
    return real, trivial


def note_edits(tx: Transaction, revised: Sequence[Changed], *, now: datetime) -> None:
    """Keep what came and went with edits; called when the revisions are stored."""
    rows = []
    for known, prepared in revised:
        number = known.revisions + 1
        query = select(revision.c.title, revision.c.text).where(
            revision.c.post_id == known.id, revision.c.number == number
        )
        old = tx.execute(query).first()
        if old is None:
            continue
        value = prepared.post
        if value.title_made:  # it only says again how the text begins
            found = phrases(old.text, value.text)
        else:
            found = phrases(f"{old.title}\n{old.text}", f"{value.title}\n{value.text}")
        rows += [_row(known.id, each, at=now, number=number) for each in found]
    if rows:
        tx.execute(insert(change), rows)


def look_for_missing(tx: Transaction, looks: Sequence[Look], *, now: datetime) -> int:
    """Mark posts withdrawn that pages pass over for the second time, and those that are there again.

    Gives how many were withdrawn.
    """
    if not looks:
        return 0
    by_source = {look.source_id: look for look in looks}
    pending: defaultdict[int, list[Any]] = defaultdict(list)
    query = select(*_MARKS, post.c.withdrawn_at).join(missing, missing.c.post_id == post.c.id)
    for part in chunks(sorted(by_source), CHUNK):
        for row in tx.execute(query.where(post.c.source_id.in_(part))):
            pending[row.source_id].append(row)
    withdrawn = 0
    for source_id, look in by_source.items():
        gone = _gone(look)
        if not gone and not pending[source_id]:
            continue
        withdrawn += _judge(tx, look, gone, pending[source_id], now=now)
    return withdrawn


def forget(tx: Transaction, *, now: datetime) -> None:
    """No longer look out for posts that are gone for long, to be called now and then."""
    tx.execute(delete(missing).where(missing.c.since < now - LOOKED_FOR))


def happened(
    tx: Transaction, *, since: datetime, until: datetime | None = None, post_ids: Iterable[int] | None = None
) -> list[Happened]:
    """Changes noted in [since, until), oldest first; of some posts only where these are named."""
    query = select(change).where(change.c.at >= since).order_by(change.c.at, change.c.id)
    if until is not None:
        query = query.where(change.c.at < until)
    if post_ids is None:
        return [_happened(row) for row in tx.execute(query)]
    found = []
    for part in chunks(sorted(set(post_ids)), CHUNK):
        found += [_happened(row) for row in tx.execute(query.where(change.c.post_id.in_(part)))]
    return sorted(found, key=lambda each: each.at)


def of_post(tx: Transaction, post_id: int) -> list[Happened]:
    """Everything that happened to one post, oldest first."""
    query = select(change).where(change.c.post_id == post_id).order_by(change.c.at, change.c.id)
    return [_happened(row) for row in tx.execute(query)]


# ── missing posts ──────────────────────────────────────────────────────────────────────────────────────────

_MARKS = (
    post.c.id,
    post.c.source_id,
    post.c.guid,
    post.c.content_hash,
    post.c.stated_at,
    post.c.first_seen_at,
)


def _gone(look: Look) -> frozenset[bytes]:
    """What was shown the last time and is not now, unless only the old end of the window moved on.

    The old end is the one opposite to where posts are new; where none is new, it is not known.
    """
    before, now = unpacked(look.before), unpacked(look.now)
    shown_now, shown_before = set(now), set(before)
    gone = [digest not in shown_now for digest in before]
    if not any(gone) or all(gone):
        return frozenset()
    new_first, new_last = now[0] not in shown_before, now[-1] not in shown_before
    start = gone.index(False) if new_last else 0
    end = len(gone) - gone[::-1].index(False) if new_first else len(gone)
    return frozenset(digest for digest, is_gone in zip(before[start:end], gone[start:end], strict=True) if is_gone)


def _judge(tx: Transaction, look: Look, gone: frozenset[bytes], pending: Sequence[Any], *, now: datetime) -> int:
    before, shown_now = unpacked(look.before), set(unpacked(look.now))
    newest = select(*_MARKS).where(post.c.source_id == look.source_id).order_by(post.c.id.desc())
    rows = {_digest(row): row for row in tx.execute(newest.limit(2 * len(before) + len(shown_now)))}
    pending = [row for row in pending if row.guid not in look.excused]
    numbered = look.complete
    shown = [_shown(row, numbered=numbered) for digest, row in rows.items() if digest in shown_now]
    window = [moment(rows[digest].stated_at, rows[digest].first_seen_at) for digest in before if digest in rows]
    again = [row for row in pending if _digest(row) in shown_now]
    absent = [row for row in pending if row.withdrawn_at is None and _digest(row) not in shown_now]
    still = {
        each.id
        for each in passed_over(
            [_shown(row, numbered=numbered) for row in absent], shown, window=window, complete=look.complete
        )
    }
    _forget(tx, [row.id for row in again] + [row.id for row in absent if row.id not in still])
    restored = [row.id for row in again if row.withdrawn_at is not None]
    _mark(tx, restored, Kind.RESTORED, at=now)
    _mark(tx, sorted(still), Kind.WITHDRAWN, at=now)
    known = {row.id for row in pending}
    left = [rows[digest] for digest in gone if digest in rows and rows[digest].guid not in look.excused]
    suspects = passed_over(
        [_shown(row, numbered=numbered) for row in left], shown, window=window, complete=look.complete
    )
    insert_new(tx, missing, [{"post_id": s.id, "since": now} for s in suspects if s.id not in known], key=("post_id",))
    return len(still)


def _mark(tx: Transaction, ids: Sequence[int], kind: Kind, *, at: datetime) -> None:
    if ids:
        withdrawn_at = at if kind is Kind.WITHDRAWN else None
        tx.execute(update(post).where(post.c.id.in_(ids)).values(withdrawn_at=withdrawn_at))
        tx.execute(insert(change), [_row(id_, Change(kind=kind), at=at, number=None) for id_ in ids])


def _forget(tx: Transaction, ids: Sequence[int]) -> None:
    if ids:
        tx.execute(delete(missing).where(missing.c.post_id.in_(ids)))


def _digest(row: Any) -> bytes:
    return digest8(row.guid, row.content_hash)


def _shown(row: Any, *, numbered: bool) -> Shown:
    number = row.guid.rpartition("/")[2]
    if numbered and number.isdecimal():  # several posts may be of one minute, their numbers differ
        return Shown(id=row.id, place=float(number))
    return Shown(id=row.id, place=moment(row.stated_at, row.first_seen_at).timestamp())


# ── values and columns ─────────────────────────────────────────────────────────────────────────────────────


def _texts(tx: Transaction, ids: Sequence[int]) -> dict[int, str]:
    columns = (post.c.id, post.c.title, post.c.text, post.c.summary)
    found = {}
    for part in chunks(ids, CHUNK):
        for row in tx.execute(select(*columns).where(post.c.id.in_(part))):
            found[row.id] = _said(row.title, row.text, row.summary)
    return found


def _said(title: str, text: str, summary: str) -> str:
    return f"{title}\n{text or summary}"


def _row(post_id: int, each: Change, *, at: datetime, number: int | None) -> dict[str, Any]:
    return {
        "post_id": post_id,
        "kind": each.kind.value,
        "at": at,
        "revision": number,
        "words": each.words,
        "before": each.before,
        "after": each.after,
    }


def _happened(row: Any) -> Happened:
    told = Change(kind=Kind(row.kind), words=row.words, before=row.before, after=row.after)
    return Happened(post_id=row.post_id, at=row.at, change=told, revision=row.revision)
