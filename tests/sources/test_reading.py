import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.core.errors import SourceError
from monitor.core.identity import unpacked
from monitor.core.model import Document, Evidence, Facet, Field, Match, Memory, Source, Tag
from monitor.sources.reading import Tools, read

URL = "https://example.org/feed.xml"
SOURCE = Source(slug="mfa", title="MFA", kind="feed", url=URL)


class FirstWord:
    """Tags each post with its first word: as little of a tagger as reading needs."""

    def tags(self, post, source):
        evidence = Evidence(field=Field.TITLE, offset=0, words=post.title.split()[0], rule="name")
        return (Tag(facet=Facet.ISSUER, slug=source.slug, main=True, weight=1.0, evidence=(evidence,)),)


class Talks:
    """Matches posts about talks."""

    def matches(self, post, source, tags, *, now=None):
        return (Match(watch="talks", evidence=()),) if "talks" in post.title.lower() else ()

    def matches_if_edited(self, post, source, tags, found, *, now):
        return None


TOOLS = Tools(tagger=FirstWord(), watches=Talks())


def document(content):
    return Document(url=URL, content=content.encode(), fetched_at=datetime(2026, 11, 22, tzinfo=UTC))


def rss(*items):
    return (
        '<rss version="2.0"><channel><title>N</title>'
        + "".join(f"<item>{i}</item>" for i in items)
        + "</channel></rss>"
    )


def item(guid, title, more=""):
    return f"<guid isPermaLink='false'>{guid}</guid><title>{title}</title>{more}"


def remembering(reading):
    return replace(SOURCE, memory=Memory(seen=reading.seen))


def test_posts_are_tagged_and_matched():
    reading = read(document(rss(item(1, "Talks in Geneva"), item(2, "Statement"))), SOURCE, TOOLS)
    first, second = reading.posts
    assert (reading.entries, reading.title) == (2, "N")
    assert first.tags[0].evidence[0].words == "Talks"
    assert [match.watch for match in first.matches] == ["talks"]
    assert second.matches == ()
    assert len(unpacked(reading.seen)) == 2


def test_known_posts_are_left_out_and_edits_are_not():
    first = read(document(rss(item(1, "A"), item(2, "B"))), SOURCE, TOOLS)
    again = read(document(rss(item(1, "A"), item(2, "B"))), remembering(first), TOOLS)
    assert (again.posts, again.entries, again.seen) == ((), 2, first.seen)
    edited = read(document(rss(item(3, "C"), item(1, "A"), item(2, "B, corrected"))), remembering(again), TOOLS)
    assert [p.post.title for p in edited.posts] == ["C", "B, corrected"]
    # Put back as it was: an edit again.
    put_back = read(document(rss(item(1, "A"), item(2, "B"))), remembering(edited), TOOLS)
    assert [p.post.title for p in put_back.posts] == ["B"]


def test_memory_holds_the_last_window():
    source = SOURCE
    for window in range(3):
        reading = read(document(rss(*(item(f"{window}-{n}", f"T{n}") for n in range(50)))), source, TOOLS)
        assert len(reading.posts) == len(unpacked(reading.seen)) == 50
        source = remembering(reading)


def test_bad_entries_cost_the_good_ones_nothing():
    reading = read(document(rss("<guid>bad</guid>", item(1, "Good"))), SOURCE, TOOLS)
    assert [p.post.title for p in reading.posts] == ["Good"]
    assert reading.entries == 2
    assert any("'bad'" in note and "no title, no text" in note for note in reading.notes)


def test_versions_of_one_post_in_one_window():
    old = item(1, "Old title", "<pubDate>Mon, 16 Nov 2026 09:30:00 GMT</pubDate>")
    same_date = item(1, "New title", "<pubDate>Mon, 16 Nov 2026 09:30:00 GMT</pubDate>")
    reading = read(document(rss(old, same_date)), SOURCE, TOOLS)
    assert [p.post.title for p in reading.posts] == ["Old title"]
    assert any("stands for several entries" in note for note in reading.notes)


@pytest.mark.parametrize(
    "items",
    [
        (
            "<title>A</title><link>https://example.org/news</link>",
            "<title>B</title><link>https://example.org/news</link>",
        ),
        (
            item("section", "A", "<link>https://example.org/a</link>"),
            item("section", "B", "<link>https://example.org/b</link>"),
        ),
        (item("https://example.org/news", "A"), item("https://example.org/news", "B")),
    ],
    ids=["link", "guid", "nothing but titles"],
)
def test_different_posts_that_share_an_identity_are_told_apart(items):
    reading = read(document(rss(*items)), SOURCE, TOOLS)
    assert [p.post.title for p in reading.posts] == ["A", "B"]
    assert len({p.post.guid for p in reading.posts}) == 2
    assert any("told apart" in note for note in reading.notes)
    assert read(document(rss(*items)), remembering(reading), TOOLS).posts == ()


@pytest.mark.parametrize(
    "titles",
    [
        ("Grain council meets", "Harbour report", "Grain council adjourns", "Vaccine budget", "Railway treaty signed"),
        ("Weekly briefing",) * 5,
    ],
    ids=["titles", "texts"],
)
def test_two_that_are_alike_by_chance_do_not_make_one_post_of_a_whole_window(titles):
    """Undated entries under the address of their section: taken for versions of one, the others would be lost."""
    texts = [
        "The council met in Geneva and adopted the report on grain.",
        "Fishing boats left the harbour before sunrise, said officials.",
        "The council met in Geneva and adopted the report on trade.",
        "Doctors expect further vaccines to arrive within a fortnight.",
        "Ratification of this railway treaty needs both parliaments.",
    ]
    items = [
        item("https://example.org/news", title, f"<description>{text}</description>")
        for title, text in zip(titles, texts, strict=True)
    ]
    assert len(read(document(rss(*items)), SOURCE, TOOLS).posts) == 5


def test_either_format_is_read_at_either_kind_of_address():
    feed = json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_text": "Hello there"}]}
    )
    reading = read(document(feed), SOURCE, TOOLS)
    assert [p.post.text for p in reading.posts] == ["Hello there"]
    assert any("serves JSON Feed" in note for note in reading.notes)
    reading = read(document(rss(item(1, "A"))), replace(SOURCE, kind="jsonfeed"), TOOLS)
    assert [p.post.title for p in reading.posts] == ["A"]


def test_an_error_page_is_never_a_post():
    with pytest.raises(SourceError) as caught:
        read(document("<html><title>Maintenance</title><p>Back soon</p></html>"), SOURCE, TOOLS)
    assert caught.value.reason == "not-a-feed"


def test_the_language_of_the_feed_is_a_hint():
    feed = rss(item(1, "NATO")).replace("<title>N</title>", "<title>N</title><language>fr</language>")
    assert read(document(feed), SOURCE, TOOLS).posts[0].post.language == "fr"


def test_reading_crosses_process_borders():
    reading = read(document(rss(item(1, "A"))), SOURCE, TOOLS)
    assert pickle.loads(pickle.dumps(reading)) == reading
    assert pickle.loads(pickle.dumps(read)) is read


def test_one_date_of_a_feed_shows_how_the_others_are_meant():
    dates = ("3/4/2026", "12/25/2025", "1/2/2026")
    feed = rss(*(item(n, f"T{n}", f"<pubDate>{date}</pubDate>") for n, date in enumerate(dates)))
    stated = [p.post.stated_at for p in read(document(feed), SOURCE, TOOLS).posts]
    assert [f"{at:%d %b %Y}" for at in stated] == ["04 Mar 2026", "25 Dec 2025", "02 Jan 2026"]
