"""A taxonomy made ready for the gazetteer, as plain data that can be kept in a file or sent to another process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from monitor.core.forms import ONLY_AMONG_THEIR_OWN, Case, Entry, Form, Spelled, Words, forms_of
from monitor.core.model import Facet
from monitor.core.taxonomy import Taxonomy
from monitor.core.text import fold

Listed = Mapping[str, int]
"""Words → the number of the group of forms that are written so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """All forms of a taxonomy by the words they are looked for."""

    groups: tuple[tuple[Form, ...], ...]  # of forms that are written alike, many of them in many ways
    patterns: Listed  # by folded words; single Chinese characters among them name a country beside another one
    exact: Listed  # acronyms, letter for letter
    hashtags: Listed  # folded, those that the taxonomy lists; names are hashtags too

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> Self:
        """Generate every form of every name: a tenth of a second for the shipped taxonomy."""
        spelled = list(forms_of(taxonomy))
        patterns: dict[str, list[Form]] = {}
        exact: dict[str, list[Form]] = {}
        hashtags: dict[str, list[Form]] = {}
        for (words, form), folded in zip(spelled, _folded(spelled), strict=True):
            if form.case == Case.EXACT:
                listed = exact.setdefault(words, [])
            elif form.rule == "hashtag":
                listed = hashtags.setdefault(folded, [])
            elif len(folded) > 1 or _is_initial(form):
                listed = patterns.setdefault(folded, [])
            else:
                continue
            if not any(_makes_needless(known, form) for known in listed):
                listed.append(form)
        groups: dict[tuple[Form, ...], int] = {}
        numbered = (
            {words: groups.setdefault(tuple(listed), len(groups)) for words, listed in group.items()}
            for group in (patterns, exact, hashtags)
        )
        by_pattern, by_acronym, by_hashtag = numbered
        return cls(groups=tuple(groups), patterns=by_pattern, exact=by_acronym, hashtags=by_hashtag)

    def to_json(self) -> str:
        """The whole as text, for `from_json`."""
        entries: dict[Entry, int] = {}
        forms: dict[Form, int] = {}
        groups = [[forms.setdefault(form, len(forms)) for form in group] for group in self.groups]
        plain = [[entries.setdefault(form.entry, len(entries)), *form[1:]] for form in forms]
        return json.dumps(
            [list(entries), plain, groups, self.patterns, self.exact, self.hashtags],
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote; anything else raises an exception or gives a lexicon of nonsense."""
        listed_entries, listed_forms, listed_groups, patterns, exact, hashtags = json.loads(text)
        entries = [Entry(facet, slug, tuple(near), tuple(far), up) for facet, slug, near, far, up in listed_entries]
        forms = [
            Form(entries[entry], rule, language, case, rank, condition and _words(condition))
            for entry, rule, language, case, rank, condition in listed_forms
        ]
        groups = tuple(tuple([forms[each] for each in group]) for group in listed_groups)
        return cls(groups=groups, patterns=patterns, exact=exact, hashtags=hashtags)


def _is_initial(form: Form) -> bool:
    return form.language == "zh" and form.rule == "name" and form.entry.facet in _PLACES


_PLACES = (Facet.COUNTRY.value, Facet.REGION.value)


def _makes_needless(known: Form, form: Form) -> bool:
    """Whether of two forms of the same words the first serves for both."""
    alike = known.entry is form.entry and known.case == form.case and known.condition is None
    by_language = form.case == Case.EXACT or known.language in ONLY_AMONG_THEIR_OWN
    return alike and (not by_language or known.language == form.language)


def _words(listed: Sequence[Any]) -> Words:
    languages, settles, requires, excludes, person, later = listed
    return Words(tuple(languages), tuple(settles), tuple(requires), tuple(excludes), person, later)


def _folded(spelled: Sequence[Spelled]) -> list[str]:
    """The words of each form folded; all in one go, which takes a fifth of the time."""
    folded = fold("\n\n".join(words for words, _ in spelled)).text.split("\n\n")
    if len(folded) == len(spelled):
        return [words.strip("\n") for words in folded]
    return [fold(words).text for words, _ in spelled]  # a name holds blank lines
