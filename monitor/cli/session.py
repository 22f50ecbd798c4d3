"""What a command works with: the settings, the database and the configuration, each opened when first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import typer

from monitor.cli.errors import CommandError, ExitCode, not_found
from monitor.cli.logs import configure_logs_when_needed
from monitor.cli.options import GlobalOptions, LogLevel
from monitor.settings import Settings
from monitor.store import schema
from monitor.store.database import Database, Transaction


class HasSlug(Protocol):
    """A source, watch or subscription."""

    @property
    def slug(self) -> str: ...


Named = TypeVar("Named", bound=HasSlug)


class Session:
    """One call of a command."""

    def __init__(self, options: GlobalOptions, *, quiet_logs: bool = True) -> None:
        """`quiet_logs`: the command itself reports what it does, so only errors are logged unless more is asked for."""
        self.options = options
        self._quiet_logs = quiet_logs

    @classmethod
    def of(cls, ctx: typer.Context, *, quiet_logs: bool = True) -> Session:
        """The session of a command that is being called."""
        return cls(ctx.find_object(GlobalOptions) or GlobalOptions(), quiet_logs=quiet_logs)

    @cached_property
    def settings(self) -> Settings:
        """The settings, and logging as they say. ConfigError with every problem where they cannot be used."""
        settings = Settings.load(self.config_file)
        default = LogLevel.ERROR if self._quiet_logs else LogLevel(settings.log.level.value)
        self._configure_logs(default, as_json=settings.log.format.value == "json")
        return settings

    def _configure_logs(self, default: LogLevel, *, as_json: bool) -> None:
        configure_logs_when_needed(level=(self.options.log_level or default).value, as_json=as_json)

    def without_settings(self) -> None:
        """For a command that reads none: only errors are logged, unless more is asked for."""
        self._configure_logs(LogLevel.ERROR, as_json=False)

    @property
    def config_file(self) -> Path | None:
        """The settings file: the one named, else monitor.toml among the configuration, where there is one."""
        if self.options.config_file is not None:
            return self.options.config_file
        usual = self.config_directory / "monitor.toml"
        return usual if usual.is_file() else None

    @property
    def config_directory(self) -> Path:
        """Where the settings file is looked for; also where the other files lie unless the settings say otherwise."""
        return Path(os.environ.get("MONITOR_PATHS__CONFIG") or "config")

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    @contextmanager
    def database(self, *, current: bool = True) -> Iterator[Database]:
        """The database, closed at the end. ConfigError where it cannot be reached, or unless `current` is false, where
        its shape is not the one this program needs."""
        database = Database(self.settings.database.url.get_secret_value())
        try:
            trouble = database.unreachable()
            if trouble is not None:
                raise CommandError(trouble, ExitCode.CONFIGURATION)
            if current:
                schema.require_current(database)
            yield database
        finally:
            database.close()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A view of the database."""
        with self.database() as database, database.reading() as tx:
            yield tx

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A change of the database."""
        with self.database() as database, database.writing() as tx:
            yield tx


def find(named: Iterable[Named], slug: str, *, sort: str, see: str) -> Named:
    """The one of that slug, or an error with the nearest one that there is."""
    listed = list(named)
    for one in listed:
        if one.slug == slug:
            return one
    raise not_found(sort, slug, (one.slug for one in listed), see=see)


def completing(slugs: Callable[[Transaction], Sequence[HasSlug]]) -> Callable[[typer.Context, str], list[str]]:
    """Completes slugs from the database. A shell that is completing must never be shown an error."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        params: dict[str, Any] = ctx.find_root().params
        try:
            options = replace(GlobalOptions(), config_file=params.get("config_file"))
            with Session(options).reading() as tx:
                return [one.slug for one in slugs(tx) if one.slug.startswith(incomplete)]
        except Exception:
            return []

    return complete
