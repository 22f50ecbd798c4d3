"""The JSON Schema by which editors complete and check config/monitor.toml."""

from __future__ import annotations

from pydantic_settings import BaseSettings

from monitor.core.jsonschema import Schema
from monitor.core.jsonschema import schema_of as plain_schema_of
from monitor.settings.reading import is_secret, only_outside_the_file, sections_of


def schema_of(settings: type[BaseSettings]) -> Schema:
    """The schema without the secrets, which may not be written into the file."""
    document = plain_schema_of(settings)
    for name, section in sections_of(settings).items():
        properties = document["definitions"][section.__name__]["properties"]
        for key, field in section.model_fields.items():
            if only_outside_the_file(field):
                del properties[key]
            elif is_secret(field):  # an address: it may be written as long as it holds no password
                for keyword in ("format", "writeOnly"):
                    properties[key].pop(keyword, None)
        # Where something is refused outside the file, its default would tell nothing; the keys have their own.
        document["properties"][name].pop("default", None)
    return document
