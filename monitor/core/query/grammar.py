"""Reading a query: a grammar for lark, what is refused, and what each refusal says."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from monitor.core import patterns
from monitor.core.model import FACET_SLUG, SHORT_FACETS, Facet, Field
from monitor.core.query.tree import (
    Every,
    How,
    Listed,
    Near,
    Node,
    Origin,
    Pattern,
    Query,
    QueryError,
    Sentence,
    Some,
    Tagged,
    Within,
    Without,
    Word,
    Words,
    finds_something,
    terms_of,
)
from monitor.core.query.values import chosen, published
from monitor.core.suggest import nearest
from monitor.core.text import fold, is_unspaced, words_of
from monitor.core.wordforms import has_forms
from monitor.core.written import readable

LONGEST_QUERY = 10_000  # characters
DEEPEST_QUERY = 20  # parentheses inside each other
MOST_TERMS = 500
MOST_WORDS = 50  # in one phrase
MOST_STARS = 3  # in one word
MOST_PATTERNS = 8  # regular expressions in one query
MOST_TOGETHER = 10  # words of which each must be within reach of the others
WIDEST = 100  # words between what is near each other

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
    "url",
    "domain",
    "has",
    "is",
    "published",
    "after",
    "before",
)
"""The names that may stand before a colon."""

OWN_FACET = re.compile(rf"(?!(?:https?|ftp|mailto)$){FACET_SLUG}")
"""What may stand before a colon for a facet of the operator's own; an address is none."""

_LONGEST_ACRONYM = 5  # capital letters; more is a word that somebody shouts

# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

_AFTER = r"(?=[\s()\"“„«'‘=@\/]|$)"
_GRAMMAR = rf"""
    start: some
    some: every (_OR every)*
    every: part (_AND? part)*
    ?part: _NOT unit -> without
         | _MINUS unit -> without
         | unit
    ?unit: atom
         | atom (NEAR atom)+ -> near
    ?atom: _OPEN some _CLOSE
         | FIELD _OPEN some _CLOSE -> within_field
         | FIELD value -> restricted
         | value -> plain
    ?value: WORD | PHRASE | EXACT | FORM | REGEX | LIST

    _OPEN: "("
    _CLOSE: ")"
    NEAR.4: /(?:O?NEAR\/(?:\d{{1,4}}|S)|SENTENCE){_AFTER}/
    _OR.3: /OR{_AFTER}/ | /\|\|?/
    _AND.3: /AND{_AFTER}/ | /&&?(?=\s)/
    _NOT.3: /NOT{_AFTER}/
    _MINUS.3: /-(?=[^\s\-)])/
    FIELD.2: /[^\W\d_][\w-]*:/
    EXACT.2: /=(?:"[^"]*"|“[^”]*”|«[^»]*»|[^\s()"“”«»|]+)/
    FORM.2: /'[^'\n]*'(?:~\d{{1,4}})?(?=[\s)|]|$)|‘[^’\n]*’(?:~\d{{1,4}})?(?=[\s)|]|$)/
    PHRASE.2: /(?:"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»)(?:~\d{{1,4}})?/
    REGEX.2: /\/(?:[^\/\\\n]|\\.)+\/(?=[\s)|]|$)/
    LIST.2: /@[\w-]+/
    WORD: /(?!(?:AND|OR|NOT|SENTENCE){_AFTER})[^\s()"“”„«»|=\-'‘\/@][^\s()"“”„«»|]*/
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
    "NEAR": "NEAR/5",
    "$END": "the end",
}

_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“”"}
_BEFORE_TERM = frozenset(" \t\n(|-")


_FIELD_BEFORE = re.compile(r"(?:^|[\s(|-])(?:title|text):\Z")


@dataclass(frozen=True, slots=True)
class _Raw:
    """A term as typed, until it is known which field it stands in."""

    token: Token


@dataclass(frozen=True, slots=True)
class _InField:
    """A term or a parenthesis after a field."""

    name: Token
    inner: Any


@dataclass(frozen=True, slots=True)
class _Chain:
    """Operands joined by NEAR/5 and its like."""

    parts: tuple[Any, ...]
    operators: tuple[Token, ...]


def parse(query: str, *, facets: Collection[str] | None = ()) -> Query:
    """Read a query of the watch language.

    `facets` are the operator's own, which may stand before a colon (`topic:grain`); None: any may, because the query
    was checked when it was saved, and a facet that went away since must not stop the others.

    Raises QueryError where it cannot be understood, is too large, or would match whatever does not hold something.
    Lists that it names are still to be put in, see `lists.expanded`.
    """
    _refuse_too_large(query)
    try:
        raw = _PARSER.parse(query)
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
    root = _Reader(facets).node(raw, None)
    terms = list(terms_of(root))
    if len(terms) > MOST_TERMS:
        raise QueryError(f"more than {MOST_TERMS} terms", position=0, suggestion="split the watch into several")
    if sum(isinstance(term, Pattern) for term in terms) > MOST_PATTERNS:
        raise QueryError(
            f"more than {MOST_PATTERNS} regular expressions", position=0, suggestion="write words, which cost nothing"
        )
    if not finds_something(root):
        raise QueryError(
            "this would match every post that lacks something",
            position=0,
            expected="at least one word to look for beside each NOT",
            suggestion='write it as "talks -football"; each side of an OR needs a word of its own',
        )
    return Query(query, root)


# ── what is refused before it is read ──────────────────────────────────────────────────────────────────────


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
    at = 0
    while at < len(query):
        character = query[at]
        if closing:
            closing = "" if character in closing else closing
        elif character in _QUOTES:
            closing, opened_at = _QUOTES[character], at
        elif character in "/'" and (at == 0 or query[at - 1] in _BEFORE_TERM or _FIELD_BEFORE.search(query, 0, at)):
            at = _end_of(query, at)
        elif character == "(":
            depth += 1
            if depth > DEEPEST_QUERY:
                raise QueryError(
                    f"parentheses are nested more than {DEEPEST_QUERY} deep", position=at, expected="fewer of them"
                )
        elif character == ")":
            depth -= 1
        at += 1
    if closing:
        raise QueryError("this quote is never closed", position=opened_at, expected=f"a closing {closing[-1]}")


def _end_of(query: str, at: int) -> int:
    """Where a regular expression or an exact form ends that begins at `at`."""
    mark = query[at]
    whole = re.compile(r"/(?:[^/\\\n]|\\.)+/" if mark == "/" else r"'[^'\n]*'").match(query, at)
    if whole:
        return whole.end() - 1
    if mark == "/":
        raise QueryError(
            "this regular expression is never closed",
            position=at,
            expected="a closing /",
            suggestion='or "/" in quotes',
        )
    raise QueryError("this quote is never closed", position=at, expected="a closing '")


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
    if character == "@":
        return QueryError("an @ needs the name of a list right after it", position=position, expected="@grain")
    if character in "'‘":
        return QueryError(
            "this quote ends in the middle of a word",
            position=position,
            expected="a space after the closing quote",
            suggestion=f'for the characters: "{query[position:].split(maxsplit=1)[0]}"',
        )
    if character == "/" and (scheme := re.search(r"([^\W\d_][\w-]*):\Z", query[:position])):
        if scheme[1].casefold() in FIELDS:
            value = query[position:].split(maxsplit=1)[0].rstrip(")")
            return QueryError(
                f"after {scheme[1]}: a slash cannot stand",
                position=position,
                expected="a word, or a phrase in quotes",
                suggestion=f'put it in quotes: {scheme[1]}:"{value}"' if '"' not in value else "put it in quotes",
            )
        return _no_field(scheme[1], scheme.start(), FIELDS)
    if character == "/":
        return QueryError(
            "this regular expression goes on after its closing /", position=position, expected="a space after it"
        )
    return QueryError(f"{character!r} cannot stand here", position=position, expected="a word")


def _no_field(field: str, position: int, fields: Sequence[str]) -> QueryError:
    near = nearest(field, fields)
    return QueryError(
        f"there is no field {field!r}",
        position=position,
        expected="one of " + ", ".join(f"{each}:" for each in fields),
        suggestion=f"did you mean {near}:" if near else "to look for a colon or an address, use quotes",
    )


class _Tree(Transformer[Token, Any]):
    """Builds the tree while lark reads, so that nothing recurses over what a user typed."""

    def start(self, parts: Sequence[Any]) -> Any:
        return parts[0]

    def some(self, parts: Sequence[Any]) -> Any:
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def every(self, parts: Sequence[Any]) -> Any:
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def without(self, parts: Sequence[Any]) -> Any:
        return Without(parts[0])

    def near(self, parts: Sequence[Any]) -> Any:
        return _Chain(tuple(parts[::2]), tuple(parts[1::2]))

    def plain(self, parts: Sequence[Token]) -> Any:
        return _Raw(parts[0])

    def restricted(self, parts: Sequence[Token]) -> Any:
        return _InField(parts[0], _Raw(parts[1]))

    def within_field(self, parts: Sequence[Any]) -> Any:
        return _InField(parts[0], parts[1])


# ── what each term means ───────────────────────────────────────────────────────────────────────────────────


class _Reader:
    """Turns what was typed into terms, each in the field that it stands in."""

    def __init__(self, facets: Collection[str] | None) -> None:
        self._facets = facets

    def node(self, raw: Any, field: Token | None) -> Node:
        """`raw` and all below it. At most `DEEPEST_QUERY` parentheses deep."""
        match raw:
            case _Raw(token):
                return self._term(token, field)
            case _InField(name, inner):
                if field is not None:
                    raise QueryError(
                        f"{name} stands inside {field}", position=name.start_pos or 0, expected="one field at a time"
                    )
                return self.node(inner, self._known(name))
            case Every(parts) | Some(parts):
                return type(raw)(tuple(self.node(part, field) for part in parts))
            case Without(part):
                return Without(self.node(part, field))
            case _Chain(parts, operators):
                return self._near([self.node(part, field) for part in parts], operators)
        raise AssertionError(raw)

    def _known(self, name: Token) -> Token:
        field = str(name[:-1]).lower()
        own = OWN_FACET.fullmatch(field) and (self._facets is None or field in self._facets)
        if field not in FIELDS and not own:
            raise _no_field(field, name.start_pos or 0, (*FIELDS, *sorted(self._facets or ())))
        return name

    def _near(self, parts: list[Node], operators: Sequence[Token]) -> Node:
        first = operators[0]
        at = first.start_pos or 0
        if any(str(each) != str(first) for each in operators):
            raise QueryError(f"{first} and {operators[1]} stand side by side", position=at, expected="parentheses")
        for part in parts:
            if not _has_a_place(part):
                raise QueryError(
                    f"{first} joins words, phrases and lists of alternatives only",
                    position=at,
                    expected="for example (grain OR wheat) NEAR/5 deal",
                )
        if first in {"SENTENCE", "NEAR/S", "ONEAR/S"}:
            return Sentence(tuple(parts))
        return Near(tuple(parts), _distance(first.partition("/")[2], at), ordered=first.startswith("O"))

    def _term(self, token: Token, in_field: Token | None) -> Node:
        name = str(in_field[:-1]).lower() if in_field is not None else ""
        if name in ("", "title", "text"):
            return _wanted(token, Field(name) if name else None)
        if name == "hashtag":
            return _hashtag(token, _bare(token).removeprefix("#"))
        return self._value(name, token)

    def _value(self, name: str, token: Token) -> Node:
        position = token.start_pos or 0
        if name in ("published", "after", "before") and token.type in {"WORD", "PHRASE"}:
            return published(name, _bare(token), position)
        plain = fold(_bare(token)).text.strip()
        if token.type in {"EXACT", "FORM", "REGEX", "LIST"} or not plain.strip("*?"):
            example = _VALUES.get(name, f"{name}:grain")
            raise QueryError(f"{name}: needs a plain value", position=position, expected=f"for example {example}")
        if plain.count("*") > MOST_STARS:
            raise QueryError(f"more than {MOST_STARS} stars in one value", position=position)
        if name in SHORT_FACETS or name not in FIELDS:
            return Tagged(SHORT_FACETS.get(name) or Facet(name), plain)
        if name in ("has", "is", "authority"):
            return chosen(name, plain, position)
        if name == "domain":
            plain = plain.removeprefix("https://").removeprefix("http://").removeprefix("www.").strip("/.")
        return Origin(name, plain)


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
    "url": "url:press-release",
    "domain": "domain:un.org",
    "has": "has:photo",
    "is": "is:edited",
    "published": "published:>=2026-11-01",
    "after": "after:7d",
    "before": "before:2026-11-01",
}

_RESERVED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r".*~\d*$"), "proximity needs a phrase in quotes", '"grain deal"~5'),
    (re.compile(r"O?NEAR(/|$)"), "NEAR needs a number right after it", "grain NEAR/5 deal"),
    (re.compile(r".*\^\d*$"), "boosts cannot be used in watches", ""),
    (re.compile(r"\+"), "a leading plus cannot be used in watches", ""),
)


def _wanted(token: Token, field: Field | None) -> Node:
    """A word, a phrase, an exact form, a regular expression or a list."""
    position = token.start_pos or 0
    typed = str(token)
    match token.type:
        case "LIST":
            return Listed(typed[1:].lower(), position, field)
        case "REGEX":
            return _pattern(typed[1:-1].replace("\\/", "/"), field, position)
        case "EXACT":
            return _exact(typed[1:].strip('"“”«»'), field, position)
        case "WORD":
            _refuse_reserved(typed, position)
            if typed.startswith("#"):
                return _hashtag(token, typed[1:])
    _, tilde, others = typed.rpartition("~") if typed[-1].isdigit() and typed[0] in _OPENING else (typed, "", "")
    words = _read_words(_bare(token), position, forms=token.type != "FORM")
    if not tilde:
        return Words(words, field)
    if len(words) < 2:
        raise QueryError("proximity needs two words", position=position, expected='for example "grain deal"~5')
    if len(words) > MOST_TOGETHER:
        raise QueryError(f"{len(words)} words near each other", position=position, expected=f"at most {MOST_TOGETHER}")
    return Within(tuple(Words((word,), field) for word in words), _distance(others, position))


_OPENING = "\"“„«'‘"


def _bare(token: Token) -> str:
    """A term without its quotes and what follows them."""
    typed = str(token)
    if typed[0] in _OPENING:
        typed = re.sub(r"~\d+$", "", typed)
        return typed.strip("'‘’" if token.type == "FORM" else '"“”„«»')
    return typed


def _refuse_reserved(typed: str, position: int) -> None:
    for pattern, message, expected in _RESERVED:
        if pattern.match(typed):
            suggestion = "every word is required already" if typed[0] == "+" else f'for the characters: "{typed}"'
            raise QueryError(message, position=position, expected=expected, suggestion=suggestion)


def _distance(written: str, position: int) -> int:
    distance = int(written or 0)
    if distance > WIDEST:
        raise QueryError(f"{distance} words apart", position=position, expected=f"at most {WIDEST}")
    return distance


def _pattern(source: str, field: Field | None, position: int) -> Pattern:
    try:
        patterns.compiled_pattern(source)
    except patterns.PatternError as error:
        raise QueryError(f"this regular expression cannot be used: {error}", position=position + 1 + error.at) from None
    return Pattern(source, field)


def _read_words(typed: str, position: int, *, forms: bool) -> tuple[Word, ...]:
    """The words of a term. What is written in capitals is an acronym, unless it is a word that somebody shouts."""
    folded = _split(readable(fold(typed).text))
    as_typed = written(typed)
    shouted = len(folded) > 1 and all(word.isupper() or not word.isalpha() for word in as_typed)
    words = []
    for number, word in enumerate(folded):
        original = as_typed[number] if len(as_typed) == len(folded) else ""
        if "*" in word or "?" in word:
            words.append(Word(word, How.WILD))
        elif forms and not shouted and _is_acronym(original):
            words.append(Word(word, How.CAPITALS, original))
        elif forms and has_forms(word):
            words.append(Word(word, How.FORM))
        else:
            words.append(Word(word, How.SAME))
    _refuse_unusable(folded, position)
    return tuple(words)


def _is_acronym(word: str) -> bool:
    letters = sum(character.isalpha() for character in word)
    return word.isupper() and 2 <= len(word) <= _LONGEST_ACRONYM and letters >= 2 and word.lower() != word


def _exact(typed: str, field: Field | None, position: int) -> Words:
    if "*" in typed or "?" in typed:
        raise QueryError("wildcards and exact case exclude each other", position=position, expected="=NATO or nato*")
    folded = _split(readable(fold(typed).text))
    _refuse_unusable(folded, position)
    as_typed = written(typed)
    if len(as_typed) != len(folded):
        raise QueryError("this cannot be compared letter for letter", position=position, expected="plain words")
    return Words(tuple(Word(word, How.EXACT, as_typed[at]) for at, word in enumerate(folded)), field)


def written(text: str) -> tuple[str, ...]:
    """The words of a text as they are written, for comparing letter for letter."""
    return tuple(text[start:end] for start, end in words_of(text))


def _hashtag(token: Token, typed: str) -> Words:
    position = token.start_pos or 0
    word = readable(fold(typed).text)
    if not word or any(character.isspace() for character in word) or token.type in {"REGEX", "LIST", "EXACT"}:
        raise QueryError("a hashtag is one word", position=position, expected="#NATO")
    _refuse_unusable((word,), position)
    return Words((Word(word, How.WILD if "*" in word or "?" in word else How.SAME),), hashtag=True)


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


def _has_a_place(node: Node) -> bool:
    """Whether a node is found at places of a text, of which some can be near others."""
    match node:
        case Words() | Pattern() | Listed() | Near() | Within() | Sentence():
            return True
        case Some(parts):
            return all(map(_has_a_place, parts))
        case _:
            return False


_PARSER: Lark = Lark(_GRAMMAR, parser="lalr", transformer=_Tree(), maybe_placeholders=False)
