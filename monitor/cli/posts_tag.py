"""`monitor posts tag`: what a person says of a post's tags."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer

from monitor.app import load_configuration
from monitor.cli.errors import unusable
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import emit, say
from monitor.cli.posts import no_such_post, show_said, show_tags
from monitor.cli.session import Session
from monitor.cli.tag_names import short, tag_listed
from monitor.core.model import Facet
from monitor.core.provenance import Origins, PostTagger
from monitor.core.retagging import AskingForTags, retagged
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.verdicts import Verdict
from monitor.store import posts, retagging, sources, verdicts, watches
from monitor.store.database import Transaction

LONGEST_NAME = 100


def tag(
    ctx: typer.Context,
    post_id: Annotated[int, typer.Argument(metavar="ID", help="Number of a post, from: monitor posts list.")],
    *,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="TAG", help="Set this tag: org:nato.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Take this tag away, and keep it away.")
    ] = None,
    forget: Annotated[
        list[str] | None, typer.Option("--forget", metavar="TAG", help="Take back what was said of this tag.")
    ] = None,
    mention: Annotated[
        bool, typer.Option("--mention", help="What is set is only mentioned, the post is not about it.")
    ] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so; the user of this shell.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set or remove tags of a post by hand; they stay.

    Whatever the taxonomies find now or later, and however the post is edited, what a person said counts. Without any
    option: what was said so far.
    """
    session = Session.of(ctx)
    taxonomy = load_configuration(session.settings).taxonomy
    name = _name(by)
    said = [_verdict(each, taxonomy, wanted=True, main=not mention, by=name, session=session) for each in add or []]
    said += [_verdict(each, taxonomy, wanted=False, main=False, by=name, session=session) for each in remove or []]
    _refuse_contradictions(said)
    with session.reading() as tx:
        stored = posts.get(tx, post_id) if post_id <= LARGEST_ID else None
        known = verdicts.of(tx, [post_id]).get(post_id, ()) if stored is not None else ()
    if stored is None:
        raise no_such_post(post_id)
    back = [_said_before(each, known) for each in forget or []]
    tags = stored.tags
    if said or back:
        tagger = Tagger(taxonomy)
        with session.writing() as tx:
            verdicts.put(tx, post_id, said)
            verdicts.forget(tx, post_id, back)
            _tag_anew(tx, post_id, tagger, version=taxonomy.version)
            tags = (posts.get(tx, post_id) or stored).tags
            known = verdicts.of(tx, [post_id]).get(post_id, ())
    if as_json:
        emit({"id": post_id, "tags": tags, "said": known})
        return
    if tags:
        show_tags(tags)
    else:
        say("no tags")
    show_said(known, now=session.now())


def _tag_anew(tx: Transaction, post_id: int, tagger: Tagger, *, version: str) -> None:
    """Tag the post with what was said; watches that ask for tags follow."""
    (job,) = retagging.jobs(tx, [post_id])
    done = retagged(
        job,
        PostTagger(tagger, Origins(sources.origins(tx))),
        AskingForTags(watch for watch in watches.every(tx) if not watch.paused),
    )
    retagging.store(tx, [done], version=version, counts=False)


def _name(given: str | None) -> str:
    if given is not None:
        name = " ".join(given.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise unusable(f"--by: {given!r} is not a name; expected 1 to {LONGEST_NAME} characters on one line")
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise unusable("nobody knows who says so: this shell has no user name; say it with --by NAME") from None


def _verdict(written: str, taxonomy: Taxonomy, *, wanted: bool, main: bool, by: str, session: Session) -> Verdict:
    facet, slug = tag_listed(written, taxonomy)
    return Verdict(facet=facet, slug=slug, wanted=wanted, main=main, by=by, at=session.now())


def _refuse_contradictions(said: Sequence[Verdict]) -> None:
    names = [each.name for each in said]
    for each in said:
        if names.count(each.name) > 1:
            raise unusable(f"{short(each.facet, each.slug)} is named twice; say of each tag one thing")


def _said_before(written: str, known: Sequence[Verdict]) -> tuple[Facet, str]:
    for each in known:
        if written.lower() in {short(each.facet, each.slug), each.name}:
            return each.facet, each.slug
    listed = ", ".join(short(each.facet, each.slug) for each in known) or "nothing"
    raise unusable(f"--forget: nobody said anything of {written!r}; of this post was said: {listed}")
