"""Receivers that keep a journal and misbehave on purpose: an SMTP server and an HTTP receiver on loopback.

What each is to do comes from a list of whims, one taken for each attempt. Whatever a receiver took is in the journal,
with the moment and whether its yes went out.
"""

from __future__ import annotations

import contextlib
import email
import hashlib
import socketserver
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

STALL = 3.0  # seconds that a stalling receiver is silent: longer than the service waits

LAG = 2.0  # seconds

SMTP_WHIMS = (
    "refused-greeting",  # 421 before anything
    "refused-recipient",  # 451: later, please
    "hangs-up-at-data",  # in the middle of the message
    "refused-message",  # 452 after the message
    "hangs-up-after-data",  # took it, and says nothing
    "stalls-after-data",  # took it, and answers when nobody listens any more
    "yes",
)
HTTP_WHIMS = (
    "hangs-up-unread",  # before the body was read
    "no-500",
    "later-503",  # with Retry-After
    "hangs-up-after-body",  # took it, and says nothing
    "stalls-after-body",  # took it, and answers when nobody listens any more
    "yes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that a receiver has whole."""

    by: str  # "smtp" or "http"
    identity: str  # Message-ID or webhook-id
    to: str  # the recipient
    body: bytes
    at: float  # of time.monotonic
    yes: bool  # the sender was told so


@dataclass
class Journal:
    """What both receivers took, and how often they did what."""

    whim: Callable[[str], str]  # "smtp" or "http" → what the receiver is to do with this attempt
    taken: list[Taken] = field(default_factory=list)
    whims: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)
    smtp_port: int = 0
    http_port: int = 0

    def decide(self, by: str) -> str:
        with self.lock:
            chosen = self.whim(by)
            self.whims[f"{by} {chosen}"] += 1
            return chosen

    def take(self, by: str, identity: str, to: str, body: bytes, *, yes: bool) -> None:
        with self.lock:
            self.taken.append(Taken(by=by, identity=identity, to=to, body=body, at=time.monotonic(), yes=yes))

    def of(self, by: str) -> list[Taken]:
        with self.lock:
            return [each for each in self.taken if each.by == by]

    def twice_with_other_bodies(self) -> set[str]:
        """Identities that came with two bodies."""
        bodies: defaultdict[str, set[bytes]] = defaultdict(set)
        for each in self.taken:
            bodies[each.identity].add(hashlib.sha256(each.body).digest())
        return {identity for identity, found in bodies.items() if len(found) > 1}

    def repeats(self, kills: Sequence[float], unheard: Collection[str] = ()) -> tuple[int, int, list[str]]:
        """How many times something came again: after silence, and after a yes; of the latter, those that nothing
        explains: neither a kill in between nor a yes that the service says it did not hear (`unheard`)."""
        by_identity: defaultdict[str, list[Taken]] = defaultdict(list)
        for each in sorted(self.taken, key=lambda each: each.at):
            by_identity[each.identity].append(each)
        after_silence, after_yes, unexplained = 0, 0, []
        for identity, came in by_identity.items():
            for before, after in pairwise(came):
                if not before.yes:
                    after_silence += 1
                    continue
                after_yes += 1
                # A receiver reads on for a moment after the sender was killed, and says yes to nobody.
                killed = any(before.at - LAG <= kill <= after.at for kill in kills)
                if not killed and identity not in unheard:
                    unexplained.append(identity)
        return after_silence, after_yes, unexplained


@contextmanager
def receiving(whim: Callable[[str], str]) -> Iterator[Journal]:
    """Both receivers on free ports of 127.0.0.1, until the context ends."""
    journal = Journal(whim=whim)

    class Mail(socketserver.StreamRequestHandler):
        """One SMTP connection (RFC 5321), as far as a sender needs it."""

        def handle(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                self._conversation()

        def _conversation(self) -> None:
            chosen: str | None = journal.decide("smtp")
            if chosen == "refused-greeting":
                return self._say("421 busy")
            self._say("220 mail.example.org")
            while line := self.rfile.readline(1000):
                match line[:4].upper():
                    case b"EHLO" | b"HELO":
                        self._say("250 mail.example.org")
                    case b"MAIL" | b"RSET" | b"NOOP":
                        self._say("250 ok")
                    case b"RCPT":
                        chosen = chosen or journal.decide("smtp")  # another message on the same connection
                        if chosen == "refused-greeting":
                            return None
                        self._say("451 later, please" if chosen == "refused-recipient" else "250 ok")
                        if chosen == "refused-recipient":
                            chosen = None
                    case b"DATA":
                        if not self._message(chosen or "yes"):
                            return None
                        chosen = None
                    case b"QUIT":
                        return self._say("221 bye")
                    case _:
                        self._say("500 what?")
            return None

        def _message(self, chosen: str) -> bool:
            """Take a message as `chosen` says; False where the connection is over."""
            self._say("354 go on")
            content = b""
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                if chosen == "hangs-up-at-data":
                    return False
                content += line.removeprefix(b".") if line.startswith(b"..") else line
            if line == b"":
                return False  # the sender died in the middle: nothing was taken
            if chosen == "refused-message":
                self._say("452 no room now")
                return True
            head = email.message_from_bytes(content)
            yes = chosen == "yes"
            journal.take("smtp", head["Message-ID"], head["To"], content, yes=yes)
            if chosen == "stalls-after-data":
                time.sleep(STALL)
            if chosen == "hangs-up-after-data":
                return False
            self._say("250 taken")
            return yes

        def _say(self, reply: str) -> None:
            self.wfile.write(reply.encode() + b"\r\n")

    class Hook(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            chosen = journal.decide("http")
            if chosen == "hangs-up-unread":
                self.close_connection = True
                return
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the sender died in the middle
            if chosen in {"no-500", "later-503"}:
                self._answer(500 if chosen == "no-500" else 503)
                return
            journal.take("http", self.headers["webhook-id"], self.path, body, yes=chosen == "yes")
            if chosen == "stalls-after-body":
                time.sleep(STALL)
            if chosen == "hangs-up-after-body":
                self.close_connection = True
                return
            with contextlib.suppress(OSError):
                self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "1")
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class MailServer(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    servers = [MailServer(("127.0.0.1", 0), Mail), ThreadingHTTPServer(("127.0.0.1", 0), Hook)]
    servers[1].daemon_threads = True  # type: ignore[attr-defined]
    journal.smtp_port, journal.http_port = (server.server_address[1] for server in servers)  # type: ignore[misc]
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield journal
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()
