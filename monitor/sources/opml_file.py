"""The bytes of an OPML file → its outlines. Runs in a worker process that can be killed.

Well-formed files are read as they stand, so that each outline knows its line. Others are mended as feeds are, which
costs the line numbers. Entity declarations are refused in both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from monitor.core.errors import SourceError
from monitor.core.opml import NAMESPACE, Outline, OutlineDocument
from monitor.sources.encoding import decoded
from monitor.sources.sniff import is_binary, root_of
from monitor.sources.xmltext import mended

MAX_SIZE = 20 * 1024 * 1024  # bytes
MAX_OUTLINES = 100_000
MAX_DEPTH = 100  # folders in folders

_END = re.compile(r"</opml\s*>", re.IGNORECASE)
_BETWEEN = " "  # a namespace and a name, as the parser joins them; neither holds a space


def read_outlines(content: bytes) -> OutlineDocument:
    """Every outline of an OPML file of any version and encoding.

    SourceError "too-large", "not-a-feed" for what is no OPML, and "parse" for entity declarations and for more than
    100,000 outlines or 100 folders in each other.
    """
    if len(content) > MAX_SIZE:
        raise SourceError(f"the file has {len(content):,} bytes, more than {MAX_SIZE:,}", reason="too-large")
    text, notes = decoded(content, content_type=None)
    root = None if is_binary(content) else root_of(text)
    if root != "opml":
        what = f"begins with <{root[:40]}>" if root else "holds no XML"
        raise SourceError(f"this is not an OPML file: it {what}", reason="not-a-feed")
    breaks_off: int | None = None
    text = text[text.index("<") :]  # nothing but white space or a stray word may stand before the declaration
    try:
        reader = _read(text.encode("utf-8", "replace"), lines=True)
    except expat.ExpatError as error:
        clean = mended(text)
        if _END.search(text) is None:  # a download or a copy that was cut: no mending brings back the rest
            breaks_off = text.rstrip().count("\n") + 1
        else:
            notes += (f"not well-formed ({expat.ErrorString(error.code)} in line {error.lineno}): mended",)
        notes += clean.notes
        try:
            reader = _read(clean.content, lines=False)
        except expat.ExpatError as second:
            raise SourceError(f"the file cannot be read: {second}", reason="parse") from error
    if not reader.has_body:
        notes += ("the file has no body element, and so no outlines",)
    title = " ".join("".join(reader.title).split())
    return OutlineDocument(title=title or None, outlines=tuple(reader.roots), notes=notes, breaks_off=breaks_off)


@dataclass(slots=True)
class _Growing:
    attributes: dict[str, str]
    own: dict[str, str]
    line: int | None
    children: list[Outline] = field(default_factory=list)

    def grown(self) -> Outline:
        return Outline(attributes=self.attributes, own=self.own, children=tuple(self.children), line=self.line)


@dataclass(slots=True)
class _Reader:
    parser: expat.XMLParserType
    lines: bool
    path: list[str] = field(default_factory=list)
    open: list[_Growing] = field(default_factory=list)
    roots: list[Outline] = field(default_factory=list)
    title: list[str] = field(default_factory=list)
    outlines: int = 0
    has_body: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        self.path.append(local)
        if len(self.path) > MAX_DEPTH:
            raise SourceError(f"more than {MAX_DEPTH} folders stand in each other", reason="parse")
        self.has_body = self.has_body or local == "body"
        if local != "outline":
            return
        self.outlines += 1
        if self.outlines > MAX_OUTLINES:
            raise SourceError(f"the file lists more than {MAX_OUTLINES:,} outlines", reason="parse")
        plain: dict[str, str] = {}
        own: dict[str, str] = {}
        for key, value in attributes.items():
            namespace, _, attribute = key.rpartition(_BETWEEN)
            if namespace == NAMESPACE:
                own[attribute] = value
            elif not namespace:
                plain.setdefault(attribute.lower(), value)
        self.open.append(_Growing(plain, own, self.parser.CurrentLineNumber if self.lines else None))

    def end(self, _name: str) -> None:
        if self.path.pop() != "outline":
            return
        outline = self.open.pop().grown()
        (self.open[-1].children if self.open else self.roots).append(outline)

    def words(self, text: str) -> None:
        if self.path[-2:] == ["head", "title"]:
            self.title.append(text)


def _read(content: bytes, *, lines: bool) -> _Reader:
    parser = expat.ParserCreate("utf-8", _BETWEEN)
    reader = _Reader(parser, lines)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.words
    parser.EntityDeclHandler = _refuse_entities
    parser.Parse(content, True)
    return reader


def _local(name: str) -> str:
    return name.rpartition(_BETWEEN)[2].lower()


def _refuse_entities(*_declaration: object) -> None:
    raise SourceError(
        "the file declares entities in its document type, which lists of feeds have no need of and attacks are made of",
        reason="parse",
    )
