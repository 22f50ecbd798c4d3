"""Nothing more is read while much waits to be stored."""

from __future__ import annotations

import asyncio

import pytest

from monitor.core.errors import ConfigError
from monitor.core.model import Document, Outcome, Poll, Reading, Source
from monitor.polling.finished import READ_AHEAD, ROOM, Finished, posts_of
from tests import make
from tests.make import NOW

DOCUMENT = Document(url="https://mfa.example/rss", content=b"", content_type="", fetched_at=NOW)
HALF = Reading(posts=(make.prepared("1"),) * (ROOM // 2), entries=ROOM // 2, seen=b"")


def brought(reading: Reading) -> Poll:
    return Poll(
        source=make.source(),
        started_at=NOW,
        finished_at=NOW,
        outcome=Outcome.NEW,
        memory=make.source().memory,
        reading=reading,
    )


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_documents_wait_while_many_posts_do() -> None:
    async def run() -> None:
        finished = Finished()
        begun: list[Source] = []

        async def read(document: Document, source: Source) -> Reading:
            begun.append(source)
            return HALF

        in_turn = finished.read_by(read)
        for _ in range(2):
            finished.bring(brought(await in_turn(DOCUMENT, make.source())))
        waiting = [asyncio.create_task(in_turn(DOCUMENT, make.source())) for _ in range(3)]
        await settled()
        assert (len(begun), [task.done() for task in waiting]) == (2, [False] * 3)
        assert posts_of(await finished.next()) == ROOM // 2
        assert await asyncio.gather(*waiting) == [HALF] * 3

    asyncio.run(run())


def test_few_are_read_at_once_and_an_end_of_one_lets_the_next_begin() -> None:
    async def run() -> None:
        finished, end = Finished(), asyncio.Event()
        begun = 0

        async def read(document: Document, source: Source) -> Reading:
            nonlocal begun
            begun += 1
            await end.wait()
            return Reading(posts=(), entries=0, seen=b"")

        in_turn = finished.read_by(read)
        tasks = [asyncio.create_task(in_turn(DOCUMENT, make.source())) for _ in range(READ_AHEAD + 5)]
        await settled()
        assert begun == READ_AHEAD
        end.set()
        await asyncio.gather(*tasks)
        assert begun == READ_AHEAD + 5

    asyncio.run(run())


def test_files_that_must_be_mended_end_the_round() -> None:
    async def run() -> None:
        finished = Finished()
        finished.bring(ConfigError([]))
        with pytest.raises(ConfigError):
            await finished.next()

    asyncio.run(run())
