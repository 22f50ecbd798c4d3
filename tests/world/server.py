"""The world's servers: one address of 127/8 for each party, and a log of all that was asked and answered."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from hashlib import blake2b
from urllib.parse import parse_qs, urlsplit

from tests.world.fast_loop import FastLoop
from tests.world.pages import body, versions
from tests.world.publishers import DAY, Article, Outage, Party, Publisher, moment, parties

IDLE = 30.0  # seconds until a connection on which nothing is asked is closed
OLD_ADDRESS_LASTS = 2.5 * DAY  # after a move

_CAPTIVE = (
    "<html><head><title>Wi-Fi login</title></head>"
    "<body><h1>Welcome</h1><a href='/accept'>Accept the terms</a></body></html>"
)
_ERROR_PAGE = (
    "<html><head><title>Service unavailable</title></head><body><h1>Service unavailable</h1>"
    "<ul><li><a href='/status'>Status of the platform</a></li><li><a href='/help'>Ask our service desk</a></li></ul>"
    "</body></html>"
)


@dataclass(kw_only=True)
class Asked:
    """One request as its server saw it."""

    at: float
    until: float = 0.0  # when the answer was given, or given up
    party: str
    host: str
    path: str
    publisher: int | None = None
    conditional: bool = False
    answer: str = ""  # the status, or what went wrong
    shown: tuple[tuple[str, int], ...] | None = None  # of a document that was sent whole
    begun: tuple[tuple[str, int], ...] = ()  # of one that was broken off: whole entries before the end are shown
    older: bool = False  # a page that was asked for beside the first
    spare_until: float = 0.0  # the answer asked not to be asked again before


@dataclass(kw_only=True)
class Answer:
    status: str
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    shown: tuple[tuple[str, int], ...] | None = None
    begun: tuple[tuple[str, int], ...] = ()
    how: str = ""  # what goes wrong on the way
    spare: float = 0.0  # seconds


class Servers:
    """All of them. `log` is in the order of requests; `asleep` counts those who let a client wait."""

    def __init__(self, publishers: Sequence[Publisher], loop: FastLoop) -> None:
        self.port = 0
        self.log: list[Asked] = []
        self.asleep = 0
        self._loop = loop
        self._by_domain = {p.domain: p for p in parties(publishers)}
        self._by_path = {p.path: p for p in publishers}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        servers = []
        for party in self._by_domain.values():
            server = await asyncio.start_server(self._serve, party.address, self.port)
            self.port = server.sockets[0].getsockname()[1]
            servers.append(server)
        try:
            yield
        finally:
            for server in servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def resolve(self, host: str) -> list[str]:
        """The world's name server."""
        party = self._party(host)
        if party is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [party.address]

    def _party(self, host: str) -> Party | None:
        return self._by_domain.get(".".join(host.split(".")[-2:]))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(IDLE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        target = urlsplit(head[0].split()[1])
        host = headers["host"].partition(":")[0]
        party = self._party(host)
        assert party is not None
        now = self._loop.time()
        path = target.path.removeprefix("/elsewhere").removeprefix("/moved")
        publisher = self._by_path.get(path)
        asked = Asked(at=now, until=now, party=party.domain, host=host, path=head[0].split()[1])
        asked.conditional = "if-none-match" in headers or "if-modified-since" in headers
        self.log.append(asked)
        if publisher is None or publisher.party is not party:
            answer = self._robots(party) if path == "/robots.txt" else Answer(status="404 Not Found")
        else:
            asked.publisher = publisher.number
            before = parse_qs(target.query).get("before")
            asked.older = before is not None
            answer = self._answer(publisher, now, headers, target.path, int(before[0]) if before else None)
        asked.answer = answer.how or answer.status[:3]
        asked.begun = answer.begun
        asked.spare_until = now + answer.spare if answer.spare else 0.0
        kept = await self._send(reader, writer, answer, squeeze=publisher is not None and publisher.number % 3 == 0)
        asked.until = self._loop.time()
        if answer.shown is not None and kept is not None:
            asked.shown = answer.shown
        return bool(kept)

    def _robots(self, party: Party) -> Answer:
        if not party.crawl_delay:
            return Answer(status="404 Not Found")
        return Answer(status="200 OK", content=f"User-agent: *\nCrawl-delay: {party.crawl_delay:g}\n".encode())

    # ── what is answered ───────────────────────────────────────────────────────────────────────────────────

    def _answer(
        self, publisher: Publisher, now: float, headers: dict[str, str], path: str, before: int | None
    ) -> Answer:
        outage = publisher.outage(now)
        if outage is not None and outage.what not in {
            "drip",
            "moved-for-now",
            "blank",
            "cut",
            "truncated",
            "endless-drip",
        }:
            return _refused(outage, now)
        if now >= publisher.gone:
            return Answer(status="410 Gone")
        moved = path.startswith("/moved")
        if now >= publisher.moved and not moved:
            if now >= publisher.moved + OLD_ADDRESS_LASTS:
                return Answer(status="404 Not Found")
            status = "301 Moved Permanently" if publisher.number % 2 else "308 Permanent Redirect"
            return Answer(
                status=status,
                headers={"Location": f"http://new.{publisher.party.domain}:{self.port}/moved{publisher.path}"},
            )
        if moved and now < publisher.moved:
            return Answer(status="404 Not Found")
        if outage is not None and outage.what == "moved-for-now" and not path.startswith("/elsewhere"):
            return Answer(status="302 Found", headers={"Location": f"/elsewhere{publisher.path}"})
        shown = [] if outage is not None and outage.what == "blank" else publisher.shown(now, before=before)
        answer = _document(publisher, now, shown, headers, before)
        if answer.shown and outage is not None and outage.what in {"drip", "endless-drip", "truncated", "cut"}:
            answer.how = outage.what
            if outage.what == "cut":  # nothing says that it is not all of it
                answer.begun = answer.shown
            if outage.what != "drip":
                answer.shown = None
        return answer

    # ── how it is sent ─────────────────────────────────────────────────────────────────────────────────────

    async def _send(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, *, squeeze: bool
    ) -> bool | None:
        """Whether the connection is kept; None where the client did not stay for the answer."""
        if answer.how == "stall":
            await self._nap(reader, 600)
            return None
        if answer.how in {"reset", "closed"}:
            if answer.how == "reset":
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            return None
        content = answer.content
        headers = dict(answer.headers)
        if squeeze and content and not answer.how:
            content = gzip.compress(content, 1)
            headers["Content-Encoding"] = "gzip"
        if answer.how == "cut":
            headers["Connection"] = "close"
        else:
            headers["Content-Length"] = str(len(content))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status}\r\n{lines}\r\n".encode("latin-1"))
        if answer.how in {"truncated", "cut"}:
            writer.write(content[: len(content) // 2])
            return None
        if answer.how in {"drip", "endless-drip"}:
            pieces = 10 if answer.how == "drip" else 1000
            step = max(len(content) // pieces, 1)
            for position in range(0, len(content), step):
                writer.write(content[position : position + step])
                await writer.drain()
                if not await self._nap(reader, 0.9):
                    return None
            return True
        writer.write(content)
        await writer.drain()
        return True

    async def _nap(self, reader: asyncio.StreamReader, seconds: float) -> bool:
        """Let the client wait; whether it did."""
        self.asleep += 1
        try:
            async with asyncio.timeout(seconds):
                await reader.read(1)  # clients say nothing: it is the end
        except TimeoutError:
            return True
        except OSError:  # broken off: likewise
            return False
        else:
            return False
        finally:
            self.asleep -= 1


def _document(
    publisher: Publisher, now: float, shown: Sequence[Article], headers: dict[str, str], before: int | None
) -> Answer:
    content = body(publisher, now, shown, before=before)
    said: dict[str, str] = {"Content-Type": _TYPES[publisher.kind]}
    style = publisher.validators
    changed = max((since for a in shown for since, _, _ in a.versions if since <= now), default=0.0)
    if style in {"etag", "both"}:
        said["ETag"] = f'"{blake2b(content, digest_size=8).hexdigest()}"'
    if style in {"modified", "both"}:
        said["Last-Modified"] = format_datetime(moment(int(changed)), usegmt=True)
    if style in {"kept", "forever"}:
        said["ETag"] = '"v1"'
    if style == "changing":
        said["ETag"] = f'"{now}"'
    if "If-None-Match".lower() in headers:
        unchanged = headers["if-none-match"] == said.get("ETag") and style != "kept"
    else:
        unchanged = "if-modified-since" in headers and headers["if-modified-since"] == said.get("Last-Modified")
    if unchanged:
        return Answer(status="304 Not Modified", headers=said)
    return Answer(status="200 OK", content=content, headers=said, shown=versions(publisher, now, shown))


_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
    "telegram": "text/html; charset=utf-8",
    "page": "text/html; charset=utf-8",
    "sitemap": "application/xml",
}


def _refused(outage: Outage, now: float) -> Answer:
    """What a server in trouble says."""
    what, left = outage.what, outage.until - now
    spare = min(left, DAY)  # nobody is believed for longer
    if what == "429-seconds":
        return Answer(status="429 Too Many Requests", headers={"Retry-After": str(int(left) + 1)}, spare=spare)
    if what == "503-date":
        date = moment(outage.until) + timedelta(seconds=1)
        return Answer(
            status="503 Service Unavailable", headers={"Retry-After": format_datetime(date, usegmt=True)}, spare=spare
        )
    if what == "503-absurd":  # a hundred years; a day is believed
        return Answer(status="503 Service Unavailable", headers={"Retry-After": "3155760000"}, spare=DAY)
    if what == "429-bare":
        return Answer(status="429 Too Many Requests", spare=60.0)
    if what == "429-nonsense":
        return Answer(status="429 Too Many Requests", headers={"Retry-After": "-5 bananas"}, spare=60.0)
    if what == "captive":
        return Answer(status="200 OK", content=_CAPTIVE.encode(), headers={"Content-Type": "text/html"})
    if what == "error-page":
        return Answer(status="200 OK", content=_ERROR_PAGE.encode(), headers={"Content-Type": "text/html"})
    if what == "binary":
        return Answer(
            status="200 OK", content=b"\x89PNG\r\n\x1a\n" + bytes(range(256)), headers={"Content-Type": "image/png"}
        )
    if what == "empty":
        return Answer(status="200 OK", headers={"Content-Type": "application/rss+xml"})
    if what == "gone-for-now":
        return Answer(status="410 Gone")
    if what.startswith("http-"):
        return Answer(status=f"{what[5:]} Trouble", content=_ERROR_PAGE.encode(), headers={"Content-Type": "text/html"})
    return Answer(status="200 OK", how=what)
