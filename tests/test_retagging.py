"""Stored posts follow the taxonomies in the background: a little at a time, killed or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from monitor import retagging
from monitor.core.errors import SourceError
from monitor.core.model import Facet, StoredPost
from monitor.core.provenance import PostTagger
from monitor.core.retagging import AskingForTags, Job, Retagged, retagged
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Organisation, OwnFacet, Taxonomy
from monitor.core.verdicts import Verdict
from monitor.store import posts, verdicts, watches
from monitor.store import retagging as store
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours

GRAIN = Organisation(slug="grain", names={"en": ("grain deal",)})
BEFORE = Taxonomy(organisations=(Organisation(slug="osce", names={"en": ("OSCE",)}),))
AFTER = replace(BEFORE, facets=(OwnFacet(facet=Facet("topic"), entries=(GRAIN,)),))
WATCHES = (
    make.watch("topical", query="topic:grain"),
    make.watch("worded", query="deal"),
    make.watch("neither", query="org:osce AND NOT topic:grain"),
)


class Clock:
    """A millisecond later each time it is asked."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


def parts(database: Database, taxonomy: Taxonomy, **given: object) -> retagging.Parts:
    tagger, asking = PostTagger(Tagger(taxonomy)), AskingForTags(WATCHES)

    async def retag(jobs: Sequence[Job]) -> list[Retagged]:
        return [retagged(job, tagger, asking) for job in jobs]

    defaults = {"retag": retag, "share": 0.99, "batch": 3}
    return retagging.Parts(database=database, version=taxonomy.version, clock=Clock(), **(defaults | given))


def filled(database: Database, number: int = 10) -> list[StoredPost]:
    """Posts that BEFORE has tagged."""
    source = make.stored_source(database)
    with database.writing() as tx:
        for watch in WATCHES:
            watches.put(tx, watch, now=NOW - hours(1))
    tagger = Tagger(BEFORE)
    brought = []
    for n in range(number):
        post = make.post(str(n), title="", text=f"The OSCE on the grain deal, number {n}.", language="en")
        prepared = make.prepared(str(n), tags=tagger.tags(post, source), matches=[make.match("neither")])
        brought.append(replace(prepared, post=post, taxonomy=BEFORE.version))
    return make.arrive(database, source, *brought)


def begun(database: Database, taxonomy: Taxonomy, **given: object) -> retagging.Parts:
    made = parts(database, taxonomy, **given)
    asyncio.run(retagging.begin(made))
    return made


def get(database: Database, id_: int) -> StoredPost:
    with database.reading() as tx:
        found = posts.get(tx, id_)
    assert found is not None
    return found


def progress(database: Database) -> store.Progress:
    with database.reading() as tx:
        found = store.progress(tx)
    assert found is not None
    return found


def test_posts_get_the_tags_of_the_new_taxonomy_and_watches_that_ask_for_tags_follow(database: Database) -> None:
    stored = filled(database)
    done = asyncio.run(retagging.retag_waiting(begun(database, AFTER)))
    assert (done.posts, done.changed) == (10, 10)
    for each in stored:
        found = get(database, each.id)
        assert {f"{tag.facet}:{tag.slug}" for tag in found.tags} == {"organisation:osce", "topic:grain"}
        # "worded" asks for no tag: what it found or not stays as it is
        assert [match.watch for match in found.matches] == ["topical"]
        assert found.matches[0].evidence[0].words == "grain deal"
    standing = progress(database)
    assert (standing.waiting, standing.changed, standing.gained) == (0, 10, {"topic:grain": 10})
    assert standing.finished_at is not None
    assert asyncio.run(retagging.retag_waiting(parts(database, AFTER))).posts == 0


def test_stopped_anywhere_it_goes_on_where_it_was(database: Database) -> None:
    filled(database)
    begun(database, AFTER)
    handled: list[int] = []

    async def interrupted() -> None:
        made = parts(database, AFTER)

        async def retag(jobs: Sequence[Job]) -> list[Retagged]:
            if len(handled) >= 3:
                raise KeyboardInterrupt  # as if the process ended between reading a batch and storing it
            handled.extend(job.stored.id for job in jobs)
            return await made.retag(jobs)

        await retagging.retag_waiting(replace(made, retag=retag))

    with suppress(KeyboardInterrupt):
        asyncio.run(interrupted())
    assert progress(database).waiting == 7
    assert handled == sorted(handled, reverse=True)
    assert asyncio.run(retagging.retag_waiting(parts(database, AFTER))).posts == 7
    assert progress(database).waiting == 0


def test_a_tick_ends_in_time(database: Database) -> None:
    filled(database)
    made = begun(database, AFTER, lasting=timedelta(milliseconds=2), share=1.0)
    assert asyncio.run(retagging.retag_waiting(made)).posts == 3
    assert progress(database).waiting == 7


def test_a_service_with_older_files_stands_back(database: Database) -> None:
    filled(database)
    older = begun(database, BEFORE)
    begun(database, AFTER)
    assert asyncio.run(retagging.retag_waiting(older)).posts == 0
    assert asyncio.run(retagging.retag_waiting(parts(database, AFTER))).posts == 10
    assert asyncio.run(retagging.retag_waiting(older)).posts == 0


def test_a_post_that_cannot_be_tagged_holds_up_no_other(database: Database) -> None:
    stored = filled(database)
    made = begun(database, AFTER)

    async def retag(jobs: Sequence[Job]) -> list[Retagged]:
        if any(job.stored.id == stored[4].id for job in jobs):
            raise SourceError("reading it takes longer than 20 s", reason="parse-timeout")
        return await made.retag(jobs)

    assert asyncio.run(retagging.retag_waiting(replace(made, retag=retag))).posts == 9
    assert progress(database).waiting == 0
    assert [tag.slug for tag in get(database, stored[4].id).tags] == ["osce"]


def test_what_a_person_said_stays_and_watches_see_it(database: Database) -> None:
    stored = filled(database, 2)
    with database.writing() as tx:
        said = Verdict(facet=Facet("topic"), slug="grain", wanted=False, main=False, by="anna", at=NOW)
        verdicts.put(tx, stored[0].id, [said])
    asyncio.run(retagging.retag_waiting(begun(database, AFTER)))
    vetoed, other = (get(database, each.id) for each in stored)
    assert [tag.slug for tag in vetoed.tags] == ["osce"]
    assert [match.watch for match in vetoed.matches] == ["neither"]
    assert [match.watch for match in other.matches] == ["topical"]


def test_a_watch_that_was_changed_does_not_get_its_past_searched_by_the_way(database: Database) -> None:
    (stored,) = filled(database, 1)
    tagger = PostTagger(Tagger(AFTER))
    changed = AskingForTags([make.watch("topical", query="topic:grain OR org:osce")])
    done = retagged(Job(stored=get(database, stored.id)), tagger, changed)
    assert [match.watch for match in done.found] == ["topical"]  # the words of its evidence are others now
    unchanged = retagged(Job(stored=replace(stored, tags=done.tags)), tagger, changed)
    assert (unchanged.found, unchanged.lost, unchanged.changed) == ((), (), False)
