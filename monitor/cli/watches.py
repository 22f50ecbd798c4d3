"""`monitor watches`: list, add, backfill and remove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from monitor.cli.errors import CommandError, ExitCode, refused, unusable
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, owner_of, say, show_table
from monitor.cli.queries import doubtful, parsed, prepared
from monitor.cli.session import Session, completing, find
from monitor.core import durations
from monitor.core.checking import problems_of
from monitor.core.model import Owner, Watch
from monitor.core.query import QueryError, lists_of, parse
from monitor.core.query.tree import Listed
from monitor.core.watches import queries_of
from monitor.provisioning.shapes import WatchShape
from monitor.store import search, watches

FILE = "watches.yaml"
LATELY = timedelta(days=7)


def list_watches(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List watches with what they found lately."""
    session = Session.of(ctx)
    now = session.now()
    with session.reading() as tx:
        every = watches.every(tx)
        lately = watches.counts(tx, since=now - LATELY)
    _, broken = queries_of([watch for watch in every if not watch.paused])
    if as_json:
        emit(
            [
                {"slug": w.slug, "title": w.title, "query": w.query, "owner": w.owner, "paused": w.paused}
                | {"is_list": w.is_list, "in_digests": w.in_digests, "priority": w.priority, "alerts": w.alerts}
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
                    _state(w, broken),
                    lately.get(w.slug, 0),
                    owner_of(w, file=FILE),
                    w.title,
                    w.query,
                )
                for w in every
            ],
        )
        for error in broken.values():
            complain(str(error), label="warning")


def add(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Short name: lower-case words joined by hyphens.")],
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What is looked for; see docs/watches.md.")],
    *,
    title: Annotated[str | None, typer.Option("--title", help="Heading in digests; made from the slug.")] = None,
    instead: Annotated[bool, typer.Option("--replace", help="Change a watch that was added here before.")] = False,
    backfill: Annotated[
        str | None, typer.Option("--backfill", metavar="TIME", help="Find it in what is stored of this time too: 7d.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for something new from now on.

    What is stored already is not searched again, and nothing of it is sent, unless --backfill asks for it: try the
    query on it with `monitor watches test`.
    """
    session = Session.of(ctx)
    back = _length(backfill)
    parsed(query, session.settings)
    watch = _watch(slug, title or slug.replace("-", " ").capitalize(), query)
    with session.reading() as tx:
        whole = prepared(query, session.settings, [*(each for each in watches.every(tx) if each.slug != slug), watch])
        doubts = doubtful(tx, whole, session.settings, now=session.now())
    found = 0
    with session.writing() as tx:
        known = {each.slug: each for each in watches.every(tx)}
        if slug in known:
            _refuse_file_owned(session, known[slug])
            if not instead:
                raise refused(f"there is a watch {slug!r} already: {known[slug].query}; change it with --replace")
            watch = replace(known[slug], title=watch.title, query=watch.query)  # what it does stays as it is
        watches.put(tx, watch, now=session.now())
        if back is not None:
            stored = find(watches.every(tx), slug, sort="watch", see="monitor watches list")
            found = search.backfill(tx, stored, whole, since=session.now() - back, now=session.now())
    if as_json:
        document = {"slug": watch.slug, "title": watch.title, "query": watch.query, "replaced": slug in known}
        emit(document | ({"backfilled": found} if back is not None else {}))
    else:
        say(f"{slug} is looked for in every post from the next poll on")
        if back is not None:
            say(f"it was found in {count(found, 'stored post')}")
    for sentence in doubts:
        complain(sentence, label="warning")


def backfill(
    ctx: typer.Context,
    slug: Annotated[
        str, typer.Argument(metavar="WATCH", help="Slug of a watch.", autocompletion=completing(watches.every))
    ],
    back: Annotated[str, typer.Argument(metavar="TIME", help="How far back: 7d.")],
    as_json: AsJson = False,
) -> None:
    """Find a watch in stored posts, as if it had been there.

    Where it has alerts, they tell of what is found so and was not told before.
    """
    session = Session.of(ctx)
    length = _length(back) or timedelta()
    with session.writing() as tx:
        every = watches.every(tx)
        watch = find(every, slug, sort="watch", see="monitor watches list")
        whole = prepared(watch.query, session.settings, every)
        found = search.backfill(tx, watch, whole, since=session.now() - length, now=session.now())
    if as_json:
        emit({"slug": slug, "backfilled": found})
    else:
        say(f"{slug} was found in {count(found, 'stored post')} in which it was not known")


def _state(watch: Watch, broken: Mapping[str, QueryError]) -> str:
    if watch.paused:
        return "paused"
    if watch.slug in broken:
        return "unusable"
    return "list" if watch.is_list else "alerting" if watch.alerts else "active"


def _lists_named(watch: Watch) -> list[Listed]:
    return list(lists_of(parse(watch.query, facets=None).root))


def _length(written: str | None) -> timedelta | None:
    if written is None:
        return None
    try:
        return durations.duration(written)
    except ValueError:
        raise unusable(f"{written!r} is not a length of time; expected {durations.EXPECTED}") from None


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
        every = watches.every(tx)
        _refuse_file_owned(session, find(every, slug, sort="watch", see="monitor watches list"))
        users = [each.slug for each in every if slug in {named.slug for named in _lists_named(each)}]
        if users:
            raise refused(f"{', '.join(users)} would not be found any more: its query names @{slug}")
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
