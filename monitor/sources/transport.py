"""The guard below a general HTTP client: for going by way of proxies, and for posting to configured addresses.

Plain polls do not pass here but over `wire`, which is faster and can do less.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import httpcore2
import httpx2

from monitor.core.addresses import Address, Network, refusal
from monitor.sources.guard import AddressRefused, Guard, Resolver, SystemResolver, first_to_answer, literal
from monitor.sources.wire import KEEPALIVE

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
    httpcore2.ProxyError: httpx2.ProxyError,
}

# Endings of names that mean something only inside a network: RFC 6761, 6762 and 8375, the name that ICANN reserved in
# 2024 for private use ("internal"), and what people used before.
_INTERNAL = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "private", "corp", "home", "localdomain")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        known = next(translation for kind, translation in _ERRORS.items() if isinstance(error, kind))
        raise known(str(error)) from error


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections for an `httpcore2` pool, to addresses that the guard permits."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._tcp = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the signature is httpcore2's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        options = tuple(socket_options or ())

        async def connect(address: Address) -> httpcore2.AsyncNetworkStream:
            return await self._tcp.connect_tcp(str(address), port, None, local_address, options)

        try:
            async with asyncio.timeout(timeout):
                addresses = await self._guard.judged(host)
                return await first_to_answer(addresses, connect, httpcore2.AsyncNetworkStream.aclose)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no connection to {host} within {timeout:g} s") from error

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise AddressRefused(f"sockets in the file system are not fetched from: {path}")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


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

    HTTP/1.1 and no Unix socket. Any port: official sites do publish on odd ones, and what a port reaches is
    decided by the address. `tls` defaults to the certificates that the system trusts.

    A request with the extension "proxy" (http://…, https://…; name and password percent-encoded) goes by way of that
    proxy. The proxy's own address is judged like any other. The target's name is looked up by the proxy, out of our
    sight: what is refused here are addresses and names that are internal as they are written. What else a proxy may
    reach is its operator's to decide.
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
        self._allow = tuple(allow)
        self._tls = tls or httpx2.create_ssl_context(trust_env=False)
        self._max_connections = max_connections
        self._backend = GuardedBackend(
            Guard(resolve=resolve or SystemResolver(), allow=allow, resolve_timeout=resolve_timeout)
        )
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=KEEPALIVE,
            network_backend=self._backend,
        )
        self._proxied: dict[str, httpcore2.AsyncHTTPProxy] = {}  # by the proxy's address; as many as are configured

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises `httpx2.TransportError`, of which `guard.NameNotFound` and `guard.AddressRefused`
        are kinds; `httpx2.ProxyError` where a proxy will not connect. The caller closes the response.
        """
        proxy = request.extensions.get("proxy")
        pool = self._pool if proxy is None else self._by_way_of(proxy, to=request.url)
        url = httpcore2.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        with _translated():
            response = await pool.handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={name: value for name, value in request.extensions.items() if name != "proxy"},
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
        for pool in self._proxied.values():
            await pool.aclose()

    def _by_way_of(self, proxy: str, *, to: httpx2.URL) -> httpcore2.AsyncHTTPProxy:
        host = to.raw_host.decode("ascii").rstrip(".")
        address = literal(host)
        reason = refusal(address, allow=self._allow) if address is not None else _internal(host)
        if reason:
            raise AddressRefused(f"not a public address: {host} ({reason}), by way of a proxy")
        pool = self._proxied.get(proxy)
        if pool is None:
            url = httpx2.URL(proxy)
            pool = self._proxied[proxy] = httpcore2.AsyncHTTPProxy(
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"),
                proxy_auth=(url.username.encode(), url.password.encode()) if url.userinfo else None,
                ssl_context=self._tls,
                proxy_ssl_context=self._tls if url.scheme == "https" else None,
                max_connections=self._max_connections,
                max_keepalive_connections=self._max_connections,
                keepalive_expiry=KEEPALIVE,
                network_backend=self._backend,
            )
        return pool


def _internal(name: str) -> str | None:
    """Why a name is internal as it is written, or None."""
    if "." not in name:
        return "a name without a domain"
    if any(name == ending or name.endswith(f".{ending}") for ending in _INTERNAL):
        return "a name of a local network"
    return None


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
