from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Monitor


def test_check_of_sound_files(monitor: Monitor) -> None:
    ended = monitor("config", "check")
    assert ended.code == 0
    assert "fine: 3 sources, 1 watch, 1 subscription; settings from config/monitor.toml" in ended.out
    assert not Path("data").exists()  # nothing was made


def test_check_lists_every_problem_of_every_file(monitor: Monitor) -> None:
    monitor.file("monitor.toml").write_text('[poling]\ninterval = "5m"\n')
    sources, subscriptions = monitor.file("sources.yaml"), monitor.file("subscriptions.yaml")
    sources.write_text(sources.read_text().replace("kind: feed", "kind: fed", 1))
    subscriptions.write_text(subscriptions.read_text().replace("Europe/Vienna", "Europe/Viena"))
    ended = monitor("config", "check")
    assert (ended.code, ended.out) == (3, "")
    assert "config/monitor.toml:1: unknown key 'poling'; expected " in ended.err
    assert "did you mean 'polling'?" in ended.err
    assert "config/sources.yaml:2: sources[0].kind: " in ended.err
    assert "did you mean 'Europe/Vienna'?" in ended.err
    assert "3 problems" in ended.err
    found = monitor("config", "check", "--json")
    assert (found.code, len(found.json["problems"])) == (3, 3)
    assert found.json["problems"][1]["file"].endswith("sources.yaml")


def test_check_knows_the_channels_of_hourly_limits(monitor: Monitor) -> None:
    monitor.file("monitor.toml").write_text('[delivery]\nhourly_limits = ["pigeon:3"]\n')
    ended = monitor("config", "check")
    assert ended.code == 3
    assert "delivery.hourly_limits: 'pigeon' is no channel that has a limit" in ended.err


def test_check_fills_the_templates(monitor: Monitor) -> None:
    templates = monitor.directory / "templates" / "email"
    templates.mkdir(parents=True)
    (templates / "digest.txt.j2").write_text("one\n{{ edition.nonsense }}\n")
    monitor.file("monitor.toml").write_text('[digests]\ntemplates_dir = "templates"\n')
    ended = monitor("config", "check")
    assert ended.code == 3
    assert "digest.txt.j2:2: this template cannot be filled" in ended.err


@pytest.mark.parametrize(
    "name", ["email/alert.html.j2", "email/alert-subject.txt.j2", "chat/alert.md.j2", "chat/alert-slack.json.j2"]
)
def test_check_fills_the_templates_of_alerts(monitor: Monitor, name: str) -> None:
    file = monitor.directory / "templates" / name
    file.parent.mkdir(parents=True)
    # Wrong only in an alert of a silence: each kind is tried.
    file.write_text('{% if edition.kind == "silence" %}\n{{ edition.nonsense }}\n{% endif %}\n')
    monitor.file("monitor.toml").write_text('[digests]\ntemplates_dir = "templates"\n')
    ended = monitor("config", "check")
    assert ended.code == 3
    assert f"{file.name}:2: this template cannot be filled" in ended.err
    file.write_text("")
    assert monitor("config", "check").code == 0


def test_cautions_are_no_problems(monitor: Monitor) -> None:
    file = monitor.file("subscriptions.yaml")
    file.write_text(
        file.read_text().replace("channel: mailbox, to: [desk@localhost]", "channel: email, to: [a@b.example]")
    )
    ended = monitor("config", "check")
    assert ended.code == 0
    assert "caution: morning: nothing can go out by email" in ended.err


@pytest.mark.parametrize(
    "command", [["sources", "list"], ["poll"], ["digest", "preview", "morning"], ["run"], ["db", "upgrade"]]
)
def test_settings_that_cannot_be_used_stop_every_command(monitor: Monitor, command: list[str]) -> None:
    ended = monitor(*command, MONITOR_POLLING__WORKERS="many", MONITOR_SMPT__HOST="x")
    assert (ended.code, ended.out) == (3, "")
    assert "MONITOR_POLLING__WORKERS" in ended.err
    assert "did you mean 'MONITOR_SMTP__HOST'?" in ended.err
    assert "2 problems; nothing was done" in ended.err


def test_the_settings_file_can_be_named(monitor: Monitor) -> None:
    ended = monitor("--config-file", "elsewhere.toml", "sources", "list")
    assert ended.code == 3
    assert "elsewhere.toml: there is no such file" in ended.err
    Path("elsewhere.toml").write_text('[paths]\ndata = "elsewhere"\n')
    assert monitor("--config-file", "elsewhere.toml", "db", "upgrade").code == 0
    assert Path("elsewhere/monitor.db").exists()
    assert monitor("db", "check", MONITOR_CONFIG_FILE="elsewhere.toml").code == 0


def test_the_settings_file_lies_with_the_other_files(monitor: Monitor) -> None:
    Path("config").rename("etc")
    Path("etc/monitor.toml").write_text('[paths]\ndata = "var"\n')
    assert monitor("db", "upgrade", MONITOR_PATHS__CONFIG="etc").code == 0
    assert Path("var/monitor.db").exists()


def test_apply_says_what_changed(monitor: Monitor) -> None:
    assert monitor("db", "upgrade").code == 0
    first = monitor("config", "apply")
    assert "sources: 3 added (mfa, agency, missing)" in first.out
    assert monitor("config", "apply").out == "sources: unchanged\nwatches: unchanged\nsubscriptions: unchanged\n"
    file = monitor.file("sources.yaml")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-1]).replace("The Agency", "Agency") + "\n")
    assert monitor("config", "apply", "--json").json["sources"] == {
        "added": [],
        "changed": ["agency"],
        "removed": ["missing"],
    }


def test_schema(monitor: Monitor) -> None:
    assert "properties" in monitor("config", "schema", "monitor").json
    assert monitor("config", "schema", "source").code == 4
    assert monitor("config", "schema", "--write", "schemas").code == 0
    assert sorted(file.name for file in Path("schemas").iterdir())[0] == "additions.schema.json"
    assert json.loads(Path("schemas/watches.schema.json").read_text()) == monitor("config", "schema", "watches").json


def test_without_a_database_the_way_to_one_is_shown(monitor: Monitor) -> None:
    for command in (["sources", "list"], ["posts", "list"], ["poll"], ["config", "apply"], ["db", "backup", "x.db"]):
        ended = monitor(*command)
        assert ended.code == 3
        assert "run: monitor db upgrade" in ended.err
    assert not Path("data").exists()


def test_upgrade(monitor: Monitor) -> None:
    created = monitor("db", "upgrade", "--json").json
    assert created["before"] is None
    assert "up to date" in monitor("db", "upgrade").out
    assert monitor("db", "check").code == 0


def test_an_empty_database_says_what_to_do_next(monitor: Monitor) -> None:
    assert monitor("db", "upgrade").code == 0
    assert "monitor sources add" in monitor("sources", "list").out
    assert "monitor poll" in monitor("posts", "list").out
    assert "monitor watches test" in monitor("watches", "list").out
    assert "monitor config apply" in monitor("subscriptions", "list").out
    assert "digests make them" in monitor("deliveries", "list").out
    assert monitor("sources", "check").code == 0
    assert monitor("poll").code == 0
    assert monitor("watches", "test", "grain").code == 0


def test_check_finds_what_differs(polled: Monitor) -> None:
    with sqlite3.connect("data/monitor.db") as connection:
        connection.execute("DROP TABLE heartbeat")
    ended = polled("db", "check", "--json")
    assert ended.code == 1
    assert any("heartbeat" in problem for problem in ended.json["problems"])


def test_a_file_that_is_no_database(monitor: Monitor) -> None:
    Path("data").mkdir()
    Path("data/monitor.db").write_bytes(b"no database at all, but more than a hundred bytes of something else. " * 100)
    for command, code in ((["sources", "list"], 3), (["db", "upgrade"], 3), (["db", "check"], 1), (["status"], 1)):
        ended = monitor(*command)
        assert ended.code == code, ended
        assert "cannot be used: file is not a database" in ended.err
        assert "restore a backup (see docs/operations.md)" in ended.err


def test_a_damaged_database(polled: Monitor) -> None:
    file = Path("data/monitor.db")
    with sqlite3.connect(file) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'post'").fetchone()
        connection.execute("PRAGMA journal_mode=DELETE")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    file.write_bytes(content)
    assert polled("db", "check").code == 1
    ended = polled("posts", "list")
    assert ended.code == 3
    assert "disk image is malformed; stop the service" in ended.err


def test_a_database_of_another_program(monitor: Monitor) -> None:
    Path("data").mkdir()
    with sqlite3.connect("data/monitor.db") as connection:
        connection.execute("CREATE TABLE post (number INTEGER)")
    ended = monitor("db", "upgrade")
    assert ended.code == 3
    assert "holds tables of another program (post)" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_table_that_is_missing(polled: Monitor) -> None:
    with sqlite3.connect("data/monitor.db") as connection:
        connection.execute("DROP TABLE revision")
    ended = polled("posts", "show", "1")
    assert ended.code == 3
    assert "no such table: revision" in ended.err
    assert "monitor db check" in ended.err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["config", "schema", "--write", "occupied"], "a directory is needed there"),
        (["config", "schema", "--write", "occupied/below"], "is a file, not a directory"),
        (["digest", "preview", "morning", "--output", "config"], "it is a directory, and a file is needed"),
        (["digest", "preview", "morning", "--output", "occupied/x"], "cannot be used"),
        (["db", "backup", "occupied/x"], "cannot be used"),
    ],
)
def test_places_that_cannot_be_written_to(polled: Monitor, command: list[str], message: str) -> None:
    Path("occupied").write_text("a file")
    ended = polled(*command)
    assert (ended.code, ended.out) == (3, "")
    assert message in ended.err
    assert "this is a bug" not in ended.err


def test_a_data_directory_that_is_a_file(monitor: Monitor) -> None:
    Path("occupied").write_text("a file")
    for command in ("run", "db upgrade"):
        ended = monitor(*command.split(), MONITOR_PATHS__DATA="occupied")
        assert ended.code == 3
        assert "occupied cannot be used: a directory is needed there" in ended.err


@pytest.mark.parametrize("command", ["status", "sources list", "db check", "db upgrade"])
def test_an_address_of_a_database_that_cannot_be_read(monitor: Monitor, command: str) -> None:
    ended = monitor(*command.split(), MONITOR_DATABASE__URL="postgresql+psycopg://u:p@h:x/x")
    assert ended.code in {1, 3}
    assert "address" in ended.err
    assert "this is a bug" not in ended.err


def test_a_database_of_a_newer_program(polled: Monitor) -> None:
    with sqlite3.connect("data/monitor.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = polled("sources", "list")
    assert ended.code == 3
    assert "made by a newer version" in ended.err


def test_backup_never_overwrites(polled: Monitor) -> None:
    assert polled("db", "backup", "copies/one.db").code == 0
    assert polled("db", "backup", "copies/one.db").code == 5
    ended = polled("posts", "list", "--json", MONITOR_DATABASE__URL="sqlite:///copies/one.db")
    assert len(ended.json) == 6


def test_an_unexpected_error_is_one_line_unless_asked_for_more(polled: Monitor) -> None:
    with sqlite3.connect("data/monitor.db") as connection:
        connection.execute("UPDATE source SET authority = 'nobody'")  # which no version of the program writes
    ended = polled("posts", "show", "1")
    assert ended.code == 70
    assert "Traceback" not in ended.err
    assert "--log-level debug" in ended.err
    assert "Traceback" in polled("--log-level", "debug", "posts", "show", "1").err
