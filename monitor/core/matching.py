"""What a query means: whether a post matches, and by which words. Whatever narrows the search, this decides.

A term is found at places of the folded text, each a stretch of characters; operators join places; at the end the places
become evidence in the original. A query is made into functions once, and asked about many posts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, assert_never

from monitor.core.known import origin_evidence, tag_evidence, time_evidence
from monitor.core.model import Evidence, Field
from monitor.core.places import Alternatives, Terms
from monitor.core.query.tree import (
    Every,
    Listed,
    Near,
    Node,
    Origin,
    Pattern,
    Published,
    Query,
    Sentence,
    Some,
    Tagged,
    Within,
    Without,
    Words,
    terms_of,
)
from monitor.core.subject import Subject
from monitor.core.wording import Place

__all__ = ["Evaluator", "Terms", "evidence_for"]

MOST_EVIDENCE = 50
"""Pieces of evidence kept with one match."""

MOST_PLACES = 2_000
"""Places of one term that are looked at where others must be near; more than that only a machine writes."""

_MOST_PLACES_NEAR = 6_000  # of all terms of a query that others must be near

Found = Sequence[Any]
"""What was found of a part of a query: places, or evidence of what is known beside the words."""

Judge = Callable[[Subject], Found | None]
"""Finds a part of a query in a post; None where it is not there."""


def evidence_for(query: Query, subject: Subject) -> tuple[Evidence, ...] | None:
    """As `Evaluator.evidence`, for one post: whoever has many makes the evaluator once."""
    return Evaluator(query).evidence(subject)


class Evaluator:
    """Judges posts by a query, whose lists must have been put in.

    `branches` are the alternatives that it consists of, or the query itself: whoever knows which of them can match asks
    for these only.
    """

    def __init__(self, query: Query, terms: Terms | None = None) -> None:
        """Queries that are given the same `terms` look for what they share once a post."""
        self.branches = query.root.parts if isinstance(query.root, Some) else (query.root,)
        judges = _Judges(query.root, Terms() if terms is None else terms)
        self._judges = Alternatives(self.branches, judges.of)
        self._by_places = _by_places(query.root)

    def evidence(self, subject: Subject) -> tuple[Evidence, ...] | None:
        """The words by which a post matches, in order and each once; None where it does not match.

        What follows from the source alone ("lang:ru") is evidence in Field.SOURCE.
        """
        found = _any(self._judges.asked(subject), subject)
        return None if found is None else self.told(found, subject)

    @property
    def judges(self) -> Sequence[Judge]:
        """What judges a post by each of the branches."""
        return self._judges.all

    def told(self, found: Found, subject: Subject) -> tuple[Evidence, ...]:
        """What `judges` found in a post, as evidence."""
        if self._by_places:
            if len(found) == 1:
                return (subject.evidence(found[0]),)
            return tuple([subject.evidence(place) for place in sorted(set(found))[:MOST_EVIDENCE]])
        return _in_order([subject.evidence(each) if isinstance(each, Place) else each for each in found])


def _in_order(found: Collection[Evidence]) -> tuple[Evidence, ...]:
    once = {(_RANK[each.field], each.offset, -len(each.words), each.rule, each.words): each for each in found}
    return tuple([each for _, each in sorted(once.items())[:MOST_EVIDENCE]])


_RANK = {field: rank for rank, field in enumerate(Field)}


class _Judges:
    """Makes what judges by each node of a query."""

    def __init__(self, root: Node, terms: Terms) -> None:
        self._terms = terms
        near = sum(1 for each in _near_each_other(root) for _ in terms_of(each))
        self._most_near = max(MOST_EVIDENCE, min(MOST_PLACES, _MOST_PLACES_NEAR // max(near, 1)))

    def of(self, node: Node) -> Judge:
        match node:
            case Words() | Pattern() | Listed():
                return self._terms.places(node, MOST_EVIDENCE)
            case Near() | Within() | Sentence():
                return self._terms.places(node, self._most_near)
            case Every(parts):
                wanted = sorted((part for part in parts if not isinstance(part, Without)), key=_cost)
                unwanted = tuple(part.part for part in parts if isinstance(part, Without))
                found = _every([self.of(part) for part in wanted])
                return _but(found, _one_of(unwanted), self.of(_one_of(unwanted))) if unwanted else found
            case Some(parts):
                return _some(Alternatives(parts, self.of))
            case Without(part):
                return _without(self.of(part))
            case Tagged():
                return lambda subject: tag_evidence(node, subject) or None
            case Origin():
                return lambda subject: origin_evidence(node, subject) or None
            case Published():
                return lambda subject: time_evidence(node, subject) or None
        assert_never(node)


def _by_places(node: Node) -> bool:
    """Whether nothing but words of the post is found."""
    return not any(isinstance(term, Tagged | Origin | Published) for term in terms_of(node))


def _near_each_other(node: Node) -> Iterator[Node]:
    match node:
        case Near() | Within() | Sentence():
            yield node
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _near_each_other(part)
        case Without(part):
            yield from _near_each_other(part)


def _one_of(parts: tuple[Node, ...]) -> Node:
    return parts[0] if len(parts) == 1 else Some(parts)


def _cost(node: Node) -> int:
    """What refuses most for least is asked first."""
    match node:
        case Tagged() | Origin() | Published():
            return 0
        case Words():
            return 1
        case Every() | Some():
            return 2
        case _:
            return 3


def _every(judges: Sequence[Judge]) -> Judge:
    if len(judges) == 1:
        return judges[0]

    def judge(subject: Subject) -> Found | None:
        gathered: list[Any] = []
        for each in judges:
            found = each(subject)
            if found is None:
                return None
            gathered += found
        return gathered

    return judge


def _but(judge: Judge, node: Node, unwanted: Judge) -> Judge:
    anchor = node.anchor if isinstance(node, Words) else ""  # nearly always the unwanted words are not there at all

    def found(subject: Subject) -> Found | None:
        there = judge(subject)
        if there is None or anchor not in subject.text:
            return there
        return there if unwanted(subject) is None else None

    return found


def _some(alternatives: Alternatives[Judge]) -> Judge:
    return lambda subject: _any(alternatives.asked(subject), subject)


def _any(judges: Iterable[Judge], subject: Subject) -> Found | None:
    gathered: Found | None = None
    for judge in judges:
        found = judge(subject)
        if found is not None:
            gathered = together(gathered, found)
            if len(gathered) > MOST_PLACES:
                break
    return gathered


def together(before: Found | None, found: Found) -> Found:
    """What was found by one alternative beside what the alternatives before it found."""
    if before is None:
        return found
    return before if len(before) > MOST_PLACES else [*before, *found]


def _without(judge: Judge) -> Judge:
    return lambda subject: [] if judge(subject) is None else None
