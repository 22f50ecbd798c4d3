"""Edits word by word, shortened to what a reader wants: the words that came and went, and some around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.core.model import Wording

AROUND = 6  # words kept on each side of what changed
LONGEST = 60  # words shown of one run that came or went
CHANGES = 8  # runs that came or went, shown of one edit
ELLIPSIS = "…"


def shortened(wordings: Sequence[Wording]) -> tuple[Wording, ...]:
    """The first changes with the words around them, an ellipsis where words that stayed were left out."""
    shown: list[Wording] = []
    changes = 0
    for place, each in enumerate(wordings):
        if each.was and each.now:
            stayed = _stayed(each.words.split(), first=place == 0, last=place == len(wordings) - 1)
            shown.append(replace(each, words=stayed))
            continue
        changes += 1
        if changes > CHANGES:
            shown.append(Wording(words=ELLIPSIS, was=True, now=True))
            break
        words = each.words.split()
        cut = [*words[:LONGEST], ELLIPSIS] if len(words) > LONGEST else words
        shown.append(replace(each, words=" ".join(cut)))
    return tuple(each for each in shown if each.words) if changes else ()


def _stayed(words: list[str], *, first: bool, last: bool) -> str:
    if first:
        return " ".join(words if len(words) <= AROUND else [ELLIPSIS, *words[-AROUND:]])
    if last:
        return " ".join(words if len(words) <= AROUND else [*words[:AROUND], ELLIPSIS])
    return " ".join(words if len(words) <= 2 * AROUND else [*words[:AROUND], ELLIPSIS, *words[-AROUND:]])
