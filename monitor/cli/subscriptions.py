"""`monitor subscriptions`: list, the address of a feed, and who left."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from monitor.cli.errors import CommandError, ExitCode, not_found, refused
from monitor.cli.options import AsJson
from monitor.cli.output import columns, emit, moment, owner_of, say, show_table
from monitor.cli.session import Session, completing, find
from monitor.core import schedule
from monitor.core.model import Subscription
from monitor.store import subscriptions, tickets

SEE = "monitor subscriptions list"


def list_subscriptions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List subscriptions and when each is due."""
    session = Session.of(ctx)
    with session.reading() as tx:
        every = subscriptions.every(tx)
        gone = {subscription.slug: tickets.left(tx, subscription.id) for subscription in every}
    if as_json:
        emit([document(subscription) | {"left": gone[subscription.slug]} for subscription in every])
    elif not every:
        say("no subscriptions yet; they stand in config/subscriptions.yaml, then: monitor config apply")
    else:
        now = session.now()
        show_table(
            columns("subscription", "channel", "due", "last", "owner", "when", "to"),
            [
                (
                    s.slug,
                    s.channel,
                    "paused" if s.paused else moment(s.next_due_at, now=now),
                    moment(s.last_compiled_at, now=now),
                    owner_of(s, file="subscriptions.yaml"),
                    schedule.describe(s.schedule),
                    ", ".join(f"{to} (left)" if to in gone[s.slug] else to for to in s.recipients),
                )
                for s in every
            ],
        )


Slug = Annotated[str, typer.Argument(help="Its slug.", autocompletion=completing(subscriptions.every))]
Address = Annotated[str, typer.Argument(help="One of its recipients.")]


def feed(
    ctx: typer.Context,
    slug: Slug,
    renew: Annotated[bool, typer.Option("--renew", help="Make a new address; the old one leads nowhere.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the addresses at which a feed reader follows a subscription. Who knows them can read it."""
    session = Session.of(ctx)
    base = session.settings.web.url.rstrip("/")
    if not base:
        raise CommandError(
            "readers cannot reach the service until web.listen and web.url (MONITOR_WEB__URL) are set",
            ExitCode.CONFIGURATION,
        )
    with session.writing() as tx:
        subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
        if renew:
            tickets.take_back(tx, subscription.id, purpose=tickets.FEED)
        token = tickets.issued(tx, subscription.id, purpose=tickets.FEED, now=session.now())[""]
    addresses = {form: f"{base}/feeds/{token}.{form}" for form in ("atom", "json")}
    if as_json:
        emit(addresses)
    else:
        say(*addresses.values())


def leave(ctx: typer.Context, slug: Slug, address: Address, as_json: AsJson = False) -> None:
    """Send a recipient no more of a subscription, whatever the file says."""
    session = Session.of(ctx)
    with session.writing() as tx:
        subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
        _require_recipient(subscription, address)
        tickets.leave(tx, subscription.id, address, how="by hand", now=session.now())
    _report(address, slug, "does not get", as_json=as_json)


def rejoin(ctx: typer.Context, slug: Slug, address: Address, as_json: AsJson = False) -> None:
    """Send a subscription to a recipient again who had left it."""
    session = Session.of(ctx)
    with session.writing() as tx:
        subscription = find(subscriptions.every(tx), slug, sort="subscription", see=SEE)
        _require_recipient(subscription, address)
        if not tickets.rejoin(tx, subscription.id, address):
            raise refused(f"{address} never left {slug}")
    _report(address, slug, "gets", as_json=as_json)


def _require_recipient(subscription: Subscription, address: str) -> None:
    if address not in subscription.recipients:
        raise not_found("recipient", address, subscription.recipients, see=SEE)


def _report(address: str, slug: str, verb: str, *, as_json: bool) -> None:
    if as_json:
        emit({"subscription": slug, "recipient": address, "gets_it": verb == "gets"})
    else:
        say(f"{address} {verb} {slug}{'' if verb == 'gets' else ' any more'}")


def document(subscription: Subscription) -> dict[str, Any]:
    """A subscription as `--json` shows it."""
    return {
        "slug": subscription.slug,
        "title": subscription.title,
        "channel": subscription.channel,
        "recipients": subscription.recipients,
        "schedule": asdict(subscription.schedule),
        "selection": {name: members for name, members in asdict(subscription.selection).items() if members},
        "group_by": subscription.grouping,
        "send_empty": subscription.send_empty,
        "language": subscription.language,
        "options": subscription.options,
        "owner": subscription.owner,
        "paused": subscription.paused,
        "next_due_at": None if subscription.paused else subscription.next_due_at,
        "last_compiled_at": subscription.last_compiled_at,
    }
