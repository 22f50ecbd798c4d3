"""What a source says at the beginning or end of its posts over and over: learnt, and no longer taken for text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select, update

from monitor.core.ownwords import line_key
from monitor.store.database import Transaction, asked_for, insert_or_update
from monitor.store.posts import CHUNK, chunks
from monitor.store.tables import HabitRow, table

habit = table(HabitRow)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEARNT_FROM = 5  # posts of a source that have a line
FORGOTTEN_AFTER = 60  # days; a line that fewer posts had in that time is no habit

_LEARNT = select(habit.c.source_id, habit.c.line).where(
    habit.c.source_id.in_(bindparam("sources", expanding=True)), habit.c.learnt
)

Line = tuple[int, bytes]
"""A source and the `line_key` of one of its lines."""


def learnt(tx: Transaction, source_ids: Collection[int]) -> dict[int, frozenset[bytes]]:
    """The lines that say nothing, by source."""
    found: defaultdict[int, set[bytes]] = defaultdict(set)
    for part in chunks(sorted(source_ids)):
        for source_id, line in tx.execute(_LEARNT, {"sources": part}):
            found[source_id].add(line)
    return {source_id: frozenset(lines) for source_id, lines in found.items()}


def counted(tx: Transaction, edges: Iterable[tuple[int, Iterable[bytes]]], *, day: int) -> set[Line]:
    """Count the lines of new posts, given as source and `edges`; gives those that are habits from now on."""
    brought: Counter[Line] = Counter()
    for source_id, lines in edges:
        brought.update((source_id, line) for line in lines)
    if not brought:
        return set()
    known: dict[Line, tuple[int, bool]] = {}
    for part in chunks(sorted(brought), CHUNK // 2):
        asked, is_asked = asked_for(part, habit.c.source_id, habit.c.line)
        for row in tx.execute(select(habit).join_from(asked, habit, is_asked)):
            known[row.source_id, row.line] = (row.posts, row.learnt)
    rows, new = [], set()
    for line, number in brought.items():
        before, is_learnt = known.get(line, (0, False))
        if is_learnt:
            continue
        becomes = before + number >= LEARNT_FROM
        if becomes:
            new.add(line)
        source_id, key = line
        rows.append({"source_id": source_id, "line": key, "posts": before + number, "learnt": becomes, "day": day})
    insert_or_update(tx, habit, rows, key=("source_id", "line"), update=("posts", "learnt", "day"))
    return new


def forget(tx: Transaction, *, now: datetime) -> None:
    """Clear away lines that too few posts had, to be called now and then."""
    before = (now - EPOCH).days - FORGOTTEN_AFTER
    tx.execute(delete(habit).where(habit.c.learnt.is_(False), habit.c.day < before))


def unlearn(tx: Transaction) -> None:
    """Forget everything, before all is counted anew."""
    tx.execute(update(habit).values(posts=0, learnt=False))


def has(text: str, lines: Collection[bytes]) -> bool:
    """Whether a text has one of the lines."""
    return any(line_key(line) in lines for line in text.split("\n") if line and not line.isspace())
