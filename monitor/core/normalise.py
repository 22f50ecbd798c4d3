"""A raw entry → a uniform post."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from monitor.core.dates import parse_date
from monitor.core.html import one_line, plain_text, sanitised
from monitor.core.identity import content_hash, fingerprint, guid_of, without_addresses
from monitor.core.language import language_of
from monitor.core.model import Entry, Forward, Media, Post, Source
from monitor.core.urls import absolute, canonical

TITLE_LENGTH = 110
"""Characters of a title made from the text, the "…" included."""

_STATED_TITLE_LENGTH = 500

# Python's \w leaves out the vowel signs and other marks without which many scripts cannot be written.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0900-\u0903\u093a-\u094f\u0981-\u0983\u09bc-\u09cd\u0e31-\u0e4e"
    "\u200c\u200d"
)
_HASHTAG = re.compile(rf"(?<![\w&/#＃])[#＃]((?:[\w{_MARKS}])*[^\W\d_](?:[\w{_MARKS}])*)")

_SENTENCE_END = re.compile(r"[.!?…]+[\"'»”’)\]]*(?=\s+[\W_]*[^\W\d_a-zа-яё])|[。！？]+[」』”’）]*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(«\"“])(?:[^\W\d_]|[^\W\d_]\.[^\W\d_]|mr|mrs|ms|dr|prof|gen|lt|col|sgt|st|no|vs|inc|ltd|jr|sr|sen|rep|gov|"
    r"hon|rev|art|cf|approx|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|им|ул|гг|см|др|пр|тов|проф|акад|mme|mlle|"
    r"bzw|nr|bsp|sra|srta|sig)\.$",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"\s*(?:\[?(?:…|\.{3,})\]?)\s*$")
_NOT_WORDS = re.compile(r"https?://\S+|[#＃@]\S+", re.IGNORECASE)
_NOT_ALNUM = re.compile(r"[\W_]+")
_SENTENCE_WITHIN = 1_000  # characters; a first sentence longer than that is cut anyhow
_EDGE = " \t,;:–—-·|/("


def normalise(entry: Entry, *, source: Source, now: datetime, base: str | None, day_first: bool | None = None) -> Post:
    """The post that `entry` is.

    `base` is the address of the document it came from; links in the body are resolved against the entry's own link
    where it has one, against `base` otherwise. `now` bounds stated dates, `day_first` says what the source's numeric
    ones begin with (see `core.dates.parse_date`). ValueError with
    a sentence for an entry without title, text, media and link.
    """
    link = absolute(entry.link, base) if entry.link else None
    markup = entry.html if entry.html and entry.html.strip() else entry.summary or ""
    text = plain_text(markup)
    summary = _teaser(plain_text(entry.summary) if entry.summary and entry.summary is not markup else "", text)
    stated_title = cut(one_line(entry.title or ""), _STATED_TITLE_LENGTH)
    media = tuple(_absolute_media(medium, link or base) for medium in entry.media)
    if not (stated_title or text or media or link):
        raise ValueError("the entry has no title, no text, nothing attached and no link")
    title, made = _title(stated_title, text or summary, media, link)
    made = made or entry.title_made
    stated_at = parse_date(entry.published, now=now, day_first=day_first) if entry.published else None
    updated_at = parse_date(entry.updated, now=now, day_first=day_first) if entry.updated else None
    if stated_at is None:
        stated_at = updated_at
    return Post(
        guid=guid_of(entry),
        url=(canonical(link) or None) if link else None,
        title=title,
        title_made=made,
        text=text,
        html=sanitised(markup, base=link or base),
        summary=summary,
        author=one_line(entry.author or "") or None,
        language=language_of(text if made else f"{title}\n{text}", hint=entry.language or source.language),
        stated_at=stated_at,
        updated_at=updated_at if updated_at != stated_at else None,
        hashtags=_hashtags(entry, "" if made else title, text),
        categories=tuple(dict.fromkeys(c for raw in entry.categories if (c := one_line(raw)))),
        media=media,
        forwarded_from=_forward(entry.forwarded_from, base),
        reply_to=(absolute(entry.reply_to, base) if entry.reply_to else None),
        edited=entry.edited,
        views=entry.views,
        content_hash=content_hash(title="" if made else title, text=text or summary),
        fingerprint=fingerprint(text or summary),
    )


def hashtags_in(text: str) -> tuple[str, ...]:
    """Hashtags without "#", as written, in order, each once; not those inside addresses, not numbers such as "#1"."""
    if "#" not in text and "＃" not in text:
        return ()
    return _each_once(unicodedata.normalize("NFC", match[1]) for match in _HASHTAG.finditer(without_addresses(text)))


def title_from(text: str, *, limit: int = TITLE_LENGTH) -> str:
    """A title made of the first sentence of `text` that has words; at most `limit` characters."""
    for line in text.split("\n"):
        stripped = line.removeprefix("- ").strip()[:_SENTENCE_WITHIN]
        if not any(character.isalnum() for character in _NOT_WORDS.sub(" ", stripped)):
            continue  # emoji, hashtags, mentions or addresses only
        return cut(_first_sentence(stripped, limit), limit)
    return cut(one_line(text), limit)


def cut(text: str, limit: int) -> str:
    """`text` of at most `limit` characters, cut between words where it has any, never inside a grapheme, with "…"."""
    if len(text) <= limit:
        return text
    end = limit - 1
    space = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    if space > limit // 2:
        end = space
    else:
        while end > 1 and _joined(text, end):
            end -= 1
    return text[:end].rstrip(_EDGE) + "…"


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and at `at` are parts of one grapheme (a sufficient part of UAX 29)."""
    before, after = text[at - 1], text[at]
    if unicodedata.category(after) in {"Mn", "Me", "Mc"} or after in "\u200d\ufe0f\u200c" or before == "\u200d":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":  # skin tones, flags of regions
        return True
    if _is_flag_half(after) and _is_flag_half(before):  # a pair of letters is one flag; pairs count from the left
        run = 0
        while at - 1 - run >= 0 and _is_flag_half(text[at - 1 - run]):
            run += 1
        return run % 2 == 1
    return False


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _first_sentence(line: str, limit: int) -> str:
    if len(line) <= limit:
        # A short line is a headline as it stands, unless it goes on after a full sentence of some length.
        end = next((e for e in _sentence_ends(line) if e >= 40), len(line))
        return line[:end].strip()
    end = next((e for e in _sentence_ends(line) if e >= 25), len(line))
    return line[:end].strip()


def _sentence_ends(line: str) -> list[int]:
    return [m.end() for m in _SENTENCE_END.finditer(line) if not _ABBREVIATION.search(line[: m.end()])]


def _title(stated: str, text: str, media: tuple[Media, ...], link: str | None) -> tuple[str, bool]:
    """The title, and whether we made it."""
    if stated and not _is_cut_from(stated, text):
        return stated, False
    if text:
        return title_from(text), True
    if stated:
        return stated, False
    for medium in media:
        return one_line(medium.title or "") or medium.kind.replace("-", " ").capitalize(), True
    return _name_of(link or ""), True


def _is_cut_from(title: str, text: str) -> bool:
    """Whether a title is nothing but the beginning of the text, cut off with an ellipsis."""
    bare = _ELLIPSIS.sub("", title)
    return bare != title and len(bare) > 15 and " ".join(text.split()).startswith(bare)


def _name_of(link: str) -> str:
    parts = urlsplit(link)
    return cut((parts.hostname or "") + parts.path.rstrip("/"), TITLE_LENGTH)


def _teaser(summary: str, text: str) -> str:
    """`summary` where it says something that the text does not begin with."""
    # Letters alone are compared, and not the last of them: "[…]", "Read more" and lost spaces make no new text.
    if not summary:
        return ""
    said, begun = _letters(summary), _letters(text[: 2 * len(summary) + 200])
    return "" if begun.startswith(said[: max(1, len(said) * 4 // 5)]) else summary


def _letters(text: str) -> str:
    return _NOT_ALNUM.sub("", text)


def _hashtags(entry: Entry, title: str, text: str) -> tuple[str, ...]:
    marked = (tag.lstrip("#＃").strip() for tag in entry.hashtags)
    return _each_once((*filter(None, marked), *hashtags_in(f"{title}\n{text}")))


def _each_once(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as first written; case makes no difference."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.casefold(), tag)
    return tuple(first.values())


def _absolute_media(medium: Media, base: str | None) -> Media:
    return Media(
        kind=medium.kind,
        url=absolute(medium.url, base) if medium.url else None,
        title=one_line(medium.title or "") or None,
        mime=medium.mime,
        bytes=medium.bytes,
        seconds=medium.seconds,
    )


def _forward(forward: Forward | None, base: str | None) -> Forward | None:
    if forward is None or not (name := one_line(forward.name)):
        return None
    return Forward(name=name, link=absolute(forward.link, base) if forward.link else None)
