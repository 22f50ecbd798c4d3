"""The whole main job in a few seconds and without any network: `monitor demo`.

A small site is served on this machine and followed as any other sources are: with files that an operator would write,
through the same three loops, into a database of its own. Only two things are made for the occasion: the clock, which
begins some time back and then moves on, and the addresses of the two Telegram channels, which lead to the site.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import secrets
import shutil
import sys
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from monitor import logs
from monitor.app import App, apply_configuration, build, load_configuration, open_database, utc_now
from monitor.core.model import MessageState, Source, StoredPost, Voice
from monitor.delivery import Attempted, deliver_due
from monitor.demo import showing
from monitor.demo.folder import Folder, emptied
from monitor.demo.receiver import Received, Receiver, receiver
from monitor.demo.showing import say, step
from monitor.demo.site import site
from monitor.digests import compile_due
from monitor.polling import Recorded, poll_due
from monitor.provisioning import Configuration
from monitor.settings import Settings
from monitor.store import posts, schema
from monitor.store.database import Database

BEGINS = timedelta(hours=2)  # so long ago by the demonstration's clock; its end is now

__all__ = ["run_demo"]


def run_demo(*, output: Path, open_browser: bool, console: Console) -> int:
    """Poll, fold, tag, match, compile and deliver, showing each step on `console`; 0 when all of it went well, else 1.

    What came of it lies in the directory `output` afterwards, which is made anew: ConfigError where it holds anything
    that no demonstration made. `open_browser`: show the digest where there is a display.
    """
    folder = emptied(output)
    with _logged_to(folder.log):
        shown = asyncio.run(_demonstration(folder, console))
    _point_out(folder, console, shown.page, open_browser=open_browser)
    return 0 if shown.went_well else 1


@dataclass(slots=True)
class Clock:
    """Real time, less what it is behind."""

    behind: timedelta = field(default=BEGINS)

    def __call__(self) -> datetime:
        return utc_now() - self.behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How it ended."""

    page: Path | None  # the digest as a browser shows it; None where it could not be delivered
    went_well: bool


# ── the steps ──────────────────────────────────────────────────────────────────────────────────────────────


async def _demonstration(folder: Folder, console: Console) -> Shown:
    now, clock, secret = utc_now().replace(second=0, microsecond=0), Clock(), _secret()
    with site(now=now, clock=clock) as address, receiver(secret=secret, clock=clock) as hooks:
        # Digests are due at this minute: the clock begins before it, and passes it when it moves.
        folder.write_configuration(site=address, receiver=hooks.url, due=f"{now:%H:%M}")
        settings = Settings.load(folder.config / "monitor.toml", {"MONITOR_WEBHOOK__SECRETS": secret})
        configuration = _led_to_site(load_configuration(settings), address)
        database = open_database(settings)
        try:
            schema.upgrade(database)
            apply_configuration(database, configuration, now=clock())
            async with build(settings, database, configuration.taxonomy, clock=clock) as service:
                return await _steps(service, configuration, hooks, folder, console, clock=clock, address=address)
        finally:
            database.close()


async def _steps(
    service: App,
    configuration: Configuration,
    hooks: Receiver,
    folder: Folder,
    console: Console,
    *,
    clock: Clock,
    address: str,
) -> Shown:
    sources = configuration.sources
    step(console, 1, "A small site, on this machine only")
    say(console, showing.cast(sources, address))

    step(console, 2, "Every source is polled for the first time")
    first = await _polled(service, sources, console)
    say(console, showing.polled(first))
    say(console, showing.failures(first))

    hours = round(BEGINS.total_seconds() / 3600)
    step(console, 3, f"{hours} hours pass; what is due is polled again")
    clock.behind = timedelta()
    say(console, showing.polled_again(await _polled(service, sources, console)))
    _show_what_is_known(service.database, configuration, console)

    step(console, 4, "Two digests are due: one for people, one for a program")
    compiled = await compile_due(service.digests)
    for done in compiled:
        coverage = done.edition.digest.coverage
        say(
            console,
            f"{done.subscription.title}, by {done.subscription.channel}: "
            f"{coverage.selected} of {coverage.posts} new posts, in {coverage.stories} stories",
        )
    attempted = await deliver_due(service.delivery)
    for hook in hooks.received:
        _keep(hook, folder)
        say(console, showing.received(hook))
    for attempt in attempted:
        if attempt.state is not MessageState.DELIVERED:
            say(console, Text(f"{attempt.message.channel}: {attempt.attempt.detail}", "red"))
    return Shown(
        page=next(folder.mailbox.rglob("*.html"), None),
        went_well=_all_delivered(attempted, hooks.received, expected=len(configuration.subscriptions)),
    )


async def _polled(service: App, sources: Sequence[Source], console: Console) -> list[Recorded]:
    bar = Progress(
        TextColumn("     {task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    )
    with bar:
        task = bar.add_task("polling", total=len(sources))
        recorded = []
        async for each in poll_due(service.polling):
            recorded.append(each)
            bar.advance(task)
    return recorded


def _show_what_is_known(database: Database, configuration: Configuration, console: Console) -> None:
    with database.reading() as tx:
        stored = posts.latest(tx, limit=200)
        voices = posts.voices(tx, (post.story_id for post in stored))
        edited = [(post, posts.revisions(tx, post.id)) for post in stored if post.revisions]
    by_id = {post.id: post for post in stored}
    several = sorted((told for told in voices.values() if len(told) > 1), key=len, reverse=True)

    old = sum(post.backlog for post in stored)
    say(
        console,
        f"\n{len(stored)} posts are {len(voices)} stories; {old} was old already: kept, but no news. Told by several:",
    )
    for told in several:
        say(console, showing.story(by_id[told[0].post_id], told))
    for post, revisions in edited:
        say(console, "\nEdited since it was first seen:")
        say(console, showing.edit(post, revisions))
    say(console, "\nTags, each with the words that led to it:")
    say(console, showing.tagged(_one_a_language(stored, voices), configuration.taxonomy))
    say(console, "\nWatches:")
    say(console, showing.watched(stored, configuration.watches))


def _point_out(folder: Folder, console: Console, page: Path | None, *, open_browser: bool) -> None:
    step(console, 5, "Where to look")
    found = {}
    if page is not None:
        opened = open_browser and _opened(page)
        found["the digest, for a browser" + (" (opening)" if opened else "")] = folder.shown(page)
        found["the same as an e-mail"] = folder.shown(page.with_suffix(".eml"))
    for hook in sorted(folder.webhook.glob("*.json")):
        found["the webhook"] = folder.shown(hook)
    found["its configuration"] = folder.shown(folder.config)
    found["what the service logged"] = folder.shown(folder.log)
    showing.where_to_look(found, console)
    say(console, "\nEverything is in a database now. Ask it:")
    command = f"MONITOR_PATHS__CONFIG={folder.shown(folder.config)} {_program()}"
    for arguments in ("posts list", "sources list"):
        console.print(Text(f"       {command} {arguments}", "bold"), soft_wrap=True)
    say(console, "\nThen follow real sources: see config/sources.yaml, and: make run")


# ── parts of the steps ─────────────────────────────────────────────────────────────────────────────────────


def _led_to_site(configuration: Configuration, address: str) -> Configuration:
    """The channels' pages lie on Telegram's server; here the site stands in for it."""
    sources = tuple(
        replace(source, url=address + urlsplit(source.url).path) if source.kind == "telegram" else source
        for source in configuration.sources
    )
    return replace(configuration, sources=sources)


def _one_a_language(stored: Sequence[StoredPost], voices: Mapping[int, Sequence[Voice]]) -> list[StoredPost]:
    """For each language the post with most main tags, of those that opened a story."""
    openers = {told[0].post_id for told in voices.values()}
    best: dict[str, StoredPost] = {}
    for post in sorted(stored, key=lambda post: sum(tag.main for tag in post.tags)):
        if post.id in openers and post.post.language:
            best[post.post.language] = post
    return [best[language] for language in sorted(best)]


def _keep(hook: Received, folder: Folder) -> None:
    if hook.fault is None:
        folder.webhook.mkdir(exist_ok=True)
        text = json.dumps(hook.payload, ensure_ascii=False, indent=2)
        (folder.webhook / f"{hook.id}.json").write_text(text + "\n", encoding="utf-8")


def _all_delivered(attempted: Sequence[Attempted], hooks: Sequence[Received], *, expected: int) -> bool:
    delivered = [attempt for attempt in attempted if attempt.state is MessageState.DELIVERED]
    return len(delivered) == expected and bool(hooks) and all(hook.fault is None for hook in hooks)


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _opened(page: Path) -> bool:
    """Whether a browser took it. Without a display nothing is tried: a browser for terminals would take the screen."""
    windowed = sys.platform in {"darwin", "win32"} or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))
    try:
        return windowed and webbrowser.open(page.as_uri())
    except (OSError, webbrowser.Error):
        return False


def _program() -> str:
    """How this program is called from here: by its name where the shell finds it, else by its path."""
    beside = Path(sys.executable).with_name("monitor")
    found = shutil.which("monitor")
    if found is not None and Path(found).resolve() == beside.resolve():
        return "monitor"
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)


@contextmanager
def _logged_to(path: Path) -> Iterator[None]:
    """The service's log into a file meanwhile: on the console it would stand between the steps."""
    before = structlog.get_config() if structlog.is_configured() else None
    loading = logs.threshold, logs.prepare
    logs.threshold, logs.prepare = logging.INFO, None
    with path.open("w", encoding="utf-8") as file:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=structlog.WriteLoggerFactory(file),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            logs.threshold, logs.prepare = loading
            structlog.reset_defaults()
            if before is not None:
                structlog.configure(**before)
