"""Queries that can be read and surely do not mean what they say."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from monitor.core.query.tree import Every, How, Node, Origin, Query, Some, Words, terms_of
from monitor.core.text import fold

_OPERATORS = {
    "or": "OR",
    "and": "AND",
    "not": "NOT",
    "или": "OR",
    "и": "AND",
    "не": "NOT",
    "ou": "OR",
    "near": "NEAR/5",
}

_LATER = {
    "withdrawn": "is:withdrawn never holds when a post arrives: a search finds such posts; to be told, give the "
    "watch alerts with edits: [withdrawn]",
    "edited": "is:edited is seldom so when a post arrives: digests hold such posts, but to be told of edits that are "
    "noticed later, give the watch alerts with edits: [added]",
}


def doubts(query: Query, *, acronyms: Collection[str] = (), stored: bool = False) -> Iterator[str]:
    """A sentence on each thing probably meant otherwise. `acronyms` are those that taxonomies list, as written.

    Of posts that are `stored`, not arriving, all is known that can be asked.
    """
    if not stored:
        yield from (_LATER[state] for state in dict.fromkeys(_states(query.root)) if state in _LATER)
    by_folded = {fold(acronym).text: acronym for acronym in acronyms if acronym.isupper()}
    said: set[str] = set()
    for term in terms_of(query.root):
        if not isinstance(term, Words) or len(term.words) != 1 or term.hashtag:
            continue
        (word,) = term.words
        if word.folded in said or word.how not in {How.SAME, How.FORM}:
            continue
        said.add(word.folded)
        if word.folded in _OPERATORS and _stands_alone(query.text, word.folded):
            meant = _OPERATORS[word.folded]
            yield f"{word.folded!r} is looked for as a word like any other; did you mean {meant}, in capitals?"
        elif word.folded in by_folded:
            meant = by_folded[word.folded]
            yield (
                f"{word.folded!r} is found in any case and may be an ordinary word; the acronym is written {meant}, "
                f"or ={meant} for exactly these letters"
            )


def _states(node: Node) -> Iterator[str]:
    """What `is:` asks for, other than not to be so."""
    match node:
        case Origin("is", state):
            yield state
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _states(part)


def _stands_alone(typed: str, word: str) -> bool:
    """Whether the word was typed as it is, and not in quotes."""
    return word in typed.lower().replace("(", " ").replace(")", " ").split()
