"""How many posts each tag has on each day: counted once a day is over, kept, and read by digests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, select

from monitor.core.model import Facet
from monitor.core.trends import ALL, Key
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import PostRow, TagDayRow, TagRow, table

post, tag, counted = table(PostRow), table(TagRow), table(TagDayRow)

SETTLED = timedelta(hours=1)  # after its end a day may still get posts: polls store them a little after seeing them

Days = dict[date, Mapping[Key, int]]


def between(tx: Transaction, *, since: datetime, until: datetime) -> dict[Key, int]:
    """Posts first seen in [since, until), backlog left out, by the tags they are about; all of them under ALL."""
    in_time = (post.c.first_seen_at >= since) & (post.c.first_seen_at < until) & post.c.backlog.is_(False)
    by_tag = (
        select(tag.c.facet, tag.c.slug, func.count().label("posts"))
        .join(post, post.c.id == tag.c.post_id)
        .where(in_time, tag.c.main.is_(True), tag.c.facet != Facet.ISSUER.value)
        .group_by(tag.c.facet, tag.c.slug)
    )
    found = {(row.facet, row.slug): int(row.posts) for row in tx.execute(by_tag)}
    return found | {ALL: int(tx.execute(select(func.count()).select_from(post).where(in_time)).scalar_one())}


def daily(tx: Transaction, days: Sequence[date], *, now: datetime) -> Days:
    """What `between` gives for each of the days; those that are not kept yet are counted anew. Reads only."""
    found = _kept(tx, days)
    for day in _uncounted(tx, days, now=now):
        found[day] = between(tx, **_limits(day))
    return found


def keep(tx: Transaction, days: Iterable[date], *, now: datetime) -> int:
    """Count those of the days that are over and were not counted. Gives how many."""
    new = _uncounted(tx, list(days), now=now)
    rows = [
        {"day": day, "facet": facet, "slug": slug, "posts": posts}
        for day in new
        for (facet, slug), posts in between(tx, **_limits(day)).items()
    ]
    insert_new(tx, counted, rows, key=("day", "facet", "slug"))
    return len(new)


def recount(tx: Transaction) -> None:
    """Count all days anew when they are asked for next: posts got other tags."""
    tx.execute(delete(counted))


def _kept(tx: Transaction, days: Sequence[date]) -> Days:
    found: defaultdict[date, dict[Key, int]] = defaultdict(dict)
    if days:
        for row in tx.execute(select(counted).where(counted.c.day >= min(days), counted.c.day <= max(days))):
            found[row.day][row.facet, row.slug] = row.posts
    return {day: counts for day, counts in found.items() if ALL in counts}


def _uncounted(tx: Transaction, days: Sequence[date], *, now: datetime) -> list[date]:
    over = [day for day in days if _limits(day)["until"] + SETTLED <= now]
    done = set(tx.execute(select(counted.c.day).where(counted.c.day.in_(over), counted.c.facet == "")).scalars())
    return [day for day in over if day not in done]


def _limits(day: date) -> dict[str, datetime]:
    begin = datetime.combine(day, time(), UTC)
    return {"since": begin, "until": begin + timedelta(days=1)}
