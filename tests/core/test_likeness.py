"""What two texts have in common, counted by bits as one would count by hand; and what their sketches tell of it."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.likeness import Limits, found, likeness
from monitor.core.ownwords import Wording, shingle_length, wording
from monitor.core.screening import surely_two
from monitor.core.sketch import LONGEST, said_in, sketch_of, stored_sketch

WORDS = ["бюджет", "the", "talks", "12", "resume", "一", "二", "in", "Rome", "with", "café"]
FEW_WORDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=90)
TEXTS = FEW_WORDS.map(" ".join).map(wording)
MANY_WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnrs"]
LIMITS = st.builds(
    Limits,
    contained=st.sampled_from([0.5, 0.75, 0.9]),
    rewritten=st.sampled_from([0.2, 0.45, 0.8]),
    opening=st.sampled_from([0.2, 0.5, 0.9]),
)


def shared(one: Wording, other: Wording) -> list[bool]:
    """For each word of `one` whether it stands in a run that `other` has too, looked at one by one."""
    there = set(other.shingles)
    run = shingle_length(one.unspaced)
    starts = [at for at, shingle in enumerate(one.shingles) if shingle in there]
    return [any(at - run < start <= at for start in starts) for at in range(len(one.words))]


@st.composite
def copies(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and one that has pieces of it with other words between, before and behind them."""
    words = draw(st.permutations(MANY_WORDS))
    text, others = words[:80], iter(words[80:])
    copied: list[str] = []
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, 79))
        copied += text[start : start + draw(st.integers(1, 80))]
        copied += [draw(st.sampled_from([next(others, "12"), "7"])) for _ in range(draw(st.integers(0, 12)))]
    length = draw(st.integers(4, 80))
    return " ".join(text[:length]), " ".join(copied) + draw(st.sampled_from(["", "…"]))


@given(TEXTS, TEXTS)
def test_words_in_runs_that_both_have_are_marked(one: Wording, other: Wording) -> None:
    marks = found(one, one.runs_said & other.runs_said)
    assert [bool(marks >> at & 1) for at in range(len(one.words))] == shared(one, other)
    assert marks >> len(one.words) == 0


@given(st.one_of(copies(), st.tuples(FEW_WORDS.map(" ".join), FEW_WORDS.map(" ".join))), LIMITS)
@example(("a b c d", "a b c d e f g h…"), Limits())
def test_texts_whose_sketches_differ_surely_are_two(texts: tuple[str, str], limits: Limits) -> None:
    one, other = map(wording, texts)
    here, there = sketch_of(one), sketch_of(other)
    assert here is not None
    assert there is not None
    for a, b, words, others in ((here, there, one, other), (there, here, other, one)):
        if surely_two(a, [b], limits)[0]:
            assert likeness(words, others, limits) is None


def test_sketches_tell_texts_apart_that_share_a_sentence() -> None:
    phrase = " ".join(MANY_WORDS[:20])
    one, other = (wording(f"{phrase} {' '.join(MANY_WORDS[a:b])}") for a, b in ((20, 70), (70, 120)))
    here, there = sketch_of(one), sketch_of(other)
    assert here is not None
    assert there is not None
    assert surely_two(here, [there, here, there], Limits()) == [True, False, True]


@given(FEW_WORDS.map(" ".join), st.integers(0, 70_000))
def test_a_stored_sketch_is_the_same_while_the_same_lines_say_nothing(text: str, habits: int) -> None:
    made = sketch_of(wording(text))
    assert made is not None
    assert stored_sketch(made.to_bytes(habits=habits), habits=habits) == made
    assert stored_sketch(made.to_bytes(habits=habits), habits=habits + 1) is None
    assert stored_sketch(said_in(text).sketch, habits=0) == made


def test_a_very_long_text_has_no_sketch() -> None:
    text = " ".join(f"w{number}" for number in range(LONGEST + 3))
    assert sketch_of(wording(text)) is None
    assert stored_sketch(said_in(text).sketch, habits=0) is None
