import json
from datetime import UTC, datetime

import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document, Source
from monitor.sources.jsonfeed import KIND, parse

URL = "https://example.org/feed.json"
SOURCE = Source(slug="mfa", title="MFA", kind="jsonfeed", url=URL)


def read(feed):
    content = feed if isinstance(feed, bytes) else json.dumps(feed).encode()
    return parse(Document(url=URL, content=content, fetched_at=datetime(2026, 11, 22, tzinfo=UTC)), SOURCE)


def feed(*items, **fields):
    return {"version": "https://jsonfeed.org/version/1.1", "items": list(items), **fields}


def test_everything_that_an_item_may_state():
    window = read(
        feed(
            {
                "id": "7",
                "url": "/7",
                "title": "Talks",
                "content_html": "<p>Held</p>",
                "content_text": "Held",
                "summary": "Talks were held.",
                "date_published": "2026-11-16T09:30:00+03:00",
                "date_modified": "2026-11-17T09:30:00Z",
                "authors": [{"name": "Press service"}, {"name": "B"}],
                "author": {"name": "B"},
                "tags": ["News", " ", 3],
                "language": "fr",
                "image": "/p.jpg",
                "attachments": [
                    {
                        "url": "/a.mp3",
                        "mime_type": "audio/mpeg",
                        "title": "Talk",
                        "size_in_bytes": 10,
                        "duration_in_seconds": 61.4,
                    },
                    {"mime_type": "audio/mpeg"},
                ],
            },
            title="MFA",
            home_page_url="/",
            language="en",
            next_url="/feed.json?page=2",
            expired=True,
        )
    )
    (entry,) = window.entries
    assert (window.title, window.homepage, window.language) == ("MFA", "https://example.org/", "en")
    assert window.older == "https://example.org/feed.json?page=2"
    assert window.notes == ("the feed says that it is finished and will not be updated any more",)
    assert (entry.guid, entry.link, entry.title) == ("7", "https://example.org/7", "Talks")
    assert (entry.html, entry.summary) == ("<p>Held</p>", "<p>Talks were held.</p>")
    assert entry.author == "Press service, B"
    assert (entry.published, entry.updated) == ("2026-11-16T09:30:00+03:00", "2026-11-17T09:30:00Z")
    assert (entry.categories, entry.language) == (("News",), "fr")
    sound, picture = entry.media
    assert (sound.kind, sound.url, sound.title, sound.bytes, sound.seconds) == (
        "audio", "https://example.org/a.mp3", "Talk", 10, 61,
    )  # fmt: skip
    assert (picture.kind, picture.url) == ("photo", "https://example.org/p.jpg")


@pytest.mark.parametrize(
    ("item", "guid", "html"),
    [
        ({"id": 7, "content_text": "a < b\n\nc"}, "7", "<p>a &lt; b</p><p>c</p>"),
        ({"id": 7.5, "summary": "s"}, "7.5", "<p>s</p>"),
        ({"id": True, "content_html": "x"}, None, "x"),
        ({"id": None, "content_html": ["x"]}, None, None),
        ({"id": {"a": 1}, "title": 3, "attachments": "x", "tags": "y", "authors": 1}, None, None),
    ],
)
def test_wrong_types_cost_only_themselves(item, guid, html):
    window = read(feed(item, {"id": "good", "content_text": "fine"}, "no object"))
    first, second = window.entries
    assert (first.guid, first.html) == (guid, html)
    assert (second.guid, second.html) == ("good", "<p>fine</p>")
    assert "item 3 is not an object and was left out" in window.notes


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "parse"),
        (b"{", "parse"),
        (b"[" * 100_000, "parse"),
        (b"[]", "not-a-feed"),
        (b"{}", "not-a-feed"),
        (b'{"items": []}', "not-a-feed"),
        (b'{"items": [{"name": "x"}]}', "not-a-feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "not-a-feed"),
        (b"<rss/>", "parse"),
    ],
)
def test_what_is_no_json_feed_is_refused(content, reason):
    with pytest.raises(SourceError) as caught:
        read(content)
    assert caught.value.reason == reason


def test_sloppy_json_is_read_all_the_same():
    items = b'[{"id": 1e400, "content_text": "tab\there"}, {"id": %s}]'
    text = b'\xef\xbb\xbf {"version": "https://jsonfeed.org/version/1", "items": ' + items + b"}"
    window = read(text % (b"9" * 5000))
    assert [entry.html for entry in window.entries] == ["<p>tab\there</p>", None]
    assert len(window.entries[1].guid) == 5000
    assert [entry.guid for entry in read({"items": [{"id": "1", "content_text": "x"}]}).entries] == ["1"]
    assert read(feed(next_url=URL)).older is None


def test_kind():
    assert KIND.name == "jsonfeed"
    assert "application/feed+json" in KIND.accept
