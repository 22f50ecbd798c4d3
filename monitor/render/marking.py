"""The words that matched, marked inside sanitised HTML. Only text is ever touched, so that markup cannot break."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree
from lxml import html as markup

from monitor.core.model import Evidence, Field

_SPACES = re.compile(r"\s+")


def marked_html(html: str, evidence: Iterable[Evidence], *, fields: Iterable[Field] = (Field.TEXT,)) -> str:
    """`html` with each place of the evidence's words in a `<mark>`, also where tags stand between or within the words.

    The evidence counts in plain text, which HTML does not keep: its exact words are marked wherever they stand. HTML
    that cannot be parsed is given back as it is.
    """
    wanted = _wanted(evidence, frozenset(fields))
    if wanted is None or not html.strip():
        return html
    try:
        tree = markup.fragment_fromstring(html, create_parent="div")
    except (etree.ParserError, ValueError):
        return html
    pieces = _texts(tree)
    whole = "".join(text for _, _, text in pieces)
    spans = [found.span() for found in wanted.finditer(whole)]
    if not spans:
        return html
    at = 0
    for element, is_tail, text in pieces:
        inner = [
            (max(start - at, 0), min(end - at, len(text)))
            for start, end in spans
            if start < at + len(text) and end > at
        ]
        at += len(text)
        if inner:
            _mark(element, is_tail, text, inner)
    written: str = etree.tostring(tree, encoding="unicode", method="html")
    return written.removeprefix("<div>").removesuffix("</div>")


def _wanted(evidence: Iterable[Evidence], fields: frozenset[Field]) -> re.Pattern[str] | None:
    words = {each.words for each in evidence if each.field in fields and each.words.strip()}
    if not words:
        return None
    patterns = [
        r"\s+".join(re.escape(part) for part in _SPACES.split(each.strip()))
        for each in sorted(words, key=len, reverse=True)
    ]
    return re.compile(
        rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)|(?:{'|'.join(filter(_is_unspaced, patterns)) or '(?!)'})"
    )


def _is_unspaced(pattern: str) -> bool:
    return any(
        "\u0e00" <= character <= "\u0eff" or "\u3005" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"
        for character in pattern
    )


def _texts(tree: markup.HtmlElement) -> list[tuple[markup.HtmlElement, bool, str]]:
    """Every piece of text in order: the element it belongs to, whether it is the text after it, and the text."""
    pieces: list[tuple[markup.HtmlElement, bool, str]] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start" and element.text and isinstance(element.tag, str):
            pieces.append((element, False, element.text))
        if event == "end" and element.tail and element is not tree:
            pieces.append((element, True, element.tail))
    return pieces


def _mark(element: markup.HtmlElement, is_tail: bool, text: str, spans: list[tuple[int, int]]) -> None:
    parent = element.getparent() if is_tail else element
    place = parent.index(element) + 1 if is_tail else 0
    if is_tail:
        element.tail = text[: spans[0][0]]
    else:
        element.text = text[: spans[0][0]]
    for number, (start, end) in enumerate(spans):
        mark = etree.Element("mark")
        mark.text = text[start:end]
        mark.tail = text[end : spans[number + 1][0] if number + 1 < len(spans) else len(text)]
        parent.insert(place + number, mark)
