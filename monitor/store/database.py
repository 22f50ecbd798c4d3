"""One database, SQLite or PostgreSQL, and the two ways into it: reading and writing.

SQLite loses updates silently when writers begin deferred, so a writer takes the lock at once (`BEGIN IMMEDIATE`).
Within one process a thread lock queues the writers: SQLite's own waiting is a sleep and may starve one of them.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    column,
    create_engine,
    event,
    make_url,
    text,
    values,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from monitor.core.errors import ConfigError
from monitor.core.packedtags import as_json

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Transaction = Connection
"""What the functions of this room take first: an open transaction. Callers hand it on and look no further."""

Result = TypeVar("Result")

BUSY_SECONDS = 15.0


_JSON: dict[str, Any] = {"json_serializer": as_json, "json_deserializer": orjson.loads}


class Database:
    """Opens transactions. Cheap to make; connects when first used."""

    def __init__(self, url: str) -> None:
        """`url` is an SQLAlchemy address: "sqlite:///data/monitor.db" or "postgresql+psycopg://user@host/name"."""
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):  # the latter of a port that is no number
            raise ConfigError(
                "the database address cannot be read; expected something like sqlite:///data/monitor.db "
                "or postgresql+psycopg://user@host/name"
            ) from None
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
            raise ConfigError(f"{parsed.drivername} is not supported; use sqlite or postgresql+psycopg")
        self.url = parsed.render_as_string(hide_password=True)
        self.file: Path | None = None
        self._lock = threading.Lock()
        self._engine: Engine
        if parsed.get_backend_name() == "sqlite":
            if parsed.host:
                raise ConfigError(
                    "the address of an SQLite database has three slashes before a relative path, four before an "
                    f"absolute one: sqlite:///{parsed.host}/{parsed.database or 'monitor.db'}"
                )
            if parsed.database in {None, "", ":memory:"}:
                raise ConfigError("an SQLite database needs a file: sqlite:///data/monitor.db")
            self.file = Path(str(parsed.database))
            self._engine = create_engine(
                parsed, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **_JSON
            )
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            self._engine = create_engine(parsed, pool_pre_ping=True, connect_args={"connect_timeout": 10}, **_JSON)
            event.listen(self._engine, "connect", _prepare_postgresql)

    @property
    def is_sqlite(self) -> bool:
        return self.file is not None

    @property
    def engine(self) -> Engine:
        """For migrations only."""
        return self._engine

    def unreachable(self) -> str | None:
        """Why no connection can be made, as a sentence; None where one can. A file that is not there is no obstacle."""
        if self.file is not None and not self.file.exists():
            return None
        try:
            with self.reading():
                return None
        except DBAPIError as error:
            return f"the database {self.url} cannot be used: {explained(error)}"

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One consistent view; nothing written in it is kept."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._engine.connect() as connection, connection.execution_options(**options).begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """All of it is kept, or nothing."""
        if self.is_sqlite:
            with (
                self._lock,
                self._engine.connect() as connection,
                connection.execution_options(writing=True).begin(),
            ):
                yield connection
        else:
            with self._engine.begin() as connection:
                yield connection

    async def read(self, work: Callable[[Transaction], Result]) -> Result:
        """`work` in a reading transaction, beside the event loop."""

        def run() -> Result:
            with self.reading() as tx:
                return work(tx)

        return await asyncio.to_thread(run)

    async def write(self, work: Callable[[Transaction], Result]) -> Result:
        """`work` in a writing transaction, beside the event loop.

        Once begun it is carried to its end: a caller that is cancelled meanwhile hears of it only then, so that what it
        writes while cleaning up comes after.
        """

        def run() -> Result:
            with self.writing() as tx:
                return work(tx)

        task = asyncio.create_task(asyncio.to_thread(run))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError as cancelled:
            while not task.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([task])
            if not task.cancelled():
                cancelled.__cause__ = task.exception()
            raise

    def backup(self, target: Path) -> None:
        """A consistent copy of an SQLite database while others write (SQLite's online backup)."""
        if self.file is None:
            raise ConfigError("backups of PostgreSQL are made with pg_dump; see docs/operations.md")
        if target.exists():
            raise ConfigError(f"{target} exists already; name a new file, nothing is overwritten")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        partial.replace(target)  # a backup that broke off never looks like a whole one

    def problems(self, *, quick: bool = False) -> list[str]:
        """What the database says is wrong with itself; empty when sound. `quick` compares no index with its table."""
        with self.reading() as tx:
            if not self.is_sqlite:
                tx.execute(text("SELECT 1"))
                return []
            check = text("PRAGMA quick_check" if quick else "PRAGMA integrity_check")
            found = [str(row[0]) for row in tx.execute(check) if row[0] != "ok"]
            found += [
                f"row {row[1]} of {row[0]} points at a missing row of {row[2]}"
                for row in tx.execute(text("PRAGMA foreign_key_check"))
            ]
            return found

    def close(self) -> None:
        self._engine.dispose()


DAMAGE = ("file is not a database", "disk image is malformed", "database schema is corrupt")
"""What SQLite says of a file that is damaged, or never was a database."""


STRANGE = ("no such table", "no such column", 'relation "', 'column "')
"""How SQLite and PostgreSQL begin to say that a table or column is not there."""


def explained(error: SQLAlchemyError) -> str:
    """What the database said, on one line and without the statement, and for what is known the next step."""
    said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    if any(sign in said for sign in DAMAGE):
        return f"{said}; stop the service, move the file away and restore a backup (see docs/operations.md)"
    if any(sign in said for sign in STRANGE):
        return f"{said}; the tables are not those of this program, see what differs with: monitor db check"
    return said


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in (
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Readers and a writer side by side. The switch, made once in a file's life, does not wait for locks by itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _prepare_postgresql(connection: DBAPIConnection, _record: object) -> None:
    # In another zone the server writes the first and last hours of the calendar so that Python cannot read them back.
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def insert_new(tx: Transaction, table: Table, rows: Sequence[dict[str, Any]], *, key: Sequence[str]) -> None:
    """Insert the rows whose natural key is not there yet; the others are left as they are.

    Every row has the same columns. The values pass by SQLAlchemy's own preparation, which takes longer than the
    database does: a post may have dozens of tags.
    """
    if not rows:
        return
    names = tuple(rows[0])
    columns: list[Iterable[Any]] = []
    for name in names:
        values = [row[name] for row in rows]
        process = table.c[name].type.dialect_impl(tx.dialect).bind_processor(tx.dialect)
        columns.append(values if process is None else map(process, values))
    insert_new_tuples(tx, table, names, list(zip(*columns, strict=True)), key=key)


def asked_for(rows: Sequence[tuple[Any, ...]], *columns: Column[Any]) -> tuple[CTE, ColumnElement[bool]]:
    """Rows of a statement's own, and when the columns are those of one of them: to be joined with their table.

    SQLite walks the whole table for `(a, b) IN ((…), …)`, whatever indexes it has; a join takes the index.
    """
    named = values(*(column(each.name, each.type) for each in columns), name="asked").data(list(rows)).cte()
    return named, and_(*(each == named.c[each.name] for each in columns))


def insert_new_tuples(
    tx: Transaction, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]], *, key: Sequence[str]
) -> None:
    """Likewise of rows whose values are as the database's driver takes them, in the order of the columns `names`."""
    if not rows:
        return
    quoted = tx.dialect.identifier_preparer.quote
    mark = "?" if tx.dialect.paramstyle == "qmark" else "%s"
    statement = (
        f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}) "  # noqa: S608  names of our own
        f"VALUES ({', '.join(mark for _ in names)}) ON CONFLICT ({', '.join(map(quoted, key))}) DO NOTHING"
    )
    tx.exec_driver_sql(statement, list(rows))


def insert_new_statement(tx: Transaction, table: Table, *, key: Sequence[str]) -> sqlite.Insert | postgresql.Insert:
    """The statement of `insert_new`, for callers that want to know which rows were new (`returning`)."""
    return _insert(tx, table).on_conflict_do_nothing(index_elements=list(key))


def _insert(tx: Transaction, table: Table) -> sqlite.Insert | postgresql.Insert:
    if tx.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 40 ms that SQLite's users need not wait

    return postgresql.insert(table)


def insert_or_update(
    tx: Transaction, table: Table, rows: Sequence[dict[str, Any]], *, key: Sequence[str], update: Sequence[str]
) -> None:
    """Insert the rows; where the natural key is there already, set the columns of `update`."""
    if rows:
        statement = _insert(tx, table)
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=list(key), set_={name: statement.excluded[name] for name in update}
            ),
            list(rows),
        )
