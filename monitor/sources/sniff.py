"""What bytes are, whatever their address and headers claim."""

from __future__ import annotations

import re
from typing import Literal

from monitor.core.model import Document
from monitor.sources.encoding import decoded

Shape = Literal["xml", "json", "html", "text", "empty", "binary"]

_MAGIC = (
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"BZh",
    b"\xd0\xcf\x11\xe0",
    b"RIFF",
)
_LOOKED_AT = 100_000  # bytes; comments and white space before the root element are shorter
_MISC = re.compile(
    r"\s+|<!--.*?-->|<\?.*?\?>|<\?xml[^>]*>|<!DOCTYPE(?![^>\[]*html\b)[^>\[]*(?:\[.*?\]\s*)?>",
    re.DOTALL | re.IGNORECASE,
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_HTML_NAMES = "html head body title meta script style div p h1 h2 center table br b font link span a img"
_HTML_ROOTS = frozenset(_HTML_NAMES.split())
_PLAIN_HTML_DOCTYPE = re.compile(r"<!DOCTYPE\s+html\b", re.IGNORECASE)


def sniff(document: Document) -> Shape:
    """The shape of a document's content, from its first bytes; headers are not asked, they lie too often."""
    content = document.content
    if not content.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        return "empty"
    if is_binary(content):
        return "binary"
    text, _ = decoded(content[:_LOOKED_AT], content_type=document.content_type, hint=None)
    return shape_of(text)


def is_binary(content: bytes) -> bool:
    """Whether the first bytes are the mark of a file that is no text: PDF, pictures, archives, office documents."""
    return content.startswith(_MAGIC)


def shape_of(text: str) -> Shape:
    """Likewise, of text that is decoded already."""
    start = text.lstrip("\ufeff \t\r\n\x00")
    if not start:
        return "empty"
    if start[0] in "{[":
        return "json"
    root = root_of(text)
    if root is None:
        return "binary" if "\x00" in start[:200] else "text"
    return "html" if root in _HTML_ROOTS else "xml"


def root_of(text: str) -> str | None:
    """Lower-case local name of the first element, or "html" where the document type says so; None without one."""
    at = 0
    text = text[:_LOOKED_AT].lstrip("\ufeff")
    while match := _MISC.match(text, at):
        at = match.end()
    if _PLAIN_HTML_DOCTYPE.match(text, at):
        return "html"
    found = _ROOT.search(text, at)
    # A few words before the markup are sloppiness (a warning of the server's script); a whole text is not a document.
    if found is None or found.start() - at > 2_000:
        return None
    return found[1].lower()
