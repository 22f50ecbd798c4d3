"""The watch language: from what a person types to a tree of terms.

docs/watches.md describes the language; its examples are executed by a test. What a tree means is defined in
`core.matching`, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from monitor.core.model import FACET_SLUG, SHORT_FACETS, Authority, Facet, Field
from monitor.core.text import fold, is_unspaced, words_of

LONGEST_QUERY = 10_000  # characters
DEEPEST_QUERY = 20  # parentheses inside each other
MOST_TERMS = 500
MOST_WORDS = 50  # in one phrase
MOST_STARS = 3  # in one word


class QueryError(ValueError):
    """A query that cannot be used. `str()` says what is wrong, where, and what to write instead.

    `position` counts characters from 0; `expected` and `suggestion` are "" where there is nothing to say.
    """

    def __init__(self, message: str, *, position: int, expected: str = "", suggestion: str = "") -> None:
        self.message = message
        self.position = position
        self.expected = expected
        self.suggestion = suggestion
        text = f"{message} (at character {position + 1})"
        if expected:
            text += f"; expected {expected}"
        if suggestion:
            text += f"; {suggestion}"
        super().__init__(text)

    def __reduce__(self) -> tuple[object, ...]:  # crosses process borders with its keyword arguments
        return _query_error, (self.message, self.position, self.expected, self.suggestion)


def _query_error(message: str, position: int, expected: str, suggestion: str) -> QueryError:
    return QueryError(message, position=position, expected=expected, suggestion=suggestion)


# ── the tree ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Words:
    """One word, or several in a row."""

    words: tuple[str, ...]  # folded, wildcards as "*" and "?"
    field: Field | None = None  # None: anywhere
    exactly: tuple[str, ...] = ()  # the words as they must be written, letter for letter
    hashtag: bool = False  # one word right after "#"
    anchor: str = dataclass_field(init=False)  # the longest run of characters that every text with these words holds

    def __post_init__(self) -> None:
        runs = (run for word in self.words for run in re.split(r"[*?]", word))
        object.__setattr__(self, "anchor", max(runs, key=len))


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag of the post, by slug."""

    facet: Facet
    slug: str  # folded, wildcards as "*" and "?"


@dataclass(frozen=True, slots=True)
class Origin:
    """Something known about the post or its source: "lang", "source", "kind", "authority" or "author"."""

    name: str
    value: str  # folded, wildcards as "*" and "?"


@dataclass(frozen=True, slots=True)
class Every:
    """All of these, in any order."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Not this."""

    part: Node


Node = Words | Tagged | Origin | Every | Some | Without


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood."""

    text: str  # as typed
    root: Node


FIELDS = (
    "title",
    "text",
    "hashtag",
    "org",
    "region",
    "country",
    "issuer",
    "source",
    "lang",
    "author",
    "kind",
    "authority",
)
"""The names that may stand before a colon."""

OWN_FACET = re.compile(rf"(?!(?:https?|ftp|mailto)$){FACET_SLUG}")
"""What may stand before a colon for a facet of the operator's own; an address is none."""

# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

_GRAMMAR = r"""
    start: some
    some: every (_OR every)*
    every: part (_AND? part)*
    ?part: _NOT atom -> without
         | _MINUS atom -> without
         | atom
    ?atom: _OPEN some _CLOSE
         | FIELD value -> restricted
         | value -> plain
    ?value: WORD | PHRASE | EXACT

    _OPEN: "("
    _CLOSE: ")"
    _OR.3: /OR(?=[\s()"]|$)/ | "|"
    _AND.3: /AND(?=[\s()"]|$)/
    _NOT.3: /NOT(?=[\s()"]|$)/
    _MINUS.3: /-(?=[^\s\-)])/
    FIELD.2: /[^\W\d_]+:/
    EXACT.2: /=("[^"]*"|“[^”]*”|«[^»]*»|[^\s()"“”«»|]+)/
    PHRASE.2: /"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»/
    WORD: /(?!(?:AND|OR|NOT)(?=[\s()"]|$))[^\s()"“”„«»|=\-][^\s()"“”„«»|]*/
    %ignore /\s+/
"""

_EXPECTED = {
    "WORD": "a word",
    "PHRASE": 'a "phrase"',
    "EXACT": "=an exact word",
    "FIELD": "a field",
    "_OPEN": "'('",
    "_CLOSE": "')'",
    "_OR": "OR",
    "_AND": "AND",
    "_NOT": "NOT",
    "_MINUS": "-",
    "$END": "the end",
}

_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“”"}


def parse(query: str, *, facets: Collection[str] | None = ()) -> Query:
    """Read a query of the watch language.

    `facets` are the operator's own, which may stand before a colon (`topic:grain`); None: any may, because the query
    was checked when it was saved, and a facet that went away since must not stop the others.

    Raises QueryError where it cannot be understood, is too large, or would match whatever does not hold something.
    """
    _refuse_too_large(query)
    try:
        root = cast("Node", _PARSER.parse(query))
    except UnexpectedToken as error:
        raise _unexpected(error, query) from None
    except UnexpectedEOF:
        raise QueryError("the query ends too early", position=len(query), expected="a word") from None
    except UnexpectedCharacters as error:
        raise _unreadable(query, cast("int", error.pos_in_stream)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    if facets is not None:
        _refuse_unknown_facets(root, query, facets)
    if sum(1 for _ in terms_of(root)) > MOST_TERMS:
        raise QueryError(f"more than {MOST_TERMS} terms", position=0, suggestion="split the watch into several")
    if not _finds_something(root):
        raise QueryError(
            "this would match every post that lacks something",
            position=0,
            expected="at least one word to look for beside each NOT",
            suggestion='write it as "talks -football"; each side of an OR needs a word of its own',
        )
    return Query(query, root)


def tags_of(node: Node) -> Iterator[Tagged]:
    """The tags that a query names: those no taxonomy lists would never be found, and nobody would notice."""
    match node:
        case Tagged():
            yield node
        case Every(parts) | Some(parts):
            for part in parts:
                yield from tags_of(part)
        case Without(part):
            yield from tags_of(part)


def terms_of(node: Node) -> Iterator[Words | Tagged | Origin]:
    """The leaves of a tree, from left to right."""
    match node:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from terms_of(part)
        case Without(part):
            yield from terms_of(part)
        case _:
            yield node


def _finds_something(node: Node) -> bool:
    match node:
        case Every(parts):
            return any(map(_finds_something, parts))
        case Some(parts):
            return all(map(_finds_something, parts))
        case Without():
            return False
        case _:
            return True


def _refuse_too_large(query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise QueryError(
            f"the query has {len(query):,} characters",
            position=LONGEST_QUERY,
            expected=f"at most {LONGEST_QUERY:,}",
            suggestion="split the watch into several",
        )
    if not query.strip():
        raise QueryError("the query is empty", position=0, expected="a word to look for")
    depth = 0
    closing = ""
    opened_at = 0
    for position, character in enumerate(query):
        if closing:
            closing = "" if character in closing else closing
        elif character in _QUOTES:
            closing, opened_at = _QUOTES[character], position
        elif character == "(":
            depth += 1
            if depth > DEEPEST_QUERY:
                raise QueryError(
                    f"parentheses are nested more than {DEEPEST_QUERY} deep",
                    position=position,
                    expected="fewer of them",
                )
        elif character == ")":
            depth -= 1
    if closing:
        raise QueryError("this quote is never closed", position=opened_at, expected=f"a closing {closing[-1]}")


def _unexpected(error: UnexpectedToken, query: str) -> QueryError:
    token = cast("Token", error.token)
    position = len(query) if token.type == "$END" else (token.start_pos or 0)
    expected = ", ".join(sorted({_EXPECTED[name] for name in error.accepts or error.expected if name in _EXPECTED}))
    if token.type == "$END":
        missing = query.count("(") > query.count(")")
        return QueryError(
            "a parenthesis is never closed" if missing else "the query ends too early",
            position=position,
            expected="')'" if missing else "a word",
        )
    suggestion = f'to look for the word itself, put it in quotes: "{token}"' if str(token).isalpha() else ""
    return QueryError(f"{str(token)!r} cannot stand here", position=position, expected=expected, suggestion=suggestion)


def _unreadable(query: str, position: int) -> QueryError:
    character = query[position]
    if character == "-":
        return QueryError("a minus needs a word right after it", position=position, expected="-word")
    if character == "=":
        return QueryError("an equals sign needs a word right after it", position=position, expected="=NATO")
    return QueryError(f"{character!r} cannot stand here", position=position, expected="a word")


class _Tree(Transformer[Token, Any]):
    """Builds the tree while lark reads, so that nothing recurses over what a user typed."""

    def start(self, parts: Sequence[Node]) -> Node:
        return parts[0]

    def some(self, parts: Sequence[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def every(self, parts: Sequence[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def without(self, parts: Sequence[Node]) -> Node:
        return Without(parts[0])

    def plain(self, parts: Sequence[Token]) -> Node:
        return _words(parts[0])

    def restricted(self, parts: Sequence[Token]) -> Node:
        name, value = parts
        field = str(name[:-1]).lower()
        if field not in FIELDS and not OWN_FACET.fullmatch(field):
            raise _no_such_field(field, name.start_pos or 0, ())
        return _restricted(field, value)


def _no_such_field(field: str, position: int, facets: Collection[str]) -> QueryError:
    known = (*FIELDS, *sorted(facets))
    near = get_close_matches(field, known, n=1)
    return QueryError(
        f"there is no field {field!r}",
        position=position,
        expected="one of " + ", ".join(f"{each}:" for each in known),
        suggestion=f"did you mean {near[0]}:" if near else "to look for a colon or an address, use quotes",
    )


def _refuse_unknown_facets(root: Node, query: str, facets: Collection[str]) -> None:
    for tag in tags_of(root):
        if tag.facet not in Facet.BUILT_IN and tag.facet not in facets:
            written = re.search(rf"(?i)(?<!\w){tag.facet}:", query)
            raise _no_such_field(tag.facet, written.start() if written else 0, facets)


def _restricted(field: str, value: Token) -> Node:
    if field in ("title", "text"):
        return _words(value, field=Field(field))
    if field == "hashtag":
        return _hashtag(value, value.strip('"“”„«»').removeprefix("#"))
    plain = fold(value.strip('"“”„«»')).text.strip()
    if value.type == "EXACT" or not plain.strip("*?"):
        raise QueryError(
            f"{field}: needs a plain value",
            position=value.start_pos or 0,
            expected=f"for example {_VALUES.get(field, f'{field}:grain')}",
        )
    if plain.count("*") > MOST_STARS:
        raise QueryError(f"more than {MOST_STARS} stars in one value", position=value.start_pos or 0)
    if field in SHORT_FACETS or field not in FIELDS:
        return Tagged(SHORT_FACETS.get(field) or Facet(field), plain)
    if field == "authority" and plain not in (known := [str(each) for each in Authority]):
        raise QueryError(
            f"there is no authority {plain!r}", position=value.start_pos or 0, expected="one of " + ", ".join(known)
        )
    return Origin(field, plain)


_VALUES = {
    "org": "org:nato",
    "region": "region:central-asia",
    "country": "country:kz",
    "issuer": "issuer:un",
    "source": "source:un-news",
    "lang": "lang:fr",
    "author": "author:ivanova",
    "kind": "kind:telegram",
    "authority": "authority:primary",
}

_RESERVED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/.*/|/"), "regular expressions"),
    (re.compile(r"@"), "named lists"),
    (re.compile(r"'"), "exact forms in single quotes"),
    (re.compile(r"~|.*~\d*$"), "proximity"),
    (re.compile(r"O?NEAR(/|$)"), "proximity"),
    (re.compile(r".*\^\d*$"), "boosts"),
    (re.compile(r"\+"), "a leading plus"),
)


def _words(token: Token, *, field: Field | None = None) -> Node:
    position = token.start_pos or 0
    typed = str(token)
    if token.type == "EXACT":
        return _exact(typed[1:].strip('"“”«»'), field, position)
    if token.type == "WORD":
        for pattern, what in _RESERVED:
            if pattern.match(typed):
                raise QueryError(
                    f"{what} cannot be used in watches",
                    position=position,
                    suggestion="every word is required already"
                    if typed[0] == "+"
                    else f'for the characters: "{typed}"',
                )
        if typed.startswith("#"):
            return _hashtag(token, typed[1:])
    words = _split(fold(typed.strip('"“”„«»')).text)
    _refuse_unusable(words, position)
    return Words(words, field)


def _exact(typed: str, field: Field | None, position: int) -> Words:
    if "*" in typed or "?" in typed:
        raise QueryError("wildcards and exact case exclude each other", position=position, expected="=NATO or nato*")
    words = _split(fold(typed).text)
    _refuse_unusable(words, position)
    return Words(words, field, exactly=written(typed))


def written(text: str) -> tuple[str, ...]:
    """The words of a text as they are written, for comparing letter for letter."""
    return tuple(text[start:end] for start, end in words_of(text))


def _hashtag(token: Token, typed: str) -> Words:
    word = fold(typed).text
    if not word or any(character.isspace() for character in word):
        raise QueryError("a hashtag is one word", position=token.start_pos or 0, expected="#NATO")
    _refuse_unusable((word,), token.start_pos or 0)
    return Words((word,), hashtag=True)


def _split(folded: str) -> tuple[str, ...]:
    """The words of a folded query term; wildcards stay part of their word."""
    standing_in = re.sub(r"\?(?=[\w*])", _MARK, folded)  # elsewhere "?" is a question mark
    standing_in = "".join(
        # Where words are not set apart, a word is found inside a run of characters anyway: a star adds nothing.
        character if character != "*" else "" if any(map(is_unspaced, folded[max(0, at - 1) : at + 2])) else _STAR
        for at, character in enumerate(standing_in)
    )
    return tuple(standing_in[start:end].replace(_STAR, "*").replace(_MARK, "?") for start, end in words_of(standing_in))


_STAR, _MARK = "\u02e3", "\u02e4"  # letters that folding never leaves in a text: they hold the wildcards' places


def _refuse_unusable(words: tuple[str, ...], position: int) -> None:
    if not words:
        raise QueryError("there is no letter or digit to look for", position=position, expected="a word")
    if len(words) > MOST_WORDS:
        raise QueryError(f"more than {MOST_WORDS} words in one phrase", position=position)
    for word in words:
        letters = word.replace("*", "").replace("?", "")
        if word == letters:
            continue
        if word.count("*") > MOST_STARS:
            raise QueryError(f"more than {MOST_STARS} stars in one word", position=position)
        longest = max(re.split(r"[*?]", word), key=len)
        if len(longest) < 2 and not any(map(is_unspaced, longest)):
            raise QueryError(
                "a wildcard needs two letters in a row beside it", position=position, expected="for example sanction*"
            )


_PARSER: Lark = Lark(_GRAMMAR, parser="lalr", transformer=_Tree(), maybe_placeholders=False)
