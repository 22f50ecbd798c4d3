"""`monitor db`: upgrade, check and backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from monitor.cli.errors import CommandError, ExitCode, refused
from monitor.cli.options import AsJson
from monitor.cli.output import complain, count, emit, say
from monitor.cli.session import Session
from monitor.core.errors import ConfigError
from monitor.store import schema
from monitor.store.database import Database, explained


def upgrade(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Create the database, or bring it to the newest shape.

    The service does the same when it starts. Several processes may do it at once.
    """
    session = Session.of(ctx)
    with session.database(current=False) as database:
        before, after = schema.upgrade(database)
    if as_json:
        emit({"database": database.url, "before": before, "after": after})
    elif before == after:
        say(f"{database.url} is up to date (revision {after})")
    else:
        say(f"{database.url}: {f'upgraded from {before} to' if before else 'created at revision'} {after}")


def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Look for damage and for a shape that does not fit.

    Exit code 1 when something is wrong.
    """
    session = Session.of(ctx)
    url = Database(session.settings.database.url.get_secret_value()).url  # never connected to
    found = _faults(session)
    if as_json:
        emit({"database": url, "fine": not found, "problems": found})
    else:
        for problem in found:
            complain(problem)
        say(f"{url}: {count(len(found), 'problem') if found else 'sound and up to date'}")
    if found:
        raise typer.Exit(ExitCode.WRONG)


def _faults(session: Session) -> list[str]:
    try:
        with session.database() as database:
            return database.problems() + [
                f"the shape differs from what this program expects: {line}" for line in schema.differences(database)
            ]
    except (ConfigError, CommandError) as error:  # not reached, or of another shape
        return [str(error)]
    except SQLAlchemyError as error:  # so damaged that the looking itself fails
        return [f"the database cannot be read: {explained(error)}"]


def backup(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the copy goes; an existing file is never overwritten.")
    ],
    as_json: AsJson = False,
) -> None:
    """Copy an SQLite database while the service runs.

    Of PostgreSQL make copies with pg_dump.
    """
    session = Session.of(ctx)
    if file.exists():
        raise refused(f"{file} exists already; name a new file, nothing is overwritten")
    with session.database() as database:
        database.backup(file)
    size = file.stat().st_size
    if as_json:
        emit({"file": file, "bytes": size})
    else:
        say(f"{database.url} copied to {file} ({size / 1_000_000:.1f} MB)")
