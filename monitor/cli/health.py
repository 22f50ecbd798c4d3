"""Whether the service does its job: decided from what the database shows, without asking the service."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.cli.output import count, length
from monitor.cli.sources import GAP_SHOWN, state_of
from monitor.core.model import MessageState, Notice, SourceStatus, Subscription
from monitor.store.health import Heartbeat

LOOPS = ("poll", "compile", "alert", "deliver")
"""The loops that must be alive; "tend" only clears away."""

MISSED = 5  # rounds without a sign of life
PATIENCE = timedelta(minutes=5)  # but a loop that ticks every few seconds may be busy for this long
OVERDUE = timedelta(minutes=10)
LONG_WAIT = timedelta(hours=1)  # of a message in the outbox
REMEMBERED = timedelta(days=7)  # that a message was given up, unless it is sent again before


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the database shows."""

    heartbeats: Sequence[Heartbeat] = ()
    sources: Sequence[SourceStatus] = ()
    subscriptions: Sequence[Subscription] = ()
    messages: Mapping[MessageState, int] = field(default_factory=dict)
    oldest_waiting_at: datetime | None = None
    last_delivered_at: datetime | None = None
    last_given_up_at: datetime | None = None
    notices: Sequence[Notice] = ()  # of the last days, newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from it. With any problem the service does not do its job."""

    running: bool
    states: Mapping[str, int]  # of sources
    overdue_sources: tuple[str, ...]
    overdue_subscriptions: tuple[str, ...]
    stuck: tuple[str, ...]  # loops
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def judge(seen: Seen, *, now: datetime, ended: Callable[[str], bool] | None = None) -> Verdict:
    """The verdict on what was seen at `now`. `ended` tells of a process named in a heartbeat whether it is no more."""
    ended = ended or process_ended
    dead = sorted({beat.process for beat in seen.heartbeats if ended(beat.process)})
    living = [beat for beat in seen.heartbeats if beat.process not in dead]
    replaced = [process for process in dead if _replaced(process, seen.heartbeats, living)]
    missed = [process for process in dead if process not in replaced]
    stuck = [beat for beat in living if now - beat.at > max(MISSED * beat.every, PATIENCE)]
    late = [s.source.slug for s in _followed(seen) if s.next_poll_at is not None and now - s.next_poll_at > OVERDUE]
    unsent = [s.slug for s in _active(seen) if s.next_due_at is not None and now - s.next_due_at > OVERDUE]
    states = Counter(map(state_of, seen.sources))
    failing = states["failing"] + states["gone"]
    unread = sum(_cannot_be_read(status) for status in _followed(seen))
    return Verdict(
        running=len(stuck) < len(living),
        states=dict(states),
        overdue_sources=tuple(late),
        overdue_subscriptions=tuple(unsent),
        stuck=tuple(beat.loop for beat in stuck),
        problems=tuple(_problems(seen, dead=missed, stuck=stuck, late=late, unsent=unsent, unread=unread, now=now)),
        warnings=tuple(_warnings(seen, replaced=replaced, living=living, failing=failing, everything=unread, now=now)),
    )


def _cannot_be_read(status: SourceStatus) -> bool:
    return bool(status.source.memory.failures) or state_of(status) in {"failing", "gone"}


def _given_up(seen: Seen, *, now: datetime) -> tuple[str, bool]:
    """What to say of messages that were given up, and whether it happened lately: "" where there are none."""
    number = seen.messages.get(MessageState.DEAD, 0)
    lately = seen.last_given_up_at is not None and now - seen.last_given_up_at <= REMEMBERED
    last = f", the last one {length(now - seen.last_given_up_at)} ago" if seen.last_given_up_at else ""
    sentence = f"{count(number, 'message')} given up{last}; see: monitor deliveries list --state dead"
    return (sentence if number else ""), lately


def _replaced(process: str, beats: Sequence[Heartbeat], living: Sequence[Heartbeat]) -> bool:
    """Whether living processes do what an ended one did: of several services on one database one may end unnoticed."""
    alive = {beat.loop for beat in living} & set(LOOPS)
    left = {beat.loop for beat in beats if beat.process == process} & set(LOOPS)
    return bool(alive) and left <= alive


def _followed(seen: Seen) -> list[SourceStatus]:
    return [status for status in seen.sources if not status.source.paused]


def _active(seen: Seen) -> list[Subscription]:
    return [subscription for subscription in seen.subscriptions if not subscription.paused]


def _problems(
    seen: Seen,
    *,
    dead: Sequence[str],
    stuck: Sequence[Heartbeat],
    late: Sequence[str],
    unsent: Sequence[str],
    unread: int,
    now: datetime,
) -> Iterator[str]:
    if not seen.heartbeats:
        yield "the service is not running; start it with: monitor run"
    for process in dead:
        yield f"the service ended without stopping in order (process {process}); start it with: monitor run"
    for beat in stuck:
        ago, every = length(now - beat.at), length(beat.every)
        yield f"the {beat.loop} loop is stuck: last sign of life {ago} ago, expected every {every}"
    if late:
        yield f"{count(len(late), 'source')} overdue for more than {length(OVERDUE)}: {_some(late)}"
    if unread and unread == len(_followed(seen)):
        yield "every source fails; is there a connection to the internet? try: monitor sources check"
    if unsent:
        yield f"digests overdue for more than {length(OVERDUE)}: {_some(unsent)}"
    given_up, lately = _given_up(seen, now=now)
    if given_up and lately:
        yield given_up


def _warnings(
    seen: Seen,
    *,
    replaced: Sequence[str],
    living: Sequence[Heartbeat],
    failing: int,
    everything: int,
    now: datetime,
) -> Iterator[str]:
    followed = len(_followed(seen))
    for process in replaced:
        yield f"a service ended without stopping in order (process {process}); another does its work"
    for loop in LOOPS if living else ():
        if all(beat.loop != loop for beat in seen.heartbeats):
            yield f"the {loop} loop has not finished its first round yet"
    if failing and everything < followed:
        yield f"{failing} of {count(followed, 'source')} cannot be read; see: monitor sources list --failing"
    for state, means in (("silent", "unusually silent"), ("slow", "unusually slow to answer")):
        slugs = [s.source.slug for s in seen.sources if state_of(s) == state]
        if slugs:
            yield f"{means}: {_some(slugs)}; see: monitor sources list --state {state}"
    gaps = [s.source.slug for s in _followed(seen) if s.last_gap_at is not None and now - s.last_gap_at < GAP_SHOWN]
    if gaps:
        span = length(GAP_SHOWN)
        yield f"posts may have been missed in the last {span} by {_some(gaps)}; see: monitor sources show {gaps[0]}"
    if not followed:
        yield "no source is followed; add one: monitor sources add ADDRESS"
    if not _active(seen):
        yield "no subscription is active, so nothing is ever sent; see config/subscriptions.yaml"
    given_up, lately = _given_up(seen, now=now)
    if given_up and not lately:
        yield given_up
    if seen.oldest_waiting_at is not None and now - seen.oldest_waiting_at > LONG_WAIT:
        waited = length(now - seen.oldest_waiting_at)
        yield f"a message has been waiting for {waited}; see: monitor deliveries list --state waiting"


def process_ended(process: str) -> bool:
    """Whether a process "host:id" is known to be no more: only those of this very machine can be looked at."""
    host, _, number = process.rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _some(slugs: Sequence[str], *, shown: int = 5) -> str:
    more = len(slugs) - shown
    return ", ".join(slugs[:shown]) + (f" and {more} more" if more > 0 else "")
