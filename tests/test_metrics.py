"""The figures as Prometheus reads them, over a real socket."""

import asyncio
import socket
import urllib.request
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor import app as wiring
from monitor import scheduler
from monitor.settings import Settings
from monitor.store import schema
from monitor.store.database import Database
from tests.end_to_end.installation import installed
from tests.end_to_end.world import running


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def figures(address: str) -> dict[tuple[str, tuple[str, ...]], float]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}


def test_the_running_service_tells_its_figures(tmp_path: Path) -> None:
    async def serve(settings: Settings, address: str) -> dict[tuple[str, tuple[str, ...]], float]:
        configuration = wiring.load_configuration(settings)
        database = wiring.open_database(settings)
        schema.upgrade(database)
        wiring.apply_configuration(database, configuration, now=wiring.utc_now())
        stop = asyncio.Event()
        async with wiring.build(settings, database, configuration.taxonomy) as service:
            serving = asyncio.create_task(scheduler.serve(service, stop))
            read: dict[tuple[str, tuple[str, ...]], float] = {}
            while read.get(("monitor_loop_last_tick_timestamp_seconds", ("poll",))) is None:
                await asyncio.sleep(0.2)
                read = await asyncio.to_thread(figures, address)
            stop.set()
            await serving
        database.close()
        return read

    with running() as world:
        world.feeds["good"].post("1", "A statement", "Its text.")
        world.feeds["good"].post("2", "Another", "Its text, too.")
        world.feeds["bad"].status = 500
        address = f"127.0.0.1:{free_port()}"
        place = installed(tmp_path, world, f"sqlite:///{tmp_path / 'm.db'}", feeds=("good", "bad"))
        settings = Settings.load(None, place.environment | {"MONITOR_METRICS__LISTEN": address})
        read = asyncio.run(serve(settings, address))

    assert read["monitor_polls_total", ("new",)] == 1
    assert read["monitor_polls_total", ("failed",)] == 1
    assert read["monitor_polls_total", ("gone",)] == 0  # told from the beginning
    assert read["monitor_posts_total", ("new",)] == 2
    assert read["monitor_post_lag_seconds_count", ()] == 2
    assert read["monitor_sources", ("fine",)] == 1
    assert read["monitor_sources", ("failing",)] == 1
    assert read["monitor_messages", ("dead",)] == 0


def test_the_documentation_names_every_figure() -> None:
    text = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    named = {family.name for family in wiring.Metrics().registry.collect()}
    missing = [name for name in named if name not in text]
    assert missing == []


def test_states_of_sources_are_counted_by_the_database(database: Database) -> None:
    from monitor.store import sources
    from tests import make

    for slug in ("a", "b", "c"):
        make.stored_source(database, slug)
    with database.writing() as tx:
        sources.hold(tx, "b")
    with database.reading() as tx:
        none = {"fine": 0, "slow": 0, "silent": 0, "failing": 0, "gone": 0}
        assert sources.states(tx) == {"paused": 1, "new": 2} | none
        due = sources.next_due_at(tx)
    assert due is not None
    assert due <= make.NOW + timedelta(seconds=1)
