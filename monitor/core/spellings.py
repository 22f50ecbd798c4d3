"""Every way in which the entries of a taxonomy are looked for: for statistics, and for checks of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.gazetteer import Case, listed_forms
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
    """All of them, repeats included."""
    for form in listed_forms(taxonomy):
        yield Spelling(
            facet=form.entry.facet,
            slug=form.entry.slug,
            rule=form.rule,
            language=form.language,
            words=form.spelled,
            exact=form.case is Case.EXACT,
            guarded=bool(form.entry.requires or form.entry.excludes),
        )
