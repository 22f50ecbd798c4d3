"""Stories as people ask for them: listed, shown, put right by hand, and worked out anew from all posts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from monitor.core.errors import MonitorError
from monitor.core.model import Authority
from monitor.core.ownwords import edges
from monitor.core.stories import Member, Relation, Rules, moment
from monitor.store import habits, placing
from monitor.store.database import Transaction, insert_or_update
from monitor.store.posts import chunks
from monitor.store.tables import BandRow, PostRow, RulingRow, SourceRow, StoryRow, table

post, story, source = table(PostRow), table(StoryRow), table(SourceRow)
ruling, band = table(RulingRow), table(BandRow)

BATCH = 250  # posts that a rebuild places together


class StoryError(MonitorError):
    """What was asked cannot be done with this story; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A story in a list."""

    id: int
    title: str  # of its representative
    posts: int
    sources: int
    first_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What working out all stories anew has changed."""

    posts: int
    stories: int
    moved: int  # posts that are in another story now


def latest(
    tx: Transaction, *, limit: int, since: datetime | None = None, source_slug: str | None = None, least: int = 2
) -> list[Listed]:
    """Stories of at least `least` posts, those first that a post came to last."""
    counted = (
        select(
            post.c.story_id,
            func.count().label("posts"),
            func.count(post.c.source_id.distinct()).label("sources"),
            func.max(post.c.first_seen_at).label("last_seen_at"),
        )
        .group_by(post.c.story_id)
        .having(func.count() >= least)
        .order_by(func.max(post.c.first_seen_at).desc(), post.c.story_id.desc())
        .limit(limit)
    )
    if since is not None:
        lately = select(post.c.story_id).where(post.c.first_seen_at >= since)
        counted = counted.where(post.c.story_id.in_(lately))
    if source_slug is not None:
        of_source = select(post.c.story_id).join(source, source.c.id == post.c.source_id)
        counted = counted.where(post.c.story_id.in_(of_source.where(source.c.slug == source_slug)))
    rows = tx.execute(counted).all()
    members = members_of(tx, [row.story_id for row in rows])
    return [
        Listed(
            id=row.story_id,
            title=_representative(members[row.story_id]).title,
            posts=row.posts,
            sources=row.sources,
            first_at=members[row.story_id][0].at,
            last_seen_at=row.last_seen_at,
        )
        for row in rows
    ]


def members_of(tx: Transaction, story_ids: Iterable[int]) -> dict[int, list[Member]]:
    """All posts of each story, in order of time."""
    found: defaultdict[int, list[Member]] = defaultdict(list)
    query = select(
        post.c.id,
        post.c.story_id,
        post.c.url,
        post.c.title,
        post.c.language,
        post.c.stated_at,
        post.c.first_seen_at,
        post.c.relation,
        post.c.relation_reason,
        post.c.of_id,
        post.c.revisions,
        post.c.withdrawn_at,
        source.c.slug,
        source.c.title.label("source_title"),
        source.c.authority,
        source.c.organisation,
        source.c.country,
    ).join(source, source.c.id == post.c.source_id)
    for part in chunks(sorted(set(story_ids))):
        for row in tx.execute(query.where(post.c.story_id.in_(part))):
            found[row.story_id].append(_member(row))
    return {id_: sorted(members, key=lambda each: (each.at, each.post_id)) for id_, members in found.items()}


def where_now(tx: Transaction, story_id: int) -> int | None:
    """The number of a story, of the one that it was merged into, or None where there was none."""
    seen: set[int] = set()
    current: int | None = story_id
    while current is not None and current not in seen:
        seen.add(current)
        row = tx.execute(select(story.c.id, story.c.merged_into).where(story.c.id == current)).first()
        if row is None:
            return None
        if row.merged_into is None:
            return current
        current = row.merged_into
    return current


def ruled(tx: Transaction, post_ids: Collection[int]) -> set[int]:
    """Those of the posts that a person has put where they are."""
    found: set[int] = set()
    for part in chunks(sorted(post_ids)):
        found.update(tx.execute(select(ruling.c.post_id).where(ruling.c.post_id.in_(part))).scalars())
    return found


# ── by hand ────────────────────────────────────────────────────────────────────────────────────────────────


def split(tx: Transaction, story_id: int, post_ids: Collection[int], rules: Rules, *, now: datetime) -> int:
    """Take posts out of a story into one of their own, and keep it so. Gives the number of the new story."""
    members = members_of(tx, [story_id]).get(story_id, [])
    there = {member.post_id for member in members}
    if strangers := sorted(set(post_ids) - there):
        raise StoryError(f"post {strangers[0]} is not in story {story_id}; see: monitor stories show {story_id}")
    left = [member for member in members if member.post_id not in post_ids]
    if not left:
        raise StoryError(f"these are all posts of story {story_id}: nothing would be left of it")
    taken = [member for member in members if member.post_id in post_ids]
    root, own = _representative(left).post_id, _representative(taken).post_id
    placed = {member.post_id: root for member in left} | {member.post_id: own for member in taken}
    _rule(tx, placed, rules, keep={root: story_id}, now=now)
    return int(tx.execute(select(post.c.story_id).where(post.c.id == own)).scalar_one())


def merge(tx: Transaction, story_id: int, others: Collection[int], rules: Rules, *, now: datetime) -> int:
    """Put all posts of other stories into this one, and keep it so. Gives how many posts it has now."""
    wanted = {story_id, *others}
    members = members_of(tx, wanted)
    if missing := sorted(wanted - members.keys()):
        raise StoryError(f"there is no story {missing[0]}; see: monitor stories list")
    if len(wanted) < 2:
        raise StoryError(f"a story cannot be merged with itself: name another one beside {story_id}")
    root = _representative(members[story_id]).post_id
    placed = {member.post_id: root for every in members.values() for member in every}
    _rule(tx, placed, rules, keep={root: story_id}, now=now)
    return len(placed)


def _rule(tx: Transaction, placed: dict[int, int], rules: Rules, *, keep: dict[int, int], now: datetime) -> None:
    rows = [{"post_id": id_, "put_to": root, "since": now} for id_, root in placed.items()]
    insert_or_update(tx, ruling, rows, key=("post_id",), update=("put_to", "since"))
    made = placing.plan(tx, [], rules, again=placed, keep=keep)
    placing.carry_out(tx, made, [], now=now)


# ── anew ───────────────────────────────────────────────────────────────────────────────────────────────────


def rebuild(
    tx: Transaction, rules: Rules, *, now: datetime, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Rebuilt:
    """Work out all stories from the posts as they are now. What a person has decided stays.

    The same posts give the same stories. Numbers stay with the story that most of their posts are in.
    """
    before = {row.id: row.story_id for row in tx.execute(select(post.c.id, post.c.story_id))}
    tx.execute(delete(band))
    tx.execute(update(post).values(root_id=None, of_id=None, speaks=False, relation=Relation.FIRST.value))
    _count_habits(tx)
    # Long texts first: what stands for others is there when the others come, and little has to be moved.
    ids = list(tx.execute(select(post.c.id).order_by(func.length(post.c.text).desc(), post.c.id)).scalars())
    root_of: dict[int, int] = {}
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        for id_, standing in placing.place_again(tx, batch, rules).items():
            root_of[id_] = standing.root
        progress(min(start + BATCH, len(ids)), len(ids))
    after = _numbered(tx, root_of, before, now=now)
    moved = [{"of_post": id_, "story_id": after[id_]} for id_ in before if after[id_] != before[id_]]
    if moved:
        tx.execute(update(post).where(post.c.id == bindparam("of_post")), moved)
    _mark_merged(tx, before, after)
    return Rebuilt(posts=len(before), stories=len(set(after.values())), moved=len(moved))


def _count_habits(tx: Transaction) -> None:
    habits.unlearn(tx)
    tx.execute(update(post).values(sketch=None))  # as it may say other words
    last = 0
    columns = (post.c.id, post.c.source_id, post.c.first_seen_at, *placing.SAID)
    while rows := tx.execute(select(*columns).where(post.c.id > last).order_by(post.c.id).limit(BATCH)).all():
        day = placing.day_of(rows[-1].first_seen_at)
        habits.counted(tx, [(row.source_id, edges(placing.said(row))) for row in rows], day=day)
        last = rows[-1].id


def _numbered(tx: Transaction, root_of: dict[int, int], before: dict[int, int], *, now: datetime) -> dict[int, int]:
    """The story of each post: the number that most posts of a root had, where no bigger share of it went elsewhere."""
    together: defaultdict[int, list[int]] = defaultdict(list)
    for id_, root in root_of.items():
        together[root].append(id_)
    claims = sorted(
        (-number, old, root)
        for root, ids in together.items()
        for old, number in Counter(before[id_] for id_ in ids).items()
    )
    number_of: dict[int, int] = {}
    taken: set[int] = set()
    for _, old, root in claims:
        if root not in number_of and old not in taken:
            number_of[root] = old
            taken.add(old)
    for root in sorted(together.keys() - number_of.keys()):
        number_of[root] = tx.execute(insert(story).values(created_at=now).returning(story.c.id)).scalar_one()
    return {id_: number_of[root] for id_, root in root_of.items()}


def _mark_merged(tx: Transaction, before: dict[int, int], after: dict[int, int]) -> None:
    alive = set(after.values())
    went: dict[int, int] = {}
    for id_, old in before.items():
        if old not in alive:
            went.setdefault(old, after[id_])
    if went:
        rows = [{"of_story": old, "merged_into": new} for old, new in went.items()]
        tx.execute(update(story).where(story.c.id == bindparam("of_story")), rows)
    for part in chunks(sorted(alive)):
        tx.execute(update(story).where(story.c.id.in_(part), story.c.merged_into.is_not(None)).values(merged_into=None))


# ── values and columns ─────────────────────────────────────────────────────────────────────────────────────


def _representative(members: Sequence[Member]) -> Member:
    return next((member for member in members if member.relation is Relation.FIRST), members[0])


def _member(row: Any) -> Member:
    return Member(
        post_id=row.id,
        source_slug=row.slug,
        source_title=row.source_title,
        authority=Authority(row.authority),
        issuer=row.organisation or row.country or row.slug,
        url=row.url,
        title=row.title,
        language=row.language,
        at=moment(row.stated_at, row.first_seen_at),
        relation=Relation(row.relation),
        reason=row.relation_reason,
        of=row.of_id,
        revisions=row.revisions,
        withdrawn_at=row.withdrawn_at,
    )
