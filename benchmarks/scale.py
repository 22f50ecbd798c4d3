"""10,000 sources: memory, start-up and what an idle service costs, of a real `monitor run`.

python -m benchmarks.scale [--sources 10000] [--seconds 60] [--polls 300]

A database is made in which no source is due but the `--polls` first, which a server on loopback answers; so that the
worker processes are at work and hold what they hold. Memory is the proportional share (PSS) of all processes together.
Idle cost is CPU time over `--seconds` after those polls, with every loop ticking.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from benchmarks.product import environment, follow

ROOT = Path(__file__).parents[1]
TICK = os.sysconf("SC_CLK_TCK")
MEMORY_MB, START_SECONDS, IDLE_PERCENT = 400.0, 3.0, 1.0  # the bars


class Feed(BaseHTTPRequestHandler):
    """A feed of ten entries, another one for each address."""

    protocol_version = "HTTP/1.1"
    asked = Event()

    def do_GET(self) -> None:
        self.asked.set()
        entries = "".join(
            f"<item><guid>{self.path}/{number}</guid><title>Statement {number} of {self.path}</title>"
            f"<description>The ministry of Kenya met the secretary-general. {'Words. ' * 60}</description></item>"
            for number in range(10)
        )
        body = f'<rss version="2.0"><channel><title>A feed</title>{entries}</channel></rss>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def processes(pid: int) -> list[int]:
    """The process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for task in Path(f"/proc/{current}/task").glob("*/children"):
            waiting += map(int, task.read_text().split())
    return found


def memory(pid: int) -> float:
    """MB of all processes, what they share counted once."""
    total = 0
    for each in processes(pid):
        lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def cpu(pid: int) -> float:
    """Seconds of CPU that all processes have used."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in processes(pid)]
    return sum(int(f[11]) + int(f[12]) for f in fields) / TICK


def until(done: Callable[[], bool], *, limit: float) -> float:
    """Seconds until something is so."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > limit:
            raise TimeoutError(f"not within {limit} s")
        time.sleep(0.01)
    return time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--polls", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60.0)
    wanted = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        follow(work, [f"http://127.0.0.1:{server.server_port}/{number}" for number in range(wanted.sources)])
        database = sqlite3.connect(work / "product.db", isolation_level=None)
        database.execute(
            "UPDATE source_state SET next_poll_at = '2100-01-01 00:00:00' WHERE source_id > ?", (wanted.polls,)
        )

        def number(question: str) -> int:
            return int(database.execute(question).fetchone()[0])

        with Path(work, "log").open("wb") as log:
            service = subprocess.Popen(
                [sys.executable, "-m", "monitor", "run"],
                cwd=ROOT,
                env=os.environ | environment(str(work)),
                stdout=log,
                stderr=log,
            )
        try:
            start = until(Feed.asked.is_set, limit=60)
            start_cpu = cpu(service.pid)
            until(lambda: number("SELECT count(*) FROM poll") >= wanted.polls, limit=600)
            database.execute("UPDATE source_state SET next_poll_at = '2100-01-01 00:00:00'")
            time.sleep(2)
            before, began = cpu(service.pid), time.monotonic()
            time.sleep(wanted.seconds)
            idle = 100 * (cpu(service.pid) - before) / (time.monotonic() - began)
            used = memory(service.pid)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(30)
            database.close()
    results = (
        ("memory of all processes", used, "MB", MEMORY_MB),
        (f"from the command to the first request ({start_cpu:.2f} s of CPU)", start, "s", START_SECONDS),
        ("idle, of one core", idle, "%", IDLE_PERCENT),
    )
    print(
        f"{wanted.sources:,} sources, {wanted.polls} of them polled\n\n| what | measured | bar |\n| --- | --- | --- |"
    )
    for what, value, unit, bar in results:
        print(f"| {what} | {value:.2f} {unit} | under {bar:g} {unit}{'' if value < bar else ', missed'} |")
    return 0 if all(value < bar for _, value, _, bar in results) else 1


if __name__ == "__main__":
    sys.exit(main())
