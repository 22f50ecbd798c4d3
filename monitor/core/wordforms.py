"""Forms of words: whether a word of a text is what its language makes of a word of a query.

Snowball's stemmers say which words belong together; because they also join what only has a common origin
("organ", "organization"), the endings by which two words differ must be endings of inflection. Arabic and Ukrainian
have rules of their own. All words here are folded.
"""

from __future__ import annotations

import re
from functools import lru_cache

import Stemmer

_LATIN, _CYRILLIC, _ARABIC, _GREEK, _OTHER = "latin", "cyrillic", "arabic", "greek", ""

# ISO 639-1 → Snowball's name, by script; the first of each script serves languages that have none of their own.
_STEMMERS = {
    _LATIN: {
        "en": "english",
        "fr": "french",
        "es": "spanish",
        "pt": "portuguese",
        "it": "italian",
        "de": "german",
        "nl": "dutch",
        "sv": "swedish",
        "no": "norwegian",
        "nb": "norwegian",
        "da": "danish",
        "ro": "romanian",
        "ca": "catalan",
    },
    _CYRILLIC: {"ru": "russian", "uk": "", "be": ""},
    _GREEK: {"el": "greek"},
    _ARABIC: {"ar": ""},
}
_FIRST = {script: next(iter(languages)) for script, languages in _STEMMERS.items()}
_LEAST = {_LATIN: 4, _CYRILLIC: 3, _GREEK: 4, _ARABIC: 3}  # letters of a word that has forms at all
_MOST = 100  # letters; longer is no word, and is not remembered

_INFLECTED = {
    "en": r"|'?s|es|e|ed|d|ing|y|ies|ied|ying|([bdfgklmnprt])(?:ed|ing)",
    "fr": r"|s|x|e|es|al|ale|ales|aux|eau|eaux|er|ez|ee|ees|ent|ant|ants|ante|antes|ait|aient|a|ont|ons|era|eront|erait"
    r"|if|ifs|ive|ives|eux|euse|euses|ir|i|is|it|ie|ies|issent|issait|le|les|l|ne|nes",
    "es": r"|s|es|o|os|a|as|e|en|an|ar|er|ir|io|ia|on|z|ces|ado|ados|ada|adas|ido|idos|ida|idas|ando|iendo|aron|ieron"
    r"|aba|aban|ara|aran|aria|arian|ase|asen",
    "pt": r"|s|es|o|os|a|as|e|em|am|ar|er|ir|ou|iu|ao|oes|aes|al|ais|el|eis|ado|ados|ada|adas|ido|idos|ida|idas|ando"
    r"|endo|indo|aram|eram|iram|ava|avam|ara",
    "it": r"|o|i|a|e|io|hi|he|are|ere|ire|ato|ata|ati|ate|ito|ita|iti|ite|uto|uta|uti|ute|ano|ono|ando|endo|ava|avano"
    r"|arono|irono|era|eranno",
}
_ENDINGS = {language: re.compile(endings) for language, endings in _INFLECTED.items()}
_LONGEST_ENDING = 4  # letters, in languages whose endings are not listed

_RUSSIAN_VERB = re.compile(
    r"[аеиоуыя]?(?:л[аои]?|ть|ешь|ишь)(?:ся|сь)?|(?:ет|ит|ют|ут|ят|ат|ете|ите)(?:ся|сь)?|.{1,3}(?:ся|сь)"
)

_UKRAINIAN = re.compile(
    r"(?:ями|ами|ові|еві|єві|ого|ому|ими|іми|ій|их|іх|ою|ею|єю|ої|ів|їв|ам|ям|ах|ях|ом|ем|єм|ую|юю|а|я|о|е|є|и|і|ї"
    r"|у|ю|й|ь|ы)$"
)

# What is written in one with the word after it, and what with the word before it (Larkey's light10, and the single
# particles that it leaves).
_ARTICLES = ("وبال", "وكال", "ولل", "وال", "بال", "كال", "فال", "لل", "ال")
_PARTICLES = "وفبكلس"
_ARABIC_ENDINGS = ("هما", "ها", "ان", "ات", "ون", "ين", "هم", "نا", "يه", "ه", "ي")

_stemmers: dict[str, Stemmer.Stemmer] = {}


def has_forms(word: str) -> bool:
    """Whether anything but the word itself can be a form of it."""
    script = _script(word)
    return script in _LEAST and _LEAST[script] <= len(word) <= _MOST and word.isalpha()


@lru_cache(maxsize=1 << 16)
def core_of(word: str) -> str:
    """A run of letters that every form of a word holds, in whatever language the text is. At least two letters, but
    for words that have no forms."""
    if not has_forms(word):
        return word
    script = _script(word)
    if script == _ARABIC:
        return _arabic_base(word)
    shared = _common([word, *(stem(word, language) for language in _STEMMERS[script])])
    return shared if len(shared) >= 2 else word[:2]


def is_form(wanted: str, word: str, language: str | None) -> bool:
    """Whether `word`, in a text of that language, is a form of `wanted`. Both are folded.

    Without a language, by the rules of any that is written in the word's script.
    """
    return wanted == word or (len(word) <= _MOST and _is_other_form(wanted, word, language))


@lru_cache(maxsize=1 << 18)
def _is_other_form(wanted: str, word: str, language: str | None) -> bool:
    core = core_of(wanted)
    script = _script(word)
    if not has_forms(wanted) or core not in word or script not in _STEMMERS:
        return False
    if script == _ARABIC:
        return _is_arabic_form(wanted, word)
    if not word.startswith(core) or len(word) < _LEAST[script] - 1:
        return False
    shared = len(_common([wanted, word]))
    endings = wanted[shared:], word[shared:]
    return any(
        stem(wanted, by) == stem(word, by) and all(_is_ending(ending, by) for ending in endings) and _agree(endings, by)
        for by in judges(word, language)
    )


def roots_of(word: str, language: str | None) -> frozenset[str]:
    """What a word of a text of that language is indexed by beside itself: of two words of which one is a form of the
    other, one root of the first is among `roots_wanted` for the second."""
    return _roots_of(word, language) if len(word) <= _MOST else frozenset()


@lru_cache(maxsize=1 << 17)
def _roots_of(word: str, language: str | None) -> frozenset[str]:
    if _script(word) == _ARABIC:
        roots = {_arabic_base(word)}
        if word[0] in _PARTICLES and len(word) >= 4:
            roots |= {word[1:], _without_endings(word[1:])}
        return frozenset(roots)
    return frozenset(stem(word, by) for by in judges(word, language))


def roots_wanted(word: str) -> set[str]:
    """What texts in any language are asked for that may hold a form of `word`."""
    if _script(word) == _ARABIC:
        return {_arabic_base(word), word}
    return {stem(word, by) for by in judges(word, None)} | {word}


def judges(word: str, language: str | None) -> tuple[str, ...]:
    """The languages by whose rules a word is judged: that of its text where the script fits, all that use it where the
    language is not known."""
    known = _STEMMERS.get(_script(word), {})
    if language is None:
        return tuple(known)
    primary = language.partition("-")[0]
    return (primary if primary in known else _FIRST[_script(word)],) if known else ()


def tongue(language: str | None) -> str | None:
    """The language whose rules serve a text's words: one name for all that have none of their own."""
    if language is None:
        return None
    primary = language.partition("-")[0]
    return primary if any(primary in known for known in _STEMMERS.values()) else ""


def stem(word: str, language: str) -> str:
    """What the forms of a word have in common by the rules of a language of `languages_of`. For comparing only."""
    if language in {"uk", "be"}:
        cut = _UKRAINIAN.sub("", word)
        return cut if len(cut) >= 3 else word
    if language == "ar":
        return _arabic_base(word)
    name = _STEMMERS.get(_script(word), {}).get(language)
    if not name:
        return word
    if name not in _stemmers:
        _stemmers[name] = Stemmer.Stemmer(name, 0)  # keeping answers itself costs it three times what it saves
    found: str = _stemmers[name].stemWord(word)
    return found


def _common(words: list[str]) -> str:
    """What all words begin with."""
    first, last = min(words), max(words)
    at = 0
    while at < len(first) and first[at] == last[at : at + 1]:
        at += 1
    return first[:at]


def _is_ending(letters: str, language: str) -> bool:
    listed = _ENDINGS.get(language)
    return listed.fullmatch(letters) is not None if listed else len(letters) <= _LONGEST_ENDING


def _agree(endings: tuple[str, str], language: str) -> bool:
    """Whether two endings can be of one word: in Russian a noun and a verb of the same root share their stem too."""
    if language != "ru":
        return True
    first, second = (_RUSSIAN_VERB.fullmatch(ending) is not None for ending in endings)
    return first == second


def _script(word: str) -> str:
    first = word[:1]
    if first < "\u0250":
        return _LATIN if first else _OTHER
    if "\u0400" <= first <= "\u052f":
        return _CYRILLIC
    if "\u0600" <= first <= "\u06ff":
        return _ARABIC
    return _GREEK if "\u0370" <= first <= "\u03ff" else _OTHER


# ── Arabic ─────────────────────────────────────────────────────────────────────────────────────────────────


def _is_arabic_form(wanted: str, word: str) -> bool:
    base = _arabic_base(wanted)
    if _arabic_base(word) == base:
        return True
    bare = _without_article(word)
    if bare == word and word[0] in _PARTICLES and len(word) >= 4:
        return _without_endings(word[1:]) == base or word[1:] == base
    return False


def _arabic_base(word: str) -> str:
    return _without_endings(_without_article(word))


def _without_article(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 3:
            return word[len(article) :]
    return word


def _without_endings(word: str) -> str:
    for ending in _ARABIC_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
