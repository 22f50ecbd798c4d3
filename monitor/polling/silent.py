"""Silence: the one change of a source's state that no poll brings."""

from __future__ import annotations

from monitor.core.model import HealthChange
from monitor.logs import get_logger
from monitor.polling.parts import Parts
from monitor.store import changes

log = get_logger()


async def note_silence(parts: Parts) -> list[HealthChange]:
    """Call those sources silent that have become unusually quiet, and clear away changes of long ago.

    Judging is done before the transaction: a habit is costlier to look into than a row to write.
    """
    now = parts.clock()
    found = await parts.database.read(lambda tx: changes.newly_silent(tx, now=now))
    noted = await parts.database.write(lambda tx: changes.turn(tx, found, now=now))
    await parts.database.write(lambda tx: changes.forget(tx, now=now))
    for each in noted:
        log.warning("source-state", source=each.slug, before=each.before.value, after=each.after.value, why=each.why)
    return noted
