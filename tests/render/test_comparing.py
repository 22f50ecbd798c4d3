from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.model import Trend
from monitor.render import plain
from monitor.render.comparing import SMALLEST, bars, drawn, remarks
from tests.render import editions

FIGURES = editions.figures(editions.LABELS)


def trend(posts: int, usual: float | None, *, odd: bool = True) -> Trend:
    return Trend(facet="organisation", slug="sco", label="SCO", posts=posts, usual=usual, unusual=odd)


def test_bars_are_drawn_to_one_scale_of_their_kind() -> None:
    organisations, regions = bars(FIGURES)
    assert [bar.label for bar in organisations.bars] == ["SCO", "United Nations", "OSCE", "African Union", "WTO"]
    assert [(bar.share, bar.usual_share) for bar in organisations.bars] == [
        (100, 40),
        (84, 90),
        (29, 24),
        (13, 14),
        (0, 35),
    ]
    assert (regions.kind, regions.bars[0].share, regions.bars[0].usual) == ("region", 100, 15)


def test_one_post_among_thousands_is_seen_and_nothing_is_not() -> None:
    [chart] = bars(replace(FIGURES, tags=(trend(5_000, 1.0), trend(1, 0.0), trend(0, None))))
    assert [bar.share for bar in chart.bars] == [100, SMALLEST, 0]
    assert [bar.usual for bar in chart.bars] == [1, 0, None]
    [nothing] = bars(replace(FIGURES, tags=(trend(0, 0.0),)))
    assert (nothing.bars[0].share, nothing.bars[0].usual_share) == (0, 0)
    assert bars(replace(FIGURES, tags=())) == ()


def test_bars_of_characters() -> None:
    organisations = bars(FIGURES)[0].bars
    assert [drawn(bar, 10) for bar in organisations] == ["█" * 10, "█" * 9, "█" * 3, "█" * 2, "░" * 4]


@pytest.mark.parametrize(
    ("posts", "usual", "how"),
    [
        (20, 10.0, "more_2"),
        (29, 10.0, "more_2"),
        (30, 10.0, "more_3"),
        (50, 10.0, "more_5"),
        (1_000, 10.0, "more_10"),
        (9, 0.2, "more_rare"),
        (10, 30.0, "less_2"),
        (7, 30.0, "less_4"),
        (0, 30.0, "less_4"),
    ],
)
def test_how_much_more_or_less(posts: int, usual: float, how: str) -> None:
    [remark] = remarks(replace(FIGURES, tags=(trend(posts, usual),)))
    assert (remark.how, remark.posts, remark.usual, remark.days) == (how, posts, round(usual), 1)


def test_only_what_is_unusual_is_remarked_and_not_everything() -> None:
    assert [remark.label for remark in remarks(FIGURES)] == ["SCO", "WTO"]
    many = tuple(replace(trend(100 + n, 10.0), slug=str(n), label=f"O{n}") for n in range(9))
    assert [remark.label for remark in remarks(replace(FIGURES, tags=many))] == ["O8", "O7", "O6", "O5", "O4"]


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("abc", 5, "abc  "), ("abcdef", 4, "abc…"), ("ab cd", 4, "ab… "), ("上海合作", 5, "上海…"), ("", 2, "  ")],
)
def test_padding_to_a_column(text: str, columns: int, expected: str) -> None:
    assert plain.padded(text, columns) == expected
    assert plain.width(plain.padded(text, columns)) == columns
