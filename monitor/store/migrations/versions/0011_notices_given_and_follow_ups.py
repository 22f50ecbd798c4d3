"""Notices as part of subscriptions, templates of a subscription's own, messages that follow up on others."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("subscription", sa.Column("notices", sa.Text(), nullable=False, server_default="none"))
    op.add_column("subscription", sa.Column("templates_dir", sa.Text(), nullable=True))
    op.add_column("message", sa.Column("answers", sa.Text(), nullable=True))
    op.add_column("notice", sa.Column("what", sa.Text(), nullable=False, server_default=""))
    op.add_column("notice", sa.Column("details", JSON, nullable=False, server_default="{}"))
    op.create_table(
        "notice_given",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_notice_given_subscription_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_given_notice_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digest.id"], name=op.f("fk_notice_given_digest_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscription_id", "notice_id", name=op.f("pk_notice_given")),
    )
    op.create_index(op.f("ix_notice_given_notice_id"), "notice_given", ["notice_id"])


def downgrade() -> None:
    op.drop_table("notice_given")
    for table, names in {
        "notice": ("what", "details"),
        "message": ("answers",),
        "subscription": ("notices", "templates_dir"),
    }.items():
        for name in names:
            op.drop_column(table, name)
