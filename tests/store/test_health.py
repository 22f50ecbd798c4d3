from __future__ import annotations

from datetime import timedelta

from monitor.store import health
from monitor.store.database import Database
from monitor.store.health import Heartbeat
from tests.make import NOW, hours


def beat(database: Database, loop: str, **given: object) -> Heartbeat:
    default = {"at": NOW, "every": timedelta(seconds=2.5), "process": "host:1", "detail": "3 polls 🫀"}
    value = Heartbeat(loop=loop, **(default | given))  # type: ignore[arg-type]
    with database.writing() as tx:
        health.beat(tx, value)
    return value


def heartbeats(database: Database) -> list[Heartbeat]:
    with database.reading() as tx:
        return health.heartbeats(tx)


def test_a_service_that_never_ran_shows_no_sign_of_life(database: Database) -> None:
    assert heartbeats(database) == []


def test_the_last_sign_of_life_of_each_loop(database: Database) -> None:
    beat(database, "poll")
    deliver = beat(database, "deliver")
    poll = beat(database, "poll", at=NOW + hours(1), every=timedelta(minutes=1), process="host:2", detail="")
    assert heartbeats(database) == [deliver, poll]


def test_a_process_that_stops_in_order_takes_only_its_own_signs_away(database: Database) -> None:
    beat(database, "poll", process="host:1")
    other = beat(database, "deliver", process="host:2")
    with database.writing() as tx:
        health.stopped(tx, process="host:1")
    assert heartbeats(database) == [other]
