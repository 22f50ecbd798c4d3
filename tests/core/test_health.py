"""The state of a source, poll by poll."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.health import Answers, judged, learnt
from monitor.core.model import Health, Memory, Outcome, Poll
from tests import make
from tests.make import NOW, hours

TIMEOUT = timedelta(seconds=30)
Step = str | float
"""What happens at a poll: a reason it failed for, "410", "new" for a new post, or seconds that the answer took."""


class History:
    """Polls of one source, an hour apart."""

    def __init__(self, state: Health = Health.NEW) -> None:
        self.state, self.answers, self.failures, self.polls = state, Answers(), 0, 0
        self.why = ""

    def poll(self, *steps: Step, everything_failing: bool = False) -> Health:
        for step in steps:
            self._one(step, everything_failing=everything_failing)
        return self.state

    def _one(self, step: Step, *, everything_failing: bool) -> None:
        self.polls += 1
        failed = isinstance(step, str) and step != "new"
        before = self.failures
        self.failures = before + 1 if failed else 0
        outcome = Outcome.KNOWN if not failed else Outcome.GONE if step == "410" else Outcome.FAILED
        took = None if failed else timedelta(seconds=0.3 if isinstance(step, str) else step)
        poll = Poll(
            source=make.source(memory=Memory(failures=before)),
            started_at=NOW,
            finished_at=NOW + hours(self.polls),
            outcome=outcome,
            memory=Memory(failures=self.failures),
            reason=str(step) if failed else None,
            error=f"it failed: {step}" if failed else None,
            answered_in=took,
        )
        self.answers = learnt(Answers.from_bytes(self.answers.to_bytes()), poll, timeout=TIMEOUT)
        self.state, self.why = judged(
            self.state,
            poll,
            new=step == "new",
            answers=self.answers,
            timeout=TIMEOUT,
            everything_failing=everything_failing,
        )


@pytest.mark.parametrize(
    ("before", "steps", "after"),
    [
        (Health.NEW, [0.3], Health.FINE),
        (Health.NEW, ["timeout"], Health.FAILING),  # never read: nothing speaks for it
        (Health.FINE, ["timeout"], Health.FINE),  # an accident
        (Health.FINE, ["timeout", "timeout"], Health.FAILING),
        (Health.FINE, ["timeout", 0.3, "timeout", 0.3, "timeout"], Health.FINE),
        (Health.FINE, ["http-404"], Health.FAILING),  # a 404 is not a timeout
        (Health.FINE, ["no-preview"], Health.FAILING),
        (Health.FINE, ["group"], Health.FAILING),
        (Health.FINE, ["http-503"], Health.FINE),
        (Health.FINE, ["410"], Health.GONE),
        (Health.GONE, ["timeout", "timeout"], Health.GONE),
        (Health.GONE, [0.3], Health.FINE),
        (Health.FAILING, [0.3], Health.FINE),  # comes back at once when the source does
        (Health.SILENT, [0.3], Health.SILENT),
        (Health.SILENT, ["new"], Health.FINE),
        (Health.SILENT, ["dns", "dns"], Health.FAILING),
    ],
)
def test_states(before: Health, steps: list[Step], after: Health) -> None:
    assert History(before).poll(*steps) is after


def test_what_comes_and_goes_must_stay_before_it_counts_as_over() -> None:
    history = History(Health.FINE)
    history.poll("timeout", "timeout", 0.3, "timeout", "timeout")
    assert history.poll(0.3) is Health.FAILING
    assert history.poll(0.3) is Health.FAILING
    assert history.poll(0.3) is Health.FINE


def test_while_everything_fails_no_source_is_to_blame() -> None:
    history = History(Health.FINE)
    assert history.poll("dns", "dns", "dns", everything_failing=True) is Health.FINE
    assert history.poll("http-404", everything_failing=True) is Health.FAILING  # that came from the server


def test_slow_by_its_own_measure() -> None:
    history = History(Health.FINE)
    history.poll(*[0.4] * 60)
    assert history.poll(*[5.0] * 3) is Health.FINE  # three of seven: not the middle
    assert history.poll(5.0) is Health.SLOW
    assert history.why.startswith("its answers take 4.9 s")  # times are kept to 6 %
    assert "usually 0.4" in history.why
    assert history.poll(*[1.2] * 7) is Health.SLOW  # better, and not yet well
    assert history.poll(*[0.4] * 4) is Health.FINE
    assert history.why.startswith("its answers take 0.4")


def test_a_source_that_always_takes_long_is_fine_until_it_is_nearly_too_late() -> None:
    history = History(Health.FINE)
    assert history.poll(*[6.0] * 60) is Health.FINE
    assert history.poll(*[22.0] * 4) is Health.SLOW
    assert "30 s is the most" in history.why
    assert history.poll(*[17.0] * 7) is Health.SLOW
    assert history.poll(*[9.0] * 4) is Health.FINE


def test_a_quick_source_is_not_slow_because_it_took_a_little_longer() -> None:
    history = History(Health.FINE)
    history.poll(*[0.02] * 60)
    assert history.poll(*[0.5] * 20) is Health.FINE  # 25 times as long, and nobody waits for it


def test_answers_that_never_came_count_as_long_ones() -> None:
    history = History(Health.FINE)
    history.poll(*[2.0] * 40)
    assert history.poll("timeout", 2.0, "timeout", 2.0, "timeout", 15.0) is Health.SLOW


def test_a_slow_answer_may_become_usual() -> None:
    history = History(Health.FINE)
    history.poll(*[0.4] * 60)
    history.poll(*[5.0] * 150)
    assert history.state is Health.FINE


def test_recovery_says_after_what() -> None:
    history = History(Health.FINE)
    history.poll(*["timeout"] * 5)
    assert history.why == "it failed: timeout"
    history.poll(0.3)
    assert history.why == "read again after 5 failed polls"


def test_what_is_stored_is_small_and_what_is_damaged_is_forgotten() -> None:
    history = History(Health.FINE)
    history.poll(*[0.4] * 400)
    stored = history.answers.to_bytes()
    assert len(stored) <= 47
    assert Answers.from_bytes(stored) == history.answers
    for damaged in (b"", b"\x02" + stored[1:], stored[:-1], stored + b"\0"):
        assert Answers.from_bytes(damaged) == Answers()


@given(st.lists(st.one_of(st.sampled_from(["timeout", "http-503", "new"]), st.floats(0, 40)), max_size=80))
def test_states_do_not_flap(steps: list[Step]) -> None:
    """Whatever happens, a state that was left for failing is back in it only after two more failures, and a single
    good poll among bad ones does not let a source be fine twice within eight polls."""
    history = History(Health.FINE)
    left: list[int] = []
    for number, step in enumerate(steps):
        before = history.state
        if history.poll(step) is not Health.FAILING and before is Health.FAILING:
            left.append(number)
    assert all(later - earlier >= 5 for earlier, later in pairwise(left))
