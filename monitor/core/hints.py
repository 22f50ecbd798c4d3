"""What a server and its feed say about when to come back, and how far they are believed.

HTTP says how long an answer is fresh (RFC 9111); RSS 2.0 has `ttl`, `skipHours` and `skipDays`, the syndication module
`sy:updatePeriod`, `sy:updateFrequency` and `sy:updateBase`. Many of these are a default that nobody looked at ("ttl
1440" on an agency's feed). So they are hints: they make an interval longer within limits, never shorter, and not
against what the source was seen to do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.core.rhythm import Rhythm, expected_posts, seen_at_hour, seen_on_weekday

LONGEST = timedelta(days=7)  # what asks for more is held to this
STRETCH = 2  # times the learnt interval that hints can make of it
_PROOF = 1.5  # faded posts at an hour to be skipped, that show that it is not
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_DIRECTIVE = re.compile(r'([A-Za-z-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;]*)))?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What was asked for; whatever was not, or makes no sense, is None or empty."""

    fresh_until: datetime | None = None  # of this one answer
    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()  # 0 to 23, UTC
    skip_days: frozenset[int] = frozenset()  # Monday is 0, UTC
    period: timedelta | None = None  # between two updates
    base: datetime | None = None  # updates happen at this moment and whole periods after it

    def joined(self, newer: Hints) -> Hints:
        """With what a newer answer says: a document's hints stay until another document replaces them."""
        says = newer.ttl or newer.skip_hours or newer.skip_days or newer.period
        document = newer if says else self
        return Hints(
            fresh_until=newer.fresh_until,
            ttl=document.ttl,
            skip_hours=document.skip_hours,
            skip_days=document.skip_days,
            period=document.period,
            base=document.base,
        )

    def to_json(self) -> dict[str, Any]:
        """What outlives one answer, as values that JSON knows; empty where nothing was asked for."""
        values: dict[str, Any] = {
            "ttl": self.ttl and int(self.ttl.total_seconds()),
            "skip_hours": sorted(self.skip_hours),
            "skip_days": sorted(self.skip_days),
            "period": self.period and int(self.period.total_seconds()),
            "base": self.base and self.base.isoformat(),
        }
        return {name: value for name, value in values.items() if value}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Hints:
        """What `to_json` gave."""
        ttl, period, base = stored.get("ttl"), stored.get("period"), stored.get("base")
        return Hints(
            ttl=timedelta(seconds=ttl) if ttl else None,
            skip_hours=frozenset(stored.get("skip_hours", ())),
            skip_days=frozenset(stored.get("skip_days", ())),
            period=timedelta(seconds=period) if period else None,
            base=datetime.fromisoformat(base) if base else None,
        )


# ── what was said ──────────────────────────────────────────────────────────────────────────────────────────


def from_headers(headers: Mapping[str, str], *, now: datetime) -> Hints:
    """How long an answer received at `now` is fresh for a private cache (RFC 9111, 4.2 and 5.2.2).

    `max-age` less `Age`, else `Expires` less `Date` (which takes the server's own clock out of it). `no-store` and
    `no-cache` say that nothing is; `s-maxage` speaks to shared caches and is left alone. Names in any case.
    """
    named = {name.lower(): value for name, value in headers.items()}
    control = {
        name.lower(): quoted or plain for name, quoted, plain in _DIRECTIVE.findall(named.get("cache-control", ""))
    }
    if "no-store" in control or "no-cache" in control:
        return Hints()
    if "max-age" in control:
        stated, aged = _seconds(control["max-age"]), _seconds(named.get("age", "0"))
        fresh = None if stated is None else stated - (aged or timedelta())
    else:
        expires = _http_date(named.get("expires", ""))
        fresh = None if expires is None else expires - (_http_date(named.get("date", "")) or now)
    if fresh is None or fresh <= timedelta():
        return Hints()
    return Hints(fresh_until=now + min(fresh, LONGEST))


def from_feed(
    *,
    ttl: str = "",
    skip_hours: Collection[str] = (),
    skip_days: Collection[str] = (),
    update_period: str = "",
    update_frequency: str = "",
    update_base: str = "",
) -> Hints:
    """The elements of a feed as written. What is no number, no weekday or no known period counts as not said.

    `ttl` is in minutes. Hours are 0 to 23 GMT, 24 is the midnight of RSS 0.91. A feed that skips every hour or every
    day says nothing. `update_frequency` is how often in one period, 1 where it is not given.
    """
    minutes = _seconds(ttl, unit=60)
    hours = frozenset(
        int(hour) % 24 for hour in map(str.strip, skip_hours) if _NUMBER.fullmatch(hour) and int(hour) <= 24
    )
    days = frozenset(_DAYS.index(day) for day in (day.strip().lower() for day in skip_days) if day in _DAYS)
    often = _NUMBER.fullmatch(update_frequency.strip())
    period = _PERIODS.get(update_period.strip().lower())
    if period is not None:
        period = min(period / max(int(often[0]) if often else 1, 1), LONGEST)
    return Hints(
        ttl=min(minutes, LONGEST) if minutes else None,
        skip_hours=hours if len(hours) < 24 else frozenset(),
        skip_days=days if len(days) < 7 else frozenset(),
        period=period or None,  # so often that it rounds to nothing
        base=_w3c_date(update_base) if period else None,
    )


def _seconds(text: str, *, unit: int = 1) -> timedelta | None:
    """Delta-seconds, of any size (RFC 9111, 1.2.2)."""
    number = _NUMBER.fullmatch(text.strip())
    return timedelta(seconds=min(int(number[0]) * unit, 10**9)) if number else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text.strip())
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _w3c_date(text: str) -> datetime | None:
    """A date and time of the W3C's profile of ISO 8601; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter in the years 1 and 9999
        return None


# ── how far it is believed ─────────────────────────────────────────────────────────────────────────────────


def honoured(hints: Hints, interval: timedelta, *, now: datetime, ceiling: timedelta, rhythm: Rhythm) -> timedelta:
    """`interval` made as long as the hints ask, at most STRETCH times and at most the ceiling, and never shorter.

    A hint is not believed where the source was seen to do otherwise: when more than one post is usual in the time that
    it asks to wait, or when posts were seen at the hours it says to skip.
    """
    most = max(min(interval * STRETCH, ceiling), interval)
    wait = interval
    for asked in _asked(hints, interval, now=now):
        wanted = min(asked, most)
        if wanted > wait and expected_posts(rhythm, now, now + min(asked, ceiling)) <= 1:
            wait = wanted
    skips = frozenset(hour for hour in hints.skip_hours if seen_at_hour(rhythm, hour) < _PROOF)
    rests = frozenset(day for day in hints.skip_days if seen_on_weekday(rhythm, day) < _PROOF)
    if not skips and not rests:
        return wait
    due = now + wait
    while (due.hour in skips or due.weekday() in rests) and due - now < most:
        due = due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(due - now, most)


def _asked(hints: Hints, interval: timedelta, *, now: datetime) -> list[timedelta]:
    asked = [] if hints.ttl is None else [hints.ttl]
    if hints.fresh_until is not None:
        asked.append(hints.fresh_until - now)
    if hints.period is not None:
        if hints.base is None:
            asked.append(hints.period)
        else:  # the first update after the interval is over
            rest = (now + interval - hints.base) % hints.period
            asked.append(interval + (hints.period - rest) % hints.period)
    return asked
