"""The built service for the commands that need its parts: fetching, reading, compiling, delivering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor import app
from monitor.app import App
from monitor.cli.output import screen
from monitor.cli.session import Session

Result = TypeVar("Result")


@asynccontextmanager
async def service(session: Session) -> AsyncGenerator[App]:
    """The service over the configured database, not ticking."""
    configuration = app.load_configuration(session.settings)
    with session.database() as database:
        async with app.build(session.settings, database, configuration.taxonomy, clock=session.now) as built:
            yield built


def with_service(session: Session, work: Callable[[App], Coroutine[Any, Any, Result]]) -> Result:
    """What `work` gives when it is handed the built service."""

    async def run() -> Result:
        async with service(session) as built:
            return await work(built)

    return asyncio.run(run())


def progress() -> Progress:
    """A progress bar on standard error, shown where that is a terminal."""
    console = screen(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        expand=True,
    )
