"""One source, as far as it can be taken without storing: fetched, read, and made whole.

Whole means: the parts of an index are read too, older pages until a known post comes up, and full texts where they are
asked for. All of it is bounded; what one poll does not reach, a later one goes on with, or the note says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from monitor.core import numbers
from monitor.core.conditional import asking, learnt, taken_on_trust
from monitor.core.errors import POSTPONEMENTS, ConfigError, SourceError
from monitor.core.hints import Hints, from_headers
from monitor.core.identity import FEW, unmet, unpacked
from monitor.core.model import (
    Fetched,
    Freshness,
    Gone,
    Memory,
    NotModified,
    OlderPage,
    Outcome,
    Poll,
    Prepared,
    Reading,
    Source,
)
from monitor.logs import get_logger
from monitor.polling.parts import Parts
from monitor.store import posts, recognition
from monitor.store.recognition import Brought

log = get_logger()

PAGES_BACK = 20  # older pages one poll turns to; the next poll goes on
PATIENCE = timedelta(hours=6)  # with an older page that shows nothing to go on from; then what it hides is a gap
SPELLS_BACK = 20  # spells between two windows that wait to be read, each from its own page; more are a gap
PARTS_OF_INDEX = 10  # documents one poll reads beside the one it asked for
FULL_TEXTS = 20  # pages of posts that one poll reads; the other posts keep their teasers

_NUMBERED = re.compile(r"[?&/](?:page|paged|pg|p|start|offset|skip)[=/]\d{1,7}(?!\d)", re.IGNORECASE)


async def poll(source: Source, *, parts: Parts) -> Poll:
    """One source. Raises nothing that a source can cause; ConfigError where files must be mended before any is read."""
    started_at = parts.clock()
    memory = source.memory
    done = Poll(source=source, started_at=started_at, finished_at=started_at, outcome=Outcome.KNOWN, memory=memory)
    try:
        asked = asking(source)
        result = await parts.fetch(asked)
        match result:
            case NotModified():
                after = taken_on_trust(memory, result, asked=asked.url)
                done = replace(done, outcome=Outcome.NOT_MODIFIED, memory=after, answered_in=result.took)
                done = _heard(done, result.freshness, {}, parts=parts)
            case Gone():
                done = failed(done, "the server says that this address is gone for good (410)", reason="gone")
                done = replace(done, outcome=Outcome.GONE)
            case Fetched():
                done = await _read(done, result, asked=asked.url, parts=parts)
    except SourceError as error:
        if error.reason in POSTPONEMENTS:  # its host is to be left alone for now: that says nothing about the source
            done = replace(done, outcome=Outcome.POSTPONED, memory=memory, error=str(error), reason=error.reason)
        else:
            done = failed(done, str(error), reason=error.reason)
        done = replace(done, retry_at=error.retry_at)
    except ConfigError:
        raise
    except Exception as error:
        # One source's bug must not cost the others; the traceback goes to the log, the source says that it failed.
        log.exception("poll-bug", source=source.slug)
        done = failed(done, f"a bug in this program: {type(error).__name__}: {error}", reason="bug")
    return replace(done, finished_at=parts.clock())


async def _read(done: Poll, fetched: Fetched, *, asked: str, parts: Parts) -> Poll:
    document = fetched.document
    body_hash = blake2b(document.content, digest_size=16).digest()
    # An index says nothing about what its parts hold, so their being the same is not known from its being the same.
    # Likewise older pages that wait to be read are not made up for by a first page that stays the same.
    whole_said = done.source.kind != "sitemap" and not done.source.memory.backfill
    same = body_hash == done.source.memory.body_hash and whole_said
    reading = None if same else await parts.read(document, done.source)
    if reading is not None and reading.more:
        reading = await _with_parts(done.source, reading, parts=parts)
    brought = bool(reading and reading.posts)
    memory = learnt(done.memory, fetched, asked=asked, brought=brought)
    memory = replace(memory, body_hash=body_hash, polled_before=True, failures=0)
    done = replace(done, memory=memory, size=len(document.content), answered_in=fetched.took)
    done = _heard(done, fetched.freshness, reading.hints if reading else {}, parts=parts)
    if reading is None:
        return done
    # A window that shows nothing for once is no window to connect the next one to.
    memory = replace(done.memory, seen=reading.seen or done.memory.seen, cuts=reading.cuts)
    done = replace(done, reading=reading, memory=memory)
    done = _counted(await _paged_back(done, reading, parts=parts))
    return await _with_full_texts(done, parts=parts)


def _heard(done: Poll, freshness: Freshness, said: Mapping[str, Any], *, parts: Parts) -> Poll:
    """With what server and document ask for kept in mind."""
    named = freshness.headers()
    if not named and not said and not done.memory.hints:
        return done
    headers = from_headers(named, now=parts.clock())
    hints = Hints.from_json(done.memory.hints).joined(Hints.from_json(said)).joined(headers)
    return replace(done, memory=replace(done.memory, hints=hints.to_json()), fresh_until=hints.fresh_until)


async def _with_parts(source: Source, index: Reading, *, parts: Parts) -> Reading:
    """An index with what its newest parts show, as one window."""
    windows, notes = [index], list(index.notes)
    put_off: SourceError | None = None
    for address in index.more[:PARTS_OF_INDEX]:
        try:
            part = await _elsewhere(source, address, parts=parts)
        except SourceError as error:
            put_off = error if error.reason in POSTPONEMENTS else put_off
            notes.append(f"a part could not be read: {error}")
            continue
        if part is not None:
            windows.append(part)
            notes += part.notes
    if len(windows) == 1 and not index.shown:
        if put_off is not None:
            raise put_off
        raise SourceError(f"{source.url}: none of its parts could be read: {notes[-1]}", reason="not-a-feed")
    return replace(
        index,
        posts=_each_once([each for window in windows for each in window.posts]),
        entries=sum(window.entries for window in windows),
        shown=sum(window.shown for window in windows),
        seen=b"".join(window.seen for window in windows),
        notes=tuple(notes),
    )


async def _paged_back(done: Poll, reading: Reading, *, parts: Parts) -> Poll:
    """Read older pages until one shows a post that is known, so that nothing falls between two windows.

    Bounded: what one poll does not reach, the next goes on with. Pages that are numbered have moved on by then: what is
    known at the top of such a page the poll before had read, and only what is known after something new ends it. Where
    there is no older page to turn to, or none that shows anything for some hours, posts may have been missed: a gap,
    said aloud.
    """
    source = done.source
    if not source.memory.polled_before or not source.memory.seen:
        return done  # a first window has nothing to connect to
    # Where there is an older page, looking costs less than a doubt: even a single post that is out of sight counts.
    wanted = unmet(source.memory.seen, reading.seen, few=FEW if reading.older is None else 1)
    known = await _known(source, reading, parts=parts) if wanted else {}
    connected = not wanted or any(not wanted.isdisjoint(digests) for digests in known.values())
    newest = frozenset(unpacked(reading.seen))
    # Each spell ends at the window from which the next one was left behind: a new one does not make up for an old one.
    waiting = list(source.memory.backfill)
    moved_on = {page.address for page in waiting if _NUMBERED.search(page.address)}  # left by an earlier poll
    missed = not connected and reading.older is None
    if not connected and reading.older is not None:
        waiting.append(OlderPage(address=reading.older))
    collected, notes, pages_read = list(reading.posts), list(reading.notes), list(reading.numbers)
    pages, between = 0, False  # whether something new was on the pages that moved on
    while waiting and pages < PAGES_BACK:
        page = waiting.pop()
        address = page.address
        pages += 1
        older, in_vain = await _turned_to(source, address, newest=newest, parts=parts)
        if older is None:
            now = parts.clock()
            since = page.since or now
            if now - since >= PATIENCE:
                notes.append(f"{in_vain}; it is given up")
                missed = True
                continue
            notes.append(f"{in_vain}; it is asked for again at the next poll")
            waiting.append(replace(page, since=since))
            break
        collected += older.posts
        pages_read += older.numbers
        known = await _known(source, older, parts=parts)
        if address in moved_on and older.older is not None and older.posts:
            between = between or len(known) < len(older.posts)
            if not (between and older.posts[-1].post.guid in known):
                moved_on.add(older.older)
                waiting.append(OlderPage(address=older.older))
                continue
        between = False
        if older.shown > len(older.posts) or known:
            continue
        if older.older is None:
            missed = True
        else:
            waiting.append(OlderPage(address=older.older))
    missed = missed or len(waiting) > SPELLS_BACK
    gap = "no post of the last window is shown any more: some may have been missed in between" if missed else None
    whole = replace(reading, posts=_each_once(collected), notes=tuple(notes), numbers=tuple(pages_read))
    return replace(done, reading=whole, gap=gap, memory=replace(done.memory, backfill=tuple(waiting[-SPELLS_BACK:])))


async def _turned_to(
    source: Source, address: str, *, newest: frozenset[bytes], parts: Parts
) -> tuple[Reading | None, str]:
    """What an older page shows; None and a sentence where that is nothing to go on from."""
    try:
        older = await _elsewhere(source, address, parts=parts)
    except SourceError as error:
        return None, f"an older page could not be read: {error}"
    if older is None or not older.shown:
        return None, f"the older page {address} had nothing to show"
    # One that leads back to the newest posts connects nothing, whoever knows them.
    if frozenset(unpacked(older.seen)) <= newest:
        return None, f"the older page {address} showed the newest posts"
    return older, ""


def _counted(done: Poll) -> Poll:
    """With the numbers that the pages left out kept in mind."""
    if done.reading is None or not done.reading.numbers:
        return done
    before = done.source.memory
    known = numbers.learnt(before.numbers, done.reading.numbers, at=done.started_at, first=not before.polled_before)
    return replace(done, memory=replace(done.memory, numbers=known))


async def _known(source: Source, reading: Reading, *, parts: Parts) -> dict[str, frozenset[bytes]]:
    """Digests, by guid, of the stored posts that a page shows, be it in other words or under other guids."""
    brought = [Brought(source=source, prepared=prepared, shown=reading.seen) for prepared in reading.posts]
    return await parts.database.read(lambda tx: recognition.digests_of(tx, recognition.recognise(tx, brought)))


async def _with_full_texts(done: Poll, *, parts: Parts) -> Poll:
    """New posts with the text of the pages they link, where the operator asks for it."""
    reading = done.reading
    if reading is None or parts.complete is None or not done.source.options.get("full_text"):
        return done
    keys = [(done.source.id, each.post.guid) for each in reading.posts]
    known = await parts.database.read(lambda tx: posts.known(tx, keys))
    wanted = [each for each in reading.posts if (done.source.id, each.post.guid) not in known and each.post.url]
    completed: dict[str, Prepared] = {}
    notes = list(reading.notes)
    for prepared in wanted[:FULL_TEXTS]:
        page = replace(done.source, url=str(prepared.post.url), memory=Memory())
        try:
            result = await parts.fetch(page)
            if isinstance(result, Fetched):
                completed[prepared.post.guid] = await parts.complete(prepared, result.document, done.source)
        except SourceError as error:
            notes.append(f"only the teaser of {prepared.post.url}: {error}")
    if len(wanted) > FULL_TEXTS:
        notes.append(f"{len(wanted) - FULL_TEXTS} posts keep their teasers: one poll reads {FULL_TEXTS} pages")
    whole = tuple(completed.get(each.post.guid, each) for each in reading.posts)
    return replace(done, reading=replace(reading, posts=whole, notes=tuple(notes)))


async def _elsewhere(source: Source, address: str, *, parts: Parts) -> Reading | None:
    """What another document of the same source shows; None where its server has nothing to show."""
    page = replace(source, url=address, memory=replace(source.memory, etag=None, last_modified=None, moved_polls=0))
    result = await parts.fetch(page)
    return await parts.read(result.document, page) if isinstance(result, Fetched) else None


def _each_once(collected: Sequence[Prepared]) -> tuple[Prepared, ...]:
    return tuple({each.post.guid: each for each in reversed(collected)}.values())[::-1]


def failed(done: Poll, sentence: str, *, reason: str) -> Poll:
    """The same poll, ended by a failure that is said in a sentence and in one word."""
    # The old validators stay: had the new ones been kept, a body that could not be read would never be sent again.
    before = done.source.memory
    memory = replace(before, failures=before.failures + 1)
    return replace(done, outcome=Outcome.FAILED, memory=memory, error=sentence, reason=reason, reading=None)
