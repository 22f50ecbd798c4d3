"""HTTP/1.1 as a poll needs it: one GET, one answer, over connections that the guard opened.

Polling thousands of sources is mostly asking and hearing "not modified", so what one exchange costs decides what the
service costs. Here it is a protocol of asyncio's around llhttp, the parser of Node.js (package httptools): a quarter of
the CPU time of a general client (docs/decisions/0001-httpx2.md). Whatever else there is to HTTP, such as proxies and
bodies to be sent, stays with `transport`. The errors are httpx2's.

Connections are kept for KEEPALIVE seconds and closed as soon as their server closes them or says anything unasked.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import httptools
import httpx2

from monitor.core.addresses import Address
from monitor.sources.guard import Guard, first_to_answer

KEEPALIVE = 15.0  # seconds; long enough for a redirect or the next source of the same host, short for a poll's rhythm
MAX_HEAD = 128 * 1024  # bytes of an answer that are not its body
OVERHEAD = 8  # bytes of framing that each byte of a body may take beyond that: chunks of one byte take five
READ_AHEAD = 256 * 1024  # bytes of a body that are taken from the socket before anybody wants them


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A GET."""

    url: httpx2.URL
    headers: Sequence[tuple[bytes, bytes]]  # "Host" among them
    connect_timeout: float  # seconds for look-up and connection, and once more for TLS


class Headers:
    """Headers of an answer by name, in any case."""

    __slots__ = ("_named", "raw")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self.raw = raw  # as they were sent
        self._named: dict[str, str] | None = None

    def get(self, name: str) -> str | None:
        """Its value, those of repeated ones joined by commas (RFC 9110, 5.3); None where there is none."""
        if self._named is None:
            self._named = {}
            for key, value in self.raw:
                low, text = key.decode("latin-1").lower(), _as_text(value)
                self._named[low] = f"{self._named[low]}, {text}" if low in self._named else text
        return self._named.get(name.lower())


def _as_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


_FORBIDDEN = re.compile(rb"[\0\r]")
_Origin = tuple[bytes, bytes, int]


class Wire:
    """Asks. One for the whole service; `aclose` ends its connections.

    `tls` makes the context for https when it is first needed, as loading the system's certificates takes a while.
    `max_idle` bounds the connections that are kept.
    """

    def __init__(self, guard: Guard, *, tls: Callable[[], ssl.SSLContext], max_idle: int) -> None:
        self._guard = guard
        self._tls = tls
        self._max_idle = max_idle
        self._idle: dict[_Origin, list[_Connection]] = {}
        self._open: set[_Connection] = set()
        self._resting: dict[_Connection, asyncio.TimerHandle] = {}  # in the order in which they came to rest

    async def ask(self, question: Question) -> Answer:
        """Send a question; the answer's body is still to be read. The caller closes the answer.

        Raises `httpx2.TransportError`, of which `guard.NameNotFound` and `guard.AddressRefused` are kinds.
        """
        url = question.url
        origin = (url.raw_scheme, url.raw_host, url.port or (443 if url.scheme == "https" else 80))
        connection = self._kept(origin) or await self._opened(origin, question.connect_timeout)
        try:
            await connection.exchange(question)
        except BaseException:
            connection.close()
            raise
        return Answer(connection, self._done_with)

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in tuple(self._open):
            connection.close()
        await asyncio.sleep(0)  # closing is done at the loop's next turn

    def _kept(self, origin: _Origin) -> _Connection | None:
        idle = self._idle.get(origin)
        if not idle:
            return None
        connection = idle[-1]
        self._wake(connection)
        return connection

    async def _opened(self, origin: _Origin, timeout: float) -> _Connection:  # noqa: ASYNC109  it makes two of it
        scheme, raw_host, port = origin
        host = raw_host.decode("ascii")
        loop = asyncio.get_running_loop()
        connection: _Connection | None = None

        async def connect(address: Address) -> _Connection:
            _, made = await loop.create_connection(lambda: _Connection(self._forget), str(address), port)
            return made

        async def close(made: _Connection) -> None:
            made.close()

        try:
            async with asyncio.timeout(timeout):
                connection = await first_to_answer(await self._guard.judged(host), connect, close)
            if scheme == b"https":
                async with asyncio.timeout(timeout):
                    await connection.secure(self._tls(), host)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, TimeoutError):
                raise httpx2.ConnectTimeout(f"no connection to {host} within {timeout:g} s") from error
            if isinstance(error, OSError):  # ssl.SSLError among them
                raise httpx2.ConnectError(str(error)) from error
            raise
        connection.origin = origin
        self._open.add(connection)
        return connection

    def _done_with(self, connection: _Connection) -> None:
        if not connection.reusable:
            connection.close()
            return
        self._idle.setdefault(connection.origin, []).append(connection)
        self._resting[connection] = asyncio.get_running_loop().call_later(KEEPALIVE, connection.close)
        if len(self._resting) > self._max_idle:
            next(iter(self._resting)).close()

    def _wake(self, connection: _Connection) -> None:
        """Take a connection from those that rest."""
        timer = self._resting.pop(connection, None)
        if timer is not None:
            timer.cancel()
            idle = self._idle[connection.origin]
            idle.remove(connection)
            if not idle:
                del self._idle[connection.origin]

    def _forget(self, connection: _Connection) -> None:
        self._open.discard(connection)
        self._wake(connection)


class Answer:
    """Status and headers, and the body as it comes: as much of an `httpx2.Response` as polling uses."""

    __slots__ = ("_connection", "_done", "headers", "status_code")

    def __init__(self, connection: _Connection, done: Callable[[_Connection], None]) -> None:
        self._connection = connection
        self._done = done
        self.status_code = connection.status
        self.headers = Headers(connection.headers)

    async def aiter_raw(self) -> AsyncGenerator[bytes]:
        """The body piece by piece, its coding not undone."""
        while (part := await self._connection.next_part()) is not None:
            yield part

    async def aclose(self) -> None:
        """Keep the connection if the whole body came, close it otherwise."""
        self._done(self._connection)


class _Connection(asyncio.Protocol):
    """One connection: one exchange after the other."""

    def __init__(self, forget: Callable[[_Connection], None]) -> None:
        self.origin: _Origin = (b"", b"", 0)
        self._forget = forget
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._begin()
        self._complete = True  # nothing is under way

    def _begin(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._head_complete = False
        self._complete = False
        self._lasting = False
        self._error: httpx2.TransportError | None = None
        self._parts: deque[bytes] = deque()
        self._held = 0  # bytes in `_parts`
        self._fed = 0
        self._given = 0  # of these, body
        self._paused = False

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow."""
        return self._complete and self._lasting and not self._closed and not self._parts

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on over TLS."""
        assert self._transport is not None  # noqa: S101  connected
        plain = self._transport
        transport = await asyncio.get_running_loop().start_tls(plain, self, context, server_hostname=host)
        if transport is None:
            raise ConnectionResetError("closed during the TLS handshake")
        self._transport = transport

    async def exchange(self, question: Question) -> None:
        """Send a question and wait for status and headers of its answer."""
        if self._closed or self._transport is None:
            raise httpx2.ReadError("the connection is closed")
        self._begin()
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENT)
        self._transport.write(_written(question))
        while not self._head_complete:
            self._raise_error()
            await self._news()

    async def next_part(self) -> bytes | None:
        """The next bytes of the body, None at its end."""
        while not self._parts:
            self._raise_error()
            if self._complete:
                return None
            await self._news()
        part = self._parts.popleft()
        self._held -= len(part)
        if self._paused and self._held <= READ_AHEAD and self._transport is not None:
            self._paused = False
            with suppress(RuntimeError):  # closed meanwhile
                self._transport.resume_reading()
        return part

    def close(self) -> None:
        """Close at once, whatever is under way."""
        if not self._closed:
            self._closed = True
            if self._transport is not None:
                self._transport.abort()
            self._forget(self)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _tell(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: httpx2.TransportError) -> None:
        if not self._complete and self._error is None:
            self._error = error
            self._tell()

    # ── what asyncio calls ─────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Over plain TCP."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  create_connection gives nothing else
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The next bytes of an answer; at rest nobody should say anything."""
        if self._complete or self._parser is None:
            self.close()
            return
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._complete:
                self._lasting = False  # the answer is whole; what came after it is no concern of ours
                return
            self._fail(httpx2.RemoteProtocolError(str(error) or "the answer changes to another protocol"))
            return
        if self._fed - self._given > MAX_HEAD + OVERHEAD * self._given:
            self._fail(httpx2.RemoteProtocolError("the head of the answer is too long"))
        elif self._held > READ_AHEAD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """Closed by the server, by us, or broken. A body without a stated length ends with it."""
        self._closed = True
        if isinstance(error, OSError):
            self._fail(httpx2.ReadError(str(error)))
        elif not self._head_complete:
            self._fail(httpx2.RemoteProtocolError("server disconnected without sending a response"))
        elif self._is_framed() or error is not None:
            self._fail(httpx2.RemoteProtocolError("peer closed connection without sending complete message body"))
        self._complete = True
        self._tell()
        self._forget(self)

    def _is_framed(self) -> bool:
        return any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in self.headers)

    # ── what the parser calls; once the answer is whole, what else came is no part of it ───────────────────

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or behind the body a trailer, which nobody needs."""
        if not self._head_complete:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head has come."""
        assert self._parser is not None  # noqa: S101  it is calling
        if self._complete:
            self._lasting = False
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:  # an interim answer: the one that counts follows
            self.headers = []
            return
        self._lasting = self._parser.should_keep_alive()
        self._head_complete = True
        self._tell()

    def on_body(self, body: bytes) -> None:
        """Some of the body."""
        if self._complete:
            return
        self._parts.append(body)
        self._held += len(body)
        self._given += len(body)
        self._tell()

    def on_message_complete(self) -> None:
        """The answer has come to its end."""
        if self._head_complete:
            self._complete = True
            self._tell()


# What browsers forgive, and what cannot be used to smuggle anything where a connection carries one question at a time.
_LENIENT = {
    "lenient_headers": True,
    "lenient_chunked_length": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
    "lenient_data_after_close": True,
}


def _written(question: Question) -> bytes:
    lines = [b"GET %s HTTP/1.1" % question.url.raw_path, *(b"%s: %s" % header for header in question.headers)]
    written = b"\n".join(lines)
    if written.count(b"\n") >= len(lines) or _FORBIDDEN.search(written):
        raise httpx2.LocalProtocolError("a header holds a line end")
    return written.replace(b"\n", b"\r\n") + b"\r\n\r\n"
