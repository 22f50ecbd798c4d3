"""Which posts are still to be tagged anew, and what storing it changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.model import Facet, StoredPost, Tag
from monitor.core.retagging import Retagged
from monitor.core.verdicts import Verdict
from monitor.store import posts, retagging, sources, verdicts, watches
from monitor.store.database import Database
from monitor.store.retagging import Scope
from tests import make
from tests.make import NOW, hours

OSCE, NATO, KZ = make.tag("osce"), make.tag("nato"), make.tag("kz", Facet.COUNTRY)


def arrived(
    database: Database, number: int, *, taxonomy: str = "", slug: str = "mfa", **given: object
) -> list[StoredPost]:
    with database.reading() as tx:
        known = [source for source in sources.every(tx) if source.slug == slug]
    source = known[0] if known else make.stored_source(database, slug)
    start = int(make.digest_of(slug, 4).hex(), 16)
    brought = [
        replace(make.prepared(f"{start + n}", tags=[OSCE], title=f"{slug} {n}", **given), taxonomy=taxonomy)
        for n in range(number)
    ]
    return make.arrive(database, source, *brought)


def retag(database: Database, version: str, tags: tuple[Tag, ...], *, limit: int = 100, **given: object) -> list[int]:
    """Tag one batch with these tags; gives the numbers of its posts."""
    with database.reading() as tx:
        jobs = retagging.batch(tx, version, limit=limit)
    with database.writing() as tx:
        retagging.store(tx, [Retagged(job=job, tags=tags, **given) for job in jobs], version=version)
    return [job.stored.id for job in jobs]


def waiting(database: Database, version: str, scope: Scope | None = None) -> int:
    with database.reading() as tx:
        return retagging.waiting(tx, version, scope)


def get(database: Database, id_: int) -> StoredPost:
    with database.reading() as tx:
        found = posts.get(tx, id_)
    assert found is not None
    return found


def test_what_is_left_is_done_newest_first_and_once(database: Database) -> None:
    ids = [stored.id for stored in (*arrived(database, 3), *arrived(database, 2, taxonomy="b", slug="x"))]
    arrived(database, 2, taxonomy="new", slug="y")
    with database.writing() as tx:
        assert retagging.begin(tx, "new", now=NOW)
        assert not retagging.begin(tx, "new", now=NOW + hours(1))
    assert waiting(database, "new") == 5
    done = [retag(database, "new", (NATO,), limit=2) for _ in range(4)]
    assert [id_ for batch in done for id_ in batch] == sorted(ids, reverse=True)
    assert [len(batch) for batch in done] == [2, 2, 1, 0]
    assert waiting(database, "new") == 0
    assert {tag.slug for id_ in ids for tag in get(database, id_).tags} == {"nato"}
    with database.reading() as tx:
        progress = retagging.progress(tx)
    assert progress is not None
    assert (progress.posts, progress.changed, progress.waiting) == (7, 5, 0)
    assert (progress.gained, progress.lost) == ({"organisation:nato": 5}, {"organisation:osce": 5})


def test_the_version_that_came_last_is_the_present_one(database: Database) -> None:
    with database.reading() as tx:
        assert retagging.standing(tx) is None
        assert retagging.progress(tx) is None
    for hour, version in enumerate(["a", "b", "a"]):
        with database.writing() as tx:
            assert retagging.begin(tx, version, now=NOW + hours(hour))
            retagging.finish(tx, version, now=NOW + hours(hour))
            standing = retagging.standing(tx)
        assert standing is not None
        assert (standing.version, standing.since, standing.finished_at) == (
            version,
            NOW + hours(hour),
            NOW + hours(hour),
        )


def test_scopes(database: Database) -> None:
    arrived(database, 2)
    arrived(database, 3, slug="x", taxonomy="v")
    assert waiting(database, "v", Scope(source="mfa")) == 2
    assert waiting(database, "v", Scope(source="x")) == 0
    assert waiting(database, "v", Scope(every=True)) == 5
    assert waiting(database, "v", Scope(since=NOW, every=True)) == 5
    assert waiting(database, "v", Scope(since=NOW + hours(1), every=True)) == 0
    with database.reading() as tx:
        whole = retagging.batch(tx, "v", limit=9, scope=Scope(every=True))
        rest = retagging.batch(tx, "v", limit=9, scope=Scope(every=True), below=whole[1].stored.id)
    assert [job.stored.id for job in rest] == [job.stored.id for job in whole[2:]]


def test_a_post_that_changed_since_it_was_read_is_left_for_the_next_time(database: Database) -> None:
    edited, spoken_of, same = arrived(database, 3)
    with database.reading() as tx:
        jobs = retagging.batch(tx, "v", limit=9)
    with database.writing() as tx:
        known = posts.Known(id=edited.id, content_hash=edited.post.content_hash, revisions=0)
        posts.revise(tx, [(known, make.prepared("e", text="Other words", tags=[KZ]))], now=NOW)
        verdicts.put(tx, spoken_of.id, [verdict()])
    with database.writing() as tx:
        summary = retagging.store(tx, [Retagged(job=job, tags=(NATO,)) for job in jobs], version="v")
    assert (summary.posts, waiting(database, "v")) == (1, 2)
    assert [tag.slug for tag in get(database, same.id).tags] == ["nato"]
    assert [tag.slug for tag in get(database, edited.id).tags] == ["kz"]


@pytest.mark.parametrize("changes", [{"organisation": "osce"}, {"country": "KZ"}, {"default_tags": ("region:arctic",)}])
def test_a_source_from_which_other_tags_follow_has_its_posts_tagged_anew(database: Database, changes: dict) -> None:
    arrived(database, 2, taxonomy="v")
    arrived(database, 1, taxonomy="v", slug="x")
    for change, left in (({"title": "New"}, 0), (changes, 2)):
        with database.writing() as tx:
            sources.change(tx, make.source("mfa", **change), now=NOW)
        assert waiting(database, "v") == left
        assert waiting(database, "v", Scope(source="x")) == 0


# ── matches ────────────────────────────────────────────────────────────────────────────────────────────────


def test_matches_follow_of_watches_that_were_there_when_the_post_came(database: Database) -> None:
    (stored,) = arrived(database, 1)
    with database.writing() as tx:
        watches.put(tx, make.watch("old", query="org:nato"), now=NOW - hours(1))
        watches.put(tx, make.watch("young", query="org:nato"), now=NOW + hours(1))
    retag(database, "v", (NATO,), found=(make.match("old"), make.match("young"), make.match("unknown")))
    assert get(database, stored.id).matches == (make.match("old"),)
    with database.writing() as tx:
        retagging.begin(tx, "w", now=NOW)
    retag(database, "w", (OSCE,), lost=("old", "young"))
    assert get(database, stored.id).matches == ()


# ── what persons say ───────────────────────────────────────────────────────────────────────────────────────


def verdict(slug: str = "nato", *, wanted: bool = True) -> Verdict:
    return Verdict(facet=Facet.ORGANISATION, slug=slug, wanted=wanted, by="anna", at=NOW)


def test_verdicts_are_kept_replaced_and_taken_back(database: Database) -> None:
    one, other = arrived(database, 2)
    with database.writing() as tx:
        verdicts.put(tx, one.id, [verdict(), verdict("osce", wanted=False)])
        verdicts.put(tx, one.id, [verdict(wanted=False)])
        assert verdicts.of(tx, [one.id, other.id]) == {one.id: (verdict(wanted=False), verdict("osce", wanted=False))}
        verdicts.forget(tx, one.id, [(Facet.ORGANISATION, "nato")])
        assert verdicts.of(tx, [one.id]) == {one.id: (verdict("osce", wanted=False),)}


@pytest.mark.parametrize("way", ["revised", "completed"])
def test_verdicts_survive_what_becomes_of_the_post(database: Database, way: str) -> None:
    (stored,) = arrived(database, 1, taxonomy="v")
    with database.writing() as tx:
        verdicts.put(tx, stored.id, [verdict(), verdict("osce", wanted=False)])
        known = posts.Known(id=stored.id, content_hash=stored.post.content_hash, revisions=0)
        brought = replace(make.prepared("e", text="Other words", tags=[OSCE, KZ]), taxonomy="v")
        if way == "revised":
            posts.revise(tx, [(known, brought)], now=NOW)
        else:
            posts.complete(tx, [(known, brought)])
    found = get(database, stored.id)
    assert {tag.slug for tag in found.tags} == {"nato", "kz"}
    assert waiting(database, "v") == 1  # its watches are compared with the tags that were set
    with database.reading() as tx:
        (job,) = retagging.batch(tx, "v", limit=1)
    assert {each.slug for each in job.verdicts} == {"nato", "osce"}


def test_a_post_is_stored_with_the_version_that_tagged_it(database: Database) -> None:
    (stored,) = arrived(database, 1, taxonomy="v")
    assert waiting(database, "v") == 0
    with database.writing() as tx:
        known = posts.Known(id=stored.id, content_hash=stored.post.content_hash, revisions=0)
        edited = replace(make.prepared("e", text="Other words", tags=[KZ]), taxonomy="w")
        posts.revise(tx, [(known, edited)], now=NOW + timedelta(hours=1))
    assert (waiting(database, "v"), waiting(database, "w")) == (1, 0)


def test_jobs_of_posts_that_are_gone_are_none(database: Database) -> None:
    with database.reading() as tx:
        assert retagging.jobs(tx, [1, 2]) == []
        assert retagging.batch(tx, "v", limit=5) == []
