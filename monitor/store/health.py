"""Signs of life, so that a stuck service is seen from outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from monitor.store.database import Transaction, insert_or_update
from monitor.store.tables import HeartbeatRow, table

heartbeat = table(HeartbeatRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """When a loop last finished a tick."""

    loop: str
    at: datetime
    every: timedelta
    process: str
    detail: str


def beat(tx: Transaction, value: Heartbeat) -> None:
    """Record that a loop finished a tick."""
    row = {
        "loop": value.loop,
        "at": value.at,
        "every_seconds": value.every.total_seconds(),
        "process": value.process,
        "detail": value.detail,
    }
    insert_or_update(tx, heartbeat, [row], key=("loop",), update=("at", "every_seconds", "process", "detail"))


def heartbeats(tx: Transaction) -> list[Heartbeat]:
    """The last sign of life of each loop, by name; empty when the service never ran or was stopped in order."""
    return [
        Heartbeat(loop=r.loop, at=r.at, every=timedelta(seconds=r.every_seconds), process=r.process, detail=r.detail)
        for r in tx.execute(select(heartbeat).order_by(heartbeat.c.loop))
    ]


def stopped(tx: Transaction, *, process: str) -> None:
    """Forget the signs of life of a process that stopped in order."""
    tx.execute(delete(heartbeat).where(heartbeat.c.process == process))
