"""`monitor sources`: list, show, remove, pause and resume."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
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
from monitor.core.conditional import MOVES
from monitor.core.drift import Drift, warning
from monitor.core.health import Answers
from monitor.core.hints import Hints
from monitor.core.model import Health, HealthChange, Memory, OlderPage, Outcome, Owner, Source, SourceStatus
from monitor.core.numbers import Absent, absent
from monitor.core.rhythm import Rhythm
from monitor.store import changes, sources
from monitor.store.database import Transaction

SEE = "monitor sources list"
FILE = "sources.yaml"
CHANGES_SHOWN = 10
ACQUAINTED = 24  # hours of observing, before which nothing is said of how often a source posts
RANGES_SHOWN = 12
GAP_SHOWN = timedelta(days=1)  # how long a list says that posts may have been missed
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Shown(StrEnum):
    """What `--state` takes."""

    FINE = "fine"
    SLOW = "slow"
    SILENT = "silent"
    FAILING = "failing"
    GONE = "gone"
    PAUSED = "paused"
    NEVER_POLLED = "never-polled"


Slug = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Slug of a source.", autocompletion=completing(sources.every))
]
Slugs = Annotated[
    list[str], typer.Argument(metavar="SOURCE…", help="Slugs of sources.", autocompletion=completing(sources.every))
]


def state_of(status: SourceStatus) -> str:
    """One word for tables: "paused", "never polled", or a state of core.model.Health."""
    if status.source.paused:
        return "paused"
    if status.last_poll_at is None:
        return "never polled"
    health = status.source.memory.health
    # One that was polled and never read cannot be fine: this happens while everything fails, which blames no source.
    return Health.FAILING.value if health is Health.NEW else health.value


def document(status: SourceStatus) -> dict[str, Any]:
    """A source as `--json` shows it."""
    source = status.source
    answers, missing = Answers.from_bytes(source.memory.answers), absent(source.memory.numbers)
    rhythm = Rhythm.from_bytes(source.memory.rhythm)
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
        "last_gap_at": status.last_gap_at,
        "next_poll_at": None if source.paused else status.next_poll_at,
        "last_outcome": status.last_outcome,
        "error": status.last_error,
        "failures": source.memory.failures,
        "moved_to": source.memory.moved_to,
        "unconditional": source.memory.unconditional,
        "clock": warning(Drift.from_bytes(source.memory.drift)),
        "answers": {"now_seconds": answers.now, "usual_seconds": answers.usually},
        "missing": {
            "never_seen": [[a.first, a.last] for a in missing if not a.withdrawn],
            "withdrawn": [[a.first, a.last] for a in missing if a.withdrawn],
        },
        "organisation": source.organisation,
        "country": source.country,
        "language": source.language,
        "authority": source.authority,
        "tags": source.tags,
        "default_tags": source.default_tags,
        "interval_seconds": source.interval,
        "asks": source.memory.hints,
        "posts_a_day": round(rhythm.posts_a_day, 2) if _acquainted(rhythm) else None,
        "share_of_repeats": round(rhythm.share_of_repeats, 3) if _acquainted(rhythm) else None,
        "homepage": source.homepage,
        "options": source.options,
        "owner": source.owner,
    }


def list_sources(
    ctx: typer.Context,
    *,
    failing: Annotated[bool, typer.Option("--failing", help="Only those that cannot be read: failing, gone.")] = False,
    state: Annotated[
        list[Shown] | None, typer.Option("--state", help="Only those in this state; may be given several times.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those that carry this label.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Only those of this country (ISO code).")] = None,
    as_json: AsJson = False,
) -> None:
    """List sources with their state."""
    session = Session.of(ctx)
    with session.reading() as tx:
        statuses = sources.statuses(tx)
        last_changes = changes.latest(tx)
    states = {each.value.replace("-", " ") for each in state or ()}
    wanted = [
        status
        for status in statuses
        if (not failing or state_of(status) in {"failing", "gone"})
        and (not states or state_of(status) in states)
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
        columns("source", "state", "last read", "posts", "next", "owner", "title or what is wrong", right=["posts"]),
        [
            (
                status.source.slug,
                state_of(status),
                moment(status.last_success_at, now=now),
                f"{status.posts:,}",
                "" if status.source.paused else _due(status.next_poll_at, now=now),
                owner_of(status.source, file=FILE),
                wrong_with(status, last_changes.get(status.source.slug), now=now) or status.source.title,
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
        past = changes.of(tx, slug, limit=CHANGES_SHOWN)
    record = [
        {name: poll[name] for name in ("started_at", "outcome", "reason", "error", "gap", "entries")}
        | {"new": poll["fresh"], "changed": poll["changed"], "bytes": poll["size"]}
        | {"milliseconds": _milliseconds(poll), "answer_milliseconds": poll["answer_ms"], "notes": poll["notes"]}
        for poll in last
    ]
    if as_json:
        emit(document(status) | {"changes": [change_document(change) for change in past], "polls": record})
        return
    _show(status, past, record, file=_file(session), now=session.now())


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
    return re.sub(rf"(?: (?:at|in|of|on))? ?{re.escape(url)}(?![^\s:,;])", "", error or "").strip(" :,")


def _milliseconds(poll: dict[str, Any]) -> int:
    took: timedelta = poll["finished_at"] - poll["started_at"]
    return round(took.total_seconds() * 1000)


def change_document(change: HealthChange) -> dict[str, Any]:
    """A change of a source's state as `--json` shows it."""
    return {"at": change.at, "from": change.before.value, "to": change.after.value, "why": change.why}


def wrong_with(status: SourceStatus, change: HealthChange | None, *, now: datetime) -> str:
    """What keeps a source from being fine, went wrong at its last poll, or was missed of late; "" where nothing did."""
    if status.source.paused:
        return ""
    if status.last_error and (status.source.memory.failures or status.last_outcome == Outcome.GONE):
        return brief_error(status.last_error, status.source.url)
    if change is not None and change.after == status.source.memory.health is not Health.FINE:
        return brief_error(change.why, status.source.url)
    if status.last_gap_at is not None and now - status.last_gap_at < GAP_SHOWN:
        return f"a gap {moment(status.last_gap_at, now=now)}: posts may have been missed"
    return ""


def _state(status: SourceStatus, past: Sequence[HealthChange], *, now: datetime) -> str:
    """The state, since when, and why."""
    state = state_of(status)
    if not past or past[0].after.value != state:
        return state
    since = f"{state} since {exactly(past[0].at, now=now)}"
    return f"{since}: {past[0].why}" if past[0].why else since


def _answers(answers: Answers) -> str | None:
    if answers.now is None:
        return None
    usually = f", usually {answers.usually:.2f} s" if answers.usually is not None else ""
    return f"take {answers.now:.2f} s{usually}"


def _acquainted(rhythm: Rhythm) -> bool:
    return sum(rhythm.hours) + rhythm.open_hours >= ACQUAINTED


def _rhythm(rhythm: Rhythm) -> str | None:
    """How often it posts of late, and how many of its polls are in vain."""
    if not _acquainted(rhythm):
        return None
    day = rhythm.posts_a_day
    often = f"{day:.1f} posts a day" if day >= 1 else f"{day * 7:.1f} posts a week" if day else "no posts of late"
    return f"{often}; {rhythm.share_of_repeats:.0%} of its polls bring nothing new"


def _gap(status: SourceStatus, *, now: datetime) -> str | None:
    if status.last_gap_at is None:
        return None
    return f"{exactly(status.last_gap_at, now=now)}: what was published shortly before may have been missed"


def _older_pages(waiting: Sequence[OlderPage], *, now: datetime) -> str | None:
    """The pages at which reading back to the last known post goes on."""
    if not waiting:
        return None
    in_vain = [page.since for page in waiting if page.since is not None]
    since = f", asked for in vain since {exactly(min(in_vain), now=now)}" if in_vain else ""
    return f"reading back goes on at the next poll with {', '.join(page.address for page in waiting)}{since}"


def _moved(memory: Memory, *, owner: str) -> list[tuple[str, str | None]]:
    """Where permanent redirects lead: believed once they held, and then the operator's to write down."""
    if memory.moved_to is None:
        return []
    if memory.moved_polls < MOVES:
        return [
            ("redirected to", f"{memory.moved_to}, in {memory.moved_polls} of the {MOVES} polls that make it a move")
        ]
    return [("moved to", f"{memory.moved_to}: asked there directly; write it into {owner}")]


def _asks(hints: Hints) -> str | None:
    """What the feed itself asks of those who poll it."""
    asked = []
    if hints.ttl is not None:
        asked.append(f"once in {length(hints.ttl)}")
    if hints.period is not None:
        asked.append(f"updates come every {length(hints.period)}")
    if hints.skip_hours:
        asked.append(f"not at {_ranges(sorted(hints.skip_hours))} h UTC")
    if hints.skip_days:
        asked.append(f"not on {', '.join(WEEKDAYS[day] for day in sorted(hints.skip_days))}")
    return f"{'; '.join(asked)} (heeded up to twice the learnt interval)" if asked else None


def _ranges(numbers: Sequence[int]) -> str:
    """ "0–8, 11–23"."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{first}–{last}" if first < last else f"{first}" for first, last in found)


def _numbers(missing: Sequence[Absent], *, withdrawn: bool) -> str | None:
    """The numbers that are missing, the newest of them by name."""
    wanted = [each for each in missing if each.withdrawn is withdrawn]
    if not wanted:
        return None
    named = ", ".join(map(str, wanted[-RANGES_SHOWN:]))
    more = "… " if len(wanted) > RANGES_SHOWN else ""
    total = sum(each.count for each in wanted)
    if withdrawn:
        return f"{total} shown once and not any more: {more}{named}"
    return f"{total} never seen between the others, as when deleted at once or not for the public: {more}{named}"


def _show(
    status: SourceStatus, past: Sequence[HealthChange], polls: list[dict[str, Any]], *, file: str, now: datetime
) -> None:
    source, missing = status.source, absent(status.source.memory.numbers)
    show_fields(
        [
            ("source", source.slug),
            ("title", source.title),
            ("state", _state(status, past, now=now)),
            ("error", status.last_error if source.memory.failures or state_of(status) == "gone" else None),
            ("failures in a row", source.memory.failures or None),
            ("kind", source.kind),
            ("address", source.url),
            *_moved(source.memory, owner=owner_of(source, file=file)),
            ("validators", f"not sent: {source.memory.unconditional}" if source.memory.unconditional else None),
            ("clock", warning(Drift.from_bytes(source.memory.drift))),
            ("answers", _answers(Answers.from_bytes(source.memory.answers))),
            ("older pages", _older_pages(source.memory.backfill, now=now)),
            ("withdrawn", _numbers(missing, withdrawn=True)),
            ("missing numbers", _numbers(missing, withdrawn=False)),
            ("homepage", source.homepage),
            ("organisation", source.organisation),
            ("country", source.country),
            ("language", source.language),
            ("authority", source.authority.value.replace("_", " ")),
            ("tags", ", ".join(source.tags)),
            ("default tags", ", ".join(source.default_tags)),
            ("options", ", ".join(f"{name}: {value}" for name, value in source.options.items())),
            ("owner", owner_of(source, file=file)),
            ("interval", f"{length(source.interval)}, adapted to when it posts"),
            ("asks", _asks(Hints.from_json(source.memory.hints))),
            ("rhythm", _rhythm(Rhythm.from_bytes(source.memory.rhythm))),
            ("posts", f"{status.posts:,}"),
            ("last poll", exactly(status.last_poll_at, now=now) or "never"),
            ("last read", exactly(status.last_success_at, now=now) or "never"),
            ("last new post", exactly(status.last_new_at, now=now) or "never"),
            ("last gap", _gap(status, now=now)),
            ("next poll", None if source.paused else exactly(status.next_poll_at, now=now)),
        ]
    )
    if past:
        heading("Changes of state")
        show_table(
            columns("when", "from", "to", "why"),
            [(moment(c.at, now=now), c.before.value, c.after.value, brief_error(c.why, source.url)) for c in past],
            wrap=True,
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
                brief_error(poll["error"], source.url) or poll["gap"] or "",
            )
            for poll in polls
        ],
        wrap=True,
    )
    for note in polls[0]["notes"]:
        complain(note, label="note")
