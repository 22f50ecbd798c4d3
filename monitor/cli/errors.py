"""How a command ends when it cannot do what was asked: exit codes that scripts can use, and one clear message."""

from __future__ import annotations

import errno
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


def translated(error: Exception) -> CommandError | None:
    """What the machine or the database refused, as a sentence for the operator; None where it is a bug of ours."""
    if isinstance(error, OSError) and error.strerror:
        return CommandError(_refused_by_system(error), ExitCode.CONFIGURATION)
    if isinstance(error, OverflowError):
        return unusable(f"a number, time or length is too large to be used: {error}")
    if type(error).__module__.startswith("sqlalchemy."):
        return _refused_by_database(error)
    return None


_FOR_FILES = {
    errno.EEXIST: "a directory is needed there, and it is a file",
    errno.ENOTDIR: "part of the path is a file, not a directory",
    errno.EISDIR: "it is a directory, and a file is needed",
    errno.EACCES: "permission denied; let this user read and write there, or name another place",
    errno.EPERM: "permission denied; let this user read and write there, or name another place",
    errno.EROFS: "it lies on a file system that cannot be written to; name another place",
    errno.ENOSPC: "the disk is full",
    errno.ENOENT: "there is no such file or directory, and none can be made there",
}


def _refused_by_system(error: OSError) -> str:
    reason = _FOR_FILES.get(error.errno or 0, error.strerror) if error.filename else error.strerror
    return f"{error.filename} cannot be used: {reason}" if error.filename else f"the system refused: {reason}"


def _refused_by_database(error: Exception) -> CommandError | None:
    from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, InterfaceError  # noqa: PLC0415 - slow to load

    from monitor.store.database import explained  # noqa: PLC0415 - the same

    if isinstance(error, (DataError, IntegrityError)):
        return None  # we wrote what does not fit
    if isinstance(error, (DatabaseError, InterfaceError)):
        return CommandError(f"the database cannot be used: {explained(error)}", ExitCode.CONFIGURATION)
    return None


def code_of(error: MonitorError) -> ExitCode:
    """The exit code that an error of the program's own ends a command with."""
    if isinstance(error, CommandError):
        return error.code
    return ExitCode.CONFIGURATION if isinstance(error, ConfigError) else ExitCode.WRONG
