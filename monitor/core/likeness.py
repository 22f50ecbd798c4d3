"""Whether two texts are one, decided by comparing them word by word, and why.

Near copies share most of their runs of words whatever was done to them on the way. But so do two announcements made
from one form, which differ in nothing but a country or a day; and so do two reports that end in the same background.
So it is asked too what stands where the texts differ, and whether they begin alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from monitor.core.ownwords import DATELINE, OPENING_WORDS, Wording, in_words, shingle_length

OPENING = 28  # words in which a report says what it reports
FORM = 40  # words: where no more are said, one that differs makes another statement
FEWEST = 4  # words that can be recognised at all
SLOT = 3  # words: what is filled into a form is no longer
FEW = 20  # words: texts of fewer agree by chance more often
CONTAINED_OF_FEW = 0.8
LONGEST_GAP = 60  # words between two runs that are aligned word by word
_DIGITS = bytes.maketrans(b"\0\1", b"01")
NUMBERS_OF_A_FORM = 0.3  # of all numbers: where as many are others, a form was filled in anew


class Form(StrEnum):
    """What one text is to another."""

    SAME = "same"  # the same words
    COPY = "copy"  # some words differ
    PART = "part"  # most of it is in the other, which says more
    WHOLE = "whole"  # most of the other is in it, and it says more


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on texts are alike: shares of words, 0 to 1."""

    contained: float = 0.75  # of one, found in the other
    rewritten: float = 0.45  # of each, found in the other, where both begin alike
    opening: float = 0.5  # of the first words of each, found in the other: they begin alike
    numbers: float = 0.6  # of the numbers of a rewrite, found in the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Two texts are one: in what form, and the evidence."""

    form: Form
    share: float  # of the one that has more of itself in the other, 0 to 1
    reason: str


def likeness(one: Wording, other: Wording, limits: Limits = Limits()) -> Likeness | None:
    """What `one` is to `other`; None where they are two statements."""
    if one.key == other.key:
        return Likeness(form=Form.SAME, share=1.0, reason="the same words") if len(one.words) >= FEWEST else None
    if one.is_short or other.is_short:
        return _cut_short(one, other)
    common = one.runs_said & other.runs_said
    if not common:
        return None
    here, there = found(one, common), found(other, common)
    share, back = _share(here, one), _share(there, other)
    most, least = max(share, back), min(share, back)
    contained = limits.contained if min(one.size, other.size) >= FEW else max(limits.contained, CONTAINED_OF_FEW)
    if most < contained:
        if min(one.size, other.size) < 2 * OPENING:
            return None
        begins = min(_opening(here, one), _opening(there, other))
        if least < limits.rewritten or begins < limits.opening or not numbers_agree(one, other, limits.numbers):
            return None
    if _differ_as_forms(one, other, _as_bytes(here, one), _as_bytes(there, other)):
        return None
    percent = round(100 * most)
    if least >= contained or most < contained:
        return Likeness(form=Form.COPY, share=most, reason=f"{percent} % of the words in the same order")
    if share > back:
        return Likeness(form=Form.PART, share=share, reason=f"{percent} % of its words are there, with more")
    return Likeness(form=Form.WHOLE, share=back, reason=f"has {percent} % of the words there, and more")


def numbers_agree(one: Wording, other: Wording, limit: float) -> bool:
    """Whether most numbers of the one that has fewer are in the other too."""
    here, there = one.numbers, other.numbers
    return len(here & there) >= limit * min(len(here), len(there))


def _cut_short(one: Wording, other: Wording) -> Likeness | None:
    """Of a few words that break off: whether they are the very words with which the other text begins."""
    for short, full, form in ((one, other, Form.PART), (other, one, Form.WHOLE)):
        length = len(short.words)
        if (
            short.is_short
            and short.cut
            and OPENING_WORDS <= length <= len(full.words)
            and full.words[:length] == short.words
        ):
            return Likeness(form=form, share=1.0, reason="the words with which it begins")
    return None


def found(of: Wording, common: Collection[int]) -> int:
    """A bit for each word, 1 where it stands in one of the runs of words that are `common` to both texts."""
    begins = int(bytes(map(common.__contains__, reversed(of.shingles))).translate(_DIGITS) or b"0", 2)
    covered = begins
    for place in range(1, shingle_length(of.unspaced)):
        covered |= begins << place
    return covered & (1 << len(of.words)) - 1


def _share(marks: int, of: Wording) -> float:
    """The share of its words that is in the other, a dateline apart: "GENEVA, 26 November (Agency)" is no text."""
    if not marks:
        return 0.0
    first = (marks & -marks).bit_length() - 1
    longest = in_words(DATELINE, unspaced=of.unspaced)
    dateline = 0 < first <= longest and any(word[0].isdigit() for word in of.words[:first])
    return marks.bit_count() / (len(of.words) - first if dateline else len(of.words))


def _opening(marks: int, of: Wording) -> float:
    first = min(in_words(OPENING, unspaced=of.unspaced), len(of.words))
    return (marks & ((1 << first) - 1)).bit_count() / first


def _as_bytes(marks: int, of: Wording) -> bytes:
    """Likewise with a byte for each word, as it is searched."""
    return bytes(map(int, reversed(f"{marks:0{len(of.words)}b}")))


def _differ_as_forms(one: Wording, other: Wording, here: bytes, there: bytes) -> bool:
    """Whether two like texts are one form that was filled in differently: another country, number, name or day."""
    few = min(one.size, other.size) <= FORM
    width = in_words(SLOT, unspaced=one.unspaced) + (2 if one.unspaced else 0)
    names = one.capitals | other.capitals
    differing = filled = slots = numbers = 0
    for was, now in _replaced(one, other, here, there):
        words = max(len(was), len(now))
        differing += words
        if not was or not now or len(was) > width or len(now) > width or _is_slip(was, now, names):
            continue
        number = any(word[0].isdigit() for word in was) and any(word[0].isdigit() for word in now)
        named = not names.isdisjoint(was) and not names.isdisjoint(now)
        # Where a script has no capitals, any word may be a name, though hardly a single character.
        nameless = not was[0][0].islower() and (not one.unspaced or words > 1)
        if number or few or named or nameless:
            slots, filled, numbers = slots + 1, filled + words, numbers + number
    if few:
        return slots > 0
    every = min(sum(word[0].isdigit() for word in each.words) for each in (one, other))
    return (slots >= 2 and 2 * filled >= differing) or (numbers >= 3 and numbers >= NUMBERS_OF_A_FORM * every)


def _replaced(one: Wording, other: Wording, here: bytes, there: bytes) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Where two texts differ: the words of `one` and those of `other`, either of which may be none.

    Only what stands between runs that both have is aligned word by word: of whole texts that would take too long.
    """
    run = shingle_length(one.unspaced)
    places: dict[int, list[int]] = {}
    for at, shingle in enumerate(other.shingles):
        places.setdefault(shingle, []).append(at)
    accounted, reached = 0, 0
    for start, end in _gaps(here):
        left = _next(places.get(one.shingles[start - run]), reached) if start >= run else -run
        after_left = max((left or 0) + run, 0)
        right = _next(places.get(one.shingles[end]), after_left) if end < len(one.shingles) else len(other.words)
        if left is None or right is None:
            yield one.words[start:end], ()
            continue
        reached = right
        before, after = one.words[start:end], other.words[left + run : right]
        accounted += len(after) - there.count(1, left + run, right)
        if len(before) > LONGEST_GAP or len(after) > LONGEST_GAP:
            yield before, ()
            continue
        for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag != "equal":
                yield before[a:b], after[c:d]
    missing = len(there) - there.count(1) - accounted
    if missing > 0:
        yield (), other.words[:missing]  # which words they are makes no difference, only how many


def _gaps(marks: bytes) -> Iterator[tuple[int, int]]:
    """Beginning and end of each run of words that the other text does not have."""
    start = marks.find(0)
    while start >= 0:
        end = marks.find(1, start)
        yield start, (end if end >= 0 else len(marks))
        start = marks.find(0, end) if end >= 0 else -1


def _next(places: list[int] | None, at_least: int) -> int | None:
    """The first of the places not before `at_least`, else the first."""
    if not places:
        return None
    return next((place for place in places if place >= at_least), places[0])


def _is_slip(here: Sequence[str], there: Sequence[str], names: Collection[str]) -> bool:
    """Whether the words are the same ones mistyped. Another number is no slip, nor is another name."""
    a, b = "".join(here), "".join(there)
    if a == b:
        return True
    if len(here) == len(there) and len(here) > 1:
        return all(a == b or _is_slip((a,), (b,), names) for a, b in zip(here, there, strict=True))
    shortest = min(len(a), len(b))
    if shortest < 1 or any(character.isdigit() for character in a + b):
        return False
    distance = _distance(a, b)
    if any(word in names for word in (*here, *there)):
        return shortest >= 5 and distance <= 1 and (a[0] == b[0] or a[:2] == b[1::-1] or a[1:] == b or a == b[1:])
    if shortest < 5:
        return distance <= 1 and shortest + max(len(a), len(b)) > 2 and (len(a) != len(b) or sorted(a) == sorted(b))
    return distance <= (2 if shortest >= 8 and a[0].islower() else 1)


def _distance(here: str, there: str) -> int:
    """Letters to insert, drop, change or swap until one word is the other (optimal string alignment)."""
    before, last = [0] * (len(there) + 1), list(range(len(there) + 1))
    for i, a in enumerate(here, start=1):
        row = [i]
        for j, b in enumerate(there, start=1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == there[j - 2] and here[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
