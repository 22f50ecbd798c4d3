"""What persons said of the tags of posts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import delete, select

from monitor.core.model import Facet
from monitor.core.verdicts import Verdict
from monitor.store.database import Transaction, insert_or_update
from monitor.store.tables import VerdictRow, table

verdict = table(VerdictRow)

_CHUNK = 400  # bound values in one statement, see store.posts


def of(tx: Transaction, post_ids: Iterable[int]) -> dict[int, tuple[Verdict, ...]]:
    """The verdicts on each of the posts that has any."""
    found: defaultdict[int, list[Verdict]] = defaultdict(list)
    ids = sorted(set(post_ids))
    for start in range(0, len(ids), _CHUNK):
        query = select(verdict).where(verdict.c.post_id.in_(ids[start : start + _CHUNK]))
        for row in tx.execute(query.order_by(verdict.c.facet, verdict.c.slug)):
            found[row.post_id].append(
                Verdict(
                    facet=Facet(row.facet),
                    slug=row.slug,
                    wanted=row.wanted,
                    main=row.main,
                    by=row.said_by,
                    at=row.said_at,
                )
            )
    return {id_: tuple(said) for id_, said in found.items()}


def put(tx: Transaction, post_id: int, said: Iterable[Verdict]) -> None:
    """Keep verdicts on a post; one on the same tag replaces what was said of it before."""
    rows = [
        {
            "post_id": post_id,
            "facet": each.facet.value,
            "slug": each.slug,
            "wanted": each.wanted,
            "main": each.main,
            "said_by": each.by,
            "said_at": each.at,
        }
        for each in said
    ]
    insert_or_update(
        tx, verdict, rows, key=("post_id", "facet", "slug"), update=("wanted", "main", "said_by", "said_at")
    )


def forget(tx: Transaction, post_id: int, tags: Iterable[tuple[Facet, str]]) -> None:
    """Take verdicts on tags back: what the taxonomies find counts again."""
    for facet, slug in tags:
        tx.execute(
            delete(verdict).where(verdict.c.post_id == post_id, verdict.c.facet == facet.value, verdict.c.slug == slug)
        )
