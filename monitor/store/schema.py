"""The shape of the database: which it has, which this program needs, and the way from one to the other."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, text
from sqlalchemy import table as named
from sqlalchemy.exc import SQLAlchemyError

from monitor.core.errors import ConfigError
from monitor.store.database import Database, Transaction, explained
from monitor.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic takes 0.1 s to load. Every command asks which shape the database has; only those that change it need Alembic.

_REVISION = re.compile(r"^(revision|down_revision)\b[^=\n]*= *(\S+)", re.MULTILINE)

MIGRATIONS = Path(__file__).parent / "migrations"

UPGRADE_LOCK = 7_226_001  # any number, the same in every process: PostgreSQL's advisory lock for upgrades


@cache
def revisions() -> tuple[str, ...]:
    """Every revision in order, the newest last, as the files of migrations say: each names the one before it."""
    after: dict[str | None, str] = {}
    for file in (MIGRATIONS / "versions").glob("[0-9]*.py"):
        named = dict(_REVISION.findall(file.read_text(encoding="utf-8")))
        after[_unquoted(named["down_revision"])] = str(_unquoted(named["revision"]))
    chain: list[str] = []
    newest = after.get(None)
    while newest is not None:
        chain.append(newest)
        newest = after.get(newest)
    return tuple(chain)


def _unquoted(text: str) -> str | None:
    return None if text == "None" else text.strip("\"'")


def needed() -> str:
    """The revision that this program works with."""
    if not revisions():
        raise ConfigError("this installation has no migrations; install it again")
    return revisions()[-1]


def current(database: Database) -> str | None:
    """The revision that the database has, None where it is empty."""
    if database.file is not None and not database.file.exists():
        return None
    with database.reading() as tx:
        return _revision(tx)


def _revision(tx: Transaction) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.execute(select(column("version_num")).select_from(named("alembic_version"))).scalar()
    return found


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the database to the shape this program needs, from any earlier one. Gives the revisions before and after.

    Several processes may start at once: one upgrades, the others wait and find nothing to do. A database made by a
    newer program is refused rather than damaged.
    """
    if database.file is not None:
        database.file.parent.mkdir(parents=True, exist_ok=True)
    with database.writing() as tx:
        if not database.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        before = _revision(tx)
        _refuse_unknown(before)
        if before is None:
            _refuse_foreign(tx, database.url)
        if before != needed():
            from alembic import command  # noqa: PLC0415 - see above

            command.upgrade(_config(tx), "head")
    return before, needed()


def require_current(database: Database) -> None:
    """ConfigError unless the database has the shape this program needs."""
    revision = current(database)
    _refuse_unknown(revision)
    if revision != needed():
        state = "does not exist yet" if revision is None else f"has the shape of revision {revision}"
        raise ConfigError(f"the database {state}, this program needs {needed()}; run: monitor db upgrade")


def differences(database: Database) -> list[str]:
    """Where the tables differ from what this program expects; empty after every migration."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - see above
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see above

    with database.reading() as tx:
        options = {"compare_type": True, "include_name": _is_ours}
        found = compare_metadata(MigrationContext.configure(tx, opts=options), metadata)
    return [str(difference) for difference in found]


def trouble(database: Database) -> str:
    """What is wrong with the database, as far as it is quickly found; "" when nothing is."""
    try:
        return "; ".join(database.problems(quick=True) or differences(database))
    except SQLAlchemyError as error:
        return explained(error)


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The search index is made by hand, each database having its own; SQLite keeps it in several tables."""
    return not (kind == "table" and name is not None and name.startswith("post_words"))


def _refuse_unknown(revision: str | None) -> None:
    if revision is not None and revision not in revisions():
        raise ConfigError(
            f"the database was made by a newer version of this program (its revision is {revision}); "
            "install that version, or restore a backup made before"
        )


def _refuse_foreign(tx: Transaction, url: str) -> None:
    """Tables of our names in a database that this program did not make are not ours to change."""
    taken = sorted(set(inspect(tx).get_table_names()) & set(metadata.tables))
    if taken:
        raise ConfigError(
            f"the database {url} holds tables of another program ({', '.join(taken)}) and is left as it is; "
            "name another database in the setting database.url, or move this one away"
        )


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
