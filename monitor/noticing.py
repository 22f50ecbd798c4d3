"""What the operator should know and no other loop says: changes of sources' states, digests that are late, disks that
fill up, a database in trouble. Subscriptions carry the notices, see core.model.Notices.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitor.core.model import Clock, Notice
from monitor.core.notices import OVERDUE, nearly_full, of_database, of_disk, of_overdue
from monitor.logs import get_logger
from monitor.store import notices, outbox, schema, subscriptions
from monitor.store.database import Database, Transaction

log = get_logger()

BACK = timedelta(days=2)  # how old a change of a source's state may be to become a notice still
KEPT = timedelta(days=90)  # that notices are kept
AT_ONCE = 500  # messages dropped in one transaction, so that nobody waits long for the write lock

Usage = Callable[[Path], tuple[int, int]]
"""Bytes left and bytes in all on the disk that a folder is on."""


def usage(folder: Path) -> tuple[int, int]:
    """Of this machine's disks. OSError for a folder that is not there."""
    found = shutil.disk_usage(folder)
    return found.free, found.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What noticing is built from."""

    database: Database
    clock: Clock
    folders: Sequence[Path]  # that are written to
    usage: Usage = usage


async def note(parts: Parts) -> int:
    """Make notices of sources whose state changed and of digests that should have been compiled. Gives how many."""
    now = parts.clock()

    def happened(tx: Transaction) -> list[Notice]:
        late = subscriptions.due(tx, now=now - OVERDUE)
        overdue = [of_overdue(each.slug, each.next_due_at, at=now) for each in late if each.next_due_at is not None]
        return notices.unnoted(tx, since=now - BACK) + overdue

    found = await parts.database.read(happened)
    if not found:
        return 0
    return await parts.database.write(lambda tx: sum(notices.add(tx, each) for each in found))


async def inspect(parts: Parts, *, database: bool = True) -> list[Notice]:
    """Look at the disks, and unless told otherwise at the database, which takes longer; gives what is wrong."""
    now = parts.clock()
    found: list[Notice] = []
    for folder in parts.folders:
        try:
            free, total = parts.usage(folder)
        except OSError:
            continue  # it is made when it is first written to
        if nearly_full(free=free, total=total):
            found.append(of_disk(str(folder), free=free, total=total, at=now))
    if database and (why := await asyncio.to_thread(schema.trouble, parts.database)):
        found.append(of_database(why, at=now))
    for each in found:
        log.warning("notice", kind=each.kind, sentence=each.sentence)
    await parts.database.write(lambda tx: [notices.add(tx, each) for each in found])
    return found


async def forget(parts: Parts, *, keep: timedelta) -> tuple[int, int]:
    """Drop notices of long ago, and messages that ended longer than `keep` ago. Gives how many of each."""
    now = parts.clock()
    dropped = await parts.database.write(lambda tx: notices.forget(tx, before=now - KEPT))
    messages = 0
    while some := await parts.database.write(lambda tx: outbox.forget(tx, before=now - keep, limit=AT_ONCE)):
        messages += some
    return dropped, messages
