"""Tags in the form in which a database takes them.

A post has dozens of tags, most of them regions of the countries it names, which rest on the same few words. Whoever
finds the tags writes them down once, those words once for all regions; nobody on the way to the database has to make
values of them and take these apart again. Whoever does look gets values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

import orjson

from monitor.core.model import Evidence, Facet, Field, Tag

Row = tuple[str, str, bool, float, str]
"""Facet, slug, main, weight, evidence as JSON."""


class PackedTags(Sequence[Tag]):
    """Tags of a post, made values when they are looked at."""

    __slots__ = ("rows",)

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return PackedTags, (self.rows,)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Tag]:
        return map(_tag, self.rows)

    @overload
    def __getitem__(self, at: int) -> Tag: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Tag, ...]: ...
    def __getitem__(self, at: int | slice) -> Tag | tuple[Tag, ...]:
        return _tag(self.rows[at]) if isinstance(at, int) else tuple(map(_tag, self.rows[at]))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, PackedTags)) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"PackedTags({tuple(self)!r})"


def rows_of(tags: Iterable[Tag]) -> tuple[Row, ...]:
    """Tags as a database takes them."""
    if isinstance(tags, PackedTags):
        return tags.rows
    written: dict[int, str] = {}  # evidence, by the object: the regions of a country share theirs
    rows = []
    for each in tags:
        evidence = written.get(id(each.evidence))
        if evidence is None:
            evidence = written[id(each.evidence)] = as_json(evidence_rows(each.evidence))
        rows.append((str(each.facet), each.slug, each.main, each.weight, evidence))
    return tuple(rows)


def evidence_rows(evidence: Iterable[Evidence]) -> list[tuple[Any, ...]]:
    """Evidence as JSON columns hold it: lists without names, as it is most of what a post takes in the database."""
    return [(e.field, e.offset, e.words, e.rule) for e in evidence]


def evidence_of(rows: Iterable[Sequence[Any]]) -> tuple[Evidence, ...]:
    """Evidence as it is kept in a column, as values."""
    return tuple(
        Evidence(field=Field(field), offset=offset, words=words, rule=rule) for field, offset, words, rule in rows
    )


def as_json(value: object) -> str:
    """JSON of a value."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # keys that are no text, numbers of more than 64 bits: an operator's options may hold them
        return json.dumps(value, ensure_ascii=False)


def _tag(row: Row) -> Tag:
    facet, slug, main, weight, evidence = row
    return Tag(facet=Facet(facet), slug=slug, main=main, weight=weight, evidence=evidence_of(orjson.loads(evidence)))
