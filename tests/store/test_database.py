from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from monitor.store import schema
from monitor.store.database import Database, Transaction, insert_new, insert_or_update
from monitor.store.tables import HeartbeatRow, table
from tests.make import NOW

heartbeat = table(HeartbeatRow)

READ = text("SELECT n FROM counter")
INCREMENT = text("UPDATE counter SET n = :n")


@pytest.fixture
def counting(database: Database) -> Iterator[Database]:
    """A database with one number in it."""
    with database.writing() as tx:
        tx.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        tx.execute(text("INSERT INTO counter VALUES (0)"))
    return database


def count(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.execute(READ).scalar_one())


def increment(tx: Transaction) -> None:
    """Read, then write: what loses updates where writers do not queue. PostgreSQL is told to lock the row."""
    locked = " FOR UPDATE" if tx.dialect.name == "postgresql" else ""
    n = tx.execute(text(f"SELECT n FROM counter{locked}")).scalar_one()
    tx.execute(INCREMENT, {"n": n + 1})


@pytest.mark.parametrize("processes", [1, 2])
def test_no_update_is_lost(database_url: str, processes: int) -> None:
    opened = [Database(database_url) for _ in range(processes)]
    with opened[0].writing() as tx:
        tx.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        tx.execute(text("INSERT INTO counter VALUES (0)"))

    def work(number: int) -> None:
        for _ in range(50):
            with opened[number % processes].writing() as tx:
                increment(tx)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert count(opened[0]) == 400
    for database in opened:
        database.close()


def test_what_fails_half_way_leaves_nothing(counting: Database) -> None:
    with pytest.raises(ZeroDivisionError), counting.writing() as tx:
        increment(tx)
        raise ZeroDivisionError
    assert count(counting) == 0
    with counting.writing() as tx:  # and nothing stays locked
        increment(tx)
    assert count(counting) == 1


def test_what_is_written_while_reading_is_not_kept(counting: Database) -> None:
    with counting.reading() as tx:
        tx.execute(INCREMENT, {"n": 7})
    assert count(counting) == 0


def test_reading_sees_one_moment_while_others_write(counting: Database) -> None:
    with counting.reading() as tx:
        assert tx.execute(READ).scalar_one() == 0
        with counting.writing() as other:
            increment(other)
        assert count(counting) == 1
        assert tx.execute(READ).scalar_one() == 0
    assert count(counting) == 1


def test_readers_do_not_wait_for_a_writer(counting: Database) -> None:
    with counting.writing() as tx:
        increment(tx)
        assert count(counting) == 0


def test_foreign_keys_hold(database: Database) -> None:
    row = text(
        "INSERT INTO revision (post_id, number, title, text, html, content_hash, replaced_at) VALUES "
        "(1, 1, '', '', '', '', '2026-01-01')"
    )
    with pytest.raises(IntegrityError), database.writing() as tx:
        tx.execute(row)


def beats(database: Database) -> dict[str, str]:
    with database.reading() as tx:
        return {row.loop: row.detail for row in tx.execute(heartbeat.select())}


def row(loop: str, detail: str) -> dict[str, object]:
    return {"loop": loop, "at": NOW, "every_seconds": 1.0, "process": "p", "detail": detail}


def test_inserting_what_is_there_leaves_it_or_sets_it(database: Database) -> None:
    with database.writing() as tx:
        insert_new(tx, heartbeat, [row("a", "1"), row("b", "1"), row("a", "2")], key=("loop",))
        insert_new(tx, heartbeat, [], key=("loop",))
        insert_or_update(tx, heartbeat, [], key=("loop",), update=("detail",))
    assert beats(database) == {"a": "1", "b": "1"}
    with database.writing() as tx:
        insert_new(tx, heartbeat, [row("a", "3"), row("c", "3")], key=("loop",))
        insert_or_update(tx, heartbeat, [row("b", "4"), row("d", "4")], key=("loop",), update=("detail",))
    assert beats(database) == {"a": "1", "b": "4", "c": "3", "d": "4"}


# ── beside the event loop ──────────────────────────────────────────────────────────────────────────────────


def test_reading_and_writing_beside_the_event_loop(counting: Database) -> None:
    async def work() -> int:
        await asyncio.gather(*(counting.write(increment) for _ in range(20)))
        return await counting.read(lambda tx: int(tx.execute(READ).scalar_one()))

    assert asyncio.run(work()) == 20


def test_what_goes_wrong_beside_the_event_loop_is_heard_of(counting: Database) -> None:
    def fail(tx: Transaction) -> None:
        increment(tx)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(counting.write(fail))
    assert count(counting) == 0


def test_a_write_is_carried_to_its_end_when_its_caller_is_cancelled(counting: Database) -> None:
    """However often, and what the caller writes while cleaning up comes after."""
    begun, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def slow(tx: Transaction) -> None:
        begun.set()
        assert go_on.wait(30)
        increment(tx)
        order.append("written")

    async def caller() -> None:
        try:
            await counting.write(slow)
        finally:
            order.append("cleaning up")
            await counting.write(increment)

    async def work() -> None:
        task = asyncio.create_task(caller())
        await asyncio.to_thread(begun.wait, 30)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert order == ["written", "cleaning up"]
    assert count(counting) == 2


def test_a_write_that_fails_after_its_caller_was_cancelled_does_not_undo_the_cancelling(counting: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def fail(_tx: Transaction) -> None:
        begun.set()
        assert go_on.wait(30)
        raise ZeroDivisionError

    async def work() -> asyncio.CancelledError:
        task = asyncio.create_task(counting.write(fail))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        return raised.value

    cancelled = asyncio.run(work())
    assert isinstance(cancelled.__cause__, ZeroDivisionError)


# ── upgrading ──────────────────────────────────────────────────────────────────────────────────────────────


def test_processes_that_start_together_upgrade_once(database_url: str) -> None:
    together = threading.Barrier(3)

    def work(_number: int) -> str | None:
        with closing(Database(database_url)) as database:
            together.wait()
            return schema.upgrade(database)[0]

    with ThreadPoolExecutor(3) as pool:
        before = list(pool.map(work, range(3)))
    assert before.count(None) == 1
    with closing(Database(database_url)) as database:
        assert schema.differences(database) == []
