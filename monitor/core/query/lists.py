"""Named lists: `@grain` in a query stands for the query of the watch or list called "grain"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.core.model import Field
from monitor.core.query.tree import (
    Every,
    Listed,
    Near,
    Node,
    Pattern,
    Query,
    QueryError,
    Sentence,
    Some,
    Within,
    Without,
    Words,
    terms_of,
)
from monitor.core.suggest import nearest

MOST_TERMS_WITH_LISTS = 5_000
DEEPEST_LISTS = 20  # lists that name lists that name lists


def expanded(query: Query, lists: Mapping[str, Query]) -> Query:
    """A query with every list that it names put in its place.

    Raises QueryError where there is no such list, where lists name each other in a circle, and where what comes out is
    too large.
    """
    expansion = _Expansion(lists)
    return replace(query, root=expansion.of(query.root, way=(), at=None))


class _Expansion:
    """One query being expanded. Counting while it grows keeps lists of lists of lists from growing without end."""

    def __init__(self, lists: Mapping[str, Query]) -> None:
        self._lists = lists
        self._terms = 0

    def of(self, node: Node, *, way: tuple[str, ...], at: int | None) -> Node:
        """`node` with its lists put in. `way` names the lists that led here, `at` where the first of them is named."""
        match node:
            case Listed():
                return self._listed(node, way=way, at=node.position if at is None else at)
            case Every(parts) | Some(parts) | Near(parts) | Sentence(parts):
                return replace(node, parts=tuple(self.of(part, way=way, at=at) for part in parts))
            case Without(part):
                return Without(self.of(part, way=way, at=at))
            case _:
                return node

    def _listed(self, named: Listed, *, way: tuple[str, ...], at: int) -> Node:
        slug = named.slug
        if slug in way:
            circle = " → ".join(f"@{each}" for each in (*way[way.index(slug) :], slug))
            raise QueryError(f"lists name each other in a circle: {circle}", position=at)
        if slug not in self._lists:
            near = nearest(slug, self._lists)
            raise QueryError(
                f"there is no list or watch called {slug!r}",
                position=at,
                suggestion=f"did you mean @{near}" if near else f'for the characters: "@{slug}"',
            )
        if len(way) >= DEEPEST_LISTS:
            raise QueryError(
                f"lists name lists more than {DEEPEST_LISTS} deep",
                position=at,
                suggestion=f"name @{slug} itself, or put its words into the list that names it",
            )
        root = self._lists[slug].root
        self._terms += sum(1 for _ in terms_of(root))
        if self._terms > MOST_TERMS_WITH_LISTS:
            raise QueryError(
                f"with its lists the query has more than {MOST_TERMS_WITH_LISTS:,} terms",
                position=at,
                suggestion="split the watch into several",
            )
        root = self.of(root, way=(*way, slug), at=at)
        return restricted_to(root, named.field) if named.field else root


def restricted_to(node: Node, field: Field) -> Node:
    """A tree whose words are looked for in one field only, where they name none themselves."""
    match node:
        case Words() | Pattern() | Listed():
            return node if node.field else replace(node, field=field)
        case Every(parts) | Some(parts) | Near(parts) | Sentence(parts):
            return replace(node, parts=tuple(restricted_to(part, field) for part in parts))
        case Within(parts):
            return replace(node, parts=tuple(replace(part, field=field) for part in parts))
        case Without(part):
            return Without(restricted_to(part, field))
        case _:
            return node
