"""What tagging stored posts anew costs beside tagging alone, and whether finding what is left grows with the archive.

    python -m benchmarks.retagging [--posts 2000]

Posts of 2 KB are made from the shipped taxonomy's own names, stored in a temporary SQLite file as tagged by one version
and tagged anew in batches as the service does, by the same taxonomy under another version (nothing changes), and by one
without its regions (every post changes). Times are CPU time of this process, in one run.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from monitor.core.model import Post, Prepared, Source
from monitor.core.provenance import PostTagger
from monitor.core.retagging import AskingForTags, retagged
from monitor.core.stories import Placement, Relation
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.provisioning import load_taxonomy, shipped
from monitor.retagging import BATCH
from monitor.store import posts, retagging, schema, sources
from monitor.store.database import Database

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
LENGTH = 2048
NAMES = 6  # of the taxonomy, in each post


def made_posts(taxonomy: Taxonomy, number: int) -> list[Post]:
    """Texts of the length of a statement that name a few entries each."""
    rng = random.Random(7)
    names = [each.names["en"][0] for each in (*taxonomy.organisations, *taxonomy.countries) if each.names.get("en")]
    filler = (
        "the",
        "delegations",
        "of",
        "both",
        "sides",
        "discussed",
        "what",
        "they",
        "had",
        "agreed",
        "upon",
        "before",
    )
    made = []
    for n in range(number):
        words = [rng.choice(filler) for _ in range(LENGTH // 6)]
        for name in rng.sample(names, NAMES):
            words[rng.randrange(len(words))] = name
        text = " ".join(words)[:LENGTH]
        made.append(
            Post(
                guid=str(n),
                url=None,
                title=f"Statement {n}",
                text=text,
                html="",
                language="en",
                content_hash=n.to_bytes(16, "big"),
                fingerprint=None,
            )
        )
    return made


def filled(database: Database, made: Sequence[Post], tagger: Tagger, version: str) -> None:
    """Store them as tagged by `version`, in transactions of a hundred."""
    with database.writing() as tx:
        sources.add(tx, Source(slug="s", title="S", kind="feed", url="https://s.example"), now=NOW)
        (source,) = sources.every(tx)
    for start in range(0, len(made), 100):
        arrivals = [
            posts.Arrival(
                source=source,
                prepared=Prepared(post=post, tags=tagger.tags(post, source), taxonomy=version),
                placement=Placement(story=-number, relation=Relation.FIRST, reason=""),
                first_seen_at=NOW,
                backlog=False,
            )
            for number, post in enumerate(made[start : start + 100], start=1)
        ]
        with database.writing() as tx:
            posts.add(tx, arrivals, now=NOW)


def anew(database: Database, taxonomy: Taxonomy, version: str) -> dict[str, float]:
    """CPU seconds of each part, for all posts."""
    tagger, nobody = PostTagger(Tagger(taxonomy)), AskingForTags([])
    with database.writing() as tx:
        retagging.begin(tx, version, now=NOW)
    spent = {"find and read": 0.0, "tag": 0.0, "store": 0.0}
    while True:
        begun = process_time()
        with database.reading() as tx:
            jobs = retagging.batch(tx, version, limit=BATCH)
        read = process_time()
        done = [retagged(job, tagger, nobody) for job in jobs]
        tagged = process_time()
        with database.writing() as tx:
            retagging.store(tx, done, version=version)
        stored = process_time()
        spent["find and read"] += read - begun
        spent["tag"] += tagged - read
        spent["store"] += stored - tagged
        if not jobs:
            return spent


def finding(database: Database, version: str) -> float:
    """CPU seconds to learn that nothing is left."""
    with database.reading() as tx:
        begun = process_time()
        for _ in range(200):
            assert retagging.batch(tx, version, limit=BATCH) == []
        return (process_time() - begun) / 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=2000)
    number = parser.parse_args().posts
    taxonomy = load_taxonomy(shipped("config"))
    tagger = Tagger(taxonomy)
    made = made_posts(taxonomy, number)
    source = Source(slug="s", title="S", kind="feed", url="https://s.example")
    begun = process_time()
    for post in made:
        tagger.tags(post, source)
    floor = process_time() - begun
    print(f"floor, tagging alone: {number / floor:,.0f} posts of {LENGTH} bytes a second of one core")
    looks = []
    with tempfile.TemporaryDirectory() as directory:
        for size in (number // 10, number):
            database = Database(f"sqlite:///{Path(directory) / f'{size}.db'}")
            schema.upgrade(database)
            filled(database, made[:size], tagger, "old")
            if size == number:
                for label, of in (("nothing changes", taxonomy), ("every post changes", replace(taxonomy, regions=()))):
                    spent = anew(database, of, label)
                    whole = sum(spent.values())
                    shares = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in spent.items())
                    print(f"anew, {label}: {whole / floor:.1f} times the floor ({shares})")
            else:
                anew(database, taxonomy, "new")
            looks.append(finding(database, "new" if size != number else "every post changes"))
            database.close()
    print(f"seeing that nothing is left, {number:,} posts against {number // 10:,}: {looks[1] / looks[0]:.1f} times")


if __name__ == "__main__":
    main()
