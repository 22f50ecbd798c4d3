"""What becomes of feeds that are polled again and again: `python -m benchmarks.time_series`.

Each recorded series is replayed in order through the real poll loop into a real database. The line of a series says
how many posts were kept of the entries shown, how many changes were taken for edits, how many phrases came and went
with these, how many posts were taken for withdrawn, and what a reader of the list would complain about: an article that
is there twice, or one that was shown and is not there. Below it stand the decisions on identity that were not simply
the stated guid, with their reasons, and with `-v` the edits.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import structlog

from monitor import polling
from monitor.core.html import one_line
from monitor.core.model import (
    Document,
    Entry,
    Fetched,
    FetchResult,
    Post,
    Reading,
    Revision,
    Source,
    StoredPost,
    Tag,
)
from monitor.core.urls import canonical
from monitor.core.watches import WatchSet
from monitor.sources import feed
from monitor.sources.pruning import glance
from monitor.sources.reading import Tools, read, read_part
from monitor.store import histories, posts, schema, sources
from monitor.store.database import Database
from tests.shared import SHARED

SERIES = SHARED / "corpus" / "feeds" / "time-series"
URL = "https://example.org/news/feed.xml"
BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


class Untagged:
    """Finds nothing: what posts are about makes no difference to which posts they are."""

    def tags(self, _post: Post, _source: Source) -> tuple[Tag, ...]:
        return ()


TOOLS = Tools(tagger=Untagged(), watches=WatchSet(()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A feed as it was served at one time."""

    at: datetime
    content: bytes
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A post as it ended up in the store, with what it said before."""

    stored: StoredPost
    before: tuple[Revision, ...]

    @property
    def titles(self) -> set[str]:
        return {folded(self.stored.post.title), *(folded(revision.title) for revision in self.before)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a series left behind."""

    name: str
    snapshots: int
    shown: int  # entries over all snapshots
    kept: tuple[Kept, ...]
    new: int  # as the loop counted them
    changed: int
    happened: Counter[str]  # what was noted of the posts: "phrase added", "withdrawn", …
    decisions: tuple[str, ...]  # identity: each reason once, in order
    lost: tuple[str, ...]  # shown, and not to be found
    twice: tuple[str, ...]  # kept, and there already

    @property
    def edits(self) -> int:
        return sum(len(kept.before) for kept in self.kept)


def series(directory: Path) -> list[Snapshot]:
    """The snapshots of a recorded feed, oldest first."""
    return [
        Snapshot(
            # Recorded in an unknown zone: only the order and the rough distance are right.
            at=datetime.strptime(file.name[:13], "%Y%m%dT%H%M").replace(tzinfo=UTC),
            content=file.read_bytes(),
            name=file.name,
        )
        for file in sorted(directory.glob("*.xml"))
    ]


def replay(snapshots: Iterable[Snapshot], database: Database, *, name: str = "series") -> Replayed:
    """Poll a feed that shows the snapshots one after the other, and look at what is kept of it."""
    snapshots = list(snapshots)
    with database.writing() as tx:
        sources.add(tx, Source(slug=name, title=name, kind="feed", url=URL), now=BEGINNING)
    return asyncio.run(_replayed(snapshots, database, name))


async def _replayed(snapshots: Sequence[Snapshot], database: Database, name: str) -> Replayed:
    showing: list[Snapshot] = []

    async def fetch(source: Source) -> FetchResult:
        now = showing[-1]
        return Fetched(document=Document(url=URL, content=now.content, fetched_at=now.at))

    async def read_it(document: Document, source: Source) -> Reading:
        # As the service does it, but for the worker processes.
        glanced = glance(document, source)
        if isinstance(glanced, Reading):
            return glanced
        return (glanced and read_part(glanced, source, TOOLS)) or read(document, source, TOOLS)

    parts = polling.Parts(
        database=database, fetch=fetch, read=read_it, clock=lambda: showing[-1].at, chance=lambda: 0.5
    )
    new = changed = 0
    notes: list[str] = []
    for snapshot in snapshots:
        showing.append(snapshot)
        async for recorded in polling.poll_due(parts, slugs=[name]):
            if recorded.poll.error:
                raise RuntimeError(f"{name} {snapshot.name}: {recorded.poll.error}")
            new, changed = new + recorded.new, changed + recorded.changed
            notes += recorded.poll.reading.notes if recorded.poll.reading else ()
    kept = everything(database, name)
    with database.reading() as tx:
        noted = histories.happened(tx, since=BEGINNING, post_ids=[each.stored.id for each in kept])
    happened = Counter(each.change.kind.value for each in noted)
    entries = [entry for snapshot in snapshots for entry in entries_of(snapshot)]
    return Replayed(
        name=name,
        snapshots=len(snapshots),
        shown=len(entries),
        kept=tuple(kept),
        new=new,
        changed=changed,
        happened=happened,
        decisions=tuple(dict.fromkeys(notes)),
        lost=tuple(dict.fromkeys(_lost(entries, kept))),
        twice=tuple(_twice(kept)),
    )


def everything(database: Database, name: str) -> list[Kept]:
    """Every post of a source, oldest first."""
    with database.reading() as tx:
        found = [stored for stored in posts.each(tx, since=BEGINNING) if stored.source.slug == name]
        return [Kept(stored=stored, before=tuple(posts.revisions(tx, stored.id))) for stored in found]


def entries_of(snapshot: Snapshot) -> tuple[Entry, ...]:
    """What a snapshot shows."""
    document = Document(url=URL, content=snapshot.content, fetched_at=snapshot.at)
    return feed.parse(document, Source(slug="x", title="x", kind="feed", url=URL)).entries


# ── a reader's complaints, told by titles and addresses alone: not by the rules that are being judged ──────────────


def folded(title: str) -> str:
    return one_line(title).casefold()


def _lost(entries: Sequence[Entry], kept: Sequence[Kept]) -> Iterator[str]:
    titles = {title for each in kept for title in each.titles}
    for entry in entries:
        shown = folded(entry.title or "")
        if shown not in titles and not any(title.startswith(shown + " ") for title in titles):
            yield f"{entry.title!r} at {entry.link}"


def _twice(kept: Sequence[Kept]) -> Iterator[str]:
    """Articles of one title, or at one address that is not the address of many."""
    pages = Counter(each.stored.post.url for each in kept)
    by_title: defaultdict[str, list[Kept]] = defaultdict(list)
    by_page: defaultdict[str, list[Kept]] = defaultdict(list)
    for each in kept:
        by_title[folded(each.stored.post.title)].append(each)
        url = canonical(each.stored.post.url or "")
        if url and pages[each.stored.post.url] <= 2:
            by_page[url.partition("://")[2].removeprefix("www.").rstrip("/")].append(each)
    for title, alike in by_title.items():
        if len(alike) > 1:
            yield f"{title!r} as {', '.join(each.stored.post.guid for each in alike)}"
    for page, alike in by_page.items():
        if len(alike) > 1:
            yield f"{page} as {', '.join(each.stored.post.guid for each in alike)}"


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def fresh_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{Path(directory) / 'monitor.db'}")
        schema.upgrade(database)
        yield database
        database.close()


def replayed_all(directory: Path = SERIES) -> list[Replayed]:
    """Every recorded series, each in a database of its own."""
    found = []
    for each in sorted(directory.iterdir()):
        if each.is_dir():
            with fresh_database() as database:
                found.append(replay(series(each), database, name=each.name))
    return found


def table(found: Sequence[Replayed], *, verbose: bool = False) -> str:
    """The series, a line each, and below it the decisions."""
    lines = [f"{'series':20} snapshots  shown  posts  edits phrases + − withdrawn decisions  twice  lost"]
    lines += [
        f"{each.name:20} {each.snapshots:9} {each.shown:6} {len(each.kept):6} {each.edits:6} "
        f"{each.happened['phrase added']:7} {each.happened['phrase removed']:3} {each.happened['withdrawn']:9} "
        f"{len(each.decisions):9} {len(each.twice):6} {len(each.lost):5}"
        for each in found
    ]
    for each in found:
        lines += ["", each.name]
        lines += [f"    {decision}" for decision in each.decisions]
        lines += [f"    there twice: {what}" for what in each.twice]
        lines += [f"    lost: {what}" for what in each.lost]
        if verbose:
            lines += [line for kept in each.kept for line in _history(kept)]
    return "\n".join(lines)


def _history(kept: Kept) -> Iterator[str]:
    post = kept.stored.post
    versions = [*((revision.title, revision.text) for revision in kept.before), (post.title, post.text or post.summary)]
    for (title, text), (next_title, next_text) in pairwise(versions):
        yield f"    edited: {post.guid}"
        for was, is_now in ((title, next_title), (text, next_text)):
            if was != is_now:
                yield f"        - {one_line(was)[:150]}"
                yield f"        + {one_line(is_now)[:150]}"


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(table(replayed_all(), verbose="-v" in sys.argv[1:]))
