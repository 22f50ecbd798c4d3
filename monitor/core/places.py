"""Where the terms of a query stand in a post, alone or near each other.

A finder is made once for each term and asked about many posts. Its work is bounded whatever the text is: of each term
so many places are looked at, and no more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from heapq import merge
from itertools import count
from typing import Generic, TypeVar

from monitor.core import patterns
from monitor.core.model import Field
from monitor.core.query.tree import Listed, Near, Node, Pattern, Sentence, Some, Within, Words
from monitor.core.runs import Runs
from monitor.core.subject import Subject
from monitor.core.wording import Place, finder

Places = Callable[[Subject], Sequence[Place] | None]
"""Where something stands in a post, in order; None where it is not."""

T = TypeVar("T")

_MANY = 24
"""Alternatives from which one look at the text for all of them costs less than one for each."""

_numbers = count()  # never given twice: what a subject remembers by them outlives the finders


class Terms(dict[tuple[Node, int], Places]):
    """What finds the terms of some queries: what several of them ask for is looked for once a post."""

    def places(self, node: Node, most: int) -> Places:
        """What finds up to `most` places of a node."""
        known = self.get((node, most))
        if known is None:
            known = self[node, most] = _made_once(node, most, self)
        return known


def _made_once(node: Node, most: int, terms: Terms) -> Places:
    if isinstance(node, Words) and node.field is None:
        return _Anywhere(node, most).places
    return _remembered(_made(node, most, terms))


class _Anywhere:
    """Places of most terms by far: words wherever they stand, remembered. Small, as thousands of them are asked."""

    __slots__ = ("_find", "_most", "_number")

    def __init__(self, node: Words, most: int) -> None:
        self._find, self._most, self._number = finder(node), most, next(_numbers)

    def places(self, subject: Subject) -> Sequence[Place] | None:
        known, number = subject.found, self._number
        if number in known:
            return known[number]
        there: Sequence[Place]
        if subject.post.hashtags:
            # A hashtag usually stands in the text too: there it counts, in the list of hashtags it would be a repeat.
            end = subject.text_end
            there = self._find(subject, 0, end, self._most) or self._find(subject, end, len(subject.text), self._most)
        else:
            there = self._find(subject, 0, len(subject.text), self._most)
        found = known[number] = there or None
        return found


def _remembered(find: Places) -> Places:
    number = next(_numbers)

    def places(subject: Subject) -> Sequence[Place] | None:
        found = subject.found
        if number not in found:
            found[number] = find(subject) or None
        return found[number]

    return places


def _made(node: Node, most: int, terms: Terms) -> Places:
    match node:
        case Words():
            return _in_field(node, most)
        case Pattern():
            return _pattern(node, most)
        case Some(parts):
            return _any_of(Alternatives(parts, lambda part: terms.places(part, most)), most)
        case Near(parts, distance, ordered):
            return _near([terms.places(part, most) for part in parts], distance, ordered=ordered, most=most)
        case Within(parts, others):
            return _within([terms.places(part, most) for part in parts], others)
        case Sentence(parts):
            return _in_one_sentence([terms.places(part, most) for part in parts], most)
        case Listed(slug):
            raise ValueError(f"the list @{slug} was not put in")
        case _:
            raise TypeError(f"{type(node).__name__} has no place in a text")


def _in_field(node: Words, most: int) -> Places:
    find = finder(node)
    match node.field:
        case Field.TITLE:
            return lambda subject: find(subject, 0, subject.title_end, most)
        case Field.HASHTAG:
            return lambda subject: find(subject, subject.text_end, len(subject.text), most)
        case _:
            return lambda subject: find(subject, subject.title_end, subject.text_end, most)


def _pattern(node: Pattern, most: int) -> Places:
    """A regular expression sees the text as it is written; its places are counted in the folded text as all others."""
    compiled = patterns.compiled_pattern(node.source)

    def places(subject: Subject) -> Sequence[Place] | None:
        if compiled.anchor not in subject.page.folded.text:
            return []
        page = subject.page
        found: list[Place] = []
        for start, end in patterns.spans(node.source, page.original):
            begin, stop = page.folded.place(start, end)
            one_field = page.field_at(start) is page.field_at(end - 1)
            if begin < stop and one_field and not page.original[start:end].isspace():
                place = Place(begin, stop, "pattern")
                if node.field is None or subject.part(place) is node.field:
                    found.append(place)
                    if len(found) >= most:
                        break
        return _without_repeats(found, subject)

    return places


def _without_repeats(found: Sequence[Place], subject: Subject) -> Sequence[Place]:
    """What stands in the list of hashtags counts only where nothing is found elsewhere."""
    if not found or not subject.post.hashtags:
        return found
    return [place for place in found if place.start < subject.text_end] or found


class Alternatives(Generic[T]):
    """Several nodes with what is made of each, of which those are asked that may be in a text."""

    def __init__(self, parts: Sequence[Node], made: Callable[[Node], T]) -> None:
        self.all = [made(part) for part in parts]
        self._unknown: list[int] = []
        anchors: dict[str, list[int]] = {}
        if len(parts) >= _MANY:
            for number, part in enumerate(parts):
                if isinstance(part, Words):
                    anchors.setdefault(part.anchor, []).append(number)
                else:
                    self._unknown.append(number)
        self._anchored = list(anchors.values())
        self._runs = Runs(list(anchors)) if anchors else None

    def asked(self, subject: Subject) -> list[T]:
        """All that may be there, in the order of the query."""
        if self._runs is None:
            return self.all
        there = {number for at in self._runs.maybe_in(subject.text) for number in self._anchored[at]}
        return [self.all[number] for number in sorted(there.union(self._unknown))]


def _any_of(alternatives: Alternatives[Places], most: int) -> Places:
    def places(subject: Subject) -> Sequence[Place] | None:
        found: set[Place] = set()
        for find in alternatives.asked(subject):
            found.update(find(subject) or ())
            if len(found) > 2 * most:
                break
        return _without_repeats(sorted(found)[:most], subject)

    return places


def _near(parts: Sequence[Places], distance: int, *, ordered: bool, most: int) -> Places:
    """What stands one after the other with at most `distance` words between, as one place."""

    def places(subject: Subject) -> Sequence[Place] | None:
        found = parts[0](subject) or ()
        for find in parts[1:]:
            if not found:
                break
            others = find(subject) or ()
            together = _followed(found, others, distance, subject)
            if not ordered:
                together += _followed(others, found, distance, subject)
            found = sorted(set(together))[:most]
        return _without_repeats(found, subject)

    return places


def _followed(first: Sequence[Place], then: Sequence[Place], distance: int, subject: Subject) -> list[Place]:
    found = []
    starts = [place.start for place in then]
    for place in first:
        at = bisect_left(starts, place.end)
        if at < len(then):
            following = then[at]
            same_part = subject.part(place) is subject.part(following)
            if same_part and _words_between(place.end, following.start, subject) <= distance:
                found.append(Place(place.start, following.end, "near"))
    return found


def _words_between(start: int, end: int, subject: Subject) -> int:
    starts = subject.word_starts
    return bisect_left(starts, end) - bisect_left(starts, start)


def _within(parts: Sequence[Places], others: int) -> Places:
    """The shortest stretches that hold a place of each, with at most so many words beside them."""

    def places(subject: Subject) -> Sequence[Place] | None:
        found = _all_of(parts, subject)
        return None if found is None else _without_repeats(_stretches(found, others, subject), subject)

    return places


def _all_of(parts: Sequence[Places], subject: Subject) -> list[Sequence[Place]] | None:
    """The places of each, where each has some."""
    found = []
    for find in parts:
        there = find(subject)
        if there is None:
            return None
        found.append(there)
    return found


def _stretches(found: Sequence[Sequence[Place]], others: int, subject: Subject) -> list[Place]:
    starts = subject.word_starts
    labelled = [
        [(place, number, bisect_left(starts, place.start), bisect_left(starts, place.end)) for place in places]
        for number, places in enumerate(found)
    ]
    stretches: dict[Place, None] = {}
    latest: dict[int, tuple[Place, int, int, int]] = {}
    for each in merge(*labelled):
        latest[each[1]] = each
        if len(latest) < len(found):
            continue
        held = latest.values()
        spread = max(last for _, _, _, last in held) - min(first for _, _, first, _ in held)
        if spread - sum(last - first for _, _, first, last in held) > others:
            continue
        there = [place for place, _, _, _ in held]
        if len({place.start for place in there}) < len(there):
            continue
        first, last = min(there), max(there)
        if subject.part(first) is subject.part(last):
            stretches[Place(first.start, max(place.end for place in there), "near")] = None
    return list(stretches)


def _in_one_sentence(parts: Sequence[Places], most: int) -> Places:
    def places(subject: Subject) -> Sequence[Place] | None:
        found = _all_of(parts, subject)
        if found is None:
            return None
        ends = subject.sentence_ends
        sentences = [{bisect_right(ends, place.start) for place in places} for places in found]
        shared = set.intersection(*sentences)
        there = {place for places in found for place in places if bisect_right(ends, place.start) in shared}
        return _without_repeats(sorted(there)[:most], subject)

    return places
