"""The pages on a socket, in the event loop of the service."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from monitor.core.errors import ConfigError

IDLE_SECONDS = 5  # between two requests on one connection
AT_ONCE = 200  # connections; more are answered 503


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals are the service's own business."""
        yield


@asynccontextmanager
async def serving(application: Starlette, *, host: str, port: int) -> AsyncGenerator[int]:
    """Serve until the context is left; gives the port. ConfigError where nothing can be listened to there."""
    listener = _listening(host, port)
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"web.listen: nothing can be listened to at {host}:{port} ({error.strerror or error}); "
            "is another service there?"
        ) from error
