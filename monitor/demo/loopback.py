"""HTTP on this machine alone, on a port that happens to be free."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"


class Handler(BaseHTTPRequestHandler):
    """Answers whole bodies and says nothing on the console."""

    timeout = 10  # seconds; a client that connects and keeps silent must not hold the demonstration up

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """One complete answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the demonstration says what there is to say."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Binds, and does not ask the resolver for the machine's name as the base class does: there may be none."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])


@contextmanager
def serving(handler: type[Handler]) -> Iterator[str]:
    """The address under which `handler` answers until the context ends: "http://127.0.0.1:34567"."""
    server = _Server((HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="loopback", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
