"""What a watch does by itself, where its alerts stand, and the search index over posts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Watches and messages are pointed at: their tables are never made anew, which would take the rows that point there.
    op.add_column("watch", sa.Column("is_list", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("watch", sa.Column("in_digests", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("watch", sa.Column("priority", sa.Text(), nullable=False, server_default="normal"))
    op.add_column("watch", sa.Column("alerts", JSON, nullable=True))
    _messages_of_watches()
    op.create_table(
        "alert_state",
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("since_at", TIME, nullable=False),
        sa.Column("next_due_at", TIME, nullable=False),
        sa.Column("last_alert_at", TIME, nullable=True),
        sa.Column("spike_at", TIME, nullable=True),
        sa.Column("silence_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name=op.f("fk_alert_state_watch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("watch_id", name=op.f("pk_alert_state")),
    )
    op.create_index(op.f("ix_alert_state_next_due_at"), "alert_state", ["next_due_at"])
    op.create_table(
        "alerted",
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name=op.f("fk_alerted_watch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_alerted_post_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_alerted_story_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("watch_id", "post_id", "reason", name=op.f("pk_alerted")),
    )
    op.create_index(op.f("ix_alerted_watch_id_story_id"), "alerted", ["watch_id", "story_id"])
    for name in ("indexed", "stale"):
        op.create_table(
            name,
            sa.Column("post_id", sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f(f"fk_{name}_post_id"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("post_id", name=op.f(f"pk_{name}")),
        )
    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
    )
    op.execute("INSERT INTO search_state (id, settled) VALUES (1, 0)")
    if op.get_bind().dialect.name == "sqlite":
        # Only which posts hold a word is kept, no text: the words are made by core.narrowing, folded, so that SQLite's
        # own idea of case and script plays no part.
        op.execute(
            "CREATE VIRTUAL TABLE post_words USING fts5"
            "(words, content='', detail='none', columnsize=0, tokenize='ascii', prefix='3')"
        )
    else:
        op.execute(
            "CREATE TABLE post_words"
            " (post_id integer PRIMARY KEY REFERENCES post ON DELETE CASCADE, words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_post_words_words ON post_words USING gin (words)")


def _messages_of_watches() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("message", "subscription_id", nullable=True)
        op.add_column("message", sa.Column("watch_id", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f("fk_message_watch_id"), "message", "watch", ["watch_id"], ["id"], ondelete="CASCADE")
        return
    # SQLite can drop NOT NULL only by making a table anew, and dropping the old one would delete the deliveries of
    # every message with it. The constraint is a word in the text that SQLite keeps of the table: there it is taken out.
    op.execute("ALTER TABLE message ADD COLUMN watch_id INTEGER")
    op.execute("PRAGMA writable_schema=ON")
    op.execute(
        "UPDATE sqlite_schema SET sql = "
        "rtrim(replace(sql, 'subscription_id INTEGER NOT NULL', 'subscription_id INTEGER'), ') ' || char(10)) "
        "|| '), CONSTRAINT fk_message_watch_id FOREIGN KEY(watch_id) REFERENCES watch (id) ON DELETE CASCADE)' "
        "WHERE type = 'table' AND name = 'message'"
    )
    op.execute("PRAGMA writable_schema=RESET")


def downgrade() -> None:
    """Alerts in the outbox go with it: what sent them is not known any more."""
    op.execute("DELETE FROM message WHERE subscription_id IS NULL")
    for name in ("search_state", "stale", "indexed", "alerted", "alert_state"):
        op.drop_table(name)
    op.execute("DROP TABLE post_words")
    for name in ("alerts", "priority", "in_digests", "is_list"):
        op.drop_column("watch", name)
    if op.get_bind().dialect.name != "sqlite":
        op.drop_column("message", "watch_id")
        op.alter_column("message", "subscription_id", nullable=False)
        return
    op.execute("PRAGMA writable_schema=ON")
    op.execute(
        "UPDATE sqlite_schema SET sql = replace(replace(sql, 'subscription_id INTEGER,', "
        "'subscription_id INTEGER NOT NULL,'), ', CONSTRAINT fk_message_watch_id FOREIGN KEY(watch_id) "
        "REFERENCES watch (id) ON DELETE CASCADE', '') WHERE type = 'table' AND name = 'message'"
    )
    op.execute("PRAGMA writable_schema=RESET")
    op.execute("ALTER TABLE message DROP COLUMN watch_id")
