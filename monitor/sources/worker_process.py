"""What runs inside a worker process: one task after the other, read from standard input, answered on standard output.

Each message is a length of eight bytes, most significant first, and a pickle. The parent kills this process when a task
takes too long; it needs no consent here, so a loop in C code ends as surely as one in Python.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

BOOT = f"from {__name__} import serve; serve()"
LENGTH = 8  # bytes in front of each message


class Outcome(StrEnum):
    """How a task, or the start of the process, ended."""

    DONE = "done"  # with the result
    FAILED = "failed"  # with the exception
    MEMORY = "memory"  # it wanted more than it may have
    NESTED = "nested"  # the recursion limit of the interpreter was reached


def framed(message: Any) -> bytes:
    """A message as it is sent."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return len(data).to_bytes(LENGTH, "big") + data


def serve() -> None:
    """Set the process up as the first message says, then work until standard input ends."""
    # Ctrl-C and `systemctl stop` reach every process of the service; when this one ends is for the parent to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not end up among the messages.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    memory_limit, initializer, initargs = _next(incoming)
    outcome, value = _attempt(initializer, initargs, {}) if initializer else (Outcome.DONE, None)
    _answer(outgoing, outcome, None if outcome is Outcome.DONE else value)
    if outcome is not Outcome.DONE:
        return
    gc.freeze()  # what is shared stays: looking through it for garbage would cost more than a task
    _limit_memory(memory_limit)

    while (message := _read(incoming)) is not None:
        outgoing.write((0).to_bytes(LENGTH, "big"))  # the task has arrived: from now on its fate is its own
        outgoing.flush()
        try:
            backstop, function, args, kwargs = pickle.loads(message)  # noqa: S301  it comes from our own parent
        except Exception as error:  # noqa: BLE001, RUF100  a function that cannot be imported here
            _answer(outgoing, Outcome.FAILED, _portable(error))
            continue
        del message
        # Were the parent gone, nobody would kill this process. The kernel does it then, whatever code is running.
        signal.alarm(backstop)
        outcome, value = _attempt(function, args, kwargs)
        del function, args, kwargs
        _answer(outgoing, outcome, value)
        del value
        signal.alarm(0)


def _next(incoming: BinaryIO) -> Any:
    message = _read(incoming)
    if message is None:
        sys.exit(0)
    return pickle.loads(message)  # noqa: S301  it comes from our own parent


def _read(incoming: BinaryIO) -> bytes | None:
    length = incoming.read(LENGTH)
    if len(length) < LENGTH:
        return None
    return incoming.read(int.from_bytes(length, "big"))


def _attempt(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Outcome, Any]:
    try:
        return Outcome.DONE, function(*args, **kwargs)
    except MemoryError:
        return Outcome.MEMORY, None
    except RecursionError:
        return Outcome.NESTED, None
    except BaseException as error:  # SystemExit too: a task does not end the process
        return Outcome.FAILED, _portable(error)


def _answer(outgoing: BinaryIO, outcome: Outcome, value: Any) -> None:
    try:
        message = framed((outcome, value))
    except MemoryError:
        message = framed((Outcome.MEMORY, None))
    except RecursionError:
        message = framed((Outcome.NESTED, None))
    except Exception as error:  # noqa: BLE001, RUF100  a result that cannot be pickled is the task's mistake
        message = framed((Outcome.FAILED, _portable(error)))
    outgoing.write(message)
    outgoing.flush()


def _portable(error: BaseException) -> Exception:
    """The exception with its traceback as a note, or one that says the same where it would not survive the journey.

    An exception whose constructor takes keywords only is pickled without complaint and fails on the other side.
    """
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, Exception):
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  just pickled here
        except Exception:  # noqa: BLE001, RUF100  whatever a foreign class raises when it is unpickled
            error = RuntimeError(f"{type(error).__qualname__}: {error}")
    else:
        error = RuntimeError(f"{type(error).__qualname__}: {error}")
    error.add_note(f"In a worker process:\n{trace}")
    return error


def _limit_memory(limit: int) -> None:
    """Let tasks use `limit` bytes beyond what the process has taken by now.

    Limited is the data segment, private writable memory, not the address space: libraries and models that are mapped
    from files take much of the latter and none of the machine's memory.
    """
    status = Path("/proc/self/status")
    taken = 0
    if status.exists():  # Linux; elsewhere what imports took counts as the task's
        line = next(line for line in status.read_text("ascii", "replace").splitlines() if line.startswith("VmData:"))
        taken = int(line.split()[1]) * 1024
    for kind, value in ((resource.RLIMIT_DATA, taken + limit), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (wanted, wanted))
