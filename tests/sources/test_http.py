"""Fetching against a real server on loopback that sends what no server should."""

import asyncio
import base64
import contextlib
import gzip
import ssl
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import httpx2
import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Fetched, Freshness, Gone, NotModified
from monitor.sources.answers import retry_at
from monitor.sources.guard import AddressRefused, Guard, NameNotFound, SystemResolver, literal
from monitor.sources.http import Fetcher
from monitor.sources.manners import Manners
from monitor.sources.transport import GuardedBackend, guarded_client
from tests.sources.wire import drip, message, serving

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.1/32"),)
TLS = Path(__file__).parent / "tls"


def fetcher(**arguments):
    return Fetcher(**{"user_agent": "communique-monitor/0.1", "allow": LOOPBACK, "total_timeout": 20.0} | arguments)


async def fetch(client, url, *, etag=None, last_modified=None, headers=None, clock=lambda: NOW, **wishes):
    return await client.fetch(
        url=url,
        accept="application/rss+xml, */*;q=0.1",
        etag=etag,
        last_modified=last_modified,
        headers=headers,
        clock=clock,
        **wishes,
    )


def once(answers, path="/", *, url=None, validators=None, headers=None, wishes=None, tls=None, **arguments):
    """One fetch from a server with these answers: the result or the SourceError, and the server.

    `wishes` are those of the source, PORT in them stands for the server's port; `arguments` go to the fetcher.
    """

    async def run():
        async with serving(answers, tls=tls) as wire, fetcher(**arguments) as client:
            try:
                port = str(wire.port)
                own = {k: v.replace("PORT", port) if isinstance(v, str) else v for k, v in (wishes or {}).items()}
                return await fetch(client, (url or wire.url(path)).replace("PORT", port),
                                   headers=headers, **own, **(validators or {})), wire  # fmt: skip
            except SourceError as error:
                return error, wire

    return asyncio.run(run())


def answering(*addresses):
    async def resolve(host):
        return list(addresses)

    return resolve


# ── ordinary answers ───────────────────────────────────────────────────────────────────────────────────────


def test_a_document_comes_with_its_validators_its_type_and_the_time():
    body = "<rss>Коммюнике</rss>".encode()
    result, wire = once(
        {"/feed": message(body=body, ETag='W/"a\xe9b"', Last_Modified="Sun, 22 Nov 2026 10:00:00 GMT",
                          Content_Type="text/xml; charset=utf-8")},
        "/feed#top",
        contact="https://example.org/contact",
    )  # fmt: skip
    assert isinstance(result, Fetched)
    assert result.document.content == body
    assert result.document.url == wire.url("/feed")
    assert result.document.content_type == "text/xml; charset=utf-8"
    assert result.document.fetched_at == NOW
    assert (result.etag, result.last_modified) == ('W/"a\xe9b"', "Sun, 22 Nov 2026 10:00:00 GMT")
    assert result.moved_to is None
    assert timedelta() < result.took < timedelta(seconds=30)
    asked = wire.requests[0].headers
    assert asked["user-agent"] == "communique-monitor/0.1 (+https://example.org/contact)"
    assert asked["accept"] == "application/rss+xml, */*;q=0.1"
    assert asked["accept-encoding"] == "gzip, deflate"
    assert not asked.keys() & {"if-none-match", "if-modified-since", "cookie"}


def test_validators_go_back_byte_for_byte_and_304_keeps_the_connection():
    validators = {"etag": 'W/"a\xe9b"', "last_modified": "Sun, 22 Nov 2026 10:00:00 GMT"}

    async def run():
        async with serving({"/": b"HTTP/1.1 304 Not Modified\r\n\r\n"}) as wire, fetcher() as client:
            results = [await fetch(client, wire.url(), **validators) for _ in range(3)]
            return results, wire

    results, wire = asyncio.run(run())
    assert results == [NotModified()] * 3
    assert all(result.took > timedelta() for result in results)
    assert wire.requests[0].headers["if-none-match"] == 'W/"a\xe9b"'
    assert wire.requests[0].headers["if-modified-since"] == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert wire.connections == 1


def test_410_is_gone():
    assert once({"/": message("410 Gone", b"closed")})[0] == Gone()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (message("404 Not Found", b"no"), "http-404"),
        (message("403 Forbidden"), "http-403"),
        (message("500 Internal Server Error", b"x" * 100_000), "http-500"),
        (message("599 Whatever"), "http-599"),
        (message("202 Accepted", b"are you a robot?"), "http-202"),
        (message("206 Partial Content", b"half"), "http-206"),
        (message("304 Not Modified"), "http-304"),  # nothing was asked conditionally
        (message("204 No Content"), "empty"),
        (message(body=b""), "empty"),
        (message("302 Found"), "redirect"),
        (message("302 Found", Location="ftp://example.org/"), "redirect"),
        (message("302 Found", Location="file:///etc/passwd"), "redirect"),
        (message("302 Found", Location="http://[::1"), "redirect"),
        (b"nonsense\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "protocol"),
    ],
)  # fmt: skip
def test_everything_else_is_an_error_with_a_reason(answer, reason):
    async def once_and_close(writer):
        writer.write(answer)
        await writer.drain()

    error, _ = once({"/": once_and_close})
    assert isinstance(error, SourceError)
    assert error.reason == reason
    assert error.retry_at is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", timedelta(seconds=120)),
        (" 0", None),
        ("-5", None),
        ("99999999", timedelta(days=1)),
        ("9" * 5000, timedelta(days=1)),
        ("Sun, 22 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Sunday, 22-Nov-26 12:10:00 GMT", timedelta(minutes=10)),
        ("Sun, 22 Nov 2026 14:10:00 +0200", timedelta(minutes=10)),
        ("Sun Nov 22 12:10:00 2026", timedelta(minutes=10)),
        ("Sun, 22 Nov 2026 11:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("Sun, 22 Nov 99999999999999999999 12:10:00 GMT", None),
        ("soon", None),
        ("", None),
        ("١٢٠", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(header, expected):
    assert retry_at(header, now=NOW) == (expected and NOW + expected)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_server_may_ask_for_patience(status):
    error, _ = once({"/": message(status, Retry_After="120")})
    assert error.reason == f"http-{status[:3]}"
    assert error.retry_at == NOW + timedelta(minutes=2)


def test_retry_after_means_nothing_on_other_errors():
    assert once({"/": message("404 Not Found", Retry_After="120")})[0].retry_at is None


def test_headers_of_the_operator_replace_ours_but_do_not_frame_the_message():
    own = {"user-agent": "Mozilla/5.0", "Cookie": "consent=yes", "Accept-Encoding": "br", "Content-Length": "5"}
    result, wire = once({"/": message(body=b"x")}, headers=own)
    assert isinstance(result, Fetched)
    asked = wire.requests[0].headers
    assert (asked["user-agent"], asked["cookie"]) == ("Mozilla/5.0", "consent=yes")
    assert asked["accept-encoding"] == "gzip, deflate"
    assert "content-length" not in asked


def test_a_user_agent_that_would_break_the_header_is_refused():
    with pytest.raises(ValueError, match="printable"):
        Fetcher(user_agent="x\r\nY: z")


# ── redirects ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [((301,), True), ((308,), True), ((301, 308), True), ((302,), False), ((303,), False), ((307,), False),
     ((301, 302), False), ((302, 301), False)],
)  # fmt: skip
def test_only_permanent_redirects_all_the_way_move_a_source(statuses, moved):
    answers = {
        f"/{hop}": message(f"{status} Elsewhere", b"see there", Location=f"/{hop + 1}?a=b#part")
        for hop, status in enumerate(statuses)
    }

    def answer(request):
        path = request.path.partition("?")[0]
        return answers.get(path, message(body=b"here"))

    result, wire = once(answer, "/0")
    assert result.document.content == b"here"
    assert result.document.url == wire.url(f"/{len(statuses)}?a=b")
    assert result.moved_to == (result.document.url if moved else None)
    assert wire.connections == 1  # short bodies of redirects are read, so that the connection lives on


def test_redirects_in_a_circle_end():
    error, wire = once({"/": message("302 Found", Location="/b"), "/b": message("302 Found", Location="/")})
    assert error.reason == "redirect"
    assert "circle" in str(error)
    assert len(wire.requests) == 2


def test_redirects_without_end_end():
    def answer(request):
        return message("302 Found", Location=f"{request.path}x")

    error, wire = once(answer, max_redirects=4)
    assert error.reason == "redirect"
    assert len(wire.requests) == 5


def test_a_cookie_opens_the_same_address_but_is_forgotten_after_the_fetch():
    def answer(request):
        if "seen=1" in request.headers.get("cookie", ""):
            return message(body=b"welcome")
        return message("302 Found", Location=request.path, Set_Cookie="seen=1; Path=/")

    async def run():
        async with serving(answer) as wire, fetcher() as client:
            return [await fetch(client, wire.url()) for _ in range(2)], wire

    results, wire = asyncio.run(run())
    assert [result.document.content for result in results] == [b"welcome"] * 2
    assert [request.headers.get("cookie") for request in wire.requests] == [None, "seen=1"] * 2


def test_what_was_meant_for_one_server_stays_there():
    validators = {"etag": '"1"', "last_modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
    result, wire = once(
        lambda request: message(body=b"x") if request.path == "/there"
        else message("302 Found", Location=f"http://user:secret@there.test:{request.headers['host'].split(':')[1]}/there"),
        url="http://here.test:PORT/",
        validators=validators,
        headers={"Authorization": "Bearer abc"},
        resolve=answering("127.0.0.1"),
    )  # fmt: skip
    first, second = wire.requests
    assert first.headers["authorization"] == "Bearer abc"
    assert first.headers["if-modified-since"] == validators["last_modified"]
    assert "authorization" not in second.headers
    assert "if-modified-since" not in second.headers
    assert second.headers["if-none-match"] == '"1"'
    assert result.document.url == f"http://there.test:{wire.port}/there"


# ── the guard ──────────────────────────────────────────────────────────────────────────────────────────────

FORBIDDEN = (
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.2:PORT/",
    "http://2130706434:PORT/",
    "http://0x7f000002:PORT/",
    "http://0x7f.2:PORT/",
    "http://017700000002:PORT/",
    "http://127.2:PORT/",
    "http://0:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.2]:PORT/",
    "http://[2002:7f00:1::1]:PORT/",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://inside.test:PORT/",
)


@pytest.mark.parametrize("target", FORBIDDEN)
@pytest.mark.parametrize("how", ["directly", "by redirect"])
def test_private_addresses_are_refused_in_every_spelling(target, how):
    def answer(request):
        if request.path == "/start":
            return message("302 Found", Location=target.replace("PORT", request.headers["host"].split(":")[1]))
        return message(body=b"secret")

    error, wire = once(
        answer,
        url=target if how == "directly" else "http://127.0.0.1:PORT/start",
        resolve=answering("192.168.0.10"),
    )
    assert isinstance(error, SourceError)
    assert error.reason == "refused-address"
    assert [request.path for request in wire.requests] == ([] if how == "directly" else ["/start"])


def test_localhost_is_refused_through_the_real_resolver():
    error, wire = once({"/": message(body=b"secret")}, url="http://localhost:PORT/", allow=())
    assert error.reason == "refused-address"
    assert "localhost leads to" in str(error)
    assert not wire.requests


@pytest.mark.parametrize("answers", [("127.0.0.1", "10.0.0.1"), ("10.0.0.1", "127.0.0.1"), ("127.0.0.1", "::1"),
                                     ("127.0.0.1", "fe80::1%lo")])  # fmt: skip
def test_one_private_answer_among_good_ones_refuses_the_name(answers):
    error, wire = once({"/": message(body=b"secret")}, url="http://mixed.test:PORT/", resolve=answering(*answers))
    assert error.reason == "refused-address"
    assert not wire.requests


def test_a_name_that_changes_its_answer_is_asked_once_for_each_connection():
    """Rebinding: the first answer is permitted, every later one is not. Whoever asks again to connect is caught."""
    asked = []

    async def rebinding(host):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async def run():
        closing = {"/": lambda writer: _send(writer, message(body=b"public", Connection="close"))}
        async with serving(closing) as wire, fetcher(resolve=rebinding) as client:
            first = await fetch(client, wire.url(host="rebinding.test"))
            with pytest.raises(SourceError) as caught:
                await fetch(client, wire.url(host="rebinding.test"))
            return first, caught.value, wire

    first, error, wire = asyncio.run(run())
    assert first.document.content == b"public"
    assert error.reason == "refused-address"
    assert asked == ["rebinding.test"] * 2
    assert len(wire.requests) == 1


async def _send(writer, data):
    writer.write(data)
    await writer.drain()


def test_an_address_that_does_not_answer_costs_little_when_another_does():
    """127.0.0.3 has nobody listening, 127.0.0.1 has; both families and the order of answers do not matter."""
    for answers in (("127.0.0.3", "127.0.0.1"), ("127.0.0.1", "127.0.0.3"), ("::1", "127.0.0.1")):
        result, wire = once(
            {"/": message(body=b"found")},
            url="http://several.test:PORT/",
            resolve=answering(*answers),
            allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        )
        assert result.document.content == b"found"
        assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("url", "reason", "words"),
    [
        ("ftp://example.org/feed", "address", "https://"),
        ("file:///etc/passwd", "address", "https://"),
        ("unix:///run/docker.sock", "address", "https://"),
        ("http:///feed", "address", "https://"),
        ("feed", "address", "https://"),
        ("http://exam\nple.org/", "address", "not a web address"),
        ("http://0177.0.0.1/", "address", "not a web address"),
        ("http://user:secret@example.org/", "address", "as a header"),
        ("http://127.0.0.1:1/", "connect", "refused the connection"),
    ],
)
def test_addresses_that_cannot_be_asked_say_what_is_wrong(url, reason, words):
    error, _ = once({}, url=url)
    assert error.reason == reason
    assert words in str(error)
    assert "secret" not in str(error)


def test_names_without_an_address_are_not_found():
    async def missing(host):
        raise OSError("Name or service not known")

    assert str(once({}, url="http://missing.test/", resolve=missing)[0]) == "name not found: missing.test"
    assert once({}, url="http://missing.test/", resolve=answering())[0].reason == "dns"
    real, _ = once({}, url="http://name.invalid/")
    assert real.reason == "dns"


def test_a_silent_name_server_holds_up_nobody_else():
    async def silent_for_some(host):
        if host.startswith("silent"):
            await asyncio.sleep(3600)
        return ["127.0.0.1"]

    async def run():
        arguments = {"resolve": silent_for_some, "connect_timeout": 1.0, "max_concurrent": 40}
        async with serving({"/": message(body=b"fine")}) as wire, fetcher(**arguments) as client:
            silent = [fetch(client, f"http://silent{number}.test/") for number in range(20)]
            good = [fetch(client, wire.url(host=f"good{number}.test")) for number in range(20)]
            return await asyncio.gather(*silent, *good, return_exceptions=True)

    results = asyncio.run(run())
    assert {result.reason for result in results[:20]} == {"dns"}
    assert all(result.document.content == b"fine" for result in results[20:])


def test_the_system_resolver_knows_localhost_and_no_nonsense():
    async def run():
        resolve = SystemResolver()
        found = await resolve("localhost")
        with pytest.raises(OSError):
            await resolve("a" * 70 + ".invalid")
        return found

    assert set(asyncio.run(run())) & {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "127.0.0.1"), ("127.1", "127.0.0.1"), ("2130706433", "127.0.0.1"), ("0x7f.1", "127.0.0.1"),
     ("0177.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("::ffff:10.0.0.1", "::ffff:a00:1"),
     ("fe80::1%eth0", "fe80::1%eth0"),
     ("example.org", None), ("1.2.3.4.example", None), ("", None)],
)  # fmt: skip
def test_literal_addresses_are_recognised_in_every_spelling(host, expected):
    found = literal(host)
    assert (str(found) if found else None) == expected


def test_file_system_sockets_are_never_connected_to(tmp_path):
    backend = GuardedBackend(Guard(resolve=answering(), allow=(), resolve_timeout=1))
    with pytest.raises(AddressRefused):
        asyncio.run(backend.connect_unix_socket(str(tmp_path / "socket")))


# ── time and size ──────────────────────────────────────────────────────────────────────────────────────────


async def _drip_header(writer):
    await drip(writer, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000)


async def _drip_body(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await drip(writer, b"x" * 100_000)


async def _drip_chunks(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"1;extension=yes\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _say_nothing(writer):
    await asyncio.sleep(3600)


async def _promise_for_ever(writer):
    while True:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_redirect(writer):
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9000\r\n\r\n")
    await drip(writer, b"x" * 9000)


@pytest.mark.parametrize(
    "answer", [_drip_header, _drip_body, _drip_chunks, _say_nothing, _promise_for_ever, _drip_redirect]
)
def test_the_deadline_holds_however_slowly_bytes_come(answer):
    error, _ = once({"/": answer}, total_timeout=0.5)
    assert error.reason == "timeout"
    assert "0.5 s" in str(error)


def test_fetches_that_were_cut_leave_the_pool_whole():
    async def run():
        answers = {"/slow": _drip_body, "/": message(body=b"fine")}
        async with serving(answers) as wire, fetcher(total_timeout=0.3, max_concurrent=3) as client:
            slow = await asyncio.gather(*(fetch(client, wire.url("/slow")) for _ in range(12)), return_exceptions=True)
            cancelled = [asyncio.create_task(fetch(client, wire.url("/slow"))) for _ in range(3)]
            await asyncio.sleep(0.1)
            for task in cancelled:
                task.cancel()
            await asyncio.gather(*cancelled, return_exceptions=True)
            good = [await fetch(client, wire.url()) for _ in range(10)]
            return slow, good

    slow, good = asyncio.run(run())
    assert {error.reason for error in slow} == {"timeout"}
    assert all(result.document.content == b"fine" for result in good)


def _gzip_bomb(megabytes):
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(megabytes)) + packer.flush()


def test_a_gigabyte_of_zeros_is_not_unpacked():
    bomb = message(body=_gzip_bomb(1024), Content_Encoding="gzip")
    tracemalloc.start()
    error, _ = once({"/": bomb}, max_bytes=2_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.reason == "too-large"
    assert peak < 40_000_000


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        (b"x" * 1001, "", "too-large"),
        (gzip.compress(b"x" * 1001, mtime=0), "gzip", "too-large"),
        (zlib.compress(b"x" * 1001), "deflate", "too-large"),
        (gzip.compress(gzip.compress(b"x" * 100, mtime=0), mtime=0), "gzip, gzip", "encoding"),
        (b"x", "br", "encoding"),
        (b"x" * 100, "gzip", "encoding"),
        (b"\x78\x9cnot zlib at all", "deflate", "encoding"),
        (gzip.compress(b"x" * 100, mtime=0)[:-9], "gzip", "truncated"),
        (b"\x78", "deflate", "truncated"),
        (gzip.compress(b"", mtime=0) * 40, "gzip", "empty"),
    ],
)
def test_bodies_that_are_too_long_or_damaged_are_errors(body, coding, reason):
    assert once({"/": message(body=body, Content_Encoding=coding)}, max_bytes=1000)[0].reason == reason


def test_thousands_of_empty_gzip_members_are_not_worked_through():
    body = gzip.compress(b"") * 5000
    assert once({"/": message(body=body, Content_Encoding="gzip")})[0].reason == "encoding"


def test_a_body_without_end_is_cut_at_the_limit():
    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    assert once({"/": endless}, max_bytes=1_000_000)[0].reason == "too-large"


BODY = bytes(range(256)) * 3


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), "X-GZIP"),
        (gzip.compress(BODY[:300], mtime=0) + gzip.compress(BODY[300:], mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0) + bytes(512), "gzip"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY)[2:-4], "deflate"),
        (gzip.compress(BODY, mtime=0), ""),  # a file kept packed, or a server that does not say so
        (gzip.compress(gzip.compress(BODY, mtime=0)), "gzip"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_bodies_of_exactly_the_limit_arrive_whole_in_whatever_pieces(body, coding, piece):
    async def chunked(writer):
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for start in range(0, len(body), piece):
            part = body[start : start + piece]
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    limit = max(len(BODY), len(body))
    result, _ = once({"/": chunked}, max_bytes=limit)
    assert isinstance(result, Fetched), result
    assert result.document.content == BODY


@pytest.mark.parametrize("packed", [gzip.compress(bytes(1_000_000)), gzip.compress(BODY)[:-9], b"\x1f\x8bnone"])
def test_a_packed_file_that_cannot_be_unpacked_within_the_limit_stays_as_it_is(packed):
    result, _ = once({"/": message(body=packed)}, max_bytes=100_000)
    assert result.document.content == packed


@pytest.mark.parametrize(
    "half",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>half",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<rss>half\r\n",
    ],
)
def test_a_body_that_breaks_off_is_an_error_not_a_short_document(half):
    error, _ = once({"/": lambda writer: _send(writer, half)})
    assert error.reason == "truncated"


def test_a_connection_closed_at_once_is_tried_twice():
    error, wire = once({"/": lambda writer: _send(writer, b"")})
    assert error.reason == "reset"
    assert len(wire.requests) == 2


def test_a_kept_connection_that_the_server_dropped_costs_nothing():
    async def run():
        seen = []

        def answer(request):
            seen.append(request)
            # Every second request on a kept connection is answered by hanging up.
            return (lambda writer: _send(writer, b"")) if len(seen) % 2 == 0 else message(body=b"fine")

        async with serving(answer) as wire, fetcher() as client:
            return [await fetch(client, wire.url()) for _ in range(4)]

    assert [result.document.content for result in asyncio.run(run())] == [b"fine"] * 4


def test_no_more_fetches_at_a_time_than_agreed():
    async def run():
        now, most = 0, 0

        async def answer(writer):
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.02)
            now -= 1
            await _send(writer, message(body=b"x", Connection="close"))

        async with serving({"/": answer}) as wire, fetcher(max_concurrent=3) as client:
            await asyncio.gather(*(fetch(client, wire.url()) for _ in range(15)))
        return most

    assert asyncio.run(run()) == 3


# ── TLS and HTTP/2 ─────────────────────────────────────────────────────────────────────────────────────────


def _server_tls(*protocols):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    context.set_alpn_protocols(list(protocols) or ["http/1.1"])
    return context


def _client_tls():
    return ssl.create_default_context(cafile=TLS / "ca.pem")


def secured(url, answers, *, tls="authority of the tests", **arguments):
    """One fetch over TLS; names lead to the server."""

    async def run():
        async with serving(answers, tls=_server_tls()) as wire:
            context = _client_tls() if tls else None
            async with fetcher(resolve=answering("127.0.0.1"), tls=context, **arguments) as client:
                try:
                    return await fetch(client, url.replace("PORT", str(wire.port))), wire
                except SourceError as error:
                    return error, wire

    return asyncio.run(run())


def test_certificates_are_checked_against_the_name_though_the_guard_chose_the_address():
    answers = {"/": message(body=b"signed")}
    good, _ = secured("https://news.example.test:PORT/", answers)
    assert good.document.content == b"signed"
    for url, tls in (
        ("https://other.example.test:PORT/", "authority of the tests"),
        ("https://127.0.0.1:PORT/", "authority of the tests"),
        ("https://news.example.test:PORT/", None),
    ):
        wrong, wire = secured(url, answers, tls=tls)
        assert wrong.reason == "tls"
        assert "the certificate of" in str(wrong)
        assert not wire.requests


@pytest.mark.parametrize(("greeting", "reason"), [(message("400 Bad Request", b"plain"), "tls"), (b"", "timeout")])
def test_a_server_without_tls_is_named_so_unless_it_says_nothing(greeting, reason):
    async def greet(reader, writer):
        writer.write(greeting)
        await reader.read()
        writer.close()

    async def run():
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server, fetcher(connect_timeout=0.5) as client:
            with pytest.raises(SourceError) as caught:
                await fetch(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            return caught.value

    assert asyncio.run(run()).reason == reason


def test_redirects_do_not_leave_https():
    error, wire = secured(
        "https://news.example.test:PORT/", {"/": message("301 Moved", Location="http://news.example.test/")}
    )
    assert error.reason == "redirect"
    assert "configure the http address" in str(error)
    assert len(wire.requests) == 1


def test_a_server_that_prefers_http2_is_asked_in_http11():
    async def run():
        tls = _server_tls("h2", "http/1.1")
        async with (
            serving({"/": message(body=b"plain")}, tls=tls) as wire,
            fetcher(resolve=answering("127.0.0.1"), tls=_client_tls()) as client,
        ):
            return await fetch(client, wire.url(host="news.example.test", scheme="https"))

    assert asyncio.run(run()).document.content == b"plain"


# ── what an answer says about its age ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("status", "validators"), [("200 OK", {}), ("304 Not Modified", {"etag": '"1"'})])
def test_how_long_an_answer_is_good_for_is_handed_on_as_it_was_sent(status, validators):
    sent = {"Cache-Control": "max-age=600", "Expires": "0", "Age": "17", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    answer = f"HTTP/1.1 {status}\r\n{head}Cache-Control: private\r\n".encode()
    answer += b"Content-Length: 1\r\n\r\nx" if status.startswith("200") else b"\r\n"
    result, _ = once({"/": answer}, validators=validators)
    assert result.freshness.headers() == sent | {"Cache-Control": "max-age=600, private"}


def test_what_says_nothing_about_its_age_or_far_too_much_has_none():
    assert once({"/": message(body=b"x")})[0].freshness == Freshness()
    assert once({"/": message(body=b"x", Cache_Control="a" * 5000)})[0].freshness == Freshness()


# ── manners ────────────────────────────────────────────────────────────────────────────────────────────────


class Leaping:
    """A clock that is put forward by whoever waits."""

    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds

    def clock(self):
        return NOW + timedelta(seconds=self.seconds)

    def manners(self, **arguments):
        return Manners(now=self.now, sleep=self.sleep, **arguments)


def test_every_hop_waits_for_its_turn_and_waiting_does_not_count():
    time = Leaping()
    seen = []

    def answer(request):
        seen.append((request.headers["host"].partition(":")[0], time.now()))
        hops = len(seen)
        host = "there.test" if hops == 3 else "here.test"
        port = request.headers["host"].partition(":")[2]
        return message(body=b"x") if hops == 5 else message("302 Found", Location=f"http://{host}:{port}/{hops}")

    result, _ = once(
        answer,
        url="http://here.test:PORT/",
        resolve=answering("127.0.0.1"),
        manners=time.manners(spacing=40.0),
        total_timeout=5.0,
    )
    assert isinstance(result, Fetched), result
    assert seen == [("here.test", 0), ("here.test", 40), ("here.test", 80), ("there.test", 80), ("here.test", 120)]


def test_a_second_try_waits_for_its_turn_too():
    time = Leaping()
    seen = []

    def answer(request):
        seen.append(time.now())
        return (lambda writer: _send(writer, b"")) if len(seen) == 1 else message(body=b"x")

    assert isinstance(once(answer, manners=time.manners(spacing=7.0))[0], Fetched)
    assert seen == [0, 7]


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        (message("429 Too Many Requests", Retry_After="600"), timedelta(minutes=10)),
        (message("503 Service Unavailable", Retry_After="Sun, 22 Nov 2026 12:20:00 GMT"), timedelta(minutes=20)),
        (message("503 Service Unavailable", Retry_After="9" * 50), timedelta(days=1)),
        (message("429 Too Many Requests"), timedelta(minutes=1)),
        (message("429 Too Many Requests", Retry_After="soon"), timedelta(minutes=1)),
        (message("503 Service Unavailable"), None),
        (message("500 Internal Server Error", Retry_After="600"), None),
    ],
)
def test_a_server_that_has_had_enough_is_left_alone_with_its_whole_domain(answer, held):
    time = Leaping()

    def answers(request):
        return answer if request.path == "/enough" else message(body=b"fine")

    async def attempt(client, url):
        try:
            return await fetch(client, url, clock=time.clock)
        except SourceError as error:
            return error

    async def run():
        async with (
            serving(answers) as wire,
            fetcher(manners=time.manners(spacing=0.0), resolve=answering("127.0.0.1")) as client,
        ):
            first = await attempt(client, wire.url("/enough", host="www.example.test"))
            others = [await attempt(client, wire.url(host=host)) for host in ("feeds.example.test", "else.test")]
            time.seconds += (held or timedelta()).total_seconds()
            return first, others, await attempt(client, wire.url(host="feeds.example.test")), wire

    first, (same, other), later, wire = asyncio.run(run())
    assert first.reason in {"http-429", "http-503", "http-500"}
    if held:
        assert (same.reason, same.retry_at) == ("host-held", NOW + held)
    else:
        assert isinstance(same, Fetched)
    assert isinstance(other, Fetched)
    assert isinstance(later, Fetched)
    assert len(wire.requests) == (3 if held else 4)


def test_two_sources_of_one_host_share_a_connection():
    async def run():
        answers = {"/a.xml": message(body=b"a"), "/b.xml": message(body=b"b")}
        async with serving(answers) as wire, fetcher(manners=Leaping().manners()) as client:
            results = [await fetch(client, wire.url(path)) for path in ("/a.xml", "/b.xml", "/a.xml")]
            return [result.document.content for result in results], wire.connections

    assert asyncio.run(run()) == ([b"a", b"b", b"a"], 1)


# ── servers that are hard to please ────────────────────────────────────────────────────────────────────────


def picky(request):
    return message(body=b"x") if request.headers["accept"] == "*/*" else message("406 Not Acceptable", b"no")


def test_a_server_that_has_nothing_of_the_kind_is_asked_for_anything_and_so_the_next_time():
    async def run():
        async with serving(picky) as wire, fetcher() as client:
            results = [await fetch(client, wire.url()) for _ in range(2)]
            return results, [request.headers["accept"] for request in wire.requests]

    results, accepts = asyncio.run(run())
    assert [result.document.content for result in results] == [b"x", b"x"]
    assert accepts == ["application/rss+xml, */*;q=0.1", "*/*", "*/*"]


@pytest.mark.parametrize(("headers", "requests"), [(None, 2), ({"Accept": "text/xml"}, 1)])
def test_a_server_that_has_nothing_at_all_is_not_asked_again(headers, requests):
    error, wire = once({"/": message("406 Not Acceptable")}, headers=headers)
    assert error.reason == "http-406"
    assert len(wire.requests) == requests


def test_a_server_that_refuses_us_is_not_lied_to_but_the_operator_is_told_what_can_be_done():
    error, wire = once({"/": message("403 Forbidden")})
    assert error.reason == "http-403"
    assert "user_agent" in str(error)
    assert len(wire.requests) == 1


# ── what one source asks for ───────────────────────────────────────────────────────────────────────────────


def test_wishes_of_a_source_go_to_its_own_server_and_its_name_everywhere():
    def answer(request):
        host = request.headers["host"]
        if host.startswith("there"):
            return message(body=b"x")
        return message("302 Found", Location=f"http://there.test:{host.partition(':')[2]}/")

    wishes = {"cookies": {"consent": "yes", "lang": "en"}, "user_agent": "Mozilla/5.0 (compatible; us)"}
    _, wire = once(
        answer,
        url="http://here.test:PORT/",
        headers={"X-Key": "abc"},
        wishes=wishes,
        resolve=answering("127.0.0.1"),
    )
    here, there = (request.headers for request in wire.requests)
    assert (here["cookie"], here["x-key"], here["user-agent"]) == ("consent=yes; lang=en", "abc", wishes["user_agent"])
    assert there["user-agent"] == wishes["user_agent"]
    assert not there.keys() & {"cookie", "x-key"}


def test_a_cookie_that_the_server_sets_on_the_way_replaces_the_one_given():
    def answer(request):
        if "session=new" in request.headers.get("cookie", ""):
            return message(body=b"welcome")
        return message("302 Found", Location=request.path, Set_Cookie="session=new; Path=/")

    result, wire = once(answer, wishes={"cookies": {"session": "old", "lang": "en"}})
    assert result.document.content == b"welcome"
    assert [request.headers["cookie"] for request in wire.requests] == ["session=old; lang=en", "lang=en; session=new"]


# ── by way of a proxy ──────────────────────────────────────────────────────────────────────────────────────


def test_by_way_of_a_proxy_no_name_is_looked_up_and_every_hop_goes_there():
    def answer(request):  # the proxy's answers: it is asked for whole addresses (RFC 9112, 3.2.2)
        if request.path == "http://here.example/":
            return message("302 Found", Location="http://there.example/feed")
        return message(body=b"x") if request.path == "http://there.example/feed" else message("404 Not Found")

    result, wire = once(
        answer,
        url="http://here.example/",
        wishes={"proxy": "http://me:p%40ss@127.0.0.1:PORT"},
        resolve=answering("10.0.0.1"),
    )
    assert result.document.url == "http://there.example/feed"
    assert [request.headers["host"] for request in wire.requests] == ["here.example", "there.example"]
    credentials = {request.headers["proxy-authorization"] for request in wire.requests}
    assert credentials == {"Basic " + base64.b64encode(b"me:p@ss").decode()}


def test_the_proxy_itself_must_be_public_or_allowed():
    for proxy in ("http://127.0.0.1:PORT", "http://inside.test:PORT"):
        error, wire = once(
            {}, url="http://here.example/", wishes={"proxy": proxy}, allow=(), resolve=answering("192.168.0.10")
        )
        assert error.reason == "refused-address"
        assert not wire.requests


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.2/", "http://2130706434/", "http://0x7f.2/", "http://169.254.169.254/latest/", "http://[::1]/",
     "http://localhost/", "http://db.localhost/", "http://router/", "http://nas.local/", "http://vault.internal./",
     "http://x.home.arpa/", "http://WIKI.Corp/"],
)  # fmt: skip
@pytest.mark.parametrize("how", ["directly", "by redirect"])
def test_a_proxy_is_not_asked_for_what_is_internal_as_it_is_written(target, how):
    error, wire = once(
        lambda request: message("302 Found", Location=target),
        url=target if how == "directly" else "http://here.example/",
        wishes={"proxy": "http://127.0.0.1:PORT"},
    )
    assert error.reason == "refused-address"
    assert len(wire.requests) == (0 if how == "directly" else 1)


def test_a_proxy_that_cannot_be_reached_is_named():
    error, _ = once({}, url="http://here.example/", wishes={"proxy": "http://me:secret@127.0.0.1:1"})
    assert error.reason == "connect"
    assert str(error) == "here.example by way of the proxy 127.0.0.1 refused the connection"


@contextlib.asynccontextmanager
async def tunnelling(status="200 Connection established"):
    """A proxy that opens tunnels to the port asked for on 127.0.0.1; gives its port and what it was asked."""
    asked, tasks = [], set()

    async def pipe(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode())
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        if status.startswith("200"):
            port = int(asked[-1].split()[1].rpartition(":")[2])
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("host", ["news.example.test", "other.example.test"])
def test_through_a_tunnel_the_certificate_is_still_that_of_the_target(host):
    async def run():
        async with (
            serving({"/": message(body=b"signed")}, tls=_server_tls()) as wire,
            tunnelling() as (port, asked),
            fetcher(resolve=answering("10.0.0.1"), tls=_client_tls()) as client,
        ):
            url = wire.url(host=host, scheme="https")
            try:
                results = [await fetch(client, url, proxy=f"http://127.0.0.1:{port}") for _ in range(2)]
            except SourceError as error:
                return error, asked, wire
            return results, asked, wire

    result, asked, wire = asyncio.run(run())
    assert asked == [f"CONNECT {host}:{wire.port} HTTP/1.1"]  # the tunnel is kept for the second fetch
    if host == "news.example.test":
        assert [each.document.content for each in result] == [b"signed"] * 2
    else:
        assert result.reason == "tls"
        assert not wire.requests


def test_a_proxy_that_opens_no_tunnel_is_said_to():
    async def run():
        async with tunnelling("407 Proxy Authentication Required") as (port, _), fetcher() as client:
            with pytest.raises(SourceError) as caught:
                await fetch(client, "https://here.example/", proxy=f"http://me:secret@127.0.0.1:{port}")
            return caught.value

    error = asyncio.run(run())
    assert error.reason == "proxy"
    assert "407 Proxy Authentication Required" in str(error)
    assert "secret" not in str(error)


# ── the client for webhooks ────────────────────────────────────────────────────────────────────────────────


def test_the_guarded_client_posts_but_follows_nothing_and_keeps_nothing():
    async def run():
        answers = {"/hook": message("302 Found", Location="/elsewhere", Set_Cookie="a=b; Path=/")}
        async with serving(answers) as wire, guarded_client(user_agent="monitor", allow=LOOPBACK) as client:
            responses = [await client.post(wire.url("/hook"), content=b"{}") for _ in range(2)]
            return responses, wire

    responses, wire = asyncio.run(run())
    assert [response.status_code for response in responses] == [302, 302]
    assert [request.path for request in wire.requests] == ["/hook", "/hook"]
    assert all(request.headers["user-agent"] == "monitor" for request in wire.requests)
    assert not any("cookie" in request.headers for request in wire.requests)


def test_the_guarded_client_refuses_private_addresses_in_the_words_of_its_library():
    async def run():
        async with serving({}) as wire, guarded_client(user_agent="monitor") as client:
            with pytest.raises(AddressRefused) as refused:
                await client.post(wire.url("/hook"), content=b"{}")
            with pytest.raises(NameNotFound):
                await client.post("http://name.invalid/", content=b"{}")
            return refused.value, wire

    refused, wire = asyncio.run(run())
    assert isinstance(refused, httpx2.TransportError)
    assert "127.0.0.1 (loopback)" in str(refused)
    assert not wire.requests


def test_the_guarded_client_translates_the_errors_of_its_connections():
    async def run():
        answers = {"/closed": lambda writer: _send(writer, b""), "/silent": _say_nothing}
        async with (
            serving(answers) as wire,
            guarded_client(user_agent="monitor", allow=LOOPBACK, timeout=0.3) as client,
        ):
            for url, error in (
                (wire.url("/closed"), httpx2.RemoteProtocolError),
                (wire.url("/silent"), httpx2.ReadTimeout),
                ("http://127.0.0.1:1/", httpx2.ConnectError),
            ):
                with pytest.raises(error):
                    await client.post(url, content=b"{}")

    asyncio.run(run())
