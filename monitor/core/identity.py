"""What makes a post the same post: within its source, after an edit, and in another source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from urllib.parse import urlsplit

from monitor.core.model import Entry
from monitor.core.urls import canonical

URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'«»“”]+", re.IGNORECASE)
"""A web address inside a text, up to the white space or quotation mark that ends it."""

DIGEST_SIZE = 8
FEW = 2  # posts below what leads a window; where fewer were, one withdrawn looks like a window that has moved on
MIN_WORDS = 12
"""A text shorter than this is too common to be recognised by its words ("Good morning, dear subscribers!")."""

_CHARACTERS_A_WORD = 1.6  # of Chinese and Japanese text, on average
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[\u0e00-\u0e7f]{3}")
_FAR = re.compile("[\u0e00-\U0010ffff]")  # a quick way to see that there are none
_WORDS = re.compile(r"\w+")
_TOLD_APART = re.compile(r"(.+) hash:[0-9a-f]{32}", re.DOTALL)
_FORWARD_HEADER = re.compile(
    r"^\s*(?:forwarded\s+(?:from|message)|переслано\s+(?:из|от)|пересланное\s+сообщение|repost(?:ed)?\s+from|"
    r"reenviado\s+de|transféré\s+de|weitergeleitet\s+(?:von|aus)|转发自|轉發自|معاد توجيهه من)\b[^\n]*\n?",
    re.IGNORECASE,
)


def guid_of(entry: Entry) -> str:
    """The identity of an entry within its source, from the best evidence there is.

    The stated guid as it stands; else the canonical link, unless it leads to a front page, which is nobody's own; else
    "hash:" and a digest of title, date and body.
    """
    if entry.guid and entry.guid.strip():
        return entry.guid.strip()
    if entry.link and (link := canonical(entry.link)) and not is_front_page(link):
        return link
    return told_by_text(entry)


def told_by_text(entry: Entry) -> str:
    """The identity of an entry that neither its guid nor its link tells from others."""
    parts = (entry.title or "", entry.published or "", entry.html or entry.summary or "")
    return "hash:" + blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def told_apart(identity: str, entry: Entry) -> str:
    """The guid of an entry that shares `identity` with other posts of its window."""
    return f"{identity} {told_by_text(entry)}"


def shared_identity(guid: str) -> str | None:
    """What a guid made by `told_apart` was told apart under; None for any other."""
    found = _TOLD_APART.fullmatch(guid)
    return found[1] if found else None


def is_front_page(url: str) -> bool:
    """Whether an address leads to a whole site. Canonical addresses only."""
    parts = urlsplit(url)
    return parts.path in {"", "/"} and not parts.query and not parts.fragment


def without_addresses(text: str) -> str:
    """`text` with a space in place of each web address."""
    return URL.sub(" ", text) if _holds_address(text) else text


def _holds_address(text: str) -> bool:
    return "://" in text or "www." in text.lower()


def content_hash(*, title: str, text: str) -> bytes:
    """16 bytes over what a reader sees; another value means that the post was edited.

    White space, Unicode composition and tracking parameters of addresses in the text make no difference.
    """
    seen = unicodedata.normalize("NFC", f"{title}\n{text}")
    if _holds_address(seen):
        seen = URL.sub(lambda match: canonical(match[0]) or match[0], seen)
    return _digest16(" ".join(seen.split()))


def fingerprint(text: str) -> bytes | None:
    """16 bytes over the words alone, equal for reposts; None below 12 words.

    Case, punctuation, emoji, addresses, the "#" of hashtags, width and composition of characters, "ё" for "е" and a
    "Forwarded from …" line make no difference. Chinese and Japanese are counted by characters, 1.6 to a word.
    """
    bare = without_addresses(text[forwarded.end() :] if (forwarded := _FORWARD_HEADER.match(text)) else text)
    folded = bare.lower() if bare.isascii() else _folded(bare)
    words = _WORDS.findall(folded)
    if _FAR.search(folded) is None or _IDEOGRAPHS.search(folded) is None:
        return _digest16(" ".join(words)) if len(words) >= MIN_WORDS else None
    ideographs = len(_IDEOGRAPHS.findall(folded))
    length = ideographs / _CHARACTERS_A_WORD + sum(1 for word in words if not _IDEOGRAPHS.match(word))
    if length < MIN_WORDS:
        return None
    # Chinese is written without spaces: where a channel breaks its lines must make no difference.
    return _digest16(("" if ideographs > len(words) else " ").join(words))


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("ё", "е")


def _digest16(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def digest8(guid: str, content: bytes) -> bytes:
    """8 bytes that stand for one version of one post of a source."""
    return blake2b(guid.encode("utf-8", "replace") + b"\0" + content, digest_size=DIGEST_SIZE).digest()


def packed(digests: Iterable[bytes]) -> bytes:
    """`Memory.seen` made of 8-byte digests, in their order, repeats left out."""
    return b"".join(dict.fromkeys(digests))


def unpacked(seen: bytes) -> tuple[bytes, ...]:
    """The 8-byte digests in `Memory.seen`. ValueError when its length is not a multiple of 8."""
    if len(seen) % DIGEST_SIZE:
        raise ValueError(f"the memory of seen posts has {len(seen)} bytes, which is not a multiple of {DIGEST_SIZE}")
    return tuple(seen[i : i + DIGEST_SIZE] for i in range(0, len(seen), DIGEST_SIZE))


def unmet(before: bytes, now: bytes, *, few: int = FEW) -> frozenset[bytes]:
    """The digests of a window of which the next should show one, and does not; empty where the two meet.

    A window of less than `few` posts proves nothing: they may have been taken down. Below what leads both, FEW count.

    Where they do not, posts may have come and gone in between. What leads both is left out where anything follows: it
    may be pinned there, and says nothing of what lies between.
    """
    old, new = unpacked(before), unpacked(now)
    leading = 0
    while leading < min(len(old), len(new)) and old[leading] == new[leading]:
        leading += 1
    old, new = old[leading:], new[leading:]
    if len(old) < (FEW if leading else few) or not new or not frozenset(old).isdisjoint(new):
        return frozenset()
    return frozenset(old)
