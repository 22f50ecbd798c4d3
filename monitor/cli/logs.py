"""Structured logs on standard error: for eyes, or one JSON object a line for collectors.

What libraries write with the standard library's logging takes the same form.
"""

# ruff: noqa: PLC0415 - structlog is loaded when there is something to say, see monitor.logs

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO, cast

from monitor import logs

if TYPE_CHECKING:
    from structlog.typing import Processor

LIBRARIES = ("apscheduler", "httpx2", "httpcore2", "alembic", "asyncio", "aiosmtplib")
"""Libraries that narrate: what they say below a warning tells an operator nothing that we do not say better."""


def configure_logs_when_needed(*, level: str, as_json: bool) -> None:
    """As `configure_logs`, but not before there is an event to write: most commands end without one."""
    logs.threshold = logging.getLevelNamesMapping()[level.upper()]
    logs.prepare = partial(configure_logs, level=level, as_json=as_json)
    logging.basicConfig(handlers=[_Late()], level=max(logs.threshold, logging.WARNING), force=True)


class _Late(logging.Handler):
    """Has logging configured when a library says something."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record to whatever was configured."""
        if logs.prepare is not None:
            logs.prepare()
            logs.prepare = None
            if logging.getLogger(record.name).isEnabledFor(record.levelno):
                logging.getLogger().handle(record)


def configure_logs(*, level: str, as_json: bool, stream: TextIO | None = None) -> None:
    """Write events of `level` ("debug", "info", "warning", "error") and above to `stream`, else to standard error."""
    import structlog

    number = logs.threshold = logging.getLevelNamesMapping()[level.upper()]
    target = _Lasting(stream or sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _stamped,
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = (
        [structlog.processors.format_exc_info, _as_text, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            _as_text,
            structlog.dev.ConsoleRenderer(
                colors=target.isatty() and not os.environ.get("NO_COLOR"),
                pad_event_to=0,
                # Not the one that shows variables: it takes a second each time, and they may hold secrets.
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, target)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(cast(TextIO, target))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _named],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    # That a tick is left out because the one before is still at work is how it should be.
    logging.getLogger("apscheduler").setLevel(max(number, logging.ERROR))


class _Lasting:
    """A stream whose reader may go away: a service must not fail, or refuse to stop, because nobody listens to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # a pipe without a reader, a full disk, a closed stream
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def _stamped(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _named(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event


def _as_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Times as ISO 8601, everything else that JSON does not know as `str` shows it."""
    for name, value in event.items():
        if isinstance(value, datetime):
            event[name] = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return event
