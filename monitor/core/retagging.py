"""What the present taxonomies, and persons, make of a post that is stored already, and what changes by that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.core.model import Match, StoredPost, Tag, Watch
from monitor.core.provenance import FindsTags
from monitor.core.query import tags_of
from monitor.core.subject import subject_of
from monitor.core.verdicts import Verdict, ruled
from monitor.core.watches import WatchSet, queries_of


class AskingForTags:
    """Those of some watches whose matches follow the tags: org:, region:, country:, issuer: or a facet of one's own."""

    def __init__(self, watches: Iterable[Watch]) -> None:
        watches = tuple(watches)
        queries, _ = queries_of(watches)
        asking = [each for each in watches if each.slug in queries and any(tags_of(queries[each.slug].root))]
        self.slugs = frozenset(each.slug for each in asking)
        self._found = WatchSet(watches, only=[each.slug for each in asking])

    def matches(self, stored: StoredPost, tags: tuple[Tag, ...]) -> tuple[Match, ...]:
        """As `WatchSet.matches`, with all that is known of a stored post, if it had these tags."""
        subject = subject_of(
            stored.post,
            stored.source,
            tags,
            seen_at=stored.first_seen_at,
            edited=stored.revisions > 0,
            ahead=stored.ahead,
        )
        return self._found.matches(stored.post, stored.source, tags, subject=subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stored post that is to be tagged anew."""

    stored: StoredPost
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retagged:
    """A stored post as it is tagged now. Of matches only those are named that differ from what is stored."""

    job: Job
    tags: tuple[Tag, ...]
    found: tuple[Match, ...] = ()  # of watches that ask for tags: not found before, or by other words
    lost: tuple[str, ...] = ()  # slugs of such watches that are not found any more

    @property
    def gained_tags(self) -> frozenset[str]:
        """As "facet:slug"."""
        return _names(self.tags) - _names(self.job.stored.tags)

    @property
    def lost_tags(self) -> frozenset[str]:
        """As "facet:slug"."""
        return _names(self.job.stored.tags) - _names(self.tags)

    @property
    def changed(self) -> bool:
        """Whether other tags are found, or what the post is about is another; other words alone are no change."""
        return _about(self.tags) != _about(self.job.stored.tags)


@dataclass(slots=True, kw_only=True)
class Summary:
    """What tagging many posts anew changed."""

    posts: int = 0
    changed: int = 0
    gained: Counter[str] = field(default_factory=Counter)  # "facet:slug" → posts
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, one: Retagged) -> None:
        """Count one post."""
        self.posts += 1
        self.changed += one.changed
        self.gained.update(one.gained_tags)
        self.lost.update(one.lost_tags)

    def join(self, other: Summary) -> None:
        """Count what another one counted."""
        self.posts += other.posts
        self.changed += other.changed
        self.gained.update(other.gained)
        self.lost.update(other.lost)


def retagged(job: Job, tagger: FindsTags, watches: AskingForTags) -> Retagged:
    """The post with the tags it has now, and the matches that change with them.

    A watch counts as found or lost where the tags make the difference. What else would differ, because a watch was
    changed since, stays as it is: the past is not searched again by changing a watch.
    """
    stored = job.stored
    tags = ruled(tagger.tags(stored.post, stored.source), job.verdicts)
    if not job.verdicts and _same(tags, stored.tags):
        return Retagged(job=job, tags=tags)
    now = {match.watch: match for match in watches.matches(stored, tags)}
    # Where a person has spoken, what is stored may stem from a revision that nobody has compared with the verdicts yet.
    before = stored.matches if job.verdicts else watches.matches(stored, stored.tags)
    known = {match.watch: match for match in before if match.watch in watches.slugs}
    return Retagged(
        job=job,
        tags=tags,
        found=tuple(match for slug, match in now.items() if known.get(slug) != match),
        lost=tuple(sorted(known.keys() - now.keys())),
    )


def _same(one: Iterable[Tag], other: Iterable[Tag]) -> bool:
    return set(one) == set(other)


def _names(tags: Iterable[Tag]) -> frozenset[str]:
    return frozenset(f"{tag.facet}:{tag.slug}" for tag in tags)


def _about(tags: Iterable[Tag]) -> frozenset[tuple[str, str, bool]]:
    return frozenset((tag.facet, tag.slug, tag.main) for tag in tags)
