"""Evidence as lists without names: a third of the bytes."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NAMES = ("field", "offset", "words", "rule")
BATCH = 500  # posts

TABLES = (
    sa.table("tag", *map(sa.column, ("post_id", "facet", "slug")), sa.column("evidence", JSON)),
    sa.table("match", *map(sa.column, ("post_id", "watch_id")), sa.column("evidence", JSON)),
)


def upgrade() -> None:
    _rewrite(lambda e: [e[name] for name in NAMES] if isinstance(e, dict) else e)


def downgrade() -> None:
    _rewrite(lambda e: dict(zip(NAMES, e, strict=True)) if isinstance(e, list) else e)


def _rewrite(form: Callable[[Any], Any]) -> None:
    connection = op.get_bind()
    for table in TABLES:
        *key, evidence = table.c
        change = (
            sa.update(table)
            .where(*(column == sa.bindparam(f"of_{column.name}") for column in key))
            .values(evidence=sa.bindparam("to", type_=JSON))
        )
        last = connection.execute(sa.select(sa.func.max(table.c.post_id))).scalar() or 0
        for first in range(0, last + 1, BATCH):
            some = table.c.post_id.between(first, first + BATCH - 1)
            changed = [
                {f"of_{column.name}": value for column, value in zip(key, row, strict=False)}
                | {"to": [form(e) for e in row.evidence]}
                for row in connection.execute(sa.select(*key, evidence).where(some)).fetchall()
            ]
            if changed:
                connection.execute(change, changed)
