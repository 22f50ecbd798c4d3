from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.cli.sources import brief_error
from monitor.core.model import Numbered
from monitor.core.numbers import learnt
from monitor.core.rhythm import Rhythm, observe
from monitor.store.database import Database
from tests.cli.conftest import Monitor
from tests.make import NOW


def test_list_shows_state_and_reason(polled: Monitor) -> None:
    ended = polled("sources", "list", columns=80)
    assert ended.code == 0
    assert "The Ministry" in ended.out
    assert "answered 404" in ended.out  # without the address, which would leave no room for the reason
    assert "3 sources: 2 fine, 1 failing" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    states = {source["slug"]: source["state"] for source in polled("sources", "list", "--json").json}
    assert states == {"agency": "fine", "mfa": "fine", "missing": "failing"}


@pytest.mark.parametrize(
    ("filters", "slugs"),
    [
        (["--failing"], ["missing"]),
        (["--state", "failing"], ["missing"]),
        (["--state", "fine", "--state", "failing"], ["agency", "mfa", "missing"]),
        (["--state", "silent"], []),
        (["--state", "never-polled"], []),
        (["--tag", "official"], ["mfa"]),
        (["--country", "kz"], ["mfa"]),
        (["--country", "at"], []),
    ],
)
def test_list_is_narrowed(polled: Monitor, filters: list[str], slugs: list[str]) -> None:
    assert [source["slug"] for source in polled("sources", "list", *filters, "--json").json] == slugs


@pytest.mark.parametrize(
    ("error", "brief"),
    [
        ("{} answered 404 Not Found", "answered 404 Not Found"),
        ("no text was recognised on {}", "no text was recognised"),
        (
            "no list of news was recognised on {}: say what an item is",
            "no list of news was recognised: say what an item is",
        ),
        ("redirects lead in a circle: {}", "redirects lead in a circle"),
        ("{}/robots.txt answered 500", "https://mfa.example/news/robots.txt answered 500"),
        (None, ""),
    ],
)
def test_an_error_in_a_table_is_without_the_address(error: str | None, brief: str) -> None:
    url = "https://mfa.example/news"
    assert brief_error(error and error.format(url), url) == brief


def test_show(polled: Monitor) -> None:
    shown = polled("sources", "show", "mfa", "--json").json
    assert shown["posts"] == 3
    assert shown["owner"] == "file"
    assert [(poll["outcome"], poll["new"]) for poll in shown["polls"]] == [("new", 3)]
    assert shown["last_poll_at"].endswith("Z")
    assert "Last polls" in polled("sources", "show", "mfa").out


def test_show_says_how_often_a_source_posts_once_it_is_known(polled: Monitor) -> None:
    assert polled("sources", "show", "mfa", "--json").json["posts_a_day"] is None
    assert "rhythm" not in polled("sources", "show", "mfa").out
    rhythm = observe(Rhythm(), at=NOW, new=0)
    for day in range(1, 15):  # three posts every other day
        rhythm = observe(rhythm, at=NOW + timedelta(days=day), new=3 * (day % 2))
    database = Database(f"sqlite:///{polled.directory / 'data' / 'monitor.db'}")
    with database.writing() as tx:
        tx.execute(text("UPDATE source_state SET rhythm = :known"), {"known": rhythm.to_bytes()})
    shown = polled("sources", "show", "mfa", "--json").json
    assert shown["posts_a_day"] == pytest.approx(1.5, rel=0.1)
    assert shown["share_of_repeats"] == pytest.approx(0.5, abs=0.1)
    assert "of its polls bring nothing new" in polled("sources", "show", "mfa").out


def test_show_says_since_when_and_why_a_source_is_in_its_state(polled: Monitor) -> None:
    shown = polled("sources", "show", "missing", "--json").json
    [change] = shown["changes"]
    assert (change["from"], change["to"]) == ("new", "failing")
    assert "answered 404 Not Found" in change["why"]
    screen = polled("sources", "show", "missing").out
    assert "failing since " in screen
    assert "Changes of state" in screen
    assert polled("sources", "show", "mfa", "--json").json["changes"] == []
    assert polled("sources", "list", "--state", "failed").code == 2


def test_a_gap_is_shown_wherever_the_source_is(polled: Monitor) -> None:
    def show(*numbers: int) -> None:
        items = "".join(f"<item><guid>{n}</guid><title>Statement {n} on trade</title></item>" for n in numbers)
        feed = f"<rss version='2.0'><channel><title>Busy</title>{items}</channel></rss>"
        polled.site.pages["/busy.xml"] = feed.encode()

    show(3, 2, 1)
    assert polled("sources", "add", f"{polled.site.address}/busy.xml", "--slug", "busy", "--yes").code == 0
    assert polled("poll", "busy").code == 0
    assert polled("sources", "show", "busy", "--json").json["last_gap_at"] is None
    assert "missed" not in polled("sources", "show", "busy").out
    show(9, 8, 7)
    ended = polled("poll", "busy", columns=160)
    assert "some may have been missed in between" in ended.out
    assert "posts may have been missed" in polled("sources", "list", columns=160).out
    screen = polled("sources", "show", "busy", columns=160).out
    assert "what was published shortly before may have been missed" in screen
    assert "some may have been missed in between" in screen
    shown = polled("sources", "show", "busy", "--json").json
    assert shown["last_gap_at"] == shown["last_poll_at"]
    assert [poll["gap"] is not None for poll in shown["polls"]] == [True, False]
    assert "posts may have been missed in the last 24 h by busy" in polled("status").err


def test_show_says_what_the_feed_asks_of_those_who_poll_it(polled: Monitor) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(24) if hour not in {9, 10})
    polled.site.pages["/asking.xml"] = (
        "<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><title>Asking</title>"
        f"<ttl>180</ttl><skipHours>{hours}</skipHours><skipDays><day>Sunday</day></skipDays>"
        "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"
        "<item><guid>1</guid><title>Statement on trade</title></item></channel></rss>"
    ).encode()
    assert polled("sources", "add", f"{polled.site.address}/asking.xml", "--slug", "asking", "--yes").code == 0
    assert polled("poll", "asking").code == 0
    screen = polled("sources", "show", "asking", columns=160).out
    assert "once in 3 h; updates come every 12 h; not at 0–8, 11–23 h UTC; not on Sunday" in screen
    assert polled("sources", "show", "asking", "--json").json["asks"]["ttl"] == 3 * 3600
    assert "asks" not in polled("sources", "show", "mfa").out


def test_a_redirect_is_a_move_once_it_held(polled: Monitor) -> None:
    database = Database(f"sqlite:///{polled.directory / 'data' / 'monitor.db'}")
    for polls, words in ((2, "in 2 of the 3 polls that make it a move"), (3, "asked there directly; write it into")):
        with database.writing() as tx:
            moved = {"to": "https://new.example/rss", "polls": polls}
            tx.execute(text("UPDATE source_state SET moved_to = :to, moved_polls = :polls"), moved)
        assert words in polled("sources", "show", "mfa", columns=160).out


def test_show_says_which_older_pages_are_still_to_be_read(polled: Monitor) -> None:
    assert "older pages" not in polled("sources", "show", "mfa").out
    database = Database(f"sqlite:///{polled.directory / 'data' / 'monitor.db'}")
    waiting = f"https://t.me/s/a?before=9\nhttps://t.me/s/a?before=5 {NOW.isoformat()}"
    with database.writing() as tx:
        tx.execute(text("UPDATE source_state SET backfill = :waiting"), {"waiting": waiting})
    screen = polled("sources", "show", "mfa", columns=240).out
    assert "with https://t.me/s/a?before=9, https://t.me/s/a?before=5, asked for in vain since 2026-" in screen


def test_show_names_missing_numbers(polled: Monitor) -> None:
    database = Database(f"sqlite:///{polled.directory / 'data' / 'monitor.db'}")
    known = learnt({}, [Numbered(first=1, last=9, shown=(1, 2, 5, 9))], at=NOW, first=True)
    known = learnt(known, [Numbered(first=1, last=9, shown=(1, 2, 9))], at=NOW, first=False)
    with database.writing() as tx:
        tx.execute(text("UPDATE source_state SET numbers = :known"), {"known": json.dumps(known)})
    screen = polled("sources", "show", "mfa", columns=140).out
    assert "1 shown once and not any more: 5" in screen
    assert "5 never seen between the others" in screen
    assert "3–4, 6–8" in screen
    missing = polled("sources", "show", "mfa", "--json").json["missing"]
    assert missing == {"never_seen": [[3, 4], [6, 8]], "withdrawn": [[5, 5]]}


def test_an_unknown_source_is_answered_with_the_nearest(polled: Monitor) -> None:
    for command in ("show", "remove", "pause", "resume", "check"):
        ended = polled("sources", command, "mfaa")
        assert (ended.code, ended.out) == (4, "")
        assert "did you mean 'mfa'?" in ended.err


def test_pause_holds_until_resume(polled: Monitor) -> None:
    assert polled("sources", "pause", "mfa", "agency").code == 0
    assert [s["state"] for s in polled("sources", "list", "--json").json] == ["paused", "paused", "failing"]
    assert polled("config", "apply", "--json").json["sources"] == {"added": [], "changed": [], "removed": []}
    assert polled("sources", "resume", "mfa").code == 0
    assert [s["state"] for s in polled("sources", "list", "--json").json] == ["paused", "fine", "failing"]


def test_a_source_that_fails_still_does_when_resumed(polled: Monitor) -> None:
    for command in ("pause", "resume"):
        assert polled("sources", command, "missing").code == 0
    shown = polled("sources", "show", "missing", "--json").json
    assert (shown["state"], shown["failures"]) == ("failing", 1)


def test_what_a_file_owns_is_marked_so(polled: Monitor) -> None:
    assert polled("sources", "add", "https://other.example/", "--slug", "own", "--no-check").code == 0
    assert polled("watches", "add", "vienna", "Vienna").code == 0
    owners = {"mfa": "sources.yaml", "own": "command line", "grain": "watches.yaml", "vienna": "command line"}
    lines = [line for command in ("sources", "watches") for line in polled(command, "list").out.splitlines()]
    for slug, owner in owners.items():
        assert [owner in line for line in lines if line.startswith(f"{slug} ")] == [True]
    assert "subscriptions.yaml" in polled("subscriptions", "list").out
    assert "config/sources.yaml" in polled("sources", "show", "mfa").out
    assert "command line" in polled("sources", "show", "own").out


def test_of_several_sources_all_are_paused_or_none(polled: Monitor) -> None:
    assert polled("sources", "pause", "mfa", "nobody").code == 4
    assert polled("sources", "show", "mfa", "--json").json["state"] == "fine"


def test_resume_says_what_the_file_says(polled: Monitor) -> None:
    file = polled.file("sources.yaml")
    file.write_text(file.read_text().replace("slug: mfa,", "slug: mfa, paused: true,"))
    assert polled("config", "apply").code == 0
    ended = polled("sources", "resume", "mfa")
    assert ended.code == 5
    assert "sources.yaml says so" in ended.err


def test_a_source_of_a_file_is_not_removed(polled: Monitor) -> None:
    ended = polled("sources", "remove", "mfa")
    assert ended.code == 5
    assert "sources.yaml" in ended.err
    assert "monitor sources pause mfa" in ended.err


def test_check_stores_nothing(polled: Monitor) -> None:
    before = polled("sources", "show", "mfa", "--json").json
    ended = polled("sources", "check", "--json")
    assert ended.code == 1
    results = {result["source"]: result for result in ended.json}
    assert results["mfa"]["fine"]
    assert results["mfa"]["entries"] == 3  # although nothing is new in it
    assert results["missing"]["reason"] == "http-404"
    assert polled("sources", "show", "mfa", "--json").json == before
    assert polled("sources", "check", "mfa").code == 0
    assert [result["source"] for result in polled("sources", "check", "--tag", "official", "--json").json] == ["mfa"]
    assert "no source to check carries the label 'oficial'" in polled("sources", "check", "--tag", "oficial").out


def test_add_reads_the_source_first(polled: Monitor) -> None:
    address = f"{polled.site.address}/mfa.xml?english"
    ended = polled("sources", "add", address, "--slug", "second", "--tag", "extra", "--country", "kz")
    assert ended.code == 0
    assert "Ministry of Foreign Affairs" in ended.out  # the title that the feed states
    assert "OSCE and Kazakhstan discuss the grain deal" in ended.out
    shown = polled("sources", "show", "second", "--json").json
    assert (shown["owner"], shown["tags"], shown["country"]) == ("operator", ["extra"], "KZ")
    assert polled("config", "apply", "--json").json["sources"]["removed"] == []  # no file touches it
    assert polled("sources", "remove", "second").code == 0
    assert polled("sources", "show", "second").code == 4


def test_add_stores_nothing_that_cannot_be_read(polled: Monitor) -> None:
    address = f"{polled.site.address}/nothing.xml"
    ended = polled("sources", "add", address, "--slug", "nothing")
    assert ended.code == 1
    assert "404" in ended.err
    assert polled("sources", "show", "nothing").code == 4
    assert polled("sources", "add", address, "--slug", "nothing", "--no-check").code == 0
    assert polled("sources", "show", "nothing").code == 0


def test_add_dry_run(polled: Monitor) -> None:
    ended = polled("sources", "add", f"{polled.site.address}/agency.xml?x", "--slug", "dry", "--dry-run", "--json")
    assert ended.code == 0
    assert ended.json["added"] is False
    assert ended.json["trial"]["newest"][0]["title"] == "OSCE and Kazakhstan discuss the grain deal"
    assert polled("sources", "show", "dry").code == 4


@pytest.mark.parametrize(
    ("arguments", "slug", "kind", "url"),
    [
        (["@example_channel"], "example-channel", "telegram", "https://t.me/s/example_channel"),
        (["t.me/example_channel/17"], "example-channel", "telegram", "https://t.me/s/example_channel"),
        (["www.osce.org/feed"], "osce", "feed", "https://www.osce.org/feed"),
        (["https://press.un.org/en/rss.xml"], "press-un", "feed", "https://press.un.org/en/rss.xml"),
        (["https://mfa.example/", "--kind", "jsonfeed", "--slug", "own"], "own", "jsonfeed", "https://mfa.example/"),
    ],
)
def test_add_guesses_kind_and_slug(polled: Monitor, arguments: list[str], slug: str, kind: str, url: str) -> None:
    added = polled("sources", "add", *arguments, "--no-check", "--json").json
    assert (added["slug"], added["kind"], added["url"]) == (slug, kind, url)


def test_a_slug_that_was_made_up_is_never_one_that_is_taken(polled: Monitor) -> None:
    first = polled("sources", "add", "https://osce.org/a.xml", "--no-check", "--json").json
    second = polled("sources", "add", "https://osce.org/b.xml", "--no-check", "--json").json
    assert (first["slug"], second["slug"]) == ("osce", "osce-2")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{site}/mfa.xml"], 5, "is followed already; see: monitor sources show mfa"),
        (["https://other.example/", "--slug", "mfa"], 5, "choose another with --slug"),
        (["https://other.example/", "--kind", "fed"], 2, "did you mean 'feed'?"),
        (["https://other.example/", "--slug", "Not a slug"], 2, "did you mean 'not-a-slug'?"),
        (["https://other.example/", "--interval", "3x"], 2, "--interval: '3x' is not a duration"),
        (["https://other.example/", "--organisation", "oscee"], 4, "did you mean 'osce'?"),
        (["https://other.example/", "--country", "kx"], 4, "no country is called 'KX'"),
        (["https://other.example/", "--option", "selector"], 2, "should be NAME=VALUE"),
        (["https://other.example/", "--option", "colour=red"], 2, "error: --option: unknown key 'colour'"),
        (["ftp://other.example/"], 2, "https://"),
        (["https://t.me/+AbCdEf"], 2, "invitation"),
    ],
)
def test_add_refuses(polled: Monitor, arguments: list[str], code: int, message: str) -> None:
    given = [argument.replace("{site}", polled.site.address) for argument in arguments]
    ended = polled("sources", "add", *given, "--no-check")
    assert ended.code == code, ended
    assert message in ended.err
    assert ended.out == ""
