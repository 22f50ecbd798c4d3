"""A taxonomy made ready for the gazetteer, as plain data that can be kept in a file or sent to another process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from monitor.core.forms import Case, Entry, Form, forms_of
from monitor.core.taxonomy import Taxonomy
from monitor.core.text import fold

Listed = Mapping[str, tuple[int, ...]]
"""Words → the numbers of their forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """All forms of a taxonomy by the words they are looked for."""

    forms: tuple[Form, ...]
    patterns: Listed  # by folded words
    exact: Listed  # acronyms, letter for letter
    hashtags: Listed  # folded, those that the taxonomy lists; names are hashtags too

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> Self:
        """Generate every form of every name: a tenth of a second for the shipped taxonomy."""
        numbers: dict[Form, int] = {}
        patterns: dict[str, list[int]] = {}
        exact: dict[str, list[int]] = {}
        hashtags: dict[str, list[int]] = {}
        forms: list[Form] = []
        for spelled, form in forms_of(taxonomy):
            number = numbers.setdefault(form, len(numbers))
            if number == len(forms):
                forms.append(form)
            if form.case == Case.EXACT:
                words, group = spelled, exact
            else:
                words, group = fold(spelled).text, hashtags if form.rule == "hashtag" else patterns
            if len(words) > 1 or form.rule == "hashtag":
                listed = group.setdefault(words, [])
                if not any(_as_good(forms[known], form) for known in listed):
                    listed.append(number)
        return cls(
            forms=tuple(forms),
            patterns=_frozen(patterns),
            exact=_frozen(exact),
            hashtags=_frozen(hashtags),
        )

    def to_json(self) -> str:
        """The whole as text, for `from_json`."""
        entries: dict[Entry, int] = {}
        forms = [[entries.setdefault(form.entry, len(entries)), *form[1:]] for form in self.forms]
        groups = [_packed(group) for group in (self.patterns, self.exact, self.hashtags)]
        return json.dumps([list(entries), forms, *groups], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote. ValueError or TypeError, or KeyError or IndexError, where it is anything else."""
        entries, forms, patterns, exact, hashtags = json.loads(text)
        known = [
            Entry(facet, slug, tuple(requires), tuple(excludes)) for facet, slug, requires, excludes in entries
        ]
        return cls(
            forms=tuple(Form(known[entry], *rest) for entry, *rest in forms),
            patterns=_unpacked(patterns),
            exact=_unpacked(exact),
            hashtags=_unpacked(hashtags),
        )


def _as_good(known: Form, form: Form) -> bool:
    """Whether a form of the same words makes another needless."""
    return known.entry is form.entry and known.case == form.case


def _frozen(group: Mapping[str, Iterable[int]]) -> Listed:
    return {words: tuple(numbers) for words, numbers in group.items()}


def _packed(group: Listed) -> dict[str, int | list[int]]:
    return {words: numbers[0] if len(numbers) == 1 else list(numbers) for words, numbers in group.items()}


def _unpacked(group: Mapping[str, Any]) -> Listed:
    return {words: (listed,) if isinstance(listed, int) else tuple(listed) for words, listed in group.items()}
