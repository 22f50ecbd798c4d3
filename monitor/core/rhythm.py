"""What polling has learnt of a source's habits: when it posts, how regularly, how much at once.

A `Rhythm` holds posts and observed time for each of the 168 hours of a week (UTC), both fading with a half-life of
four weeks. The rate at an hour is estimated from coarse to fine: the source's mean, times what its hour of day and its
weekday are to the mean, then the hour of the week itself; each finer level counts for as much as it has evidence. With
it stand the minutes of the hour at which posts appear, how much one post makes another likely within the hour, and how
regular the source is. `interval.py` and `silence.py` draw the conclusions.

Inside, moments are hours since 1970 as floats and lengths are hours: this runs for every poll of thousands of sources.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

USUAL_RATE = (
    0.5  # posts an hour: what a source is taken for while nothing is known; then its interval is the operator's
)
WEEK = 168
SLOTS = 12  # of five minutes
FADE = 0.84  # a week: a habit counts half after four weeks, a fifth after nine
_FADE_HOUR = FADE ** (1 / WEEK)
_FADE_GAP = 0.98  # the lengths of quiet spells fade by number, or a weekly bulletin could never prove to be regular
_MEAN_DOUBT = 1.0  # posts that the usual rate weighs against the source's own, …
_PROFILE_DOUBT = 1.0  # … the source's mean against an hour of day or a weekday, …
_CELL_DOUBT = 2.0  # … and these against an hour of the week
_FORGIVEN = 24.0  # hours after which a window that overflowed binds half as much; the rate seen is remembered
_BACKLOG = 28 * 24  # hours before its first poll that a source's window may speak for
_ZEROS = (0.0,) * WEEK
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is learnt of one source. `Rhythm()` knows nothing; `observe` gives the next one."""

    known_until: float = 0.0  # the last poll that succeeded; 0 before the first
    last_post: float = 0.0  # when the newest post appeared; before the first, when observing began
    posts: tuple[float, ...] = _ZEROS  # for each hour of the week, Monday 00:00 UTC first; faded
    hours: tuple[float, ...] = _ZEROS  # of these, how many were observed; faded alike
    minutes: tuple[float, ...] = (0.0,) * SLOTS  # posts by five minutes of the hour
    open_posts: float = 0.0  # in the hour that is not over
    open_hours: float = 0.0  # of that hour, the share observed
    heat: float = 0.0  # posts of late, each fading to a third in an hour, at `known_until`
    warmth_sum: float = 0.0  # posts beyond the habit × heat: with the next, how much one post calls for another
    warmth_weight: float = 0.0
    bursts: float = 0.0  # hours with at least one post; faded
    quiet: float = 0.0  # such hours to be expected since the last one
    gaps: float = 0.0  # spells between such hours, counted, …
    gap_sum: float = 0.0  # … their lengths in such hours to be expected, …
    gap_squares: float = 0.0  # … and the squares of these
    day_posts: float = 0.0  # in the UTC day that is not over
    peak_hour: float = 0.0  # most posts in one hour, and …
    peak_day: float = 0.0  # … in one day; fading
    window: float = 0.0  # entries that one document shows; 0 unknown
    limit: float = 0.0  # hours; set when a window overflowed, then relaxing; 0 none
    polls: float = 0.0  # faded, …
    repeats: float = 0.0  # … and those of them that brought nothing

    @property
    def known(self) -> bool:
        """Whether anything was observed at all."""
        return self.known_until > 0

    @property
    def known_at(self) -> datetime | None:
        """`known_until` as a moment; None before the first poll that succeeded."""
        return _EPOCH + self.known_until * HOUR if self.known else None

    @property
    def posts_a_day(self) -> float:
        """The mean rate of late, 0 while nothing is known."""
        observed = sum(self.hours) + self.open_hours
        return 24 * (sum(self.posts) + self.open_posts) / observed if observed else 0.0

    @property
    def share_of_repeats(self) -> float:
        """Of the polls of late, the share that brought nothing new, 0 to 1."""
        return self.repeats / self.polls if self.polls else 0.0

    def to_bytes(self) -> bytes:
        """For storing: under 1 KB, the first byte is the version."""
        scalars = [getattr(self, name) for name in _SCALARS]
        return _LAYOUT.pack(_VERSION, *scalars, *self.minutes, *self.posts, *self.hours)

    @staticmethod
    def from_bytes(stored: bytes) -> Rhythm:
        """What `to_bytes` gave. A habit is no record: what has another version or is damaged is learnt again."""
        if len(stored) != _LAYOUT.size or stored[0] != _VERSION:
            return Rhythm()
        values = _LAYOUT.unpack(stored)
        numbers = values[1:]
        if not math.isfinite(sum(numbers)):  # one that is not spoils the sum
            return Rhythm()
        minutes_from = len(_SCALARS)
        posts_from = minutes_from + SLOTS
        hours_from = posts_from + WEEK
        return Rhythm(
            **dict(zip(_SCALARS, numbers[:minutes_from], strict=True)),
            minutes=numbers[minutes_from:posts_from],
            posts=numbers[posts_from:hours_from],
            hours=numbers[hours_from:],
        )


_VERSION = 1
_MOST = 60_000.0  # posts in an hour of the week, faded: fits a half-precision float
_SCALARS = tuple(n for n in Rhythm.__dataclass_fields__ if n not in {"posts", "hours", "minutes"})
_LAYOUT = struct.Struct(f"<B2d{len(_SCALARS) - 2}f{SLOTS}f{2 * WEEK}e")  # two moments, then what needs less precision


# ── learning ───────────────────────────────────────────────────────────────────────────────────────────────


def observe(
    rhythm: Rhythm,
    *,
    at: datetime,
    new: int,
    moments: Sequence[datetime] = (),
    entries: int = 0,
    gap: bool = False,
) -> Rhythm:
    """The rhythm after a poll at `at` that succeeded and brought `new` posts. A poll that failed teaches nothing.

    `moments` are the stated publication times among them, where there is a time of day; those that do not lie between
    the last poll and this one are not believed, and such posts count as spread over that time. At the first poll, whose
    window is all new, the moments tell the past. `entries` is how many a document shows (0: not known this time), `gap`
    that posts may have been missed because the window did not reach back to the last poll.
    """
    now = hours_of(at)
    stated = sorted(hours_of(moment) for moment in moments)
    if not rhythm.known:
        return _begin(now, stated, entries)
    since = rhythm.known_until
    if now <= since:
        return rhythm
    believed = [moment for moment in stated if since < moment <= now][:new]
    start = since
    if gap and believed:
        start = max(since, believed[0] - 1e-6)  # what was posted before it is not known: that time was not observed
    learnt = _learn_habits(rhythm, start, now, believed, max(new, 0))
    fade = _FADE_HOUR ** (now - since)
    limit = rhythm.limit * 2 ** ((now - since) / _FORGIVEN)
    if gap:
        limit = min(limit or math.inf, (now - since) / 4)
    return replace(
        learnt,
        limit=limit if limit < WEEK else 0.0,
        window=float(entries) or rhythm.window,
        polls=rhythm.polls * fade + 1,
        repeats=rhythm.repeats * fade + (new <= 0),
    )


def _begin(now: float, stated: list[float], entries: int) -> Rhythm:
    """A window with dates tells the time since its oldest ones, except those pinned to it: these are left out."""
    stated = [moment for moment in stated if moment <= now]
    fresh = Rhythm(known_until=now, last_post=now, window=float(entries), polls=1.0)
    if len(stated) < 4:
        return fresh
    start = max(stated[max(1, len(stated) // 10)], now - _BACKLOG)
    if now - start < 1:
        return fresh
    believed = [moment for moment in stated if moment > start]
    learnt = _learn_habits(replace(fresh, last_post=start), start, now, believed, len(believed))
    return replace(learnt, warmth_sum=0.0, warmth_weight=0.0, gaps=0.0, gap_sum=0.0, gap_squares=0.0, quiet=0.0)


def _learn_habits(rhythm: Rhythm, start: float, now: float, believed: list[float], new: int) -> Rhythm:
    """`new` posts appeared in the hours from `start` to `now`, `believed` of them at known moments."""
    length = now - start
    first, last = int(start), int(now)
    unstated = (new - len(believed)) / length
    counts: dict[int, int] = {}
    for moment in believed:
        counts[int(moment)] = counts.get(int(moment), 0) + 1

    posts, hours = rhythm.posts, rhythm.hours
    peak_hour, peak_day, day_posts = rhythm.peak_hour, rhythm.peak_day, rhythm.day_posts
    open_posts, open_hours = rhythm.open_posts, rhythm.open_hours
    if first > int(rhythm.known_until):
        open_posts = open_hours = 0.0  # a gap lies between: that hour was not observed to its end
    expected = expected_in(rhythm, start, now)
    if first < last:
        listed_posts, listed_hours = list(posts), list(hours)
    for hour in range(first, last + 1):
        part = min(now, hour + 1.0) - max(start, float(hour))
        came = counts.get(hour, 0) + unstated * part
        open_posts += came
        open_hours += part
        day_posts += came
        if hour == last:
            break
        cell = (hour + 72) % WEEK  # 1970 began on a Thursday
        listed_posts[cell] = min(listed_posts[cell] * FADE + open_posts, _MOST)
        listed_hours[cell] = listed_hours[cell] * FADE + min(open_hours, 1.0)
        peak_hour = max(peak_hour * _FADE_HOUR, open_posts)
        open_posts = open_hours = 0.0
        if hour % 24 == 23:
            peak_day = max(peak_day * _FADE_HOUR**24, day_posts)
            day_posts = 0.0
    if first < last:
        posts, hours = tuple(listed_posts), tuple(listed_hours)

    # Does a post call for another? A straight line through the origin: posts beyond the habit over heat.
    fade = _FADE_HOUR**length
    cooled = math.exp(-min(length, 50.0))
    warm = rhythm.heat * (1 - cooled)
    heat = rhythm.heat * cooled + sum(math.exp(moment - now) for moment in believed) + unstated * (1 - cooled)

    # Quiet spells, measured in hours-with-posts to be expected, so that nights and weekends do not count as long.
    size = burst_size(rhythm)
    quiet = rhythm.quiet + expected / size
    spells = len(counts.keys() - {int(rhythm.last_post)}) + (1 if unstated > 0 and length >= 1 and not counts else 0)
    gaps, gap_sum, gap_squares = rhythm.gaps, rhythm.gap_sum, rhythm.gap_squares
    if spells:
        fade_gaps = _FADE_GAP**spells
        gaps = gaps * fade_gaps + spells
        gap_sum = gap_sum * fade_gaps + quiet
        gap_squares = gap_squares * fade_gaps + quiet * quiet / spells
    if new:
        quiet = 0.0
    return replace(
        rhythm,
        known_until=now,
        last_post=(believed[-1] if believed else now) if new else rhythm.last_post,
        posts=posts,
        hours=hours,
        minutes=_learn_minutes(rhythm.minutes, start, now, believed, new),
        open_posts=open_posts,
        open_hours=open_hours,
        heat=min(heat, 50.0),
        warmth_sum=rhythm.warmth_sum * fade + (new - expected) * warm,
        warmth_weight=rhythm.warmth_weight * fade + warm * warm,
        bursts=rhythm.bursts * fade + spells,
        quiet=quiet,
        gaps=gaps,
        gap_sum=gap_sum,
        gap_squares=gap_squares,
        day_posts=day_posts,
        peak_hour=peak_hour,
        peak_day=peak_day,
    )


def _learn_minutes(
    minutes: tuple[float, ...], start: float, now: float, believed: list[float], new: int
) -> tuple[float, ...]:
    if new > len(believed) and now - start <= 2 / SLOTS:
        believed = [*believed, (start + now) / 2]
    hit = {int(moment % 1 * SLOTS) for moment in believed}  # one burst is one sign, however many posts it has
    if not hit:
        return minutes
    return tuple(number * 0.99 + (slot in hit) for slot, number in enumerate(minutes))


# ── what is to be expected ─────────────────────────────────────────────────────────────────────────────────


def habit_of(rhythm: Rhythm) -> Callable[[int], float]:
    """The rate in posts an hour during an hour since 1970, by habit alone."""
    posts, hours = rhythm.posts, rhythm.hours
    mean = (sum(posts) + rhythm.open_posts + _MEAN_DOUBT) / (sum(hours) + rhythm.open_hours + _MEAN_DOUBT / USUAL_RATE)
    weight = _PROFILE_DOUBT / mean
    weekdays: dict[int, float] = {}
    hours_of_day: dict[int, float] = {}

    def rate(hour: int) -> float:
        cell = (hour + 72) % WEEK
        day, of_day = divmod(cell, 24)
        by_day = weekdays.get(day)
        if by_day is None:
            part = slice(day * 24, day * 24 + 24)
            by_day = weekdays[day] = (sum(posts[part]) + _PROFILE_DOUBT) / (sum(hours[part]) + weight)
        by_hour = hours_of_day.get(of_day)
        if by_hour is None:
            part = slice(of_day, None, 24)
            by_hour = hours_of_day[of_day] = (sum(posts[part]) + _PROFILE_DOUBT) / (sum(hours[part]) + weight)
        return (posts[cell] + _CELL_DOUBT) / (hours[cell] + _CELL_DOUBT * mean / (by_day * by_hour))

    return rate


def expected_in(rhythm: Rhythm, since: float, until: float) -> float:
    """Posts to be expected by habit between two moments, in hours since 1970; beyond four weeks in proportion."""
    if until <= since:
        return 0.0
    stretch = 1.0
    if until - since > _BACKLOG:
        stretch = (until - since) / _BACKLOG
        until = since + _BACKLOG
    rate = habit_of(rhythm)
    total = 0.0
    hour = int(since)
    while hour < until:
        total += rate(hour) * (min(until, hour + 1.0) - max(since, hour))
        hour += 1
    return total * stretch


def expected_posts(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """Posts to be expected between two moments by the source's habit."""
    return expected_in(rhythm, hours_of(since), hours_of(until))


def seen_at_hour(rhythm: Rhythm, hour: int) -> float:
    """Posts of late at an hour of the day (UTC), faded: about 1 means a single recent one."""
    return sum(rhythm.posts[hour::24])


def seen_on_weekday(rhythm: Rhythm, weekday: int) -> float:
    """Posts of late on a weekday (Monday is 0, UTC), faded."""
    return sum(rhythm.posts[weekday * 24 : weekday * 24 + 24])


def burst_size(rhythm: Rhythm) -> float:
    """Posts in an hour that has any."""
    return max((sum(rhythm.posts) + rhythm.open_posts + 1) / (rhythm.bursts + 1), 1.0)


def hours_of(moment: datetime) -> float:
    return (moment - _EPOCH) / HOUR
