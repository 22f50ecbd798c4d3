"""Stories by likeness: what posts stand for, keys by which like posts are found, rulings by hand, changes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)

FIRST_OF_STORY = "(SELECT MIN(id) FROM post AS other WHERE other.story_id = post.story_id)"


def upgrade() -> None:
    op.add_column("story", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.add_column("post", sa.Column("root_id", sa.Integer(), nullable=True))
    op.add_column("post", sa.Column("of_id", sa.Integer(), nullable=True))
    op.add_column("post", sa.Column("speaks", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("post", sa.Column("withdrawn_at", TIME, nullable=True))
    op.drop_index(op.f("ix_post_fingerprint"), "post")
    op.drop_index(op.f("ix_post_url_key"), "post")
    op.create_index(op.f("ix_post_url_key_source_id"), "post", ["url_key", "source_id"])
    # What was placed by links and exact words alone stays as it is until: monitor stories rebuild.
    op.execute(f"UPDATE post SET speaks = true WHERE id = {FIRST_OF_STORY}")  # noqa: S608 (a constant)
    op.execute(f"UPDATE post SET root_id = {FIRST_OF_STORY}, of_id = {FIRST_OF_STORY} WHERE NOT speaks")  # noqa: S608
    op.create_table(
        "band",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mute", sa.Boolean(), nullable=False),
        sa.Column("day", sa.SmallInteger(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "mute", "day", "post_id", name=op.f("pk_band")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "habit",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("learnt", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_habit_source_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source_id", "line", name=op.f("pk_habit")),
        sqlite_with_rowid=False,
    )
    learnt = sa.text("learnt")
    op.create_index("ix_habit_learnt", "habit", ["source_id"], sqlite_where=learnt, postgresql_where=learnt)
    op.create_table(
        "ruling",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("put_to", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_ruling_post_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["put_to"], ["post.id"], name=op.f("fk_ruling_put_to"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_ruling")),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_change_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    op.create_index(op.f("ix_change_post_id"), "change", ["post_id"])
    op.create_index(op.f("ix_change_at"), "change", ["at"])
    op.create_table(
        "missing",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_missing_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_missing")),
    )


def downgrade() -> None:
    for name in ("missing", "change", "ruling", "habit", "band"):
        op.drop_table(name)
    op.drop_index(op.f("ix_post_url_key_source_id"), "post")
    op.create_index(op.f("ix_post_url_key"), "post", ["url_key"])
    op.create_index(op.f("ix_post_fingerprint"), "post", ["fingerprint"])
    for name in ("withdrawn_at", "speaks", "of_id", "root_id"):
        op.drop_column("post", name)
    op.drop_column("story", "merged_into")
