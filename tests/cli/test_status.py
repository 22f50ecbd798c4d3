from __future__ import annotations

import os
import socket
from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.app import utc_now
from monitor.cli.health import Seen, judge, process_ended
from monitor.core.model import Health, Memory, MessageState, SourceStatus, Subscription
from monitor.store.database import Database
from monitor.store.health import Heartbeat
from monitor.store.health import beat as beat_in
from tests import make
from tests.cli.conftest import Monitor
from tests.make import NOW, hours, minutes


def beat(loop: str, *, ago: timedelta = timedelta(seconds=3), every: float = 5, process: str = "host:1") -> Heartbeat:
    return Heartbeat(loop=loop, at=NOW - ago, every=timedelta(seconds=every), process=process, detail="")


def followed(
    slug: str,
    *,
    failures: int = 0,
    read: bool = True,
    due: timedelta = timedelta(),
    paused: bool = False,
    health: Health = Health.FINE,
    gap: timedelta | None = None,
) -> SourceStatus:
    state = Health.FAILING if failures or not read else health
    source = make.source(slug, memory=Memory(failures=failures, health=state), paused=paused)
    return SourceStatus(
        source=source,
        next_poll_at=NOW + due,
        last_poll_at=NOW - minutes(5),
        last_success_at=NOW - minutes(5) if read else None,
        last_new_at=None,
        last_gap_at=None if gap is None else NOW - gap,
        last_outcome="failed" if failures else "known",
        last_error="no answer" if failures else None,
        posts=0,
    )


def receiver(slug: str = "desk", *, due: timedelta = timedelta(hours=1), paused: bool = False) -> Subscription:
    return make.subscription(slug, next_due_at=NOW + due, paused=paused)


ALIVE = [beat("poll"), beat("compile", every=20), beat("alert"), beat("deliver"), beat("tend", every=3600)]
FINE = {"heartbeats": ALIVE, "sources": [followed("a"), followed("b")], "subscriptions": [receiver()]}


@pytest.mark.parametrize(
    ("seen", "problems", "warnings"),
    [
        ({}, [], []),
        ({"heartbeats": []}, ["is not running"], []),
        ({"heartbeats": [beat("poll", ago=minutes(4)), *ALIVE[1:]]}, [], []),  # busy, not stuck
        ({"heartbeats": [beat("poll", ago=minutes(6)), *ALIVE[1:]]}, ["the poll loop is stuck"], []),
        ({"heartbeats": [*ALIVE[:4], beat("tend", ago=hours(4), every=3600)]}, [], []),
        ({"heartbeats": [*ALIVE[:4], beat("tend", ago=hours(6), every=3600)]}, ["the tend loop is stuck"], []),
        ({"heartbeats": ALIVE[:3]}, [], ["the deliver loop has not finished"]),
        ({"heartbeats": [beat("poll", process="host:dead")]}, ["ended without stopping"], []),
        # of two services on one database the one that died is the other's business, while that one does its work
        (
            {"heartbeats": [*ALIVE[:4], beat("tend", ago=minutes(3), process="host:dead")]},
            [],
            ["another does its work"],
        ),
        (
            {"heartbeats": [beat("poll", process="host:dead"), *ALIVE[1:]]},
            ["ended without stopping"],
            [],
        ),
        ({"heartbeats": [beat("tend", process="host:dead")]}, ["ended without stopping"], []),
        ({"sources": [followed("a", read=False), followed("b")]}, [], ["1 of 2 sources cannot be read"]),
        ({"sources": [followed("a", due=-minutes(9)), followed("b")]}, [], []),
        ({"sources": [followed("a", due=-minutes(11)), followed("b")]}, ["1 source overdue"], []),
        ({"sources": [followed("a", due=-hours(9), paused=True), followed("b")]}, [], []),
        ({"sources": [followed("a", failures=1), followed("b")]}, [], ["1 of 2 sources cannot be read"]),
        ({"sources": [followed("a", failures=1), followed("b", failures=9)]}, ["every source fails"], []),
        ({"sources": [followed("a", failures=1), followed("b", paused=True)]}, ["every source fails"], []),
        ({"sources": []}, [], ["no source is followed"]),
        ({"subscriptions": [receiver(due=-minutes(9))]}, [], []),
        ({"subscriptions": [receiver(due=-minutes(11))]}, ["digests overdue"], []),
        ({"subscriptions": [receiver(due=-hours(11), paused=True)]}, [], ["no subscription is active"]),
        ({"messages": {MessageState.DEAD: 2}, "last_given_up_at": NOW - hours(3)}, ["2 messages given up, the"], []),
        ({"messages": {MessageState.DEAD: 1}, "last_given_up_at": NOW - hours(24 * 9)}, [], ["1 message given up"]),
        ({"sources": [followed("a", health=Health.SILENT), followed("b")]}, [], ["unusually silent: a; see"]),
        ({"sources": [followed("a", health=Health.SLOW), followed("b")]}, [], ["unusually slow to answer: a; see"]),
        ({"sources": [followed("a", health=Health.GONE), followed("b")]}, [], ["1 of 2 sources cannot be read"]),
        (
            {"sources": [followed("a", gap=hours(23)), followed("b", gap=hours(25))]},
            [],
            ["posts may have been missed in the last 24 h by a; see: monitor sources show a"],
        ),
        ({"oldest_waiting_at": NOW - minutes(59)}, [], []),
        ({"oldest_waiting_at": NOW - hours(3)}, [], ["a message has been waiting for 3 h"]),
    ],
)
def test_verdicts(seen: dict[str, object], problems: list[str], warnings: list[str]) -> None:
    verdict = judge(Seen(**(FINE | seen)), now=NOW, ended=lambda process: process == "host:dead")
    for found, expected in ((verdict.problems, problems), (verdict.warnings, warnings)):
        assert len(found) == len(expected), found
        assert all(part in sentence for part, sentence in zip(expected, found, strict=True))


def test_only_processes_of_this_machine_can_be_known_to_have_ended() -> None:
    here = socket.gethostname()
    assert not process_ended(f"{here}:{os.getpid()}")
    assert process_ended(f"{here}:4194305")  # beyond the largest process id of Linux
    assert not process_ended("elsewhere:4194305")
    assert not process_ended(f"{here}:1")


def test_a_service_that_is_not_running(polled: Monitor) -> None:
    ended = polled("status", columns=80)
    assert ended.code == 1
    assert "does not do its job" in ended.out
    assert "2 fine, 1 failing" in ended.out
    assert "problem: the service is not running" in ended.err
    assert max(map(len, ended.out.splitlines())) <= 80
    quiet = polled("status", "--quiet")
    assert (quiet.code, quiet.out) == (1, "")
    assert quiet.err == "problem: the service is not running; start it with: monitor run\n"


def test_a_scheduler_that_is_stuck_is_seen_from_outside(polled: Monitor) -> None:
    """A process that lives and does nothing: its signs of life are old, and so is everything that should be done."""
    database = Database(f"sqlite:///{polled.directory / 'data' / 'monitor.db'}")
    now = utc_now()
    with database.writing() as tx:
        for loop in ("poll", "compile", "deliver"):
            sign = Heartbeat(loop=loop, at=now - hours(1), every=minutes(1), process="elsewhere:1", detail="")
            beat_in(tx, sign)
        for column, table in (("next_poll_at", "source_state"), ("next_due_at", "subscription")):
            tx.execute(text(f"UPDATE {table} SET {column} = :at"), {"at": f"{now - hours(1):%Y-%m-%d %H:%M:%S.%f}"})
    ended = polled("status", columns=100)
    assert ended.code == 1
    for loop in ("poll", "compile", "deliver"):
        assert f"the {loop} loop is stuck: last sign of life 60 min ago, expected every 1 min" in ended.err
    assert "3 sources overdue for more than 10 min" in ended.err
    assert "digests overdue for more than 10 min: morning" in ended.err
    assert polled("status", "--json").json["fine"] is False


def test_json(polled: Monitor) -> None:
    document = polled("status", "--json").json
    assert document["fine"] is False
    assert document["sources"]["states"] == {"fine": 2, "failing": 1}
    assert document["posts"] == 6
    assert document["messages"]["dead"] == 0


def test_without_a_database(monitor: Monitor) -> None:
    ended = monitor("status")
    assert ended.code == 1
    assert "run: monitor db upgrade" in ended.err
    assert monitor("status", "--json").json["running"] is False
