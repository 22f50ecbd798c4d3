"""How the values that pass between processes are packed.

A frozen dataclass with slots packs itself field by field, in Python; a post with its tags is made of a hundred such
values. Packed as one tuple each, they take a third of the time; its tags travel as the database takes them (see
`packedtags`). Importing this module is what makes it so.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from monitor.core.model import (
    Document,
    Evidence,
    Forward,
    Match,
    Media,
    Memory,
    Post,
    Prepared,
    Reading,
    Source,
    Tag,
)
from monitor.core.packedtags import PackedTags, Row, rows_of
from monitor.core.sketch import Said

_PORTABLE: tuple[type[Any], ...] = (
    Document,
    Evidence,
    Forward,
    Match,
    Media,
    Memory,
    Post,
    Reading,
    Said,
    Source,
    Tag,
)
# What sets each field of a new, empty value: frozen ones refuse the usual way.
_SETTERS: dict[type[Any], tuple[Callable[[Any, Any], None], ...]] = {
    kind: tuple(getattr(kind, each.name).__set__ for each in fields(kind)) for kind in _PORTABLE
}


def restored(kind: type[Any], *values: Any) -> Any:
    """A value of a kind made of the values of its fields, in their order."""
    value = object.__new__(kind)
    for assign, each in zip(_SETTERS[kind], values, strict=True):
        assign(value, each)
    return value


def _packing(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    values = attrgetter(*(each.name for each in fields(kind)))  # gives a tuple: each of them has several

    def packed(value: Any) -> tuple[Any, ...]:
        return restored, (kind, *values(value))

    return packed


def prepared(
    post: Post,
    rows: tuple[Row, ...],
    found: tuple[tuple[Match, ...], tuple[Match, ...] | None],
    taxonomy: str,
    said: Said | None,
) -> Prepared:
    """A post with tags that stay packed until somebody looks at them."""
    return Prepared(
        post=post,
        tags=PackedTags(rows),
        matches=found[0],
        matches_if_edited=found[1],
        taxonomy=taxonomy,
        said=said,
    )


def _packed_prepared(value: Prepared) -> tuple[Any, ...]:
    rows = rows_of(value.tags)
    found = value.matches, value.matches_if_edited
    return prepared, (value.post, rows, found, value.taxonomy, value.said)


for _kind in _PORTABLE:
    copyreg.pickle(_kind, _packing(_kind))
copyreg.pickle(Prepared, _packed_prepared)
