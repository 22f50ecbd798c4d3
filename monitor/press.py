"""Where messages and pages are rendered: the shipped templates in this process, anybody else's in one that is killed
when it takes too long or too much.

A template of the operator's that cannot be used never costs a digest: the same is rendered without the folder that it
is in, in the end with the shipped templates alone, and what went wrong is handed back with the result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from monitor.core.alerting import Alert
from monitor.core.errors import ConfigError, Problem, SourceError
from monitor.core.model import Content, Digest, Printed
from monitor.logs import get_logger
from monitor.render import Design, alert_filled, digest_filled, edition_filled, page_filled

if TYPE_CHECKING:
    from monitor.sources.workers import Workshop

log = get_logger()

T = TypeVar("T")

_MEGABYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What filling a template of the operator's may take."""

    seconds: float = 20
    memory: int = 256 * _MEGABYTE


class Press:
    """Renders with `design`, whose overrides are those of the whole installation. An async context."""

    def __init__(self, design: Design, *, limits: Limits | None = None) -> None:
        self._design = design
        self._limits = limits or Limits()
        self._workshop: Workshop | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workshop is not None:
            await self._workshop.__aexit__(kind, error, trace)

    async def digest(self, digest: Digest, *, templates: str) -> Printed:
        """A digest as an "email", a "webhook" or a "chat". ConfigError only for faults of the shipped templates."""

        async def filled(design: Design) -> Content:
            return await self._run(design, digest_filled, design, digest, templates)

        content, problems = await self._first(self._design_of(digest), filled)
        return Printed(content=content, troubles=tuple(map(str, problems)))

    async def alert(self, alert: Alert, *, templates: str) -> Printed:
        """An alert as an "email", a "webhook" or a "chat". ConfigError only for faults of the shipped templates."""

        async def filled(design: Design) -> Content:
            return await self._run(design, alert_filled, design, alert, templates)

        content, problems = await self._first(self._design, filled)
        return Printed(content=content, troubles=tuple(map(str, problems)))

    async def edition(self, digest: Digest) -> str:
        """Everything that an edition holds on one page."""

        async def filled(design: Design) -> str:
            return await self._run(design, edition_filled, design, digest)

        page, problems = await self._first(self._design_of(digest), filled)
        for problem in problems:
            log.warning("template", subscription=digest.subscription.slug, problem=str(problem))
        return page

    async def page(self, name: str, *, language: str, **values: object) -> str:
        """A page of templates/web."""

        async def filled(design: Design) -> str:
            return await self._run(design, page_filled, design, name, language, values)

        page, problems = await self._first(self._design, filled)
        for problem in problems:
            log.warning("template", page=name, problem=str(problem))
        return page

    async def faults(self, digest: Digest, *, templates: str) -> list[Problem]:
        """What is wrong with the templates that a digest is rendered with, each folder of overrides judged."""

        async def filled(design: Design) -> Content:
            return await self._run(design, digest_filled, design, digest, templates)

        return await self._judged(self._design_of(digest), filled)

    async def alert_faults(self, alert: Alert, *, templates: str) -> list[Problem]:
        """What is wrong with the templates that an alert is rendered with."""

        async def filled(design: Design) -> Content:
            return await self._run(design, alert_filled, design, alert, templates)

        return await self._judged(self._design, filled)

    async def page_faults(self, name: str, *, language: str, **values: object) -> list[Problem]:
        """What is wrong with the templates of a page."""

        async def filled(design: Design) -> str:
            return await self._run(design, page_filled, design, name, language, values)

        return await self._judged(self._design, filled)

    async def _judged(self, design: Design, filled: Callable[[Design], Awaitable[object]]) -> list[Problem]:
        try:
            _, problems = await self._first(design, filled)
        except ConfigError as error:
            return list(_problems(error))
        return problems

    def _design_of(self, digest: Digest) -> Design:
        own = digest.subscription.templates_dir
        if own is None:
            return self._design
        return Design(
            shipped=self._design.shipped,
            overrides=(Path(own), *self._design.overrides),
            title=self._design.title,
            pages=self._design.pages,
        )

    async def _first(self, design: Design, filled: Callable[[Design], Awaitable[T]]) -> tuple[T, list[Problem]]:
        """What the first design gives that can be used, going from all overrides to none, and what kept the others."""
        problems: list[Problem] = []
        for attempt in _ever_plainer(design, problems):
            try:
                return await filled(attempt), problems
            except ConfigError as error:
                if not attempt.overrides:
                    raise
                problems += [each for each in _problems(error) if each not in problems]
        raise AssertionError("the last design has no overrides, and returns or raises")

    async def _run(self, design: Design, function: Callable[..., T], /, *args: object) -> T:
        if not design.overrides:
            return await asyncio.to_thread(function, *args)
        folders = " and ".join(map(str, design.overrides))
        try:
            workshop = await self._started()
            return await workshop.run(function, *args)
        except ConfigError:
            raise
        except SourceError as error:
            raise ConfigError([_problem(folders, self._too_much(error))]) from error
        except Exception as error:
            # Whatever a template brings about, or a process that does not start: the digest goes out all the same.
            log.exception("template-bug", folders=folders)
            said = f"the templates here cannot be filled: {type(error).__name__}: {error}"
            raise ConfigError([_problem(folders, said)]) from error

    async def _started(self) -> Workshop:
        """The workshop, started when the first template of the operator's is to be filled."""
        async with self._starting:
            if self._workshop is None:
                from monitor.sources.workers import Workshop  # noqa: PLC0415 - most installations never need it

                workshop = Workshop(workers=1, time_limit=self._limits.seconds, memory_limit=self._limits.memory)
                self._workshop = await workshop.__aenter__()
            return self._workshop

    def _too_much(self, error: SourceError) -> str:
        match error.reason:
            case "parse-timeout":
                return f"filling the templates here takes longer than {self._limits.seconds:g} s"
            case "memory":
                return f"filling the templates here takes more than {self._limits.memory // _MEGABYTE:,} MB of memory"
            case _:
                return f"the templates here cannot be filled: {error}"


def _ever_plainer(design: Design, problems: list[Problem]) -> Iterator[Design]:
    """The design, then without its first folder of overrides, and so on; a folder that is not there is a problem."""
    for folder in design.overrides:
        if not folder.is_dir():
            problems.append(_problem(str(folder), "this folder of templates is not there"))
            design = design.without(folder)
    yield design
    while design.overrides:
        design = design.without(design.overrides[0])
        yield design


def _problem(folders: str, message: str) -> Problem:
    return Problem(file=folders, line=None, path="", message=message)


def _problems(error: ConfigError) -> tuple[Problem, ...]:
    return error.problems or (Problem(file="templates", line=None, path="", message=str(error)),)
