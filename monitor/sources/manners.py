"""Waiting in line: how often, and how many at a time, one party's servers are asked.

What is spared is a *domain*: the part of a name that somebody registered, below the public suffixes of
https://publicsuffix.org ("gov.kz" and "github.io" are such suffixes, so "mfa.gov.kz" and "somebody.github.io" are
domains). All hosts of a domain share one line; an IP address is a domain by itself. That includes the list's private
section: one customer of a hosting platform who asks for patience does not speak for the others.

The order is fixed: a place at the domain, then its spacing, then one of the places that all domains share. So whoever
waits for a busy domain takes nothing away from the others, and the spacing is measured between requests that really
start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from monitor.core.errors import SourceError
from monitor.core.model import Clock
from monitor.sources.guard import literal

LONGEST_LINE = 120.0  # seconds of waiting that are foreseen; whoever comes later is sent away with a time to come back
MAX_HOLD = timedelta(days=1)  # that a domain's word is believed; it may ask for ten years
FIRST_SWEEP = 256  # domains remembered before those that matter no more are looked for

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@cache
def _suffixes() -> PublicSuffixList:
    """The list as it was when the package was released: 0.1 s to read, 2.5 MB; never fetched."""
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str:
    """The domain that a host belongs to: "t.me" for "t.me", "example.co.uk" for "feeds.example.co.uk".

    `host` is as in a parsed URL: lower case, IDNA-encoded, IPv6 without brackets. Addresses, public suffixes and names
    without a dot are domains by themselves; the spellings of an address ("127.1") are one.
    """
    address = literal(host)
    if address is not None:
        return str(address)
    name = host.rstrip(".")
    return _suffixes().privatesuffix(name) or name


@dataclass(slots=True, kw_only=True)
class _Line:
    """What is known of one domain."""

    places: asyncio.Semaphore  # requests under way at the same time; wakes those who wait in their order
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)  # who waits for the spacing; the others wait behind
    members: int = 0  # waiting or under way
    ahead: int = 0  # waiting
    next_start: float = 0.0  # on the monotonic clock
    lasting: float = 0.0  # seconds that its requests take, the latest weighing most
    spacing: float  # seconds; the service's own, or what the domain asks for
    spaced_until: datetime = _LONG_AGO  # after that the service's own again
    held_until: datetime = _LONG_AGO

    def matters(self, *, now: float, today: datetime) -> bool:
        return self.members > 0 or self.next_start > now or max(self.spaced_until, self.held_until) > today


class Manners:
    """Lets requests start in turn. One for the whole service; every request of a `Fetcher` passes through it.

    At most `at_once` requests are under way everywhere, at most `per_host` of them at one domain, and two starts at one
    domain are at least `spacing` seconds apart. Who would have to wait longer than `longest_line` seconds is sent away.

    `now` is a monotonic clock in seconds and `sleep` waits on it: handed in, so that a world with a fast clock needs no
    real waiting.
    """

    def __init__(
        self,
        *,
        at_once: int = 20,
        per_host: int = 2,
        spacing: float = 1.0,
        longest_line: float = LONGEST_LINE,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.at_once = at_once
        self._everywhere = asyncio.Semaphore(at_once)
        self._per_host = per_host
        self._spacing = spacing
        self._longest_line = longest_line
        self._now = now
        self._sleep = sleep
        self._lines: dict[str, _Line] = {}
        self._sweep_at = FIRST_SWEEP

    @asynccontextmanager
    async def turn(self, host: str, *, clock: Clock) -> AsyncGenerator[None]:
        """Wait for the turn of a request to `host`, which lasts until the context is left.

        Raises SourceError without waiting, and without a request: "host-held" while the domain asked not to be asked,
        "host-busy" where the line is too long; `retry_at` says when to come back. "host-held" is also what those get
        who were in line when the domain asked for it.
        """
        domain = registered_domain(host)
        line = self._line(domain, clock)
        self._refuse_while_held(domain, line, clock)
        if line.ahead and self._foreseen(line, clock) > self._longest_line:
            raise self._busy(domain, line, clock)
        line.members += 1
        line.ahead += 1
        waiting, came = True, self._now()
        try:
            async with line.places:
                async with line.gate:
                    while (pause := line.next_start - self._now()) > 0:
                        await self._sleep(pause)
                    self._refuse_while_held(domain, line, clock)
                    if self._now() - came > 2 * self._longest_line:  # the requests ahead took longer than foreseen
                        raise self._busy(domain, line, clock)
                    await self._everywhere.acquire()
                    started = self._now()
                    line.next_start = started + self._spacing_of(line, clock)
                    line.ahead -= 1
                    waiting = False
                try:
                    yield
                finally:
                    self._everywhere.release()
                    line.lasting = (line.lasting + self._now() - started) / 2
        finally:
            line.members -= 1
            line.ahead -= waiting

    def hold(self, host: str, *, until: datetime, clock: Clock) -> None:
        """Ask nothing of a host's domain before `until`, but at most a day. An earlier, longer hold stays."""
        line = self._line(registered_domain(host), clock)
        line.held_until = max(line.held_until, min(until, clock() + MAX_HOLD))

    def slow(self, host: str, *, spacing: float, until: datetime, clock: Clock) -> None:
        """Until `until`, space the requests to a host's domain by `spacing` seconds where that is longer than usual."""
        line = self._line(registered_domain(host), clock)
        line.spacing = max(spacing, self._spacing_of(line, clock))
        line.spaced_until = max(line.spaced_until, until)

    def remembered(self) -> int:
        """How many domains something is kept about."""
        return len(self._lines)

    def _line(self, domain: str, clock: Clock) -> _Line:
        line = self._lines.get(domain)
        if line is None:
            if len(self._lines) >= self._sweep_at:
                now, today = self._now(), clock()
                self._lines = {name: kept for name, kept in self._lines.items() if kept.matters(now=now, today=today)}
                self._sweep_at = max(FIRST_SWEEP, 2 * len(self._lines))  # so that looking costs little per new domain
            line = _Line(places=asyncio.Semaphore(self._per_host), spacing=self._spacing)
            self._lines[domain] = line
        return line

    def _spacing_of(self, line: _Line, clock: Clock) -> float:
        if line.spacing != self._spacing and line.spaced_until <= clock():
            line.spacing = self._spacing
        return line.spacing

    def _refuse_while_held(self, domain: str, line: _Line, clock: Clock) -> None:
        if line.held_until > clock():
            raise SourceError(
                f"{domain} asked not to be asked before {line.held_until:%Y-%m-%d %H:%M:%S} UTC; nothing was sent",
                reason="host-held",
                retry_at=line.held_until,
            )

    def _foreseen(self, line: _Line, clock: Clock) -> float:
        """Seconds that whoever comes now will wait."""
        each = max(self._spacing_of(line, clock), line.lasting / self._per_host)
        return max(line.next_start - self._now(), 0.0) + line.ahead * each

    def _busy(self, domain: str, line: _Line, clock: Clock) -> SourceError:
        return SourceError(
            f"{line.ahead} requests to {domain} are waiting for their turn already; nothing was sent",
            reason="host-busy",
            retry_at=clock() + timedelta(seconds=self._foreseen(line, clock)),
        )
