"""`monitor notices`: what the operator should know."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from monitor.cli.options import AsJson
from monitor.cli.output import columns, emit, moment, say, show_table
from monitor.cli.session import Session
from monitor.cli.times import point
from monitor.core.model import Notice
from monitor.core.notices import KINDS
from monitor.store import notices

Kind = StrEnum("Kind", {kind.upper(): kind for kind in KINDS})


def list_notices(
    ctx: typer.Context,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only those of this kind.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only later ones: a time, a date or how long ago, such as 2d.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what the operator should know, newest first.

    A subscription with `notices: also` or `notices: only` carries the same.
    """
    session = Session.of(ctx)
    now = session.now()
    after = point(since, now=now, option="--since") if since is not None else None
    with session.reading() as tx:
        found = notices.latest(tx, limit=limit, kind=kind.value if kind is not None else None, after=after)
    if as_json:
        emit(found)
    elif not found:
        say("no notice is like that" if kind is not None or since is not None else "nothing to report")
    else:
        show_notices(found, now=now)


def show_notices(found: list[Notice], *, now: datetime) -> None:
    """Notices as a table."""
    show_table(
        columns("when", "kind", "notice"),
        [(moment(each.at, now=now), each.kind, each.sentence) for each in found],
        wrap=True,
    )
