"""Finds which watches match a post: an index over all watches picks the few that can, the evaluator decides.

Every query must hold something findable: a word, a tag, a source. From each query one set of such things is chosen, at
least one of which every matching post has; all the words among them make one automaton. So the cost of a post grows
with the watches that nearly match it, not with all there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.core.matching import Subject, evidence_for, folded_value, is_wild, subject_of, values_of
from monitor.core.model import Match, Post, Source, Tag, Watch
from monitor.core.query import Every, Node, Origin, Query, QueryError, Some, Tagged, Without, Words, parse
from monitor.core.text import is_boundary

__all__ = ["Query", "QueryError", "WatchSet", "parse"]


@dataclass(frozen=True, slots=True)
class _Key:
    """Something that a post has or has not: a run of characters ("text"), a tag's slug (by facet), a source, …"""

    kind: str
    value: str
    whole: bool = False  # text: only as a whole word


_ANYTHING = _Key("anything", "")
"""What every post has: for queries that the index knows nothing about."""


class WatchSet:
    """Watches that are looked for together. Paused ones are left out."""

    def __init__(self, watches: Iterable[Watch]) -> None:
        """Raises QueryError, naming the watch, where a query cannot be understood."""
        active = sorted((watch for watch in watches if not watch.paused), key=lambda watch: watch.slug)
        self._queries = [(watch.slug, _parsed(watch)) for watch in active]
        self._by_key: defaultdict[_Key, list[int]] = defaultdict(list)
        for number, (_, query) in enumerate(self._queries):
            for key in _needed(query.root):
                self._by_key[key].append(number)
        texts = dict.fromkeys(key.value for key in self._by_key if key.kind == "text")
        self._texts = [
            (self._by_key.get(_Key("text", text, whole=True), []), self._by_key.get(_Key("text", text), []))
            for text in texts
        ]
        self._automaton = AhoCorasick(texts, implementation=Implementation.ContiguousNFA) if texts else None

    def matches(self, post: Post, source: Source, tags: tuple[Tag, ...]) -> tuple[Match, ...]:
        """The watches found in a post, by slug, each with the words that matched.

        `tags` are those of the same post: `org:` and its like look into them.
        """
        subject = subject_of(post, source, tags)
        matches = []
        for number in sorted(self._candidates(subject)):
            slug, query = self._queries[number]
            evidence = evidence_for(query, subject)
            if evidence is not None:
                matches.append(Match(watch=slug, evidence=evidence))
        return tuple(matches)

    def _candidates(self, subject: Subject) -> set[int]:
        numbers = set(self._by_key.get(_ANYTHING, ()))
        for tag in subject.tags:
            numbers.update(self._by_key.get(_Key(str(tag.facet), folded_value(tag.slug)), ()))
        for name, value in values_of(subject.post, subject.source).items():
            if value is not None:
                numbers.update(self._by_key.get(_Key(name, folded_value(value)), ()))
        if self._automaton is not None:
            text = subject.page.folded.text
            for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
                whole, anywhere = self._texts[pattern]
                numbers.update(anywhere)
                if whole and is_boundary(text, start) and is_boundary(text, end):
                    numbers.update(whole)
        return numbers


def _parsed(watch: Watch) -> Query:
    try:
        return parse(watch.query, facets=None)
    except QueryError as error:
        raise QueryError(
            f"watch {watch.slug!r}: {error.message}",
            position=error.position,
            expected=error.expected,
            suggestion=error.suggestion,
        ) from None


def _needed(root: Node) -> frozenset[_Key]:
    """Keys of which every post that matches has at least one: the cheapest such set."""
    keys = _keys(root)
    return keys if keys is not None else frozenset({_ANYTHING})


def _keys(node: Node) -> frozenset[_Key] | None:
    match node:
        case Every(parts):
            usable = [keys for part in parts if (keys := _keys(part)) is not None]
            return min(usable, key=_cost) if usable else None
        case Some(parts):
            every = [_keys(part) for part in parts]
            known = [keys for keys in every if keys is not None]
            return frozenset().union(*known) if len(known) == len(every) else None
        case Without():
            return None
        case Words(words, hashtag=hashtag, anchor=anchor):
            plain = len(words) == 1 and not hashtag and not is_wild(words[0])
            return frozenset({_Key("text", anchor, whole=plain)})
        case Tagged(facet, slug):
            return None if is_wild(slug) else frozenset({_Key(str(facet), slug)})
        case Origin(name, value):
            return None if is_wild(value) or name == "author" else frozenset({_Key(name, value)})


# Roughly how many posts in a thousand have such a key.
_COSTS = {"organisation": 50, "country": 80, "region": 150, "issuer": 20, "source": 5}
_COST_OF_THE_REST = 400  # lang:, kind:, authority:


def _cost(keys: frozenset[_Key]) -> float:
    return sum(
        1000 / 2 ** min(len(key.value), 10) if key.kind == "text" else _COSTS.get(key.kind, _COST_OF_THE_REST)
        for key in keys
    )
