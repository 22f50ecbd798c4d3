"""`monitor sources`: list, show, remove, pause and resume."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from monitor.cli.errors import ExitCode, refused
from monitor.cli.options import AsJson
from monitor.cli.output import (
    columns,
    complain,
    count,
    emit,
    exactly,
    heading,
    length,
    moment,
    owner_of,
    say,
    show_fields,
    show_table,
)
from monitor.cli.session import Session, completing, find
from monitor.core.drift import Drift, warning
from monitor.core.model import Outcome, Owner, Source, SourceStatus
from monitor.store import sources
from monitor.store.database import Transaction

SEE = "monitor sources list"
FILE = "sources.yaml"

Slug = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Slug of a source.", autocompletion=completing(sources.every))
]
Slugs = Annotated[
    list[str], typer.Argument(metavar="SOURCE…", help="Slugs of sources.", autocompletion=completing(sources.every))
]


def state_of(status: SourceStatus) -> str:
    """One word for tables: "paused", "never polled", "gone", "failing" or "fine"."""
    if status.source.paused:
        return "paused"
    if status.last_poll_at is None:
        return "never polled"
    if status.last_outcome == Outcome.GONE:
        return "gone"
    # One that was polled and never read cannot be fine, whatever became of the count of its failures.
    return "failing" if status.source.memory.failures or status.last_success_at is None else "fine"


def document(status: SourceStatus) -> dict[str, Any]:
    """A source as `--json` shows it."""
    source = status.source
    return {
        "slug": source.slug,
        "title": source.title,
        "kind": source.kind,
        "url": source.url,
        "state": state_of(status).replace(" ", "-"),
        "posts": status.posts,
        "last_poll_at": status.last_poll_at,
        "last_success_at": status.last_success_at,
        "last_new_at": status.last_new_at,
        "next_poll_at": None if source.paused else status.next_poll_at,
        "last_outcome": status.last_outcome,
        "error": status.last_error,
        "failures": source.memory.failures,
        "moved_to": source.memory.moved_to,
        "unconditional": source.memory.unconditional,
        "clock": warning(Drift.from_bytes(source.memory.drift)),
        "organisation": source.organisation,
        "country": source.country,
        "language": source.language,
        "authority": source.authority,
        "tags": source.tags,
        "interval_seconds": source.interval,
        "homepage": source.homepage,
        "options": source.options,
        "owner": source.owner,
    }


def list_sources(
    ctx: typer.Context,
    failing: Annotated[bool, typer.Option("--failing", help="Only those that could not be read lately.")] = False,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those that carry this label.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Only those of this country (ISO code).")] = None,
    as_json: AsJson = False,
) -> None:
    """List sources with their state."""
    session = Session.of(ctx)
    with session.reading() as tx:
        statuses = sources.statuses(tx)
    wanted = [
        status
        for status in statuses
        if (not failing or state_of(status) in {"failing", "gone"})
        and (tag is None or tag in status.source.tags)
        and (country is None or (status.source.country or "").upper() == country.upper())
    ]
    if as_json:
        emit([document(status) for status in wanted])
        return
    if not wanted:
        say("no source is like that" if statuses else "no sources yet; add one: monitor sources add ADDRESS")
        return
    now = session.now()
    show_table(
        columns("source", "state", "last read", "posts", "next", "owner", "title or error", right=["posts"]),
        [
            (
                status.source.slug,
                state_of(status),
                moment(status.last_success_at, now=now),
                f"{status.posts:,}",
                "" if status.source.paused else _due(status.next_poll_at, now=now),
                owner_of(status.source, file=FILE),
                brief_error(status.last_error, status.source.url)
                if state_of(status) in {"failing", "gone"} and status.last_error
                else status.source.title,
            )
            for status in wanted
        ],
    )
    tally = {state: sum(state_of(status) == state for status in wanted) for state in map(state_of, wanted)}
    say("", f"{count(len(wanted), 'source')}: {', '.join(f'{number} {state}' for state, number in tally.items())}")


def show(
    ctx: typer.Context,
    slug: Slug,
    polls: Annotated[int, typer.Option("--polls", min=0, help="How many of the last polls are shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of a source."""
    session = Session.of(ctx)
    with session.reading() as tx:
        find(sources.every(tx), slug, sort="source", see=SEE)
        (status,) = sources.statuses(tx, slugs=[slug])
        last = sources.polls_of(tx, slug, limit=polls)
    record = [
        {name: poll[name] for name in ("started_at", "outcome", "reason", "error", "entries")}
        | {"new": poll["fresh"], "changed": poll["changed"], "bytes": poll["size"]}
        | {"milliseconds": _milliseconds(poll), "notes": poll["notes"]}
        for poll in last
    ]
    if as_json:
        emit(document(status) | {"polls": record})
        return
    _show(status, record, file=_file(session), now=session.now())


def remove(ctx: typer.Context, slug: Slug, as_json: AsJson = False) -> None:
    """Stop following a source; its posts stay."""
    session = Session.of(ctx)
    with session.writing() as tx:
        source = find(sources.every(tx), slug, sort="source", see=SEE)
        _refuse_file_owned(session, source)
        sources.remove(tx, slug, now=session.now())
    if as_json:
        emit({"removed": [slug]})
    else:
        say(f"{slug} is no longer followed; its posts stay")


def pause(ctx: typer.Context, slugs: Slugs, as_json: AsJson = False) -> None:
    """Do not poll sources until they are resumed."""
    session = Session.of(ctx)
    _each(session, slugs, sources.hold)
    if as_json:
        emit({"paused": slugs})
    else:
        say(*(f"{slug} is paused; go on with: monitor sources resume {slug}" for slug in slugs))


def resume(ctx: typer.Context, slugs: Slugs, as_json: AsJson = False) -> None:
    """End the pause of sources; they are due at once."""
    session = Session.of(ctx)
    now = session.now()
    _each(session, slugs, lambda tx, slug: sources.resume(tx, slug, now=now))
    with session.reading() as tx:
        still = [source.slug for source in sources.every(tx) if source.slug in slugs and source.paused]
    done = [slug for slug in slugs if slug not in still]
    if as_json:
        emit({"resumed": done, "paused_by_file": still})
    else:
        say(*(f"{slug} is due at once" for slug in done))
    for slug in still:
        complain(f"{slug} stays paused: {_file(session)} says so; change it there, then: monitor config apply")
    if still:
        raise typer.Exit(ExitCode.REFUSED)


def _each(session: Session, slugs: list[str], change: Callable[[Transaction, str], bool]) -> None:
    """All of them or, when one does not exist, none."""
    with session.writing() as tx:
        every = sources.every(tx)
        for slug in slugs:
            find(every, slug, sort="source", see=SEE)
            change(tx, slug)


def _refuse_file_owned(session: Session, source: Source) -> None:
    if source.owner is Owner.FILE:
        raise refused(
            f"{source.slug} comes from {_file(session)}: remove it there, then: monitor config apply; "
            f"or leave it and stop polling: monitor sources pause {source.slug}"
        )


def _file(session: Session) -> str:
    return str(session.settings.paths.config / FILE)


def _due(at: datetime | None, *, now: datetime) -> str:
    return "now" if at is not None and at <= now else moment(at, now=now)


def brief_error(error: str | None, url: str) -> str:
    """An error without the address that the table's line is about anyway."""
    return (error or "").replace(url, "").strip(" :,")


def _milliseconds(poll: dict[str, Any]) -> int:
    took: timedelta = poll["finished_at"] - poll["started_at"]
    return round(took.total_seconds() * 1000)


def _show(status: SourceStatus, polls: list[dict[str, Any]], *, file: str, now: datetime) -> None:
    source = status.source
    show_fields(
        [
            ("source", source.slug),
            ("title", source.title),
            ("state", state_of(status)),
            ("error", status.last_error if state_of(status) in {"failing", "gone"} or source.memory.failures else None),
            ("failures in a row", source.memory.failures or None),
            ("kind", source.kind),
            ("address", source.url),
            ("moved to", source.memory.moved_to),
            ("validators", f"not sent: {source.memory.unconditional}" if source.memory.unconditional else None),
            ("clock", warning(Drift.from_bytes(source.memory.drift))),
            ("homepage", source.homepage),
            ("organisation", source.organisation),
            ("country", source.country),
            ("language", source.language),
            ("authority", source.authority.value.replace("_", " ")),
            ("tags", ", ".join(source.tags)),
            ("options", ", ".join(f"{name}: {value}" for name, value in source.options.items())),
            ("owner", owner_of(source, file=file)),
            ("polled every", length(source.interval)),
            ("posts", f"{status.posts:,}"),
            ("last poll", exactly(status.last_poll_at, now=now) or "never"),
            ("last read", exactly(status.last_success_at, now=now) or "never"),
            ("last new post", exactly(status.last_new_at, now=now) or "never"),
            ("next poll", None if source.paused else exactly(status.next_poll_at, now=now)),
        ]
    )
    if not polls:
        return
    heading("Last polls")
    show_table(
        columns(
            "when",
            "outcome",
            "new",
            "changed",
            "entries",
            "kB",
            "ms",
            "error",
            right=["new", "changed", "entries", "kB", "ms"],
        ),
        [
            (
                moment(poll["started_at"], now=now),
                poll["outcome"],
                poll["new"],
                poll["changed"],
                poll["entries"],
                round(poll["bytes"] / 1000),
                poll["milliseconds"],
                brief_error(poll["error"], source.url),
            )
            for poll in polls
        ],
        wrap=True,
    )
    for note in polls[0]["notes"]:
        complain(note, label="note")
