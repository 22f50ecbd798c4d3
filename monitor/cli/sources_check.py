"""`monitor sources check`, and the trial that `sources add` begins with: fetch and read, store nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import typer

from monitor import polling
from monitor.app import App
from monitor.cli.errors import ExitCode
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, moment, say, show_table
from monitor.cli.service import advance, progress, with_service
from monitor.cli.session import Session, completing, find
from monitor.cli.sources import SEE, brief_error
from monitor.core.model import Memory, Outcome, Poll, Post, Source
from monitor.store import sources


@dataclass(frozen=True, slots=True)
class Trial:
    """What a source shows now."""

    poll: Poll

    @property
    def fine(self) -> bool:
        """Whether the source could be read."""
        return self.poll.reading is not None

    @property
    def posts(self) -> tuple[Post, ...]:
        """Newest first; those without a date last."""
        posts = [prepared.post for prepared in self.poll.reading.posts] if self.poll.reading else []
        dated = sorted(
            (p for p in posts if p.stated_at), key=lambda p: p.stated_at or self.poll.started_at, reverse=True
        )
        return (*dated, *(p for p in posts if not p.stated_at))

    @property
    def newest_at(self) -> datetime | None:
        """The latest time that a post states."""
        return max((post.stated_at for post in self.posts if post.stated_at), default=None)

    @property
    def moved_to(self) -> str | None:
        """The address that permanent redirects led to."""
        return self.poll.memory.moved_to

    @property
    def milliseconds(self) -> int:
        """How long fetching and reading took."""
        return round((self.poll.finished_at - self.poll.started_at).total_seconds() * 1000)

    def document(self) -> dict[str, Any]:
        """The trial as `--json` shows it."""
        return {
            "source": self.poll.source.slug,
            "fine": self.fine,
            "entries": self.poll.reading.entries if self.poll.reading else 0,
            "newest_at": self.newest_at,
            "bytes": self.poll.size,
            "milliseconds": self.milliseconds,
            "reason": self.poll.reason,
            "error": self.poll.error,
            "moved_to": self.moved_to,
            "notes": self.poll.reading.notes if self.poll.reading else (),
        }


async def trials(app: App, tried: Sequence[Source], *, done: Callable[[Trial], None]) -> list[Trial]:
    """Every source fetched and read as if never polled before, side by side; `done` hears of each as it ends."""
    gate = asyncio.Semaphore(polling.CLAIM)  # the fetcher lets through what its manners allow

    async def one(source: Source) -> Trial:
        async with gate:
            trial = Trial(await polling.poll(replace(source, memory=Memory()), parts=app.polling))
        done(trial)
        return trial

    return await asyncio.gather(*map(one, tried))


def tried(session: Session, wanted: Sequence[Source]) -> list[Trial]:
    """A trial of each source, with progress shown where somebody watches."""

    async def work(app: App) -> list[Trial]:
        with progress() as bar:
            return await trials(
                app, wanted, done=lambda t: advance(bar, f"checked {t.poll.source.slug}", total=len(wanted))
            )

    return with_service(session, work)


def check(
    ctx: typer.Context,
    slugs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]…",
            help="Sources to be checked; without any, all that are not paused.",
            autocompletion=completing(sources.every),
        ),
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those that carry this label.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch and read sources without storing anything.

    Each is asked as if for the first time. Exit code 1 when one of them cannot be read.
    """
    session = Session.of(ctx)
    with session.reading() as tx:
        every = sources.every(tx)
    if slugs:
        wanted = [find(every, slug, sort="source", see=SEE) for slug in dict.fromkeys(slugs)]
    else:
        wanted = [source for source in every if not source.paused]
    wanted = [source for source in wanted if tag is None or tag in source.tags]
    if not wanted:
        nothing = "there is no source to check; add one: monitor sources add ADDRESS"
        emit([]) if as_json else say(f"no source to check carries the label {tag!r}" if every and tag else nothing)
        return

    results = sorted(tried(session, wanted), key=lambda trial: (trial.fine, trial.poll.source.slug))
    if as_json:
        emit([trial.document() for trial in results])
    else:
        _show(results, now=session.now())
    if not all(trial.fine for trial in results):
        raise typer.Exit(ExitCode.WRONG)


def _show(results: Sequence[Trial], *, now: datetime) -> None:
    show_table(
        columns("source", "result", "entries", "newest", "ms", "reason", right=["entries", "ms"]),
        [
            (
                trial.poll.source.slug,
                "fine" if trial.fine else "put off" if trial.poll.outcome is Outcome.POSTPONED else "failed",
                trial.poll.reading.entries if trial.poll.reading else "",
                moment(trial.newest_at, now=now, never="undated" if trial.fine else ""),
                trial.milliseconds,
                brief_error(trial.poll.error, trial.poll.source.url)
                or (f"moved to {trial.moved_to}" if trial.moved_to else ""),
            )
            for trial in results
        ],
        wrap=True,
    )
    put_off = sum(trial.poll.outcome is Outcome.POSTPONED for trial in results)
    failed = sum(not trial.fine for trial in results) - put_off
    waiting = f", {put_off} put off: their hosts asked not to be asked now" if put_off else ""
    say("", f"{count(len(results), 'source')} checked, {failed} failed{waiting}")
    if failed == len(results) > 1:
        complain("every source failed; is there a connection to the internet?", label="note")
