"""The state of each source, its changes, and what a source left out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)

# What the state will be judged to be at the next poll, as far as the old columns tell.
STATES = """
    UPDATE source_state SET health = CASE
        WHEN last_outcome = 'gone' THEN 'gone'
        WHEN last_poll_at IS NULL THEN 'new'
        WHEN failures > 0 OR last_success_at IS NULL THEN 'failing'
        ELSE 'fine' END
"""


def upgrade() -> None:
    op.create_table(
        "health_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_health_change_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_change")),
    )
    with op.batch_alter_table("health_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_health_change_source_id_at"), ["source_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_health_change_at"), ["at"], unique=False)
    # The defaults fill the rows that are there, and go again.
    new = (("health", sa.Text(), "'new'"), ("answers", sa.LargeBinary(), "''"), ("numbers", JSON, "'{}'"))
    with op.batch_alter_table("source_state", schema=None) as batch_op:
        for name, type_, default in new:
            batch_op.add_column(sa.Column(name, type_, nullable=False, server_default=sa.text(default)))
    op.execute(STATES)
    with op.batch_alter_table("source_state", schema=None) as batch_op:
        for name, type_, _ in new:
            batch_op.alter_column(name, existing_type=type_, existing_nullable=False, server_default=None)
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answer_ms", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.drop_column("answer_ms")
    with op.batch_alter_table("source_state", schema=None) as batch_op:
        for name in ("numbers", "answers", "health"):
            batch_op.drop_column(name)
    with op.batch_alter_table("health_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_health_change_at"))
        batch_op.drop_index(batch_op.f("ix_health_change_source_id_at"))
    op.drop_table("health_change")
