"""The guard: resolves a name itself, judges every answer, and connects to the very address it judged.

Checking a URL before a library resolves it again leaves a gap in which the answer can change (DNS rebinding). Here
there is one look-up for each connection, below the HTTP library, so redirects and reused pools pass through it too.
TLS is not touched: server name indication and certificate checks still use the host name.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import TypeVar

import httpx2

from monitor.core.addresses import Address, Network, refusal

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Gives the addresses of a host name, best first, or raises OSError. Scope ids ("fe80::1%eth0") are kept."""

Connection = TypeVar("Connection")

STAGGER = 0.25  # seconds until the next address is tried beside one that has not answered (RFC 8305, 5)
MAX_ADDRESSES = 6  # of one name; a name with hundreds must not turn one fetch into a port scan
MAX_WAITING = 256  # look-ups that the name servers have not answered


class NameNotFound(httpx2.ConnectError):
    """The name has no address, or the name servers did not give one in time."""


class AddressRefused(httpx2.ConnectError):
    """The name leads, or would lead with another answer, to an address that is not public."""


class SystemResolver:
    """The operating system's resolver, with a thread for each look-up.

    `getaddrinfo` cannot be cancelled and blocks for as long as a silent name server pleases. In a shared pool a few
    dead names would hold every thread; here a look-up that was given up keeps only its own until it returns.
    """

    def __init__(self) -> None:
        self._waiting = 0

    async def __call__(self, host: str) -> list[str]:
        if self._waiting >= MAX_WAITING:
            raise OSError(f"{MAX_WAITING} names are waiting for an answer already")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def settle(found: list[str], error: OSError | None) -> None:
            self._waiting -= 1
            if answer.done():  # the caller has given up
                return
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(error)

        def look_up() -> None:
            found: list[str] = []
            failure: OSError | None = None
            try:
                found = [str(info[4][0]) for info in socket.getaddrinfo(host.encode(), None, type=socket.SOCK_STREAM)]
            except OSError as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(settle, found, failure)

        self._waiting += 1
        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return await answer


@lru_cache(maxsize=4096)
def literal(host: str) -> Address | None:
    """The address that a host is written as, in any form the C library takes: "127.1", "0x7f.1", "2130706433",
    "0177.0.0.1". None for a name. The C library would connect to these without asking a name server.
    """
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


class Guard:
    """Says which addresses may be connected to: public ones and those of the networks in `allow`."""

    def __init__(self, *, resolve: Resolver, allow: Sequence[Network], resolve_timeout: float) -> None:
        self._resolve = resolve
        self._allow = tuple(allow)
        self._resolve_timeout = resolve_timeout

    async def judged(self, host: str) -> list[Address]:
        """The addresses of a host in the order in which to try them, all of them permitted.

        One refused answer refuses the name: an honest public site has none, and a name that mixes public and private
        answers is how a rebinding attack looks.
        """
        written = literal(host)
        addresses = [written] if written is not None else await self._answers(host)
        for address in addresses:
            if reason := refusal(address, allow=self._allow):
                where = host if written is not None else f"{host} leads to {address}"
                raise AddressRefused(f"not a public address: {where} ({reason})")
        return _alternating(addresses[:MAX_ADDRESSES])

    async def _answers(self, host: str) -> list[Address]:
        try:
            async with asyncio.timeout(self._resolve_timeout):
                answers = await self._resolve(host)
        except TimeoutError as error:
            raise NameNotFound(f"no answer from the name servers for {host}") from error
        except OSError as error:
            temporary = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            what = "no answer from the name servers for" if temporary else "name not found:"
            raise NameNotFound(f"{what} {host}") from error
        addresses = list(dict.fromkeys(ip_address(answer) for answer in answers))
        if not addresses:
            raise NameNotFound(f"name not found: {host}")
        return addresses


def _alternating(addresses: Sequence[Address]) -> list[Address]:
    """The families in turns, beginning with that of the first, so that a dead IPv6 costs one stagger (RFC 8305, 4)."""
    first = [address for address in addresses if address.version == addresses[0].version]
    other = [address for address in addresses if address.version != addresses[0].version]
    shared = min(len(first), len(other))
    turns = [address for pair in zip(first, other, strict=False) for address in pair]
    return turns + first[shared:] + other[shared:]


async def first_to_answer(
    addresses: Sequence[Address],
    connect: Callable[[Address], Awaitable[Connection]],
    close: Callable[[Connection], Awaitable[None]],
) -> Connection:
    """The first connection to be made, the addresses being tried one by one with a stagger; the others are closed."""
    if len(addresses) == 1:
        return await connect(addresses[0])

    async def attempt(address: Address) -> Connection:
        return await connect(address)

    waiting = list(addresses)
    running: set[asyncio.Task[Connection]] = set()
    failure: BaseException | None = None
    winner: asyncio.Task[Connection] | None = None
    everyone: list[asyncio.Task[Connection]] = []
    try:
        while winner is None and (waiting or running):
            if waiting:
                task = asyncio.create_task(attempt(waiting.pop(0)))
                running.add(task)
                everyone.append(task)
            done, running = await asyncio.wait(
                running, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                if error := task.exception():
                    failure = failure or error
                else:
                    winner = winner or task
    finally:
        losers = [task for task in everyone if task is not winner]
        for task in losers:
            task.cancel()
        for outcome in await asyncio.gather(*losers, return_exceptions=True):
            if not isinstance(outcome, BaseException):
                await close(outcome)
    if winner is not None:
        return winner.result()
    raise failure or OSError("no address answered")
