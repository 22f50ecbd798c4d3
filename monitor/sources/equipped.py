"""Reading in a worker process, with what all its tasks share: building the tagger takes longer than using it."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.model import Document, Post, Prepared, Reading, Source, Watch
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.watches import WatchSet
from monitor.sources.reading import Tools, read

_held: list[Tools] = []  # of this process; at most one


def equip(taxonomy: Taxonomy, watches: Iterable[Watch]) -> None:
    """Build what the tasks of this process share. Called first in each worker, and again when watches change."""
    _held[:] = [Tools(tagger=Tagger(taxonomy), watches=WatchSet(watches))]


def read_equipped(document: Document, source: Source) -> Reading:
    """`sources.reading.read` with what `equip` built."""
    return read(document, source, _held[0])


def completed_equipped(post: Post, document: Document, source: Source) -> Prepared:
    """`sources.completing.completed` with what `equip` built."""
    from monitor.sources.completing import completed  # noqa: PLC0415 - trafilatura: 0.4 s and 30 MB that few workers need

    return completed(post, document, source, _held[0])
