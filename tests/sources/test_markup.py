"""Text and encodings of web pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from monitor.core.model import Document
from monitor.sources.markup import absolute, decoded, select, text_of
from tests.shared import SHARED, needs_shared

CYRILLIC = "Заседание Совета Безопасности о положении в регионе"


def document(content: bytes, content_type: str | None = None) -> Document:
    return Document(url="https://x.example/", content=content, content_type=content_type, fetched_at=datetime.now(UTC))


def page(charset: str, words: str = CYRILLIC, before: str = "") -> str:
    return f'<html><head>{before}<meta charset="{charset}"></head><body><p>{words}</p></body></html>'


@pytest.mark.parametrize(
    ("content", "content_type", "words"),
    [
        pytest.param(page("utf-8").encode(), None, CYRILLIC, id="meta, utf-8"),
        pytest.param(page("windows-1251").encode("cp1251"), None, CYRILLIC, id="meta, windows-1251"),
        pytest.param(
            page("koi8-r")
            .replace('meta charset="koi8-r"', 'META content="text/html; charset=koi8-r" HTTP-EQUIV=x')
            .encode("koi8-r"),
            "text/html",
            CYRILLIC,
            id="http-equiv",
        ),
        pytest.param(
            page("windows-1251", before="<!-- " + "x" * 3000 + " -->").encode("cp1251"), None, CYRILLIC, id="meta, late"
        ),
        pytest.param(page("utf-8").encode("cp1251"), "text/html; charset=windows-1251", CYRILLIC, id="header wins"),
        pytest.param(page("iso-8859-1", "1–2 €").encode("cp1252"), None, "1–2 €", id="latin-1 means windows-1252"),
        pytest.param(page("gb2312", "国务院新闻办公室").encode("gb18030"), None, "国务院新闻办公室", id="gb2312"),
        pytest.param(page("shift_jis", "報道発表①").encode("cp932"), None, "報道発表①", id="shift_jis"),
        pytest.param(b"\xef\xbb\xbf" + page("windows-1251").encode(), None, CYRILLIC, id="byte order mark"),
        pytest.param(page("iso-8859-1").encode(), None, CYRILLIC, id="declared wrongly, is utf-8"),
        pytest.param(page("no-such-thing").encode(), None, CYRILLIC, id="unknown label"),
    ],
)
def test_encodings(content: bytes, content_type: str | None, words: str) -> None:
    text, _ = decoded(document(content, content_type))
    assert words in text


def test_a_wrong_declaration_is_noted() -> None:
    (note,) = decoded(document(page("iso-8859-1").encode()))[1]
    assert note.endswith("was utf-8")
    assert decoded(document(page("utf-8").encode()))[1] == ()


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize("name", ["iso-8859-1-meta-after-1024", "iso-8859-1", "utf8-meta-after-1024", "utf8"])
def test_recorded_encodings(name: str) -> None:
    content = (SHARED / "corpus/pages/encoding" / f"{name}.html").read_bytes()
    text, notes = decoded(document(content))
    assert text == content.decode("utf-8" if name.startswith("utf8") else "cp1252")
    assert notes == ()


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>a<b>b</b> c</p>", "ab c"),
        ("<p>a</p><p>b</p>", "a b"),
        ("a<br>b", "a b"),
        ("a &amp; b&nbsp;c\n d", "a & b c d"),
        ("<div>a<script>x</script><style>y</style><!-- z --></div>", "a"),
        ("<ul><li>1<li>2</ul>", "1 2"),
    ],
)
def test_words_as_a_reader_sees_them(markup: str, words: str) -> None:
    assert text_of(LexborHTMLParser(markup).body) == words


def test_an_element_that_matches_twice_is_given_once() -> None:
    tree = LexborHTMLParser("<b class=x>1</b><i>2</i><b>3</b>")
    assert [text_of(node) for node in select(tree, "i, b, .x")] == ["1", "2", "3"]


def test_deep_nesting_does_not_recurse() -> None:
    assert text_of(LexborHTMLParser("<div>" * 20_000 + "deep").body) == "deep"


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("/a?b", "https://x.example/a?b"),
        ("//y.example/c", "https://y.example/c"),
        ("?q=1", "https://x.example/news/list?q=1"),
        ("mailto:a@x.example", "mailto:a@x.example"),
        ("", None),
        ("http://[oops", None),
    ],
)
def test_links_made_absolute(href: str, address: str | None) -> None:
    assert absolute("https://x.example/news/list?page=2", href) == address
