"""Fetching a source: guarded, conditional, bounded in time and size.

Decisions that are not obvious:

- Redirects are followed by hand, each through the guard. From https to http they are not: what an official body said
  must not be replaceable by whoever sits on the line. An operator who trusts the http address configures it.
- Cookies live for one fetch. Some sites set one and redirect to the same address; nothing is carried to the next poll.
- The ETag goes to every hop, as it belongs to the last one; a server along the way ignores it (RFC 9110, 13.2.1). The
  date goes only to the origin that was configured: elsewhere, an older file of another server would be "not modified".
- HTTP/1.1 only: a poll is one request, which HTTP/2 makes no faster (docs/decisions/0001-httpx2.md).
- Any port may be asked; what can be reached is decided by the address.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx2

from monitor.core.addresses import Network
from monitor.core.errors import SourceError
from monitor.core.model import Clock, Document, Fetched, FetchResult, Gone, NotModified
from monitor.sources import codings
from monitor.sources.failures import explained
from monitor.sources.guard import Resolver
from monitor.sources.transport import GuardedTransport

MAX_RETRY_AFTER = timedelta(days=1)  # a server that asks for more is asked again tomorrow
MAX_VALIDATOR = 1024  # bytes; a longer ETag is not worth remembering
MAX_DRAINED = 16 * 1024  # bytes of an uninteresting body that are cheaper to read than a new connection

_PERMANENT = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})
_REDIRECTS = _PERMANENT | {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}
_WITH_A_DOCUMENT = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
_ASKING_FOR_PATIENCE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_OURS = frozenset({"host", "accept-encoding", "connection", "content-length", "transfer-encoding"})


@dataclass(slots=True, kw_only=True)
class _Trip:
    """One fetch, from the configured address over its redirects."""

    start: httpx2.URL
    url: httpx2.URL
    accept: str
    etag: str | None
    last_modified: str | None
    headers: Mapping[str, str]
    clock: Clock
    cookies: httpx2.Cookies = field(default_factory=httpx2.Cookies)
    hops: int = 0
    all_permanent: bool = True
    been_at: set[tuple[str, str | None]] = field(default_factory=set)


class Fetcher:
    """Fetches documents over connections that the guard opened. Enter it once, use it for every source, leave it.

    `contact` is where the operators of a server can reach ours, a URL or an e-mail address. Times are in seconds:
    `connect_timeout` covers look-up and connection, and TLS once more; `total_timeout` everything up to the last byte,
    redirects included. `max_bytes` bounds the body, both as sent and decoded. `allow` lists networks
    that are not public and may be fetched from nevertheless. No more than `max_concurrent` fetches run at a time; the
    others wait, and their deadline begins when their turn comes.
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
        self._turns = asyncio.Semaphore(max_concurrent)
        self._transport = GuardedTransport(
            allow=allow,
            resolve=resolve,
            resolve_timeout=min(5.0, connect_timeout / 2),  # leaves time to connect
            tls=tls,
            max_connections=max_concurrent,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def fetch(
        self,
        *,
        url: str,
        accept: str,
        etag: str | None,
        last_modified: str | None,
        headers: Mapping[str, str] | None = None,
        clock: Clock,
    ) -> FetchResult:
        """What is at an address, with the validators of the last fetch sent along.

        `headers` are the operator's own for this source; they replace ours, go only to the origin of `url`, and leave
        those alone that frame the message. Raises SourceError for everything but 200, 304 and 410; its reasons are
        "address", "dns", "refused-address", "connect", "tls", "timeout", "reset", "protocol", "redirect", "http-NNN",
        "empty", "truncated", "encoding" and "too-large".
        """
        start = _configured(url)
        trip = _Trip(
            start=start,
            url=start,
            accept=accept,
            etag=etag,
            last_modified=last_modified,
            headers={name: value for name, value in (headers or {}).items() if name.lower() not in _OURS},
            clock=clock,
        )
        async with self._turns:
            try:
                async with asyncio.timeout(self._total_timeout):
                    while True:
                        if (result := await self._hop(trip)) is not None:
                            return result
            except TimeoutError as error:
                raise SourceError(
                    f"no complete answer from {trip.url.host} within {self._total_timeout:g} s", reason="timeout"
                ) from error
            except httpx2.TransportError as error:
                raise explained(error, host=trip.url.host) from error

    async def _hop(self, trip: _Trip) -> FetchResult | None:
        """Ask one address. None means that `trip` now points at the next."""
        response = await self._answer(trip)
        try:
            if response.status_code in _WITH_A_DOCUMENT:
                return await self._document(trip, response)
            await _drain(response)
            if response.status_code not in _REDIRECTS:
                return _without_document(trip, response)
            trip.cookies.extract_cookies(response)
            self._turn(trip, response)
            return None
        finally:
            await response.aclose()  # a connection with a body that was not read to its end is closed

    async def _answer(self, trip: _Trip) -> httpx2.Response:
        request = self._request(trip)
        here = (str(trip.url), request.headers.get("Cookie"))
        if here in trip.been_at:
            raise SourceError(f"redirects lead in a circle: {trip.url}", reason="redirect")
        trip.been_at.add(here)
        try:
            return await self._transport.handle_async_request(request)
        except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
            # A kept connection may be closed by the server in the moment in which it is used again. Asking twice is
            # safe for GET (RFC 9110, 9.2.2); a second failure counts.
            return await self._transport.handle_async_request(self._request(trip))

    def _request(self, trip: _Trip) -> httpx2.Request:
        headers: dict[str, str] = {"User-Agent": self._user_agent, "Accept": trip.accept}
        if trip.etag:
            headers["If-None-Match"] = trip.etag
        if _origin(trip.url) == _origin(trip.start):
            if trip.last_modified:
                headers["If-Modified-Since"] = trip.last_modified
            own = {name.lower() for name in trip.headers}
            headers = {name: value for name, value in headers.items() if name.lower() not in own} | dict(trip.headers)
        headers["Accept-Encoding"] = codings.OFFERED
        request = httpx2.Request(
            "GET",
            trip.url,
            # Latin-1 gives back the very bytes that a server once sent as an ETag (see `_raw`).
            headers=[(name.encode("latin-1"), value.encode("latin-1", "ignore")) for name, value in headers.items()],
            extensions={"timeout": {"connect": self._connect_timeout}},  # all the rest is under the total deadline
        )
        trip.cookies.set_cookie_header(request)
        return request

    def _turn(self, trip: _Trip, response: httpx2.Response) -> None:
        """Point the trip at where a redirect leads."""
        location = response.headers.get("Location")
        if not location:
            raise SourceError(f"{trip.url} redirects to nowhere", reason="redirect")
        try:
            target = trip.url.join(location)
        except (httpx2.InvalidURL, ValueError) as error:
            raise SourceError(
                f"{trip.url} redirects to what is no address: {location[:200]!r}", reason="redirect"
            ) from error
        if target.scheme not in {"http", "https"} or not target.host:
            raise SourceError(f"{trip.url} redirects away from the web: {location[:200]!r}", reason="redirect")
        if trip.url.scheme == "https" and target.scheme == "http":
            raise SourceError(
                f"{trip.url} redirects from https to http ({target}); if you trust that, configure the http address",
                reason="redirect",
            )
        trip.hops += 1
        if trip.hops > self._max_redirects:
            raise SourceError(f"more than {self._max_redirects} redirects from {trip.start}", reason="redirect")
        trip.all_permanent = trip.all_permanent and response.status_code in _PERMANENT
        trip.url = target.copy_with(userinfo=b"", fragment=None)

    async def _document(self, trip: _Trip, response: httpx2.Response) -> Fetched:
        stated = _stated_length(response)
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
            ),
            etag=_raw(response, b"etag"),
            last_modified=_raw(response, b"last-modified"),
            moved_to=str(trip.url) if trip.hops and trip.all_permanent else None,
        )


def _configured(url: str) -> httpx2.URL:
    """The address that the operator gave, or SourceError("address")."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceError(f"{url!r} is not a web address: {error}", reason="address", permanent=True) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise SourceError(
            f"{url!r} is not a web address: it should begin with https://", reason="address", permanent=True
        )
    if parsed.userinfo:
        raise SourceError(
            f"the address of {parsed.host} holds a user name or password; send them as a header instead",
            reason="address",
            permanent=True,
        )
    return parsed.copy_with(fragment=None)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _without_document(trip: _Trip, response: httpx2.Response) -> FetchResult:
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED and (trip.etag or trip.last_modified):
        return NotModified()
    if status == HTTPStatus.GONE:
        return Gone()
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT}:
        raise SourceError(f"{trip.url} answered with nothing in it", reason="empty")
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    patience = response.headers.get("Retry-After") if status in _ASKING_FOR_PATIENCE else None
    raise SourceError(
        f"{trip.url} answered {phrase}",
        reason=f"http-{status}",
        retry_at=retry_at(patience, now=trip.clock()) if patience else None,
    )


def retry_at(text: str, *, now: datetime) -> datetime | None:
    """When a Retry-After header asks to be asked again: seconds or a date (RFC 9110, 10.2.3), at most a day ahead.

    None for what is neither, and for times that are not ahead.
    """
    text = text.strip()
    latest = now + MAX_RETRY_AFTER
    if text.isascii() and text.isdecimal():
        # Python refuses to read numbers of thousands of digits; ten are beyond any limit already.
        asked = latest if len(text) > 10 else now + min(timedelta(seconds=int(text)), MAX_RETRY_AFTER)
    else:
        try:
            asked = parsedate_to_datetime(text)
            asked = asked.replace(tzinfo=UTC) if asked.tzinfo is None else asked.astimezone(UTC)
        except (ValueError, OverflowError, IndexError, TypeError):
            return None
    return min(asked, latest) if asked > now else None


def _raw(response: httpx2.Response, name: bytes) -> str | None:
    """A header exactly as it was sent, to be sent back; None where it is absent, empty or absurdly long."""
    value = next((value for key, value in response.headers.raw if key.lower() == name), b"")
    return value.decode("latin-1") if 0 < len(value) <= MAX_VALIDATOR else None


def _stated_length(response: httpx2.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


async def _drain(response: httpx2.Response) -> None:
    """Read a short body that nobody needs, so that its connection can be used again."""
    stated = _stated_length(response)
    if response.status_code == HTTPStatus.NOT_MODIFIED or (stated is not None and stated <= MAX_DRAINED):
        async for _ in response.aiter_raw():
            continue
