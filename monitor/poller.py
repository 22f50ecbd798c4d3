"""The poll loop's parts, built from settings: what `app` builds on, and all that a command needs which only polls.

A round in which nothing is new needs no parser, no taxonomy and no worker process. What one needs them for is loaded
when the first document has to be read, so that looking at a thousand sources takes as long as asking them.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from monitor import __version__, polling
from monitor.core.likeness import Limits
from monitor.core.model import Clock, Document, FetchResult, Prepared, Reading, Source, Watch
from monitor.core.pacing import Pace
from monitor.core.provenance import Origin
from monitor.core.stories import Rules
from monitor.settings import Settings
from monitor.sources import KINDS, equipped
from monitor.sources.http import Fetcher
from monitor.sources.manners import Manners
from monitor.sources.request import Asking, asking
from monitor.store import sources, watches
from monitor.store.database import Database, Transaction

if TYPE_CHECKING:
    from monitor.core.lexicon import Lexicon
    from monitor.core.taxonomy import Taxonomy
    from monitor.sources.workers import Workshop

USER_AGENT = f"communique-monitor/{__version__}"
LARGEST_CLAIM = 20  # times the longest fetch: what a killed process had claimed is polled again after that

P = ParamSpec("P")
T = TypeVar("T")


Held = tuple[tuple[Watch, ...], tuple[Origin, ...]]


@dataclass(slots=True, kw_only=True)
class Tools:
    """The worker processes and what they hold: the taxonomy, the watches, and who issues which source. What is new
    among these reaches them at the next poll.

    The processes are started when they are first needed.
    """

    settings: Settings
    database: Database
    taxonomy: Callable[[], Taxonomy]
    stack: AsyncExitStack  # ends the processes
    held: Held = ((), ())
    begun: bool = False  # whether this process has said that its taxonomies are the present ones
    workshop: Workshop | None = None
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns; it runs in a worker process."""
        return await (self.workshop or await self.started()).run(function, *args, **kwargs)

    async def renew(self) -> None:
        """Hand changed watches and sources to the worker processes."""
        if self.workshop is None:
            return
        wanted = await self.database.read(held_by_workers)
        if wanted != self.held:
            await self.workshop.refresh(*await self.tagging(), *wanted)
            self.held = wanted

    async def tagging(self) -> tuple[Taxonomy, Lexicon]:
        """What posts are tagged with, and the same compiled: from the data directory where an earlier start left it."""
        from monitor.provisioning.compiled import lexicon_of  # noqa: PLC0415 - not every round needs it

        taxonomy = await asyncio.to_thread(self.taxonomy)
        return taxonomy, await asyncio.to_thread(lexicon_of, taxonomy, self.settings.paths.data)

    async def started(self) -> Workshop:
        """The worker processes. ConfigError where the files do not say what posts are tagged with."""
        from monitor.sources.workers import Workshop  # noqa: PLC0415 - not every round needs any

        async with self.starting:
            if self.workshop is None:
                self.held = await self.database.read(held_by_workers)
                polled = self.settings.polling
                self.workshop = await self.stack.enter_async_context(
                    Workshop(
                        workers=polled.workers,
                        time_limit=polled.parse_timeout.total_seconds(),
                        memory_limit=polled.parse_memory_mb * 2**20,
                        initializer=equipped.equip,
                        initargs=(*await self.tagging(), *self.held),
                    )
                )
        return self.workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """What polls: the parts of the loop, and what else may use its connections and processes."""

    parts: polling.Parts
    fetcher: Fetcher
    tools: Tools


def held_by_workers(tx: Transaction) -> Held:
    """What worker processes are given beside the taxonomy."""
    return active_watches(tx), sources.origins(tx)


def active_watches(tx: Transaction) -> tuple[Watch, ...]:
    """The watches that posts are matched against."""
    return tuple(watch for watch in watches.every(tx) if not watch.paused)


def story_rules(settings: Settings) -> Rules:
    """When posts tell the same story."""
    stories = settings.stories
    return Rules(
        window=stories.window,
        short_window=stories.short_window,
        translation_window=stories.translation_window,
        joint_window=stories.joint_window,
        limits=Limits(
            contained=stories.contained,
            rewritten=stories.rewritten,
            opening=stories.opening,
            numbers=stories.numbers,
        ),
    )


@asynccontextmanager
async def build(
    settings: Settings, database: Database, taxonomy: Callable[[], Taxonomy], *, clock: Clock
) -> AsyncGenerator[Poller]:
    """The poller, ready to poll; its connections and worker processes end with the context.

    `taxonomy` gives what posts are tagged with, and is called when the first one has to be.
    """
    polled = settings.polling
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            Fetcher(
                user_agent=USER_AGENT,
                contact=polled.contact,
                total_timeout=polled.timeout.total_seconds(),
                max_bytes=polled.max_bytes,
                max_concurrent=polled.concurrency,
                allow=settings.network.allow,
                manners=Manners(
                    at_once=polled.concurrency,
                    per_host=polled.host_concurrency,
                    spacing=polled.host_spacing.total_seconds(),
                ),
            )
        )
        tools = Tools(settings=settings, database=database, taxonomy=taxonomy, stack=stack)

        usual: dict[str, Asking] = {}  # of sources without options: most

        async def fetch(source: Source) -> FetchResult:
            kind = KINDS[source.kind]
            wishes = usual.get(source.kind) if not source.options else None
            if wishes is None:
                wishes = asking(
                    kind.options.model_validate(dict(source.options)),
                    robots=kind.robots and polled.robots,
                    environ=os.environ,
                )
                if not source.options:
                    usual[source.kind] = wishes
            return await fetcher.fetch(
                url=source.url,
                accept=kind.accept,
                etag=source.memory.etag,
                last_modified=source.memory.last_modified,
                headers=wishes.headers,
                user_agent=wishes.user_agent,
                cookies=wishes.cookies,
                proxy=wishes.proxy,
                robots=wishes.robots,
                clock=clock,
            )

        async def read(document: Document, source: Source) -> Reading:
            return await equipped.read(document, source, run=tools.run)

        async def complete(prepared: Prepared, document: Document, source: Source) -> Prepared:
            return await tools.run(equipped.completed_equipped, prepared.post, document, source)

        parts = polling.Parts(
            database=database,
            fetch=fetch,
            read=read,
            complete=complete,
            clock=clock,
            chance=random.SystemRandom().random,
            pace=Pace(floor=polled.interval_floor, ceiling=polled.interval_ceiling),
            backlog=polled.backlog,
            timeout=polled.timeout,
            stories=story_rules(settings),
            claim_for=max(timedelta(minutes=10), polled.timeout * LARGEST_CLAIM),
        )
        yield Poller(parts=parts, fetcher=fetcher, tools=tools)
