"""HTTP sources → database → due digest → SMTP server and webhook receiver, over real sockets, on both databases."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from monitor import app as wiring
from monitor import delivery, digests, polling
from monitor.core.model import Outcome
from monitor.settings import Settings
from monitor.store import outbox, posts, schema, sources
from monitor.store.database import Database
from tests.end_to_end.installation import installed
from tests.end_to_end.world import World, running, stories, told_by

LONG = (
    "The ministers of foreign affairs met today and discussed the preparation of the summit of the Shanghai "
    "Cooperation Organisation, the export of grain through the ports and the situation in Kazakhstan and "
    "Central Asia as a whole."
)


class Clock:
    """Real time, moved forward by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def test_from_source_to_digest(database_url: str, tmp_path: Path) -> None:
    with running() as world:
        asyncio.run(_whole(world, database_url, tmp_path))


async def _whole(world: World, database_url: str, directory: Path) -> None:
    place = installed(directory, world, database_url, feeds=("ministry", "embassy", "agency", "broken"))
    settings = Settings.load(None, place.environment)
    database, clock = Database(database_url), Clock()
    schema.upgrade(database)
    configuration = wiring.load_configuration(settings)
    first = wiring.apply_configuration(database, configuration, now=clock())
    assert {change.sort: len(change.added) for change in first} == {"sources": 4, "watches": 1, "subscriptions": 2}
    assert not any(wiring.apply_configuration(database, configuration, now=clock()))

    world.feeds["ministry"].post("m1", "Ministers meet ahead of the SCO summit", LONG)
    world.feeds["embassy"].post("e1", "Embassy: ministers meet", LONG)  # the same words under another title
    world.feeds["agency"].post(
        "a1", "The grain deal was signed", "Parties signed the grain deal in the presence of the UN."
    )
    world.feeds["agency"].post("a0", "An old report", "Long ago.", at=clock() - timedelta(days=90))
    world.feeds["broken"].status = 500

    async with wiring.build(settings, database, configuration.taxonomy, clock=clock) as service:

        async def poll() -> dict[str, tuple[Outcome, int, int]]:
            clock.ahead += timedelta(hours=1)
            return {
                r.poll.source.slug: (r.poll.outcome, r.new, r.changed) async for r in polling.poll_due(service.polling)
            }

        assert await poll() == {
            "ministry": (Outcome.NEW, 1, 0),
            "embassy": (Outcome.NEW, 1, 0),
            "agency": (Outcome.NEW, 2, 0),
            "broken": (Outcome.FAILED, 0, 0),
        }
        again = await poll()
        assert again["ministry"] == (Outcome.NOT_MODIFIED, 0, 0)
        assert await digests.compile_due(service.digests) == []  # nothing is due yet

        # An edit is a revision of the same post.
        guid, title, _, at = world.feeds["agency"].entries[0]
        world.feeds["agency"].entries[0] = (guid, title, "Parties initialled the grain deal. The UN was present.", at)
        assert (await poll())["agency"] == (Outcome.NEW, 0, 1)

        clock.ahead += timedelta(days=1)
        compiled = await digests.compile_due(service.digests)
        assert sorted(done.subscription.slug for done in compiled) == ["by-hook", "by-mail"]
        coverage = compiled[0].edition.digest.coverage
        assert (coverage.sources, coverage.checked, coverage.stories, coverage.folded) == (4, 3, 2, 1)
        assert [failing.slug for failing in coverage.failing] == ["broken"]
        assert await digests.compile_due(service.digests) == []  # one edition, however often it is asked for

        attempted = await delivery.deliver_due(service.delivery)
        assert [attempt.state.value for attempt in attempted] == ["delivered", "delivered"]
        assert await delivery.deliver_due(service.delivery) == []

        [mail] = world.emails
        assert mail["To"] == "desk@example.org"
        body = told_by(mail)
        assert "The grain deal was signed" in body
        assert "initialled" in body
        assert "An old report" not in body  # the backlog of a first poll is no news
        assert "Source broken" in body  # coverage says what could not be read
        assert Counter(world.titles_in_emails())["The grain deal was signed"] == 1

        [(_, hook)] = world.hooks
        assert world.refused == []
        told = {story["title"]: story for story in stories(json.loads(hook))}
        assert len(told) == 2

        # The next day brings only what is new: neither the old stories nor a late repost of one.
        world.feeds["agency"].post("a9", "Reprint: ministers meet", LONG, at=clock())
        world.feeds["ministry"].post("m2", "A new statement of the ministry", "Something else.", at=clock())
        await poll()
        clock.ahead += timedelta(days=1)
        await digests.compile_due(service.digests)
        await delivery.deliver_due(service.delivery)
        second = told_by(world.emails[-1])
        assert "A new statement of the ministry" in second
        assert "ministers meet" not in second.lower()

    with database.reading() as tx:
        by_guid = {post.post.guid: post for post in posts.latest(tx, limit=50)}
        assert by_guid["m1"].story_id == by_guid["e1"].story_id == by_guid["a9"].story_id
        assert {tag.slug for tag in by_guid["m1"].tags} >= {"sco", "kz", "central-asia"}
        assert [match.watch for match in by_guid["a1"].matches] == ["grain"]
        assert [revision.text for revision in posts.revisions(tx, by_guid["a1"].id)] == [
            "Parties signed the grain deal in the presence of the UN."
        ]
        assert by_guid["a0"].backlog
        assert sum(outbox.counts(tx).values()) == 4
        [broken] = sources.statuses(tx, slugs=["broken"])
        assert "500" in (broken.last_error or "")
        assert tx.execute(text("SELECT count(*) FROM covered")).scalar_one() > 0
    database.close()
