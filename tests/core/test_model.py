"""What every value that passes between the stages promises."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, get_type_hints

import pytest

from monitor.core import model
from monitor.core.model import Evidence, Facet, Field, Grouping, Memory, Source, grouping_of
from monitor.core.sketch import Said
from tests import make

VALUES = [c for _, c in inspect.getmembers(model, inspect.isclass) if dataclasses.is_dataclass(c)]
ENUMS = [c for _, c in inspect.getmembers(model, inspect.isclass) if issubclass(c, StrEnum) and c is not StrEnum]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: v.__name__)
def test_every_value_is_frozen_slim_and_named(value: Any) -> None:
    parameters = value.__dataclass_params__
    assert parameters.frozen
    assert hasattr(value, "__slots__")
    assert all(field.kw_only for field in dataclasses.fields(value))
    assert value.__doc__
    assert not value.__doc__.startswith(f"{value.__name__}("), "a sentence, not the signature that dataclasses make"


@pytest.mark.parametrize("value", VALUES, ids=lambda v: v.__name__)
def test_no_value_can_be_changed_through_a_list_or_a_set(value: Any) -> None:
    hints = get_type_hints(value, localns={"Said": Said})  # named there for the type checker alone
    changeable = {name for name, hint in hints.items() if str(hint).startswith(("list", "set", "dict"))}
    assert not changeable, "tuples and Mapping only"


@pytest.mark.parametrize("enum", ENUMS, ids=lambda e: e.__name__)
def test_words_that_are_stored_are_lower_case_and_hyphenated(enum: type[StrEnum]) -> None:
    assert enum.__doc__
    for member in enum:
        assert member.value == member.value.lower()
        assert " " not in member.value


def test_a_value_cannot_be_changed() -> None:
    source = make.source()
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.title = "Other"  # type: ignore[misc]


def test_a_source_as_first_written_down_was_never_polled() -> None:
    source = Source(slug="a", title="A", kind="feed", url="https://a.example/")
    assert (source.id, source.memory, source.paused, source.interval) == (0, Memory(), False, timedelta(minutes=15))
    assert not source.memory.polled_before


def test_values_cross_process_borders() -> None:
    evidence = Evidence(field=Field.TITLE, offset=3, words="ООН", rule="name")
    value = make.prepared(tags=[dataclasses.replace(make.tag(), evidence=(evidence,))], stated_at=make.NOW)
    reading = make.reading(value, notes=("declared utf-8, was windows-1251",))
    assert pickle.loads(pickle.dumps(reading)) == reading


def test_times_in_tests_are_aware() -> None:
    assert isinstance(make.NOW, datetime)
    assert make.NOW.utcoffset() == timedelta(0)


def test_there_is_one_object_for_a_facet() -> None:
    topic = Facet("topic")
    assert Facet("".join(["to", "pic"])) is topic
    assert pickle.loads(pickle.dumps((topic, Facet.REGION))) == (topic, Facet.REGION)
    assert all(
        one is other for one, other in zip(pickle.loads(pickle.dumps(Facet.BUILT_IN)), Facet.BUILT_IN, strict=True)
    )
    assert (Facet("region") is Facet.REGION, f"{topic}", topic.value, {topic: 1}["topic"]) == (
        True,
        "topic",
        "topic",
        1,
    )


@pytest.mark.parametrize("slug", ["", "t", "Topic", "my-topic", "тема", "topic ", "t" * 31, "topic2"])
def test_what_cannot_stand_before_a_colon_is_no_facet(slug: str) -> None:
    with pytest.raises(ValueError, match="cannot be a facet"):
        Facet(slug)


def test_a_grouping_that_is_none_of_ours_is_a_facet() -> None:
    assert (grouping_of("region"), grouping_of("topic")) == (Grouping.REGION, Facet("topic"))
