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
from monitor.core.digest import Labels, compared, digest, items, wanted
from monitor.core.model import (
    Clock,
    Content,
    Digest,
    EditionRecord,
    Item,
    Notice,
    Notices,
    Printed,
    Show,
    StoredPost,
    Subscription,
    Trends,
)
from monitor.core.notices import OVERDUE, of_late, of_template
from monitor.core.trends import days_before, span
from monitor.logs import get_logger
from monitor.store import amendments, digests, editions, notices, outbox, posts, subscriptions, tickets, trends, watches
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
    pages: str = ""  # address at which readers reach the service, without a slash at the end; "" where they do not


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A digest with the posts it settles: those shown, those folded, and late reposts of stories given before."""

    digest: Digest
    given: tuple[StoredPost, ...]
    told: frozenset[int]  # ids of those that it shows, alone or folded
    last_post_id: int  # the newest post there was
    last_change_id: int = 0  # the newest change of a post that there was
    token: str | None = None  # in the address of its page

    @property
    def is_empty(self) -> bool:
        return not (self.digest.sections or self.digest.amended or self.digest.notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What became of one due subscription."""

    subscription: Subscription
    edition: Edition
    messages: int  # put into the outbox; 0 for a quiet day that nobody asked to hear of


async def compile_due(parts: Parts) -> list[Compiled]:
    """Compile an edition for every due subscription; one, however many due times went by unserved."""
    now = parts.clock()
    if await parts.database.read(lambda tx: subscriptions.far_ahead(tx, next_due=_next_due, now=now)):
        righted = await parts.database.write(lambda tx: put_right(tx, now=now))
        log.warning("clock-was-ahead", subscriptions=righted)
    due = await parts.database.read(lambda tx: subscriptions.due(tx, now=now))
    if due:
        await parts.database.write(lambda tx: trends.keep(tx, days_before(now), now=now))
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

    def select(tx: Transaction) -> Edition:
        at = digests.untaken(tx, subscription, due_at or now)
        return select_edition(tx, subscription, labels=parts.labels, due_at=at, now=now, pages=parts.pages)

    edition = await parts.database.read(select)
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


def put_right(tx: Transaction, *, now: datetime) -> list[str]:
    """Make subscriptions due again that a clock far ahead had put off. Gives their slugs."""
    return subscriptions.put_right(tx, next_due=_next_due, now=now)


def _next_due(subscription: Subscription, after: datetime) -> datetime:
    return schedule.due_after(subscription.schedule, after)


def select_edition(
    tx: Transaction,
    subscription: Subscription,
    *,
    labels: Labels,
    due_at: datetime,
    now: datetime,
    as_of: bool = False,
    pages: str = "",
) -> Edition:
    """What was not yet given to this subscription, folded into stories. Reads only: also the preview.

    `as_of`: as it would have been at `now`, without posts seen later. With `pages` it gets a page of its own there.
    """
    since = covers_since(subscription, now=now)
    begin = _search_since(subscription, since)
    carries = subscription.notices
    told = notices.not_given(tx, subscription.id, since=begin - NOTICED, until=now) if carries != Notices.NONE else []
    fresh = [] if carries is Notices.ONLY else digests.uncovered(tx, subscription, since=begin, until=now, as_of=as_of)
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
    stories = _with_history(tx, stories)
    amended = () if carries is Notices.ONLY else amendments.since_last(tx, subscription)
    coverage = digests.coverage(
        tx,
        since=since,
        until=now,
        selected=len(chosen),
        folded=len(chosen) - len(stories),
        stories=len(stories),
        subscription=subscription,
    )
    token = digests.new_token() if pages and stories else None
    compiled = digest(
        subscription,
        stories,
        due_at=due_at,
        compiled_at=now,
        coverage=coverage,
        watches=[watch for watch in watches.every(tx) if watch.in_digests and not watch.is_list],
        labels=labels,
        compared=_compared(tx, subscription, stories, since=since, until=now, labels=labels),
        page=f"{pages}/editions/{token}" if token else "",
    )
    return Edition(
        digest=replace(compiled, notices=tuple(told), amended=amended),
        given=tuple(chosen),
        told=frozenset(stored.id for stored in shown),
        last_post_id=digests.newest_post(tx),
        last_change_id=amendments.newest(tx),
        token=token,
    )


def _with_history(tx: Transaction, stories: list[Item]) -> list[Item]:
    """Stories whose leads were edited or withdrawn before they are given, with what happened."""
    leads = [item.lead for item in stories]
    edits, gone = amendments.edits_of(tx, leads), amendments.withdrawn(tx, leads)
    return [replace(item, edits=edits.get(item.lead.id, ()), withdrawn_at=gone.get(item.lead.id)) for item in stories]


def _compared(
    tx: Transaction,
    subscription: Subscription,
    stories: list[Item],
    *,
    since: datetime,
    until: datetime,
    labels: Labels,
) -> Trends | None:
    if not {Show.SUMMARY, Show.TRENDS} & set(subscription.show):
        return None
    begin, end = span(since, until)
    return compared(
        subscription,
        stories,
        now=trends.between(tx, since=begin, until=end),
        before=trends.daily(tx, days_before(begin), now=until),
        since=begin,
        until=end,
        labels=labels,
    )


def kept_edition(tx: Transaction, subscription: Subscription, record: EditionRecord, *, labels: Labels) -> Digest:
    """An edition of the past once more: the stories it held, as they read now, and what it said of its sources then."""
    shown = editions.shown(tx, record.id)
    return digest(
        subscription,
        items(shown, posts.voices(tx, (stored.story_id for stored in shown))),
        due_at=record.due_at,
        compiled_at=record.compiled_at,
        coverage=record.coverage,
        watches=watches.every(tx),
        labels=labels,
        compared=record.trends,
    )


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
        following = _next_due(subscription, max(now, due_at))
    moved = subscriptions.advance(
        tx,
        subscription,
        next_due_at=following,
        compiled_at=now,
        last_post_id=edition.last_post_id,
        last_change_id=edition.last_change_id,
    )
    if not moved:
        return None
    digest_id = digests.add(
        tx,
        subscription,
        due_at=due_at,
        compiled_at=now,
        coverage=edition.digest.coverage,
        given=edition.given,
        told=edition.told,
        trends=edition.digest.trends,
        token=edition.token,
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
    """Start of the time that the edition compiled at `now` answers for: not after it, should a clock have gone back."""
    if subscription.last_compiled_at is not None:
        return min(subscription.last_compiled_at, now)
    return min(subscription.created_at or now, now) - LOOKBACK


def _search_since(subscription: Subscription, since: datetime) -> datetime:
    return since - MARGIN if subscription.last_compiled_at is not None else since


def message_key(subscription: Subscription, due_at: datetime, recipient: str) -> str:
    """The same for every attempt and every process: what makes a repeat recognisable at the receiver's."""
    stamp = due_at.strftime("%Y%m%dT%H%M%SZ")
    return f"digest-{subscription.slug}-{stamp}-{blake2b(recipient.encode(), digest_size=6).hexdigest()}"
