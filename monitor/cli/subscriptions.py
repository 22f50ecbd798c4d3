"""`monitor subscriptions list`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from monitor.cli.options import AsJson
from monitor.cli.output import columns, emit, moment, owner_of, say, show_table
from monitor.cli.session import Session
from monitor.core import schedule
from monitor.core.model import Subscription
from monitor.store import subscriptions


def list_subscriptions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List subscriptions and when each is due."""
    session = Session.of(ctx)
    with session.reading() as tx:
        every = subscriptions.every(tx)
    if as_json:
        emit([document(subscription) for subscription in every])
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
                    ", ".join(s.recipients),
                )
                for s in every
            ],
        )


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
