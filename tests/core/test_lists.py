import re

import pytest

from monitor.core.model import Watch
from monitor.core.query import parse
from monitor.core.query.advice import doubts
from monitor.core.watches import WatchSet
from tests.core.test_watches import SOURCE, post


def watch(slug: str, query: str, *, is_list: bool = False) -> Watch:
    return Watch(slug=slug, title="", query=query, is_list=is_list)


def slugs(watches: list[Watch], text: str, title: str = "") -> list[str]:
    return [match.watch for match in WatchSet(watches).matches(post(text=text, title=title), SOURCE, ())]


def test_a_list_stands_for_its_query_and_is_not_looked_for_by_itself() -> None:
    words = watch("words", "grain OR wheat OR зерно", is_list=True)
    exports = watch("exports", "@words NEAR/3 export -@banned")
    banned = watch("banned", "football")
    assert slugs([words, exports, banned], "Export of wheat") == ["exports"]
    assert slugs([words, exports, banned], "Wheat") == []
    assert slugs([words, exports, banned], "Export of wheat, football") == ["banned"]


def test_a_field_reaches_into_a_list() -> None:
    every = [watch("words", "grain OR wheat", is_list=True), watch("titled", "title:@words")]
    assert slugs(every, "grain", title="deal") == []
    assert slugs(every, "deal", title="wheat") == ["titled"]


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ({"a": "@b", "b": "@c", "c": "x OR @a"}, "circle: @"),
        ({"a": "x @a"}, "circle: @a → @a"),
        ({"grain": "x", "b": "@grian"}, "did you mean @grain"),
        ({f"l{n}": " OR ".join([f"@l{n - 1}"] * 20) if n else "x" for n in range(8)}, "more than 5,000 terms"),
    ],
    ids=["circle", "itself", "misspelt", "billion"],
)
def test_lists_that_cannot_be_put_in(queries: dict[str, str], told: str) -> None:
    broken = WatchSet([watch(slug, query) for slug, query in queries.items()]).broken
    assert broken
    assert all(re.search(told, str(error)) or "more than 5,000" in str(error) for error in broken.values())


def test_a_list_that_went_away_stops_only_those_that_name_it() -> None:
    both = WatchSet([watch("lost", "@gone grain"), watch("grain", "grain")])
    assert [match.watch for match in both.matches(post(text="grain"), SOURCE, ())] == ["grain"]
    assert list(both.broken) == ["lost"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("grain or wheat", "did you mean OR"),
        ("nato", "NATO"),
        ("NATO", ""),
        ('"or"', ""),
        ("grain is:withdrawn", "edits: [withdrawn]"),
        ("grain (is:edited OR wheat)", "alerts with edits: [added]"),
        ("grain -is:withdrawn is:forwarded", ""),
        ("grain", ""),
    ],
)
def test_doubts(query: str, told: str) -> None:
    said = list(doubts(parse(query), acronyms={"NATO", "Benelux"}))
    assert bool(said) == bool(told)
    assert all(told in sentence for sentence in said)
