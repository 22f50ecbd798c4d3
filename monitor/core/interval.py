"""How long to wait before the next look at a source, from its rhythm."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from monitor.core.rhythm import HOUR, SLOTS, USUAL_RATE, Rhythm, habit_of, hours_of

_MINUTES_DOUBT = 6.0  # posts that an even spread over the hour weighs
_WARMTH = 0.2  # posts that follow one post within about an hour beyond the habit, while nothing is known
_WARMTH_DOUBT = 20.0  # what that guess weighs, in squared posts
_FORESIGHT = 8 * 24.0  # hours; where a whole week does not make a poll worth its request, the ceiling decides
_SURPRISE = USUAL_RATE / 10  # posts an hour that no habit foretells, …
_SURPRISE_HALVED = 28 * 24.0  # … half as many once a source was silent for so many hours, a third after twice that
_INSTANT = 1e-6  # hours; moments nearer than this are one, as hours since 1970 are not exact to more
_MARGIN = 0.5  # of a window may be filled between two polls at the highest rate that was seen


def interval_at(rhythm: Rhythm, now: datetime, *, floor: timedelta, ceiling: timedelta, base: timedelta) -> timedelta:
    """How long after a poll at `now` the next is worth its request; `base` is that for a source not known yet.

    What is to be least is the sum of all delays plus a price for each request. Two things must hold before a request is
    made: the delay that posts have gathered by then, as far as habit tells, is worth the price; and waiting longer does
    not pay, which it does while the rate rises (at the least total, the posts expected since the last poll equal the
    present rate times the time to the next poll). With a steady rate that is an interval in proportion to 1/√rate; a
    daily bulletin is looked for shortly after its minute. The price is such that USUAL_RATE gives `base`.

    Beside what habit tells, every source may speak unforeseen, at night or after months: the statement that matters
    most is rarely the usual one. So a source that posts is not left alone for more than four times `base` at any hour,
    and one that fell silent is looked at ever more rarely (by the rule of succession: the longer it was silent, the
    less likely it speaks within the hour).

    The result lies between `floor` and `ceiling` and is short enough that the document's window cannot overflow at the
    highest rate that was seen.
    """
    lowest, highest = floor / HOUR, max(floor, ceiling) / HOUR
    highest = max(lowest, min(highest, _overflow_bound(rhythm)))
    begin = hours_of(now)
    price = (base / HOUR) ** 2 * (USUAL_RATE + _SURPRISE)  # twice the price of a request, in post-hours
    wait = _wait(rhythm, begin, price, lowest, highest) if rhythm.known else base / HOUR
    return min(max(floor, wait * HOUR), highest * HOUR)


def _overflow_bound(rhythm: Rhythm) -> float:
    """Hours in which the window cannot overflow as far as is known."""
    bound = rhythm.limit or math.inf
    if rhythm.window > 0:
        room = rhythm.window * _MARGIN
        by_hour = room / max(rhythm.peak_hour, rhythm.open_posts, 1e-9)
        by_day = 24 * room / max(rhythm.peak_day, rhythm.day_posts, 1e-9)
        bound = min(bound, max(by_hour, by_day if by_day >= 24 else 0.0))
    return bound


def _wait(rhythm: Rhythm, begin: float, price: float, lowest: float, highest: float) -> float:
    rate = habit_of(rhythm)
    surprise = _SURPRISE / (1 + max(begin - rhythm.last_post, 0.0) / _SURPRISE_HALVED)
    doubt = _MINUTES_DOUBT / SLOTS
    share = SLOTS / (sum(rhythm.minutes) + _MINUTES_DOUBT)
    by_slot = [(number + doubt) * share for number in rhythm.minutes]
    least_slot = min(by_slot)
    warmth = _warmth(rhythm) * rhythm.heat * math.exp(min(rhythm.known_until - begin, 0.0))
    expected = waited = 0.0  # posts since `begin`, and the sum of their delays
    end = begin + min(highest, _FORESIGHT)
    at = begin
    while at < end - _INSTANT:
        hour = int(at + _INSTANT)
        habit = rate(hour)
        least, mean = habit * least_slot + surprise, habit + surprise
        until = min(hour + 1.0, end)
        most = expected + mean
        # Not in this hour: no need for minutes.
        if abs(warmth * math.exp(begin - at)) < 0.05 * mean and most * most < price * least:
            came = mean * (until - at)
            waited += (expected + came / 2) * (until - at)
            expected += came
            at = until
            continue
        while at < until - _INSTANT:
            slot = max(int((at - hour + _INSTANT) * SLOTS), 0)
            step = min(hour + (slot + 1) / SLOTS, until) - at
            warm = warmth * math.exp(begin - at)
            now_rate = max(habit * by_slot[min(slot, SLOTS - 1)] + surprise + warm, 0.1 * least)
            # The earliest moment in this slot at which enough is expected, and at which enough delay has gathered.
            enough = max((math.sqrt(price * now_rate) - expected) / now_rate, 0.0)
            patient = (math.sqrt(max(expected * expected + now_rate * (price - 2 * waited), 0.0)) - expected) / now_rate
            need = max(enough, patient, begin + lowest - at)
            if need <= step:
                return at + need - begin
            waited += (expected + now_rate * step / 2) * step
            expected += now_rate * step
            at += step
    return highest


def _warmth(rhythm: Rhythm) -> float:
    """Posts that one post calls for; negative where a post makes another one soon unlikely."""
    learnt = (rhythm.warmth_sum + _WARMTH * _WARMTH_DOUBT) / (rhythm.warmth_weight + _WARMTH_DOUBT)
    return min(max(learnt, -0.8), 0.8)
