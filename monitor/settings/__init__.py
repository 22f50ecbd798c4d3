"""What the operator configures about the service itself: one TOML file and the environment, nothing else.

`sections` says what can be set, `reading` how it is read and what is said when a value will not do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.core.jsonschema import Schema
from monitor.settings import sections
from monitor.settings.reading import read
from monitor.settings.schema import schema_of

__all__ = ["Settings", "schema"]


class Settings(BaseSettings):
    """All settings, frozen. `Settings.load` reads them; made directly, it knows its arguments and defaults only."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix="MONITOR_",
        env_nested_delimiter="__",
        enable_decoding=False,  # a list in a variable is split by `reading`: nobody types JSON into an environment
    )

    paths: sections.Paths = sections.Paths()
    database: sections.Database = sections.Database()
    polling: sections.Polling = sections.Polling()
    network: sections.NetworkAccess = sections.NetworkAccess()
    stories: sections.Stories = sections.Stories()
    digests: sections.Digests = sections.Digests()
    delivery: sections.Delivery = sections.Delivery()
    smtp: sections.Smtp = sections.Smtp()
    mailbox: sections.Mailbox = sections.Mailbox()
    webhook: sections.Webhook = sections.Webhook()
    chat: sections.Chat = sections.Chat()
    web: sections.Web = sections.Web()
    metrics: sections.Metrics = sections.Metrics()
    log: sections.Log = sections.Log()

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
        """Settings from a TOML file and, weighing more, variables such as MONITOR_SMTP__PASSWORD.

        Without a path the environment and the defaults decide. ConfigError lists everything that is wrong in both:
        unknown names, wrong values, secrets in the file, files of secrets that cannot be read. No message holds the
        value of a secret. Relative paths start at the working directory.
        """
        return read(cls, path, environ)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing ambient: `load` hands in what the file and the environment say."""
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _beside_the_data(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Database and mailbox lie in the data directory unless they are told otherwise."""
        paths = values.get("paths")
        data = paths.get("data") if isinstance(paths, dict) else getattr(paths, "data", None)
        if not isinstance(data, (str, Path)):
            return values
        filled = dict(values)
        for section, key, value in (
            ("database", "url", f"sqlite:///{data}/monitor.db"),
            ("mailbox", "directory", Path(data, "mailbox")),
        ):
            stated = filled.get(section, {})
            if isinstance(stated, dict):
                filled[section] = {key: value} | stated
        return filled


def schema() -> Schema:
    """JSON Schema of config/monitor.toml; secrets are left out, because the file may not hold any."""
    return schema_of(Settings)
