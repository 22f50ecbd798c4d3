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
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.core.forms import DOUBLED, REGIONAL_A, REGIONAL_Z, Case, Entry, Form, Words
from monitor.core.inflection import ACRONYM_LOOK_ALIKES, ARABIC_PREFIXES, LOOK_ALIKES
from monitor.core.lexicon import Lexicon
from monitor.core.model import Facet
from monitor.core.neighbours import is_first_name, means_something_else, refers_back, sounds_on
from monitor.core.text import Page, find_word, fold, is_boundary, sentence_around, sentence_ends, word_kinds


class Found(NamedTuple):
    """A form found in a page, by offsets into the page's original."""

    start: int
    end: int
    form: Form
    rule: str  # the form's own, or "hashtag" where it follows a "#"
    shared: bool  # the same words are a demonym or city of several countries


class Gazetteer:
    """All forms of a taxonomy, ready to be looked for. Building it takes time, looking takes little."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        groups = lexicon.groups
        self._forms = [groups[number] for number in lexicon.patterns.values()]
        self._names = _automaton(lexicon.patterns, Implementation.ContiguousNFA)
        self._exact = [
            (groups[number], len(acronym) <= 2, acronym.lower() in ACRONYM_LOOK_ALIKES)
            for acronym, number in lexicon.exact.items()
        ]
        self._acronyms = _automaton(lexicon.exact, Implementation.DFA)
        self._known_hashtags: dict[str, list[Found]] = {}  # sources use the same few again and again

    def find(self, page: Page, language: str | None) -> list[Found]:
        """Everything named in a page, in order; no two overlap unless they are the same words.

        `language` is the post's (BCP 47 primary subtag), where it is known.
        """
        contexts = _Contexts(page, language)
        candidates: list[Found] = []
        self._find_names(page, language, contexts, candidates)
        self._find_acronyms(page, language, contexts, candidates)
        if page.hashtags_at < len(page.original):
            candidates += self._in_hashtags(page)
        candidates.sort(key=_SPAN)
        return _referring(_apart(_undeceived(candidates)))

    def _find_names(self, page: Page, language: str | None, contexts: _Contexts, found: list[Found]) -> None:
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
            accepted: list[Form] = []
            for form in forms:
                entry, rule, spoken, case, _, condition = form
                if case:
                    if not tagged and original[begin].islower() and not _has_capital(original, begin, stop, case):
                        continue
                elif rule == "flag" and not _begins_a_flag(original, begin):
                    continue
                if (condition or entry.requires or entry.excludes) and not contexts.allow(form, start, end, stop):
                    continue
                if entry.facet in _PLACES and not tagged:
                    if spoken == "zh":
                        if sounds_on(text, start, end):
                            continue
                    elif means_something_else(form, text, (start, end), original, (begin, stop)):
                        continue
                if not accepted or all(other.entry is not entry for other in accepted):
                    accepted.append(form)
            if not accepted:
                continue
            if not tagged and text[start:end] in look_alikes and _proves_nothing(original, begin, stop):
                accepted = [form for form in accepted if not form.case]
            if len(accepted) == 1:
                found.append(Found(begin, stop, accepted[0], "hashtag" if tagged else accepted[0].rule, shared=False))
                continue
            shared = len({form.entry for form in accepted if form.rule in ("demonym", "city")}) > 1
            found += [Found(begin, stop, form, "hashtag" if tagged else form.rule, shared) for form in accepted]

    def _find_acronyms(self, page: Page, language: str | None, contexts: _Contexts, found: list[Found]) -> None:
        text, kinds = page.original, word_kinds
        for pattern, start, end in self._acronyms.find_matches_as_indexes(text, overlapping=True):
            if end < len(text) and kinds[text[end]] == 1 and kinds[text[end - 1]] == 1:
                continue
            if start and kinds[text[start - 1]] == 1 and kinds[text[start]] == 1:
                continue
            tagged = start > 0 and text[start - 1] == "#"
            forms, short, look_alike = self._exact[pattern]
            seen: list[Entry] = []  # an acronym may be the same in several languages
            if look_alike and not tagged and _in_capitals(text, start, end):
                continue
            for form in forms:
                # Few letters mean something else in every language.
                if (short or form.rule == "name") and language is not None and form.language not in ("en", language):
                    continue
                entry = form.entry
                if entry in seen:
                    continue
                if (form.condition or entry.requires or entry.excludes) and not contexts.allow(
                    form, *page.folded.place(start, end), end
                ):
                    continue
                seen.append(entry)
                found.append(Found(start, end, form, "hashtag" if tagged else form.rule, shared=False))

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
                listed = self._hashtags.get(_as_hashtag(hashtag[start:end]), ())
                if listed:
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
            known = made.setdefault(_squeezed(words), [])
            entries = [form.entry for form in known]
            known += [
                form
                for form in groups[number]
                if form.entry not in entries and not (form.condition and form.condition.later)
            ]
        return made


def _automaton(words: Iterable[str], implementation: Implementation) -> AhoCorasick:
    return AhoCorasick(words, implementation=implementation, store_patterns=False)


_MOST_HASHTAGS = 5000  # that are remembered at a time
_LONGEST_RUN = 8  # parts of a hashtag that make one name: #OrganisationForSecurityAndCooperationInEurope
_SPAN = itemgetter(0, 1)


def _undeceived(candidates: list[Found]) -> list[Found]:
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


def _apart(candidates: list[Found]) -> list[Found]:
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


def _referring(named: list[Found]) -> list[Found]:
    """Without those that only refer to a name given before ("the Alliance"), where none was; of several that it may have
    been, the one named last."""
    if not any(found.form.condition is not None and found.form.condition.later for found in named):
        return named
    kept: list[Found] = []
    last: dict[Entry, int] = {}  # where each entry was named so far
    for _, group in groupby(named, key=_SPAN):
        together = list(group)
        plain = [found for found in together if found.form.condition is None or not found.form.condition.later]
        meant = [found for found in together if found not in plain and found.form.entry in last]
        if meant and not plain:
            plain = [max(meant, key=lambda found: last[found.form.entry])]
        last |= {found.form.entry: found.start for found in plain}
        kept += plain
    return kept


def _longest(cluster: list[Found]) -> list[Found]:
    """Of candidates that hang together, the longest, then the longest of those that it leaves over."""
    if len(cluster) < 2:
        return cluster
    kept: list[Found] = []
    for found in sorted(cluster, key=_by_length):
        over = [other for other in kept if found[0] < other[1] and found[1] > other[0] and found[:2] != other[:2]]
        known = any(found[:2] == other[:2] and found[2].entry is other[2].entry for other in kept)
        if not known and all(_names(other[2].entry, found[2].entry) for other in over):
            kept.append(found)
    kept.sort(key=_SPAN)
    return kept


def _names(entry: Entry, other: Entry) -> bool:
    """Whether the name of the one names the other as well: the Secretary-General, the United Nations."""
    return entry.parent != "" and entry.parent == other.slug and entry.facet == other.facet


def _by_length(found: Found) -> int:
    return found[0] - found[1]  # the longest first


class _Contexts:
    """Whether the words around allow a form, each question asked once a post."""

    def __init__(self, page: Page, language: str | None) -> None:
        self._page = page
        self._text = page.folded.text
        self._language = language
        self._met: dict[tuple[str, ...], bool] = {}
        self._ends: list[int] | None = None

    def allow(self, form: Form, start: int, end: int, stop: int) -> bool:
        """Whether an entry's context and a form's condition are met; `stop` is where the form ends as it is written."""
        entry, condition = form.entry, form.condition
        if entry.excludes:
            begin, over = self._sentence(start, end)
            if any(_find(self._text, word, begin, over) for word in entry.excludes):
                return False
        if entry.requires and not form.stands_alone and not self._any(entry.requires):
            return False
        return condition is None or self._fulfilled(condition, form.language, (start, end), stop)

    def _fulfilled(self, condition: Words, spoken: str | None, span: tuple[int, int], stop: int) -> bool:
        languages, settles, requires, excludes, person, later = condition
        if later and not refers_back(self._text, self._page.original, span, stop, spoken):
            return False
        if languages and self._language is not None and self._language not in languages:
            return False
        if settles and self._any(settles):
            return True
        if (requires and not self._any(requires)) or (excludes and self._any(excludes)):
            return False
        return not (person and is_first_name(self._text, self._page.original, span, stop))

    def _any(self, words: tuple[str, ...]) -> bool:
        """Whether the post holds one of the words."""
        known = self._met.get(words)
        if known is None:
            texts = (self._text, self._page.original)
            known = self._met[words] = any(_find(texts[DOUBLED in word], word) for word in words)
        return known

    def _sentence(self, start: int, end: int) -> tuple[int, int]:
        if self._ends is None:
            self._ends = sentence_ends(self._text)
        return sentence_around(self._ends, len(self._text), start, end)


_PLACES = frozenset({Facet.COUNTRY.value, Facet.REGION.value})


def _find(text: str, word: str, start: int = 0, end: int | None = None) -> bool:
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


# ── whether a hit is one of them ───────────────────────────────────────────────────────────────────────────

_NONE: frozenset[str] = frozenset()
_ANY_LOOK_ALIKES = _NONE.union(*LOOK_ALIKES.values())


def _glued(text: str, start: int, forms: tuple[Form, ...]) -> tuple[Form, ...]:
    """Those of the forms that are Arabic, where what stands before them in the same word is a preposition or "and"."""
    if text[start - 1] not in _LAST_OF_PREFIXES:
        return ()
    for length in range(1, min(start, _LONGEST_PREFIX) + 1):
        if start == length or word_kinds[text[start - length - 1]] != 1:
            rules = ARABIC_PREFIXES.get(text[start - length : start], ())
            return tuple(form for form in forms if form.language == "ar" and form.rule in rules)
    return ()


_LAST_OF_PREFIXES = frozenset(prefix[-1] for prefix in ARABIC_PREFIXES)
_LONGEST_PREFIX = max(map(len, ARABIC_PREFIXES))


def _has_capital(text: str, start: int, end: int, case: int) -> bool:
    """Whether words that begin with a small letter are written with capitals as `case` asks all the same."""
    if case == _CAPITAL:
        return False
    words = text[start:end]
    return words != words.lower() or words == words.upper()


_CAPITAL = int(Case.CAPITAL)


def _proves_nothing(text: str, start: int, end: int) -> bool:
    """Whether a capital letter is there for another reason than that the word is a name."""
    return _begins_a_sentence(text, start) or _in_capitals(text, start, end)


def _begins_a_sentence(text: str, at: int) -> bool:
    before = text[max(0, at - 8) : at].rstrip(" \"'«“‘([{—–-•*>")
    return not before or before[-1] in ".!?…:\n"


def _in_capitals(text: str, start: int, end: int) -> bool:
    """Whether the sentence around is set in capitals, so that case proves nothing."""
    if text[end : end + 5].islower() or text[max(0, start - 5) : start].islower():
        return False  # the commonest case, told cheaply
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
