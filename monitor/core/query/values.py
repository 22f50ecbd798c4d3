"""What may stand after a field that asks for no words: times, kinds of media, states, addresses."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from monitor.core import durations
from monitor.core.model import Authority
from monitor.core.query.tree import Node, Origin, Published, QueryError
from monitor.core.suggest import nearest

MEDIA = ("media", "photo", "video", "audio", "voice", "document", "link", "poll", "location", "sticker", "hashtag")
"""What `has:` can ask for; "media" is any of them but hashtags."""

STATES = ("edited", "withdrawn", "forwarded", "reply", "backlog")
"""What `is:` can ask for."""

_MEANT = {
    **dict.fromkeys(("deleted", "removed", "retracted", "gone"), "withdrawn"),
    **dict.fromkeys(("changed", "updated", "corrected", "revised"), "edited"),
    **dict.fromkeys(("image", "images", "picture", "pictures"), "photo"),
    **dict.fromkeys(("file", "files", "pdf", "attachment"), "document"),
    **dict.fromkeys(("official", "government"), "primary"),
}
"""What people write who mean one of these."""

_DATE = r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})Z?)?)?)?"
_COMPARED = re.compile(rf"(>=|<=|>|<|=)?\s*{_DATE}")
_RANGE = re.compile(rf"{_DATE}\s*\.\.\s*{_DATE}")
_DATE_EXPECTED = "a date such as 2026-11-01, 2026-11 or 2026-11-01T14:30 (UTC)"


def chosen(field: str, plain: str, position: int) -> Node:
    """A value out of a few: `has:`, `is:`, `authority:`."""
    known = {"has": MEDIA, "is": STATES, "authority": tuple(str(each) for each in Authority)}[field]
    if plain not in known:
        near = meant if (meant := _MEANT.get(plain)) in known else nearest(plain, known)
        raise QueryError(
            f"there is no authority {plain!r}" if field == "authority" else f"{field}:{plain} means nothing",
            position=position,
            expected="one of " + ", ".join(known),
            suggestion=f"did you mean {field}:{near}" if near else "",
        )
    return Origin(field, plain)


def published(field: str, written: str, position: int) -> Published:
    """`published:`, `after:` and `before:`: dates are UTC; a length of time counts back from now."""
    whole = f"{field}:{written}"
    if field in {"after", "before"}:
        age = _age(written)
        if age is None:
            start, _ = _date(written, position)
            return Published(whole, since=start) if field == "after" else Published(whole, until=start)
        return Published(whole, younger=age) if field == "after" else Published(whole, older=age)
    if found := _RANGE.fullmatch(written):
        start, _ = _span(found.groups()[:5], position)
        _, end = _span(found.groups()[5:], position)
        if start >= end:
            raise QueryError("the range ends before it begins", position=position, expected="the earlier date first")
        return Published(whole, since=start, until=end)
    compared = _COMPARED.fullmatch(written)
    if not compared:
        raise QueryError(
            f"{written!r} is not a time", position=position, expected=f"{_DATE_EXPECTED}, after >=, >, <= or <, or A..B"
        )
    start, end = _span(compared.groups()[1:], position)
    match compared[1]:
        case ">=":
            return Published(whole, since=start)
        case ">":
            return Published(whole, since=end)
        case "<=":
            return Published(whole, until=end)
        case "<":
            return Published(whole, until=start)
        case _:
            return Published(whole, since=start, until=end)


def _age(written: str) -> timedelta | None:
    """A length of time with a unit; None for anything else, which is a date or nonsense."""
    try:
        return durations.duration(written) if not written.isdigit() else None
    except ValueError:
        return None


def _date(written: str, position: int) -> tuple[datetime, datetime]:
    found = re.fullmatch(_DATE, written)
    if not found:
        raise QueryError(
            f"{written!r} is not a time", position=position, expected=f"{_DATE_EXPECTED}, or a length of time: 7d"
        )
    return _span(found.groups(), position)


def _span(parts: tuple[str | None, ...], position: int) -> tuple[datetime, datetime]:
    """The time that a date stands for: a year, a month, a day or a minute."""
    year, month, day, hour, minute = (int(part) if part else None for part in parts)
    try:
        start = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, tzinfo=UTC)
        if hour is not None:
            length = timedelta(minutes=1)
        elif day is not None:
            length = timedelta(days=1)
        elif month is not None:
            length = timedelta(days=monthrange(start.year, start.month)[1])
        else:
            length = datetime(start.year + 1, 1, 1, tzinfo=UTC) - start
        return start, start + length
    except (ValueError, OverflowError):
        raise QueryError("there is no such date", position=position, expected=_DATE_EXPECTED) from None
