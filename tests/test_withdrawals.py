"""Posts that pages pass over, polls that show them again, and edits: through the poll loop into both databases."""

from __future__ import annotations

from datetime import timedelta

from monitor.core.changes import Kind
from monitor.store import histories, posts
from monitor.store.database import Database
from tests import make
from tests.test_polling import World

CHANNEL = "https://t.me/s/sample"
FEED = "https://mfa.example/rss.xml"


def channel(*numbers: int, said: dict[int, str] | None = None) -> str:
    messages = "".join(
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="sample/{number}">'
        f'<div class="tgme_widget_message_text js-message_text">{(said or {}).get(number, f"Message number {number}")}'
        f'</div><a class="tgme_widget_message_date" href="https://t.me/sample/{number}">'
        f'<time datetime="2026-03-01T10:00:00+00:00">10:00</time></a></div></div>'
        for number in numbers
    )
    return (
        f"<html><body><div class='tgme_channel_info_header'></div>"
        f"<section class='tgme_channel_history js-message_history'>{messages}</section></body></html>"
    )


def feed(*hours_ago: int, titles: dict[int, str] | None = None) -> str:
    """Newest first; each post is as many hours and minutes older than the others."""
    said = {age: f"Statement {age} of us" for age in hours_ago} | (titles or {})
    items = "".join(
        f"<item><guid isPermaLink='false'>{age}</guid><title>{said[age]}</title>"
        f"<pubDate>{make.NOW - timedelta(hours=age, minutes=age):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for age in hours_ago
    )
    return f"<rss version='2.0'><channel><title>MFA</title>{items}</channel></rss>"


def telegram_world(database: Database) -> World:
    world = World(database)
    make.stored_source(database, "sample", kind="telegram", url=CHANNEL)
    return world


def events(database: Database) -> list[tuple[str, str]]:
    """What happened, and to which post."""
    with database.reading() as tx:
        found = histories.happened(tx, since=make.NOW)
        guids = {each.post_id: stored.post.guid for each in found if (stored := posts.get(tx, each.post_id))}
    return [(guids[each.post_id], each.change.kind.value) for each in found]


def test_a_post_that_a_channel_passes_over_twice_is_withdrawn_and_may_come_back(database: Database) -> None:
    world = telegram_world(database)
    world.document(CHANNEL, channel(*range(1, 11)))
    world.poll()
    world.document(CHANNEL, channel(1, 2, 3, 4, 6, 7, 8, 9, 10))
    world.poll()
    assert events(database) == []  # a first look
    world.document(CHANNEL, channel(2, 3, 4, 6, 7, 8, 9, 10, 11))
    world.poll()
    assert events(database) == [("sample/5", "withdrawn")]  # 1 has merely left the window
    world.document(CHANNEL, channel(2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
    world.poll()
    assert events(database) == [("sample/5", "withdrawn"), ("sample/5", "restored")]


def test_the_newest_post_of_a_channel_is_missed_too(database: Database) -> None:
    world = telegram_world(database)
    for shown in (range(1, 11), [*range(1, 10), 11], range(3, 13)):
        world.document(CHANNEL, channel(*(number for number in shown if number != 10 or shown == range(1, 11))))
        world.poll()
    assert events(database) == [("sample/10", "withdrawn")]


def test_a_post_that_is_there_at_the_second_look_is_not_withdrawn(database: Database) -> None:
    world = telegram_world(database)
    for shown in (range(1, 11), [1, 2, 3, 5, 6, 7, 8, 9, 10], range(1, 11), range(2, 12)):
        world.document(CHANNEL, channel(*shown))
        world.poll()
    assert events(database) == []


def test_a_window_that_moves_on_withdraws_nothing(database: Database) -> None:
    world = telegram_world(database)
    for first in range(1, 40, 3):
        world.document(CHANNEL, channel(*range(first, first + 10)))
        world.poll()
    assert events(database) == []


def test_an_edited_post_is_not_missing(database: Database) -> None:
    world = telegram_world(database)
    for said in ({}, {5: "We condemn it strongly"}, {5: "We condemn it strongly"}, {5: "We regret it strongly"}):
        world.document(CHANNEL, channel(*range(1, 11), said=said))
        world.poll()
    world.document(CHANNEL, channel(*range(2, 12), said={5: "We regret it  strongly \u200b"}))
    world.poll()
    kinds = [(Kind.REMOVED.value, Kind.ADDED.value)] * 2
    assert events(database) == [("sample/5", kind) for pair in kinds for kind in pair]


def test_a_feed_in_order_of_time_tells_what_it_passes_over(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    ages = list(range(1, 25))
    for shown in (ages, [a for a in ages if a != 6], [0, *(a for a in ages[:-1] if a != 6)]):
        world.document(FEED, feed(*shown), kind="application/rss+xml")
        world.poll()
    assert events(database) == [("6", "withdrawn")]


def test_a_front_page_tells_nothing(database: Database) -> None:
    """Put together by hand: one in five posts leaves its middle each time."""
    world = World(database)
    make.stored_source(database)
    for turn in range(4):
        shown = [age for age in range(1, 25) if turn == 0 or age % 5 != turn]
        world.document(FEED, feed(*shown), kind="application/rss+xml")
        world.poll()
    assert events(database) == []


def test_a_counter_that_goes_on_is_no_edit(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    for number in (3, 15, 1200):
        titles = {2: f"Statement on the talks in Vienna. {number} comments"}
        world.document(FEED, feed(1, 2, 3, titles=titles), kind="application/rss+xml")
        recorded = world.poll()["mfa"]
    assert recorded.changed == 0
    assert events(database) == []
    with database.reading() as tx:
        [stored] = [each for each in posts.latest(tx, limit=9) if each.post.guid == "2"]
    assert stored.revisions == 0
    assert stored.post.title.endswith("1200 comments")  # what it says now is kept
