"""Databases of earlier programs, brought to the present shape with what is in them."""

from __future__ import annotations

import json

from alembic import command
from sqlalchemy import inspect, text

from monitor.core.model import Health
from monitor.store import posts, schema, sources
from monitor.store.database import Database, Transaction

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
POST = """
    INSERT INTO post (id, source_id, story_id, guid, relation, relation_reason, title, title_made, text, html, summary,
        content_hash, first_seen_at, hashtags, categories, media, edited, backlog, revisions, taxonomy)
    VALUES (:id, 1, 1, 'g', 'original', '', 'ШОС', false, '', '', '', :hash, '2026-01-01 00:00:00', '[]', '[]', '[]',
        false, false, 0, '')
"""
TAG = """
    INSERT INTO tag (post_id, facet, slug, main, weight, evidence)
    VALUES (:post, 'organisation', :slug, true, 0.5, :evidence)
"""
AT = "2026-03-01 12:00:00"
MESSAGES = (
    "INSERT INTO subscription (id, slug, title, channel, recipients, schedule, selection, grouping, send_empty,"
    " language, options, owner, paused, created_at, next_due_at) VALUES (1, 's', 's', 'mailbox', '[]', '{}', '{}',"
    " 'organisation', false, 'en', '{}', 'operator', false, '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    "INSERT INTO content (id, subject, html, text, payload) VALUES (1, 's', '', '', '{}')",
    "INSERT INTO message (id, key, subscription_id, content_id, channel, recipient, options, state, attempts,"
    " created_at) VALUES (1, 'm', 1, 1, 'mailbox', 'r', '{}', 'delivered', 1, '2026-01-01 00:00:00')",
    "INSERT INTO delivery (id, message_id, attempt, started_at, finished_at, outcome, detail)"
    " VALUES (1, 1, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'delivered', '')",
)


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


def test_0004_takes_the_names_out_of_evidence_and_puts_them_back(database_url: str) -> None:
    database = Database(database_url)
    named = [{"field": "title", "offset": 3, "words": "ШОС", "rule": "acronym"}]
    with database.writing() as tx:
        command.upgrade(schema._config(tx), "0006")
        tx.execute(text(SOURCE), {"id": 1, "slug": "s", "url": "https://s.example/"})
        tx.execute(text("INSERT INTO story (id, created_at) VALUES (1, '2026-01-01 00:00:00')"))
        tx.execute(text(POST), {"id": 700, "hash": b"x"})
        for slug, evidence in (("sco", named), ("asia", [])):
            tx.execute(text(TAG), {"post": 700, "slug": slug, "evidence": json.dumps(evidence)})
        command.upgrade(schema._config(tx), "0004")
        assert evidence_of(tx) == {"sco": [["title", 3, "ШОС", "acronym"]], "asia": []}
        command.downgrade(schema._config(tx), "0006")
        assert evidence_of(tx) == {"sco": named, "asia": []}
    schema.upgrade(database)
    with database.reading() as tx:
        [stored] = posts.latest(tx, limit=1)
    assert [(e.field, e.words) for tag in stored.tags for e in tag.evidence] == [("title", "ШОС")]
    database.close()


def test_0008_leaves_messages_and_their_deliveries_whole_on_the_way_up_and_down(database_url: str) -> None:
    """It edits the text that SQLite keeps of a table: what SQLite then makes of the file must be sound."""
    database = Database(database_url)
    with database.writing() as tx:
        command.upgrade(schema._config(tx), "0004")
        for statement in MESSAGES:
            tx.execute(text(statement))
    for revision, may_be_missing in (("0008", True), ("0004", False), ("0008", True)):
        with database.writing() as tx:
            (command.upgrade if may_be_missing else command.downgrade)(schema._config(tx), revision)
        with database.reading() as tx:
            if tx.dialect.name == "sqlite":
                assert tx.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
                assert tx.execute(text("PRAGMA foreign_key_check")).all() == []
            columns = {column["name"]: column for column in inspect(tx).get_columns("message")}
            assert columns["subscription_id"]["nullable"] is may_be_missing
            assert ("watch_id" in columns) is may_be_missing
            kept = "SELECT m.key, d.outcome FROM message m JOIN delivery d ON d.message_id = m.id"
            assert tx.execute(text(kept)).all() == [("m", "delivered")]
    schema.upgrade(database)
    assert schema.differences(database) == []
    with database.writing() as tx:
        tx.execute(
            text(
                "INSERT INTO watch (id, slug, title, query, priority, owner, paused, created_at)"
                " VALUES (1, 'w', 'w', 'grain', 'normal', 'operator', false, '2026-01-01 00:00:00')"
            )
        )
        tx.execute(text("UPDATE message SET subscription_id = NULL, watch_id = 1"))
        tx.execute(text("DELETE FROM watch"))
        assert tx.execute(text("SELECT count(*) FROM message")).scalar_one() == 0  # the key that was written in works
    database.close()


def evidence_of(tx: Transaction) -> dict[str, object]:
    rows = tx.execute(text("SELECT slug, evidence FROM tag"))
    return {row.slug: json.loads(row.evidence) if isinstance(row.evidence, str) else row.evidence for row in rows}
