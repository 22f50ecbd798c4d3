"""A long text in pieces, none of which is longer than somebody takes, and together all of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


def split(text: str, *, limit: int, plain: Callable[[str], str] = str) -> list[str]:
    """`text` in pieces of at most `limit` characters, in order, nothing lost but white space where it was parted.

    It is parted between blocks (blank lines), in a block that is too long between lines, in a line between words. What
    is parted inside a block passes through `plain` first, so that no markup is torn.
    """
    pieces: list[str] = []
    for block in re.split(r"\n{2,}", text.strip()):
        candidates = [block] if len(block) <= limit else list(torn(plain(block), limit))
        for candidate in candidates:
            if pieces and len(pieces[-1]) + 2 + len(candidate) <= limit:
                pieces[-1] += "\n\n" + candidate
            else:
                pieces.append(candidate)
    return pieces


def torn(block: str, limit: int) -> Iterator[str]:
    """`block` in pieces of at most `limit` characters, parted between lines, else words, else anywhere."""
    rest = block
    while len(rest) > limit:
        line, space = rest.rfind("\n", 1, limit + 1), rest.rfind(" ", 1, limit + 1)
        end = line if line > limit // 2 else space if space > limit // 2 else limit
        yield rest[:end].rstrip()
        rest = rest[end:].lstrip()
    if rest:
        yield rest
