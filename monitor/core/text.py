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
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from monitor.core.model import Evidence, Field, Post

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

# The mark comes first, which is looked for fast; one letter before a full stop is an initial.
_SENTENCE_END = re.compile(r"[.!?…؟。！？\n](?:(?<=[。！？\n])|(?<![^\w](?=\w)\w[.!?…؟])[.!?…؟]*[»”\"')\]]*(?=\s))")


class Change(NamedTuple):
    """Characters that fold to more or fewer than they are: `text[begin:stop]` is folded to offsets `start` to `end`."""

    start: int
    end: int
    begin: int
    stop: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text with the way back."""

    text: str
    changes: tuple[Change, ...] = ()  # in order; everything between them is as long as it was
    composed: tuple[Change, ...] = ()  # those made before, when letters and their marks were put together

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets of the folded characters from `start` to before `end`; at least one character."""
        if self.changes:
            start, end = _back(self.changes, start, end)
        if self.composed:
            start, end = _back(self.composed, start, end)
        return start, end

    def place(self, begin: int, stop: int) -> tuple[int, int]:
        """Where the original's characters from `begin` to before `stop` stand in the folded text; the reverse of
        `span`."""
        for changes in (self.composed, self.changes):
            if changes:
                begin, stop = _forth(changes, begin), _forth(changes, stop)
        return begin, stop


def _forth(changes: tuple[Change, ...], at: int) -> int:
    last = bisect_right(changes, at, key=_BEGIN) - 1
    if last < 0:
        return at
    change = changes[last]
    return change.start if at < change.stop else change.end + at - change.stop


def _back(changes: tuple[Change, ...], start: int, end: int) -> tuple[int, int]:
    # Changes begin with their `start`, so that a shorter value sorts before those that begin with the same.
    first = bisect_left(changes, (start + 1,)) - 1
    last = bisect_left(changes, (end,), max(first, 0)) - 1
    if first >= 0:
        change = changes[first]
        start = change.begin if start < change.end else change.stop + start - change.end
    if last >= 0:
        change = changes[last]
        end = change.stop if end <= change.end else change.stop + end - change.end
    return start, end


_BEGIN = itemgetter(2)


def fold(text: str) -> Folded:
    """Fold a text for comparing. Folding what is folded changes nothing."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return _fold_composed(text, ())
    return _fold_composed(*_composed(text))


def _fold_composed(text: str, composed: tuple[Change, ...]) -> Folded:
    if not text.isascii():
        for written, plain in _ALIKE:
            text = text.replace(written, plain)
    odd = _ODD_OR_SPACES if _LOOSE_SPACES.search(text) else _ODD
    pieces: list[str] = []
    changes: list[Change] = []
    last = 0
    moved = 0  # how far the folded text is behind, or ahead
    for match in odd.finditer(text):
        found = match[0]
        if found == "\n\n":  # the commonest of all, which folds to itself
            continue
        folded = _fold_odd(found)
        start, end = match.span()
        pieces.append(text[last:start])
        pieces.append(folded)
        last = end
        if len(folded) != len(found):
            moved = _note_changes(changes, found, start, moved)
    if not pieces:
        return Folded(text.lower(), (), composed)
    pieces.append(text[last:])
    return Folded("".join(pieces).lower(), tuple(changes), composed)


def _note_changes(changes: list[Change], found: str, at: int, moved: int) -> int:
    """List what changes in length where `found`, at `at`, is folded; how far the folded text has moved after it."""
    # A character and the white space after it fold apart from each other; white space alone folds as one.
    for part in (found,) if found[0].isspace() else (found[0], found[1:]):
        folded = _fold_odd(part) if part else ""
        length, stop = len(folded), at + len(part)
        start = at + moved
        if length != len(part):
            if not folded and start and _SILENT.match(part):
                # A dropped accent belongs to the letter before it.
                before = changes.pop() if changes and changes[-1].end == start else None
                changes.append(before._replace(stop=stop) if before else Change(start - 1, start, at - 1, stop))
            else:
                changes.append(Change(start, start + length, at, stop))
            moved += length - len(part)
        at = stop
    return moved


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


# Left as they are but for case; every other character is looked up, together with the white space that follows it.
_SAME = "«»“”„،؟؛。、《》「」…•·£€°¿¡▪"
_PLAIN = f" -~А-Яа-я一-鿿가-힣ءابت-غف-وي{_SAME}☀-➿⬀-⯿\ufe0f\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
_ODD = re.compile(rf"[^{_PLAIN}]\s*")
_ODD_OR_SPACES = re.compile(rf"\s\s+|[^{_PLAIN}]\s*")
_LOOSE_SPACES = re.compile(r" \s")

# The commonest of the others, each of which folds to one character: replacing these takes a tenth of looking them up.
_ALIKE = tuple(
    (character, " " if character.isspace() else _fold_character(character))
    for character in "أإآةىئؤёéèêëàâáçîïíôóöùûúüñãõÉÈÀÓÍÁÚÑÖÜ’‘—–\u00a0\u202f，（）：；！？"
)


def _composed(text: str) -> tuple[str, tuple[Change, ...]]:
    """Letters written as a base and combining marks made one character each, with the way back."""
    pieces: list[str] = []
    changes: list[Change] = []
    last = moved = 0
    for match in _WITH_MARKS.finditer(text):
        composed = unicodedata.normalize("NFC", match[0])
        start, end = match.span()
        pieces += (text[last:start], composed)
        last = end
        if len(composed) != end - start:
            changes.append(Change(start + moved, start + moved + len(composed), start, end))
            moved += len(composed) - (end - start)
    pieces.append(text[last:])
    return "".join(pieces), tuple(changes)


def is_word_character(character: str) -> bool:
    """Whether a character is part of words: letters, digits and the marks that go with letters; not the underscore."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


class _WordKinds(dict[str, int]):
    """For each character 0 where it is no part of words, 1 where it is, 2 where it needs no space beside it."""

    def __missing__(self, character: str) -> int:
        kind = 0 if not is_word_character(character) else 2 if is_unspaced(character) else 1
        if character <= "\uffff":  # the rest, too many to remember, is rare
            self[character] = kind
        return kind


word_kinds = _WordKinds()


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words, or (Korean) with particles glued on."""
    return _UNSPACED.match(character) is not None


def without_unspaced(text: str) -> str | None:
    """A text with a space for each character of such scripts; None where it holds none."""
    if text.isascii() or _UNSPACED.search(text) is None:
        return None
    return _UNSPACED.sub(" ", text)


def is_boundary(text: str, at: int) -> bool:
    """Whether a word can begin or end before `text[at]`."""
    if at <= 0 or at >= len(text):
        return True
    return word_kinds[text[at - 1]] != 1 or word_kinds[text[at]] != 1


def find_word(text: str, word: str, start: int = 0, end: int | None = None) -> int:
    """Offset of the first place between `start` and `end` where folded `text` holds `word` as a whole word, or -1."""
    stop = len(text) if end is None else end
    while True:
        at = text.find(word, start, stop)
        if at < 0 or (is_boundary(text, at) and is_boundary(text, at + len(word))):
            return at
        start = at + 1


def sentence_ends(text: str) -> list[int]:
    """Where each sentence of a text ends, found by its punctuation; a paragraph always ends one."""
    return [match.end() for match in _SENTENCE_END.finditer(text)]


def sentence_around(ends: Sequence[int], length: int, start: int, end: int) -> tuple[int, int]:
    """Offsets of the sentence that holds the characters from `start` to before `end`, in a text of such a length and
    with such `sentence_ends`."""
    before, after = bisect_right(ends, start), bisect_right(ends, end)
    return ends[before - 1] if before else 0, ends[after] if after < len(ends) else length


@dataclass(frozen=True, slots=True)
class Page:
    """What is written in a post, folded in one go: title, text and hashtags; no match reaches from one to another."""

    original: str
    folded: Folded
    text_at: int  # where the text begins in `original`
    hashtags_at: int  # where the hashtags begin in `original`

    def field_at(self, offset: int) -> Field:
        """The part of the post that an offset into `original` lies in."""
        if offset < self.text_at:
            return Field.TITLE
        return Field.TEXT if offset < self.hashtags_at else Field.HASHTAG

    def evidence(self, start: int, end: int, rule: str) -> Evidence:
        """The original words behind the folded characters from `start` to before `end`."""
        start, end = self.folded.span(start, end)
        if start < self.text_at:
            field, base = Field.TITLE, 0
        elif start < self.hashtags_at:
            field, base = Field.TEXT, self.text_at
        else:
            field, base = Field.HASHTAG, self.hashtags_at
        return evidence_of(field, start - base, self.original[start:end], rule)


# A frozen value is slow to make: its slots are filled one by one through object.__setattr__. Of evidence so much is
# made that its slots are filled directly.
_bare = object.__new__
_put_field, _put_offset, _put_words, _put_rule = (Evidence.__dict__[each.name].__set__ for each in fields(Evidence))


def evidence_of(field: Field, offset: int, words: str, rule: str) -> Evidence:
    """`Evidence(field=field, offset=offset, words=words, rule=rule)`, in a third of the time."""
    made = _bare(Evidence)
    _put_field(made, field)
    _put_offset(made, offset)
    _put_words(made, words)
    _put_rule(made, rule)
    return made


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
