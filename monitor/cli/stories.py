"""`monitor stories`: list, show, split, merge and rebuild."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from monitor.cli.errors import CommandError, ExitCode, refused
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import columns, emit, heading, length, moment, say, show_fields, show_table
from monitor.cli.session import Session, completing, find
from monitor.cli.sources import SEE
from monitor.cli.times import point
from monitor.core.changes import difference
from monitor.core.stories import Member, Relation, Role, issued_by, roles
from monitor.poller import story_rules
from monitor.store import posts, sources, stories
from monitor.store.database import Transaction
from monitor.store.stories import StoryError

FEW_WORDS = 6  # of a difference that are shown in a line
StoryId = Annotated[int, typer.Argument(metavar="STORY", help="Number of a story, from: monitor stories list.")]


def list_stories(
    ctx: typer.Context,
    *,
    source: Annotated[
        str | None,
        typer.Option("--source", help="That this source told too.", autocompletion=completing(sources.every)),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help='That a post came to since then: "2d", "2026-03-02".')
    ] = None,
    least: Annotated[int, typer.Option("--least", min=1, help="Told by so many posts at least.")] = 2,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List stories that several posts tell."""
    session = Session.of(ctx)
    now = session.now()
    begin = point(since, now=now, option="--since") if since is not None else None
    with session.reading() as tx:
        if source is not None:
            find(sources.every(tx), source, sort="source", see=SEE)
        found = stories.latest(tx, limit=limit, since=begin, source_slug=source, least=least)
    if as_json:
        emit(found)
    elif not found:
        say("no story is like that" if source or since else "no two posts tell the same story yet")
    else:
        show_table(
            columns("story", "first", "last", "posts", "sources", "title", right=["story", "posts", "sources"]),
            [
                (s.id, moment(s.first_at, now=now), moment(s.last_seen_at, now=now), s.posts, s.sources, s.title)
                for s in found
            ],
        )


def show(ctx: typer.Context, story_id: StoryId, as_json: AsJson = False) -> None:
    """Show who told a story, when, and how they differ.

    Of each post: how long after the first it came, what it is to the story, and where its text is not the one that
    stands for the story.
    """
    session = Session.of(ctx)
    within = story_rules(session.settings).joint_window
    with session.reading() as tx:
        current = _current(tx, story_id)
        members = stories.members_of(tx, [current])[current]
        by_hand = stories.ruled(tx, [member.post_id for member in members])
        differences = _differences(tx, members)
    told = roles(members, within=within)
    joint = issued_by(members, within=within)
    if as_json:
        emit(
            {
                "id": current,
                "asked": story_id,
                "issued_by": [{"issuer": m.issuer, "source": m.source_slug, "at": m.at} for m in joint],
                "posts": [
                    _json(member, told[member.post_id], first=members[0].at, differs=differences.get(member.post_id))
                    | {"by_hand": member.post_id in by_hand}
                    for member in members
                ],
            }
        )
        return
    if current != story_id:
        say(f"story {story_id} is part of story {current} now")
    _show(current, members, told=told, joint=joint, differences=differences, by_hand=by_hand, now=session.now())


def split(
    ctx: typer.Context,
    story_id: StoryId,
    post_ids: Annotated[list[int], typer.Argument(metavar="POST...", help="Numbers of the posts to be taken out.")],
    as_json: AsJson = False,
) -> None:
    """Take posts out of a story into one of their own.

    It stays so, whatever comes later; new posts go to the story that they are more like.
    """
    session = Session.of(ctx)
    with session.writing() as tx:
        current = _current(tx, story_id)
        made = _done(
            lambda: stories.split(tx, current, set(post_ids), story_rules(session.settings), now=session.now())
        )
    if as_json:
        emit({"story": current, "split_into": made, "posts": sorted(set(post_ids))})
    else:
        taken = len(set(post_ids))
        say(f"{_counted(taken)} of story {current} {'is' if taken == 1 else 'are'} story {made} now, and that stays so")


def merge(
    ctx: typer.Context,
    story_id: Annotated[int, typer.Argument(metavar="STORY", help="Number of the story that remains.")],
    others: Annotated[list[int], typer.Argument(metavar="OTHER...", help="Numbers of the stories that join it.")],
    as_json: AsJson = False,
) -> None:
    """Make one story of several.

    It stays so, whatever comes later. What is wrong again is put right with: monitor stories split.
    """
    session = Session.of(ctx)
    with session.writing() as tx:
        current = _current(tx, story_id)
        joining = {_current(tx, other) for other in others}
        number = _done(
            lambda: stories.merge(tx, current, joining - {current}, story_rules(session.settings), now=session.now())
        )
    if as_json:
        emit({"story": current, "merged": sorted(joining), "posts": number})
    else:
        say(f"story {current} has {_counted(number)} now, and keeps them")


def rebuild(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Work out all stories anew from the posts.

    Wanted after an upgrade or when settings of stories were changed. The same posts give the same stories in
    whatever order they came; what was split or merged by hand stays. Nothing else may write meanwhile: about three
    minutes for 100,000 posts.
    """
    session = Session.of(ctx)
    with session.writing() as tx:
        done = stories.rebuild(tx, story_rules(session.settings), now=session.now())
    if as_json:
        emit(done)
    else:
        say(f"{_counted(done.posts)} tell {done.stories} stories; {done.moved} are in another story than before")


def _current(tx: Transaction, story_id: int) -> int:
    current = stories.where_now(tx, story_id) if story_id <= LARGEST_ID else None
    if current is None:
        raise CommandError(f"there is no story {story_id}; see them with: monitor stories list", ExitCode.NOT_FOUND)
    return current


def _done(work: Any) -> int:
    try:
        return int(work())
    except StoryError as error:
        raise refused(str(error)) from None


def _differences(tx: Transaction, members: list[Member]) -> dict[int, tuple[int, int, str]]:
    """Words more and less than in the text by which a post belongs here, and a few of those that are more."""
    texts = {}
    for member in members:
        stored = posts.get(tx, member.post_id)
        texts[member.post_id] = (stored.post.text or stored.post.summary or stored.post.title) if stored else ""
    found = {}
    for member in members:
        if member.of in texts and member.relation is not Relation.TRANSLATION:
            pieces = difference(texts[member.of], texts[member.post_id])
            more = [piece.words for piece in pieces if piece.now and not piece.was]
            less = sum(len(piece.words.split()) for piece in pieces if piece.was and not piece.now)
            found[member.post_id] = (sum(len(words.split()) for words in more), less, max(more, key=len, default=""))
    return found


def _json(member: Member, role: Role, *, first: datetime, differs: tuple[int, int, str] | None) -> dict[str, Any]:
    more, less, _ = differs or (0, 0, "")
    return {
        "post": member.post_id,
        "source": member.source_slug,
        "issuer": member.issuer,
        "authority": member.authority,
        "at": member.at,
        "lag_seconds": (member.at - first).total_seconds(),
        "role": role,
        "relation": member.relation,
        "of": member.of,
        "reason": member.reason,
        "words_more": more,
        "words_less": less,
        "language": member.language,
        "url": member.url,
        "title": member.title,
        "revisions": member.revisions,
        "withdrawn_at": member.withdrawn_at,
    }


def _show(
    story_id: int,
    members: list[Member],
    *,
    told: dict[int, Role],
    joint: tuple[Member, ...],
    differences: dict[int, tuple[int, int, str]],
    by_hand: set[int],
    now: datetime,
) -> None:
    heading(next((m.title for m in members if m.relation is Relation.FIRST), members[0].title))
    issuers = ", ".join(f"{m.source_title} (+{length(m.at - joint[0].at)})" for m in joint)
    show_fields(
        [
            ("story", story_id),
            ("told by", f"{_counted(len(members))} of {len({m.source_slug for m in members})} sources"),
            ("issued by", f"{len(joint)}: {issuers}" if joint else None),
            ("put here by hand", f"posts {', '.join(map(str, sorted(by_hand)))}" if by_hand else None),
        ]
    )
    show_table(
        columns("post", "when", "after", "source", "what", "why", "difference", right=["post"]),
        [
            (
                member.post_id,
                moment(member.at, now=now),
                f"+{length(member.at - members[0].at)}" if place else "first",
                member.source_slug,
                told[member.post_id].value + _afterwards(member),
                _why(member),
                _difference(member, differences.get(member.post_id)),
            )
            for place, member in enumerate(members)
        ],
        wrap=True,
    )


def _afterwards(member: Member) -> str:
    said = ", edited since" if member.revisions else ""
    return said + (", withdrawn" if member.withdrawn_at else "")


def _why(member: Member) -> str:
    return f"post {member.of}: {member.reason}" if member.of else "stands for the story"


def _difference(member: Member, differs: tuple[int, int, str] | None) -> str:
    if differs is None:
        return f"in {member.language}" if member.relation is Relation.TRANSLATION and member.language else ""
    more, less, words = differs
    if not more and not less:
        return "none"
    shown = " ".join(words.split()[:FEW_WORDS]) + (" …" if len(words.split()) > FEW_WORDS else "")
    return f"+{more} −{less} words" + (f": “{shown}”" if shown else "")


def _counted(number: int) -> str:
    return "1 post" if number == 1 else f"{number} posts"
