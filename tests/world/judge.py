"""What the service did, judged from the servers' log and the store: nothing it says of itself is believed.

`complaints` is empty where every promise was kept. What was "shown" is what a server sent whole, in its own words.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from monitor.core import drift
from monitor.core.conditional import MOVES
from monitor.core.model import Outcome, StoredPost
from monitor.store import posts, sources
from tests.world.drive import AT_ONCE, PER_HOST, SPACING, Lived
from tests.world.publishers import DAY, HARMLESS, HOUR, START, Article, Outage, Publisher
from tests.world.server import Asked

TOKEN = re.compile(r"w\d{3}n\d{5}")
_SOUND = frozenset({"200", "301", "302", "304", "308"})
ROUNDING = 1e-6  # seconds
CATCHING_UP = 6 * HOUR  # that may pass after an outage however short, and …
SHARE_OF_OUTAGE = 1.6  # … beside it of the outage: waits grow by 2.5 at most
CEILING = 24.5 * HOUR  # no source is left alone for longer
UNTIL_SAID = (6 + 12) * HOUR  # older pages are asked for six hours before it is a gap, and the next poll says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A stored post as the judge sees it."""

    token: str
    at: float  # when it was stored, seconds since START
    revisions: int
    stored: StoredPost


@dataclass(frozen=True, slots=True)
class Promise:
    """What the service owes, how often that was put to the test, and where it failed."""

    sentence: str
    cases: int
    broken: list[str]


class Verdict:
    """The world as it was, beside what was kept of it."""

    def __init__(self, lived: Lived) -> None:
        self.lived = lived
        self.by_number = {p.number: p for p in lived.publishers}
        self.articles: dict[str, tuple[Publisher, Article]] = {
            article.token: (publisher, article) for publisher in lived.publishers for article in publisher.articles
        }
        self.answers: defaultdict[int, list[Asked]] = defaultdict(list)
        for asked in lived.log:
            if asked.publisher is not None:
                self.answers[asked.publisher].append(asked)
        self.unknown: list[str] = []  # stored posts that nobody published
        self.kept: defaultdict[str, list[Kept]] = defaultdict(list)
        with lived.database.reading() as tx:
            self.statuses = {status.source.slug: status for status in sources.statuses(tx)}
            for stored in posts.each(tx, since=datetime(1990, 1, 1, tzinfo=START.tzinfo)):
                self._keep(stored, len(posts.revisions(tx, stored.id)))

    def _keep(self, stored: StoredPost, revisions: int) -> None:
        post = stored.post
        tokens = set(TOKEN.findall(f"{post.title} {post.text} {post.url} {post.summary}"))
        tokens = {token for token in tokens if token in self.articles}
        if len(tokens) != 1:
            self.unknown.append(f"{stored.source.slug}: {post.title!r} at {post.url}")
            return
        token = tokens.pop()
        if self.articles[token][0].slug != stored.source.slug:
            self.unknown.append(f"{stored.source.slug} has a post of another source: {token}")
        at = (stored.first_seen_at - START).total_seconds()
        self.kept[token].append(Kept(token=token, at=at, revisions=revisions, stored=stored))

    # ── promises ───────────────────────────────────────────────────────────────────────────────────────────

    def promises(self) -> list[Promise]:
        """All that is promised, how often it was put to the test, and where it was broken."""
        publishers, log = self.lived.publishers, self.lived.log
        outages = sum(1 for p in publishers for _ in self.outages(p))
        liars = sum(p.validators in {"kept", "forever"} for p in publishers)
        parties = len({a.party for a in log})
        shown = self.shown()
        edited = sum(len({version for _, version in times}) > 1 for times in shown.values())
        windows = [window for p in publishers for window in self.windows(p)]
        end = self.lived.days * DAY
        return [
            Promise("what any window showed is stored", len(shown), list(self.lost())),
            Promise("… once", len(self.kept), list(self.twice())),
            Promise("nothing is stored that nobody published", len(self.kept), self.unknown),
            Promise("an edit is a revision", edited, list(self.wrong_revisions())),
            Promise(
                "a gap is reported where posts came and went",
                sum(missed > 0 for _, missed, *_ in windows),
                list(self.missed_gaps()),
            ),
            Promise("… and only where two windows do not meet", len(windows), list(self.false_gaps())),
            Promise("no domain has more requests at once", parties, list(self.crowds())),
            Promise("… or faster than its spacing or Crawl-delay", len(log), list(self.haste())),
            Promise(
                "a domain that asked for it is spared", sum(a.spare_until > 0 for a in log), list(self.impatience())
            ),
            Promise("a source is read soon after its outage", outages, list(self.not_survived())),
            Promise("no source is left alone", len(publishers), list(self.stopped())),
            Promise(
                "what is gone is retired, with a notice",
                sum(p.gone < end for p in publishers),
                list(self.not_retired()),
            ),
            Promise("a move that holds is followed", sum(p.moved < end for p in publishers), list(self.not_followed())),
            Promise("validators that lie are found out", liars, list(self.not_caught())),
        ]

    def complaints(self) -> list[str]:
        """Every promise that was broken, by name; empty where all were kept."""
        return [f"{promise.sentence}: {what}" for promise in self.promises() for what in promise.broken]

    def shown(self) -> dict[str, list[tuple[float, int]]]:
        """Of every article that a server showed: when, and in which version."""
        found: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        for asked in self.lived.log:
            for token, version in asked.shown or ():
                found[token].append((asked.until, version))
        return found

    def lost(self) -> Iterator[str]:
        end = self._last_finished()
        for token, times in self.shown().items():
            if token not in self.kept and times[0][0] < end:
                yield f"{token}, first shown at {times[0][0]:.0f}"

    def twice(self) -> Iterator[str]:
        for token, kept in self.kept.items():
            if len(kept) > 1:
                yield f"{token}: {', '.join(each.stored.post.guid for each in kept)}"

    def wrong_revisions(self) -> Iterator[str]:
        """One revision for each change that a window showed; what was broken off may have shown one more."""
        end = self._last_finished()
        begun: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        for asked in self.lived.log:
            for token, version in asked.begun:
                begun[token].append((asked.until, version))
        for token, times in self.shown().items():
            if token not in self.kept:
                continue
            seen = [version for at, version in times if at < end]
            changes = sum(a != b for a, b in pairwise(seen))
            perhaps = [version for at, version in sorted([*times, *begun[token]]) if at < end]
            most = max(changes, sum(a != b for a, b in pairwise(perhaps)))
            revisions = self.kept[token][0].revisions
            if not changes <= revisions <= most:
                yield f"{token}: {changes} changes were shown, {revisions} revisions are kept"

    def missed_gaps(self) -> Iterator[str]:
        """Articles that came and went between two windows, and nothing was said, be it later where there are older
        pages: only when these did not bring them to light is it a gap."""
        for publisher in self.lived.publishers:
            said = [at for at, _, _, reported in self.windows(publisher) if reported]
            for at, missed, *_ in self.windows(publisher):
                due = at + (UNTIL_SAID if publisher.kind == "telegram" else 0.0)
                if missed and due < self._last_finished() and not any(at <= when <= due for when in said):
                    yield f"{publisher.slug}: {missed} articles fell out unseen before {at:.0f}"

    def false_gaps(self) -> Iterator[str]:
        """Gaps reported between windows that meet."""
        for publisher in self.lived.publishers:
            last_apart = -math.inf
            for at, _, apart, reported in self.windows(publisher):
                last_apart = at if apart else last_apart
                if reported and last_apart < at - (UNTIL_SAID if publisher.kind == "telegram" else 0.0):
                    yield f"{publisher.slug} at {at:.0f}"

    def windows(self, publisher: Publisher) -> Iterator[tuple[float, int, bool, bool]]:
        """Of each window but the first: when, how many articles nobody can have seen, whether it meets none of the one
        before, and whether a gap was reported."""
        polls = [p for p in self.lived.polls if p.slug == publisher.slug]
        ever: set[str] = set()
        before: Asked | None = None
        last: set[str] = set()
        answers = [a for a in self.answers[publisher.number] if a.shown is not None]
        for number, asked in enumerate(answers):
            tokens = {token for token, _ in asked.shown or ()}
            if asked.older or not tokens:
                ever |= tokens
                continue
            paged = (
                {t for a in answers[number + 1 :] if a.older for t, _ in a.shown or ()}
                if publisher.kind == "telegram"
                else set()
            )
            if before is not None:
                missed = [
                    a
                    for a in publisher.articles
                    if before.at < a.at <= asked.at
                    and a.withdrawn > asked.at
                    and a.token not in ever | tokens | paged
                    and not ("stale" in publisher.oddities and a.at > asked.at - 1200)
                ]
                reported = any(p.gap for p in polls if p.started - 0.01 <= asked.at <= p.finished + 0.01)
                first = publisher.articles[0].token if "pinned" in publisher.oddities else ""
                yield asked.at, len(missed), not (tokens & last - {first}), reported
            ever |= tokens
            before, last = asked, tokens

    def crowds(self) -> Iterator[str]:
        groups: defaultdict[str, list[Asked]] = defaultdict(list)
        for asked in self.lived.log:
            groups[asked.party].append(asked)
        for party, found in groups.items():
            if (most := _at_once(found)) > PER_HOST:
                yield f"{most} requests at once at {party}"
        if (most := _at_once(self.lived.log)) > AT_ONCE:
            yield f"{most} requests at once"

    def haste(self) -> Iterator[str]:
        last: dict[str, Asked] = {}
        delays = {p.party.domain: p.party.crawl_delay for p in self.lived.publishers if p.kind == "page"}
        asked_robots: set[str] = set()
        for asked in self.lived.log:
            wanted = SPACING
            before = last.get(asked.party)
            if asked.host in asked_robots and before is not None and before.path != "/robots.txt":
                wanted = max(wanted, delays.get(asked.party, 0.0))
            apart = asked.at - before.at if before else 1e9
            if apart < wanted - ROUNDING:
                yield f"{asked.party} was asked twice within {apart:.3f} s at {asked.at:.0f}, {wanted:g} s are due"
            last[asked.party] = asked
            if asked.path == "/robots.txt":
                asked_robots.add(asked.host)

    def impatience(self) -> Iterator[str]:
        held: dict[str, tuple[float, float]] = {}
        for asked in self.lived.log:
            since, until = held.get(asked.party, (0.0, 0.0))
            if since < asked.at < until - 1.0:
                yield f"{asked.party} was asked at {asked.at:.0f}, and had asked to be spared until {until:.0f}"
            if asked.spare_until > until:
                held[asked.party] = (asked.until, asked.spare_until)

    def outages(self, publisher: Publisher) -> Iterator[Outage]:
        """Those after which the source is there again, as its polls met them; several that touch are one."""
        found = sorted([*publisher.outages, *publisher.party.asks], key=lambda outage: outage.since)
        end = min(self.lived.days * DAY, publisher.gone)
        for outage in found:
            if outage.what in HARMLESS or outage.until >= end:
                continue
            if any(other.since <= outage.until < other.until for other in found if other is not outage):
                continue
            met = [a for a in self.answers[publisher.number] if outage.since <= a.at < outage.until]
            if any(a.answer not in _SOUND for a in met):
                spared = [
                    a.spare_until
                    for a in self.lived.log
                    if a.party == publisher.party.domain and a.at < outage.until + DAY
                ]
                yield Outage(outage.since, max(outage.until, *spared), outage.what)

    def back_after(self, publisher: Publisher, outage: Outage) -> float | None:
        """Seconds from the end of an outage to the first answer that was understood; None where there was none."""
        for polled in self.lived.polls:
            if polled.slug == publisher.slug and polled.finished >= outage.until and _understood(polled.outcome):
                return polled.finished - outage.until
        return None

    def not_survived(self) -> Iterator[str]:
        for publisher in self.lived.publishers:
            for outage in self.outages(publisher):
                length = outage.until - outage.since
                allowed = CATCHING_UP + SHARE_OF_OUTAGE * length
                if outage.what in {"gone-for-now"}:
                    allowed = CEILING
                back = self.back_after(publisher, outage)
                left = min(self.lived.days * DAY, publisher.gone, publisher.moved + 2.5 * DAY) - outage.until
                if back is None and left > allowed:
                    yield f"{publisher.slug} was not read again after {outage.what} of {length / HOUR:.1f} h"
                if back is not None and back > allowed:
                    took, lasted = back / HOUR, length / HOUR
                    yield f"{publisher.slug} was read again {took:.1f} h after {outage.what} of {lasted:.1f} h"

    def stopped(self) -> Iterator[str]:
        end = self.lived.days * DAY
        for publisher in self.lived.publishers:
            times = [
                p.finished for p in self.lived.polls if p.slug == publisher.slug and p.outcome is not Outcome.POSTPONED
            ]
            for a, b in pairwise([*times, end]):
                if b - a > CEILING and b - a > CEILING + self._held(publisher, a, b):
                    yield f"{publisher.slug} was left alone from {a:.0f} to {b:.0f}"
            if not times:
                yield f"{publisher.slug} was never polled"

    def _held(self, publisher: Publisher, since: float, until: float) -> float:
        """Seconds between two moments in which its domain had asked to be spared."""
        held, reached = 0.0, since
        for asked in self.lived.log:
            if asked.party == publisher.party.domain and asked.at < until and asked.spare_until > reached:
                held += min(asked.spare_until, until) - max(asked.at, reached)
                reached = asked.spare_until
        return held

    def not_retired(self) -> Iterator[str]:
        for publisher in self.lived.publishers:
            last = [p for p in self.lived.polls if p.slug == publisher.slug and p.outcome is not Outcome.POSTPONED][-1:]
            if publisher.gone < self.lived.days * DAY - CEILING:
                status = self.statuses[publisher.slug]
                if not last or last[0].outcome is not Outcome.GONE or "gone for good" not in (status.last_error or ""):
                    yield f"{publisher.slug} is gone, but its state says {status.last_outcome}: {status.last_error}"
                # In an outage it says something else than "gone", and may be asked as if it were there.
                told = [a for a in self.answers[publisher.number] if a.at > publisher.gone and a.answer == "410"]
                asked = len(told)
                if asked > (self.lived.days * DAY - publisher.gone) / (10 * HOUR) + 3:
                    yield f"{publisher.slug} is gone and was asked {asked} times"

    def not_followed(self) -> Iterator[str]:
        for publisher in self.lived.publishers:
            after = [a for a in self.answers[publisher.number] if a.at >= publisher.moved]
            # A move is held against polls that were understood: the new address may be ill for a while.
            understood = {p.started for p in self.lived.polls if p.slug == publisher.slug and _understood(p.outcome)}
            redirected = [a for a in after if a.answer in {"301", "308"} and a.at in understood]
            if len(redirected) > MOVES + 2 and publisher.outage(after[-1].at) is None:
                yield f"{publisher.slug}: the old address was asked {len(redirected)} times after the move"
            if len(redirected) >= MOVES and after[-1].answer == "404":
                yield f"{publisher.slug}: the new address was not asked"

    def not_caught(self) -> Iterator[str]:
        """Where a validator stayed although the document changed, validators are not sent any more, with a reason."""
        for publisher in self.lived.publishers:
            if publisher.validators not in {"kept", "forever"}:
                continue
            documents = [a.shown for a in self.answers[publisher.number] if a.shown]
            changed = any({t for t, _ in b} - {t for t, _ in a} for a, b in pairwise(documents))
            reason = self.statuses[publisher.slug].source.memory.unconditional
            if changed and "although the document changed" not in (reason or ""):
                yield f"{publisher.slug} keeps its ETag, and is believed: {reason}"

    # ── figures ────────────────────────────────────────────────────────────────────────────────────────────

    def delays(self) -> dict[str, float]:
        """Seconds from publication to storage, of the articles published after their source's first poll."""
        first: dict[str, float] = {}
        for polled in self.lived.polls:
            if _understood(polled.outcome):
                first.setdefault(polled.slug, polled.finished)
        return {
            token: kept[0].at - self.articles[token][1].at
            for token, kept in self.kept.items()
            if self.articles[token][1].at > first.get(self.articles[token][0].slug, 0.0)
        }

    def time_to_ask(self) -> float:
        """Seconds in which sources could be asked, added up: all but those for which domains ask patience."""
        end = self.lived.days * DAY
        held: defaultdict[str, float] = defaultdict(float)
        until: defaultdict[str, float] = defaultdict(float)
        for asked in self.lived.log:
            spare = min(asked.spare_until, end)
            held[asked.party] += max(spare - max(asked.at, until[asked.party]), 0.0)
            until[asked.party] = max(until[asked.party], spare)
        return sum(end - held[publisher.party.domain] for publisher in self.lived.publishers)

    def warnings(self) -> dict[str, list[str | None]]:
        """What is said of the sources' clocks, by how their dates are written."""
        found: defaultdict[str, list[str | None]] = defaultdict(list)
        for publisher in self.lived.publishers:
            memory = self.statuses[publisher.slug].source.memory
            found[publisher.dates].append(drift.warning(drift.Drift.from_bytes(memory.drift)))
        return found

    def _last_finished(self) -> float:
        return self.lived.polls[-1].finished if self.lived.polls else 0.0


def _understood(outcome: Outcome) -> bool:
    return outcome in {Outcome.NEW, Outcome.KNOWN, Outcome.NOT_MODIFIED}


def _at_once(found: Iterable[Asked]) -> int:
    """The most that were under way together."""
    # What ends where another begins was not beside it.
    moments = sorted([(a.at, 1, 1) for a in found] + [(a.until, 0, -1) for a in found])
    most = now = 0
    for _, _, step in moments:
        now += step
        most = max(most, now)
    return most
