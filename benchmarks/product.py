"""The service as a peer of other pollers: makes the database for a list of addresses, then polls all of it once.

python -m benchmarks.product setup WORK URLS     a database under WORK that follows every address in the file URLS
python -m benchmarks.product update WORK         one round over all of them: `monitor poll --all`
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def environment(work: str) -> dict[str, str]:
    """Settings of a service that lives under `work` and may fetch from this machine."""
    return {
        "MONITOR_PATHS__CONFIG": f"{work}/config",
        "MONITOR_PATHS__DATA": work,
        "MONITOR_DATABASE__URL": f"sqlite:///{work}/product.db",
        "MONITOR_NETWORK__ALLOW": "127.0.0.0/8",
        "MONITOR_POLLING__CONCURRENCY": "50",
        "MONITOR_POLLING__HOST_SPACING": "0s",
        "MONITOR_POLLING__HOST_CONCURRENCY": "50",
        "MONITOR_LOG__LEVEL": "error",
    }


def setup(work: Path, urls: Path) -> None:
    """The shipped taxonomy and watches, and one source for each address."""
    follow(work, urls.read_text().split())


def follow(work: Path, urls: list[str]) -> None:
    """A database and files under `work` for a service that follows every address."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - `update` is timed, and needs none of these

    from monitor.core.model import Owner, Source  # noqa: PLC0415
    from monitor.store import schema, sources  # noqa: PLC0415
    from monitor.store.database import Database  # noqa: PLC0415

    (work / "config").mkdir(parents=True, exist_ok=True)
    watches = Path(__file__).parents[1] / "config" / "watches.yaml"
    (work / "config" / "watches.yaml").write_text(watches.read_text(encoding="utf-8"), encoding="utf-8")
    (work / "config" / "sources.yaml").write_text("sources: []\n", encoding="utf-8")
    (work / "config" / "subscriptions.yaml").write_text("subscriptions: []\n", encoding="utf-8")
    database = Database(f"sqlite:///{work / 'product.db'}")
    schema.upgrade(database)
    now = datetime.now(UTC)
    with database.writing() as tx:
        for number, url in enumerate(urls):
            name = f"feed-{number}"
            source = Source(
                slug=name, title=name, kind="feed", url=url, interval=timedelta(minutes=15), owner=Owner.OPERATOR
            )
            sources.add(tx, source, now=now)
    database.close()


def main() -> None:
    command, work = sys.argv[1], Path(sys.argv[2]).resolve()
    if command == "setup":
        setup(work, Path(sys.argv[3]))
    else:
        os.environ.update(environment(str(work)))
        os.execv(sys.executable, [sys.executable, "-m", "monitor", "poll", "--all"])


if __name__ == "__main__":
    main()
