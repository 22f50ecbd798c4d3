"""Sources: one module per kind, and the guarded, polite HTTP they are fetched with.

Adding a kind: one module here that defines `KIND`, its name in `KINDS`, its tests.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from monitor.sources.kind import SourceKind


class _Kinds(Mapping[str, SourceKind]):
    """Kinds by name; the module of one is loaded when it is first asked for, as some bring heavy parsers along."""

    def __init__(self, *names: str) -> None:
        self._names = dict.fromkeys(names)

    def __getitem__(self, name: str) -> SourceKind:
        if name not in self._names:
            raise KeyError(name)
        kind: SourceKind = import_module(f"{__name__}.{name}").KIND
        return kind

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


KINDS: Final[Mapping[str, SourceKind]] = _Kinds("feed", "jsonfeed", "telegram", "page", "sitemap", "document")
