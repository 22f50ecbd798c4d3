"""What reading a feed costs, stage by stage: `python -m benchmarks.reading [FEEDS]`.

Processor time of one process over the same documents, those of the load harness beside the corpus: 25 entries each, RSS
and Atom, English and Russian. Every stage is measured as often as the others, in turn, and shown as a ratio to
feedparser as it comes (sanitising, resolving addresses), to feedparser without either, and to the least that a poller
does which cuts known entries out before parsing (`peers/floor_pipeline.py` there).
"""

from __future__ import annotations

import importlib
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from statistics import median
from typing import Any

import feedparser  # type: ignore[import-untyped]  # ships no types

from benchmarks.tagging import shipped_taxonomy
from monitor.core import portable  # noqa: F401 - as in the service
from monitor.core.model import Document, Memory, Post, Reading, Source
from monitor.core.normalise import normalise
from monitor.core.tagging import Tagger
from monitor.core.watches import WatchSet
from monitor.sources.cutting import cut
from monitor.sources.encoding import decoded
from monitor.sources.feed import parse
from monitor.sources.pruning import Part, glance
from monitor.sources.reading import Tools, read, read_part
from tests.shared import SHARED

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ROUNDS = 5


class Nothing:
    """Tags nothing."""

    def tags(self, _post: Post, _source: Source) -> tuple[()]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One feed at two polls, and what is remembered in between."""

    before: Document
    changed: Document  # another date in its head
    after: Document  # one new entry
    source: Source  # as it was before the first poll
    known: Source  # as it is after
    chunks: bytes  # what the floor remembers


def shown(feeds: int) -> list[Shown]:
    """So many feeds of the load harness."""
    bench = SHARED / "bench"
    if not bench.is_dir():
        raise SystemExit("this benchmark reads the feeds of ../shared/bench, which is not there")
    sys.path.insert(0, str(bench))
    server, floor = importlib.import_module("feedserver"), importlib.import_module("peers.floor_pipeline")
    world = server.World(feeds, NOW.timestamp())
    before = [world.body(n) for n in range(feeds)]
    changed = [world.body(n, volatile=True) for n in range(feeds)]
    world.advance()
    return [_shown(n, (before[n], changed[n], world.body(n)), server.World.enc(n), floor) for n in range(feeds)]


def _shown(n: int, contents: Sequence[bytes], encoding: str, floor: Any) -> Shown:
    kind = f"application/xml; charset={encoding}"
    url = f"http://127.0.0.1/feed/{n}.xml"
    documents = [Document(url=url, content=each, content_type=kind, fetched_at=NOW) for each in contents]
    source = Source(slug=f"feed-{n}", title="Feed", kind="feed", url=url)
    reading = read(documents[0], source, Tools(tagger=Nothing(), watches=WatchSet(())))
    return Shown(
        before=documents[0],
        changed=documents[1],
        after=documents[2],
        source=source,
        known=replace(source, memory=Memory(seen=reading.seen, cuts=reading.cuts)),
        chunks=floor.parse(n, contents[0], kind, b"")[2],
    )


def by_feedparser(document: Document, **options: bool) -> Any:
    """The document as feedparser reads it, told its character set."""
    headers = {"content-type": document.content_type or ""}
    return feedparser.parse(BytesIO(document.content), response_headers=headers, **options)


def stages(feeds: Sequence[Shown]) -> dict[str, Callable[[Shown], object]]:
    """What is measured, by name."""
    floor = importlib.import_module("peers.floor_pipeline")
    bare = Tools(tagger=Nothing(), watches=WatchSet(()))
    full = Tools(tagger=Tagger(shipped_taxonomy()), watches=WatchSet(()))
    windows = {each.source.slug: parse(each.before, each.source) for each in feeds}
    readings = {each.source.slug: read(each.before, each.source, full) for each in feeds}

    def normalised(each: Shown) -> None:
        for entry in windows[each.source.slug].entries:
            normalise(entry, source=each.source, now=NOW, base=each.before.url)

    def glanced_and_read(each: Shown) -> object:
        glanced = glance(each.after, each.known)
        assert isinstance(glanced, Part)  # or something else would be measured
        return read_part(glanced, each.known, bare)

    def nothing_new(each: Shown) -> None:
        assert isinstance(glance(each.changed, each.known), Reading)

    def handed_over(each: Shown) -> None:
        pickle.loads(pickle.dumps(readings[each.source.slug], protocol=pickle.HIGHEST_PROTOCOL))

    return {
        "feedparser as it comes": lambda each: by_feedparser(each.before),
        "feedparser, bare": lambda each: by_feedparser(each.before, sanitize_html=False, resolve_relative_uris=False),
        "the floor: one new entry": lambda each: floor.parse(
            0, each.after.content, each.after.content_type, each.chunks
        ),
        "the floor: nothing new": lambda each: floor.parse(
            0, each.changed.content, each.changed.content_type, each.chunks
        ),
        "decoding": lambda each: decoded(each.before.content, content_type=each.before.content_type),
        "cutting": lambda each: cut(each.before.content),
        "parsing (with both)": lambda each: parse(each.before, each.source),
        "normalising": normalised,
        "all new, without tags": lambda each: read(each.before, each.source, bare),
        "all new, with tags": lambda each: read(each.before, each.source, full),
        "handing all over": handed_over,
        "one new entry, without tags": glanced_and_read,
        "nothing new": nothing_new,
    }


def measured(feeds: Sequence[Shown]) -> dict[str, float]:
    """Milliseconds of processor time a feed, the median of some rounds."""
    times: dict[str, list[float]] = {}
    todo = stages(feeds)
    for _ in range(ROUNDS):
        for name, stage in todo.items():
            began = time.process_time()
            for each in feeds:
                stage(each)
            times.setdefault(name, []).append((time.process_time() - began) / len(feeds) * 1000)
    return {name: median(found) for name, found in times.items()}


def table(found: dict[str, float], posts: float) -> str:
    """The measures, side by side."""
    against = ("feedparser as it comes", "feedparser, bare", "the floor: one new entry", "the floor: nothing new")
    lines = [f"{'':28} {'ms a feed':>9} {'µs a post':>9}   as a share of: " + " | ".join(against)]
    for name, ms in found.items():
        shares = " ".join(f"{ms / found[each]:8.2f}" for each in against)
        lines.append(f"{name:28} {ms:9.2f} {ms / posts * 1000:9.0f}   {shares}")
    return "\n".join(lines)


if __name__ == "__main__":
    chosen = shown(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
    print(table(measured(chosen), sum(len(parse(e.before, e.source).entries) for e in chosen) / len(chosen)))
