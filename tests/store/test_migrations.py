"""Databases of earlier programs, brought to the present shape with what is in them."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from monitor.core.model import Health
from monitor.store import schema, sources
from monitor.store.database import Database

SOURCE = """
    INSERT INTO source (id, slug, title, kind, url, authority, tags, interval_seconds, options, owner, paused,
        created_at)
    VALUES (:id, :slug, :slug, 'feed', :url, 'press', '[]', 900, '{}', 'operator', false, '2026-03-01 00:00:00')
"""
STATE = """
    INSERT INTO source_state (source_id, seen, failures, polled_before, unchecked, moved_polls, rhythm, hints, drift,
        held, next_poll_at, last_poll_at, last_success_at, last_outcome)
    VALUES (:id, :empty, :failures, true, 0, 0, :empty, '{}', :empty, false, '2026-03-02 00:00:00', :polled, :read,
        :outcome)
"""
AT = "2026-03-01 12:00:00"


def test_0002_takes_the_state_of_each_source_from_what_the_old_columns_tell(database_url: str) -> None:
    before = {
        "new": (0, None, None, None),
        "fine": (0, AT, AT, "known"),
        "failing": (3, AT, AT, "failed"),
        "unread": (0, AT, None, "failed"),
        "gone": (1, AT, AT, "gone"),
    }
    database = Database(database_url)
    with database.writing() as tx:
        command.upgrade(schema._config(tx), "0001")  # as an earlier program did
        for id_, (slug, (failures, polled, read, outcome)) in enumerate(before.items(), start=1):
            tx.execute(text(SOURCE), {"id": id_, "slug": slug, "url": f"https://{slug}.example/"})
            row = {"failures": failures, "polled": polled, "read": read, "outcome": outcome}
            tx.execute(text(STATE), {"id": id_, "empty": b""} | row)
    schema.upgrade(database)
    with database.reading() as tx:
        found = {source.slug: source.memory.health for source in sources.every(tx)}
        assert schema.differences(database) == []
    assert found == {
        "new": Health.NEW,
        "fine": Health.FINE,
        "failing": Health.FAILING,
        "unread": Health.FAILING,
        "gone": Health.GONE,
    }
    with database.writing() as tx:
        command.downgrade(schema._config(tx), "0001")
        assert tx.execute(text("SELECT count(*) FROM source_state")).scalar_one() == len(before)
    database.close()
