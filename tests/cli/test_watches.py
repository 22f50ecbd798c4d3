from __future__ import annotations

import pytest

from monitor.cli.queries import explained
from monitor.core.query import QueryError, parse
from tests.cli.conftest import Monitor


def test_list(polled: Monitor) -> None:
    (watch,) = polled("watches", "list", "--json").json
    assert (watch["slug"], watch["matches_7d"]) == ("grain", 4)
    assert "Grain" in polled("watches", "list").out


def test_test_runs_over_what_is_stored(polled: Monitor) -> None:
    found = polled("watches", "test", "переговорах OR 制裁", "--json").json
    assert (found["posts"], found["searched"]) == (4, 6)
    assert found["languages"] == {"ru": 2, "zh": 2}
    assert sum(week["posts"] for week in found["weeks"]) == 4
    assert len(found["weeks"]) in {3, 4}  # 400 hours apart, empty weeks included
    out = polled("watches", "test", '"grain deal"', "--days", "7").out
    assert "█" in out
    assert "»grain deal«" in out


def test_days_count_back_from_publication(polled: Monitor) -> None:
    assert polled("watches", "test", "制裁", "--days", "7", "--json").json["posts"] == 0
    assert polled("watches", "test", "制裁", "--days", "30", "--json").json["posts"] == 2


def test_a_tag_that_no_taxonomy_lists_is_warned_of(polled: Monitor) -> None:
    ended = polled("watches", "test", "org:oscee OR grain")
    assert ended.code == 0
    assert "did you mean 'osce'?" in ended.err


def test_add_and_remove(polled: Monitor) -> None:
    assert polled("watches", "add", "vienna", "Vienna").code == 0
    assert polled("watches", "add", "vienna", "Wien").code == 5
    assert polled("watches", "add", "vienna", "Wien", "--replace", "--title", "Wien").code == 0
    watch = next(w for w in polled("watches", "list", "--json").json if w["slug"] == "vienna")
    assert (watch["query"], watch["title"], watch["owner"]) == ("Wien", "Wien", "operator")
    assert polled("watches", "remove", "vienna").code == 0
    assert polled("watches", "remove", "vienna").code == 4


def test_a_circle_of_lists_is_called_one(polled: Monitor) -> None:
    assert polled("watches", "add", "first", "rice").code == 0
    assert polled("watches", "add", "second", "@first").code == 0
    for slug, query, told in (
        ("first", "@second wheat", "@second → @first → @second"),
        ("third", "@third", "@third → @third"),
    ):
        ended = polled("watches", "add", slug, query, "--replace")
        assert ended.code == 2
        assert f"lists name each other in a circle: {told}" in ended.err


@pytest.mark.parametrize("command", [["add", "grain", "x", "--replace"], ["remove", "grain"]])
def test_watches_of_a_file_are_left_alone(polled: Monitor, command: list[str]) -> None:
    ended = polled("watches", *command)
    assert ended.code == 5
    assert "watches.yaml" in ended.err


@pytest.mark.parametrize("command", [["add", "x"], ["test"]])
def test_an_error_is_pointed_at(polled: Monitor, command: list[str]) -> None:
    ended = polled("watches", *command, "制裁 AND (grain")
    assert ended.code == 2
    lines = ended.err.splitlines()
    assert lines[1] == "  制裁 AND (grain"
    assert lines[2].endswith("^")
    assert len(lines[2]) == 2 + 4 + len(" AND (grain") + 1  # the two ideographs are two columns wide each


@pytest.mark.parametrize("width", [30, 80])
@pytest.mark.parametrize(
    "query", ["(" + "слово OR " * 40 + "x", "a " * 100 + "AND AND " + "b " * 100, "(" * 3 + "制" * 90]
)
def test_of_a_long_query_the_part_around_the_place_is_shown(query: str, width: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    lines = explained(query, caught.value, width=width).splitlines()
    assert len(lines[1]) <= width
    assert len(lines[2]) <= width


def test_a_bad_slug(polled: Monitor) -> None:
    ended = polled("watches", "add", "Bad_Slug", "x")
    assert ended.code == 2
    assert "did you mean 'bad-slug'?" in ended.err


@pytest.mark.parametrize("command", ["test", "add cricket"])
def test_a_query_that_was_taken_for_an_option(polled: Monitor, command: str) -> None:
    ended = polled("watches", *command.split(), "-football", columns=200)
    assert ended.code == 2
    assert f"monitor watches {command} -- -football" in ended.err
    assert polled("watches", *command.split(), "--", "-football grain").code == 0


def test_a_query_is_compared_with_the_saved_watch(polled: Monitor) -> None:
    polled("watches", "add", "vienna", "переговоры")
    against = polled("watches", "test", "переговоры OR 制裁", "--against", "vienna", "--json").json["against"]
    assert (against["watch"], len(against["new"]), against["lost"]) == ("vienna", 2, [])
    against = polled("watches", "test", "制裁", "--against", "vienna", "--json").json["against"]
    assert (len(against["new"]), len(against["lost"])) == (2, 2)
    assert "制裁" in against["new"][0]["evidence"][0]["sentence"]
    assert "Lost: found by vienna only (2)" in polled("watches", "test", "制裁", "--against", "vienna").out
    assert polled("watches", "test", "制裁", "--against", "nobody").code == 4


def test_the_past_is_found_only_when_asked_for(polled: Monitor) -> None:
    def found(slug: str) -> int:
        return next(w["matches_7d"] for w in polled("watches", "list", "--json").json if w["slug"] == slug)

    polled("watches", "add", "talks", "переговоры OR 制裁")
    assert found("talks") == 0
    assert polled("watches", "backfill", "talks", "60d", "--json").json["backfilled"] == 4
    assert polled("watches", "backfill", "talks", "60d", "--json").json["backfilled"] == 0
    assert found("talks") == 4  # first seen just now, however old
    assert polled("watches", "add", "more", "制裁", "--backfill", "60d", "--json").json["backfilled"] == 2
    assert polled("watches", "backfill", "talks", "soon").code == 2


def test_what_surely_means_something_else_is_warned_of(polled: Monitor) -> None:
    err = polled("watches", "add", "doubtful", "osce or grain").err
    assert "did you mean OR" in err
    assert "the acronym is written OSCE" in err
    assert "it says too little" in polled("watches", "test", "переговоры OR 制裁").err
