"""Answers as strange servers write them, over the wire that polls go by; what they mean is `test_http`'s."""

import asyncio
import contextlib

import httpx2
import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Fetched, NotModified
from monitor.sources.guard import Guard, SystemResolver
from monitor.sources.wire import Headers, Question, Wire
from tests.sources.test_http import LOOPBACK, fetch, fetcher
from tests.sources.wire import message, serving

BODY = b"<rss/>"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + message(body=BODY),
        message(body=BODY, Upgrade="h2,h2c", Connection="Upgrade, Keep-Alive"),  # as Apache says it with every answer
        b"HTTP/1.1 200 OK\nContent-Length: 6\n\n<rss/>",
        message(body=BODY, X_Odd="caf\xe9 \x01"),
        message(body=BODY, Connection="close") + b"and more that nobody asked for",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\n<rs\r\n3;x=y\r\ns/>\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n6\r\n<rss/>\r\n0\r\n\r\n",
    ],
    ids=["interim", "upgrade-offered", "bare-lines", "odd-header", "more-behind", "chunks", "both-lengths"],
)  # fmt: skip
def test_what_browsers_forgive_is_read(answer):
    async def run():
        async with serving({"/": answer}) as server, fetcher() as client:
            return await fetch(client, server.url())

    result = asyncio.run(run())
    assert isinstance(result, Fetched)
    assert result.document.content == BODY


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 200_000, "protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
    ],
    ids=["switching", "endless-head", "endless-trailer", "ssh"],
)  # fmt: skip
def test_what_is_no_answer_is_refused(answer, reason):
    async def run():
        async with serving({"/": answer}) as server, fetcher() as client:
            await fetch(client, server.url())

    with pytest.raises(SourceError) as refused:
        asyncio.run(run())
    assert refused.value.reason == reason


def test_sources_of_one_host_share_a_connection():
    async def run():
        async with serving(lambda _: message("304 Not Modified")) as server, fetcher() as client:
            results = [await fetch(client, server.url(f"/{n}"), etag='"1"') for n in range(5)]
            return results, server

    results, server = asyncio.run(run())
    assert all(isinstance(result, NotModified) for result in results)
    assert len(server.requests) == 5
    assert server.connections == 1


def test_a_connection_on_which_somebody_speaks_unasked_is_not_used_again():
    async def gossip(writer):
        writer.write(message(body=BODY))
        await writer.drain()
        writer.write(message(body=b"what the next one would take for its answer"))
        await writer.drain()

    async def run():
        async with serving({"/": gossip}) as server, fetcher() as client:
            bodies = []
            for _ in range(3):
                bodies.append((await fetch(client, server.url())).document.content)
                await asyncio.sleep(0)  # what was said unasked may come now
            return bodies

    assert asyncio.run(run()) == [BODY] * 3


def test_idle_connections_are_few():
    async def run():
        guard = Guard(resolve=SystemResolver(), allow=LOOPBACK, resolve_timeout=1)
        async with contextlib.AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(serving({"/": message(body=BODY)})) for _ in range(6)]
            wire = Wire(guard, tls=lambda: pytest.fail("nobody asked for https"), max_idle=2)
            for server in servers:
                answer = await wire.ask(question(server.url()))
                assert b"".join([part async for part in answer.aiter_raw()]) == BODY
                await answer.aclose()
            kept = [server for server in servers if await reused(wire, server)]
            await wire.aclose()
            return [servers.index(server) for server in kept]

    assert asyncio.run(run()) == [4, 5]  # the newest


async def reused(wire, server):
    before = server.connections
    answer = await wire.ask(question(server.url()))
    await answer.aclose()  # with its body unread: this connection is closed, and takes no idle one's place
    return server.connections == before


def question(url, *headers):
    parsed = httpx2.URL(url)
    return Question(url=parsed, headers=[(b"Host", parsed.netloc), *headers], connect_timeout=5.0)


@pytest.mark.parametrize("value", [b"x\r\nX-Injected: 1", b"x\nX-Injected: 1", b"x\0"])
def test_a_header_never_becomes_two(value):
    async def run():
        guard = Guard(resolve=SystemResolver(), allow=LOOPBACK, resolve_timeout=1)
        async with serving({"/": message(body=BODY)}) as server:
            wire = Wire(guard, tls=lambda: pytest.fail("nobody asked for https"), max_idle=2)
            with pytest.raises(httpx2.LocalProtocolError):
                await wire.ask(question(server.url(), (b"If-None-Match", value)))
            await wire.aclose()
            return server.requests

    assert asyncio.run(run()) == []


def test_headers_are_found_in_any_case_and_repeated_ones_joined():
    headers = Headers([(b"Cache-Control", b"no-cache"), (b"cache-control", b"max-age=5"), (b"X", b"\xd1\x8f\xff")])
    assert headers.get("CACHE-CONTROL") == "no-cache, max-age=5"
    assert headers.get("x") == "\xd1\x8f\xff"
    assert headers.get("Age") is None
