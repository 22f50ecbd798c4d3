"""Communiqué Monitor: polls official sources, removes repeats, tags, matches watches and delivers digests."""

__version__ = "0.1.0"
