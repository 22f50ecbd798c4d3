"""A feed, cut into its entries without being parsed: tags are looked for, in time linear in the length of the document.

A document is cut only where nothing but a parser could see it differently: each entry ends where its end tag stands
outside of comments and CDATA sections, none holds another, and there is nothing between them. Anything else is read
as one piece.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

HASH_SIZE = 8
_NEXT = re.compile(rb"<(?:(item|entry)(?=[\s>])|!--|!\[CDATA\[)")
# What changes from poll to poll in the head of a feed, and means nothing to its entries.
_RESTLESS = re.compile(
    rb"<((?:[\w.-]{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))((?:\s[^<>]{0,300})?)>[^<>]{0,200}</\1\s*>"
    rb"|<items>\s*<(rdf:Seq)>(?:\s*<rdf:li\s[^<>]{0,3000}/>)*\s*</\3>\s*</items>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where the entries of a document are."""

    content: bytes  # UTF-8
    spans: tuple[tuple[int, int], ...]  # of the entries, from "<" to behind ">"; between them there is white space only
    head: bytes  # what stands before them, without comments and without what changes with every poll
    tail: bytes  # likewise, after them

    def hashes(self) -> tuple[bytes, ...]:
        """An 8-byte hash of each entry."""
        return tuple(hashed(self.content[start:end]) for start, end in self.spans)

    def without(self, left_out: Sequence[bool]) -> bytes:
        """The document without the entries for which `left_out` is true."""
        pieces, at = [], 0
        for (start, end), out in zip(self.spans, left_out, strict=True):
            if out:
                pieces.append(self.content[at:start])
                at = end
        return b"".join((*pieces, self.content[at:]))


def cut(content: bytes) -> Cut | None:
    """Where the entries of a document in UTF-8 are; None where that cannot be told without parsing it."""
    spans: list[tuple[int, int]] = []
    comments: list[tuple[int, int]] = []
    at = 0
    while found := _NEXT.search(content, at):
        start, name = found.start(), found[1]
        if name is not None:
            end = _end_of_entry(content, name, start)
            if spans and not _blank(content, spans[-1][1], start, comments):
                return None
            spans.append((start, end))
        else:
            mark = b"-->" if found[0] == b"<!--" else b"]]>"
            closed = content.find(mark, found.end())
            end = closed + 3 if closed >= 0 else -1
            if mark == b"-->":
                comments.append((start, end))
        if end < 0:
            return None
        at = end
    if not spans:
        return None
    head = _quiet(content, 0, spans[0][0], comments)
    tail = _quiet(content, spans[-1][1], len(content), comments)
    return Cut(content=content, spans=tuple(spans), head=head, tail=tail)


def _end_of_entry(content: bytes, name: bytes, start: int) -> int:
    """Behind the end tag of the entry that begins at `start`; -1 where there may be more to it."""
    closing = b"</" + name + b">"
    at, end = start, content.find(closing, start)
    while end >= 0:
        marked = content.find(b"<!", at, end)
        if marked < 0:
            break
        mark = b"]]>" if content.startswith(b"<![CDATA[", marked) else b"-->"
        if mark == b"-->" and not content.startswith(b"<!--", marked):
            return -1
        at = content.find(mark, marked + 4)
        if at < 0:
            return -1
        if at > end:
            end = content.find(closing, at)
    if end < 0 or content.find(b"<item", start + 1, end) >= 0 or content.find(b"<entry", start + 1, end) >= 0:
        return -1
    return end + len(closing)


def _blank(content: bytes, start: int, end: int, comments: Sequence[tuple[int, int]]) -> bool:
    between = content[start:end].strip(b" \t\r\n")
    return not between or not _without(content, start, end, comments).strip(b" \t\r\n")


def _without(content: bytes, start: int, end: int, comments: Sequence[tuple[int, int]]) -> bytes:
    pieces = []
    for begins, ends in comments:
        if start <= begins and ends <= end:
            pieces.append(content[start:begins])
            start = ends
    return b"".join((*pieces, content[start:end]))


def _quiet(content: bytes, start: int, end: int, comments: Sequence[tuple[int, int]]) -> bytes:
    return _RESTLESS.sub(rb"<\1\2/>", _without(content, start, end, comments)).strip(b" \t\r\n")


def hashed(content: bytes) -> bytes:
    """8 bytes that stand for some bytes."""
    return blake2b(content, digest_size=HASH_SIZE).digest()
