"""What a subscription selects as a feed: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lxml import etree

from monitor.core.model import Facet, Item
from monitor.render import plain
from monitor.render.edition import web_address

_ATOM = "http://www.w3.org/2005/Atom"
_NAMESPACE = uuid.UUID("3f3c1d52-8f0e-5f0b-9f0c-6d1a0b8e7a44")  # any fixed one: entry ids are made below it


def atom(items: Sequence[Item], *, title: str, address: str, labels: Mapping[str, str], updated: datetime) -> bytes:
    """An Atom document, newest story first. `address` is where it is fetched from; `labels` name tags."""
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _add(feed, "id", entry_id(address, "feed"))
    _add(feed, "title", title)
    _add(feed, "updated", _time(updated))
    etree.SubElement(feed, f"{{{_ATOM}}}link", rel="self", type="application/atom+xml", href=address)
    for item in items:
        post, source = item.lead.post, item.lead.source
        entry = etree.SubElement(feed, f"{{{_ATOM}}}entry")
        _add(entry, "id", entry_id(address, str(item.story_id)))
        _add(entry, "title", post.title or source.title)
        _add(entry, "published", _time(post.stated_at or item.lead.first_seen_at))
        _add(entry, "updated", _time(item.lead.first_seen_at))
        if url := web_address(post.url):
            etree.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=url)
        author = etree.SubElement(entry, f"{{{_ATOM}}}author")
        _add(author, "name", source.title)
        for label in _tags(item, labels):
            etree.SubElement(entry, f"{{{_ATOM}}}category", term=plain.clean(label))
        _add(entry, "content", post.html or post.text, type="html" if post.html else "text")
    document: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8")
    return document


def json_feed(
    items: Sequence[Item], *, title: str, address: str, labels: Mapping[str, str], updated: datetime
) -> bytes:
    """The same as JSON Feed; `_monitor` holds who else carried a story."""
    del updated  # JSON Feed has no time of its own
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "feed_url": address,
        "items": [
            {
                "id": entry_id(address, str(item.story_id)),
                "title": item.lead.post.title,
                "content_html": item.lead.post.html,
                "content_text": item.lead.post.text,
                "date_published": _time(item.lead.post.stated_at or item.lead.first_seen_at),
                "authors": [{"name": item.lead.source.title}],
                "tags": _tags(item, labels),
                "language": item.lead.post.language or "und",
                "_monitor": {
                    "story_id": item.story_id,
                    "source": item.lead.source.slug,
                    "others": [{"source": v.source_slug, "url": v.url, "at": _time(v.at)} for v in item.others],
                },
            }
            | ({"url": url} if (url := web_address(item.lead.post.url)) else {})
            for item in items
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def entry_id(address: str, name: str) -> str:
    """A URN that stays the same for the same story of the same feed (RFC 4122, version 5)."""
    return uuid.uuid5(_NAMESPACE, f"{address.rpartition('.')[0]} {name}").urn


def _tags(item: Item, labels: Mapping[str, str]) -> list[str]:
    about = [tag for tag in item.tags if tag.main and tag.facet is not Facet.ISSUER]
    return list(dict.fromkeys(labels.get(f"{tag.facet}:{tag.slug}", tag.slug) for tag in about))


def _add(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes).text = plain.clean(text)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
