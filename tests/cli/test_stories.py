"""`monitor stories` and `monitor posts history` over posts as polls store them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.model import Authority, Outcome, StoredPost
from monitor.polling import Parts, record
from monitor.store import posts
from monitor.store.database import Database
from tests import make
from tests.cli.conftest import Monitor

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
STATEMENT = (
    "The ministers for foreign affairs of the three states met in Vienna on Monday. They agreed to open the border "
    "crossing to lorries with grain, and to exchange the lists of prisoners. The next meeting takes place in Astana."
)


@contextmanager
def opened() -> Iterator[Database]:
    database = Database("sqlite:///data/monitor.db")
    yield database
    database.close()


def poll(database: Database, slug: str, *shown: str, at: datetime, changes: dict[str, str] | None = None) -> None:
    """A channel shows posts of nothing but a text; those in `changes` say something else than their guid."""

    async def unused(*_: object) -> None:
        raise AssertionError("nothing is fetched")

    parts = Parts(database=database, fetch=unused, read=unused, clock=lambda: at, chance=lambda: 0.5)  # type: ignore[arg-type]
    texts = {text[:20]: (changes or {}).get(text[:20], text) for text in shown}
    every = [
        make.prepared(guid, title=text[:40], title_made=True, text=text, url=f"https://{slug}.example/{place}")
        for place, (guid, text) in enumerate(texts.items())
    ]
    with database.writing() as tx:
        source = make.find_source(tx, slug)
        done = make.poll(source, at=at, outcome=Outcome.NEW, reading=make.reading(*every))
        record(tx, [done], parts=parts, now=at)


@pytest.fixture
def told(monitor: Monitor) -> list[StoredPost]:
    """A statement by two ministries, a report of it that teases, a post that is something else, and an edit."""
    assert monitor("db", "upgrade").code == 0
    with opened() as database:
        for slug, authority in (("kz", Authority.PRIMARY), ("uz", Authority.PRIMARY), ("agency", Authority.PRESS)):
            make.stored_source(database, slug, authority=authority, country=slug.upper()[:2], title=f"Body {slug}")
        poll(database, "kz", STATEMENT, "Quite another thing was said by somebody else here", at=NOW)
        poll(database, "uz", "(Tashkent) - " + STATEMENT, at=NOW + timedelta(minutes=20))
        poll(
            database,
            "agency",
            "VIENNA, 25 November (Agency) — " + STATEMENT[:150] + "… Read more",
            at=NOW + timedelta(hours=1),
        )
        edit = {STATEMENT[:20]: STATEMENT.replace("exchange the lists of prisoners", "speak of prisoners")}
        poll(database, "kz", STATEMENT, at=NOW + timedelta(hours=2), changes=edit)
        with database.reading() as tx:
            return list(posts.each(tx, since=NOW - timedelta(hours=1)))


def test_a_story_is_listed_and_shown_with_who_when_and_how_it_differs(monitor: Monitor, told: list[StoredPost]) -> None:
    listed = monitor("stories", "list", "--json").json
    assert [(story["posts"], story["sources"]) for story in listed] == [(3, 3)]
    story = str(listed[0]["id"])
    shown = monitor("stories", "show", story, columns=160)
    assert shown.code == 0
    assert "3 posts of 3 sources" in shown.out
    assert "2: Body kz (+0 s), Body uz (+20 min)" in shown.out
    assert "press report" in shown.out
    assert "joint statement, edited since" in shown.out
    document = monitor("stories", "show", story, "--json").json
    assert [post["role"] for post in document["posts"]] == ["joint statement", "joint statement", "press report"]
    assert [post["lag_seconds"] for post in document["posts"]] == [0, 1200, 3600]
    assert [post["source"] for post in document["posts"]] == ["kz", "uz", "agency"]
    assert monitor("stories", "list", columns=80).out.count("JOINT TEXT") + monitor("stories", "list").out.count(
        "The m"
    )
    assert "no story is like that" in monitor("stories", "list", "--since", "0s").out


def test_what_was_changed_in_a_post_is_shown_word_by_word(monitor: Monitor, told: list[StoredPost]) -> None:
    post = str(told[0].id)
    out = " ".join(monitor("posts", "history", post).out.split())
    assert "[-exchange the lists-] {+speak+} of prisoners." in out
    document = monitor("posts", "history", post, "--json").json
    assert [change["kind"] for change in document["changes"]] == ["phrase removed", "phrase added"]
    assert [change["words"] for change in document["changes"]] == ["exchange the lists", "speak"]
    assert document["changes"][1]["before"].endswith("grain, and to")
    assert len(document["revisions"]) == 1
    assert "nothing was changed since" in monitor("posts", "history", str(told[1].id)).out
    assert monitor("posts", "history", "999").code == 4


def test_a_person_splits_and_merges_and_a_rebuild_keeps_it(monitor: Monitor, told: list[StoredPost]) -> None:
    first, other = told[0], told[1]
    made = monitor("stories", "split", str(first.story_id), str(first.id), "--json").json
    assert made["split_into"] not in {first.story_id, other.story_id}
    merged = monitor("stories", "merge", str(made["split_into"]), str(other.story_id))
    assert f"story {made['split_into']} has 2 posts now" in merged.out
    again = monitor("stories", "rebuild", "--json").json
    assert (again["posts"], again["stories"], again["moved"]) == (4, 2, 0)
    shown = monitor("stories", "show", str(other.story_id), columns=160)
    assert f"story {other.story_id} is part of story {made['split_into']} now" in shown.out
    assert "by hand" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", "999"], 4, "no story 999"),
        (["show", "99999999999999999999"], 4, "monitor stories list"),
        (["split", "1", "999"], 5, "post 999 is not in story 1"),
        (["split", "1", "1", "3", "4"], 5, "nothing would be left"),
        (["merge", "1", "1"], 5, "cannot be merged with itself"),
        (["merge", "1", "999"], 4, "no story 999"),
        (["list", "--since", "soon"], 2, "'soon' is no time"),
        (["list", "--source", "agencyy"], 4, "did you mean 'agency'?"),
    ],
)
def test_what_cannot_be_is_refused(
    monitor: Monitor, told: list[StoredPost], arguments: list[str], code: int, message: str
) -> None:
    ended = monitor("stories", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
