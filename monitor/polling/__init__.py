"""The poll loop: source → fetch → read (parse, normalise, tag, match) → dedupe → one transaction.

Read `poll_due` first: it is the whole loop. Fetching and reading run side by side (`visit`); what they bring is stored
in batches (`record`), because a transaction for many polls costs little more than for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from monitor.core.errors import ConfigError
from monitor.core.model import Health, Outcome, Poll, Source
from monitor.core.pacing import weight_of
from monitor.logs import get_logger
from monitor.polling.finished import Finished, posts_of
from monitor.polling.parts import Complete, Fetch, Parts, Read, Recorded
from monitor.polling.record import record
from monitor.polling.silent import note_silence
from monitor.polling.visit import PAGES_BACK, failed, poll
from monitor.store import sources

__all__ = ["PAGES_BACK", "Complete", "Fetch", "Parts", "Read", "Recorded", "note_silence", "poll", "poll_due", "record"]

log = get_logger()

BATCH = 200  # polls a transaction at most, …
BULK = 1000  # … and posts, so that others who write need not wait long
LINGER = 0.25  # seconds that a poll waits at most for others to be stored with it
CLAIM = 500  # sources at work at once; what a killed process had taken is due again when its claim runs out


async def poll_due(parts: Parts, *, slugs: Sequence[str] | None = None) -> AsyncGenerator[Recorded]:
    """Poll every due source, or those named whether due or not, and give each poll as soon as it is stored."""
    async with aclosing(_polls(parts, slugs)) as finished:
        async for batch in finished:
            for recorded in await _record_all(parts, batch):
                _report(recorded)
                yield recorded


async def _polls(parts: Parts, slugs: Sequence[str] | None) -> AsyncGenerator[list[Poll]]:
    """Polls in batches, as they finish. More sources are taken on while others wait for their hosts.

    What was not finished when the caller leaves is given back unpolled.
    """
    finished = Finished()
    parts_in_turn = replace(parts, read=finished.read_by(parts.read))
    at_work: dict[int, asyncio.Task[None]] = {}
    wanted = None if slugs is None else set(slugs)

    async def one(source: Source) -> None:
        try:
            finished.bring(await poll(source, parts=parts_in_turn))
        except ConfigError as error:
            finished.bring(error)

    async def take_on() -> None:
        for source in await _claimed(parts, wanted, CLAIM - len(at_work)):
            at_work[source.id] = asyncio.create_task(one(source))

    try:
        await take_on()
        while at_work or wanted:
            if not at_work:  # nobody was to be had of those that were tried
                await take_on()
                continue
            batch = await _batch(finished, of=len(at_work))
            parts.troubles.extend(_perhaps_ours(done) for done in batch if done.outcome is not Outcome.POSTPONED)
            yield batch
            for done in batch:
                del at_work[done.source.id]
            if len(at_work) <= CLAIM // 2:
                await take_on()
    finally:
        for task in at_work.values():
            task.cancel()
        await asyncio.gather(*at_work.values(), return_exceptions=True)
        if at_work:
            await parts.database.write(lambda tx: sources.release(tx, at_work))


async def _batch(finished: Finished, *, of: int) -> list[Poll]:
    """What is finished, once it is worth a transaction: a good number, everything, or all that comes soon."""
    batch: list[Poll] = []
    posts = 0
    try:
        async with asyncio.timeout(None) as patience:
            while len(batch) < min(BATCH, of) and posts < BULK:
                done = await finished.next()
                if not batch:
                    patience.reschedule(asyncio.get_running_loop().time() + LINGER)
                batch.append(done)
                posts += posts_of(done)
    except TimeoutError:
        pass  # it has something: the waiting for the first has no end
    return batch


def _perhaps_ours(done: Poll) -> bool:
    return done.outcome is Outcome.FAILED and weight_of(done.reason).ours


async def _claimed(parts: Parts, wanted: set[str] | None, limit: int) -> list[Source]:
    if wanted is not None and not wanted:
        return []
    now = parts.clock()
    slugs = None if wanted is None else sorted(wanted)[:limit]
    if wanted is not None and slugs is not None:
        wanted.difference_update(slugs)  # whichever cannot be had is being polled by somebody else
    return await parts.database.write(
        lambda tx: sources.claim_due(tx, now=now, until=now + parts.claim_for, limit=limit, slugs=slugs)
    )


async def _record_all(parts: Parts, polls: Sequence[Poll]) -> list[Recorded]:
    """One transaction for all; where it fails, one for each, so that a single poll's bug costs nobody else's posts."""
    now = parts.clock()
    try:
        return await parts.database.write(lambda tx: record(tx, polls, parts=parts, now=now))
    except Exception as error:
        if len(polls) == 1 and polls[0].outcome is Outcome.FAILED:
            raise  # not even the failure can be stored: the database itself is in trouble
        log.exception("record-bug", sources=[p.source.slug for p in polls])
        if len(polls) == 1:
            sentence = f"could not be stored: {type(error).__name__}"
            return await _record_all(parts, [failed(polls[0], sentence, reason="bug")])
    return [recorded for p in polls for recorded in await _record_all(parts, [p])]


def _report(recorded: Recorded) -> None:
    p = recorded.poll
    if (change := recorded.change) is not None:
        worse = change.after in {Health.SLOW, Health.FAILING, Health.GONE}
        say = log.warning if worse else log.info
        say("source-state", source=p.source.slug, before=change.before.value, after=change.after.value, why=change.why)
    ms = round((p.finished_at - p.started_at).total_seconds() * 1000)
    event = log.bind(source=p.source.slug, outcome=p.outcome.value, ms=ms)
    if p.outcome in {Outcome.FAILED, Outcome.GONE}:
        say = event.warning if p.memory.failures <= 1 else event.info  # one that goes on failing is no news
        say("polled", reason=p.reason, error=p.error, failures=p.memory.failures)
    else:
        event.info("polled", new=recorded.new, changed=recorded.changed, entries=p.reading.entries if p.reading else 0)
        if p.gap:
            event.warning("gap", why=p.gap)
        for note in p.reading.notes if p.reading else ():
            event.debug("entry-note", note=note)
