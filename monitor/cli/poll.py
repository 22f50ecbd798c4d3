"""`monitor poll`."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Any

import typer

from monitor import polling
from monitor.cli.errors import ExitCode
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, say, show_table
from monitor.cli.service import advance, progress, with_poller
from monitor.cli.session import Session, completing, find
from monitor.cli.sources import SEE, brief_error
from monitor.core.model import Outcome
from monitor.poller import Poller
from monitor.polling import Recorded
from monitor.store import sources

TROUBLE = {Outcome.FAILED, Outcome.GONE}
READABLE = 60  # rows; of more sources only those are shown that failed or brought something, and of these the first


def poll(
    ctx: typer.Context,
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]…",
            help="Sources polled whether due or not; without any, all that are due.",
            autocompletion=completing(sources.every),
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every source that is not paused, whether due or not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Poll sources now: those named, or all that are due.

    Outcomes are stored just as the service stores them. Exit code 1 when a source could not be read.
    """
    session = Session.of(ctx)
    named, total = _wanted(session, slugs or [], everything=everything)
    if named == [] or total == 0:
        if as_json:
            emit([])
        else:
            say(
                "there is no source to poll; see: monitor sources list"
                if everything
                else "nothing is due; poll all the same with: monitor poll --all"
            )
        return

    async def work(poller: Poller) -> list[Recorded]:
        recorded = []
        with progress() as bar:
            async with aclosing(polling.poll_due(poller.parts, slugs=named)) as polls:
                async for one in polls:
                    recorded.append(one)
                    advance(bar, f"polled {one.poll.source.slug}", total=total)
        return recorded

    recorded = with_poller(session, work)
    busy = sorted({*(named or [])} - {one.poll.source.slug for one in recorded})
    if as_json:
        emit([document(one) for one in recorded] + [{"source": slug, "outcome": "busy"} for slug in busy])
    else:
        _show(recorded, busy)
    if any(one.poll.outcome in TROUBLE for one in recorded):
        raise typer.Exit(ExitCode.WRONG)


def document(one: Recorded) -> dict[str, Any]:
    """A poll as `--json` shows it."""
    return {
        "source": one.poll.source.slug,
        "outcome": one.poll.outcome,
        "new": one.new,
        "changed": one.changed,
        "entries": one.poll.reading.entries if one.poll.reading else 0,
        "bytes": one.poll.size,
        "milliseconds": round((one.poll.finished_at - one.poll.started_at).total_seconds() * 1000),
        "started_at": one.poll.started_at,
        "reason": one.poll.reason,
        "error": one.poll.error,
        "gap": one.poll.gap,
        "notes": one.poll.reading.notes if one.poll.reading else (),
    }


def _wanted(session: Session, slugs: list[str], *, everything: bool) -> tuple[list[str] | None, int]:
    """The sources to be polled by name, None for those that are due; and how many that makes."""
    with session.reading() as tx:
        if everything:
            followed = sources.slugs(tx)
            return followed, len(followed)
        if not slugs:
            return None, len(sources.slugs(tx, due_at=session.now()))
        every = sources.every(tx)
    for slug in slugs:
        find(every, slug, sort="source", see=SEE)
    return list(dict.fromkeys(slugs)), len(set(slugs))


def _row(one: Recorded) -> tuple[object, ...]:
    said = document(one)
    numbers = (one.new, one.changed, said["entries"], said["milliseconds"])
    wrong = brief_error(one.poll.error, one.poll.source.url) or one.poll.gap or ""
    return (one.poll.source.slug, one.poll.outcome.value, *numbers, wrong)


def _is_worth_a_row(one: Recorded) -> bool:
    return bool(one.poll.outcome in TROUBLE or one.new or one.changed or one.poll.gap)


def _show(recorded: list[Recorded], busy: list[str]) -> None:
    in_order = sorted(recorded, key=lambda one: (one.poll.outcome not in TROUBLE, one.poll.source.slug))
    rows = [_row(one) for one in in_order if len(recorded) <= READABLE or _is_worth_a_row(one)]
    rows += [(slug, "busy", "", "", "", "", "another process is polling it") for slug in busy]
    if rows:
        numbers = ("new", "changed", "entries", "ms")
        show_table(columns("source", "outcome", *numbers, "error", right=numbers), rows[:READABLE], wrap=True)
    if len(rows) > READABLE:
        say(f"… and {len(rows) - READABLE} more; monitor poll --json shows each")
    failed = sum(one.poll.outcome in TROUBLE for one in recorded)
    new, changed = sum(one.new for one in recorded), sum(one.changed for one in recorded)
    say(
        *([""] if rows else []),
        f"{count(len(recorded), 'source')} polled, {failed} failed; {count(new, 'new post')}, {changed} changed",
    )
    if failed and failed == len(recorded) > 1:
        complain("every source failed; is there a connection to the internet?", label="note")
