"""The world around the service, on real sockets: sources that post, and receivers that remember."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1mb3ItdGhlLWhvb2s="


@dataclass
class Feed:
    """A feed that grows. Serves the newest `window` entries, with an ETag."""

    window: int = 50
    entries: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    status: int = 200

    def post(self, guid: str, title: str, text: str, at: datetime | None = None) -> None:
        self.entries.append((guid, title, text, at or datetime.now(UTC)))

    def body(self, base: str) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>{guid}</guid><link>{base}/{guid}</link><title>{escape(title)}</title>"
            f"<description>{escape(text)}</description><pubDate>{format_datetime(at)}</pubDate></item>"
            for guid, title, text, at in reversed(self.entries[-self.window :])
        )
        return f"<rss version='2.0'><channel><title>Feed</title><link>{base}</link>{items}</channel></rss>".encode()


@dataclass
class World:
    """Feeds by name, and what receivers were handed."""

    feeds: defaultdict[str, Feed] = field(default_factory=lambda: defaultdict(Feed))
    emails: list[EmailMessage] = field(default_factory=list)
    hooks: list[tuple[str, bytes]] = field(default_factory=list)  # (webhook-id, body), each signature verified
    refused: list[str] = field(default_factory=list)  # hooks whose signature was wrong
    http_port: int = 0
    smtp_port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http_port}/{path}"

    def titles_in_emails(self) -> list[str]:
        """Every story title in every e-mail received, repeats of one Message-ID counted once."""
        unique = {message["Message-ID"]: message for message in self.emails}
        texts = [told_by(message) for message in unique.values()]
        known = {title for feed in self.feeds.values() for _, title, _, _ in feed.entries}
        return [title for text in texts for title in known for _ in range(text.count(title))]

    def titles_in_hooks(self) -> list[str]:
        unique = dict(self.hooks)
        return [story["title"] for body in unique.values() for story in stories(json.loads(body))]


def told_by(message: EmailMessage) -> str:
    """The text part as a person reads it: one line, without the marks around matched words."""
    return " ".join(message.get_body(("plain",)).get_content().replace("*", "").split())


def stories(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for section in payload["data"]["sections"]:
        yield from section["stories"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[World]:
    """The world on free ports of 127.0.0.1, until the context ends."""
    world = World()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            feed = world.feeds[self.path.strip("/")]
            body = feed.body(world.url(self.path.strip("/")))
            etag = f'"{hash(body)}"'
            if feed.status != 200:
                self._answer(feed.status, b"broken")
            elif self.headers.get("If-None-Match") == etag:
                self._answer(304)
            else:
                self._answer(200, body, ETag=etag, **{"Content-Type": "application/rss+xml"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            identity, at = self.headers["webhook-id"], int(self.headers["webhook-timestamp"])
            # Signed by the official library; its own check would insist on today's date, and some tests move the clock.
            due = Webhook(SECRET).sign(identity, datetime.fromtimestamp(at, UTC), body.decode())
            if due in self.headers["webhook-signature"].split():
                world.hooks.append((identity, body))
            else:
                world.refused.append(identity)
            self._answer(204)

        def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status not in {204, 304}:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Receiver:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            world.emails.append(email.message_from_bytes(content, policy=email.policy.default))
            return "250 taken"

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    world.http_port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    world.smtp_port = _free_port()  # aiosmtpd's controller cannot be given 0
    smtp = Controller(Receiver(), hostname="127.0.0.1", port=world.smtp_port)
    smtp.start()
    try:
        yield world
    finally:
        smtp.stop()
        http.shutdown()
        http.server_close()
        thread.join()
