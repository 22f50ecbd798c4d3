"""Reading in a worker process, with what all its tasks share: building the tagger takes longer than using it.

What reads is imported in the workers only: a service that is told "not modified" all day has no need of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from monitor.core import portable  # noqa: F401 - what is handed over is packed its way
from monitor.core.model import Document, Memory, Post, Prepared, Reading, Source, Watch
from monitor.core.taxonomy import Taxonomy
from monitor.sources.pruning import Part, glance

if TYPE_CHECKING:
    from monitor.core.lexicon import Lexicon
    from monitor.core.provenance import Origin
    from monitor.core.retagging import AskingForTags, Job, Retagged
    from monitor.sources.reading import Tools

P = ParamSpec("P")
T = TypeVar("T")

_held: list[tuple[Tools, AskingForTags]] = []  # of this process; at most one


class Run(Protocol):
    """Runs a function in a worker process; see `sources.workers.Workshop.run`."""

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]: ...


async def read(document: Document, source: Source, *, run: Run) -> Reading:
    """What a document shows that is new, read in a worker process unless a glance shows that there is nothing."""
    glanced = glance(document, source)
    if isinstance(glanced, Reading):
        return glanced
    source = replace(source, memory=Memory(seen=source.memory.seen))  # what reading needs of it
    if glanced is not None:
        reading = await run(read_part_equipped, glanced, source)
        if reading is not None:
            return reading
    return await run(read_equipped, document, source)


def equip(taxonomy: Taxonomy, lexicon: Lexicon, watches: Iterable[Watch], origins: Iterable[Origin] = ()) -> None:
    """Build what the tasks of this process share. Called first in each worker, and again when watches change."""
    from monitor.core.provenance import Origins, PostTagger  # noqa: PLC0415 - see the top of this module
    from monitor.core.retagging import AskingForTags  # noqa: PLC0415
    from monitor.core.tagging import Tagger  # noqa: PLC0415
    from monitor.core.watches import WatchSet  # noqa: PLC0415
    from monitor.sources.reading import Tools  # noqa: PLC0415

    watches = tuple(watches)
    tagger = PostTagger(Tagger(taxonomy, lexicon), Origins(origins))
    tools = Tools(tagger=tagger, watches=WatchSet(watches), taxonomy=taxonomy.version)
    _held[:] = [(tools, AskingForTags(watches))]


def read_equipped(document: Document, source: Source) -> Reading:
    """`sources.reading.read` with what `equip` built."""
    from monitor.sources import reading  # noqa: PLC0415 - see the top of this module

    return reading.read(document, source, _held[0][0])


def read_part_equipped(part: Part, source: Source) -> Reading | None:
    """`sources.reading.read_part` with what `equip` built."""
    from monitor.sources import reading  # noqa: PLC0415 - see the top of this module

    return reading.read_part(part, source, _held[0][0])


def completed_equipped(post: Post, document: Document, source: Source) -> Prepared:
    """`sources.completing.completed` with what `equip` built."""
    from monitor.sources.completing import completed  # noqa: PLC0415 - trafilatura: 0.4 s and 30 MB that few workers need

    return completed(post, document, source, _held[0][0])


def retagged_equipped(jobs: Sequence[Job]) -> list[Retagged]:
    """`core.retagging.retagged` of each, with what `equip` built."""
    from monitor.core.retagging import retagged  # noqa: PLC0415 - see the top of this module

    tools, watches = _held[0]
    return [retagged(job, tools.tagger, watches) for job in jobs]
