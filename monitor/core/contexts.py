"""Whether the words around a name allow it to count, as the taxonomy says."""

from __future__ import annotations

import re

from monitor.core.forms import DOUBLED, Form, Words
from monitor.core.neighbours import is_first_name, refers_back
from monitor.core.text import Page, find_word, is_boundary, sentence_around, sentence_ends


class Contexts:
    """Whether the words around allow a form, each question asked once a post."""

    def __init__(self, page: Page, language: str | None) -> None:
        self._page = page
        self.text = page.folded.text
        self.written = page.original
        self._language = language
        self._met: dict[tuple[str, ...], bool] = {}
        self._ends: list[int] | None = None

    def allow(self, form: Form, start: int, end: int, stop: int) -> bool:
        """Whether an entry's context and a form's condition are met; `stop` is where the form ends as it is written."""
        entry, condition = form.entry, form.condition
        if entry.excludes:
            begin, over = self._sentence(start, end)
            if any(holds(self.text, word, begin, over) for word in entry.excludes):
                return False
        if entry.requires and not form.stands_alone and not self._any(entry.requires):
            return False
        return condition is None or self._fulfilled(condition, form.language, (start, end), stop)

    def allow_acronym(self, form: Form, begin: int, stop: int) -> bool:
        """As `allow`, of a form that stands at `begin` to `stop` of the text as it is written."""
        if not (form.condition or form.entry.requires or form.entry.excludes):
            return True
        return self.allow(form, *self._page.folded.place(begin, stop), stop)

    def is_foreign(self, form: Form, start: int, end: int) -> bool:
        """Whether a French or Spanish word stands in a sentence of another language that is written alike.

        "Frances", "Dominique" and "Malte" are persons there. Names of several words need no such care.
        """
        if self._language == form.language or self._language not in _WRITTEN_ALIKE or " " in self.text[start:end]:
            return False
        if form.rule != "demonym" and self._language != "en":
            return False
        begin, over = self._sentence(start, end)
        return _SMALL_WORDS[form.language or ""].search(self.text, begin, over) is None

    def _fulfilled(self, condition: Words, spoken: str | None, span: tuple[int, int], stop: int) -> bool:
        languages, settles, requires, excludes, person, later = condition
        if later and not refers_back(self.text, self.written, span, stop, spoken):
            return False
        if languages and self._language is not None and self._language not in languages:
            return False
        if settles and self._any(settles):
            return True
        if (requires and not self._any(requires)) or (excludes and self._any(excludes)):
            return False
        return not (person and is_first_name(self.text, self.written, span, stop))

    def _any(self, words: tuple[str, ...]) -> bool:
        """Whether the post holds one of the words."""
        known = self._met.get(words)
        if known is None:
            texts = (self.text, self.written)
            known = self._met[words] = any(holds(texts[DOUBLED in word], word) for word in words)
        return known

    def _sentence(self, start: int, end: int) -> tuple[int, int]:
        if self._ends is None:
            self._ends = sentence_ends(self.text)
        return sentence_around(self._ends, len(self.text), start, end)


_WRITTEN_ALIKE = frozenset({"en", "fr", "es"})
_SMALL_WORDS = {
    "fr": re.compile(r"\b(?:le|les|des|du|et|une|dans|aux|qui|avec|pour)\b"),
    "es": re.compile(r"\b(?:del|y|una|por|con|que|para|su|es|se|lo)\b"),
}


def holds(text: str, word: str, start: int = 0, end: int | None = None) -> bool:
    """Whether a text holds a word; where a star begins or ends it, more may stand there within the same word."""
    if word[:1] != "*" and word[-1:] != "*":
        return find_word(text, word, start, end) >= 0
    bare, stop = word.strip("*"), len(text) if end is None else end
    while (at := text.find(bare, start, stop)) >= 0:
        after = at + len(bare)
        if (word[0] == "*" or is_boundary(text, at)) and (word[-1] == "*" or is_boundary(text, after)):
            return True
        start = at + 1
    return False
