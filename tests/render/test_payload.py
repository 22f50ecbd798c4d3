"""What a webhook carries is what its schema promises: nothing missing, nothing undocumented."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from monitor.core.model import FACET_SLUG, Authority
from monitor.render.payload import TYPE, VERSION, payload
from tests.render import editions

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/webhook-digest.schema.json").read_text("utf-8"))
TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def faults(value, schema, where="$", *, root=SCHEMA):
    """How `value` differs from the part of JSON Schema that our file uses; keys the schema lacks are faults too."""
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], where, root=root)
    if "oneOf" in schema:
        fitting = [each for each in schema["oneOf"] if not faults(value, each, where, root=root)]
        return [] if len(fitting) == 1 else [f"{where}: fits {len(fitting)} of oneOf"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not listed")
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [*found, f"{where}: {value!r} is not {kinds}"]
    if isinstance(value, (int, float)) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{where}: {value} is out of range")
    if isinstance(value, str) and schema.get("format") == "date-time" and not is_utc(value):
        found.append(f"{where}: {value!r} is not a time in UTC")
    if isinstance(value, dict) and "additionalProperties" in schema:
        for key in value:
            found += faults(value[key], schema["additionalProperties"], f"{where}.{key}", root=root)
    elif isinstance(value, dict):
        properties = schema["properties"]
        found += [f"{where}.{key}: missing" for key in schema["required"] if key not in value]
        found += [f"{where}.{key}: not in the schema" for key in value if key not in properties]
        for key in value.keys() & properties.keys():
            found += faults(value[key], properties[key], f"{where}.{key}", root=root)
    if isinstance(value, list):
        for index, each in enumerate(value):
            found += faults(each, schema["items"], f"{where}[{index}]", root=root)
    return found


def is_utc(text):
    return text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None


@pytest.mark.parametrize("digest", [editions.full_day(), editions.quiet_day(), editions.long_day(60)])
def test_the_payload_fits_the_schema(digest):
    sent = json.loads(json.dumps(payload(digest), allow_nan=False))
    assert faults(sent, SCHEMA) == []
    assert sum(len(section["stories"]) for section in sent["data"]["sections"]) == sum(
        len(section.items) for section in digest.sections
    )


def test_the_check_itself_finds_faults():
    sent = payload(editions.full_day())
    story = sent["data"]["sections"][0]["stories"][0]
    del story["title"]
    story["extra"] = 1
    story["others"][0]["lag_seconds"] = "soon"
    sent["version"] = 2
    assert len(faults(sent, SCHEMA)) == 4


def test_enumerations_name_every_value_of_the_model():
    definitions = SCHEMA["$defs"]
    assert definitions["tag"]["properties"]["facet"]["pattern"] == f"^{FACET_SLUG}$"
    assert set(definitions["story"]["properties"]["source"]["properties"]["authority"]["enum"]) == {
        authority.value for authority in Authority
    }


def test_evidence_points_at_its_words():
    sent = payload(editions.full_day())
    assert (sent["type"], sent["version"]) == (TYPE, VERSION)
    checked = 0
    for section in sent["data"]["sections"]:
        for story in section["stories"]:
            for match in story["matches"]:
                for piece in match["evidence"]:
                    field = story[piece["field"]]
                    assert field[piece["offset"] :].startswith(piece["words"])
                    checked += 1
    assert checked >= 4
