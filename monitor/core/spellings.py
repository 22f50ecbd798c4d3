"""Every way in which the entries of a taxonomy are looked for: for statistics, and for checks of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.forms import Case, forms_of
from monitor.core.model import Facet
from monitor.core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """One form of one name."""

    facet: Facet
    slug: str
    rule: str  # "name", "acronym", "hashtag", "flag", "demonym" or "city"
    language: str | None
    words: str  # as they are written
    exact: bool  # found letter for letter only
    guarded: bool  # the words around decide whether it counts


def spellings(taxonomy: Taxonomy) -> Iterator[Spelling]:
    """All of them, repeats included, but for decoys, which tag nothing."""
    for words, form in forms_of(taxonomy):
        if not form.entry.facet:
            continue
        yield Spelling(
            facet=Facet(form.entry.facet),
            slug=form.entry.slug,
            rule=form.rule,
            language=form.language,
            words=words,
            exact=form.case == Case.EXACT,
            guarded=bool(form.entry.requires or form.entry.excludes or form.condition),
        )
