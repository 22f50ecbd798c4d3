"""The law of the archive search: whatever narrows the candidates, the evaluator's answer comes out, on both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from monitor.core.matching import evidence_for
from monitor.core.query import parse
from monitor.core.subject import subject_of
from monitor.store import posts, search
from monitor.store.database import Database
from monitor.store.tables import PostRow, table
from tests import make, plans
from tests.core.test_watches import POSTS, QUERIES
from tests.make import NOW


def ids(database: Database, query: str, *, within: int | None = None) -> list[int]:
    with database.reading() as tx:
        return [hit.id for hit in search.search(tx, parse(query), now=NOW, within=within).hits]


def indexed(database: Database, *, now=NOW) -> int:
    with database.writing() as tx:
        return search.index(tx, now=now)


def stored(database: Database, *texts: str, language: str | None = None) -> list[int]:
    by = make.stored_source(database)
    brought = [make.prepared(str(at), title=text, text=text, language=language) for at, text in enumerate(texts)]
    return [each.id for each in make.arrive(database, by, *brought)]


def test_found_before_and_after_indexing_in_any_script_and_case(database: Database) -> None:
    texts = ("О САНКЦИЯХ ПРОТИВ", "对俄罗斯的制裁", "LA NÉGOCIATION", "聯合國安理會", "بالتعاون مع", "Straße")
    every = stored(database, *texts)
    queries = ("санкции", "制裁", "négociations", "联合国", "التعاون", "strasse")
    expected = [[id_] for id_ in every]
    assert [ids(database, query) for query in queries] == expected
    assert indexed(database) == len(every)
    assert indexed(database) == 0
    assert [ids(database, query) for query in queries] == expected


def test_an_edit_is_found_by_its_new_words_at_once_and_not_by_its_old_ones(database: Database) -> None:
    (id_,) = stored(database, "grain")
    indexed(database)
    by = make.stored_source(database)
    with database.writing() as tx:
        known = posts.known(tx, [(by.id, "0")])[by.id, "0"]
        posts.revise(tx, [(known, make.prepared("0", title="wheat", text="wheat"))], now=NOW)
    assert (ids(database, "wheat"), ids(database, "grain")) == ([id_], [])
    assert indexed(database) == 1
    assert (ids(database, "wheat"), ids(database, "grain"), ids(database, "is:edited")) == ([id_], [], [id_])


def test_the_mark_moves_on_and_later_posts_are_still_found(database: Database) -> None:
    first = stored(database, "grain")
    indexed(database, now=NOW + timedelta(hours=2))
    with database.reading() as tx:
        assert search.waiting(tx) == 0
        by = make.find_source(tx, "mfa")
    (later,) = make.arrive(database, by, make.prepared("later", title="more grain", text="grain"))
    assert ids(database, "grain") == [later.id, *first]
    assert indexed(database) == 1


def test_a_post_with_too_many_words_is_judged_by_the_evaluator(database: Database) -> None:
    (id_,) = stored(database, " ".join(f"w{number}" for number in range(21_000)))
    indexed(database)
    assert ids(database, "w20999") == [id_]
    assert ids(database, "w21000") == []


def test_the_largest_query_is_searched(database: Database) -> None:
    (id_,) = stored(database, "word499")
    indexed(database)
    assert ids(database, " OR ".join(f"word{number}" for number in range(500))) == [id_]


def test_only_the_newest_candidates_are_judged_when_asked_to(database: Database) -> None:
    every = stored(database, *["grain"] * 5)
    with database.reading() as tx:
        found = search.search(tx, parse("grain"), now=NOW, within=3)
    assert ([hit.id for hit in found.hits], found.judged, found.complete) == (every[:1:-1], 3, False)


@pytest.mark.parametrize("asked", ["after:1d", "org:osce after:1d", "after:1d OR treaty", "treaty after:1d"])
def test_a_search_of_the_latest_posts_does_not_read_the_archive(database: Database, asked: str) -> None:
    plans.only_on_sqlite(database)
    stored(database, *(f"A treaty, number {number}" for number in range(9)))
    indexed(database)
    assert plans.walks(database, lambda: ids(database, asked, within=500)) == []
    assert len(ids(database, "after:1d", within=500)) == 9


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(brought=st.lists(POSTS, min_size=1, max_size=4), queries=st.lists(QUERIES, min_size=1, max_size=8))
def test_search_and_evaluator_agree(database: Database, brought, queries: list[str]) -> None:
    by = make.stored_source(database, "mfa-kz")
    with database.writing() as tx:
        tx.execute(delete(table(PostRow)))  # SQLite's index keeps its rows: they only make candidates
    named = [
        make.prepared(
            str(number),
            title=each.title.replace("\0", ""),  # which normalising never lets through
            text=each.text.replace("\0", ""),
            hashtags=each.hashtags,
            language=each.language,
        )
        for number, each in enumerate(brought)
    ]
    arrived = make.arrive(database, by, *named)
    for _ in ("before indexing", "after it"):
        for query in queries:
            parsed = parse(query)
            expected = [
                each.id
                for each in reversed(arrived)
                if evidence_for(parsed, subject_of(each.post, each.source, (), seen_at=NOW, now=NOW)) is not None
            ]
            assert ids(database, query) == expected
        indexed(database)
