"""Listing pages: one written by us, recorded ones, and options that cannot work."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.core.errors import SourceError
from monitor.core.model import Document, Entry, Source, Window
from monitor.sources.page import PageOptions, parse
from tests.shared import SHARED, needs_shared

URL = "https://www.example.int/fr/list.html"
LISTING = (Path(__file__).parent / "listing.html").read_bytes()


def read(content: bytes, url: str = URL, **options: str) -> Window:
    source = Source(slug="x", title="X", kind="page", url=url, options=options)
    return parse(Document(url=url, content=content, content_type="text/html", fetched_at=datetime.now(UTC)), source)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("<?xml version='1.0'?><rss version='2.0'><channel><title>News</title></channel></rss>", "feed"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title></feed>", "feed"),
        ("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'></urlset>", "sitemap"),
    ],
)
def test_what_is_of_another_kind_is_called_by_it(content: str, kind: str) -> None:
    with pytest.raises(SourceError, match=f"follow it as kind '{kind}'"):
        read(content.encode())


def test_a_listing() -> None:
    window = read(
        LISTING, item="ul.news > li", date=".date", date_format="%d.%m.%Y", summary="p.teaser", link="a", title="a"
    )
    assert window.entries == (
        Entry(
            link="https://www.example.int/fr/presse/2026/12",
            title="Sommet de l’Organisation",
            published="2026-04-03",
            summary="Déclaration <em>finale</em> &amp; annexes",
        ),
        Entry(
            link="https://www.example.int/fr/presse/2026/11",
            title="Visite du secrétaire général",
            published="bientôt",
        ),
    )
    assert window.title == "Communiqués"
    assert window.homepage == URL
    assert window.language == "fr"
    assert window.notes == (
        "2 of 8 items skipped: no title",
        "3 of 8 items skipped: its link is not a web address",
        "1 of 8 items skipped: no link",
        "1 of 2 dates are not written as '%d.%m.%Y': 'bientôt'",
    )


def test_without_options_the_first_link_and_time_are_taken() -> None:
    window = read(LISTING, item="ul.news > li")
    assert [(entry.title, entry.published) for entry in window.entries] == [
        ("Sommet de l’Organisation", None),
        ("Visite du secrétaire général", None),
        ("Only in the title", "2026-03-30T09:00+02:00"),
    ]
    assert window.entries[2].link == "https://other.example/a?b=1&c=2"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"item": "a.headline", "link": "@href", "title": "@title"}, ["Long title"]),
        ({"item": "a.headline"}, ["Sommet de l’Organisation", "Visite du secrétaire général"]),
        ({"item": "ul.news > li", "title": "a.headline@title"}, ["Long title"]),
        ({"item": "ul.news > li", "link": 'a[href*="other.example"]'}, ["Only in the title"]),
        ({"item": "li:has(> span.date)", "title": ".date"}, ["03.04.2026", "bientôt"]),
        ({"item": "a.headline, ul.news a[title]", "title": "@title"}, ["Long title", "Only in the title"]),
    ],
)
def test_where_parts_are(options: dict[str, str], expected: list[str]) -> None:
    assert [entry.title for entry in read(LISTING, **options).entries] == expected


def test_a_time_of_day_is_kept_and_a_summary_in_an_attribute_is_text() -> None:
    markup = b'<p><a href="/1" data-s="a &lt;b&gt;">T</a> <i>1 May 2026, 14:05</i></p>'
    (entry,) = read(markup, item="p", date="i", date_format="%d %B %Y, %H:%M", summary="a@data-s").entries
    assert entry.published == "2026-05-01T14:05:00"
    assert entry.summary == "a &lt;b&gt;"


def test_xpath_reaches_around_the_item() -> None:
    markup = (
        b"<dl><dt>3 May 2026</dt><dd><ul><li><a href='/1'>One</a><p>A <b>teaser</b></p></li></ul></dd>"
        b"<dt>2 May 2026</dt><dd><ul><li><a href='/2'>Two</a></li></ul></dd></dl>"
        b"<table><tr><td>1</td><td><a href='/3'>Three</a></td></tr></table>"
    )
    lists = read(markup, item="//dd/ul/li", date="preceding::dt[1]", date_format="%d %B %Y", summary="./p")
    assert [(entry.title, entry.published, entry.summary) for entry in lists.entries] == [
        ("One", "2026-05-03", "A <b>teaser</b>"),
        ("Two", "2026-05-02", None),
    ]
    (row,) = read(
        markup, item="(//tr)[1]", link="./td/a/@href", title="string(./td[2])", date="td:nth-child(1)"
    ).entries
    assert (row.link, row.title, row.published) == ("https://www.example.int/3", "Three", "1")
    assert [entry.title for entry in read(markup, item="dd li", title=".//a/text()").entries] == ["One", "Two"]


def test_a_page_that_changed_is_no_quiet_day() -> None:
    with pytest.raises(SourceError) as raised:
        read(LISTING, item="li.article")
    assert raised.value.reason == "not-a-feed"
    assert str(raised.value).startswith(f"item selector 'li.article' matched nothing on {URL}")


def test_matches_that_are_no_items_are_an_error() -> None:
    with pytest.raises(SourceError) as raised:
        read(LISTING, item="span.date")
    assert raised.value.reason == "parse"
    assert "2 of 2 items skipped: no link" in str(raised.value)


@pytest.mark.parametrize(
    ("options", "field", "sentence"),
    [
        ({"item": "ul..news"}, "item", "'ul..news' is not a CSS selector; expected something like 'ul.news > li'"),
        ({"item": "//li["}, "item", "'//li[' is not an XPath expression"),
        ({"item": " "}, "item", "is empty; expected a CSS selector"),
        ({"item": "li:unknown(x)"}, "item", "is not a CSS selector"),
        ({"item": "li", "link": "a["}, "link", "'a[' is not a CSS selector"),
        ({"item": "li", "title": "h2 >@title"}, "title", "'h2 >' is not a CSS selector"),
        ({"item": "li", "date": ""}, "date", "is empty"),
        ({"item": "li", "date_format": "%d.%m."}, "date_format", "does not give day, month and year"),
        ({"item": "li", "date_format": "dd.mm.yyyy"}, "date_format", "expected something like '%d.%m.%Y'"),
        ({"item": "li", "items": "li"}, "items", "Extra inputs are not permitted"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as raised:
        PageOptions.model_validate(options)
    (error,) = raised.value.errors()
    assert error["loc"] == (field,)
    assert sentence in error["msg"]


def test_parts_without_an_item_are_refused() -> None:
    with pytest.raises(ValidationError, match="'item' must say what an item is"):
        PageOptions.model_validate({"title": "h2"})


RECORDED = [
    pytest.param(
        "jp-meti",
        {"item": "ul.float_li > li", "date": ".txt_box p", "date_format": "%Y年%m月%d日"},
        20,
        Entry(
            title="「健康経営銘柄2027」・「健康経営優良法人2027」の申請受付を開始しました",
            link="https://www.example.int/press/2026/08/20260817001.html",
            published="2026-08-17",
        ),
        id="ministry of economy",
    ),
    pytest.param(
        "jp-mofa",
        {"item": "#pressrelease ul.link-list li"},
        121,
        Entry(
            title="第3回日・サウジアラビア外相級戦略対話の開催",
            link="https://www.example.int/mofaj/me_a/me2/sa/pageit_000001_03140.html",
        ),
        id="ministry of foreign affairs",
    ),
    pytest.param(
        "court-ca11_p_example",
        {"item": 'tr:has(> td > a[href$=".pdf"])', "date": "td:nth-child(5)", "date_format": "%m-%d-%Y"},
        20,
        Entry(
            title="Entela Ruga v. U.S. Attorney General",
            link="https://www.example.int/fr/files/201314377.pdf",
            published="2014-07-02",
        ),
        id="table of 2014",
    ),
    pytest.param(
        "court-va_example",
        {"item": 'p:has(a[href$=".pdf"])', "link": 'a[href$=".pdf"]', "title": "b"},
        92,
        Entry(
            title="McKeithen v. City of Richmond",
            link="https://www.example.int/fr/opinions/opnscvwp/1210389.pdf",
        ),
        id="paragraphs",
    ),
    pytest.param(
        "court-haw_example",
        {"item": 'tr[class="row-"]', "title": "td.column-4", "date": "td.column-1", "date_format": "%B %d, %Y"},
        50,
        Entry(
            title="Valdez v. Somerville (Order Denying Petition Without Prejudice)."
            " Petition for Writ of Mandamus, filed 07/22/2024.",
            link="https://www.courts.state.hi.us/wp-content/uploads/2024/08/SCPW-24-0000485ord.pdf",
            published="2024-08-30",
        ),
        id="table with months by name",
    ),
]


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize(("name", "options", "count", "first"), RECORDED)
def test_recorded_listings(name: str, options: dict[str, str], count: int, first: Entry) -> None:
    window = read((SHARED / f"corpus/pages/listing/{name}.html").read_bytes(), **options)
    assert window.entries[0] == first
    assert len(window.entries) == count
    assert window.notes == ()
