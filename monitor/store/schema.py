"""The shape of the database: which it has, which this program needs, and the way from one to the other."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from monitor.core.errors import ConfigError
from monitor.store.database import Database, Transaction, explained
from monitor.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"

UPGRADE_LOCK = 7_226_001  # any number, the same in every process: PostgreSQL's advisory lock for upgrades


def needed() -> str:
    """The revision that this program works with."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if head is None:
        raise ConfigError("this installation has no migrations; install it again")
    return head


def current(database: Database) -> str | None:
    """The revision that the database has, None where it is empty."""
    if database.file is not None and not database.file.exists():
        return None
    with database.reading() as tx:
        return MigrationContext.configure(tx).get_current_revision()


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
        before = MigrationContext.configure(tx).get_current_revision()
        _refuse_unknown(before)
        if before is None:
            _refuse_foreign(tx, database.url)
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
    with database.reading() as tx:
        found = compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata)
    return [str(difference) for difference in found]


def trouble(database: Database) -> str:
    """What is wrong with the database, as far as it is quickly found; "" when nothing is."""
    try:
        return "; ".join(database.problems(quick=True) or differences(database))
    except SQLAlchemyError as error:
        return explained(error)


def _refuse_unknown(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if revision is not None and revision not in known:
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
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
