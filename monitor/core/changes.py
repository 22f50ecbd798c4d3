"""What became of a post after it was published: which words came and went, and whether it was taken back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise

from monitor.core.model import Wording
from monitor.core.ownwords import wording

CONTEXT = 6  # words shown on each side of a change
MOST = 60  # changes of one edit that are kept one by one
OLDER = 3  # posts that a page must show behind a missing one: fewer may be pinned there
ORDERLY = 0.9  # share of neighbours in order of time by which a page is one in order of time
TOO_MANY = 0.05  # share of a page gone from its middle: it is put together by hand
NEW_WORDS = 30
NEW_SHARE = 0.3
_SENTENCE = re.compile(r"[^.!?…。！？\n]+(?:[.!?…。！？]+[»”\"')\]]*|\n|$)")
_LONG = 4_000  # words; from there on frequent words are not used to align

_TOKEN = re.compile(r"\S+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f]")
_COUNTED = re.compile(
    r"\b(?:comment|view|share|like|read|reply|replie|repost|reaction|retweet|vote|visit|download|minute|hour|second|"
    r"комментари|просмотр|лайк|репост|прочтени|минут|час|секунд|коммент|"
    r"comentario|vista|visita|lectura|commentaire|vue|partage|lecture|minuto|hora|heure|"
    r"kommentar|aufruf|تعليق|مشاهد|مشارك|دقيق|ساع)|[评评论浏览阅读点赞分享次]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[\d.,\s]+[kmкмwтыс万千]{0,3}\W*", re.IGNORECASE)


class Kind(StrEnum):
    """What can happen to a post."""

    ADDED = "phrase added"
    REMOVED = "phrase removed"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"  # it was withdrawn and is there again


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened: words that came or went between others, or all of it."""

    kind: Kind
    words: str = ""
    before: str = ""  # the words in front of it, which stayed
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A stored post of a page, and its place in time: the moment it was published, or the platform's own number."""

    id: int
    place: float


def difference(before: str, after: str) -> tuple[Wording, ...]:
    """Both texts as one row of pieces, word by word; joined by spaces those that were, or are, give each text."""
    was, now = _TOKEN.findall(before), _TOKEN.findall(after)
    pieces: list[Wording] = []
    for tag, a, b, c, d in _opcodes(was, now):
        if tag == "equal":
            pieces.append(Wording(words=" ".join(was[a:b]), was=True, now=True))
            continue
        if a < b:
            pieces.append(Wording(words=" ".join(was[a:b]), was=True, now=False))
        if c < d:
            pieces.append(Wording(words=" ".join(now[c:d]), was=False, now=True))
    return tuple(pieces)


def phrases(before: str, after: str) -> tuple[Change, ...]:
    """Each run of words that came or went, with the words around it; the first `MOST`."""
    pieces = difference(before, after)
    found = []
    for place, piece in enumerate(pieces):
        if (piece.was and piece.now) or not any(character.isalnum() for character in piece.words):
            continue
        found.append(
            Change(
                kind=Kind.ADDED if piece.now else Kind.REMOVED,
                words=piece.words,
                before=" ".join(next(_kept(pieces[:place][::-1]), "").split()[-CONTEXT:]),
                after=" ".join(next(_kept(pieces[place + 1 :]), "").split()[:CONTEXT]),
            )
        )
    return tuple(found[:MOST])


def news(text: str, told: Sequence[str]) -> tuple[str, ...]:
    """The sentences of a text that make it materially different from what was told before; none where it is not.

    A sentence is new where less than half of its runs of words were told; a text is different where new sentences have
    at least `NEW_WORDS` words and are `NEW_SHARE` of it.
    """
    known = {shingle for each in told for shingle in wording(each).shingles}
    total, new, found = 0, 0, []
    for sentence in _SENTENCE.findall(text):
        words = wording(sentence)
        total += words.size
        if words.size >= 4 and 2 * sum(shingle in known for shingle in words.shingles) < len(words.shingles):
            new += words.size
            found.append(" ".join(sentence.split()))
    return tuple(found) if new >= NEW_WORDS and new >= NEW_SHARE * total else ()


def is_trivial(before: str, after: str) -> bool:
    """Whether nothing was edited: only white space, characters that are not seen, or what is counted has changed."""
    was, now = _visible(before), _visible(after)
    if was == now:
        return True
    if len(was) != len(now):
        return False
    for place, (a, b) in enumerate(zip(was, now, strict=True)):
        if a != b:
            around = " ".join(was[max(0, place - 2) : place + 3])
            if not (_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b) and _COUNTED.search(around)):
                return False
    return True


def passed_over(
    gone: Sequence[Shown], shown: Sequence[Shown], *, window: Sequence[datetime], complete: bool = False
) -> list[Shown]:
    """Which posts a page shows no more though it reaches past them.

    `gone` were shown the last time, `shown` are known posts that still are; `window` has the times of the page as it
    was, from top to bottom. A `complete` page shows everything, in order (a Telegram channel). Of any other it must be
    seen that it is in order of time, to the minute; and where more than one post in twenty is gone from its middle, it
    is put together by hand, as front pages are: then nothing is concluded.
    """
    older = 1 if complete else OLDER
    if not gone or not (complete or (_is_orderly(window) and len(gone) <= max(1, TOO_MANY * len(window)))):
        return []
    places = sorted(each.place for each in shown)
    return [each for each in gone if len(places) >= older and places[older - 1] < each.place]


def _is_orderly(window: Sequence[datetime]) -> bool:
    if len(window) <= OLDER or 2 * len({at.time() for at in window}) < len(window):
        return False  # too short to tell, or dates without a time
    steps = [(b > a) - (b < a) for a, b in pairwise(window)]
    return max(steps.count(1), steps.count(-1)) >= ORDERLY * len(steps)


def _opcodes(was: Sequence[str], now: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    long = max(len(was), len(now)) > _LONG
    yield from SequenceMatcher(None, was, now, autojunk=long).get_opcodes()


def _kept(pieces: Sequence[Wording]) -> Iterator[str]:
    return (piece.words for piece in pieces if piece.was and piece.now)


def _visible(text: str) -> list[str]:
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split()
