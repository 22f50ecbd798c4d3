"""Points in time as a person writes them after an option: "2026-03-02T07:30", "2026-03-02", "2d" for two days ago."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from monitor.cli.errors import unusable
from monitor.core.durations import duration


def point(written: str, *, now: datetime, option: str) -> datetime:
    """The moment meant, in UTC; a time without a zone is read as UTC. `option` is named where nothing is understood."""
    with suppress(ValueError):
        return now - duration(written)
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise unusable(
            f"{option}: {written!r} is no time; expected 2026-03-02T07:30, 2026-03-02, or how long ago, such as 2d"
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
