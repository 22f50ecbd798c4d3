"""The main text of pages: one written by us, recorded ones, and what has none."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document
from monitor.sources.fulltext import full_text, with_full_text
from tests import make
from tests.shared import SHARED, needs_shared

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://www.example.int/press/1"
BODY = "".join(
    f"<p>Paragraph {n} of the statement says what the ministers agreed on, and who will do what until when.</p>"
    for n in range(8)
)
PAGE = f"""<html lang="en"><head><title>Statement on peace | Example</title>
<meta property="article:published_time" content="2026-03-01T08:00:00Z"></head>
<body><nav><a href="/">Home</a><a href="/a">About the organisation</a></nav>
<article><h1>Statement on peace</h1>{BODY}
<p>More in <a href="annex.html">the annex</a> that belongs to it.</p></article>
<footer>All rights reserved. Imprint.</footer></body></html>"""


def document(content: str | bytes) -> Document:
    raw = content.encode() if isinstance(content, str) else content
    return Document(url=URL, content=raw, content_type="text/html", fetched_at=NOW)


def test_a_page() -> None:
    found = full_text(document(PAGE))
    assert found.title == "Statement on peace"
    assert found.text.count("Paragraph") == 8
    assert "About the organisation" not in found.text
    assert "Imprint" not in found.text
    assert 'href="https://www.example.int/press/annex.html"' in found.html
    assert found.published == "2026-03-01"


def test_the_teaser_is_kept_beside_the_full_text() -> None:
    teaser = make.post("1", text="What the ministers agreed on in Vienna.", html="<p>What…</p>", stated_at=None)
    post = with_full_text(teaser, document(PAGE))
    assert post.summary == teaser.text
    assert post.text.count("Paragraph") == 8
    assert post.title == teaser.title
    assert post.stated_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert post.language == "en"
    assert post.fingerprint is not None
    assert post.content_hash == teaser.content_hash  # what the source says has not changed


def test_a_made_title_gives_way_to_the_page_s_own() -> None:
    post = with_full_text(make.post("1", title="What the ministers…", title_made=True, text=""), document(PAGE))
    assert (post.title, post.title_made) == ("Statement on peace", False)


def test_a_page_that_says_less_changes_nothing() -> None:
    post = make.post("1", text="A long text that was in the feed already. " * 60)
    assert with_full_text(post, document(PAGE)) is post


def test_a_plain_text() -> None:
    found = full_text(document("Notice to mariners.\n\nThe strait is closed from the first of March on."))
    assert found.text == "Notice to mariners.\n\nThe strait is closed from the first of March on."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7", "a file of another kind"),
        ('{"a": 1}', "is json"),
        ("<rss><channel><item><description><p>x</p></description></item></channel></rss>", "is xml"),
        ("<html><body><p>Short.</p></body></html>", "no text was recognised"),
        (f"<html><title>403 Forbidden</title><body>{BODY}</body></html>", "an error message"),
        (f"<html><title>Log in</title><body>{BODY}</body></html>", "a log-in page"),
        ("<html><body>" + "<div>" * 50_000 + "</body></html>", "no text was recognised"),
    ],
)
def test_what_has_no_text(content: str | bytes, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence) as raised:
        full_text(document(content))
    assert raised.value.reason == "not-a-feed"


def test_the_extractor_is_loaded_when_needed_and_opens_no_connection() -> None:
    program = f"""
import sys
connections = []
network = ("socket.connect", "socket.getaddrinfo")
sys.addaudithook(lambda event, details: connections.append(details) if event in network else None)
import monitor.sources
assert "trafilatura" not in sys.modules
from datetime import UTC, datetime
from monitor.core.model import Document
from monitor.sources.fulltext import full_text
found = full_text(Document(url={URL!r}, content={PAGE.encode()!r}, fetched_at=datetime.now(UTC)))
assert "Paragraph 7" in found.text and "trafilatura" in sys.modules
assert not connections, connections
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "title", "words"),
    [
        ("fu-Kommersant_2025_05_14", "Легкий троннинг", "Путин"),
        ("fu-Reuters_2024_03_07", "Israeli tank 'likely' fired machine gun", "Lebanon"),
        ("np4k-arabic_article", "معارضون يسيطرون", "دمشق، سوريا"),
        ("fu-People_2024_04_24", "促进航天技术更好惠及人民", "习近平"),
        ("np4k-japanese_article2", "動画：ナイジェリアで", "ボコ・ハラム"),
        ("tr-bundesrat.de-erinnerungen", "Erinnerung an die Opfer", "Gedenkfeier im Bundestag"),
        ("tr-xinhuanet.com.c_1125597921", "武汉的声音", "妈妈，为什么还不能出去"),
    ],
)
def test_recorded_articles(name: str, title: str, words: str) -> None:
    found = full_text(document((SHARED / f"corpus/pages/article/{name}.html").read_bytes()))
    assert found.title.startswith(title)
    assert words in found.text
