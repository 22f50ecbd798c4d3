"""What placing a post in its story costs as the archive grows: `python -m benchmarks.stories_scale [--most 100000]`.

One archive of each database grows to 10 thousand, 100 thousand and 1 million posts: sentences of words in the
proportions of a language (Zipf's law) and of phrases that return everywhere, as in office language; 5,000 posts a day
from 500 sources, one in seven a repost of another. The latest 50 thousand are written one by one; what is older is made
of them within the database, with earlier dates, and with keys of its own where a key is not that of a phrase. At each
size 600 new posts are stored and placed as the poll loop does, 25 in a transaction: three quarters say something new,
the others repeat, cut or rewrite what the last days brought. Printed is processor time, that of the database server's
process included: of placing alone (look-ups, comparisons, index) and of the whole transaction; and what the archive
takes on disk. Ratios are to 10 thousand, of the same run. Linux only.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import text

from monitor.core.model import Post, Prepared, Source
from monitor.core.sketch import said_in
from monitor.core.stories import Rules
from monitor.store import placing, posts, schema, sources
from monitor.store.database import Database, Transaction
from monitor.store.placing import day_of, signed
from monitor.store.tables import PostRow, table
from tests import databases

SIZES = (10_000, 100_000, 1_000_000)
A_DAY = 5_000
SOURCES = 500
WRITTEN = 50_000  # posts whose texts are written; what is older is made of them
REPOSTS = 7  # one post in so many repeats another
FIRST = 2_500_000  # number of the first post that is written
STRIDE = 100_000  # between the numbers of a written post and of what is made of it
FILLING = 5_000  # posts inserted at once
PLACED, BATCH = 600, 25
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
RULES = Rules()


class Writer:
    """Texts that look like those of ministries and agencies to whoever counts words."""

    def __init__(self, seed: int) -> None:
        self.chosen = random.Random(seed)
        syllables = [a + b + c for a in "bdfgklmnprstvz" for b in "aeiou" for c in ("", "n", "r", "s", "l")]
        made = random.Random(0)
        self.words = ["".join(made.choices(syllables, k=made.choice((1, 2, 2, 3, 3, 4)))) for _ in range(30_000)]
        self.weights = list(accumulate(1 / (rank + 10) for rank in range(len(self.words))))
        self.phrases = [self._words(made.choice((3, 4, 5, 6, 8))) for _ in range(2_000)]
        self.phrase_weights = list(accumulate(1 / (rank + 20) for rank in range(len(self.phrases))))

    def _words(self, number: int) -> str:
        return " ".join(self.chosen.choices(self.words, cum_weights=self.weights, k=number))

    def text(self) -> str:
        """Two to twelve sentences, in each of them now and then a phrase that others use too."""
        sentences = []
        for _ in range(self.chosen.choice((2, 3, 3, 4, 5, 7, 12))):
            words = self._words(self.chosen.randint(5, 16))
            if self.chosen.random() < 0.5:
                words += " " + self.chosen.choices(self.phrases, cum_weights=self.phrase_weights)[0]
            sentences.append(words.capitalize() + ".")
        return f"{self.chosen.randint(1, 31)} {' '.join(sentences)}"

    def like(self, given: str) -> str:
        """The same passed on: repeated, cut, or rewritten here and there."""
        kind = self.chosen.random()
        if kind < 0.4:
            return f"Forwarded from Channel\n{given}\n\nSubscribe: @channel"
        words = given.split()
        if kind < 0.7:
            return " ".join(words[: max(15, len(words) // 3)]) + "… Read in full"
        for _ in range(len(words) // 15):
            words[self.chosen.randrange(len(words))] = self._words(1)
        return self._words(6).capitalize() + "\n" + " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A database that grows."""

    engine: str
    database: Database

    def processor_seconds(self, server: int | None) -> float:
        """What this process and that of the server's that works for it have used."""
        used = time.process_time()
        if server is not None:
            used += int(Path(f"/proc/{server}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        return used

    def server(self) -> int | None:
        """The server's process at the other end of our connection."""
        if self.engine == "sqlite":
            return None
        with self.database.reading() as tx:
            return int(tx.execute(text("SELECT pg_backend_pid()")).scalar_one())

    def sizes(self) -> tuple[int, int]:
        """Bytes of everything, and of the index by which like posts are found."""
        with self.database.reading() as tx:
            if self.engine == "postgresql":
                total = tx.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
                return int(total), int(tx.execute(text("SELECT pg_total_relation_size('band')")).scalar_one())
            total = tx.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")).scalar()
            rows = tx.execute(text("SELECT count(*) FROM band")).scalar_one()
        return int(total or 0), 16 * int(rows)  # SQLite tells no table's size; a row has 12 to 16 bytes


# ── filling ────────────────────────────────────────────────────────────────────────────────────────────────


def filled(writer: Writer, start: int, end: int, recent: list[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    """Posts with numbers from `start` to before `end`, as they stand in an archive; `recent` is kept up to date."""
    for id_ in range(start, end):
        root = None
        if recent and id_ % REPOSTS == 0:
            root, said = writer.chosen.choice(recent[-A_DAY:])
            said = f"Forwarded from Channel\n{said}"
        else:
            said = writer.text()
            recent.append((id_, said))
        yield {
            "id": id_,
            "root": root,
            "text": said,
            "said": said_in(said),
            "at": BEGINNING + timedelta(days=id_ / A_DAY),
        }
    del recent[:-A_DAY]


def row_of(made: dict[str, Any]) -> dict[str, Any]:
    id_, root, said = made["id"], made["root"], made["text"]
    return {
        "id": id_,
        "source_id": id_ % SOURCES + 1,
        "story_id": root or id_,
        "relation": "repost" if root else "first",
        "relation_reason": "the same words" if root else "",
        "root_id": root,
        "of_id": root,
        "speaks": root is None,
        "guid": f"filled {id_}",
        "url": f"https://s{id_ % SOURCES}.example/news/{id_}",
        "url_key": id_.to_bytes(8, "big"),
        "content_hash": id_.to_bytes(16, "big"),
        "title": said[:80],
        "title_made": True,
        "text": said,
        "html": "",
        "summary": "",
        "stated_at": made["at"],
        "first_seen_at": made["at"],
        "hashtags": [],
        "categories": [],
        "media": [],
        "edited": False,
        "backlog": False,
        "revisions": 0,
        "taxonomy": "",
        "sketch": made["said"].sketch,
    }


def fill(archives: Sequence[Archive], made: Sequence[dict[str, Any]]) -> None:
    """Into both databases, past the poll loop: the rows are those that it would have made."""
    rows = [row_of(each) for each in made]
    stories = [{"id": row["id"], "created_at": row["first_seen_at"]} for row in rows]
    bands = [
        {"key": signed(key), "mute": each["root"] is not None, "day": day_of(each["at"]), "post_id": each["id"]}
        for each in made
        for key in set(each["said"].keys)
    ]
    bands.sort(key=lambda row: row["key"])
    for archive in archives:
        with archive.database.writing() as tx:
            for name, columns in (("story", stories), ("post", rows), ("band", bands)):
                into(tx, archive.engine, name, columns)
            if archive.engine == "postgresql":
                for name in ("story", "post"):
                    tx.execute(text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))"))


def into(tx: Transaction, engine: str, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows put in by the driver itself: the archive is no part of what is measured."""
    columns = ", ".join(rows[0])
    driver: Any = tx.connection.driver_connection
    if engine == "sqlite":
        marks = ", ".join("?" * len(rows[0]))

        def bound(value: Any) -> Any:
            if isinstance(value, datetime):
                return f"{value:%Y-%m-%d %H:%M:%S.%f}"
            return "[]" if value == [] else value

        values = (tuple(map(bound, row.values())) for row in rows)
        driver.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", values)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple("[]" if value == [] else value for value in row.values()))


def grow(archives: Sequence[Archive], *, copies: Sequence[int]) -> None:
    """Put the written posts into the archive again, so many times further back in time."""
    names = [column.name for column in table(PostRow).columns if column.name != "id"]
    for archive in archives:
        with archive.database.writing() as tx:
            driver: Any = tx.connection.driver_connection
            for copy in copies:
                ids, days = copy * STRIDE, copy * WRITTEN // A_DAY
                earlier = _EARLIER[archive.engine]
                own = {
                    "story_id": f"id - {ids}",
                    "root_id": f"root_id - {ids}",
                    "of_id": f"of_id - {ids}",
                    "guid": f"'copy {copy} of ' || guid",
                    "url_key": _BYTES[archive.engine].format(ids=ids),
                    "stated_at": earlier.format(column="stated_at", days=days),
                    "first_seen_at": earlier.format(column="first_seen_at", days=days),
                }
                columns = ", ".join(own.get(name, name) for name in names)
                moved = (
                    f"(CAST(key AS BIGINT) + 2147483648 + {copy} * CAST(40503001 AS BIGINT)) % 4294967296 - 2147483648"
                )
                for statement in (
                    f"INSERT INTO story (id, created_at) SELECT id - {ids}, '2025-01-01 00:00:00' FROM written",
                    f"INSERT INTO post (id, {', '.join(names)}) SELECT id - {ids}, {columns} FROM post "
                    "WHERE id IN (SELECT id FROM written)",
                    "INSERT INTO band (key, mute, day, post_id) "
                    f"SELECT CASE WHEN phrase THEN key ELSE {moved} END, mute, day - {days}, post_id - {ids} "
                    "FROM written_band ORDER BY 1",
                ):
                    driver.execute(statement)


def remember_written(archives: Sequence[Archive]) -> None:
    """The written posts and their keys, and which of these are those of phrases: more than three posts have them."""
    for archive in archives:
        with archive.database.writing() as tx:
            driver: Any = tx.connection.driver_connection
            driver.execute("CREATE TABLE written AS SELECT id FROM post WHERE guid LIKE 'filled %'")
            driver.execute(
                "CREATE TABLE written_band AS SELECT key, mute, day, post_id, "
                "count(*) OVER (PARTITION BY key) > 3 AS phrase FROM band WHERE post_id IN (SELECT id FROM written)"
            )


_BYTES = {
    "sqlite": "CAST(printf('%08d', id - {ids}) AS BLOB)",
    "postgresql": "decode(lpad(to_hex(id - {ids}), 16, '0'), 'hex')",
}
_EARLIER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', {column}, '-{days} days')",
    "postgresql": "{column} - interval '{days} days'",
}


# ── placing ────────────────────────────────────────────────────────────────────────────────────────────────


def arriving(writer: Writer, recent: Sequence[tuple[int, str]], *, at: datetime, salt: str) -> list[Post]:
    """New posts, a quarter of them like something of the last days."""
    found = []
    for number in range(PLACED):
        said = writer.like(writer.chosen.choice(recent)[1]) if number % 4 == 0 else writer.text()
        found.append(
            Post(
                guid=f"{salt} {number}",
                url=f"https://new.example/{salt}/{number}",
                title=said[:80],
                title_made=True,
                text=said,
                html="",
                stated_at=at,
                content_hash=number.to_bytes(16, "big"),
                fingerprint=None,
            )
        )
    return found


def placed(archive: Archive, brought: Sequence[Post], *, at: datetime) -> tuple[float, float, int]:
    """Milliseconds of processor time a post: of placing, and of the whole; and how many joined a story."""
    with archive.database.reading() as tx:
        every: list[Source] = sources.every(tx)
    server = archive.server()
    placing_seconds, joined = 0.0, 0
    begun = archive.processor_seconds(server)
    for start in range(0, len(brought), BATCH):
        part = brought[start : start + BATCH]
        with archive.database.writing() as tx:
            of = [every[(start + place) % SOURCES] for place in range(len(part))]
            newcomers = [
                placing.Newcomer(source_id=source.id, post=value, first_seen_at=at)
                for source, value in zip(of, part, strict=True)
            ]
            before = archive.processor_seconds(server)
            placing.learn(tx, newcomers, RULES)
            made = placing.plan(tx, newcomers, RULES)
            placing_seconds += archive.processor_seconds(server) - before
            arrivals = [
                posts.Arrival(
                    source=source, prepared=Prepared(post=value), placement=place, first_seen_at=at, backlog=False
                )
                for source, value, place in zip(of, part, made.placements, strict=True)
            ]
            ids = posts.add(tx, arrivals, now=at)
            before = archive.processor_seconds(server)
            placing.carry_out(tx, made, ids, now=at)
            placing_seconds += archive.processor_seconds(server) - before
            joined += sum(place.story > 0 for place in made.placements)
    whole = archive.processor_seconds(server) - begun
    return 1000 * placing_seconds / len(brought), 1000 * whole / len(brought), joined


def run(most: int, say: Callable[[str], None]) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        databases.fresh_url("sqlite", Path(directory)) as sqlite,
        databases.fresh_url("postgresql", Path(directory)) as postgresql,
    ):
        archives = [
            Archive(engine="sqlite", database=Database(sqlite)),
            Archive(engine="postgresql", database=Database(postgresql)),
        ]
        for archive in archives:
            schema.upgrade(archive.database)
            with archive.database.writing() as tx:
                for number in range(SOURCES):
                    one = Source(slug=f"s{number}", title="S", kind="feed", url=f"https://s{number}.example/")
                    sources.add(tx, one, now=BEGINNING)
        say(f"{'':12}     posts   placing     whole   ratios to 10,000   joined  bytes a post  of it keys")
        writer, recent, stored = Writer(1), [], 0
        first: dict[str, tuple[float, float]] = {}
        for size in (size for size in SIZES if size <= most):
            for start in range(stored, min(size, WRITTEN), FILLING):
                number = FIRST + start + (PLACED if stored else 0)  # past the posts that were placed
                fill(archives, list(filled(writer, number, number + FILLING, recent)))
            if size > WRITTEN:
                if stored < WRITTEN:
                    remember_written(archives)
                grow(archives, copies=range(max(1, stored // WRITTEN), size // WRITTEN))
            stored = size
            at = BEGINNING + timedelta(days=(FIRST + min(size, WRITTEN)) / A_DAY)
            for archive in archives:
                total, index = archive.sizes()
                if archive.engine == "postgresql":
                    with archive.database.writing() as tx:
                        tx.execute(text("ANALYZE"))
                brought = arriving(Writer(size), recent, at=at, salt=f"at {size}")
                one, whole, joined = placed(archive, brought, at=at)
                base = first.setdefault(archive.engine, (one, whole))
                say(
                    f"{archive.engine:12} {size:9,} {one:6.2f} ms {whole:6.2f} ms   "
                    f"{one / base[0]:8.2f} {whole / base[1]:7.2f} {joined:8}"
                    f" {total / size:13,.0f} {index / size:11,.0f}"
                )
        for archive in archives:
            archive.database.close()


if __name__ == "__main__":
    asked = sys.argv[1:]
    run(int(asked[asked.index("--most") + 1]) if "--most" in asked else SIZES[-1], lambda line: print(line, flush=True))
