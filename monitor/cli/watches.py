"""`monitor watches`: list, add and remove."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from monitor.cli.errors import CommandError, ExitCode, refused
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, emit, owner_of, say, show_table
from monitor.cli.queries import parsed, unlisted_tags
from monitor.cli.session import Session, completing, find
from monitor.core.checking import problems_of
from monitor.core.model import Owner, Watch
from monitor.provisioning.shapes import WatchShape
from monitor.store import watches

FILE = "watches.yaml"
LATELY = timedelta(days=7)


def list_watches(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List watches with what they found lately."""
    session = Session.of(ctx)
    now = session.now()
    with session.reading() as tx:
        every = watches.every(tx)
        lately = watches.counts(tx, since=now - LATELY)
    if as_json:
        emit(
            [
                {"slug": w.slug, "title": w.title, "query": w.query, "owner": w.owner, "paused": w.paused}
                | {"matches_7d": lately.get(w.slug, 0)}
                for w in every
            ]
        )
    elif not every:
        say('no watches yet; try one: monitor watches test "grain deal"')
    else:
        show_table(
            columns("watch", "state", "7 days", "owner", "title", "query", right=["7 days"]),
            [
                (
                    w.slug,
                    "paused" if w.paused else "active",
                    lately.get(w.slug, 0),
                    owner_of(w, file=FILE),
                    w.title,
                    w.query,
                )
                for w in every
            ],
        )


def add(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Short name: lower-case words joined by hyphens.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What is looked for; see docs/watches.md.")],
    *,
    title: Annotated[str | None, typer.Option("--title", help="Heading in digests; made from the slug.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Change a watch that was added here before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for something new from now on.

    What is stored already is not searched again: try the query on it with `monitor watches test`.
    """
    session = Session.of(ctx)
    unlisted = unlisted_tags(parsed(query, session.settings), session.settings)
    watch = _watch(slug, title or slug.replace("-", " ").capitalize(), query)
    with session.writing() as tx:
        known = {each.slug: each for each in watches.every(tx)}
        if slug in known:
            _refuse_file_owned(session, known[slug])
            if not replace:
                raise refused(f"there is a watch {slug!r} already: {known[slug].query}; change it with --replace")
        watches.put(tx, watch, now=session.now())
    if as_json:
        emit({"slug": watch.slug, "title": watch.title, "query": watch.query, "replaced": slug in known})
    else:
        say(f"{slug} is looked for in every post from the next poll on")
    for sentence in unlisted:
        complain(sentence, label="warning")


def remove(
    ctx: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="WATCH", help="Slug of a watch.", autocompletion=completing(watches.every))
    ],
    as_json: AsJson = False,
) -> None:
    """Stop a watch; what it found stays."""
    session = Session.of(ctx)
    with session.writing() as tx:
        _refuse_file_owned(session, find(watches.every(tx), slug, sort="watch", see="monitor watches list"))
        watches.remove(tx, slug, now=session.now())
    if as_json:
        emit({"removed": [slug]})
    else:
        say(f"{slug} is no longer looked for")


def _watch(slug: str, title: str, query: str) -> Watch:
    try:
        shape = WatchShape(slug=slug, title=title, query=query)
    except ValidationError as error:
        problems = problems_of(error, WatchShape, lambda _: ("", None), name=lambda path: str(path[0]))
        message = "\n".join(str(problem).removeprefix(": ") for problem in problems)
        raise CommandError(message, ExitCode.USAGE) from None
    return Watch(slug=shape.slug, title=shape.title, query=shape.query, owner=Owner.OPERATOR)


def _refuse_file_owned(session: Session, watch: Watch) -> None:
    if watch.owner is Owner.FILE:
        file = session.settings.paths.config / FILE
        raise refused(f"{watch.slug} comes from {file}: change it there, then: monitor config apply")
