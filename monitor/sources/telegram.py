"""Telegram channels, read without an account from the public preview https://t.me/s/NAME: its last messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.errors import SourceError
from monitor.core.model import Document, Entry, Numbered, Source, Window
from monitor.sources.kind import Options, SourceKind
from monitor.sources.markup import absolute, attribute, decoded, select, text_of
from monitor.sources.telegram_message import MESSAGE, entry, numbers_of

# ── what a person may write ────────────────────────────────────────────────────────────────────────────────

_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog", "www.t.me", "www.telegram.me"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")  # four letters are sold at auction, five and more are free
_INVITES = frozenset({"joinchat", "addlist"})
_NOT_CHANNELS = frozenset(
    {"addemoji", "addstickers", "addtheme", "boost", "confirmphone", "contact", "giftcode", "invoice", "login"}
    | {"proxy", "setlanguage", "share", "socks"}
)


def address(text: str) -> str:
    """@name, name, or any t.me address of a channel or one of its posts → https://t.me/s/name."""
    given = text.strip()
    name = _name_in_address(given) if re.search(r"[/.:]", given) else given.removeprefix("@")
    if name.startswith("+"):
        raise ValueError(f"{given!r} is an invitation: only public channels, which have a @name, can be followed")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{given!r} does not name a Telegram channel: expected @name or https://t.me/name, the name being"
            " 4 to 32 letters a–z, digits and underscores that begin with a letter"
        )
    return f"https://t.me/s/{name}"


def _name_in_address(given: str) -> str:
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
    except ValueError:
        raise ValueError(f"{given!r} is not an address of Telegram: expected @name or https://t.me/name") from None
    host = (parts.hostname or "").lower()
    if parts.scheme == "tg":
        return "".join(parse_qs(parts.query).get("domain", ()))
    if parts.scheme in {"http", "https"} and host.endswith(".t.me") and host not in _HOSTS:
        return host.removesuffix(".t.me")
    if parts.scheme not in {"http", "https"} or host not in _HOSTS:
        raise ValueError(f"{given!r} is not an address of Telegram: expected @name or https://t.me/name")
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments[:1] == ["s"]:
        del segments[0]
    first = segments[0] if segments else ""
    if first in _INVITES:
        raise ValueError(f"{given!r} is an invitation: only public channels, which have a @name, can be followed")
    if first == "c":
        raise ValueError(f"{given!r} belongs to a private channel: only public channels can be followed")
    if first in _NOT_CHANNELS:
        raise ValueError(f"{given!r} is not the address of a channel: expected @name or https://t.me/name")
    return first


# ── the page ───────────────────────────────────────────────────────────────────────────────────────────────


def parse(document: Document, source: Source) -> Window:
    """Every message of the page, oldest first as Telegram shows them.

    SourceError where the page is not that of a channel, its reason telling why: "no-preview", "not-found", "group",
    "bot", "user", "private" or "not-a-feed". A channel without messages is an empty window.
    """
    text, notes = decoded(document, hint=source.language)
    page = LexborHTMLParser(text)
    messages = select(page, MESSAGE)
    if not messages and page.css_first(".tgme_channel_history, .tgme_channel_info") is None:
        raise _not_a_channel(page, document.url)
    if page.css_first(".tme_no_messages_found") is not None:
        notes += ('Telegram says "No posts found", as it also does when asked too often',)
    entries = tuple(entry(message, document.url) for message in messages)
    return Window(
        entries=entries,
        title=_channel_title(page),
        homepage=_homepage(document.url),
        older=_older(page, document.url),
        notes=notes,
        numbers=_numbers(entries, messages, document.url),
    )


def _numbers(entries: Sequence[Entry], messages: Sequence[LexborNode], url: str) -> Numbered | None:
    """The numbers on this page. It shows all messages between its oldest and what it was asked to end before, or the
    newest of all; what a search found proves nothing of the others."""
    asked = parse_qs(urlsplit(url).query)
    if "q" in asked or "after" in asked or not all(entry.guid for entry in entries):
        return None
    shown = sorted({number for message in messages for number in numbers_of(message)})
    if not shown:
        return None
    before = "".join(asked.get("before", ()))
    newest = not before.isdecimal()
    last = shown[-1] if newest else max(int(before) - 1, shown[-1])
    return Numbered(first=shown[0], last=last, shown=tuple(shown), newest=newest)


def _channel_title(page: LexborHTMLParser) -> str | None:
    shown = text_of(page.css_first(".tgme_channel_info_header_title"))
    stated = attribute(page.css_first('meta[property="og:title"]'), "content")
    return shown or stated or re.sub(r" ?– Telegram$", "", text_of(page.css_first("title"))) or None


def _homepage(url: str) -> str | None:
    try:
        return address(url).replace("/s/", "/")
    except ValueError:
        return None


def _older(page: LexborHTMLParser, base: str) -> str | None:
    for link in select(page, 'link[rel="prev"], a.tme_messages_more'):
        href = attribute(link, "href")
        if "before=" in href:
            return absolute(base, href)
    return None


def _not_a_channel(page: LexborHTMLParser, url: str) -> SourceError:
    """Which of the landing pages this is: Telegram sends people there when a name has no preview."""
    if page.css_first(".tgme_page") is None:
        return SourceError(
            f"{url} is not a page of Telegram: is there a proxy or a block page in between?", reason="not-a-feed"
        )
    title = text_of(page.css_first(".tgme_page_title span"))  # beside it stands the mark of verified ones
    extra = " ".join(text_of(node) for node in select(page, ".tgme_page_extra"))
    action = text_of(page.css_first(".tgme_page_action"))
    name = title or url.rpartition("/")[2]
    if page.css_first(".tgme_page_context_link") is not None:
        posts = f"https://t.me/s/{url.rstrip('/').rpartition('/')[2]}"
        message = f"{url} is the card of the channel {name!r}, not its posts: use {posts}"
        return SourceError(message, reason="not-a-feed")
    if not title:
        message = f"Telegram knows nobody by the name in {url}: look for a typing error, or for the channel's new name"
        return SourceError(message, reason="not-found")
    if action.startswith(("Join", "Request")):
        message = f"{name!r} can be seen by its members only: ask for a public channel, or follow its issuer's website"
        return SourceError(message, reason="private")
    if "member" in extra:
        message = f"{name!r} is a group, and Telegram shows only channels on the web: is there a channel beside it?"
        return SourceError(message, reason="group")
    if "subscriber" in extra:
        message = f"the channel {name!r} does not show its posts on the web: follow its issuer's feed or website"
        return SourceError(message, reason="no-preview")
    if "monthly user" in extra or action == "Start Bot" or re.search(r"@\w+bot\b|@botfather\b", extra, re.IGNORECASE):
        return SourceError(f"{name!r} is a bot, which has no posts to follow: is there a channel?", reason="bot")
    return SourceError(f"{name!r} is a person's account, which has no public posts: is there a channel?", reason="user")


KIND = SourceKind(
    name="telegram",
    summary="a public Telegram channel, by @name or t.me address",
    accept="text/html",
    options=Options,
    address=address,
    parse=parse,
)
