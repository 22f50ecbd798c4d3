"""Digests: order and parts by choice, what was the newest post, a page for each edition, counts for trends."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("subscription", sa.Column("last_post_id", sa.Integer(), nullable=True))
    op.add_column("subscription", sa.Column("last_change_id", sa.Integer(), nullable=True))
    op.add_column("subscription", sa.Column("story_order", sa.Text(), nullable=False, server_default="newest"))
    op.add_column("subscription", sa.Column("show", JSON, nullable=True))
    op.add_column("digest", sa.Column("trends", JSON, nullable=True))
    op.add_column("digest", sa.Column("token", sa.Text(), nullable=True))
    # An index, no constraint: SQLite adds one by copying the table, which would empty those that refer to it.
    op.create_index(op.f("ix_digest_token"), "digest", ["token"], unique=True)
    op.add_column("covered", sa.Column("shown", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "tag_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "facet", "slug", name=op.f("pk_tag_day")),
    )


def downgrade() -> None:
    op.drop_table("tag_day")
    op.drop_column("covered", "shown")
    op.drop_index(op.f("ix_digest_token"), "digest")
    for name in ("token", "trends"):
        op.drop_column("digest", name)
    for name in ("show", "story_order", "last_change_id", "last_post_id"):
        op.drop_column("subscription", name)
