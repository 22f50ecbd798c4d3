"""Differences word by word, what is no edit, what is new, and what a page passes over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.changes import Change, Kind, Shown, difference, is_trivial, news, passed_over, phrases
from tests.make import NOW

texts = st.lists(st.sampled_from(["war", "peace", "talks", "on", "Monday", "—", "5"]), max_size=30).map(" ".join)


@given(texts, texts)
def test_a_difference_gives_back_both_texts(before: str, after: str) -> None:
    pieces = difference(before, after)
    assert " ".join(piece.words for piece in pieces if piece.was) == before
    assert " ".join(piece.words for piece in pieces if piece.now) == after
    assert all(piece.words and (piece.was or piece.now) for piece in pieces)


def test_phrases_stand_with_the_words_around_them() -> None:
    before = "We condemn the attack and call for an investigation. The talks go on."
    after = "We regret the attack. The talks go on, as agreed in Vienna."
    assert phrases(before, after) == (
        Change(kind=Kind.REMOVED, words="condemn", before="We", after="the"),
        Change(kind=Kind.ADDED, words="regret", before="We", after="the"),
        Change(
            kind=Kind.REMOVED,
            words="attack and call for an investigation.",
            before="the",
            after="The talks go",
        ),
        Change(kind=Kind.ADDED, words="attack.", before="the", after="The talks go"),
        Change(kind=Kind.REMOVED, words="on.", before="The talks go", after=""),
        Change(kind=Kind.ADDED, words="on, as agreed in Vienna.", before="The talks go", after=""),
    )
    assert phrases(before, before) == ()


@pytest.mark.parametrize(
    ("before", "after", "trivial"),
    [
        ("One  text\nof words", "One text of\u00a0words", True),
        ("Wo\u00adrds", "Words", True),
        ("Talks. 15 comments", "Talks. 1,204 comments", True),
        ("Переговоры. Просмотров: 12", "Переговоры. Просмотров: 340", True),
        ("Updated 5 minutes ago", "Updated 12 minutes ago", True),
        ("15 people were wounded", "16 people were wounded", False),
        ("Talks", "Talks on Monday", False),
        ("He said no", "He said yes", False),
        ("Comments are closed", "Comments were closed", False),
    ],
)
def test_what_is_no_edit(before: str, after: str, trivial: bool) -> None:
    assert is_trivial(before, after) is trivial
    assert is_trivial(after, before) is trivial


def test_what_is_new_in_a_late_repost() -> None:
    told = "The ministers met in Vienna on Monday and agreed to go on. They spoke of gas, grain and prisoners."
    more = " ".join(
        f"Then the envoy number {n} read out a list of quite other demands." for n in ("one", "two", "three")
    )
    assert news(told, [told]) == ()
    assert news(told + " One word more.", [told]) == ()
    assert news(f"{told} {more}", [told]) == tuple(f"{each}." for each in more.removesuffix(".").split(". "))
    assert news(more, []) != ()


def shown(*hours_ago: float) -> list[Shown]:
    return [Shown(id=number, place=-at) for number, at in enumerate(hours_ago)]


def test_a_page_that_reaches_past_a_post_passes_it_over() -> None:
    times = [NOW - timedelta(hours=n, minutes=7 * n) for n in range(20)]
    every = [Shown(id=number, place=at.timestamp()) for number, at in enumerate(times)]
    assert passed_over([every[5]], every[:5] + every[6:], window=times) == [every[5]]
    assert passed_over([every[0]], every[1:], window=times) == [every[0]]
    assert passed_over([every[18]], every[:18], window=times) == []  # the window moved on
    assert passed_over(every[4:8], every[:4] + every[8:], window=times) == []  # put together by hand
    shuffled = [times[7 * n % 20] for n in range(20)]
    assert passed_over([every[5]], every[:5] + every[6:], window=shuffled) == []
    dates = [at.replace(hour=0, minute=0) for at in times]
    assert passed_over([every[5]], every[:5] + every[6:], window=dates) == []
    assert passed_over([], every, window=times) == []


def test_a_page_that_shows_everything_needs_no_more_than_one_older_post() -> None:
    gone, older = shown(2)[0], shown(3)
    assert passed_over([gone], older, window=[NOW], complete=True) == [gone]
    assert passed_over([gone], shown(1), window=[NOW], complete=True) == []
    assert passed_over([gone], [], window=[NOW], complete=True) == []
