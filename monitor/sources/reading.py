"""One document → what is new in it, ready to be stored. Runs in a worker process that can be killed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from monitor.core.dates import day_comes_first, is_numeric
from monitor.core.identity import digest8, guid_of, packed, told_apart, unpacked
from monitor.core.model import Document, Entry, Match, Post, Prepared, Reading, Source, Tag, Window
from monitor.core.normalise import normalise
from monitor.core.recognition import alike, texts_differ
from monitor.core.sketch import said_in
from monitor.core.stories import said_of
from monitor.sources import KINDS, feed, pruning
from monitor.sources.pruning import Part, Seen, distinct
from monitor.sources.sniff import sniff

_MAX_NOTES = 50
_MARKUP = re.compile(r"<[^>]*>")
_EXCHANGED = {("feed", "json"): "jsonfeed", ("jsonfeed", "xml"): "feed"}


class Tagger(Protocol):
    """Finds what a post is about; see `core.tagging`."""

    def tags(self, post: Post, source: Source, /) -> tuple[Tag, ...]:
        """The taxonomy entries found in `post`, with their evidence."""
        ...


class WatchSet(Protocol):
    """Finds the watches that a post meets; see `core.watches`."""

    def matches(
        self, post: Post, source: Source, tags: tuple[Tag, ...], /, *, now: datetime | None = None
    ) -> tuple[Match, ...]:
        """The watches found in `post`, seen at `now`, with their evidence."""
        ...

    def matches_if_edited(
        self, post: Post, source: Source, tags: tuple[Tag, ...], found: tuple[Match, ...], /, *, now: datetime
    ) -> tuple[Match, ...] | None:
        """Those found in it if it is an edit of what is stored, where `found` are the others; None: the same."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What reading needs beside the document."""

    tagger: Tagger
    watches: WatchSet
    taxonomy: str = ""  # version of what the tagger tags by


def read(document: Document, source: Source, tools: Tools) -> Reading:
    """What `document` shows that `source.memory` does not know yet, tagged and matched.

    The memory holds the last window and no more: a text that is edited and later put back is two edits. What left the
    window and came back is recognised by its guid when it is stored.

    A feed address that serves JSON Feed, and the reverse, is read as what it is. An entry that cannot be used becomes a
    note and costs no other entry. SourceError when the document as a whole cannot be read.
    """
    window, notes = _parsed(document, source)
    posts, unusable = _normalised(window, document, source)
    notes += [*window.notes, *unusable]
    digests = [digest8(post.guid, post.content_hash) for post in posts]
    entries = () if notes else _to_remember(window, posts, digests)
    return Reading(
        posts=_prepared(posts, digests, source, tools, now=document.fetched_at),
        entries=len(window.entries),
        shown=len(posts),
        seen=packed(digests),
        cuts=pruning.to_remember(_around(window, document, source), entries) if entries else b"",
        title=window.title,
        older=window.older,
        more=window.more,
        hints=window.hints,
        notes=_bounded(notes),
        numbers=(window.numbers,) if window.numbers is not None else (),
    )


def read_part(part: Part, source: Source, tools: Tools) -> Reading | None:
    """What `read` would give for the document that `part` is left of; None where it has to be read whole to tell."""
    window = feed.window_of(part.document.content.decode("utf-8"), part.document.url)
    posts, unusable = _normalised(window, part.document, source)
    digests = [digest8(post.guid, post.content_hash) for post in posts]
    fresh = iter(() if window.notes or unusable else _to_remember(window, posts, digests))
    entries: list[Seen] = []
    for each in part.entries:
        entry = next(fresh, None) if isinstance(each, bytes) else each
        if entry is None or (isinstance(each, bytes) and entry.hash != each):
            return None
        entries.append(entry)
    if next(fresh, None) is not None or not distinct(entries):
        return None
    return Reading(
        posts=_prepared(posts, digests, source, tools, now=part.document.fetched_at),
        entries=len(entries),
        shown=len(entries),
        seen=packed(each.digest for each in entries),
        cuts=pruning.to_remember(_around(window, part.document, source), entries),
        title=window.title,
        older=window.older,
        hints=window.hints,
    )


def _prepared(
    posts: Sequence[Post], digests: Sequence[bytes], source: Source, tools: Tools, *, now: datetime
) -> tuple[Prepared, ...]:
    """The posts whose digests are not known, tagged and matched."""
    known = frozenset(unpacked(source.memory.seen))
    return tuple(
        Prepared(
            post=post,
            tags=tags,
            matches=matches,
            matches_if_edited=tools.watches.matches_if_edited(post, source, tags, matches, now=now),
            taxonomy=tools.taxonomy,
            said=said_in(said_of(post)),
        )
        for post, digest in zip(posts, digests, strict=True)
        if digest not in known
        for tags in (tools.tagger.tags(post, source),)
        for matches in (tools.watches.matches(post, source, tags, now=now),)
    )


def _around(window: Window, document: Document, source: Source) -> bytes:
    assert window.outline is not None  # noqa: S101 - whoever remembers entries has asked for them
    return pruning.around(*window.outline, document, source)


def _to_remember(window: Window, posts: Sequence[Post], digests: Sequence[bytes]) -> tuple[Seen, ...]:
    """What is remembered of each entry; nothing where they must be read together, as one's post depends on another.

    It does where two share an identity, and where dates are stated in numbers (see `core.dates.day_comes_first`).
    """
    if not window.outline or not len(window.hashes) == len(window.entries) == len(posts):
        return ()
    if any(is_numeric(date) for entry in window.entries for date in (entry.published, entry.updated) if date):
        return ()
    entries = tuple(
        Seen(hash_, pruning.identity(post.guid), digest)
        for hash_, post, digest in zip(window.hashes, posts, digests, strict=True)
    )
    return entries if distinct(entries) else ()


def _parsed(document: Document, source: Source) -> tuple[Window, list[str]]:
    kind = KINDS[source.kind]
    notes: list[str] = []
    if source.kind in {"feed", "jsonfeed"} and (other := _EXCHANGED.get((source.kind, sniff(document)))):
        notes.append(f"the address serves {KINDS[other].summary}: read as kind {other!r}, not {source.kind!r}")
        kind = KINDS[other]
    return kind.parse(document, source), notes


def _normalised(window: Window, document: Document, source: Source) -> tuple[list[Post], list[str]]:
    """The posts of a window, each guid once, and a note on each entry that is left out."""
    notes: list[str] = []
    posts: dict[str, Post] = {}
    day_first = day_comes_first(date for entry in window.entries for date in (entry.published, entry.updated) if date)
    for entry in _told_apart(window, notes):
        if entry.service:
            continue
        try:
            post = normalise(entry, source=source, now=document.fetched_at, base=document.url, day_first=day_first)
        except Exception as error:  # whatever a strange entry sets off, the others must not pay for it
            notes.append(f"entry {_named(entry)} left out: {str(error) or type(error).__name__}")
            continue
        known = posts.get(post.guid)
        if known is None:
            posts[post.guid] = post
            continue
        posts[post.guid] = max(known, post, key=_last_changed)  # the first of two equally new ones
        if known.content_hash != post.content_hash:
            notes.append(f"guid {post.guid[:100]!r} stands for several entries: the newest was taken")
    return list(posts.values()), notes


def _told_apart(window: Window, notes: list[str]) -> Iterator[Entry]:
    """The entries, those told apart by what they say that share an identity without being versions of one post.

    Some feeds give each entry the address of the section, as link or as guid. Entries that share it and differ in title
    and in date or link, or stand side by side without a common date and without words in common, are different posts;
    those that differ in less are versions.
    """
    alike: dict[str, list[Entry]] = {}
    for entry in window.entries:
        alike.setdefault(guid_of(entry), []).append(entry)
    shared = [identity for identity, entries in alike.items() if len(entries) > 1 and _are_different_posts(entries)]
    notes.extend(
        f"several posts share the identity {identity[:100]!r}: told apart by their texts" for identity in shared
    )
    different = frozenset(shared)
    for entry in window.entries:
        guid = entry.guid
        if different and (identity := guid_of(entry)) in different:
            guid = told_apart(identity, entry)
        if guid == entry.guid and (entry.language or not window.language):
            yield entry
        else:
            yield replace(entry, guid=guid, language=entry.language or window.language)


def _are_different_posts(entries: Sequence[Entry]) -> bool:
    titles = dict.fromkeys(entry.title or entry.html or "" for entry in entries)
    dates = {entry.published for entry in entries}
    one_moment = len(dates) == 1 and None not in dates
    if len(titles) < 2:
        # One title for all, such as "Weekly briefing": versions of one post have a moment or words in common.
        first, *others = dict.fromkeys(_MARKUP.sub(" ", entry.html or entry.summary or "") for entry in entries)
        return not one_moment and bool(others) and _most(texts_differ(first, other) for other in others)
    if not any(entry.guid for entry in entries) or len({(entry.link, entry.published) for entry in entries}) > 1:
        return True
    # One guid, one link and no date for all, the address of the section: versions of one post have titles in common.
    first, *others = titles
    return not one_moment and _most(not alike(first, other) for other in others)


def _most(judged: Iterable[bool]) -> bool:
    """Whether at least half are so: two of many may be alike by chance, and taken for one the others would be lost."""
    votes = list(judged)
    return 2 * sum(votes) >= len(votes)


def _last_changed(post: Post) -> float:
    moment = post.updated_at or post.stated_at
    return moment.timestamp() if moment is not None else 0.0


def _named(entry: Entry) -> str:
    return repr((entry.guid or entry.link or entry.title or guid_of(entry))[:100])


def _bounded(notes: Iterable[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(notes))
    if len(unique) <= _MAX_NOTES:
        return unique
    return (*unique[:_MAX_NOTES], f"… and {len(unique) - _MAX_NOTES} more")
