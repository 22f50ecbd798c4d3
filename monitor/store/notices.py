"""What the operator should know: said once for each event, given once to each subscription, kept for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, exists, literal, or_, select

from monitor.core.model import Notice
from monitor.core.notices import TROUBLE, change_key, of_change
from monitor.store import changes
from monitor.store.database import Transaction, insert_new, insert_new_statement
from monitor.store.tables import HealthChangeRow, NoticeGivenRow, NoticeRow, table

notice, given, change = table(NoticeRow), table(NoticeGivenRow), table(HealthChangeRow)


def add(tx: Transaction, value: Notice) -> bool:
    """Keep a notice. False for one whose key is there already: it is the same event and left alone."""
    row = {
        "key": value.key,
        "at": value.at,
        "kind": value.kind,
        "subject": value.subject,
        "sentence": value.sentence,
        "what": value.what,
        "details": dict(value.values),
    }
    added = insert_new_statement(tx, notice, key=("key",)).returning(notice.c.id)
    return tx.execute(added, [row]).first() is not None


def unnoted(tx: Transaction, *, since: datetime) -> list[Notice]:
    """Of the changes of sources' states at or after `since` that have no notice yet, those that are worth one."""
    noted = exists().where(notice.c.key == literal(change_key(0).removesuffix("0"), Text) + cast(change.c.id, Text))
    trouble = [state.value for state in TROUBLE]
    telling = or_(change.c.after.in_(trouble), change.c.before.in_(trouble))
    fresh = [of_change(each) for each in changes.where(tx, change.c.at >= since, telling, ~noted)]
    return [each for each in fresh if each is not None]


def not_given(tx: Transaction, subscription_id: int, *, since: datetime, until: datetime) -> list[Notice]:
    """Notices in [since, until) that this subscription was never given, oldest first."""
    told = exists().where(given.c.subscription_id == subscription_id, given.c.notice_id == notice.c.id)
    query = select(notice).where(notice.c.at >= since, notice.c.at < until, ~told)
    return [_value(row) for row in tx.execute(query.order_by(notice.c.at, notice.c.id))]


def give(tx: Transaction, subscription_id: int, digest_id: int, settled: Sequence[Notice]) -> None:
    """Remember that an edition carried these."""
    if settled:
        rows = [{"subscription_id": subscription_id, "notice_id": n.id, "digest_id": digest_id} for n in settled]
        insert_new(tx, given, rows, key=("subscription_id", "notice_id"))


def since(tx: Transaction, after: datetime, *, limit: int = 1000) -> list[Notice]:
    """Notices later than `after`, oldest first."""
    rows = tx.execute(select(notice).where(notice.c.at > after).order_by(notice.c.at, notice.c.id).limit(limit))
    return [_value(row) for row in rows]


def latest(tx: Transaction, *, limit: int, kind: str | None = None, after: datetime | None = None) -> list[Notice]:
    """The newest notices, newest first."""
    query = select(notice).order_by(notice.c.at.desc(), notice.c.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(notice.c.kind == kind)
    if after is not None:
        query = query.where(notice.c.at > after)
    return [_value(row) for row in tx.execute(query)]


def forget(tx: Transaction, *, before: datetime) -> int:
    """Drop notices older than that. Gives how many."""
    return tx.execute(delete(notice).where(notice.c.at < before)).rowcount


def _value(row: Any) -> Notice:
    return Notice(
        id=row.id,
        key=row.key,
        at=row.at,
        kind=row.kind,
        subject=row.subject,
        sentence=row.sentence,
        what=row.what,
        values=row.details,
    )
