"""The deliver loop: outbox → claim → send outside any transaction → delivered, later, or dead.

Read `deliver_due` first. A process that dies between the receiver's yes and our commit leaves a claim that runs out;
the message then goes again under the same key, by which the receiver recognises it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.channels import CHANNELS
from monitor.channels.channel import Channel
from monitor.core.errors import DeliveryError
from monitor.core.model import Clock, Delivery, Message, MessageState, Recipient
from monitor.core.notices import of_dead, of_disabled
from monitor.core.pacing import Patience, next_attempt_at
from monitor.logs import get_logger
from monitor.store import notices, outbox, recipients
from monitor.store.database import Database, Transaction

log = get_logger()

CLAIM = 20  # messages taken at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop is built from."""

    database: Database
    channels: Mapping[str, Channel]
    clock: Clock
    chance: Callable[[], float]  # uniform in [0, 1)
    patience: Patience = field(default_factory=Patience)
    claim_for: timedelta = timedelta(minutes=5)  # longer than any attempt may take
    hourly: Mapping[str, int] = field(default_factory=dict)  # messages an hour for one recipient, see claim_due
    disable_after: Mapping[str, timedelta] = field(default_factory=dict)  # of nothing but failures, by channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """How an attempt ended."""

    message: Message
    state: MessageState
    attempt: Delivery
    next_attempt_at: datetime | None = None
    refused: bool = False  # for good
    unwanted: bool = False  # and everything else that we might send there
    progress: int = 0  # parts handed over before it failed


async def deliver_due(parts: Parts) -> list[Attempted]:
    """Try every due message once. A message that fails waits for its next time; the others go on."""
    attempted: list[Attempted] = []
    token = secrets.token_hex(8)
    while claimed := await _claim(parts, token):
        try:
            attempted += await asyncio.gather(*(_try(parts, message, token) for message in claimed))
        except asyncio.CancelledError:
            await parts.database.write(lambda tx: outbox.release(tx, token=token, now=parts.clock()))
            raise
    return attempted


async def _claim(parts: Parts, token: str) -> list[Message]:
    now = parts.clock()
    until = now + parts.claim_for
    return await parts.database.write(
        lambda tx: outbox.claim_due(tx, now=now, until=until, token=token, limit=CLAIM, hourly=parts.hourly)
    )


async def _try(parts: Parts, message: Message, token: str) -> Attempted:
    started_at = parts.clock()
    try:
        async with asyncio.timeout(parts.claim_for.total_seconds() / 2):
            receipt = await _channel(parts, message).send(message)
    except DeliveryError as error:
        ended = _unhappy(parts, message, started_at, error)
    except TimeoutError:
        ended = _unhappy(parts, message, started_at, DeliveryError("no answer within the time a claim may last"))
    except Exception as error:
        # A channel's bug must not stop the others; the message waits like any other that failed.
        log.exception("delivery-bug", key=message.key, channel=message.channel)
        bug = DeliveryError(f"a bug in this program: {type(error).__name__}: {error}")
        ended = _unhappy(parts, message, started_at, bug)
    else:
        attempt = _attempt(parts, message, started_at, MessageState.DELIVERED.value, receipt.detail)
        ended = Attempted(message=message, state=MessageState.DELIVERED, attempt=attempt)
    await parts.database.write(lambda tx: _settle(tx, parts, ended, token=token))
    _report(ended)
    return ended


def _settle(tx: Transaction, parts: Parts, ended: Attempted, *, token: str) -> None:
    """Record how an attempt ended, how its recipient stands now, and what the operator should know of it."""
    message, attempt = ended.message, ended.attempt
    channel, address, at = message.channel, message.recipient, attempt.finished_at
    outbox.settle(
        tx,
        message.id,
        token=token,
        state=ended.state,
        attempt=attempt,
        next_attempt_at=ended.next_attempt_at,
        progress=ended.progress,
    )
    if ended.state is MessageState.DELIVERED:
        recipients.succeeded(tx, channel, address, at=at)
        return
    standing = recipients.failed(tx, channel, address, at=at, error=attempt.detail, refused=ended.refused)
    if ended.state is MessageState.DEAD:
        notices.add(tx, of_dead(message, attempt))
    why = _why_disable(parts, ended, standing)
    if why and recipients.disable(tx, channel, address, at=at, reason=why):
        given_up = outbox.give_up(tx, channel=channel, recipient=address, reason=why, now=at)
        notices.add(tx, of_disabled(standing, why, len(given_up), at=at))


def _why_disable(parts: Parts, ended: Attempted, standing: Recipient) -> str | None:
    if ended.unwanted:
        return ended.attempt.detail
    longest = parts.disable_after.get(ended.message.channel)
    if (
        longest is None
        or standing.failing_since is None
        or ended.attempt.finished_at - standing.failing_since < longest
    ):
        return None
    return f"nothing but failures since {standing.failing_since:%Y-%m-%d %H:%M} UTC, the last: {ended.attempt.detail}"


def _channel(parts: Parts, message: Message) -> Channel:
    try:
        return parts.channels[message.channel]
    except KeyError:
        kind = CHANNELS.get(message.channel)
        needs = kind.needs if kind and kind.needs else "it up"
        raise DeliveryError(
            f"the channel {message.channel!r} is not configured here; set {needs}, then: monitor deliveries retry"
        ) from None


def _unhappy(parts: Parts, message: Message, started_at: datetime, error: DeliveryError) -> Attempted:
    now = parts.clock()
    later = None
    if not error.permanent:
        later = next_attempt_at(
            attempts=message.attempts,
            now=now,
            retry_at=error.retry_at,
            patience=parts.patience,
            chance=parts.chance(),
        )
    state = MessageState.DEAD if later is None else MessageState.WAITING
    outcome = "dead" if later is None else "retry"
    attempt = _attempt(parts, message, started_at, outcome, str(error))
    return Attempted(
        message=message,
        state=state,
        attempt=attempt,
        next_attempt_at=later,
        refused=error.permanent,
        unwanted=error.unwanted,
        progress=error.progress,
    )


def _attempt(parts: Parts, message: Message, started_at: datetime, outcome: str, detail: str) -> Delivery:
    return Delivery(
        attempt=message.attempts,
        started_at=started_at,
        finished_at=parts.clock(),
        outcome=outcome,
        detail=detail,
    )


def _report(ended: Attempted) -> None:
    message = ended.message
    event = log.bind(
        key=message.key, channel=message.channel, recipient=message.recipient, attempt=ended.attempt.attempt
    )
    if ended.state is MessageState.DELIVERED:
        event.info("delivered", detail=ended.attempt.detail)
    else:
        event.warning("not-delivered", state=ended.state.value, error=ended.attempt.detail, next=ended.next_attempt_at)
