"""The compile loop over a real store: what an edition covers, whatever the clock did meanwhile."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import digests
from monitor.core.digest import items, ordered
from monitor.core.model import Digest, Facet, Fate, Item, Order, Printed, Schedule, Show, Subscription
from monitor.core.schedule import NEVER
from monitor.core.taxonomy import Taxonomy
from monitor.render import Renderer
from monitor.store import editions, histories, outbox, posts, subscriptions
from monitor.store.database import Database
from tests import databases, make, plans
from tests.make import NOW, hours

YEAR = timedelta(days=365)


class Desk:
    """One subscription due daily at 07:30 in Vienna, its clock, and the titles of each edition it was sent."""

    def __init__(self, database: Database, *, weeks: int = 0, **given: Any) -> None:
        self.database, self.now = database, NOW
        self.source = make.stored_source(database)
        self.sent: list[list[str]] = []
        self.told: list[Digest] = []
        self.number = 0
        for day in range(7 * weeks + 1, 1, -1):  # two posts on the OSCE each day
            self.now = NOW - timedelta(days=day)
            self.post(f"{day} a", f"{day} b", tags=[make.tag("osce")])
        self.now = NOW
        make.stored_subscription(database, now=NOW - hours(0 if weeks else 24), next_due_at=NOW, **given)

    @property
    def subscription(self) -> Subscription:
        with self.database.reading() as tx:
            found = subscriptions.get(tx, "desk")
        assert found is not None
        return found

    def post(self, *titles: str, **given: Any) -> None:
        for title in titles:
            self.number += 1
            make.arrive(self.database, self.source, make.prepared(str(self.number), title=title, **given), at=self.now)

    def tick(self) -> list[digests.Compiled]:
        async def render(digest: Digest) -> Printed:
            self.told.append(digest)
            self.sent.append(sorted(item.lead.post.title for section in digest.sections for item in section.items))
            return Printed(content=make.content())

        parts = digests.Parts(
            database=self.database, labels=Taxonomy(), render=render, clock=lambda: self.now, pages="https://m.example"
        )
        return asyncio.run(digests.compile_due(parts))

    def edit(self, number: int, text: str) -> None:
        """What a poll does that shows other words under the guid of a post."""
        key = (self.source.id, str(number))
        with self.database.writing() as tx:
            known = posts.known(tx, [key])[key]
            title = next(p.post.title for p in posts.latest(tx, limit=99) if p.id == known.id)
            changed = [(known, make.prepared(str(number), title=title, text=text))]
            posts.revise(tx, changed, now=self.now)
            histories.note_edits(tx, changed, now=self.now)


def test_an_edit_of_what_was_given_is_told_once_with_its_words(database: Database) -> None:
    desk = Desk(database)
    desk.post("Statement", text="The talks will begin on Monday in Geneva without conditions.")
    desk.tick()
    desk.now += hours(12)
    desk.edit(1, "The talks will begin on Monday in Geneva.")
    desk.now = NOW + timedelta(days=1)
    desk.tick()
    [change] = desk.told[-1].amended
    assert (change.fate, change.title) == (Fate.EDITED, "Statement")
    assert [piece.words for piece in change.edits if piece.was and not piece.now] == ["Geneva without conditions."]
    desk.now = NOW + timedelta(days=2)
    desk.post("Another")
    desk.tick()
    assert desk.told[-1].amended == ()
    assert desk.sent[-1] == ["Another"]


def test_an_edit_before_a_post_is_given_stands_with_it_and_is_no_news_of_its_own(database: Database) -> None:
    desk = Desk(database)
    desk.post("Statement", text="The talks will begin on Monday in Geneva without conditions.")
    desk.edit(1, "The talks will begin on Tuesday in Geneva without conditions.")
    desk.tick()
    [section] = desk.told[-1].sections
    [item] = section.items
    assert [(piece.words, piece.now) for piece in item.edits if piece.was != piece.now] == [
        ("Monday", False),
        ("Tuesday", True),
    ]
    assert desk.told[-1].amended == ()
    desk.now = NOW + timedelta(days=1)
    desk.post("Another")
    desk.tick()
    assert desk.told[-1].amended == ()


def test_what_a_digest_costs_does_not_grow_with_the_archive(database: Database) -> None:
    plans.only_on_sqlite(database)
    desk = Desk(database)
    desk.post("First", text="The talks will begin on Monday in Geneva.", tags=[make.tag("osce")])
    desk.tick()
    desk.now = NOW + timedelta(days=1)
    desk.post("Statement", text="The talks begin.", tags=[make.tag("osce")])
    desk.edit(1, "The talks will begin on Tuesday in Geneva.")
    assert plans.walks(database, desk.tick) == []
    assert desk.told[-1].amended
    assert len(desk.sent) == 2


def test_one_digest_covers_the_whole_of_a_downtime(database: Database) -> None:
    desk = Desk(database)
    desk.post("a")
    desk.tick()
    for day in range(1, 9):
        desk.now = NOW + timedelta(days=day) - hours(1)
        desk.post(f"day {day}")
    desk.now = NOW + timedelta(days=8, hours=5)
    desk.tick()
    assert desk.sent == [["a"], [f"day {day}" for day in range(1, 9)]]
    assert desk.subscription.next_due_at == NOW + timedelta(days=9)
    desk.tick()
    assert len(desk.sent) == 2


def test_what_is_stated_for_another_day_is_given_with_what_came_with_it(database: Database) -> None:
    desk = Desk(database)
    desk.tick()
    desk.now = NOW + hours(20)
    desk.post("says it is old", stated_at=NOW - YEAR)
    desk.post("says it comes from the future", stated_at=NOW + YEAR)
    desk.now = NOW + hours(24)
    desk.tick()
    assert desk.sent == [["says it comes from the future", "says it is old"]]


def test_a_clock_that_was_years_ahead_delays_nothing(database: Database) -> None:
    desk = Desk(database)
    desk.post("before")
    desk.tick()
    desk.now = NOW + 4 * YEAR
    desk.post("in the future, given there")
    desk.tick()
    desk.post("in the future, given here")
    assert desk.subscription.next_due_at > NOW + 4 * YEAR
    desk.now = NOW + hours(3)
    desk.post("after")
    assert desk.tick() == []
    righted = desk.subscription
    assert (righted.next_due_at, righted.last_compiled_at) == (NOW + hours(24), NOW)
    desk.now = NOW + hours(24)
    desk.tick()
    assert desk.sent == [["before"], ["in the future, given there"], ["after", "in the future, given here"]]
    desk.now = NOW + hours(48)
    desk.tick()
    assert len(desk.sent) == 3


def test_an_edition_does_not_share_its_due_time_with_one_of_a_clock_ahead(database: Database) -> None:
    desk = Desk(database, send_empty=True)
    desk.tick()
    desk.now = NOW + timedelta(days=3)
    desk.tick()  # serves the due time of tomorrow, late
    desk.now = NOW + hours(1)
    desk.tick()
    desk.now = NOW + hours(24)
    desk.post("real")
    assert [len(compiled.edition.given) for compiled in desk.tick()] == [1]
    with database.reading() as tx:
        keys = [message.key for message in outbox.latest(tx, limit=10)]
    assert len(set(keys)) == len(keys) == 3


def test_a_subscription_made_while_the_clock_was_ahead_is_served(database: Database) -> None:
    source = make.stored_source(database)
    make.stored_subscription(database, now=NOW + YEAR, next_due_at=NOW + YEAR + hours(1))
    make.arrive(database, source, make.prepared("1"), at=NOW)
    with database.writing() as tx:
        assert digests.put_right(tx, now=NOW) == ["desk"]
        assert digests.put_right(tx, now=NOW) == []
        found = subscriptions.get(tx, "desk")
    assert found is not None
    assert (found.next_due_at, found.created_at) == (NOW + hours(24), NOW)


def test_a_small_step_back_sends_nothing_twice_and_loses_nothing(database: Database) -> None:
    desk = Desk(database)
    desk.post("given")
    desk.tick()
    desk.now = NOW - hours(3)
    assert desk.tick() == []
    desk.post("an hour that comes a second time")
    desk.now = NOW + timedelta(minutes=1)
    assert desk.tick() == []
    desk.now = NOW + hours(24)
    desk.tick()
    assert desk.sent == [["given"], ["an hour that comes a second time"]]


def test_a_clock_that_is_ahead_and_goes_back_step_by_step_delays_nothing(database: Database) -> None:
    desk = Desk(database)
    desk.post("before")
    for day, number in ((30, 1), (28, 0)):
        desk.now = NOW + timedelta(days=day)
        assert [len(compiled.edition.given) for compiled in desk.tick()] == [1] * number
    desk.now = NOW + timedelta(days=20)
    desk.post("after")
    desk.now += hours(1)
    desk.tick()
    desk.now += hours(24)
    desk.tick()
    assert desk.sent == [["before"], ["after"]]


def test_the_last_edition_before_a_pause_without_an_end_goes_out(database: Database) -> None:
    daily = Schedule(timezone="Europe/Vienna", times=(time(7, 30),), pauses=(f"{NOW:%Y-%m-%d} to 9999-12-31",))
    desk = Desk(database, schedule=daily)
    desk.post("the last")
    desk.tick()
    assert desk.sent == [["the last"]]
    assert desk.subscription.next_due_at == NEVER
    desk.now += timedelta(days=90)
    assert desk.tick() == []


steps = st.lists(
    st.tuples(st.sampled_from(["post", "tick", "tick"]), st.sampled_from([-30, -2, 0.02, 1, 5, 23, 24, 700])),
    max_size=14,
)


@settings(max_examples=30)
@given(steps)
def test_every_post_is_given_once_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, float]]
) -> None:
    with databases.fresh("sqlite", tmp_path_factory.mktemp("clock")) as database:
        desk = Desk(database)
        desk.post("00")
        for what, step in done:
            desk.now += hours(step)
            desk.post(f"{desk.number:02}") if what == "post" else desk.tick()
        desk.now = max(desk.now, NOW)
        for _ in range(4):  # a day after another the clock is right
            desk.now += hours(24)
            desk.tick()
        given_titles = [title for edition in desk.sent for title in edition]
        assert sorted(given_titles) == [f"{n:02}" for n in range(desk.number)]


# ── what an edition holds ──────────────────────────────────────────────────────────────────────────────────


def lived(database: Database, **given: Any) -> Desk:
    """Four weeks with two posts a day on the OSCE, then a day with twelve."""
    desk = Desk(database, weeks=4, **given)
    desk.now = NOW - hours(2)
    desk.post(*(f"today {n}" for n in range(12)), tags=[make.tag("osce"), make.tag("sahel", Facet.REGION)])
    desk.now = NOW
    return desk


def test_an_edition_knows_what_is_unusual(database: Database) -> None:
    [compiled] = lived(database).tick()
    found = compiled.edition.digest.trends
    assert found is not None
    assert found.days == 28
    assert [(trend.slug, trend.posts, trend.usual, trend.unusual) for trend in found.tags] == [
        ("osce", 12, 2.0, True),
        ("sahel", 12, 0.0, True),
    ]
    assert (found.total.posts, found.total.unusual) == (12, True)


def test_a_subscriber_who_wants_neither_gets_no_figures(database: Database) -> None:
    [compiled] = lived(database, show=(Show.AHEAD, Show.COVERAGE)).tick()
    assert compiled.edition.digest.trends is None


def test_an_edition_of_the_past_is_put_together_again(database: Database) -> None:
    desk = lived(database)
    [compiled] = desk.tick()
    made = compiled.edition.digest
    subscription = desk.subscription
    with database.reading() as tx:
        [record] = editions.latest(tx, subscription, limit=5)
        assert editions.latest(tx, subscription, limit=5, since=record.due_at + hours(1)) == []
        assert editions.latest(tx, subscription, limit=5, until=record.due_at) == []
        again = digests.kept_edition(tx, subscription, record, labels=Taxonomy())
        assert made.page == f"https://m.example/editions/{record.token}"
        assert editions.by_token(tx, record.token or "") == (subscription, record)
        assert editions.by_token(tx, "nonsense") is None
        assert editions.sent(tx, record.id) == make.content()
        assert editions.sent(tx, record.id + 1) is None
    assert (record.stories, record.posts, record.messages) == (12, 12, 1)
    assert again.sections == made.sections
    assert (again.coverage, again.trends, again.labels) == (made.coverage, made.trends, made.labels)
    page = Renderer(shipped=Path(__file__).parents[1] / "templates").edition_page(again)
    assert all(f"today {n}<" in page for n in range(12))


def test_a_late_repost_is_settled_and_not_part_of_the_edition_again(database: Database) -> None:
    desk = Desk(database)
    same = make.digest_of("same")
    desk.post("first", fingerprint=same)
    desk.tick()
    desk.now = NOW + hours(20)
    desk.post("late", fingerprint=same)
    desk.post("news")
    desk.now = NOW + hours(24)
    desk.tick()
    assert desk.sent == [["first"], ["news"]]
    with database.reading() as tx:
        record, _first = editions.latest(tx, desk.subscription, limit=5)
        shown = [stored.post.title for stored in editions.shown(tx, record.id)]
    assert (shown, record.posts) == (["news"], 2)


def test_an_edition_sent_is_sent_again_by_its_id(database: Database) -> None:
    desk = Desk(database, recipients=("a@example.org", "b@example.org"))
    desk.post("x")
    desk.tick()
    with database.writing() as tx:
        [record] = editions.latest(tx, desk.subscription, limit=5)
        assert outbox.replay_edition(tx, record.id, now=NOW) == []  # they wait
        waiting = outbox.latest(tx, limit=5)
        for message in waiting:
            assert outbox.cancel(tx, message.id, reason="by hand", now=NOW)
        one = outbox.replay_edition(tx, record.id, recipient="b@example.org", now=NOW)
        assert len(one) == 1
        assert len(outbox.replay_edition(tx, record.id, now=NOW)) == 1
        assert {m.key for m in outbox.latest(tx, limit=5)} == {m.key for m in waiting}


AT = [NOW - hours(3), NOW - hours(2), NOW - hours(1)]


def told(id_: int, at: datetime, voices: int, weight: float = 0.5) -> Item:
    lead = make.stored(id_, stated_at=at, tags=(make.tag(weight=weight),))
    others = [make.voice(make.stored(100 * id_ + n, stated_at=NOW), first=at) for n in range(voices)]
    [item] = items([lead], {lead.story_id: [make.voice(lead), *others]})
    return item


@pytest.mark.parametrize(
    ("order", "expected"),
    [(Order.NEWEST, [3, 2, 1]), (Order.OLDEST, [1, 2, 3]), (Order.WEIGHT, [1, 2, 3])],
)
def test_the_order_of_stories_is_the_subscribers(order: Order, expected: list[int]) -> None:
    stories = [told(2, AT[1], 1, 0.9), told(3, AT[2], 1, 0.2), told(1, AT[0], 4)]
    assert [item.story_id for item in ordered(stories, order)] == expected
