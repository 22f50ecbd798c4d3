"""The errors that the loops expect. Each is raised once, at an edge, and carries the decision with it.

MonitorError
├── ConfigError     the operator must change something
├── SourceError     a source could not be read this time
└── DeliveryError   a message could not be handed over this time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


class MonitorError(Exception):
    """Anything this program expects to go wrong; `str()` is a sentence a person can act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with one file of the operator's.

    `expected` says what would be right; `nearest` is the valid name most like the one given, if there is one.
    """

    file: str
    line: int | None  # counted from 1; None where no line is to blame
    path: str  # where in the document: "sources[3].interval"
    message: str
    expected: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        text = f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.nearest:
            text += f"; did you mean {self.nearest!r}?"
        return text


class ConfigError(MonitorError):
    """Configuration that cannot be used. `problems` lists every fault found, not just the first."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        super().__init__(problems if isinstance(problems, str) else "\n".join(str(p) for p in problems))

    def __reduce__(self) -> tuple[object, ...]:  # crosses process borders with its problems
        return ConfigError, (self.problems or str(self),)


POSTPONEMENTS = frozenset({"host-held", "host-busy"})
"""Reasons of a SourceError that say nothing about the source: nothing was asked, its host's turn is at `retry_at`."""


class SourceError(MonitorError):
    """A source could not be read.

    `reason` is one word for tables and metrics. Before a request: "options" (what the operator set for this source
    cannot be used), "robots", "robots-unreachable", and the POSTPONEMENTS. While fetching: "address", "dns", "connect",
    "refused-address", "proxy", "tls", "timeout", "reset", "protocol", "redirect", "http-404" and its like, "empty",
    "truncated", "encoding", "too-large". While reading: "not-a-feed", "parse", "parse-timeout", "memory". Telegram:
    "no-preview", "not-found", "group", "bot", "user", "private". And "bug", which is ours.

    `retry_at` is when the server asked to be asked again (UTC), where it did.
    """

    def __init__(self, message: str, *, reason: str, permanent: bool = False, retry_at: datetime | None = None) -> None:
        self.reason = reason
        self.permanent = permanent
        self.retry_at = retry_at
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:  # crosses process borders with its keyword arguments
        return _source_error, (str(self), self.reason, self.permanent, self.retry_at)


def _source_error(message: str, reason: str, permanent: bool, retry_at: datetime | None) -> SourceError:
    return SourceError(message, reason=reason, permanent=permanent, retry_at=retry_at)


class DeliveryError(MonitorError):
    """A message could not be handed over.

    `permanent` means another attempt to this recipient cannot succeed (SMTP 5xx, HTTP 410);
    `retry_at` is when the receiver asked to be tried again (UTC), where it did. `unwanted` means that the receiver
    wants nothing more from us at all (HTTP 410): nothing is sent there until somebody says so.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_at: datetime | None = None, unwanted: bool = False
    ) -> None:
        self.permanent = permanent or unwanted
        self.retry_at = retry_at
        self.unwanted = unwanted
        self.progress = 0  # parts of the message that were handed over before; the next attempt goes on after them
        super().__init__(message)
