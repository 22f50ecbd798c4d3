"""Tables written as annotated classes, for SQLAlchemy Core alone.

The look is SQLModel's. What it builds is a `Table` and nothing else: rows never leave this room as objects, so mappers,
sessions and validation would only be loaded to lie idle, 0.1 s at every start (docs/decisions/0007-core-tables.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, Table

_TYPES = {"int": Integer, "bool": Boolean, "float": Float}
_OR_NONE = " | None"


@dataclass(frozen=True, slots=True)
class _Field:
    primary_key: bool
    unique: bool | None
    sa_type: Any
    sa_column: Column[Any] | None


def Field(  # noqa: N802  as SQLModel calls it
    *,
    default: None = None,
    primary_key: bool = False,
    unique: bool | None = None,
    sa_type: Any = None,
    sa_column: Column[Any] | None = None,
) -> Any:
    """A column: its SQLAlchemy type, or the whole column as SQLAlchemy takes it.

    Whether it may be NULL, and the types of numbers and flags, follow from the annotation.
    """
    return _Field(primary_key, unique, sa_type, sa_column)


class Rows:
    """Base of the classes. One with `table=True` becomes a table, with `__tablename__` and `__table_args__`."""

    metadata: ClassVar[MetaData]
    __tablename__: ClassVar[str]
    __table_args__: ClassVar[tuple[Any, ...]] = ()
    __table__: ClassVar[Table]

    def __init_subclass__(cls, *, table: bool = False) -> None:
        super().__init_subclass__()
        if table:
            columns = [_column(cls, name, str(annotation)) for name, annotation in cls.__annotations__.items()]
            cls.__table__ = Table(cls.__tablename__, cls.metadata, *columns, *cls.__table_args__)


def _column(cls: type, name: str, annotation: str) -> Column[Any]:
    field = vars(cls).get(name) or Field()
    if field.sa_column is not None:
        field.sa_column.name = field.sa_column.key = name
        return field.sa_column  # type: ignore[no-any-return]  # a _Field
    optional = annotation.endswith(_OR_NONE)
    return Column(
        name,
        field.sa_type or _TYPES[annotation.removesuffix(_OR_NONE)],
        primary_key=field.primary_key,
        unique=field.unique,
        nullable=optional and not field.primary_key,
    )
