"""An event loop whose time passes only when nothing else can happen, with real sockets, threads and processes.

Time jumps to the next timer once nothing is ready, no thread and no process is at work for us, and no request is on its
way. So timeouts, spacing and back-off take no real time, and none of them is met because the machine was busy.
"""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 0.05  # real seconds for which work elsewhere is waited for at a time


class _Selector(selectors.DefaultSelector):
    """Looks for what is ready; where nothing is and nothing will be, time jumps instead of passing."""

    def __init__(self) -> None:
        super().__init__()
        self.loop: FastLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0) or self.loop is None:
            return ready
        if self.loop.at_work():
            return super().select(PATIENCE)
        os.sched_yield()  # what was sent a moment ago has arrived after that
        if (ready := super().select(0)) or timeout is None:
            return ready or super().select(timeout)
        self.loop.seconds += timeout
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """`seconds` is its time, which begins at 0."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._elsewhere = 0
        self.travelling: Callable[[], bool] = lambda: False  # whether a request or an answer is on its way
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self.seconds

    def at_work(self) -> bool:
        """Whether something outside of this loop will report before long."""
        return self._elsewhere > 0 or self.travelling()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """While processes work for us, time does not pass."""
        self._elsewhere += 1
        try:
            yield
        finally:
            self._elsewhere -= 1

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Threads are waited for as well."""
        self._elsewhere += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    def _returned(self, _: object) -> None:
        self._elsewhere -= 1
