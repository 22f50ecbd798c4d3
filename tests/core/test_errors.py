from __future__ import annotations

import pickle

import pytest

from monitor.core.errors import ConfigError, DeliveryError, MonitorError, Problem, SourceError
from tests.make import NOW


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (Problem(file="sources.yaml", line=None, path="", message="is empty"), "sources.yaml: is empty"),
        (Problem(file="sources.yaml", line=3, path="", message="is no YAML"), "sources.yaml:3: is no YAML"),
        (
            Problem(file="a.yaml", line=3, path="sources[2].kind", message="unknown kind 'fed'", nearest="feed"),
            "a.yaml:3: sources[2].kind: unknown kind 'fed'; did you mean 'feed'?",
        ),
        (
            Problem(file="a.yaml", line=None, path="x", message="is text", expected="a number", nearest="y"),
            "a.yaml: x: is text; expected a number; did you mean 'y'?",
        ),
    ],
)
def test_a_problem_says_where_what_and_what_would_be_right(problem: Problem, sentence: str) -> None:
    assert str(problem) == sentence


def test_a_configuration_error_lists_every_fault() -> None:
    problems = [Problem(file="a.yaml", line=n, path="x", message="no") for n in (1, 2)]
    error = ConfigError(problems)
    assert error.problems == tuple(problems)
    assert str(error) == "a.yaml:1: x: no\na.yaml:2: x: no"
    assert ConfigError("run: monitor db upgrade").problems == ()
    assert str(ConfigError("run: monitor db upgrade")) == "run: monitor db upgrade"


ERRORS = [
    ConfigError([Problem(file="a.yaml", line=1, path="x", message="no")]),
    ConfigError("a sentence"),
    SourceError("no such name", reason="dns"),
    SourceError("ask later", reason="http-429", permanent=True, retry_at=NOW),
    DeliveryError("busy"),
    DeliveryError("no such user", permanent=True, retry_at=NOW),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_crosses_process_borders_with_its_decision(error: MonitorError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_every_error_is_expected(error: MonitorError) -> None:
    assert isinstance(error, MonitorError)
    assert str(error)
