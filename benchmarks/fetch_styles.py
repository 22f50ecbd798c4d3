"""Asyncio or threads for fetching, what the guard costs, and what polls save by a wire of their own: decisions 1 and 2.
Everything on loopback; a minute on a small machine.

    python benchmarks/fetch_styles.py [--fetches 1000] [--rounds 5] [--at-once 20]

A server process is started that answers half of the requests with 304 and half with 20 KB, once keeping its connections
and once closing each after one answer, as it is when every source has a host of its own. The styles take turns,
round by round, so that whatever else the machine does falls on all of them; printed is the median of each and its ratio
to the first. CPU is that of this process alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_network

import httpcore2
import httpx2

from monitor.sources.guard import Guard, SystemResolver
from monitor.sources.http import Fetcher
from monitor.sources.transport import GuardedTransport
from monitor.sources.wire import Question, Wire

BODY = b"<item><title>Statement</title></item>" * 550
ANSWERS = (
    b"HTTP/1.1 304 Not Modified\r\n%s\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n%%s\r\n%s" % (len(BODY), BODY),
)
KINDS = {"/kept": "connections kept", "/fresh": "a connection for each fetch"}


async def serve() -> None:
    number = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal number
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            keep = True
            while keep:
                keep = (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /kept")
                writer.write(ANSWERS[number % 2] % (b"" if keep else b"Connection: close\r\n"))
                await writer.drain()
                number += 1
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def with_asyncio(url: str, fetches: int, at_once: int) -> None:
    async def run() -> None:
        limits = httpx2.Limits(max_connections=at_once)
        async with httpx2.AsyncClient(trust_env=False, limits=limits, timeout=30) as client:
            turns = asyncio.Semaphore(at_once)

            async def one() -> None:
                async with turns, asyncio.timeout(30):
                    await client.get(url, headers={"If-None-Match": '"1"'})

            await asyncio.gather(*(one() for _ in range(fetches)))

    asyncio.run(run())


def with_threads(url: str, fetches: int, at_once: int) -> None:
    limits = httpx2.Limits(max_connections=at_once)
    with (
        httpx2.Client(trust_env=False, limits=limits, timeout=30) as client,
        ThreadPoolExecutor(at_once) as pool,
    ):
        for response in pool.map(lambda _: client.get(url, headers={"If-None-Match": '"1"'}), range(fetches)):
            response.raise_for_status() if response.status_code != 304 else None


def with_the_pool(url: str, fetches: int, at_once: int) -> None:
    """The pool below httpx2's client, without the client's layers."""

    async def run() -> None:
        async with httpcore2.AsyncConnectionPool(max_connections=at_once) as pool:
            turns = asyncio.Semaphore(at_once)

            async def one() -> None:
                async with turns, asyncio.timeout(30):
                    await pool.request("GET", url, headers={"If-None-Match": '"1"'})

            await asyncio.gather(*(one() for _ in range(fetches)))

    asyncio.run(run())


def with_the_guarded_pool(url: str, fetches: int, at_once: int) -> None:
    """As proxies and webhooks go."""

    async def run() -> None:
        transport = GuardedTransport(allow=[ip_network("127.0.0.1")], max_connections=at_once)
        turns = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with turns, asyncio.timeout(30):
                response = await transport.handle_async_request(
                    httpx2.Request("GET", url, headers={"If-None-Match": '"1"'})
                )
                await response.aread()
                await response.aclose()

        try:
            await asyncio.gather(*(one() for _ in range(fetches)))
        finally:
            await transport.aclose()

    asyncio.run(run())


def with_the_wire(url: str, fetches: int, at_once: int) -> None:
    """As polls go: the exchange alone."""

    async def run() -> None:
        guard = Guard(resolve=SystemResolver(), allow=[ip_network("127.0.0.1")], resolve_timeout=5.0)
        wire = Wire(guard, tls=httpx2.create_ssl_context, max_idle=at_once)
        turns = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with turns, asyncio.timeout(30):
                answer = await wire.ask(
                    Question(
                        url=httpx2.URL(url), headers=((b"Host", b"x"), (b"If-None-Match", b'"1"')), connect_timeout=10.0
                    )
                )
                async for _ in answer.aiter_raw():
                    pass
                await answer.aclose()

        try:
            await asyncio.gather(*(one() for _ in range(fetches)))
        finally:
            await wire.aclose()

    asyncio.run(run())


def with_the_guard(url: str, fetches: int, at_once: int) -> None:
    async def run() -> None:
        async with Fetcher(user_agent="benchmark", allow=[ip_network("127.0.0.1")], max_concurrent=at_once) as fetcher:

            async def one() -> None:
                await fetcher.fetch(
                    url=url, accept="*/*", etag='"1"', last_modified=None, clock=lambda: datetime.now(UTC)
                )

            await asyncio.gather(*(one() for _ in range(fetches)))

    asyncio.run(run())


STYLES: dict[str, Callable[[str, int, int], None]] = {
    "httpx2, asyncio": with_asyncio,
    "httpx2, threads": with_threads,
    "httpcore2's pool": with_the_pool,
    "that pool, guarded": with_the_guarded_pool,
    "our wire, guarded": with_the_wire,
    "Fetcher, over that wire": with_the_guard,
}


def measure(fetches: int, rounds: int, at_once: int) -> None:
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        root = f"http://127.0.0.1:{int(server.stdout.readline())}"
        for path, kind in KINDS.items():
            print(f"{kind:30}{'fetches/s':>10}{'ratio':>7}{'ms CPU':>9}{'ratio':>7}")
            compare(root + path, fetches, rounds, at_once)
    finally:
        server.terminate()
        server.wait()


def compare(url: str, fetches: int, rounds: int, at_once: int) -> None:
    wall: dict[str, list[float]] = {name: [] for name in STYLES}
    cpu: dict[str, list[float]] = {name: [] for name in STYLES}
    for number in range(rounds + 1):  # the first warms up
        for name, style in STYLES.items():
            wall_before, cpu_before = time.perf_counter(), time.process_time()
            style(url, fetches, at_once)
            if number:
                wall[name].append((time.perf_counter() - wall_before) / fetches)
                cpu[name].append((time.process_time() - cpu_before) / fetches)
    first = next(iter(STYLES))
    for name in STYLES:
        took, used = statistics.median(wall[name]), statistics.median(cpu[name])
        rate_ratio = statistics.median(wall[first]) / took
        cpu_ratio = used / statistics.median(cpu[first])
        print(f"  {name:28}{1 / took:>10.0f}{rate_ratio:>7.2f}{used * 1000:>9.2f}{cpu_ratio:>7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetches", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
    else:
        measure(arguments.fetches, arguments.rounds, arguments.at_once)


if __name__ == "__main__":
    main()
