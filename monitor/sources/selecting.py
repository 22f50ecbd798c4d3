"""Parts of a page by CSS selector or XPath: "selector@attribute", ".//h3/a", "string(.//time)".

What begins with "/", "./", "(" or the name of an XPath function that gives a string is XPath 1.0, anything else a CSS
selector. XPath for an item is asked of the page; for a part of an item it is asked from the item, and can look around
it ("preceding::h2[1]") where the item was found by XPath too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree, html
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from monitor.core.errors import SourceError
from monitor.sources.markup import attribute, select, text_of

_ATTRIBUTE = re.compile(r"(?P<selector>.*)@(?P<attribute>[A-Za-z_][\w:.-]*)", re.DOTALL)
_XPATH = re.compile(r"\.{0,2}/|\(|(?:string|normalize-space|concat|substring(?:-before|-after)?|translate)\(|[a-z-]+::")
# What a browser drops outside of a table, so that it must not be parsed alone.
_TABLE_PARTS = {"tr": "<table><tbody>", "td": "<table><tbody><tr>", "th": "<table><tbody><tr>", "tbody": "<table>"}


def is_xpath(text: str) -> bool:
    """Whether a selector is meant as XPath."""
    return _XPATH.match(text.strip()) is not None


def css_or_xpath(text: str) -> str:
    """`text` if it is a selector that can work; ValueError with a sentence otherwise."""
    if not text.strip():
        raise ValueError("is empty; expected a CSS selector such as 'ul.news > li'")
    if is_xpath(text):
        try:
            etree.XPath(text)
        except etree.XPathSyntaxError as error:
            raise ValueError(
                f"{text!r} is not an XPath expression ({error}); expected something like '//li[a]'"
            ) from None
        return text
    try:
        LexborHTMLParser("").css(text)
    except SelectolaxError:
        raise ValueError(f"{text!r} is not a CSS selector; expected something like 'ul.news > li'") from None
    return text


def part(text: str) -> str:
    """`text` if it names a part of an item, with or without "@attribute"; ValueError with a sentence otherwise."""
    if is_xpath(text):
        return css_or_xpath(text)
    wanted = Part.of(text)
    if wanted.selector or not wanted.attribute:
        try:
            css_or_xpath(wanted.selector)
        except ValueError as error:
            raise ValueError(f"{error}, with '@attribute' after it to take an attribute") from None
    return text


@dataclass(frozen=True, slots=True)
class Part:
    """Where in an item to look: XPath, or "selector@attribute", either half of which may be left out."""

    selector: str
    attribute: str | None = None
    xpath: bool = False

    @classmethod
    def of(cls, text: str) -> Part:
        """The part that an option names."""
        text = text.strip()
        if is_xpath(text):
            return cls(text, None, True)
        found = _ATTRIBUTE.fullmatch(text)
        return cls(found["selector"].strip(), found["attribute"].lower()) if found else cls(text)


@dataclass(slots=True)
class Item:
    """One element that a selector matched."""

    _node: LexborNode | None  # one of the two is there from the beginning, the other made when it is asked for
    _tree: html.HtmlElement | None

    def element(self, wanted: Part) -> LexborNode | None:
        """The element of that part, None where there is none; for XPath that gives words, an element of these words."""
        if not wanted.xpath:
            return self.node.css_first(wanted.selector) if wanted.selector else self.node
        found = _asked(self.tree, wanted.selector)
        first = found[0] if isinstance(found, list) and found else found
        if isinstance(first, html.HtmlElement):
            return _node_of(first)
        if isinstance(first, str) and first.strip():
            holder = html.Element("span")
            holder.text = first
            return _node_of(holder)
        return None

    def words(self, wanted: Part) -> str:
        """The words or the attribute of that part; "" where there is none."""
        found = self.element(wanted)
        return attribute(found, wanted.attribute) if wanted.attribute else text_of(found)

    def address(self, wanted: Part) -> str:
        """What that part links: the attribute or string asked for, else the href of the element."""
        found = self.element(wanted)
        if wanted.xpath:
            return attribute(found, "href") or text_of(found)
        return attribute(found, wanted.attribute or "href")

    @property
    def node(self) -> LexborNode:
        """The item for CSS selectors."""
        if self._node is None:
            self._node = _node_of(self.tree)
        return self._node

    @property
    def tree(self) -> html.HtmlElement:
        """The item for XPath."""
        if self._tree is None:
            self._tree = html.fragment_fromstring(self._node.html or "" if self._node else "", create_parent="div")
        return self._tree


def items(page: LexborHTMLParser, text: str, selector: str) -> list[Item]:
    """The elements of a page that match, in document order. `page` and `text` are the same page, parsed and not."""
    if not is_xpath(selector):
        return [Item(node, None) for node in select(page, selector)]
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace") or b"<html></html>", parser=parser)
    except etree.ParserError:
        return []
    found = _asked(tree, selector)
    return [Item(None, each) for each in found if isinstance(each, html.HtmlElement)] if isinstance(found, list) else []


def _asked(tree: html.HtmlElement, expression: str) -> object:
    try:
        return etree.XPath(expression, smart_strings=False)(tree)
    except etree.XPathEvalError as error:
        raise SourceError(
            f"the XPath expression {expression!r} cannot be evaluated: {error}", reason="parse"
        ) from error


def _node_of(tree: html.HtmlElement) -> LexborNode:
    """The same element in the other engine."""
    tag = str(tree.tag)
    markup = etree.tostring(tree, encoding="unicode", method="html", with_tail=False)
    page = LexborHTMLParser(_TABLE_PARTS.get(tag, "") + markup)
    found = page.css_first(tag if tag in {*_TABLE_PARTS, "body"} else f"body > {tag}") or page.css_first("body")
    if found is None:  # HTML has a body whatever is written (HTML, 13.2.6.4)
        raise SourceError(f"a matched <{tag}> element cannot be read", reason="parse")
    return found
