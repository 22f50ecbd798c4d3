from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.model import Authority, Health, Memory, Outcome, Owner, Source
from monitor.store import schema, sources
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours, minutes

UNTIL = NOW + minutes(10)
IN_AN_HOUR = NOW + hours(1)


def claim(database: Database, *, now: datetime = NOW, limit: int = 100, slugs: list[str] | None = None) -> list[str]:
    with database.writing() as tx:
        found = sources.claim_due(tx, now=now, until=now + minutes(10), limit=limit, slugs=slugs)
    return [source.slug for source in found]


def status(database: Database, slug: str = "mfa") -> sources.SourceStatus:
    with database.reading() as tx:
        return next(s for s in sources.statuses(tx) if s.source.slug == slug)


def remember(database: Database, *polls: object, due: datetime = IN_AN_HOUR, new: int = 0, changed: int = 0) -> None:
    with database.writing() as tx:
        sources.remember(tx, [(poll, due, new, changed) for poll in polls])  # type: ignore[misc]


# ── what an operator decides ───────────────────────────────────────────────────────────────────────────────


def test_a_source_comes_back_as_it_was_stored(database: Database) -> None:
    whole = make.source(
        "mfa",
        title="Министерство 🇺🇳 وزارة",
        homepage="https://mfa.example/",
        organisation="mfa-of-example",
        country="EX",
        language="ru",
        authority=Authority.PRIMARY,
        tags=("europe", "ministry"),
        interval=timedelta(minutes=7),
        options={"selector": "div > a", "depth": 2, "nested": {"keep": [1, 2.5, None, True]}},
        owner=Owner.FILE,
        paused=True,
    )
    with database.writing() as tx:
        id_ = sources.add(tx, whole, now=NOW)
    with database.reading() as tx:
        assert sources.every(tx) == [replace(whole, id=id_)]


def test_sources_are_listed_by_slug(database: Database) -> None:
    for slug in ("c", "a", "b"):
        make.stored_source(database, slug)
    with database.reading() as tx:
        assert [source.slug for source in sources.every(tx)] == ["a", "b", "c"]


def test_a_new_source_is_due_at_once(database: Database) -> None:
    make.stored_source(database)
    assert claim(database) == ["mfa"]


@pytest.mark.parametrize("field", ["url", "kind"])
def test_another_address_forgets_the_validators(database: Database, field: str) -> None:
    before = make.stored_source(database)
    learnt = Memory(etag='W/"1"', last_modified="x", body_hash=b"h", seen=b"12345678", failures=3, polled_before=True)
    remember(database, make.poll(before, memory=learnt))
    with database.writing() as tx:
        sources.change(
            tx, replace(before, **{field: "json-feed" if field == "kind" else "https://new.example/"}), now=NOW
        )
    after = status(database)
    assert after.source.memory == Memory()
    assert after.next_poll_at == NOW


def test_another_title_keeps_what_polling_has_learnt(database: Database) -> None:
    before = make.stored_source(database)
    learnt = Memory(etag='"1"', last_modified="x", body_hash=b"h", seen=b"12345678", failures=3, polled_before=True)
    remember(database, make.poll(before, memory=learnt))
    with database.writing() as tx:
        sources.change(tx, replace(before, title="New", interval=hours(2)), now=NOW)
    after = status(database)
    assert after.source == replace(before, title="New", interval=hours(2), memory=learnt)
    assert after.next_poll_at == NOW + hours(1)


def test_a_poll_of_the_old_address_leaves_nothing_to_the_new_one(database: Database) -> None:
    before = make.stored_source(database)
    assert claim(database) == ["mfa"]
    with database.writing() as tx:
        sources.change(tx, replace(before, url="https://new.example/"), now=NOW)
    remember(database, make.poll(before, memory=Memory(etag='"old"', body_hash=b"old", polled_before=True)))
    after = status(database)
    assert after.source.memory == Memory()
    assert after.next_poll_at == NOW
    with database.reading() as tx:
        assert len(sources.polls_of(tx, "mfa", limit=9)) == 1  # it did take place


def test_a_removed_source_is_gone_and_comes_back_with_its_posts(database: Database) -> None:
    before = make.stored_source(database)
    make.arrive(database, before, make.prepared("1"), make.prepared("2"))
    remember(database, make.poll(before, memory=Memory(etag='"1"', failures=4, polled_before=True)))
    with database.writing() as tx:
        assert sources.remove(tx, "mfa", now=NOW)
        assert not sources.remove(tx, "mfa", now=NOW)
        assert not sources.remove(tx, "nobody", now=NOW)
    with database.reading() as tx:
        assert sources.every(tx) == []
        assert sources.statuses(tx) == []
        assert sources.next_due_at(tx) is None
    assert claim(database, now=NOW + hours(9)) == []
    assert claim(database, now=NOW + hours(9), slugs=["mfa"]) == []

    later = NOW + timedelta(days=30)
    back = make.stored_source(database, now=later)
    assert back.id == before.id
    assert back.memory == Memory(etag='"1"')  # neither its failures nor that its backlog was taken
    assert status(database).posts == 2
    assert claim(database, now=later) == ["mfa"]


# ── pausing ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_source_paused_by_its_file_is_not_due(database: Database) -> None:
    make.stored_source(database, paused=True)
    with database.reading() as tx:
        assert sources.next_due_at(tx) is None
    assert claim(database) == []
    assert claim(database, slugs=["mfa"]) == ["mfa"]


def test_holding_lasts_until_resuming_whatever_the_file_says(database: Database) -> None:
    source = make.stored_source(database)
    failing = Memory(failures=5, health=Health.FAILING)
    remember(database, make.poll(source, outcome=Outcome.FAILED, memory=failing, error="no"))
    with database.writing() as tx:
        assert sources.hold(tx, "mfa")
        assert not sources.hold(tx, "nobody")
        sources.change(tx, make.source("mfa", title="New"), now=NOW)
    assert status(database).source.paused
    assert claim(database, now=NOW + hours(5)) == []
    with database.writing() as tx:
        assert sources.resume(tx, "mfa", now=NOW + hours(5))
        assert not sources.resume(tx, "nobody", now=NOW)
    assert not status(database).source.paused
    assert status(database).source.memory.failures == 5  # it fails until it can be read, resumed or not
    with database.reading() as tx:
        assert {name: number for name, number in sources.states(tx).items() if number} == {"failing": 1}
    assert claim(database, now=NOW + hours(5)) == ["mfa"]


def test_a_removed_source_can_be_neither_held_nor_resumed(database: Database) -> None:
    make.stored_source(database)
    with database.writing() as tx:
        sources.remove(tx, "mfa", now=NOW)
        assert not sources.hold(tx, "mfa")
        assert not sources.resume(tx, "mfa", now=NOW)


# ── claiming ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_holds_until_it_runs_out(database: Database) -> None:
    make.stored_source(database)
    assert claim(database) == ["mfa"]
    assert claim(database) == []
    assert claim(database, slugs=["mfa"]) == []
    assert claim(database, now=UNTIL - timedelta(microseconds=1)) == []
    assert claim(database, now=UNTIL) == ["mfa"]


def test_a_source_given_back_is_due_again(database: Database) -> None:
    source = make.stored_source(database)
    claim(database)
    with database.writing() as tx:
        sources.release(tx, [source.id])
    assert claim(database) == ["mfa"]


def test_the_longest_due_come_first(database: Database) -> None:
    for slug, due in {"a": 3, "b": 1, "c": 2, "d": 999}.items():
        remember(database, make.poll(make.stored_source(database, slug)), due=NOW + minutes(due))
    assert claim(database, now=NOW + minutes(5), limit=2) == ["b", "c"]
    assert claim(database, now=NOW + minutes(5), limit=2) == ["a"]


def test_named_sources_are_taken_though_not_due(database: Database) -> None:
    remember(database, make.poll(make.stored_source(database, "a")), make.poll(make.stored_source(database, "b")))
    assert claim(database) == []
    assert claim(database, slugs=["b", "nobody"]) == ["b"]


def test_when_the_next_source_is_due(database: Database) -> None:
    with database.reading() as tx:
        assert sources.next_due_at(tx) is None
    for slug, due in {"a": 3, "b": 1, "c": 2}.items():
        remember(database, make.poll(make.stored_source(database, slug)), due=NOW + minutes(due))
    with database.writing() as tx:
        sources.hold(tx, "b")
    with database.reading() as tx:
        assert sources.next_due_at(tx) == NOW + minutes(2)


@contextmanager
def another(database_url: str) -> Iterator[Database]:
    """The same database as another process opens it: with a lock and connections of its own."""
    with closing(Database(database_url)) as opened:
        yield opened


def test_two_processes_with_many_threads_claim_each_source_once(database_url: str, tmp_path: Path) -> None:
    with another(database_url) as one, another(database_url) as two:
        schema.upgrade(one)
        with one.writing() as tx:
            for number in range(120):
                sources.add(tx, make.source(f"s{number:03}"), now=NOW)
        together = threading.Barrier(8)

        def work(number: int) -> list[str]:
            mine: list[str] = []
            together.wait()
            while claimed := claim((one, two)[number % 2], limit=7):
                mine += claimed
            return mine

        with ThreadPoolExecutor(8) as pool:
            taken = Counter(slug for mine in pool.map(work, range(8)) for slug in mine)
        # A locked row is skipped, so a thread may find nothing though something is left: one more round takes that.
        taken.update(claim(one))
    assert taken == Counter({f"s{number:03}": 1 for number in range(120)})


# ── remembering ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_success_is_remembered(database: Database) -> None:
    source = make.stored_source(database)
    claim(database)
    learnt = Memory(etag='W/"é"', last_modified="Mon", body_hash=b"\x00\xff", seen=bytes(range(16)), polled_before=True)
    remember(database, make.poll(source, outcome=Outcome.NEW, memory=learnt, size=77), new=3, changed=1)
    assert status(database) == sources.SourceStatus(
        source=replace(source, memory=learnt),
        next_poll_at=NOW + hours(1),
        last_poll_at=NOW,
        last_success_at=NOW,
        last_new_at=NOW,
        last_gap_at=None,
        last_outcome="new",
        last_error=None,
        posts=0,
    )
    assert claim(database) == []  # not due
    assert claim(database, now=NOW + hours(1)) == ["mfa"]  # the claim has ended with the poll


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.GONE])
def test_a_failure_keeps_when_it_last_went_well(database: Database, outcome: Outcome) -> None:
    source = make.stored_source(database)
    remember(database, make.poll(source, outcome=Outcome.NEW), new=1)
    later = NOW + hours(1)
    failed = make.poll(source, at=later, outcome=outcome, error="no name", reason="dns", memory=Memory(failures=1))
    remember(database, failed, due=later + hours(2))
    after = status(database)
    assert (after.last_poll_at, after.last_success_at, after.last_new_at) == (later, NOW, NOW)
    assert (after.last_outcome, after.last_error) == (outcome.value, "no name")
    assert after.source.memory == Memory(failures=1)


def test_a_poll_with_nothing_new_keeps_when_something_last_was(database: Database) -> None:
    source = make.stored_source(database)
    remember(database, make.poll(source, outcome=Outcome.NEW), new=1)
    remember(database, make.poll(source, at=NOW + hours(1), outcome=Outcome.NEW), changed=1)
    remember(database, make.poll(source, at=NOW + hours(2), outcome=Outcome.NOT_MODIFIED))
    after = status(database)
    assert after.last_new_at == NOW
    assert after.last_success_at == NOW + hours(2)


def test_polls_of_many_sources_do_not_mix(database: Database) -> None:
    a, b, c = (make.stored_source(database, slug) for slug in "abc")
    remember(
        database,
        make.poll(a, memory=Memory(etag="a"), outcome=Outcome.NEW),
        make.poll(b, memory=Memory(failures=2), outcome=Outcome.FAILED, error="b failed"),
        make.poll(c, memory=Memory(etag="c"), outcome=Outcome.KNOWN),
    )
    with database.reading() as tx:
        found = {s.source.slug: (s.source.memory, s.last_outcome, s.last_error) for s in sources.statuses(tx)}
    assert found == {
        "a": (Memory(etag="a"), "new", None),
        "b": (Memory(failures=2), "failed", "b failed"),
        "c": (Memory(etag="c"), "known", None),
    }


def test_no_polls_are_nothing_to_remember(database: Database) -> None:
    remember(database)
    with database.reading() as tx:
        assert sources.statuses(tx) == []


def test_the_record_of_polls(database: Database) -> None:
    source = make.stored_source(database)
    notes = tuple(f"note {n}" for n in range(30))
    remember(
        database, make.poll(source, outcome=Outcome.NEW, reading=make.reading(entries=9, notes=notes), size=4), new=2
    )
    remember(database, make.poll(source, at=NOW + hours(1), outcome=Outcome.FAILED, error="gone", reason="http-500"))
    with database.reading() as tx:
        newest, oldest = sources.polls_of(tx, "mfa", limit=9)
        assert len(sources.polls_of(tx, "mfa", limit=1)) == 1
        assert sources.polls_of(tx, "nobody", limit=9) == []
    assert (newest["outcome"], newest["reason"], newest["error"]) == ("failed", "http-500", "gone")
    assert (oldest["entries"], oldest["fresh"], oldest["changed"], oldest["size"]) == (9, 2, 0, 4)
    assert oldest["notes"] == list(notes[:20])
    assert (oldest["started_at"], oldest["finished_at"]) == (NOW - timedelta(seconds=1), NOW)


def test_only_the_newest_polls_of_each_source_are_kept(database: Database) -> None:
    for slug, polls in {"a": 5, "b": 2}.items():
        source = make.stored_source(database, slug)
        for number in range(polls):
            remember(database, make.poll(source, at=NOW + hours(number)))
    with database.writing() as tx:
        assert sources.forget_polls(tx, keep=3) == 2
        assert sources.forget_polls(tx, keep=3) == 0
    with database.reading() as tx:
        assert [p["finished_at"] for p in sources.polls_of(tx, "a", limit=9)] == [NOW + hours(n) for n in (4, 3, 2)]
        assert len(sources.polls_of(tx, "b", limit=9)) == 2


def test_statuses_count_the_posts_of_each_source(database: Database) -> None:
    a, b = make.stored_source(database, "a"), make.stored_source(database, "b")
    make.stored_source(database, "c")
    make.arrive(database, a, *(make.prepared(str(n)) for n in range(3)))
    make.arrive(database, b, make.prepared("1"))
    with database.reading() as tx:
        assert {s.source.slug: s.posts for s in sources.statuses(tx)} == {"a": 3, "b": 1, "c": 0}
        assert [s.source.slug for s in sources.statuses(tx, slugs=["c", "a", "nobody"])] == ["a", "c"]


def test_a_status_of_a_source_never_polled(database: Database) -> None:
    source: Source = make.stored_source(database)
    after = status(database)
    assert after.source == source
    assert after.next_poll_at == NOW
    assert (after.last_poll_at, after.last_success_at, after.last_outcome, after.last_error) == (None,) * 4
