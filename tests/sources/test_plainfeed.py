"""Entries that are read from a tree say what feedparser says of them."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import SourceError
from monitor.core.model import Document, Source
from monitor.sources.feed import parse
from monitor.sources.plainfeed import feed_of
from tests.shared import SHARED, needs_shared

URL = "https://example.org/news/feed.xml"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMESPACES = (
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:x="urn:example:of-their-own" xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
)


def rss(*items):
    head = "<title>News</title><link>https://example.org/</link><language>en</language>"
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {NAMESPACES}><channel>{head}{inside}</channel></rss>'


def atom(*entries):
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES} xml:lang="en_GB"><title>N</title>{inside}</feed>'


def windows(content):
    """What is read as usual, and with every entry left to feedparser."""
    if isinstance(content, str):
        content = content.encode()
    source = Source(slug="x", title="x", kind="feed", url=URL)
    found = []
    for each in (content, with_doctype(content)):
        try:
            window = parse(Document(url=URL, content=each, fetched_at=NOW), source)
            found.append((window.entries, window.title, window.language, window.older, window.hints, window.notes))
        except SourceError as error:
            found.append(error.reason)
    return found


def with_doctype(content):
    """A document type says nothing, and no tree is made of a document that has one."""
    at = re.search(rb"<(?:\w+:)?(?:rss|feed|RDF)\b", content)
    return content[: at.start()] + b"<!DOCTYPE anything>" + content[at.start() :] if at else content


def plain_entries(content):
    tree = feed_of(content.encode(), URL)
    return [tree.entry(entry) is not None for entry in tree.entries]


ITEMS = [
    "<title>One</title><link>https://example.org/1</link><guid>1</guid>"
    "<description>It &lt;b&gt;is&lt;/b&gt;</description>",
    "<title>AT&amp;amp;T &lt;em&gt;wins&lt;/em&gt;</title><link>/relative</link><guid isPermaLink='true'>x</guid>",
    "<content:encoded><![CDATA[<p>Full</p>]]></content:encoded><description>Short</description>",
    "<description>Short</description><content:encoded><![CDATA[<p>Full</p>]]></content:encoded>",
    "<title> Spaces \n here </title><pubDate> Mon, 1 Sep 2025 10:00:00 GMT </pubDate><dc:creator> A B </dc:creator>",
    "<category>one</category><category domain='d'>two</category><category/><dc:subject>three</dc:subject>",
    "<enclosure url='/a.mp3' length='12' type='Audio/MPEG'/><guid>9</guid><comments>https://x.org/c</comments>",
    "<media:content url='/a.jpg' medium='image'><media:credit>C</media:credit></media:content><title>t</title>",
    "<title>t</title><media:group><media:content url='/b.mp4' type='video/mp4'/><media:title>m</media:title>"
    "<media:thumbnail url='/b.jpg'/></media:group>",
    "<x:score>5</x:score><title>Theirs</title><x:rating value='3'/><slash:comments>2</slash:comments>",
    "<atom:link rel='Alternate' href='/atom'/><title>t</title><atom:updated>2025-09-01T10:00:00Z</atom:updated>",
    "<title>Новость дня</title><author>Анна</author><dc:date>2025-09-01</dc:date><dc:language>ru</dc:language>",
]
ENTRIES = [
    "<title type='html'>&lt;b&gt;A&lt;/b&gt;</title><id>urn:1</id><link href='/1'/>"
    "<updated>2025-09-01T10:00:00Z</updated>",
    "<title>T</title><link rel='enclosure' href='/a.mp3' type='audio/mpeg'/><link rel='self' href='/s'/>",
    "<summary type='text'>a &lt;b&gt; c</summary><content type='html'>&lt;p&gt;x&lt;/p&gt;</content>",
    "<content type='text'>plain words</content><author><name>A</name><email>a@x.org</email><uri>/a</uri></author>",
    "<category term='t' label='L' scheme='s'/><published>2025-09-01T10:00:00Z</published><contributor><name>C</name>"
    "</contributor>",
]
OTHERS = [
    "<title>a</title><title>b</title>",
    "<author>press@example.org (Press office)</author>",
    "<source url='https://other.example/'>Other</source>",
    "<description xml:lang='fr'>Bonjour</description>",
    "<media:title>first</media:title><title>second</title>",
    "<title>\u0080\u0085</title>",
    "<title>\u00c3\u00a9t\u00c3\u00a9</title>",
    "<x:group><title>inside</title></x:group>",
    "<link/>",
    "<description>one</description><dc:description>two</dc:description>",
    "<image><url>/i.png</url></image>",
]  # fmt: skip


@pytest.mark.parametrize("item", ITEMS)
def test_items_of_well_known_elements(item):
    content = rss(item, "<title>neighbour</title>")
    assert plain_entries(content) == [True, True]
    plain, by_feedparser = windows(content)
    assert plain == by_feedparser


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries_of_well_known_elements(entry):
    content = atom(entry, "<title>neighbour</title>")
    assert plain_entries(content) == [True, True]
    plain, by_feedparser = windows(content)
    assert plain == by_feedparser


@pytest.mark.parametrize("item", OTHERS)
def test_what_is_less_known_is_left_to_feedparser_and_its_neighbours_are_not(item):
    content = rss("<title>before</title>", item, "<title>after</title>")
    assert plain_entries(content) == [True, False, True]
    plain, by_feedparser = windows(content)
    assert plain == by_feedparser


@pytest.mark.parametrize(
    "content",
    [
        rss("<title>a & b</title>"),
        rss("<title>unclosed"),
        rss("<title>&nbsp;</title>"),
        rss("<title>x</title>").replace("<channel>", "<channel xml:base='https://elsewhere.example/'>"),
        rss("<title>x</title>").replace('version="2.0"', 'version="2.0" base="https://elsewhere.example/"'),
        rss("<title>x</title>" + " " * 70),
        rss("<y:title>x</y:title>"),
    ],
)
def test_documents_that_are_left_to_feedparser_altogether(content):
    assert feed_of(content.encode(), URL) is None
    plain, by_feedparser = windows(content)
    assert plain == by_feedparser


def test_a_document_type_makes_no_tree():
    assert feed_of(with_doctype(rss(ITEMS[0]).encode()), URL) is None


PARTS = st.lists(st.sampled_from([*ITEMS, *OTHERS]), min_size=1, max_size=3).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=4))
def test_any_mixture_of_items_is_read_the_same_way(items):
    plain, by_feedparser = windows(rss(*items))
    assert plain == by_feedparser


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=3).map("".join), min_size=1, max_size=4))
def test_any_mixture_of_entries_is_read_the_same_way(entries):
    plain, by_feedparser = windows(atom(*entries))
    assert plain == by_feedparser


@needs_shared
@pytest.mark.corpus
def test_recorded_feeds_are_read_the_same_way():
    different = []
    for file in sorted((SHARED / "corpus" / "feeds").rglob("*")):
        if file.suffix in {".csv", ".md", ".json"} or not file.is_file() or file.stat().st_size > 60_000:
            continue  # the large ones hold more of the same
        plain, by_feedparser = windows(file.read_bytes())
        if plain != by_feedparser:
            different.append(str(file.relative_to(SHARED)))
    assert different == []
