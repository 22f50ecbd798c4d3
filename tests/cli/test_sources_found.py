"""`sources add` with what a person pastes, and lists of feeds in and out."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Monitor
from tests.cli.site import rss

PAGE = (
    '<!DOCTYPE html><html><head><title>Ministry</title><link rel="alternate" type="application/rss+xml" href="{feed}">'
    '<link rel="alternate" type="application/rss+xml" href="/comments/feed"></head><body>Welcome.</body></html>'
)


@pytest.fixture
def homepage(polled: Monitor) -> str:
    """The front page of a site with two feeds, of which one is of comments."""
    polled.site.pages["/ministry/"] = PAGE.format(feed="/ministry/feed.xml").encode()
    polled.site.pages["/ministry/feed.xml"] = rss("Ministry, all news", prefix="m")
    polled.site.pages["/comments/feed"] = rss("Comments on: Ministry", prefix="c")
    return f"{polled.site.address}/ministry/"


def test_what_is_found_is_listed_where_nobody_can_be_asked(polled: Monitor, homepage: str) -> None:
    ended = polled("sources", "add", homepage, columns=140)
    assert ended.code == 1
    assert "Ministry, all news" in ended.out
    assert "these are readers' comments" in ended.out
    assert "OSCE and Kazakhstan discuss the grain deal" in ended.out
    assert "2 sources found; nothing was added. Take the best with --yes" in ended.err
    assert len(polled("sources", "list", "--json").json) == 3


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing-here", "answered 404 Not Found; what was found is elsewhere on the site"),
        ("one-page", "to follow that one page for changes: monitor sources add"),
    ],
)
def test_what_was_pasted_is_explained_where_sources_are_found_beside_it(
    polled: Monitor, homepage: str, path: str, said: str
) -> None:
    polled.site.pages["/"] = polled.site.pages["/ministry/"]
    polled.site.pages["/one-page"] = b"<!DOCTYPE html><html><title>Sanctions</title><p>Words of a page.</p></html>"
    try:
        ended = polled("sources", "add", f"{polled.site.address}/{path}", columns=140)
    finally:
        del polled.site.pages["/"]
    assert (ended.code, "Ministry, all news" in ended.out) == (1, True)
    assert said in ended.err.replace("\n", " ")


def test_what_is_followed_already_is_marked_and_the_command_works_in_a_shell(polled: Monitor) -> None:
    site = polled.site
    site.pages["/two/"] = PAGE.format(feed="/mfa.xml").encode().replace(b"/comments/feed", b"/section?a=1&amp;b=2")
    site.pages["/section"] = rss("Section", prefix="s")
    ended = polled("sources", "add", f"{site.address}/two/", columns=140)
    assert (ended.code, "followed already as mfa" in ended.out) == (1, True)
    assert f"not followed with: monitor sources add '{site.address}/section?a=1&b=2' --kind feed" in ended.err
    assert polled("sources", "add", f"{site.address}/section?a=1&b=2", "--slug", "section", "--yes").code == 0
    assert "All of it is followed already" in polled("sources", "add", f"{site.address}/two/").err
    again = polled("sources", "add", f"{site.address}/mfa.xml/", "--kind", "feed", "--dry-run")
    assert (again.code, "is followed already; see: monitor sources show mfa" in again.err) == (5, True)


def test_what_is_found_as_json(polled: Monitor, homepage: str) -> None:
    ended = polled("sources", "add", homepage, "--json")
    assert ended.code == 1
    assert [each["url"] for each in ended.json["candidates"]] == [
        f"{polled.site.address}/ministry/feed.xml",
        f"{polled.site.address}/comments/feed",
    ]
    best = ended.json["candidates"][0]
    assert (best["kind"], best["found"], best["entries"], len(best["newest"])) == ("feed", "declared", 3, 3)


def test_yes_takes_the_best(polled: Monitor, homepage: str) -> None:
    ended = polled("sources", "add", homepage, "--yes", "--slug", "found", "--json")
    assert (ended.code, ended.json["added"], ended.json["url"]) == (0, True, f"{polled.site.address}/ministry/feed.xml")
    assert polled("sources", "show", "found", "--json").json["title"] == "Ministry, all news"


def on_a_terminal(directory: Path, *arguments: str, answers: list[tuple[str, str]]) -> str:
    """What the command shows on a terminal whose user gives each answer when the words before it appear once more."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execv(sys.executable, [sys.executable, "-m", "monitor", *arguments])
    shown, looked_at = "", 0
    try:
        while part := os.read(terminal, 4096).decode("utf-8", "replace"):
            shown += part
            if answers and (at := shown.find(answers[0][0], looked_at)) >= 0:
                looked_at = at + len(answers[0][0])
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
    except OSError:  # Linux says that a terminal has ended by an error
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, shown
    assert not answers, shown
    return shown


def test_on_a_terminal_it_is_asked_which(polled: Monitor, homepage: str) -> None:
    answers = [("which one?", "9"), ("which one?", "2"), ("slug", "chosen")]
    shown = on_a_terminal(polled.directory, "sources", "add", homepage, answers=answers)
    assert "expected a number from 1 to 2" in shown
    assert polled("sources", "show", "chosen", "--json").json["url"] == f"{polled.site.address}/comments/feed"


def test_a_page_that_only_looks_like_a_list_is_not_followed_unasked(polled: Monitor) -> None:
    items = "".join(
        f"<li><time>{day} February 2026</time> <a href='/n/{day}'>Statement of the ministry on matter {day}</a></li>"
        for day in range(10, 20)
    )
    polled.site.pages["/list/"] = f"<!DOCTYPE html><title>News</title><main><ul>{items}</ul></main>".encode()
    ended = polled("sources", "add", f"{polled.site.address}/list/", "--json")
    assert (ended.code, [each["kind"] for each in ended.json["candidates"]]) == (1, ["page"])


def test_where_nothing_is_found_it_is_said_what_was_tried(polled: Monitor) -> None:
    ended = polled("sources", "add", f"{polled.site.address}/nowhere/at/all")
    assert (ended.code, ended.out) == (1, "")
    assert "404" in ended.err
    assert "What can be done" in ended.err


@pytest.mark.parametrize(("pasted", "hint"), [("press@mfa.example", "e-mail address"), ("mfa_kz", "write @mfa_kz")])
def test_what_is_no_address_is_answered_with_a_hint(polled: Monitor, pasted: str, hint: str) -> None:
    ended = polled("sources", "add", pasted)
    assert ended.code == 2
    assert hint in ended.err


LIST = """<?xml version="1.0"?>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Official">
    <outline type="rss" text="Far Ministry" xmlUrl="https://far.example/rss"/>
    <outline type="rss" text="The Ministry" xmlUrl="{site}/mfa.xml"/>
  </outline>
  <outline type="rss" text="Broken" xmlUrl="no address"/>
  <outline type="rss" text="Nobody's" xmlUrl="https://other.example/rss"
     xmlns:m="urn:communique-monitor:source:1" m:kind="feed" m:organisation="nobody"/>
</body></opml>
"""


def test_a_dry_run_shows_what_an_import_would_do(polled: Monitor) -> None:
    file = polled.directory / "list.opml"
    file.write_text(LIST.format(site=polled.site.address))
    ended = polled("sources", "import", str(file), "--dry-run", "--tag", "reader", columns=250)
    assert ended.code == 1
    assert "far" in ended.out
    assert "1 source would be added, 1 followed already, 2 cannot be used" in ended.out
    results = [line.split()[0] for line in ended.out.splitlines()[2:] if line]
    assert results == ["new", "followed", "unusable", "unusable", "1"]
    assert f"{file}:7: Broken: 'no address' is not a web address" in ended.err
    assert "no organisation is called 'nobody'" in ended.err
    assert len(polled("sources", "list", "--json").json) == 3


def test_an_import_adds_what_can_be_used(polled: Monitor) -> None:
    text = LIST.format(site=polled.site.address)
    ended = polled("sources", "import", "-", "--tag", "reader", "--json", stdin=text)
    assert ended.code == 1
    assert [(each["slug"], each["tags"]) for each in ended.json["added"]] == [("far", ["official", "reader"])]
    assert [each["slug"] for each in ended.json["known"]] == ["mfa"]
    shown = polled("sources", "show", "far", "--json").json
    assert (shown["title"], shown["owner"], shown["state"]) == ("Far Ministry", "operator", "never-polled")
    assert polled("sources", "import", "-", "--json", stdin=text).json["added"] == []


def test_an_import_of_a_list_that_breaks_off_adds_what_is_whole_and_ends_with_one(polled: Monitor) -> None:
    text = "<opml version='2.0'><body>\n<outline text='New' xmlUrl='https://new.example/rss'/>\n<outline text='Lo"
    ended = polled("sources", "import", "-", stdin=text)
    assert ended.code == 1
    assert "1 source added" in ended.out
    assert "-:3: the list breaks off here" in ended.err
    assert polled("sources", "import", "-", "--json", stdin=text).json["breaks_off"] == 3


def test_an_import_leaves_out_what_cannot_be_read(polled: Monitor) -> None:
    polled.site.pages["/new.xml"] = rss("New")
    text = (
        f"<opml version='2.0'><body><outline text='New' xmlUrl='{polled.site.address}/new.xml'/>"
        f"<outline text='Dead' xmlUrl='{polled.site.address}/dead.xml'/></body></opml>"
    )
    tried = polled("sources", "import", "-", "--check", "--dry-run", stdin=text)
    assert tried.code == 1
    assert "answered 404 Not Found" in tried.out
    assert "1 source would be added, 0 followed already, 1 cannot be read, 0 cannot be used" in tried.out
    ended = polled("sources", "import", "-", "--check", "--json", stdin=text)
    assert ended.code == 1
    assert [each["title"] for each in ended.json["added"]] == ["New"]
    assert [each["title"] for each in ended.json["broken"]] == ["Dead"]
    assert len(polled("sources", "list", "--json").json) == 4


def test_an_export_is_read_back_as_it_was(polled: Monitor) -> None:
    before = {source["slug"]: source for source in polled("sources", "list", "--json").json}
    file = polled.directory / "all.opml"
    assert polled("sources", "export", "--output", str(file)).code == 0
    assert len(ET.parse(file).findall(".//outline[@xmlUrl]")) == 3
    ended = polled("sources", "import", str(file), "--dry-run", "--json")
    assert {each["slug"] for each in ended.json["known"]} == set(before)
    assert polled("sources", "export", "--tag", "official").out.count("xmlUrl=") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing.opml"], 4, "nothing.opml cannot be read"),
        (["config/sources.yaml"], 1, "this is not an OPML file"),
        (["config/sources.yaml", "--tag", "Not a slug"], 2, "is no label"),
    ],
)
def test_import_refuses(polled: Monitor, arguments: list[str], code: int, message: str) -> None:
    ended = polled("sources", "import", *arguments)
    assert ended.code == code
    assert message in ended.err
