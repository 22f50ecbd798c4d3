"""A page followed for changes: one post, the same words whatever stands around them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from monitor.core.errors import SourceError
from monitor.core.model import Document, Post, Source
from monitor.core.normalise import normalise
from monitor.sources.document import DocumentOptions, parse
from tests.shared import SHARED, needs_shared

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://www.example.int/advice"
TEXT = "".join(f"<p>Section {n}: travellers should register with the embassy before they leave.</p>" for n in range(6))


def page(text: str = TEXT, *, around: str = "", visitors: int = 1) -> str:
    return (
        "<html lang=en><head><title>Travel advice | Example</title></head>"
        f"<body><nav><a href='/'>Home</a>{around}</nav>"
        f"<main><h1>Travel advice</h1><div class='advice'>{text}"
        f"<p class=counter>Visitors so far: {visitors}</p></div></main>"
        f"<footer>Printed {visitors} times</footer></body></html>"
    )


def read(sent: str | bytes, url: str = URL, **options: Any) -> Post:
    raw = sent.encode() if isinstance(sent, str) else sent
    source = Source(slug="x", title="Advice", kind="document", url=URL, options=options)
    (entry,) = parse(Document(url=url, content=raw, content_type="text/html", fetched_at=NOW), source).entries
    return normalise(entry, source=source, now=NOW, base=url)


def test_its_identity_is_the_address_and_its_words_make_revisions() -> None:
    first = read(page())
    assert (first.guid, first.url, first.title) == (URL, URL, "Travel advice")
    assert first.text.count("register with the embassy") == 6
    redirected = read(page(), url="https://www.example.int/en/advice")
    assert (redirected.guid, redirected.content_hash) == (first.guid, first.content_hash)
    assert read(page(TEXT.replace("Section 3: travellers", "Section 3: nobody"))).content_hash != first.content_hash


def test_what_stands_around_makes_no_difference() -> None:
    around = "<a href='/new'>A new entry of the menu</a>"
    assert read(page(around=around)).content_hash == read(page()).content_hash
    assert read(page().replace("<main>", "<!-- 0.3 s --><main  data-x=1>\n")).content_hash == read(page()).content_hash


@pytest.mark.parametrize(
    "options",
    [
        {"ignore": [".counter"]},
        {"ignore": ["//p[@class='counter']"]},
        {"ignore": [".counter", "p.counter", "//p[starts-with(., 'Visitors')]"]},
        {"ignore_lines": [r"^Visitors so far: \d+"]},
        {"content": "div.advice > p:not(.counter)"},
        {"content": "//div[@class='advice']/p[not(@class)]"},
        {"content": ".advice", "ignore": [".counter"]},
    ],
)
def test_counters_can_be_left_out(options: dict[str, Any]) -> None:
    one, other = read(page(visitors=1), **options), read(page(visitors=2), **options)
    assert one.content_hash == other.content_hash
    assert one.text.count("register with the embassy") == 6
    assert "Visitors" not in one.text


def test_an_ignored_element_inside_another_is_left_out_once() -> None:
    nested = page("<div class=a><div class=a><span class=a>x</span></div></div>" + TEXT)
    assert read(nested, ignore=[".a"]).text.count("Section") == 6


def test_a_plain_text_is_followed_too() -> None:
    assert read("The strait is closed.\n\nIt will be opened in March, at the earliest.").title == "Advice"


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (page(), {"content": ".gone"}, "matched nothing"),
        (page().replace("Travel advice", "Page not found"), {}, "an error message"),
        (page().replace("Travel advice", "Log in"), {"content": ".advice"}, "a log-in page"),
        (page().replace("Travel advice", "We’ll be back soon!"), {}, "a notice of maintenance"),
        (page().replace("Travel advice | Example", "Site under maintenance | Ministry"), {}, "a notice of maintenance"),
        (page().replace("Travel advice", "Технические работы"), {}, "a notice of maintenance"),
        (page().replace("Travel advice", "Before you continue to YouTube"), {}, "a question for consent"),
        (
            "<html><title>Travel advice</title><noscript>Enable JavaScript to run this app.</noscript></html>",
            {},
            "no text",
        ),
        ("<html><body></body></html>", {}, "no text"),
        (b"%PDF-1.7", {}, "a file of another kind"),
        ("<rss><channel/></rss>", {}, "is xml"),
    ],
)
def test_what_is_no_change_of_the_text(content: str | bytes, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence) as raised:
        read(content, **options)
    assert raised.value.reason == "not-a-feed"


@pytest.mark.parametrize(
    "title", ["Reactor is down for maintenance: ministry", "Maintenance of the bridge", "Back soon?"]
)
def test_news_of_maintenance_is_no_notice_of_it(title: str) -> None:
    assert read(page().replace("Travel advice", title)).title == title


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"content": "div["}, "is not a CSS selector"),
        ({"content": "//div["}, "is not an XPath expression"),
        ({"ignore_lines": ["("]}, "is not a regular expression"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        DocumentOptions.model_validate(options)


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize("name", ["sg-notice-snr-n01-1", "sg-notice-snr-n03", "sg-targeted-financial-sanctions"])
def test_recorded_notices_stay_the_same_when_the_page_around_them_changes(name: str) -> None:
    raw = (SHARED / f"corpus/pages/official/{name}.html").read_bytes()
    post = read(raw)
    assert post.text
    around = b"<nav><a href='/x'>A new entry of the menu</a></nav>" + raw + b"<footer>Visitors: 12</footer>"
    assert read(around).content_hash == post.content_hash
