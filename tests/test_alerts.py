"""What a watch sends by itself: everything found is told once, when it is wanted, and nothing is dropped."""

from __future__ import annotations

import asyncio
import email
from dataclasses import replace
from datetime import time, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from monitor import alerts, delivery
from monitor.core.alerting import Alert, Kind, end_of_quiet, enough_since, is_spike, usual_number
from monitor.core.model import (
    Alerts,
    Change,
    Message,
    MessageState,
    Printed,
    Priority,
    Quiet,
    QuietHours,
    Sensitivity,
    StoredPost,
    Watch,
)
from monitor.core.stories import Rules
from monitor.core.watches import WatchSet
from monitor.press import Press
from monitor.render import Design, Renderer
from monitor.store import notices, outbox, posts, stories, tickets, watches
from monitor.store.database import Database
from tests import make
from tests.channels.test_email import Post, channel, serving
from tests.make import NOW, hours, minutes
from tests.test_polling import World
from tests.test_withdrawals import CHANNEL
from tests.test_withdrawals import channel as page_of_channel

RULES = Alerts(channel="mailbox", recipients=("desk", "second"))
NIGHT = QuietHours(start=time(22), end=time(7), timezone="Europe/Vienna")


async def rendered(alert: Alert) -> Printed:
    return Printed(content=RENDERER.alert(alert, templates="email"))


TEMPLATES = Path(__file__).parents[1] / "templates"
RENDERER = Renderer(shipped=TEMPLATES, pages=True)


def watch(database: Database, query: str = "grain", *, at=NOW, **given) -> Watch:
    rules = replace(RULES, **{key: value for key, value in given.items() if key != "priority"})
    wanted = make.watch("grain", query=query, alerts=rules, priority=given.get("priority", Priority.NORMAL))
    with database.writing() as tx:
        watches.put(tx, wanted, now=at)
        return watches.every(tx)[0]


def arrive(database: Database, *texts: str, at=NOW, slug: str = "mfa") -> list[StoredPost]:
    """Posts that polling found, matched as it does."""
    with database.writing() as tx:
        every = watches.every(tx)
    by = make.stored_source(database, slug)
    brought = []
    for text in texts:
        plain = make.prepared(
            f"{text}{at}", title=text, text=f"{text}. And more.", url=f"https://x.example/{hash((text, at))}"
        )
        found = WatchSet(every).matches(plain.post, by, (), now=at)
        brought.append(replace(plain, matches=found))
    return make.arrive(database, by, *brought, at=at)


def tick(database: Database, at) -> list[alerts.Alerted]:
    parts = alerts.Parts(database=database, clock=lambda: at, render=rendered)
    return asyncio.run(alerts.alert_due(parts))


def messages(database: Database) -> list[Message]:
    with database.reading() as tx:
        return outbox.latest(tx, limit=100)[::-1]


def titles(spoken: list[alerts.Alerted]) -> list[list[str]]:
    return [[told.stored.post.title for told in alert.told] for each in spoken for alert in each.alerts]


def test_each_story_is_told_once_to_each_recipient(database: Database) -> None:
    watch(database)
    arrive(database, "grain one", "wheat", "grain two", at=NOW + minutes(1))
    assert titles(tick(database, NOW + minutes(2))) == [["grain one", "grain two"]]
    assert tick(database, NOW + minutes(3)) == []
    sent = messages(database)
    assert [(m.recipient, m.subscription_slug, m.content.subject) for m in sent] == [
        ("desk", "grain", "Grain: 2 stories"),
        ("second", "grain", "Grain: 2 stories"),
    ]
    assert "*grain* one" in sent[0].content.text
    assert "<mark" in sent[0].content.html


def test_the_past_is_not_alerted_when_a_watch_is_added_changed_or_resumed(database: Database) -> None:
    arrive(database, "grain before", at=NOW - hours(1))
    changed = watch(database)
    with database.writing() as tx:
        watches.put(tx, replace(changed, query="wheat OR grain"), now=NOW)
        watches.put(tx, replace(changed, paused=True), now=NOW)
    arrive(database, "grain while paused", at=NOW + minutes(1))
    with database.writing() as tx:
        watches.put(tx, changed, now=NOW + minutes(2))
    assert tick(database, NOW + minutes(3)) == []
    arrive(database, "grain after", at=NOW + minutes(4))
    assert titles(tick(database, NOW + minutes(5))) == [["grain after"]]


def test_a_later_voice_of_a_story_told_is_not_told_again(database: Database) -> None:
    watch(database)
    first = arrive(database, "grain", at=NOW + minutes(1))
    tick(database, NOW + minutes(2))
    second = make.stored_source(database, "other")
    repeated = make.prepared("r", url=first[0].post.url, title="grain", text="grain again", matches=first[0].matches)
    assert make.arrive(database, second, repeated, at=NOW + minutes(3))[0].story_id == first[0].story_id
    assert tick(database, NOW + minutes(4)) == []


def test_a_story_that_is_merged_later_counts_as_it_stands(database: Database) -> None:
    watch(database, **BY_MAIL)
    (first,) = arrive(database, "grain", at=NOW + minutes(1))
    tick(database, NOW + minutes(2))
    (mail,) = mailed(database, NOW + minutes(2))[DESK]
    by = make.stored_source(database, "other")
    plain = make.prepared("other", title="wheat", text="something else entirely")
    (other,) = make.arrive(database, by, plain, at=NOW + minutes(3))
    assert other.story_id != first.story_id
    with database.writing() as tx:
        stories.merge(tx, other.story_id, [first.story_id], Rules(), now=NOW + minutes(4))
    repeated = make.prepared("r", url=first.post.url, title="grain", text="grain again", matches=first.matches)
    (late,) = make.arrive(database, by, repeated, at=NOW + minutes(5))
    assert late.story_id == other.story_id
    assert tick(database, NOW + minutes(6)) == []  # the story that it is part of was told
    edit(database, first, "wheat", at=NOW + minutes(7))
    tick(database, NOW + minutes(8))
    (answer,) = mailed(database, NOW + minutes(8))[DESK]
    assert answer["In-Reply-To"] == mail["Message-ID"]


def test_two_processes_send_once(database: Database) -> None:
    watch(database)
    arrive(database, "grain", at=NOW + minutes(1))
    at = NOW + minutes(2)
    with database.reading() as tx:
        (standing,) = alerts.alerts.due(tx, now=at)
        outcome = alerts.decide(tx, standing, now=at)
    printed = [Printed(content=make.content())]
    with database.writing() as tx:
        assert alerts.settle(tx, outcome, printed, now=at) == 2
    with database.writing() as tx:
        assert alerts.settle(tx, outcome, printed, now=at) is None
    assert len(messages(database)) == 2


def test_batches_and_cool_down_wait_and_then_tell_all(database: Database) -> None:
    watch(database, every=minutes(15))
    tick(database, NOW)
    arrive(database, "grain one", at=NOW + minutes(1))
    assert tick(database, NOW + minutes(5)) == []
    arrive(database, "grain two", at=NOW + minutes(6))
    assert titles(tick(database, NOW + minutes(15))) == [["grain one", "grain two"]]

    watch(database, cooldown=hours(2))
    arrive(database, "grain three", at=NOW + minutes(40))
    assert tick(database, NOW + minutes(41)) == []
    arrive(database, "grain four", at=NOW + minutes(50))
    assert titles(tick(database, NOW + minutes(15) + hours(2))) == [["grain three", "grain four"]]


def test_a_threshold_needs_so_many_stories_in_so_much_time(database: Database) -> None:
    watch(database, stories=3, within=hours(1))
    for number, after in enumerate((0, 50, 70, 100)):
        arrive(database, f"grain {number}", at=NOW + minutes(1 + after))
        spoken = tick(database, NOW + minutes(2 + after))
        assert titles(spoken) == ([["grain 1", "grain 2", "grain 3"]] if number == 3 else [])


def test_what_comes_right_after_a_threshold_was_reached_is_told_too(database: Database) -> None:
    watch(database, stories=3, within=hours(1))
    told = []
    for number, after in enumerate((0, 10, 20, 30, 200, 210)):
        arrive(database, f"grain {number}", at=NOW + minutes(1 + after))
        told.append(titles(tick(database, NOW + minutes(2 + after))))
    assert told == [[], [], [["grain 0", "grain 1", "grain 2"]], [["grain 3"]], [], []]


@pytest.mark.parametrize(
    ("then", "priority", "at_night", "in_the_morning"),
    [
        (Quiet.HOLD, Priority.CRITICAL, [], [["grain"]]),
        (Quiet.CRITICAL, Priority.NORMAL, [], [["grain"]]),
        (Quiet.CRITICAL, Priority.CRITICAL, [["grain"]], []),
        (Quiet.NONE, Priority.CRITICAL, [], []),
    ],
)
def test_quiet_hours(database: Database, then, priority, at_night, in_the_morning) -> None:
    evening = NOW.replace(hour=22)  # 23:00 in Vienna
    watch(database, at=evening - hours(3), quiet=replace(NIGHT, then=then), priority=priority)
    arrive(database, "grain", at=evening)
    assert titles(tick(database, evening + minutes(1))) == at_night
    morning = NOW.replace(hour=6) + timedelta(days=1)  # 07:00
    assert titles(tick(database, morning)) == in_the_morning


def test_the_cap_counts_the_others_and_the_plain_text_lists_them(database: Database) -> None:
    watch(database, most=3)
    arrive(database, *(f"grain {number:02}" for number in range(40)), at=NOW + minutes(1))
    tick(database, NOW + minutes(2))
    content = messages(database)[0].content
    assert "and 37 more" in content.html
    assert "and 37 more" in content.text
    assert all(f"grain {number:02}" in content.text.replace("*", "") for number in range(40))


def test_edits_that_bring_or_take_away_the_words(database: Database) -> None:
    watch(database, edits=(Change.ADDED, Change.REMOVED))
    stored = arrive(database, "grain deal", "a deal", "grain", at=NOW - hours(1))
    for each, text in zip(stored, ("a deal", "a grain deal", "more grain"), strict=True):
        with database.writing() as tx:
            known = posts.known(tx, [(each.source.id, each.post.guid)])[each.source.id, each.post.guid]
            edited = make.prepared(each.post.guid, title=text, text=text)
            posts.revise(tx, [(known, edited)], now=NOW + minutes(1))
    (done,) = tick(database, NOW + minutes(2))
    assert [(t.change, t.stored.post.title, t.before) for a in done.alerts for t in a.told] == [
        (Change.REMOVED, "a deal", "grain deal"),
        (Change.ADDED, "a grain deal", ""),
    ]
    assert [m.content.subject for m in messages(database)] == ["Grain: 2 edits"] * 2
    assert tick(database, NOW + minutes(3)) == []


@pytest.mark.parametrize("query", ["grain is:edited", "grain"])
def test_of_edited_posts_a_watch_tells_with_their_first_edit(database: Database, query: str) -> None:
    watch(database, query, edits=(Change.ADDED, Change.REMOVED))
    (stored,) = arrive(database, "grain", at=NOW - hours(1))
    told = []
    for minute, text in enumerate(("more grain", "still more grain"), start=1):
        edit(database, stored, text, at=NOW + minutes(2 * minute - 1))
        done = tick(database, NOW + minutes(2 * minute))
        told.append([(t.change, t.stored.post.title) for each in done for a in each.alerts for t in a.told])
    assert told == [[(Change.ADDED, "more grain")] if "is:edited" in query else [], []]


@pytest.mark.parametrize(
    ("edits", "expected"), [([Change.ADDED], Change.ADDED), ([Change.REMOVED], None)], ids=["asked for", "not"]
)
def test_an_edit_that_polling_matched_is_told_once(database: Database, edits, expected) -> None:
    watch(database, edits=frozenset(edits))
    (stored,) = arrive(database, "a deal", at=NOW + minutes(1))
    assert tick(database, NOW + minutes(2)) == []
    with database.reading() as tx:
        found = WatchSet(watches.every(tx)).matches(make.prepared("e", title="grain").post, stored.source, (), now=NOW)
    edit(database, stored, "a grain deal", at=NOW + minutes(3), matches=found)
    (done,) = tick(database, NOW + minutes(4))
    assert [(a.kind, t.change) for a in done.alerts for t in a.told] == [(Kind.FOUND, expected)]
    assert tick(database, NOW + minutes(5)) == []


def edit(database: Database, stored: StoredPost, text: str, *, at, **found) -> None:
    """A post that now says something else."""
    with database.writing() as tx:
        known = posts.known(tx, [(stored.source.id, stored.post.guid)])[stored.source.id, stored.post.guid]
        posts.revise(tx, [(known, make.prepared(stored.post.guid, title=text, text=text, **found))], now=at)


def mailed(database: Database, at) -> dict[str, list[EmailMessage]]:
    """What a real server gets when all that waits is sent: by recipient, in order, read strictly."""
    post = Post()

    async def run() -> None:
        async with serving(post) as port:
            mailer = channel(port, unsubscribe=lambda token: f"https://monitor.example.org/unsubscribe/{token}")
            parts = delivery.Parts(
                database=database, channels={"email": mailer}, clock=lambda: at, chance=lambda: 0.5, hourly={}
            )
            attempted = await delivery.deliver_due(parts)
            await mailer.aclose()
            assert {each.state for each in attempted} <= {MessageState.DELIVERED}

    asyncio.run(run())
    found: dict[str, list[EmailMessage]] = {}
    for _, (recipient,), raw in post.accepted:
        message = email.message_from_bytes(raw, policy=policy.SMTP + policy.strict)
        found.setdefault(recipient, []).append(message)
    return found


DESK, SECOND, LATE = (f"{name}@example.org" for name in ("desk", "second", "late"))
BY_MAIL = {"channel": "email", "recipients": (DESK, SECOND), "edits": tuple(Change)}


def test_what_follows_stands_in_the_thread_of_the_alert_that_told_first(database: Database) -> None:
    watch(database, **BY_MAIL)
    one, two = arrive(database, "grain one", "grain two", at=NOW + minutes(1))
    tick(database, NOW + minutes(2))
    (three,) = arrive(database, "grain three", at=NOW + minutes(3))
    tick(database, NOW + minutes(4))
    first = mailed(database, NOW + minutes(4))
    by_subject = {to: {mail["Subject"].removeprefix("Grain: "): mail for mail in mails} for to, mails in first.items()}
    assert [set(each) for each in by_subject.values()] == [{"2 stories", "grain three"}] * 2
    for mail in (mail for mails in first.values() for mail in mails):
        assert mail["In-Reply-To"] is None
        assert mail["References"] is None

    # A recipient who is new gets what follows by itself; the others each in a thread of their own.
    watch(database, **BY_MAIL | {"recipients": (DESK, SECOND, LATE)})
    for stored, text in ((one, "wheat one"), (three, "wheat three"), (two, "wheat two")):
        edit(database, stored, text, at=NOW + minutes(10))
    (done,) = tick(database, NOW + minutes(11))
    assert titles([done]) == [["wheat one", "wheat two"], ["wheat three"]]
    assert done.messages == 6
    second = mailed(database, NOW + minutes(11))
    assert {to: len(mails) for to, mails in second.items()} == {DESK: 2, SECOND: 2, LATE: 2}
    for to in (DESK, SECOND):
        for mail in second[to]:
            answered = by_subject[to][mail["Subject"].removeprefix("Re: Grain: ")]
            assert mail["Subject"] == f"Re: {answered['Subject']}"
            assert mail["In-Reply-To"] == mail["References"] == answered["Message-ID"]
            assert mail["Message-ID"] != answered["Message-ID"]
    assert [(mail["In-Reply-To"], mail["References"]) for mail in second[LATE]] == [(None, None)] * 2

    # Once more: still the first one is answered, from which the thread hangs.
    edit(database, one, "grain again", at=NOW + minutes(20))
    tick(database, NOW + minutes(21))
    (mail,) = mailed(database, NOW + minutes(21))[DESK]
    assert mail["In-Reply-To"] == by_subject[DESK]["2 stories"]["Message-ID"]


def test_an_edit_noticed_with_the_story_follows_it_at_once(database: Database) -> None:
    watch(database, **BY_MAIL, every=minutes(15))
    tick(database, NOW)
    (first,) = arrive(database, "grain", at=NOW + minutes(1))
    by = make.stored_source(database, "other")
    repeated = make.prepared("r", url=first.post.url, title="grain", text="grain too", matches=first.matches)
    (second,) = make.arrive(database, by, repeated, at=NOW + minutes(2))
    assert second.story_id == first.story_id
    edit(database, second, "wheat", at=NOW + minutes(3))
    assert titles(tick(database, NOW + minutes(15))) == [["grain"], ["wheat"]]
    found, edited = sorted(mailed(database, NOW + minutes(15))[DESK], key=lambda mail: len(mail["Subject"]))
    assert (found["Subject"], edited["Subject"]) == ("Grain: grain", "Re: Grain: grain")
    assert (found["In-Reply-To"], edited["In-Reply-To"]) == (None, found["Message-ID"])


def test_a_story_that_an_edit_made_known_is_followed_up_in_the_thread_of_that_alert(database: Database) -> None:
    watch(database, **BY_MAIL)
    (stored,) = arrive(database, "wheat", at=NOW + minutes(1))
    edit(database, stored, "grain", at=NOW + minutes(2))
    tick(database, NOW + minutes(3))
    (first,) = mailed(database, NOW + minutes(3))[DESK]
    edit(database, stored, "wheat once more", at=NOW + minutes(4))
    tick(database, NOW + minutes(5))
    (second,) = mailed(database, NOW + minutes(5))[DESK]
    assert (first["In-Reply-To"], second["In-Reply-To"]) == (None, first["Message-ID"])


def test_where_there_are_no_threads_edits_come_together(database: Database) -> None:
    watch(database, channel="webhook", recipients=("https://hooks.example/a",), edits=tuple(Change))
    (one,) = arrive(database, "grain one", at=NOW + minutes(1))
    tick(database, NOW + minutes(2))
    (two,) = arrive(database, "grain two", at=NOW + minutes(3))
    tick(database, NOW + minutes(4))
    for each in (one, two):
        edit(database, each, f"wheat {each.id}", at=NOW + minutes(5))
    (done,) = tick(database, NOW + minutes(6))
    assert [len(alert.told) for alert in done.alerts] == [2]
    assert messages(database)[-1].answers is None


def test_who_leaves_gets_no_more_alerts_and_can_come_back(database: Database) -> None:
    wanted = watch(database, **BY_MAIL)
    arrive(database, "grain one", at=NOW + minutes(1))
    tick(database, NOW + minutes(2))
    (mail,) = mailed(database, NOW + minutes(2))[DESK]
    address = str(mail["List-Unsubscribe"]).strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in mail.get_body(("html",)).get_content()
    assert address in mail.get_body(("plain",)).get_content()
    with database.writing() as tx:
        ticket = tickets.find(tx, address.rpartition("/")[2], purpose=tickets.UNSUBSCRIBE)
        assert (ticket.slug, ticket.title, ticket.language, ticket.recipient) == ("grain", "Grain", "en", DESK)
        assert tickets.find(tx, ticket.token, purpose=tickets.FEED) is None
        tickets.leave_by(tx, ticket, now=NOW)
        assert tickets.is_left(tx, ticket)
    arrive(database, "grain two", at=NOW + minutes(3))
    tick(database, NOW + minutes(4))
    assert set(mailed(database, NOW + minutes(4))) == {SECOND}
    with database.writing() as tx:
        tickets.rejoin_by(tx, ticket)
        assert not tickets.is_left(tx, ticket)
    arrive(database, "grain three", at=NOW + minutes(5))
    tick(database, NOW + minutes(6))
    assert set(mailed(database, NOW + minutes(6))) == {DESK, SECOND}
    with database.writing() as tx:
        watches.put(tx, replace(wanted, alerts=None), now=NOW + minutes(7))
        assert tickets.find(tx, ticket.token, purpose=tickets.UNSUBSCRIBE) is None


def test_the_operator_hears_of_a_template_that_cannot_be_used(database: Database, tmp_path: Path) -> None:
    own = tmp_path / "email"
    own.mkdir()
    (own / "alert.html.j2").write_text("{{ edition.nonsense }}", encoding="utf-8")
    watch(database)
    arrive(database, "grain", at=NOW + minutes(1))

    async def run() -> None:
        async with Press(Design(shipped=TEMPLATES, overrides=(tmp_path,))) as press:

            async def render(alert: Alert) -> Printed:
                return await press.alert(alert, templates="email")

            parts = alerts.Parts(database=database, render=render, clock=lambda: NOW + minutes(2))
            await alerts.alert_due(parts)

    asyncio.run(run())
    assert "<mark" in messages(database)[0].content.html
    with database.reading() as tx:
        (notice,) = notices.latest(tx, limit=10)
    assert (notice.kind, notice.subject) == ("template", "grain")
    assert "alert.html.j2:1" in notice.sentence


def test_what_a_channel_takes_back_is_told_each_time_that_it_does(database: Database) -> None:
    """From the page to the message: the poll loop finds it missing twice, the alert loop says so."""
    world = World(database)
    make.stored_source(database, "sample", kind="telegram", url=CHANNEL)
    watch(database, edits=frozenset({Change.WITHDRAWN}))
    said = {5: "Grain will be shipped. The deal holds.", 6: "Nothing of that sort."}
    everything = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    without = [1, 2, 3, 4, 7, 8, 9, 10]
    told = []
    for shown in (everything, without, [*without, 11], everything, without, [*without, 11], [*without, 11]):
        world.document(CHANNEL, page_of_channel(*shown, said=said))
        world.poll()
        told.append(
            [(a.kind, a.told[0].change) for each in tick(database, world.now + minutes(1)) for a in each.alerts]
        )
    gone = [(Kind.EDITED, Change.WITHDRAWN)]
    assert told == [[], [], gone, [], [], gone, []]
    sent = [message.content for message in messages(database) if message.recipient == "desk"]
    assert [content.subject for content in sent] == ["Grain: 1 edit", "Re: Grain: 1 edit"]
    for content in sent:
        assert "*Grain* will be shipped" in content.text
        assert "withdrawn" in content.text.lower()


def test_silence_is_told_once_until_something_is_found_again(database: Database) -> None:
    watch(database, silence=hours(48))
    arrive(database, "grain", at=NOW + hours(1))
    tick(database, NOW + hours(1.1))
    assert tick(database, NOW + hours(48)) == []
    (done,) = tick(database, NOW + hours(49))
    assert [(alert.kind, alert.since) for alert in done.alerts] == [(Kind.SILENCE, NOW + hours(1))]
    assert tick(database, NOW + hours(60)) == []
    arrive(database, "grain again", at=NOW + hours(61))
    assert titles(tick(database, NOW + hours(61.1))) == [["grain again"]]
    assert [a.kind for each in tick(database, NOW + hours(110)) for a in each.alerts] == [Kind.SILENCE]


def test_a_spike_against_the_same_hour_of_other_weeks(database: Database) -> None:
    watch(database, at=NOW - timedelta(weeks=4), spike=Sensitivity.MEDIUM, cooldown=hours(1000))
    for day in range(1, 28):
        arrive(database, f"grain on day {day}", at=NOW - timedelta(days=day))
    tick(database, NOW - hours(2))
    with database.writing() as tx:  # as if the last alert were long ago
        tx.exec_driver_sql("UPDATE alert_state SET last_alert_at = NULL")
    arrive(database, *(f"grain now {number}" for number in range(9)), at=NOW - minutes(30))
    (done,) = tick(database, NOW)
    spikes = [alert for alert in done.alerts if alert.kind is Kind.SPIKE]
    assert [(alert.number, round(alert.usual, 1)) for alert in spikes] == [(9, 0.6)]
    assert "9 stories in an hour" in [m.content.subject.removeprefix("Grain: ") for m in messages(database)]


# ── pure decisions ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("hour", "ends"), [(20, None), (21, 30), (23, 30), (5, 6), (6, None)], ids=str)
def test_quiet_hours_reach_over_midnight(hour: int, ends: int | None) -> None:
    at = NOW.replace(hour=hour, minute=0)  # Vienna is an hour ahead
    expected = None if ends is None else NOW.replace(hour=0, minute=0) + hours(ends)
    assert end_of_quiet(NIGHT, at) == expected


def test_enough_within_a_stretch() -> None:
    times = [NOW + minutes(each) for each in (0, 50, 100, 130)]
    assert enough_since(times, stories=3, within=hours(1.5)) == NOW + minutes(50)
    assert enough_since(times, stories=3, within=hours(1)) is None
    assert enough_since([], stories=1, within=hours(1)) is None
    assert enough_since(times[3:], times[:3], stories=3, within=hours(1.5)) == NOW + minutes(50)
    assert enough_since([NOW + hours(9)], times[:3], stories=3, within=hours(2)) is None


def test_what_is_usual_needs_a_week_of_history() -> None:
    assert usual_number([NOW], now=NOW, since=NOW - timedelta(days=3)) is None
    assert usual_number([], now=NOW, since=NOW - timedelta(days=30)) == 0
    assert not is_spike(3, 0.0, Sensitivity.HIGH)
    assert is_spike(4, 0.0, Sensitivity.HIGH)
    assert not is_spike(12, 9.0, Sensitivity.MEDIUM)
