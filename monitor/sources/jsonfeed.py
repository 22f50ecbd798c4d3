"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.core.errors import SourceError
from monitor.core.html import as_markup, one_line
from monitor.core.model import Document, Entry, Media, Source, Window
from monitor.core.urls import absolute
from monitor.sources.encoding import decoded
from monitor.sources.kind import EntryOptions, SourceKind, web_address

_VERSION = "jsonfeed.org/version/"
_MAX_NUMBER_DIGITS = 400  # of a number written out in the document; Python's own conversion is quadratic in them
_MEDIA_KINDS = {"image": "photo", "video": "video", "audio": "audio"}


def parse(document: Document, source: Source) -> Window:
    """Every item of a JSON Feed; what has the wrong type is left out of its item and named in a note.

    SourceError "parse" for what is not JSON, "not-a-feed" for JSON that is no JSON Feed.
    """
    text, notes = decoded(document.content, content_type=document.content_type, hint=source.language)
    feed = _loaded(text)
    problems: list[str] = list(notes)
    version = str(feed.get("version") or "")
    items = feed.get("items")
    if not isinstance(items, list) or (_VERSION not in version and not _looks_like_items(items)):
        raise SourceError(
            'What was sent is JSON, but not a JSON Feed: it has no list "items" under a version of jsonfeed.org.',
            reason="not-a-feed",
        )
    if _VERSION not in version:
        problems.append("the document does not say that it is a JSON Feed; read as one for its items")
    entries: list[Entry] = []
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            entries.append(_entry(item, document.url, f"item {number}", problems))
        else:
            problems.append(f"item {number} is not an object and was left out")
    if feed.get("expired") is True:
        problems.append("the feed says that it is finished and will not be updated any more")
    return Window(
        entries=tuple(entries),
        title=one_line(_string(feed, "title")) or None,
        homepage=absolute(_string(feed, "home_page_url"), document.url),
        language=_string(feed, "language") or None,
        older=_older(feed, document.url),
        notes=tuple(dict.fromkeys(problems)),
    )


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        loaded = json.loads(
            text.lstrip("\ufeff \t\r\n\x00"), strict=False, parse_int=_integer, parse_constant=lambda _: None
        )
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise SourceError(f"The JSON Feed is not valid JSON{where}.", reason="parse") from error
    if not isinstance(loaded, dict):
        raise SourceError("What was sent is JSON, but not a JSON Feed: it is not an object.", reason="not-a-feed")
    return loaded


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_NUMBER_DIGITS else digits


def _looks_like_items(items: list[Any]) -> bool:
    """Whether a document that forgot its version has items such as a JSON Feed has."""
    return bool(items) and all(
        isinstance(item, dict) and "id" in item and ("content_html" in item or "content_text" in item) for item in items
    )


def _entry(item: Mapping[str, Any], url: str, place: str, problems: list[str]) -> Entry:
    def text(name: str) -> str:
        value = item.get(name)
        if value is not None and not isinstance(value, str):
            problems.append(f'{place}: "{name}" is not a text and was left out')
        return _string(item, name)

    html, plain, summary = text("content_html"), text("content_text"), text("summary")
    bodies = [body for body in (html, as_markup(plain), as_markup(summary)) if body.strip()]
    link = absolute(text("url"), url) or absolute(text("external_url"), url)
    guid = item.get("id")
    if isinstance(guid, bool) or not isinstance(guid, str | int | float):
        if guid is not None:
            problems.append(f'{place}: "id" is neither a text nor a number and was left out')
        guid = None
    return Entry(
        guid=str(guid).strip() or None if guid is not None else None,
        link=link,
        title=one_line(text("title")) or None,
        html=bodies[0] if bodies else None,
        summary=as_markup(summary) if summary and len(bodies) > 1 else None,
        author=", ".join(dict.fromkeys(_authors(item))) or None,
        published=text("date_published") or None,
        updated=text("date_modified") or None,
        language=text("language") or None,
        categories=tuple(one_line(tag) for tag in _list(item, "tags") if isinstance(tag, str) and tag.strip()),
        media=tuple(_media(item, link or url)),
    )


def _string(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value.strip() if isinstance(value, str) else ""


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _authors(item: Mapping[str, Any]) -> Iterable[str]:
    # 1.0 has "author", 1.1 "authors"; many feeds state both
    for author in (*_list(item, "authors"), item.get("author")):
        if isinstance(author, dict) and (name := one_line(_string(author, "name") or _string(author, "url"))):
            yield name
        elif isinstance(author, str) and author.strip():
            yield one_line(author)


def _media(item: Mapping[str, Any], base: str) -> Iterable[Media]:
    seen: set[str] = set()
    for attachment in _list(item, "attachments"):
        if not isinstance(attachment, dict):
            continue
        address = absolute(_string(attachment, "url"), base)
        if address is None or address in seen:
            continue
        seen.add(address)
        mime = _string(attachment, "mime_type").lower()
        yield Media(
            kind=_MEDIA_KINDS.get(mime.partition("/")[0], "document"),
            url=address,
            title=one_line(_string(attachment, "title")) or None,
            mime=mime or None,
            bytes=_number(attachment.get("size_in_bytes")),
            seconds=_number(attachment.get("duration_in_seconds")),
        )
    picture = absolute(_string(item, "image"), base) or absolute(_string(item, "banner_image"), base)
    if picture is not None and picture not in seen:
        yield Media(kind="photo", url=picture)


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**15:
        return None
    return round(value)


def _older(feed: Mapping[str, Any], url: str) -> str | None:
    following = absolute(_string(feed, "next_url"), url)
    return following if following != url else None  # a feed that names itself would be paged for ever


KIND = SourceKind(
    name="jsonfeed",
    summary="JSON Feed 1.0 or 1.1",
    accept="application/feed+json, application/json;q=0.9, */*;q=0.5",
    options=EntryOptions,
    address=web_address,
    parse=parse,
)
