"""`monitor status`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from monitor.cli.errors import CommandError, ExitCode
from monitor.cli.health import REMEMBERED, Seen, Verdict, judge
from monitor.cli.notices import show_notices
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, emit, heading, length, moment, say, screen, show_fields, show_table
from monitor.cli.session import Session
from monitor.core.errors import ConfigError
from monitor.core.model import MessageState
from monitor.store import health, notices, outbox, posts, retagging, sources, subscriptions
from monitor.store.database import Transaction
from monitor.store.retagging import Progress

LATELY = 1000  # notices counted
SHOWN = 3  # notices shown


def status(
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print problems only; for health checks.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say in one screen whether the service does its job.

    Exit code 1 when it does not: it is not running, a loop is stuck, sources or digests are overdue, every source
    fails, a message was given up in the last seven days, or the database cannot be used. Warnings alone, such as
    sources that fail or are unusually silent, leave the exit code at 0.
    """
    session = Session.of(ctx)
    now = session.now()
    database = session.settings.database.url
    try:
        with session.reading() as tx:
            seen, stored, tagging = _seen(tx, now=now), posts.count(tx), retagging.progress(tx)
    except (ConfigError, CommandError) as error:
        _without_database(str(database), str(error), quiet=quiet, as_json=as_json)
        raise typer.Exit(ExitCode.WRONG) from None
    verdict = judge(seen, now=now)
    if as_json:
        _emit(str(database), seen, stored, tagging, verdict, now=now)
    elif not quiet:
        _show(str(database), seen, stored, tagging, verdict, now=now)
    if not as_json:
        for problem in verdict.problems:
            complain(problem, label="problem")
        for warning in () if quiet else verdict.warnings:
            complain(warning, label="warning")
    if verdict.problems:
        raise typer.Exit(ExitCode.WRONG)


def _seen(tx: Transaction, *, now: datetime) -> Seen:
    return Seen(
        heartbeats=health.heartbeats(tx),
        sources=sources.statuses(tx),
        subscriptions=subscriptions.every(tx),
        messages=outbox.counts(tx),
        oldest_waiting_at=outbox.oldest_waiting_at(tx),
        last_delivered_at=outbox.last_delivered_at(tx),
        last_given_up_at=outbox.last_given_up_at(tx),
        notices=notices.latest(tx, limit=LATELY, after=now - REMEMBERED),
    )


def _without_database(url: str, error: str, *, quiet: bool, as_json: bool) -> None:
    if as_json:
        emit({"fine": False, "running": False, "database": {"url": url, "error": error}, "problems": [error]})
        return
    if not quiet:
        show_fields([("service", Text("does not do its job", style="bold red")), ("database", url)])
    complain(error, label="problem")


def _emit(url: str, seen: Seen, stored: int, tagging: Progress | None, verdict: Verdict, *, now: datetime) -> None:
    emit(
        {
            "fine": not verdict.problems,
            "running": verdict.running,
            "checked_at": now,
            "problems": verdict.problems,
            "warnings": verdict.warnings,
            "database": {"url": url, "error": None},
            "loops": [
                {"loop": b.loop, "at": b.at, "every_seconds": b.every, "process": b.process}
                | {"stuck": b.loop in verdict.stuck, "detail": b.detail}
                for b in seen.heartbeats
            ],
            "sources": {"total": len(seen.sources), "overdue": verdict.overdue_sources}
            | {"states": {state.replace(" ", "-"): number for state, number in verdict.states.items()}},
            "posts": stored,
            "tagging": tagging
            and {
                "version": tagging.version,
                "since": tagging.since,
                "finished_at": tagging.finished_at,
                "waiting": tagging.waiting,
                "changed": tagging.changed,
            },
            "subscriptions": [
                {"slug": s.slug, "paused": s.paused, "overdue": s.slug in verdict.overdue_subscriptions}
                | {"next_due_at": None if s.paused else s.next_due_at, "last_compiled_at": s.last_compiled_at}
                for s in seen.subscriptions
            ],
            "notices": {"last_7_days": len(seen.notices), "newest": seen.notices[:SHOWN]},
            "messages": {state.value: number for state, number in seen.messages.items()}
            | {"oldest_waiting_at": seen.oldest_waiting_at, "last_delivered_at": seen.last_delivered_at},
        }
    )


def _tagging(tagging: Progress | None, *, now: datetime) -> str | None:
    """How far stored posts follow the taxonomies; None where nobody ever tagged them."""
    if tagging is None:
        return None
    if not tagging.waiting:
        return f"all posts by the present taxonomies, since {moment(tagging.finished_at or tagging.since, now=now)}"
    done = tagging.posts - tagging.waiting
    percent = 100 * done // max(1, tagging.posts)
    return f"{tagging.waiting:,} posts to be tagged anew by the present taxonomies, {percent} % done, newest first"


def _show(url: str, seen: Seen, stored: int, tagging: Progress | None, verdict: Verdict, *, now: datetime) -> None:
    newest = max((s.last_new_at for s in seen.sources if s.last_new_at), default=None)
    due = min((s.next_due_at for s in seen.subscriptions if s.next_due_at and not s.paused), default=None)
    states = ", ".join(f"{number} {state}" for state, number in sorted(verdict.states.items(), key=lambda s: -s[1]))
    waiting = seen.messages.get(MessageState.WAITING, 0) + seen.messages.get(MessageState.CLAIMED, 0)
    since = f" (the oldest for {length(now - seen.oldest_waiting_at)})" if seen.oldest_waiting_at and waiting else ""
    fine = not verdict.problems
    show_fields(
        [
            ("service", Text("does its job", "bold green") if fine else Text("does not do its job", "bold red")),
            ("database", f"{url}, up to date"),
            ("sources", f"{len(seen.sources)}: {states}" if seen.sources else "none"),
            ("posts", f"{stored:,}, the newest found {moment(newest, now=now)}" if newest else f"{stored:,}"),
            ("tags", _tagging(tagging, now=now)),
            (
                "messages",
                f"{waiting} waiting{since}, {seen.messages.get(MessageState.DELIVERED, 0):,} delivered, "
                f"{seen.messages.get(MessageState.DEAD, 0)} given up",
            ),
            (
                "delivered",
                f"last {moment(seen.last_delivered_at, now=now)}" if seen.last_delivered_at else "nothing yet",
            ),
            ("next digest", moment(due, now=now, never="none is due")),
        ]
    )
    if seen.heartbeats:
        screen().print()
        show_table(
            columns("loop", "sign of life", "every", "process", "did last"),
            [(b.loop, moment(b.at, now=now), length(b.every), b.process, b.detail) for b in seen.heartbeats],
        )
    if seen.subscriptions:
        screen().print()
        show_table(
            columns("subscription", "due", "last", "channel", "title"),
            [
                (
                    s.slug,
                    "paused" if s.paused else moment(s.next_due_at, now=now),
                    moment(s.last_compiled_at, now=now),
                    s.channel,
                    s.title,
                )
                for s in seen.subscriptions
            ],
        )
    if seen.notices:
        more = len(seen.notices) - SHOWN
        heading(
            f"Notices; {more} more in the last {length(REMEMBERED)}: monitor notices list" if more > 0 else "Notices"
        )
        show_notices(list(seen.notices[:SHOWN]), now=now)
    if verdict.problems or verdict.warnings:
        say("")
