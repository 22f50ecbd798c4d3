"""The built service for the commands that need its parts: fetching, reading, compiling, delivering.

What takes long to load is loaded when a command needs it: `poll` and a round without news need little.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from monitor.cli.output import is_watched, screen
from monitor.cli.session import Session

if TYPE_CHECKING:
    from rich.progress import Progress

    from monitor.app import App
    from monitor.core.taxonomy import Taxonomy
    from monitor.poller import Poller

Result = TypeVar("Result")


@asynccontextmanager
async def service(session: Session) -> AsyncGenerator[App]:
    """The service over the configured database, not ticking."""
    from monitor import app  # noqa: PLC0415 - see above

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


def with_poller(session: Session, work: Callable[[Poller], Coroutine[Any, Any, Result]]) -> Result:
    """What `work` gives when it is handed what polls."""
    from monitor import poller  # noqa: PLC0415 - see above

    def taxonomy() -> Taxonomy:
        from monitor import app  # noqa: PLC0415 - see above

        return app.load_configuration(session.settings).taxonomy

    async def run() -> Result:
        with session.database() as database:
            async with poller.build(session.settings, database, taxonomy, clock=session.now) as built:
                return await work(built)

    return asyncio.run(run())


def progress() -> AbstractContextManager[Progress | None]:
    """A progress bar on standard error; None where nobody watches it."""
    if not is_watched(stderr=True):
        return nullcontext()
    from rich.progress import (  # noqa: PLC0415 - see above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=screen(stderr=True),
        transient=True,
        expand=True,
    )


def advance(bar: Progress | None, description: str, *, total: int) -> None:
    """One of `total` is done, where somebody watches."""
    if bar is not None:
        if not bar.tasks:
            bar.add_task(description, total=total)
        bar.update(bar.tasks[0].id, advance=1, description=description)
