"""What each digest and each round of delivery asks for is found by an index, however much is stored."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WITHDRAWN, CLAIMED = sa.text("withdrawn_at IS NOT NULL"), sa.text("claim IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_post_withdrawn_at", "post", ["withdrawn_at"], sqlite_where=WITHDRAWN, postgresql_where=WITHDRAWN
    )
    op.create_index("ix_revision_replaced_at", "revision", ["replaced_at"])
    op.create_index("ix_message_claim", "message", ["claim"], sqlite_where=CLAIMED, postgresql_where=CLAIMED)
    op.create_index("ix_message_digest_id", "message", ["digest_id"])
    op.create_index("ix_message_content_id", "message", ["content_id"])


def downgrade() -> None:
    for table, name in (
        ("message", "ix_message_content_id"),
        ("message", "ix_message_digest_id"),
        ("message", "ix_message_claim"),
        ("revision", "ix_revision_replaced_at"),
        ("post", "ix_post_withdrawn_at"),
    ):
        op.drop_index(name, table_name=table)
