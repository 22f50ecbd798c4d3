"""A run of the real service between receivers that keep a journal, killed at random moments.

`run` is used by the test beside it and by `python -m benchmarks.journal`, which differ in length and in chance.
"""

from __future__ import annotations

import email
import email.policy
import json
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from monitor.channels.mime import message_id
from monitor.channels.webhook import webhook_id
from monitor.store import schema
from monitor.store.database import Database
from tests.end_to_end.installation import Installation, installed
from tests.end_to_end.receivers import HTTP_WHIMS, SMTP_WHIMS, Journal, Taken, receiving
from tests.end_to_end.test_killed import kill_tree, make_due, started
from tests.end_to_end.world import World, running, stories, told_by

FEEDS = ("one", "two", "three")
MAIL = ("desk@example.org", "duty@example.org")
HOOKS = ("/a", "/b")

HURRIED = {
    "MONITOR_DELIVERY__ATTEMPTS": "1000",
    "MONITOR_DELIVERY__BACKOFF": "1s",
    "MONITOR_DELIVERY__BACKOFF_CEILING": "1s",
    "MONITOR_DELIVERY__CLAIM": "5s",
    "MONITOR_DELIVERY__HOURLY_LIMIT": "0",
    "MONITOR_SMTP__TIMEOUT": "2s",
    "MONITOR_WEBHOOK__TIMEOUT": "2s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the receivers' journal says of a run."""

    posted: int  # stories
    kills: int
    taken: Counter[str]  # by receiver, repeats counted
    whims: dict[str, int]  # what the receivers did
    missing: tuple[str, ...]  # stories that did not reach a recipient they were due to
    under_two_ids: tuple[str, ...]  # stories that came to one recipient in two messages
    two_bodies: tuple[str, ...]  # ids that came with two bodies
    after_silence: int  # repeats of what was taken without a word
    after_yes: int  # repeats of what was taken with a yes
    unexplained: tuple[str, ...]  # of these, ids without a kill in between

    def told(self) -> Iterator[str]:
        """The counts, a line each."""
        yield f"stories posted                                  {self.posted}"
        yield f"recipients each is due to                       {len(MAIL) + len(HOOKS)}"
        yield f"kills (SIGKILL)                                 {self.kills}"
        for name, number in sorted(self.taken.items()):
            yield f"messages taken by {name}, repeats counted         {number}"
        for name, number in sorted(self.whims.items()):
            yield f"  {name:<46}{number}"
        yield f"stories that did not arrive                     {len(self.missing)}"
        yield f"stories that came in two messages               {len(self.under_two_ids)}"
        yield f"ids with two bodies                             {len(self.two_bodies)}"
        yield f"repeats after the receiver fell silent          {self.after_silence}"
        yield f"repeats after a yes, service killed in between  {self.after_yes - len(self.unexplained)}"
        yield f"repeats after a yes, nothing in between         {len(self.unexplained)}"

    @property
    def sound(self) -> bool:
        return not (self.missing or self.under_two_ids or self.two_bodies or self.unexplained)


def by_turns(chance: random.Random) -> Callable[[str], str]:
    """Each misbehaviour once, in any order, and yes from then on: the shortest run that has seen them all."""
    waiting = {"smtp": list(SMTP_WHIMS), "http": list(HTTP_WHIMS)}
    for whims in waiting.values():
        chance.shuffle(whims)
    return lambda by: waiting[by].pop() if waiting[by] else "yes"


def by_chance(chance: random.Random, *, share: float = 0.4) -> Callable[[str], str]:
    """A misbehaviour in so many of the attempts."""
    whims = {"smtp": SMTP_WHIMS, "http": HTTP_WHIMS}
    return lambda by: chance.choice(whims[by]) if chance.random() < share else "yes"


def run(
    directory: Path,
    database_url: str,
    *,
    kills: int,
    chance: random.Random,
    whim: Callable[[str], str],
    longest: float = 120,
) -> Result:
    """Post stories, start the service and kill it, `kills` times; then let it finish, for `longest` seconds at most."""
    with running() as world, receiving(whim) as journal:
        place = installed(
            directory / "service",
            world,
            database_url,
            feeds=FEEDS,
            smtp_port=journal.smtp_port,
            mail=MAIL,
            hooks=[f"http://127.0.0.1:{journal.http_port}{path}" for path in HOOKS],
        )
        place.environment.update(HURRIED)
        database = Database(database_url)
        schema.upgrade(database)
        posted: list[str] = []
        killed: list[float] = []
        for round_ in range(kills + 1):
            for name in FEEDS:
                title = f"Statement number {round_} of {name} in full"
                world.feeds[name].post(f"{name}-{round_}", title, f"Text {round_} of {name}.")
                posted.append(title)
            make_due(database)
            process = started(place)
            if round_ < kills:
                attempts, before = chance.randrange(9), sum(journal.whims.values())
                _until(lambda: _begun(place, len(killed)), seconds=30)
                # Some moments lie before anything is sent; most lie where it matters.
                _until(lambda: sum(journal.whims.values()) >= before + attempts, seconds=8, every=0.02)  # noqa: B023
                time.sleep(chance.uniform(0, 0.3))
                killed.append(time.monotonic())
                kill_tree(process)
        try:
            _until(lambda: _finished(database, journal, posted), seconds=longest)
        finally:
            process.send_signal(signal.SIGTERM)
            ended = process.wait(timeout=20)
        unheard = _unheard(database)
        database.close()
    assert ended == 0, (place.directory / "service.log").read_text()[-3000:]
    return _judged(world, journal, posted, killed, unheard)


def _judged(world: World, journal: Journal, posted: list[str], killed: list[float], unheard: set[str]) -> Result:
    missing, twice = [], []
    for to in (*MAIL, *HOOKS):
        told = Counter(title for titles in _titles(journal, to).values() for title in titles)
        missing += [f"{to}: {title}" for title in posted if not told[title]]
        twice += [f"{to}: {title}" for title, number in told.items() if number > 1]
    silence, yes, unexplained = journal.repeats(killed, unheard)
    return Result(
        posted=len(posted),
        kills=len(killed),
        taken=Counter(each.by for each in journal.taken),
        whims=dict(journal.whims),
        missing=tuple(missing),
        under_two_ids=tuple(twice),
        two_bodies=tuple(journal.twice_with_other_bodies()),
        after_silence=silence,
        after_yes=yes,
        unexplained=tuple(unexplained),
    )


def _titles(journal: Journal, to: str) -> dict[str, list[str]]:
    """The stories in each message that a recipient got, repeats of one id counted once."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in list(journal.taken):
        if each.to == to and each.identity not in found:
            found[each.identity] = _stories(each)
    return found


def _stories(taken: Taken) -> list[str]:
    if taken.by == "http":
        return [story["title"] for story in stories(json.loads(taken.body))]
    words = told_by(email.message_from_bytes(taken.body, policy=email.policy.default))  # type: ignore[arg-type]
    return [
        f"Statement number {part.partition(' in full')[0]} in full" for part in words.split("Statement number ")[1:]
    ]


def _finished(database: Database, journal: Journal, posted: list[str]) -> bool:
    """Everything has arrived and nothing waits; what was stored after an edition becomes due again until then."""
    arrived = all(
        {title for titles in _titles(journal, to).values() for title in titles} >= set(posted) for to in (*MAIL, *HOOKS)
    )
    with database.reading() as tx:
        waiting = tx.execute(text("SELECT count(*) FROM message WHERE state IN ('waiting', 'claimed')")).scalar_one()
    if not arrived and not waiting:
        make_due(database)
    return bool(arrived and not waiting)


def _unheard(database: Database) -> set[str]:
    """Ids of messages of which the service says that it heard no answer to some attempt."""
    query = """
        SELECT DISTINCT message.key FROM message JOIN delivery ON delivery.message_id = message.id
        WHERE delivery.outcome = 'retry' AND (delivery.detail LIKE '%no answer%'
            OR delivery.detail LIKE '%no full answer%' OR delivery.detail LIKE '%hung up%')
    """
    with database.reading() as tx:
        keys = list(tx.execute(text(query)).scalars())
    return {name for key in keys for name in (webhook_id(key), message_id(key, domain="example.org"))}


def _begun(place: Installation, before: int) -> bool:
    return (place.directory / "service.log").read_text(errors="replace").count('"event": "started"') > before


def _until(true: Callable[[], bool], *, seconds: float, every: float = 0.3) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(every)
    return False


__all__ = ["Result", "by_chance", "by_turns", "run"]
