"""Finds the list on a page that lists news, without being told where it is.

Elements of the same kind (same tags and main classes all the way down) that each hold a link are a list. Of all such
lists on a page the one is taken that a reader would call the list: its items have dates and titles of some length,
their links differ, it stands in the main part and makes up much of it. Tables, definition lists, cards and paragraphs
are all alike here; dates may stand in the items, in headings before them, or in rows below them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log2
from statistics import median

from monitor.core.model import Entry
from monitor.sources.datelines import Dateline, month_comes_first, with_month_first
from monitor.sources.markup import attribute
from monitor.sources.outline import Element, Link, Outline, host_of

MIN_ITEMS = 3

_MAX_ITEMS = 1_000
_MAX_CANDIDATES = 400  # kinds of element looked at closely, those with the most words first
_MAX_LINKS_OF_AN_ITEM = 40
_WRAPPED_ITEMS = 4  # links that are other items' links; a note on an item may link two or three
_UNDATED_MIN_ITEMS = 5
_UNDATED_MIN_TITLE = 18.0  # letters, in the middle: menus have shorter ones
_GOOD_TITLE = 12.0
_TITLE_LENGTH = 300
_SUMMARY_LENGTH = 60.0
_CONVINCING = 1.0
_FURNITURE_FACTOR = 0.15
_ASIDE_FACTOR = 0.5  # beside the part that is marked as the main one

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
_PARAGRAPH = 100.0  # letters of one that is running text
_SHORT_ARTICLE, _LONG_ARTICLE = 400.0, 1200.0  # letters
# Times the letters of the items: without a headline, with one, and where the items are dated.
_OUTWEIGHED, _OUTWEIGHED_HEADED, _OUTWEIGHED_DATED = 2.0, 1.5, 3.0
_FEW = 12  # items beside an article
_HEADLINE = 22.0  # letters
_BESIDE_A_HEADLINE = 200  # characters in which the date of an article stands
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PAPER = re.compile(r"\.(?:pdf|docx?|odt|rtf|mp3|mp4)(?:$|[?#])", re.IGNORECASE)
_CHANGING = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The list that was found."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Item:
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


@dataclass(slots=True)
class _List:
    items: list[_Item]
    score: float


def found_listing(page: Outline, *, url: str) -> Listing | None:
    """The list that a reader of the page would see; None where nothing convincing is found.

    Entries are in the page's order, each link once, with title, link, date as written and a summary where there is one.
    """
    best: _List | None = None
    for elements in _candidates(page):
        judged = _judged(page, elements, url)
        if judged is not None and (best is None or judged.score > best.score):
            best = judged
    if best is None or best.score < _CONVINCING or _is_appended(page, best.items):
        return None
    return _as_listing(page, best)


def _candidates(page: Outline) -> list[list[int]]:
    """Groups of elements of one kind that hold links, the group with the most words first."""
    groups: dict[int, list[int]] = {}
    for link in page.links:
        index = link.element
        while index >= 0:
            group = groups.setdefault(page.elements[index].key, [])
            if group and group[-1] == index:  # its ancestors are there already
                break
            group.append(index)
            index = page.elements[index].parent
    large = [group for group in groups.values() if len(group) >= MIN_ITEMS]
    large += [part for group in large for part in _apart(page, group)]
    large.sort(key=lambda group: -sum(page.elements[i].end - page.elements[i].start for i in group[:_MAX_ITEMS]))
    return large[:_MAX_CANDIDATES]


def _apart(page: Outline, group: Sequence[int]) -> list[list[int]]:
    """The parts of a group that stand in elements of their own: where all is made of tables, the menu is one, too."""
    parts: dict[int, list[int]] = {}
    for index in group:
        parts.setdefault(page.elements[index].parent, []).append(index)
    return [part for part in parts.values() if len(part) >= MIN_ITEMS] if len(parts) > 1 else []


def _judged(page: Outline, elements: Sequence[int], url: str) -> _List | None:
    items = _items(page, elements[:_MAX_ITEMS])
    if len(items) < MIN_ITEMS:
        return None
    _date(page, items)
    if _are_columns(page, items):
        return None
    once = {item.link.url: item for item in reversed(items)}
    items = [item for item in items if once[item.link.url] is item]
    items = _without_wrappers(items)
    labels = _labels(page, items)
    for item in items:
        item.title = _title(page, item, labels)
    _complete_titles(items)
    items = [item for item in items if item.title]
    if len(items) < MIN_ITEMS:
        return None
    return _List(items=items, score=_score(page, items, url))


# ── items and their links ──────────────────────────────────────────────────────────────────────────────────


def _items(page: Outline, elements: Sequence[int]) -> list[_Item]:
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
    least = max(2, len(elements) // 10)  # what only one has is not an item's link
    items = []
    for index, links, mine in of_element:
        usual = [slot for slot in mine if len(slots[slot]) >= least]
        if usual:
            element = page.elements[index]
            link = mine[max(usual, key=lambda slot: worth[slot])]
            items.append(_Item(element=index, start=element.start, end=element.end, links=links, link=link))
    return items


def _are_columns(page: Outline, items: Sequence[_Item]) -> bool:
    """Whether these are cells of rows, dated by a cell beside them: then the rows are the items."""
    rows: Counter[int] = Counter()
    for item in items:
        cell = page.elements[item.element]
        if cell.tag == "a" and cell.parent >= 0:
            cell = page.elements[cell.parent]
        if cell.tag == "td" and (item.carried or not item.date):
            rows[cell.parent] += 1
    return 2 * sum(number for number in rows.values() if number > 1) > len(items)


def _without_wrappers(items: Sequence[_Item]) -> list[_Item]:
    """The items but those around other items, which happen to be of the same kind."""
    own = {item.link.url for item in items}
    return [item for item in items if len(own.intersection(link.url for link in item.links)) < _WRAPPED_ITEMS]


def _slot_worth(page: Outline, links: Sequence[Link], items: int) -> float:
    """How well the links in one place of the items serve as the items' links."""
    covered = len(links) / items
    different = len({link.url for link in links}) / len(links)
    said = [_said(page, link) for link in links]
    words = median(min(_weight(each), 60.0) for each in said) * len(set(said)) / len(said)
    heading = any(page.elements[page.elements[link.element].parent].tag in _HEADINGS for link in links[:3])
    return covered**2 * different * (0.3 + words / 60.0 + (0.5 if heading else 0.0))


def _said(page: Outline, link: Link) -> str:
    words = page.words(link.start, link.end)
    return "" if _says_nothing(words) else words


def _says_nothing(words: str) -> bool:
    """Whether every link could say so: "Read more", "Download (PDF, 312 KB)"."""
    return _SAYS_NOTHING.fullmatch(_FILE.sub("", words).strip() or "pdf") is not None


def _weight(words: str) -> float:
    """Letters; a character of Chinese, Japanese or Korean says as much as two and a half."""
    return len(_LETTER.findall(words)) + 1.5 * len(_CJK.findall(words))


# ── dates ──────────────────────────────────────────────────────────────────────────────────────────────────


def _date(page: Outline, items: Sequence[_Item]) -> None:
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


def _carry(page: Outline, items: Sequence[_Item], since: int) -> None:
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


def _give_headings(page: Outline, items: Sequence[_Item], since: int) -> None:
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


def _labels(page: Outline, items: Sequence[_Item]) -> frozenset[str]:
    """Lines that most items have, and that say nothing of any of them: "Judges", "Read more about this"."""
    counts = Counter(line for item in items for line in set(page.lines(item.start, item.end)[:40]))
    return frozenset(line for line, count in counts.items() if count * 2 > len(items))


def _title(page: Outline, item: _Item, labels: frozenset[str]) -> str:
    """What a reader would call the item: its heading, the words of its link, or the first line that says much."""
    for index in range(item.element, min(page.elements[item.element].last, item.element + 200)):
        if page.elements[index].tag in _HEADINGS:
            words = page.words(page.elements[index].start, page.elements[index].end)
            if _weight(words) >= 4 and not _is_date(page, words) and words not in labels:
                return words[:_TITLE_LENGTH]
    own = _best_line(page, page.lines(item.link.start, item.link.end), labels)
    if _weight(own) >= _GOOD_TITLE:
        return own
    attributes = page.elements[item.link.element].node.attributes
    stated = " ".join((attributes.get("title") or attributes.get("aria-label") or "").split())
    if _weight(stated) >= _GOOD_TITLE and len(stated) <= _TITLE_LENGTH:
        return stated
    bold = _bold(page, item, labels)
    if _weight(bold) >= 8:
        return bold
    around = _best_line(page, page.lines(item.start, item.end), labels)
    if _weight(around) >= max(8.0, 1.5 * _weight(own)) and not _says_nothing(around):
        return around
    return (
        own
        or around
        or stated
        or _alternative(page, item)
        or page.words(item.link.start, item.link.end)[:_TITLE_LENGTH]
    )


def _best_line(page: Outline, lines: Sequence[str], labels: frozenset[str]) -> str:
    """The first line that says much, else the one that says most; never a mere date or label."""
    lines = [line for line in lines[:40] if line not in labels and not _says_nothing(line)]
    lines = [line for line in lines if not _is_date(page, line)]
    wordy = [line for line in lines if _weight(line) >= 0.4 * len(line.replace(" ", ""))]
    best = next((line for line in wordy if _weight(line) >= _GOOD_TITLE), None)
    if best is None:
        best = max(wordy or lines, key=_weight, default="")
    return best if len(best) <= _TITLE_LENGTH else best[:_TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def _bold(page: Outline, item: _Item, labels: frozenset[str]) -> str:
    for index in range(item.element, min(page.elements[item.element].last, item.element + 60)):
        element = page.elements[index]
        if element.tag in {"b", "strong"}:
            words = page.words(element.start, element.end)
            if words and words not in labels and not _is_date(page, words) and not _says_nothing(words):
                return words[:_TITLE_LENGTH]
    return ""


def _alternative(page: Outline, item: _Item) -> str:
    image = page.elements[item.link.element].node.css_first("img[alt]")
    return " ".join(attribute(image, "alt").split())[:_TITLE_LENGTH]


def _is_date(page: Outline, line: str) -> bool:
    """Whether a line is a date and little else."""
    return line in page.date_lines


def _complete_titles(items: Sequence[_Item]) -> None:
    """Where many items share a title ("Agenda", "June"), the heading they stand below tells them apart."""
    counts = Counter(item.title for item in items)
    if len({item.below for item in items}) * 10 < len(items):
        return  # they tell little apart
    if sum(1 for item in items if counts[item.title] > 1) * 2 > len(items):
        for item in items:
            if counts[item.title] > 1 and item.below and item.below != item.title:
                item.title = f"{item.below} – {item.title}"


# ── judging ────────────────────────────────────────────────────────────────────────────────────────────────


def _score(page: Outline, items: Sequence[_Item], url: str) -> float:
    """How much this looks like the list of the page; below `_CONVINCING` it is none."""
    count = len(items)
    dated = sum(_date_worth(item) for item in items) / count
    length = median(_weight(item.title) for item in items)
    papers = sum(1 for item in items if _PAPER.search(item.link.url)) / count  # no menu links many of them
    if dated < 0.5 and (count < _UNDATED_MIN_ITEMS or (length < _UNDATED_MIN_TITLE and papers < 0.8)):
        return 0.0
    titles = len({(item.title, item.date and item.date.start) for item in items}) / count
    # What holds several links that could each be a title is a group of items. With a date of its own, it may have many
    # short ones: "PDF", "Agenda", "Minutes".
    enough = _GOOD_TITLE if dated > 0.5 else 1.0
    crowd = median(sum(1 for link in item.links if _weight(_said(page, link)) >= enough) for item in items)
    links = [_CHANGING.sub("0", item.link.url.partition("?")[0].rpartition("/")[0]) for item in items]
    alike = Counter(links).most_common(1)[0][1] / count
    home = sum(1 for item in items if host_of(item.link.url) == host_of(url)) / count
    # By the middle one: a wrapper around everything that happens to be of the same kind must not count.
    words = count * median(item.end - item.start for item in items) / max(1, len(page.text))
    quality = (2.0 * dated + min(length, 50.0) / 25.0 + alike + 0.5 * home + 2.0 * min(words, 0.8)) * titles
    elements = [page.elements[item.element] for item in items]
    if sum(1 for element in elements if element.furniture) * 2 > count:
        quality *= _FURNITURE_FACTOR
    elif any(element.main for element in page.elements) and sum(1 for e in elements if e.main) * 2 < count:
        quality *= _ASIDE_FACTOR
    return quality * log2(1 + min(count, 60)) / 6.0 / max(1.0, crowd - 0.5)


def _is_appended(page: Outline, items: Sequence[_Item]) -> bool:
    """Whether the page is one article, and these items are what else there is to read.

    Running text that outweighs them says so, the more easily where a headline stands above it. Items with dates are a
    list on most pages that introduce themselves at length, so of these only a few beside a long article count.
    """
    prose = _prose(page, items)
    words = sum(_weight(page.words(item.start, item.end)) for item in items)
    headline = _headline(page, items)
    if sum(_date_worth(item) for item in items) * 2 >= len(items):
        few = len(items) <= _FEW
        return headline is not None and few and prose > max(_LONG_ARTICLE, _OUTWEIGHED_DATED * words)
    if prose > (_OUTWEIGHED if headline is None else _OUTWEIGHED_HEADED) * words:
        return True
    if headline is None or prose < _SHORT_ARTICLE:
        return False
    beside = page.dates_in(max(headline.start - _BESIDE_A_HEADLINE, 0), headline.end + _BESIDE_A_HEADLINE)
    return len(beside) > 0


def _prose(page: Outline, items: Sequence[_Item]) -> float:
    """How much running text there is outside of items and of furniture: lines of the length of a paragraph."""
    apart = [(element.start, element.end) for element in page.elements if element.furniture]
    apart += [(item.start, item.end) for item in items]
    apart += [(link.start, link.end) for link in page.links if link.end - link.start >= _PARAGRAPH]
    apart.sort()
    prose = 0.0
    at = number = until = 0
    for line in page.text.split("\n"):
        start, at = at, at + len(line) + 1
        while number < len(apart) and apart[number][0] <= start:
            until = max(until, apart[number][1])
            number += 1
        if start >= until and len(line) >= _PARAGRAPH / 3 and (weight := _weight(line)) >= _PARAGRAPH:
            prose += weight
    return prose


def _headline(page: Outline, items: Sequence[_Item]) -> Element | None:
    """The heading of the page, where it is as long as that of an article and not one of the items."""
    inside = {item.element for item in items}
    for index, element in enumerate(page.elements):
        if element.tag == "h1" and not _within(page, index, inside):
            words = page.words(element.start, element.end)
            if _weight(words) >= _HEADLINE and len(words) <= _TITLE_LENGTH:
                return element
    return None


def _within(page: Outline, index: int, elements: Set[int]) -> bool:
    while index >= 0:
        if index in elements:
            return True
        index = page.elements[index].parent
    return False


def _date_worth(item: _Item) -> float:
    if item.date is None:
        return 0.0
    if item.date.moment is None:  # a month: often a title
        return 0.5
    return 0.8 if item.carried else 1.0


# ── entries ────────────────────────────────────────────────────────────────────────────────────────────────


def _as_listing(page: Outline, chosen: _List) -> Listing:
    dates = [item.date for item in chosen.items if item.date]
    american = month_comes_first(dates)
    entries = []
    for item in chosen.items:
        published = item.date.published if item.date else None
        entries.append(
            Entry(
                link=item.link.url,
                title=item.title,
                summary=_summary(page, item),
                published=with_month_first(published) if published and american else published,
            )
        )
    notes = [f"the list was found without selectors: {len(entries)} items, {len(dates)} of them dated"]
    if american:
        notes.append("dates were read with the month first")
    if not page.whole:
        notes.append("the page is very large: only its beginning was searched")
    return Listing(entries=tuple(entries), notes=tuple(notes))


def _summary(page: Outline, item: _Item) -> str | None:
    lines = [line for line in page.lines(item.start, item.end) if line not in item.title and not _is_date(page, line)]
    longest = max(lines, key=_weight, default="")
    return escape(longest, quote=False) if _weight(longest) >= _SUMMARY_LENGTH else None
