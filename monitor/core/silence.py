"""Whether a source is quieter than it usually is at these hours and weekdays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from monitor.core.rhythm import FADE, WEEK, Rhythm, burst_size, expected_in, hours_of

UNUSUAL = 0.001  # a quiet spell this improbable is reported
_FEW = 3.0  # hours with posts to be expected in the spell, at least
_SPELLS = 5.0  # that must have been seen to know what is usual, and …
_ACQUAINTED = 10 * 24  # … hours of observing


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """How a quiet spell compares with the source's habit."""

    unusual: bool
    probability: float  # of a spell at least this long, by the source's own habit; 1 while too little is known
    expected: float  # posts that would have been usual in that time; 0 while too little is known


def silence(rhythm: Rhythm, since: datetime, now: datetime) -> Silence:
    """Whether no post since `since` is unusual for this source at these hours and weekdays.

    The spell is measured in hours-with-posts to be expected and compared with the spells seen so far: their variance
    says whether the source is regular (a gamma law, light tail) or comes in bursts and takes holidays (a Lomax law,
    heavy tail). The estimates' own uncertainty is taken off, and a source that is hardly known is never unusual.
    """
    if sum(rhythm.hours) + rhythm.open_hours < _ACQUAINTED or rhythm.gaps < _SPELLS:
        return Silence(unusual=False, probability=1.0, expected=0.0)
    begin, end = hours_of(since), hours_of(now)
    weeks = max(end - begin, 0.0) / WEEK
    faded = FADE ** min(weeks, 100.0)
    # The spell itself has already been learnt as a habit: undo that, or a source that died would soon count as normal.
    observed = sum(rhythm.hours) + rhythm.open_hours
    before = max((observed - WEEK * (1 - faded) / (1 - FADE)) / faded, min(observed, float(_ACQUAINTED)))
    bursts = rhythm.bursts / faded
    expected = expected_in(rhythm, begin, end) * observed / (faded * before) if observed else 0.0
    if bursts < _SPELLS:
        return Silence(unusual=False, probability=1.0, expected=expected)
    size = burst_size(rhythm)
    spells = rhythm.gaps + 2
    mean = (rhythm.gap_sum + 2) / spells
    scatter = (rhythm.gap_squares + 6) / spells / (mean * mean) - 1  # two spells of an irregular source as a prior
    length = expected / size * (1 - 1 / math.sqrt(bursts))
    probability = _longer(length / mean, max(scatter, 0.25))
    unusual = probability < UNUSUAL and length >= _FEW
    return Silence(unusual=unusual, probability=probability, expected=expected)


def _longer(length: float, scatter: float) -> float:
    """The probability that a spell of mean 1 and variance `scatter` lasts longer than `length`."""
    if scatter > 1.02:
        shape = 2 * scatter / (scatter - 1)
        return float((1 + length / (shape - 1)) ** -shape)
    shape = int(1 / scatter)  # rounded down: the heavier tail
    scaled = shape * length
    return math.exp(-scaled) * sum(scaled**n / math.factorial(n) for n in range(shape)) if scaled < 700 else 0.0
