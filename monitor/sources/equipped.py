"""Reading in a worker process, with what all its tasks share: building the tagger takes longer than using it."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.model import Document, Reading, Source, Watch
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
