"""A first round over many feeds, ours and the floor's alternately: CPU seconds of the main process and of the others.

python -m benchmarks.cold --n 200 --reps 3

The floor is `pipe-httpx2` of the load harness beside the corpus: it fetches, parses in two processes and inserts, and
does nothing else. The harness wants BENCH_SCRATCH, as `benchmarks.bars` does. CPU is compared, as neighbours spoil
clocks; each round begins with a fresh database.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from benchmarks.product import environment, setup

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round took, in seconds."""

    parent: float  # CPU, user and system, of the process that was started
    children: float  # likewise of all that it started
    wall: float
    entries: int

    @property
    def cpu(self) -> float:
        return self.parent + self.children


def timed(argv: list[str], environ: dict[str, str]) -> tuple[float, float, float]:
    """CPU seconds of the process, of its children, and the time it took."""
    begun = time.perf_counter()
    process = subprocess.Popen(argv, env=os.environ | environ, stdout=subprocess.DEVNULL, cwd=ROOT)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, and still to be looked at
    wall = time.perf_counter() - begun
    numbers = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    if process.wait() != 0:
        raise SystemExit(f"{argv} ended with {process.returncode}")
    user, system, of_children, system_of_children = (int(number) / TICKS for number in numbers[11:15])
    return user + system, of_children + system_of_children, wall


def ours(work: Path, urls: list[str]) -> Round:
    (work / "urls").write_text("\n".join(urls))
    setup(work, work / "urls")
    argv = [sys.executable, "-m", "monitor", "poll", "--all"]
    parent, children, wall = timed(argv, environment(str(work)) | {"PYTHONPATH": str(ROOT)})
    return Round(parent=parent, children=children, wall=wall, entries=counted(work / "product.db", "post"))


def floor(work: Path, urls: list[str]) -> Round:
    (work / "urls").write_text("\n".join(urls))
    python = Path(os.environ["BENCH_SCRATCH"], "venv-floor", "bin", "python")
    script = SHARED / "bench" / "peers" / "floor_pipeline.py"
    files = ["--urls", str(work / "urls"), "--db", str(work / "floor.db")]
    parent, children, wall = timed([str(python), str(script), *files, "--client", "httpx2"], {})
    return Round(parent=parent, children=children, wall=wall, entries=counted(work / "floor.db", "entry"))


def counted(file: Path, table: str) -> int:
    with sqlite3.connect(file) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="feeds of 25 entries")
    parser.add_argument("--reps", type=int, default=3, help="rounds of each, alternating")
    parser.add_argument("--port", type=int, default=8931, help="of the server of the feeds")
    wanted = parser.parse_args()
    scratch = os.environ.get("BENCH_SCRATCH")
    if scratch is None or not Path(scratch, "venv-floor").exists():
        raise SystemExit(f"install the harness first: BENCH_SCRATCH=DIR sh {SHARED}/bench/bootstrap.sh")
    python = Path(scratch, "venv-floor", "bin", "python")
    argv = [str(python), str(SHARED / "bench" / "feedserver.py"), "--feeds", str(wanted.n), "--port", str(wanted.port)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        address = f"http://127.0.0.1:{wanted.port}"
        with urllib.request.urlopen(f"{address}/urls?n={wanted.n}&hosts=many") as answer:
            urls = answer.read().decode().split()
        rounds: dict[str, list[Round]] = {"product": [], "pipe-httpx2": []}
        print("| round | CPU s | parent | children | wall s | entries |\n| --- | --- | --- | --- | --- | --- |")
        for _ in range(wanted.reps):
            for name, run in (("product", ours), ("pipe-httpx2", floor)):
                urllib.request.urlopen(f"{address}/reset").close()
                with tempfile.TemporaryDirectory() as work:
                    done = run(Path(work), urls)
                rounds[name].append(done)
                print(
                    f"| {name} | {done.cpu:.2f} | {done.parent:.2f} | {done.children:.2f} "
                    f"| {done.wall:.2f} | {done.entries} |",
                    flush=True,
                )
    finally:
        server.terminate()
        server.wait()
    middle = {name: statistics.median(each.cpu for each in done) for name, done in rounds.items()}
    print(f"\nmedian CPU: {json.dumps(middle)}; ours is {middle['pipe-httpx2'] / middle['product']:.2f} as fast by CPU")


if __name__ == "__main__":
    main()
