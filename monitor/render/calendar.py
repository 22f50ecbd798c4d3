"""Events ahead as a calendar file (iCalendar, RFC 5545), which mail programs offer to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from monitor.core.model import Ahead
from monitor.render import plain
from monitor.render.edition import web_address

_LINE = 75  # bytes (RFC 5545, 3.1)


def calendar(events: Sequence[Ahead], *, product: str, made_at: datetime) -> str:
    """A calendar of whole days; "" where there are no events. The same event has the same UID in every edition."""
    if not events:
        return ""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{_text(product)}//Communique Monitor//EN", "METHOD:PUBLISH"]
    for event in events:
        lines += _event(event, made_at)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(event: Ahead, made_at: datetime) -> Iterator[str]:
    identity = f"{event.story_id} {event.first.isoformat()} {event.last.isoformat()}"
    yield "BEGIN:VEVENT"
    yield f"UID:{hashlib.sha256(identity.encode()).hexdigest()[:32]}@communique-monitor"
    yield f"DTSTAMP:{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{event.first:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.last + timedelta(days=1):%Y%m%d}"  # the day after (3.6.1)
    yield f"SUMMARY:{_text(event.title)}"
    yield f"DESCRIPTION:{_text(event.sentence + chr(10) + event.source_title)}"
    if url := web_address(event.url):
        yield f"URL:{url}"
    yield "TRANSP:TRANSPARENT"  # nobody's time is taken by what somebody else announced
    yield "END:VEVENT"


def _text(value: str) -> str:
    """A value of type TEXT (3.3.11)."""
    escaped = plain.clean(value).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n").replace("\t", " ")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 bytes, the later ones beginning with a space; no character is cut."""
    begun, room = "", _LINE
    for character in line:
        size = len(character.encode())
        if size > room:
            yield begun
            begun, room = " ", _LINE - 1
        begun, room = begun + character, room - size
    yield begun
