"""`monitor deliveries`: list, show and retry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from monitor.cli.errors import CommandError, ExitCode, refused, unusable
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import columns, emit, exactly, heading, moment, safe, say, screen, show_fields, show_table
from monitor.cli.session import Session, completing, find
from monitor.core.model import Message, MessageState
from monitor.store import outbox, subscriptions

SEE = "monitor deliveries list"


def list_deliveries(
    ctx: typer.Context,
    state: Annotated[MessageState | None, typer.Option("--state", help="Only those that stand so.")] = None,
    subscription: Annotated[
        str | None,
        typer.Option("--subscription", help="Only of this one.", autocompletion=completing(subscriptions.every)),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest messages."""
    session = Session.of(ctx)
    with session.reading() as tx:
        if subscription is not None:
            find(subscriptions.every(tx), subscription, sort="subscription", see="monitor subscriptions list")
        found = outbox.latest(tx, limit=limit, state=state, subscription_slug=subscription)
    if as_json:
        emit([document(message) for message in found])
    elif not found:
        say("no message is like that" if state or subscription else "no messages yet; digests make them when due")
    else:
        show_messages(found, now=session.now())


def show(
    ctx: typer.Context,
    message_id: Annotated[
        int, typer.Argument(metavar="ID", help="Number of a message, from: monitor deliveries list.")
    ],
    body: Annotated[bool, typer.Option("--body/--no-body", help="With what it says.")] = True,
    as_json: AsJson = False,
) -> None:
    """Show a message and every attempt to deliver it."""
    session = Session.of(ctx)
    with session.reading() as tx:
        message = outbox.get(tx, message_id) if message_id <= LARGEST_ID else None
        if message is None:
            raise CommandError(f"there is no message {message_id}; see them with: {SEE}", ExitCode.NOT_FOUND)
        attempts = outbox.attempts(tx, message_id)
    content = message.content
    if as_json:
        said = {"text": content.text, "html": content.html, "payload": content.payload} if body else {}
        emit(document(message) | {"attempts_made": attempts} | said)
        return
    now = session.now()
    show_fields(
        [
            ("message", message.id),
            ("state", message.state.value),
            ("error", message.last_error),
            ("subscription", message.subscription_slug),
            ("channel", message.channel),
            ("to", message.recipient),
            ("subject", content.subject),
            ("key", message.key),
            ("made", exactly(message.created_at, now=now)),
            ("attempts", message.attempts),
            ("next attempt", exactly(message.next_attempt_at, now=now) if _waits(message) else None),
        ]
    )
    if attempts:
        heading("Attempts")
        show_table(
            columns("nr", "when", "outcome", "what was said", right=["nr"]),
            [(a.attempt, moment(a.started_at, now=now), a.outcome, a.detail) for a in attempts],
            wrap=True,
        )
    if body and content.text:
        heading("What it says")
        screen().print(Text(safe(content.text)), soft_wrap=True)


def retry(
    ctx: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]…", help="Numbers of messages.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that were given up.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make messages due again at once.

    The running service delivers them; their attempts are counted anew. Delivered messages are not sent twice.
    """
    if bool(ids) == dead:
        raise unusable("name the messages to be tried again, or say --dead for all that were given up")
    session = Session.of(ctx)
    now = session.now()
    with session.writing() as tx:
        if dead:
            retried = outbox.retry_dead(tx, now=now)
        else:
            retried = list(dict.fromkeys(ids or []))
            for id_ in retried:
                message = outbox.get(tx, id_) if id_ <= LARGEST_ID else None
                if message is None:
                    raise CommandError(f"there is no message {id_}; see them with: {SEE}", ExitCode.NOT_FOUND)
                if not outbox.retry(tx, id_, now=now):
                    raise refused(f"message {id_} is {message.state.value}; it is not sent again")
    if as_json:
        emit({"retried": retried})
    elif not retried:
        say("no message was given up")
    else:
        say(*(f"message {id_} is due at once" for id_ in retried))


def document(message: Message) -> dict[str, Any]:
    """A message as `--json` shows it."""
    return {
        "id": message.id,
        "key": message.key,
        "state": message.state,
        "subscription": message.subscription_slug,
        "channel": message.channel,
        "recipient": message.recipient,
        "subject": message.content.subject,
        "attempts": message.attempts,
        "created_at": message.created_at,
        "next_attempt_at": message.next_attempt_at if _waits(message) else None,
        "error": message.last_error,
    }


def show_messages(messages: Sequence[Message], *, now: datetime) -> None:
    """Messages as a table."""
    show_table(
        columns("id", "state", "made", "subscription", "to", "subject or error", right=["id"]),
        [
            (m.id, m.state.value, moment(m.created_at, now=now), m.subscription_slug, m.recipient, _said(m, now=now))
            for m in messages
        ],
    )


def _said(message: Message, *, now: datetime) -> str:
    if message.state is MessageState.DELIVERED or not message.last_error:
        return message.content.subject
    again = f"; again {moment(message.next_attempt_at, now=now)}" if _waits(message) else ""
    return f"{message.last_error}{again}"


def _waits(message: Message) -> bool:
    return message.state is MessageState.WAITING
