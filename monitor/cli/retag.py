"""`monitor retag`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.app import load_configuration
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, heading, one_line, say, screen, show_table
from monitor.cli.session import Session, completing, find
from monitor.cli.sources import SEE
from monitor.cli.tag_names import short
from monitor.cli.times import point
from monitor.core.model import Facet
from monitor.core.provenance import Origins, PostTagger
from monitor.core.retagging import AskingForTags, Retagged, Summary, retagged
from monitor.core.tagging import Tagger
from monitor.store import retagging, sources, watches
from monitor.store.database import Database
from monitor.store.retagging import Scope

BATCH = 100  # posts a transaction
SHOWN = 20  # tags with the most changes
SAMPLES = 10


@dataclass(slots=True)
class Outcome:
    """What was done."""

    summary: Summary = field(default_factory=Summary)
    samples: list[Retagged] = field(default_factory=list)

    def add(self, one: Retagged) -> None:
        """Count one post; the first that changed are kept to be shown."""
        self.summary.add(one)
        if one.changed and len(self.samples) < SAMPLES:
            self.samples.append(one)


def retag(
    ctx: typer.Context,
    *,
    since: Annotated[str | None, typer.Option("--since", help='Posts seen since then: "30d", "2026-03-02".')] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Posts of this source.", autocompletion=completing(sources.every)),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also posts that these very taxonomies have tagged already.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tag stored posts anew, by the taxonomies as they are in the files.

    The running service does this by itself, little by little, when it is started with changed files; this does it at
    once. It can be stopped at any time: what is done is done, and is not done again.
    """
    session = Session.of(ctx)
    begin = point(since, now=session.now(), option="--since") if since is not None else None
    taxonomy = load_configuration(session.settings).taxonomy
    with session.database() as database:
        with database.reading() as tx:
            if source is not None:
                find(sources.every(tx), source, sort="source", see=SEE)
            scope = Scope(since=begin, source=source, every=every)
            number = retagging.waiting(tx, taxonomy.version, scope)
            origins = Origins(sources.origins(tx))
            asking = AskingForTags(watch for watch in watches.every(tx) if not watch.paused)
            there = number or retagging.waiting(tx, taxonomy.version, replace(scope, every=True))
            stored = there or retagging.waiting(tx, taxonomy.version, Scope(every=True))
        outcome = Outcome()
        if number:
            tagger = PostTagger(Tagger(taxonomy), origins)
            if not dry_run:
                with database.writing() as tx:
                    retagging.begin(tx, taxonomy.version, now=session.now())
            with _bar(number, shown=not as_json) as bar:
                for one in _each(database, taxonomy.version, scope, tagger, asking, dry_run=dry_run):
                    outcome.add(one)
                    bar()
        with database.reading() as tx:
            left = retagging.waiting(tx, taxonomy.version)
        if not left and not dry_run:
            with database.writing() as tx:
                retagging.finish(tx, taxonomy.version, now=session.now())
    if as_json:
        emit(document(outcome, left=left, dry_run=dry_run))
    elif not number:
        say(_idle(stored=stored, there=there, scope=scope))
    else:
        _show(outcome, left=left, dry_run=dry_run)


def _each(
    database: Database, version: str, scope: Scope, tagger: PostTagger, asking: AskingForTags, *, dry_run: bool
) -> Iterator[Retagged]:
    """Every post of the scope, newest first; each batch is stored before its posts are given."""
    below: int | None = None
    while True:
        with database.reading() as tx:
            jobs = retagging.batch(tx, version, limit=BATCH, scope=scope, below=below)
        if not jobs:
            return
        below = jobs[-1].stored.id
        done = [retagged(job, tagger, asking) for job in jobs]
        if not dry_run:
            with database.writing() as tx:
                retagging.store(tx, done, version=version)
        yield from done


@contextmanager
def _bar(number: int, *, shown: bool) -> Iterator[Any]:
    console = screen(stderr=True)
    shape = (TextColumn("tagging anew"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shape, console=console, transient=True, disable=not (shown and console.is_terminal)) as progress:
        task = progress.add_task("", total=number)
        yield lambda: progress.advance(task)


def document(outcome: Outcome, *, left: int, dry_run: bool) -> dict[str, Any]:
    """For `--json`."""
    summary = outcome.summary
    return {
        "dry_run": dry_run,
        "posts": summary.posts,
        "changed": summary.changed,
        "left": left,
        "tags": [
            {"tag": name, "gained": gained, "lost": lost}
            for name, gained, lost in by_change(summary.gained, summary.lost)
        ],
        "samples": [
            {
                "id": one.job.stored.id,
                "title": one.job.stored.post.title,
                "gained": sorted(map(_short, one.gained_tags)),
                "lost": sorted(map(_short, one.lost_tags)),
            }
            for one in outcome.samples
        ],
    }


def by_change(gained: dict[str, int], lost: dict[str, int]) -> list[tuple[str, int, int]]:
    """Each tag with the posts that gained and lost it, those with the most changes first."""
    names = sorted(gained.keys() | lost.keys(), key=lambda n: (-(gained.get(n, 0) + lost.get(n, 0)), n))
    return [(_short(name), gained.get(name, 0), lost.get(name, 0)) for name in names]


def _short(name: str) -> str:
    facet, _, slug = name.partition(":")
    return short(Facet(facet), slug)


def _idle(*, stored: int, there: int, scope: Scope) -> str:
    """Why there is nothing to do: how many posts are stored, and how many of them were asked for."""
    asked = f" of {scope.source}" if scope.source is not None else ""
    asked += f" seen since {scope.since:%Y-%m-%d %H:%M} UTC" if scope.since is not None else ""
    if not stored:
        return "no posts are stored yet: there is nothing to tag anew"
    if not there:
        return f"there are no posts{asked}: nothing was tagged anew"
    return f"nothing to do: {count(there, 'post')}{asked}, tagged by these taxonomies already; --all does it again"


def _show(outcome: Outcome, *, left: int, dry_run: bool) -> None:
    summary = outcome.summary
    done = "looked at" if dry_run else "tagged anew"
    say(f"{count(summary.posts, 'post')} {done}, {summary.changed:,} {'would change' if dry_run else 'changed'}")
    show_changes(summary.gained, summary.lost)
    if outcome.samples:
        heading("Such as")
        show_samples(outcome.samples)
    if dry_run:
        say("", "nothing was stored (--dry-run)")
    elif left:
        say("", f"{count(left, 'post')} outside of what was asked for: monitor retag, or the service in the background")


def show_changes(gained: dict[str, int], lost: dict[str, int]) -> None:
    """A table of the tags that changed most."""
    changes = by_change(gained, lost)
    if not changes:
        return
    say("")
    show_table(
        columns("gained", "lost", "tag", right=["gained", "lost"]),
        [(gained_by or "", lost_by or "", name) for name, gained_by, lost_by in changes[:SHOWN]],
    )
    if len(changes) > SHOWN:
        complain(f"{len(changes) - SHOWN} more tags changed; --json has them all", label="note")


def show_samples(samples: list[Retagged]) -> None:
    """Posts with what changed of their tags."""
    show_table(
        columns("post", "change", "title", right=["post"]),
        [
            (
                one.job.stored.id,
                " ".join(
                    [
                        *(f"+{_short(name)}" for name in sorted(one.gained_tags)[:4]),
                        *(f"-{_short(name)}" for name in sorted(one.lost_tags)[:4]),
                    ]
                )
                or "main or mention",
                one_line(one.job.stored.post.title),
            )
            for one in samples
        ],
    )
