"""Text as the tagger and the watches see it: folded, so that what readers take for the same word is the same string,
and mapped back, so that evidence always names the very characters of the original.

Folding evens out Unicode compatibility forms (NFKC) and case; drops accents and vowel signs in Latin, Greek, Cyrillic,
Arabic and Hebrew, where ё becomes е but й and ї stay, being letters of their own; makes the Arabic alefs, teh marbuta
and alef maqsura the plain letters that people type, digits ASCII, anything used as an apostrophe or a dash "'" or "-",
and white space one space. Blank lines stay line feeds, so that nothing is matched across paragraphs.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from monitor.core.model import Evidence, Field, Post

# Left as they are but for case; every other character is looked up, together with the white space that follows it.
_PLAIN = " -~А-Яа-я一-鿿가-힣ءابت-غف-وي"
_ODD = re.compile(rf"[^{_PLAIN}]\s*")
_ODD_OR_SPACES = re.compile(rf"\s\s+|[^{_PLAIN}]\s*")
_LOOSE_SPACES = re.compile(r" \s")

# Signs that only help to pronounce. The marks of other scripts (Indic vowels) are the word itself and stay.
_SILENT_RANGES = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
)
_SILENT = re.compile(f"[{_SILENT_RANGES}]")
_WITH_MARKS = re.compile(f"(?s).[{_SILENT_RANGES}]+")
_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)

_FOLDED_ALONE = {
    **dict.fromkeys("‘’ʼʻ`´′＇", "'"),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys("أإآٱ", "ا"),
    **{"ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ؤ": "و", "ئ": "ي"},
    **{"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ı": "i", "ħ": "h", "Ħ": "h"},
    **{"ё": "е", "Ё": "е", "…": "…"},
}

# Scripts written without spaces between words, where a name is found inside a run of characters.
_UNSPACED_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")

_SENTENCE_END = re.compile(r"(?<![^\w](?=\w)\w)[.!?…؟]+[»”\"')\]]*(?=\s)|[。！？\n]")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text with the way back."""

    text: str
    starts: array[int] | None = None  # for each folded character where its original begins; None: the same offsets
    ends: array[int] | None = None  # and where its original ends

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets of the folded characters from `start` to before `end`; at least one character."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Fold a text for comparing. Folding what is folded changes nothing."""
    if unicodedata.is_normalized("NFC", text):
        return _fold_composed(text)
    composed, starts, ends = _composed(text)
    folded = _fold_composed(composed)
    if folded.starts is None or folded.ends is None:
        return Folded(folded.text, starts, ends)
    return Folded(
        folded.text,
        array("l", [starts[start] for start in folded.starts]),
        array("l", [ends[end - 1] for end in folded.ends]),
    )


def _fold_composed(text: str) -> Folded:
    odd = _ODD_OR_SPACES if _LOOSE_SPACES.search(text) else _ODD
    pieces: list[str] = []
    moved = False
    last = 0
    for match in odd.finditer(text):
        found = match[0]
        folded = _fold_odd(found)
        moved = moved or len(folded) != len(found)
        start, end = match.span()
        pieces.append(text[last:start])
        pieces.append(folded)
        last = end
    pieces.append(text[last:])
    whole = "".join(pieces).lower()
    return Folded(whole, *_way_back(text, odd)) if moved else Folded(whole)


def _way_back(text: str, odd: re.Pattern[str]) -> tuple[array[int], array[int]]:
    """For each folded character, where its original begins and ends."""
    starts, ends = array("l"), array("l")

    def same(start: int, end: int) -> None:
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    last = 0
    for match in odd.finditer(text):
        found = match[0]
        if len(_fold_odd(found)) == len(found):
            continue
        same(last, match.start())
        last = match.start()
        # A character and the white space after it fold apart from each other; white space alone folds as one.
        for part in (found,) if found[0].isspace() else (found[0], found[1:]):
            folded = _fold_odd(part) if part else ""
            if len(folded) == len(part):
                same(last, last + len(part))
            elif folded:
                starts.extend([last] * len(folded))
                ends.extend([last + len(part)] * len(folded))
            elif ends and _SILENT.match(part):
                ends[-1] = last + len(part)  # a dropped accent belongs to the letter before it
            last += len(part)
    same(last, len(text))
    return starts, ends


@lru_cache(maxsize=1 << 16)
def _fold_odd(found: str) -> str:
    """Fold one character and the white space after it, or white space alone."""
    if found[0].isspace():
        return BREAK * len(found) if found.count("\n") > 1 else " "
    return _fold_character(found[0]) + (_fold_odd(found[1:]) if len(found) > 1 else "")


BREAK = "\n"
"""What the white space between two paragraphs folds to, once for each of its characters."""


def _fold_character(character: str) -> str:
    if character in _FOLDED_ALONE:
        return _FOLDED_ALONE[character]
    if character in _INVISIBLE or _SILENT.match(character):
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    cased = unicodedata.normalize("NFKC", character).casefold()
    if "\u0400" <= character <= "\u052f" and cased not in "ѐѝ":
        return cased  # й, ї, ў, ґ are letters, not accented ones
    bare = _SILENT.sub("", unicodedata.normalize("NFD", cased))
    kept = "".join(_FOLDED_ALONE.get(part, part) for part in unicodedata.normalize("NFC", bare))
    return kept.lower() if not any(part.isspace() for part in kept) else kept.strip().lower()


def _composed(text: str) -> tuple[str, array[int], array[int]]:
    """Letters written as a base and combining marks made one character each, with the way back."""
    pieces: list[str] = []
    starts, ends = array("l"), array("l")
    last = 0
    for match in _WITH_MARKS.finditer(text):
        composed = unicodedata.normalize("NFC", match[0])
        pieces += (text[last : match.start()], composed)
        starts.extend([*range(last, match.start()), *([match.start()] * len(composed))])
        ends.extend([*range(last + 1, match.start() + 1), *([match.end()] * len(composed))])
        last = match.end()
    pieces.append(text[last:])
    starts.extend(range(last, len(text)))
    ends.extend(range(last + 1, len(text) + 1))
    return "".join(pieces), starts, ends


def is_word_character(character: str) -> bool:
    """Whether a character is part of words: letters, digits and the marks that go with letters; not the underscore."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words, or (Korean) with particles glued on."""
    return _UNSPACED.match(character) is not None


def is_boundary(text: str, at: int) -> bool:
    """Whether a word can begin or end before `text[at]`."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if not (is_word_character(before) and is_word_character(after)):
        return True
    return is_unspaced(before) or is_unspaced(after)


def find_word(text: str, word: str, start: int = 0, end: int | None = None) -> int:
    """Offset of the first place between `start` and `end` where folded `text` holds `word` as a whole word, or -1."""
    stop = len(text) if end is None else end
    while True:
        at = text.find(word, start, stop)
        if at < 0 or (is_boundary(text, at) and is_boundary(text, at + len(word))):
            return at
        start = at + 1


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Offsets of the sentence that holds `text[start:end]`, found by its punctuation; a paragraph always ends one."""
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        if match.end() <= start:
            begin = match.end()
        elif match.start() >= end:
            return begin, match.end()
    return begin, len(text)


@dataclass(frozen=True, slots=True)
class Page:
    """What is written in a post, folded in one go: title, text and hashtags; no match reaches from one to another."""

    original: str
    folded: Folded
    text_at: int  # where the text begins in `original`
    hashtags_at: int  # where the hashtags begin in `original`

    def field_at(self, offset: int) -> Field:
        """The part of the post that an offset into `original` lies in."""
        return (Field.TITLE, Field.TEXT, Field.HASHTAG)[bisect_right((self.text_at, self.hashtags_at), offset)]

    def evidence(self, start: int, end: int, rule: str) -> Evidence:
        """The original words behind the folded characters from `start` to before `end`."""
        return self.evidence_at(*self.folded.span(start, end), rule)

    def evidence_at(self, start: int, end: int, rule: str) -> Evidence:
        """The words from `start` to before `end` of the original, by the field that holds them."""
        field = self.field_at(start)
        base = {Field.TITLE: 0, Field.TEXT: self.text_at, Field.HASHTAG: self.hashtags_at}[field]
        return Evidence(field=field, offset=start - base, words=self.original[start:end], rule=rule)


_BETWEEN_FIELDS = "\n\n"


def page_of(post: Post) -> Page:
    """Fold a post, for the tagger and the watches."""
    return _page(post.title, post.text, post.hashtags)


@lru_cache(maxsize=2)  # the watches look at the post that was just tagged
def _page(title: str, text: str, hashtags: tuple[str, ...]) -> Page:
    original = _BETWEEN_FIELDS.join((title, text, hashtag_field(hashtags)))
    text_at = len(title) + len(_BETWEEN_FIELDS)
    return Page(original, fold(original), text_at, text_at + len(text) + len(_BETWEEN_FIELDS))


def hashtag_field(hashtags: tuple[str, ...]) -> str:
    """The string that evidence in `Field.HASHTAG` points into."""
    return " ".join(f"#{hashtag}" for hashtag in hashtags)


def words_of(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of each word of a text; a run of a script without spaces counts as one word."""
    start = None
    for at, character in enumerate(text):
        if not is_word_character(character):
            if start is not None:
                yield start, at
            start = None
        elif start is None:
            start = at
        elif is_unspaced(character) != is_unspaced(text[at - 1]):
            yield start, at
            start = at
    if start is not None:
        yield start, len(text)
