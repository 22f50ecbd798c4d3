"""`monitor digest list` and `replay`: editions of the past."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor import app as wiring
from monitor import digests
from monitor.cli.digest import SEE, Slug, show_content
from monitor.cli.errors import CommandError, ExitCode, refused, unusable
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, moment, say, show_table
from monitor.cli.session import Session, find
from monitor.core.model import Content, EditionRecord, Subscription
from monitor.store import editions, outbox, subscriptions


def list_editions(
    ctx: typer.Context,
    slug: Slug,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest editions of a subscription and what became of them."""
    session = Session.of(ctx)
    with session.reading() as tx:
        subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
        found = editions.latest(tx, subscription, limit=limit)
    base = session.settings.web.url.rstrip("/")
    if as_json:
        emit([document(record, base=base) for record in found])
    elif not found:
        say(f"no edition of {slug} yet; the next is due {moment(subscription.next_due_at, now=session.now())}")
    else:
        zone = ZoneInfo(subscription.schedule.timezone)
        show_table(
            columns(
                "due", "compiled", "stories", "posts", "messages", "checked", right=["stories", "posts", "messages"]
            ),
            [
                (
                    f"{record.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
                    moment(record.compiled_at, now=session.now()),
                    record.stories,
                    record.posts,
                    record.messages or "none sent",
                    f"{record.coverage.checked} of {record.coverage.sources}",
                )
                for record in found
            ],
        )


def replay(
    ctx: typer.Context,
    slug: Slug,
    *,
    when: Annotated[
        str,
        typer.Option("--date", metavar="DATE", help="When it was due: 2026-03-02, or 2026-03-02T07:30 of several."),
    ],
    send: Annotated[bool, typer.Option("--send", help="Send it again to those who got it.")] = False,
    to: Annotated[str | None, typer.Option("--to", help="Only to this recipient.")] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML part.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the HTML part in a browser.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show an edition of the past as it was sent, or send it again.

    It is sent again word for word and under the ids it had, so a receiver that keeps ids takes each once. An edition of
    which nothing was sent is put together once more from what it covered.
    """
    if send and (html or open_it or output is not None):
        raise unusable("either --send, or --html, --open and --output to look at it")
    if to is not None and not send:
        raise unusable("--to says who gets it again; add --send")
    session = Session.of(ctx)
    taxonomy = wiring.load_configuration(session.settings).taxonomy
    with session.database() as database:
        with database.reading() as tx:
            subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
            record = _meant(
                editions.latest(tx, subscription, limit=100, **_day(when, subscription)), when, subscription
            )
            content = editions.sent(tx, record.id)
            kept = digests.kept_edition(tx, subscription, record, labels=taxonomy)
        if send:
            with database.writing() as tx:
                again = outbox.replay_edition(tx, record.id, recipient=to, now=session.now())
            _report(again, record, subscription, to=to, as_json=as_json)
            return
        if content is None:
            complain(f"nothing of this edition of {slug} was sent; this is what it would have said", label="note")
            content = asyncio.run(wiring.printed(session.settings, kept)).content
    if as_json:
        base = session.settings.web.url.rstrip("/")
        emit(document(record, base=base) | _parts(content))
        return
    show_content(content, slug=slug, html=html, open_it=open_it, output=output, label="replay")


def document(record: EditionRecord, *, base: str) -> dict[str, Any]:
    """An edition as `--json` shows it; `base` is where its page is, "" where there are none."""
    return {
        "id": record.id,
        "due_at": record.due_at,
        "compiled_at": record.compiled_at,
        "stories": record.stories,
        "posts": record.posts,
        "messages": record.messages,
        "page": f"{base}/editions/{record.token}" if base and record.token else None,
        "coverage": record.coverage,
    }


def _parts(content: Content) -> dict[str, Any]:
    return {"subject": content.subject, "text": content.text, "html": content.html, "payload": content.payload}


def _day(written: str, subscription: Subscription) -> dict[str, datetime]:
    """The local day, or the minute of it, as limits in UTC."""
    zone = ZoneInfo(subscription.schedule.timezone)
    try:
        if len(written) == len("2026-03-02"):
            day = date.fromisoformat(written)
            begin = datetime.combine(day, time(), zone)
            return {
                "since": begin.astimezone(UTC),
                "until": datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC),
            }
        at = datetime.fromisoformat(written)
    except (ValueError, OverflowError):
        raise unusable(f"--date: {written!r} is no date; expected 2026-03-02, or 2026-03-02T07:30") from None
    begin = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    return {"since": begin, "until": begin + (timedelta(seconds=1) if at.second else timedelta(minutes=1))}


def _meant(found: list[EditionRecord], written: str, subscription: Subscription) -> EditionRecord:
    if not found:
        raise CommandError(
            f"no edition of {subscription.slug} was due at {written}; see: monitor digest list {subscription.slug}",
            ExitCode.NOT_FOUND,
        )
    if len(found) > 1:
        zone = ZoneInfo(subscription.schedule.timezone)
        local = [record.due_at.astimezone(zone) for record in reversed(found)]
        form = "%Y-%m-%dT%H:%M" if len({f"{at:%H:%M}" for at in local}) == len(local) else "%Y-%m-%dT%H:%M:%S"
        times = ", ".join(f"{at:{form}}" for at in local)
        raise unusable(f"--date: {subscription.slug} had {len(found)} editions then; name one: {times}")
    return found[0]


def _report(
    again: list[int], record: EditionRecord, subscription: Subscription, *, to: str | None, as_json: bool
) -> None:
    if not record.messages:
        raise refused(f"nothing of this edition of {subscription.slug} was sent, so nothing can be sent again")
    if as_json:
        emit({"replayed": again})
    elif not again:
        who = f" to {to}" if to is not None else ""
        say(f"no message of this edition{who} can be sent again: those that there are still wait")
    else:
        say(f"{count(len(again), 'message')} of {subscription.slug} due again at once")
