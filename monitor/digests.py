"""The compile loop: subscription due → select → fold → group → render → messages, with what they covered.

Read `compile_due` first. Reading and rendering happen before the transaction, which then only checks that nobody else
compiled this edition meanwhile: a slow template never holds the database's write lock. A post that arrives in between
is simply not covered, and stands in the next edition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core import schedule
from monitor.core.changes import news
from monitor.core.digest import Labels, digest, items, wanted
from monitor.core.model import Clock, Content, Digest, StoredPost, Subscription
from monitor.logs import get_logger
from monitor.store import digests, outbox, posts, subscriptions, watches
from monitor.store.database import Database, Transaction

log = get_logger()

LOOKBACK = timedelta(days=1)  # what a subscription's first digest may reach back before the subscription was made
MARGIN = timedelta(hours=1)  # a poll may store posts a little later than it first saw them

Render = Callable[[Digest], Content]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop is built from."""

    database: Database
    labels: Labels
    render: Render
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A digest with the posts it settles: those shown, those folded, and late reposts of stories given before."""

    digest: Digest
    given: tuple[StoredPost, ...]

    @property
    def is_empty(self) -> bool:
        return not self.digest.sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What became of one due subscription."""

    subscription: Subscription
    edition: Edition
    messages: int  # put into the outbox; 0 for a quiet day that nobody asked to hear of


async def compile_due(parts: Parts) -> list[Compiled]:
    """Compile an edition for every due subscription; one, however many due times went by unserved."""
    due = await parts.database.read(lambda tx: subscriptions.due(tx, now=parts.clock()))
    compiled = []
    for subscription in due:
        try:
            done = await compile_one(parts, subscription, due_at=subscription.next_due_at)
        except Exception:
            # One subscription's bug must not cost the others theirs; it stays due and is tried again at the next tick.
            log.exception("compile-bug", subscription=subscription.slug)
            continue
        if done is not None:
            compiled.append(done)
    return compiled


async def compile_one(parts: Parts, subscription: Subscription, *, due_at: datetime | None = None) -> Compiled | None:
    """Compile one edition, out of turn where no due time is given. None where another process was faster."""
    now = parts.clock()
    at = due_at or now
    edition = await parts.database.read(
        lambda tx: select_edition(tx, subscription, labels=parts.labels, due_at=at, now=now)
    )
    sends = subscription.send_empty or not edition.is_empty
    content = await asyncio.to_thread(parts.render, edition.digest) if sends else None
    done = await parts.database.write(lambda tx: settle(tx, edition, content, now=now))
    if not done:
        return None
    messages = len(subscription.recipients) if content else 0
    coverage = edition.digest.coverage
    log.info(
        "compiled",
        subscription=subscription.slug,
        stories=coverage.stories,
        folded=coverage.folded,
        sources=coverage.sources,
        checked=coverage.checked,
        messages=messages,
    )
    return Compiled(subscription=subscription, edition=edition, messages=messages)


def select_edition(
    tx: Transaction, subscription: Subscription, *, labels: Labels, due_at: datetime, now: datetime
) -> Edition:
    """What was not yet given to this subscription, folded into stories. Reads only: also the preview."""
    since = covers_since(subscription, now=now)
    fresh = digests.uncovered(tx, subscription, since=_search_since(subscription, since), until=now)
    chosen = [stored for stored in fresh if wanted(subscription.selection, stored)]
    given_before = digests.given_before(tx, subscription, (stored.story_id for stored in chosen))
    late = [stored for stored in chosen if stored.story_id in given_before]
    anew = digests.told_anew(tx, (stored.id for stored in late))
    new_in = {
        stored.id: found
        for stored in late
        if stored.id in anew and (found := news(stored.post.text, given_before[stored.story_id]))
    }
    shown = [stored for stored in chosen if stored.story_id not in given_before or stored.id in new_in]
    stories = items(shown, posts.voices(tx, (stored.story_id for stored in shown)), news=new_in)
    coverage = digests.coverage(
        tx,
        since=since,
        until=now,
        selected=len(chosen),
        folded=len(chosen) - len(stories),
        stories=len(stories),
        subscription=subscription,
    )
    compiled = digest(
        subscription,
        stories,
        due_at=due_at,
        compiled_at=now,
        coverage=coverage,
        watches=[watch for watch in watches.every(tx) if watch.in_digests and not watch.is_list],
        labels=labels,
    )
    return Edition(digest=compiled, given=tuple(chosen))


def settle(tx: Transaction, edition: Edition, content: Content | None, *, now: datetime) -> bool:
    """Move the subscription on, record what was given, and put the messages into the outbox: all or nothing.

    False, with nothing changed, where another process settled this edition first.
    """
    subscription, due_at = edition.digest.subscription, edition.digest.due_at
    following = subscription.next_due_at
    if following is None or following <= due_at:  # else this edition is out of turn, and the next keeps its time
        following = schedule.next_due(subscription.schedule, max(now, due_at))
    if not subscriptions.advance(tx, subscription, next_due_at=following, compiled_at=now):
        return False
    digest_id = digests.add(
        tx,
        subscription,
        due_at=due_at,
        compiled_at=now,
        coverage=edition.digest.coverage,
        given=edition.given,
    )
    if content is not None:
        outbox.add(
            tx,
            content,
            keys=[(message_key(subscription, due_at, recipient), recipient) for recipient in subscription.recipients],
            channel=subscription.channel,
            options=dict(subscription.options),
            subscription_id=subscription.id,
            digest_id=digest_id,
            now=now,
        )
    return True


def covers_since(subscription: Subscription, *, now: datetime) -> datetime:
    """Start of the time that the edition compiled at `now` answers for."""
    if subscription.last_compiled_at is not None:
        return subscription.last_compiled_at
    return (subscription.created_at or now) - LOOKBACK


def _search_since(subscription: Subscription, since: datetime) -> datetime:
    return since - MARGIN if subscription.last_compiled_at is not None else since


def message_key(subscription: Subscription, due_at: datetime, recipient: str) -> str:
    """The same for every attempt and every process: what makes a repeat recognisable at the receiver's."""
    stamp = due_at.strftime("%Y%m%dT%H%M%SZ")
    return f"digest-{subscription.slug}-{stamp}-{blake2b(recipient.encode(), digest_size=6).hexdigest()}"
