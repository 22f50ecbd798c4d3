"""`monitor recipients`: how deliveries to each address have gone, and whether anything is sent there."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.errors import CommandError, ExitCode, refused
from monitor.cli.options import AsJson
from monitor.cli.output import columns, emit, moment, say, show_table
from monitor.cli.session import Session
from monitor.core.model import Recipient
from monitor.store import outbox, recipients
from monitor.store.database import Transaction

SEE = "monitor recipients list"

Address = Annotated[str, typer.Argument(help="As the list shows it.")]


def list_recipients(
    ctx: typer.Context,
    channel: Annotated[str | None, typer.Option("--channel", help="Only those of this channel.")] = None,
    as_json: AsJson = False,
) -> None:
    """List addresses with what became of the messages to them."""
    session = Session.of(ctx)
    with session.reading() as tx:
        found = recipients.every(tx, channel=channel)
    if as_json:
        emit(found)
    elif not found:
        say("nothing was sent to anybody yet")
    else:
        now = session.now()
        show_table(
            columns("channel", "address", "state", "taken", "refused", "last", "error", right=["taken", "refused"]),
            [
                (
                    each.channel,
                    each.address,
                    _state(each),
                    each.delivered,
                    each.bounces,
                    moment(each.last_delivered_at, now=now),
                    each.disabled_reason or each.last_error or "",
                )
                for each in found
            ],
        )


def enable(ctx: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Send to an address again that was disabled.

    What was kept as dead meanwhile is sent with: monitor deliveries retry --dead
    """
    session = Session.of(ctx)
    with session.writing() as tx:
        enabled = [each for each in _named(tx, address) if recipients.enable(tx, each.channel, each.address)]
        if not enabled:
            raise refused(f"{address} is not disabled")
    _report(address, "enabled", as_json=as_json)


def disable(
    ctx: typer.Context,
    address: Address,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "disabled by hand",
    as_json: AsJson = False,
) -> None:
    """Send nothing to an address until it is enabled; its messages are kept as dead."""
    session = Session.of(ctx)
    now = session.now()
    with session.writing() as tx:
        for each in _named(tx, address):
            if recipients.disable(tx, each.channel, each.address, at=now, reason=reason):
                outbox.give_up(tx, channel=each.channel, recipient=each.address, reason=reason, now=now)
    _report(address, "disabled", as_json=as_json)


def _named(tx: Transaction, address: str) -> list[Recipient]:
    named = [each for each in recipients.every(tx) if each.address == address]
    if not named:
        raise CommandError(f"nothing was ever sent to {address}; see: {SEE}", ExitCode.NOT_FOUND)
    return named


def _report(address: str, state: str, *, as_json: bool) -> None:
    if as_json:
        emit({"address": address, "state": state})
    else:
        say(f"{address} is {state}")


def _state(recipient: Recipient) -> str:
    if recipient.disabled_at is not None:
        return "disabled"
    return "failing" if recipient.failing_since is not None else "fine"
