"""The world's listing pages are read whole, without a selector, whatever they show."""

from __future__ import annotations

import pytest

from monitor.core.model import Document, Source
from monitor.sources import page
from tests.world.pages import body
from tests.world.publishers import DAY, moment, populated


@pytest.mark.parametrize("seed", [304, 318, 322, 328])  # with undated pages of few items, and of one title for all
def test_every_item_that_a_page_shows_is_found(seed: int) -> None:
    looked_at = 0
    for publisher in populated(sources=100, days=7, seed=seed):
        if publisher.kind != "page":
            continue
        for at in (0.0, 4 * DAY):
            shown = publisher.shown(at)
            url = f"http://{publisher.host}{publisher.path}"
            document = Document(
                url=url, content=body(publisher, at, shown), content_type="text/html", fetched_at=moment(at)
            )
            found = page.parse(document, Source(slug="x", title="X", kind="page", url=url)).entries
            assert [entry.title for entry in found] == [article.versions[article.version(at)][1] for article in shown]
            looked_at += 1
    assert looked_at >= 15
