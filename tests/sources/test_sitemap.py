"""Sitemaps: urlsets, news, indexes, plain lists, compressed and damaged ones."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document, Entry, Source, Window
from monitor.sources.sitemap import MAX_UNPACKED, parse, words_of
from tests.shared import SHARED, needs_shared

URL = "https://www.example.int/sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def read(content: str | bytes, **options: Any) -> Window:
    raw = content.encode() if isinstance(content, str) else content
    document = Document(url=URL, content=raw, fetched_at=datetime(2026, 11, 22, tzinfo=UTC))
    return parse(document, Source(slug="x", title="X", kind="sitemap", url=URL, options=options))


def urlset(count: int, *, dated: bool = True) -> str:
    dates = [f"<lastmod>2026-01-{n % 28 + 1:02}</lastmod>" if dated else "" for n in range(count)]
    urls = "".join(f"<url><loc>https://www.example.int/n/{n}</loc>{date}</url>" for n, date in enumerate(dates))
    return f"<urlset {NS}>{urls}</urlset>"


def test_a_news_sitemap() -> None:
    window = read(
        f"""<?xml version="1.0"?><urlset {NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url>
        <loc> https://www.example.int/a?x=1&amp;y=2 </loc>
        <lastmod>2026-03-02</lastmod>
        <image:image><image:loc>https://i.example/p.jpg</image:loc><image:title>P</image:title>
        </image:image><news:news><news:publication><news:name>The Times</news:name><news:language>en</news:language>
        </news:publication>
        <news:publication_date>2026-03-01T08:00:00Z</news:publication_date>
        <news:title><![CDATA[Talks & terms]]></news:title><news:keywords>talks, peace</news:keywords></news:news>
        </url></urlset>"""
    )
    assert window.title == "The Times"
    assert window.entries == (
        Entry(
            guid="https://www.example.int/a?x=1&y=2",
            link="https://www.example.int/a?x=1&y=2",
            title="Talks & terms",
            published="2026-03-01T08:00:00Z",
            updated="2026-03-02",
            language="en",
            categories=("talks", "peace"),
        ),
    )


def test_the_newest_are_taken_in_the_order_of_the_document() -> None:
    window = read(urlset(56), newest=4)
    assert [entry.updated for entry in window.entries] == ["2026-01-27", "2026-01-28", "2026-01-27", "2026-01-28"]
    assert window.notes == ("of 56 addresses the newest 4 were taken",)


def test_without_dates_both_ends_are_taken() -> None:
    assert [entry.link[-1:] for entry in read(urlset(9, dated=False), newest=3).entries if entry.link] == [
        "0",
        "1",
        "8",
    ]


def test_only_some_addresses() -> None:
    assert [entry.link for entry in read(urlset(20), only="/n/19").entries] == ["https://www.example.int/n/19"]
    window = read(urlset(20), only="/press/")
    assert window.entries == ()
    assert window.notes == ("none of 20 addresses contains '/press/'",)


def test_an_index_names_what_to_read_next() -> None:
    parts = "".join(
        f"<sitemap><loc>https://www.example.int/{name}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</sitemap>"
        for name, date in (
            ("post-sitemap1.xml", "2020-01-01"),
            ("image-sitemap.xml", "2026-11-21"),
            ("post-sitemap2.xml", "2026-11-20"),
            ("news-sitemap.xml", ""),
        )
    )
    window = read(f"<sitemapindex {NS}>{parts}</sitemapindex>")
    assert window.entries == ()
    assert [address.rpartition("/")[2] for address in window.more] == [
        "news-sitemap.xml",
        "post-sitemap2.xml",
        "post-sitemap1.xml",
    ]


def test_without_dates_the_highest_number_is_the_newest_part() -> None:
    parts = "".join(f"<sitemap><loc>https://www.example.int/post-{n}.xml</loc></sitemap>" for n in (1, 10, 9))
    assert read(f"<sitemapindex {NS}>{parts}</sitemapindex>", parts=2).more == (
        "https://www.example.int/post-10.xml",
        "https://www.example.int/post-9.xml",
    )


def test_compressed_in_one_or_several_members() -> None:
    text = urlset(3).encode()
    assert len(read(gzip.compress(text)).entries) == 3
    assert len(read(gzip.compress(text[:100]) + gzip.compress(text[100:])).entries) == 3
    cut = read(gzip.compress(urlset(3000).encode())[:-2000])
    assert 0 < len(cut.entries) < 3000
    assert any("cut short" in note for note in cut.notes)


def test_a_cut_document_gives_its_whole_entries() -> None:
    window = read(urlset(5)[:-60])
    assert [entry.link for entry in window.entries] == [f"https://www.example.int/n/{n}" for n in range(4)]


def test_a_plain_list_and_an_empty_sitemap() -> None:
    lines = read("https://www.example.int/statement-on-peace\r\n\r\nhttps://www.example.int/b.html\n")
    assert [(entry.title, entry.title_made) for entry in lines.entries] == [("Statement on peace", True), ("B", True)]
    assert read(f"<urlset {NS}></urlset>").entries == ()


@pytest.mark.parametrize(
    ("content", "reason", "sentence"),
    [
        ("<html><body>Not found</body></html>", "not-a-feed", "a web page"),
        ("<rss><channel><item/></channel></rss>", "not-a-feed", "follow it as kind 'feed'"),
        ('{"a": 1}', "not-a-feed", "JSON"),
        ("hello\nworld", "not-a-feed", "text without addresses"),
        ("", "not-a-feed", "empty"),
        (b"%PDF-1.4", "not-a-feed", "not text"),
        (b"\x1f\x8b\x08broken", "parse", "cannot be unpacked"),
        (f"<urlset {NS}><url><loc>{{{{ page.url }}}}</loc></url></urlset>", "parse", "1 entries have no web address"),
        (
            f'<!DOCTYPE x [<!ENTITY a "b">]><urlset {NS}><url><loc>&a;</loc></url></urlset>',
            "parse",
            "declares entities",
        ),
    ],
)
def test_what_is_no_sitemap(content: str | bytes, reason: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence) as raised:
        read(content)
    assert raised.value.reason == reason


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(SourceError) as raised:
        read(gzip.compress(bytes(MAX_UNPACKED + 1)))
    assert raised.value.reason == "too-large"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://x.example/2026/03/statement-by-the-president_on_peace.html", "Statement by the president on peace"),
        ("https://x.example/news/video-tour-in-calderdale-1-7242580", "Video tour in calderdale"),
        ("https://x.example/press/report-2025", "Report 2025"),
        ("https://x.example/%D0%BC%D0%B8%D1%80-%D0%B8-%D1%82%D1%80%D1%83%D0%B4/", "Мир и труд"),
        ("https://x.example/press/12345/index.php", "Press"),
        ("https://x.example/", "x.example"),
    ],
)
def test_words_of_an_address(address: str, words: str) -> None:
    assert words_of(address) == words


@needs_shared
@pytest.mark.corpus
def test_recorded_sitemaps() -> None:
    directory = SHARED / "corpus/pages/sitemaps"
    counts: dict[str, int | str] = {}
    for file in sorted(directory.glob("*.xml")):
        try:
            window = read(file.read_bytes())
            counts[file.stem] = len(window.entries) or len(window.more)
        except SourceError as error:
            counts[file.stem] = error.reason
    assert counts == {
        "cc-extension_hebdenbridgetimes-articles-sitemap": 74,
        "cc-extension_pagemaps-sitemap": 2,
        "cc-extension_sitemap-images": 1,
        "cc-extension_sitemap-links": 3,
        "cc-extension_sitemap-news": 2,
        "cc-extension_sitemap-videos-tvshow": 1,
        "cc-sitemap.badns": 2,
        "cc-sitemap.index": 3,
        "news-moab": "parse",  # a template that was never filled in
        "trafilatura-sitemap": 84,
        "usp-google-image": 2,
        "usp-google-news": 2,
        "usp-hreflang": 2,
        "usp-simple-index": 2,
        "usp-simple-urlset": 2,
        "worldmonitor-sitemap": 259,
    }
