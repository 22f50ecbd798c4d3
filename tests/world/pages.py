"""What the world's sources look like on the wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape

from tests.world.publishers import DAY, Article, Publisher, moment

_ODD_ZONES = (("GMT+7", 7), ("UTC-5", -5), ("+05.30", 5.5), ("Z", 0))
_NAMED_ZONES = (("EST", -5), ("MSK", 3), ("CEST", 2), ("IST", 5.5), ("JST", 9), ("BST", 1))
_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
_RUSSIAN = tuple(_MONTHS.split())


def stated(publisher: Publisher, article: Article) -> str:
    """The date of an article as its source writes it; "" where it writes none."""
    at, style = moment(article.at), publisher.dates
    if style == "none":
        return ""
    if style == "future":  # planned, and shown all the same
        at += timedelta(hours=article.number % 5 * 5)
    if style == "drifting":
        at += timedelta(minutes=20 + article.at / DAY * 7)
    if style == "zoneless":
        return (at + timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S")
    if style == "day":
        return at.strftime("%Y-%m-%d")
    if style == "named":
        name, hours = _NAMED_ZONES[publisher.number % len(_NAMED_ZONES)]
        return (at + timedelta(hours=hours)).strftime(f"%a, %d %b %Y %H:%M:%S {name}")
    if style == "odd":
        if publisher.number % 2:
            local = at + timedelta(hours=3)
            return f"{local.day} {_RUSSIAN[local.month - 1]} {local.year}, {local:%H:%M} МСК"
        name, hours = _ODD_ZONES[publisher.number % len(_ODD_ZONES)]
        return (at + timedelta(hours=hours)).strftime(f"%d %b %Y %H:%M {name}")
    if publisher.kind == "rss":
        return format_datetime(at)
    return at.isoformat(timespec="seconds")


def link(publisher: Publisher, article: Article) -> str:
    if "shared-link" in publisher.oddities:
        return f"http://{publisher.host}/{publisher.number:03}/all"
    words = article.versions[0][1].lower().replace(" ", "-")
    return f"http://{publisher.host}/{publisher.number:03}/{moment(article.at):%Y/%m}/{words}-{article.token}"


def guid(publisher: Publisher, article: Article, now: float) -> str:
    if publisher.guids in {"none", "nothing"}:
        return ""
    if publisher.guids == "link":
        return link(publisher, article)
    if now >= publisher.renamed:
        return f"https://{publisher.host}/?p={article.number}"
    return f"urn:x-world:{publisher.number}:{article.number}"


def body(publisher: Publisher, now: float, shown: Sequence[Article], *, before: int | None = None) -> bytes:
    """The document that shows these articles, newest first as they are given."""
    ordered = list(reversed(shown)) if "oldest-first" in publisher.oddities else list(shown)
    makers = {"rss": _rss, "atom": _atom, "json": _json, "telegram": _telegram, "page": _page, "sitemap": _sitemap}
    text = makers[publisher.kind](publisher, now, ordered)
    if publisher.validators == "changing" and publisher.kind in {"rss", "atom", "sitemap", "page"}:
        text += f"<!-- made at {now} -->"
    return text.encode()


def versions(publisher: Publisher, now: float, shown: Sequence[Article]) -> tuple[tuple[str, int], ...]:
    """Which articles a reader of the document sees, each with the number of its version as far as that shows."""
    if publisher.kind == "sitemap":
        return tuple((article.token, 0) for article in shown)
    return tuple((article.token, article.version(now)) for article in shown)


def _rss(publisher: Publisher, now: float, shown: Sequence[Article]) -> str:
    items = []
    for article in shown:
        _, title, text = article.versions[article.version(now)]
        said, date, own = guid(publisher, article, now), stated(publisher, article), publisher.guids != "nothing"
        items.append(
            "<item>"
            + (f"<title>{escape(title)}</title>")
            + (f"<link>{escape(link(publisher, article))}</link>" if own else "")
            + (f'<guid isPermaLink="false">{escape(said)}</guid>' if said else "")
            + (f"<pubDate>{date}</pubDate>" if date else "")
            + f"<description>{escape(f'<p>{text}</p>')}</description></item>"
        )
    ttl = "<ttl>60</ttl>" if publisher.number % 5 == 0 else ""
    head = f"<title>Source {publisher.number}</title><link>http://{publisher.host}/</link>{ttl}"
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'


def _atom(publisher: Publisher, now: float, shown: Sequence[Article]) -> str:
    entries = []
    for article in shown:
        version = article.version(now)
        since, title, text = article.versions[version]
        date = stated(publisher, article)
        entries.append(
            f"<entry><id>{escape(guid(publisher, article, now))}</id><title>{escape(title)}</title>"
            f'<link rel="alternate" href="{escape(link(publisher, article))}"/>'
            + (f"<published>{date}</published>" if date else "")
            + (f"<updated>{moment(since).isoformat(timespec='seconds')}</updated>" if version else "")
            + f'<content type="text">{escape(text)}</content></entry>'
        )
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>Source {publisher.number}</title><id>urn:x-world:{publisher.number}</id>{''.join(entries)}</feed>"
    )


def _json(publisher: Publisher, now: float, shown: Sequence[Article]) -> str:
    items = []
    for article in shown:
        _, title, text = article.versions[article.version(now)]
        item = {"id": guid(publisher, article, now), "url": link(publisher, article), "title": title}
        item["content_text"] = text
        if date := stated(publisher, article):
            item["date_published"] = date
        items.append(item)
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": f"Source {publisher.number}", "items": items}
    )


def _telegram(publisher: Publisher, now: float, shown: Sequence[Article]) -> str:
    name = f"channel{publisher.number:03}"
    messages = []
    for article in reversed(shown):
        _, _, text = article.versions[article.version(now)]
        messages.append(
            '<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" '
            f'data-post="{name}/{article.number}"><div class="tgme_widget_message_text js-message_text">{text}</div>'
            f'<a class="tgme_widget_message_date" href="https://t.me/{name}/{article.number}">'
            f'<time datetime="{stated(publisher, article)}">10:00</time></a></div></div>'
        )
    oldest = min((article.number for article in shown), default=1)
    older = f'<link rel="prev" href="/s/{name}?before={oldest}">' if oldest > 1 else ""
    return (
        f"<html><head><title>{name} – Telegram</title>{older}</head><body><div class='tgme_channel_info_header'></div>"
        f"<section class='tgme_channel_history js-message_history'>{''.join(messages)}</section></body></html>"
    )


def _page(publisher: Publisher, now: float, shown: Sequence[Article]) -> str:
    def day(article: Article) -> str:
        date: datetime = moment(article.at)
        return f"<time datetime='{date:%Y-%m-%d}'>{date:%d %B %Y}</time>" if publisher.dates != "none" else ""

    items = "".join(
        f'<li class="item">{day(article)}<h3><a href="{link(publisher, article)}">'
        f"{escape(article.versions[article.version(now)][1])}</a></h3></li>"
        for article in shown
    )
    menu = "".join(f'<li><a href="/{word}">{word.title()}</a></li>' for word in ("about", "contact", "press", "visas"))
    return (
        f"<!doctype html><html lang='en'><head><title>Press releases</title></head><body><nav><ul>{menu}</ul></nav>"
        f"<main><h1>Press releases</h1><ul class='news'>{items}</ul></main><footer><a href='/terms'>Terms</a></footer>"
        "</body></html>"
    )


def _sitemap(publisher: Publisher, now: float, shown: Sequence[Article]) -> str:
    def entry(article: Article) -> str:
        changed = moment(article.versions[article.version(now)][0]).isoformat(timespec="seconds")
        return f"<url><loc>{escape(link(publisher, article))}</loc><lastmod>{changed}</lastmod></url>"

    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{''.join(map(entry, shown))}</urlset>"
    )
