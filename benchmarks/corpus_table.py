"""What the feed adapters make of every recorded feed: `python -m benchmarks.corpus_table`.

One line per kind of feed: files, files that gave entries, entries, and how many a reference parser counts; below it
each file that gave fewer than that parser, and each that gave none, with the reason.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.core.dates import parse_date
from monitor.core.errors import SourceError
from monitor.core.model import Document, Source, Window
from monitor.sources import feed, jsonfeed
from monitor.sources.sniff import sniff
from tests.shared import SHARED

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://example.org/news/feed.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recorded file, and what was read from it."""

    path: str
    kind: str
    expected: int  # entries that the reference parser counts
    window: Window | None
    error: str
    reason: str

    @property
    def entries(self) -> int:
        return len(self.window.entries) if self.window else 0


def rows(shared: Path = SHARED) -> list[Row]:
    """Every feed of the corpus, read."""
    corpus = shared / "corpus"
    with (corpus / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        kinds = {row["path"]: row["kind"] for row in csv.DictReader(file)}
    with (corpus / "feeds" / "INDEX.csv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file))
    return [
        _row(corpus / row["path"], row["path"], kinds.get(row["path"], "?"), int(row["entries"] or 0)) for row in index
    ]


def _row(file: Path, path: str, kind: str, expected: int) -> Row:
    document = Document(url=URL, content=file.read_bytes(), fetched_at=NOW)
    source = Source(slug="corpus", title="Corpus", kind="feed", url=URL)
    parse = jsonfeed.parse if sniff(document) == "json" else feed.parse
    try:
        window = parse(document, source)
    except SourceError as error:
        return Row(path=path, kind=kind, expected=expected, window=None, error=str(error), reason=error.reason)
    return Row(path=path, kind=kind, expected=expected, window=window, error="", reason="")


def table(found: list[Row]) -> str:
    """The rows, summed up for reading."""
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_kind[row.kind].append(row)
    lines = [f"{'kind':20} {'files':>6} {'with':>6} {'entries':>8} {'reference':>9} {'dates':>7} {'read':>7}"]
    for kind, members in sorted(by_kind.items()):
        dates = [parse_date(text, now=NOW) is not None for row in members for text in stated_dates(row)]
        lines.append(
            f"{kind:20} {len(members):6} {sum(1 for row in members if row.entries):6} "
            f"{sum(row.entries for row in members):8} {sum(row.expected for row in members):9} "
            f"{len(dates):7} {sum(dates):7}"
        )
    lines.append("")
    for row in found:
        if row.entries < row.expected:
            notes = "; ".join(row.window.notes) if row.window else row.error
            lines.append(f"fewer   {row.path}: {row.entries} of {row.expected}: {notes}")
        elif not row.entries:
            lines.append(f"none    {row.path}: {row.error or 'a feed without entries'}")
    return "\n".join(lines)


def stated_dates(row: Row) -> list[str]:
    """Every date that the entries of a file state, as written."""
    entries = row.window.entries if row.window else ()
    return [text for entry in entries for text in (entry.published, entry.updated) if text]


if __name__ == "__main__":
    print(table(rows()))
