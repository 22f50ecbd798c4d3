from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from monitor.core.errors import ConfigError
from monitor.store import schema
from monitor.store.database import Database


def test_upgrades_an_empty_database_to_exactly_the_tables(database_url: str) -> None:
    database = Database(database_url)
    assert schema.current(database) is None
    assert schema.upgrade(database) == (None, schema.needed())
    assert schema.differences(database) == []
    assert database.problems() == []
    database.close()


def test_the_chain_of_revisions_is_what_alembic_makes_of_the_files() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert schema.revisions() == tuple(script.revision for script in scripts.walk_revisions())[::-1]
    assert schema.needed() == scripts.get_current_head()


def test_upgrading_again_changes_nothing(database: Database) -> None:
    assert schema.upgrade(database) == (schema.needed(), schema.needed())
    schema.require_current(database)


def test_an_empty_database_is_refused_with_the_command_that_helps(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(ConfigError, match="monitor db upgrade"):
        schema.require_current(database)
    database.close()


def test_a_database_of_a_newer_program_is_left_alone(database: Database) -> None:
    with database.writing() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = 'from-tomorrow'"))
    with pytest.raises(ConfigError, match="newer version"):
        schema.upgrade(database)
    with pytest.raises(ConfigError, match="newer version"):
        schema.require_current(database)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://localhost/x", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_address_that_cannot_work_is_refused(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Database(url)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in Database("postgresql://user:secret@localhost/x").url


def test_backup_is_a_whole_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    schema.upgrade(database)
    with database.writing() as tx:
        tx.execute(text("INSERT INTO story (id, created_at) VALUES (7, '2026-01-01 00:00:00')"))
    database.backup(tmp_path / "backups" / "b.db")
    copy = Database(f"sqlite:///{tmp_path / 'backups' / 'b.db'}")
    with copy.reading() as tx:
        assert tx.execute(text("SELECT id FROM story")).scalars().all() == [7]
    assert schema.differences(copy) == []
    with pytest.raises(ConfigError, match="exists already"):
        database.backup(tmp_path / "backups" / "b.db")
    copy.close()
    database.close()
