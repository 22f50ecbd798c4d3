"""`monitor sources import` and `monitor sources export`: lists of feeds as other readers write and read them (OPML)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor import app as wiring
from monitor.app import App
from monitor.cli.errors import CommandError, ExitCode, unusable
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, say, show_table
from monitor.cli.service import with_service
from monitor.cli.session import Session
from monitor.cli.sources_add import valid_source
from monitor.cli.sources_check import Trial, tried
from monitor.core import opml, slugs
from monitor.core.durations import show
from monitor.core.model import Source
from monitor.core.opml import OutlineDocument, Plan, Unusable
from monitor.provisioning.shapes import SourceShape
from monitor.sources import KINDS
from monitor.sources.opml_file import read_outlines
from monitor.store import sources

NAME = 50  # characters of a title that a table shows


def import_list(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help='An OPML file; "-" for standard input.')],
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A label for all of them; may be repeated.")] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Read each before; leave out what cannot be read.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added; store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Follow the feeds of an OPML file.

    Folders become tags. What is followed already stays as it is. Without --check nothing is read yet: see `monitor
    sources check`. Exit code 1 when an outline of the file gives no source, or one that cannot be read, or when the
    file breaks off; the others are added all the same.
    """
    session = Session.of(ctx)
    content = _content(file)
    for tag in tags or []:
        if slugs.slugged(tag, longest=80) != tag:
            raise unusable(f"--tag: {tag!r} is no label: expected words of a–z and 0–9 joined by hyphens")
    document = _read(session, content)
    with session.reading() as tx:
        existing = sources.every(tx)
    planned = _checked(
        opml.plan(
            document,
            existing=existing,
            addresses={name: kind.address for name, kind in KINDS.items()},
            interval=session.settings.polling.interval,
            tags=tags or [],
        ),
        session,
    )
    broken: list[Trial] = []
    if check and planned.adds:
        broken = [trial for trial in tried(session, planned.adds) if not trial.fine]
        unread = {trial.poll.source.slug for trial in broken}
        planned = replace(planned, adds=tuple(each for each in planned.adds if each.slug not in unread))
    if not dry_run and planned.adds:
        with session.writing() as tx:
            for source in planned.adds:
                sources.add(tx, source, now=session.now())
    if as_json:
        emit(_document(planned, broken, stored=not dry_run))
    else:
        _show(planned, broken, dry_run=dry_run)
    for note in planned.notes:
        complain(note, label="note")
    for each in planned.unusable:
        where = file if each.line is None else f"{file}:{each.line}"
        complain(f"{where}: {each.name or 'an outline without a name'}: {each.problem}")
    if planned.breaks_off is not None:
        complain(
            f"{file}:{planned.breaks_off}: the list breaks off here, without its closing </opml>; what stands before it"
            " was read, what came after it is missing: export it again, and import that"
        )
    if planned.unusable or broken or planned.breaks_off is not None:
        raise typer.Exit(ExitCode.WRONG)


def export_list(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of the screen.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those that carry this label.")] = None,
) -> None:
    """Write all sources as an OPML file.

    Other readers can subscribe to the feeds among them; `monitor sources import` reads all of it back.
    """
    session = Session.of(ctx)
    with session.reading() as tx:
        every = [source for source in sources.every(tx) if tag is None or tag in source.tags]
    text = opml.written(every, title=session.settings.digests.title, now=session.now())
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}", ExitCode.WRONG) from None
    complain(f"{count(len(every), 'source')} written to {output}", label="done")


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", ExitCode.NOT_FOUND) from None


def _read(session: Session, content: bytes) -> OutlineDocument:
    async def work(app: App) -> OutlineDocument:
        return await app.tools.run(read_outlines, content)

    return with_service(session, work)


def _checked(planned: Plan, session: Session) -> Plan:
    """The plan without sources that a file under config/ could not hold either: an organisation that nobody knows."""
    taxonomy = wiring.load_configuration(session.settings).taxonomy
    fine: list[Source] = []
    unusable_: list[Unusable] = list(planned.unusable)
    for source in planned.adds:
        try:
            valid_source(_written(source), session, taxonomy)
        except CommandError as error:
            unusable_.append(Unusable(line=None, name=source.title, problem=str(error)))
        else:
            fine.append(source)
    return replace(planned, adds=tuple(fine), unusable=tuple(unusable_))


def _written(source: Source) -> dict[str, Any]:
    stated = {field.name for field in fields(Source)} & set(SourceShape.model_fields)
    return {name: getattr(source, name) for name in stated} | {"interval": show(source.interval)}


def _document(planned: Plan, broken: Sequence[Trial], *, stored: bool) -> dict[str, Any]:
    return {
        "stored": stored,
        "added": [
            {"slug": each.slug, "title": each.title, "kind": each.kind, "url": each.url, "tags": each.tags}
            for each in planned.adds
        ],
        "known": [
            {"line": each.line, "title": each.name, "url": each.url, "slug": each.slug} for each in planned.known
        ],
        "unusable": [{"line": each.line, "title": each.name, "error": each.problem} for each in planned.unusable],
        "broken": [
            {"title": each.poll.source.title, "url": each.poll.source.url, "error": each.poll.error} for each in broken
        ],
        "repeats": planned.repeats,
        "breaks_off": planned.breaks_off,
        "notes": planned.notes,
    }


def _show(planned: Plan, broken: Sequence[Trial], *, dry_run: bool) -> None:
    result = "new" if dry_run else "added"
    rows: list[tuple[object, ...]] = [
        (result, each.slug, each.kind, ", ".join(each.tags), each.title[:NAME], each.url) for each in planned.adds
    ]
    rows += [("followed", each.slug, "", "", each.name[:NAME], each.url) for each in planned.known]
    rows += [
        ("broken", "", each.poll.source.kind, "", each.poll.source.title[:NAME], each.poll.error or "")
        for each in broken
    ]
    rows += [("unusable", "", "", "", each.name[:NAME], each.problem) for each in planned.unusable]
    if rows:
        show_table(columns("result", "source", "kind", "tags", "title", "address or what is wrong"), rows, wrap=True)
    verb = "would be added" if dry_run else "added"
    say(
        "",
        f"{count(len(planned.adds), 'source')} {verb}, {len(planned.known)} followed already,"
        f" {f'{len(broken)} cannot be read, ' if broken else ''}{len(planned.unusable)} cannot be used",
    )
