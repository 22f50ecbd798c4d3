"""What a query is once it was understood: a tree of terms. What each of them means is defined in `core.matching`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.model import Facet, Field
from monitor.core.wordforms import core_of


class QueryError(ValueError):
    """A query that cannot be used. `str()` says what is wrong, where, and what to write instead.

    `position` counts characters from 0; `expected` and `suggestion` are "" where there is nothing to say.
    """

    def __init__(self, message: str, *, position: int, expected: str = "", suggestion: str = "") -> None:
        self.message = message
        self.position = position
        self.expected = expected
        self.suggestion = suggestion
        text = f"{message} (at character {position + 1})"
        if expected:
            text += f"; expected {expected}"
        if suggestion:
            text += f"; {suggestion}"
        super().__init__(text)

    def __reduce__(self) -> tuple[object, ...]:  # crosses process borders with its keyword arguments
        return _query_error, (self.message, self.position, self.expected, self.suggestion)


def _query_error(message: str, position: int, expected: str, suggestion: str) -> QueryError:
    return QueryError(message, position=position, expected=expected, suggestion=suggestion)


class How(StrEnum):
    """How a word of a text must be to a word of a query."""

    FORM = "form"  # any form that its language makes of it
    SAME = "same"  # this form, whatever its case and accents
    CAPITALS = "capitals"  # an acronym, written as one
    EXACT = "exact"  # letter for letter
    WILD = "wild"  # as its wildcards allow


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query."""

    folded: str  # wildcards as "*" and "?"
    how: How
    written: str = ""  # EXACT and CAPITALS: as typed
    anchor: str = dataclass_field(init=False)  # the longest run of characters that every word it finds holds

    def __post_init__(self) -> None:
        anchor = core_of(self.folded) if self.how is How.FORM else max(re.split(r"[*?]", self.folded), key=len)
        object.__setattr__(self, "anchor", anchor)


@dataclass(frozen=True, slots=True)
class Words:
    """One word, or several in a row."""

    words: tuple[Word, ...]
    field: Field | None = None  # None: anywhere
    hashtag: bool = False  # one word right after "#"
    anchor: str = dataclass_field(init=False)  # a run of characters that every text with these words holds
    _hash: int = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "anchor", max((word.anchor for word in self.words), key=len))
        object.__setattr__(self, "_hash", hash((self.words, self.field, self.hashtag)))

    def __hash__(self) -> int:  # made once: what is kept by terms is asked for at every post
        return self._hash


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, see core.patterns."""

    source: str  # without the slashes
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """These, one after the other or in any order, with at most so many words between any two neighbours."""

    parts: tuple[Node, ...]
    distance: int
    ordered: bool


@dataclass(frozen=True, slots=True)
class Within:
    """All of these words within a stretch that holds at most `others` further words: "…"~5."""

    parts: tuple[Words, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """All of these in one sentence."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag of the post, by slug."""

    facet: Facet
    slug: str  # folded, wildcards as "*" and "?"


@dataclass(frozen=True, slots=True)
class Origin:
    """Something known about the post or its source: "lang", "source", "author", "domain", "has", "is" …"""

    name: str
    value: str  # folded, wildcards as "*" and "?"


@dataclass(frozen=True, slots=True)
class Published:
    """When the post was published: in [since, until), or at most `age` ago."""

    written: str
    since: datetime | None = None
    until: datetime | None = None
    younger: timedelta | None = None
    older: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """The query of another watch or list, to be put in its place."""

    slug: str
    position: int  # in the query that names it
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """All of these, in any order."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Not this."""

    part: Node


Node = Words | Pattern | Near | Within | Sentence | Tagged | Origin | Published | Listed | Every | Some | Without
Term = Words | Pattern | Tagged | Origin | Published | Listed


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood."""

    text: str  # as typed
    root: Node


def terms_of(node: Node) -> Iterator[Term]:
    """The leaves of a tree, from left to right."""
    match node:
        case Every(parts) | Some(parts) | Near(parts) | Sentence(parts) | Within(parts):
            for part in parts:
                yield from terms_of(part)
        case Without(part):
            yield from terms_of(part)
        case _:
            yield node


def tags_of(node: Node) -> Iterator[Tagged]:
    """The tags that a query names: those no taxonomy lists would never be found, and nobody would notice."""
    return (term for term in terms_of(node) if isinstance(term, Tagged))


def lists_of(node: Node) -> Iterator[Listed]:
    """The lists that a query names."""
    return (term for term in terms_of(node) if isinstance(term, Listed))


def finds_something(node: Node) -> bool:
    """Whether a query asks for anything, in contrast to the absence of something."""
    match node:
        case Every(parts):
            return any(map(finds_something, parts))
        case Some(parts):
            return all(map(finds_something, parts))
        case Without():
            return False
        case _:
            return True
