"""What two texts have in common, counted by bits as one would count by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.likeness import found, too_different
from monitor.core.ownwords import Wording, shingle_length, wording

WORDS = ["бюджет", "the", "talks", "12", "resume", "一", "二", "in", "Rome", "with", "café"]
FEW_WORDS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=90)
TEXTS = FEW_WORDS.map(" ".join).map(wording)


def shared(one: Wording, other: Wording) -> list[bool]:
    """For each word of `one` whether it stands in a run that `other` has too, looked at one by one."""
    there = set(other.shingles)
    run = shingle_length(one.unspaced)
    starts = [at for at, shingle in enumerate(one.shingles) if shingle in there]
    return [any(at - run < start <= at for start in starts) for at in range(len(one.words))]


@given(TEXTS, TEXTS)
def test_words_in_runs_that_both_have_are_marked(one: Wording, other: Wording) -> None:
    marks = found(one, one.runs_said & other.runs_said)
    assert [bool(marks >> at & 1) for at in range(len(one.words))] == shared(one, other)
    assert marks >> len(one.words) == 0


@given(TEXTS, TEXTS, st.sampled_from([0.3, 0.45, 0.75]))
def test_what_is_too_different_to_be_compared_shares_too_little(one: Wording, other: Wording, least: float) -> None:
    if too_different(one, other, len(one.runs_said & other.runs_said), least):
        assert sum(shared(one, other)) < least * len(one.words)
        assert sum(shared(other, one)) < least * len(other.words)
