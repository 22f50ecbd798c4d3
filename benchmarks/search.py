"""How long a search of the archive takes: `python -m benchmarks.search [--posts 1000000] [--keep DIRECTORY]`.

Posts are made of sentences of the labelled texts in ../shared/eval, shuffled, in six languages, with tags, over 300
days and 200 sources; stored and indexed in SQLite as the service does. Then queries of two sorts: selective ones (a
name, a rare word with another, a phrase, a tag with a word) and broad ones (words that stand in a tenth of all posts)
with facets. Time of the whole search as the command line makes it, the database open and its pages as warm as earlier
queries made them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.watches import NAME, read
from monitor.cli.search import Sort, answered
from monitor.core.query import parse
from monitor.store import schema, search
from monitor.store.database import Database

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SPAN = timedelta(days=300)
SOURCES = 200
QUERIES = 60  # of each sort


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--posts", type=int, default=1_000_000)
    arguments.add_argument("--keep", type=Path, help="where the database is made, and used again when it is there")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        file = (chosen.keep or Path(directory)) / f"archive-{chosen.posts}.db"
        known = file.exists()
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        chance = random.Random(6)
        sentences = list(told(read()))
        if not known:
            fill(database, sentences, chance, chosen.posts)
        index(database)
        print(f"{chosen.posts:,} posts, {file.stat().st_size / 2**20:,.0f} MB")
        for name, queries in (("selective", selective(sentences, chance)), ("broad, with facets", broad(sentences))):
            measure(database, name, queries, count=name != "selective")
        database.close()
    return 0


def told(texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(language, sentence)."""
    for language, text in texts:
        for sentence in re.split(r"(?<=[.!?])\s+|(?<=。)", text):
            if len(sentence) > 20:
                yield language, sentence.strip()


def fill(database: Database, sentences: list[tuple[str, str]], chance: random.Random, number: int) -> None:
    by_language: defaultdict[str, list[str]] = defaultdict(list)
    for language, sentence in sentences:
        by_language[language].append(sentence)
    languages, weights = zip(*((language, len(each)) for language, each in by_language.items()), strict=True)
    with database.writing() as tx:
        for source in range(1, SOURCES + 1):
            tx.exec_driver_sql(
                "INSERT INTO source (id, slug, title, kind, url, authority, tags, default_tags, interval_seconds,"
                " options, owner, paused, created_at)"
                " VALUES (?, ?, ?, 'feed', ?, 'press', '[]', '[]', 900, '{}', 'operator', 0, ?)",
                (
                    source,
                    f"s-{source}",
                    f"Source {source}",
                    f"https://s{source}.example/",
                    "2026-01-01 00:00:00.000000",
                ),
            )
    for start in range(0, number, 20_000):
        posts, stories, tags = [], [], []
        for id_ in range(start + 1, min(start + 20_000, number) + 1):
            language = chance.choices(languages, weights)[0]
            written = chance.sample(by_language[language], min(4, len(by_language[language])))
            at = NOW - SPAN + SPAN * (id_ / number)
            stamp = at.strftime("%Y-%m-%d %H:%M:%S.000000")
            title, text = written[0][:120], " ".join(written)
            posts.append((id_, 1 + id_ % SOURCES, id_, f"g{id_}", b"", title, text, language, stamp, stamp))
            stories.append((id_, stamp))
            tags += [(id_, f"organisation-{slug}") for slug in {chance.randrange(30), chance.randrange(300)}]
        with database.writing() as tx:
            tx.exec_driver_sql("INSERT INTO story (id, created_at) VALUES (?, ?)", stories)
            tx.exec_driver_sql(
                "INSERT INTO post (id, source_id, story_id, relation, relation_reason, guid, content_hash, title,"
                " title_made, text, html, summary, language, stated_at, first_seen_at, hashtags, categories, media,"
                " edited, backlog, revisions)"
                " VALUES (?, ?, ?, 'first', '', ?, ?, ?, 0, ?, '', '', ?, ?, ?, '[]', '[]', '[]', 0, 0, 0)",
                posts,
            )
            tx.exec_driver_sql(
                "INSERT INTO tag (post_id, facet, slug, main, weight, evidence)"
                " VALUES (?, 'organisation', ?, 1, 0.5, '[]')",
                tags,
            )


def index(database: Database) -> None:
    started = process_time()
    indexed = 0
    while True:
        with database.writing() as tx:
            done = search.index(tx, now=NOW + timedelta(days=1), limit=5_000)
        indexed += done
        if not done:
            break
    if indexed:
        print(f"{indexed:,} posts indexed at {(process_time() - started) / indexed * 1e6:.0f} µs of CPU time each")


def selective(sentences: list[tuple[str, str]], chance: random.Random) -> list[str]:
    names = sorted({name for _, sentence in sentences for name in NAME.findall(sentence)})
    counted = Counter(word for _, sentence in sentences for word in set(re.findall(r"[^\W\d_]{5,}", sentence.lower())))
    rare = sorted(word for word, number in counted.items() if 2 <= number <= 12)
    common = sorted(word for word, number in counted.items() if 40 <= number <= 400)
    runs = [sentence[4:8] for language, sentence in sentences if language == "zh" and sentence[4:8].isalpha()]
    kinds = [
        lambda: f'"{chance.choice(names)}"',
        lambda: f"{chance.choice(rare)} {chance.choice(common)}",
        lambda: chance.choice(rare),
        lambda: f"{chance.choice(rare)} org:organisation-{chance.randrange(300)}",
        lambda: f"{chance.choice(rare)} NEAR/5 {chance.choice(common)}",
        lambda: chance.choice(runs),
        lambda: f"{chance.choice(rare)[:-1]}* after:30d",
        lambda: f"source:s-{chance.randrange(1, SOURCES)} {chance.choice(common)}",
    ]
    return [kinds[number % len(kinds)]() for number in range(QUERIES)]


def broad(sentences: list[tuple[str, str]]) -> list[str]:
    counted = Counter(word for _, sentence in sentences for word in set(re.findall(r"[^\W\d_]{3,}", sentence.lower())))
    words = [word for word, _ in counted.most_common(QUERIES // 2)]
    return words + [f"{one} OR {other}" for one, other in pairwise(words)]


def measure(database: Database, name: str, queries: list[str], *, count: bool) -> None:
    walls, processor, hits = [], [], []
    for query in queries:
        parsed = parse(query)
        started, used = perf_counter(), process_time()
        with database.reading() as tx:
            answer = answered(tx, parsed, now=NOW, sort=Sort.RELEVANCE, limit=20, count_facets=count, every=False)
        walls.append(perf_counter() - started)
        processor.append(process_time() - used)
        hits.append(len(answer.found.hits))
    print(f"\n{name}: {len(queries)} queries, {sum(hits) / len(hits):,.0f} hits on average")
    for label, times in (("wall", walls), ("CPU", processor)):
        ordered = sorted(times)
        median, late, worst = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1]
        print(
            f"  {label:5} median {median * 1e3:6.0f} ms   95th percentile {late * 1e3:6.0f} ms"
            f"   worst {worst * 1e3:6.0f} ms"
        )
    slowest = max(zip(walls, queries, strict=True))
    print(f"  slowest: {json.dumps(slowest[1], ensure_ascii=False)}")


if __name__ == "__main__":
    sys.exit(main())
