"""What may be written into config/taxonomy.d/*.yaml, made from the shapes of the entries that it adds to: whatever an
entry may hold can be added."""

from __future__ import annotations

from typing import Any

from pydantic import Field, create_model

from monitor.core.checking import Flag
from monitor.provisioning.shapes import CountryShape, Language, OrganisationShape, RegionShape, Shape, Text


def _addition(model: type[Shape], *, key: str, lists: tuple[str, ...]) -> type[Shape]:
    """The shape of an addition to entries of that shape; `lists` are the keys of which something may be removed."""
    fields = {name: _optional(model, name) for name in model.model_fields if name != key}
    removal: Any = _made(
        model.__name__.replace("Shape", "Removal"),
        "What is taken away: words that stand there now.",
        {name: fields[name] for name in lists},
    )
    own = {
        key: (
            model.model_fields[key].rebuild_annotation(),
            Field(description="Of an entry that is listed, or a new one"),
        ),
        "labels": (
            dict[Language, Text] | None,
            Field(default=None, description="Language → the name to show, put before the others"),
        ),
        "remove": (removal | None, Field(default=None, description="What is taken away, written as it stands there")),
        "replace": (Flag, Field(default=False, description="Whether what stands here is the whole entry")),
        "drop": (Flag, Field(default=False, description="Whether the entry is taken away")),
    }
    name = model.__name__.replace("Shape", "Addition")
    return _made(name, "Lines added to an entry that is listed, or a new entry.", own | fields)


def _optional(model: type[Shape], name: str) -> tuple[Any, Any]:
    field = model.model_fields[name]
    annotation: Any = field.rebuild_annotation()
    return annotation | None, Field(default=None, description=field.description, examples=field.examples)


def _made(name: str, documentation: str, fields: dict[str, tuple[Any, Any]]) -> type[Shape]:
    definitions: dict[str, Any] = fields
    return create_model(name, __base__=Shape, __doc__=documentation, **definitions)


def _tuple_of(shape: Any) -> Any:
    return tuple[shape, ...]


_ADDITION: dict[str, Any] = {
    "organisations": _addition(
        OrganisationShape, key="slug", lists=("names", "acronyms", "hashtags", "members", "context", "decoys")
    ),
    "regions": _addition(RegionShape, key="slug", lists=("names", "countries", "hashtags", "decoys")),
    "countries": _addition(CountryShape, key="code", lists=("names", "demonyms", "cities", "decoys")),
}
_LISTS: dict[str, tuple[Any, Any]] = {
    name: (_tuple_of(addition), Field(default=(), description=f"Added to those in {name}.yaml, or new ones"))
    for name, addition in _ADDITION.items()
}

AdditionsFile = _made("AdditionsFile", "Lines added to organisations, regions and countries.", _LISTS)

ADDITIONS = {name: _made(f"Added{name.capitalize()}", "", {name: field}) for name, field in _LISTS.items()}
"""Each of the three lists that a file in taxonomy.d may hold, as a file of its own."""
