from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from monitor.core.model import Authority, Evidence, Facet, Field, Forward, Media, Post, StoredPost, Tag
from monitor.store import posts, schema, sources, watches
from monitor.store.database import Database, Transaction
from tests import make
from tests.make import NOW, hours

EVERYTHING = Post(
    guid="https://t.me/mfa/42?комментарий=да",
    url="https://mfa.example/news/42?a=1&b=%C3%A9",
    title="Заявление 🇺🇳👩🏽‍🚀 — البيان «x»",
    title_made=True,
    text="First paragraph.\n\n"
    "שלום\u200f עולם\u202e!\u0301 Z\u0335a\u0334l\u0337go \U0001f9ff \ufffd\ufeff\u2028\x01\x7f'\"\\%s:x",
    html='<p>First <a href="https://a.example/?x=1&amp;y=2">паr</a></p>',
    summary="Teaser\twith\ttabs \U0010ffff",
    author="Ὀδυσσεύς, Dr.",
    language="ru",
    stated_at=datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    updated_at=datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC),
    hashtags=("ООН", "السلام", "a_b", "ООН"),
    categories=('Politics, "quoted"', "", "日本"),
    media=(
        Media(kind="photo", url="https://cdn.example/1.jpg"),
        Media(kind="video", url=None, title="Media is too big 🙃", mime="video/mp4", bytes=5_000_000_000, seconds=0),
    ),
    forwarded_from=Forward(name="Канал ✅", link="https://t.me/other/7"),
    reply_to="https://t.me/mfa/41",
    edited=True,
    views=2_147_483_647,
    content_hash=bytes(range(16)),
    fingerprint=bytes(range(240, 256)),
)

LEAST = Post(guid="", url=None, title="", text="", html="", content_hash=b"", fingerprint=None)


def numbers(added: list[int | None]) -> int:
    return sum(id_ is not None for id_ in added)


def only(database: Database, id_: int) -> StoredPost:
    with database.reading() as tx:
        found = posts.get(tx, id_)
    assert found is not None
    return found


def known_one(tx: Transaction, source_id: int, guid: str) -> posts.Known:
    return posts.known(tx, [(source_id, guid)])[source_id, guid]


# ── a post comes back as it was stored ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "post",
    [
        EVERYTHING,
        LEAST,
        replace(EVERYTHING, forwarded_from=Forward(name="A person", link=None)),
        replace(EVERYTHING, forwarded_from=Forward(name="", link="https://t.me/other/7")),
        replace(EVERYTHING, forwarded_from=Forward(name="", link=None)),
        replace(EVERYTHING, media=(Media(kind="link", url="", title="", bytes=0),), hashtags=(), views=0),
        replace(EVERYTHING, stated_at=datetime.min.replace(tzinfo=UTC), updated_at=datetime.max.replace(tzinfo=UTC)),
        replace(EVERYTHING, text="long " * 200_000),
    ],
    ids=["everything", "least", "no-link", "no-name", "neither", "zeros", "ends-of-time", "megabyte"],
)
def test_every_field_of_a_post_comes_back(database: Database, post: Post) -> None:
    source = make.stored_source(database, authority=Authority.PRIMARY, tags=("x",), options={"a": [1]})
    [stored] = make.arrive(database, source, make.Prepared(post=post))
    assert stored.post == post
    assert stored.source == source
    assert (stored.first_seen_at, stored.backlog, stored.revisions) == (NOW, False, 0)
    assert (stored.tags, stored.matches) == ((), ())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_ends_of_time_come_back_whatever_zone_the_server_keeps(database_url: str) -> None:
    """Feeds do say 0001-01-01 and 9999-12-31; PostgreSQL writes times in the session's zone."""
    for zone in ("America/New_York", "Pacific/Auckland"):
        with closing(Database(database_url)) as admin, admin.writing() as tx:
            name = tx.execute(select(func.current_database())).scalar_one()
            tx.execute(text(f"ALTER DATABASE \"{name}\" SET timezone TO '{zone}'"))
        with closing(Database(database_url)) as database:
            schema.upgrade(database)
            source = make.stored_source(database)
            ends = {"stated_at": datetime.min.replace(tzinfo=UTC), "updated_at": datetime.max.replace(tzinfo=UTC)}
            [stored] = make.arrive(database, source, make.prepared(zone, **ends))
            assert stored.post.stated_at == ends["stated_at"]
            assert stored.post.updated_at == ends["updated_at"]


def test_times_of_any_zone_come_back_in_utc(database: Database) -> None:
    source = make.stored_source(database)
    tehran = timezone(timedelta(hours=3, minutes=30))
    [stored] = make.arrive(database, source, make.prepared(stated_at=datetime(2026, 3, 1, 3, 30, 0, 5, tzinfo=tehran)))
    assert stored.post.stated_at == datetime(2026, 3, 1, 0, 0, 0, 5, tzinfo=UTC)
    assert stored.post.stated_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    source = make.stored_source(database)
    with pytest.raises(Exception, match="without a zone"), database.writing() as tx:
        naive = datetime(2026, 3, 1)  # noqa: DTZ001 - that is the point
        posts.add(tx, [make.arrival(source, make.prepared(stated_at=naive))], now=NOW)
    with database.reading() as tx:
        assert posts.count(tx) == 0


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
times = st.datetimes(timezones=st.just(UTC))
any_post = st.builds(
    Post,
    guid=texts,
    url=st.none() | texts.map(lambda t: f"https://a.example/{t.encode().hex()}"),
    title=texts,
    title_made=st.booleans(),
    text=texts,
    html=texts,
    summary=texts,
    author=st.none() | texts,
    language=st.none() | st.sampled_from(["en", "zh"]),
    stated_at=st.none() | times,
    updated_at=st.none() | times,
    hashtags=st.lists(texts, max_size=3).map(tuple),
    categories=st.lists(texts, max_size=3).map(tuple),
    media=st.lists(
        st.builds(Media, kind=texts, url=st.none() | texts, bytes=st.none() | st.integers(0, 2**53)), max_size=2
    ).map(tuple),
    forwarded_from=st.none() | st.builds(Forward, name=texts, link=st.none() | texts),
    reply_to=st.none() | texts,
    edited=st.booleans(),
    views=st.none() | st.integers(0, 2**31 - 1),
    content_hash=st.binary(max_size=16),
    fingerprint=st.none() | st.binary(max_size=16),
)


# One database serves all examples: each leaves its posts behind under a guid of its own.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(post=any_post)
def test_any_post_comes_back(database: Database, post: Post) -> None:
    with database.reading() as tx:
        there = {source.slug for source in sources.every(tx)}
    source = make.stored_source(database) if not there else _find(database)
    with database.reading() as tx:
        post = replace(post, guid=f"{posts.count(tx)}:{post.guid}")
    [stored] = make.arrive(database, source, make.Prepared(post=post))
    assert stored.post == post


def _find(database: Database) -> make.Source:
    with database.reading() as tx:
        return make.find_source(tx, "mfa")


# ── guids ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_guid_is_one_post_within_its_source_only(database: Database) -> None:
    a, b = make.stored_source(database, "a"), make.stored_source(database, "b")
    [of_a] = make.arrive(database, a, make.prepared("1", title="Of A"))
    [of_b] = make.arrive(database, b, make.prepared("1", title="Of B", url="https://b.example/1"))
    assert (of_a.post.title, of_b.post.title) == ("Of A", "Of B")
    with database.reading() as tx:
        known = posts.known(tx, [(a.id, "1"), (b.id, "1"), (a.id, "2")])
    assert {key: found.id for key, found in known.items()} == {(a.id, "1"): of_a.id, (b.id, "1"): of_b.id}


@pytest.mark.parametrize("guid", ["a", "A", "a ", " a", "a\n", "à", "a\u0300", "%", "_", "a%"])
def test_guids_are_compared_as_they_are_written(database: Database, guid: str) -> None:
    source = make.stored_source(database)
    others = [g for g in ("a", "A", "a ", " a", "a\n", "à", "a\u0300", "%", "_", "a%") if g != guid]
    make.arrive(database, source, *(make.prepared(g) for g in others))
    with database.reading() as tx:
        assert posts.known(tx, [(source.id, guid)]) == {}


LONG = "https://a.example/" + "ы" * 100_000


def test_absurdly_long_guids_are_told_apart_and_found_again(database: Database) -> None:
    source = make.stored_source(database)
    guids = [LONG, LONG + "1", "1" + LONG, "x" * 1000, "x" * 1001]
    stored = make.arrive(database, source, *(make.prepared(guid, url=None) for guid in guids))
    assert len({one.id for one in stored}) == len(guids)
    with database.reading() as tx:
        known = posts.known(tx, [(source.id, guid) for guid in guids])
    assert [known[source.id, guid].id for guid in guids] == [one.id for one in stored]
    assert all(len(one.post.guid.encode()) <= posts.LONGEST_GUID for one in stored)


def test_a_short_guid_that_looks_like_a_shortened_one_is_that_post(database: Database) -> None:
    source = make.stored_source(database)
    twin = posts.stored_guid(LONG)
    with database.writing() as tx:
        coming = make.arrivals(source, [make.prepared(LONG), make.prepared(twin)])
        assert numbers(posts.add(tx, coming, now=NOW)) == 1
        known = posts.known(tx, [(source.id, LONG), (source.id, twin)])
    assert len({found.id for found in known.values()}) == 1
    assert len(known) == 2


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=800))
def test_a_stored_guid_is_short_and_storing_it_again_changes_nothing(guid: str) -> None:
    short = posts.stored_guid(guid)
    assert len(short.encode()) <= posts.LONGEST_GUID
    assert posts.stored_guid(short) == short


def test_more_guids_than_a_statement_takes(database: Database) -> None:
    source = make.stored_source(database)
    guids = [str(number) for number in range(1_201)]
    stored = make.arrive(database, source, *(make.prepared(guid, tags=[make.tag()]) for guid in guids))
    assert [one.post.guid for one in stored] == guids
    with database.reading() as tx:
        assert len(posts.known(tx, [(source.id, guid) for guid in [*guids, "new"]])) == len(guids)
        loaded = posts.latest(tx, limit=5_000)
        stories = [one.story_id for one in loaded]
        assert len(posts.voices(tx, stories)) == len(set(stories)) == len(guids)
    assert all(one.tags for one in loaded)


# ── adding ─────────────────────────────────────────────────────────────────────────────────────────────────


def everything_in(database: Database) -> dict[str, list[object]]:
    with database.reading() as tx:
        names = ("story", "post", "revision", "tag", "match")
        return {
            name: [tuple(row) for row in tx.execute(text(f'SELECT * FROM "{name}" ORDER BY 1, 2'))] for name in names
        }


def test_adding_twice_changes_nothing(database: Database) -> None:
    source = make.stored_source(database)
    make.stored_watch(database, "sanctions")
    coming = make.arrivals(source, [make.prepared("1", tags=[make.tag()], matches=[make.match("sanctions")])])
    with database.writing() as tx:
        assert numbers(posts.add(tx, coming, now=NOW)) == 1
    before = everything_in(database)
    with database.writing() as tx:
        assert numbers(posts.add(tx, coming, now=NOW + hours(1))) == 0
    assert everything_in(database) == before


def test_a_post_stored_meanwhile_is_left_alone_beside_new_ones(database: Database) -> None:
    source = make.stored_source(database)
    [first] = make.arrive(database, source, make.prepared("1", title="First"))
    with database.writing() as tx:
        coming = [
            make.arrival(source, make.prepared("1", title="Second", tags=[make.tag("nato")]), story=-1),
            make.arrival(source, make.prepared("2"), story=-1),
            make.arrival(source, make.prepared("3"), story=-2),
        ]
        assert numbers(posts.add(tx, coming, now=NOW)) == 2
        ids = posts.known(tx, [(source.id, guid) for guid in "123"])
    assert only(database, first.id) == first
    two, three = (only(database, ids[source.id, guid].id) for guid in "23")
    assert len({first.story_id, two.story_id, three.story_id}) == 3


def test_nothing_to_add(database: Database) -> None:
    with database.writing() as tx:
        assert posts.add(tx, [], now=NOW) == []


def test_each_story_opened_by_a_batch_gets_its_own_posts(database: Database) -> None:
    source = make.stored_source(database)
    with database.writing() as tx:
        coming = [make.arrival(source, make.prepared(str(n)), story=-1 - n % 7) for n in range(50)]
        posts.add(tx, coming, now=NOW)
        stories = {int(p.post.guid): p.story_id for p in posts.latest(tx, limit=99)}
    assert all((stories[m] == stories[n]) == (m % 7 == n % 7) for m in stories for n in stories)


def test_two_processes_storing_the_same_posts_store_each_once(database_url: str) -> None:
    with closing(Database(database_url)) as one, closing(Database(database_url)) as two:
        schema.upgrade(one)
        source = make.stored_source(one)
        coming = make.arrivals(source, [make.prepared(str(n), tags=[make.tag()]) for n in range(100)])
        together = threading.Barrier(4)

        def work(number: int) -> int:
            together.wait()
            with (one, two)[number % 2].writing() as tx:
                return numbers(posts.add(tx, coming, now=NOW))

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == 100
        rows = everything_in(one)
    assert [len(rows[name]) for name in ("story", "post", "tag")] == [100, 100, 100]


# ── tags and matches ───────────────────────────────────────────────────────────────────────────────────────


def test_tags_and_matches_come_back_with_their_evidence(database: Database) -> None:
    source = make.stored_source(database)
    for slug in ("b-watch", "a-watch"):
        make.stored_watch(database, slug)
    evidence = tuple(Evidence(field=f, offset=n, words=f"слово 🇺🇳 {n}", rule="name") for n, f in enumerate(Field))
    tags = (
        Tag(facet=Facet.COUNTRY, slug="kz", main=True, weight=0.9, evidence=evidence),
        Tag(facet=Facet.ISSUER, slug="kz", main=False, weight=0.30000000000000004, evidence=()),
        Tag(facet=Facet.REGION, slug="central-asia", main=False, weight=0.1, evidence=evidence[:1]),
    )
    matches = (replace(make.match("a-watch"), evidence=evidence), make.match("b-watch"))
    [stored] = make.arrive(database, source, make.prepared(tags=tags, matches=matches[::-1]))
    assert stored.tags == tags  # weightiest first
    assert stored.matches == matches  # by slug


def test_a_match_of_a_watch_removed_meanwhile_is_dropped(database: Database) -> None:
    source = make.stored_source(database)
    make.stored_watch(database, "stays")
    make.stored_watch(database, "removed")
    with database.writing() as tx:
        watches.remove(tx, "removed", now=NOW)
    [stored] = make.arrive(
        database, source, make.prepared(matches=[make.match("removed"), make.match("stays"), make.match("unknown")])
    )
    assert [match.watch for match in stored.matches] == ["stays"]


# ── revising ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_revision_keeps_what_was_said_and_says_the_new(database: Database) -> None:
    source = make.stored_source(database)
    make.stored_watch(database, "one")
    make.stored_watch(database, "two")
    [before] = make.arrive(
        database,
        source,
        make.prepared("1", title="Old", text="Old text", tags=[make.tag("osce")], matches=[make.match("one")]),
    )
    changed = make.Prepared(post=replace(EVERYTHING, guid="1"), tags=(make.tag("nato"),), matches=(make.match("two"),))
    with database.writing() as tx:
        posts.revise(tx, [(known_one(tx, source.id, "1"), changed)], now=NOW + hours(1))
    after = only(database, before.id)
    assert after == replace(before, post=changed.post, tags=changed.tags, matches=changed.matches, revisions=1)
    with database.reading() as tx:
        [kept] = posts.revisions(tx, before.id)
        assert known_one(tx, source.id, "1") == posts.Known(
            id=before.id, content_hash=EVERYTHING.content_hash, revisions=1
        )
    assert (kept.number, kept.title, kept.text, kept.replaced_at) == (1, "Old", "Old text", NOW + hours(1))


def test_revisions_are_numbered_from_the_oldest(database: Database) -> None:
    source = make.stored_source(database)
    [stored] = make.arrive(database, source, make.prepared("1", title="Version 0"))
    for number in range(1, 5):
        with database.writing() as tx:
            changed = make.prepared("1", title=f"Version {number}")
            posts.revise(tx, [(known_one(tx, source.id, "1"), changed)], now=NOW + hours(number))
    with database.reading() as tx:
        kept = posts.revisions(tx, stored.id)
        assert posts.revisions(tx, stored.id + 1) == []
    assert [(r.number, r.title, r.replaced_at) for r in kept] == [
        (number, f"Version {number - 1}", NOW + hours(number)) for number in range(1, 5)
    ]
    assert only(database, stored.id).revisions == 4


def test_a_post_revised_meanwhile_is_left_alone(database: Database) -> None:
    source = make.stored_source(database)
    [stored] = make.arrive(database, source, make.prepared("1", title="Old"))
    with database.writing() as tx:
        known = known_one(tx, source.id, "1")
        posts.revise(tx, [(known, make.prepared("1", title="New", tags=[make.tag()]))], now=NOW)
    after = only(database, stored.id)
    with database.writing() as tx:
        posts.revise(tx, [(known, make.prepared("1", title="Newer"))], now=NOW)
    assert only(database, stored.id) == after
    with database.reading() as tx:
        assert len(posts.revisions(tx, stored.id)) == 1


def test_two_processes_revising_one_post_keep_one_revision(database_url: str) -> None:
    with closing(Database(database_url)) as one, closing(Database(database_url)) as two:
        schema.upgrade(one)
        source = make.stored_source(one)
        [stored] = make.arrive(one, source, make.prepared("1", title="Old"))
        with one.reading() as tx:
            known = known_one(tx, source.id, "1")
        together = threading.Barrier(4)

        def work(number: int) -> None:
            together.wait()
            with (one, two)[number % 2].writing() as tx:
                posts.revise(tx, [(known, make.prepared("1", title="New"))], now=NOW)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        with one.reading() as tx:
            assert [r.title for r in posts.revisions(tx, stored.id)] == ["Old"]
        assert only(one, stored.id).revisions == 1


# ── stories ────────────────────────────────────────────────────────────────────────────────────────────────

WORDS, OTHER_WORDS = make.digest_of("words"), make.digest_of("other words")


def test_a_forwarded_link_is_compared_in_its_canonical_spelling(database: Database) -> None:
    a, b = make.stored_source(database, "a"), make.stored_source(database, "b")
    [original] = make.arrive(database, a, make.prepared("1", url="https://t.me/a/1"))
    link = "HTTPS://T.ME:443/a/1?utm_source=x#comments"
    [forward] = make.arrive(database, b, make.prepared("2", url=None, forwarded_from=Forward(name="A", link=link)))
    assert forward.story_id == original.story_id
    assert forward.post.forwarded_from == Forward(name="A", link=link)


@pytest.mark.parametrize("link", ["http://[", "tg://resolve?domain=a", "https://t.me/a", "", "https://a.example/"])
def test_a_forwarded_link_that_identifies_nothing_folds_nothing(database: Database, link: str) -> None:
    source = make.stored_source(database)
    forward = Forward(name="A", link=link)
    one, two = make.arrive(database, source, *(make.prepared(g, url=None, forwarded_from=forward) for g in "12"))
    assert one.story_id != two.story_id
    assert one.post.forwarded_from == forward


def test_a_batch_may_have_more_keys_than_a_statement_takes(database: Database) -> None:
    one, two = make.stored_source(database, "a"), make.stored_source(database, "b")
    brought = [
        make.prepared(str(n), url=f"https://a.example/{n}", fingerprint=make.digest_of(str(n))) for n in range(300)
    ]
    first = make.arrive(database, one, *brought)
    again = make.arrive(database, two, *brought)
    assert len({stored.story_id for stored in first}) == 300
    assert [stored.story_id for stored in again] == [stored.story_id for stored in first]


def test_voices_in_order_of_time_with_their_lag(database: Database) -> None:
    a = make.stored_source(database, "a", title="Agency A", authority=Authority.STATE_AGENCY)
    b, c = make.stored_source(database, "b"), make.stored_source(database, "c", authority=Authority.PRIMARY)
    at = {"stated_at": NOW - hours(5)}
    [one] = make.arrive(database, a, make.prepared("1", fingerprint=WORDS, url="https://a.example/1", **at))
    [two] = make.arrive(
        database, b, make.prepared("2", fingerprint=WORDS, url=None), at=NOW - hours(3)
    )  # states no time
    future = {"stated_at": NOW + hours(90)}  # cannot be: seen before
    [three] = make.arrive(database, c, make.prepared("3", fingerprint=WORDS, **future), at=NOW - hours(4))
    [alone] = make.arrive(database, c, make.prepared("4", fingerprint=OTHER_WORDS))
    assert one.story_id == two.story_id == three.story_id != alone.story_id
    with database.reading() as tx:
        voices = posts.voices(tx, [one.story_id, alone.story_id, one.story_id, 10**6])
        assert posts.voices(tx, []) == {}
    assert set(voices) == {one.story_id, alone.story_id}
    told = [(v.post_id, v.source_slug, v.at, v.lag) for v in voices[one.story_id]]
    assert told == [
        (one.id, "a", NOW - hours(5), hours(0)),
        (three.id, "c", NOW - hours(4), hours(1)),
        (two.id, "b", NOW - hours(3), hours(2)),
    ]
    first = voices[one.story_id][0]
    assert (first.source_title, first.authority, first.url) == (
        "Agency A",
        Authority.STATE_AGENCY,
        "https://a.example/1",
    )


# ── looking ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_latest_narrowed_by_whatever_is_given(database: Database) -> None:
    a, b = make.stored_source(database, "a"), make.stored_source(database, "b")
    make.stored_watch(database, "w")
    make.arrive(database, a, make.prepared("1", language="en", tags=[make.tag("kz", Facet.COUNTRY)]), at=NOW - hours(3))
    make.arrive(database, a, make.prepared("2", language="ru", matches=[make.match("w")]), at=NOW - hours(2))
    make.arrive(database, b, make.prepared("3", language="ru", tags=[make.tag("kz", Facet.ISSUER)]), at=NOW - hours(1))
    cases: list[tuple[dict[str, object], str]] = [
        ({}, "321"),
        ({"source_slug": "a"}, "21"),
        ({"since": NOW - hours(2)}, "32"),
        ({"slug": "kz"}, "31"),
        ({"slug": "kz", "facet": Facet.ISSUER}, "3"),
        ({"watch_slug": "w"}, "2"),
        ({"language": "ru", "source_slug": "b"}, "3"),
        ({"watch_slug": "nothing"}, ""),
    ]
    with database.reading() as tx:
        for narrowed, expected in cases:
            found = posts.latest(tx, limit=9, **narrowed)  # type: ignore[arg-type]
            assert "".join(p.post.guid for p in found) == expected, narrowed
        assert [p.post.guid for p in posts.latest(tx, limit=2)] == ["3", "2"]
        assert posts.count(tx) == 3
        assert posts.get(tx, 10**6) is None


def test_each_post_since_a_moment_comes_once_however_small_the_batches(database: Database) -> None:
    source = make.stored_source(database)
    make.arrive(database, source, make.prepared("old"), at=NOW - hours(1))
    make.arrive(database, source, *(make.prepared(str(n), tags=[make.tag()]) for n in range(7)), backlog=True)
    with database.reading() as tx:
        for batch in (1, 3, 7, 500):
            found = list(posts.each(tx, since=NOW, batch=batch))
            assert [p.post.guid for p in found] == list("0123456")
            assert all(p.tags for p in found)
        assert list(posts.each(tx, since=NOW + hours(1))) == []
        assert posts.tagged_slugs(tx) == posts.tagged_slugs(tx, facet=Facet.ORGANISATION) == {"osce"}
        assert posts.tagged_slugs(tx, facet=Facet.REGION) == set()
