"""`monitor posts`: list and show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from monitor.cli.errors import CommandError, ExitCode, not_found
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import (
    columns,
    emit,
    exactly,
    heading,
    lay_out,
    length,
    moment,
    one_line,
    safe,
    say,
    screen,
    show_fields,
    show_table,
)
from monitor.cli.queries import listed_slugs
from monitor.cli.session import Session, completing, find
from monitor.cli.sources import SEE
from monitor.cli.tag_names import short, tag_asked
from monitor.cli.times import point
from monitor.core.model import Evidence, Facet, Field, Post, Revision, StoredPost, Tag, Voice
from monitor.core.stories import moment as moment_of
from monitor.core.verdicts import Verdict
from monitor.store import posts, recognition, sources, verdicts, watches

TEXT_WIDTH = 100
LONGEST_EVIDENCE = 6  # pieces shown of one tag; --json has them all


def list_posts(
    ctx: typer.Context,
    *,
    source: Annotated[
        str | None, typer.Option("--source", help="Of this source.", autocompletion=completing(sources.every))
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help='Seen since then: "2d", "2026-03-02".')] = None,
    tag: Annotated[
        str | None,
        typer.Option(
            "--tag", help="Tagged so: org:SLUG, region:SLUG, country:CODE, issuer:SLUG or a facet of your own."
        ),
    ] = None,
    watch: Annotated[
        str | None, typer.Option("--watch", help="Found by this watch.", autocompletion=completing(watches.every))
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="In this language: en, ru, …")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest posts."""
    session = Session.of(ctx)
    now = session.now()
    facet, slug = tag_asked(tag, session)
    with session.reading() as tx:
        if source is not None:
            find(sources.every(tx), source, sort="source", see=SEE)
        if watch is not None:
            find(watches.every(tx), watch, sort="watch", see="monitor watches list")
        found = posts.latest(
            tx,
            limit=limit,
            source_slug=source,
            since=point(since, now=now, option="--since") if since is not None else None,
            facet=facet,
            slug=slug,
            watch_slug=watch,
            language=language,
        )
        if slug is not None and not found:
            _refuse_unknown_tag(facet, slug, posts.tagged_slugs(tx, facet=facet), session)
    if as_json:
        emit([summary(stored) for stored in found])
    elif not found:
        say("no post is like that" if any((source, since, tag, watch, language)) else "no posts yet; try: monitor poll")
    else:
        show_table(
            columns("id", "published", "source", "lang", "title", right=["id"]),
            [
                (
                    stored.id,
                    moment(moment_of(stored.post.stated_at, stored.first_seen_at, ahead=stored.ahead), now=now),
                    stored.source.slug,
                    stored.post.language or "",
                    stored.post.title,
                )
                for stored in found
            ],
        )


def show(
    ctx: typer.Context,
    post_id: Annotated[int, typer.Argument(metavar="ID", help="Number of a post, from: monitor posts list.")],
    as_json: AsJson = False,
) -> None:
    """Show a post with its tags, evidence and history."""
    session = Session.of(ctx)
    with session.reading() as tx:
        stored = posts.get(tx, post_id) if post_id <= LARGEST_ID else None
        if stored is None:
            raise no_such_post(post_id)
        voices = posts.voices(tx, [stored.story_id]).get(stored.story_id, [])
        said = verdicts.of(tx, [post_id]).get(post_id, ())
        before = posts.revisions(tx, post_id)
        aliases = recognition.aliases_of(tx, post_id)
    if as_json:
        emit(
            summary(stored)
            | {"text": stored.post.text, "html": stored.post.html, "summary": stored.post.summary}
            | {"tags": stored.tags, "matches": stored.matches, "media": stored.post.media}
            | {"content_hash": stored.post.content_hash, "fingerprint": stored.post.fingerprint}
            | {"forwarded_from": stored.post.forwarded_from, "reply_to": stored.post.reply_to}
            | {"categories": stored.post.categories, "voices": voices, "earlier": before}
            | {"said": said, "other_guids": [{"guid": guid, "reason": reason} for guid, reason in aliases]}
        )
        return
    _show(stored, voices, before, said, aliases, now=session.now())


def no_such_post(post_id: int) -> CommandError:
    """There is no post of that number."""
    return CommandError(f"there is no post {post_id}; see them with: monitor posts list", ExitCode.NOT_FOUND)


def summary(stored: StoredPost) -> dict[str, Any]:
    """A post as lists show it with `--json`."""
    post = stored.post
    return {
        "id": stored.id,
        "story": stored.story_id,
        "source": stored.source.slug,
        "guid": post.guid,
        "url": post.url,
        "title": post.title,
        "title_made": post.title_made,
        "author": post.author,
        "language": post.language,
        "published_at": moment_of(post.stated_at, stored.first_seen_at, ahead=stored.ahead),
        "stated_at": post.stated_at,
        "updated_at": post.updated_at,
        "first_seen_at": stored.first_seen_at,
        "backlog": stored.backlog,
        "edited": post.edited,
        "revisions": stored.revisions,
        "views": post.views,
        "hashtags": post.hashtags,
        "tags": [f"{tag.facet}:{tag.slug}" for tag in stored.tags],
        "watches": [match.watch for match in stored.matches],
    }


def show_tags(tags: tuple[Tag, ...]) -> None:
    """Tags with the words that prove them."""
    show_table(
        columns("tag", "main", "weight", "evidence", right=["weight"]),
        [
            (
                short(tag.facet, tag.slug),
                "main" if tag.main else "",
                f"{tag.weight:.2f}",
                evidence_text(tag.evidence),
            )
            for tag in tags
        ],
        wrap=True,
    )


def show_said(said: Sequence[Verdict], *, now: datetime) -> None:
    """What persons said of a post's tags, where anybody did."""
    if not said:
        return
    heading("Said by persons")
    show_table(
        columns("tag", "said", "when", "by"),
        [
            (
                short(each.facet, each.slug),
                ("main" if each.main else "mention") if each.wanted else "removed",
                moment(each.at, now=now),
                each.by,
            )
            for each in said
        ],
    )


def evidence_text(evidence: tuple[Evidence, ...]) -> str:
    """The words, each place once with all its rules: “SCO” (acronym, title 12), “Serbia” (name and member, text 40)."""
    rules: dict[tuple[str, Field, int], dict[str, None]] = {}
    for each in evidence:
        rules.setdefault((one_line(each.words), each.field, each.offset), {})[each.rule] = None
    shown = [
        f"“{words}” ({' and '.join(found)}, {field.value}{f' {offset}' if offset else ''})"
        for (words, field, offset), found in list(rules.items())[:LONGEST_EVIDENCE]
    ]
    more = len(rules) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _refuse_unknown_tag(facet: Facet | None, slug: str, tagged: set[str], session: Session) -> None:
    """What the taxonomies list may have no post yet; what they list no more may still have posts."""
    if slug in tagged:
        return
    listed = listed_slugs(session.settings)
    known = tagged.union(*([listed.get(facet, frozenset())] if facet is not None else listed.values()))
    if slug not in known:
        raise not_found("tag", slug, known, see="monitor posts list --json")


def _begins_with_title(post: Post) -> bool:
    """Whether the title was made of the text's beginning, and so says nothing that does not follow below it."""
    title = " ".join(post.title.split()).removesuffix("…").rstrip()
    return post.title_made and " ".join(post.text.split()).startswith(title)


def _show(
    stored: StoredPost,
    voices: list[Voice],
    before: list[Revision],
    said: Sequence[Verdict],
    aliases: Sequence[tuple[str, str]],
    *,
    now: datetime,
) -> None:
    post = stored.post
    console = screen()
    text = "" if post.text.strip() == post.title else post.text.strip()
    if not (text and _begins_with_title(post)):
        lay_out(console, Text(safe(post.title), style="bold"), width=min(TEXT_WIDTH, console.width))
        if text:
            console.print()
    if text:
        lay_out(console, Text(safe(post.text)), width=min(TEXT_WIDTH, console.width))
    console.print()
    forwarded = post.forwarded_from
    show_fields(
        [
            ("post", stored.id),
            ("source", f"{stored.source.title} ({stored.source.slug})"),
            ("address", post.url),
            ("author", post.author),
            ("teaser", post.summary or None),
            ("forwarded from", " ".join(filter(None, [forwarded.name, forwarded.link])) if forwarded else None),
            ("answers", post.reply_to),
            ("language", post.language),
            ("stated", exactly(post.stated_at, now=now) or "no time that can be read and believed"),
            ("updated", exactly(post.updated_at, now=now)),
            ("first seen", exactly(stored.first_seen_at, now=now)),
            ("backlog", "yes: was old at the source's first poll, in no digest" if stored.backlog else None),
            ("attached", ", ".join(" ".join(filter(None, [m.kind, m.title, m.url])) for m in post.media)),
            ("guid", post.guid),
            ("content hash", post.content_hash.hex()),
        ]
    )
    if stored.matches:
        heading("Watches")
        show_table(
            columns("watch", "evidence"), [(m.watch, evidence_text(m.evidence)) for m in stored.matches], wrap=True
        )
    if stored.tags:
        heading("Tags")
        show_tags(stored.tags)
    show_said(said, now=now)
    if len(voices) > 1:
        heading(f"Story {stored.story_id}: who carried it")
        show_table(
            columns("post", "when", "after", "source", "address", right=["post"]),
            [
                (
                    v.post_id,
                    moment(v.at, now=now),
                    f"+{length(v.lag)}" if number else "first",
                    v.source_slug,
                    v.url or "",
                )
                for number, v in enumerate(voices)
            ],
        )
    if aliases:
        heading("Shown under other guids, too")
        show_table(columns("guid", "why it is the same post"), aliases, wrap=True)
    for revision in reversed(before):
        heading(f"Until {exactly(revision.replaced_at, now=now)} it said")
        words = revision.text if revision.text.strip() else revision.title
        lay_out(console, Text(safe(words)), width=min(TEXT_WIDTH, console.width))
