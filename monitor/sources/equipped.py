"""Reading in a worker process, with what all its tasks share: building the tagger takes longer than using it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.model import Document, Post, Prepared, Reading, Source, Watch
from monitor.core.provenance import Origin, Origins, PostTagger
from monitor.core.retagging import AskingForTags, Job, Retagged, retagged
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.watches import WatchSet
from monitor.sources.reading import Tools, read

_held: list[tuple[Tools, AskingForTags]] = []  # of this process; at most one


def equip(taxonomy: Taxonomy, watches: Iterable[Watch], origins: Iterable[Origin] = ()) -> None:
    """Build what the tasks of this process share. Called first in each worker, and again when watches change."""
    watches = tuple(watches)
    tagger = PostTagger(Tagger(taxonomy), Origins(origins))
    tools = Tools(tagger=tagger, watches=WatchSet(watches), taxonomy=taxonomy.version)
    _held[:] = [(tools, AskingForTags(watches))]


def read_equipped(document: Document, source: Source) -> Reading:
    """`sources.reading.read` with what `equip` built."""
    return read(document, source, _held[0][0])


def completed_equipped(post: Post, document: Document, source: Source) -> Prepared:
    """`sources.completing.completed` with what `equip` built."""
    from monitor.sources.completing import completed  # noqa: PLC0415 - trafilatura: 0.4 s and 30 MB that few workers need

    return completed(post, document, source, _held[0][0])


def retagged_equipped(jobs: Sequence[Job]) -> list[Retagged]:
    """`core.retagging.retagged` of each, with what `equip` built."""
    tools, watches = _held[0]
    return [retagged(job, tools.tagger, watches) for job in jobs]
