"""Reading web pages: bytes to text, and the few questions asked of a parsed tree.

Nothing here calls itself: a page may nest its elements a hundred thousand deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.errors import SourceError
from monitor.core.model import Document
from monitor.sources import encoding

# Browsers look at the first 1,024 bytes; pages that state it later are common enough to look further.
_META_WITHIN = 65_536
_META_CHARSET = re.compile(rb"""<meta\s[^>]{0,512}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([\w.:-]{1,40})""", re.IGNORECASE)

_BEGINNING = re.compile(rb"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_BEGINNING_WITHIN = 4_096
_END = re.compile(rb"</(?:html|body)\s*>", re.IGNORECASE)
_END_WITHIN = 16_384  # bytes; what stands after it is by programs that add to every page

_UNREAD = frozenset({"script", "style", "template", "noscript", "svg", "head"})
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small"}
    | {"span", "strong", "sub", "sup", "time", "tg-emoji", "tg-spoiler", "u", "wbr"}
)


def decoded(document: Document, *, hint: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The text of an HTML document, and notes on what was wrong with its declarations.

    SourceError "truncated" where it ends in the middle and the server did not say where it should: what is read of half
    a page would be another list, or half a title.

    What <meta> declares counts where the header is silent (HTML, 13.2.3.2). `hint` is a language tag that decides
    between guesses.
    """
    if (
        not document.whole
        and _BEGINNING.search(document.content, 0, _BEGINNING_WITHIN)
        and not _END.search(document.content[-_END_WITHIN:])
    ):
        raise SourceError(f"{document.url} ends in the middle of the page", reason="truncated")
    content_type = document.content_type or ""
    if "charset" not in content_type.lower() and (found := _META_CHARSET.search(document.content, 0, _META_WITHIN)):
        content_type = f"text/html; charset={found[1].decode('ascii', 'replace')}"
    return encoding.decoded(document.content, content_type=content_type, hint=hint)


def select(node: LexborHTMLParser | LexborNode, selector: str) -> list[LexborNode]:
    """The elements that match, in document order, each once; the node itself may be among them.

    (The engine gives an element once for every part of "a, b" that it matches.)
    """
    return list({found.mem_id: found for found in node.css(selector)}.values())


def children(node: LexborNode) -> Iterator[LexborNode]:
    """The nodes directly below, text and comments included."""
    child = node.child
    while child is not None:
        yield child
        child = child.next


def attribute(node: LexborNode | None, name: str) -> str:
    """The value without white space around it; "" where there is no such element, attribute or value."""
    return ((node.attributes.get(name) if node is not None else None) or "").strip()


def absolute(base: str, href: str) -> str | None:
    """The address that a link in a page at `base` leads to; None for no link and for what is no address at all."""
    try:
        return urljoin(base, href) if href else None
    except ValueError:  # an unfinished "[" where a host should be
        return None


def is_unread(tag: str) -> bool:
    """Whether an element's content is nothing that a reader sees."""
    return tag in _UNREAD


def is_inline(tag: str) -> bool:
    """Whether an element stands in a line of text, and does not begin one."""
    return tag in _INLINE


def text_of(node: LexborNode | None) -> str:
    """The words a reader sees, on one line; "" for None."""
    parts: list[str] = []
    waiting: list[LexborNode | str] = [] if node is None else [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            parts.append(part)
        elif part.is_text_node:
            parts.append(part.text_content or "")
        elif part.is_element_node and part.tag not in _UNREAD:
            if part.tag not in _INLINE:
                parts.append(" ")
                waiting.append(" ")
            waiting.extend(reversed(list(children(part))))
    return " ".join("".join(parts).split())
