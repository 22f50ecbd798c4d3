"""Who publishes in the world, what, when, and what goes wrong: decided beforehand, from one seed.

Times are seconds since `START`. What is in a window at a time follows from the posts alone, so it can be asked for any
time and again and again.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from benchmarks import schedule

START = schedule.START  # a Monday
HOUR, DAY = 3600.0, 86400.0

HABITS: dict[str, tuple[int, Callable[[random.Random, float], list[float]]]] = {
    "agency": (12, schedule.agency),
    "ministry": (30, schedule.ministry),
    "bulletin": (13, schedule.bulletin),
    "bursts": (12, schedule.bursty),
    "batches": (10, schedule.batches),
    "sparse": (13, schedule.sparse),
    "dead": (10, schedule.dead),
}
KINDS = {"rss": 44, "atom": 16, "json": 10, "telegram": 14, "page": 9, "sitemap": 7}
SERVICE_KIND = {"rss": "feed", "atom": "feed", "json": "jsonfeed"}

# How the dates of posts are written; all but the first two mislead whoever believes them.
DATES = {"zone": 50, "none": 10, "zoneless": 8, "named": 8, "future": 6, "drifting": 6, "day": 6, "odd": 6}
VALIDATORS = {"etag": 40, "modified": 15, "none": 25, "both": 10, "kept": 4, "forever": 3, "changing": 3}
GUIDS = {"stated": 55, "link": 20, "none": 12, "renamed": 8, "nothing": 5}
ODDITIES = ("pinned", "returning", "flood", "stale", "oldest-first", "shared-link")

# Each outage is one of these; the server knows how to do it.
BROKEN = (
    "http-500", "http-404", "stall", "reset", "truncated", "captive", "empty", "429-seconds", "503-date", "drip",
    "http-502", "closed", "error-page", "moved-for-now", "429-bare", "cut", "http-403", "503-absurd", "binary", "blank",
    "429-nonsense", "endless-drip", "gone-for-now",
)  # fmt: skip
HARMLESS = frozenset({"drip", "moved-for-now", "blank"})  # the source answers in spite of them, if with nothing
ASKING = frozenset({"429-seconds", "503-date", "429-bare", "503-absurd", "429-nonsense"})  # they concern all of a party

_VOCABULARY = """
agreement border council dialogue embassy energy export fisheries forum grain harbour humanitarian inspection
joint language maritime meeting minister mission monitoring negotiation observer office parliament partner peace
plenary policy port president programme protocol railway ratification reform refugee region relief report
resolution river sanctions secretary security session statement summit tariff team trade training transit treaty
union vaccine visit water wheat workshop youth archive bridge climate customs data deputy disaster economy
election exchange fund glacier heritage island justice labour mandate network ocean pipeline quota rescue
science tourism university valley winter zone airport budget committee delegation exercise framework gas
hospital
"""
_WORDS = _VOCABULARY.split()


@dataclass(frozen=True, slots=True)
class Article:
    """One thing that is published."""

    token: str  # is in its address and in its text: by it the judge knows it wherever it turns up
    number: int  # its id at the source
    at: float
    versions: tuple[tuple[float, str, str], ...]  # from when, title, text
    withdrawn: float = math.inf

    def version(self, now: float) -> int:
        return sum(since <= now for since, _, _ in self.versions) - 1


@dataclass(frozen=True, slots=True)
class Outage:
    since: float
    until: float
    what: str


@dataclass(kw_only=True)
class Party:
    """Whoever registered a domain: what the service must spare."""

    domain: str
    address: str  # of its servers
    crawl_delay: float = 0.0
    asks: list[Outage] = field(default_factory=list)  # times in which all its sources say "too many requests"


@dataclass(kw_only=True)
class Publisher:
    """One source."""

    number: int
    kind: str
    habit: str
    party: Party
    host: str
    window: int
    dates: str
    validators: str
    guids: str
    oddities: frozenset[str]
    articles: list[Article]
    outages: list[Outage]
    renamed: float = math.inf  # when its guids become others
    moved: float = math.inf  # when its address becomes another, for good; later the old one is not there any more
    gone: float = math.inf

    @property
    def slug(self) -> str:
        return f"{self.kind}-{self.number:03}"

    @property
    def token(self) -> str:
        return f"w{self.number:03}n"

    @property
    def path(self) -> str:
        return f"/s/channel{self.number:03}" if self.kind == "telegram" else f"/{self.number:03}/news"

    @cached_property
    def times(self) -> list[float]:
        return [article.at for article in self.articles]

    def published(self, now: float) -> int:
        """How many articles there are."""
        return bisect_right(self.times, now)

    def shown(self, now: float, *, before: int | None = None) -> list[Article]:
        """What the window shows, newest first. `before`: of a channel's older page, the id that follows it."""
        if "stale" in self.oddities and int(now / 60) % 3 == 0:
            now -= 1200  # one of three servers is 20 minutes behind
        upto = self.published(now) if before is None else min(self.published(now), before - 1)
        there = [a for a in reversed(self.articles[max(0, upto - self.window - 5) : upto]) if a.withdrawn > now]
        there = there[: self.window]
        if "pinned" in self.oddities and upto:
            there = [self.articles[0], *(a for a in there if a is not self.articles[0])][: self.window]
        if "returning" in self.oddities and upto > self.window + 8 and int(now / HOUR) % 7 == 3:
            there = [self.articles[upto - self.window - 6], *there]
        return there

    def outage(self, now: float) -> Outage | None:
        for outage in (*self.party.asks, *self.outages):
            if outage.since <= now < outage.until:
                return outage
        return None

    def troubled(self, at: float) -> bool:
        """Whether it cannot be read at that time, or its domain asked to be spared."""
        return self.trouble(at) != ""

    def trouble(self, at: float) -> str:
        """In which outage it shows nothing at that time, or its domain asked to be spared; "" for none."""
        return next((what for since, until, what in self._troubles if since <= at < until), "")

    def in_sight(self, at: float) -> float:
        """When something published then can be seen: in trouble, not before its end."""
        while (end := max((until for since, until, _ in self._troubles if since <= at < until), default=at)) > at:
            at = end
        return at

    @cached_property
    def _troubles(self) -> list[tuple[float, float, str]]:
        found = [(self.gone, math.inf, "gone")]
        for outage in (*self.party.asks, *self.outages):
            if outage.what not in HARMLESS - {"blank"}:
                longer = DAY if outage.what == "503-absurd" else 0.0  # for which its answer is believed
                found.append((outage.since, outage.until + longer, outage.what))
        return sorted(found)


def moment(at: float) -> datetime:
    return START + timedelta(seconds=at)


def parties(publishers: Sequence[Publisher]) -> list[Party]:
    return list({id(p.party): p.party for p in publishers}.values())


def populated(*, sources: int, days: float, seed: int) -> list[Publisher]:
    """The world's sources."""
    rng = random.Random(seed)
    until = days * DAY
    shared = Party(domain="channels.example", address="127.9.0.1")
    kinds, habits = _dealt(rng, KINDS, sources), _dealt(rng, {k: n for k, (n, _) in HABITS.items()}, sources)
    dates, validators, guids = (_dealt(rng, deck, sources) for deck in (DATES, VALIDATORS, GUIDS))
    troubles = list(BROKEN)
    found: list[Publisher] = []
    party = shared
    for number in range(sources):
        kind = kinds[number]
        if kind == "telegram":
            own = shared
        else:
            if party is shared or rng.random() < 0.55:
                party = Party(domain=f"party{number}.example", address=f"127.8.{number // 200}.{number % 200 + 1}")
                party.crawl_delay = rng.choice([0.0, 0.0, 4.0])
            own = party
        publisher = Publisher(
            number=number,
            kind=kind,
            habit=habits[number],
            party=own,
            host=own.domain if kind == "telegram" else f"{rng.choice(['www', 'news', 'press'])}.{own.domain}",
            window=20 if kind == "telegram" else rng.choice([10, 15, 25, 40]),
            dates="zone" if kind == "telegram" else dates[number],
            validators="none" if kind == "telegram" else validators[number],
            guids=guids[number] if kind in {"rss", "atom", "json"} else "link",
            oddities=_oddities(rng, kind, number),
            articles=[],
            outages=_outages(rng, until, troubles),
        )
        if kind in {"atom", "json"} and publisher.guids in {"none", "nothing"}:
            publisher.guids = "stated"  # both formats demand one
        if publisher.guids == "renamed":
            publisher.renamed = rng.uniform(0.3, 0.7) * until
        fate = rng.random()
        if fate < 0.07 and kind != "telegram":
            publisher.moved = rng.uniform(0.15, 0.4) * until
        elif fate < 0.11:
            publisher.gone = rng.uniform(0.5, 0.8) * until
        publisher.articles = _articles(rng, publisher, until)
        found.append(publisher)
    for asking in parties(found):
        members = [p for p in found if p.party is asking]
        for publisher in members:  # who asks to be spared speaks for the domain
            asking.asks += [o for o in publisher.outages if o.what in ASKING]
            publisher.outages = [o for o in publisher.outages if o.what not in ASKING]
        if asking is shared:
            asking.asks = asking.asks[:2]
    return found


def _dealt(rng: random.Random, deck: dict[str, int], number: int) -> list[str]:
    """`number` cards, every kind of card about as often as the deck says and, where there is room, at least once."""
    total = sum(deck.values())
    cards = [name for name, share in deck.items() for _ in range(max(1, round(share * number / total)))]
    rng.shuffle(cards)
    while len(cards) < number:
        cards.append(rng.choice(list(deck)))
    return cards[:number]


def _oddities(rng: random.Random, kind: str, number: int) -> frozenset[str]:
    if kind == "telegram":
        return frozenset({"flood"} if number % 3 == 0 else ())
    odd = {rng.choice(ODDITIES)} if rng.random() < 0.4 else set()
    if kind not in {"rss", "atom", "json"}:
        odd &= {"pinned", "flood", "stale"}
    return frozenset(odd)


def _outages(rng: random.Random, until: float, troubles: list[str]) -> list[Outage]:
    """Up to three, one after the other; the kinds of trouble take turns."""
    found = []
    at = rng.uniform(0.05, 0.5) * until
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        length = min(math.exp(rng.gauss(math.log(2 * HOUR), 1.3)), 1.2 * DAY, until / 4)
        what = troubles.pop(0)
        troubles.append(what)
        if what == "503-absurd":  # so long that everybody hears it: who asks seldom must not be lucky
            length = min(DAY, until / 4)
        found.append(Outage(at, at + length, what))
        at += length + rng.uniform(0.1, 0.4) * until
    return [outage for outage in found if outage.until < until - min(1.1 * DAY, 0.2 * until)]


def _articles(rng: random.Random, publisher: Publisher, until: float) -> list[Article]:
    _, habit = HABITS[publisher.habit]
    times = [at * HOUR for at in habit(rng, until / HOUR)]
    if "flood" in publisher.oddities:
        for _ in range(3):  # a crisis: more than a window within minutes
            at = rng.uniform(0.1, 0.95) * until
            times += [at + rng.uniform(0, 600) for _ in range(int(publisher.window * rng.uniform(1.1, 3)))]
    times = sorted(at for at in times if at < until)[-3000:]
    recurring = publisher.habit == "bulletin" and publisher.guids not in {"nothing"} and rng.random() < 0.5
    found = []
    for number, at in enumerate(times, start=1):
        token = f"{publisher.token}{number:05}"
        title = "Weekly briefing" if recurring else _phrase(rng, rng.randint(5, 9))
        text = f"{_phrase(rng, rng.randint(15, 40))}. {_phrase(rng, rng.randint(10, 30))}. Reference {token}."
        found.append(Article(token, number, at, _versions(rng, publisher, at, title, text), _withdrawn(rng, at)))
    return found


def _withdrawn(rng: random.Random, at: float) -> float:
    return at + rng.expovariate(1 / (6 * HOUR)) if rng.random() < 0.01 else math.inf


def _versions(
    rng: random.Random, publisher: Publisher, at: float, title: str, text: str
) -> tuple[tuple[float, str, str], ...]:
    versions = [(at, title, text)]
    if publisher.kind != "sitemap" and "stale" not in publisher.oddities:
        while rng.random() < 0.08 and len(versions) < 3:
            since = versions[-1][0] + rng.expovariate(1 / HOUR)
            titled = rng.random() < 0.5 and publisher.guids != "nothing" and publisher.kind != "telegram"
            if titled or publisher.kind == "page":  # a list shows titles alone
                title = f"{title} ({rng.choice(['updated', 'corrected', 'final'])} {len(versions)})"
            else:
                text = f"{text} {_phrase(rng, 6)} was added."
            versions.append((since, title, text))
    return tuple(versions)


def _phrase(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words)).capitalize()
