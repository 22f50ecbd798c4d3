"""JSON Schemas of the files that operators write, as editors like them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.json_schema import GenerateJsonSchema

from monitor.core import durations

Schema = dict[str, Any]


class _AsWritten(GenerateJsonSchema):
    """Shows each default as it would be written into the file: editors offer it for taking over."""

    def encode_default(self, dft: Any) -> Any:
        match dft:
            case timedelta():
                return durations.show(dft)  # pydantic's own would be ISO 8601, which `durations` does not read
            case SecretStr():
                return str(dft)  # an address without its password; of secrets proper, asterisks
        return super().encode_default(dft)


def schema_of(model: type[BaseModel]) -> Schema:
    """The schema of what may be written, in the terms of draft 7, which every editor knows.

    Without the titles that pydantic makes up for each key: editors would show them in the place of the key itself.
    """
    schema = model.model_json_schema(mode="validation", schema_generator=_AsWritten)
    return {"$schema": "http://json-schema.org/draft-07/schema#"} | {
        _renamed(key): _plain(value, by_name=key in _BY_NAME) for key, value in schema.items() if key != "title"
    }


_BY_NAME = frozenset({"properties", "$defs"})  # keywords whose keys are names: a property may be called "title"


def _renamed(key: str) -> str:
    return "definitions" if key == "$defs" else key


def _plain(node: Any, *, by_name: bool = False) -> Any:
    match node:
        case dict():
            return {
                _renamed(key): _plain(value, by_name=key in _BY_NAME and not by_name)
                for key, value in node.items()
                if by_name or key != "title"
            }
        case list():
            return [_plain(item) for item in node]
        case str():
            return node.replace("#/$defs/", "#/definitions/")
    return node
