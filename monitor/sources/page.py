"""Web pages that list news and have no feed: a CSS selector says what an item is, others where its parts are.

    options:
      item: "ul.news > li"                 # one item of the list; required
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
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from monitor.core.errors import SourceError
from monitor.core.model import Document, Entry, Source, Window
from monitor.sources.kind import Options, SourceKind, web_address
from monitor.sources.markup import absolute, attribute, decoded, select, text_of

_ATTRIBUTE = re.compile(r"(?P<selector>.*)@(?P<attribute>[A-Za-z_][\w:.-]*)", re.DOTALL)
_TIME_IN_FORMAT = re.compile(r"%-?[HIXc]")
_READ = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+-]+)?")


@dataclass(frozen=True, slots=True)
class _Part:
    """Where in an item to look: "selector@attribute", either half of which may be left out."""

    selector: str
    attribute: str | None

    @classmethod
    def of(cls, text: str) -> _Part:
        found = _ATTRIBUTE.fullmatch(text.strip())
        return cls(found["selector"].strip(), found["attribute"].lower()) if found else cls(text.strip(), None)

    def element(self, item: LexborNode) -> LexborNode | None:
        return item.css_first(self.selector) if self.selector else item

    def words(self, item: LexborNode) -> str:
        found = self.element(item)
        return attribute(found, self.attribute) if self.attribute else text_of(found)


def _selector(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; expected a CSS selector such as 'ul.news > li'")
    try:
        LexborHTMLParser("").css(text)
    except SelectolaxError:
        raise ValueError(f"{text!r} is not a CSS selector; expected something like 'ul.news > li'") from None
    return text


def _part(text: str) -> str:
    part = _Part.of(text)
    if part.selector or not part.attribute:
        try:
            _selector(part.selector)
        except ValueError as error:
            raise ValueError(f"{error}, with '@attribute' after it to take an attribute") from None
    return text


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

    item: Annotated[str, AfterValidator(_selector)]
    link: Annotated[str, AfterValidator(_part)] | None = None
    title: Annotated[str, AfterValidator(_part)] | None = None
    date: Annotated[str, AfterValidator(_part)] | None = None
    date_format: Annotated[str, AfterValidator(_date_format)] | None = None
    summary: Annotated[str, AfterValidator(_part)] | None = None


def parse(document: Document, source: Source) -> Window:
    """Every item of the page that has a link and a title, in the page's order; notes say what was left out.

    SourceError "not-a-feed" where the selector matches nothing: a page that changed its looks must not be taken for a
    quiet day. SourceError "parse" where it matches, but no match has both.
    """
    options = PageOptions.model_validate(dict(source.options))
    text, notes = decoded(document, hint=source.language)
    page = LexborHTMLParser(text)
    base = absolute(document.url, attribute(page.css_first("base[href]"), "href")) or document.url
    items = select(page, options.item)
    if not items:
        raise SourceError(
            f"item selector {options.item!r} matched nothing on {document.url}: compare it with the page as it is now",
            reason="not-a-feed",
        )
    entries, skipped = [], Counter[str]()
    for item in items:
        entry = _entry(item, options, base)
        if isinstance(entry, Entry):
            entries.append(entry)
        else:
            skipped[entry] += 1
    faults = tuple(f"{count} of {len(items)} items skipped: {fault}" for fault, count in skipped.items())
    if not entries:
        message = (
            f"item selector {options.item!r} matched on {document.url}, but no match is an item: {'; '.join(faults)}"
        )
        raise SourceError(message, reason="parse")
    return Window(
        entries=tuple(entries),
        title=text_of(page.css_first("title")) or None,
        homepage=document.url,
        language=attribute(page.css_first("html"), "lang") or None,
        notes=(*notes, *faults, *_unread_dates(entries, options)),
    )


def _entry(item: LexborNode, options: PageOptions, base: str) -> Entry | str:
    """The item's parts, or why it is none."""
    link = _Part.of(options.link or "a[href]")
    anchor = link.element(item)
    href = attribute(anchor, link.attribute or "href")
    if not href:
        return "no link"
    url = absolute(base, href)
    if url is None or urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        return "its link is not a web address"
    title = _Part.of(options.title).words(item) if options.title else text_of(anchor) or attribute(anchor, "title")
    if not title:
        return "no title"
    return Entry(
        link=url,
        title=title,
        summary=_summary(item, options.summary),
        published=_date(item, options) or None,
    )


def _summary(item: LexborNode, where: str | None) -> str | None:
    if where is None:
        return None
    part = _Part.of(where)
    if part.attribute:
        return escape(part.words(item)) or None
    found = part.element(item)
    return (found.inner_html or None) if found is not None else None


def _date(item: LexborNode, options: PageOptions) -> str:
    if options.date:
        written = _Part.of(options.date).words(item)
    else:
        element = item.css_first("time")
        written = attribute(element, "datetime") or text_of(element)
    if options.date_format is None:
        return written
    try:
        read = datetime.strptime(written, options.date_format)  # noqa: DTZ007  the page does not say which zone it means
    except ValueError:
        return written
    return read.isoformat() if _TIME_IN_FORMAT.search(options.date_format) else read.date().isoformat()


def _unread_dates(entries: list[Entry], options: PageOptions) -> tuple[str, ...]:
    """A note where the operator said how dates are written, and they are not."""
    if options.date_format is None:
        return ()
    dates = [entry.published for entry in entries if entry.published]
    odd = [date for date in dates if not _READ.fullmatch(date)]
    return (f"{len(odd)} of {len(dates)} dates are not written as {options.date_format!r}: {odd[0]!r}",) if odd else ()


KIND = SourceKind(
    name="page",
    summary="a web page that lists news and has no feed, read by CSS selectors",
    accept="text/html, application/xhtml+xml;q=0.9",
    options=PageOptions,
    address=web_address,
    parse=parse,
)
