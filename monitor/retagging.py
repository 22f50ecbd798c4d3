"""Stored posts follow the taxonomies: what another version tagged is tagged anew, newest first, in small batches.

Read `retag_waiting` first. It does a little at each tick and rests in between, so that polls come first. What is left
is known from the posts themselves: killed at any moment, it goes on where it stopped. Nothing here is news to anybody:
matches of watches that ask for tags follow the tags, but no alert is raised and no edition compiled before is compiled
again (docs/decisions/0006-tags-of-the-past.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from monitor.core.errors import SourceError
from monitor.core.model import Clock
from monitor.core.retagging import Job, Retagged, Summary
from monitor.logs import get_logger
from monitor.store import retagging
from monitor.store.database import Database, Transaction

log = get_logger()

BATCH = 100  # posts a task of a worker process, and a transaction: both take a fraction of a second
SHARE = 0.2  # of the time spent working; the rest belongs to polls
LASTING = timedelta(seconds=8)  # of one tick


class Retag(Protocol):
    """Tags posts anew, where it can be killed; SourceError where it cannot."""

    def __call__(self, jobs: Sequence[Job]) -> Awaitable[list[Retagged]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What it is built from."""

    database: Database
    retag: Retag
    version: str  # of the taxonomies that `retag` tags by
    clock: Clock
    share: float = SHARE
    lasting: timedelta = LASTING
    batch: int = BATCH


async def begin(parts: Parts) -> None:
    """Make the taxonomies of this process the present ones: said once, when a service starts."""
    now = parts.clock()
    if await parts.database.write(lambda tx: retagging.begin(tx, parts.version, now=now)):
        left = await parts.database.read(lambda tx: retagging.waiting(tx, parts.version))
        if left:  # nothing to say of a database that is new
            log.info("taxonomy-changed", version=parts.version, posts_to_tag_anew=left)


async def retag_waiting(parts: Parts) -> Summary:
    """Tag waiting posts anew for as long as one tick lasts; nothing where a service with other files came later."""
    total = Summary()
    begun = parts.clock()
    while parts.clock() - begun < parts.lasting:
        started = parts.clock()
        if not await _one_batch(parts, total):
            break
        worked = (parts.clock() - started).total_seconds()
        await asyncio.sleep(worked * (1 - parts.share) / parts.share)
    if total.posts:
        log.info("retagged", posts=total.posts, changed=total.changed)
    return total


async def _one_batch(parts: Parts, total: Summary) -> bool:
    """Whether there was something to do, and it could be done."""
    standing, jobs = await parts.database.read(lambda tx: _next(tx, parts))
    if standing is None or standing.version != parts.version:
        return False
    if not jobs:
        if standing.finished_at is None:
            now = parts.clock()
            await parts.database.write(lambda tx: retagging.finish(tx, parts.version, now=now))
        return False
    done = await _tagged(parts, jobs)
    summary = await parts.database.write(lambda tx: retagging.store(tx, done, version=parts.version))
    total.join(summary)
    return summary.posts > 0 or len(done) < len(jobs)


def _next(tx: Transaction, parts: Parts) -> tuple[retagging.Standing | None, list[Job]]:
    standing = retagging.standing(tx)
    if standing is None or standing.version != parts.version:
        return standing, []
    return standing, retagging.batch(tx, parts.version, limit=parts.batch)


async def _tagged(parts: Parts, jobs: Sequence[Job]) -> list[Retagged]:
    """All of them at once; where that fails, one by one, and the one to blame is left as it is."""
    try:
        return await parts.retag(jobs)
    except SourceError as error:
        if len(jobs) > 1:
            return [one for job in jobs for one in await _tagged(parts, [job])]
        post_id = jobs[0].stored.id
        log.warning("retag-skipped", post=post_id, error=str(error))
        await parts.database.write(lambda tx: retagging.skip(tx, post_id, version=parts.version))
        return []
