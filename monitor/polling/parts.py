"""What the poll loop is built from, and what it gives."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from monitor.core.model import Clock, Document, FetchResult, HealthChange, Poll, Prepared, Reading, Source
from monitor.core.pacing import Pace
from monitor.core.stories import Rules
from monitor.store.database import Database

OBSERVED = 40  # latest polls by which trouble of our own network is told from trouble of sources
OURS_FROM = 0.9  # share of them that failed for a reason that can be our own
AT_LEAST = 10  # of them, before anything is concluded


class Fetch(Protocol):
    """Gets what a source shows now; SourceError where it cannot."""

    def __call__(self, source: Source) -> Awaitable[FetchResult]: ...


class Read(Protocol):
    """Turns a document into posts, where it can be killed; SourceError where it cannot."""

    def __call__(self, document: Document, source: Source) -> Awaitable[Reading]: ...


class Complete(Protocol):
    """Puts the text of the page that a post links into the post; SourceError where it has none."""

    def __call__(self, prepared: Prepared, document: Document, source: Source) -> Awaitable[Prepared]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop is built from."""

    database: Database
    fetch: Fetch
    read: Read
    clock: Clock
    chance: Callable[[], float]  # uniform in [0, 1)
    complete: Complete | None = None  # None where full texts are not to be had
    pace: Pace = field(default_factory=Pace)
    backlog: timedelta = timedelta(days=2)  # at a source's first poll, older posts are kept but not digested
    stories: Rules = field(default_factory=Rules)  # which posts tell the same story
    claim_for: timedelta = timedelta(minutes=15)
    timeout: timedelta = timedelta(seconds=30)  # of a fetch; answers that take nearly as long are slow
    troubles: deque[bool] = field(default_factory=lambda: deque(maxlen=OBSERVED))  # True: failed, perhaps by our fault

    @property
    def everything_failing(self) -> bool:
        """Whether so much fails at once that our own network is to blame, and no source should be."""
        return len(self.troubles) >= AT_LEAST and sum(self.troubles) >= OURS_FROM * len(self.troubles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A poll as it was stored, without the posts that it brought."""

    poll: Poll
    new: int = 0
    changed: int = 0
    change: HealthChange | None = None  # of the source's state
    lags: tuple[timedelta, ...] = ()  # from stated publication to storage, of new posts that were no backlog
