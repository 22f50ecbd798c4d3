"""How soon posts are seen, with as many requests: `python -m benchmarks.schedule [WEEKS]`.

A simulated world (no sockets, no sleeping, the same at every run): sources with the habits of real ones post for some
weeks and are polled by the schedule that the service uses, learning from nothing. The same posts are then polled
  · "even": every source at one fixed interval, with as many requests in all;
  · "own": each source at its own fixed interval, with as many requests as our schedule spent on that very source,
    which no one could know beforehand.
A delay runs from publication to the poll that first shows the post.
"""

from __future__ import annotations

import math
import random
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.interval import interval_at
from monitor.core.model import Memory, Outcome, Poll, Source
from monitor.core.pacing import Pace, next_poll_at
from monitor.core.rhythm import Rhythm, observe
from monitor.core.silence import silence

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HISTORY = 28 * 24  # hours before the start: what the first window shows
BASE = timedelta(minutes=15)
PACE = Pace(floor=timedelta(minutes=1), ceiling=timedelta(hours=12))
WINDOW = 25
HOLIDAYS = 0.02  # share of working days on which an office is closed

Rate = Callable[[float], float]  # posts an hour at an hour since START


@dataclass(kw_only=True)
class World:
    """A source with all it ever posts, in hours since START."""

    kind: str
    posts: list[float]
    dated: bool  # states publication times
    died: float = math.inf  # when it stopped, though it used to post
    polls: list[float] = field(default_factory=list)
    lost: int = 0
    alarms: list[float] = field(default_factory=list)  # polls at which it was called unusually quiet


def local(zone: float, hour: float) -> tuple[int, float]:
    shifted = hour + zone
    return int(shifted // 24) % 7, shifted % 24


def thinned(rng: random.Random, rate: Rate, most: float, until: float) -> Iterator[float]:
    """A Poisson process of a changing rate (Lewis and Shedler, 1979)."""
    at = -float(HISTORY)
    while (at := at + rng.expovariate(most)) < until:
        if rng.random() * most < rate(at):
            yield at


def agency(rng: random.Random, until: float) -> list[float]:
    zone, level = rng.choice([-5, 0, 1, 3, 8]), rng.uniform(1, 8)

    def rate(at: float) -> float:
        day, hour = local(zone, at)
        curve = 0.25 + 0.75 * max(0.0, math.sin((hour - 6) / 16 * math.pi)) if 6 <= hour < 22 else 0.25
        return level * curve * (0.5 if day >= 5 else 1)

    return sorted(thinned(rng, rate, level, until))


def ministry(rng: random.Random, until: float) -> list[float]:
    zone, level = rng.choice([-5, 0, 1, 2, 3, 5.5, 8, 9]), rng.uniform(0.1, 0.8)
    closed = {day for day in range(-29, int(until / 24) + 1) if rng.random() < HOLIDAYS}

    def rate(at: float) -> float:
        day, hour = local(zone, at)
        if math.floor((at + zone) / 24) in closed or day >= 5:
            return level * 0.02
        return level if 9 <= hour < 18 else level * 0.03

    return sorted(thinned(rng, rate, level, until))


def bulletin(rng: random.Random, until: float) -> list[float]:
    """Daily on working days or weekly, at a fixed time, a few minutes late, sometimes not at all."""
    days = rng.choice([(0, 1, 2, 3, 4), (rng.randrange(5),)])
    hour = rng.choice([6, 7.5, 9, 10, 12, 15, 17.25])
    return [
        number * 24 + hour + min(rng.expovariate(12), 1.5)
        for number in range(-28, int(until / 24) + 1)
        if number % 7 in days and rng.random() > 0.03
    ]


def bursty(rng: random.Random, until: float) -> list[float]:
    """A few occasions a week, each followed by a cascade within hours."""
    posts: list[float] = []
    occasion = rng.uniform(0.01, 0.04)
    for at in thinned(rng, lambda at: occasion if 7 <= at % 24 < 22 else occasion / 5, occasion, until):
        moment = at
        for _ in range(1 + int(rng.expovariate(1 / 8))):
            posts.append(moment)
            moment += rng.expovariate(4)
    return sorted(post for post in posts if post < until)


def sparse(rng: random.Random, until: float) -> list[float]:
    level = rng.uniform(0.002, 0.02)
    return sorted(thinned(rng, lambda _: level, level, until))


def dead(rng: random.Random, until: float) -> list[float]:
    return sorted(rng.uniform(-9000, -800) for _ in range(WINDOW)) if until else []


def batches(rng: random.Random, until: float) -> list[float]:
    """A press office that releases what it has two or three times a day."""
    times = [h + rng.uniform(-0.3, 0.3) for h in rng.sample([7, 9, 11, 13, 15, 17, 19], 3)]
    posts = []
    for number in range(-28, int(until / 24) + 1):
        for hour in times if number % 7 < 5 else times[:1]:
            if rng.random() < 0.8:
                moment = number * 24 + hour + rng.gauss(0, 0.15)
                posts += [moment + n / 3600 for n in range(1 + rng.randrange(5))]
    return sorted(post for post in posts if post < until)


KINDS: dict[str, tuple[int, Callable[[random.Random, float], list[float]]]] = {
    "agency, day and night": (30, agency),
    "ministry, office hours": (90, ministry),
    "bulletin, fixed time": (40, bulletin),
    "bursts": (30, bursty),
    "batches": (30, batches),
    "sparse": (40, sparse),
    "dead for long": (40, dead),
}


def worlds(until: float) -> Iterator[World]:
    rng = random.Random(20260302)
    for kind, (count, make) in KINDS.items():
        for number in range(count):
            posts = make(rng, until)
            world = World(kind=kind, posts=posts, dated=rng.random() < 0.8)
            if kind in {"agency, day and night", "ministry, office hours", "bulletin, fixed time"} and number % 6 == 5:
                world.died = until * 0.6
                world.posts = [post for post in posts if post < world.died]
            yield world


def run(world: World, *, until: float, rng: random.Random) -> None:
    """Poll one world by the schedule, from an empty memory."""
    rhythm = Rhythm()
    source = Source(slug="x", title="X", kind="feed", url="https://x.example/", interval=BASE)
    at = rng.random() * BASE.total_seconds() / 3600
    seen = 0
    first = True
    while at < until:
        now = START + timedelta(hours=at)
        upto = bisect_right(world.posts, at)
        fresh = world.posts[seen:upto]
        gap = not first and len(fresh) >= WINDOW
        if first or gap:
            world.lost += 0 if first else len(fresh) - WINDOW
            fresh = fresh[-WINDOW:]
        moments = [START + timedelta(hours=post) for post in fresh] if world.dated else []
        rhythm = observe(rhythm, at=now, new=len(fresh), moments=moments, entries=min(upto, WINDOW), gap=gap)
        world.polls.append(at)
        seen, first = upto, False
        if len(world.polls) % 4 == 0 and seen:
            since = START + timedelta(hours=max(world.posts[seen - 1], world.polls[0]))
            if silence(rhythm, since, now).unusual:
                world.alarms.append(at)
        outcome = Outcome.NEW if fresh else Outcome.NOT_MODIFIED
        poll = Poll(source=source, started_at=now, finished_at=now, outcome=outcome, memory=Memory())
        at = (next_poll_at(poll, rhythm=rhythm, pace=PACE, chance=rng.random()) - START) / timedelta(hours=1)


# ── what came of it ────────────────────────────────────────────────────────────────────────────────────────


def delays(world: World, polls: list[float]) -> list[float]:
    """In minutes, of the posts after the first poll and before the last."""
    found = []
    for post in world.posts:
        where = bisect_right(polls, post)
        if 0 < where < len(polls):
            found.append((polls[where] - post) * 60)
    return found


def evenly(requests: float, until: float, phase: float) -> list[float]:
    step = until / max(requests, 1)
    return [step * (phase + number) for number in range(int(until / step))]


def figures(found: list[float]) -> tuple[float, float]:
    ordered = sorted(found)
    return (sum(ordered) / len(ordered), ordered[int(len(ordered) * 0.95)]) if ordered else (0.0, 0.0)


def table(label: str, group: list[World], even: float, until: float) -> list[float]:
    rng = random.Random(7)
    ours: list[float] = []
    fixed: list[float] = []
    own: list[float] = []
    for world in group:
        phase = rng.random()
        ours += delays(world, world.polls)
        fixed += delays(world, evenly(even, until, phase))
        own += delays(world, evenly(len(world.polls), until, phase))
    (mean, late), (mean_even, late_even), (mean_own, late_own) = figures(ours), figures(fixed), figures(own)
    a_day = sum(len(world.polls) for world in group) / len(group) / until * 24
    row = f"{label:24}{len(group):5}{len(ours):8}{a_day:9.1f}{mean:9.1f}{late:7.0f}{mean_even:9.1f}{late_even:7.0f}"
    ratio = (
        f"{mean / mean_even:7.2f}{late / late_even:6.2f}{mean / mean_own:9.2f}{late / late_own:6.2f}" if ours else ""
    )
    lost = sum(world.lost for world in group)
    print(f"{row}{mean_own:9.1f}{late_own:7.0f}{ratio}{lost:6}")
    return ours


def silences(group: list[World], until: float) -> None:
    dying = [world for world in group if world.died < math.inf]
    spells = falsely = 0
    for world in group:
        true = world.died if world.died < math.inf else math.inf
        wrong = [at for at in world.alarms if at < true or true == math.inf]
        spells += len({bisect_right(world.posts, at) for at in wrong})
        falsely += bool(wrong)
    found = [
        min(at for at in world.alarms if at > world.died) - world.died
        for world in dying
        if any(at > world.died for at in world.alarms)
    ]
    years = sum(min(world.died, until) for world in group) / 8766
    print(f"\nsilence: {len(found)} of {len(dying)} that stopped were noticed", end="")
    if found:
        found.sort()
        print(
            f", half of them within {found[len(found) // 2] / 24:.1f} days, the last after {found[-1] / 24:.1f}", end=""
        )
    print(f";\n  false: {spells} spells in {years:.1f} source-years, at {falsely} of {len(group)} sources")


def speed() -> None:
    rng = random.Random(1)
    rhythm = observe(Rhythm(), at=START, new=0)
    at, took, asked, number = START, 0.0, 0.0, 20_000
    for _ in range(number):
        at += timedelta(minutes=rng.uniform(1, 60))
        new = rng.choice([0, 0, 0, 1, 2])
        began = time.process_time()
        rhythm = observe(rhythm, at=at, new=new, moments=[at - timedelta(seconds=20)] * new, entries=25)
        between = time.process_time()
        interval_at(rhythm, at, floor=PACE.floor, ceiling=PACE.ceiling, base=BASE)
        asked += time.process_time() - between
        took += between - began
    began = time.process_time()
    for _ in range(number):
        Rhythm.from_bytes(rhythm.to_bytes())
    stored = time.process_time() - began
    per = 1e6 / number
    print(
        f"\nprocessor time: observe {took * per:.0f} µs, interval_at {asked * per:.0f} µs, "
        f"store and load {stored * per:.0f} µs ({len(rhythm.to_bytes())} bytes)"
    )


def main() -> None:
    weeks = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    until = weeks * 168
    group = list(worlds(until))
    began = time.perf_counter()
    for number, world in enumerate(group):
        run(world, until=until, rng=random.Random(number))
    requests = sum(len(world.polls) for world in group)
    even = requests / len(group)
    print(
        f"{len(group)} sources, {weeks:g} weeks from an empty memory, {requests} requests "
        f"(one in {until / even * 60:.0f} min if spread evenly), {time.perf_counter() - began:.0f} s"
    )
    print(
        f"{'delays in minutes':24}{'':13}{'requests':>9}{'ours':>16}{'even':>16}{'own':>16}"
        f"{'ours/even':>13}{'ours/own':>15}"
    )
    head = f"{'mean':>9}{'95 %':>7}" * 3 + f"{'mean':>7}{'95 %':>6}{'mean':>9}{'95 %':>6}"
    print(f"{'':24}{'n':>5}{'posts':>8}{'a day':>9}{head}{'lost':>6}")
    for kind in KINDS:
        table(kind, [world for world in group if world.kind == kind], even, until)
    table("all posts", group, even, until)
    by_source(group, even, until)
    silences(group, until)
    speed()


def by_source(group: list[World], even: float, until: float) -> None:
    """Every source counts the same, however much it posts."""
    rng = random.Random(8)
    sums = [0.0, 0.0, 0.0]
    for world in group:
        phase = rng.random()
        ways = (world.polls, evenly(even, until, phase), evenly(len(world.polls), until, phase))
        for number, polls in enumerate(ways):
            sums[number] += figures(delays(world, polls))[0]
    print(f"mean of the sources' means: ours/even {sums[0] / sums[1]:.2f}, ours/own {sums[0] / sums[2]:.2f}")


if __name__ == "__main__":
    main()
