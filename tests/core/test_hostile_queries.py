"""What nobody can write as a query to make the service wait: refused, or judged in a bounded number of steps."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from monitor.core.matching import Evaluator
from monitor.core.percolator import Percolator
from monitor.core.query import Query, QueryError, expanded, parse
from monitor.core.subject import Subject, subject_of
from tests.core.test_tagging import post
from tests.core.test_watches import SOURCE

COMMON = re.findall(r"\w+", "the of and to in a is that for it on was with as be by at from or an this which")
LENGTH = 200_000
TEXTS = {
    "common words": (" ".join(COMMON) + ". ") * (LENGTH // 90),
    "one letter": "a" * LENGTH,
    "one word": "a " * (LENGTH // 2),
    "two letters": "ab" * (LENGTH // 2),
    "without spaces": "制裁措施" * (LENGTH // 4),
}
LISTS = {f"names{at}": parse(" OR ".join(f"name{at}x{number}" for number in range(100))) for at in range(45)} | {
    f"near{at}": parse(f'(the NEAR/{at + 1} of) OR "the of and to"~{at + 1}') for at in range(40)
}
QUERIES = {
    "ten words together": '"the of and to in a is that for it"~100',
    "eight expressions": " OR ".join(rf"/\b\w+{letter}\w*\s\w+/" for letter in "abcdefgh"),
    "nested repeats": " OR ".join(f"/(a+a+)+{letter}/" for letter in "bcdefghi"),
    "anything anywhere": " OR ".join(f"/.*a.*b.*{letter}.*q/" for letter in "bcdefghi"),
    "stars": "*ab*ab* OR ab*ab*ab*xx OR *aa*aa",
    "hundreds of stars": " OR ".join(
        f"*{one}{two}*" for one in "abcdefghijklmnopqrst" for two in "abcdefghijklmnopqrst"
    ),
    "parentheses": "(" * 20 + "the AND of" + ")" * 20,
    "common alternatives": " OR ".join((COMMON * 23)[:500]),
    "alternatives": " OR ".join(f"word{number}" for number in range(500)),
    "exclusions": "the " + " ".join(f"-word{number}" for number in range(499)),
    "a long phrase": '"' + " ".join(["a"] * 49) + ' b"',
    "long phrases": " OR ".join('"' + " ".join(["a"] * 30) + f' b{number}"' for number in range(100)),
    "a long chain": " NEAR/100 ".join((COMMON * 23)[:500]),
    "alternatives near each other": f"({' OR '.join(COMMON)}) NEAR/100 ({' OR '.join(COMMON[::-1])})",
    "Chinese words together": '"制 裁 措 施"~50 OR 制 NEAR/100 裁 NEAR/100 措',
    "exact words": '=A OR ="the OF" OR =The',
    "letters": "a OR aa OR aaa OR aaaa OR b",
    "many lists": " OR ".join(f"@names{at}" for at in range(45)),
    "many lists of what is near": " OR ".join(f"@near{at}" for at in range(40)),
}
REFUSED = {
    "a megabyte": "grain OR " * 120_000 + "deal",
    "10,000 alternatives": " OR ".join(f"w{number}" for number in range(10_000)),
    "too many terms": " ".join(["a"] * 501),
    "too many expressions": " OR ".join(f"/grain{number}/" for number in range(9)),
    "too deep": "(" * 21 + "a" + ")" * 21,
    "nested counts": "/((a{1,99}){1,99}){1,99}/",
    "eleven together": '"a b c d e f g h i j k"~5',
}

MOST_STEPS = 8 * LENGTH
"""Lines of our own code that may run for one text: some for each of its characters, a tenth of a second in all."""


def understood(query: str) -> Query:
    return expanded(parse(query), LISTS)


@pytest.fixture(scope="module", params=TEXTS)
def hostile(request: pytest.FixtureRequest) -> Subject:
    return subject_of(post(text=TEXTS[request.param], language="en"), SOURCE, ())


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_whatever_is_asked_of_whatever_text_takes_a_bounded_number_of_steps(query: str, hostile: Subject) -> None:
    evaluator = Evaluator(understood(query))
    percolator = Percolator(evaluator.branches)
    hostile.found.clear()
    with counted() as steps:
        evidence = evaluator.evidence(hostile)
        possible = percolator.candidates(hostile)
    assert steps[0] < MOST_STEPS
    assert evidence is None or (0 < len(evidence) <= 50 and possible)


@pytest.mark.parametrize("query", REFUSED.values(), ids=list(REFUSED))
def test_what_is_too_large_is_refused(query: str) -> None:
    with pytest.raises(QueryError):
        understood(query)


def test_lists_that_name_lists_without_end_are_refused() -> None:
    lists = {"l0": parse("grain")} | {f"l{at}": parse(f"@l{at - 1}") for at in range(1, 400)}
    assert expanded(parse("@l19"), lists).root == lists["l0"].root
    with pytest.raises(QueryError, match="lists name lists more than 20 deep"):
        expanded(parse("@l399"), lists)


def test_many_alternatives_are_found_wherever_they_stand() -> None:
    evaluator = Evaluator(understood(QUERIES["alternatives"]))
    far = subject_of(post(text="the " * 30_000 + "word17 Word499 sword3"), SOURCE, ())
    assert [each.words for each in evaluator.evidence(far) or ()] == ["word17", "Word499"]


@contextmanager
def counted() -> Iterator[list[int]]:
    """Counts the lines that run. Loops inside of C are not seen: they go over the text, and over nothing twice."""
    steps = [0]

    def count(frame: FrameType, event: str, argument: object) -> object:
        steps[0] += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield steps
    finally:
        sys.settrace(before)
