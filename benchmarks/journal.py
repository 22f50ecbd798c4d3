"""What receivers write down while they misbehave and the service is killed at random moments.

python -m benchmarks.journal [--kills N] [--seed S] [--share P] [--database sqlite|postgresql]

A real SMTP server and a real HTTP receiver on loopback refuse, hang up in the middle of a message, take one and hang up
before their answer, or take one and answer too late, in a share P of all attempts; meanwhile the service is started and
killed with SIGKILL again and again. Printed is what the receivers' journal says. Exit code 1 where a story did not
arrive, came in two messages, an id came with two bodies, or a message came again although the receiver's yes had been
heard.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.databases import ENGINES, fresh_url
from tests.end_to_end.journal import by_chance, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.4)
    parser.add_argument("--database", choices=ENGINES, default="sqlite")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as directory, fresh_url(asked.database, Path(directory)) as url:
        whim = by_chance(random.Random(asked.seed + 1), share=asked.share)
        result = run(Path(directory), url, kills=asked.kills, chance=chance, whim=whim, longest=300)
    print("\n".join(result.told()))
    for line in (*result.missing, *result.under_two_ids, *result.two_bodies, *result.unexplained):
        print(f"WRONG {line}")
    sys.exit(not result.sound)


if __name__ == "__main__":
    main()
