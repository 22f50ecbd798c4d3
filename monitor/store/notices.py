"""What the operator should know: said once for each event, kept for a while."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from monitor.core.model import Notice
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import NoticeRow, table

notice = table(NoticeRow)


def add(tx: Transaction, value: Notice) -> None:
    """Keep a notice; one whose key is there already is the same event and left alone."""
    row = {"key": value.key, "at": value.at, "kind": value.kind, "subject": value.subject, "sentence": value.sentence}
    insert_new(tx, notice, [row], key=("key",))


def since(tx: Transaction, after: datetime, *, limit: int = 1000) -> list[Notice]:
    """Notices later than `after`, oldest first."""
    rows = tx.execute(select(notice).where(notice.c.at > after).order_by(notice.c.at, notice.c.id).limit(limit))
    return [Notice(id=r.id, key=r.key, at=r.at, kind=r.kind, subject=r.subject, sentence=r.sentence) for r in rows]


def forget(tx: Transaction, *, before: datetime) -> int:
    """Drop notices older than that. Gives how many."""
    return tx.execute(delete(notice).where(notice.c.at < before)).rowcount
