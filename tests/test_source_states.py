"""States of sources from the polls to the digest that tells of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text

from monitor import digests, polling
from monitor.core.drift import Drift, estimate, warning
from monitor.core.errors import SourceError
from monitor.core.model import FetchResult, Health, HealthChange, NotModified, Source
from monitor.core.numbers import absent
from monitor.core.rhythm import Rhythm, observe
from monitor.core.taxonomy import Taxonomy
from monitor.store import changes, posts, sources, subscriptions
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours, minutes
from tests.test_polling import World, rss, telegram

FEED = "https://mfa.example/rss.xml"
CHANNEL = "https://t.me/s/sample"
LABELS = Taxonomy(organisations=(), countries=(), regions=())


def unreachable(source: Source) -> FetchResult:
    raise SourceError("no answer from mfa.example within 30 s", reason="timeout")


def took(seconds: float) -> FetchResult:
    return NotModified(took=timedelta(seconds=seconds))


def told(database: Database, slug: str = "mfa") -> list[tuple[Health, Health]]:
    with database.reading() as tx:
        return [(each.before, each.after) for each in reversed(changes.of(tx, slug, limit=50))]


def test_failing_and_back(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    world.document(FEED, rss("1"))
    polled(world, 1)
    world.answers[FEED] = unreachable
    polled(world, 1)
    assert told(database) == []  # an accident, so far
    assert world.memory().source.memory.health is Health.FINE
    polled(world, 3)
    world.document(FEED, rss("1"))
    polled(world, 1)
    back_at = world.now
    polled(world, 1)
    assert told(database) == [(Health.FINE, Health.FAILING), (Health.FAILING, Health.FINE)]
    with database.reading() as tx:
        back, failed = changes.of(tx, "mfa", limit=5)
    assert failed.why == "no answer from mfa.example within 30 s"
    assert back.why == "read again after 4 failed polls"
    assert back.at == back_at


def test_slow_by_its_own_measure_waiting_in_line_not_counted(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    world.document(FEED, rss("1"))
    polled(world, 1)
    world.answers[FEED] = lambda _: took(0.2)
    polled(world, 20)
    world.answers[FEED] = lambda _: took(6)
    polled(world, 7)
    assert told(database) == [(Health.FINE, Health.SLOW)]
    with database.reading() as tx:
        last = sources.polls_of(tx, "mfa", limit=1)[0]
    assert last["answer_ms"] == 6000
    assert (last["finished_at"] - last["started_at"]).total_seconds() == 0


def polled(world: World, times: int, *, every: timedelta = timedelta(days=2)) -> None:
    async def go() -> None:
        async for _recorded in polling.poll_due(world.parts(), slugs=["mfa"]):
            pass

    for _ in range(times):
        world.now += every
        asyncio.run(go())


def noticed(world: World) -> list[HealthChange]:
    return asyncio.run(polling.note_silence(world.parts()))


def daily() -> Rhythm:
    """Of a source that has posted every hour for eight weeks, up to NOW."""
    rhythm = Rhythm()
    for hour in range(8 * 7 * 24, -1, -1):
        at = NOW - hours(hour)
        rhythm = observe(rhythm, at=at, new=1, moments=[at - minutes(5)], entries=20)
    return rhythm


def habit(database: Database, *, since_new: timedelta, since_read: timedelta, now: datetime) -> None:
    with database.writing() as tx:
        statement = text("UPDATE source_state SET rhythm = :rhythm, health = 'fine', polled_before = true,")
        statement = text(f"{statement.text} last_new_at = :new, last_success_at = :read, last_poll_at = :read")
        at = {"new": now - since_new, "read": now - since_read}
        if database.is_sqlite:
            at = {name: moment.replace(tzinfo=None).isoformat(" ", "microseconds") for name, moment in at.items()}  # type: ignore[misc]
        tx.execute(statement, {"rhythm": daily().to_bytes(), **at})


@pytest.mark.parametrize(
    ("since_new", "since_read", "silent"),
    [
        (hours(40), minutes(10), True),
        (hours(2), minutes(10), False),
        (hours(40), hours(39), False),  # nobody looked since: nobody can tell
    ],
)
def test_silence_is_noticed_though_no_poll_brings_it(
    database: Database, since_new: timedelta, since_read: timedelta, silent: bool
) -> None:
    world = World(database)
    make.stored_source(database)
    world.now = NOW + hours(40)
    habit(database, since_new=since_new, since_read=since_read, now=world.now)
    assert [each.slug for each in noticed(world)] == ["mfa"] * silent
    assert noticed(world) == []  # once
    assert told(database) == [(Health.FINE, Health.SILENT)] * silent
    world.answers[FEED] = lambda _: took(0.2)
    polled(world, 2, every=hours(1))
    assert told(database) == [(Health.FINE, Health.SILENT)] * silent  # being read without news does not end it
    world.document(FEED, rss("1"))
    polled(world, 1, every=hours(1))
    assert told(database) == [(Health.FINE, Health.SILENT), (Health.SILENT, Health.FINE)] * silent


def test_a_source_at_work_is_left_for_the_next_time(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    world.now = NOW + hours(40)
    habit(database, since_new=hours(40), since_read=minutes(1), now=world.now)
    with database.writing() as tx:
        assert sources.claim_due(tx, now=world.now, until=world.now + minutes(10), limit=5)
    assert noticed(world) == []
    world.now += minutes(11)
    assert len(noticed(world)) == 1


def test_a_digest_carries_each_change_once(database: Database) -> None:
    source = make.stored_source(database)
    desk = make.stored_subscription(database, next_due_at=NOW + hours(1), now=NOW - hours(30))

    def store(at: datetime, after: Health) -> None:
        change = HealthChange(slug="mfa", title="MFA", before=Health.FINE, after=after, at=at, why="why")
        with database.writing() as tx:
            changes.add(tx, [(source.id, change)])

    def carried(at: datetime) -> list[Health]:
        with database.writing() as tx:
            known = subscriptions.get(tx, desk.slug)
            assert known is not None
            edition = digests.select_edition(tx, known, labels=LABELS, due_at=at, now=at)
            assert digests.settle(tx, edition, None, now=at)
        return [each.after for each in edition.digest.coverage.changes]

    store(NOW, Health.FAILING)
    assert carried(NOW + hours(1)) == [Health.FAILING]
    store(NOW + minutes(55), Health.SILENT)  # stored a little later than it came about
    store(NOW + hours(2), Health.GONE)
    assert carried(NOW + hours(3)) == [Health.SILENT, Health.GONE]
    assert carried(NOW + hours(4)) == []


def test_changes_are_kept_for_a_while_and_asked_for_from_an_id_on(database: Database) -> None:
    source = make.stored_source(database)
    change = HealthChange(slug="mfa", title="MFA", before=Health.FINE, after=Health.SLOW, at=NOW, why="slow")
    old = HealthChange(
        slug="mfa", title="MFA", before=Health.FINE, after=Health.GONE, at=NOW - timedelta(days=401), why=""
    )
    with database.writing() as tx:
        changes.add(tx, [(source.id, old), *[(source.id, change)] * 6])
    with database.reading() as tx:
        found = changes.since(tx, NOW - hours(1))
        assert len(found) == 6
        assert changes.since(tx, NOW, after_id=found[3].id) == found[4:]
        assert changes.since(tx, NOW + minutes(1)) == []
        assert changes.latest(tx) == {"mfa": found[-1]}
    with database.writing() as tx:
        assert changes.forget(tx, now=NOW) == 1
        assert changes.forget(tx, now=NOW, keep=2) == 4
        assert changes.of(tx, "mfa", limit=9) == [found[5], found[4]]
        sources.remove(tx, "mfa", now=NOW)
        assert changes.since(tx, NOW) == []  # of those that are followed


def without(page: str, number: int) -> str:
    start = page.index(
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="sample/{number}"'
    )
    end = page.index("</a></div></div>", start) + len("</a></div></div>")
    return page[:start] + page[end:]


def test_numbers_missing_on_telegram_are_kept_and_counted_in_the_coverage(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url=CHANNEL)
    world.document(CHANNEL, without(telegram(1, 10), 4))
    polled(world, 1)
    # 7 is withdrawn; 11 to 20 came meanwhile, of which 13 was never shown; a second page connects the two.
    world.document(CHANNEL, without(telegram(12, 20), 13))
    world.document(f"{CHANNEL}?before=12", without(without(telegram(3, 11), 4), 7))
    began = world.now
    polled(world, 1)
    status = world.memory()
    assert [(str(each), each.withdrawn, each.found_at is None) for each in absent(status.source.memory.numbers)] == [
        ("4", False, True),
        ("7", True, False),
        ("13", False, False),
    ]
    desk = make.stored_subscription(database, now=NOW)
    with database.reading() as tx:
        edition = digests.select_edition(tx, desk, labels=LABELS, due_at=world.now, now=world.now + hours(1))
    [missing] = edition.digest.coverage.missing
    assert (missing.slug, missing.withdrawn, missing.never_seen) == ("mfa", 1, 1)
    assert edition.digest.coverage.gaps == ()
    assert began < world.now


def test_a_clock_that_is_off_is_learnt_from_the_polls_and_warned_of(database: Database) -> None:
    """Local time three hours east written as if it were UTC; each poll, every 20 minutes, shows one new post."""
    world = World(database)
    make.stored_source(database)
    shown = ["0"]
    dates = {"0": format_datetime(NOW)}
    for number in range(10):
        feed = rss(*shown)
        for guid in shown:
            feed = feed.replace(
                f"Statement {guid}</title>", f"Statement {guid}</title><pubDate>{dates[guid]}</pubDate>"
            )
        world.document(FEED, feed)
        polled(world, 1, every=minutes(20))
        shown.append(str(number + 1))
        dates[shown[-1]] = format_datetime(world.now + minutes(20 - 3 - number) + hours(3))
    drift = Drift.from_bytes(world.memory().source.memory.drift)
    assert estimate(drift) == hours(3)
    assert "its dates run 3 h ahead" in (warning(drift) or "")
    with database.reading() as tx:
        newest = posts.latest(tx, limit=1)[0]
    assert newest.ahead == hours(3)


@pytest.mark.parametrize("off", [hours(3), -hours(3)])
def test_a_clock_that_is_off_makes_nobody_first(database: Database, off: timedelta) -> None:
    """Both carry one statement, the agency at 10:00 and the ministry at 10:05, whose clock is three hours off."""
    agency, ministry = make.stored_source(database, "agency"), make.stored_source(database, "mfa")
    observed = tuple((int(off.total_seconds() // 60) - 8, int(off.total_seconds() // 60) + 7) for _ in range(8))
    with database.writing() as tx:
        drift = {"drift": Drift(observed).to_bytes(), "id": ministry.id}
        tx.execute(text("UPDATE source_state SET drift = :drift WHERE source_id = :id"), drift)
    ten = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    words = make.digest_of("the same words")
    make.arrive(database, agency, make.prepared("a", stated_at=ten, fingerprint=words, url=None), at=ten + minutes(9))
    late = make.prepared("m", stated_at=ten + minutes(5) + off, fingerprint=words, url=None)
    [stored] = make.arrive(database, ministry, late, at=ten + minutes(12))
    assert stored.ahead == off
    with database.reading() as tx:
        [voices] = posts.voices(tx, [stored.story_id]).values()
        desk = make.stored_subscription(database, now=NOW)
        edition = digests.select_edition(tx, desk, labels=LABELS, due_at=ten + hours(1), now=ten + hours(1))
    assert [(v.source_slug, v.at) for v in voices] == [("agency", ten), ("mfa", ten + minutes(5))]
    [section] = edition.digest.sections
    assert [item.lead.source.slug for item in section.items] == ["agency"]


def test_a_first_poll_takes_a_backlog_and_floods_nobody(database: Database) -> None:
    """What is older than the backlog that the operator sets is stored, and given to no subscription."""
    world = World(database)
    make.stored_source(database)
    old, recent = "Mon, 23 Feb 2026 10:00:00 GMT", "Tue, 03 Mar 2026 10:00:00 GMT"
    dated = rss("old", "recent", "undated")
    for guid, date in (("old", old), ("recent", recent)):
        dated = dated.replace(f"Statement {guid}</title>", f"Statement {guid}</title><pubDate>{date}</pubDate>")
    world.document(FEED, dated)
    world.poll()
    assert world.stored() == ["old", "recent", "undated"]
    desk = make.stored_subscription(database, now=NOW)
    with database.reading() as tx:
        edition = digests.select_edition(tx, desk, labels=LABELS, due_at=world.now, now=world.now + hours(1))
    assert [each.post.guid for each in edition.given] == ["recent"]
