"""One message of a Telegram channel's public page, made an entry.

Its words, with the formatting that Telegram offers, are the body; photos, files and the rest are listed as media.
Only where a message has no words of its own does the body say, in brackets, what it shows ("[video 1:09, Media is too
big]"): no title is invented. A message that is nothing but a link is read as its preview, which is what people read.
A poll's question and options are words; its results, which change from one reading to the next and would make each look
like an edit, stand with the media only. Not read: reactions and inline buttons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Final
from urllib.parse import parse_qs

from selectolax.lexbor import LexborNode

from monitor.core.model import Entry, Forward, Media
from monitor.sources.markup import absolute, attribute, children, select, text_of

MESSAGE = ".tgme_widget_message"
"""What to select on the page; an album is one message."""

_GUID = re.compile(r"[A-Za-z]\w{3,31}/[0-9]{1,18}", re.ASCII)
_PART = re.compile(r"https?://t\.me/(\w+)/([0-9]{1,18})\?single", re.ASCII)


def entry(message: LexborNode, base: str) -> Entry:
    """What one element matched by MESSAGE says; `base` is the address of its page."""
    meta = message.css_first(".tgme_widget_message_meta")
    date = message.css_first(".tgme_widget_message_date")
    stated = (attribute(message, "data-post"), attribute(date, "href").removeprefix("https://t.me/"))
    guid = next((found[0] for text in stated if (found := _GUID.match(text))), None)
    media = _media(message, base)
    return Entry(
        guid=guid,
        link=f"https://t.me/{guid}" if guid else None,
        html=_body(message, media, base),
        author=text_of(message.css_first(".tgme_widget_message_from_author")) or None,
        published=attribute(message.css_first(".tgme_widget_message_date time"), "datetime") or None,
        hashtags=_hashtags(message),
        media=tuple(media),
        forwarded_from=_forward(message, base),
        reply_to=attribute(message.css_first("a.tgme_widget_message_reply"), "href") or None,
        edited=meta is not None and "edited" in meta.text(deep=False),  # not below: an author may be called so
        views=_count(text_of(message.css_first(".tgme_widget_message_views"))),
        service="service_message" in attribute(message, "class").split(),
    )


def numbers_of(message: LexborNode) -> set[int]:
    """The numbers that one element matched by MESSAGE stands for: its own, and those of the parts of an album."""
    own = attribute(message, "data-post")
    if _GUID.match(own) is None:
        return set()
    channel, _, number = own.partition("/")
    parts = (_PART.fullmatch(attribute(link, "href")) for link in select(message, 'a[href$="?single"]'))
    return {int(number)} | {int(part[2]) for part in parts if part and part[1] == channel}


def _forward(message: LexborNode, base: str) -> Forward | None:
    name = message.css_first(".tgme_widget_message_forwarded_from_name")
    if name is None:
        return None
    return Forward(name=text_of(name), link=absolute(base, attribute(name, "href")))


def _hashtags(message: LexborNode) -> tuple[str, ...]:
    tags = []
    for block in _text_blocks(message):
        for link in select(block, 'a[href^="?q="]'):
            wanted = "".join(parse_qs(attribute(link, "href").removeprefix("?")).get("q", ()))
            if wanted.startswith("#"):
                tags.append(wanted[1:].partition("@")[0])  # "#tag@channel" searches in one channel only
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def _count(written: str) -> int | None:
    """ "2", "214.4K", "8.67M" → a whole number, exact only to the digits shown."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)([KMB]?)", written)
    return int(Decimal(found[1]) * {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}[found[2]]) if found else None


# ── its words ──────────────────────────────────────────────────────────────────────────────────────────────

_KEPT: Final = frozenset(
    {"b", "strong", "i", "em", "u", "s", "del", "code", "pre", "blockquote", "p", "ul", "ol", "li"}
)


def _body(message: LexborNode, media: list[Media], base: str) -> str:
    blocks = _text_blocks(message)
    parts = [f"<div>{_markup(block, base)}</div>" for block in blocks if text_of(block)]
    polls = [_poll_markup(poll) for poll in select(message, ".tgme_widget_message_poll")]
    if polls:
        return "".join([*parts, *polls])
    previews = select(message, "a.tgme_widget_message_link_preview")
    if previews and all(_only_links(block) for block in blocks):  # then the preview is what a reader reads
        parts = [_preview_markup(preview) for preview in previews] + parts
    return "".join(parts) or f"<p>[{escape(_seen_instead_of_words(message, media))}]</p>"


def _text_blocks(message: LexborNode) -> list[LexborNode]:
    """The texts of the message: not the quoted beginning of the one it answers, and an album's text once."""
    return [
        block
        for block in select(message, ".tgme_widget_message_text:not(.js-message_reply_text)")
        if not _inside(block, frozenset({"tgme_widget_message_text", "tgme_widget_message_reply"}))
    ]


def _inside(node: LexborNode, classes: frozenset[str]) -> bool:
    """Whether an element of one of these classes encloses the node within its message."""
    above = node.parent
    while above is not None:
        names = set(attribute(above, "class").split())
        if names & classes:
            return True
        if "tgme_widget_message" in names:
            return False
        above = above.parent
    return False


def _markup(block: LexborNode, base: str) -> str:
    """What is inside, formatted as a message can be: emoji as characters, hidden words shown, links absolute."""
    written: list[str] = []
    waiting: list[LexborNode | str] = list(reversed(list(children(block))))
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            written.append(part)
        elif part.is_text_node:
            written.append(escape(part.text_content or "", quote=False))
        elif part.tag == "br":
            written.append("<br>")
        elif part.tag == "i" and "emoji" in attribute(part, "class").split():
            written.append(escape(text_of(part), quote=False))
        elif part.is_element_node and part.tag not in {"script", "style"}:
            link = absolute(base, attribute(part, "href")) if part.tag == "a" else None
            if part.tag in _KEPT or link:
                written.append(f'<a href="{escape(link)}">' if link else f"<{part.tag}>")
                waiting.append(f"</{part.tag}>")
            waiting.extend(reversed(list(children(part))))
    return "".join(written).strip()


def _poll_markup(poll: LexborNode) -> str:
    question = escape(text_of(poll.css_first(".tgme_widget_message_poll_question")))
    options = select(poll, ".tgme_widget_message_poll_option_text")
    return f"<p>{question}</p><ul>{''.join(f'<li>{escape(text_of(option))}</li>' for option in options)}</ul>"


def _preview_markup(preview: LexborNode) -> str:
    description = escape(text_of(preview.css_first(".link_preview_description")))
    title = f'<p><a href="{escape(attribute(preview, "href"))}">{escape(_preview_title(preview))}</a></p>'
    return title + (f"<p>{description}</p>" if description else "")


def _preview_title(preview: LexborNode) -> str:
    shown = (text_of(preview.css_first(f".link_preview_{part}")) for part in ("title", "description", "site_name"))
    return next(filter(None, shown), attribute(preview, "href"))


def _only_links(block: LexborNode) -> bool:
    return text_of(block) == " ".join(filter(None, (text_of(link) for link in select(block, "a[href]"))))


def _seen_instead_of_words(message: LexborNode, media: list[Media]) -> str:
    """ "3 photos, video 0:27", or what Telegram itself shows where it does not show the message."""
    shown = [_in_words(item) for item in media]
    counted = [what if times == 1 else f"{times} {what}s" for what, times in Counter(shown).items()]
    placeholder = text_of(message.css_first(".message_media_not_supported_label"))
    return ", ".join(counted) or placeholder or "no text"


def _in_words(item: Media) -> str:
    words = item.kind.replace("-", " ")
    if item.seconds is not None:
        hours, minutes = divmod(item.seconds // 60, 60)
        words += f" {hours}:{minutes:02}" if hours else f" {minutes}"
        words += f":{item.seconds % 60:02}"
    if item.title:
        words += f": {item.title}" if item.kind != "video" else f", {item.title}"
    return words


# ── its media ──────────────────────────────────────────────────────────────────────────────────────────────

_BACKGROUND = re.compile(r"""background-image:\s*url\(\s*['"]?([^'")\s]+)""")
_SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}


def _media(message: LexborNode, base: str) -> list[Media]:
    """In the order shown. Files stay on Telegram's servers, at addresses that change from one reading to the next."""
    found = []
    for node in select(message, ", ".join(f".{name}" for name in _READERS)):
        reader = next(_READERS[name] for name in attribute(node, "class").split() if name in _READERS)
        found.append(reader(node, base))
    return found


def _photo(node: LexborNode, base: str) -> Media:
    style = _BACKGROUND.search(attribute(node, "style"))
    return Media(kind="photo", url=absolute(base, style[1]) if style else None)


def _video(node: LexborNode, base: str) -> Media:
    label = text_of(node.css_first(".message_media_not_supported_label"))
    too_big = "not_supported" in attribute(node, "class").split()  # else the label is for browsers that play nothing
    url = _address_in(node, "video", "src", base)
    return Media(kind="video", url=url, seconds=_seconds(node), title=label if too_big and label else None)


def _round_video(node: LexborNode, base: str) -> Media:
    return Media(kind="round-video", url=_address_in(node, "video", "src", base), seconds=_seconds(node))


def _voice(node: LexborNode, base: str) -> Media:
    return Media(kind="voice", url=_address_in(node, "audio", "src", base), seconds=_seconds(node))


def _document(node: LexborNode, base: str) -> Media:
    """A file; a piece of music has a performer where a file has its size."""
    title = text_of(node.css_first(".tgme_widget_message_document_title")) or None
    extra = text_of(node.css_first(".tgme_widget_message_document_extra"))
    url = _address_in(node, "[href]", "href", base)
    if node.css_first(".tgme_widget_message_document_icon.audio") is not None:
        return Media(kind="audio", url=url, title=" — ".join(filter(None, (title, extra))) or None)
    size = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?) ([KMG]?B)", extra)
    return Media(kind="document", url=url, title=title, bytes=int(Decimal(size[1]) * _SIZES[size[2]]) if size else None)


def _sticker(node: LexborNode, base: str) -> Media:
    image = _address_in(node, "[data-webp]", "data-webp", base)
    animation = _address_in(node, 'source[type="application/x-tgsticker"]', "srcset", base)
    return Media(kind="sticker", url=image or animation or _address_in(node, "video", "src", base))


def _poll(node: LexborNode, base: str) -> Media:
    """The results stand in the title, which is no part of what a post says: "Which day? 74% Monday, 26% Friday"."""
    question = text_of(node.css_first(".tgme_widget_message_poll_question"))
    shares = select(node, ".tgme_widget_message_poll_option_percent")
    options = select(node, ".tgme_widget_message_poll_option_text")
    results = (f"{text_of(share)} {text_of(option)}" for share, option in zip(shares, options, strict=False))
    return Media(kind="poll", title=f"{question} {', '.join(results)}".strip() or None)


def _location(node: LexborNode, base: str) -> Media:
    place = (text_of(node.css_first(f".tgme_widget_message_location_{part}")) for part in ("title", "address"))
    title = ", ".join(filter(None, place)) or None
    return Media(kind="location", url=_address_in(node, "[href]", "href", base), title=title)


def _contact(node: LexborNode, base: str) -> Media:
    return Media(kind="contact", title=text_of(node) or None)


def _link(node: LexborNode, base: str) -> Media:
    return Media(kind="link", url=absolute(base, attribute(node, "href")), title=_preview_title(node))


_READERS: Final[dict[str, Callable[[LexborNode, str], Media]]] = {
    "tgme_widget_message_photo_wrap": _photo,
    "tgme_widget_message_video_player": _video,
    "tgme_widget_message_roundvideo_player": _round_video,
    "tgme_widget_message_voice_player": _voice,
    "tgme_widget_message_document_wrap": _document,
    "tgme_widget_message_sticker_wrap": _sticker,
    "tgme_widget_message_poll": _poll,
    "tgme_widget_message_location_wrap": _location,
    "tgme_widget_message_contact_wrap": _contact,
    "tgme_widget_message_link_preview": _link,
}


def _address_in(node: LexborNode, selector: str, name: str, base: str) -> str | None:
    return absolute(base, attribute(node.css_first(selector), name))


def _seconds(node: LexborNode) -> int | None:
    """ "1:09" or "1:02:03" of the player."""
    written = text_of(node.css_first("time"))
    if not re.fullmatch(r"\d{1,4}(:\d{2}){1,2}", written):
        return None
    seconds = 0
    for part in written.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds
