"""`monitor watches test`: a query over what is stored, with the engine that polling uses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, heading, moment, say, screen, show_table
from monitor.cli.queries import marked, parsed, unlisted_tags
from monitor.cli.session import Session
from monitor.core.model import Match, StoredPost, Watch
from monitor.core.stories import moment as moment_of
from monitor.core.watches import WatchSet
from monitor.store import posts
from monitor.store.database import Transaction

SLUG = "test"
SHARES = 8  # sources and languages shown
BAR = 40  # characters of the longest bar


@dataclass(slots=True)
class Found:
    """What a query found, counted while the posts go by: only the newest are kept."""

    keep: int
    searched: int = 0
    stories: set[int] = field(default_factory=set)
    weeks: Counter[date] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[datetime, StoredPost, Match]] = field(default_factory=list)

    @property
    def posts(self) -> int:
        """How many posts were found."""
        return self.sources.total()

    def take(self, stored: StoredPost, match: Match) -> None:
        """Count a post that was found."""
        at = moment_of(stored.post.stated_at, stored.first_seen_at, ahead=stored.ahead)
        self.stories.add(stored.story_id)
        self.weeks[monday_of(at)] += 1
        self.sources[stored.source.slug] += 1
        self.languages[stored.post.language or "unknown"] += 1
        self.samples.append((at, stored, match))
        if len(self.samples) > 2 * self.keep:
            self._only_the_newest()

    def newest(self) -> list[tuple[datetime, StoredPost, Match]]:
        """The newest posts that were found, newest first."""
        self._only_the_newest()
        return self.samples

    def _only_the_newest(self) -> None:
        self.samples = sorted(self.samples, key=lambda sample: (sample[0], sample[1].id), reverse=True)[: self.keep]


def monday_of(at: datetime) -> date:
    """The Monday of the week, in UTC."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def test(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for; see docs/watches.md.")],
    days: Annotated[int, typer.Option("--days", min=1, max=36_500, help="How far back, by time of publication.")] = 90,
    samples: Annotated[int, typer.Option("--samples", min=0, help="How many of the newest posts are shown.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Try a query on the stored posts.

    Posts per week, the share of each source and language, and the newest posts with the words that matched.
    """
    session = Session.of(ctx)
    now = session.now()
    for sentence in unlisted_tags(parsed(query, session.settings), session.settings):
        complain(sentence, label="warning")
    since = now - timedelta(days=days)
    with session.reading() as tx:
        found = search(tx, query, since=since, keep=samples)
    weeks = _weeks(found, since=since, now=now)
    if as_json:
        emit(_document(query, days, found, weeks))
    else:
        _show(found, weeks, days=days, now=now)


def search(tx: Transaction, query: str, *, since: datetime, keep: int) -> Found:
    """The query over every post published at or after `since`."""
    engine = WatchSet([Watch(slug=SLUG, title=SLUG, query=query)])
    found = Found(keep=keep)
    for stored in posts.each(tx, since=since):
        if moment_of(stored.post.stated_at, stored.first_seen_at, ahead=stored.ahead) < since:
            continue
        found.searched += 1
        for match in engine.matches(stored.post, stored.source, stored.tags):
            found.take(stored, match)
    return found


def _weeks(found: Found, *, since: datetime, now: datetime) -> list[tuple[date, int]]:
    """Every week from the first that has a post, empty ones too: a gap is something to see."""
    first = max(monday_of(since), min(found.weeks, default=monday_of(now)))
    number = (monday_of(now) - first).days // 7 + 1
    return [(week, found.weeks[week]) for week in (first + timedelta(weeks=i) for i in range(number))]


def _document(query: str, days: int, found: Found, weeks: list[tuple[date, int]]) -> dict[str, Any]:
    return {
        "query": query,
        "days": days,
        "searched": found.searched,
        "posts": found.posts,
        "stories": len(found.stories),
        "weeks": [{"monday": week.isoformat(), "posts": number} for week, number in weeks],
        "sources": dict(found.sources.most_common()),
        "languages": dict(found.languages.most_common()),
        "samples": [
            {"post": stored.id, "published_at": at, "source": stored.source.slug, "title": stored.post.title}
            | {"url": stored.post.url, "evidence": match.evidence}
            for at, stored, match in found.newest()
        ],
    }


def _show(found: Found, weeks: list[tuple[date, int]], *, days: int, now: datetime) -> None:
    share = f" ({found.posts / found.searched:.1%} of {found.searched:,})" if found.searched else ""
    say(f"{count(found.posts, 'post')} in {count(len(found.stories), 'story', 'stories')}, last {days} days{share}")
    if not found.posts:
        say("nothing was found" if found.searched else "no posts are stored for that time; try: monitor poll")
        return
    heading("Posts a week, by its Monday")
    most = max(number for _, number in weeks)
    for week, number in weeks:
        bar = Text.assemble(f"{week}  ", ("█" * -(-number * BAR // most), "cyan"), f" {number}" if number else " ·")
        screen().print(bar)
    for title, counted in (("source", found.sources), ("language", found.languages)):
        screen().print()
        show_table(
            columns(title, "posts", "share", right=["posts", "share"]),
            [(name, number, f"{number / found.posts:.0%}") for name, number in counted.most_common(SHARES)],
        )
        if len(counted) > SHARES:
            say(f"and {len(counted) - SHARES} more")
    if found.newest():
        heading("The newest")
    for at, stored, match in found.newest():
        line = Text(f"{stored.id}  {moment(at, now=now)}, {stored.source.slug}: ", style="dim")
        screen().print(line.append_text(marked(stored.post, match, limit=240).copy()), soft_wrap=False)
