"""What the tests have workers do. In a module of its own, which workers import."""

import ctypes
import os
import re
import signal
import sys
import time
from pathlib import Path

from monitor.core.errors import SourceError

shared = None


def build(value):
    global shared  # noqa: PLW0603  this is what an initializer is for
    if value == "broken":
        raise ValueError("cannot build this")
    shared = value


def told():
    return shared


def told_after(seconds):
    before = shared
    time.sleep(seconds)
    return before, shared


def double(number):
    return number * 2


def keywords(a, *, b):
    return a - b


def process_id():
    return os.getpid()


def sleep(seconds):
    time.sleep(seconds)
    return os.getpid()


def leave_a_mark_after(seconds, path):
    time.sleep(seconds)
    Path(path).touch()


def loop():
    while True:
        continue


def loop_in_c():
    """Never comes back to the interpreter, where a Python signal handler would run."""
    return re.match(r"(?:a|a)*$", "a" * 40 + "b") or ctypes.CDLL(None).pause()


def allocate(size):
    return len(bytearray(size))


def allocate_bit_by_bit():
    kept = []
    while True:
        kept.append(bytes(1_000_000))


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60)


def abort():
    os.abort()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def leave():
    os._exit(3)


def exit_politely():
    sys.exit("bye")


def recurse():
    return recurse() + 1


def overflow_the_stack():
    sys.setrecursionlimit(10**8)
    nested = []
    for _ in range(5_000_000):
        nested = [nested]
    return repr(nested)


def unreadable():
    raise SourceError("this is no feed", reason="not-a-feed", permanent=True)


def mistake():
    return {}["missing"]


class PickyError(Exception):
    def __init__(self, *, why):
        super().__init__(why)


def picky():
    raise PickyError(why="takes keywords only")


def unpicklable():
    return lambda: None


def chatter():
    print("a library prints")
    os.write(1, b"and writes")
    print("and complains", file=sys.stderr)
    return sys.stdin.read()


def secrets():
    return sorted(os.environ)


def interrupt_the_whole_group():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return "still here"


def large(size):
    return b"x" * size
