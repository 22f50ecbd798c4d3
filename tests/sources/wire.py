"""A server that says exactly what a test tells it to, byte for byte, and remembers what it was asked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    path: str
    headers: dict[str, str]  # names in lower case
    client: tuple[str, int]


@dataclass
class Wire:
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


def message(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """A whole answer. `Content_Type="text/plain"` becomes the header Content-Type; the length is filled in."""
    lines = {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


@contextlib.asynccontextmanager
async def serving(
    answers: Mapping[str, Answer] | Callable[[Request], Answer], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Wire]:
    """Serve on a free port of 127.0.0.1: what `answers` holds for a path, 404 for every other."""
    wire = Wire()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        wire.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = int(headers.get("content-length", 0))
                await reader.readexactly(body)
                request = Request(head[0].split()[1], headers, writer.get_extra_info("peername")[:2])
                wire.requests.append(request)
                answer = answers(request) if callable(answers) else answers.get(request.path, message("404 Not Found"))
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def drip(writer: asyncio.StreamWriter, data: bytes, *, every: float = 0.02) -> None:
    """Send a byte at a time."""
    for position in range(len(data)):
        writer.write(data[position : position + 1])
        await writer.drain()
        await asyncio.sleep(every)
