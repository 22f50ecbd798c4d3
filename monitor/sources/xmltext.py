"""Feeds as they are → XML that a parser accepts, with the parser kept from everything that could hurt it.

What a browser forgives is mended here, in one pass that is linear in the length of the text: undeclared entities and
prefixes, bare ampersands, control characters, tags that are not closed or closed in the wrong order, junk before and
after the document, a document that was cut. What could hurt is taken out: comments, processing instructions, the
document type, nesting without end, endless white space. Entity declarations are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.entities import html5

from monitor.core.errors import SourceError
from monitor.sources.encoding import repaired

MAX_DEPTH = 250
"""Elements nested deeper lose their tags, not their text."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_LONG_SPACE = re.compile(r"[ \t\r\n]{64,}")
_NAME = r"[^\W\d][\w.·-]*(?::[^\W\d][\w.·-]*)?"
_ATTRIBUTE = rf"\s+{_NAME}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')"
_START = re.compile(rf"<({_NAME})((?:{_ATTRIBUTE})*)\s*(/?)>")
_SLOPPY_START = re.compile(rf"<({_NAME})([^<>]*)>")
_SLOPPY_ATTRIBUTE = re.compile(rf"({_NAME})(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=]+)))?")
_END = re.compile(rf"</\s*({_NAME})[^<>]*>")
_ATTRIBUTE_NAME = re.compile(rf"\s({_NAME})\s*=")
_REFERENCE = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9A-Fa-f]{1,6});|([A-Za-z][A-Za-z0-9]{0,31};))?")
_INSTRUCTION_LENGTH = 2_000
_ENTRY_NAMES = frozenset({"item", "entry"})
# The parser takes an identifier for an address unless told otherwise: it would resolve "7" against the address of the
# feed, make a link of it that nobody stated, and give every post a new identity when the feed moves.
_IDENTIFIERS = frozenset({"guid", "id"})
_NOT_AN_ADDRESS = ' isPermaLink="false"'
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_PREFIXES = {
    "atom": "http://www.w3.org/2005/Atom",
    "a10": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "itunes": "http://www.itunes.com/DTDs/PodCast-1.0.dtd",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rss": "http://backend.userland.com/rss",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A document that an XML parser accepts."""

    content: bytes  # UTF-8 with a declaration that says so
    cut: bool  # the document ended before its end; the entry it ended in is left out
    notes: tuple[str, ...]


def mended(text: str) -> Mended:
    """`text` as well-formed as it can be made. SourceError("parse") for entity declarations and without any element."""
    return _Mender(text).run()


def references_mended(text: str) -> str:
    """`text` with every reference one that XML knows: HTML's names become characters, bare ampersands "&amp;"."""
    return _REFERENCE.sub(_reference, text) if "&" in text else text


def _reference(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        if name in _OF_XML:
            return match[0]
        characters = html5.get(name)
        return f"&amp;{name}" if characters is None else characters.replace("&", "&amp;").replace("<", "&lt;")
    if decimal is None and hexadecimal is None:
        return "&amp;"
    number = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if number > 0x10FFFF or _FORBIDDEN.match(chr(number)):
        return ""
    return match[0]


@dataclass(slots=True)
class _Open:
    name: str
    kept: bool  # its tags are written


@dataclass(slots=True)
class _Mender:
    text: str
    out: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    root_at: int = -1  # in `out`
    entry_at: int = -1  # in `out`, of the entry that is open
    entry_depth: int = 0
    used: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    closed: bool = False

    def run(self) -> Mended:
        text, removed = _FORBIDDEN.subn("", self.text)
        if removed:
            self.notes[f"{removed} control characters removed"] = None
        self.text = _LONG_SPACE.sub("\n", text)
        cut = not self._scan()
        if self.root_at < 0:
            raise SourceError("The document has no XML element in it.", reason="parse")
        cut = cut or not self.closed
        if cut:
            if self.entry_at >= 0:
                del self.out[self.entry_at :]
                while len(self.stack) >= self.entry_depth:
                    self.stack.pop()
            self._close_down_to(0)
        self._declare_prefixes()
        body = "".join(self.out)
        content = f'<?xml version="1.0" encoding="utf-8"?>\n{body}'.encode("utf-8", "replace")
        return Mended(content=content, cut=cut, notes=tuple(self.notes))

    def _scan(self) -> bool:
        """Read to the end of the root element; False when the text ends inside a tag or section."""
        text, at, end = self.text, 0, len(self.text)
        while at < end and not self.closed:
            found = text.find("<", at)
            if found < 0:
                self._words(text[at:])
                return True
            if found > at:
                self._words(text[at:found])
            after = self._tag(found)
            if after is None:
                return False
            at = after
        return True

    def _words(self, words: str) -> None:
        if self.root_at >= 0 and words:
            self.out.append(references_mended(repaired(words)).replace("]]>", "]]&gt;"))

    def _tag(self, at: int) -> int | None:
        """Handle what begins with "<" at `at`; where it ends, None when it does not."""
        text = self.text
        if start := _START.match(text, at):
            self._start(start[1], start[2], empty=bool(start[3]))
            return start.end()
        if end := _END.match(text, at):
            self._end(end[1])
            return end.end()
        if text.startswith("<![CDATA[", at):
            return self._cdata(at)
        if text.startswith("<!--", at):
            return self._past("-->", at + 4)
        if text.startswith("<?", at):
            close = text.find("?>", at, at + _INSTRUCTION_LENGTH)
            if close < 0 or text.find("<", at + 1, close) >= 0:  # its question mark was forgotten
                return self._past(">", at)
            return close + 2
        if text.startswith("<!", at):
            return self._declaration(at)
        if sloppy := _SLOPPY_START.match(text, at):
            self.notes["attributes mended"] = None
            self._start(sloppy[1], _attributes(sloppy[2]), empty=sloppy[2].rstrip().endswith("/"))
            return sloppy.end()
        if re.match(r"</?[^\W\d]", text[at : at + 3]) and text.find(">", at) < 0:
            return None  # the text ends inside a tag
        self._words("&lt;")
        return at + 1

    def _past(self, mark: str, at: int) -> int | None:
        found = self.text.find(mark, at)
        return None if found < 0 else found + len(mark)

    def _cdata(self, at: int) -> int | None:
        end = self.text.find("]]>", at)
        if end < 0:
            return None
        if self.root_at >= 0:
            self.out.append(repaired(self.text[at : end + 3]))
        return end + 3

    def _declaration(self, at: int) -> int | None:
        """Leave out a document type; refuse one that declares entities."""
        text = self.text
        end = text.find(">", at)
        bracket = text.find("[", at, end if end >= 0 else None)
        if text[at : at + 9].upper() == "<!DOCTYPE" and bracket >= 0:
            subset_end = re.compile(r"\]\s*>").search(text, bracket)
            subset = text[bracket : subset_end.start() if subset_end else None]
            if "<!ENTITY" in subset.upper():
                _refuse_entities()
            return subset_end.end() if subset_end else None
        if text[at : at + 8].upper() == "<!ENTITY":
            _refuse_entities()
        return None if end < 0 else end + 1

    def _start(self, name: str, attributes: str, *, empty: bool) -> None:
        local = name.rpartition(":")[2].lower()
        if local in _ENTRY_NAMES and self.entry_at >= 0 and not empty and self._in_entry_only():
            self.notes["entries that were not closed"] = None
            self._close_down_to(self.entry_depth - 1)
        kept = len(self.stack) < MAX_DEPTH
        if not kept:
            self.notes[f"elements nested deeper than {MAX_DEPTH} flattened"] = None
        if self.root_at < 0:
            self.root_at = len(self.out)
        if local in _ENTRY_NAMES and self.entry_at < 0 and not empty and kept:
            self.entry_at, self.entry_depth = len(self.out), len(self.stack) + 1
        if kept:
            as_stated = _NOT_AN_ADDRESS if local in _IDENTIFIERS and self.entry_at >= 0 else attributes
            self._write_start(name, as_stated, empty=empty)
        if empty:
            self.closed = not self.stack
        else:
            self.stack.append(_Open(name, kept))

    def _in_entry_only(self) -> bool:
        """Whether the open entry stands where another entry would: not inside a body that happens to use such a tag."""
        return not any(e.name.rpartition(":")[2].lower() in {"div", "content"} for e in self.stack[self.entry_depth :])

    def _write_start(self, name: str, attributes: str, *, empty: bool) -> None:
        if ":" in name:
            self.used.add(name.partition(":")[0])
        if attributes and ":" in attributes:
            for attribute in _ATTRIBUTE_NAME.findall(attributes):
                prefix, colon, local = attribute.partition(":")
                if prefix == "xmlns" and colon:
                    self.declared.add(local)
                elif colon:
                    self.used.add(prefix)
        self.out.append(f"<{name}{references_mended(attributes)}{'/' if empty else ''}>")

    def _end(self, name: str) -> None:
        if self.stack and self.stack[-1].name == name:
            self._close_down_to(len(self.stack) - 1)
            return
        for at in range(len(self.stack) - 1, max(-1, len(self.stack) - 2 * MAX_DEPTH), -1):
            if self.stack[at].name.lower() == name.lower():
                self.notes["tags closed in the wrong order"] = None
                self._close_down_to(at)
                return
        self.notes["end tags without a start"] = None

    def _close_down_to(self, depth: int) -> None:
        while len(self.stack) > depth:
            element = self.stack.pop()
            if element.kept:
                self.out.append(f"</{element.name}>")
            if self.entry_at >= 0 and len(self.stack) < self.entry_depth:
                self.entry_at = -1
        if depth == 0:
            self.closed = True

    def _declare_prefixes(self) -> None:
        missing = sorted(self.used - self.declared - {"xml", "xmlns"})
        if missing:
            self.notes["prefixes without a namespace: " + ", ".join(missing[:5])] = None
            root = self.out[self.root_at]
            end = len(root) - (2 if root.endswith("/>") else 1)
            added = "".join(f' xmlns:{p}="{_PREFIXES.get(p, "urn:undeclared:" + p)}"' for p in missing)
            self.out[self.root_at] = root[:end] + added + root[end:]


def _attributes(raw: str) -> str:
    """Attributes in whatever form, each once, in the form that XML wants."""
    found: dict[str, str] = {}
    for name, double, single, bare in _SLOPPY_ATTRIBUTE.findall(raw):
        found.setdefault(name, (double or single or bare.rstrip("/")).replace('"', "&quot;").replace("<", "&lt;"))
    return "".join(f' {name}="{value}"' for name, value in found.items())


def _refuse_entities() -> None:
    raise SourceError(
        "The document declares entities in its document type, which feeds have no need of and attacks are made of.",
        reason="parse",
    )
