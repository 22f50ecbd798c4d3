"""The poll loop: source → fetch → read (parse, normalise, tag, match) → dedupe → one transaction.

Read `poll_due` first: it is the whole loop. Fetching and reading run side by side; what they bring is stored in
batches, because a transaction for many polls costs little more than for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

import structlog

from monitor.core.conditional import asking, learnt, taken_on_trust
from monitor.core.errors import SourceError
from monitor.core.model import (
    Clock,
    Document,
    Fetched,
    FetchResult,
    Gone,
    Memory,
    NotModified,
    Outcome,
    Poll,
    Prepared,
    Reading,
    Source,
)
from monitor.core.pacing import Pace, next_poll_at
from monitor.core.stories import place
from monitor.store import posts, sources
from monitor.store.database import Database, Transaction

log = structlog.get_logger()

BATCH = 50  # polls a transaction
PAGES_BACK = 20  # older pages one poll turns to; the next poll goes on
CLAIM = 200  # sources taken at once; what a killed process had taken is due again when its claim runs out


class Fetch(Protocol):
    """Gets what a source shows now; SourceError where it cannot."""

    def __call__(self, source: Source) -> Awaitable[FetchResult]: ...


class Read(Protocol):
    """Turns a document into posts, where it can be killed; SourceError where it cannot."""

    def __call__(self, document: Document, source: Source) -> Awaitable[Reading]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop is built from."""

    database: Database
    fetch: Fetch
    read: Read
    clock: Clock
    chance: Callable[[], float]  # uniform in [0, 1)
    pace: Pace = field(default_factory=Pace)
    concurrency: int = 50
    backlog: timedelta = timedelta(days=2)  # at a source's first poll, older posts are kept but not digested
    story_window: timedelta = timedelta(days=30)  # a repost joins stories first seen in this time
    claim_for: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A poll as it was stored."""

    poll: Poll
    new: int = 0
    changed: int = 0


async def poll_due(parts: Parts, *, slugs: Sequence[str] | None = None) -> AsyncGenerator[Recorded]:
    """Poll every due source, or those named whether due or not, and give each poll as soon as it is stored."""
    while claimed := await _claim(parts, slugs):
        async with aclosing(_polls(parts, claimed)) as finished:
            async for batch in finished:
                for recorded in await _record_all(parts, batch):
                    _report(recorded)
                    yield recorded
        if slugs is not None:
            slugs = [slug for slug in slugs if slug not in {source.slug for source in claimed}]


async def poll(source: Source, *, parts: Parts) -> Poll:
    """One source, as far as it can be taken without the database. Never raises what a source can cause."""
    started_at = parts.clock()
    memory = source.memory
    done = Poll(source=source, started_at=started_at, finished_at=started_at, outcome=Outcome.KNOWN, memory=memory)
    try:
        result = await parts.fetch(asking(source))
        done = replace(done, memory=replace(memory, failures=0))
        match result:
            case NotModified():
                done = replace(done, outcome=Outcome.NOT_MODIFIED, memory=taken_on_trust(done.memory))
            case Gone():
                done = _failed(done, "the server says that this address is gone for good (410)", reason="gone")
                done = replace(done, outcome=Outcome.GONE)
            case Fetched():
                done = await _read(done, result, parts=parts)
    except SourceError as error:
        done = replace(_failed(done, str(error), reason=error.reason), retry_at=error.retry_at)
    except Exception as error:
        # One source's bug must not cost the others; the traceback goes to the log, the source says that it failed.
        log.exception("poll-bug", source=source.slug)
        done = _failed(done, f"a bug in this program: {type(error).__name__}: {error}", reason="bug")
    return replace(done, finished_at=parts.clock())


def record(tx: Transaction, polls: Sequence[Poll], *, parts: Parts, now: datetime) -> list[Recorded]:
    """Store what polls brought: new posts in their stories, edits as revisions, and what is to be remembered."""
    brought = [(p, prepared) for p in polls if p.reading for prepared in p.reading.posts]
    known = posts.known(tx, [(p.source.id, prepared.post.guid) for p, prepared in brought])
    fresh: dict[tuple[int, str], tuple[Poll, Prepared]] = {}
    edited: dict[tuple[int, str], tuple[posts.Known, Prepared]] = {}
    for p, prepared in brought:
        key = (p.source.id, prepared.post.guid)
        if key not in known:
            fresh.setdefault(key, (p, prepared))
        elif known[key].content_hash != prepared.post.content_hash:
            edited[key] = (known[key], prepared)

    sightings = [posts.sighting(p.source.id, prepared.post) for p, prepared in fresh.values()]
    placements = place(sightings, posts.alike(tx, sightings, since=now - parts.story_window))
    arrivals = [
        posts.Arrival(
            source=p.source,
            prepared=prepared,
            placement=placement,
            first_seen_at=p.finished_at,
            backlog=_is_backlog(p, prepared, backlog=parts.backlog),
        )
        for (p, prepared), placement in zip(fresh.values(), placements, strict=True)
    ]
    posts.add(tx, arrivals, now=now)
    posts.revise(tx, list(edited.values()), now=now)

    recorded = []
    for p in polls:
        new = sum(source_id == p.source.id for source_id, _ in fresh)
        changed = sum(source_id == p.source.id for source_id, _ in edited)
        outcome = Outcome.NEW if new or changed else p.outcome
        recorded.append(Recorded(poll=replace(p, outcome=outcome), new=new, changed=changed))
    due = [next_poll_at(r.poll, pace=parts.pace, chance=parts.chance()) for r in recorded]
    sources.remember(tx, [(r.poll, at, r.new, r.changed) for r, at in zip(recorded, due, strict=True)])
    return recorded


# ── stages ─────────────────────────────────────────────────────────────────────────────────────────────────


async def _claim(parts: Parts, slugs: Sequence[str] | None) -> list[Source]:
    if slugs is not None and not slugs:
        return []
    now = parts.clock()
    until = now + parts.claim_for
    return await parts.database.write(lambda tx: sources.claim_due(tx, now=now, until=until, limit=CLAIM, slugs=slugs))


async def _polls(parts: Parts, claimed: Sequence[Source]) -> AsyncGenerator[list[Poll]]:
    """Polls in batches, as they finish. Whatever was not finished when the caller leaves is given back unpolled."""
    gate = asyncio.Semaphore(parts.concurrency)
    finished: asyncio.Queue[Poll] = asyncio.Queue()

    async def one(source: Source) -> None:
        async with gate:
            finished.put_nowait(await poll(source, parts=parts))

    tasks = [asyncio.create_task(one(source)) for source in claimed]
    waiting = {source.id for source in claimed}
    try:
        while waiting:
            batch = [await finished.get()]
            while not finished.empty() and len(batch) < BATCH:
                batch.append(finished.get_nowait())
            yield batch
            waiting -= {p.source.id for p in batch}
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if waiting:
            await parts.database.write(lambda tx: sources.release(tx, waiting))


async def _read(done: Poll, fetched: Fetched, *, parts: Parts) -> Poll:
    document = fetched.document
    body_hash = blake2b(document.content, digest_size=16).digest()
    same = body_hash == done.source.memory.body_hash
    reading = None if same else await parts.read(document, done.source)
    brought = bool(reading and reading.posts)
    memory = replace(learnt(done.memory, fetched, brought=brought), body_hash=body_hash, polled_before=True)
    done = replace(done, reading=reading, size=len(document.content))
    if reading is not None:
        memory = replace(memory, seen=reading.seen)
        done, memory = await _paged_back(done, reading, memory, parts=parts)
    return replace(done, memory=memory)


async def _paged_back(done: Poll, reading: Reading, memory: Memory, *, parts: Parts) -> tuple[Poll, Memory]:
    """Read older pages until one shows a post that is known, so that nothing falls between two windows.

    Bounded: what one poll does not reach, the next goes on with. Where there is no older page to turn to, posts may
    have been missed: a gap, said aloud.
    """
    source = done.source
    if not source.memory.polled_before or not source.memory.seen:
        return done, memory  # a first window has nothing to connect to
    connected = await _connected(source, reading, parts=parts)
    address, later = (source.memory.backfill, None) if connected else (reading.older, source.memory.backfill)
    collected = list(reading.posts)
    notes = list(reading.notes)
    pages = 0
    older: Reading | None = None
    while address is not None and pages < PAGES_BACK and (older is None or not connected):
        pages += 1
        try:
            older = await _older_page(source, address, parts=parts)
        except SourceError as error:
            notes.append(f"an older page could not be read: {error}")
            break
        if older is None or not older.shown:
            address = None
            break
        collected += [each for each in older.posts if each.post.guid not in {c.post.guid for c in collected}]
        connected = await _connected(source, older, parts=parts)
        address = None if connected else older.older
    gap = None
    if not connected and address is None:
        gap = "no post of the last window is shown any more: some may have been missed in between"
    whole = replace(reading, posts=tuple(collected), notes=tuple(notes))
    return replace(done, reading=whole, gap=gap), replace(memory, backfill=address or later)


async def _connected(source: Source, reading: Reading, *, parts: Parts) -> bool:
    """Whether a page shows anything that is known already, unchanged or edited."""
    if not reading.shown or reading.shown > len(reading.posts):
        return True
    keys = [(source.id, each.post.guid) for each in reading.posts]
    return bool(await parts.database.read(lambda tx: posts.known(tx, keys)))


async def _older_page(source: Source, address: str, *, parts: Parts) -> Reading | None:
    page = replace(source, url=address, memory=replace(source.memory, etag=None, last_modified=None, moved_polls=0))
    result = await parts.fetch(page)
    return await parts.read(result.document, page) if isinstance(result, Fetched) else None


def _failed(done: Poll, sentence: str, *, reason: str) -> Poll:
    # The old validators stay: had the new ones been kept, a body that could not be read would never be sent again.
    before = done.source.memory
    memory = replace(before, failures=before.failures + 1)
    return replace(done, outcome=Outcome.FAILED, memory=memory, error=sentence, reason=reason, reading=None)


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
            return await _record_all(parts, [_failed(polls[0], sentence, reason="bug")])
    return [recorded for p in polls for recorded in await _record_all(parts, [p])]


def _is_backlog(p: Poll, prepared: Prepared, *, backlog: timedelta) -> bool:
    """At a first poll the window is full of old posts: those, and undated ones, are no news to anybody."""
    if p.source.memory.polled_before:
        return False
    stated = prepared.post.stated_at
    return stated is None or stated < p.finished_at - backlog


def _report(recorded: Recorded) -> None:
    p = recorded.poll
    ms = round((p.finished_at - p.started_at).total_seconds() * 1000)
    event = log.bind(source=p.source.slug, outcome=p.outcome.value, ms=ms)
    if p.outcome in {Outcome.FAILED, Outcome.GONE}:
        event.warning("polled", reason=p.reason, error=p.error, failures=p.memory.failures)
    else:
        event.info("polled", new=recorded.new, changed=recorded.changed, entries=p.reading.entries if p.reading else 0)
        for note in p.reading.notes if p.reading else ():
            event.debug("entry-note", note=note)
