from __future__ import annotations

import sqlite3

import pytest

from monitor.cli.posts import evidence_text
from monitor.core.model import Evidence, Field
from tests.cli.conftest import Monitor


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ([], ["制裁措施", "О переговорах", "OSCE and Kazakhstan discuss the grain deal"] * 2),
        (["--limit", "1"], ["OSCE and Kazakhstan discuss the grain deal"]),
        (["--source", "mfa", "--language", "ru"], ["О переговорах"]),
        (["--source", "mfa", "--tag", "org:osce"], ["OSCE and Kazakhstan discuss the grain deal"]),
        (["--source", "mfa", "--watch", "grain"], ["О переговорах", "OSCE and Kazakhstan discuss the grain deal"]),
        (["--tag", "issuer:kz", "--language", "en"], ["OSCE and Kazakhstan discuss the grain deal"]),
        (["--since", "0s"], []),
        (["--tag", "region:central-asia", "--language", "zh"], []),
    ],
)
def test_list_is_narrowed(polled: Monitor, filters: list[str], titles: list[str]) -> None:
    assert sorted(post["title"] for post in polled("posts", "list", *filters, "--json").json) == sorted(titles)


def test_of_what_one_poll_brought_the_newest_comes_first(polled: Monitor) -> None:
    shown = polled("posts", "list", "--source", "mfa", "--json").json
    assert [post["title"] for post in shown] == [
        "OSCE and Kazakhstan discuss the grain deal",
        "О переговорах",
        "制裁措施",
    ]


def test_list(polled: Monitor) -> None:
    out = polled("posts", "list", columns=80).out
    assert "О переговорах" in out
    assert "3 h ago" in out


@pytest.mark.parametrize(
    ("filters", "code", "message"),
    [
        (["--source", "mfaa"], 4, "did you mean 'mfa'?"),
        (["--watch", "grian"], 4, "did you mean 'grain'?"),
        (["--tag", "org:oscee"], 4, "did you mean 'osce'?"),
        (["--tag", "orgs:osce"], 2, "expected org:, region:, country: or issuer:"),
        (["--since", "soon"], 2, "'soon' is no time"),
        (["--limit", "99999999999999999999"], 2, "too large"),
        (["--limit", "0"], 2, "--limit"),
    ],
)
def test_list_refuses(polled: Monitor, filters: list[str], code: int, message: str) -> None:
    ended = polled("posts", "list", *filters)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_show_has_text_tags_evidence_and_voices(polled: Monitor) -> None:
    found = polled("posts", "list", "--source", "mfa", "--language", "en", "--json").json
    shown = polled("posts", "show", str(found[0]["id"]))
    assert "[bold]Food security[/bold]" in shown.out  # brackets are no markup
    assert "org:osce" in shown.out
    assert "“OSCE” (acronym, title)" in shown.out
    assert "content hash" in shown.out
    document = polled("posts", "show", str(found[0]["id"]), "--json").json
    osce = next(tag for tag in document["tags"] if tag["slug"] == "osce")
    assert osce["evidence"][0] == {"field": "title", "offset": 0, "words": "OSCE", "rule": "acronym"}
    assert {voice["source_slug"] for voice in document["voices"]} == {"agency", "mfa"}


def test_show_has_the_teaser_of_a_full_text_and_says_where_a_time_was_not_believed(polled: Monitor) -> None:
    body = "".join(
        f"<p>Paragraph {n} says what the ministers agreed on, and who does what until when.</p>" for n in "12345"
    )
    polled.site.pages["/full/1"] = f"<!doctype html><html><article><h1>On peace</h1>{body}</article></html>".encode()
    polled.site.pages["/full.xml"] = (
        "<rss version='2.0'><channel><title>Full</title><item><guid>1</guid><title>On peace</title>"
        f"<link>{polled.site.address}/full/1</link><pubDate>Fri, 01 Jan 2038 00:00:00 GMT</pubDate>"
        "<description>In short: they met again.</description></item></channel></rss>"
    ).encode()
    full = ("--option", "full_text=true", "--slug", "full", "--kind", "feed")
    assert polled("sources", "add", f"{polled.site.address}/full.xml", *full).code == 0
    assert polled("poll", "full").code == 0
    (post,) = polled("posts", "list", "--source", "full", "--json").json
    screen = polled("posts", "show", str(post["id"])).out
    assert "Paragraph 5 says what the ministers agreed on" in screen
    assert "In short: they met again." in screen
    assert "no time that can be read and believed" in screen


def test_show_of_a_post_that_is_not_there(polled: Monitor) -> None:
    ended = polled("posts", "show", "999")
    assert ended.code == 4
    assert "there is no post 999" in ended.err


@pytest.mark.parametrize("command", [["posts", "show"], ["deliveries", "show"], ["deliveries", "retry"]])
def test_no_number_is_too_large_not_to_be_found(polled: Monitor, command: list[str]) -> None:
    assert polled(*command, "99999999999999999999").code == 4
    assert polled("tag", "--post", "99999999999999999999").code == 4


def test_a_tag_of_the_taxonomy_may_have_no_post_yet(polled: Monitor) -> None:
    file = polled.file("organisations.yaml")
    file.write_text(file.read_text() + "  - {slug: nato, names: {en: [North Atlantic Treaty Organization]}}\n")
    for tag in ("org:nato", "nato"):
        ended = polled("posts", "list", "--tag", tag)
        assert (ended.code, ended.out) == (0, "no post is like that\n")
    assert "did you mean 'nato'?" in polled("posts", "list", "--tag", "org:natto").err


def test_each_place_of_evidence_is_shown_once() -> None:
    found = [Evidence(field=Field.TEXT, offset=8, words="Serbia", rule=rule) for rule in ("name", "member", "name")]
    found.append(Evidence(field=Field.TEXT, offset=20, words="Serbia", rule="name"))
    assert evidence_text(tuple(found)) == "“Serbia” (name and member, text 8), “Serbia” (name, text 20)"


def test_a_title_made_of_the_text_is_not_shown_twice(polled: Monitor) -> None:
    with sqlite3.connect("data/monitor.db") as connection:
        connection.execute("UPDATE post SET title = 'The delegations met…', title_made = 1 WHERE language = 'en'")
    (post,) = polled("posts", "list", "--source", "mfa", "--language", "en", "--json").json
    assert polled("posts", "show", str(post["id"])).out.count("The delegations met") == 1


def test_an_edit_shows_what_was_said_before(polled: Monitor) -> None:
    before = polled.site.pages["/mfa.xml"]
    polled.site.pages["/mfa.xml"] = before.replace("продлена".encode(), "приостановлена".encode())
    try:
        (poll,) = polled("poll", "mfa", "--json").json
    finally:
        polled.site.pages["/mfa.xml"] = before
    assert (poll["new"], poll["changed"]) == (0, 1)
    (post,) = polled("posts", "list", "--source", "mfa", "--language", "ru", "--json").json
    out = polled("posts", "show", str(post["id"])).out
    assert out.index("приостановлена") < out.index("it said") < out.index("продлена")


def test_another_guid_is_shown_with_the_reason(polled: Monitor) -> None:
    before = polled.site.pages["/mfa.xml"]
    (post,) = polled("posts", "list", "--source", "mfa", "--language", "ru", "--json").json
    polled.site.pages["/mfa.xml"] = before.replace(f"<guid>{post['guid']}<".encode(), b"<guid>another-scheme-7<")
    assert polled.site.pages["/mfa.xml"] != before
    try:
        assert polled("poll", "mfa", "--json").json[0]["new"] == 0
    finally:
        polled.site.pages["/mfa.xml"] = before
    (other,) = polled("posts", "show", str(post["id"]), "--json").json["other_guids"]
    assert other["guid"] == "another-scheme-7"
    shown = polled("posts", "show", str(post["id"])).out
    assert "another-scheme-7" in shown
    assert other["reason"] in " ".join(shown.split())


def test_tag(polled: Monitor) -> None:
    text = "The OSCE met in Astana."
    tags = {f"{tag['facet']}:{tag['slug']}" for tag in polled("tag", text, "--json").json["tags"]}
    assert {"organisation:osce", "country:kz", "region:central-asia"} <= tags
    assert "“OSCE” (acronym, text 4)" in polled("tag", text).out
    polled.directory.joinpath("statement.txt").write_text(text)
    by_file = polled("tag", "--file", "statement.txt", "--json").json
    assert by_file == polled("tag", "--file", "-", "--json", stdin=text).json
    assert polled("tag", "--post", "1", "--json").code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--post", "999"], 4), (["--file", "nowhere.txt"], 4), (["text", "--post", "1"], 2), ([], 2)],
)
def test_tag_refuses(polled: Monitor, arguments: list[str], code: int) -> None:
    assert polled("tag", *arguments).code == code
