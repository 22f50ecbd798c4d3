"""What the head of an answer says: when to come back, how long it is good for, and what became of the request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol

from monitor.core.errors import SourceError
from monitor.core.model import FetchResult, Freshness, Gone, NotModified

MAX_RETRY_AFTER = timedelta(days=1)  # a server that asks for more is asked again tomorrow
MAX_KEPT = 1024  # characters; a longer ETag or Cache-Control is not worth remembering

PATIENCE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})  # what may say Retry-After

# What an operator can do about it.
_ADVICE = {
    HTTPStatus.UNAUTHORIZED: "the option headers can hold what it asks for",
    HTTPStatus.FORBIDDEN: "some servers refuse programs they do not know: ask for access, or say who you are in "
    "other words with the option user_agent",
    HTTPStatus.NOT_ACCEPTABLE: "it offers nothing of this kind; the option headers can ask in another way",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "the option proxy can hold name and password",
}


class Named(Protocol):
    """Headers by name."""

    @property
    def raw(self) -> Sequence[tuple[bytes, bytes]]: ...

    def get(self, name: str, /) -> str | None: ...


class Head(Protocol):
    """An answer before its body."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Named: ...


def without_document(
    response: Head, *, url: str, conditional: bool, moved_to: str | None, now: datetime
) -> FetchResult:
    """What an answer means that brings no document and is no redirect. `conditional`: validators were sent.

    Raises SourceError for all but 304 and 410.
    """
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED and conditional:
        return NotModified(moved_to=moved_to, freshness=freshness(response))
    if status == HTTPStatus.GONE:
        return Gone()
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT}:
        raise SourceError(f"{url} answered with nothing in it", reason="empty")
    try:
        known = HTTPStatus(status)
    except ValueError:
        raise SourceError(f"{url} answered {status}", reason=f"http-{status}") from None
    advice = f"; {_ADVICE[known]}" if known in _ADVICE else ""
    until = asked_patience(response, now=now)
    if until is not None:
        advice = f"; it asked to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC"
    raise SourceError(f"{url} answered {status} {known.phrase}{advice}", reason=f"http-{status}", retry_at=until)


def asked_patience(response: Head, *, now: datetime) -> datetime | None:
    """When a server that has had enough (429, 503) asks to be asked again, where it says so."""
    stated = response.headers.get("Retry-After") if response.status_code in PATIENCE else None
    return retry_at(stated, now=now) if stated else None


def retry_at(text: str, *, now: datetime) -> datetime | None:
    """When a Retry-After header asks to be asked again: seconds or a date (RFC 9110, 10.2.3), at most a day ahead.

    None for what is neither, and for times that are not ahead.
    """
    text = text.strip()
    latest = now + MAX_RETRY_AFTER
    if text.isascii() and text.isdecimal():
        # Python refuses to read numbers of thousands of digits; ten are beyond any limit already.
        asked = latest if len(text) > 10 else now + min(timedelta(seconds=int(text)), MAX_RETRY_AFTER)
    else:
        try:
            asked = parsedate_to_datetime(text)
            asked = asked.replace(tzinfo=UTC) if asked.tzinfo is None else asked.astimezone(UTC)
        except (ValueError, OverflowError, IndexError, TypeError):
            return None
    return min(asked, latest) if asked > now else None


def freshness(response: Head) -> Freshness:
    """How long the answer says it is good for; what is absurdly long is left out."""

    def header(name: str) -> str | None:
        value = response.headers.get(name)
        return value if value and len(value) <= MAX_KEPT else None

    return Freshness(
        cache_control=header("Cache-Control"), expires=header("Expires"), age=header("Age"), date=header("Date")
    )


def validator(response: Head, name: bytes) -> str | None:
    """A header exactly as it was sent, to be sent back; None where it is absent, empty or absurdly long."""
    value = next((value for key, value in response.headers.raw if key.lower() == name), b"")
    return value.decode("latin-1") if 0 < len(value) <= MAX_KEPT else None


def states_its_end(response: Head) -> bool:
    """Whether a body that is broken off is noticed: its length is stated, or it comes in chunks (RFC 9112, 8)."""
    return any(response.headers.get(name) is not None for name in ("Content-Length", "Transfer-Encoding"))


def stated_length(response: Head) -> int | None:
    """Bytes that the body is said to have."""
    text = response.headers.get("Content-Length") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
