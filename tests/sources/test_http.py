"""Fetching against a real server on loopback that sends what no server should."""

import asyncio
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
from monitor.core.model import Fetched, Gone, NotModified
from monitor.sources.guard import AddressRefused, GuardedBackend, NameNotFound, SystemResolver, literal
from monitor.sources.http import Fetcher, retry_at
from monitor.sources.transport import guarded_client
from tests.sources.wire import drip, message, serving

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.1/32"),)
TLS = Path(__file__).parent / "tls"


def fetcher(**arguments):
    return Fetcher(**{"user_agent": "communique-monitor/0.1", "allow": LOOPBACK, "total_timeout": 20.0} | arguments)


async def fetch(client, url, *, etag=None, last_modified=None, headers=None):
    return await client.fetch(
        url=url,
        accept="application/rss+xml, */*;q=0.1",
        etag=etag,
        last_modified=last_modified,
        headers=headers,
        clock=lambda: NOW,
    )


def once(answers, path="/", *, url=None, validators=None, headers=None, tls=None, **arguments):
    """One fetch from a server with these answers: the result or the SourceError, and the server."""

    async def run():
        async with serving(answers, tls=tls) as wire, fetcher(**arguments) as client:
            try:
                return await fetch(client, (url or wire.url(path)).replace("PORT", str(wire.port)),
                                   headers=headers, **(validators or {})), wire  # fmt: skip
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
    backend = GuardedBackend(resolve=answering(), allow=(), resolve_timeout=1)
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
        (gzip.compress(b"x" * 1001), "gzip", "too-large"),
        (zlib.compress(b"x" * 1001), "deflate", "too-large"),
        (gzip.compress(gzip.compress(b"x" * 100)), "gzip, gzip", "encoding"),
        (b"x", "br", "encoding"),
        (b"x" * 100, "gzip", "encoding"),
        (b"\x78\x9cnot zlib at all", "deflate", "encoding"),
        (gzip.compress(b"x" * 100)[:-9], "gzip", "truncated"),
        (b"\x78", "deflate", "truncated"),
        (gzip.compress(b"") * 40, "gzip", "empty"),
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
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), "X-GZIP"),
        (gzip.compress(BODY[:300]) + gzip.compress(BODY[300:]), "gzip"),
        (gzip.compress(BODY) + bytes(512), "gzip"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY)[2:-4], "deflate"),
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
