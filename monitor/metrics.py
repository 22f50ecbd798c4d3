"""What the service counts of itself, for Prometheus (text exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from monitor.core.model import Outcome

# From "at once" to "yesterday's": how long after its stated time a post was stored.
_LAGS = (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)
_POLL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One registry of its own, so that several services in one process do not count for each other."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._polls = Counter("monitor_polls", "Polls by outcome", ["outcome"], registry=self.registry)
        self._poll_seconds = Histogram(
            "monitor_poll_seconds", "Time a poll took", buckets=_POLL_SECONDS, registry=self.registry
        )
        self._posts = Counter("monitor_posts", "Posts stored, new or changed", ["change"], registry=self.registry)
        self._gaps = Counter("monitor_gaps", "Polls whose window had no overlap with the last", registry=self.registry)
        self._lag = Histogram(
            "monitor_post_lag_seconds",
            "From the stated time of publication to storage",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._digests = Counter("monitor_digests", "Digests compiled", registry=self.registry)
        self._deliveries = Counter(
            "monitor_deliveries", "Attempts to hand a message over", ["channel", "outcome"], registry=self.registry
        )
        self._messages = Gauge("monitor_messages", "Messages by state", ["state"], registry=self.registry)
        self._sources = Gauge("monitor_sources", "Sources by state", ["state"], registry=self.registry)
        self._overdue = Gauge(
            "monitor_poll_overdue_seconds", "How long the longest overdue source has been due", registry=self.registry
        )
        self._ticks = Gauge(
            "monitor_loop_last_tick_timestamp_seconds",
            "When each loop last finished a tick, Unix time",
            ["loop"],
            registry=self.registry,
        )
        # A figure that appears with its first event cannot be seen to rise.
        for outcome in Outcome:
            self._polls.labels(outcome)
        for change in ("new", "changed"):
            self._posts.labels(change)

    def polled(
        self, outcome: str, *, took: timedelta, new: int, changed: int, gap: bool, lags: Iterable[timedelta]
    ) -> None:
        """One poll, and how long after their stated times its new posts were stored."""
        self._polls.labels(outcome).inc()
        self._poll_seconds.observe(took.total_seconds())
        self._posts.labels("new").inc(new)
        self._posts.labels("changed").inc(changed)
        if gap:
            self._gaps.inc()
        for lag in lags:
            self._lag.observe(max(0.0, lag.total_seconds()))

    def compiled(self, number: int) -> None:
        """So many digests."""
        self._digests.inc(number)

    def attempted(self, channel: str, outcome: str) -> None:
        """One attempt to hand a message over."""
        self._deliveries.labels(channel, outcome).inc()

    def stands(
        self, *, messages: Mapping[str, int], sources: Mapping[str, int], overdue: timedelta, now: float, loop: str
    ) -> None:
        """How things stand after a tick of `loop` that ended at `now`, in seconds since 1970."""
        for state, number in messages.items():
            self._messages.labels(state).set(number)
        for state, number in sources.items():
            self._sources.labels(state).set(number)
        self._overdue.set(max(0.0, overdue.total_seconds()))
        self._ticks.labels(loop).set(now)

    def serve(self, host: str, port: int) -> None:
        """Answer GET /metrics on that address, in a thread of its own, until the process ends."""
        start_http_server(port, addr=host, registry=self.registry)
