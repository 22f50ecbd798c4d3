"""Finds which watches match a post: an index over all watches picks the few that can, the evaluator decides.

From each query the ways in which it can match are taken: sets of keys (words, tags, a source), one of which every
matching post has whole. Of each set the rarest key is waited for. A few words are looked up by one automaton over their
unchanging parts. Many are looked up the other way round: each word of the post is asked once what it may be a form of,
and the answer is kept, since a language has few words. So the cost of a post grows with the watches that nearly match
it, not with all there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.core.matching import Subject, evidence_for, folded_value, is_wild, subject_of, values_of
from monitor.core.model import Match, Post, Source, Tag, Watch
from monitor.core.patterns import compiled_pattern
from monitor.core.query import Query, QueryError, expanded, parse
from monitor.core.query.tree import (
    Every,
    How,
    Near,
    Node,
    Origin,
    Pattern,
    Sentence,
    Some,
    Tagged,
    Within,
    Word,
    Words,
)
from monitor.core.text import is_unspaced
from monitor.core.wordforms import is_form
from monitor.core.wording import fits, holds_unspaced, words_in
from monitor.core.written import readable

__all__ = ["Query", "QueryError", "WatchSet", "parse", "queries_of"]

FEW = 300
"""Words up to which one automaton over the text is cheaper than asking each word of the text."""

_MOST_KNOWN_WORDS = 200_000  # answers kept; a long-running process meets ever new names and misspellings


class _Key(NamedTuple):
    """Something that a post has or has not: a run of characters ("text"), a tag's slug (by facet), a source, …"""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A word of the kind that the query's word stands for."""

    word: Word


_LOOKED_UP = ("lang", "source", "kind", "authority")
"""Names of `Origin` terms whose values are keys."""


def queries_of(watches: Iterable[Watch]) -> tuple[dict[str, Query], dict[str, QueryError]]:
    """The query of each watch by its slug, with the lists that it names put in; and what is wrong with those whose
    lists went away since they were saved, which must not stop the others.

    Raises QueryError, naming the watch, where one cannot be understood.
    """
    parsed = {watch.slug: _parsed(watch) for watch in watches}
    whole: dict[str, Query] = {}
    broken: dict[str, QueryError] = {}
    for slug, query in parsed.items():
        try:
            whole[slug] = expanded(query, parsed)
        except QueryError as error:
            broken[slug] = _named(slug, error)
    return whole, broken


def _parsed(watch: Watch) -> Query:
    try:
        return parse(watch.query, facets=None)
    except QueryError as error:
        raise _named(watch.slug, error) from None


def _named(slug: str, error: QueryError) -> QueryError:
    return QueryError(
        f"watch {slug!r}: {error.message}",
        position=error.position,
        expected=error.expected,
        suggestion=error.suggestion,
    )


class WatchSet:
    """Watches that are looked for together. Paused ones are left out, and so are lists, which only serve others.

    `broken` says of watches whose lists went away why they are not looked for.
    """

    def __init__(self, watches: Iterable[Watch], *, only: Collection[str] | None = None, few: int = FEW) -> None:
        """Raises QueryError, naming the watch, where a query cannot be understood.

        `only` are the slugs of those that are looked for, the others serve as lists. `few` changes what a look-up
        costs, never what it finds.
        """
        every = sorted(watches, key=lambda watch: watch.slug)
        queries, self.broken = queries_of(every)
        shared: dict[Node, Node] = {}
        self._queries = [
            (watch.slug, replace(query, root=_shared(query.root, shared)))
            for watch in every
            if not (watch.paused or watch.is_list) and (only is None or watch.slug in only)
            for query in (queries.get(watch.slug),)
            if query is not None
        ]
        asked = _Asked()
        self._always: list[int] = []  # watches of which the index knows nothing
        self._content: defaultdict[int, list[int]] = defaultdict(list)  # watches by a key that is enough for them
        self._waiting: defaultdict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)  # by one of several
        for number, (_, query) in enumerate(self._queries):
            ways = _ways(query.root)
            if ways is None:
                self._always.append(number)
            for way in ways or ():
                rarest = asked.number(min(way, key=_frequency))
                if len(way) == 1:
                    self._content[rarest].append(number)
                else:
                    self._waiting[rarest].append((number, frozenset(map(asked.number, way)) - {rarest}))
        self._known = {key: at for key, at in asked.keys.items() if isinstance(key, _Key) and key.kind != "text"}
        anywhere = {key.value: (at,) for key, at in asked.keys.items() if isinstance(key, _Key) and key.kind == "text"}
        awaited = {key.word: at for key, at in asked.keys.items() if isinstance(key, _Awaited)}
        if len(awaited) <= few:
            for word, at in awaited.items():
                anywhere[word.anchor] = (*anywhere.get(word.anchor, ()), at)
            awaited = {}
        self._words = _Words(awaited) if awaited else None
        self._anywhere = _Anywhere(anywhere) if anywhere else None

    def matches(
        self,
        post: Post,
        source: Source,
        tags: tuple[Tag, ...],
        *,
        now: datetime | None = None,
        subject: Subject | None = None,
    ) -> tuple[Match, ...]:
        """The watches found in a post, by slug, each with the words that matched.

        `tags` are those of the same post: `org:` and its like look into them. `now` is when it is looked at; whoever
        knows more of the post (that it was edited) hands in a `subject`.
        """
        if not self._queries:
            return ()
        subject = subject or subject_of(post, source, tags, now=now)
        matches = []
        for number in sorted(self._candidates(subject)):
            slug, query = self._queries[number]
            evidence = evidence_for(query, subject)
            if evidence is not None:
                matches.append(Match(watch=slug, evidence=evidence))
        return tuple(matches)

    def _candidates(self, subject: Subject) -> list[int]:
        """The watches that have all they need, as far as single words and tags tell, in order."""
        there: set[int] = set()
        if self._known:
            there.update(self._tags_and_origins(subject))
        if self._anywhere is not None:
            self._anywhere.into(there, subject.text)
        if self._words is not None:
            self._words.into(there, subject.text)
        numbers = set(self._always)
        numbers.update(*[self._content[key] for key in there if key in self._content])
        for key in there:
            if key in self._waiting:
                for number, others in self._waiting[key]:
                    if others <= there:
                        numbers.add(number)
        return sorted(numbers)

    def _tags_and_origins(self, subject: Subject) -> Iterator[int]:
        known = self._known
        keys = [_Key(str(tag.facet), folded_value(tag.slug)) for tag in subject.tags]
        keys += [_Key(name, folded_value(value)) for name in _LOOKED_UP for value in values_of(subject, name)]
        return (known[key] for key in keys if key in known)


class _Asked:
    """Numbers for all that watches ask for."""

    def __init__(self) -> None:
        self.keys: dict[_Key | _Awaited, int] = {}

    def number(self, key: _Key | _Awaited) -> int:
        return self.keys.setdefault(key, len(self.keys))


class _Anywhere:
    """Keys by runs of characters, wherever they stand."""

    def __init__(self, by_run: Mapping[str, tuple[int, ...]]) -> None:
        self._keys = list(by_run.values())
        # The faster automaton takes more memory: for few patterns only.
        kind = Implementation.DFA if len(by_run) <= 2 * FEW else Implementation.ContiguousNFA
        self._automaton = AhoCorasick(by_run, implementation=kind)

    def into(self, there: set[int], text: str) -> None:
        for found, _, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            there.update(self._keys[found])


class _Words(dict[str, tuple[int, ...]]):
    """Keys by the words of a text: asked for a word, it finds out which it may be a form of, and remembers."""

    def __init__(self, awaited: Mapping[Word, int]) -> None:
        super().__init__()
        by_anchor: defaultdict[str, list[Word]] = defaultdict(list)
        for word in awaited:
            by_anchor[word.anchor].append(word)
        self._awaited = awaited
        self._by_anchor = list(by_anchor.values())
        self._automaton = AhoCorasick(by_anchor, implementation=Implementation.ContiguousNFA)

    def into(self, there: set[int], text: str) -> None:
        there.update(*filter(None, map(self.__getitem__, words_in(text))))

    def __missing__(self, run: str) -> tuple[int, ...]:
        found: set[int] = set()
        unspaced = holds_unspaced(run)
        pieces = tuple(_pieces(run)) if unspaced else (run,)
        for at, _, _ in self._automaton.find_matches_as_indexes(run, overlapping=True):
            for word in self._by_anchor[at]:
                if is_unspaced(word.anchor[:1]) or any(_may_be(word, piece) for piece in pieces):
                    found.add(self._awaited[word])
        answer = tuple(sorted(found))
        if not unspaced:  # what is written without spaces is a sentence, and does not come again
            if len(self) >= _MOST_KNOWN_WORDS:
                self.clear()
            self[run] = answer
        return answer


def _pieces(run: str) -> Iterator[str]:
    """The words of another script in a run of characters without spaces."""
    start = 0
    for at in range(len(run) + 1):
        if at == len(run) or is_unspaced(run[at]):
            if at > start:
                yield run[start:at]
            start = at + 1


def _may_be(word: Word, there: str) -> bool:
    """Whether a word of a text can be what a query's word stands for, in some language."""
    match word.how:
        case How.FORM:
            return is_form(word.folded, there, None)
        case How.WILD:
            return fits(word.folded, there)
        case How.CAPITALS:
            return there in (word.folded, word.folded + "s")
        case _:
            return there == word.folded


def _shared(node: Node, known: dict[Node, Node]) -> Node:
    """`node`, with everything in it that is equal to something known replaced by that: looked for once a post."""
    changes: dict[str, Any] = {}
    for each in fields(node):
        value = getattr(node, each.name)
        if each.name == "parts":
            changes["parts"] = tuple(_shared(part, known) for part in value)
        elif each.name == "part":
            changes["part"] = _shared(value, known)
    return known.setdefault(node, replace(node, **changes) if changes else node)


# ── choosing keys ──────────────────────────────────────────────────────────────────────────────────────────


_Way = frozenset[_Key | _Awaited]

_MOST_WAYS = 200
"""Ways in which one part of a query can match, beyond which some of what it needs is left to the evaluator."""


def _ways(node: Node) -> list[_Way] | None:
    """Sets of keys; every post that matches has all keys of one of them. None where nothing is known."""
    match node:
        case Every(parts) | Near(parts) | Within(parts) | Sentence(parts):
            return _together([ways for part in parts if (ways := _ways(part)) is not None])
        case Some(parts):
            each = [_ways(part) for part in parts]
            known = [ways for ways in each if ways is not None]
            return [way for ways in known for way in ways] if len(known) == len(each) else None
        case Words(words, hashtag=hashtag):
            if hashtag:  # an underscore joins in hashtags and divides elsewhere
                return [frozenset({_Key("text", words[0].anchor)})]
            return [frozenset(map(_Awaited, words))]
        case Pattern(source):
            anchor = readable(compiled_pattern(source).anchor)
            return [frozenset({_Key("text", anchor)})] if len(anchor) > 1 else None
        case Tagged(facet, slug):
            return None if is_wild(slug) else [frozenset({_Key(facet, slug)})]
        case Origin(name, value):
            return [frozenset({_Key(name, value)})] if name in _LOOKED_UP and not is_wild(value) else None
        case _:
            return None


def _together(needed: list[list[_Way]]) -> list[_Way] | None:
    """The ways to have one of each, the rarest parts first; parts that would make them too many are left out."""
    ways: list[_Way] | None = None
    for part in sorted(needed, key=_cost):
        if ways is None:
            ways = part
        elif len(ways) * len(part) <= _MOST_WAYS:
            ways = [one | other for one in ways for other in part]
    return ways


# Roughly how many posts in a thousand have such a key.
_COSTS = {"organisation": 50, "country": 80, "region": 150, "issuer": 20, "source": 5}
_COST_OF_THE_REST = 400  # lang:, kind:, authority:
_LESS_AT = {How.WILD: 2, How.FORM: 1}  # letters by which what finds more words counts as shorter


def _cost(ways: list[_Way]) -> float:
    return float(sum(min(map(_frequency, way)) for way in ways))


def _frequency(key: _Key | _Awaited) -> float:
    if isinstance(key, _Awaited):
        weight = 3 if is_unspaced(key.word.anchor[:1]) else 1
        return _rarer_by_length(len(key.word.anchor) * weight - _LESS_AT.get(key.word.how, 0))
    if key.kind == "text":
        return _rarer_by_length(len(key.value))
    return _COSTS.get(key.kind, _COST_OF_THE_REST)


def _rarer_by_length(letters: int) -> float:
    return 1000.0 * 0.5 ** min(letters, 12)
