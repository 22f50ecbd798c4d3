"""The poll loop over a wire that the tests hold: documents by address, read by the real adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from monitor import polling
from monitor.core import drift
from monitor.core.errors import SourceError
from monitor.core.model import Document, Fetched, FetchResult, Gone, NotModified, Outcome, Reading, Source
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.watches import WatchSet
from monitor.sources.reading import Tools, read
from monitor.store import posts, sources
from monitor.store.database import Database
from tests import make, plans

TOOLS = Tools(tagger=Tagger(Taxonomy(organisations=(), countries=(), regions=())), watches=WatchSet([]))


@dataclass
class World:
    """What each address answers, and what was asked for."""

    database: Database
    answers: dict[str, Callable[[Source], FetchResult]] = field(default_factory=dict)
    asked: list[Source] = field(default_factory=list)
    tools: Tools = TOOLS
    now: datetime = make.NOW

    def parts(self) -> polling.Parts:
        async def fetch(source: Source) -> FetchResult:
            self.asked.append(source)
            return self.answers[source.url](source)

        async def reading(document: Document, source: Source) -> Reading:
            return read(document, source, self.tools)

        return polling.Parts(
            database=self.database, fetch=fetch, read=reading, clock=lambda: self.now, chance=lambda: 0.5
        )

    def document(self, url: str, content: str, *, kind: str = "text/html", etag: str | None = None) -> None:
        self.answers[url] = lambda source: Fetched(
            document=Document(url=url, content=content.encode(), content_type=kind, fetched_at=self.now), etag=etag
        )

    def poll(self, *slugs: str) -> dict[str, polling.Recorded]:
        self.now += timedelta(days=2)  # past every interval and every back-off
        self.asked.clear()

        async def go() -> dict[str, polling.Recorded]:
            return {r.poll.source.slug: r async for r in polling.poll_due(self.parts(), slugs=slugs or None)}

        return asyncio.run(go())

    async def due_by_name(self, slug: str) -> list[polling.Recorded]:
        return [recorded async for recorded in polling.poll_due(self.parts(), slugs=[slug])]

    def stored(self) -> list[str]:
        with self.database.reading() as tx:
            return sorted(each.post.guid for each in posts.latest(tx, limit=5000))

    def memory(self, slug: str = "mfa") -> sources.SourceStatus:
        with self.database.reading() as tx:
            [status] = sources.statuses(tx, slugs=[slug])
        return status


def rss(*guids: str, note: str = "") -> str:
    items = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>Statement {guid}{note}</title></item>" for guid in guids
    )
    return f"<rss version='2.0'><channel><title>MFA</title>{items}</channel></rss>"


def telegram(first: int, last: int, *, older: bool = True) -> str:
    messages = "".join(
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="sample/{number}">'
        f'<div class="tgme_widget_message_text js-message_text">Message number {number}</div>'
        f'<a class="tgme_widget_message_date" href="https://t.me/sample/{number}">'
        f'<time datetime="2026-03-01T10:00:00+00:00">10:00</time></a></div></div>'
        for number in range(first, last + 1)
    )
    link = f'<link rel="prev" href="/s/sample?before={first}">' if older else ""
    return (
        f"<html><head>{link}</head><body><div class='tgme_channel_info_header'></div>"
        f"<section class='tgme_channel_history js-message_history'>{messages}</section></body></html>"
    )


def test_one_source_fails_and_the_others_go_on(database: Database) -> None:
    world = World(database)
    for slug in ("good", "refused", "buggy", "gone", "same"):
        make.stored_source(database, slug)
    world.document("https://good.example/rss.xml", rss("1", "2"))

    def refuse(source: Source) -> FetchResult:
        raise SourceError("refused.example answered 503", reason="http-503", retry_at=world.now + timedelta(hours=5))

    def bug(source: Source) -> FetchResult:
        raise ZeroDivisionError("a bug")

    world.answers |= {
        "https://refused.example/rss.xml": refuse,
        "https://buggy.example/rss.xml": bug,
        "https://gone.example/rss.xml": lambda source: Gone(),
        "https://same.example/rss.xml": lambda source: NotModified(),
    }
    recorded = world.poll()
    assert {slug: (r.poll.outcome, r.new) for slug, r in recorded.items()} == {
        "good": (Outcome.NEW, 2),
        "refused": (Outcome.FAILED, 0),
        "buggy": (Outcome.FAILED, 0),
        "gone": (Outcome.GONE, 0),
        "same": (Outcome.NOT_MODIFIED, 0),
    }
    assert world.memory("refused").next_poll_at >= world.now + timedelta(hours=5)
    assert "ZeroDivisionError" in (world.memory("buggy").last_error or "")
    assert world.stored() == ["1", "2"]


def test_an_edit_and_its_reversal_are_two_revisions(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    for note in ("", " (corrected)", ""):
        world.document("https://mfa.example/rss.xml", rss("1", note=note))
        world.poll()
    with database.reading() as tx:
        [post] = posts.latest(tx, limit=9)
        assert post.post.title == "Statement 1"
        assert [r.title for r in posts.revisions(tx, post.id)] == ["Statement 1", "Statement 1 (corrected)"]


def test_a_document_is_one_post_however_much_of_it_changes(database: Database) -> None:
    world = World(database)
    url = "https://mfa.example/advice"
    make.stored_source(database, kind="document", url=url)
    first = "".join(f"<p>Section {n}: travellers should register with the embassy.</p>" for n in range(5))
    other = "".join(f"<p>Erratum {n} concerning tariffs on imported wheat and barley.</p>" for n in range(5))
    for number, (title, words) in enumerate(
        [("Travel advice", first), ("Notice 7", other), ("Notice 7", other + first)]
    ):
        world.document(url, f"<html><title>{title}</title><main><h1>{title}</h1>{words}</main></html>")
        recorded = world.poll()["mfa"]
        assert (recorded.new, recorded.changed) == ((1, 0) if number == 0 else (0, 1))
    with database.reading() as tx:
        (post,) = posts.latest(tx, limit=9)
        assert [r.title for r in posts.revisions(tx, post.id)] == ["Travel advice", "Notice 7"]


@pytest.mark.parametrize("answer", ["an edit", "a counter"])
def test_watches_see_that_a_post_was_edited(database: Database, answer: str) -> None:
    watched = ("is:edited statement", "statement", "statement -is:edited", "is:reply OR org:osce")
    slugs = [make.stored_watch(database, f"w{number}", query=query) for number, query in enumerate(watched)]
    world = World(database, tools=replace(TOOLS, watches=WatchSet(slugs)))
    make.stored_source(database)

    def found() -> list[list[str]]:
        with database.reading() as tx:
            return [sorted(m.watch for m in each.matches) for each in posts.latest(tx, limit=9)]

    world.document("https://mfa.example/rss.xml", rss("1"))
    world.poll()
    assert found() == [["w1", "w2"]]
    world.document("https://mfa.example/rss.xml", rss("1", note=" (corrected)" if answer == "an edit" else " "))
    world.poll()
    assert found() == [["w0", "w1"] if answer == "an edit" else ["w1", "w2"]]


def test_a_window_without_overlap_is_a_gap(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    world.document("https://mfa.example/rss.xml", rss("1", "2", "3"))
    assert world.poll()["mfa"].poll.gap is None  # nothing came before the first window
    world.document("https://mfa.example/rss.xml", rss("3", "4", "5"))
    assert world.poll()["mfa"].poll.gap is None
    world.document("https://mfa.example/rss.xml", rss("8", "9"))
    assert "missed" in (world.poll()["mfa"].poll.gap or "")
    world.document("https://mfa.example/rss.xml", rss("8", "9", note=" edited"))
    assert world.poll()["mfa"].poll.gap is None  # all edited, but known


def test_a_channel_is_paged_back_until_the_last_post_seen(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    world.document("https://t.me/s/sample", telegram(81, 100))
    assert world.poll()["mfa"].new == 20
    assert len(world.asked) == 1  # the first poll takes what it is shown
    world.document("https://t.me/s/sample", telegram(141, 160))
    world.document("https://t.me/s/sample?before=141", telegram(121, 140))
    world.document("https://t.me/s/sample?before=121", telegram(101, 120))
    world.document("https://t.me/s/sample?before=101", telegram(81, 100))
    recorded = world.poll()["mfa"]
    assert (recorded.new, recorded.poll.gap) == (60, None)
    assert len(world.stored()) == 80
    assert world.memory().source.memory.backfill == ()


def test_a_channel_that_had_a_single_post_is_paged_back_to_it(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    world.document("https://t.me/s/sample", telegram(1, 1, older=False))
    world.poll()
    world.document("https://t.me/s/sample", telegram(31, 50))
    world.document("https://t.me/s/sample?before=31", telegram(11, 30))
    world.document("https://t.me/s/sample?before=11", telegram(1, 10, older=False))
    recorded = world.poll()["mfa"]
    assert (recorded.new, recorded.poll.gap) == (49, None)


def test_a_post_that_was_taken_down_is_no_reason_to_turn_pages(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    world.document("https://t.me/s/sample", telegram(81, 100))
    world.poll()
    # What comes up at the other end was published before the first poll.
    world.document("https://t.me/s/sample", telegram(80, 80) + telegram(82, 100))
    world.poll()
    assert [source.url for source in world.asked] == ["https://t.me/s/sample"]


def test_going_back_is_bounded_and_goes_on_at_the_next_poll(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    last = 100 + 20 * (polling.PAGES_BACK + 5)
    for first in range(81, last, 20):
        address = "https://t.me/s/sample" + ("" if first + 20 > last else f"?before={first + 20}")
        world.document(address, telegram(first, first + 19))
    whole = world.answers["https://t.me/s/sample"]
    world.document("https://t.me/s/sample", telegram(81, 100))
    world.poll()
    world.answers["https://t.me/s/sample"] = whole
    first = world.poll()["mfa"]
    assert first.new == 20 * (polling.PAGES_BACK + 1)
    assert first.poll.gap is None
    assert world.memory().source.memory.backfill != ()
    world.document("https://t.me/s/sample", telegram(last - 18, last + 1))  # one more message meanwhile
    assert world.poll()["mfa"].new == 1 + 20 * 4
    assert world.memory().source.memory.backfill == ()
    assert len(world.stored()) == last + 1 - 80


def test_a_spell_that_is_left_behind_twice_is_read_to_its_end(database: Database) -> None:
    """Two polls in a row that find more than they may turn to, and then a quiet channel."""
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    page, step = 20, 20 * (polling.PAGES_BACK + 3)

    def show(last: int) -> None:
        for first in range(81, last, page):
            address = "https://t.me/s/sample" + ("" if first + page > last else f"?before={first + page}")
            world.document(address, telegram(first, first + page - 1, older=first > 81))

    for spells, last in enumerate([100, 100 + step, 100 + 2 * step]):
        show(last)
        world.poll()
        assert len(world.memory().source.memory.backfill) == spells
    while world.memory().source.memory.backfill:  # its first page is the same every time
        recorded = world.poll()["mfa"]
        assert (recorded.poll.gap, recorded.new > 0) == (None, True)
    assert len(world.stored()) == 100 + 2 * step - 80


def test_numbered_pages_that_move_on_between_two_polls_are_read_to_the_end(database: Database) -> None:
    """What stood on page 22 stands on page 24 by then, and page 22 shows what the poll before had read."""
    world = World(database)
    url, size = "https://mfa.example/rss.xml", 5
    make.stored_source(database, url=url)

    def show(last: int) -> None:
        numbers = list(range(last, 0, -1))
        for page, first in enumerate(range(0, last, size), start=1):
            window = rss(*(f"{number:04}" for number in numbers[first : first + size]))
            following = f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='next' href='{url}?page={page + 1}'/>"
            if first + size < last:
                window = window.replace("<item>", f"{following}<item>", 1)
            world.document(url if page == 1 else f"{url}?page={page}", window)

    last = 20
    show(last)
    world.poll()
    for arrived in (size * (polling.PAGES_BACK + 9), 2 * size - 1, 0):
        last += arrived
        show(last)
        assert world.poll()["mfa"].poll.gap is None
    assert world.memory().source.memory.backfill == ()
    assert world.stored() == [f"{number:04}" for number in range(last - len(world.stored()) + 1, last + 1)]
    assert len(world.stored()) >= last - 20 + size


def _failing(reason: str) -> Callable[[Source], FetchResult]:
    def fail(source: Source) -> FetchResult:
        raise SourceError(f"{source.url} answered {reason}", reason=reason)

    return fail


OLDER = "https://t.me/s/sample?before=121"
IN_VAIN = {
    "fails": _failing("http-429"),
    "is not there": _failing("http-404"),
    "is gone": lambda source: Gone(),
    "shows nothing": telegram(1, 0),
    "leads back to the newest": telegram(
        121, 140
    ),  # as where a server moves house and forgets which page was asked for
}


@pytest.mark.parametrize("hours", [5, 99], ids=["for hours", "for ever"])
@pytest.mark.parametrize("in_vain", IN_VAIN.values(), ids=IN_VAIN.keys())
def test_an_older_page_in_vain_is_asked_for_some_hours_and_is_a_gap_then(
    in_vain: str | Callable[[Source], FetchResult], hours: int, database: Database
) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    world.document("https://t.me/s/sample", telegram(81, 100))
    world.poll()
    world.document("https://t.me/s/sample", telegram(121, 140))
    world.document("https://t.me/s/sample?before=101", telegram(81, 100))
    gaps = []
    for hour in range(9):
        if hour == hours:
            world.document(OLDER, telegram(101, 120))
        elif isinstance(in_vain, str):
            world.document(OLDER, in_vain)
        else:
            world.answers[OLDER] = in_vain
        [recorded] = asyncio.run(world.due_by_name("mfa"))
        assert recorded.poll.outcome in {Outcome.NEW, Outcome.KNOWN}
        gaps += [hour] if recorded.poll.gap else []
        assert (world.memory().source.memory.backfill == ()) is (hour >= min(hours, 6))
        world.now += timedelta(hours=1)
    assert gaps == ([] if hours == 5 else [6])  # said once
    assert len(world.stored()) == (60 if hours == 5 else 40)


def test_an_index_whose_host_asks_for_patience_is_put_off_and_does_not_fail(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="sitemap", url="https://mfa.example/index.xml")
    part = "https://mfa.example/part.xml"
    space = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
    index = f"<sitemapindex {space}><sitemap><loc>{part}</loc></sitemap></sitemapindex>"
    world.document("https://mfa.example/index.xml", index, kind="application/xml")

    def held(source: Source) -> FetchResult:
        until = world.now + timedelta(hours=5)
        raise SourceError("mfa.example asked not to be asked", reason="host-held", retry_at=until)

    world.answers[part] = held
    poll = world.poll()["mfa"].poll
    assert (poll.outcome, poll.reason, poll.memory.failures) == (Outcome.POSTPONED, "host-held", 0)
    assert world.memory().next_poll_at >= world.now + timedelta(hours=5)

    def broken(source: Source) -> FetchResult:
        raise SourceError("mfa.example answered 500", reason="http-500")

    world.answers[part] = broken
    poll = world.poll()["mfa"].poll
    assert poll.outcome is Outcome.FAILED
    assert "none of its parts could be read" in (poll.error or "")


def test_a_server_that_lies_about_its_etag_is_asked_without(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    world.document("https://mfa.example/rss.xml", rss("1"), etag='"always"')
    world.poll()
    truth = rss("1")

    def lying(source: Source) -> FetchResult:
        if source.memory.etag is not None:
            return NotModified()
        document = Document(url=source.url, content=truth.encode(), fetched_at=world.now)
        return Fetched(document=document, etag='"always"')

    world.answers["https://mfa.example/rss.xml"] = lying
    truth = rss("1", "2")
    polls = 0
    while "2" not in world.stored():
        world.poll()
        polls += 1
        assert polls < 50
    assert "although the document changed" in (world.memory().source.memory.unconditional or "")
    truth = rss("1", "2", "3")
    assert world.poll()["mfa"].new == 1  # at once, from now on


def test_polling_by_name_takes_paused_sources_too(database: Database) -> None:
    world = World(database)
    make.stored_source(database, paused=True)
    world.document("https://mfa.example/rss.xml", rss("1"))
    assert world.poll() == {}
    assert world.poll("mfa")["mfa"].new == 1


def test_what_leads_every_window_does_not_hide_a_gap(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    url = "https://mfa.example/rss.xml"
    world.document(url, rss("pinned", "3", "2", "1"))
    world.poll()
    world.document(url, rss("pinned", "5", "4", "3"))
    assert world.poll()["mfa"].poll.gap is None
    world.document(url, rss("pinned", "9", "8", "7"))
    assert "missed" in (world.poll()["mfa"].poll.gap or "")


def test_an_old_post_that_comes_back_does_not_hide_a_gap(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    url = "https://mfa.example/rss.xml"
    for shown in (("2", "1"), ("3", "2"), ("4", "3")):
        world.document(url, rss(*shown))
        world.poll()
    world.document(url, rss("1", "8", "7"))
    recorded = world.poll()["mfa"]
    assert recorded.new == 2
    assert "missed" in (recorded.poll.gap or "")


def test_new_guids_for_the_same_posts_are_no_gap(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    item = (
        "<item><guid isPermaLink='false'>{}-{}</guid><title>Statement {} on trade</title>"
        "<link>https://mfa.example/news/2026/{}-on-trade</link></item>"
    )
    for scheme in ("urn:old", "urn:new", "urn:old", "urn:newest", "urn:new"):
        items = "".join(item.format(scheme, number, number, 1000 + number) for number in (3, 2, 1))
        world.document(
            "https://mfa.example/rss.xml", f"<rss version='2.0'><channel><title>MFA</title>{items}</channel></rss>"
        )
        recorded = world.poll()["mfa"]
        assert recorded.poll.gap is None
    assert len(world.stored()) == 3


def test_a_window_without_posts_does_not_hide_a_gap(database: Database) -> None:
    world = World(database)
    make.stored_source(database, kind="telegram", url="https://t.me/s/sample")
    world.document("https://t.me/s/sample", telegram(81, 100))
    world.poll()
    world.document("https://t.me/s/sample", telegram(1, 0))
    assert world.poll()["mfa"].poll.gap is None
    world.document("https://t.me/s/sample", telegram(121, 140))
    world.document("https://t.me/s/sample?before=121", telegram(101, 120))
    world.document("https://t.me/s/sample?before=101", telegram(81, 100))
    assert world.poll()["mfa"].new == 40


def test_a_move_is_followed_by_a_source_that_changes_nothing(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    world.document("https://mfa.example/rss.xml", rss("1"), etag='"1"')
    world.poll()
    new = "https://new.example/rss.xml"
    world.answers |= {
        "https://mfa.example/rss.xml": lambda source: NotModified(moved_to=new),
        new: lambda source: NotModified(),
    }
    asked = [(world.poll(), world.asked[0].url)[1] for _ in range(5)]
    assert asked == ["https://mfa.example/rss.xml"] * 3 + [new] * 2


def test_a_clock_that_runs_ahead_is_found_out(database: Database) -> None:
    world = World(database)
    make.stored_source(database)
    for number in range(8):
        world.now = make.NOW + timedelta(minutes=20 * number)
        stated = f"{world.now + timedelta(hours=3, minutes=-5):%Y-%m-%d %H:%M:%S}"  # local time, without its zone
        world.document(
            "https://mfa.example/rss.xml",
            "<rss version='2.0'><channel><title>MFA</title><item>"
            f"<guid>{number}</guid><title>Statement {number}</title>"
            f"<pubDate>{stated}</pubDate></item></channel></rss>",
        )
        asyncio.run(world.due_by_name("mfa"))
    warning = drift.warning(drift.Drift.from_bytes(world.memory().source.memory.drift))
    assert "3 h ahead" in (warning or "")


def test_what_a_poll_costs_does_not_grow_with_the_archive(database: Database) -> None:
    plans.only_on_sqlite(database)
    world = World(database)
    for slug in ("mfa", "wire"):
        make.stored_source(database, slug)

    def shown(*numbers: int, note: str = "", renamed: str = "") -> None:
        for slug in ("mfa", "wire"):
            world.document(f"https://{slug}.example/rss.xml", rss(*(f"{renamed}{n}" for n in numbers), note=note))

    def work() -> None:
        for numbers, changes in (
            (range(1, 10), {}),
            (range(3, 12), {}),
            (range(3, 12), {"note": " with a correction"}),
            (range(5, 14), {"renamed": "a", "note": " with a correction"}),
        ):
            shown(*numbers, **changes)
            assert not any(each.poll.reason for each in world.poll().values())

    assert plans.walks(database, work) == []
