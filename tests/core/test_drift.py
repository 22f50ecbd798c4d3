from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.drift import Drift, estimate, observe, warning

START = datetime(2026, 11, 16, 6, 7, 13, tzinfo=UTC)


def minutes(number):
    return timedelta(minutes=number)


def watched(offset, *, posts=10, every=15, lag=0, seed=1, drift=None, start=START):
    """What is learnt of a source that posts now and then, states times off by `offset`, and shows posts `lag` late."""
    chance, drift, now = Random(seed), drift or Drift(), start
    for _ in range(posts):
        now += minutes(every) * chance.randint(1, 40)
        previous, shown = now - minutes(every), now - minutes(every) * chance.random()
        late = minutes(lag) * chance.random()
        drift = observe(drift, [shown - late + offset], polled_at=now, previous_at=previous)
    return drift


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("offset", "says"),
    [
        (minutes(180), "run 3 h ahead, as if local time (UTC+3) were written as UTC"),
        (minutes(420), "run 7 h ahead"),
        (minutes(330), "run 5 h 30 min ahead, as if local time (UTC+5:30) were written as UTC"),
        (minutes(345), "run 5 h 45 min ahead: allowed for"),
        (minutes(-300), "run 5 h behind, as if local time (UTC−5) were written as UTC"),
        (minutes(840), "run 14 h ahead"),
        (minutes(60), "run 1 h ahead"),
    ],
)
def test_a_clock_in_another_zone_is_found(offset, says, seed):
    drift = watched(offset, seed=seed)
    assert estimate(drift) == offset
    assert says in warning(drift)


@pytest.mark.parametrize("seed", range(5))
def test_a_clock_that_is_fast_is_found_nearly(seed):
    drift = watched(minutes(23), every=5, posts=16, seed=seed)
    assert abs(estimate(drift) - minutes(23)) <= minutes(8)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("every", "lag"), [(15, 0), (15, 10), (60, 0), (15, 120), (180, 300), (1, 0)])
def test_nothing_is_said_of_a_clock_that_is_right(every, lag, seed):
    """Posts that appear late are no sign of a wrong clock."""
    drift = watched(minutes(0), every=every, lag=lag, posts=16, seed=seed)
    assert estimate(drift) is None
    assert warning(drift) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_little_lateness_hides_no_offset(seed):
    assert estimate(watched(minutes(180), lag=20, posts=16, seed=seed)) == minutes(180)


def test_few_posts_prove_nothing():
    assert estimate(watched(minutes(180), posts=3)) is None
    assert estimate(watched(minutes(180), posts=4)) == minutes(180)


def test_one_planned_post_changes_nothing():
    drift = watched(minutes(0), posts=8)
    planned = observe(drift, [START + minutes(600)], polled_at=START, previous_at=START - minutes(15))
    assert estimate(planned) is None
    assert warning(planned) is None


def test_after_the_clocks_change_the_new_offset_is_learnt():
    winter = watched(minutes(180), posts=16)
    assert estimate(watched(minutes(120), posts=16, drift=winter)) == minutes(120)
    assert estimate(watched(minutes(120), posts=6, drift=winter, seed=3)) in {None, minutes(120)}
    assert estimate(watched(minutes(0), posts=16, drift=winter)) is None


def test_dates_in_the_future_without_a_rule_are_said():
    drift, now = Drift(), START
    for hours in (1, 9, 22, 4, 15, 11):
        now += minutes(60)
        drift = observe(drift, [now + timedelta(hours=hours)], polled_at=now, previous_at=now - minutes(15))
    assert estimate(drift) is None
    assert "often lie in the future" in warning(drift)


@pytest.mark.parametrize(
    ("stated", "previous"),
    [
        ([START + minutes(180)], None),  # the first poll
        ([START + minutes(180)], START),  # no time between
        ([START + minutes(180)], START + minutes(5)),  # our own clock went back
        ([START + minutes(180)], START - timedelta(days=2)),
        ([], START - minutes(15)),
        ([None], START - minutes(15)),
        ([datetime(2026, 11, 16, tzinfo=UTC)], START - minutes(15)),  # a date alone
        ([datetime(2026, 1, 1, 5, tzinfo=UTC)], START - minutes(15)),  # an old post put at the top again
    ],
)
def test_what_bears_no_witness(stated, previous):
    assert observe(Drift(), stated, polled_at=START, previous_at=previous) == Drift()


def test_a_poll_is_one_observation():
    shown = [START + minutes(180 - n) for n in range(10)]
    drift = observe(Drift(), shown, polled_at=START, previous_at=START - minutes(15))
    assert len(drift.observed) == 1
    assert estimate(drift) is None


@given(st.lists(st.tuples(st.integers(-1620, 1620), st.integers(0, 360)), max_size=40))
def test_what_is_learnt_is_stored_in_little(bounds):
    drift, now = Drift(), START
    for low, width in bounds:
        drift = observe(drift, [now + minutes(low)], polled_at=now, previous_at=now - minutes(width))
    assert Drift.from_bytes(drift.to_bytes()) == drift
    assert len(drift.to_bytes()) <= 65
    offset = estimate(drift)
    assert offset is None or abs(offset) <= timedelta(hours=33)
    assert offset is None or offset != timedelta()


@given(st.binary(max_size=80))
def test_damage_is_learnt_again(stored):
    drift = Drift.from_bytes(stored)
    assert drift == Drift() or drift.to_bytes() == stored


def test_nothing_is_stored_as_nothing_learnt():
    assert Drift.from_bytes(b"") == Drift()
