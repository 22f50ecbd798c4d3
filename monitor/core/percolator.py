"""An index over queries: of a post's words, tags and source, which queries may find it. The evaluator then decides.

From each query the ways in which it can match are taken: sets of keys (words, tags, a source), one of which every
matching post has whole. Of each set the rarest key is waited for: the longest word at first, then
what the first posts show. A few words are looked up by one automaton over their unchanging parts. Many are looked up
the other way round: each word of the post is asked once what it may be a form of, by the rules of the post's language,
and the answer is kept, since a language has few words. So the cost of a post grows with the queries that nearly match
it, not with all there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.core.known import LOOKED_UP, folded_value, is_wild, values_of
from monitor.core.model import Field
from monitor.core.patterns import compiled_pattern
from monitor.core.query.tree import (
    Every,
    How,
    Near,
    Node,
    Origin,
    Pattern,
    Sentence,
    Some,
    Tagged,
    Within,
    Word,
    Words,
)
from monitor.core.runs import Runs
from monitor.core.subject import Subject
from monitor.core.text import is_unspaced, without_unspaced
from monitor.core.wordforms import is_form, roots_of, roots_wanted, tongue
from monitor.core.wording import fits, is_beginning, is_one_run, words_in
from monitor.core.written import readable

FEW = 300
"""Words up to which one automaton over the text is cheaper than asking each word of the text."""

_ARRANGED_AFTER = (200, 2_000)
"""Posts after which it is seen anew which of its keys each query waits for, the second time for good."""

MOST_KNOWN_WORDS = 200_000  # answers kept; a long-running process meets ever new names and misspellings
_LONGEST_KNOWN_WORD = 40  # characters; what is longer is an address, and does not come again


class _Key(NamedTuple):
    """Something that a post has or has not: a run of characters ("text"), a tag's slug (by facet), a source, …"""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A word of the kind that the query's word stands for."""

    word: Word
    in_title: bool  # and nowhere else: most of what the text holds is no matter then


class Percolator:
    """Queries by what a post needs to match them."""

    def __init__(
        self, roots: Sequence[Node], *, few: int = FEW, arranged_after: Sequence[int] = _ARRANGED_AFTER
    ) -> None:
        """`few` and `arranged_after` change what a look-up costs, never what it is sure to find."""
        numbers: dict[_Key | _Awaited, int] = {}  # of all that is asked for
        self._always: list[int] = []  # queries of which the index knows nothing
        self._ways: list[tuple[int, tuple[int, ...]]] = []  # queries with the keys of each way to match them
        for query, root in enumerate(roots):
            ways = _ways(root)
            if ways is None:
                self._always.append(query)
            for way in ways or ():
                self._ways.append((query, tuple([numbers.setdefault(key, len(numbers)) for key in way])))
        self._guessed = [_frequency(key) for key in numbers]
        self._met: Counter[int] = Counter()  # keys, in the posts that were looked at before all was arranged for good
        self._looked_at = 0
        self._arranged_after = arranged_after
        self._arrange()
        words = {key: at for key, at in numbers.items() if isinstance(key, _Awaited)}
        keys = {key: at for key, at in numbers.items() if isinstance(key, _Key)}
        self._known = {key: at for key, at in keys.items() if key.kind != "text"}
        runs: defaultdict[str, list[int]] = defaultdict(list)
        for key, at in keys.items():
            if key.kind == "text":
                runs[key.value].append(at)
        if len(words) <= few:
            for awaited, at in words.items():
                runs[awaited.word.anchor].append(at)
            words = {}
        in_title = {key.word: at for key, at in words.items() if key.in_title}
        anywhere = {key.word: at for key, at in words.items() if not key.in_title}
        self._title = _ByWord(in_title) if in_title else None
        self._text = _ByWord(anywhere) if anywhere else None
        self._runs = _ByRun(runs) if runs else None

    def candidates(self, subject: Subject) -> list[int]:
        """The queries that have all they need, as far as single words and tags tell, in order."""
        there: set[int] = set()
        if self._known:
            there.update(self._tags_and_origins(subject))
        if self._runs is not None:
            self._runs.into(there, subject.text)
        if self._text is not None:
            self._text.into(there, subject.text, subject.post.language)
        if self._title is not None:
            self._title.into(there, subject.text[: subject.title_end], subject.post.language)
        if self._looked_at < self._arranged_after[-1]:
            self._count(there)
        found = set(self._always)
        waiting = self._waiting
        for key in there:
            queries = waiting[key]
            if queries is not None:
                sole, pairs, more = queries
                found.update(sole)
                for query, other in pairs:
                    if other in there:
                        found.add(query)
                for query, others in more:
                    if others <= there:
                        found.add(query)
        return sorted(found)

    def _count(self, there: set[int]) -> None:
        self._met.update(there)
        self._looked_at += 1
        if self._looked_at in self._arranged_after:
            self._arrange()

    def _arrange(self) -> None:
        """Let each query wait for the rarest key of each of its ways, as far as posts have shown which that is."""
        met, guessed = self._met, self._guessed
        sole: defaultdict[int, list[int]] = defaultdict(list)  # queries by a key that is enough for them
        pairs: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # … by one of two, with the other
        more: defaultdict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)  # … by one of several
        for query, way in self._ways:
            rarest = min(way, key=lambda at: (met.get(at, 0), guessed[at], at))
            match [at for at in way if at != rarest]:
                case []:
                    sole[rarest].append(query)
                case [other]:
                    pairs[rarest].append((query, other))
                case others:
                    more[rarest].append((query, frozenset(others)))
        awaited = sole.keys() | pairs.keys() | more.keys()
        self._waiting = [
            (sole.get(at, ()), pairs.get(at, ()), more.get(at, ())) if at in awaited else None
            for at in range(len(guessed))
        ]

    def _tags_and_origins(self, subject: Subject) -> Iterator[int]:
        known = self._known
        keys = [_Key(str(tag.facet), folded_value(tag.slug)) for tag in subject.tags]
        keys += [_Key(name, folded_value(value)) for name in LOOKED_UP for value in values_of(subject, name)]
        return (known[key] for key in keys if key in known)


class _ByRun:
    """Keys by runs of characters, wherever they stand."""

    def __init__(self, by_run: Mapping[str, Sequence[int]]) -> None:
        self._keys = list(by_run.values())
        self._runs = Runs(list(by_run))

    def into(self, there: set[int], text: str) -> None:
        for number in self._runs.maybe_in(text):
            there.update(self._keys[number])


class _ByWord:
    """Keys by the words of a text: what may each of them be a form of?"""

    def __init__(self, awaited: Mapping[Word, int]) -> None:
        self._same: defaultdict[str, list[int]] = defaultdict(list)
        self._by_root: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        self._wild: list[tuple[Word, int]] = []
        beginnings: defaultdict[str, list[int]] = defaultdict(list)
        unspaced: defaultdict[str, list[int]] = defaultdict(list)
        for word, at in awaited.items():
            if is_unspaced(word.anchor[:1]):
                unspaced[word.anchor].append(at)
                continue
            match word.how:
                case How.FORM:
                    for root in roots_wanted(word.folded):
                        self._by_root[root].append((word.folded, at))
                case How.WILD if is_beginning(word.folded):
                    beginnings[word.anchor].append(at)
                case How.WILD:
                    self._wild.append((word, at))
                case How.CAPITALS:
                    self._same[word.folded].append(at)
                    self._same[word.folded + "s"].append(at)
                case _:
                    self._same[word.folded].append(at)
        self._beginnings = _Beginnings(beginnings) if beginnings else None
        self._fitting = Runs([word.anchor for word, _ in self._wild]) if self._wild else None
        self._unspaced = _ByRun(unspaced) if unspaced else None
        self._by_language: dict[str | None, _Answers] = {}
        self._known = 0  # answers that are kept, of all languages

    def into(self, there: set[int], text: str, language: str | None) -> None:
        by = tongue(language)
        answers = self._by_language.get(by)
        if answers is None:
            answers = self._by_language[by] = _Answers(self, by)
        chunks = text
        if language in _WRITTEN_WITHOUT_SPACES and (apart := without_unspaced(text)) is not None:
            # Taken apart in one go, not sentence by sentence.
            self._unspaced_into(there, text)
            chunks = apart
        for mark in _OFTEN_BESIDE_WORDS:
            chunks = chunks.replace(mark, " ")
        there.update(*filter(None, map(answers.__getitem__, chunks.split())))
        if _UNSPACED in there:
            there.remove(_UNSPACED)
            self._unspaced_into(there, text)

    def learnt(self) -> None:
        """One more answer is kept; all are forgotten when they become too many."""
        self._known += 1
        if self._known > MOST_KNOWN_WORDS:
            self._known = 0
            for answers in self._by_language.values():
                answers.clear()

    def of_word(self, word: str, language: str | None) -> tuple[int, ...]:
        """What a word may be, by the rules of a language (None: of any)."""
        found: list[int] = []
        found += self._same.get(word, ())
        found += self._forms(word, word, language)
        for root in roots_of(word, language):
            if root != word:
                found += self._forms(root, word, language)
        if self._beginnings is not None:
            found += self._beginnings.of(word)
        if self._fitting is not None:
            for number in self._fitting.maybe_in(word):
                wild, at = self._wild[number]
                if len(word) > _LONGEST_KNOWN_WORD or fits(wild.folded, word):
                    found.append(at)
        return tuple(dict.fromkeys(found)) if found else ()

    def _forms(self, root: str, word: str, language: str | None) -> Iterable[int]:
        wanted = self._by_root.get(root)
        return [at for folded, at in wanted if is_form(folded, word, language)] if wanted else ()

    def _unspaced_into(self, there: set[int], text: str) -> None:
        """What may stand in a text of which some needs no spaces between words."""
        if self._unspaced is not None:
            self._unspaced.into(there, text)
        if self._fitting is not None:  # a "?" may stand for such a character: any wild word may be there
            there.update([self._wild[number][1] for number in self._fitting.maybe_in(text)])


class _Beginnings:
    """Keys by the letters that a word begins with."""

    def __init__(self, keys: Mapping[str, Sequence[int]]) -> None:
        self._keys = keys
        self._least = min(map(len, keys))
        # Most words have no such beginning, and one look tells.
        self._lengths: defaultdict[str, list[int]] = defaultdict(list)
        for letters in sorted(keys, key=len):
            lengths = self._lengths[letters[: self._least]]
            if len(letters) not in lengths:
                lengths.append(len(letters))

    def of(self, word: str) -> list[int]:
        lengths = self._lengths.get(word[: self._least], ())
        return [at for length in lengths for at in self._keys.get(word[:length], ()) if length <= len(word)]


_OFTEN_BESIDE_WORDS = '.,()"«»:_'
_WRITTEN_WITHOUT_SPACES = frozenset({"zh", "ja", "ko", "th", "lo", "km", "my"})
_UNSPACED = -1
"""No key: says that a text holds what needs no spaces between words, and must be looked through for that."""


class _Answers(dict[str, tuple[int, ...]]):
    """Keys by what stands between two spaces, in texts of one language: found out once, and remembered."""

    def __init__(self, owner: _ByWord, language: str | None) -> None:
        super().__init__()
        self._owner = owner
        self._language = language

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        owner = self._owner
        if (apart := without_unspaced(chunk)) is not None:
            # A sentence, which does not come again: only the words of other scripts in it are asked about one by one.
            return (_UNSPACED, *(key for word in set(apart.split()) for key in self[word]))
        if chunk.isalpha():
            answer = owner.of_word(chunk, self._language)
        else:
            found: set[int] = set()
            for run in words_in(chunk):
                found.update(self[run] if run != chunk else owner.of_word(run, self._language))
            answer = tuple(found)
        if len(chunk) <= _LONGEST_KNOWN_WORD:
            self[chunk] = answer
            owner.learnt()
        return answer


# ── choosing keys ──────────────────────────────────────────────────────────────────────────────────────────


_Way = frozenset[_Key | _Awaited]

_MOST_WAYS = 200
"""Ways in which one part of a query can match, beyond which some of what it needs is left to the evaluator."""


def _ways(node: Node) -> list[_Way] | None:
    """Sets of keys; every post that matches has all keys of one of them. None where nothing is known."""
    match node:
        case Every(parts) | Near(parts) | Within(parts) | Sentence(parts):
            return _together([ways for part in parts if (ways := _ways(part)) is not None])
        case Some(parts):
            each = [_ways(part) for part in parts]
            known = [ways for ways in each if ways is not None]
            return [way for ways in known for way in ways] if len(known) == len(each) else None
        case Words(words, field, hashtag):
            if hashtag:  # an underscore joins in hashtags and divides elsewhere
                return [frozenset({_Key("text", words[0].anchor)})]
            return [frozenset(_key_of(word, in_title=field is Field.TITLE) for word in words)]
        case Pattern(source):
            anchor = readable(compiled_pattern(source).anchor)
            return [frozenset({_Key("text", anchor)})] if len(anchor) > 1 else None
        case Tagged(facet, slug):
            return None if is_wild(slug) else [frozenset({_Key(facet, slug)})]
        case Origin(name, value):
            return [frozenset({_Key(name, value)})] if name in LOOKED_UP and not is_wild(value) else None
        case _:
            return None


def _key_of(word: Word, *, in_title: bool) -> _Key | _Awaited:
    # A mark that this and the text's words are cut at differently: its letters are looked for, wherever they stand.
    if not is_one_run(word.folded.replace("*", "").replace("?", "")):
        return _Key("text", word.anchor)
    return _Awaited(word, in_title)


def _together(needed: list[list[_Way]]) -> list[_Way] | None:
    """The ways to have one of each, the rarest parts first; parts that would make them too many are left out."""
    ways: list[_Way] | None = None
    for part in sorted(needed, key=_cost):
        if ways is None:
            ways = part
        elif len(ways) * len(part) <= _MOST_WAYS:
            ways = [one | other for one in ways for other in part]
    return ways


# Roughly how many posts in a thousand have such a key.
_COSTS = {"organisation": 50, "country": 80, "region": 150, "issuer": 20, "source": 5}
_COST_OF_THE_REST = 400  # lang:, kind:, authority:
_LESS_AT = {How.WILD: 2, How.FORM: 1}  # letters by which what finds more words counts as shorter


def _cost(ways: list[_Way]) -> float:
    return float(sum(min(map(_frequency, way)) for way in ways))


def _frequency(key: _Key | _Awaited) -> float:
    if isinstance(key, _Awaited):
        weight = 3 if is_unspaced(key.word.anchor[:1]) else 1
        frequency = _rarer_by_length(len(key.word.anchor) * weight - _LESS_AT.get(key.word.how, 0))
        return frequency / 10 if key.in_title else frequency
    if key.kind == "text":
        return _rarer_by_length(len(key.value))
    return _COSTS.get(key.kind, _COST_OF_THE_REST)


def _rarer_by_length(letters: int) -> float:
    return 1000.0 * 0.5 ** min(letters, 12)
