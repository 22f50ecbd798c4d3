"""What is unusual: posts on an organisation or region against the same weekdays of the four weeks before.

News comes in bursts, so little is concluded: something is unusual only where the weeks before are known, the figure is
far outside of what chance gives (a Poisson count), and it lies beyond nearly every single day of those weeks. Medians
are compared, so that one great day among the four does not make all others look quiet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from statistics import median

from monitor.core.model import Trend, Trends

WEEKS = 4
ENOUGH = 21  # known days of the 28 from which on something may be called unusual
FEWEST = 5  # posts that make more than usual worth a word
FAR = 3.0  # standard deviations of a Poisson count
TIMES = 2.0  # at least twice, at most half
LONGEST = timedelta(days=7)  # that is compared; of a longer gap its last week
SHORTEST = timedelta(days=1)  # hours have a rhythm of their own, which day counts do not know
KEPT = 12  # of each facet

Key = tuple[str, str]
"""Facet and slug of a tag; two empty strings for all posts."""

ALL: Key = ("", "")
_DAY = timedelta(days=1)


def span(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The time that is compared for an edition: its own, a day at least and a week at most, ending when it does."""
    return min(max(since, until - LONGEST), until - SHORTEST), until


def days_before(since: datetime) -> tuple[date, ...]:
    """The days of UTC that a time from `since` on is compared with, the oldest first."""
    first = since.astimezone(UTC).date()
    return tuple(first - number * _DAY for number in range(7 * WEEKS, 0, -1))


def trends(
    now: Mapping[Key, int],
    before: Mapping[date, Mapping[Key, int]],
    *,
    since: datetime,
    until: datetime,
    names: Mapping[Key, str],
    facets: Sequence[str],
) -> Trends:
    """`now` against `before`: posts of each tag, and of ALL, between the two times and on each day before.

    A day on which nothing at all was posted is one on which nobody looked: it counts as unknown. `names` holds the tags
    that may be shown; `facets` says which kinds, in order.
    """
    known = {day: counts for day, counts in before.items() if counts.get(ALL)}

    def one(key: Key) -> Trend:
        usual = _usual({day: counts.get(key, 0) for day, counts in known.items()}, since=since, until=until)
        found = Trend(facet=key[0], slug=key[1], label=names.get(key, ""), posts=now.get(key, 0), usual=usual)
        daily = [counts.get(key, 0) for counts in known.values()]
        return replace(found, unusual=_unusual(found, daily, length=until - since))

    tags: list[Trend] = []
    for facet in facets:
        of_facet = [one(key) for key in names if key[0] == facet]
        worth = [trend for trend in of_facet if trend.posts or trend.unusual]
        worth.sort(key=lambda trend: (-max(trend.posts, (trend.usual or 0) * trend.unusual), trend.label, trend.slug))
        tags += [trend for place, trend in enumerate(worth) if place < KEPT or trend.unusual]
    return Trends(since=since, until=until, days=len(known), total=one(ALL), tags=tuple(tags))


def unusual(found: Trends) -> tuple[Trend, ...]:
    """What is worth a word in the headline, the furthest from the usual first."""
    return tuple(
        sorted(
            (trend for trend in (found.total, *found.tags) if trend.unusual),
            key=lambda trend: (trend.facet != "", -_distance(trend), trend.slug),
        )
    )


def relevant(shown: Iterable[Key], chosen: Collection[Key], counted: Iterable[Key], *, everything: bool) -> set[Key]:
    """Tags that a subscriber has to do with: those of the stories shown, those asked for by name, or all of them."""
    return {*shown, *chosen, *(counted if everything else ())}


def _usual(daily: Mapping[date, int], *, since: datetime, until: datetime) -> float | None:
    """Posts to be expected in that time: of each day in it the share that it covers, of that weekday's median."""
    if len(daily) < 7:
        return None
    over_all = median(daily.values())
    by_weekday: dict[int, list[int]] = {}
    for day, posts in daily.items():
        by_weekday.setdefault(day.weekday(), []).append(posts)
    expected = 0.0
    for begin, end in pairwise(_midnights(since, until)):
        same = by_weekday.get(begin.weekday(), [])
        expected += (median(same) if len(same) > 1 else over_all) * ((end - begin) / _DAY)
    return expected


def _midnights(since: datetime, until: datetime) -> list[datetime]:
    """Both times and every midnight of UTC between them."""
    begin, end = since.astimezone(UTC), until.astimezone(UTC)
    found = [begin]
    while (following := datetime.combine(found[-1].date() + _DAY, datetime.min.time(), UTC)) < end:
        found.append(following)
    return [*found, end]


def _unusual(trend: Trend, daily: Sequence[int], *, length: timedelta) -> bool:
    if trend.usual is None or len(daily) < ENOUGH or _distance(trend) < FAR:
        return False
    a_day = trend.posts / (length / _DAY)
    in_order = sorted(daily)
    if trend.posts > trend.usual:  # beyond all days but one
        return trend.posts >= max(FEWEST, TIMES * trend.usual) and a_day > in_order[-2]
    return trend.posts * TIMES <= trend.usual and a_day < in_order[1]


def _distance(trend: Trend) -> float:
    usual = trend.usual or 0.0
    return abs(trend.posts - usual) / sqrt(max(usual, 1.0))
