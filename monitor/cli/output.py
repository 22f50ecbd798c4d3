"""How things are shown: tables for eyes, JSON for programs, problems on standard error.

Rich is loaded when something is laid out or coloured: every command imports this module, few answers need it.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from monitor.cli.program import callable_here
from monitor.core.model import Owner
from monitor.core.schedule import NEVER

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

PIPED_WIDTH = 200
"""Columns where nobody's window limits them: what is piped into grep should not be cut."""

LAST_COLUMN = 24  # characters that a table's last column gets at least
NARROWEST = 10  # a column that gives way keeps this much

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STYLES = {
    "fine": "green",
    "slow": "yellow",
    "silent": "yellow",
    "failing": "red",
    "failed": "red",
    "gone": "red",
    "dead": "red",
    "delivered": "green",
    "new": "green",
    "paused": "dim",
    "not-modified": "dim",
    "known": "dim",
    "busy": "yellow",
    "added": "green",
    "followed": "dim",
    "broken": "red",
    "unusable": "red",
    "never polled": "yellow",
    "waiting": "yellow",
    "claimed": "yellow",
}


_FORCING = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")  # by which an environment asks rich for a terminal


def is_watched(*, stderr: bool = False) -> bool:
    """Whether somebody looks at standard output or error: what nobody looks at is neither coloured nor cut."""
    return (sys.stderr if stderr else sys.stdout).isatty() or any(os.environ.get(name) for name in _FORCING)


@cache
def _screen_class() -> type[Console]:
    from rich.console import Console

    class Screen(Console):
        """A console that leaves it to the program's end what a closed pipe means."""

        def on_broken_pipe(self) -> None:
            """Let the exception through."""
            raise BrokenPipeError

    return Screen


def screen(*, stderr: bool = False) -> Console:
    """Standard output, or standard error. Posts hold square brackets and colons: nothing in them is markup."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return _screen_class()(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def say(*lines: str | Text) -> None:
    """Lines on standard output, wrapped by the terminal alone. What strangers wrote is given as Text."""
    for line in lines:
        text = callable_here(safe(line)) if isinstance(line, str) else line
        if is_watched() or not isinstance(text, str):
            screen().print(text, soft_wrap=True)
        else:
            sys.stdout.write(f"{text}\n")


def complain(message: str, *, label: str = "error") -> None:
    """A line on standard error."""
    text = callable_here(safe(message))
    if not is_watched(stderr=True):
        sys.stderr.write(f"{label}: {text}\n")
        return
    from rich.text import Text

    line = Text.assemble((f"{label}: ", "bold red" if label == "error" else "bold yellow"), text)
    screen(stderr=True).print(line, soft_wrap=True)


def emit(document: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(plain(document), ensure_ascii=False, indent=2))


def plain(value: object) -> Any:
    """What JSON can hold: times as ISO 8601 in UTC, lengths of time in seconds, bytes as hexadecimal digits."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case time():
            return value.isoformat("minutes")
        case timedelta():
            seconds = value.total_seconds()
            return int(seconds) if seconds.is_integer() else seconds
        case bytes():
            return value.hex()
        case Path():
            return str(value)
        case Mapping():
            return {str(key): plain(member) for key, member in value.items()}
        case Iterable():
            return [plain(member) for member in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def safe(text: str) -> str:
    """Text of strangers without what would steer the terminal."""
    return _UNSAFE.sub("", text.replace("\t", " "))


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(safe(text.replace("\n", " ")).split())


def columns(*names: str, right: Iterable[str] = ()) -> list[Column]:
    """Columns of a table; those in `right` hold numbers."""
    from rich.table import Column

    aligned = set(right)
    return [Column(name, justify="right" if name in aligned else "left", no_wrap=True) for name in names]


def show_table(head: Sequence[Column], rows: Iterable[Sequence[object]], *, wrap: bool = False) -> None:
    """A table whose last column gives way when the window is narrow: it is cut, or goes on below itself with `wrap`.

    Where that does not leave it enough, the widest of the other columns are cut. Words that are states are coloured.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table

    console = screen()
    cells = [[_cell(value) for value in row] for row in rows]
    table = Table(
        *head, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold"
    )
    for row in cells:
        table.add_row(*row)
    if console.measure(table).maximum >= console.width:
        *others, last = table.columns
        titles = [str(column.header) for column in others]
        widths = [
            max(cell_len(title), *(cell_len(row[number].plain) for row in cells)) if cells else cell_len(title)
            for number, title in enumerate(titles)
        ]
        floors = [max(NARROWEST, cell_len(title)) for title in titles]
        kept = min(LAST_COLUMN, max((cell_len(row[-1].plain) for row in cells), default=0))
        for column, width in zip(others, _narrowed(widths, floors, room=console.width - kept), strict=True):
            column.width = width
            column.overflow = "ellipsis"
        table.expand = True
        last.ratio = 1
        last.no_wrap = not wrap
        last.overflow = "fold" if wrap else "ellipsis"
    lay_out(console, table)


def _narrowed(widths: Sequence[int], floors: Sequence[int], *, room: int) -> list[int]:
    """Widths that, with two spaces after each, fit into `room`: the widest give first, none goes below its floor."""
    narrowed = list(widths)
    while sum(narrowed) + 2 * len(narrowed) > room:
        giving = [number for number, floor in enumerate(floors) if narrowed[number] > floor]
        if not giving:
            break
        narrowed[max(giving, key=narrowed.__getitem__)] -= 1
    return narrowed


def show_fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values below each other; pairs without a value are left out."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None and value != "":
            table.add_row(name, _cell(value, line=False))
    lay_out(screen(), table)


def lay_out(console: Console, shown: Table | Text, *, width: int | None = None) -> None:
    """On a screen as it is; elsewhere without the spaces that fill up lines, which `diff` and editors would see."""
    if console.is_terminal:
        console.print(shown, width=width)
        return
    with console.capture() as captured:
        console.print(shown, width=width)
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def heading(text: str) -> None:
    """A line that begins a part."""
    from rich.text import Text

    screen().print()
    screen().print(Text(safe(text), style="bold"), soft_wrap=True)


def moment(at: datetime | None, *, now: datetime, never: str = "never") -> str:
    """A time as a person counts it: "3 min ago", "in 2 h"."""
    if at is None or at >= NEVER:
        return never
    seconds = (at - now).total_seconds()
    amount = length(timedelta(seconds=abs(seconds)))
    if abs(seconds) < 1:
        return "now"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def length(span: timedelta) -> str:
    """A length of time in its largest unit: "45 s", "3 min", "2 h", "5 d"."""
    seconds = span.total_seconds()
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit or (seconds >= unit and unit == 60):
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} s"


def exactly(at: datetime | None, *, now: datetime | None = None) -> str:
    """A time to the second, and how long ago that is."""
    if at is None:
        return ""
    text = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{text} ({moment(at, now=now)})" if now is not None else text


def count(number: int, singular: str, plural: str = "") -> str:
    """ "1 source", "2 sources"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


class Owned(Protocol):
    """A source, watch or subscription."""

    @property
    def owner(self) -> Owner: ...


def owner_of(owned: Owned, *, file: str) -> str:
    """Where something is changed: in the file that says what it is, or on the command line."""
    return file if owned.owner is Owner.FILE else "command line"


def _cell(value: object, *, line: bool = True) -> Text:
    from rich.text import Text

    if isinstance(value, Text):
        return value
    text = "" if value is None else str(value)
    text = one_line(text) if line else safe(text)
    return Text(text, style=_STYLES.get(text, ""))
