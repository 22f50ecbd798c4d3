"""What a search index can tell of a query: which posts cannot match. What remains is for the evaluator to judge.

A post is indexed by the words in it, folded, and their roots by the rules of its language; where words are not set
apart, by single characters and pairs. `narrowed` turns a query into a condition over these and over what is known of a
post, that every matching post meets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.core.known import is_wild
from monitor.core.model import Post
from monitor.core.query.tree import (
    Every,
    How,
    Near,
    Node,
    Origin,
    Published,
    Sentence,
    Some,
    Tagged,
    Within,
    Word,
    Words,
)
from monitor.core.text import is_unspaced, page_of
from monitor.core.wordforms import roots_of, roots_wanted
from monitor.core.wording import holds_unspaced, words_in
from monitor.core.written import readable

LONGEST_TOKEN = 64  # characters; longer words are cut, in posts and in queries alike
MOST_TOKENS = 20_000
"""Different tokens that are indexed of one post. A post with more is judged by the evaluator alone."""


@dataclass(frozen=True, slots=True)
class Token:
    """The post is indexed by this, or by something that begins with it."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class TagIs:
    """The post has such a tag."""

    facet: str
    slug: str  # wildcards as "*" and "?"


@dataclass(frozen=True, slots=True)
class ValueIs:
    """A property of the post or its source, exactly."""

    name: str  # "lang", "source", "kind" or "authority"
    value: str


@dataclass(frozen=True, slots=True)
class SeenSince:
    """The post was first seen at that time or later."""

    at: datetime


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these."""

    parts: tuple[Condition, ...]


Condition = Token | TagIs | ValueIs | SeenSince | AllOf | AnyOf


def tokens_of(post: Post) -> set[str] | None:
    """What a post is indexed by; None where that is too much."""
    tokens: set[str] = set()
    for run in words_in(readable(page_of(post).folded.text)):
        for word in _set_apart(run):
            if len(word) <= LONGEST_TOKEN:
                tokens.add(word)
                tokens.update(roots_of(word, post.language))
            else:
                tokens.add(word[:LONGEST_TOKEN])
                tokens.update(root[:LONGEST_TOKEN] for root in roots_of(word, post.language))
        if holds_unspaced(run):
            tokens.update(_characters(run))
    tokens.discard("")
    return tokens if len(tokens) <= MOST_TOKENS else None


def _set_apart(run: str) -> Iterable[str]:
    if not holds_unspaced(run):
        return (run,)
    return filter(None, "".join(" " if is_unspaced(character) else character for character in run).split())


def _characters(run: str) -> Iterator[str]:
    """Characters of scripts without spaces, alone and in pairs."""
    for at, character in enumerate(run):
        if is_unspaced(character):
            yield character
            if at + 1 < len(run) and is_unspaced(run[at + 1]):
                yield run[at : at + 2]


def narrowed(node: Node, *, now: datetime) -> Condition | None:
    """A condition that every post meets that the evaluator would take; None where there is none."""
    match node:
        case Every(parts) | Near(parts) | Within(parts) | Sentence(parts):
            return _all(narrowed(part, now=now) for part in parts)
        case Some(parts):
            each = [narrowed(part, now=now) for part in parts]
            known = tuple(part for part in each if part is not None)
            return AnyOf(known) if len(known) == len(each) else None
        case Words(words, hashtag=hashtag):
            return _hashtag(words[0]) if hashtag else _all(map(_word, words))
        case Tagged(facet, slug):
            return TagIs(facet, slug)
        case Origin(name, value):
            known_exactly = name in ("lang", "source", "kind", "authority") and not is_wild(value) and value.isascii()
            return ValueIs(name, value) if known_exactly else None
        case Published(since=since, younger=younger):
            # No post is seen before it is published, as far as its time of publication is believed.
            times = [at for at in (since, now - younger if younger is not None else None) if at is not None]
            return SeenSince(max(times)) if times else None
        case _:
            return None


def _all(parts: Iterable[Condition | None]) -> Condition | None:
    known = tuple(part for part in parts if part is not None)
    return AllOf(known) if len(known) > 1 else known[0] if known else None


def _word(word: Word) -> Condition | None:
    if is_unspaced(word.folded[0]):
        characters = [each for each in _characters(word.folded) if len(each) == min(2, len(word.folded))]
        return _all(map(Token, dict.fromkeys(characters)))
    match word.how:
        case How.FORM:
            return _any(roots_wanted(word.folded))
        case How.CAPITALS:
            return _any({word.folded, word.folded + "s"})
        case How.WILD:
            beginning = re.split(r"[*?]", word.folded)[0]
            return Token(beginning[:LONGEST_TOKEN], prefix=True) if len(beginning) > 1 else None
        case _:
            return Token(word.folded[:LONGEST_TOKEN])


def _hashtag(word: Word) -> Condition | None:
    """An underscore joins in hashtags and divides elsewhere; characters without spaces are tokens of their own."""
    if word.how is How.WILD or holds_unspaced(word.folded):
        return None
    return _all(Token(each[:LONGEST_TOKEN]) for each in sorted(words_in(word.folded)))


def _any(words: set[str]) -> Condition:
    tokens = tuple(Token(word[:LONGEST_TOKEN]) for word in sorted(words))
    return tokens[0] if len(tokens) == 1 else AnyOf(tokens)
