"""News told by its addresses and by its recurring titles, where a list shows no dates.

Menus and tiles name different things, each once, and their addresses are words. News is filed: its address carries the
day or month, or a number of its own. A list that says "Weekly briefing" five times over five addresses is one of
episodes, for nothing else is named the same way again and again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

_LEAST_TITLE = 8.0  # letters of a recurring title: "1", "Page 2" and "PDF" recur, too
_FILED = re.compile(  # a month or a day, and something behind it: without that it is an archive
    r"(?<!\d)(?:19|20)\d\d(?P<apart>[/_.-]?)(?:0[1-9]|1[0-2])(?:(?P=apart)(?:0[1-9]|[12]\d|3[01]))?(?!\d).*?[^\W_]{3}"
)
_NUMBER = re.compile(r"\d+")
_PAGES = re.compile(r"(?:^|/)(?:page|seite|pagina|p)[/_=-]?\d+/?$", re.IGNORECASE)


def filed(urls: Sequence[str]) -> float:
    """The share of addresses, 0 to 1, that carry a month or a day before what is their own."""
    if not urls:
        return 0.0
    return sum(1 for url in urls if _FILED.search(_path(url))) / len(urls)


def are_episodes(titles: Sequence[str], weights: Sequence[float], urls: Sequence[str], headed: float) -> bool:
    """Whether these are the episodes of one series: most have one title, numbers aside, and lead elsewhere each.

    `weights` are the letters of the titles, `headed` the share of them that are headings. What only repeats is no
    series: "Read the full story" stands in no heading, and where it leads has neither a date nor a number.
    """
    series = Counter(_NUMBER.sub("0", title) for title in titles)
    if not titles or 2 * series.most_common(1)[0][1] <= len(titles):
        return False
    if sorted(weights)[len(weights) // 2] < _LEAST_TITLE:
        return False
    paths = [_path(url) for url in urls]
    if 2 * len(set(paths)) <= len(paths) or any(_PAGES.search(path) for path in paths):
        return False
    return headed > 0.5 or filed(urls) > 0.5 or _numbered(paths)


def _numbered(paths: Sequence[str]) -> bool:
    """Whether most of them end in a number of their own."""
    numbers = [found[-1] for path in paths if (found := _NUMBER.findall(path.rstrip("/").rpartition("/")[2]))]
    return 2 * len(set(numbers)) > len(paths)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
