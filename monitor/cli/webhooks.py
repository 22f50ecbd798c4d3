"""`monitor webhooks`: try an address, and the public keys by which receivers check what we sign."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated

import typer

from monitor import app
from monitor.channels.channel import Channel
from monitor.channels.webhook import Webhook, recipient_url
from monitor.cli.errors import CommandError, ExitCode, unusable
from monitor.cli.options import AsJson
from monitor.cli.output import columns, emit, length, say, show_table
from monitor.cli.session import Session
from monitor.core.errors import DeliveryError
from monitor.core.model import Content, Message
from monitor.core.signing import PrivateKey, signing_key
from monitor.store import subscriptions


def test(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="ADDRESS|SUBSCRIPTION", help="Where to, or whose addresses.")],
    secret: Annotated[str | None, typer.Option("--secret", help="Name of the secret that signs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Post a signed test message at once and show how it was answered.

    Its type is "webhook.test"; nothing is stored. Exit code 1 when it was not taken.
    """
    session = Session.of(ctx)
    addresses, named = _addresses(session, target)
    options = {"secret": secret or named}

    async def posted() -> list[dict[str, object]]:
        async with app.channels(session.settings, clock=session.now) as built:
            channel = built.get(Webhook.name)
            if channel is None:
                raise CommandError(
                    "no webhook can be sent until webhook.secrets (MONITOR_WEBHOOK__SECRETS) are set",
                    ExitCode.CONFIGURATION,
                )
            return [await _posted(session, channel, address, options) for address in addresses]

    answers = asyncio.run(posted())
    if as_json:
        emit(answers)
    else:
        show_table(
            columns("address", "taken", "answer", "took"),
            [(a["address"], "yes" if a["taken"] else "no", a["answer"], a["took"]) for a in answers],
            wrap=True,
        )
    if not all(answer["taken"] for answer in answers):
        raise CommandError("not every address took the test message", ExitCode.WRONG)


def keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the public halves of the Ed25519 keys that sign, for receivers."""
    session = Session.of(ctx)
    found = {
        name: [key.public for secret in several if isinstance(key := signing_key(secret), PrivateKey)]
        for name, several in session.settings.webhook.secrets_by_name().items()
    }
    named = [(name, public) for name, several in found.items() for public in several]
    if as_json:
        emit([{"name": name, "public_key": public} for name, public in named])
    elif not named:
        say("no Ed25519 key signs webhooks; they begin with whsk_ in the setting webhook.secrets")
    else:
        show_table(columns("name", "public key"), named)


def _addresses(session: Session, target: str) -> tuple[list[str], str]:
    """Where to post, and the name of the secret that signs there."""
    if "/" in target:
        try:
            return [recipient_url(target)], "default"
        except ValueError as error:
            raise unusable(str(error)) from None
    with session.reading() as tx:
        subscription = subscriptions.get(tx, target)
    if subscription is None or subscription.channel != Webhook.name:
        raise CommandError(
            f"{target!r} is neither an address nor a subscription by webhook; see: monitor subscriptions list",
            ExitCode.NOT_FOUND,
        )
    return list(subscription.recipients), str(subscription.options.get("secret", "default"))


async def _posted(session: Session, channel: Channel, address: str, options: dict[str, str]) -> dict[str, object]:
    began = session.now()
    payload = {"type": "webhook.test", "version": 1, "timestamp": began.isoformat(timespec="seconds"), "data": {}}
    message = Message(
        key=f"test-{secrets.token_hex(12)}",
        channel=Webhook.name,
        recipient=address,
        content=Content(subject="", payload=payload),
        options=options,
    )
    try:
        answer, taken = (await channel.send(message)).detail, True
    except DeliveryError as error:
        answer, taken = str(error), False
    return {"address": address, "taken": taken, "answer": answer, "took": length(session.now() - began)}
