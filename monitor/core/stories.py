"""Which story a new post belongs to: exact evidence only.

A repost, a forward and a reprint say the same words or carry the same link. Posts come in any order, so a forward may
be seen before what it forwards.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from urllib.parse import urlsplit

TELEGRAM = {"t.me", "telegram.me"}
A_DAY_ANYWHERE = timedelta(hours=36)  # from midnight UTC to the end of that day in the last of the zones
CHANNEL = re.compile(r"/(?:s/)?\w+/?")


class Relation(StrEnum):
    """What a post is to its story."""

    FIRST = "first"  # opened it
    FORWARD = "forward"  # forwarded, with the platform's own mark
    ORIGINAL = "original"  # what an earlier post of the story had forwarded
    REPOST = "repost"  # the same words
    SAME_LINK = "same-link"  # another source's entry for the same page


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """As much of a post as placing it needs."""

    source_id: int
    url_key: bytes | None
    forward_key: bytes | None
    fingerprint: bytes | None
    story: int | None = None  # of a stored post; None for a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a new post goes. Stories opened by this very batch are numbered -1, -2, …"""

    story: int
    relation: Relation
    reason: str


def moment(stated: datetime | None, first_seen: datetime, *, ahead: timedelta = timedelta()) -> datetime:
    """When a post was published, as far as can be trusted: never after we saw it.

    `ahead` is how far its source's clock is known to run ahead (negative: behind), see core.drift. A day without a time
    of day, which is what a midnight to the second mostly is, says no more than that it was on that day.
    """
    if stated is None:
        return first_seen
    if (stated.hour, stated.minute, stated.second) == (0, 0, 0) and first_seen - stated < A_DAY_ANYWHERE:
        return first_seen
    return min(stated - ahead, first_seen)


def link_key(url: str | None) -> bytes | None:
    """8 bytes that stand for a canonical address in the index; None where the address identifies nothing.

    The front page of a site or of a Telegram channel is the link of many unrelated posts, so it is no evidence.
    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.path in {"", "/"} and not parts.query:
        return None
    if parts.hostname in TELEGRAM and CHANNEL.fullmatch(parts.path):
        return None
    # http or https, with or without "www." and a slash at the end: it is one page.
    page = url.partition("://")[2].removeprefix("www.").rstrip("/")
    return blake2b(page.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def place(new: Sequence[Sighting], stored: Iterable[Sighting]) -> list[Placement]:
    """One placement for each of `new`, in order; each sees `stored` and the new ones before it."""
    index = _Index()
    for sighting in stored:
        if sighting.story is not None:
            index.add(sighting, sighting.story)
    # One link on several entries of one source is a section page, not the address of a statement: nobody folds by it.
    shared = _links_shared_within_a_source(new)
    placements: list[Placement] = []
    opened = 0
    for sighting in new:
        placement = index.find(sighting, shared)
        if placement is None:
            opened += 1
            placement = Placement(story=-opened, relation=Relation.FIRST, reason="")
        index.add(sighting, placement.story)
        placements.append(placement)
    return placements


class _Index:
    def __init__(self) -> None:
        self.by_link: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)  # key → (source, story)
        self.by_forward: dict[bytes, int] = {}
        self.by_words: dict[bytes, int] = {}

    def add(self, sighting: Sighting, story: int) -> None:
        if sighting.url_key is not None:
            self.by_link[sighting.url_key].append((sighting.source_id, story))
        if sighting.forward_key is not None:
            self.by_forward.setdefault(sighting.forward_key, story)
        if sighting.fingerprint is not None:
            self.by_words.setdefault(sighting.fingerprint, story)

    def find(self, sighting: Sighting, shared: set[bytes]) -> Placement | None:
        forward, link, words = sighting.forward_key, sighting.url_key, sighting.fingerprint
        if forward is not None:
            if forward in self.by_link:
                story = self.by_link[forward][0][1]
                return Placement(story=story, relation=Relation.FORWARD, reason="forwards a post of this story")
            if forward in self.by_forward:
                story = self.by_forward[forward]
                return Placement(story=story, relation=Relation.FORWARD, reason="forwards the same post")
        if link is not None and link in self.by_forward:
            return Placement(
                story=self.by_forward[link], relation=Relation.ORIGINAL, reason="an earlier post had forwarded this one"
            )
        if words is not None and words in self.by_words:
            return Placement(story=self.by_words[words], relation=Relation.REPOST, reason="the same words")
        if link is not None and link not in shared:
            holders = self.by_link.get(link, [])
            stories = {story for source, story in holders if source != sighting.source_id}
            if len(stories) == 1 and all(source != sighting.source_id for source, _ in holders):
                return Placement(story=stories.pop(), relation=Relation.SAME_LINK, reason="the same link")
        return None


def _links_shared_within_a_source(new: Sequence[Sighting]) -> set[bytes]:
    seen: set[tuple[int, bytes]] = set()
    shared: set[bytes] = set()
    for sighting in new:
        if sighting.url_key is not None:
            pair = (sighting.source_id, sighting.url_key)
            if pair in seen:
                shared.add(sighting.url_key)
            seen.add(pair)
    return shared
