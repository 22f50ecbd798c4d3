"""Where words and phrases stand in a folded text, where its words begin and its sentences end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Protocol

from monitor.core.model import Post
from monitor.core.query.tree import How, Word, Words
from monitor.core.text import is_boundary, is_unspaced, words_of
from monitor.core.wordforms import is_form

# Plain classes, which compile quickly: script and word boundaries are judged in core.text once something was found.
_LETTER = r"[^\W_]"
_BETWEEN_WORDS = r"(?:[^\w\n]|_)"
_LONGEST_STAR = 100  # letters that one "*" stands for at most: keeps matching linear in the text
_WIDEST_GAP = 8  # characters between two words of a phrase: spaces, commas, dashes, quotes

_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = re.compile(f"[{_WITHOUT_SPACES}]")
_WORD_START = re.compile(rf"(?<![^\W_])(?=[^\W_])|(?=[{_WITHOUT_SPACES}])")
_MARKS = "".join(chr(code) for code in range(0x0300, 0x3100) if unicodedata.category(chr(code))[0] == "M")
_RUN = re.compile(rf"[\w{_MARKS}]+")
_TAIL = re.compile(f"{_LETTER}{{0,{_LONGEST_STAR}}}")
_REST_OF_WORD = re.compile(rf"[^\W_{_WITHOUT_SPACES}]+")
_SENTENCE_END = re.compile(r"[.!?…؟।۔]+[»”\"')\]]*(?=\s)|[。！？\n]|(?<=[\u3005-\u9fff])[!?]")
_LAST_WORD = re.compile(r"[^\W\d_]+\Z")
_ABBREVIATED = frozenset(
    {
        *(
            "mr",
            "mrs",
            "ms",
            "dr",
            "prof",
            "gen",
            "lt",
            "col",
            "sgt",
            "hon",
            "rev",
            "st",
            "no",
            "vs",
            "art",
            "inc",
            "ltd",
        ),
        *(
            "approx",
            "jan",
            "feb",
            "mar",
            "apr",
            "aug",
            "sept",
            "oct",
            "nov",
            "dec",
            "mm",
            "mme",
            "dir",
            "sr",
            "sra",
            "ud",
        ),
        *(
            "см",
            "стр",
            "тыс",
            "млн",
            "млрд",
            "руб",
            "им",
            "ул",
            "гг",
            "вв",
            "др",
            "пр",
            "нач",
            "зам",
            "ген",
            "проф",
            "акад",
        ),
    }
)


class Place(NamedTuple):
    """A stretch of a folded text, and how it was found: "phrase", "form", "near" or "pattern"."""

    start: int
    end: int
    rule: str


_place = tuple.__new__
"""`_place(Place, (start, end, rule))` is `Place(start, end, rule)` in less than half the time: many are made."""


class Text(Protocol):
    """A text to be looked at; see `core.subject.Subject`."""

    @property
    def text(self) -> str: ...

    @property
    def post(self) -> Post: ...

    def original(self, place: Place) -> str: ...


class Finder(Protocol):
    """Finds places of a term in a part of a text, from left to right."""

    def __call__(self, subject: Text, start: int, end: int, most: int) -> list[Place]:
        """The first `most` places between `start` and `end`."""


def finder(words: Words) -> Finder:
    """What finds the words, standing one after the other."""
    only = words.words[0]
    if len(words.words) == 1 and not words.hashtag:
        if only.how is How.SAME:
            return _same(only.folded)
        if only.how is How.FORM and (rest := _rest_of(only)) is not None:
            return _Form(only, rest).find
        if only.how is How.WILD and is_beginning(only.folded):
            return _Beginning(only.folded[:-1]).find
    return _in_a_row(words)


def _same(word: str) -> Finder:
    length = len(word)

    def find(subject: Text, start: int, end: int, most: int) -> list[Place]:
        text = subject.text
        found: list[Place] = []
        at = text.find(word, start, end)
        while at >= 0 and len(found) < most:
            stop = at + length
            if _is_whole(text, at, stop):
                found.append(_place(Place, (at, stop, "phrase")))
                at = text.find(word, stop, end)
            else:
                at = text.find(word, _after_word(text, at), end)
        return found

    return find


class _Form:
    __slots__ = ("_anchor", "_folded", "_rest")

    def __init__(self, word: Word, rest: re.Pattern[str]) -> None:
        self._folded, self._anchor, self._rest = word.folded, word.anchor, rest

    def find(self, subject: Text, start: int, end: int, most: int) -> list[Place]:
        text, anchor = subject.text, self._anchor
        found: list[Place] = []
        at = text.find(anchor, start, end)
        while at >= 0 and len(found) < most:
            if not (at == 0 or text[at - 1] in _BREAKS or is_boundary(text, at)):
                at = text.find(anchor, _after_word(text, at), end)
                continue
            stop = at + len(anchor)
            if more := self._rest.match(text, stop):
                stop = more.end()
            if text[stop : stop + 1] in _BREAKS or _can_end(text, stop):
                there = text[at:stop]
                if there == self._folded:
                    found.append(_place(Place, (at, stop, "phrase")))
                elif is_form(self._folded, there, subject.post.language):
                    found.append(_place(Place, (at, stop, "form")))
            at = text.find(anchor, stop, end)
        return found


def is_beginning(folded: str) -> bool:
    """Whether a wildcard is a star after the beginning of a word, as most are."""
    bare = folded[:-1]
    return folded.endswith("*") and not ("*" in bare or "?" in bare or is_unspaced(bare[-1:]))


class _Beginning:
    __slots__ = ("_lead", "_rest")

    def __init__(self, lead: str) -> None:
        self._lead, self._rest = lead, _SHORT_RESTS.get(_letters_of_script(lead))

    def find(self, subject: Text, start: int, end: int, most: int) -> list[Place]:
        text, lead, rest = subject.text, self._lead, self._rest
        found: list[Place] = []
        at = text.find(lead, start, end)
        while at >= 0 and len(found) < most:
            if at == 0 or text[at - 1] in _BREAKS or is_boundary(text, at):
                after = at + len(lead)
                plain = rest.match(text, after) if rest else None
                stop = plain.end() if plain else after
                if text[stop : stop + 1] not in _BREAKS:  # as nearly every word ends
                    stop = _end_of_beginning(text, after)
                if stop >= 0:
                    found.append(_place(Place, (at, stop, "phrase")))
                    at = text.find(lead, stop, end)
                    continue
            at = text.find(lead, _after_word(text, at), end)
        return found


def _end_of_beginning(text: str, at: int) -> int:
    """Where the word ends that goes on at `at`, as far as a star reaches; -1 where it reaches less far."""
    tail = _TAIL.match(text, at)
    stop = tail.end() if tail else at
    if other := _UNSPACED.search(text, at, stop):
        stop = other.start()
    return stop if _can_end(text, stop) else -1


def _after_word(text: str, at: int) -> int:
    """Where the word ends that `text[at]` belongs to: before that, no other begins."""
    rest = _REST_OF_WORD.match(text, at)
    return rest.end() if rest else at + 1


MOST_TRIED = 10_000
"""Places of a text that are held against one term, beyond which it is taken not to be there: more only a machine
writes."""


def _in_a_row(words: Words) -> Finder:
    pattern, lead = _pattern(words)
    star = words.words[0].folded.startswith("*")
    after_star = next(filter(None, re.split(r"[*?]", words.words[0].folded)))
    anchor, as_asked = words.anchor, _asked(words)
    open_ended = not pattern.groupindex.keys().isdisjoint({"lead", "tail"})

    def find(subject: Text, start: int, end: int, most: int) -> list[Place]:
        text = subject.text
        places: list[Place] = []
        if text.find(anchor, start, end) < 0:
            return places
        at = start
        for _ in range(MOST_TRIED):
            if lead:  # what each of them begins with: finding that is far faster than matching
                at = text.find(lead, at, end)
                found = pattern.match(text, at, end) if at >= 0 else None
                after = at + 1
            elif star:  # not tried again at each letter of a word
                at = text.find(after_star, at, end)
                found = pattern.match(text, _begin_of_word(text, at, start), end) if at >= 0 else None
                after = _after_word(text, at)
            else:
                found = pattern.search(text, at, end)
                at = found.start() if found else -1
                after = at + 1
            if at < 0:
                break
            at = after
            if found is None:
                continue
            begin, stop = _within_script(found, text) if open_ended else found.span()
            if _is_whole(text, begin, stop) and not (words.hashtag and text[stop : stop + 1] == "_"):
                rule = as_asked(found, begin, stop, subject)
                if rule is not None:
                    places.append(_place(Place, (begin, stop, rule)))
                    if len(places) >= most:
                        break
                    at = stop
        return places

    return find


def _begin_of_word(text: str, at: int, start: int) -> int:
    """Where the letters before `at` begin, as far as a star reaches."""
    furthest = max(start, at - _LONGEST_STAR - 1)
    while at > furthest and text[at - 1].isalnum() and not is_unspaced(text[at - 1]):
        at -= 1
    return at


_BREAKS = frozenset(" \n.,:;!?()[]\"'«»“”„/-")


def _can_begin(text: str, at: int) -> bool:
    """Whether a word can begin at `at`."""
    return at == 0 or text[at - 1] in _BREAKS or is_boundary(text, at)


def _can_end(text: str, at: int) -> bool:
    """Whether a word can end before `at`."""
    return at == len(text) or text[at] in _BREAKS or is_boundary(text, at)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a word can begin at `start` and end at `end`."""
    return _can_begin(text, start) and _can_end(text, end)


# The letters that go on a word of each script, as folding leaves them.
_LATIN, _CYRILLIC, _GREEK = "0-9a-z\u00df-\u024f", "0-9\u0430-\u052f", "0-9\u03ac-\u03ff\u1f00-\u1fff"
_ARABIC = "0-9\u0620-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff"
_RESTS = {letters: re.compile(f"[{letters}]+") for letters in (_LATIN, _CYRILLIC, _GREEK)}
_SHORT_RESTS = {letters: re.compile(f"[{letters}]{{0,{_LONGEST_STAR}}}") for letters in (_LATIN, _CYRILLIC, _GREEK)}


def _letters_of(word: Word) -> str:
    return _letters_of_script(word.folded)


def _letters_of_script(word: str) -> str:
    first = word[0]
    if first < "\u0250":
        return _LATIN
    if "\u0600" <= first <= "\u06ff":
        return _ARABIC
    return _CYRILLIC if "\u0400" <= first <= "\u052f" else _GREEK


def _rest_of(word: Word) -> re.Pattern[str] | None:
    """What goes on a word after its anchor; None in Arabic, where forms differ at the beginning too."""
    return _RESTS.get(_letters_of(word))


def _asked(words: Words) -> Callable[[re.Match[str], int, int, Text], str | None]:
    """What tells by which rule each word is there as the query wants it; None where one is not."""
    forms = [(f"w{at}", word.folded) for at, word in enumerate(words.words) if word.how is How.FORM]
    exact = any(word.how in {How.EXACT, How.CAPITALS} for word in words.words)

    def rule(found: re.Match[str], begin: int, stop: int, subject: Text) -> str | None:
        if exact:
            original = subject.original(Place(begin, stop, "phrase"))
            spelt = [original[start:end] for start, end in words_of(original)]
            if len(spelt) != len(words.words):
                return None
            if not all(_is_written(word, as_written) for word, as_written in zip(words.words, spelt, strict=True)):
                return None
        told = "phrase"
        for group, wanted in forms:
            there = found[group]
            if there != wanted:
                if not is_form(wanted, there, subject.post.language):
                    return None
                told = "form"
        return told

    return rule


def _is_written(word: Word, as_written: str) -> bool:
    if word.how is How.EXACT:
        return as_written == word.written
    if word.how is not How.CAPITALS:
        return True
    bare = as_written.removesuffix("s") if len(as_written) > len(word.folded) else as_written
    # Some papers write Nato and Unesco; a short acronym so written would be an ordinary word ("Who said").
    return bare.isupper() or (len(bare) > 3 and bare[0].isupper())


def _within_script(found: re.Match[str], text: str) -> tuple[int, int]:
    """The span of a match, without what an outer star took of a neighbouring script that has no spaces."""
    start, end = found.span()
    groups = found.re.groupindex
    if "lead" in groups:
        for at in range(*found.span("lead")):
            if is_unspaced(text[at]):
                start = at + 1
    if "tail" in groups:
        for at in range(*found.span("tail")):
            if is_unspaced(text[at]):
                return start, at
    return start, end


@lru_cache(maxsize=1 << 16)
def _pattern(term: Words) -> tuple[re.Pattern[str], str]:
    """What fits the words, and what every place that fits begins with, "" where that varies."""
    words = term.words
    # A star at either end of the whole is a group of its own: it would run on into Chinese, to the next full stop.
    outer = f"{_LETTER}{{0,{_LONGEST_STAR}}}"
    folded = [word.folded for word in words]
    pieces = ["#" if term.hashtag else ""]
    if folded[0].startswith("*"):
        pieces.append(f"(?P<lead>{outer})")
    for number, word in enumerate(words):
        if number:
            glued = is_unspaced(folded[number - 1][-1]) or is_unspaced(folded[number][:1])
            pieces.append(f"{_BETWEEN_WORDS}{{{0 if glued else 1},{_WIDEST_GAP}}}")
        bare = word.folded
        bare = bare.lstrip("*") if number == 0 else bare
        bare = bare.rstrip("*") if number == len(words) - 1 else bare
        pieces.append(_word_pattern(word, bare, number))
    if folded[-1].endswith("*"):
        pieces.append(f"(?P<tail>{outer}+)")
    return re.compile("".join(pieces)), ("#" if term.hashtag else "") + _beginning(words[0])


def _beginning(word: Word) -> str:
    if word.how is How.FORM:
        return word.anchor if _letters_of(word) != _ARABIC else ""
    return re.split(r"[*?]", word.folded)[0]


def _word_pattern(word: Word, bare: str, number: int) -> str:
    if word.how is How.FORM:
        letters = _letters_of(word)
        before = f"[{letters}]{{0,4}}" if letters == _ARABIC else ""
        return f"(?P<w{number}>{before}{re.escape(word.anchor)}[{letters}]*+)"
    if word.how is How.CAPITALS:
        return re.escape(bare) + "s?+"
    return _wild_pattern(bare)


def _wild_pattern(word: str) -> str:
    """A word with wildcards. Between two stars the first place that fits is as good as any later one, so nothing but
    the last piece is ever tried again: the pieces before it are atomic groups."""
    first, *others = [
        "".join(_LETTER if character == "?" else re.escape(character) for character in piece)
        for piece in word.split("*")
    ]
    if not others:
        return first
    *inner, last = others
    some = f"{_LETTER}{{0,{_LONGEST_STAR}}}"
    return first + "".join(f"(?>{some}?{piece})" for piece in inner if piece) + some + last


def word_starts(text: str) -> list[int]:
    """Where each word begins; in scripts without spaces each character counts as one."""
    return [found.start() for found in _WORD_START.finditer(text)]


def sentence_ends(text: str) -> list[int]:
    """Where each sentence ends: after its punctuation, but not after "Mr." or an initial; with its paragraph."""
    ends = []
    for found in _SENTENCE_END.finditer(text):
        if found[0] == ".":
            before = _LAST_WORD.search(text, max(0, found.start() - 12), found.start())
            if before and (len(before[0]) == 1 or before[0] in _ABBREVIATED):
                continue
        ends.append(found.end())
    return ends


def holds_unspaced(run: str) -> bool:
    """Whether anything in a run of letters is written without spaces."""
    return not run.isascii() and _UNSPACED.search(run) is not None


def words_in(text: str) -> set[str]:
    """The different words of a text, as runs of letters: where words are not set apart a run is what lies between two
    marks of punctuation."""
    return set(_RUN.findall(text.replace("_", " ")))


def is_one_run(word: str) -> bool:
    """Whether `words_in` never takes a word apart."""
    return "_" not in word and _RUN.fullmatch(word) is not None


def fits(wanted: str, value: str) -> bool:
    """Glob matching that never goes back further than the last star."""
    at = begin = 0
    star = -1
    while at < len(value):
        if begin < len(wanted) and wanted[begin] in (value[at], "?"):
            at, begin = at + 1, begin + 1
        elif begin < len(wanted) and wanted[begin] == "*":
            star, mark, begin = begin, at, begin + 1
        elif star >= 0:
            mark += 1
            at, begin = mark, star + 1
        else:
            return False
    return not wanted[begin:].strip("*")
