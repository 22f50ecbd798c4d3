"""Web pages that list news and have no feed.

Without options the list is found by itself (`sources.listing`). Where that finds the wrong one, CSS selectors or XPath
(`sources.selecting`) say what an item is and where its parts are:

    options:
      item: "ul.news > li"                 # one item of the list
      link: "a.headline"                   # its link; without it, the first link in the item
      title: "a.headline@title"            # its title; without it, the words of the link
      date: "span.date"                    # its date; without it, the first <time>
      date_format: "%d.%m.%Y"              # how the date is written, where it could be misread (Python's strptime)
      summary: "p.teaser"                  # a teaser; without it, none

"selector@attribute" takes an attribute of the element instead of its words; "@attribute" one of the item itself.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator
from selectolax.lexbor import LexborHTMLParser

from monitor.core.errors import SourceError
from monitor.core.model import Document, Entry, Source, Window
from monitor.sources.kind import Options, SourceKind, web_address
from monitor.sources.listing import found_listing
from monitor.sources.markup import absolute, attribute, decoded, text_of
from monitor.sources.outline import outline
from monitor.sources.selecting import Item, Part, css_or_xpath, items, part
from monitor.sources.sniff import is_binary, root_of
from monitor.sources.turnedaway import turned_away

_TIME_IN_FORMAT = re.compile(r"%-?[HIXc]")
_ARTICLE = re.compile(r'"@type"\s*:\s*"(?:News|ReportageNews)?Article"')
_ONE_WORK = frozenset({"video", "video.movie", "video.episode", "video.other", "music.song", "book"})  # ogp.me
_READ = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+-]+)?")


def _date_format(text: str) -> str:
    now = datetime(2024, 12, 31)  # noqa: DTZ001  only to try the format on
    try:
        read = datetime.strptime(now.strftime(text), text)  # noqa: DTZ007  what zone the page means, only its source knows
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date format ({error}); expected something like '%d.%m.%Y'") from None
    if read.date() != now.date():
        raise ValueError(f"{text!r} does not give day, month and year; expected something like '%d.%m.%Y'")
    return text


class PageOptions(Options):
    """Where on the page the items are, and in an item its parts. See the top of this module."""

    item: Annotated[str, AfterValidator(css_or_xpath)] | None = None
    link: Annotated[str, AfterValidator(part)] | None = None
    title: Annotated[str, AfterValidator(part)] | None = None
    date: Annotated[str, AfterValidator(part)] | None = None
    date_format: Annotated[str, AfterValidator(_date_format)] | None = None
    summary: Annotated[str, AfterValidator(part)] | None = None
    full_text: bool = False  # the pages that the items link are read too

    @model_validator(mode="after")
    def _parts_have_an_item(self) -> Self:
        if self.item is None and (self.link or self.title or self.date or self.summary):
            raise ValueError("link, title, date and summary are parts of an item: 'item' must say what an item is")
        return self


_OTHER_KINDS = {"rss": "feed", "rdf": "feed", "feed": "feed", "urlset": "sitemap", "sitemapindex": "sitemap"}


def parse(document: Document, source: Source) -> Window:
    """Every item of the page that has a link and a title, in the page's order; notes say what was left out.

    SourceError "not-a-feed" where the selector matches nothing or, without one, nothing on the page looks like its
    list: a page that changed its looks must not be taken for a quiet day. The same for pages that turn a reader away
    (errors, log-ins). SourceError "parse" where the selector matches, but no match has link and title.
    """
    options = PageOptions.model_validate(dict(source.options))
    if is_binary(document.content):
        raise SourceError(f"{document.url} is a file, not a web page", reason="not-a-feed")
    text, notes = decoded(document, hint=source.language)
    if options.item is None and (kind := _OTHER_KINDS.get(root_of(text) or "")) is not None:
        raise SourceError(f"{document.url} is not a web page: follow it as kind {kind!r}", reason="not-a-feed")
    page = LexborHTMLParser(text)
    base = absolute(document.url, attribute(page.css_first("base[href]"), "href")) or document.url
    if options.item is None:
        entries, found = _detected(page, base, document, options)
    else:
        entries, found = _selected(items(page, text, options.item), options, options.item, base, document.url)
    return Window(
        entries=tuple(entries),
        title=text_of(page.css_first("title")) or None,
        homepage=document.url,
        language=attribute(page.css_first("html"), "lang") or None,
        notes=(*notes, *found, *_unread_dates(entries, options)),
    )


def _detected(
    page: LexborHTMLParser, base: str, document: Document, options: PageOptions
) -> tuple[list[Entry], tuple[str, ...]]:
    if (reason := turned_away(page)) is not None:
        raise SourceError(f"{document.url} is not the page that lists news: {reason}", reason="not-a-feed")
    if _is_article(page):
        raise SourceError(
            f"{document.url} calls itself an article or a film, not a list of news: give the address of the page that "
            "lists it, follow it as kind 'document', or, if it is a list, say what an item is with the option 'item'",
            reason="not-a-feed",
        )
    listing = found_listing(outline(page, base=base, url=document.url, now=document.fetched_at), url=document.url)
    if listing is None:
        raise SourceError(
            f"no list of news was recognised on {document.url}: say what an item is with the option 'item', "
            "a CSS selector such as 'ul.news > li'",
            reason="not-a-feed",
        )
    if options.date_format is None:
        return list(listing.entries), listing.notes
    entries = [
        replace(entry, published=_in_format(entry.published, options.date_format) if entry.published else None)
        for entry in listing.entries
    ]
    return entries, listing.notes


def _is_article(page: LexborHTMLParser) -> bool:
    """Whether a page says that it was published as one article or film: lists beside it are of what else there is."""
    if page.css_first('meta[property="article:published_time"]') is not None:
        return True
    kinds = {attribute(node, "content").strip().lower() for node in page.css('meta[property="og:type"]')}
    if kinds & _ONE_WORK:
        return True
    described = "".join(node.text() for node in page.css('script[type="application/ld+json"]'))
    return len(_ARTICLE.findall(described)) == 1 and "ItemList" not in described


def _selected(
    matches: list[Item], options: PageOptions, selector: str, base: str, url: str
) -> tuple[list[Entry], tuple[str, ...]]:
    if not matches:
        raise SourceError(
            f"item selector {selector!r} matched nothing on {url}: compare it with the page as it is now",
            reason="not-a-feed",
        )
    entries, skipped = [], Counter[str]()
    for item in matches:
        entry = _entry(item, options, base)
        if isinstance(entry, Entry):
            entries.append(entry)
        else:
            skipped[entry] += 1
    faults = tuple(f"{count} of {len(matches)} items skipped: {fault}" for fault, count in skipped.items())
    if not entries:
        message = f"item selector {selector!r} matched on {url}, but no match is an item: {'; '.join(faults)}"
        raise SourceError(message, reason="parse")
    return entries, faults


def _entry(item: Item, options: PageOptions, base: str) -> Entry | str:
    """The item's parts, or why it is none."""
    link = Part.of(options.link or "a[href]")
    if not (href := item.address(link)):
        return "no link"
    url = absolute(base, href)
    if url is None or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        return "its link is not a web address"
    anchor = item.element(link)
    title = item.words(Part.of(options.title)) if options.title else text_of(anchor) or attribute(anchor, "title")
    if not title:
        return "no title"
    return Entry(
        link=url,
        title=title,
        summary=_summary(item, options.summary),
        published=_date(item, options) or None,
    )


def _summary(item: Item, where: str | None) -> str | None:
    if where is None:
        return None
    wanted = Part.of(where)
    if wanted.attribute:
        return escape(item.words(wanted)) or None
    found = item.element(wanted)
    return (found.inner_html or None) if found is not None else None


def _date(item: Item, options: PageOptions) -> str:
    if options.date:
        written = item.words(Part.of(options.date))
    else:
        element = item.node.css_first("time")
        written = attribute(element, "datetime") or text_of(element)
    return written if options.date_format is None else _in_format(written, options.date_format)


def _in_format(written: str, date_format: str) -> str:
    """A date in the operator's format as ISO 8601; as it is where it is written otherwise."""
    try:
        read = datetime.strptime(written, date_format)  # noqa: DTZ007  the page does not say which zone it means
    except ValueError:
        return written
    return read.isoformat() if _TIME_IN_FORMAT.search(date_format) else read.date().isoformat()


def _unread_dates(entries: list[Entry], options: PageOptions) -> tuple[str, ...]:
    """A note where the operator said how dates are written, and they are not."""
    if options.date_format is None:
        return ()
    dates = [entry.published for entry in entries if entry.published]
    odd = [date for date in dates if not _READ.fullmatch(date)]
    return (f"{len(odd)} of {len(dates)} dates are not written as {options.date_format!r}: {odd[0]!r}",) if odd else ()


KIND = SourceKind(
    name="page",
    summary="a web page that lists news and has no feed",
    accept="text/html, application/xhtml+xml;q=0.9",
    options=PageOptions,
    address=web_address,
    parse=parse,
    robots=True,
)
