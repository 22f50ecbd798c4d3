from datetime import timedelta

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.core.checking import Duration, Flag, Unfit, Whole, brief, problems_of, shown


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, examples=["alpha"])
    often: Duration = timedelta(0)


class Assembly(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: tuple[Part, ...] = ()
    named: dict[str, Part] = {}
    count: Whole = 0
    on: Flag = False


def said(value):
    with pytest.raises(ValidationError) as caught:
        Assembly.model_validate(value)
    return [
        str(problem) for problem in problems_of(caught.value, Assembly, lambda path: ("f", len(path)), within=("top",))
    ]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"parts": [{}]}, "f:4: top.parts[0].name: is missing; expected something like 'alpha'"),
        (
            {"parts": [{"name": "a", "oftn": 1}]},
            "f:4: top.parts[0]: unknown key 'oftn'; expected name or often; did you mean 'often'?",
        ),
        ({"parts": [{"name": "a", "zzz": 1}]}, "f:4: top.parts[0]: unknown key 'zzz'; expected name or often"),
        ({"parts": [{"name": ""}]}, "f:4: top.parts[0].name: is empty; expected text"),
        ({"parts": [{"name": None}]}, "f:4: top.parts[0].name: nothing does not fit; expected text"),
        ({"named": {"x": {"name": []}}}, "f:4: top.named.x.name: a list does not fit; expected text"),
        ({"count": 1.0}, "f:2: top.count: 1.0 does not fit; expected a whole number"),
        ({"on": 1}, "f:2: top.on: 1 does not fit; expected true or false"),
    ],
)
def test_sentences_have_place_fault_and_expectation(value, sentence):
    assert said(value) == [sentence]


def test_a_validator_may_say_what_it_expected():
    error = Unfit("too late", expected="an earlier day", nearest="monday")
    assert (str(error), error.expected, error.nearest) == ("too late", "an earlier day", "monday")


@pytest.mark.parametrize(
    ("path", "text"), [((), ""), (("a",), "a"), (("a", 3, "b"), "a[3].b"), (("a", 1, 2), "a[1][2]")]
)
def test_paths_are_shown_as_in_code(path, text):
    assert shown(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        ("x", "'x'"),
        ("y" * 100, "'" + "y" * 55 + "…'"),
        (3, "3"),
        ([1], "a list"),
        ({}, "a mapping"),
        (timedelta(minutes=90), "'1h30m'"),
    ],
)
def test_values_are_recognisable_and_short(value, text):
    assert brief(value) == text
