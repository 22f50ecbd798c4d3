"""What is found on every recorded listing page without any selector: `python -m benchmarks.listings [NAME…]`.

Recorded articles come last: the lists beside them must not be taken for news. A page among them that is a list to its
readers, such as a front page, is for a person to tell.

For each page: how many items, how many of them dated, how long it took, and the first three, to be compared with what a
reader sees in a browser. Names restrict it to the pages whose file names contain one of them.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from monitor.core.dates import parse_date
from monitor.core.errors import SourceError
from monitor.core.model import Document, Source
from monitor.sources import page
from tests.shared import SHARED

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://www.example.int/news/list.html"


def shown(file: Path) -> bool:
    """Print what was found on one page; whether anything was."""
    document = Document(url=URL, content=file.read_bytes(), content_type="text/html", fetched_at=NOW)
    source = Source(slug="listing", title="Listing", kind="page", url=URL)
    began = perf_counter()
    try:
        entries = page.parse(document, source).entries
    except SourceError as error:
        print(f"{file.stem}: {error.reason}: {error}\n")
        return False
    taken = perf_counter() - began
    dated = sum(1 for entry in entries if entry.published and parse_date(entry.published, now=NOW))
    print(f"{file.stem}: {len(entries)} items, {dated} dated, {taken * 1000:.0f} ms")
    for entry in entries[:3]:
        print(f"    {entry.published or '–':<20} {(entry.title or '')[:90]}\n{'':25}{(entry.link or '')[:100]}")
        if entry.summary:
            print(f"{'':25}“{entry.summary[:90]}”")
    print()
    return True


def mistaken(file: Path) -> bool:
    """Print what was taken for a list on a page that is one article; whether anything was."""
    document = Document(url=URL, content=file.read_bytes(), content_type="text/html", fetched_at=NOW)
    try:
        entries = page.parse(document, Source(slug="article", title="Article", kind="page", url=URL)).entries
    except SourceError:
        return False
    print(f"{file.stem}: {len(entries)} items, the first {(entries[0].title or '')[:60]!r}")
    return True


def recorded(kind: str) -> list[Path]:
    files = sorted((SHARED / "corpus" / "pages" / kind).glob("*.html"))
    return [file for file in files if not sys.argv[1:] or any(name in file.stem for name in sys.argv[1:])]


if __name__ == "__main__":
    lists, articles = recorded("listing"), recorded("article")
    found = sum(shown(file) for file in lists)
    taken = sum(mistaken(file) for file in articles)
    print(f"a list on {found} of {len(lists)} pages, and on {taken} of {len(articles)} articles")
