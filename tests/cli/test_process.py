"""The command as a process of its own: signals, pipes, terminals, logs, and what its start costs."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Monitor

COMMAND = [sys.executable, "-m", "monitor"]
ENVIRONMENT = {
    k: v for k, v in os.environ.items() if not k.startswith("MONITOR_") and k not in {"COLUMNS", "NO_COLOR"}
} | {"PYTHONPATH": str(Path(__file__).parents[2])}


LOOPS = ("poll", "compile", "alert", "deliver", "index", "tend", "retag")


def finished(directory: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=directory,
        env=ENVIRONMENT | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def until(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for it, as long as the process lives; the test's own time limit ends a wait in vain."""
    while not reached():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_run_from_nothing_to_an_orderly_end(monitor: Monitor, signum: signal.Signals) -> None:
    log = monitor.directory / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, "run"], cwd=monitor.directory, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        until(lambda: log.read_text().count("outcome=") >= 3, process)
        until(lambda: len(monitor("status", "--json").json.get("loops", ())) == len(LOOPS), process)
        healthy = monitor("status", "--quiet")
        process.send_signal(signum)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert (healthy.code, healthy.err) == (0, "")
    assert "polls 3 sources, looks for 1 watch and serves 1 subscription" in out
    assert "data/monitor.db (new)" in out
    assert "data/mailbox" in out
    assert "monitor digest preview morning" in out
    said = log.read_text()
    assert "Traceback" not in said
    assert re.search(r"\[warning *\] polled .*404.* source=missing", said)
    assert "alembic" not in said
    assert "apscheduler" not in said
    assert "not running" in monitor("status", "--quiet").err  # it signed off
    assert len(monitor("posts", "list", "--json").json) == 6


def test_run_logs_json_where_collectors_read(monitor: Monitor) -> None:
    log = monitor.directory / "log"
    environment = ENVIRONMENT | {"MONITOR_LOG__FORMAT": "json"}
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, "run"], cwd=monitor.directory, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        until(lambda: '"started"' in log.read_text(), process)
        process.terminate()
        out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert events[0]["event"] == "starting"
    assert events[0]["sources"] == 3
    assert "taxonomy-changed" not in {event["event"] for event in events}  # the database is new
    assert events[-1]["event"] == "stopped"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", event["timestamp"]) for event in events)


def test_a_service_that_was_killed_is_seen_to_be_dead(monitor: Monitor) -> None:
    log = monitor.directory / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, "run"],
            cwd=monitor.directory,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        until(lambda: bool(monitor("status", "--json").json.get("loops")), process)
        process.kill()
    ended = monitor("status", "--quiet")
    assert ended.code == 1
    assert f":{process.pid}); start it with: monitor run" in ended.err


def test_run_refuses_bad_files_with_every_problem(monitor: Monitor) -> None:
    file = monitor.file("sources.yaml")
    file.write_text(file.read_text().replace("kind: feed", "kind: fed"))
    ended = finished(monitor.directory, "run")
    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr.count("did you mean 'feed'?") == 3
    assert not (monitor.directory / "data").exists()


def test_a_service_to_which_nobody_listens_works_and_stops(monitor: Monitor) -> None:
    reading, writing = os.pipe()
    with (
        os.fdopen(writing, "w") as deaf,
        subprocess.Popen(
            [*COMMAND, "run"], cwd=monitor.directory, env=ENVIRONMENT, stdout=deaf, stderr=deaf
        ) as process,
    ):
        os.read(reading, 10)
        os.close(reading)
        deadline = time.monotonic() + 60
        while monitor("status", "--quiet").code != 0 or len(monitor("posts", "list", "--json").json) < 6:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_closed_pipe_is_silent(polled: Monitor) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            [*COMMAND, "config", "schema"],
            cwd=polled.directory,
            env=ENVIRONMENT,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_table_into_a_closed_pipe_is_silent(polled: Monitor) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            [*COMMAND, "posts", "list"],
            cwd=polled.directory,
            env=ENVIRONMENT,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals(polled: Monitor, environ: dict[str, str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "sources", "list"],
        cwd=polled.directory,
        env=ENVIRONMENT | {"TERM": "xterm-256color"} | environ,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 65_536):
                written += part
        except OSError:  # how Linux says that the other side closed
            pass
    os.close(ours)
    assert process.returncode == 0
    assert b"mfa" in written
    assert (b"\x1b[31m" in written) is coloured


def test_where_nobody_looks_there_is_no_colour_and_nothing_is_cut(polled: Monitor) -> None:
    ended = finished(polled.directory, "sources", "list", TERM="xterm-256color")
    assert "\x1b" not in ended.stdout
    assert "…" not in ended.stdout


def test_help_and_status_load_nothing_heavy(polled: Monitor) -> None:
    heavy = ("feedparser", "jinja2", "httpx2", "apscheduler", "css_inline", "monitor.app", "monitor.sources", "numpy")
    for command, more in ((["--help"], ("sqlalchemy", "pydantic", "alembic")), (["status", "--quiet"], ())):
        code = (
            "import sys\nfrom monitor.cli import main\n"
            f"sys.argv = ['monitor', *{command!r}]\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            f"print('loaded:', [name for name in {heavy + more!r} if name in sys.modules], file=sys.stderr)"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=polled.directory,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stderr.splitlines()[-1] == "loaded: []"


def test_completion_knows_commands_and_slugs(polled: Monitor) -> None:
    def completed(words: str) -> list[str]:
        number = len(words.split(" ")) - 1
        environ = {"_MONITOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        return finished(polled.directory, **environ).stdout.split()

    assert {"sources", "status", "subscriptions"} <= set(completed("monitor s"))
    assert completed("monitor sources sh") == ["show"]
    assert set(completed("monitor sources show m")) == {"mfa", "missing"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sourcez"], "Did you mean 'sources'?"),
        (["sources", "lst"], "Did you mean 'list'?"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_usage_errors(monitor: Monitor, arguments: list[str], message: str) -> None:
    ended = monitor(*arguments)
    assert ended.code == 2
    assert message in ended.err


def test_version(monitor: Monitor) -> None:
    from monitor import __version__

    assert monitor("--version").out == f"monitor {__version__}\n"
