"""Numbers that are missing between those that were shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Numbered
from monitor.core.numbers import MOST_RANGES, Absent, absent, learnt
from tests.make import NOW, hours


def page(*shown: int, last: int | None = None, first: int | None = None, newest: bool = True) -> Numbered:
    return Numbered(first=first or min(shown), last=last or max(shown), shown=shown, newest=newest)


def after(*polls: Sequence[Numbered]) -> dict[str, Any]:
    """What is known after polls an hour apart, the first of them the very first; kept as JSON in between."""
    known: dict[str, Any] = {}
    for number, pages in enumerate(polls):
        known = json.loads(json.dumps(learnt(known, pages, at=NOW + hours(number), first=number == 0)))
    return known


def test_what_is_missing_at_first_was_missing_before_anybody_looked() -> None:
    assert absent(after([page(1, 2, 5, 6, 8)])) == (Absent(3, 4, False, None), Absent(7, 7, False, None))


def test_never_seen_and_withdrawn_are_told_apart() -> None:
    known = after([page(1, 2, 3)], [page(1, 3, 4, 6)])
    assert absent(known) == (Absent(2, 2, True, NOW + hours(1)), Absent(5, 5, False, NOW + hours(1)))


def test_the_newest_may_be_withdrawn_too() -> None:
    assert absent(after([page(1, 2, 3)], [page(1, 2)])) == (Absent(3, 3, True, NOW + hours(1)),)


def test_what_comes_back_is_missing_no_more() -> None:
    assert absent(after([page(1, 2, 3)], [page(1, 3)], [page(1, 2, 3)])) == ()


def test_what_no_page_covered_is_not_called_missing() -> None:
    assert absent(after([page(1, 2, 3)], [page(21, 22)])) == ()


def test_older_pages_count_up_to_where_the_newer_one_begins() -> None:
    known = after([page(1, 2, 3)], [page(10, 11), page(3, 4, 6, last=9, newest=False)])
    assert absent(known) == (Absent(5, 5, False, NOW + hours(1)), Absent(7, 9, False, NOW + hours(1)))


def test_a_number_keeps_the_time_at_which_it_was_found_missing() -> None:
    known = after([page(1, 2)], [page(1, 2, 4)], [page(1, 2, 4, 6)])
    assert [each.found_at for each in absent(known)] == [NOW + hours(1), NOW + hours(2)]


def test_a_page_that_claims_too_much_proves_nothing() -> None:
    assert absent(after([page(1, 10_000_000)])) == ()


def test_what_is_remembered_is_bounded() -> None:
    known: dict[str, Any] = {}
    for start in range(0, 4_000, 1_000):
        known = learnt(known, [page(*range(start + 1, start + 1_000, 2))], at=NOW, first=False)
    assert len(absent(known)) == MOST_RANGES
    assert absent(known)[-1].last == 3_998


@given(st.lists(st.sets(st.integers(1, 60), min_size=1), min_size=1, max_size=6))
def test_nothing_on_the_last_page_is_missing_and_everything_between_is(pages: list[set[int]]) -> None:
    known = after(*[[page(*sorted(shown))] for shown in pages])
    missing = {number for each in absent(known) for number in range(each.first, each.last + 1)}
    assert not missing & pages[-1]
    assert set(range(min(pages[-1]), max(pages[-1]))) <= missing | pages[-1]
