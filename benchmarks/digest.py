"""One edition of 5,000 posts in 500 stories: CPU and memory of selecting, folding, grouping and rendering it.

python -m benchmarks.digest [--posts N] [--stories N]

The floor in the same run: reading the same posts from the database and nothing else. The bar: 1.5 s of CPU, and 100 MB
above the process that does nothing.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitor import digests
from monitor.core.model import Facet, Schedule, Selection, Subscription
from monitor.core.stories import Placement, Relation
from monitor.core.taxonomy import Taxonomy
from monitor.provisioning import shipped
from monitor.render import Renderer
from monitor.store import posts, schema, subscriptions
from monitor.store.database import Database
from tests import make

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
WORDS = ("statement", "ministry", "council", "agreement", "export", "border", "talks", "grain", "energy", "summit")


def fill(database: Database, *, number: int, stories: int) -> None:
    """Posts of fifty sources, each story told by as many of them as it takes."""
    chance = random.Random(7)
    followed = [make.stored_source(database, f"source-{n}", now=NOW - timedelta(days=9)) for n in range(50)]
    opened: dict[int, int] = {}
    for begin in range(0, number, 500):
        arrivals = []
        for n in range(begin, min(number, begin + 500)):
            story = n % stories
            text = " ".join(chance.choice(WORDS) for _ in range(220))
            tags = [
                make.tag(f"org-{story % 40}", weight=0.8),
                make.tag(f"c{story % 20}", Facet.COUNTRY, weight=0.6),
                make.tag(f"region-{story % 9}", Facet.REGION, main=False, weight=0.3),
            ]
            prepared = make.prepared(
                f"post-{n}",
                title=f"Story {story}: {text[:70]}",
                text=text,
                tags=tags,
                matches=[make.match("grain")] if story % 10 == 0 else [],
                stated_at=NOW - timedelta(minutes=n % 1400),
            )
            known = opened.get(story)
            placement = Placement(
                story=known if known is not None else -(story + 1),
                relation=Relation.REPOST if known is not None else Relation.FIRST,
                reason="the same words" if known is not None else "",
            )
            arrivals.append(
                posts.Arrival(
                    source=followed[n % 50],
                    prepared=prepared,
                    placement=placement,
                    first_seen_at=NOW - timedelta(minutes=n % 1400),
                    backlog=False,
                )
            )
        with database.writing() as tx:
            posts.add(tx, arrivals, now=NOW)
            for row in tx.execute(posts.post.select().with_only_columns(posts.post.c.story_id, posts.post.c.guid)):
                opened.setdefault(int(row.guid.removeprefix("post-")) % stories, row.story_id)


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU and the result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def peak() -> float:
    """Most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=5_000)
    parser.add_argument("--stories", type=int, default=500)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/digest.db")
        schema.upgrade(database)
        make.stored_watch(database, "grain")
        fill(database, number=wanted.posts, stories=wanted.stories)
        subscription = Subscription(
            slug="desk",
            title="Everything",
            channel="email",
            recipients=("desk@example.org",),
            schedule=Schedule(timezone="UTC", cron="30 6 * * *"),
            selection=Selection(),
            created_at=NOW - timedelta(days=2),
        )
        with database.writing() as tx:
            subscriptions.put(tx, subscription, next_due_at=NOW, now=NOW - timedelta(days=2))
            stored = subscriptions.get(tx, "desk")
        assert stored is not None
        idle = peak()
        renderer = Renderer(shipped=shipped("templates"))

        def read() -> int:
            with database.reading() as tx:
                return len(posts.load(tx, posts.newer(since=NOW - timedelta(days=3), until=NOW)))

        def select() -> digests.Edition:
            with database.reading() as tx:
                return digests.select_edition(tx, stored, labels=Taxonomy(), due_at=NOW, now=NOW)

        floor, number = cpu(read)
        selecting, edition = cpu(select)
        rendering, content = cpu(lambda: renderer.digest(edition.digest, templates="email"))
        stories = edition.digest.coverage.stories
        print(f"{number} posts in {stories} stories; HTML {len(content.html.encode()):,} bytes\n")
        print(f"reading the posts, nothing else  {floor:6.2f} s CPU")
        print(f"selecting, folding, grouping     {selecting:6.2f} s CPU")
        print(f"rendering text and HTML          {rendering:6.2f} s CPU")
        total = selecting + rendering
        print(f"together                         {total:6.2f} s CPU, {total / floor:.2f} of reading; bar 1.5 s")
        print(f"memory above idle                {peak() - idle:6.0f} MB; bar 100 MB")
        database.close()


if __name__ == "__main__":
    main()
