"""What a person said of a post's tags: it stays, whatever the taxonomies find now or later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.model import Evidence, Facet, Field, Tag

RULE = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A tag that a person set on a post, or removed from it."""

    facet: Facet
    slug: str
    wanted: bool  # set; else removed: a veto
    main: bool = True  # of a tag that is set: what the post is about, in contrast to a mention
    by: str  # who said so
    at: datetime

    @property
    def name(self) -> str:
        """The tag as it is written: "organisation:nato"."""
        return f"{self.facet}:{self.slug}"


def ruled(tags: Iterable[Tag], verdicts: Iterable[Verdict]) -> tuple[Tag, ...]:
    """Tags with the verdicts carried out: a veto takes one away, a tag that was set is there with its word of proof.

    Carrying them out again changes nothing.
    """
    by_name = {(tag.facet, tag.slug): found for tag in tags if (found := _unruled(tag)) is not None}
    for verdict in verdicts:
        key = (verdict.facet, verdict.slug)
        if not verdict.wanted:
            by_name.pop(key, None)
            continue
        word = Evidence(field=Field.SOURCE, offset=0, words=verdict.by, rule=RULE)
        found = by_name.get(key)
        by_name[key] = Tag(
            facet=verdict.facet,
            slug=verdict.slug,
            main=verdict.main,
            weight=1.0 if verdict.main else max(0.15, found.weight if found else 0.0),
            evidence=(word, *(found.evidence if found else ())),
        )
    return in_order(by_name.values())


def in_order(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Heaviest first within each facet, as the tagger gives them."""
    return tuple(sorted(tags, key=lambda tag: (tag.facet, -tag.weight, tag.slug)))


def _unruled(tag: Tag) -> Tag | None:
    """The tag without the word of a person; None where nothing else led to it."""
    evidence = tuple(each for each in tag.evidence if each.rule != RULE)
    return replace(tag, evidence=evidence) if evidence or not tag.evidence else None
