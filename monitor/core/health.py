"""In what state a source is, judged by its own history: fine, slow, silent, failing or gone.

A state is for people, who stop reading about one that changes with every poll. So one failed poll is not yet `failing`
where waiting may help, one slow answer is not `slow`, and what comes and goes must stay before it counts as over. The
exact conditions stand in docs/polling.md.

`Answers` is what a judgement needs to remember between two polls: how long the last answers took, how long they
usually take, and which of the last polls failed. It is learnt and judged for every poll of thousands of sources, so it
is kept in a few bytes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.model import Health, Outcome, Poll
from monitor.core.pacing import weight_of

FAILURES = 2  # polls in a row that failed: no accident any more
RETURNS = 3  # successes in a row that end the failing of a source which came and went

_LATEST = 7  # answers whose middle is "now"
_ENOUGH = 5  # of them, before anything is concluded
_USUAL = 32  # middles remembered, one every …
_EVERY = 3  # … hours: four days
_ACQUAINTED = 8  # of them, before anything is called unusual

_TIMES, _LEAST = 4.0, 2.0  # slower than usual by so much, and seconds that an answer takes at least, to be slow, …
_TIMES_STILL, _LEAST_STILL = 2.0, 1.0  # … and to stay so
_NEAR, _NEAR_STILL = 0.7, 0.5  # share of the time-out that is slow whatever is usual

_VERSION = 1
_HEAD = struct.Struct("<BBIBB")
_STEPS = 12  # to an octave: a step is 6 %


@dataclass(frozen=True, slots=True)
class Answers:
    """How a source answered of late. `Answers()` knows nothing; `learnt` gives the next one."""

    latest: bytes = b""  # how long each of the last answers took, oldest first, as `_code` gives it
    usual: bytes = b""  # the middle of `latest`, taken every few hours, oldest first
    sampled: int = 0  # hours since 1970 at which the newest of `usual` was taken
    failed: int = 0  # of the last 8 polls, one bit each, the newest lowest

    def to_bytes(self) -> bytes:
        """For storing: at most 47 bytes, the first is the version."""
        head = _HEAD.pack(_VERSION, self.failed, self.sampled, len(self.latest), len(self.usual))
        return head + self.latest + self.usual

    @staticmethod
    def from_bytes(stored: bytes) -> Answers:
        """What `to_bytes` gave; what has another version or is damaged is learnt again."""
        if len(stored) < _HEAD.size or stored[0] != _VERSION:
            return Answers()
        _, failed, sampled, latest, usual = _HEAD.unpack_from(stored)
        if len(stored) != _HEAD.size + latest + usual:
            return Answers()
        split = _HEAD.size + latest
        return Answers(stored[_HEAD.size : split], stored[split:], sampled, failed)

    @property
    def now(self) -> float | None:
        """Seconds that an answer takes now: the middle of the last ones. None while too few are known."""
        return _seconds(_middle(self.latest)) if len(self.latest) >= _ENOUGH else None

    @property
    def usually(self) -> float | None:
        """Seconds that an answer usually takes. None while too little is known."""
        return _seconds(_middle(self.usual)) if len(self.usual) >= _ACQUAINTED else None

    @property
    def successes(self) -> int:
        """Polls in a row, up to 8, that ended well, the newest last."""
        return (self.failed & -self.failed).bit_length() - 1 if self.failed else 8

    @property
    def spells(self) -> int:
        """How many separate times the source failed within the last 8 polls."""
        return (self.failed & ~(self.failed << 1)).bit_count()


def learnt(answers: Answers, poll: Poll, *, timeout: timedelta) -> Answers:
    """`answers` after a poll. One that ran into the time-out counts as an answer that took as long; further ones in a
    row do not: the source is not slow then, it is down."""
    failed = poll.outcome in {Outcome.FAILED, Outcome.GONE}
    took = timeout if poll.reason == "timeout" and poll.memory.failures < FAILURES else poll.answered_in
    latest, usual, sampled = answers.latest, answers.usual, answers.sampled
    if took is not None:
        latest = (latest + bytes((_code(took.total_seconds()),)))[-_LATEST:]
        hour = int(poll.finished_at.timestamp() // 3600)
        if hour >= sampled + _EVERY and len(latest) >= _ENOUGH:
            usual, sampled = (usual + bytes((_middle(latest),)))[-_USUAL:], hour
    return Answers(latest, usual, sampled, ((answers.failed << 1) | failed) & 0xFF)


def judged(
    before: Health, poll: Poll, *, new: int, answers: Answers, timeout: timedelta, everything_failing: bool = False
) -> tuple[Health, str]:
    """The state after a poll that brought `new` posts, and why it is that one, as a sentence without its capital.

    `answers` are those learnt, this poll included. `everything_failing` says that hardly any source can be read: then
    it is our own network, and no source is to blame.
    """
    match poll.outcome:
        case Outcome.POSTPONED:
            return before, ""
        case Outcome.GONE:
            return Health.GONE, poll.error or ""
        case Outcome.FAILED:
            weight = weight_of(poll.reason)
            if before is Health.GONE or (everything_failing and weight.ours):
                return before, ""
            certain = poll.memory.failures >= FAILURES or before is Health.NEW or weight.lasting
            return (Health.FAILING if certain else before), poll.error or ""
    if before is Health.FAILING and answers.spells > 1 and answers.successes < RETURNS:
        return before, ""
    if before is Health.SILENT and not new:
        return before, ""
    if (sentence := _slow(answers, already=before is Health.SLOW, timeout=timeout.total_seconds())) is not None:
        return Health.SLOW, sentence
    return Health.FINE, _recovered(before, poll, new=new, answers=answers)


def silent_why(since: datetime, expected: float) -> str:
    """Why a source is called silent: nothing came since then, while so many posts would have been usual."""
    number = f"{expected:,.0f} posts" if expected >= 1.5 else "a post"
    return f"nothing new since {since:%Y-%m-%d %H:%M} UTC, where {number} would have been usual at these hours"


def _slow(answers: Answers, *, already: bool, timeout: float) -> str | None:
    """Why the source is slow; None where it is not."""
    now, usually = answers.now, answers.usually
    if now is None:
        return None
    if now >= (_NEAR_STILL if already else _NEAR) * timeout:
        return f"its answers take {_spelt(now)}, and {_spelt(timeout)} is the most that is waited for"
    times, least = (_TIMES_STILL, _LEAST_STILL) if already else (_TIMES, _LEAST)
    if usually is not None and now >= max(least, times * usually):
        return f"its answers take {_spelt(now)}, usually {_spelt(usually)}"
    return None


def _recovered(before: Health, poll: Poll, *, new: int, answers: Answers) -> str:
    match before:
        case Health.FAILING | Health.GONE:
            failures = poll.source.memory.failures
            return f"read again after {failures} failed polls" if failures > 1 else "read again"
        case Health.SILENT:
            return f"{new} new posts" if new != 1 else "a new post"
        case Health.SLOW if answers.now is not None:
            return f"its answers take {_spelt(answers.now)} now"
    return ""


def _middle(codes: bytes) -> int:
    return sorted(codes)[len(codes) // 2]


def _code(seconds: float) -> int:
    """A duration as one byte: a twelfth of an octave a step, from a millisecond to 40 minutes."""
    return min(255, round(_STEPS * math.log2(1 + max(seconds, 0.0) * 1000)))


def _seconds(code: int) -> float:
    return (2 ** (code / _STEPS) - 1) / 1000


def _spelt(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s" if seconds >= 0.95 else f"{seconds:.2f} s"
