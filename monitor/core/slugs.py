"""Slugs made from what people write: lower-case ASCII words joined by hyphens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import urlsplit

MAX_LENGTH = 60
"""Characters of a slug that is made here; one that a person writes may be longer."""

# Decomposing gives "e" for "é"; these letters have no such decomposition. Spellings as in passports (ICAO 9303) and,
# for Greek, ELOT 743.
_LETTERS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "к": "k", "л": "l",
    "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "iu", "я": "ia",
    "і": "i", "ґ": "g", "є": "e", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz",
    "қ": "q", "ғ": "g", "ң": "n", "ө": "o", "ү": "u", "ұ": "u", "һ": "h", "ә": "a",
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch",
    "ψ": "ps", "ω": "o",
    "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ə": "a", "ħ": "h",
    "ŋ": "n", "ŧ": "t",
}  # fmt: skip

_TELEGRAM_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
_NUMBERED_HOSTS = frozenset({"youtube.com"})
_OWN_PART = re.compile(r"/(?:@|r/|u/|user/|users/@?)([\w-]+)")
_UNTELLING = frozenset(
    {"www", "rss", "feed", "feeds", "news", "api", "m", "co", "com", "org", "gov", "gob", "gouv", "int"}
)


def slugged(text: str, *, longest: int = MAX_LENGTH) -> str:
    """The slug that a name gives: "North & Baltic" → "north-baltic", "Новости" → "novosti".

    "" for a name without a letter or digit that has an ASCII form here: Latin, Cyrillic and Greek ones do.
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(_LETTERS.get(letter, letter) for letter in letters).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words if len(words) <= longest else words[:longest].rpartition("-")[0] or words[:longest]


def slug_for(url: str, title: str | None = None) -> str:
    """What a person would call a source: "osce" for https://www.osce.org/feed, the channel's name on Telegram.

    Where a host is many people's, the path tells: "reddit-worldnews" for https://www.reddit.com/r/worldnews/.rss;
    where the path is a number, as on YouTube, the `title` does.

    "source" where the address gives nothing.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host.removeprefix("www.") in _TELEGRAM_HOSTS:
        name = parts.path.rstrip("/").rpartition("/")[2]
    elif re.fullmatch(r"[\d.:]*", host):
        name = host
    else:
        labels = host.split(".")
        name = "-".join([label for label in labels[:-1] if label not in _UNTELLING] or labels[:1])
        if (own := _OWN_PART.match(parts.path)) is not None:
            name = f"{name}-{own[1]}"
        elif host.removeprefix("www.") in _NUMBERED_HOSTS and title:
            name = f"{name}-{title}"
    return slugged(name) or "source"


def told_apart(slug: str, url: str) -> str:
    """`slug` with the last word of the address that says something: "osce-press" for https://www.osce.org/press/."""
    words = [word for part in urlsplit(url).path.split("/") if (word := slugged(part.partition(".")[0], longest=30))]
    telling = [word for word in words if len(word) > 1 and word not in _UNTELLING | {"index", "atom", "xml", "json"}]
    return slugged(f"{slug}-{telling[-1]}") if telling and telling[-1] not in slug.split("-") else slug


def free(slug: str, taken: Collection[str]) -> str:
    """`slug`, with a number behind it where it is taken."""
    number, candidate = 1, slug
    while candidate in taken:
        number += 1
        candidate = f"{slug}-{number}"
    return candidate
