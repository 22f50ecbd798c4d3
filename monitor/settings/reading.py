"""Reads settings from the file and the environment, and says what is wrong with either."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from monitor.core import checking
from monitor.core.errors import ConfigError, Problem
from monitor.core.suggest import nearest
from monitor.settings.sections import DatabaseUrl
from monitor.settings.toml import Document, read_document

ENVIRONMENT = "environment"
"""What a problem names as its file when a variable is to blame."""

PREFIX = "MONITOR_"

OTHER_VARIABLES = frozenset({"MONITOR_CONFIG_FILE", "MONITOR_SHARED"})
"""Variables with our prefix that are no settings: the settings file itself, and the recorded corpus of the tests."""

S = TypeVar("S", bound=BaseSettings)
Tables = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that settings come from."""

    tables: Tables  # section → key → value
    place: checking.Place
    name: Callable[[checking.Path], str]  # what a setting is called here

    def states(self, path: checking.Path) -> bool:
        """Whether the setting at `path` is given here."""
        table = self.tables.get(str(path[0])) if path else None
        return len(path) > 1 and isinstance(table, dict) and path[1] in table

    def problem(self, path: checking.Path, message: str, expected: str) -> Problem:
        """Something wrong with the setting at `path`."""
        file, line = self.place(path)
        return Problem(file=file, line=line, path=self.name(path), message=message, expected=expected)


def read(settings: type[S], path: Path | None, environ: Mapping[str, str]) -> S:
    """See `Settings.load`."""
    problems: list[Problem] = []
    file = _file(path, problems)
    environment = _environment(settings, environ, problems)
    problems += _secrets_in_file(settings, file)
    problems += _secrets_from_files(settings, environment)
    problems += _secrets_from_files(settings, file, unless=environment)
    merged = file.tables | {
        section: below | table if isinstance(below := file.tables.get(section, {}), dict) else below
        for section, table in environment.tables.items()
    }

    def stating(at: checking.Path) -> Layer:
        return environment if environment.states(at) else file

    try:
        result = settings(**merged)
    except ValidationError as error:
        problems += checking.problems_of(
            error, settings, lambda at: stating(at).place(at), name=lambda at: stating(at).name(at)
        )
    if problems:
        # "from None": pydantic's own error holds the values it was given, secrets among them
        raise ConfigError(sorted(problems, key=lambda p: (p.file, p.line or 0, p.path))) from None
    return result


def variable(section: str, key: str) -> str:
    """The environment variable of a setting: MONITOR_SMTP__PASSWORD."""
    return f"{PREFIX}{section}__{key}".upper()


def sections_of(settings: type[BaseSettings]) -> dict[str, type[BaseModel]]:
    """The sections by name, in the order in which they are documented."""
    return {
        name: field.annotation
        for name, field in settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is or may hold a secret; beside each stands one of the same name with `_file`."""
    return any(
        isinstance(t, type) and issubclass(t, SecretStr) for t in (field.annotation, *get_args(field.annotation))
    )


def only_outside_the_file(field: FieldInfo) -> bool:
    """Whether a setting is a secret through and through, unlike an address that only may hold one."""
    return is_secret(field) and field.annotation is not DatabaseUrl


def _file(path: Path | None, problems: list[Problem]) -> Layer:
    document = Document("", "")
    if path is not None:
        try:
            document = read_document(path)
        except ConfigError as error:
            problems += error.problems  # go on: what is wrong with the environment is said in the same breath
    tables = {name: dict(table) if isinstance(table, dict) else table for name, table in document.values.items()}
    return Layer(tables, lambda at: (document.name or "settings", document.line_of(at)), checking.shown)


def _environment(settings: type[BaseSettings], environ: Mapping[str, str], problems: list[Problem]) -> Layer:
    """What the environment states; variables that look like settings but are none are problems."""
    sections = sections_of(settings)
    known = {variable(section, key) for section, model in sections.items() for key in model.model_fields}
    # An empty variable is one that is not set: that is how compose files pass on what they were not given.
    ours = {name.upper(): text for name, text in environ.items() if name.upper().startswith(PREFIX) and text}
    for name in sorted(ours.keys() - known - OTHER_VARIABLES):
        # Others use our prefix too (Kubernetes sets MONITOR_PORT for a service called "monitor"): only names with our
        # own "__" are meant for us for certain, and those that all but spell a setting.
        alike = 0.6 if "__" in name else 0.8
        meant = nearest(name.removeprefix(PREFIX), {each.removeprefix(PREFIX) for each in known}, alike=alike)
        if meant or "__" in name:
            suggestion = PREFIX + meant if meant else ""
            problems.append(
                Problem(
                    file=ENVIRONMENT,
                    line=None,
                    path=name,
                    message="no setting has this name",
                    expected="" if meant else f"{PREFIX}SECTION__KEY as docs/configuration.md lists them",
                    nearest=suggestion,
                )
            )
    source = EnvSettingsSource(settings)
    source.env_vars = {name.lower(): text for name, text in ours.items() if name in known}
    tables = {
        section: {key: _from_text(sections[section].model_fields[key], text) for key, text in table.items()}
        for section, table in source().items()
    }
    return Layer(tables, lambda _: (ENVIRONMENT, None), lambda at: variable(str(at[0]), str(at[1])))


def _from_text(field: FieldInfo, text: str) -> object:
    """A variable's text as the kind of value that TOML would have given; the text itself where it is none."""
    plain = text.strip()
    if field.annotation is bool:
        return _BOOLEANS.get(plain.lower(), text)
    if field.annotation is int:
        return int(plain) if re.fullmatch(r"[+-]?\d{1,18}", plain, re.ASCII) else text
    if get_origin(field.annotation) is tuple:
        if plain.startswith("["):
            try:
                return json.loads(plain)
            except ValueError:
                return text
        return [part for part in re.split(r"[,\s]+", plain) if part]
    return text


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _secrets(settings: type[BaseSettings], layer: Layer) -> Iterator[tuple[str, str, FieldInfo, Tables]]:
    for section, model in sections_of(settings).items():
        table = layer.tables.get(section)
        if isinstance(table, dict):
            yield from ((section, key, field, table) for key, field in model.model_fields.items() if is_secret(field))


def _secrets_in_file(settings: type[BaseSettings], file: Layer) -> Iterator[Problem]:
    """Refuse, and take out, what should not lie in a file that is copied, committed and shown to colleagues."""
    for section, key, field, table in _secrets(settings, file):
        if key not in table:
            continue
        if only_outside_the_file(field):
            what = "a secret"
        elif DatabaseUrl(str(table[key])).has_password:
            what = "an address with a password"
        else:
            continue
        yield file.problem(
            (section, key),
            f"{what} is not read from this file, which is easily copied and shown",
            f"it in the variable {variable(section, key)}, or {key}_file naming a file that holds only it",
        )
        _stand_in(table, key, field)


def _secrets_from_files(
    settings: type[BaseSettings], layer: Layer, *, unless: Layer | None = None
) -> Iterator[Problem]:
    """Put what the files of secrets hold in the place of the secrets, save those that `unless` gives anyway."""
    for section, key, field, table in _secrets(settings, layer):
        at = (section, f"{key}_file")
        if not isinstance(name := table.get(at[1]), str) or (unless and unless.states((section, key))):
            continue
        if key in table:
            yield layer.problem((section, key), f"is given twice, by itself and by {at[1]}", "one of the two")
            continue
        many = get_origin(field.annotation) is tuple
        try:
            content = Path(name).read_text(encoding="utf-8-sig").strip()
            message = "" if content else f"the file {name!r} is empty"
        except OSError as error:
            message = f"the file {name!r} cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            message = f"the file {name!r} is not UTF-8 text"
        if message:
            what = "the secrets, one on a line" if many else "the secret and nothing else"
            yield layer.problem(at, message, f"a file that holds {what}")
            _stand_in(table, key, field)
        else:
            table[key] = content.split() if many else content


def _stand_in(table: Tables, key: str, field: FieldInfo) -> None:
    """Something valid for a secret that was refused, so that its absence is not reported on top."""
    if field.annotation is SecretStr:
        table[key] = "refused"
    else:
        table.pop(key, None)
