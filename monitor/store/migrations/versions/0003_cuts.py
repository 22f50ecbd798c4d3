"""What is remembered of how a feed was cut into entries, so that known ones are not parsed again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("source_state") as table:
        table.add_column(sa.Column("cuts", sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table("source_state") as table:
        table.alter_column("cuts", existing_type=sa.LargeBinary(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("source_state") as table:
        table.drop_column("cuts")
