"""What of a feed is new, told without parsing it.

What is remembered of a window (`Memory.cuts`) is a hash of what surrounds the entries, then three values for each entry
in order: a hash of its bytes, one of its identity, and the digest of the post that it became. An entry whose bytes are
the same, between surroundings that are the same, is the same post. Whatever is not plainly so is read whole, and a law
tests that nothing else comes of it than of reading everything (tests/sources/test_pruning.py).

No parser is involved, so that it may be done where nothing can be killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from monitor.core.identity import packed, unpacked
from monitor.core.model import Document, Reading, Source
from monitor.sources.cutting import HASH_SIZE, cut, hashed
from monitor.sources.encoding import decoded

EDITION = 1
"""Of everything between a document and the digests of its posts. Another number makes all feeds be read whole once."""

_IDENTITY, _DIGEST = 4, 8  # bytes
_RECORD = HASH_SIZE + _IDENTITY + _DIGEST
_GLANCED_AT = 2_000_000  # bytes; a larger document is always read whole


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of one entry."""

    hash: bytes  # of its bytes
    identity: bytes  # a hash of the guid of its post
    digest: bytes  # of its post, see core.identity.digest8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A feed without the entries that are known."""

    document: Document  # its content is UTF-8, whatever it declares
    entries: tuple[Seen | bytes, ...]  # of the whole feed, in order: what is known of each, or the hash of a new one


def glance(document: Document, source: Source) -> Reading | Part | None:
    """What `read` would give, where nothing is new; what is left to be read, where something is; None for all of it.

    No parser is involved and the time it takes is linear in the length of the document. A reading that comes of it says
    nothing of what the source said before and still says (title, hints, the page before).
    """
    memory = source.memory
    if source.kind != "feed" or not memory.cuts or len(document.content) > _GLANCED_AT:
        return None
    text, notes = decoded(document.content, content_type=document.content_type, hint=source.language)
    found = None if notes else cut(text.encode("utf-8", "replace"))
    around_then, before = remembered(memory.cuts)
    if found is None or around(found.head, found.tail, document, source) != around_then:
        return None
    known, digests = {each.hash: each for each in before}, frozenset(unpacked(memory.seen))
    hashes = found.hashes()
    entries = [known.get(hash_) for hash_ in hashes]
    kept = [each for each in entries if each is not None]
    if not kept or not distinct(kept) or any(each.digest not in digests for each in kept):
        return None
    if len(kept) < len(entries):
        rest = replace(document, content=found.without([each is not None for each in entries]))
        return Part(document=rest, entries=tuple(each or hash_ for each, hash_ in zip(entries, hashes, strict=True)))
    return Reading(
        posts=(),
        entries=len(kept),
        shown=len(kept),
        seen=packed(each.digest for each in kept),
        cuts=to_remember(around_then, kept),
    )


def around(head: bytes, tail: bytes, document: Document, source: Source) -> bytes:
    """8-byte hash of all that the meaning of an entry depends on, beside the entry."""
    said = "\0".join((str(EDITION), document.url, source.language or "")).encode("utf-8", "replace")
    return hashed(b"\0".join((said, head, tail)))


def identity(guid: str) -> bytes:
    """What is remembered of a guid. Two guids with one value make no post disappear: the feed is read whole then."""
    return blake2b(guid.encode("utf-8", "replace"), digest_size=_IDENTITY).digest()


def remembered(cuts: bytes) -> tuple[bytes, tuple[Seen, ...]]:
    """`Memory.cuts` as the hash of the surroundings and what is remembered of each entry; b"" and none for nonsense."""
    if not cuts or (len(cuts) - HASH_SIZE) % _RECORD:
        return b"", ()
    records = (cuts[at : at + _RECORD] for at in range(HASH_SIZE, len(cuts), _RECORD))
    return cuts[:HASH_SIZE], tuple(
        Seen(record[:HASH_SIZE], record[HASH_SIZE : HASH_SIZE + _IDENTITY], record[HASH_SIZE + _IDENTITY :])
        for record in records
    )


def to_remember(around_now: bytes, entries: Sequence[Seen]) -> bytes:
    """The value for `Memory.cuts`."""
    return b"".join((around_now, *(part for each in entries for part in (each.hash, each.identity, each.digest))))


def distinct(entries: Sequence[Seen]) -> bool:
    """Whether no two of them have one identity, so that the post of each depends on nothing but itself."""
    return len({each.identity for each in entries}) == len(entries)
