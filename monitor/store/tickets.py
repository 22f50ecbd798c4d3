"""Tokens in addresses: who has one may unsubscribe one recipient, or read the feed of one subscription."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from monitor.core.model import Subscription
from monitor.store import subscriptions
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import TicketRow, UnsubscribedRow, table

ticket, unsubscribed = table(TicketRow), table(UnsubscribedRow)

UNSUBSCRIBE, FEED = "unsubscribe", "feed"
_BYTES = 24  # of chance in a token: nobody guesses one


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a token stands for."""

    token: str
    purpose: str
    subscription: Subscription
    recipient: str


def issued(
    tx: Transaction, subscription_id: int, *, purpose: str, recipients: Iterable[str] = ("",), now: datetime
) -> dict[str, str]:
    """The token of each recipient, the same each time it is asked for."""
    wanted = list(dict.fromkeys(recipients))
    rows = [
        {
            "token": secrets.token_urlsafe(_BYTES),
            "purpose": purpose,
            "subscription_id": subscription_id,
            "recipient": recipient,
            "created_at": now,
        }
        for recipient in wanted
    ]
    insert_new(tx, ticket, rows, key=("purpose", "subscription_id", "recipient"))
    query = select(ticket.c.recipient, ticket.c.token).where(
        ticket.c.purpose == purpose, ticket.c.subscription_id == subscription_id, ticket.c.recipient.in_(wanted)
    )
    return {row.recipient: row.token for row in tx.execute(query)}


def find(tx: Transaction, token: str, *, purpose: str) -> Ticket | None:
    """What a token stands for; None where it was never given out, was taken back, or its subscription is no more."""
    row = tx.execute(select(ticket).where(ticket.c.token == token, ticket.c.purpose == purpose)).first()
    if row is None:
        return None
    found = next((each for each in subscriptions.every(tx) if each.id == row.subscription_id), None)
    if found is None:
        return None
    return Ticket(token=row.token, purpose=row.purpose, subscription=found, recipient=row.recipient)


def take_back(tx: Transaction, subscription_id: int, *, purpose: str) -> int:
    """Make all tokens of a subscription worthless. Gives how many there were."""
    gone = tx.execute(delete(ticket).where(ticket.c.purpose == purpose, ticket.c.subscription_id == subscription_id))
    return gone.rowcount


def leave(tx: Transaction, subscription_id: int, recipient: str, *, how: str, now: datetime) -> None:
    """Send a recipient no more of a subscription."""
    row = {"subscription_id": subscription_id, "recipient": recipient, "at": now, "how": how}
    insert_new(tx, unsubscribed, [row], key=("subscription_id", "recipient"))


def rejoin(tx: Transaction, subscription_id: int, recipient: str) -> bool:
    """Undo `leave`. False where there was nothing to undo."""
    gone = tx.execute(
        delete(unsubscribed).where(
            unsubscribed.c.subscription_id == subscription_id, unsubscribed.c.recipient == recipient
        )
    )
    return gone.rowcount == 1


def left(tx: Transaction, subscription_id: int) -> dict[str, datetime]:
    """Those who want no more of a subscription, and since when."""
    query = select(unsubscribed.c.recipient, unsubscribed.c.at).where(unsubscribed.c.subscription_id == subscription_id)
    return {row.recipient: row.at for row in tx.execute(query)}
