import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from monitor import provisioning, settings
from monitor.channels import CHANNELS
from monitor.core.checking import keys_of
from monitor.provisioning import FILES
from monitor.provisioning.shapes import (
    AlertsShape,
    ConditionShape,
    ContextShape,
    CountryShape,
    OrganisationShape,
    QuietShape,
    RegionShape,
    ScheduleShape,
    SelectionShape,
    SourceShape,
    SubscriptionShape,
    ThresholdShape,
    WatchShape,
)
from monitor.sources import KINDS
from monitor.sources.kind import Options

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
ADDITIONS = ("OrganisationAddition", "RegionAddition", "CountryAddition")
SHAPES = {
    "sources": (SourceShape,),
    "watches": (WatchShape, AlertsShape, QuietShape, ThresholdShape),
    "subscriptions": (SubscriptionShape, ScheduleShape, SelectionShape),
    "organisations": (OrganisationShape, ContextShape, ConditionShape),
    "regions": (RegionShape,),
    "countries": (CountryShape,),
}
OPTIONS = {"kind": KINDS, "channel": CHANNELS}


def documents():
    kinds = {name: kind.options for name, kind in KINDS.items()}
    channels = {name: channel.options for name, channel in CHANNELS.items()}
    return {"monitor": settings.schema(), **provisioning.schemas(kinds=kinds, channels=channels)}


def test_the_schemas_in_the_repository_are_those_of_the_code(tmp_path):
    provisioning.write_schemas(tmp_path, documents())
    kept = {path.name: path.read_text(encoding="utf-8") for path in (CONFIG / "schemas").glob("*.json")}
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.json")}
    assert kept == made, "run .venv/bin/python scripts/write_schemas.py"


@pytest.mark.parametrize("name", FILES)
def test_each_file_names_its_schema_for_editors(name):
    first = (CONFIG / f"{name}.yaml").open(encoding="utf-8").readline()
    assert first == f"# yaml-language-server: $schema=schemas/{name}.schema.json\n"


@pytest.mark.parametrize(
    ("name", "shape", "key"),
    [(name, shape, key) for name in SHAPES for shape in SHAPES[name] for key in keys_of(shape)],
)
def test_every_key_is_described_in_schema_and_documentation(name, shape, key):
    properties = provisioning.schemas()[name]["definitions"][shape.__name__]["properties"]
    assert properties[key].get("description")
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert f"\n| `{key}` |" in page.partition(f"### {name}.yaml")[2].partition("\n#")[0]


@pytest.mark.parametrize("name", [*ADDITIONS, "FacetFile"])
def test_every_key_of_files_in_folders_is_described(name):
    documents = provisioning.schemas()
    schema = documents["facet"] if name == "FacetFile" else documents["additions"]["definitions"][name]
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    section = page.partition("### facets/" if name == "FacetFile" else "### taxonomy.d/")[2].partition("\n### ")[0]
    own = set(schema["properties"]) - {key for shapes in SHAPES.values() for shape in shapes for key in keys_of(shape)}
    for key in own | ({"facet", "names", "entries"} & set(schema["properties"]) if name == "FacetFile" else set()):
        assert schema["properties"][key].get("description") or "$ref" in schema["properties"][key]
        assert f"\n| `{key}` |" in section


@pytest.mark.parametrize("example", [*CONFIG.glob("facets.example/*"), *CONFIG.glob("taxonomy.d.example/*")])
def test_each_example_names_its_schema_for_editors(example):
    kind = "facet" if example.parent.name.startswith("facets") else "additions"
    first = example.open(encoding="utf-8").readline()
    assert first == f"# yaml-language-server: $schema=../schemas/{kind}.schema.json\n"


def test_no_shape_is_left_out_of_these_tests():
    made = {name for document in provisioning.schemas().values() for name in document["definitions"]}
    shapes = {shape.__name__ for listed in SHAPES.values() for shape in listed}
    assert {name for name in made if name.endswith("Shape")} == shapes


def documented_options():
    """Kind or channel and key; what every kind of source understands stands under "any"."""
    shared = keys_of(Options)
    yield from (("any", key) for key in shared)
    for known in OPTIONS.values():
        for name, kind in known.items():
            own = [key for key in keys_of(kind.options) if key not in shared]
            yield from ((name, key) for key in own or ["–"])


@pytest.mark.parametrize(("name", "key"), list(documented_options()))
def test_every_option_of_a_kind_or_channel_is_documented(name, key):
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert f"\n| `{name}` | {key if key == '–' else f'`{key}`'} |" in page


def test_the_options_depend_on_kind_and_channel():
    made = documents()
    for name, shape, key in (("sources", "SourceShape", "kind"), ("subscriptions", "SubscriptionShape", "channel")):
        entry = made[name]["definitions"][shape]
        assert entry["properties"][key]["enum"] == sorted(OPTIONS[key])
        assert [each["if"]["properties"][key]["const"] for each in entry["allOf"]] == sorted(OPTIONS[key])


def test_a_property_called_title_stays_and_made_up_titles_go():
    entry = provisioning.schemas()["sources"]["definitions"]["SourceShape"]
    assert "title" in entry["properties"]
    assert "title" not in entry["properties"]["slug"]
    assert "$defs" not in json.dumps(provisioning.schemas())


@pytest.mark.parametrize("shape", [shape for shapes in SHAPES.values() for shape in shapes])
def test_each_default_in_a_schema_may_be_written_into_the_file(shape):
    made = {
        name: entry for document in provisioning.schemas().values() for name, entry in document["definitions"].items()
    }
    for key, property_ in made[shape.__name__]["properties"].items():
        if "default" in property_:
            field = shape.model_fields[key]
            read = TypeAdapter(field.rebuild_annotation()).validate_python(property_["default"])
            assert read == field.get_default(call_default_factory=True), key
