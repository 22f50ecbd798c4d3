"""Which of the names found in a page are meant: the longest, no decoys, and what refers back to one of them."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from monitor.core.forms import Entry, Form


class Found(NamedTuple):
    """A form found in a page, by offsets into the page's original."""

    start: int
    end: int
    form: Form
    rule: str  # the form's own, or "hashtag" where it follows a "#"
    shared: bool  # the same words are a demonym or city of several countries


BY_SPAN = itemgetter(0, 1)
"""Sorts what was found by where it begins and ends."""


def undeceived(candidates: list[Found]) -> list[Found]:
    """Without decoys, which are of no facet, and without what is shorter and overlaps them."""
    decoys = [found for found in candidates if not found.form.entry.facet]
    if not decoys:
        return candidates
    return [
        found
        for found in candidates
        if found.form.entry.facet
        and not any(
            decoy.start < found.end
            and found.start < decoy.end
            and decoy.form.entry.slug == found.form.entry.facet
            and decoy.end - decoy.start > found.end - found.start
            for decoy in decoys
        )
    ]


def apart(candidates: list[Found]) -> list[Found]:
    """Of candidates in order, those that no longer one covers, and all that are the same words."""
    kept: list[Found] = []
    cluster: list[Found] = []
    end = 0
    for found in candidates:
        if found[0] >= end:
            if len(cluster) == 1:
                kept.append(cluster[0])
            else:
                kept += _longest(cluster)
            cluster = [found]
            end = found[1]
        else:
            cluster.append(found)
            end = max(end, found[1])
    return kept + _longest(cluster)


def referring(meant: list[Found], candidates: list[Found]) -> list[Found]:
    """Of what is meant, without what only refers to a name given before ("the Alliance"), where none was; of several
    names that it may have been, the one given last.

    Names within longer ones count as given: another entry's longer name takes nothing from what refers back to them.
    """
    for found in meant:
        condition = found[2].condition
        if condition is not None and condition.later:
            break
    else:
        return meant
    given = [found for found in candidates if not _refers(found)]
    kept: list[Found] = []
    for _, group in groupby(meant, key=BY_SPAN):
        together = list(group)
        plain = [found for found in together if not _refers(found)]
        if not plain:
            last = {found.form.entry: found.start for found in given if found.end <= together[0].start}
            known = [found for found in together if found.form.entry in last]
            plain = [max(known, key=lambda found: last[found.form.entry])] if known else []
        kept += plain
    return kept


def _refers(found: Found) -> bool:
    return found.form.condition is not None and found.form.condition.later


def _longest(cluster: list[Found]) -> list[Found]:
    """Of candidates that hang together, the longest, then the longest of those that it leaves over."""
    if len(cluster) < 2:
        return cluster
    kept: list[Found] = []
    for found in sorted(cluster, key=_by_length):
        start, end, form = found[0], found[1], found[2]
        for other in kept:
            if start == other[0] and end == other[1]:
                if form.entry is other[2].entry:
                    break
            elif start < other[1] and end > other[0] and not _names(other[2].entry, form.entry):
                break
        else:
            kept.append(found)
    kept.sort(key=BY_SPAN)
    return kept


def _names(entry: Entry, other: Entry) -> bool:
    """Whether the name of the one names the other as well: the Secretary-General, the United Nations."""
    return entry.parent != "" and entry.parent == other.slug and entry.facet == other.facet


def _by_length(found: Found) -> int:
    return found[0] - found[1]  # the longest first
