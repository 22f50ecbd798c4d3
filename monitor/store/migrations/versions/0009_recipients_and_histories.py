"""What became of messages and of those who receive them: every state, standing of recipients, notices to operators."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "message_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_state_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_state")),
    )
    op.create_index(op.f("ix_message_state_message_id"), "message_state", ["message_id"])
    op.create_table(
        "recipient",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("bounces", sa.Integer(), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("last_delivered_at", TIME, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_recipient")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index(op.f("ix_notice_at"), "notice", ["at"])
    op.add_column("message", sa.Column("in_order", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        op.f("ix_message_channel_recipient_finished_at"), "message", ["channel", "recipient", "finished_at"]
    )
    op.create_table(
        "ticket",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_ticket_subscription_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_ticket")),
        sa.UniqueConstraint(
            "purpose", "subscription_id", "recipient", name=op.f("uq_ticket_purpose_subscription_id_recipient")
        ),
    )
    op.create_table(
        "unsubscribed",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_unsubscribed_subscription_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscription_id", "recipient", name=op.f("pk_unsubscribed")),
    )
    op.add_column("message", sa.Column("ticket", sa.Text(), nullable=True))
    op.add_column("message", sa.Column("progress", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("content", sa.Column("calendar", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_index(op.f("ix_message_channel_recipient_finished_at"), "message")
    for name in ("in_order", "ticket", "progress"):
        op.drop_column("message", name)
    op.drop_column("content", "calendar")
    for name in ("unsubscribed", "ticket", "notice", "recipient", "message_state"):
        op.drop_table(name)
