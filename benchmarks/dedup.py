"""How well repeats are told from what is merely alike: `python -m benchmarks.dedup`.

Pairs of the labelled sets are judged as the service judges them: a pair counts as joined where the two texts, stored
one after the other, share a story in a real database. Printed are precision, recall and F1 by set, kind of pair and
language; pairs of one event told in other words are on the border and only counted. Streams are stored some posts at a
time in several random orders of arrival; printed are the F1 of pairs and B-cubed against the labels, and whether all
orders gave the same stories.

    python -m benchmarks.dedup             # everything
    python -m benchmarks.dedup pairs       # the pairs alone, `-v` with every pair that was judged wrongly
    python -m benchmarks.dedup streams
    python -m benchmarks.dedup pairs --set test    # another set of files: NAME.test.jsonl
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from monitor.core.model import Post, Prepared, Source
from monitor.core.stories import Rules
from monitor.store import placing, posts, schema, sources
from monitor.store.database import Database, Transaction
from tests.shared import SHARED

SETS = SHARED / "eval" / "dedup"
PAIRS = ("variants", "templates", "wire-ru", "wire-en", "tweets", "same-event", "translations")
STREAMS = ("stream", "articles-stream")
BARS = {"variants": 0.99, "templates": 0.95, "wire-ru": 0.92, "wire-en": 0.92, "tweets": 0.92}
STREAM_BAR = 0.97
ORDERS = 4
NEVER = ("other", "nearest")  # kinds of which none may be joined
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pair, what it is, and whether its texts came to share a story."""

    id: str
    kind: str
    lang: str
    same: bool | None  # None: on the border
    joined: bool


def records(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@contextmanager
def fresh_database() -> Iterator[tuple[Database, list[Source]]]:
    """An empty database with two sources."""
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{Path(directory) / 'monitor.db'}")
        schema.upgrade(database)
        with database.writing() as tx:
            for slug in ("a", "b"):
                sources.add(tx, Source(slug=slug, title=slug, kind="feed", url=f"https://{slug}.example/"), now=NOW)
            found = sources.every(tx)
        yield database, found
        database.close()


def post(id_: str, text: str, language: str) -> Post:
    """A post of nothing but a text, as a channel's are."""
    return Post(
        guid=id_,
        url=None,
        title=text[:80],
        title_made=True,
        text=text,
        html="",
        language=language,
        stated_at=NOW,
        content_hash=blake2b(text.encode(), digest_size=16).digest(),
        fingerprint=None,
    )


def store(tx: Transaction, batch: Sequence[tuple[Source, Post]]) -> list[int]:
    """Posts stored as a poll stores them; gives their numbers."""
    newcomers = [placing.Newcomer(source_id=source.id, post=value, first_seen_at=NOW) for source, value in batch]
    made = placing.plan(tx, newcomers, Rules())
    arrivals = [
        posts.Arrival(
            source=source, prepared=Prepared(post=value), placement=placement, first_seen_at=NOW, backlog=False
        )
        for (source, value), placement in zip(batch, made.placements, strict=True)
    ]
    ids = posts.add(tx, arrivals, now=NOW)
    placing.carry_out(tx, made, ids, now=NOW)
    return [id_ for id_ in ids if id_ is not None]


# ── pairs ──────────────────────────────────────────────────────────────────────────────────────────────────


def judged(rows: Sequence[dict[str, Any]]) -> list[Judged]:
    """Each pair stored by itself."""
    found = []
    with fresh_database() as (database, (a, b)):
        for row in rows:
            with database.writing() as tx:
                first, _, second = row["lang"].partition("-")
                one, other = post("a", row["a"], first), post("b", row["b"], second or first)
                ids = [*store(tx, [(a, one)]), *store(tx, [(b, other)])]
                stories = {stored.story_id for id_ in ids if (stored := posts.get(tx, id_)) is not None}
                tx.rollback()
            border = row["same"] is None or (not row["same"] and row["same_story"])
            found.append(
                Judged(
                    id=row["id"],
                    kind=row["kind"].partition(":")[0],
                    lang=row["lang"],
                    same=None if border else row["same"],
                    joined=len(stories) == 1,
                )
            )
    return found


def measures(pairs: Sequence[Judged]) -> tuple[float, float, float]:
    """Precision, recall and F1; 1 where there was nothing to find or nothing was found."""
    right = sum(pair.joined for pair in pairs if pair.same)
    joined = sum(pair.joined for pair in pairs if pair.same is not None)
    same = sum(pair.same is True for pair in pairs)
    precision, recall = right / joined if joined else 1.0, right / same if same else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def lines_of(name: str, pairs: Sequence[Judged]) -> Iterator[str]:
    yield row_of(name, pairs, bar=BARS.get(name))
    by: tuple[tuple[str, Callable[[Judged], str]], ...] = (("kind", lambda p: p.kind), ("lang", lambda p: p.lang))
    for what, key in by:
        groups = sorted({key(pair) for pair in pairs})
        if len(groups) > 1:
            for group in groups:
                yield row_of(f"  {what} {group}", [pair for pair in pairs if key(pair) == group])


def row_of(name: str, pairs: Sequence[Judged], *, bar: float | None = None) -> str:
    counted = [pair for pair in pairs if pair.same is not None]
    border = [pair for pair in pairs if pair.same is None]
    line = f"{name:28} {len(counted):5}"
    if any(pair.same for pair in counted):
        line += " {:9.3f} {:7.3f} {:6.3f}".format(*measures(counted))
    else:
        line += f" {'':9} {'':7} {'':6}"
    line += f" {sum(p.joined for p in counted if not p.same):6} {sum(not p.joined for p in counted if p.same):6}"
    line += f"   {sum(pair.joined for pair in border):3} of {len(border)}" if border else ""
    if bar is not None:
        line += f"   bar {bar}: {'held' if measures(counted)[2] >= bar else 'MISSED'}"
    return line


# ── streams ────────────────────────────────────────────────────────────────────────────────────────────────


def streamed(rows: Sequence[dict[str, Any]], *, seed: int, batch: int = 25) -> dict[str, int]:
    """The story of each post after all were stored in a random order, some at a time."""
    order = [(row, place % 2) for place, row in enumerate(rows)]  # half of them of each source
    random.Random(seed).shuffle(order)
    found: dict[str, int] = {}
    with fresh_database() as (database, (a, b)):
        numbers: dict[int, str] = {}
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            with database.writing() as tx:
                brought = [(b if odd else a, post(row["id"], row["text"], row["lang"])) for row, odd in part]
                numbers |= dict(zip(store(tx, brought), (row["id"] for row, _ in part), strict=True))
        with database.reading() as tx:
            for stored in posts.each(tx, since=NOW):
                found[numbers[stored.id]] = stored.story_id
    return found


def groups(of: dict[str, Any]) -> set[frozenset[str]]:
    """Which posts share a value."""
    together: defaultdict[Hashable, set[str]] = defaultdict(set)
    for id_, value in of.items():
        together[value].add(id_)
    return {frozenset(members) for members in together.values()}


def pair_f1(found: dict[str, int], labels: dict[str, Any]) -> float:
    """Of the pairs of posts that share a story."""

    def pairs(of: Iterable[Hashable]) -> int:
        return sum(number * (number - 1) // 2 for number in Counter(of).values())

    both = pairs((found[id_], labels[id_]) for id_ in found)
    joined, same = pairs(found.values()), pairs(labels[id_] for id_ in found)
    return 2 * both / (joined + same) if joined + same else 1.0


def b_cubed(found: dict[str, int], labels: dict[str, Any]) -> float:
    """F1 of precision and recall averaged over posts (Bagga and Baldwin, 1998)."""
    both = Counter((found[id_], labels[id_]) for id_ in found)
    joined, same = Counter(found.values()), Counter(labels[id_] for id_ in found)
    precision = sum(both[found[i], labels[i]] / joined[found[i]] for i in found) / len(found)
    recall = sum(both[found[i], labels[i]] / same[labels[i]] for i in found) / len(found)
    return 2 * precision * recall / (precision + recall)


# ── the tables ─────────────────────────────────────────────────────────────────────────────────────────────


def pairs_table(edition: str, *, verbose: bool) -> Iterator[str]:
    yield f"{'pairs':28} {'':5} precision  recall     F1 wrong+ wrong-   border"
    for name in PAIRS:
        path = SETS / f"{name}.{edition}.jsonl"
        if not path.exists():
            continue
        pairs = judged(records(path))
        yield from lines_of(name, pairs)
        never = [pair.id for pair in pairs if pair.kind in NEVER and pair.joined and name == "variants"]
        if name == "variants":
            yield f"  joined of {' and '.join(NEVER)}: {len(never)}   bar 0: {'MISSED' if never else 'held'}"
        if verbose:
            yield from (
                f"    {'joined' if pair.joined else 'apart '} {pair.id} {pair.kind}"
                for pair in pairs
                if pair.same is not None and pair.same != pair.joined
            )


def streams_table(edition: str) -> Iterator[str]:
    yield f"{'stream':28} posts  stories  pair F1  B-cubed"
    for name in STREAMS:
        path = SETS / f"{name}.{edition}.jsonl"
        if not path.exists():
            continue
        rows = records(path)
        labels = {row["id"]: row["story"] for row in rows}
        first: set[frozenset[str]] | None = None
        alike = True
        for seed in range(ORDERS):
            found = streamed(rows, seed=seed, batch=(1, 25, 100, 25)[seed % 4])
            first = groups(found) if first is None else first
            alike = alike and groups(found) == first
            pair, cubed = pair_f1(found, labels), b_cubed(found, labels)
            held = "held" if min(pair, cubed) >= STREAM_BAR else "MISSED"
            yield f"{name} in order {seed}".ljust(28) + (
                f" {len(rows):5} {len(groups(found)):8} {pair:8.4f} {cubed:8.4f}   bar {STREAM_BAR}: {held}"
            )
        yield f"  the same stories in every order: {'yes' if alike else 'NO'}"


if __name__ == "__main__":
    asked = sys.argv[1:]
    edition_ = asked[asked.index("--set") + 1] if "--set" in asked else "dev"
    if "streams" not in asked:
        for printed in pairs_table(edition_, verbose="-v" in asked):
            print(printed, flush=True)
    if "pairs" not in asked:
        for printed in streams_table(edition_):
            print(printed, flush=True)
