"""Running parsers where they can be killed.

Bytes from outside make parsers loop for minutes, take all memory or overflow their C stack. Each worker here is a
process with pipes of its own, so that whatever happens to one is no concern of the others, and the parent kills it
when its time is up. Why no pool from a library: docs/decisions/0003-parsing-in-killable-processes.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import pickle
import signal
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from monitor.core.errors import SourceError
from monitor.sources.worker_process import BOOT, LENGTH, Outcome, framed

P = ParamSpec("P")
T = TypeVar("T")

START_LIMIT = 60.0  # seconds for imports and the initializer, and for a task to be taken
_READ_AHEAD = 1024 * 1024
_MEGABYTE = 1024 * 1024

# Workers read what strangers wrote: they get no passwords, which services are often given in the environment.
_ENVIRONMENT = frozenset({"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH"})


class Workshop:
    """Runs functions in worker processes: `result = await workshop.run(parse, document, source)`.

    Functions, arguments and results are pickled, so a function must be importable by name. `time_limit` is in seconds
    for each task, `memory_limit` in bytes beyond what a worker holds when it begins. `initializer(*initargs)` is run
    first in each worker and builds what tasks share. Workers are started when there are tasks for them, as many as run
    at once and at most `workers`; each is replaced after `tasks_per_worker` tasks, as some leak.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        time_limit: float = 20.0,
        memory_limit: int = 512 * _MEGABYTE,
        tasks_per_worker: int = 500,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        self._size = workers
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        self._tasks_per_worker = tasks_per_worker
        self._initializer = initializer
        self._initargs = initargs
        self._edition = 0  # of what tasks share; a worker of an older one gets no more tasks
        # The latest to have worked is the next to do so; None is a place whose worker is yet to be started.
        self._idle: asyncio.LifoQueue[_Worker | None] = asyncio.LifoQueue()
        self._spare: list[_Worker] = []  # started ahead for places that are busy now
        self._alive: set[_Worker] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._starts: set[asyncio.Task[_Worker]] = set()
        self._refreshing = asyncio.Lock()
        self._closed = False

    async def __aenter__(self) -> Self:
        for _ in range(self._size):
            self._idle.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End at once: running and waiting tasks are cancelled."""
        self._closed = True
        self._idle.put_nowait(None)  # wakes one waiting task, which wakes the next
        ending = (*self._chores, *self._starts)
        for each in ending:
            each.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in tuple(self._alive)))
        self._alive.clear()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns.

        Raises SourceError "parse-timeout", "memory" or "parse" (the process crashed, or the input is nested too deeply
        for the parser). An exception of the function itself comes through as it is, with the worker's traceback as a
        note. A task whose worker died before taking it is given to another, once.
        """
        backstop = math.ceil(self._time_limit) + 2
        job = framed((backstop, function, args, kwargs))
        for last_try in (False, True):
            worker = await self._take()
            try:
                outcome, value = await worker.do(job, limit=self._time_limit)
            except _LostError as error:
                self._cancelled_when_closed()
                if last_try:
                    raise SourceError("two worker processes in a row died before they began", reason="parse") from error
            except SourceError:
                self._cancelled_when_closed()
                raise
            else:
                result: T = self._result(outcome, value)
                return result
            finally:
                self._give_back(worker)
        raise AssertionError("the second try returns or raises")

    async def refresh(self, *initargs: Any) -> None:
        """Have the tasks that begin from now on share what `initializer(*initargs)` builds.

        Running tasks end as they began. New workers are started beside those that there are; when that fails, the old
        go on and the exception is raised.
        """
        async with self._refreshing:
            edition = self._edition + 1
            fresh = await self._started(min(self._size, len(self._alive)), initargs, edition)
            self._initargs, self._edition = initargs, edition
            old = [*self._spare]
            places = self._idle.qsize()
            old += [worker for _ in range(places) if (worker := self._idle.get_nowait())]
            for _ in range(places - len(fresh)):
                self._idle.put_nowait(None)
            for worker in fresh[:places]:
                self._idle.put_nowait(worker)
            self._spare = fresh[places:]
            await asyncio.gather(*(self._stop(worker) for worker in old))

    # ── places and workers ─────────────────────────────────────────────────────────────────────────────────

    async def _take(self) -> _Worker:
        worker = await self._idle.get()
        try:
            self._cancelled_when_closed()
            if worker is not None and worker.usable:
                return worker
            if worker is not None:
                await self._stop(worker)
            return await self._current()
        except BaseException:
            self._idle.put_nowait(None)  # the place stays, or the pool would shrink with every failed start
            raise

    def _give_back(self, worker: _Worker) -> None:
        if self._closed:
            return
        if worker.usable and worker.edition == self._edition and worker.tasks < self._tasks_per_worker:
            self._idle.put_nowait(worker)
            return
        # Start the next one now rather than when a task waits for it.
        chore = asyncio.create_task(self._replace(worker))
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    async def _replace(self, worker: _Worker) -> None:
        fresh: _Worker | None = None
        try:
            await self._stop(worker)
            fresh = await self._current()
        except Exception:  # noqa: BLE001, RUF100  the next task tries again, and gets the exception if it fails too
            fresh = None
        finally:
            self._idle.put_nowait(fresh)

    async def _current(self) -> _Worker:
        """A worker of the current edition."""
        while True:
            if self._spare:
                return self._spare.pop()
            edition = self._edition
            [worker] = await self._started(1, self._initargs, edition)
            if edition == self._edition:
                return worker
            await self._stop(worker)  # refreshed while it was starting

    async def _started(self, number: int, initargs: tuple[Any, ...], edition: int) -> list[_Worker]:
        """So many new workers, or none and an exception."""
        hello = framed((self._memory_limit, self._initializer, initargs))
        self._cancelled_when_closed()
        starts = [asyncio.create_task(self._start(hello, edition)) for _ in range(number)]
        self._starts.update(starts)
        try:
            return list(await asyncio.gather(*starts))
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):  # that one `gather` has passed on already
                for start in starts:
                    start.cancel()
            for outcome in await asyncio.gather(*starts, return_exceptions=True):
                if isinstance(outcome, _Worker):
                    await self._stop(outcome)
            raise
        finally:
            self._starts.difference_update(starts)

    async def _start(self, hello: bytes, edition: int) -> _Worker:
        spawning = asyncio.create_task(_Worker.spawned(edition))
        try:
            worker = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            # Cancelled while it creates a process, asyncio may wait for ever, for pipes that nobody connects any more.
            # Creating one takes milliseconds: let it finish.
            await asyncio.wait({spawning})
            if not spawning.exception():
                await spawning.result().stop()
            raise
        self._alive.add(worker)
        try:
            outcome, value = await worker.greet(hello)
            self._result(outcome, value)
        except BaseException:
            await self._stop(worker)
            raise
        return worker

    async def _stop(self, worker: _Worker) -> None:
        await worker.stop()
        self._alive.discard(worker)

    def _cancelled_when_closed(self) -> None:
        if self._closed:
            raise asyncio.CancelledError("the workshop was closed")

    def _result(self, outcome: Outcome, value: Any) -> Any:
        if outcome is Outcome.DONE:
            return value
        if outcome is Outcome.FAILED:
            raise value
        if outcome is Outcome.MEMORY:
            raise SourceError(
                f"reading it takes more than {self._memory_limit // _MEGABYTE:,} MB of memory", reason="memory"
            )
        raise SourceError("it is nested too deeply to be read", reason="parse")


class _LostError(Exception):
    """The worker died before it took the task."""


class _Worker:
    """One process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process, edition: int) -> None:
        assert process.stdin and process.stdout  # noqa: S101  both were asked for
        self._process = process
        self._to = process.stdin
        self._from = process.stdout
        self._spoiled = False
        self._drained = False
        self.edition = edition
        self.tasks = 0

    @classmethod
    async def spawned(cls, edition: int) -> Self:
        """A new interpreter. Nothing is forked: a copy of a process that has threads may hold their locks for ever."""
        environment = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            BOOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment | {"PYTHONPATH": os.pathsep.join(entry or "." for entry in sys.path)},
            start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone
            limit=_READ_AHEAD,
        )
        return cls(process, edition)

    @property
    def usable(self) -> bool:
        return not self._spoiled and self._process.returncode is None

    async def greet(self, hello: bytes) -> tuple[Outcome, Any]:
        """Hand over what to set up; how that ended."""
        try:
            async with asyncio.timeout(START_LIMIT):
                await self._send(hello)
                return await self._receive()
        except (OSError, EOFError, TimeoutError) as error:
            raise RuntimeError(f"a worker process did not start: {await self._how_it_ended()}") from error

    async def do(self, job: bytes, *, limit: float) -> tuple[Outcome, Any]:
        """Hand over a task; how it ended. `_LostError` when it never began."""
        self.tasks += 1
        finished = False
        try:
            try:
                async with asyncio.timeout(START_LIMIT):
                    await self._send(job)
                    await self._from.readexactly(LENGTH)  # it was taken
            except (OSError, EOFError, TimeoutError) as error:
                raise _LostError from error
            try:
                async with asyncio.timeout(limit):
                    outcome, value = await self._receive()
            except TimeoutError as error:
                raise SourceError(f"reading it takes longer than {limit:g} s", reason="parse-timeout") from error
            except (OSError, EOFError) as error:
                raise await self._crash() from error
            finished = outcome is not Outcome.MEMORY  # what is left of the heap then is in pieces
            return outcome, value
        finally:
            if not finished:  # a caller who was cancelled included
                self._spoiled = True
                self._kill()

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._kill()
        self._to.close()
        await self._process.wait()
        # Until both pipes have come to their end, asyncio holds on to them, and complains when the loop is closed.
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(1.0):
                while not self._drained:
                    try:
                        await self._from.read()
                        self._drained = True
                    except RuntimeError:  # whoever waits for a result is reading, and about to see the end
                        await asyncio.sleep(0.001)
                await self._to.wait_closed()

    def _kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def _send(self, frame: bytes) -> None:
        self._to.write(frame)
        await self._to.drain()

    async def _receive(self) -> tuple[Outcome, Any]:
        length = int.from_bytes(await self._from.readexactly(LENGTH), "big")
        outcome, value = pickle.loads(await self._from.readexactly(length))  # noqa: S301  from our own worker
        return outcome, value

    async def _crash(self) -> SourceError:
        how = await self._how_it_ended()
        if self._process.returncode == -signal.SIGKILL:
            return SourceError("the system ran out of memory while reading it", reason="memory")
        return SourceError(f"the parser crashed on it ({how})", reason="parse")

    async def _how_it_ended(self) -> str:
        try:
            async with asyncio.timeout(1.0):
                code = await self._process.wait()
        except TimeoutError:
            return "no answer"
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
