"""Alerts: which one told of a story first, so that others follow up on it, and who wants no more of them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("alerted", sa.Column("alert", sa.Text(), nullable=True))
    op.create_table(
        "alert_ticket",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name=op.f("fk_alert_ticket_watch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_alert_ticket")),
        sa.UniqueConstraint("watch_id", "recipient", name=op.f("uq_alert_ticket_watch_id_recipient")),
    )
    op.create_table(
        "alerts_left",
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name=op.f("fk_alerts_left_watch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("watch_id", "recipient", name=op.f("pk_alerts_left")),
    )


def downgrade() -> None:
    op.drop_table("alerts_left")
    op.drop_table("alert_ticket")
    op.drop_column("alerted", "alert")
