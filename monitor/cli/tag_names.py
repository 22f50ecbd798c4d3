"""Tags as people write them on the command line: org:nato, region:sahel, topic:grain."""

from __future__ import annotations

import re

from monitor.app import load_configuration
from monitor.cli.errors import CommandError, not_found, unusable
from monitor.cli.session import Session
from monitor.core.model import FACET_SLUG, SHORT_FACETS, Facet
from monitor.core.suggest import nearest, one_of
from monitor.core.taxonomy import Taxonomy


def tag_asked(written: str | None, session: Session) -> tuple[Facet | None, str | None]:
    """Facet and slug of what was asked for; a slug alone is one of any facet."""
    if written is None:
        return None, None
    name, colon, slug = written.rpartition(":")
    if not colon:
        return None, slug.lower()
    facet = built_in(name)
    if facet is None:
        taxonomy = load_configuration(session.settings).taxonomy
        facet = _facet(name, taxonomy)
    return facet, slug.lower()


def tag_listed(written: str, taxonomy: Taxonomy) -> tuple[Facet, str]:
    """Facet and slug of a tag that the taxonomies list, or an error with the one that was probably meant."""
    name, colon, slug = written.rpartition(":")
    if not colon or not slug:
        raise unusable(f"{written!r} is not a tag; expected FACET:SLUG such as org:nato, country:ge or topic:grain")
    facet = _facet(name, taxonomy)
    slug = slug.lower()
    known = taxonomy.slugs(facet)
    if slug not in known:
        raise not_found(str(facet), slug, known, see="monitor taxonomy stats --json")
    return facet, slug


def built_in(name: str) -> Facet | None:
    """The built-in facet of that name, short or in full; None where it is none."""
    if name in SHORT_FACETS:
        return SHORT_FACETS[name]
    return next((facet for facet in Facet.BUILT_IN if facet == name), None)


def short(facet: Facet, slug: str) -> str:
    """A tag as it is written in queries: "org:nato"."""
    name = next((each for each, known in SHORT_FACETS.items() if known is facet), str(facet))
    return f"{name}:{slug}"


def _facet(name: str, taxonomy: Taxonomy) -> Facet:
    own = [each.facet for each in taxonomy.facets]
    found = built_in(name) or next((facet for facet in own if facet == name), None)
    if found is None:
        raise _unknown_facet(name, [*SHORT_FACETS, *own])
    return found


def _unknown_facet(name: str, known: list[str]) -> CommandError:
    meant = nearest(name, known) if re.fullmatch(FACET_SLUG, name) else ""
    hint = f"; did you mean {meant}:?" if meant else ""
    return unusable(f"there is no facet {name!r}; expected {one_of(f'{each}:' for each in known)}{hint}")
