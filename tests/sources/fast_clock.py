"""Time that passes only when everybody waits for it."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTLING = 25  # rounds of the event loop in which tasks that can go on have gone on


class FastClock:
    """`now` and `sleep` for the parts under test, `clock` for the calendar; `run` lets time pass."""

    def __init__(self):
        self.seconds = 0.0
        self._waiting = []
        self._order = itertools.count()

    def now(self):
        return self.seconds

    def clock(self):
        return START + timedelta(seconds=self.seconds)

    async def sleep(self, seconds):
        until = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.seconds + seconds, next(self._order), until))
        await until

    def run(self, main):
        """Run a coroutine to its end, letting time pass whenever nothing else can happen."""

        async def passing():
            task = asyncio.create_task(main)
            while not task.done():
                for _ in range(SETTLING):
                    await asyncio.sleep(0)
                if not task.done() and self._waiting:
                    at, _, until = heapq.heappop(self._waiting)
                    self.seconds = max(self.seconds, at)
                    if not until.done():
                        until.set_result(None)
            return await task

        return asyncio.run(passing())
