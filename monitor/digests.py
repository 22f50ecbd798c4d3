"""The compile loop: subscription due → select → fold → group → render → messages, with what they covered.

Read `compile_due` first. Reading and rendering happen before the transaction, which then only checks that nobody else
compiled this edition meanwhile: a slow template never holds the database's write lock. A post that arrives in between
is simply not covered, and stands in the next edition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core import schedule
from monitor.core.changes import news
from monitor.core.digest import Labels, digest, items, wanted
from monitor.core.model import Clock, Content, Digest, Item, Notice, Notices, Printed, StoredPost, Subscription
from monitor.core.notices import OVERDUE, of_late, of_template
from monitor.logs import get_logger
from monitor.store import digests, notices, outbox, posts, subscriptions, tickets, watches
from monitor.store.database import Database, Transaction

log = get_logger()

LOOKBACK = timedelta(days=1)  # what a subscription's first digest may reach back before the subscription was made
FEED_DAYS, FEED_STORIES = timedelta(days=7), 100  # how far a subscription's feed reaches back, and how much it shows
MARGIN = timedelta(hours=1)  # a poll may store posts a little later than it first saw them
NOTICED = timedelta(days=1)  # that a notice may be kept after what it tells of

Render = Callable[[Digest], Awaitable[Printed]]


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
        return not self.digest.sections and not self.digest.notices


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
    printed = await parts.render(edition.digest) if sends else None
    content = printed.content if printed is not None else None
    troubles = [of_template(subscription.slug, why, at=now) for why in (printed.troubles if printed else ())]
    messages = await parts.database.write(lambda tx: settle(tx, edition, content, troubles=troubles, now=now))
    if messages is None:
        return None
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
    begin = _search_since(subscription, since)
    carries = subscription.notices
    told = notices.not_given(tx, subscription.id, since=begin - NOTICED, until=now) if carries != Notices.NONE else []
    fresh = [] if carries is Notices.ONLY else digests.uncovered(tx, subscription, since=begin, until=now)
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
    return Edition(digest=replace(compiled, notices=tuple(told)), given=tuple(chosen))


def lately(tx: Transaction, subscription: Subscription, *, now: datetime) -> list[Item]:
    """What a subscription selected of late, given or not, folded into stories, newest first: for its feed."""
    if subscription.notices is Notices.ONLY:
        return []
    news = posts.load(tx, posts.newer(since=now - FEED_DAYS, until=now))
    chosen = [stored for stored in news if wanted(subscription.selection, stored)]
    return items(chosen, posts.voices(tx, (stored.story_id for stored in chosen)))[:FEED_STORIES]


def settle(
    tx: Transaction, edition: Edition, content: Content | None, *, now: datetime, troubles: Sequence[Notice] = ()
) -> int | None:
    """Move the subscription on, record what was given, and put the messages into the outbox: all or nothing.

    Gives how many messages; None, with nothing changed, where another process settled this edition first.
    """
    subscription, due_at = edition.digest.subscription, edition.digest.due_at
    following = subscription.next_due_at
    if following is None or following <= due_at:  # else this edition is out of turn, and the next keeps its time
        following = schedule.next_due(subscription.schedule, max(now, due_at))
    if not subscriptions.advance(tx, subscription, next_due_at=following, compiled_at=now):
        return None
    digest_id = digests.add(
        tx,
        subscription,
        due_at=due_at,
        compiled_at=now,
        coverage=edition.digest.coverage,
        given=edition.given,
    )
    notices.give(tx, subscription.id, digest_id, edition.digest.notices)
    late = [of_late(subscription.slug, due_at, at=now)] if now - due_at > OVERDUE else []
    for each in (*troubles, *late):
        notices.add(tx, each)
    if content is None:
        return 0
    gone = tickets.left(tx, subscription.id)
    staying = [recipient for recipient in subscription.recipients if recipient not in gone]
    outbox.add(
        tx,
        content,
        keys=[(message_key(subscription, due_at, recipient), recipient) for recipient in staying],
        tickets=tickets.issued(
            tx, subscription.id, purpose=tickets.UNSUBSCRIBE, recipients=subscription.recipients, now=now
        ),
        channel=subscription.channel,
        options=dict(subscription.options),
        subscription_id=subscription.id,
        digest_id=digest_id,
        now=now,
        in_order=bool(subscription.options.get("ordered")),
    )
    return len(staying)


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
