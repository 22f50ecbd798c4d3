"""Finds the names of a taxonomy in a text: one automaton over every form of every name, then each hit is judged.

A hit counts when it stands between word boundaries (Chinese has none, Arabic glues its prepositions to the word), is
written as a name is written there (a capital, an acronym's exact case), and no longer name covers it: "Guinea-Bissau"
is not Guinea. Equal spans all count: where the data gives one name to two entries, both are meant.

Acronyms have a small automaton of their own, over the text as it is written: among folded words, "us" and "un" would be
hit ten times as often as all names together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.core.contexts import Contexts
from monitor.core.forms import ONLY_AMONG_THEIR_OWN, REGIONAL_A, REGIONAL_Z, Case, Entry, Form
from monitor.core.found import BY_SPAN, Found, apart, referring, undeceived
from monitor.core.inflection import ACRONYM_LOOK_ALIKES, ARABIC_PREFIXES, LOOK_ALIKES
from monitor.core.initials import Initials
from monitor.core.lexicon import Lexicon
from monitor.core.model import Facet
from monitor.core.neighbours import means_something_else, sounds_on
from monitor.core.text import Page, fold, word_kinds

Judged = tuple[tuple[Form, int, int], ...]
"""Forms that are written alike, each with its case and with what must be asked of the words around it."""

_new = tuple.__new__  # calling a NamedTuple takes three times as long


class Gazetteer:
    """All forms of a taxonomy, ready to be looked for. Building it takes time, looking takes little."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        groups = lexicon.groups
        judged = [tuple((form, form.case, _checks(form)) for form in group) for group in groups]
        words = {pattern: number for pattern, number in lexicon.patterns.items() if len(pattern) > 1}
        self._forms = [judged[number] for number in words.values()]
        self._names = _automaton(words, Implementation.ContiguousNFA)
        single = {pattern: number for pattern, number in lexicon.patterns.items() if len(pattern) == 1}
        self._single = {character: groups[number] for character, number in single.items()}
        self._initials = Initials(single)
        self._exact = [
            (groups[number], len(acronym) <= 2, acronym.lower() in ACRONYM_LOOK_ALIKES)
            for acronym, number in lexicon.exact.items()
        ]
        self._acronyms = _automaton(lexicon.exact, Implementation.DFA)
        self._few_letters = {acronym.lower() for acronym in lexicon.exact if len(acronym) <= _FEW_LETTERS}
        self._known_hashtags: dict[str, list[Found]] = {}  # sources use the same few again and again

    def find(self, page: Page, language: str | None) -> list[Found]:
        """Everything named in a page, in order; no two overlap unless they are the same words.

        `language` is the post's (BCP 47 primary subtag), where it is known.
        """
        contexts = Contexts(page, language)
        candidates: list[Found] = []
        self._find_names(page, language, contexts, candidates)
        self._find_acronyms(page, language, contexts, candidates)
        if language is None or language == "zh":
            candidates = self._find_initials(page, candidates)
        if page.hashtags_at < len(page.original):
            candidates += self._in_hashtags(page)
        candidates.sort(key=BY_SPAN)
        candidates = undeceived(candidates)
        return referring(apart(candidates), candidates)

    def _find_names(self, page: Page, language: str | None, contexts: Contexts, found: list[Found]) -> None:
        folded, original = page.folded, page.original
        text = folded.text
        kinds, length, all_forms = word_kinds, len(text), self._forms
        same_offsets = not folded.changes and not folded.composed
        look_alikes = _ANY_LOOK_ALIKES if language is None else LOOK_ALIKES.get(language, _NONE)
        for pattern, start, end in self._names.find_matches_as_indexes(text, overlapping=True):
            # Most hits lie within other words. Both sides of a boundary are seldom letters of spaced scripts (1).
            if end < length and kinds[text[end]] == 1 and kinds[text[end - 1]] == 1:
                continue
            forms = all_forms[pattern]
            tagged = False
            if start:
                before = text[start - 1]
                if kinds[before] == 1 and kinds[text[start]] == 1:
                    forms = _glued(text, start, forms)
                tagged = before == "#"
            begin, stop = (start, end) if same_offsets else folded.span(start, end)
            small = not tagged and original[begin].islower()
            accepted: list[Form] = []
            for form, case, checks in forms:
                if case and small and (case == _CAPITAL or not _has_capital(original[begin:stop])):
                    continue
                if checks and not (
                    tagged or not means_something_else(form, text, (start, end), original, (begin, stop))
                    if checks == _PLACE  # most of them
                    else _holds(form, checks, contexts, (start, end), (begin, stop), tagged=tagged)
                ):
                    continue
                if not accepted or all(other.entry is not form.entry for other in accepted):
                    accepted.append(form)
            if not accepted:
                continue
            if not tagged and text[start:end] in look_alikes and _proves_nothing(original, begin, stop):
                accepted = [form for form in accepted if not form.case]
            if len(accepted) == 1:
                form = accepted[0]
                found.append(_new(Found, (begin, stop, form, "hashtag" if tagged else form.rule, False)))
                continue
            shared = len({form.entry for form in accepted if form.rule in ("demonym", "city")}) > 1
            found += [Found(begin, stop, form, "hashtag" if tagged else form.rule, shared) for form in accepted]

    def _find_acronyms(self, page: Page, language: str | None, contexts: Contexts, found: list[Found]) -> None:
        text, kinds = page.original, word_kinds
        for pattern, start, end in self._acronyms.find_matches_as_indexes(text, overlapping=True):
            if end < len(text) and kinds[text[end]] == 1 and kinds[text[end - 1]] == 1:
                continue
            if start and kinds[text[start - 1]] == 1 and kinds[text[start]] == 1:
                continue
            tagged = start > 0 and text[start - 1] == "#"
            if text[end : end + 1] == "$":
                continue  # AU$ and US$ are money
            forms, short, look_alike = self._exact[pattern]
            seen: list[Entry] = []  # an acronym may be the same in several languages
            if look_alike and not tagged and _in_capitals(text, start, end):
                continue
            for form in forms:
                # Few letters mean something else in every language.
                foreign = language is not None and form.language not in ("en", language)
                if foreign and (short or form.rule == "name"):
                    continue
                if form.entry not in seen and contexts.allow_acronym(form, start, end):
                    seen.append(form.entry)
                    found.append(_new(Found, (start, end, form, "hashtag" if tagged else form.rule, False)))

    def _find_initials(self, page: Page, found: list[Found]) -> list[Found]:
        """What was found, and characters that name countries: 中欧关系 is China and Europe, and not Central Europe."""
        text, span = page.folded.text, page.folded.span
        for together in self._initials.find(text):
            begin, stop = span(together[0][0], together[-1][0] + 1)
            found = [
                each for each in found if each.start < begin or each.end > stop or each.form.entry.facet not in _PLACES
            ]
            for at, character in together:
                begin, stop = span(at, at + 1)
                found += [Found(begin, stop, form, form.rule, False) for form in self._single[character]]
        return found

    def _in_hashtags(self, page: Page) -> Iterator[Found]:
        at = page.hashtags_at
        for hashtag in page.original[at:].split(" "):
            named = self._known_hashtags.get(hashtag)
            if named is None:
                if len(self._known_hashtags) >= _MOST_HASHTAGS:
                    self._known_hashtags.clear()
                named = self._known_hashtags[hashtag] = list(self._in_hashtag(hashtag[1:], 1))
            for found in named:
                yield Found(found.start + at, found.end + at, *found[2:])
            at += len(hashtag) + 1

    def _in_hashtag(self, hashtag: str, at: int) -> Iterator[Found]:
        """The whole tag, or else the longest runs of its CamelCase parts."""
        whole = self._hashtags.get(_as_hashtag(hashtag))
        if whole:
            yield from (Found(at, at + len(hashtag), form, "hashtag", len(whole) > 1) for form in whole)
            return
        bounds = list(_parts(hashtag))
        first = 0
        while first < len(bounds):
            for last in range(min(len(bounds), first + _LONGEST_RUN), first, -1):
                start, end = bounds[first][0], bounds[last - 1][1]
                part = hashtag[start:end]
                listed = self._hashtags.get(_as_hashtag(part), ())
                # #KimJongUn holds no UN: a few letters are an acronym only where they are written as one.
                if listed and (len(part) > _FEW_LETTERS or part.isupper() or part.lower() not in self._few_letters):
                    for form in listed:
                        yield Found(at + start, at + end, form, "hashtag", len(listed) > 1)
                    first = last - 1
                    break
            first += 1

    @cached_property
    def _hashtags(self) -> dict[str, list[Form]]:
        """Names without their spaces, and the listed hashtags: made when the first post has a hashtag."""
        groups = self._lexicon.groups
        made = {hashtag: list(groups[number]) for hashtag, number in self._lexicon.hashtags.items()}
        for words, number in self._lexicon.patterns.items():
            if len(words) == 1 or words[-1] == "-":
                continue
            known = made.setdefault(_squeezed(words), [])
            entries = [form.entry for form in known]
            known += [
                form
                for form in groups[number]
                if form.entry not in entries and not (form.condition and form.condition.later)
            ]
        return made


def _checks(form: Form) -> int:
    """What must be asked of the words around a form, as a sum of the numbers below; 0 where nothing is."""
    entry = form.entry
    if form.rule == "flag":
        return _FLAG
    checks = 0
    if form.condition or entry.requires or entry.excludes:
        checks |= _GUARDED
    if form.language in ONLY_AMONG_THEIR_OWN:
        checks |= _AMONG_ITS_OWN
    if entry.facet in _PLACES:
        checks |= _PLACE | (_SOUNDS if form.language == "zh" else 0)
    return checks


_FLAG, _GUARDED, _AMONG_ITS_OWN, _PLACE, _SOUNDS = 1, 2, 4, 8, 16


def _holds(
    form: Form, checks: int, contexts: Contexts, span: tuple[int, int], where: tuple[int, int], *, tagged: bool
) -> bool:
    """Whether the words around allow a form at `span` of the folded text, which is `where` in the text as written."""
    if checks == _FLAG:
        return _begins_a_flag(contexts.written, where[0])
    if checks & _GUARDED and not contexts.allow(form, *span, where[1]):
        return False
    if tagged:
        return True
    if checks & _AMONG_ITS_OWN and contexts.is_foreign(form, *span):
        return False
    if not checks & _PLACE:
        return True
    if checks & _SOUNDS and sounds_on(contexts.text, *span):
        return False
    return not means_something_else(form, contexts.text, span, contexts.written, where)


def _automaton(words: Iterable[str], implementation: Implementation) -> AhoCorasick:
    return AhoCorasick(words, implementation=implementation, store_patterns=False)


_FEW_LETTERS = 3
_MOST_HASHTAGS = 5000  # that are remembered at a time
_LONGEST_RUN = 8  # parts of a hashtag that make one name: #OrganisationForSecurityAndCooperationInEurope


_PLACES = frozenset({Facet.COUNTRY.value, Facet.REGION.value})


# ── whether a hit is one of them ───────────────────────────────────────────────────────────────────────────

_NONE: frozenset[str] = frozenset()
_ANY_LOOK_ALIKES = _NONE.union(*LOOK_ALIKES.values())


def _glued(text: str, start: int, forms: Judged) -> Judged:
    """Those of the forms that are Arabic, where what stands before them in the same word is a preposition or "and"."""
    if text[start - 1] not in _LAST_OF_PREFIXES:
        return ()
    for length in range(1, min(start, _LONGEST_PREFIX) + 1):
        if start == length or word_kinds[text[start - length - 1]] != 1:
            rules = ARABIC_PREFIXES.get(text[start - length : start], ())
            return tuple(each for each in forms if each[0].language == "ar" and each[0].rule in rules)
    return ()


_LAST_OF_PREFIXES = frozenset(prefix[-1] for prefix in ARABIC_PREFIXES)
_LONGEST_PREFIX = max(map(len, ARABIC_PREFIXES))


def _has_capital(words: str) -> bool:
    """Whether words that begin with a small letter hold a capital, or are of a script that has none."""
    return words != words.lower() or words == words.upper()


_CAPITAL = int(Case.CAPITAL)


def _proves_nothing(text: str, start: int, end: int) -> bool:
    """Whether a capital letter is there for another reason than that the word is a name."""
    last = text.rfind(" ", start, end) + 1
    return (text[last].islower() if last else _begins_a_sentence(text, start)) or _in_capitals(text, start, end)


def _begins_a_sentence(text: str, at: int) -> bool:
    before = text[max(0, at - 8) : at].rstrip(" \"'«“‘([{—–-•*>")
    return not before or before[-1] in ".!?…:\n"


def _in_capitals(text: str, start: int, end: int) -> bool:
    """Whether the sentence around is set in capitals, so that case proves nothing."""
    if text[end : end + 5].islower():
        return False  # the commonest case, told cheaply
    before = text[max(0, start - 5) : start]
    if before.islower() and before.replace(" ", "").isalpha():
        return False  # likewise
    begin = max(text.rfind(mark, 0, start) for mark in _SENTENCE_MARKS) + 1
    stops = [at for at in (text.find(mark, end) for mark in _SENTENCE_MARKS) if at >= 0]
    around = text[begin:start] + text[end : min(stops, default=len(text))]
    upper = sum(map(str.isupper, around))
    lower = sum(map(str.islower, around))
    return upper >= 4 and upper > 2 * lower


_SENTENCE_MARKS = (". ", "! ", "? ", "\n")


def _begins_a_flag(text: str, at: int) -> bool:
    """Whether a regional indicator is the first of its pair: 🇷🇺🇸🇦 holds no 🇺🇸."""
    before = 0
    while at - before > 0 and REGIONAL_A <= ord(text[at - before - 1]) <= REGIONAL_Z:
        before += 1
    return before % 2 == 0


def _squeezed(folded: str) -> str:
    """A folded name as it is written in a hashtag: nothing but letters and digits."""
    return folded if folded.isalnum() else _NOT_IN_HASHTAGS.sub("", folded)


def _as_hashtag(written: str) -> str:
    return _squeezed(written.lower() if written.isascii() else fold(written).text)


_NOT_IN_HASHTAGS = re.compile(r"[\W_]+")


def _parts(hashtag: str) -> Iterator[tuple[int, int]]:
    """Offsets of the parts of a hashtag in CamelCase, snake_case or with digits."""
    start = 0
    for at in range(1, len(hashtag) + 1):
        if at == len(hashtag) or _part_ends(hashtag, at):
            if hashtag[start:at].strip("_"):
                yield start, at
            start = at


def _part_ends(hashtag: str, at: int) -> bool:
    before, after = hashtag[at - 1], hashtag[at]
    following = hashtag[at + 1 : at + 2]
    return (
        before == "_"
        or after == "_"
        or (before.islower() and after.isupper())
        or (before.isupper() and after.isupper() and following.islower())
        or (before.isalpha() and after.isdigit())
        or (before.isdigit() and after.isalpha())
    )
