"""Whether what a source shows now is a post that it has shown before, decided as a person who reads both would.

A guid is the source's own word for it and mostly good. But guids are handed out anew when a site changes its software,
count up with every correction, or are used again for another article; and some feeds state none. Then titles,
addresses, texts and dates decide together. Each decision carries its reason.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import SplitResult, urlsplit

from monitor.core.identity import shared_identity
from monitor.core.model import Post

BEGINNING = 600  # characters of a text that are compared

_ALIKE = 0.5  # share of the shorter one's words that both have
_ALIKE_TEXTS = 0.75  # likewise; texts of one source share more words than two titles do
_FEW_WORDS = 3  # fewer say too little to be recognised by
_LEAD_WORDS = 4
_SOME_WORDS = 12  # a text of so many is one's own
_ANOTHER_DAY = timedelta(hours=12)  # dates further apart are those of two posts where nothing else tells
_YEARS = range(1990, 2100)
_CUT = re.compile(r"(?:\[?(?:…|\.{3,})\]?)\s*$")
_COUNTER = re.compile(r"(?:#|[?&](?:v|rev|version|updated)=)\d{1,10}$", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")  # where no spaces divide words, each character counts as one


class Likeness(StrEnum):
    """What a new post is to one that is stored."""

    SAME = "same"  # it says nothing that the stored one does not say
    FULLER = "fuller"  # the same post, of which less was shown before
    EDITED = "edited"  # the same post with other words
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision and the evidence for it; the reason is "" where the stated guid and nothing else decided."""

    likeness: Likeness
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """As much of a post as recognising it needs."""

    guid: str
    url: str | None  # canonical
    title: str
    text: str  # its first `BEGINNING` characters
    length: int  # characters of the whole text
    content_hash: bytes
    stated_at: datetime | None = None
    updated_at: datetime | None = None


DIFFERENT = Verdict(likeness=Likeness.DIFFERENT)


def trace(post: Post) -> Trace:
    """What recognising `post` needs."""
    return Trace(
        guid=post.guid,
        url=post.url,
        title=post.title,
        text=post.text[:BEGINNING],
        length=len(post.text),
        content_hash=post.content_hash,
        stated_at=post.stated_at,
        updated_at=post.updated_at,
    )


def lead_key(title: str) -> bytes | None:
    """8 bytes that stand for the first words of a title; None for less than three words.

    A post whose guid and address have both changed is looked for by them.
    """
    words = _words(title)[:_LEAD_WORDS]
    if len(words) < _FEW_WORDS:
        return None
    return blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=8).digest()


def under_same_guid(new: Trace, known: Trace, *, alone: bool = False) -> Verdict:
    """What `new` is to the post that is stored under its guid. `alone`: it is all that its source ever shows, and
    followed for its changes, of which each is an edit.

    An edit, however much it changes, unless the guid was used again: the addresses lead to different pages, and neither
    the title nor the date says that they are one.
    """
    if new.content_hash == known.content_hash:
        return Verdict(likeness=Likeness.SAME)
    if alone:
        return Verdict(likeness=Likeness.EDITED)
    if _is_used_again(new, known):
        return Verdict(
            likeness=Likeness.DIFFERENT,
            reason="the guid is used again: it stood for another title"
            + (" at another address" if _pages_differ(new, known) else " and another text"),
        )
    return Verdict(likeness=_change(new, known))


def under_another_guid(new: Trace, known: Trace, *, together: bool, shared: bool = False) -> Verdict:
    """What `new` is to a post of the same source that is known under another guid.

    `together` says that the source shows both at the same time, `shared` that several of its posts have the address.
    """
    reason = _told_apart(new, known, together=together)
    if reason:
        return Verdict(likeness=_change(new, known), reason=reason)
    if _page(new.url) is not None and _page(new.url) == _page(known.url):
        reason = _same_page(new, known, together=together, shared=shared)
    else:
        reason = _another_page(new, known, together=together)
    if not reason:
        return DIFFERENT
    return Verdict(likeness=_change(new, known), reason=reason)


def as_edit(post: Post, *, known: Trace) -> Post:
    """`post` as what `known` says now.

    Sites put a new date on what they correct. It was published when it was first said to be; the later date is that of
    the correction.
    """
    if known.stated_at is None or post.stated_at is None or post.stated_at <= known.stated_at:
        return post
    return replace(post, stated_at=known.stated_at, updated_at=post.updated_at or post.stated_at)


def names_article(url: str | None) -> bool:
    """Whether an address looks like that of one article, and not of a list of them.

    Its last part or its query carries a number, a run of letters and digits such as "c803754myx1o", or four words.
    """
    parts = _split(url)
    if parts is None:
        return False
    last = parts.path.rstrip("/").rpartition("/")[2]
    for piece in (last, parts.query):
        if re.search(r"\d{4}", piece) or re.search(r"(?=\w*\d)(?=\w*[A-Za-z])\w{8}", piece):
            return True
    return len(_slug_words(last)) >= _LEAD_WORDS


# ── the evidence ───────────────────────────────────────────────────────────────────────────────────────────


def _change(new: Trace, known: Trace) -> Likeness:
    """What the words of one post have become."""
    if new.content_hash == known.content_hash:
        return Likeness.SAME
    if _shows_less(new, known):
        return Likeness.SAME
    if _shows_less(known, new):
        return Likeness.FULLER
    if _is_older(new, known):
        return Likeness.SAME
    return Likeness.EDITED


def _shows_less(less: Trace, more: Trace) -> bool:
    """Whether `less` shows but a part: the teaser is missing, or cut off with an ellipsis.

    Likewise the title, where the list had no address for the post either: such lists show it as an extra.
    """
    short, full = _words(less.title), _words(more.title)
    if short != full:
        in_passing = _page(less.url) is None and _page(more.url) is not None
        if not (in_passing and len(short) >= _LEAD_WORDS and full[: len(short)] == short):
            return False
    if not less.text.strip():
        return True
    if short != full and _words(less.text) == short:  # where there is no teaser the title is repeated as one
        return True
    if less.text == more.text and less.length == more.length:
        return short != full
    if less.length >= BEGINNING or not _CUT.search(less.text) or less.length >= more.length:
        return False
    begun = " ".join(_CUT.sub("", less.text).split())
    return len(begun) > 0 and " ".join(more.text.split()).startswith(begun)


def _is_older(new: Trace, known: Trace) -> bool:
    """Whether both say when they were changed, and `new` is the earlier version."""
    return new.updated_at is not None and known.updated_at is not None and new.updated_at < known.updated_at


def _is_used_again(new: Trace, known: Trace) -> bool:
    if new.stated_at is not None and new.stated_at == known.stated_at:
        return False
    titles_alike, texts_alike = alike(new.title, known.title), _texts_alike(new, known)
    another_day = _days_apart(new, known) is True and (_is_next_number(new, known) or not texts_alike)
    if _pages_differ(new, known):
        return another_day if titles_alike else not texts_alike
    if names_article(new.url):
        return False
    if titles_alike:  # made of the address of a list, the guid is no word of the source's
        return another_day and new.guid == new.url
    return not texts_alike


def _told_apart(new: Trace, known: Trace, *, together: bool) -> str:
    """Why two that share a guid which several posts have are one post; "" where nothing says so."""
    if (shared_identity(new.guid) or new.guid) != (shared_identity(known.guid) or known.guid):
        return ""
    if new.content_hash == known.content_hash:
        return "the same words under a guid that several posts share" if _days_apart(new, known) is not True else ""
    if together or _days_apart(new, known) is True:
        return ""
    if _same_text(new, known) and _long(new) and _extends(new.title, known.title):
        return "the same text under a longer title, under a guid that several posts share"
    if not _same_words(new, known) or not _texts_alike(new, known):
        return ""
    return "the same title and much the same text under a guid that several posts share"


def _same_page(new: Trace, known: Trace, *, together: bool, shared: bool) -> str:
    """Why two guids at one address are one post; "" where they are not."""
    article = names_article(new.url) and not shared
    one_date = new.stated_at == known.stated_at
    if new.content_hash == known.content_hash:
        if article:
            return "the same address and the same words"
        if one_date:
            return "the same address, date and words"
        return ""
    # One guid, compared here at all, is one that several posts have: it proves nothing.
    if new.guid != known.guid and _stem(new.guid) == _stem(known.guid) and not together:
        return "the same guid but for its counter, and the same address"
    if together:
        # A page that is shown as several entries at once is followed entry by entry, such as a live report.
        one = article and one_date and _same_words(new, known)
        # Without a date only texts can tell: a recurring title is that of another post each time.
        proven = new.stated_at is not None or not texts_differ(new.text, known.text)
        return "the same address, date and title" if one and proven else ""
    if _is_next_number(new, known):
        return ""
    if alike(new.title, known.title) and (article or (one_date and new.stated_at is not None)):
        return "the same address and much the same title"
    if article and _texts_alike(new, known):
        return "the same address and much the same text"
    if article and one_date and _has_time(new.stated_at):
        return "the same address and the same moment"
    return ""


def _another_page(new: Trace, known: Trace, *, together: bool) -> str:
    """Why two guids at two addresses, or without one, are one post; "" where they are not."""
    a, b = _page(new.url), _page(known.url)
    one_date = new.stated_at is not None and new.stated_at == known.stated_at
    same_title = _same_words(new, known)
    if a is not None and b is not None:
        if same_title and (where := _moved(new, known)):
            return where
        if one_date and _has_time(new.stated_at) and same_title and _long(new) and _same_text(new, known):
            return "the same title, text and moment"
        return ""
    short, full = sorted((_words(new.title), _words(known.title)), key=len)
    if a is not None or b is not None:
        # One of the two has no address of its own: it says less of the post, and often no date either.
        begins = len(short) >= _LEAD_WORDS and full[: len(short)] == short
        if begins and _days_apart(new, known) is not True:
            return "the same title, once with an address of its own and once without"
        return ""
    if same_title and (one_date or (_same_text(new, known) and _days_apart(new, known) is not True and not together)):
        return "the same title and date, and no address of its own" if one_date else "the same title and text"
    if same_title and not together and _days_apart(new, known) is None and _goes_on(new, known):
        return "the same title, and a text that goes on where the other one ends"
    return ""


def _moved(new: Trace, known: Trace) -> str:
    """How the address of an article has changed while it stayed the same article; "" where it is another one."""
    a, b = _split(new.url), _split(known.url)
    if a is None or b is None:
        return ""
    path_a, path_b = a.path.strip("/"), b.path.strip("/")
    if (path_a, a.query) == (path_b, b.query):
        return "the same title, and the same path on another host" if names_article(new.url) else ""
    (folder_a, _, last_a), (folder_b, _, last_b) = path_a.rpartition("/"), path_b.rpartition("/")
    own = last_a == last_b and a.query == b.query and (len(_slug_words(last_a)) >= 2 or names_article(new.url))
    if not own or _host(a) != _host(b) or not _same_text(new, known):
        return ""
    if _NUMBERS.findall(folder_a) != _NUMBERS.findall(folder_b):  # folders of days: what recurs has one in each
        return ""
    return f"the same title and text, under /{folder_b} and under /{folder_a}"


# ── comparing ──────────────────────────────────────────────────────────────────────────────────────────────


def _words(text: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def alike(a: str, b: str) -> bool:
    """Whether most words of the shorter text are in the other.

    Two words must begin the other text ("Statement 12 (corrected)"), and one word must be all of it.
    """
    first, second = _words(a), _words(b)
    fewest = min(len(first), len(second))
    if fewest < _FEW_WORDS:
        return first == second or (fewest > 1 and first[:fewest] == second[:fewest])
    return len({*first} & {*second}) >= _ALIKE * min(len({*first}), len({*second}))


def texts_differ(a: str, b: str) -> bool:
    """Whether both say something, and most words of the shorter one are not in the other."""
    first, second = _words(a), _words(b)
    return min(len(first), len(second)) >= _FEW_WORDS and not _share_words(first, second)


def _texts_alike(new: Trace, known: Trace) -> bool:
    """Whether both have a text and most words of the shorter are in the other."""
    first, second = _words(new.text), _words(known.text)
    return min(len(first), len(second)) >= _FEW_WORDS and _share_words(first, second)


def _share_words(first: list[str], second: list[str]) -> bool:
    return len({*first} & {*second}) >= _ALIKE_TEXTS * min(len({*first}), len({*second}))


def _same_words(new: Trace, known: Trace) -> bool:
    return _words(new.title) == _words(known.title)


def _extends(one: str, other: str) -> bool:
    """Whether one title, of some words, begins the other: "(corrected)" was added."""
    short, full = sorted((_words(one), _words(other)), key=len)
    return len(short) >= _LEAD_WORDS and full[: len(short)] == short


def _same_text(new: Trace, known: Trace) -> bool:
    return new.length == known.length and _words(new.text) == _words(known.text)


def _goes_on(new: Trace, known: Trace) -> bool:
    """Whether one text, all of it known and not short, begins the other: a sentence was added, or taken away."""
    short, full = sorted((new, known), key=lambda one: one.length)
    words, others = _words(short.text), _words(full.text)
    return short.length <= BEGINNING and len(words) >= _SOME_WORDS and others[: len(words)] == words


def _long(one: Trace) -> bool:
    return len(_words(one.text)) >= _SOME_WORDS


def _days_apart(new: Trace, known: Trace) -> bool | None:
    """Whether the dates are those of two days; None where one of them is missing."""
    if new.stated_at is None or known.stated_at is None:
        return None
    return abs(new.stated_at - known.stated_at) > _ANOTHER_DAY


def _has_time(moment: datetime | None) -> bool:
    """Midnight is a date alone."""
    return moment is not None and (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def _stem(guid: str) -> str:
    """A guid without what changes when a site renumbers or secures it: the scheme, and a counter of versions."""
    stem = _COUNTER.sub("", guid.strip())
    return re.sub(r"^https?://(?:www\.)?", "", stem).rstrip("/")


def _split(url: str | None) -> SplitResult | None:
    return urlsplit(url) if url else None


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.")


@lru_cache(maxsize=2048)  # one post is compared with many
def _page(url: str | None) -> str | None:
    """The page that an address leads to, whichever way it is spelt; None for a front page, which says nothing."""
    parts = _split(url)
    if parts is None or (parts.path in {"", "/"} and not parts.query and not parts.fragment):
        return None
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{_host(parts)}{parts.path.rstrip('/')}?{parts.query}{fragment}"


def _pages_differ(new: Trace, known: Trace) -> bool:
    """Whether both have an address and these lead to different articles.

    One article keeps its number when its title, and with it the words of its address, are changed.
    """
    a, b = _page(new.url), _page(known.url)
    if a is None or b is None or a == b:
        return False
    first, second = _ids(a), _ids(b)
    if first & second:
        return False
    if first or second or _NUMBERS.findall(a) != _NUMBERS.findall(b):
        return True
    return not alike(" ".join(_slug_words(a)), " ".join(_slug_words(b)))


def _is_next_number(new: Trace, known: Trace) -> bool:
    """Whether two titles of two days differ in their numbers: the briefing of the 21st and of the 22nd."""
    numbers = [_NUMBERS.findall(one.title) for one in (new, known)]
    return _days_apart(new, known) is True and numbers[0] != numbers[1]


def _ids(page: str) -> set[str]:
    """Numbers that count articles: long ones that are no years."""
    return {n for n in _NUMBERS.findall(page) if len(n) >= 4 and not (len(n) == 4 and int(n) in _YEARS)}


def _slug_words(piece: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", piece) if word and not word.isdigit()]
