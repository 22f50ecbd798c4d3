"""When a watch speaks up by itself, and of what: decisions over what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from math import sqrt
from zoneinfo import ZoneInfo

from monitor.core.model import Alerts, Change, Evidence, Priority, Quiet, QuietHours, Sensitivity, StoredPost, Watch

SPIKE_WINDOW = timedelta(hours=1)
HISTORY_WEEKS = 6  # looked back on for what is usual
LEAST_HISTORY = timedelta(weeks=1)  # before that nothing is unusual
SPIKE_REST = timedelta(hours=6)  # between two alerts of a spike, which may last

# Stories in an hour that make a spike at least, and how many standard deviations above what is usual.
_SPIKES = {Sensitivity.LOW: (12, 6.0), Sensitivity.MEDIUM: (7, 4.0), Sensitivity.HIGH: (4, 3.0)}


class Kind(StrEnum):
    """Why an alert is sent."""

    FOUND = "found"
    EDITED = "edited"  # an edit brought or took away the words, or a post was withdrawn
    SPIKE = "spike"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story in an alert."""

    stored: StoredPost  # the first post of the story that was found
    evidence: tuple[Evidence, ...]
    change: Change | None = None
    before: str = ""  # of an edited post: the sentence that is no more
    others: int = 0  # further posts of the same story in which it was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What one message tells."""

    watch: Watch
    kind: Kind
    at: datetime
    told: tuple[Told, ...] = ()
    number: int = 0  # spike: stories in the last hour
    usual: float = 0.0  # spike: how many are usual at this hour of this weekday
    since: datetime | None = None  # silence: when it was last found, None for never
    sources: int = 0  # silence: sources that were to be read in that time …
    checked: int = 0  # … and that were
    labels: Mapping[str, str] = field(default_factory=dict)
    follows: str = (
        ""  # the alert that told of these stories first, as `alert_key` writes it; "" where this is the first
    )
    followed: str = ""  # the subject of that one


def alert_key(alert: Alert) -> str:
    """The same for every process that makes this alert; each recipient's message adds its own end to it."""
    stamp = alert.at.strftime("%Y%m%dT%H%M%S%fZ")
    key = f"alert-{alert.watch.slug}-{alert.kind.value}-{stamp}"
    return f"{key}-{blake2b(alert.follows.encode(), digest_size=4).hexdigest()}" if alert.follows else key


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Whether now is a time to alert; if not, when to look again."""

    speak: bool
    again_at: datetime
    drop: bool = False  # what is waiting is not alerted at all


def timing(alerts: Alerts, priority: Priority, *, last_alert_at: datetime | None, now: datetime) -> Timing:
    """Quiet hours and cool-down."""
    quiet_until = end_of_quiet(alerts.quiet, now) if alerts.quiet else None
    if alerts.quiet is not None and quiet_until is not None:
        passes = alerts.quiet.then is Quiet.CRITICAL and priority is Priority.CRITICAL
        if alerts.quiet.then is Quiet.NONE:
            return Timing(speak=False, again_at=now + max(alerts.every, timedelta(minutes=1)), drop=True)
        if not passes:
            return Timing(speak=False, again_at=quiet_until)
    if last_alert_at is not None and now < last_alert_at + alerts.cooldown:
        return Timing(speak=False, again_at=last_alert_at + alerts.cooldown)
    return Timing(speak=True, again_at=now + alerts.every)


def end_of_quiet(hours: QuietHours, at: datetime) -> datetime | None:
    """When the quiet hours end that `at` lies in, in UTC; None outside of them."""
    zone = ZoneInfo(hours.timezone)
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = hours.end <= hours.start
    inside = clock >= hours.start or clock < hours.end if over_midnight else hours.start <= clock < hours.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and clock >= hours.start else local.date()
    return datetime.combine(day, hours.end, tzinfo=zone).astimezone(UTC)


def enough_since(
    times: Sequence[datetime], told: Sequence[datetime] = (), *, stories: int, within: timedelta
) -> datetime | None:
    """The start of the first stretch of `within` that holds so many stories, one of them new; None where none does.

    `times` are those of new stories, `told` those of stories that were told before: they count too, else what comes
    right after an alert would wait for as many again, and what is told would depend on when one looks.
    """
    ordered = sorted([(at, True) for at in times] + [(at, False) for at in told])
    for first in range(len(ordered) - stories + 1):
        stretch = ordered[first : first + stories]
        if stretch[-1][0] - stretch[0][0] <= within and any(new for _, new in stretch):
            return stretch[0][0]
    return None


def is_spike(number: int, usual: float, sensitivity: Sensitivity) -> bool:
    """Whether so many in an hour are more than chance makes of what is usual (counts scatter by their square root)."""
    least, deviations = _SPIKES[sensitivity]
    return number >= least and number > usual + deviations * sqrt(usual + 0.25)


def usual_number(times: Sequence[datetime], *, now: datetime, since: datetime) -> float | None:
    """How many are usual in the hour before `now`, from what was found since `since`; None where that is too little.

    The same hour of the same weekday counts for half, the same hour of any day for a quarter, all hours for the rest:
    each alone has too few numbers to be trusted.
    """
    span = now - since
    if span < LEAST_HISTORY:
        return None
    past = [at for at in times if since <= at <= now - SPIKE_WINDOW]
    weeks, days, hours = span / timedelta(weeks=1), span / timedelta(days=1), span / timedelta(hours=1)

    def near(at: datetime, period: timedelta) -> bool:
        return (now - at) % period <= SPIKE_WINDOW

    weekly = sum(near(at, timedelta(weeks=1)) for at in past) / max(weeks, 1)
    daily = sum(near(at, timedelta(days=1)) for at in past) / max(days, 1)
    return 0.5 * weekly + 0.25 * daily + 0.25 * len(past) / max(hours, 1)
