"""The guard as an `httpx2` transport, and a client around it for posting to addresses that people configure."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast

import httpcore2
import httpx2

from monitor.core.addresses import Network
from monitor.sources.guard import GuardedBackend, Resolver, SystemResolver

KEEPALIVE = 15.0  # seconds; long enough for a redirect or the next source of the same host, short for a poll's rhythm

# From the pool's errors to those that users of httpx2 know. Subclasses before their bases.
_ERRORS: Mapping[type[Exception], type[httpx2.TransportError]] = {
    httpcore2.ConnectTimeout: httpx2.ConnectTimeout,
    httpcore2.ReadTimeout: httpx2.ReadTimeout,
    httpcore2.WriteTimeout: httpx2.WriteTimeout,
    httpcore2.PoolTimeout: httpx2.PoolTimeout,
    httpcore2.TimeoutException: httpx2.TimeoutException,
    httpcore2.ConnectError: httpx2.ConnectError,
    httpcore2.ReadError: httpx2.ReadError,
    httpcore2.WriteError: httpx2.WriteError,
    httpcore2.NetworkError: httpx2.NetworkError,
    httpcore2.RemoteProtocolError: httpx2.RemoteProtocolError,
    httpcore2.LocalProtocolError: httpx2.LocalProtocolError,
    httpcore2.ProtocolError: httpx2.ProtocolError,
    httpcore2.UnsupportedProtocol: httpx2.UnsupportedProtocol,
}


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        known = next(translation for kind, translation in _ERRORS.items() if isinstance(error, kind))
        raise known(str(error)) from error


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for part in cast(AsyncIterable[bytes], self._response.stream):
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends requests over connections that the guard opened.

    HTTP/1.1, no proxy and no Unix socket. Any port: official sites do publish on odd ones, and what a port reaches is
    decided by the address. `tls` defaults to the certificates that the system trusts.
    """

    def __init__(
        self,
        *,
        allow: Sequence[Network] = (),
        resolve: Resolver | None = None,
        resolve_timeout: float = 5.0,
        tls: ssl.SSLContext | None = None,
        max_connections: int = 20,
    ) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or httpx2.create_ssl_context(trust_env=False),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=KEEPALIVE,
            network_backend=GuardedBackend(
                resolve=resolve or SystemResolver(), allow=allow, resolve_timeout=resolve_timeout
            ),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises `httpx2.TransportError`, of which `guard.NameNotFound` and `guard.AddressRefused`
        are kinds. The caller closes the response.
        """
        url = httpcore2.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        with _translated():
            response = await self._pool.handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=dict(response.extensions),
            request=request,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


def guarded_client(
    *,
    user_agent: str,
    allow: Sequence[Network] = (),
    timeout: float = 30.0,
    connect_timeout: float = 10.0,
    max_connections: int = 10,
    resolve: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> httpx2.AsyncClient:
    """A client for posting to configured addresses, webhooks above all: guarded, without redirects, cookies or proxies.

    `timeout` is in seconds and, as everywhere in httpx2, for each single wait; a caller who wants a deadline for the
    whole wraps the call in `asyncio.timeout`. An answer may be of any length: read it with `client.stream` and stop.
    """
    return httpx2.AsyncClient(
        transport=GuardedTransport(allow=allow, resolve=resolve, tls=tls, max_connections=max_connections),
        timeout=httpx2.Timeout(timeout, connect=connect_timeout),
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),  # takes none, so keeps none
        follow_redirects=False,
        trust_env=False,
    )
