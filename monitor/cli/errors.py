"""How a command ends when it cannot do what was asked: exit codes that scripts can use, and one clear message."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from monitor.core.errors import ConfigError, MonitorError
from monitor.core.suggest import nearest


class ExitCode(IntEnum):
    """What the shell sees. docs/cli.md describes each."""

    FINE = 0
    WRONG = 1  # the command did its work and found something wrong with what it was asked about
    USAGE = 2  # the command line itself cannot be understood
    CONFIGURATION = 3  # settings, files or the database's shape must be changed first
    NOT_FOUND = 4
    REFUSED = 5  # nothing was done, because it would have contradicted what is there
    BUG = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class CommandError(MonitorError):
    """Ends a command with a message and an exit code of its own."""

    def __init__(self, message: str, code: ExitCode) -> None:
        self.code = code
        super().__init__(message)


def not_found(sort: str, name: str, known: Iterable[str], *, see: str) -> CommandError:
    """There is no `sort` (say "source") called `name`; `see` is the command that lists those that there are."""
    meant = nearest(name, known)
    hint = f"did you mean {meant!r}?" if meant else f"see them all with: {see}"
    return CommandError(f"no {sort} is called {name!r}; {hint}", ExitCode.NOT_FOUND)


def refused(message: str) -> CommandError:
    """Nothing was done; the message says why and what to do instead."""
    return CommandError(message, ExitCode.REFUSED)


def unusable(message: str) -> CommandError:
    """A value on the command line cannot be read."""
    return CommandError(message, ExitCode.USAGE)


def code_of(error: MonitorError) -> ExitCode:
    """The exit code that an error of the program's own ends a command with."""
    if isinstance(error, CommandError):
        return error.code
    return ExitCode.CONFIGURATION if isinstance(error, ConfigError) else ExitCode.WRONG
