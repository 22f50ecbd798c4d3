from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from monitor.core.identity import digest8, packed
from monitor.core.model import Prepared, Source
from monitor.core.recognition import BEGINNING
from monitor.store import posts, recognition
from monitor.store.database import Database
from monitor.store.recognition import Alias, Brought, recognise, remember
from monitor.store.tables import AliasRow, table
from tests import make
from tests.make import NOW, hours

PAGE = "https://mfa.example/news/4711"
TEXT = "The ministers agreed to convene the council in Geneva next week. " * 40


def brought(source: Source, *prepared: Prepared, shown: bytes = b"") -> list[Brought]:
    return [Brought(source=source, prepared=one, shown=shown) for one in prepared]


def under(database: Database, source: Source, *prepared: Prepared, shown: bytes = b"") -> recognition.Recognised:
    with database.reading() as tx:
        return recognise(tx, brought(source, *prepared, shown=shown))


def test_new_known_edited_and_fuller_posts(database: Database) -> None:
    source = make.stored_source(database)
    make.arrive(
        database, source, make.prepared("known"), make.prepared("edited", text=TEXT), make.prepared("bare", text="")
    )
    edited, fuller = make.prepared("edited", text="Nothing was agreed on."), make.prepared("bare", text=TEXT)
    found = under(database, source, make.prepared("new"), make.prepared("known"), edited, fuller)
    assert list(found.fresh) == [(source.id, "new")]
    assert [(key, one) for key, (_, one) in found.edited.items()] == [((source.id, "edited"), edited)]
    assert [(key, one) for key, (_, one) in found.fuller.items()] == [((source.id, "bare"), fuller)]
    assert (found.aliases, found.notes(source.id)) == ([], [])


def test_an_alias_is_remembered_with_its_reason(database: Database) -> None:
    source = make.stored_source(database)
    [stored] = make.arrive(database, source, make.prepared("4711", url=PAGE, text=TEXT))
    renamed = make.prepared(PAGE, url=PAGE, title=stored.post.title, text=TEXT)
    found = under(database, source, renamed)
    reason = "the same address and the same words"
    assert found.aliases == [Alias(source_id=source.id, guid=PAGE, of="4711", reason=reason)]
    assert (found.fresh, found.edited, found.fuller) == ({}, {}, {})
    assert found.notes(source.id) == [f"{PAGE!r} was taken for '4711': {reason}"]
    with database.writing() as tx:
        remember(tx, found.aliases, now=NOW)
    with database.reading() as tx:
        assert recognition.aliases_of(tx, stored.id) == [(PAGE, reason)]
    # From now on the alias decides: beside another title at another address of the same number, it is an edit.
    moved = make.prepared(PAGE, url=f"{PAGE}-statement", title="Other words", text="Quite another text.")
    again = under(database, source, renamed, moved)
    assert (again.fresh, again.aliases) == ({}, [])
    assert [before.id for before, _ in again.edited.values()] == [stored.id]


def test_a_guid_that_is_used_again_stands_for_the_newest(database: Database) -> None:
    source = make.stored_source(database)
    [first] = make.arrive(database, source, make.prepared("1", title="Council convened on grain exports", text=TEXT))
    second = make.prepared(
        "1", title="Fire in the old harbour", text="Nobody was hurt.", url="https://mfa.example/n/77"
    )
    found = under(database, source, second)
    [((_, own), one)] = found.fresh.items()
    assert own.startswith("1 ")
    assert one.prepared.post == replace(second.post, guid=own)
    assert "'1' was taken for a new post: the guid is used again" in found.notes(source.id)[0]
    make.arrive(database, source, one.prepared)
    with database.writing() as tx:
        remember(tx, found.aliases, now=NOW)
    again = under(database, source, second)
    assert (again.fresh, again.edited, again.aliases) == ({}, {}, [])
    # And back: the first one is known by its address, and takes its guid back.
    back = under(database, source, Prepared(post=first.post))
    assert [(a.guid, a.of) for a in back.aliases] == [("1", "1")]
    assert back.fresh == {}


def test_what_is_shown_beside_the_stored_post_is_another_one(database: Database) -> None:
    """A live report: entry after entry at one address."""
    source = make.stored_source(database)
    [stored] = make.arrive(database, source, make.prepared("p1", url=PAGE, title="Live: the minister arrives"))
    second = make.prepared("p2", url=PAGE, title="Live: the minister leaves")
    beside = packed([digest8("p1", stored.post.content_hash), digest8("p2", second.post.content_hash)])
    assert list(under(database, source, second, shown=beside).fresh) == [(source.id, "p2")]
    alone = packed([digest8("p2", second.post.content_hash)])
    assert under(database, source, second, shown=alone).fresh == {}


def test_sources_are_not_mixed(database: Database) -> None:
    first, second = make.stored_source(database, "one"), make.stored_source(database, "two")
    make.arrive(database, first, make.prepared("a", url=PAGE, text=TEXT))
    make.arrive(database, second, make.prepared("unrelated"))
    same = make.prepared("b", url=PAGE, title="Statement a", text=TEXT)
    with database.reading() as tx:
        found = recognise(tx, [*brought(first, same), *brought(second, same)])
    assert list(found.fresh) == [(second.id, "b")]
    assert [a.source_id for a in found.aliases] == [first.id]


def test_two_addresses_side_by_side_are_one_post(database: Database) -> None:
    source = make.stored_source(database)
    title, text = "Exploring the welfare of models", "Exploring the welfare of models"
    pages = [f"https://x.example/{folder}/model-welfare" for folder in ("research", "news")]
    both = [make.prepared(page, url=page, title=title, text=text) for page in pages]
    found = under(database, source, *both)
    assert list(found.fresh) == [(source.id, pages[0])]
    make.arrive(database, source, both[0])
    with database.writing() as tx:
        remember(tx, found.aliases, now=NOW)
    assert under(database, source, *both).fresh == {}


def test_of_many_posts_at_one_address_the_newest_are_compared(database: Database) -> None:
    source = make.stored_source(database)
    section = "https://mfa.example/news"
    old = [
        make.prepared(str(n), url=section, title=f"Bulletin of the office number {n}", text=f"No. {n}")
        for n in range(60)
    ]
    make.arrive(database, source, *old)
    for n, is_new in ((59, False), (0, True)):
        renamed = make.prepared(f"new-{n}", url=section, title=f"Bulletin of the office number {n}", text=f"No. {n}")
        assert bool(under(database, source, renamed).fresh) is is_new


def test_long_guids_have_aliases_too(database: Database) -> None:
    source = make.stored_source(database)
    long, longer = "x" * 5000, "y" * 5000
    [stored] = make.arrive(database, source, make.prepared(long, url=PAGE, title="Council convened again", text=TEXT))
    other = make.prepared(longer, url=PAGE, title="Council convened again", text=TEXT)
    found = under(database, source, other)
    assert found.fresh == {}
    with database.writing() as tx:
        remember(tx, found.aliases, now=NOW)
        remember(tx, found.aliases, now=NOW + hours(1))
    with database.reading() as tx:
        [row] = tx.execute(select(table(AliasRow)))
    assert (row.post_id, row.since) == (stored.id, NOW + hours(1))
    assert under(database, source, other).aliases == []


def test_texts_are_compared_by_their_beginning_and_length(database: Database) -> None:
    source = make.stored_source(database)
    assert len(TEXT) > 2 * BEGINNING
    make.arrive(database, source, make.prepared("1", url=None, title="Council convened again", text=TEXT))
    longer = make.prepared("2", url=None, title="Council convened again", text=TEXT + "And more.")
    assert list(under(database, source, longer).fresh) == [(source.id, "2")]


def test_completing_a_post_keeps_no_revision(database: Database) -> None:
    source = make.stored_source(database)
    [stored] = make.arrive(database, source, make.prepared("1", text="", tags=[make.tag("osce")]))
    fuller = make.prepared("1", text=TEXT, tags=[make.tag("nato")])
    found = under(database, source, fuller)
    with database.writing() as tx:
        posts.complete(tx, list(found.fuller.values()))
        posts.complete(tx, list(found.fuller.values()))  # somebody else was faster
    with database.reading() as tx:
        after = posts.get(tx, stored.id)
        assert posts.revisions(tx, stored.id) == []
    assert after is not None
    assert (after.post.text, after.tags, after.revisions) == (TEXT, fuller.tags, 0)


def test_an_edit_is_dated_by_the_first_version(database: Database) -> None:
    source = make.stored_source(database)
    make.arrive(database, source, make.prepared("1", stated_at=NOW))
    later = NOW + timedelta(days=3)
    found = under(database, source, make.prepared("1", title="Corrected", stated_at=later))
    [(_, prepared)] = found.edited.values()
    assert (prepared.post.stated_at, prepared.post.updated_at) == (NOW, later)
