"""Turns what pydantic finds wrong with an operator's input into sentences: where, what, what was expected.

Settings and provisioning read different files in different formats; what they say about a mistake is made here, once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, get_args

from pydantic import BaseModel, BeforeValidator, PlainSerializer, Strict, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from monitor.core import durations
from monitor.core.errors import Problem
from monitor.core.suggest import nearest, one_of

Path = tuple[str | int, ...]
"""Where in a document: ("sources", 3, "interval")."""

Place = Callable[[Path], tuple[str, int | None]]
"""Finds file and line of a path. A path that leads nowhere is placed where its nearest ancestor stands."""


class Unfit(ValueError):  # noqa: N818 - reads as what it says where it is raised
    """A value that will not do; a validator raises it to say what would."""

    def __init__(self, message: str, *, expected: str = "", nearest: str = "") -> None:
        self.expected = expected
        self.nearest = nearest
        super().__init__(message)


def _duration(written: object) -> timedelta:
    if isinstance(written, timedelta):
        return written
    try:
        return durations.duration(written)  # type: ignore[arg-type]  # it refuses every other type in a sentence
    except ValueError as error:
        raise Unfit(str(error), expected=durations.EXPECTED) from None


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(durations.show, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*(\d+|(\d+(\.\d+)?[wdhmsWDHMS]\s*)+)$"},
                {"type": "number", "minimum": 0},
            ]
        }
    ),
]
"""A length of time, see `core.durations`."""

Whole = Annotated[int, Strict()]
"""A whole number; true, 3.0 and "3" are none."""

Flag = Annotated[bool, Strict()]
"""true or false; 1, "yes" and "on" are neither."""


def shown(path: Path) -> str:
    """A path as text: "sources[3].interval"."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    place: Place,
    *,
    within: Path = (),
    name: Callable[[Path], str] = shown,
) -> list[Problem]:
    """Every fault in `error`, which validating with `model` raised.

    `within` is the path of the validated part in its document, for a part validated by itself; `name` is what a path
    is called where the operator wrote it.
    """
    return [_problem(detail, model, place, within, name) for detail in error.errors(include_url=False)]


def brief(value: object) -> str:
    """A value as an operator would recognise it in a message: written as in the file, and not too long."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case timedelta():
            return repr(durations.show(value))
        case Mapping():
            return "a mapping"
        case str() | int() | float():
            text = repr(value)
            return text if len(text) <= 60 else f"{text[:56]}…{text[0] if text[0] in {chr(34), chr(39)} else ''}"
        case Sequence():
            return "a list"
    return type(value).__name__


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a model understands, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _problem(
    detail: ErrorDetails, model: type[BaseModel], place: Place, within: Path, name: Callable[[Path], str]
) -> Problem:
    # pydantic marks a fault in a key of a mapping by "[key]" behind that key
    path = (*within, *(step for step in detail["loc"] if step != "[key]"))
    file, line = place(path)
    message, expected, suggestion = _sentence(detail, model)
    if detail["type"] == "extra_forbidden":
        path = path[:-1]
    return Problem(file=file, line=line, path=name(path), message=message, expected=expected, nearest=suggestion)


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str, str]:
    """What is wrong, what would be right, and the valid name most like the one given."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        name = str(detail["loc"][-1])
        known = _siblings(model, detail["loc"])
        suggestion = nearest(name, known)
        return f"unknown key {name!r}", one_of(known), suggestion
    if kind == "missing":
        return "is missing", _example(model, detail["loc"]), ""
    if kind == "string_pattern_mismatch":
        expected = _example(model, detail["loc"]) or f"text that matches {context['pattern']}"
        return f"{brief(value)} does not fit", expected, ""
    if kind == "value_error":
        raised = context["error"]
        if isinstance(raised, Unfit):
            return str(raised), raised.expected, raised.nearest
        return str(raised), "", ""
    if kind in {"enum", "literal_error"}:
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"{brief(value)} is not known here", one_of(choices), nearest(str(value), choices)
    if kind in _LIMITS:
        return (
            f"{brief(value)} is out of bounds",
            _LIMITS[kind].format(**{k: _plain(v) for k, v in context.items()}),
            "",
        )
    if kind == "too_short":
        return "is empty", "at least one entry", ""
    if kind == "string_too_short":
        return "is empty", "text", ""
    for beginning, expected in _TYPES:
        if kind.startswith(beginning):
            return f"{brief(value)} does not fit", expected + _hint(expected, value), ""
    return detail["msg"], "", ""


_LIMITS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "too_long": "at most {max_length}",
    "string_too_long": "at most {max_length} characters",
}
_TYPES = (
    ("string_", "text"),
    ("bool_", "true or false"),
    ("int_", "a whole number"),
    ("float_", "a number"),
    ("list_", "a list"),
    ("tuple_", "a list"),
    ("dict_", "a mapping of keys to values"),
    ("model_", "a mapping of keys to values"),
    ("path_", "a path"),
)


def _hint(expected: str, value: object) -> str:
    """The small thing that most likely went wrong with the form of a value."""
    if expected == "text" and isinstance(value, (bool, int, float)):
        return ", in quotes"
    if expected == "true or false" and isinstance(value, str) and value.lower() in {"true", "false"}:
        return ", without quotes"
    if expected == "a whole number" and isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return ", without quotes"
    if expected == "a list" and isinstance(value, (str, int)) and not isinstance(value, bool):
        return f": [{value}]"
    return ""


def _plain(value: object) -> object:
    return durations.show(value) if isinstance(value, timedelta) else value


def _siblings(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys that would have been right beside the last step of `path`."""
    holder = _holder(model, path)
    return keys_of(holder) if holder else []


def _example(model: type[BaseModel], path: Sequence[str | int]) -> str:
    holder = _holder(model, path)
    fields = holder.model_fields.items() if holder else ()
    field = next((field for name, field in fields if path[-1] in {name, field.alias}), None)
    if field is None:
        return ""
    if not field.examples:
        return field.description or ""
    example = field.examples[0]
    # Lists and mappings as JSON, which YAML reads as well.
    shape = repr(example) if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
    return f"something like {shape}"


def _holder(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of the mapping in which the last step of `path` stands; None where it is not a model."""
    holder: type[BaseModel] | None = model
    for step in path[:-1]:
        if holder is None:
            return None
        if isinstance(step, int):
            continue  # a list of models: the model was found with the list's key
        field = next((f for n, f in holder.model_fields.items() if step in {n, f.alias}), None)
        holder = next(models_in(field.annotation), None) if field else None
    return holder


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models named in a type, from the outside in: X, X | None, tuple[X, ...]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
