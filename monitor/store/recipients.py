"""How deliveries to each address have gone: failing since when, refused how often, disabled or not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, update

from monitor.core.model import Recipient
from monitor.store.database import Transaction, insert_new
from monitor.store.tables import RecipientRow, table

recipient = table(RecipientRow)


def succeeded(tx: Transaction, channel: str, address: str, *, at: datetime) -> None:
    """A message was taken: whatever was wrong is over. One that was on its way when the address was disabled changes
    nothing about that."""
    _known(tx, channel, address)
    tx.execute(
        update(recipient)
        .where(_of(channel, address))
        .values(
            delivered=recipient.c.delivered + 1,
            failing_since=None,
            last_delivered_at=at,
            last_error=None,
        )
    )


def failed(tx: Transaction, channel: str, address: str, *, at: datetime, error: str, refused: bool) -> Recipient:
    """A message was not taken, or refused for good. Gives how the address stands now."""
    _known(tx, channel, address)
    row = tx.execute(
        update(recipient)
        .where(_of(channel, address))
        .values(
            bounces=recipient.c.bounces + (1 if refused else 0),
            failing_since=_first(recipient.c.failing_since, at),
            last_error=error,
        )
        .returning(*recipient.c)
    ).one()
    return _value(row)


def disable(tx: Transaction, channel: str, address: str, *, at: datetime, reason: str) -> bool:
    """Send nothing there until it is enabled. False where that was so already."""
    _known(tx, channel, address)
    done = tx.execute(
        update(recipient)
        .where(_of(channel, address), recipient.c.disabled_at.is_(None))
        .values(disabled_at=at, disabled_reason=reason)
    )
    return done.rowcount == 1


def enable(tx: Transaction, channel: str, address: str) -> bool:
    """Send there again; its failures are counted anew. False where it was not disabled."""
    done = tx.execute(
        update(recipient)
        .where(_of(channel, address), recipient.c.disabled_at.is_not(None))
        .values(disabled_at=None, disabled_reason=None, failing_since=None)
    )
    return done.rowcount == 1


def disabled(tx: Transaction, channel: str, addresses: Collection[str]) -> dict[str, str]:
    """Those of the addresses to which nothing is sent, each with the reason."""
    query = select(recipient.c.address, recipient.c.disabled_reason).where(
        recipient.c.channel == channel,
        recipient.c.address.in_(addresses),
        recipient.c.disabled_at.is_not(None),
    )
    return {row.address: row.disabled_reason or "" for row in tx.execute(query)}


def every(tx: Transaction, *, channel: str | None = None) -> list[Recipient]:
    """All addresses that anything was ever sent to, by channel and address."""
    query = select(recipient).order_by(recipient.c.channel, recipient.c.address)
    if channel is not None:
        query = query.where(recipient.c.channel == channel)
    return [_value(row) for row in tx.execute(query)]


def _known(tx: Transaction, channel: str, address: str) -> None:
    row = {"channel": channel, "address": address, "delivered": 0, "bounces": 0}
    insert_new(tx, recipient, [row], key=("channel", "address"))


def _of(channel: str, address: str) -> Any:
    return (recipient.c.channel == channel) & (recipient.c.address == address)


def _first(column: Any, at: datetime) -> Any:
    return func.coalesce(column, literal(at, column.type))


def _value(row: Any) -> Recipient:
    return Recipient(
        channel=row.channel,
        address=row.address,
        delivered=row.delivered,
        bounces=row.bounces,
        failing_since=row.failing_since,
        last_delivered_at=row.last_delivered_at,
        last_error=row.last_error,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
    )
