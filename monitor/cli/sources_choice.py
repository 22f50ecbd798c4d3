"""What `monitor sources add` finds behind an address, and the question which of it is meant."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.text import Text

from monitor.app import App
from monitor.cli.errors import ExitCode, unusable
from monitor.cli.output import columns, complain, count, emit, moment, safe, say, screen, show_table
from monitor.cli.service import with_service
from monitor.cli.session import Session
from monitor.core.model import Source
from monitor.core.opml import address_key
from monitor.sources.candidates import Candidate, Discovery, Way

SHOWN = 3  # posts of a candidate

_SURE = frozenset({Way.ITSELF, Way.PLATFORM})


def chosen(session: Session, address: str, known: Iterable[Source], *, yes: bool, as_json: bool) -> Candidate:
    """The source that is meant by what a person pasted.

    Nothing is asked where the address is itself the one source there is, and not just a page with something like a
    list on it. Ends the command with exit code 1 where nothing is found, and where there is something to ask, nobody to
    be asked, and no `yes`.
    """
    discovery = _discovered(session, address)
    candidates = discovery.candidates
    followed = {address_key(source.url): source.slug for source in known}
    if not candidates:
        if as_json:
            emit(document(discovery))
        complain(discovery.explanation)
        raise typer.Exit(ExitCode.WRONG)
    best = candidates[0]
    if yes or (len(candidates) == 1 and best.way in _SURE and best.kind != "page"):
        return best
    asks = not as_json and sys.stdin.isatty()
    if as_json:
        emit(document(discovery))
    else:
        _show(discovery, followed, now=session.now())
        if discovery.aside:
            complain(discovery.aside, label="note")
    if not asks:
        complain(_what_to_do(candidates, followed), label="note")
        raise typer.Exit(ExitCode.WRONG)
    return candidates[_asked(len(candidates)) - 1]


def document(discovery: Discovery) -> dict[str, Any]:
    """What was found as `--json` shows it."""
    return {
        "added": False,
        "address": discovery.address,
        "candidates": [
            {
                "kind": each.kind,
                "url": each.url,
                "found": each.way.name.lower(),
                "title": each.title,
                "entries": each.entries,
                "posts_per_week": None if each.per_week is None else round(each.per_week, 1),
                "language": each.language,
                "newest": [{"title": post.title, "url": post.url, "stated_at": post.at} for post in each.newest],
                "warnings": each.warnings,
                "also": each.also,
            }
            for each in discovery.candidates
        ],
        "tried": [
            {"url": each.url, "found": each.way.name.lower(), "reason": each.reason, "error": each.why}
            for each in discovery.tried
        ],
        "explanation": discovery.explanation or discovery.aside,
    }


def _discovered(session: Session, address: str) -> Discovery:
    async def work(app: App) -> Discovery:
        return await app.find(address)

    console = screen(stderr=True)
    try:
        if not console.is_terminal:
            return with_service(session, work)
        with console.status(f"looking at {address}"):
            return with_service(session, work)
    except ValueError as error:  # what was pasted is no address
        raise unusable(str(error)) from None


def _what_to_do(candidates: Sequence[Candidate], followed: Mapping[str, str]) -> str:
    left = [each for each in candidates if address_key(each.url) not in followed]
    said = f"{count(len(candidates), 'source')} found; nothing was added."
    if not left:
        return f"{said} All of it is followed already"
    best = "Take the best with --yes, or one of them" if left[0] is candidates[0] else "Take one that is not followed"
    return f"{said} {best} with: monitor sources add {shlex.quote(left[0].url)} --kind {left[0].kind}"


def _show(discovery: Discovery, followed: Mapping[str, str], *, now: datetime) -> None:
    show_table(
        columns(
            "", "kind", "entries", "a week", "newest", "language", "title", "address", right=["", "entries", "a week"]
        ),
        [
            (
                number,
                each.kind,
                each.entries,
                "" if each.per_week is None else f"{each.per_week:.0f}" if each.per_week >= 1 else "< 1",
                moment(each.newest[0].at if each.newest else None, now=now, never="undated"),
                each.language or "",
                (each.title or "")[:40],
                each.url,
            )
            for number, each in enumerate(discovery.candidates, start=1)
        ],
        wrap=True,
    )
    for number, each in enumerate(discovery.candidates, start=1):
        slug = followed.get(address_key(each.url))
        known = (f"followed already as {slug}",) if slug else ()
        say("", f"{number}: {'; '.join((each.way.words, *known, *each.warnings))}")
        for post in each.newest[:SHOWN]:
            say(Text(safe(f"   {moment(post.at, now=now, never='undated')}: {post.title}")))


def _asked(number: int) -> int:
    say("")
    if number == 1:
        if not typer.confirm("follow it?", default=True, err=True):
            raise typer.Exit(ExitCode.WRONG)
        return 1
    while True:
        choice = str(typer.prompt("which one?", default="1", err=True)).strip()
        if choice.isascii() and choice.isdigit() and 1 <= int(choice) <= number:
            return int(choice)
        complain(f"expected a number from 1 to {number}")
