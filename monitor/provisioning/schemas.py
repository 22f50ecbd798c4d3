"""The JSON Schemas by which editors complete and check the files under config/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from monitor.core.jsonschema import Schema, schema_of
from monitor.provisioning.addition_shapes import AdditionsFile
from monitor.provisioning.shapes import FILES, FacetFile, Shape

IN_FOLDERS: dict[str, type[Shape]] = {"facet": FacetFile, "additions": AdditionsFile}
"""Shapes of which there may be any number of files: in facets/ and in taxonomy.d/."""


def schemas(
    *,
    kinds: Mapping[str, type[BaseModel]] | None = None,
    channels: Mapping[str, type[BaseModel]] | None = None,
) -> Mapping[str, Schema]:
    """File name without ".yaml" → JSON Schema (draft 7, which every editor knows).

    With the options of each kind of source and each channel, their names and options are described as well.
    """
    result = {name: schema_of(shape) for name, shape in (FILES | IN_FOLDERS).items()}
    for name, entry, key, options in (
        ("sources", "SourceShape", "kind", kinds),
        ("subscriptions", "SubscriptionShape", "channel", channels),
    ):
        if options:
            _describe_options(result[name], result[name]["definitions"][entry], key, options)
    return result


def write_schemas(directory: Path, documents: Mapping[str, Schema]) -> None:
    """Write each schema to NAME.schema.json in `directory`, which is made where it is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        (directory / f"{name}.schema.json").write_text(text, encoding="utf-8")


def _describe_options(schema: Schema, entry: Schema, key: str, models: Mapping[str, type[BaseModel]]) -> None:
    entry["properties"][key]["enum"] = sorted(models)
    conditions = []
    for name, model in sorted(models.items()):
        options = schema_of(model)
        del options["$schema"]
        schema["definitions"] |= options.pop("definitions", {})
        conditions.append({"if": {"properties": {key: {"const": name}}}, "then": {"properties": {"options": options}}})
    entry["allOf"] = conditions
