"""Tokens in addresses: who has one may unsubscribe one recipient of digests or alerts, or read one feed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select

from monitor.core.model import Subscription, Watch
from monitor.store import subscriptions, watches
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import AlertsLeftRow, AlertTicketRow, TicketRow, UnsubscribedRow, table

ticket, unsubscribed = table(TicketRow), table(UnsubscribedRow)
alert_ticket, alerts_left = table(AlertTicketRow), table(AlertsLeftRow)

UNSUBSCRIBE, FEED = "unsubscribe", "feed"
_BYTES = 24  # of chance in a token: nobody guesses one


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a token stands for."""

    token: str
    purpose: str
    subscription: Subscription
    recipient: str

    @property
    def slug(self) -> str:
        """Of what is left by it."""
        return self.subscription.slug

    @property
    def title(self) -> str:
        """Its title."""
        return self.subscription.title

    @property
    def language(self) -> str:
        """In which its recipient is spoken to."""
        return self.subscription.language


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTicket:
    """A token by which a recipient leaves the alerts of a watch."""

    token: str
    watch: Watch
    language: str
    recipient: str

    @property
    def slug(self) -> str:
        """Of what is left by it."""
        return self.watch.slug

    @property
    def title(self) -> str:
        """Its title."""
        return self.watch.title


def issued(
    tx: Transaction, subscription_id: int, *, purpose: str, recipients: Iterable[str] = ("",), now: datetime
) -> dict[str, str]:
    """The token of each recipient, the same each time it is asked for."""
    return _issued(tx, ticket, {"purpose": purpose, "subscription_id": subscription_id}, recipients, now=now)


def issued_for_alerts(tx: Transaction, watch_id: int, *, recipients: Iterable[str], now: datetime) -> dict[str, str]:
    """The token by which each recipient of a watch's alerts unsubscribes, the same each time it is asked for."""
    return _issued(tx, alert_ticket, {"watch_id": watch_id}, recipients, now=now)


def _issued(
    tx: Transaction, tickets: Table, of: Mapping[str, Any], recipients: Iterable[str], *, now: datetime
) -> dict[str, str]:
    wanted = list(dict.fromkeys(recipients))
    rows = [
        {**of, "token": secrets.token_urlsafe(_BYTES), "recipient": recipient, "created_at": now}
        for recipient in wanted
    ]
    insert_new(tx, tickets, rows, key=(*of, "recipient"))
    query = select(tickets.c.recipient, tickets.c.token).where(*_is(tickets, of), tickets.c.recipient.in_(wanted))
    return {row.recipient: row.token for row in tx.execute(query)}


def _is(rows: Table, of: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [rows.c[name] == value for name, value in of.items()]


def find(tx: Transaction, token: str, *, purpose: str) -> Ticket | AlertTicket | None:
    """What a token stands for; None where it was never given out, was taken back, or what it is for is no more."""
    row = tx.execute(select(ticket).where(ticket.c.token == token, ticket.c.purpose == purpose)).first()
    if row is None:
        return _of_alerts(tx, token) if purpose == UNSUBSCRIBE else None
    found = next((each for each in subscriptions.every(tx) if each.id == row.subscription_id), None)
    if found is None:
        return None
    return Ticket(token=row.token, purpose=row.purpose, subscription=found, recipient=row.recipient)


def _of_alerts(tx: Transaction, token: str) -> AlertTicket | None:
    row = tx.execute(select(alert_ticket).where(alert_ticket.c.token == token)).first()
    found = None if row is None else next((each for each in watches.every(tx) if each.id == row.watch_id), None)
    if row is None or found is None or found.alerts is None:
        return None
    return AlertTicket(token=row.token, watch=found, language=found.alerts.language, recipient=row.recipient)


def take_back(tx: Transaction, subscription_id: int, *, purpose: str) -> int:
    """Make all tokens of a subscription worthless. Gives how many there were."""
    gone = tx.execute(delete(ticket).where(ticket.c.purpose == purpose, ticket.c.subscription_id == subscription_id))
    return gone.rowcount


def leave(tx: Transaction, subscription_id: int, recipient: str, *, how: str, now: datetime) -> None:
    """Send a recipient no more of a subscription."""
    _leave(tx, unsubscribed, {"subscription_id": subscription_id, "recipient": recipient}, how=how, now=now)


def rejoin(tx: Transaction, subscription_id: int, recipient: str) -> bool:
    """Undo `leave`. False where there was nothing to undo."""
    return _rejoin(tx, unsubscribed, {"subscription_id": subscription_id, "recipient": recipient})


def left(tx: Transaction, subscription_id: int) -> dict[str, datetime]:
    """Those who want no more of a subscription, and since when."""
    return _left(tx, unsubscribed, {"subscription_id": subscription_id})


def leave_alerts(tx: Transaction, watch_id: int, recipient: str, *, how: str, now: datetime) -> None:
    """Send a recipient no more alerts of a watch."""
    _leave(tx, alerts_left, {"watch_id": watch_id, "recipient": recipient}, how=how, now=now)


def rejoin_alerts(tx: Transaction, watch_id: int, recipient: str) -> bool:
    """Undo `leave_alerts`. False where there was nothing to undo."""
    return _rejoin(tx, alerts_left, {"watch_id": watch_id, "recipient": recipient})


def left_alerts(tx: Transaction, watch_id: int) -> dict[str, datetime]:
    """Those who want no more alerts of a watch, and since when."""
    return _left(tx, alerts_left, {"watch_id": watch_id})


def _leave(tx: Transaction, gone: Table, of: Mapping[str, Any], *, how: str, now: datetime) -> None:
    insert_new(tx, gone, [{**of, "at": now, "how": how}], key=tuple(of))


def _rejoin(tx: Transaction, gone: Table, of: Mapping[str, Any]) -> bool:
    return tx.execute(delete(gone).where(*_is(gone, of))).rowcount == 1


def _left(tx: Transaction, gone: Table, of: Mapping[str, Any]) -> dict[str, datetime]:
    query = select(gone.c.recipient, gone.c.at).where(*_is(gone, of))
    return {row.recipient: row.at for row in tx.execute(query)}


# ── for whoever holds a ticket, whatever it is for ─────────────────────────────────────────────────────────


def is_left(tx: Transaction, of: Ticket | AlertTicket) -> bool:
    """Whether the recipient has left what the ticket is for."""
    if isinstance(of, AlertTicket):
        return of.recipient in left_alerts(tx, of.watch.id)
    return of.recipient in left(tx, of.subscription.id)


def leave_by(tx: Transaction, of: Ticket | AlertTicket, *, now: datetime) -> None:
    """Leave by the link in a message."""
    if isinstance(of, AlertTicket):
        leave_alerts(tx, of.watch.id, of.recipient, how="by its link", now=now)
    else:
        leave(tx, of.subscription.id, of.recipient, how="by its link", now=now)


def rejoin_by(tx: Transaction, of: Ticket | AlertTicket) -> None:
    """Undo that."""
    if isinstance(of, AlertTicket):
        rejoin_alerts(tx, of.watch.id, of.recipient)
    else:
        rejoin(tx, of.subscription.id, of.recipient)
