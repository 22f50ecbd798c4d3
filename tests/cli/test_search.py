from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from string import ascii_letters, digits
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Monitor

ATOM = "{http://www.w3.org/2005/Atom}"


def test_results_with_their_words_and_facets(polled: Monitor) -> None:
    answer = polled("search", "переговоры OR 制裁", "--facets", "--json").json
    assert (answer["posts"], answer["complete"]) == (4, True)
    assert answer["facets"]["language"] == {"ru": 2, "zh": 2}
    assert sum(answer["facets"]["day"].values()) == 4
    assert {"organisation", "country", "region", "source", "language", "day"} >= set(answer["facets"]) - {"issuer"}
    first = answer["results"][0]["evidence"][0]
    assert first["words"] in first["sentence"]
    out = polled("search", '"grain deal"').out
    assert "»grain deal«" in out


@pytest.mark.parametrize(
    ("filters", "posts"),
    [
        (["--language", "zh"], 2),
        (["--days", "7"], 2),
        (["--days", "36500"], 4),
        (["--source", "nobody"], 0),
        (["--tag", "org:nobody"], 0),
    ],
)
def test_filters_narrow(polled: Monitor, filters: list[str], posts: int) -> None:
    assert polled("search", "переговоры OR 制裁", *filters, "--json").json["posts"] == posts


def test_orders(polled: Monitor) -> None:
    def times(order: str) -> list[str]:
        results = polled("search", "переговоры OR 制裁", "--sort", order, "--json").json["results"]
        return [each["published_at"] for each in results]

    assert times("newest") == sorted(times("newest"), reverse=True)
    assert times("oldest") == sorted(times("newest"))
    assert sorted(times("relevance")) == times("oldest")


def test_exports(polled: Monitor, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(polled("search", "制裁", "--format", "csv").out)))
    assert [row["words"] for row in rows] == ["制裁", "制裁"]
    lines = polled("search", "制裁", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["language"] for line in lines] == ["zh", "zh"]
    file = tmp_path / "found.xml"
    assert polled("search", "制裁", "--format", "atom", "--output", str(file)).code == 0
    feed = ElementTree.fromstring(file.read_bytes())
    contents = [entry.findtext(f"{ATOM}content") for entry in feed.findall(f"{ATOM}entry")]
    assert len(contents) == 2
    assert all("<mark>制裁</mark>" in str(content) for content in contents)
    items = json.loads(polled("search", "制裁", "--format", "jsonfeed").out)["items"]
    assert len(items) == 2


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (["--source", "mfaa"], "did you mean 'mfa'?"),
        (["--source", "somewhere-*"], "no source is called 'somewhere-*'"),
        (["--language", "chinese"], "two letters"),
        (["--source", "MF*", "--language", "ZH"], ""),
        (["--source", "mfa", "--language", "fr"], ""),  # may well be so
    ],
)
def test_a_filter_that_leaves_nothing_is_told(polled: Monitor, filters: list[str], told: str) -> None:
    ended = polled("search", "制裁", *filters)
    assert ended.code == 0
    assert told in ended.err
    assert bool(ended.err) == bool(told)


def test_a_mistake_is_shown_in_the_query_as_typed(polled: Monitor) -> None:
    ended = polled("search", "grain (", "--language", "ru")
    assert ended.code == 2
    assert ended.err.splitlines()[1].strip() == "grain ("


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("grain or 制裁", ["did you mean OR"]),
        ("osce nowhere", ["written OSCE"]),
        ("制裁", []),
        ("is:edited 制裁", []),  # what is stored is known to be edited or not
        ("org:osze", ["did you mean 'osce'"]),
    ],
)
def test_what_surely_means_something_else_is_doubted(polled: Monitor, query: str, told: list[str]) -> None:
    warnings = [line for line in polled("search", query).err.splitlines() if line.startswith("warning")]
    assert len(warnings) == len(told)
    assert all(part in line for part, line in zip(told, warnings, strict=True))


def test_the_id_of_a_feed_is_an_address(polled: Monitor) -> None:
    feed = ElementTree.fromstring(polled("search", '制裁 OR "a <b> & c"', "--format", "atom").out)
    name = feed.findtext(f"{ATOM}id") or ""
    assert unquote(name).endswith('制裁 OR "a <b> & c"')
    assert set(name) <= set(ascii_letters + digits + ":-%._~")
