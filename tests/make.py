"""Values for tests: whole ones, of which a test states only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from typing import Any

from monitor.core.model import (
    Content,
    Evidence,
    Facet,
    Field,
    Match,
    Memory,
    Outcome,
    Poll,
    Post,
    Prepared,
    Reading,
    Schedule,
    Source,
    StoredPost,
    Subscription,
    Tag,
    Voice,
    Watch,
)
from monitor.core.stories import Placement, Relation, Rules
from monitor.store import placing, posts, sources, subscriptions, watches
from monitor.store.database import Database, Transaction

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
"""When tests take place: a Monday morning."""


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def digest_of(text: str, size: int = 16) -> bytes:
    return blake2b(text.encode(), digest_size=size).digest()


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────


def source(slug: str = "mfa", **given: Any) -> Source:
    default = {"title": slug.upper(), "kind": "feed", "url": f"https://{slug}.example/rss.xml"}
    return Source(slug=slug, **(default | given))


def post(guid: str = "1", **given: Any) -> Post:
    default = {
        "url": f"https://mfa.example/news/{guid}",
        "title": f"Statement {guid}",
        "text": f"Text of statement {guid}.",
        "html": f"<p>Text of statement {guid}.</p>",
        "fingerprint": None,
    }
    if given.get("fingerprint") is not None:  # the same words under every title
        text = " ".join(f"word{byte:02x}" for byte in given["fingerprint"])
        default |= {"title_made": True, "text": text, "html": f"<p>{text}</p>"}
    values = default | given
    values.setdefault("content_hash", digest_of(f"{values['title']}\n{values['text']}"))
    return Post(guid=guid, **values)


def prepared(guid: str = "1", *, tags: Sequence[Tag] = (), matches: Sequence[Match] = (), **given: Any) -> Prepared:
    return Prepared(post=post(guid, **given), tags=tuple(tags), matches=tuple(matches))


def evidence(words: str = "Statement", **given: Any) -> Evidence:
    return Evidence(**({"field": Field.TITLE, "offset": 0, "words": words, "rule": "name"} | given))


def tag(slug: str = "osce", facet: Facet = Facet.ORGANISATION, *, main: bool = True, weight: float = 0.5) -> Tag:
    return Tag(facet=facet, slug=slug, main=main, weight=weight, evidence=(evidence(),))


def match(slug: str) -> Match:
    return Match(watch=slug, evidence=(evidence(rule="phrase"),))


def watch(slug: str = "sanctions", **given: Any) -> Watch:
    return Watch(slug=slug, **({"title": slug.capitalize(), "query": slug} | given))


def subscription(slug: str = "desk", **given: Any) -> Subscription:
    default = {
        "title": "The desk",
        "channel": "mailbox",
        "recipients": ("desk@example.org",),
        "schedule": Schedule(timezone="Europe/Vienna", times=(time(7, 30),)),
    }
    return Subscription(slug=slug, **(default | given))


def content(subject: str = "Digest") -> Content:
    return Content(subject=subject, text="Text", html="<p>Text</p>")


def poll(of: Source, *, at: datetime = NOW, outcome: Outcome = Outcome.KNOWN, **given: Any) -> Poll:
    """A poll that took one second and ended at `at`."""
    default = {"memory": Memory(polled_before=True), "started_at": at - timedelta(seconds=1), "finished_at": at}
    return Poll(source=of, outcome=outcome, **(default | given))


def reading(*brought: Prepared, **given: Any) -> Reading:
    return Reading(**({"posts": brought, "entries": len(brought), "seen": b""} | given))


def stored(id_: int = 1, *, story: int | None = None, by: Source | None = None, **given: Any) -> StoredPost:
    """A post as the store gives it back, for decisions that need no store. What is not known here is the post's."""
    own = {
        name: given.pop(name) for name in ("first_seen_at", "backlog", "tags", "matches", "revisions") if name in given
    }
    return StoredPost(
        id=id_,
        source=by or source(),
        story_id=id_ if story is None else story,
        post=post(str(id_), **given),
        **({"first_seen_at": NOW, "backlog": False} | own),
    )


def voice(of: StoredPost, *, first: datetime | None = None) -> Voice:
    at = min(of.post.stated_at or of.first_seen_at, of.first_seen_at)
    return Voice(
        post_id=of.id,
        source_slug=of.source.slug,
        source_title=of.source.title,
        authority=of.source.authority,
        url=of.post.url,
        at=at,
        lag=at - (first or at),
    )


# ── things in a store ──────────────────────────────────────────────────────────────────────────────────────


def stored_source(database: Database, slug: str = "mfa", *, now: datetime = NOW, **given: Any) -> Source:
    with database.writing() as tx:
        sources.add(tx, source(slug, **given), now=now)
        return find_source(tx, slug)


def find_source(tx: Transaction, slug: str) -> Source:
    return next(found for found in sources.every(tx) if found.slug == slug)


def find_source_or_store(database: Database, slug: str) -> Source:
    with database.reading() as tx:
        found = [source for source in sources.every(tx) if source.slug == slug]
    return found[0] if found else stored_source(database, slug)


def stored_watch(database: Database, slug: str, **given: Any) -> Watch:
    with database.writing() as tx:
        watches.put(tx, watch(slug, **given), now=NOW)
        return next(found for found in watches.every(tx) if found.slug == slug)


def stored_subscription(
    database: Database, slug: str = "desk", *, next_due_at: datetime = NOW, now: datetime = NOW, **given: Any
) -> Subscription:
    with database.writing() as tx:
        subscriptions.put(tx, subscription(slug, **given), next_due_at=next_due_at, now=now)
        found = subscriptions.get(tx, slug)
    assert found is not None
    return found


def arrival(
    by: Source, brought: Prepared, *, story: int = -1, at: datetime = NOW, backlog: bool = False
) -> posts.Arrival:
    relation = Relation.FIRST if story < 0 else Relation.REPOST
    return posts.Arrival(
        source=by,
        prepared=brought,
        placement=Placement(story=story, relation=relation, reason=""),
        first_seen_at=at,
        backlog=backlog,
    )


def arrivals(by: Source, brought: Iterable[Prepared], *, at: datetime = NOW) -> list[posts.Arrival]:
    """Posts that each open a story of their own."""
    return [arrival(by, one, story=-number, at=at) for number, one in enumerate(brought, start=1)]


def arrive(
    database: Database, by: Source, *brought: Prepared, at: datetime = NOW, backlog: bool = False
) -> list[StoredPost]:
    """Store posts as a poll does, placed among what is stored; give them back in order."""
    with database.writing() as tx:
        newcomers = [placing.Newcomer(source_id=by.id, post=one.post, first_seen_at=at) for one in brought]
        plan = placing.plan(tx, newcomers, Rules())
        coming = [
            posts.Arrival(source=by, prepared=one, placement=placement, first_seen_at=at, backlog=backlog)
            for one, placement in zip(brought, plan.placements, strict=True)
        ]
        placing.carry_out(tx, plan, posts.add(tx, coming, now=at), now=at)
        ids = posts.known(tx, [(by.id, one.post.guid) for one in brought])
        found = [posts.get(tx, ids[by.id, one.post.guid].id) for one in brought]
    return [one for one in found if one is not None]
