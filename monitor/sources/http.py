"""Fetching a source: guarded, polite, conditional, bounded in time and size.

Decisions that are not obvious:

- Redirects are followed by hand, each through the guard, the line of its domain and, for pages, its robots.txt. From
  https to http they are not: what an official body said must not be replaceable by whoever sits on the line. An
  operator who trusts the http address configures it.
- Cookies live for one fetch. Some sites set one and redirect to the same address; nothing is carried to the next poll.
- The ETag goes to every hop, as it belongs to the last one; a server along the way ignores it (RFC 9110, 13.2.1). The
  date goes only to the origin that was configured: elsewhere, an older file of another server would be "not modified".
- HTTP/1.1 only: a poll is one request, which HTTP/2 makes no faster (docs/decisions/0001-httpx2.md).
- Any port may be asked; what can be reached is decided by the address.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import ssl
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx2

from monitor.core.addresses import Network
from monitor.core.errors import SourceError
from monitor.core.model import Clock, Document, Fetched, FetchResult, Gone
from monitor.sources import codings
from monitor.sources.answers import (
    asked_patience,
    freshness,
    stated_length,
    states_its_end,
    validator,
    without_document,
)
from monitor.sources.failures import explained
from monitor.sources.guard import Guard, Resolver, SystemResolver
from monitor.sources.manners import Manners
from monitor.sources.robots import MAX_AGE, Robots
from monitor.sources.trip import ANYTHING, REDIRECTS, Trip, configured
from monitor.sources.wire import Answer, Question, Wire

if TYPE_CHECKING:
    from monitor.sources.transport import GuardedTransport

MAX_DRAINED = 16 * 1024  # bytes of an uninteresting body that are cheaper to read than a new connection
MAX_EASY_GOING = 1000  # addresses remembered for having answered 406
TOO_MANY = timedelta(
    minutes=1
)  # that a domain which says "too many requests" is spared, where it does not say how long

_WITH_A_DOCUMENT = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
_BROKEN = (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)


class Fetcher:
    """Fetches documents over connections that the guard opened. Enter it once, use it for every source, leave it.

    `contact` is where the operators of a server can reach ours, a URL or an e-mail address. Times are in seconds:
    `connect_timeout` covers look-up and connection, and TLS once more; `total_timeout` everything up to the last byte,
    redirects included, but not the waiting for a turn. `max_bytes` bounds the body, both as sent and decoded. `allow`
    lists networks that are not public and may be fetched from nevertheless. `manners` says how many fetches run at a
    time and how hosts are spared; without it hosts are not, and no more than `max_concurrent` fetches run at a time.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        contact: str = "",
        connect_timeout: float = 10.0,
        total_timeout: float = 30.0,
        max_bytes: int = 10 * 1024 * 1024,
        max_redirects: int = 5,
        max_concurrent: int = 20,
        manners: Manners | None = None,
        allow: Sequence[Network] = (),
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._user_agent = f"{user_agent} (+{contact})" if contact else user_agent
        if not (self._user_agent.isascii() and self._user_agent.isprintable()):
            raise ValueError(f"a User-Agent is made of printable ASCII characters: {self._user_agent!r}")
        self._connect_timeout = connect_timeout
        self._total_timeout = total_timeout
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._manners = manners or Manners(
            at_once=max_concurrent, per_host=max_concurrent, spacing=0.0, longest_line=math.inf
        )
        self._robots = Robots(product=user_agent.partition("/")[0], get=self._robots_txt)
        self._easy_going: OrderedDict[str, None] = OrderedDict()
        self._tls = tls
        self._guarding: dict[str, Any] = {
            "allow": allow,
            "resolve": resolve or SystemResolver(),
            "resolve_timeout": min(5.0, connect_timeout / 2),  # leaves time to connect
        }
        self._wire = Wire(Guard(**self._guarding), tls=self._context, max_idle=self._manners.at_once)
        self._by_proxy: GuardedTransport | None = None  # made when the first source wants a proxy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.aclose()
        if self._by_proxy is not None:
            await self._by_proxy.aclose()

    async def fetch(
        self,
        *,
        url: str,
        accept: str,
        etag: str | None,
        last_modified: str | None,
        headers: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        cookies: Mapping[str, str] | None = None,
        proxy: str | None = None,
        robots: bool = False,
        clock: Clock,
    ) -> FetchResult:
        """What is at an address, with the validators of the last fetch sent along.

        `headers` and `cookies` are the operator's own for this source; they replace ours, go only to the origin of
        `url`, and leave those headers alone that frame the message. `user_agent` replaces ours at every hop. `proxy` is
        an http(s) address through which every hop goes. With `robots`, each hop is made only where the site's
        robots.txt permits it, and at the pace that it asks for.

        Raises SourceError for everything but 200, 304 and 410; its reasons are "address", "dns", "refused-address",
        "connect", "tls", "timeout", "reset", "protocol", "proxy", "redirect", "http-NNN", "empty", "truncated",
        "encoding" and "too-large"; without a request "host-held" and "host-busy", and with `robots` "robots" and
        "robots-unreachable".
        """
        start = configured(url)
        return await self._travel(
            Trip(
                start=start,
                url=start,
                user_agent=user_agent or self._user_agent,
                accept=ANYTHING if str(start) in self._easy_going else accept,
                etag=etag,
                last_modified=last_modified,
                headers=headers or {},
                cookies=cookies or {},
                proxy=proxy,
                robots=robots,
                clock=clock,
                left=self._total_timeout,
                connect_timeout=self._connect_timeout,
            )
        )

    async def _robots_txt(self, url: str, proxy: str | None, clock: Clock) -> FetchResult:
        return await self.fetch(
            url=url, accept="text/plain, */*;q=0.1", etag=None, last_modified=None, proxy=proxy, clock=clock
        )

    async def _travel(self, trip: Trip) -> FetchResult:
        clock = asyncio.get_running_loop().time
        while True:
            if trip.robots:
                delay = await self._robots.permit(trip.url, proxy=trip.proxy, clock=trip.clock)
                if delay:
                    self._manners.slow(trip.host, spacing=delay, until=trip.clock() + MAX_AGE, clock=trip.clock)
            async with self._manners.turn(trip.host, clock=trip.clock):
                began = clock()
                try:
                    async with asyncio.timeout(trip.left):
                        if (result := await self._hop(trip)) is not None:
                            took = timedelta(seconds=self._total_timeout - trip.left + clock() - began)
                            return result if isinstance(result, Gone) else replace(result, took=took)
                except TimeoutError as error:
                    raise SourceError(
                        f"no complete answer from {trip.where} within {self._total_timeout:g} s", reason="timeout"
                    ) from error
                except httpx2.TransportError as error:
                    raise explained(error, host=trip.where) from error
                trip.left -= clock() - began

    async def _hop(self, trip: Trip) -> FetchResult | None:
        """Ask one address. None means that `trip` says what to ask next."""
        question = trip.question()
        try:
            response = await self._sent(trip, question)
        except _BROKEN:
            # A kept connection may be closed by the server in the moment in which it is used again. Asking twice is
            # safe for GET (RFC 9110, 9.2.2); a second failure counts.
            if trip.repeat():
                return None
            raise
        try:
            if response.status_code in _WITH_A_DOCUMENT:
                return await self._document(trip, response)
            await _drain(response)
            if response.status_code in REDIRECTS:
                trip.turn(response, max_redirects=self._max_redirects)
                return None
            if response.status_code == HTTPStatus.NOT_ACCEPTABLE and trip.can_ask_for_anything:
                self._settle_for_anything(trip)
                return None
            self._heed(trip, response)
            return without_document(
                response,
                url=str(trip.url),
                conditional=trip.conditional,
                moved_to=trip.moved_to,
                now=trip.clock(),
            )
        finally:
            await response.aclose()  # a connection with a body that was not read to its end is closed

    async def _sent(self, trip: Trip, question: Question) -> Answer | httpx2.Response:
        if trip.proxy is None:
            return await self._wire.ask(question)
        if self._by_proxy is None:
            from monitor.sources.transport import GuardedTransport  # noqa: PLC0415 - 50 ms that few services need

            self._by_proxy = GuardedTransport(
                **self._guarding, tls=self._context(), max_connections=self._manners.at_once
            )
        return await self._by_proxy.handle_async_request(
            httpx2.Request(
                "GET",
                question.url,
                headers=question.headers,
                extensions={"timeout": {"connect": question.connect_timeout}, "proxy": trip.proxy},
            )
        )

    def _context(self) -> ssl.SSLContext:
        """TLS, with the certificates that the system trusts unless others were handed in."""
        if self._tls is None:
            self._tls = httpx2.create_ssl_context(trust_env=False)
        return self._tls

    def _heed(self, trip: Trip, response: Answer | httpx2.Response) -> None:
        """Spare the whole domain where a server says that it has had enough."""
        asked = asked_patience(response, now=trip.clock())
        if asked is None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            asked = trip.clock() + TOO_MANY
        if asked is not None:
            self._manners.hold(trip.host, until=asked, clock=trip.clock)

    def _settle_for_anything(self, trip: Trip) -> None:
        """Ask without preferences, as browsers do in the end: once now, and from the beginning at the next fetches."""
        trip.accept = ANYTHING
        self._easy_going[str(trip.start)] = None
        if len(self._easy_going) > MAX_EASY_GOING:
            self._easy_going.popitem(last=False)

    async def _document(self, trip: Trip, response: Answer | httpx2.Response) -> Fetched:
        stated = stated_length(response)
        if stated is not None and stated > self._max_bytes:
            raise SourceError(f"{trip.url} has {stated:,} bytes, more than {self._max_bytes:,}", reason="too-large")
        body = codings.Body(response.headers.get("Content-Encoding"), limit=self._max_bytes)
        async with contextlib.aclosing(response.aiter_raw()) as parts:
            async for part in parts:
                body.add(part)
        content = body.content()
        if not content:
            raise SourceError(f"{trip.url} answered with nothing in it", reason="empty")
        return Fetched(
            document=Document(
                url=str(trip.url),
                content=content,
                content_type=response.headers.get("Content-Type"),
                fetched_at=trip.clock(),
                whole=states_its_end(response),
            ),
            etag=validator(response, b"etag"),
            last_modified=validator(response, b"last-modified"),
            moved_to=trip.moved_to,
            freshness=freshness(response),
        )


async def _drain(response: Answer | httpx2.Response) -> None:
    """Read a short body that nobody needs, so that its connection can be used again."""
    stated = stated_length(response)
    if stated is not None and stated <= MAX_DRAINED and response.status_code != HTTPStatus.NOT_MODIFIED:  # has none
        async for _ in response.aiter_raw():
            continue
