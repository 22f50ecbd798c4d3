"""Polls on their way from those who read documents to the one who stores what was in them."""

from __future__ import annotations

import asyncio

from monitor.core.errors import ConfigError
from monitor.core.model import Document, Poll, Reading, Source
from monitor.polling.parts import Read

ROOM = 2_000  # posts that may wait to be stored before …
READ_AHEAD = 16  # … no more documents are read than are being read


class Finished(asyncio.Queue[Poll | ConfigError]):
    """Polls that wait to be stored. While their posts are many no more documents are read: posts take room."""

    def __init__(self) -> None:
        super().__init__()
        self._posts = 0
        self._room = asyncio.Event()
        self._room.set()
        self._turn = asyncio.Semaphore(READ_AHEAD)

    def bring(self, done: Poll | ConfigError) -> None:
        """Let a poll be stored."""
        self._count(posts_of(done))
        self.put_nowait(done)

    async def next(self) -> Poll:
        """The poll that was finished first; its ConfigError where that came of it."""
        done = await self.get()
        self._count(-posts_of(done))
        if isinstance(done, ConfigError):
            raise done
        return done

    def read_by(self, read: Read) -> Read:
        """`read`, which waits while there is no room for what it brings."""

        async def in_turn(document: Document, source: Source) -> Reading:
            async with self._turn:
                await self._room.wait()
                return await read(document, source)

        return in_turn

    def _count(self, posts: int) -> None:
        self._posts += posts
        if self._posts < ROOM:
            self._room.set()
        else:
            self._room.clear()


def posts_of(done: Poll | ConfigError) -> int:
    """How many posts a poll brought."""
    return len(done.reading.posts) if isinstance(done, Poll) and done.reading else 0
