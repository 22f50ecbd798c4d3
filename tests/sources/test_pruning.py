"""What is not parsed again is what would have come of it: reading what is new gives what reading everything gives."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import SourceError
from monitor.core.model import Document, Memory, Reading, Source
from monitor.core.watches import WatchSet
from monitor.sources.cutting import cut
from monitor.sources.pruning import Part, glance
from monitor.sources.reading import Tools, read, read_part
from tests.shared import SHARED, needs_shared

URL = "https://example.org/feed.xml"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Nothing:
    """Tags nothing."""

    def tags(self, post, source):
        return ()


TOOLS = Tools(tagger=Nothing(), watches=WatchSet(()))


def document(content, *, url=URL, content_type=None):
    content = content.encode() if isinstance(content, str) else content
    return Document(url=url, content=content, content_type=content_type, fetched_at=NOW)


def source(memory=None, **about):
    return Source(slug="mfa", title="MFA", kind="feed", url=URL, memory=memory or Memory(), **about)


def memory_of(reading):
    return Memory(seen=reading.seen, cuts=reading.cuts)


def after(content, **about):
    """What is remembered after a document was read."""
    return memory_of(read(document(content), source(**about), TOOLS))


def compared(doc, src):
    """How a document was read ("nothing", "part" or "whole"), having been read both ways."""
    whole = read(doc, src, TOOLS)
    glanced = glance(doc, src)
    if isinstance(glanced, Reading):
        assert glanced == replace(whole, title=None, hints={}, older=None)
        return "nothing", whole
    if isinstance(glanced, Part):
        part = read_part(glanced, src, TOOLS)
        if part is not None:
            assert part == whole
            return "part", whole
    return "whole", whole


def how(before, now, **about):
    return compared(document(now), source(after(before)))[0]


HEAD = "<rss version='2.0'><channel><title>N</title><link>https://example.org/</link>"
TAIL = "</channel></rss>"


def item(n, text="It was said.", more=""):
    return f"<item><guid>g{n}</guid><title>Post {n}</title><description>{text}</description>{more}</item>"


def rss(*items, head=HEAD, tail=TAIL):
    return head + "\n".join(items) + tail


BEFORE = rss(item(1), item(2), item(3))
DATED = HEAD + "<pubDate>{0}</pubDate><lastBuildDate>{0}</lastBuildDate><!-- made in {0} s -->"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (BEFORE + "\n", "nothing"),
        (BEFORE + "<!-- made in 3 ms -->", "nothing"),
        (rss(item(3), item(1), item(2)), "nothing"),
        (rss(item(1), item(3)), "nothing"),
        (rss(item(4), item(1), item(2), item(3)), "part"),
        (rss(item(1), item(2, "It was not said."), item(3)), "part"),
        (rss(item(1), "<!-- more -->", item(4)), "part"),
        (rss(item(1), item(5, "<![CDATA[An </item> in words]]>"), item(3)), "part"),
        (rss(item(1), item(5, "<!-- </item> -->x"), item(3)), "part"),
        # What surrounds the entries says something else.
        (BEFORE.replace("<title>N<", "<title>M<"), "whole"),
        (BEFORE.replace("<channel>", "<channel xml:base='https://elsewhere.example/'>"), "whole"),
        (BEFORE.replace("<channel>", "<channel><language>ru</language>"), "whole"),
        (BEFORE.replace(TAIL, "<ttl>60</ttl>" + TAIL), "whole"),
        (BEFORE.replace("version='2.0'", "version='2.0' xmlns='urn:x'"), "whole"),
        # The entries are not plainly told apart.
        (BEFORE[:-30], "whole"),
        (BEFORE[: BEFORE.index("g3")], "whole"),
        (rss(item(1), "words between", item(2)), "whole"),
        (rss(item(1), "<div>", item(2), "</div>"), "whole"),
        (rss(item(1), item(4, "<item>inside</item>"), item(2)), "whole"),
        (rss(item(1), item(4, "<![CDATA[never closed"), item(2)), "whole"),
        (rss(item(1), "<!-- ", item(2), " -->", item(3)), "nothing"),
        (rss(item(1), "<ITEM><title>loud</title></ITEM>", item(2)), "whole"),
        # One entry changes what another means.
        (rss(item(1), item(1), item(2)), "whole"),
        (rss(item(1), item(1, "It was edited."), item(2)), "whole"),
        (rss(item(1), item(4, more="<pubDate>3/4/2026</pubDate>"), item(2)), "whole"),
        # Something is wrong with the new one.
        (rss(item(1), "<item><x/></item>", item(2)), "whole"),
        (rss(item(1), item(4, "a & b < c"), item(2)), "part"),
        (rss(item(1), item(4, "<p>unclosed"), item(2)), "whole"),
        (rss(item(1), item(4, "\x01"), item(2)), "whole"),
        # Nothing is known.
        (rss(item(7), item(8)), "whole"),
    ],
)
def test_what_is_new_is_read_and_whatever_is_doubtful_is_read_whole(now, expected):
    assert how(BEFORE, now) == expected


def test_dates_in_the_head_are_no_news():
    first, second = (
        rss(item(1), item(2), head=DATED.format(when)) for when in ("Mon, 01 Sep 2025", "Tue, 02 Sep 2025")
    )
    assert how(first, second) == "nothing"


def test_the_list_of_contents_of_rss_1_is_no_news():
    def rdf(*numbers):
        listed = "".join(f"<rdf:li rdf:resource='https://example.org/{n}'/>" for n in numbers)
        items = "".join(
            f"<item rdf:about='https://example.org/{n}'><title>{n}</title><link>https://example.org/{n}</link></item>"
            for n in numbers
        )
        return (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
            f"<channel><title>N</title><items><rdf:Seq>{listed}</rdf:Seq></items></channel>{items}</rdf:RDF>"
        )

    assert how(rdf(1, 2, 3), rdf(4, 1, 2)) == "part"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://elsewhere.example/feed.xml"},
        {"content_type": "application/xml; charset=windows-1251"},
    ],
)
def test_a_document_that_came_otherwise_is_read_whole(change):
    before = rss(item(1, "Привет"), item(2))
    memory = after(before)
    legacy = before.encode("windows-1251") if "content_type" in change else before
    expected = "nothing" if "content_type" in change else "whole"  # rightly declared, it is the same text
    assert compared(document(legacy, **change), source(memory))[0] == expected


def test_wrongly_declared_bytes_are_read_whole():
    before = rss(item(1, "Привет, мир"), item(2))
    damaged = before.encode().replace("мир".encode(), b"\xec\xe8\xf0")
    assert compared(document(damaged), source(after(before)))[0] == "whole"


def test_another_language_of_the_source_is_another_way_to_read_it():
    memory = after(BEFORE)
    assert compared(document(BEFORE), source(memory, language="ru"))[0] == "whole"


@pytest.mark.parametrize(
    "before",
    [
        rss(item(1, more="<pubDate>3/4/2026 10:00</pubDate>"), item(2)),  # which comes first, others may tell
        rss(item(1), item(1, "again")),
        rss(item(1), "<item></item>"),
        rss(item(1, "a <p>b")),
        rss(item(1), "<a:entry xmlns:a='http://www.w3.org/2005/Atom'><a:title>x</a:title></a:entry>"),
    ],
)
def test_nothing_is_remembered_of_a_window_that_must_be_read_whole(before):
    assert after(before).cuts == b""


def test_a_memory_that_does_not_fit_is_of_no_use():
    memory = after(BEFORE)
    for other in (
        replace(memory, seen=b""),
        replace(memory, cuts=memory.cuts[:-1]),
        replace(memory, cuts=b""),
        replace(memory, cuts=bytes(len(memory.cuts))),
    ):
        assert compared(document(BEFORE), source(other))[0] == "whole"


def test_cutting_takes_time_in_proportion_to_the_document():
    # Were the end of each looked for to the end of the document, this would take minutes.
    for hostile in (
        "<item>" * 300_000,
        "<item>x</item>" + "<![CDATA[" * 200_000,
        "<!--" * 400_000,
        "<item><!--" * 100_000,
    ):
        assert cut(hostile.encode()) is None


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────

CHUNKS = st.sampled_from(
    [
        *(item(n) for n in range(6)),
        *(item(n, "It was edited.") for n in range(3)),
        item(6, "<![CDATA[<p>An </item><item> inside</p>]]>"),
        item(7, more="<pubDate>Mon, 01 Sep 2025 10:00:00 GMT</pubDate>"),
        item(8, more="<pubDate>1/9/2025</pubDate>"),
        item(9, more="<pubDate>20/9/2025</pubDate>"),
        "<item><title>No guid, no link</title></item>",
        "<item><link>https://example.org/section</link><title>a</title></item>",
        "<item><link>https://example.org/section</link><title>b</title></item>",
        "<item><guid>u</guid><title>Unusual</title><author>a@b.org (A)</author></item>",
        "<item><guid>s</guid><title>&nbsp;Sloppy &</title></item>",
        "<item><guid>r</guid><title>Relative</title><link>/r</link></item>",
        "<item/>",
        "<!-- words -->",
        "<!-- <item><title>x</title></item> -->",
        "<item><title>Unclosed</title>",
        "</item>",
        "<![CDATA[",
        "]]>",
    ]
)
HEADS = st.sampled_from(
    [
        HEAD,
        HEAD,
        HEAD,
        DATED.format("1"),
        DATED.format("2"),
        HEAD.replace("<title>N<", "<title>M<"),
        HEAD + "<language>de</language>",
        "<?xml version='1.0' encoding='windows-1251'?>" + HEAD,
    ]
)
FEEDS = st.builds(lambda head, items, end: rss(*items, head=head)[:end], HEADS, st.lists(CHUNKS, max_size=7),
                  st.one_of(st.just(None), st.just(None), st.integers(20, 400)))  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(FEEDS, st.sampled_from(["utf-8", "utf-8", "windows-1251"])), min_size=2, max_size=5))
def test_whatever_a_feed_shows_it_is_read_as_if_it_were_read_whole(shown):
    memory = Memory()
    for content, encoding in shown:
        try:
            _, reading = compared(document(content.encode(encoding, "xmlcharrefreplace")), source(memory))
        except SourceError:
            continue
        memory = memory_of(reading)


def mutated(content):
    """Versions of a recorded document as its next poll may find it."""
    found = list(re.finditer(rb"<(item|entry)[\s>].*?</\1>", content, re.DOTALL))
    yield "the same", content + b"\n"
    if len(found) < 2:
        return
    first, last = found[0], found[-1]
    yield "one removed", content[: first.start()] + content[first.end() :]
    yield "one added", content[: last.start()] + re.sub(rb"\d", b"7", last[0]) + content[last.start() :]
    yield (
        "reordered",
        content[: first.start()] + last[0] + content[first.end() : last.start()] + first[0] + content[last.end() :],
    )
    words = re.sub(rb">([A-Za-z]{3,})", rb">Edited \1", first[0], count=1)
    yield "one edited", content[: first.start()] + words + content[first.end() :]
    yield "cut", content[: last.start() + len(last[0]) // 2]
    yield "another head", content[: first.start()].replace(b"title>", b"title>x", 1) + content[first.start() :]
    yield "repeated", content[: first.start()] + first[0] + content[first.start() :]


@needs_shared
@pytest.mark.corpus
def test_recorded_feeds_and_what_may_become_of_them():
    ways = []
    for file in sorted((SHARED / "corpus" / "feeds").rglob("*"))[::7]:
        if file.suffix in {".csv", ".md", ".json"} or not file.is_file() or file.stat().st_size > 40_000:
            continue
        try:
            memory = after(file.read_bytes())
        except SourceError:
            continue
        for name, content in mutated(file.read_bytes()):
            try:
                way, _ = compared(document(content), source(memory))
            except SourceError:
                continue
            ways.append((name, way))
    assert ways.count(("the same", "nothing")) > 0.8 * sum(name == "the same" for name, _ in ways)
    for name in ("one added", "one edited"):
        assert ways.count((name, "part")) > 0.6 * sum(each == name for each, _ in ways)


@needs_shared
@pytest.mark.corpus
def test_recorded_series_are_read_as_if_each_snapshot_were_read_whole():
    ways = []
    for directory in sorted((SHARED / "corpus" / "feeds" / "time-series").iterdir()):
        memory = Memory()
        for file in sorted(directory.glob("*.xml")):
            way, reading = compared(document(file.read_bytes()), source(memory))
            memory = memory_of(reading)
            ways.append(way)
    assert {"nothing", "part"} <= set(ways)
