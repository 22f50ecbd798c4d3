"""How SQLite carries out the statements of some work: what takes longer the more is stored shows in small databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from monitor.store.database import Database

GROWING = """
post tag band alias habit match story revision change poll message content delivery digest covered alerted ruling
"""
"""Tables that have more rows with every post, poll or message."""


def only_on_sqlite(database: Database) -> None:
    """PostgreSQL plans by what its tables hold: in a small one it rightly reads all."""
    if database.engine.dialect.name != "sqlite":
        pytest.skip("on PostgreSQL the plan depends on what the tables hold")


def walks(database: Database, work: Callable[[], object]) -> list[str]:
    """The statements of some work for which SQLite reads the whole of a table that grows, or of an index of one."""
    statements: dict[str, None] = {}

    def collect(statement: str) -> None:
        statements[statement] = None

    def trace(connection: Any, *_: object) -> None:
        connection.set_trace_callback(collect)  # gives statements with their values

    event.listen(database.engine, "checkout", trace)
    try:
        work()
    finally:
        event.remove(database.engine, "checkout", trace)
    looked_at = [each for each in statements if each.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))]
    assert looked_at, "nothing was traced"
    found = []
    with database.reading() as tx:
        tx.connection.driver_connection.set_trace_callback(None)  # type: ignore[union-attr]
        for statement in looked_at:
            plan = [row[3] for row in tx.connection.execute(f"EXPLAIN QUERY PLAN {statement}")]  # type: ignore[attr-defined]
            if any(re.match(rf"SCAN ({'|'.join(GROWING.split())})\b", step) for step in plan):
                found.append(f"{statement[-1500:]}: {plan}")
    return found
