"""Finds the list on a page that lists news, without being told where it is.

Elements of the same kind (same tags and main classes all the way down) that each hold a link are a list. Of all such
lists on a page the one is taken that a reader would call the list: its items have dates and titles of some length,
their links differ, it stands in the main part and makes up much of it. Tables, definition lists, cards and paragraphs
are all alike here; dates may stand in the items, in headings before them, or in rows below them. Without dates its
addresses tell, and titles that recur (`sources.episodes`). One or two items are a list where the main part shows
nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape
from math import log2
from statistics import median

from monitor.core.model import Entry
from monitor.sources.datelines import month_comes_first, with_month_first
from monitor.sources.episodes import are_episodes, filed
from monitor.sources.listed import (
    GOOD_TITLE,
    HEADINGS,
    TITLE_LENGTH,
    Item,
    are_columns,
    complete_titles,
    give_dates,
    is_date,
    items_of,
    labels_of,
    said,
    title_of,
    weight,
    without_wrappers,
)
from monitor.sources.outline import Element, Outline, host_of

MIN_ITEMS = 3

_MAX_ITEMS = 1_000
_MAX_CANDIDATES = 400  # kinds of element looked at closely, those with the most words first
_UNDATED_MIN_ITEMS = 5
_UNDATED_MIN_TITLE = 18.0  # letters, in the middle: menus have shorter ones
_DATED_BY_ADDRESS = 0.4  # of a date that is shown
_SUMMARY_LENGTH = 60.0
_CONVINCING = 1.0
_FURNITURE_FACTOR = 0.15
_ASIDE_FACTOR = 0.5  # beside the part that is marked as the main one

_PARAGRAPH = 100.0  # letters of one that is running text
_SHORT_ARTICLE, _LONG_ARTICLE = 400.0, 1200.0  # letters
# Times the letters of the items: without a headline, with one, and where the items are dated.
_OUTWEIGHED, _OUTWEIGHED_HEADED, _OUTWEIGHED_DATED = 2.0, 1.5, 3.0
_FEW = 12  # items beside an article
_HEADLINE = 22.0  # letters
_BESIDE_A_HEADLINE = 200  # characters in which the date of an article stands
_PAPER = re.compile(r"\.(?:pdf|docx?|odt|rtf|mp3|mp4)(?:$|[?#])", re.IGNORECASE)
_ITEM_TAGS = frozenset({"li", "article", "tr"})
_BEGUN_SHARE = 0.6  # of the words of the main part, its headings left out
_CHANGING = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The list that was found."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _List:
    items: list[Item]
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
        best = _begun(page)
    return None if best is None else _as_listing(page, best)


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


def _begun(page: Outline) -> _List | None:
    """A list that has just begun: one or two items are no pattern, but they are all that the main part shows."""
    mains = [i for i, each in enumerate(page.elements) if each.main and not (i and page.elements[each.parent].main)]
    if not mains:
        return None
    main = page.elements[max(mains, key=lambda index: page.elements[index].end - page.elements[index].start)]
    elements: list[int] = []
    for link in page.links:
        within = [
            i for i in _line_of(page, link.element) if page.elements[i].main and page.elements[i].tag in _ITEM_TAGS
        ]
        if main.start <= link.start < main.end and within and within[-1] not in elements[-1:]:
            elements.append(within[-1])
    if not 0 < len(elements) < MIN_ITEMS or any(page.elements[index].furniture for index in elements):
        return None
    items = items_of(page, elements)
    give_dates(page, items)
    labels = labels_of(page, items) if len(items) > 1 else frozenset[str]()
    for item in items:
        item.title = title_of(page, item, labels)
    if not items or not all(_stands_alone(page, item) for item in items):
        return None
    headings = sum(each.end - each.start for each in page.elements if each.main and each.tag in {"h1", "h2"})
    shown = sum(item.end - item.start for item in items)
    return _List(items=items, score=_CONVINCING) if shown > _BEGUN_SHARE * (main.end - main.start - headings) else None


def _stands_alone(page: Outline, item: Item) -> bool:
    """Whether one item by itself is news: its title leads to it, it has a date, and it is not the article itself."""
    dated = item.date is not None and item.date.moment is not None and not item.carried
    titled = weight(item.title) >= GOOD_TITLE and item.title in said(page, item.link)
    teaser = weight(page.words(item.start, item.end)) <= _SHORT_ARTICLE
    return titled and teaser and (dated or filed([item.link.url]) > 0)


def _line_of(page: Outline, index: int) -> list[int]:
    """An element and those around it, from the inside out."""
    line = []
    while index >= 0:
        line.append(index)
        index = page.elements[index].parent
    return line


def _apart(page: Outline, group: Sequence[int]) -> list[list[int]]:
    """The parts of a group that stand in elements of their own: where all is made of tables, the menu is one, too."""
    parts: dict[int, list[int]] = {}
    for index in group:
        parts.setdefault(page.elements[index].parent, []).append(index)
    return [part for part in parts.values() if len(part) >= MIN_ITEMS] if len(parts) > 1 else []


def _judged(page: Outline, elements: Sequence[int], url: str) -> _List | None:
    items = items_of(page, elements[:_MAX_ITEMS])
    if len(items) < MIN_ITEMS:
        return None
    give_dates(page, items)
    if are_columns(page, items):
        return None
    once = {item.link.url: item for item in reversed(items)}
    items = [item for item in items if once[item.link.url] is item]
    items = without_wrappers(items)
    labels = labels_of(page, items)
    for item in items:
        item.title = title_of(page, item, labels)
    complete_titles(items)
    items = [item for item in items if item.title]
    if len(items) < MIN_ITEMS:
        return None
    return _List(items=items, score=_score(page, items, url))


# ── judging ────────────────────────────────────────────────────────────────────────────────────────────────


def _score(page: Outline, items: Sequence[Item], url: str) -> float:
    """How much this looks like the list of the page; below `_CONVINCING` it is none."""
    count = len(items)
    dated = sum(_date_worth(item) for item in items) / count
    length = median(weight(item.title) for item in items)
    papers = sum(1 for item in items if _PAPER.search(item.link.url)) / count  # no menu links many of them
    episodes, in_address = _are_episodes(page, items), filed([item.link.url for item in items])
    is_news = dated >= 0.5 or episodes or (in_address >= 0.8 and length >= GOOD_TITLE)
    if not is_news and (count < _UNDATED_MIN_ITEMS or (length < _UNDATED_MIN_TITLE and papers < 0.8)):
        return 0.0
    titles = 1.0 if episodes else len({(item.title, item.date and item.date.start) for item in items}) / count
    # What holds several links that could each be a title is a group of items. With a date of its own, it may have many
    # short ones: "PDF", "Agenda", "Minutes".
    enough = GOOD_TITLE if dated > 0.5 else 1.0
    crowd = median(sum(1 for link in item.links if weight(said(page, link)) >= enough) for item in items)
    links = [_CHANGING.sub("0", item.link.url.partition("?")[0].rpartition("/")[0]) for item in items]
    alike = Counter(links).most_common(1)[0][1] / count
    home = sum(1 for item in items if host_of(item.link.url) == host_of(url)) / count
    # By the middle one: a wrapper around everything that happens to be of the same kind must not count.
    words = count * median(item.end - item.start for item in items) / max(1, len(page.text))
    dated = max(dated, _DATED_BY_ADDRESS * in_address)
    quality = (2.0 * dated + min(length, 50.0) / 25.0 + alike + 0.5 * home + 2.0 * min(words, 0.8)) * titles
    elements = [page.elements[item.element] for item in items]
    if sum(1 for element in elements if element.furniture) * 2 > count:
        quality *= _FURNITURE_FACTOR
    elif any(element.main for element in page.elements) and sum(1 for e in elements if e.main) * 2 < count:
        quality *= _ASIDE_FACTOR
    return quality * log2(1 + min(count, 60)) / 6.0 / max(1.0, crowd - 0.5)


def _are_episodes(page: Outline, items: Sequence[Item]) -> bool:
    titles = [item.title for item in items]
    headed = sum(1 for item in items if _has_heading(page, item)) / len(items)
    return are_episodes(titles, [weight(title) for title in titles], [item.link.url for item in items], headed)


def _has_heading(page: Outline, item: Item) -> bool:
    element = page.elements[item.element]
    return any(each.tag in HEADINGS for each in page.elements[item.element : min(element.last, item.element + 200)])


def _is_appended(page: Outline, items: Sequence[Item]) -> bool:
    """Whether the page is one article, and these items are what else there is to read.

    Running text that outweighs them says so, the more easily where a headline stands above it. Items with dates are a
    list on most pages that introduce themselves at length, so of these only a few beside a long article count.
    """
    prose = _prose(page, items)
    words = sum(weight(page.words(item.start, item.end)) for item in items)
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


def _prose(page: Outline, items: Sequence[Item]) -> float:
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
        if start >= until and len(line) >= _PARAGRAPH / 3 and (letters := weight(line)) >= _PARAGRAPH:
            prose += letters
    return prose


def _headline(page: Outline, items: Sequence[Item]) -> Element | None:
    """The heading of the page, where it is as long as that of an article and not one of the items."""
    inside = {item.element for item in items}
    for index, element in enumerate(page.elements):
        if element.tag == "h1" and not _within(page, index, inside):
            words = page.words(element.start, element.end)
            if weight(words) >= _HEADLINE and len(words) <= TITLE_LENGTH:
                return element
    return None


def _within(page: Outline, index: int, elements: Set[int]) -> bool:
    while index >= 0:
        if index in elements:
            return True
        index = page.elements[index].parent
    return False


def _date_worth(item: Item) -> float:
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


def _summary(page: Outline, item: Item) -> str | None:
    lines = [line for line in page.lines(item.start, item.end) if line not in item.title and not is_date(page, line)]
    longest = max(lines, key=weight, default="")
    return escape(longest, quote=False) if weight(longest) >= _SUMMARY_LENGTH else None
