"""A logger that costs nothing until it has something to say.

structlog takes 0.1 s to load, with what it needs for colourful tracebacks. A round in which nothing is worth a line
does without it: an event below `threshold` is dropped before structlog is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

threshold = logging.NOTSET
"""Events below this level are dropped here. What is passed on is judged once more, by structlog as it is configured."""

prepare: Callable[[], object] | None = None
"""Configures structlog; called once, before the first event that is passed on."""


class Logger:
    """As much of structlog's logger as the loops use."""

    def __init__(self, **bound: Any) -> None:
        self._bound = bound

    def bind(self, **more: Any) -> Logger:
        """A logger whose events carry `more`."""
        return Logger(**self._bound | more)

    def debug(self, event: str, **more: Any) -> None:
        self._say(logging.DEBUG, "debug", event, more)

    def info(self, event: str, **more: Any) -> None:
        self._say(logging.INFO, "info", event, more)

    def warning(self, event: str, **more: Any) -> None:
        self._say(logging.WARNING, "warning", event, more)

    def exception(self, event: str, **more: Any) -> None:
        """An error with the traceback of the exception that is being handled."""
        self._say(logging.ERROR, "exception", event, more)

    def _say(self, level: int, method: str, event: str, more: dict[str, Any]) -> None:
        global prepare  # noqa: PLW0603  of the process, as logging is
        if level < threshold:
            return
        if prepare is not None:
            prepare()
            prepare = None
        import structlog  # noqa: PLC0415 - see above

        getattr(structlog.get_logger(), method)(event, **self._bound, **more)


def get_logger() -> Logger:
    """A logger, bound to nothing."""
    return Logger()
