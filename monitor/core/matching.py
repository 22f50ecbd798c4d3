"""What a query means: whether a post matches, and by which words. Whatever narrows the search, this decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from monitor.core.model import Evidence, Field, Post, Source, Tag
from monitor.core.query import Every, Node, Origin, Query, Some, Tagged, Without, Words, written
from monitor.core.text import Page, find_word, fold, is_boundary, is_unspaced, page_of

MOST_EVIDENCE = 50
"""Pieces of evidence kept with one match."""

# Plain classes, which compile quickly: script and word boundaries are judged in core.text once something was found.
_LETTER = r"[^\W_]"
_BETWEEN_WORDS = r"(?:[^\w\n]|_)"
_LONGEST_STAR = 100  # letters that one "*" stands for at most: keeps matching linear in the text
_WIDEST_GAP = 8  # characters between two words of a phrase: spaces, commas, dashes, quotes


@dataclass(frozen=True, slots=True)
class Subject:
    """A post with all that a query can ask about."""

    page: Page
    post: Post
    source: Source
    tags: tuple[Tag, ...]


def subject_of(post: Post, source: Source, tags: tuple[Tag, ...]) -> Subject:
    """Make a post ready to be asked about."""
    return Subject(page_of(post), post, source, tags)


def evidence_for(query: Query, subject: Subject) -> tuple[Evidence, ...] | None:
    """The words by which a post matches, in order and each once; None where it does not match.

    What follows from the source alone ("lang:ru") is evidence in Field.SOURCE.
    """
    found = _evidence(query.root, subject)
    if found is None:
        return None
    fields = list(Field)
    ordered = sorted(set(found), key=lambda each: (fields.index(each.field), each.offset, -len(each.words), each.rule))
    return tuple(ordered[:MOST_EVIDENCE])


def _evidence(node: Node, subject: Subject) -> list[Evidence] | None:
    match node:
        case Every(parts):
            # Most posts lack one of the words: seen before any evidence is gathered.
            text = subject.page.folded.text
            if any(isinstance(part, Words) and part.anchor not in text for part in parts):
                return None
            gathered: list[Evidence] = []
            for part in parts:
                found = _evidence(part, subject)
                if found is None:
                    return None
                gathered += found
            return gathered
        case Some(parts):
            alternatives = [found for part in parts if (found := _evidence(part, subject)) is not None]
            return [each for found in alternatives for each in found] if alternatives else None
        case Without(part):
            return [] if _evidence(part, subject) is None else None
        case Words(anchor=anchor):
            if anchor not in subject.page.folded.text:
                return None
            return [subject.page.evidence(*span, "phrase") for span in _spans(node, subject.page)] or None
        case Tagged():
            return _tag_evidence(node, subject.tags) or None
        case Origin():
            return _origin_evidence(node, subject)


def _spans(words: Words, page: Page) -> list[tuple[int, int]]:
    """Where the words stand, in folded offsets."""
    spans = [
        span
        for span in _occurrences(words, page.folded.text)
        if (words.field is None or page.evidence(*span, "phrase").field is words.field)
        and (not words.exactly or written(page.evidence(*span, "phrase").words) == words.exactly)
    ]
    # A hashtag usually stands in the text as well: there it is evidence, in the list of hashtags it would be a repeat.
    in_text = [span for span in spans if page.folded.span(*span)[0] < page.hashtags_at]
    return in_text or spans


def _occurrences(words: Words, text: str) -> Iterator[tuple[int, int]]:
    if len(words.words) == 1 and not words.hashtag and "*" not in words.words[0] and "?" not in words.words[0]:
        word = words.words[0]
        at = find_word(text, word)
        while at >= 0:
            yield at, at + len(word)
            at = find_word(text, word, at + len(word))
        return
    pattern = _pattern(words.words, words.hashtag)
    match = pattern.search(text)
    while match:
        start, end = _within_script(match, text)
        if is_boundary(text, start) and is_boundary(text, end) and not (words.hashtag and text[end : end + 1] == "_"):
            yield start, end
            match = pattern.search(text, end)
        else:
            after = match.start() + 1
            while words.words[0].startswith("*") and not is_boundary(text, after):
                after += 1  # a leading star begins where a word does: not tried again at each of its letters
            match = pattern.search(text, after)


def _within_script(match: re.Match[str], text: str) -> tuple[int, int]:
    """The span of a match, without what an outer star took of a neighbouring script that has no spaces."""
    start, end = match.span()
    for at in range(*match.span("lead")):
        if is_unspaced(text[at]):
            start = at + 1
    for at in range(*match.span("tail")):
        if is_unspaced(text[at]):
            return start, at
    return start, end


@lru_cache(maxsize=1 << 16)
def _pattern(words: tuple[str, ...], hashtag: bool) -> re.Pattern[str]:
    # A star at either end of the whole is a group of its own: it would run on into Chinese, to the next full stop.
    outer = f"{_LETTER}{{0,{_LONGEST_STAR}}}"
    lead = outer if words[0].startswith("*") else ""
    tail = outer + "+" if words[-1].endswith("*") else ""
    inner = [*words]
    inner[0] = inner[0].lstrip("*")
    inner[-1] = inner[-1].rstrip("*")
    pieces = ["#" if hashtag else "", f"(?P<lead>{lead})"]
    for position, word in enumerate(inner):
        if position:
            glued = is_unspaced(words[position - 1][-1]) or is_unspaced(word[:1] or " ")
            pieces.append(f"{_BETWEEN_WORDS}{{{0 if glued else 1},{_WIDEST_GAP}}}")
        pieces.append(_word_pattern(word))
    return re.compile("".join(pieces) + f"(?P<tail>{tail})")


def _word_pattern(word: str) -> str:
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


def _tag_evidence(node: Tagged, tags: tuple[Tag, ...]) -> list[Evidence]:
    return [
        evidence
        for tag in tags
        if tag.facet is node.facet and matches_value(node.slug, tag.slug)
        for evidence in tag.evidence
    ]


def _origin_evidence(node: Origin, subject: Subject) -> list[Evidence] | None:
    value = values_of(subject.post, subject.source)[node.name]
    if value is None:
        return None
    met = _mentions(node.value, value) if node.name == "author" else matches_value(node.value, value)
    return [Evidence(field=Field.SOURCE, offset=0, words=value, rule=node.name)] if met else None


def values_of(post: Post, source: Source) -> dict[str, str | None]:
    """What `Origin` terms are compared with, by their names."""
    return {
        "lang": post.language,
        "source": source.slug,
        "kind": source.kind,
        "authority": str(source.authority),
        "author": post.author,
    }


def matches_value(wanted: str, value: str) -> bool:
    """Whether a folded value with wildcards is all of `value`."""
    folded = folded_value(value)
    return folded == wanted or (is_wild(wanted) and _value_pattern(wanted).fullmatch(folded) is not None)


@lru_cache(maxsize=1 << 12)
def folded_value(value: str) -> str:
    """A slug, name or code as it is compared."""
    return fold(value).text


def is_wild(value: str) -> bool:
    """Whether a value holds a wildcard."""
    return "*" in value or "?" in value


def _mentions(wanted: str, value: str) -> bool:
    return matches_value(wanted, value) or (not is_wild(wanted) and find_word(folded_value(value), wanted) >= 0)


@lru_cache(maxsize=1 << 12)
def _value_pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(re.escape(wanted).replace(r"\*", ".*").replace(r"\?", "."))
