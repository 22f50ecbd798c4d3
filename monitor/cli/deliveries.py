"""`monitor deliveries`: list, show, retry, cancel and replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from monitor.cli.errors import CommandError, ExitCode, refused, unusable
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import (
    columns,
    count,
    emit,
    exactly,
    heading,
    moment,
    safe,
    say,
    screen,
    show_fields,
    show_table,
)
from monitor.cli.session import Session, completing, find
from monitor.cli.times import point
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
        states = outbox.states(tx, message_id)
    content = message.content
    if as_json:
        said = {"text": content.text, "html": content.html, "payload": content.payload} if body else {}
        emit(document(message) | {"attempts_made": attempts, "states": states} | said)
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
    if states:
        heading("States")
        show_table(
            columns("when", "state", "why"),
            [(moment(change.at, now=now), change.state.value, change.reason) for change in states],
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


def cancel(
    ctx: typer.Context,
    ids: Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers of messages that wait or were given up.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "cancelled by hand",
    as_json: AsJson = False,
) -> None:
    """Do not send messages that wait or were given up. They are kept, and can be retried."""
    session = Session.of(ctx)
    now = session.now()
    cancelled = list(dict.fromkeys(ids))
    with session.writing() as tx:
        for id_ in cancelled:
            message = outbox.get(tx, id_) if id_ <= LARGEST_ID else None
            if message is None:
                raise CommandError(f"there is no message {id_}; see them with: {SEE}", ExitCode.NOT_FOUND)
            if not outbox.cancel(tx, id_, reason=reason, now=now):
                raise refused(f"message {id_} is {message.state.value}; it can no longer be cancelled")
    if as_json:
        emit({"cancelled": cancelled})
    else:
        say(*(f"message {id_} is not sent" for id_ in cancelled))


def replay(
    ctx: typer.Context,
    *,
    subscription: Annotated[
        str, typer.Argument(help="Whose messages.", autocompletion=completing(subscriptions.every))
    ],
    since: Annotated[str, typer.Option("--since", help="Made since: a time, a date or how long ago, such as 2d.")],
    until: Annotated[str | None, typer.Option("--until", help="Made before that.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Only to this recipient.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send messages again that were made in some time, delivered ones too.

    They go out with the ids they had, so a receiver that keeps ids takes each once.
    """
    session = Session.of(ctx)
    now = session.now()
    begin = point(since, now=now, option="--since")
    end = point(until, now=now, option="--until") if until is not None else now
    with session.writing() as tx:
        find(subscriptions.every(tx), subscription, sort="subscription", see="monitor subscriptions list")
        replayed = outbox.replay(tx, subscription_slug=subscription, since=begin, until=end, recipient=to, now=now)
    if as_json:
        emit({"replayed": replayed})
    elif not replayed:
        say("no message was made in that time, or all of them still wait")
    else:
        say(f"{count(len(replayed), 'message')} of {subscription} due again at once")


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
