"""A simulated week over real sockets: `python -m benchmarks.world [--sources 300] [--days 7] [--seed 1]`.

Hundreds of sources on as many addresses of 127/8 post, repeat, edit, break, redirect, throttle, drip, lie about ETags
and dates, overflow their windows and change their guids (tests/world). The real poll loop, with fetcher, worker
processes and SQLite, lives in that world; time passes only when nothing else can happen. Printed are

  · the promises, judged from the servers' own log and the store: how often each was broken;
  · the outages by kind, and how soon after their end the source was read again;
  · the delay from publication to storage, beside that of fixed intervals with as many requests in the same world: the
    interval is corrected until as many requests reach its servers as ours, within two in a hundred. Both meet the same
    outages. A post published in one waits for its end whoever polls, so delays are also given from the moment at which
    each post could be seen.

The world follows from the seed. Which of two polls that are due at the same moment ends first does not, so figures of
two runs differ a little. Leaves with 1 where a promise was broken or the fixed intervals were as good.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from monitor.core.pacing import JITTER, JITTER_MOST, Pace
from monitor.store import schema
from monitor.store.database import Database
from tests.world.drive import Lived, live
from tests.world.judge import Verdict
from tests.world.publishers import HABITS, HOUR, KINDS, Publisher, parties, populated

WORKERS = 2
AS_MANY = 0.02  # share by which the requests of fixed intervals may differ from ours
CORRECTIONS = 4  # of the interval, at most


@contextmanager
def fresh_database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{Path(directory) / 'monitor.db'}")
        schema.upgrade(database)
        yield database
        database.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.world")
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-fixed", action="store_true", help="leave the comparison with fixed intervals out")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    publishers = populated(sources=given.sources, days=given.days, seed=given.seed)
    began, worked = time.perf_counter(), time.process_time()
    with fresh_database() as database:
        lived = live(publishers, database, days=given.days, seed=given.seed, workers=WORKERS)
        verdict = Verdict(lived)
        overview(lived, given.seed, time.perf_counter() - began, time.process_time() - worked)
        broken = promises(verdict)
        outages(verdict)
        warnings(verdict)
        ours = verdict.delays()
    if given.without_fixed:
        return 1 if broken else 0
    interval = timedelta(seconds=verdict.time_to_ask()) / lived.requests
    interval -= min(interval * JITTER, JITTER_MOST)  # where there is no going below, chance makes waits longer only
    for _ in range(1 + CORRECTIONS):
        beside, theirs = at_fixed(interval, given, publishers)
        share = beside.requests / lived.requests
        print(
            f"\nfixed intervals of {interval.total_seconds() / 60:.1f} min: {beside.requests} requests "
            f"({share:.3f} of ours)",
            flush=True,
        )
        if abs(share - 1) <= AS_MANY:
            break
        interval *= share
    else:
        print("no interval was found that makes as many requests as ours: nothing is compared")
        return 1
    ratio = delays(publishers, ours, theirs)
    return 1 if broken or ratio >= 1 else 0


def at_fixed(
    interval: timedelta, given: argparse.Namespace, publishers: Sequence[Publisher]
) -> tuple[Lived, dict[str, float]]:
    """The same world, every source of which is polled at the same interval, and the delays of its articles."""
    pace = Pace(floor=interval, ceiling=interval)
    with fresh_database() as database:
        beside = live(
            publishers, database, days=given.days, seed=given.seed, pace=pace, interval=interval, workers=WORKERS
        )
        return beside, Verdict(beside).delays()


def overview(lived: Lived, seed: int, real: float, worked: float) -> None:
    published = sum(len(p.articles) for p in lived.publishers)
    print(
        f"{len(lived.publishers)} sources of {len(parties(lived.publishers))} domains, {lived.days:g} days, "
        f"seed {seed}: {published} articles, {lived.requests} requests, {len(lived.polls)} polls; {real:.0f} s, "
        f"{worked:.0f} s of them processor time of this process (loop, fetcher, store and all the servers)"
    )
    for name, counted in (
        ("kinds", Counter(p.kind for p in lived.publishers)),
        ("habits", Counter(p.habit for p in lived.publishers)),
        ("dates", Counter(p.dates for p in lived.publishers)),
        ("validators", Counter(p.validators for p in lived.publishers)),
        ("guids", Counter(p.guids for p in lived.publishers)),
        ("oddities", Counter(odd for p in lived.publishers for odd in p.oddities)),
        ("answers", Counter(asked.answer for asked in lived.log)),
        ("polls", Counter(polled.reason or polled.outcome.value for polled in lived.polls)),
    ):
        print(f"  {name}: {', '.join(f'{what} {number}' for what, number in counted.most_common())}")


def promises(verdict: Verdict) -> int:
    print(f"\n{'promise':52}{'cases':>8}{'broken':>8}")
    broken: list[str] = []
    for promise in verdict.promises():
        print(f"{promise.sentence:52}{promise.cases:8}{len(promise.broken):8}")
        broken += (f"{promise.sentence}: {what}" for what in promise.broken)
    for complaint in broken[:40]:
        print(f"    {complaint}")
    return len(broken)


def outages(verdict: Verdict) -> None:
    found: defaultdict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for publisher in verdict.lived.publishers:
        for outage in verdict.outages(publisher):
            length = (outage.until - outage.since) / HOUR
            found[outage.what].append((length, verdict.back_after(publisher, outage)))
    print(
        f"\n{'outages that polls met':24}{'n':>5}{'mean length':>13}"
        f"{'read again after its end: mean':>32}{'longest':>10}"
    )
    for what, cases in sorted(found.items()):
        back = [after / 60 for _, after in cases if after is not None]
        mean = sum(length for length, _ in cases) / len(cases)
        after = f"{sum(back) / len(back):28.0f} min{max(back):6.0f} min" if back else ""
        print(f"{what:24}{len(cases):5}{mean:11.1f} h{after}")


def warnings(verdict: Verdict) -> None:
    """Of how many sources whose dates mislead the clock is doubted, and of how many others."""
    print(f"\n{'dates':12}{'sources':>8}{'with a warning':>16}   for example")
    by_style = verdict.warnings()
    for style, found in sorted(by_style.items()):
        said = [sentence for sentence in found if sentence]
        print(f"{style:12}{len(found):8}{len(said):16}   {said[0] if said else ''}")


def delays(publishers: Sequence[Publisher], ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Print both; the ratio of the means of all posts, from their publication."""
    columns = "".join(f"{who:>9}{'median':>8}{'95 %':>8}" for who in ("ours", "fixed"))
    print(f"{'publication to storage, min':34}{'posts':>7}{columns}{'ratio':>7}{'of medians':>12}")
    articles = {article.token: (p, article) for p in publishers for article in p.articles}
    both = [token for token in ours if token in theirs]
    sound = [token for token in both if not articles[token][0].troubled(articles[token][1].at)]
    troubled = sorted(set(both) - set(sound))
    by_outage: defaultdict[str, list[str]] = defaultdict(list)
    for token in troubled:
        by_outage[articles[token][0].trouble(articles[token][1].at)].append(token)
    groups = [(habit, [token for token in sound if articles[token][0].habit == habit]) for habit in HABITS]
    groups += [(kind, [token for token in sound if articles[token][0].kind == kind]) for kind in KINDS]
    groups += [("published while it can be read", sound)]
    groups += sorted((f"  {what}", tokens) for what, tokens in by_outage.items())
    groups += [("published while it cannot", troubled)]
    for name, tokens in groups:
        _row(name, tokens, ours, theirs)
    hidden = {token: p.in_sight(article.at) - article.at for token, (p, article) in articles.items()}
    seen = [{token: max(each[token] - hidden[token], 0.0) for token in both} for each in (ours, theirs)]
    _row("all, since they could be seen", both, *seen)
    ratio = _row("all, since publication", both, ours, theirs)
    print(f"stored by one of the two only: {len(set(ours) - set(theirs))} ours, {len(set(theirs) - set(ours))} fixed")
    return ratio


def _row(name: str, tokens: Sequence[str], ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Print one line of both; the ratio of the means."""
    if not tokens:
        return 1.0
    figures = [_figures([each[token] / 60 for token in tokens]) for each in (ours, theirs)]
    (mean, median, _), (mean_fixed, median_fixed, _) = figures
    both_figures = "".join(f"{m:9.1f}{middle:8.1f}{late:8.0f}" for m, middle, late in figures)
    ratio = mean / max(mean_fixed, 1e-9)
    print(f"{name:34}{len(tokens):7}{both_figures}{ratio:7.2f}{median / max(median_fixed, 1e-9):12.2f}")
    return ratio


def _figures(found: Sequence[float]) -> tuple[float, float, float]:
    """Mean, median, and what 95 in 100 stay below."""
    ordered = sorted(found)
    return sum(ordered) / len(ordered), ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]


if __name__ == "__main__":
    sys.exit(main())
