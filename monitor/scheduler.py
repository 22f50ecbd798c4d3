"""Ticks the loops on one machine. What is due is a column in the database, so a tick that is lost loses nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.app import App
from monitor.logs import get_logger
from monitor.web import Parts, pages, serving

log = get_logger()

Alive = Callable[[str], Awaitable[None]]
"""Called by a long tick whenever it got somewhere, with a line for `monitor status`: a tick that hangs falls silent."""

Tick = Callable[[Alive], Awaitable[str]]
"""One round of a loop; gives a line on what it did."""

GRACE = 8.0  # seconds the ticks under way have to put down what they hold when the service stops


def this_process() -> str:
    """Host and process id, as heartbeats name them."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def serve(app: App, stop: asyncio.Event) -> None:
    """Tick until `stop` is set, then let the ticks under way end in order."""
    scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
    running: set[asyncio.Task[object]] = set()
    for name, every, tick in app.loops():
        job = _watched(app, name, every, tick, running)
        scheduler.add_job(job, "interval", seconds=every.total_seconds(), misfire_grace_time=None, id=name)
    for job in scheduler.get_jobs():
        job.modify(next_run_time=app.clock())
    if app.settings.metrics.listen:
        host, _, port = app.settings.metrics.listen.rpartition(":")
        app.metrics.serve(host.strip("[]"), int(port))
        log.info("metrics", address=f"http://{app.settings.metrics.listen}/metrics")
    async with AsyncExitStack() as stack:
        if app.settings.web.listen:
            await stack.enter_async_context(_pages(app))
        await _tick(app, scheduler, running, stop)


@asynccontextmanager
async def _pages(app: App) -> AsyncGenerator[None]:
    web = app.settings.web
    host, _, port = web.listen.rpartition(":")
    parts = Parts(
        database=app.database,
        clock=app.clock,
        page=app.press.page,
        feed=app.feed,
        edition=app.edition,
        url=web.url.rstrip("/"),
    )
    async with serving(pages(parts), host=host.strip("[]"), port=int(port)) as listening:
        log.info("pages", at=f"{host}:{listening}", readers_see=web.url or None)
        yield


async def _tick(app: App, scheduler: AsyncIOScheduler, running: set[asyncio.Task[object]], stop: asyncio.Event) -> None:
    scheduler.start()
    try:
        await stop.wait()
    finally:
        scheduler.pause()
        under_way = [task for task in running if not task.done()]
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way, timeout=GRACE)
        scheduler.shutdown(wait=False)
        await app.sign_off(this_process())


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for an orderly end; a second one of either ends at once."""
    loop = asyncio.get_running_loop()

    def asked(signum: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + signum)
        stop.set()
        log.info("stopping", signal=signum.name)

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, asked, signum)


def _watched(
    app: App, name: str, every: timedelta, tick: Tick, running: set[asyncio.Task[object]]
) -> Callable[[], Awaitable[None]]:
    """The tick with its heartbeats. Its errors are logged and the next tick comes."""

    async def alive(detail: str) -> None:
        await app.beat(name, every=every, process=this_process(), detail=detail)

    async def job() -> None:
        task = asyncio.current_task()
        if task is not None:
            running.add(task)
            task.add_done_callback(running.discard)
        try:
            await alive(await tick(alive))
        except asyncio.CancelledError:
            log.debug("tick-ended-early", loop=name)  # the service stops, see `serve`
        except Exception as error:
            log.exception("tick-bug", loop=name)
            app.stumbled(name, error)

    return job
