"""How much of a digest a page shows. Gmail cuts an HTML part at 102 KB, with the rest behind a link nobody follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from monitor.render.edition import Edition

HTML_LIMIT = 100_000
"""Bytes of UTF-8 that the HTML part may have: below Gmail's 102 KB, with room for what a relay may add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Limits that a page keeps to. The plain-text part has no limits: nothing is ever dropped from a message."""

    excerpt: int = 280  # characters; 0 for none
    full: int = 10  # stories of a section shown in full
    titles: int = 1_000_000  # further stories of a section shown by title
    parts: int = 1_000_000  # sections shown at all
    failing: int = 20  # failing sources named
    ahead: int = 12  # events ahead
    bars: int = 6  # trends of each kind
    amended: int = 10  # edits and withdrawals of what was given before

    @property
    def notices(self) -> int:
        """Notices shown: each is a line, as a failing source is, and the reason that some editions are sent at all."""
        return 4 * self.failing

    def by_title(self, edition: Edition) -> int:
        """How many stories are shown by title only."""
        return sum(min(max(0, len(part.stories) - self.full), self.titles) for part in edition.parts[: self.parts])

    def hidden(self, edition: Edition) -> int:
        """How many stories are not shown."""
        shown = sum(min(len(part.stories), self.full + self.titles) for part in edition.parts[: self.parts])
        return edition.stories - shown


LADDER = (
    Shape(),
    Shape(excerpt=200),
    Shape(excerpt=200, full=6),
    Shape(excerpt=140, full=5),
    Shape(excerpt=140, full=3),
    *(Shape(excerpt=120, full=3, titles=titles) for titles in (80, 60, 50, 40, 30, 25, 20, 16, 13, 10)),
    *(Shape(excerpt=100, full=2, titles=titles, failing=10) for titles in (10, 8, 6)),
    Shape(excerpt=0, full=2, titles=5, failing=10, ahead=6, bars=4, amended=5),
    Shape(excerpt=0, full=1, titles=3, failing=5, ahead=3, bars=3, amended=3),
    Shape(excerpt=0, full=1, titles=0, failing=5, ahead=3, bars=2, amended=2),
)

LEAST = Shape(excerpt=0, full=1, titles=0, parts=1)
"""What always fits, whatever was written into titles, reasons and addresses: the rest is counted, the text has it."""

EVERYTHING = Shape(excerpt=1_200, full=1_000_000, failing=1_000_000, ahead=1_000_000, bars=1_000_000, amended=1_000_000)
"""What a page without a limit shows."""


def alert_shapes(most: int) -> tuple[Shape, ...]:
    """Of an alert with `most` stories in full: fewer in full first, then fewer titles, at last no excerpt."""
    full = sorted({most, *(each for each in (100, 50, 20, 10, 5, 3, 1) if each < most)}, reverse=True)
    return (
        *(Shape(full=each, titles=100) for each in full),
        *(Shape(full=1, titles=titles) for titles in (50, 20, 10, 0)),
        Shape(excerpt=0, full=1, titles=0),
    )


def ever_smaller(edition: Edition) -> tuple[Shape, ...]:
    """Shapes to choose from: shorter excerpts first, then collapsed sections, then fewer sections, at last figures."""
    fewer: list[Shape] = []
    parts = len(edition.parts)
    while parts > 1:
        parts -= max(1, parts // 4)
        fewer.append(replace(LADDER[-1], parts=parts))
    return (*LADDER, *fewer, *(replace(LEAST, failing=few, ahead=few, bars=few, amended=few) for few in (2, 1, 0)))
