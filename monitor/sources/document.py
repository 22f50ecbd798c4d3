"""A single page followed for changes: a notice, a list of sanctions, travel advice.

    options:
      content: "div.article"               # where its text is (CSS selector or XPath); without it, the main text
      ignore: [".counter", "p.updated"]    # what is left out (CSS selectors or XPath)
      ignore_lines: ["^Visitors: \\d+"]    # lines that are left out (regular expressions, searched in each line)

The main text is the main part of the page without navigation, told by tags, roles and class names. The extractor used
for articles (`sources.fulltext`) is not: it weighs paragraphs against each other, so that a change anywhere may
drop a list of sanctions from the text, or bring it back.

The page is one post whose identity never changes, so that each change of its words becomes a revision of that post.
"""

from __future__ import annotations

import re
from typing import Annotated

from lxml import etree, html
from pydantic import AfterValidator
from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.errors import SourceError
from monitor.core.html import as_markup, plain_text
from monitor.core.model import Document, Entry, Source, Window
from monitor.sources.fulltext import MAX_CHARACTERS, MIN_CHARACTERS, is_page_fragment, main_text
from monitor.sources.kind import Options, SourceKind, web_address
from monitor.sources.markup import attribute, decoded, select, text_of
from monitor.sources.outline import main_region
from monitor.sources.selecting import css_or_xpath, is_xpath, items
from monitor.sources.sniff import is_binary, shape_of
from monitor.sources.turnedaway import turned_away


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    return text


class DocumentOptions(Options):
    """What of a page is followed. See the top of this module."""

    content: Annotated[str, AfterValidator(css_or_xpath)] | None = None
    ignore: tuple[Annotated[str, AfterValidator(css_or_xpath)], ...] = ()
    ignore_lines: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()


def parse(document: Document, source: Source) -> Window:
    """One entry: what the page says now. Its guid is the source's address.

    SourceError "not-a-feed" where the page has no text, turns readers away (errors, log-ins) or has nothing where
    `content` says: none of that is a change of the text.
    """
    options = DocumentOptions.model_validate(dict(source.options))
    if is_binary(document.content):
        raise SourceError(
            f"{document.url} is a file of another kind: only pages and texts are followed", reason="not-a-feed"
        )
    text, notes = decoded(document, hint=source.language)
    shape = shape_of(text)
    if shape == "xml" and is_page_fragment(text):
        shape = "html"
    if shape == "text":
        title, language, body = "", None, as_markup(text)
    elif shape == "html":
        title, language, body = _page(text[:MAX_CHARACTERS], options, document)
    else:
        raise SourceError(f"{document.url} is {shape}: only pages and texts are followed", reason="not-a-feed")
    if options.ignore_lines:
        body = as_markup(_without_lines(plain_text(body), options.ignore_lines))
    if len(plain_text(body)) < MIN_CHARACTERS and not options.content:
        raise SourceError(f"{document.url} has no text to follow", reason="not-a-feed")
    entry = Entry(guid=source.url, link=source.url, title=title or source.title, html=body)
    return Window(entries=(entry,), title=title or None, homepage=document.url, language=language, notes=notes)


def _page(text: str, options: DocumentOptions, document: Document) -> tuple[str, str | None, str]:
    """Title, language and markup of what is followed on a page."""
    page = LexborHTMLParser(text)
    if (reason := turned_away(page)) is not None:
        raise SourceError(f"{document.url} is not the page that is followed: {reason}", reason="not-a-feed")
    title = text_of(page.css_first("h1")) or text_of(page.css_first("title"))
    language = attribute(page.css_first("html"), "lang") or None
    # What is said to readers without scripts is not what the page says.
    ignored = ("noscript", *options.ignore) if "<noscript" in text.lower() else options.ignore
    markup = _without(text, ignored) if ignored else text
    if options.content is None:
        region = main_region(LexborHTMLParser(markup))
        body = (region.html or "") if region is not None else ""
        if region is None or len(plain_text(body)) < MIN_CHARACTERS:  # all of it is marked as something else
            return title, language, main_text(markup, url=document.url, now=document.fetched_at).html
        return text_of(region.css_first("h1")) or title, language, body
    matches = items(LexborHTMLParser(markup), markup, options.content)
    if not matches:
        raise SourceError(
            f"content selector {options.content!r} matched nothing on {document.url}: "
            "compare it with the page as it is now",
            reason="not-a-feed",
        )
    return title, language, "\n".join(match.node.html or "" for match in matches)


def _without(text: str, selectors: tuple[str, ...]) -> str:
    """Markup without the elements that match."""
    page = LexborHTMLParser(text)
    unwanted = {node.mem_id: node for each in selectors if not is_xpath(each) for node in select(page, each)}
    for node in unwanted.values():
        if not _is_below(node, unwanted):  # what is below goes with it, and must not be touched again
            node.decompose()
    markup = page.html or ""
    paths = [each for each in selectors if is_xpath(each)]
    if not paths:
        return markup
    tree = html.document_fromstring(markup.encode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8"))
    for path in paths:
        found = etree.XPath(path)(tree)
        for element in found if isinstance(found, list) else ():
            if isinstance(element, html.HtmlElement) and element.getparent() is not None:
                element.drop_tree()
    return str(html.tostring(tree, encoding="unicode"))


def _is_below(node: LexborNode, others: dict[int, LexborNode]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id in others:
            return True
        parent = parent.parent
    return False


def _without_lines(text: str, patterns: tuple[str, ...]) -> str:
    unwanted = [re.compile(pattern) for pattern in patterns]
    return "\n".join(line for line in text.split("\n") if not any(pattern.search(line) for pattern in unwanted))


KIND = SourceKind(
    name="document",
    summary="a single page followed for changes of its text",
    accept="text/html, application/xhtml+xml;q=0.9, text/plain;q=0.8",
    options=DocumentOptions,
    address=web_address,
    parse=parse,
    robots=True,
)
