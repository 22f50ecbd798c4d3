"""The main text of a page, without what stands around it.

Extraction is trafilatura's. It is loaded when first needed, in a worker process: it takes some 30 MB of memory, half a
second, and no connection is opened (a test holds it to that).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.core.dates import parse_date
from monitor.core.errors import SourceError
from monitor.core.html import as_markup, one_line, plain_text, sanitised
from monitor.core.identity import fingerprint
from monitor.core.language import language_of
from monitor.core.model import Document, Post
from monitor.core.normalise import hashtags_in
from monitor.sources.markup import decoded
from monitor.sources.sniff import is_binary, root_of, shape_of
from monitor.sources.turnedaway import turned_away_by

MAX_CHARACTERS = 3_000_000
"""Of markup that are looked at; a longer page is cut here."""

MIN_CHARACTERS = 40
"""A page whose main text is shorter is taken for one without a text."""

_OTHER_XML = frozenset({"rss", "rdf", "feed", "urlset", "sitemapindex", "opml", "svg"})
_PARAGRAPHS = re.compile(r"<(?:p|div|section|table|ul|h[1-6])\b[^<>]*>", re.IGNORECASE)
_FURNITURE = (
    "//nav | //footer | //header[.//nav or .//form] | //*[@role='navigation' or @role='contentinfo'] | "
    "//*[contains(@class, 'cookie')]"
)
_NEARLY = 0.8  # of the teaser: a text shorter than that is not the full one


@dataclass(frozen=True, slots=True, kw_only=True)
class FullText:
    """What a page says."""

    title: str  # "" where it has none
    text: str  # plain, paragraphs separated by a blank line
    html: str  # sanitised
    published: str | None = None  # as found, any format
    author: str | None = None
    language: str | None = None  # as the page states it


def full_text(document: Document, *, hint: str | None = None) -> FullText:
    """The main text of a page. Runs in a worker process. `hint` is a language tag that helps with the encoding.

    SourceError "not-a-feed" for what is no page or no text, and for pages that turn a reader away (errors, log-ins).
    """
    if is_binary(document.content):
        raise SourceError(f"{document.url} is a file of another kind, not a page of text", reason="not-a-feed")
    markup, _ = decoded(document, hint=hint)
    shape = shape_of(markup)
    if shape == "text":
        return _of_plain_text(markup)
    if shape != "html" and not (shape == "xml" and is_page_fragment(markup)):
        raise SourceError(f"{document.url} is {shape}, not a page of text", reason="not-a-feed")
    return main_text(markup[:MAX_CHARACTERS], url=document.url, now=document.fetched_at)


def is_page_fragment(text: str) -> bool:
    """Whether markup that begins with an unknown element is a page all the same: web components, a part of a page."""
    return root_of(text) not in _OTHER_XML and _PARAGRAPHS.search(text) is not None


def main_text(markup: str, *, url: str, now: datetime) -> FullText:
    """Likewise, of markup that is decoded already. `now` bounds the dates that are believed."""
    if (reason := turned_away_by(markup)) is not None:
        raise SourceError(f"{url} has no text: {reason}", reason="not-a-feed")
    body, found = _extracted(markup, url, now)
    html = sanitised(body, base=url)
    text = plain_text(html)
    if len(text) < MIN_CHARACTERS:
        raise SourceError(f"no text was recognised on {url}", reason="not-a-feed")
    return FullText(
        title=one_line(str(found.get("title") or "")),
        text=text,
        html=html,
        published=str(found["date"]) if found.get("date") else None,
        author=one_line(str(found.get("author") or "")) or None,
        language=str(found["language"]) if found.get("language") else None,
    )


def with_full_text(post: Post, document: Document, *, hint: str | None = None) -> Post:
    """`post` with the text of the page it links, and what it said before as its summary.

    `content_hash` stays that of the source's own words: a page fetched at another time, extracted a little differently,
    is no edit. The same post comes back where the page says no more than it does. SourceError as `full_text`.
    """
    full = full_text(document, hint=hint)
    if len(full.text) < _NEARLY * len(post.text):
        return post
    title = full.title if post.title_made and full.title else post.title
    return replace(
        post,
        title=title,
        title_made=post.title_made and not full.title,
        text=full.text,
        html=full.html,
        summary=post.summary or ("" if full.text.startswith(post.text) else post.text),
        author=post.author or full.author,
        language=language_of(f"{title}\n{full.text}", hint=full.language or post.language),
        stated_at=post.stated_at or (parse_date(full.published, now=document.fetched_at) if full.published else None),
        hashtags=tuple(dict.fromkeys((*post.hashtags, *hashtags_in(full.text)))),
        fingerprint=fingerprint(full.text),
    )


def _of_plain_text(text: str) -> FullText:
    html = as_markup(text)
    return FullText(title="", text=plain_text(html), html=html)


def _extracted(markup: str, url: str, now: datetime) -> tuple[str, Mapping[str, Any]]:
    """The main part as markup, and what the page says of itself."""
    import trafilatura  # noqa: PLC0415  see the top of this module

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it reports ordinary pages as errors
    dates = {"original_date": True, "extensive_search": False, "max_date": now.date().isoformat()}
    given: dict[str, Any] = {"url": url, "include_comments": False}
    tree: Any = trafilatura.load_html(markup)
    if tree is None:
        return "", {}
    about = trafilatura.bare_extraction(tree, with_metadata=True, fast=True, date_extraction_params=dates, **given)
    body = None
    for pruned in (True, False):  # some pages are all navigation by name
        tree = trafilatura.load_html(markup)
        tree.make_links_absolute(url, handle_failures="discard")  # the extractor takes every link as one of the root
        body = trafilatura.extract(
            _without_furniture(tree) if pruned else tree,
            output_format="html",
            include_formatting=True,
            include_links=True,
            **given,
        )
        if body and len(plain_text(body)) >= MIN_CHARACTERS:
            break
    return body or "", about.as_dict() if isinstance(about, trafilatura.settings.Document) else {}


def _without_furniture(tree: Any) -> Any:
    """An lxml tree without navigation and footers: the extractor keeps them where it finds little else."""
    for element in tree.xpath(_FURNITURE):
        if element.getparent() is not None:
            element.drop_tree()
    return tree
