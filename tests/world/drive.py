"""The real poll loop, with its fetcher, worker processes and database, living in the world for some days."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network

from monitor import polling
from monitor.core.lexicon import Lexicon
from monitor.core.model import Clock, Document, FetchResult, Outcome, Reading, Source
from monitor.core.pacing import Pace
from monitor.core.taxonomy import Taxonomy
from monitor.sources import KINDS
from monitor.sources.equipped import equip, read_equipped
from monitor.sources.http import Fetcher
from monitor.sources.manners import Manners
from monitor.sources.workers import Workshop
from monitor.store import sources
from monitor.store.database import Database
from tests.world.fast_loop import FastLoop
from tests.world.publishers import DAY, SERVICE_KIND, START, Publisher, moment
from tests.world.server import Asked, Servers

AT_ONCE, PER_HOST, SPACING = 20, 2, 1.0
BASE = timedelta(minutes=15)
LEARNT = Pace(floor=timedelta(minutes=1), ceiling=timedelta(hours=12))
TICK = 5.0  # seconds between two looks at what is due, as the service has it
TIMEOUT = 30.0

NOTHING = Taxonomy(organisations=(), countries=(), regions=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What is kept of a poll for judging."""

    slug: str
    started: float
    finished: float
    outcome: Outcome
    reason: str | None
    new: int
    changed: int
    gap: bool


@dataclass(kw_only=True)
class Lived:
    """What came of some days in the world."""

    days: float
    publishers: Sequence[Publisher]
    database: Database
    log: list[Asked]
    polls: list[Polled] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return len(self.log)


class WatchedManners(Manners):
    """Tells how many requests are under way, so that time stands still while they travel."""

    under_way = 0

    @asynccontextmanager
    async def turn(self, host: str, *, clock: Clock) -> AsyncGenerator[None]:
        async with super().turn(host, clock=clock):
            self.under_way += 1
            try:
                yield
            finally:
                self.under_way -= 1


def live(
    publishers: Sequence[Publisher],
    database: Database,
    *,
    days: float,
    seed: int,
    pace: Pace = LEARNT,
    interval: timedelta = BASE,
    workers: int = 1,
) -> Lived:
    """Poll the publishers for some days. Real time is spent only on work."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(
            _lived(publishers, database, days=days, seed=seed, pace=pace, interval=interval, workers=workers)
        )


async def _lived(
    publishers: Sequence[Publisher],
    database: Database,
    *,
    days: float,
    seed: int,
    pace: Pace,
    interval: timedelta,
    workers: int,
) -> Lived:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FastLoop)
    servers = Servers(publishers, loop)
    manners = WatchedManners(at_once=AT_ONCE, per_host=PER_HOST, spacing=SPACING, now=loop.time)
    loop.travelling = lambda: manners.under_way > servers.asleep
    lived = Lived(days=days, publishers=publishers, database=database, log=servers.log)
    chance = random.Random(seed)

    def clock() -> datetime:
        return moment(loop.time())

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(servers.serving())
        _subscribe(database, publishers, servers.port, interval, chance)
        fetcher = await stack.enter_async_context(
            Fetcher(
                user_agent="world/1",
                total_timeout=TIMEOUT,
                manners=manners,
                allow=[ip_network("127.0.0.0/8")],
                resolve=servers.resolve,
            )
        )
        workshop = Workshop(
            workers=workers,
            tasks_per_worker=10**9,  # one that is replaced starts beside the loop, and time would pass
            initializer=equip,
            initargs=(NOTHING, Lexicon.of(NOTHING), ()),
        )
        with loop.standing_still():
            await stack.enter_async_context(workshop)

        async def fetch(source: Source) -> FetchResult:
            return await fetcher.fetch(
                url=source.url,
                accept=KINDS[source.kind].accept,
                etag=source.memory.etag,
                last_modified=source.memory.last_modified,
                robots=KINDS[source.kind].robots,
                clock=clock,
            )

        async def read(document: Document, source: Source) -> Reading:
            with loop.standing_still():
                return await workshop.run(read_equipped, document, source)

        parts = polling.Parts(database=database, fetch=fetch, read=read, clock=clock, chance=chance.random, pace=pace)
        while loop.time() < days * DAY:
            async for recorded in polling.poll_due(parts):
                lived.polls.append(_polled(recorded))
            due = await database.read(sources.next_due_at)
            if due is None:
                break
            ticks = math.ceil((due - START).total_seconds() / TICK)
            await asyncio.sleep(max(ticks * TICK - loop.time(), TICK))
    return lived


def _subscribe(
    database: Database, publishers: Sequence[Publisher], port: int, interval: timedelta, chance: random.Random
) -> None:
    """Add every publisher as a source. Their first polls are spread over one interval, as those of a service that has
    been running: otherwise fixed intervals would stay in step for ever."""
    with database.writing() as tx:
        for publisher in publishers:
            source = Source(
                slug=publisher.slug,
                title=publisher.slug,
                kind=SERVICE_KIND.get(publisher.kind, publisher.kind),
                url=f"http://{publisher.host}:{port}{publisher.path}",
                interval=interval,
            )
            sources.add(tx, source, now=START + chance.random() * min(interval, BASE))


def _polled(recorded: polling.Recorded) -> Polled:
    poll = recorded.poll
    return Polled(
        slug=poll.source.slug,
        started=(poll.started_at - START).total_seconds(),
        finished=(poll.finished_at - START).total_seconds(),
        outcome=poll.outcome,
        reason=poll.reason,
        new=recorded.new,
        changed=recorded.changed,
        gap=poll.gap is not None,
    )
