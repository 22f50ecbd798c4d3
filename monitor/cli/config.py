"""`monitor config`: check, apply and schema."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor import app as wiring
from monitor import provisioning, settings
from monitor.channels import CHANNELS
from monitor.cli.errors import ExitCode, not_found
from monitor.cli.options import AsJson
from monitor.cli.output import complain, count, emit, say
from monitor.cli.sample import PAGES, SAMPLE_PAGE, sample_alerts, samples
from monitor.cli.session import Session
from monitor.core.errors import ConfigError, Problem
from monitor.provisioning import Configuration, shipped
from monitor.settings import Settings
from monitor.sources import KINDS
from monitor.store.catalogue import Change


def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Find everything that is wrong with settings and files.

    Reads monitor.toml, the environment, every file under config/ and the templates; changes nothing and needs no
    database. Exit code 3 when something is wrong. Cautions are no faults, but keep digests from arriving.
    """
    session = Session.of(ctx)
    problems: list[Problem] = []
    configuration: Configuration | None = None
    found: Settings | None = None
    try:
        found = session.settings
    except ConfigError as error:
        problems += _problems(error)
    # With settings that cannot be used, the other files are still looked for in their usual place.
    chosen = found or Settings(paths={"config": session.config_directory})  # type: ignore[arg-type]  # pydantic reads it
    try:
        configuration = wiring.load_configuration(chosen)
    except ConfigError as error:
        problems += _problems(error)
    if found is not None and configuration is not None:
        problems += asyncio.run(_template_problems(found, configuration))
    cautions = (
        wiring.cautions(found, configuration.subscriptions, configuration.sources) if found and configuration else []
    )
    notes = list(configuration.notes) if configuration else []
    notes += _unknown_templates(found, configuration) if found and configuration else []
    if as_json:
        emit({"fine": not problems, "problems": problems, "cautions": cautions, "notes": notes})
    else:
        for problem in problems:
            complain(str(problem))
        for caution in cautions:
            complain(caution, label="caution")
        for note in notes:
            complain(note, label="note")
        _conclude(session, problems, configuration)
    if problems:
        raise typer.Exit(ExitCode.CONFIGURATION)


def apply(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring what the files say into the database.

    The service does the same when it starts. Applying the same files again changes nothing.
    """
    session = Session.of(ctx)
    configuration = wiring.load_configuration(session.settings)
    with session.database() as database:
        changes = wiring.apply_configuration(database, configuration, now=session.now())
    if as_json:
        emit(
            {
                change.sort: {"added": change.added, "changed": change.changed, "removed": change.removed}
                for change in changes
            }
        )
        return
    for line in described(changes):
        say(line)
    for caution in wiring.cautions(session.settings, configuration.subscriptions, configuration.sources):
        complain(caution, label="caution")


def schema(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="One of them: monitor, sources, watches, subscriptions, organisations, …"),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write each to NAME.schema.json in this directory.")
    ] = None,
) -> None:
    """Print the JSON Schemas by which editors complete the files."""
    documents = _schemas()
    if name is not None:
        if name not in documents:
            raise not_found("schema", name, documents, see="monitor config schema")
        documents = {name: documents[name]}
    if write is None:
        emit(documents[name] if name else documents)
        return
    provisioning.write_schemas(write, documents)
    say(*(f"wrote {write / f'{each}.schema.json'}" for each in documents))


def described(changes: tuple[Change, ...]) -> list[str]:
    """What applying changed, a line for each sort of thing; few slugs are named, many are counted."""
    lines = []
    for change in changes:
        parts = [
            f"{len(slugs)} {what}" + (f" ({', '.join(slugs)})" if len(slugs) <= 5 else "")
            for what, slugs in (("added", change.added), ("changed", change.changed), ("removed", change.removed))
            if slugs
        ]
        lines.append(f"{change.sort}: {', '.join(parts) if parts else 'unchanged'}")
    return lines


def _problems(error: ConfigError) -> tuple[Problem, ...]:
    return error.problems or (Problem(file="configuration", line=None, path="", message=str(error)),)


async def _template_problems(found: Settings, configuration: Configuration) -> list[Problem]:
    """What is wrong with the templates, by filling each with made-up digests and alerts in every form and language."""
    problems: dict[str, Problem] = {}
    subscriptions = configuration.subscriptions
    languages = sorted({s.language for s in subscriptions} | {"en"})
    forms = {kind.templates: name for name, kind in CHANNELS.items()}  # form of templates → one channel that uses it
    used: set[tuple[str, str, str | None]] = {(name, each, None) for name in forms.values() for each in languages}
    used |= {(name, s.language, s.templates_dir) for name in forms.values() for s in subscriptions}
    async with wiring.press(found) as press:
        for channel, language, folder in sorted(used, key=str):
            for digest in samples(channel=channel, language=language, templates_dir=folder):
                faults = await press.faults(digest, templates=CHANNELS[channel].templates)
                problems |= {str(problem): problem for problem in faults}
        alerting = [watch.alerts for watch in configuration.watches if watch.alerts is not None]
        for form, channel in sorted(forms.items()):
            for language in sorted({alerts.language for alerts in alerting} | {"en"}):
                for alert in sample_alerts(channel=channel, language=language):
                    faults = await press.alert_faults(alert, templates=form)
                    problems |= {str(problem): problem for problem in faults}
        if found.digests.templates_dir is not None:
            for page in PAGES:
                faults = await press.page_faults(page, language="en", **SAMPLE_PAGE)
                problems |= {str(problem): problem for problem in faults}
    return list(problems.values())


def _unknown_templates(found: Settings, configuration: Configuration) -> list[str]:
    """Files in folders of templates that have no shipped one of their name: misspelt, or included by others."""
    own = {Path(s.templates_dir) for s in configuration.subscriptions if s.templates_dir}
    if found.digests.templates_dir is not None:
        own.add(found.digests.templates_dir)
    return [
        f"{path} replaces none of the shipped templates; it counts only where another template includes it"
        for folder in sorted(own)
        for path in sorted(folder.rglob("*.j2"))
        if not (shipped("templates") / path.relative_to(folder)).is_file()
    ]


def _schemas() -> Mapping[str, dict[str, Any]]:
    kinds = {name: kind.options for name, kind in KINDS.items()}
    channels = {name: channel.options for name, channel in CHANNELS.items()}
    return {"monitor": settings.schema(), **provisioning.schemas(kinds=kinds, channels=channels)}


def _conclude(session: Session, problems: list[Problem], configuration: Configuration | None) -> None:
    if problems:
        complain(count(len(problems), "problem"))
    elif configuration is not None:
        numbers = (
            count(len(configuration.sources), "source"),
            count(len(configuration.watches), "watch", "watches"),
            count(len(configuration.subscriptions), "subscription"),
        )
        say(f"fine: {', '.join(numbers)}; settings from {session.config_file or 'the environment and defaults'}")
