"""Speed beside other pollers: one run of the load harness beside the corpus, and each ratio with the bar it must reach.

python -m benchmarks.bars --n 1000 --reps 3

Ratios are of feeds a second, medians, within this run; absolute numbers say more about the machine. The harness wants
its peers installed once: `BENCH_SCRATCH=DIR sh ../shared/bench/bootstrap.sh`, and BENCH_SCRATCH here again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.product import environment

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared")


@dataclass(frozen=True, slots=True)
class Bar:
    """What one ratio must be at least."""

    mode: str
    meaning: str
    peer: str
    least: float


BARS = (
    Bar("304", "nothing changed, said by the server (304)", "pipe-httpx2", 0.9),
    Bar("same", "nothing changed, the same bytes again", "pipe-httpx2", 0.9),
    Bar("churn", "one new entry in each feed", "pipe-httpx2-prune", 0.8),
    Bar("churn", "one new entry in each feed", "reader", 8.0),
    Bar("volatile", "another header, nothing new", "pipe-httpx2-prune", 0.8),
    Bar("volatile", "another header, nothing new", "reader", 8.0),
    Bar("cold", "everything new", "pipe-httpx2", 1.0),
)


def commands() -> dict[str, str]:
    """How the harness drives the service, see its `peers/product.py`."""
    settings = " ".join(f"{name}={value}" for name, value in environment("{work}").items())
    python = f"env PYTHONPATH={shlex.quote(str(ROOT))} {settings} {shlex.quote(sys.executable)}"
    return {
        "PRODUCT_SETUP": f"{python} -m benchmarks.product setup {{work}} {{urls}}",
        "PRODUCT_UPDATE": f"{python} -m monitor poll --all",
        "PRODUCT_COUNT": "select count(*) from post",
        "PRODUCT_CWD": str(ROOT),
    }


def measured(*, n: int, reps: int, peers: str, modes: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Run the harness; its rows by peer and mode."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory, "results.json")
        argv = [sys.executable, str(SHARED / "bench" / "run.py"), "--peers", peers, "--n", str(n), "--modes", modes]
        subprocess.run([*argv, "--reps", str(reps), "--out", str(out)], env=os.environ | commands(), check=True)
        return {(row["peer"], row["mode"]): row for row in json.loads(out.read_text(encoding="utf-8"))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=1000, help="feeds of 25 entries")
    parser.add_argument("--reps", type=int, default=3, help="counted rounds of each")
    parser.add_argument("--peers", default="pipe-httpx2,pipe-httpx2-prune,reader")
    parser.add_argument("--modes", default="cold,304,same,volatile,churn")
    wanted = parser.parse_args()
    if not (SHARED / "bench" / "run.py").exists():
        print(f"there is no load harness under {SHARED}; name its directory in MONITOR_SHARED", file=sys.stderr)
        return 2
    rows = measured(n=wanted.n, reps=wanted.reps, peers=f"product,{wanted.peers}", modes=wanted.modes)
    print(f"\n{wanted.n} feeds of 25 entries, medians of {wanted.reps}\n")
    print("| round | beside | feeds a second | CPU | bar |\n| --- | --- | --- | --- | --- |")
    missed = 0
    for bar in BARS:
        ours, theirs = rows.get(("product", bar.mode)), rows.get((bar.peer, bar.mode))
        if not ours or not theirs:
            continue
        ratio, cpu = ours["feeds_s"] / theirs["feeds_s"], theirs["cpu"] / ours["cpu"]
        missed += ratio < bar.least
        verdict = "" if ratio >= bar.least else " missed"
        print(f"| {bar.meaning} | {bar.peer} | {ratio:.2f} × | {cpu:.2f} × | {bar.least:g}{verdict} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
