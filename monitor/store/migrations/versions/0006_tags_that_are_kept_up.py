"""By which taxonomy posts were tagged, what persons said of tags, and tags that a source gives to its posts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("source", sa.Column("default_tags", JSON, nullable=False, server_default="[]"))
    # Posts stored before are tagged anew: nobody knows by what they were tagged.
    op.add_column("post", sa.Column("taxonomy", sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_post_taxonomy"), "post", ["taxonomy"])
    op.create_table(
        "verdict",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_verdict_post_id_post"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "facet", "slug", name=op.f("pk_verdict")),
    )
    op.create_table(
        "taxonomy",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("retagged", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("gained", JSON, nullable=False),
        sa.Column("lost", JSON, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_taxonomy")),
    )


def downgrade() -> None:
    op.drop_table("taxonomy")
    op.drop_table("verdict")
    op.drop_index(op.f("ix_post_taxonomy"), table_name="post")
    op.drop_column("post", "taxonomy")
    op.drop_column("source", "default_tags")
