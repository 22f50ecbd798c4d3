"""`monitor notices`: what the operator should know."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from monitor.cli.errors import unusable
from monitor.cli.options import AsJson
from monitor.cli.output import columns, emit, moment, say, show_table
from monitor.cli.session import Session
from monitor.cli.times import point
from monitor.core.model import Notice
from monitor.core.notices import KINDS
from monitor.core.suggest import one_of
from monitor.store import notices


def _kind(text: str) -> str:
    if text not in KINDS:
        raise unusable(f"no notice is of the kind {text!r}; expected {one_of(KINDS)}")
    return text


def list_notices(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option("--kind", help=f"Only {one_of(KINDS)}.")] = None,
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
        found = notices.latest(tx, limit=limit, kind=_kind(kind) if kind is not None else None, after=after)
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
