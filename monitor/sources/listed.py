"""The items of a list on a page: of each element its link, its date and its title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from monitor.sources.datelines import Dateline
from monitor.sources.markup import attribute
from monitor.sources.outline import Link, Outline

GOOD_TITLE = 12.0  # letters
TITLE_LENGTH = 300
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

_MAX_LINKS_OF_AN_ITEM = 40
_WRAPPED_ITEMS = 4  # links that are other items' links; a note on an item may link two or three

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LETTER = re.compile(r"[^\W\d_]")
_SAYS_NOTHING = re.compile(
    r"(?:read|learn|see|view|show)?\s*(?:more|details?|all|full (?:article|story|text|release))|click here|here|link|"
    r"download|pdf|html?|docx?|watch|listen|video|share|print|подробнее|читать далее|далее|ещё|скачать|"
    r"en savoir plus|lire la suite|télécharger|mehr|weiterlesen|mehr erfahren|leer más|ver más|descargar|leia mais|"
    r"saiba mais|leggi tutto|続きを読む|詳細|もっと見る|更多|阅读全文|查看更多|자세히|더보기|المزيد|اقرأ المزيد|devamı|"
    r"więcej|czytaj więcej",
    re.IGNORECASE,
)
_FILE = re.compile(  # what a link says of the file behind it: "(PDF, 312 KB)"
    r"[(\[]?\s*(?:(?:pdf|docx?|odt|rtf|xlsx?|zip|mp3|mp4)\b[\s,;:/–-]*)?\d[\d.,]*\s*(?:bytes|[kmg]i?b|ko|mo|кб|мб)\s*[)\]]?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Item:
    """One element of a list."""

    element: int
    start: int
    end: int  # of its words; of those up to the next item where its parts are rows of their own
    links: Sequence[Link]
    link: Link
    title: str = ""
    date: Dateline | None = None
    below: str = ""  # the heading it stands below
    carried: bool = False  # its date is that of the heading


# ── items and their links ──────────────────────────────────────────────────────────────────────────────────


def items_of(page: Outline, elements: Sequence[int]) -> list[Item]:
    """Each element with the link that is its own: of several, the one that differs most between the items."""
    slots: dict[tuple[int, int], list[Link]] = {}
    of_element: list[tuple[int, Sequence[Link], dict[tuple[int, int], Link]]] = []
    for index in elements:
        links = page.links_in(index)[:_MAX_LINKS_OF_AN_ITEM]
        ordinals: Counter[int] = Counter()
        mine: dict[tuple[int, int], Link] = {}
        for link in links:
            key = page.elements[link.element].key
            mine[key, ordinals[key]] = link
            slots.setdefault((key, ordinals[key]), []).append(link)
            ordinals[key] += 1
        of_element.append((index, links, mine))
    worth = {slot: _slot_worth(page, links, len(elements)) for slot, links in slots.items()}
    least = max(min(2, len(elements) - 1), len(elements) // 10, 1)  # what only one has is not an item's link
    items = []
    for index, links, mine in of_element:
        usual = [slot for slot in mine if len(slots[slot]) >= least]
        if usual:
            element = page.elements[index]
            link = mine[max(usual, key=lambda slot: worth[slot])]
            items.append(Item(element=index, start=element.start, end=element.end, links=links, link=link))
    return items


def are_columns(page: Outline, items: Sequence[Item]) -> bool:
    """Whether these are cells of rows, dated by a cell beside them: then the rows are the items."""
    rows: Counter[int] = Counter()
    for item in items:
        cell = page.elements[item.element]
        if cell.tag == "a" and cell.parent >= 0:
            cell = page.elements[cell.parent]
        if cell.tag == "td" and (item.carried or not item.date):
            rows[cell.parent] += 1
    return 2 * sum(number for number in rows.values() if number > 1) > len(items)


def without_wrappers(items: Sequence[Item]) -> list[Item]:
    """The items but those around other items, which happen to be of the same kind."""
    own = {item.link.url for item in items}
    return [item for item in items if len(own.intersection(link.url for link in item.links)) < _WRAPPED_ITEMS]


def _slot_worth(page: Outline, links: Sequence[Link], items: int) -> float:
    """How well the links in one place of the items serve as the items' links."""
    covered = len(links) / items
    different = len({link.url for link in links}) / len(links)
    sayings = [said(page, link) for link in links]
    words = median(min(weight(each), 60.0) for each in sayings) * len(set(sayings)) / len(sayings)
    heading = any(page.elements[page.elements[link.element].parent].tag in HEADINGS for link in links[:3])
    return covered**2 * different * (0.3 + words / 60.0 + (0.5 if heading else 0.0))


def said(page: Outline, link: Link) -> str:
    words = page.words(link.start, link.end)
    return "" if _says_nothing(words) else words


def _says_nothing(words: str) -> bool:
    """Whether every link could say so: "Read more", "Download (PDF, 312 KB)"."""
    return _SAYS_NOTHING.fullmatch(_FILE.sub("", words).strip() or "pdf") is not None


def weight(words: str) -> float:
    """Letters; a character of Chinese, Japanese or Korean says as much as two and a half."""
    return len(_LETTER.findall(words)) + 1.5 * len(_CJK.findall(words))


# ── dates ──────────────────────────────────────────────────────────────────────────────────────────────────


def give_dates(page: Outline, items: Sequence[Item]) -> None:
    """Give items their dates: their own; else those of the rows below them; else those of the headings above them."""
    for item in items:
        item.date = next(iter(page.dates_in(item.start, max(item.end, item.start + 1))), None)
    outside = page.elements[_common_parent(page, [item.element for item in items])]
    _give_headings(page, items, outside.start)
    if sum(1 for item in items if item.date) * 2 >= len(items):
        return
    nothing_above = not page.dates_in(outside.start, items[0].start)
    below = [
        page.dates_in(item.end, after.start)
        for item, after in pairwise(items)
        if page.elements[item.element].parent == page.elements[after.element].parent
    ]
    if nothing_above and below and sum(1 for dates in below if dates) * 2 >= len(items) - 1:
        ends = [*(item.start for item in items[1:]), outside.end]
        for item, end in zip(items, ends, strict=True):
            parent = page.elements[page.elements[item.element].parent]
            item.end = max(item.end, min(end, parent.end))
            item.date = next(iter(page.dates_in(item.start, item.end)), None)
        return
    _carry(page, items, outside.start)


def _carry(page: Outline, items: Sequence[Item], since: int) -> None:
    """Dates of headings go down to the items below them, if there are several: a single one is that of the page."""
    carried: list[Dateline | None] = []
    latest: Dateline | None = None
    at = since
    for item in items:
        between = page.dates_in(at, item.start)
        short = [date for date in between if len(_line_around(page.text, date)) <= 80]
        latest = short[-1] if short else latest
        carried.append(latest)
        at = max(at, item.end)
    if len({date.start for date in carried if date}) < 2:
        return
    for item, date in zip(items, carried, strict=True):
        if item.date is None and date is not None:
            item.date, item.carried = date, True
            item.below = _line_around(page.text, date)


def _line_around(text: str, date: Dateline) -> str:
    end = text.find("\n", date.end)
    return text[text.rfind("\n", 0, date.start) + 1 : end if end >= 0 else None].strip()


def _give_headings(page: Outline, items: Sequence[Item], since: int) -> None:
    """The last line between an item and the one before it; the first line of the list's surroundings for the first."""
    latest, at = "", since
    for item in items:
        lines = page.lines(max(at, item.start - 400), item.start) if item.start > at else []
        if lines and len(lines[-1]) <= 80:
            latest = lines[-1]
        item.below = latest
        at = max(at, item.end)


def _common_parent(page: Outline, indices: Sequence[int]) -> int:
    first, last = min(indices), max(indices)
    index = page.elements[first].parent
    while index > 0 and page.elements[index].last <= last:
        index = page.elements[index].parent
    return max(index, 0)


# ── titles ─────────────────────────────────────────────────────────────────────────────────────────────────


def labels_of(page: Outline, items: Sequence[Item]) -> frozenset[str]:
    """Lines that most items have, and that say nothing of any of them: "Judges", "Read more about this"."""
    counts = Counter(line for item in items for line in set(page.lines(item.start, item.end)[:40]))
    return frozenset(line for line, count in counts.items() if count * 2 > len(items))


def title_of(page: Outline, item: Item, labels: frozenset[str]) -> str:
    """What a reader would call the item: its heading, the words of its link, or the first line that says much."""
    for index in range(item.element, min(page.elements[item.element].last, item.element + 200)):
        if page.elements[index].tag in HEADINGS:
            words = page.words(page.elements[index].start, page.elements[index].end)
            if weight(words) >= 4 and not is_date(page, words) and words not in labels:
                return words[:TITLE_LENGTH]
    own = _best_line(page, page.lines(item.link.start, item.link.end), labels)
    if weight(own) >= GOOD_TITLE:
        return own
    attributes = page.elements[item.link.element].node.attributes
    stated = " ".join((attributes.get("title") or attributes.get("aria-label") or "").split())
    if weight(stated) >= GOOD_TITLE and len(stated) <= TITLE_LENGTH:
        return stated
    bold = _bold(page, item, labels)
    if weight(bold) >= 8:
        return bold
    around = _best_line(page, page.lines(item.start, item.end), labels)
    if weight(around) >= max(8.0, 1.5 * weight(own)) and not _says_nothing(around):
        return around
    return (
        own or around or stated or _alternative(page, item) or page.words(item.link.start, item.link.end)[:TITLE_LENGTH]
    )


def _best_line(page: Outline, lines: Sequence[str], labels: frozenset[str]) -> str:
    """The first line that says much, else the one that says most; never a mere date or label."""
    lines = [line for line in lines[:40] if line not in labels and not _says_nothing(line)]
    lines = [line for line in lines if not is_date(page, line)]
    wordy = [line for line in lines if weight(line) >= 0.4 * len(line.replace(" ", ""))]
    best = next((line for line in wordy if weight(line) >= GOOD_TITLE), None)
    if best is None:
        best = max(wordy or lines, key=weight, default="")
    return best if len(best) <= TITLE_LENGTH else best[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def _bold(page: Outline, item: Item, labels: frozenset[str]) -> str:
    for index in range(item.element, min(page.elements[item.element].last, item.element + 60)):
        element = page.elements[index]
        if element.tag in {"b", "strong"}:
            words = page.words(element.start, element.end)
            if words and words not in labels and not is_date(page, words) and not _says_nothing(words):
                return words[:TITLE_LENGTH]
    return ""


def _alternative(page: Outline, item: Item) -> str:
    image = page.elements[item.link.element].node.css_first("img[alt]")
    return " ".join(attribute(image, "alt").split())[:TITLE_LENGTH]


def is_date(page: Outline, line: str) -> bool:
    """Whether a line is a date and little else."""
    return line in page.date_lines


def complete_titles(items: Sequence[Item]) -> None:
    """Where many items share a title ("Agenda", "June"), the heading they stand below tells them apart."""
    counts = Counter(item.title for item in items)
    if len({item.below for item in items}) * 10 < len(items):
        return  # they tell little apart
    if sum(1 for item in items if counts[item.title] > 1) * 2 > len(items):
        for item in items:
            if counts[item.title] > 1 and item.below and item.below != item.title:
                item.title = f"{item.below} – {item.title}"
