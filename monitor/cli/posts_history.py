"""`monitor posts history`: what a post said before, and what was done to it, word by word."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Annotated

import typer
from rich.text import Text

from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import emit, exactly, heading, lay_out, safe, say, screen
from monitor.cli.posts import TEXT_WIDTH, no_such_post
from monitor.cli.session import Session
from monitor.core.changes import Kind, difference
from monitor.core.model import Revision, StoredPost, Wording
from monitor.store import histories, posts
from monitor.store.histories import Happened

KEPT_AROUND = 12  # words shown on each side of what changed


def history(
    ctx: typer.Context,
    post_id: Annotated[int, typer.Argument(metavar="ID", help="Number of a post, from: monitor posts list.")],
    as_json: AsJson = False,
) -> None:
    """Show what was changed in a post, word by word.

    Words that came are marked {+so+}, words that went [-so-]. White space, tracking parameters and counters are no
    changes.
    """
    session = Session.of(ctx)
    with session.reading() as tx:
        stored = posts.get(tx, post_id) if post_id <= LARGEST_ID else None
        if stored is None:
            raise no_such_post(post_id)
        before = posts.revisions(tx, post_id)
        happened = histories.of_post(tx, post_id)
    versions = _versions(stored, before)
    if as_json:
        emit(
            {
                "id": stored.id,
                "title": stored.post.title,
                "first_seen_at": stored.first_seen_at,
                "revisions": [
                    {"number": revision.number, "replaced_at": revision.replaced_at, "diff": difference(was, now)}
                    for revision, (was, now) in zip(before, pairwise(versions), strict=True)
                ],
                "changes": [
                    {"at": each.at, "revision": each.revision, "kind": each.change.kind}
                    | {"words": each.change.words, "before": each.change.before, "after": each.change.after}
                    for each in happened
                ],
            }
        )
        return
    _show(stored, before, versions, happened, now=session.now())


def _versions(stored: StoredPost, before: list[Revision]) -> list[str]:
    """What the post said, oldest first. A title made of the text would only say its beginning twice."""
    post = stored.post
    said = [(revision.title, revision.text) for revision in before] + [(post.title, post.text or post.summary)]
    return [text if post.title_made and text else f"{title}\n{text}".strip() for title, text in said]


def _show(
    stored: StoredPost, before: list[Revision], versions: list[str], happened: list[Happened], *, now: datetime
) -> None:
    console = screen()
    lay_out(console, Text(safe(stored.post.title), style="bold"), width=min(TEXT_WIDTH, console.width))
    say(f"first seen {exactly(stored.first_seen_at, now=now)}, {stored.source.title} ({stored.source.slug})")
    for revision, (was, is_now) in zip(before, pairwise(versions), strict=True):
        heading(f"Edited: seen {exactly(revision.replaced_at, now=now)}")
        lay_out(console, _marked(difference(was, is_now)), width=min(TEXT_WIDTH, console.width))
    for each in happened:
        if each.change.kind is Kind.WITHDRAWN:
            heading(f"Withdrawn: seen {exactly(each.at, now=now)}")
            say("its source no longer shows it, on a page that reaches further back; the text above is what was kept")
        elif each.change.kind is Kind.RESTORED:
            heading(f"There again: seen {exactly(each.at, now=now)}")
    if not before and not happened:
        say("nothing was changed since")


def _marked(pieces: tuple[Wording, ...]) -> Text:
    marked = Text()
    for place, piece in enumerate(pieces):
        if piece.was and piece.now:
            marked.append(_shortened(piece.words, first=place == 0, last=place == len(pieces) - 1))
        elif piece.now:
            marked.append(f"{{+{safe(piece.words)}+}}", style="green")
        else:
            marked.append(f"[-{safe(piece.words)}-]", style="red")
        marked.append(" ")
    return marked


def _shortened(words: str, *, first: bool, last: bool) -> str:
    """What stayed, as far as it is near to what changed."""
    every = safe(words).split()
    head = [] if first else every[:KEPT_AROUND]
    tail = [] if last else every[-KEPT_AROUND:]
    if len(every) <= len(head) + len(tail) + 1:
        return " ".join(every)
    return " ".join([*head, "…", *tail])
