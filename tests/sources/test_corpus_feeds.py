"""Every recorded feed, read by the adapters. `pytest -s` shows the table."""

import pytest

from monitor.core.dates import parse_date
from tests.shared import needs_shared

pytestmark = [needs_shared, pytest.mark.corpus]

# Files that give fewer entries than the reference parser counts, each on purpose.
DELIBERATE = {
    "feeds/derived/ja-truncated.xml": (14, "cut inside its 15th item, which the reference counts by half a title"),
    "feeds/fastfeedparser/osm-pl.xml": (7, "cut inside the body of its 8th item"),
    "feeds/rss-bridge/feed.common-c18cd4.json": (
        0,
        "a bridge's own format, not JSON Feed: no version, ids or contents",
    ),
}
# What recorded feeds state as a date without it being one.
NO_DATES = {"Thu, 01 Jan 1970 00:00:00 +0000", "not a date"}


@pytest.fixture(scope="module")
def found():
    from benchmarks.corpus_table import rows, table

    read = rows()
    print("\n" + table(read))
    return read


def test_everything_that_holds_entries_is_ingested(found):
    fewer = {row.path: row.entries for row in found if row.entries < row.expected}
    assert fewer == {path: entries for path, (entries, _) in DELIBERATE.items()}


def test_what_gives_nothing_says_why(found):
    silent = [row.path for row in found if row.window is None and (not row.error or not row.reason)]
    assert silent == []
    by_reason = {row.path: row.reason for row in found if row.window is None}
    assert by_reason == {
        "feeds/derived/empty-file.xml": "not-a-feed",
        "feeds/derived/html-error-page-as-feed.xml": "not-a-feed",
        "feeds/feed-rs/rss_2.0_invalid_1.xml": "parse",
        "feeds/gofeed/invalid.json": "parse",
        "feeds/rss-bridge/feed.common-c18cd4.json": "not-a-feed",
    }


def test_every_stated_date_is_read(found):
    from benchmarks.corpus_table import NOW, stated_dates

    unread = {text for row in found for text in stated_dates(row) if parse_date(text, now=NOW) is None}
    assert unread == NO_DATES


def test_no_text_is_left_double_encoded(found):
    damaged = [
        (row.path, entry.title)
        for row in found
        for entry in (row.window.entries if row.window else ())
        if any(mark in (entry.title or "") for mark in ("Ð¾Ð", "Ã¸", "Ã©", "â€™", "&amp;amp;", "&#8217;"))
    ]
    assert damaged == []
