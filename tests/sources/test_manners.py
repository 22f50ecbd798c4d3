"""Turns at hosts, in a world whose clock is fast."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import POSTPONEMENTS, SourceError
from monitor.sources.manners import FIRST_SWEEP, Manners, registered_domain
from tests.sources.fast_clock import START, FastClock


class World:
    """A clock, manners, and a record of who began and ended when."""

    def __init__(self, **arguments):
        self.time = FastClock()
        self.manners = Manners(now=self.time.now, sleep=self.time.sleep, **arguments)
        self.began, self.ended = {}, {}

    async def ask(self, host, name=None, *, lasting=0.0, after=0.0):
        await self.time.sleep(after)
        async with self.manners.turn(host, clock=self.time.clock):
            self.began[host if name is None else name] = self.time.now()
            await self.time.sleep(lasting)
        self.ended[host if name is None else name] = self.time.now()

    async def refusal(self, host):
        with pytest.raises(SourceError) as caught:
            await self.ask(host, "refused")
        assert caught.value.reason in POSTPONEMENTS
        return caught.value


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("t.me", "t.me"),
        ("www.mfa.gov.kz", "mfa.gov.kz"),
        ("feeds.example.co.uk", "example.co.uk"),
        ("feeds.example.co.uk.", "example.co.uk"),
        ("somebody.github.io", "somebody.github.io"),
        ("www.xn--d1abbgf6aiiy.xn--p1ai", "xn--d1abbgf6aiiy.xn--p1ai"),
        ("gov.uk", "gov.uk"),
        ("localhost", "localhost"),
        ("news.example.test", "example.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("2001:db8:0::1", "2001:db8::1"),
    ],
)
def test_the_domain_is_what_somebody_registered(host, domain):
    assert registered_domain(host) == domain


def test_requests_to_all_hosts_of_a_domain_are_spaced_in_the_order_in_which_they_came():
    world = World(spacing=2.0)
    hosts = ["www.example.org", "feeds.example.org", "example.org", "elsewhere.test"]

    async def main():
        await asyncio.gather(*(world.ask(host) for host in hosts))

    world.time.run(main())
    assert world.began == {"www.example.org": 0, "elsewhere.test": 0, "feeds.example.org": 2, "example.org": 4}


def test_a_domain_is_asked_by_no_more_than_agreed_at_a_time():
    world = World(spacing=1.0, per_host=2)

    async def main():
        await asyncio.gather(*(world.ask("example.org", n, lasting=10) for n in range(4)))

    world.time.run(main())
    assert world.began == {0: 0, 1: 1, 2: 10, 3: 11}


def test_waiting_for_one_domain_takes_nothing_from_another():
    world = World(at_once=1, spacing=60.0)

    async def main():
        await asyncio.gather(world.ask("a.test", 1), world.ask("a.test", 2), world.ask("b.test", lasting=5, after=1))

    world.time.run(main())
    assert world.began == {1: 0, "b.test": 1, 2: 60}


def test_the_spacing_counts_from_when_a_request_really_began():
    world = World(at_once=1, per_host=5, spacing=1.0)

    async def main():
        blocker = asyncio.create_task(world.ask("busy.test", lasting=30))
        await asyncio.sleep(0)
        await asyncio.gather(world.ask("a.test", 1), world.ask("a.test", 2), blocker)

    world.time.run(main())
    assert world.began == {"busy.test": 0, 1: 30, 2: 31}


def test_a_domain_that_asked_for_patience_is_left_alone_by_all_at_once():
    world = World(spacing=1.0)

    async def main():
        first = asyncio.create_task(world.ask("www.example.org", "first", lasting=3))
        in_line = [asyncio.create_task(world.ask("example.org", n)) for n in range(5)]
        await world.time.sleep(0.5)
        world.manners.hold("www.example.org", until=START + timedelta(minutes=5), clock=world.time.clock)
        world.manners.hold("example.org", until=START + timedelta(minutes=1), clock=world.time.clock)
        refused = await asyncio.gather(*in_line, return_exceptions=True)
        late = await world.refusal("feeds.example.org")
        waited = world.time.now()
        await world.ask("other.test")
        await first
        await world.time.sleep(300)
        await world.ask("example.org", "after")
        return refused, late, waited

    refused, late, waited = world.time.run(main())
    for error in (*refused, late):
        assert error.reason == "host-held"
        assert error.retry_at == START + timedelta(minutes=5)
        assert "example.org asked not to be asked before 2026-11-22 12:05:00 UTC" in str(error)
    assert waited <= 3
    assert set(world.began) == {"first", "other.test", "after"}


def test_no_domain_is_left_alone_for_more_than_a_day():
    world = World()

    async def main():
        world.manners.hold("example.org", until=START + timedelta(days=3650), clock=world.time.clock)
        return await world.refusal("example.org")

    assert world.time.run(main()).retry_at == START + timedelta(days=1)


def test_whoever_would_wait_too_long_is_told_when_to_come_back():
    world = World(spacing=10.0, longest_line=30.0)

    async def main():
        return await asyncio.gather(*(world.ask("example.org", n) for n in range(8)), return_exceptions=True)

    results = world.time.run(main())
    refused = [result for result in results if result is not None]
    assert results[:4] == [None] * 4
    assert {error.reason for error in refused} == {"host-busy"}
    assert all(START + timedelta(seconds=30) < error.retry_at <= START + timedelta(minutes=2) for error in refused)
    assert max(world.began.values()) <= 40


def test_a_line_behind_slow_answers_does_not_wait_for_ever():
    world = World(spacing=0.0, per_host=1, longest_line=60.0)

    async def main():
        line = [world.ask("example.org", n, lasting=30) for n in range(20)]
        return await asyncio.gather(*line, return_exceptions=True)

    results = world.time.run(main())
    assert {error.reason for error in results if error is not None} == {"host-busy"}
    assert max(world.began.values()) <= 120


def test_a_site_may_ask_for_more_distance_for_a_time():
    world = World(spacing=1.0)

    async def main():
        world.manners.slow("www.example.org", spacing=20, until=START + timedelta(seconds=30), clock=world.time.clock)
        world.manners.slow("www.example.org", spacing=0.1, until=START, clock=world.time.clock)
        await asyncio.gather(*(world.ask("example.org", n) for n in range(4)))

    world.time.run(main())
    assert world.began == {0: 0, 1: 20, 2: 40, 3: 41}


def test_whoever_gives_up_in_line_holds_up_nobody():
    world = World(spacing=5.0, per_host=1)

    async def main():
        line = [asyncio.create_task(world.ask("example.org", n)) for n in range(4)]
        await world.time.sleep(1)
        line[1].cancel()
        line[2].cancel()
        return await asyncio.gather(*line, return_exceptions=True)

    world.time.run(main())
    assert world.began == {0: 0, 3: 5}


def test_an_error_in_a_turn_gives_the_places_back():
    world = World(at_once=1, per_host=1, spacing=0.0)

    async def fail():
        async with world.manners.turn("example.org", clock=world.time.clock):
            raise OSError("broken")

    async def main():
        for _ in range(3):
            with pytest.raises(OSError, match="broken"):
                await fail()
        await world.ask("example.org")

    world.time.run(main())
    assert world.began == {"example.org": 0}


def test_domains_that_matter_no_more_are_forgotten_and_held_ones_are_not():
    world = World(spacing=1.0)

    async def main():
        world.manners.hold("held.test", until=START + timedelta(hours=20), clock=world.time.clock)
        for number in range(5 * FIRST_SWEEP):
            await world.ask(f"site{number}.test")
            await world.time.sleep(0.5)
        return await world.refusal("held.test")

    error = world.time.run(main())
    assert error.reason == "host-held"
    assert world.manners.remembered() <= 2 * FIRST_SWEEP


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 9)), max_size=30),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 3),
)
def test_whatever_comes_no_domain_and_no_moment_gets_more_than_agreed(arrivals, at_once, per_host, spacing):
    world = World(at_once=at_once, per_host=per_host, spacing=float(spacing), longest_line=1e9)

    async def main():
        await asyncio.gather(
            *(
                world.ask(f"d{domain}.test", (domain, n), after=after, lasting=lasting)
                for n, (domain, after, lasting) in enumerate(arrivals)
            )
        )

    world.time.run(main())
    assert len(world.ended) == len(arrivals)
    spans = [(world.began[key], world.ended[key], key[0]) for key in world.began]
    for moment, _, domain in spans:
        running = [d for start, end, d in spans if start <= moment < end]
        assert len(running) <= at_once
        assert running.count(domain) <= per_host
    for domain in range(4):
        starts = sorted(start for start, _, d in spans if d == domain)
        assert all(later - earlier >= spacing for earlier, later in pairwise(starts))
        came = sorted((after, n) for n, (d, after, _) in enumerate(arrivals) if d == domain)
        by_arrival = [world.began[domain, n] for _, n in came]
        assert by_arrival == sorted(by_arrival)
