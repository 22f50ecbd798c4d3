"""`monitor run`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import typer

from monitor import __version__, scheduler
from monitor import app as wiring
from monitor.cli.config import described
from monitor.cli.output import complain, count, exactly, say, show_fields
from monitor.cli.program import callable_here
from monitor.cli.session import Session
from monitor.core.model import Source, Subscription, Watch
from monitor.core.taxonomy import Taxonomy
from monitor.logs import get_logger
from monitor.provisioning import Configuration
from monitor.store import schema, sources, subscriptions, watches
from monitor.store.database import Database

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """What the database holds and nobody paused: from files and from the command line."""

    sources: Sequence[Source]
    watches: Sequence[Watch]
    subscriptions: Sequence[Subscription]


def run(ctx: typer.Context) -> None:
    """Start the service and keep it running until it is told to stop.

    Checks settings and files, creates or upgrades the database, brings the files' contents into it, then polls,
    compiles and delivers. SIGTERM or Ctrl-C stops it in order within ten seconds; a second one stops it at once.
    """
    session = Session.of(ctx, quiet_logs=False)
    configuration = wiring.load_configuration(session.settings)
    with session.database(current=False) as database:
        before, after = schema.upgrade(database)
        changes = wiring.apply_configuration(database, configuration, now=session.now())
        with database.reading() as tx:
            active = Active(
                sources=[source for source in sources.every(tx) if not source.paused],
                watches=[watch for watch in watches.every(tx) if not watch.paused],
                subscriptions=[subscription for subscription in subscriptions.every(tx) if not subscription.paused],
            )
        shape = "up to date" if before == after else "upgraded" if before else "new"
        changed = [line for line, change in zip(described(changes), changes, strict=True) if change]
        with suppress(BrokenPipeError):  # nobody reads it: no reason not to serve
            _introduce(session, configuration, active, database=f"{database.url} ({shape})", changed=changed)
        asyncio.run(_serve(session, database, configuration.taxonomy))
    log.info("stopped")


async def _serve(session: Session, database: Database, taxonomy: Taxonomy) -> None:
    stop = asyncio.Event()
    scheduler.stop_on_signals(stop)  # before the workers start: whoever is stopped early ends in order as well
    async with wiring.build(session.settings, database, taxonomy, clock=session.now) as app:
        log.info("started")
        await scheduler.serve(app, stop)


def _introduce(
    session: Session,
    configuration: Configuration,
    active: Active,
    *,
    database: str,
    changed: list[str],
) -> None:
    """What it does, where its data lies, what comes next: for eyes in a few lines, for collectors as one event."""
    settings = session.settings
    mailbox = settings.mailbox.directory
    files = f"{settings.paths.config} (settings: {session.config_file or 'environment and defaults'})"
    numbers = {
        "sources": len(active.sources),
        "watches": len(active.watches),
        "subscriptions": len(active.subscriptions),
    }
    next_due = min(((s.next_due_at, s.slug) for s in active.subscriptions if s.next_due_at), default=None)
    cautions = wiring.cautions(settings, active.subscriptions, active.sources)
    if settings.log.format.value == "json":
        log.info("starting", version=__version__, database=database, mailbox=str(mailbox), changed=changed, **numbers)
        for caution in cautions:
            log.warning("caution", caution=caution)
        return
    say(
        f"Communiqué Monitor {__version__} polls {count(numbers['sources'], 'source')}, "
        f"looks for {count(numbers['watches'], 'watch', 'watches')} "
        f"and serves {count(numbers['subscriptions'], 'subscription')}."
    )
    show_fields(
        [
            ("files", files),
            ("database", database),
            ("mailbox", mailbox),
            ("changed", "; ".join(changed) or "nothing since the last start"),
            ("next digest", _digest(next_due, now=session.now())),
            ("look", callable_here("monitor status · monitor posts list · monitor sources list --failing")),
            ("try", callable_here(f"monitor digest preview {next_due[1]}" if next_due else "monitor sources check")),
            ("stop", "Ctrl-C"),
        ]
    )
    for note in configuration.notes:
        complain(note, label="note")
    for caution in cautions:
        complain(caution, label="caution")


def _digest(next_due: tuple[datetime, str] | None, *, now: datetime) -> str:
    if next_due is None:
        return "none: no subscription is active"
    at, slug = next_due
    return f"{slug}, {exactly(at, now=now)}"
