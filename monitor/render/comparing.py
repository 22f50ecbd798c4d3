"""Figures against the usual, as bars that any mail program draws and as remarks in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitor.core.model import Trend, Trends
from monitor.core.trends import unusual

REMARKS = 5  # in a headline
NAME_LIMIT = 60
SMALLEST = 2  # per cent of the width: what is there is seen

_HOW = ((10, "more_10"), (5, "more_5"), (3, "more_3"), (2, "more_2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of a chart."""

    label: str
    posts: int
    usual: int | None  # rounded; None where it is not known
    share: int  # of the width in per cent, 0 to 100
    usual_share: int
    unusual: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The lines of one kind of tag, drawn to one scale."""

    kind: str  # a facet
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something unusual, for the headline."""

    label: str  # "" for all posts together
    how: str  # a key of the label files: "more_2" says twice as much
    posts: int
    usual: int  # 0 where it is usually hardly any
    days: int  # that were counted


def bars(trends: Trends) -> tuple[Bars, ...]:
    """A chart for each kind of tag that has anything to show, the kinds in the order in which they come."""
    kinds = dict.fromkeys(trend.facet for trend in trends.tags)
    result = []
    for kind in kinds:
        lines = [trend for trend in trends.tags if trend.facet == kind]
        most = max(max(trend.posts, trend.usual or 0) for trend in lines)
        result.append(Bars(kind=kind, bars=tuple(_bar(trend, most) for trend in lines)))
    return tuple(result)


def remarks(trends: Trends) -> tuple[Remark, ...]:
    """What is unusual, the furthest from the usual first."""
    return tuple(
        Remark(
            label=_name(trend),
            how=_how(trend),
            posts=trend.posts,
            usual=round(trend.usual or 0),
            days=days(trends),
        )
        for trend in unusual(trends)[:REMARKS]
    )


def days(trends: Trends) -> int:
    """How many days were counted, rounded."""
    return max(1, round((trends.until - trends.since) / timedelta(days=1)))


def drawn(bar: Bar, cells: int) -> str:
    """ "█████░░░" of at most `cells` characters: full for what there is, empty up to what is usual."""
    full, usual = (-(-share * cells // 100) for share in (bar.share, bar.usual_share))
    return "█" * full + "░" * max(0, usual - full)


def _how(trend: Trend) -> str:
    usual = trend.usual or 0.0
    if trend.posts < usual:
        return "less_4" if trend.posts * 4 <= usual else "less_2"
    if usual < 0.5:
        return "more_rare"
    return next(key for times, key in _HOW if trend.posts >= times * usual)


def _bar(trend: Trend, most: float) -> Bar:
    usual = trend.usual or 0.0
    return Bar(
        label=_name(trend),
        posts=trend.posts,
        usual=None if trend.usual is None else round(trend.usual),
        share=_share(trend.posts, most),
        usual_share=_share(usual, most),
        unusual=trend.unusual,
    )


def _share(number: float, most: float) -> int:
    return max(SMALLEST, round(100 * number / most)) if number > 0 and most > 0 else 0


def _name(trend: Trend) -> str:
    name = trend.label or trend.slug
    return name if len(name) <= NAME_LIMIT else name[: NAME_LIMIT - 1].rstrip() + "…"
