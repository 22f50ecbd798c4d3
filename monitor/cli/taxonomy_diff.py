"""`monitor taxonomy diff`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.errors import CommandError, ExitCode
from monitor.cli.options import AsJson
from monitor.cli.output import columns, count, emit, heading, say, show_table
from monitor.cli.retag import SAMPLES, document, show_changes, show_samples
from monitor.cli.retag import Outcome as Retagging
from monitor.cli.session import Session
from monitor.cli.tag_names import short
from monitor.core.provenance import Origins, PostTagger
from monitor.core.retagging import AskingForTags, Job, retagged
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.taxonomy_diff import Difference, differences
from monitor.provisioning import load_taxonomy, shipped
from monitor.store import posts, sources

SHIPPED = "shipped"
WORDS = 6  # of a list that changed; --json has them all


def diff(
    ctx: typer.Context,
    old: Annotated[
        str, typer.Argument(metavar="OLD", help='A directory of taxonomy files, or "shipped".', show_default=True)
    ] = SHIPPED,
    new: Annotated[
        str | None, typer.Argument(metavar="NEW", help="Another one; the configured files where not given.")
    ] = None,
    *,
    newest: Annotated[
        int, typer.Option("--posts", min=0, metavar="N", help="Tag so many of the newest stored posts with both.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare two taxonomies, and how they tag stored posts.

    Entries added, removed and renamed; names, members and context added and removed. Files that a directory lacks are
    the shipped ones.
    """
    session = Session.of(ctx)
    before = load_taxonomy(_directory(old))
    after = load_taxonomy(_directory(new) if new is not None else session.settings.paths.config)
    found = differences(before, after)
    outcome = _on_posts(session, before, after, newest) if newest else None
    if as_json:
        said = document(outcome, left=0, dry_run=True) if outcome is not None else None
        emit({"differences": [_document(one) for one in found], "posts": said})
        return
    if not found:
        say("both say the same")
    _show(found)
    if outcome is not None:
        _show_posts(outcome)


def _directory(named: str) -> Path:
    if named == SHIPPED:
        return shipped("config")
    path = Path(named)
    if not path.is_dir():
        raise CommandError(
            f"{named} is no directory; expected one with taxonomy files, or {SHIPPED!r}", ExitCode.NOT_FOUND
        )
    return path


def _on_posts(session: Session, before: Taxonomy, after: Taxonomy, newest: int) -> Retagging:
    """The newest posts tagged by both: nothing that is stored, or that a person said, counts here."""
    with session.reading() as tx:
        stored = posts.latest(tx, limit=newest)
        origins = Origins(sources.origins(tx))
    one, other = PostTagger(Tagger(before), origins), PostTagger(Tagger(after), origins)
    nobody = AskingForTags([])
    outcome = Retagging()
    for each in stored:
        tagged = retagged(Job(stored=each), one, nobody)
        outcome.add(retagged(Job(stored=replace(each, tags=tagged.tags)), other, nobody))
    return outcome


def _document(one: Difference) -> dict[str, Any]:
    return {
        "tag": short(one.facet, one.slug),
        "kind": one.kind,
        "before": one.before,
        "added": dict(one.added or {}),
        "removed": dict(one.removed or {}),
    }


def _show(found: list[Difference]) -> None:
    for kind in ("added", "removed"):
        of_kind = [short(one.facet, one.slug) for one in found if one.kind == kind]
        if of_kind:
            heading(f"{kind.capitalize()} ({len(of_kind):,})")
            say(" ".join(of_kind))
    changed = [one for one in found if one.kind in {"renamed", "changed"}]
    if changed:
        heading(f"Changed ({len(changed):,})")
        show_table(
            columns("entry", "where", "change"),
            [row for one in changed for row in _rows(one)],
            wrap=True,
        )


def _rows(one: Difference) -> list[tuple[str, str, str]]:
    name = short(one.facet, one.slug)
    rows = [(name, "slug", f"was {one.before}")] if one.before else []
    for path in sorted({*(one.added or {}), *(one.removed or {})}):
        words = [*_signed("+", one.added, path), *_signed("-", one.removed, path)]
        more = f" and {len(words) - WORDS} more" if len(words) > WORDS else ""
        rows.append((name, path, ", ".join(words[:WORDS]) + more))
    return rows


def _signed(sign: str, listed: Mapping[str, tuple[str, ...]] | None, path: str) -> list[str]:
    return [f"{sign}{word}" for word in (listed or {}).get(path, ())]


def _show_posts(outcome: Retagging) -> None:
    heading(
        f"On the newest {count(outcome.summary.posts, 'stored post')}: {outcome.summary.changed:,} tagged otherwise"
    )
    show_changes(outcome.summary.gained, outcome.summary.lost)
    if outcome.samples:
        heading(f"Such as (at most {SAMPLES})")
        show_samples(outcome.samples)
