"""`monitor watches test`: a query over what is stored, with the engine that polling uses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, heading, moment, say, screen, show_table
from monitor.cli.queries import doubtful, marked, prepared
from monitor.cli.session import Session, find
from monitor.core.model import Match, StoredPost, Watch
from monitor.core.query import Query
from monitor.render.results import sentence
from monitor.store import posts, search, watches
from monitor.store.database import Transaction
from monitor.store.search import Hit

SHARES = 8  # sources and languages shown
BAR = 40  # characters of the longest bar
COMPARED = 5  # new and lost hits shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a query found, counted."""

    searched: int
    hits: tuple[Hit, ...]  # newest first

    @property
    def stories(self) -> int:
        """How many stories were found."""
        return len({hit.story_id for hit in self.hits})

    def share(self, name: str) -> Counter[str]:
        """Posts by "source" or "language"."""
        return Counter(getattr(hit, name) or "unknown" for hit in self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a query compares with the saved watch."""

    watch: Watch
    gained: tuple[Hit, ...]
    lost: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What was found in a week."""

    monday: date
    posts: int
    stories: int


def monday_of(at: datetime) -> date:
    """The Monday of the week, in UTC."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def test(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for; see docs/watches.md.")],
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=36_500, help="How far back, by time of publication.")] = 90,
    samples: Annotated[int, typer.Option("--samples", min=0, help="How many of the newest posts are shown.")] = 5,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="WATCH", help="Compare with this saved watch: new hits and lost ones."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try a query on the stored posts.

    Posts and stories per week, the share of each source and language, and the newest posts with the words that matched.
    """
    session = Session.of(ctx)
    now = session.now()
    since = now - timedelta(days=days)
    with session.reading() as tx:
        saved = watches.every(tx)
        whole = prepared(query, session.settings, saved)
        for sentence in doubtful(tx, whole, session.settings, now=now):
            complain(sentence, label="warning")
        found = search_since(tx, whole, since=since, now=now)
        difference = None
        if against is not None:
            watch = find(saved, against, sort="watch", see="monitor watches list")
            before = search_since(tx, prepared(watch.query, session.settings, saved), since=since, now=now)
            difference = compared(found, before, watch)
        shown = [*found.hits[:samples], *((*difference.gained, *difference.lost) if difference else ())]
        loaded = {each.id: each for each in posts.by_ids(tx, [hit.id for hit in shown])}
    weeks = weeks_of(found, since=since, now=now)
    if as_json:
        emit(_document(query, days, found, weeks, loaded, samples=samples, difference=difference))
    else:
        _show(found, weeks, loaded, days=days, samples=samples, now=now)
        if difference is not None:
            _show_difference(difference, loaded, now=now)


def search_since(tx: Transaction, query: Query, *, since: datetime, now: datetime) -> Found:
    """The query over every post published at or after `since`, newest first."""
    hits = search.search(tx, query, now=now, within=None, since=since).hits
    ordered = sorted(hits, key=lambda hit: (hit.published, hit.id), reverse=True)
    return Found(searched=search.count_since(tx, since), hits=tuple(ordered))


def compared(found: Found, before: Found, watch: Watch) -> Difference:
    """What the query finds that the saved watch does not, and the reverse; by the watch's query, not by its matches."""
    new, old = {hit.id for hit in found.hits}, {hit.id for hit in before.hits}
    return Difference(
        watch=watch,
        gained=tuple(hit for hit in found.hits if hit.id not in old),
        lost=tuple(hit for hit in before.hits if hit.id not in new),
    )


def weeks_of(found: Found, *, since: datetime, now: datetime) -> list[Week]:
    """Every week from the first that has a post, empty ones too: a gap is something to see."""
    by_week: defaultdict[date, list[Hit]] = defaultdict(list)
    for hit in found.hits:
        by_week[monday_of(hit.published)].append(hit)
    first = max(monday_of(since), min(by_week, default=monday_of(now)))
    number = (monday_of(now) - first).days // 7 + 1
    return [
        Week(monday=monday, posts=len(by_week[monday]), stories=len({hit.story_id for hit in by_week[monday]}))
        for monday in (first + timedelta(weeks=i) for i in range(number))
    ]


def _document(
    query: str,
    days: int,
    found: Found,
    weeks: list[Week],
    loaded: Mapping[int, StoredPost],
    *,
    samples: int,
    difference: Difference | None,
) -> dict[str, Any]:
    return {
        "query": query,
        "days": days,
        "searched": found.searched,
        "posts": len(found.hits),
        "stories": found.stories,
        "weeks": [{"monday": week.monday.isoformat(), "posts": week.posts, "stories": week.stories} for week in weeks],
        "sources": dict(found.share("source").most_common()),
        "languages": dict(found.share("language").most_common()),
        "samples": [_sample(hit, loaded[hit.id]) for hit in found.hits[:samples]],
        "against": difference
        and {
            "watch": difference.watch.slug,
            "new": [_sample(hit, loaded[hit.id]) for hit in difference.gained],
            "lost": [_sample(hit, loaded[hit.id]) for hit in difference.lost],
        },
    }


def _sample(hit: Hit, stored: StoredPost) -> dict[str, Any]:
    return {
        "post": hit.id,
        "published_at": hit.published,
        "source": hit.source,
        "title": stored.post.title,
        "url": stored.post.url,
        "evidence": [
            {"field": each.field.value, "offset": each.offset, "words": each.words, "rule": each.rule}
            | {"sentence": sentence(stored, each)}
            for each in hit.evidence
        ],
    }


def _show(
    found: Found, weeks: list[Week], loaded: Mapping[int, StoredPost], *, days: int, samples: int, now: datetime
) -> None:
    number = len(found.hits)
    share = f" ({number / found.searched:.1%} of {found.searched:,})" if found.searched else ""
    say(f"{count(number, 'post')} in {count(found.stories, 'story', 'stories')}, last {days} days{share}")
    if not number:
        say("nothing was found" if found.searched else "no posts are stored for that time; try: monitor poll")
        return
    heading("Posts a week, by its Monday")
    most = max(week.posts for week in weeks)
    for week in weeks:
        counted = f" {week.posts}" if week.posts else " ·"
        stories = f" in {count(week.stories, 'story', 'stories')}" if week.stories < week.posts else ""
        bar = ("█" * -(-week.posts * BAR // most), "cyan")
        screen().print(Text.assemble(f"{week.monday}  ", bar, counted, (stories, "dim")))
    for title in ("source", "language"):
        counter = found.share(title)
        screen().print()
        show_table(
            columns(title, "posts", "share", right=["posts", "share"]),
            [(name, posts, f"{posts / number:.0%}") for name, posts in counter.most_common(SHARES)],
        )
        if len(counter) > SHARES:
            say(f"and {len(counter) - SHARES} more")
    if samples:
        heading("The newest")
    _show_hits(found.hits[:samples], loaded, now=now)


def _show_hits(hits: Sequence[Hit], loaded: Mapping[int, StoredPost], *, now: datetime) -> None:
    for hit in hits:
        line = Text(f"{hit.id}  {moment(hit.published, now=now)}, {hit.source}: ", style="dim")
        match = Match(watch="test", evidence=hit.evidence)
        screen().print(line.append_text(marked(loaded[hit.id].post, match, limit=240)), soft_wrap=False)


def _show_difference(difference: Difference, loaded: Mapping[int, StoredPost], *, now: datetime) -> None:
    slug = difference.watch.slug
    for name, hits in (
        (f"New: not found by {slug} as it is", difference.gained),
        (f"Lost: found by {slug} only", difference.lost),
    ):
        heading(f"{name} ({len(hits)})")
        _show_hits(hits[:COMPARED], loaded, now=now)
        if len(hits) > COMPARED:
            say(f"… and {len(hits) - COMPARED} more; see all with --json")
