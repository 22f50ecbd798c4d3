"""The demonstration, run as it is: a real site and receiver on loopback, a real database, real files."""

from __future__ import annotations

import email
import email.policy
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from standardwebhooks import Webhook

from monitor.core.errors import ConfigError
from monitor.core.model import Facet, StoredPost, Voice
from monitor.demo import folder as folders
from monitor.demo import run_demo
from monitor.demo.receiver import fault_of
from monitor.demo.site import CONTENT, PAGES
from monitor.store import posts, sources
from monitor.store.database import Database, Transaction

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1mb3ItdGhlLWhvb2s="
NOW = datetime.now(UTC)

JOINT = "https://ministry.example/statements/danube-grain"
MINISTRY = "sample__ministry"


@dataclass(frozen=True)
class Ran:
    """What a demonstration left behind."""

    code: int
    screen: str
    output: Path
    database: Database
    logging_left_alone: bool

    def stored(self, tx: Transaction) -> dict[str, StoredPost]:
        return {post.post.guid: post for post in posts.latest(tx, limit=200)}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    output = tmp_path_factory.mktemp("demo") / 'a "quoted" ключ 🗝'
    screen, logging = io.StringIO(), structlog.get_config()
    code = run_demo(output=output, open_browser=False, console=Console(file=screen, width=100))
    database = Database(f"sqlite:///{output}/monitor.db")
    yield Ran(
        code=code,
        screen=screen.getvalue(),
        output=output,
        database=database,
        logging_left_alone=structlog.get_config() == logging,
    )
    database.close()


def told(ran: Ran, guid: str) -> list[Voice]:
    with ran.database.reading() as tx:
        story = ran.stored(tx)[guid].story_id
        return posts.voices(tx, [story])[story]


def test_everything_arrives(ran: Ran) -> None:
    assert ran.code == 0
    with ran.database.reading() as tx:
        assert posts.count(tx) == 33
        assert {post.post.language for post in ran.stored(tx).values()} == {"en", "ru", "fr", "es", "ar", "zh"}


@pytest.mark.parametrize(
    ("guid", "voices"),
    [
        (JOINT, {"ministry-website": 0, "water-ministry": 25, "river-council": 50}),  # the same words
        (f"{MINISTRY}/341", {"ministry-telegram": 0, "embassy-vienna": 25, "vestnik": 70}),  # forwarded, and printed
        ("ministry-2207", {"ministry-website": 0, "sample-agency": 40}),  # the same page under another title
    ],
)
def test_repeats_are_one_story(ran: Ran, guid: str, voices: dict[str, int]) -> None:
    assert {voice.source_slug: round(voice.lag.total_seconds() / 60) for voice in told(ran, guid)} == voices


def test_an_edit_is_a_revision(ran: Ran) -> None:
    with ran.database.reading() as tx:
        edited = [post for post in ran.stored(tx).values() if post.revisions]
        assert [post.post.guid for post in edited] == ["https://agency.example/4410"]
        [before] = posts.revisions(tx, edited[0].id)
    assert "on Thursday. Twelve" in before.text
    assert "on Friday" in edited[0].post.text
    assert "Thursday" not in edited[0].post.text


def test_a_post_of_the_second_round_is_seen_when_the_clock_has_moved(ran: Ran) -> None:
    with ran.database.reading() as tx:
        stored = ran.stored(tx)
    first, late = stored[f"{MINISTRY}/341"], stored[f"{MINISTRY}/342"]
    assert late.first_seen_at - first.first_seen_at > timedelta(minutes=100)
    assert f"{MINISTRY}/338" not in stored  # the platform speaking


def test_sources_that_fail_say_why_and_the_others_are_not_sent_again(ran: Ran) -> None:
    with ran.database.reading() as tx:
        known = {status.source.slug: status for status in sources.statuses(tx)}
    assert len(known) == len(PAGES)
    failing = {slug: status.last_error or "" for slug, status in known.items() if status.last_outcome == "failed"}
    assert set(failing) == {"customs", "portal"}
    assert "500" in failing["customs"]
    assert "Temporarily out of order" in failing["portal"]
    assert [slug for slug, status in known.items() if status.last_outcome == "new"] == [
        "ministry-telegram",
        "sample-agency",
    ]
    assert [status.last_outcome for status in known.values()].count("not-modified") == 10


@pytest.mark.parametrize(
    ("guid", "facet", "slugs"),
    [
        (JOINT, Facet.COUNTRY, {"at", "hu", "ro", "rs"}),
        (JOINT, Facet.ORGANISATION, {"fao"}),
        (f"{MINISTRY}/341", Facet.ORGANISATION, {"osce"}),
        (f"{MINISTRY}/342", Facet.ORGANISATION, {"african-union"}),
        (f"{MINISTRY}/342", Facet.COUNTRY, {"eg"}),
        ("https://agency.example/4410", Facet.ORGANISATION, {"sco"}),
        ("https://courrier.example/articles/vaccins", Facet.ORGANISATION, {"who", "european-union"}),
        ("agencia-902", Facet.ORGANISATION, {"celac"}),
        ("namudhaj-512", Facet.ORGANISATION, {"arab-league", "who"}),
        ("tx-77", Facet.ORGANISATION, {"asean"}),
        ("tx-77", Facet.COUNTRY, {"cn", "la", "th", "vn"}),
    ],
)
def test_what_is_named_is_tagged_in_every_language(ran: Ran, guid: str, facet: Facet, slugs: set[str]) -> None:
    with ran.database.reading() as tx:
        tags = ran.stored(tx)[guid].tags
    assert slugs <= {tag.slug for tag in tags if tag.facet is facet}


@pytest.mark.parametrize(
    ("watch", "found"),
    [
        ("grain", {JOINT, "vestnik-127", "agencia-902", "https://courrier.example/articles/saison-seche"}),
        ("water-central-asia", {f"{MINISTRY}/339", f"{MINISTRY}/341", "tx-74", "tag:water.example,2026:299"}),
        ("summits", {"https://agency.example/4405", "agencia-902"}),
    ],
)
def test_watches_find_what_they_are_for(ran: Ran, watch: str, found: set[str]) -> None:
    with ran.database.reading() as tx:
        matching = {guid for guid, post in ran.stored(tx).items() if watch in {match.watch for match in post.matches}}
    assert found <= matching


def test_the_digest_lies_in_the_mailbox(ran: Ran) -> None:
    [mail] = ran.output.glob("mailbox/*/*.eml")
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    part = message.get_body(("plain",))
    assert part is not None
    text = " ".join(part.get_content().replace("*", "").split())  # without line breaks and the marks of watches
    page = mail.with_suffix(".html").read_text(encoding="utf-8")
    for body in (text, page):
        assert "every text is invented" in body
        assert "Consular section: opening hours in December" in body
        assert "Sample Government Portal" in body  # coverage names what could not be read
        assert "Annual report of the archive" not in body  # too old to be news
        assert "one day later than first announced" in body
    assert text.count("Joint statement on the transport of grain along the Danube") == 1
    assert "Sample Ministry of Water (+25 min)" in text


def test_the_webhook_is_received_and_believed(ran: Ran) -> None:
    [hook] = ran.output.glob("webhook/*.json")
    payload = json.loads(hook.read_text(encoding="utf-8"))
    stories = [story for section in payload["data"]["sections"] for story in section["stories"]]
    assert payload["type"] == "digest.compiled"
    assert {story["source"]["authority"] for story in stories} == {"primary"}
    assert JOINT in {story["url"] for story in stories}
    assert re.search(r"signature +verified", ran.screen)


def test_the_last_lines_say_where_to_look(ran: Ran) -> None:
    last = ran.screen[ran.screen.index("Where to look") :]
    [page] = ran.output.glob("mailbox/*/*.html")
    for path in (page, page.with_suffix(".eml"), *ran.output.glob("webhook/*.json"), ran.output / "config"):
        assert str(path) in last
    assert "posts list" in last


def test_the_log_is_kept_and_logging_is_left_as_it_was(ran: Ran) -> None:
    events = [json.loads(line) for line in (ran.output / "monitor.log").read_text(encoding="utf-8").splitlines()]
    assert {event["event"] for event in events} == {"polled", "source-state", "compiled", "delivered"}
    assert ran.logging_left_alone


# ── its parts ──────────────────────────────────────────────────────────────────────────────────────────────


def test_no_address_of_the_site_can_be_somebody_s() -> None:
    """RFC 2606 keeps .example free; no name on Telegram has two underscores in a row."""
    vocabularies = {"www.w3.org", "purl.org", "jsonfeed.org"}
    found = re.findall(r"https?://([^/\"'<>\s]+)(/[^/\"'<>\s&]*)?", "".join(p.read_text() for p in CONTENT.iterdir()))
    others = {(host, path) for host, path in found if not host.endswith(".example") and host not in vocabularies}
    assert {host for host, _ in others} == {"t.me"}
    assert all("__" in path or "{{" in path for _, path in others)


def test_a_directory_of_somebody_s_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        run_demo(output=tmp_path, open_browser=False, console=Console(file=io.StringIO()))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(ConfigError, match="is a file"):
        folders.emptied(tmp_path / "letter.txt")


def test_of_its_own_directory_only_what_it_made_is_removed(tmp_path: Path) -> None:
    folder = folders.emptied(tmp_path / "demo")
    folder.write_configuration(site="http://127.0.0.1:1", receiver="http://127.0.0.1:2", due="07:30")
    (folder.path / "monitor.db").write_text("old")
    (folder.path / "notes.txt").write_text("mine")
    folders.emptied(tmp_path / "demo")
    assert {path.name for path in folder.path.iterdir()} == {folders.MARKER, "notes.txt"}


def signed(identity: str, at: datetime, body: str) -> dict[str, str]:
    signature = Webhook(SECRET).sign(identity, at, body)
    return {"webhook-id": identity, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


RIGHT = signed("digest-1", NOW, "{}")


@pytest.mark.parametrize(
    ("headers", "body", "fault"),
    [
        (RIGHT, b"{}", None),
        (RIGHT | {"webhook-signature": "v1,AAAA " + RIGHT["webhook-signature"]}, b"{}", None),  # two secrets in use
        (RIGHT, b"{ }", "no signature fits"),
        (RIGHT | {"webhook-id": "digest-2"}, b"{}", "no signature fits"),
        (RIGHT | {"webhook-signature": ""}, b"{}", "no signature fits"),
        (signed("digest-1", NOW - timedelta(minutes=6), "{}"), b"{}", "its time is more than five minutes off"),
        (signed("digest-1", NOW + timedelta(minutes=6), "{}"), b"{}", "its time is more than five minutes off"),
        ({}, b"{}", "it has no id or no time"),
    ],
)
def test_the_receiver_believes_what_the_library_of_the_standard_signs(
    headers: dict[str, str], body: bytes, fault: str | None
) -> None:
    assert fault_of(headers, body, secret=SECRET, clock=lambda: NOW) == fault
