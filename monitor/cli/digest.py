"""`monitor digest`: preview and send."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor import app as wiring
from monitor import delivery, digests
from monitor.app import App
from monitor.cli.deliveries import document as message_document
from monitor.cli.deliveries import show_messages
from monitor.cli.errors import CommandError, ExitCode, refused, unusable
from monitor.cli.options import AsJson
from monitor.cli.output import complain, count, emit, exactly, plain, safe, say
from monitor.cli.service import with_service
from monitor.cli.session import Session, completing, find
from monitor.core.model import Content, Digest, Message, MessageState, Subscription
from monitor.digests import Edition
from monitor.store import outbox, subscriptions

SEE = "monitor subscriptions list"

Slug = Annotated[
    str,
    typer.Argument(
        metavar="SUBSCRIPTION", help="Slug of a subscription.", autocompletion=completing(subscriptions.every)
    ),
]


def preview(
    ctx: typer.Context,
    slug: Slug,
    *,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="TIME", help="As it would be then: 2026-03-02T07:30, in its time zone."),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML part.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text part; what is shown if nothing else is said.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the HTML part in a browser.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a digest would say now; nothing is stored."""
    if html and text:
        raise unusable("either --html or --text")
    session = Session.of(ctx)
    taxonomy = wiring.load_configuration(session.settings).taxonomy
    with session.database() as database, database.reading() as tx:
        subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
        now = _time(as_of, subscription) if as_of else session.now()
        if as_of and now < _covered_until(subscription):
            raise _before_the_last_edition(subscription, now)
        edition = digests.select_edition(
            tx, subscription, labels=taxonomy, due_at=now, now=now, as_of=as_of is not None
        )
    printed = asyncio.run(wiring.printed(session.settings, edition.digest))
    content = printed.content
    for trouble in printed.troubles:
        complain(f"other templates stand in: {trouble}", label="caution")
    if as_json:
        emit(_document(edition, content))
        return
    if edition.is_empty:
        sends = "a quiet day is sent all the same" if subscription.send_empty else "nothing would be sent"
        complain(f"nothing new for {slug}: {sends}", label="note")
    show_content(content, slug=slug, html=html, open_it=open_it, output=output, label="preview")


def show_content(content: Content, *, slug: str, html: bool, open_it: bool, output: Path | None, label: str) -> None:
    """Print a rendered digest, write it to a file or open it in a browser."""
    body = _body(content, html=html or open_it)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(body, encoding="utf-8")
        complain(f"written to {output}", label=label)
    elif not open_it:
        typer.echo(body if html else _text(content))
    if open_it:
        _open(output or _temporary(body, slug))


def send(
    ctx: typer.Context,
    slug: Slug,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compile a digest out of turn and deliver it at once.

    It covers what was not yet given to the subscription; its next due time stays. Exit code 1 when a message could not
    be delivered; it then waits in the outbox like any other.
    """
    session = Session.of(ctx)
    with session.reading() as tx:
        subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
    if not yes and sys.stdin.isatty():
        recipients = ", ".join(map(safe, subscription.recipients))
        typer.confirm(f"send {slug} by {subscription.channel} to {recipients} now?", abort=True, err=True)

    async def work(app: App) -> list[Message]:
        compiled = await digests.compile_one(app.digests, subscription)
        if compiled is None:
            raise refused(f"{slug} was compiled by another process just now; see: monitor deliveries list")
        if not compiled.messages:
            return []
        due_at = compiled.edition.digest.due_at
        keys = {digests.message_key(subscription, due_at, recipient) for recipient in subscription.recipients}
        await delivery.deliver_due(app.delivery)
        latest = await app.database.read(
            lambda tx: outbox.latest(tx, limit=10 * len(keys) + 50, subscription_slug=slug)
        )
        return [message for message in reversed(latest) if message.key in keys]

    messages = with_service(session, work)
    if as_json:
        emit([message_document(message) for message in messages])
    elif not messages:
        say(f"nothing new for {slug}, so nothing was sent; it does not want to hear of quiet days")
    else:
        show_messages(messages, now=session.now())
    undelivered = [message for message in messages if message.state is not MessageState.DELIVERED]
    if undelivered:
        raise CommandError(
            f"{count(len(undelivered), 'message')} not delivered yet; see: monitor deliveries show {undelivered[0].id}",
            ExitCode.WRONG,
        )


def _time(written: str, subscription: Subscription) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise unusable(f"--as-of: {written!r} is not a time; expected something like 2026-03-02T07:30") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(subscription.schedule.timezone))).astimezone(UTC)


def _covered_until(subscription: Subscription) -> datetime:
    """What was new before has been given, or lies before the first edition."""
    last = subscription.last_compiled_at
    return last if last is not None else digests.covers_since(subscription, now=datetime.max.replace(tzinfo=UTC))


def _before_the_last_edition(subscription: Subscription, at: datetime) -> CommandError:
    if subscription.last_compiled_at is None:
        since = exactly(digests.covers_since(subscription, now=at))
        return unusable(
            f"--as-of: {exactly(at)} lies before the first edition of {subscription.slug}, which begins at {since}"
        )
    last = exactly(subscription.last_compiled_at)
    return unusable(
        f"--as-of: {exactly(at)} lies before the last edition of {subscription.slug}, compiled at {last}; "
        "what was new then has been given already, so name a later time"
    )


def _text(content: Content) -> str:
    return f"{content.subject}\n\n{_body(content, html=False)}"


def _body(content: Content, *, html: bool) -> str:
    if content.payload is not None:
        return json.dumps(plain(content.payload), ensure_ascii=False, indent=2)
    return content.html if html else safe(content.text)


def _document(edition: Edition, content: Content) -> dict[str, Any]:
    digest: Digest = edition.digest
    return {
        "subscription": digest.subscription.slug,
        "due_at": digest.due_at,
        "compiled_at": digest.compiled_at,
        "empty": edition.is_empty,
        "would_send": not edition.is_empty or digest.subscription.send_empty,
        "posts": [stored.id for stored in edition.given],
        "coverage": digest.coverage,
        "sections": [
            {"kind": section.kind, "slug": section.slug, "label": section.label}
            | {"stories": [{"story": i.story_id, "lead": i.lead.id, "title": i.lead.post.title} for i in section.items]}
            for section in digest.sections
        ],
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "payload": content.payload,
    }


def _temporary(body: str, slug: str) -> Path:
    suffix = ".html" if body.lstrip().startswith("<") else ".json"
    with tempfile.NamedTemporaryFile("w", prefix=f"{slug}-", suffix=suffix, encoding="utf-8", delete=False) as file:
        file.write(body)
    return Path(file.name)


def _open(path: Path) -> None:
    complain(f"{path.resolve()}", label="preview")
    if not webbrowser.open(path.resolve().as_uri()):
        complain("no browser could be opened; open the file above by hand", label="note")
