"""The real service, killed with SIGKILL again and again: every story arrives, and none twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from monitor.store import schema
from monitor.store.database import Database
from tests.end_to_end.installation import Installation, installed
from tests.end_to_end.world import World, running

ROUNDS = 5


def started(place: Installation) -> subprocess.Popen[bytes]:
    log = (place.directory / "service.log").open("ab")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MONITOR_")} | place.environment
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "run"], cwd=place.directory, env=environment, stdout=log, stderr=log
    )


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the service alone; its workers must notice by themselves."""
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=15)
    assert alive == [], "worker processes outlive a killed service"


def eventually(true: Callable[[], bool], *, seconds: float = 40) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(2)
    return False


def make_due(database: Database) -> None:
    """Polls and digests are due when a column says so."""
    now = datetime.now(UTC)
    with database.writing() as tx:
        past = now - timedelta(seconds=1)
        for statement in (
            "UPDATE source_state SET next_poll_at = :now, claimed_until = NULL",
            "UPDATE subscription SET next_due_at = :now",
        ):
            tx.execute(text(statement), {"now": past.replace(tzinfo=None) if database.is_sqlite else past})


@pytest.mark.timeout(240)
def test_killed_at_random_moments(database_url: str, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    with running() as world:
        place = installed(tmp_path / "service", world, database_url, feeds=("one", "two", "three"))
        database = Database(database_url)
        schema.upgrade(database)
        posted: list[str] = []
        for round_ in range(ROUNDS):
            for name in ("one", "two", "three"):
                title = f"Statement number {round_} of {name}"
                world.feeds[name].post(f"{name}-{round_}", title, f"Text {round_} of {name}.")
                posted.append(title)
            make_due(database)
            process = started(place)
            time.sleep(chance.uniform(1.0, 5.0))
            kill_tree(process)
        process = started(place)

        def arrived() -> bool:
            make_due(database)  # a digest may have been compiled just before the last posts were stored
            return _all_arrived(world, posted)

        try:
            assert eventually(arrived), (place.directory / "service.log").read_text()[-4000:]
            make_due(database)  # one more edition: it must bring nothing again
            time.sleep(4)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
        database.close()

    for received in (Counter(world.titles_in_emails()), Counter(world.titles_in_hooks())):
        assert received == Counter(posted)
    bodies = {(identity, body) for identity, body in world.hooks}
    assert len(bodies) == len({identity for identity, _ in world.hooks}), "one webhook id carried two bodies"
    assert world.refused == []
    repeats = len(world.emails) - len({mail["Message-ID"] for mail in world.emails})
    print(f"\n{len(posted)} statements, {ROUNDS} kills, {len(world.emails)} e-mails ({repeats} repeats, same id)")


def _all_arrived(world: World, posted: list[str]) -> bool:
    return set(world.titles_in_emails()) >= set(posted) and set(world.titles_in_hooks()) >= set(posted)
