"""The words of a text as far as they tell it from other texts.

Whoever passes a text on puts a header above it, a call to subscribe below, cuts it and ends with "Read in full", adds
emoji and hashtags, or leaves markup in it. What is left here is what the text itself says: folded words in order. From
them come the shingles (overlapping runs of words) by which two texts are compared, and a few keys by which a database
finds the texts worth comparing.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from zlib import crc32

SHINGLE = 3
"""Words in a shingle; one changed word changes three of them."""

CHARACTERS_A_WORD = 1.6
"""Of Chinese, Japanese and Thai, which are written without spaces and taken character by character."""

MIN_WORDS = 12
"""A text shorter than this is too common to be known by part of its words ("Good morning, dear subscribers!")."""

KEYS = 8
"""Keys that stand for a whole text: of two texts that share half their shingles 99 in 100 share one of these."""

OPENING_WORDS = 8
"""Words by whose being the same a few words that break off are known to be the beginning of a text."""

KEY_WORDS = 5
"""Words in a run that makes a key: longer than a shingle, because phrases of office language have three words."""

FEWEST_IN_LINE, MOST_IN_LINE = 3, 30
"""Words of a line that a source may repeat in each of its posts."""

DATELINE = 7
"""Words at most of a dateline: those before the first that both texts have, a number among them."""

LEAD_WORDS = 36
LEAD_KEYS = 3
"""Keys that stand for how a text begins: a teaser shares these with the text it was cut from."""

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|\d+(?:[.,:]\d+)*|[^\W{_UNSPACED}]+(?:['’][^\W\d_]+)*")
_AFTER_A_WORD = re.compile(r"(?<=[^\W\d_][\s,(«\"“-])[^\W\d_][\w'’-]*")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'«»“”]+|(?:https?:/?/?|\bhttps?)[^\s\w]*…?$", re.IGNORECASE)
_ADDRESSED = re.compile(r"://|www\.|http|@")
_MENTION = re.compile(r"(?<![\w.])@\w+(?:[:：](?=\s|$))?")
_BLOCK = re.compile(r"</?(?:p|div|br|li|ul|ol|h\d|tr|table|blockquote)\b[^<>]*>", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-zA-Z!][^<>]*>")
_HASHTAGS = re.compile(r"(?:[#＃]\w+[\s,|•·]*)+")
_FORWARDED = re.compile(
    r"(?:forwarded\s+(?:from|message)|пересла\w+\s+(?:из|от)|пересланн\w+\s+сообщени\w+|repost(?:ed)?\s+from|source\s*:|"
    r"reenviado\s+de(?:sde)?|transf[eé]r[eé]\s+d[eu]|weitergeleitet\s+(?:von|aus)|inoltrato\s+da|encaminhado\s+de|"
    r"转发自|轉發自|轉自|转自|معاد\s+توجيه\w*\s+من|من\s*:|from\s*:|via\b|из\s*:|de\s*:|von\s*:|来自|來自|rt\b)",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"^[\s\"“«']*(?:[^.!?\n()/]{0,60}\([^()\n]{2,40}\)\s*(?:[—–-]+|:)\.?\s|[^.!?\n()/]{2,60}/[^/\n]{2,40}/[\s:.—–-]|"
    r"\([^()\n]{2,40}\)\s*[—–-]\s|[^\s。，]{2,16}月\d{1,2}日电\s?)"
)
_LABELLED = re.compile(r"^[\s\"“«']*[#＃]\w+\s*[-–—:|]\s+")
_RETWEETED = re.compile(r"^[\s\"“«']*(?:rt\s+@?\w+\s*:?\s+)+", re.IGNORECASE)
_TRAILING_TAGS = re.compile(r"(?:[\s|•·,-]*[#＃@][\w.…]+)+[\s|.…\"”»-]*$")
_TAGS_IN_A_ROW = re.compile(r"(?:[#＃]\w+\s+){2,}")
_PUBLISHER = re.compile(r"(?<=\w[\w?!.])\s+[-|]\s+[A-Z]\w+(?:\s[A-Z]\w+)?\s*$")
_GROUPED = re.compile(r"[ \u00a0\u202f](?<=\d.)(?=\d{3}(?!\d))")
_CREDITED = re.compile(r"[\s|,–—-]+via\s*$|[\s|]+via\s+@\w+.{0,40}$", re.IGNORECASE)
_CALL = re.compile(
    r"\b(?:read|continue|see|learn|find\s+out|full|more|watch|subscribe|join|follow|sign\s+up|click|"
    r"чита\w+|подробн\w+|подпис\w+|полн\w+|далее|смотр\w+|присоедин\w+|продолжен\w+|"
    r"leer|lea|m[aá]s|suscr[ií]\w+|s[ií]gu\w+|[uú]nete|texto|ver|lire|suite|savoir|plus|abonne\w+|suivez|rejoign\w+|texte|"
    r"lesen|mehr|weiter\w*|abonnier\w+|folgen|leggi|continua|iscriv\w+|ler|leia|inscrev\w+|assine)\b|"
    r"阅读|閱讀|全文|更多|关注|關注|订阅|訂閱|详情|詳情|اقرأ|المزيد|اشترك|تابع\w*|انضم\w*|للمزيد|النص\s+الكامل|التفاصيل",
    re.IGNORECASE,
)
_POINTER = re.compile(r"[👉➡▶→⬇👇🔗]")
_CUT = re.compile(r"\[?(?:…|\.{3,})\]?[\s»\"”')\]]*$")
_CUT_AND_CALLED = re.compile(r"(?:…|\.{3,})\]?\s+(?P<call>[^.…\n]{2,48})$")
_LONGEST_CALL = 7  # words
_LONGEST_HEADER = 8
_LONGEST_CLOSING = 60  # characters
_PLAIN_WORD = re.compile("[A-Za-zА-Яа-я]")
_TAIL = 240  # characters of a last line in which a call stands
# Marks over letters (accents, vowel signs of Arabic), its lengthening stroke, and characters that are not seen.
_DROPPED = re.compile(
    "[\u0300-\u036f\u064b-\u0655\u0640\u0670\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff\u00ad]+"
)


@dataclass(frozen=True)
class Wording:
    """What a text says. `words` are folded; `capitals` are the places of those written with a capital."""

    words: tuple[str, ...]
    size: int  # words, of unspaced scripts as many as their characters make
    unspaced: bool = False
    cut: bool = False  # ends in an ellipsis: the rest is elsewhere
    body: str = ""  # what the words were taken from

    @property
    def is_short(self) -> bool:
        return self.size < MIN_WORDS

    @cached_property
    def capitals(self) -> frozenset[str]:
        """Those of the words that are written with a capital after another word: names, mostly."""
        found = [word for word in _AFTER_A_WORD.findall(self.body) if word[0].isupper()]
        return frozenset(_words(" ".join(found)))

    @cached_property
    def key(self) -> bytes:
        """8 bytes that stand for these words in this order."""
        return blake2b(" ".join(self.words).encode("utf-8", "replace"), digest_size=8).digest()

    @cached_property
    def keys(self) -> tuple[int, ...]:
        """32-bit numbers under which a database finds the texts that are worth comparing with this one."""
        return _keys(self)

    @cached_property
    def shingles(self) -> list[int]:
        """A number for each run of words by which two texts are compared; number `i` begins at word `i`."""
        return self.runs(shingle_length(self.unspaced))

    @cached_property
    def runs_said(self) -> frozenset[int]:
        """The different ones of the shingles."""
        return frozenset(self.shingles)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Those of the words that are numbers."""
        return frozenset(word for word in self.words if word[0].isdigit())

    def runs(self, length: int) -> list[int]:
        """A number for each run of `length` words, in order; one for all of them where they are fewer."""
        text = " ".join(self.words).encode("utf-8", "replace")
        if len(self.words) <= length:
            return [crc32(text)] if text else []
        words = text.split(b" ")
        return list(map(crc32, map(b" ".join, zip(*(words[start:] for start in range(length)), strict=False))))


def shingle_length(unspaced: bool) -> int:
    return 5 if unspaced else SHINGLE


def in_words(number: int, *, unspaced: bool) -> int:
    """So many words, counted as `Wording.words` are: character by character where a script has no spaces."""
    return round(number * CHARACTERS_A_WORD) if unspaced else number


def taken_apart(text: str) -> tuple[Wording, tuple[bytes, ...], tuple[bytes, ...]]:
    """A text's words, the `line_key` of each line where it has several, and its `edges`, all in one go."""
    lines = _lines(text)
    bare = _bare(lines)
    by_line = [_words(line) for line in bare] if len(bare) > 1 else []
    line_keys = tuple(map(_line_key, by_line))
    found = _wording(lines, bare, _words_of(bare, by_line))
    return found, line_keys, _edges(bare, line_keys) if "\n" in text else ()


def wording(text: str, *, without: Collection[bytes] = ()) -> Wording:
    """The words of `text`, without those lines of it whose `line_key` is in `without`."""
    lines = _lines(text)
    bare = _bare(lines)
    if len(bare) < 2 or not without:
        return _wording(lines, bare, _words("\n".join(bare)))
    kept = [(line, words) for line in bare if _line_key(words := _words(line)) not in without]
    if kept:
        bare = [line for line, _ in kept]
        return _wording(lines, bare, _words_of(bare, [words for _, words in kept]))
    return _wording(lines, bare, _words("\n".join(bare)))


def _words_of(lines: Sequence[str], by_line: Sequence[list[str]]) -> list[str]:
    """The words of lines; `by_line` are those of each where they are known."""
    text = "\n".join(lines)
    # What looks for addresses looks beyond the line; without any the words are those of the lines.
    return list(chain(*by_line)) if by_line and not _ADDRESSED.search(text) else _words(text)


def _wording(lines: Sequence[str], bare: Sequence[str], words: list[str]) -> Wording:
    body = "\n".join(bare)
    cut = (bool(lines) and bool(_CUT.search(lines[-1][-_TAIL:]))) or bool(_CUT.search(body[-_TAIL:]))
    # Such characters are words of their own, and none of them is ASCII.
    unspaced = 0 if body.isascii() else sum(1 for word in words if len(word) == 1 and _IS_UNSPACED.match(word))
    mostly = unspaced * 2 > len(words)
    if cut and len(words) > MIN_WORDS:
        words = words[:-1]  # the last may be half a word
    return Wording(
        words=tuple(words),
        size=len(words) - unspaced + round(unspaced / CHARACTERS_A_WORD),
        unspaced=mostly,
        cut=cut,
        body=body,
    )


def edges(text: str) -> tuple[bytes, ...]:
    """The `line_key` of the first and the last two lines of a text, where they may be what its source always says."""
    lines = _bare(_lines(text)) if "\n" in text else []
    return _edges(lines, tuple(map(line_key, lines)))


def _edges(lines: Sequence[str], keys: Sequence[bytes]) -> tuple[bytes, ...]:
    if len(lines) < 2:
        return ()
    ends = (0, *range(max(1, len(lines) - 2), len(lines)))
    return tuple({keys[at] for at in ends if _size(lines[at]) >= FEWEST_IN_LINE})


def _size(line: str) -> int:
    size = len(line.split())
    return size if size <= MOST_IN_LINE and len(line) <= 10 * MOST_IN_LINE else 0


def line_key(line: str) -> bytes:
    """8 bytes that stand for the words of one line."""
    return _line_key(_words(line))


def _line_key(words: Sequence[str]) -> bytes:
    return blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=8).digest()


def _lines(text: str) -> list[str]:
    if "<" in text:
        text = _MARKUP.sub("", _BLOCK.sub("\n", text))
    if "&" in text:
        text = html.unescape(html.unescape(text))
    return [line for line in text.split("\n") if line and not line.isspace()]


def _words(text: str) -> list[str]:
    if "://" in text or "www." in text or "http" in text:
        text = _URL.sub(" ", text)
    if "@" in text:
        text = _MENTION.sub(" ", text)
    if not text.isascii():
        text = _DROPPED.sub("", unicodedata.normalize("NFKD", text)).replace("’", "'")
        text = text.replace("ة", "ه").replace("ى", "ي")  # written either way at the end of Arabic words
    return _WORD.findall(_GROUPED.sub("", text).casefold())


def _bare(lines: list[str]) -> list[str]:
    """Lines without what was put around the text by whoever passed it on."""
    while len(lines) > 1 and _is_header(lines[0]):
        lines = lines[1:]
    while len(lines) > 1 and _is_closing(lines[-1]):
        lines = lines[:-1]
    if lines:
        lines = [_DATELINE.sub("", line, count=1) for line in lines[:2]] + lines[2:]
        lines = [_LABELLED.sub("", _RETWEETED.sub("", lines[0])), *lines[1:]]
        lines[-1] = _without_call(lines[-1])
        lines = [_TAGS_IN_A_ROW.sub(" ", line) if "#" in line else line for line in lines]
        if len(lines) == 1 and len(lines[0]) < _TAIL:
            lines = [_PUBLISHER.sub("", lines[0])]
    return lines


def _is_header(line: str) -> bool:
    bare = line.strip("\"'“”«» \t\u00a0📢🔁↪➡️")
    if _FORWARDED.match(bare):
        return len(bare.split()) <= _LONGEST_HEADER
    if "#" not in bare and "＃" not in bare and not _ADDRESSED.search(bare) and _PLAIN_WORD.search(bare):
        return False
    return not _words(_HASHTAGS.sub(" ", bare))


def _is_closing(line: str) -> bool:
    """Whether a last line says nothing of its own: hashtags, an address, a call to subscribe or to read on."""
    if (
        len(line) > _LONGEST_CLOSING
        and _PLAIN_WORD.search(line)
        and not _ADDRESSED.search(line)
        and "#" not in line
        and "＃" not in line
    ):
        return False
    bare = _HASHTAGS.sub(" ", _MENTION.sub(" ", _URL.sub(" ", line)))
    few = len(bare.split()) <= _LONGEST_CALL and len(bare) <= _LONGEST_CLOSING
    if not any(character.isalnum() for character in bare):
        return True
    addressed = bool(_URL.search(line) or _MENTION.search(line) or _POINTER.search(line))
    return few and (addressed or bool(_CALL.search(bare)))


def _without_call(line: str) -> str:
    """A last line without the hashtags, addresses and calls behind its last sentence."""
    head, tail = line[:-_TAIL], line[-_TAIL:]
    bare = _CREDITED.sub("", _URL.sub(" ", tail).rstrip())
    if "#" in bare or "＃" in bare or "@" in bare:
        bare = _CREDITED.sub("", _TRAILING_TAGS.sub("", bare).rstrip())
    found = _CUT_AND_CALLED.search(bare)
    if found and len(found["call"].split()) <= _LONGEST_CALL and _CALL.search(found["call"]):
        bare = bare[: found.start("call")].rstrip()
    return head + bare if head or any(character.isalnum() for character in bare) else line


def _keys(of: Wording) -> tuple[int, ...]:
    """The smallest run of each of `KEYS` classes, which two texts have in common as often as they are alike; the
    smallest few of the beginning, which a text and its teaser have in common; and the very first words. Of a short text
    all its words, and the first where it breaks off.
    """
    first = in_words(OPENING_WORDS, unspaced=of.unspaced)
    opening = crc32(("begins " + " ".join(of.words[:first])).encode("utf-8", "replace"))
    if of.is_short:
        whole = int.from_bytes(of.key[:4], "big")
        return (whole, opening) if of.cut and len(of.words) >= first else (whole,)
    runs = of.runs(in_words(KEY_WORDS, unspaced=of.unspaced))
    mixed = [(number * 0x9E3779B1) & 0xFFFFFFFF for number in runs]
    smallest: dict[int, int] = {}
    for value in sorted(mixed):
        smallest.setdefault(value & (KEYS - 1), value)
        if len(smallest) == KEYS:
            break
    lead = sorted(mixed[: in_words(LEAD_WORDS, unspaced=of.unspaced)])[:LEAD_KEYS]
    return tuple({opening, *smallest.values(), *lead})
