"""Editions in which everything that a source or an error may write is as long and as awkward as it can be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.model import Digest, Item, Notices
from monitor.core.notices import notice
from monitor.render import Renderer
from tests.channels.limits import keeps_to_the_limits
from tests.render import editions

RENDERER = Renderer(shipped=Path(__file__).parents[2] / "templates", pages=True)
LONG = 'Ж&<>"' * 40  # five bytes and more a character once it is escaped
ADDRESS = "https://x.example/" + "&" * 1_900


def extreme(number: int) -> Digest:
    """So many of everything, each as long as it gets."""
    day, long = editions.full_day("ru"), editions.long_day(number, sections=20)
    kept = day.coverage

    def longest(item: Item) -> Item:
        post = replace(item.lead.post, title=LONG, text=LONG * 20, url=ADDRESS)
        return replace(item, lead=replace(item.lead, post=post))

    return replace(
        long,
        subscription=replace(long.subscription, title=LONG, notices=Notices.ALSO),
        sections=tuple(
            replace(section, label=LONG, items=tuple(map(longest, section.items))) for section in long.sections
        ),
        trends=day.trends,
        page="https://monitor.example.org/editions/token",
        notices=tuple(
            notice("failing", key=str(n), at=editions.DUE, kind="source", subject=str(n), title=LONG * 2, why=LONG * 2)
            for n in range(number)
        ),
        amended=(replace(day.amended[0], title=LONG, source_title=LONG, url=ADDRESS),) * number,
        ahead=(replace(day.ahead[0], sentence=LONG * 2, source_title=LONG, url=ADDRESS),) * number,
        coverage=replace(
            kept,
            failing=(replace(kept.failing[0], title=LONG, error=LONG),) * number,
            silent=(replace(kept.silent[0], title=LONG),) * number,
            gaps=(replace(kept.gaps[0], title=LONG),) * number,
            changes=tuple(replace(kept.changes[0], slug=str(n), title=LONG, why=LONG) for n in range(number)),
            missing=(replace(kept.missing[0], title=LONG),) * number,
        ),
    )


@pytest.mark.parametrize("number", [1, 60])
def test_however_long_everything_is_the_digest_goes_out_and_its_text_has_all(number: int) -> None:
    digest = extreme(number)
    content = RENDERER.digest(digest, templates="email")
    assert len(content.html.encode()) <= 100_000
    assert content.text.count("Ж&<>") > 10 * number
    assert "Nothing to report" not in content.html


@pytest.mark.parametrize("number", [1, 60])
def test_however_long_everything_is_each_message_in_a_chat_is_one_that_its_service_takes(number: int) -> None:
    keeps_to_the_limits(RENDERER.digest(extreme(number), templates="chat").payload or {})
