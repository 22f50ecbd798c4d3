"""Which posts tell the same story, and what each is to it.

Of the posts that carry one text or statement the fullest stands for the story, the earliest of equally full ones: its
representative. Another post belongs to the story by its likeness to the representative and to nothing else, so that no
chain of small steps leads from one statement to another. A post that belongs to it by other evidence than its words (a
forward with a comment, another page behind the same link, a translation) speaks for the story in words of its own.

Stories follow from the posts alone, not from the order in which they came: posts are looked at in one fixed order, in
which nothing depends on what comes later. When a post arrives late, those behind it that are like it are looked at
again, and those behind them only if something changed (`settle`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from heapq import heappop, heappush
from math import floor, log
from typing import Protocol
from urllib.parse import urlsplit

from monitor.core.kinship import kin_keys
from monitor.core.likeness import Form, Likeness, Limits, likeness, numbers_agree
from monitor.core.model import Authority, Post
from monitor.core.ownwords import Wording, wording
from monitor.core.sketch import Said, Sketch, sketch_of, stored_sketch
from monitor.core.urls import canonical

TELEGRAM = {"t.me", "telegram.me"}
A_DAY_ANYWHERE = timedelta(hours=36)  # from midnight UTC to the end of that day in the last of the zones
CHANNEL = re.compile(r"/(?:s/)?\w+/?")
TRANSLATED = 4  # times as long at most: Chinese needs a third of the letters
JOINT_WINDOW = timedelta(hours=12)
FULLER = 1.5  # times as many words: only a text so much longer stands for the story instead of an earlier one


Order = tuple[bool, int, bool, datetime, bytes]


class Relation(StrEnum):
    """What a post is to the representative of its story."""

    FIRST = "first"  # it is the representative
    FORWARD = "forward"  # forwarded, with the platform's own mark
    ORIGINAL = "original"  # what the representative had forwarded
    REPOST = "repost"  # the same words
    EDITED_COPY = "edited-copy"  # much the same words
    TEASER = "teaser"  # the beginning or another part of it
    FULL_TEXT = "full-text"  # that of which the representative is a teaser
    SAME_LINK = "same-link"  # another source's entry for the same page
    TRANSLATION = "translation"  # the same page in another language
    BY_HAND = "by-hand"  # a person put it there


FORMS = {
    Form.SAME: Relation.REPOST,
    Form.COPY: Relation.EDITED_COPY,
    Form.PART: Relation.TEASER,
    Form.WHOLE: Relation.FULL_TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How far apart posts of one story may be, and how like."""

    window: timedelta = timedelta(days=30)  # between a post and the representative
    short_window: timedelta = timedelta(days=2)  # the same of posts of a few words, which return with other meaning
    translation_window: timedelta = timedelta(hours=48)
    joint_window: timedelta = JOINT_WINDOW  # between the first and the last body that issues a joint statement
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, kw_only=True)
class Telling:
    """A post as far as its story depends on it."""

    id: int  # of the stored post; below zero for one that is not stored yet
    source_id: int
    at: datetime  # when it was published, see `moment`
    mark: bytes  # stands for source and guid: decides between posts of one length and moment
    text: str  # what is compared, see `said_of`
    without: Collection[bytes] = frozenset()  # `line_key` of each line that its source says in every post
    read: Said | None = None  # what was made of it already, where its source has no such lines
    kept: bytes | None = None  # its sketch as stored
    former: tuple[Wording, ...] = ()  # what it said before it was edited: it still tells the story that it told then
    url: str | None = None
    url_key: bytes | None = None
    forward_key: bytes | None = None
    title: str = ""
    language: str | None = None
    put_to: int | None = None  # the post whose story a person put this one into, itself for one of its own

    # Of most posts that are looked at nothing but the sketch is needed: the rest is made when it is asked for.

    @cached_property
    def words(self) -> Wording:
        """What it says, word by word."""
        return wording(self.text, without=self.without)

    @cached_property
    def sketch(self) -> Sketch | None:
        """What tells it from most others; None of a very long text."""
        stored = stored_sketch(self.read.sketch, habits=0) if self.read else None
        return stored or stored_sketch(self.kept, habits=len(self.without)) or sketch_of(self.words)

    @property
    def is_kept(self) -> bool:
        """Whether its sketch is stored as it is now."""
        return self.kept == b"" or stored_sketch(self.kept, habits=len(self.without)) is not None

    @property
    def to_keep(self) -> bytes:
        """Its sketch as it is stored, b"" of a very long text."""
        return self.sketch.to_bytes(habits=len(self.without)) if self.sketch else b""

    @cached_property
    def kin_keys(self) -> tuple[int, ...]:
        """Equal for the same page in other languages, see core.kinship."""
        return kin_keys(self.url, self.title)

    @property
    def links(self) -> list[bytes]:
        """What may be linked by others: its own address, and that of what it forwards."""
        return [key for key in (self.url_key, self.forward_key) if key is not None]

    @cached_property
    def size(self) -> int:
        """Words that it has."""
        return self.sketch.size if self.sketch else self.words.size

    @cached_property
    def keys(self) -> tuple[int, ...]:
        """32-bit numbers, some of which it shares with any post of its story, unless a link or forward tells that."""
        own = self.read.keys if self.read else self.words.keys
        before = (key for version in self.former for key in version.keys)
        return tuple(dict.fromkeys((*own, *before, *self.kin_keys)))

    @cached_property
    def order(self) -> Order:
        """Posts are looked at in this order; each belongs to one before it or stands for a story of its own."""
        fullness = floor(log(max(self.size, 1), FULLER))
        return self.put_to is None, -fullness, self.forward_key is not None, self.at, self.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a post stands: the story of the representative `root`, to which it belongs through the post `of`."""

    root: int
    of: int | None  # None for a representative
    speaks: bool  # others may belong to the story by their likeness to this post
    relation: Relation
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a post belongs to the story of another."""

    weight: tuple[int, float]  # the best evidence has the most
    relation: Relation
    reason: str
    own_words: bool = False  # it is not the words that tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a new post goes. Stories opened by this very batch are numbered -1, -2, …"""

    story: int
    relation: Relation
    reason: str
    speaks: bool = True  # see Standing
    root_id: int | None = None  # the stored post that stands for the story
    of_id: int | None = None  # the stored post by which it belongs to it
    sketch: bytes = b""  # of its words, see Telling.to_keep


class Board(Protocol):
    """All posts, and where those stand that have been looked at."""

    def standing(self, id_: int) -> Standing | None:
        """None for a post that has not been looked at yet."""
        ...

    def stand(self, told: Telling, standing: Standing) -> None:
        """Put a post where it stands from now on."""
        ...

    def speakers(self, told: Telling) -> Collection[Telling]:
        """Posts that may be like this one and speak for a story."""
        ...

    def near(self, told: Telling) -> Collection[Telling]:
        """All posts that may be like this one."""
        ...

    def shared_links(self, told: Telling) -> bool:
        """Whether several posts of one source have this one's link, which then leads to no single statement."""
        ...


def moment(stated: datetime | None, first_seen: datetime, *, ahead: timedelta = timedelta()) -> datetime:
    """When a post was published, as far as can be trusted: never after we saw it.

    `ahead` is how far its source's clock is known to run ahead (negative: behind), see core.drift. A day without a time
    of day, which is what a midnight to the second mostly is, says no more than that it was on that day.
    """
    if stated is None:
        return first_seen
    if (stated.hour, stated.minute, stated.second) == (0, 0, 0) and first_seen - stated < A_DAY_ANYWHERE:
        return first_seen
    return min(stated - ahead, first_seen)


@lru_cache(maxsize=4096)  # asked for at several places of each post's way into the store
def link_key(url: str | None) -> bytes | None:
    """8 bytes that stand for a canonical address in the index; None where the address identifies nothing.

    The front page of a site or of a Telegram channel is the link of many unrelated posts, so it is no evidence.
    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.path in {"", "/"} and not parts.query:
        return None
    if parts.hostname in TELEGRAM and CHANNEL.fullmatch(parts.path):
        return None
    # http or https, with or without "www." and a slash at the end: it is one page.
    page = url.partition("://")[2].removeprefix("www.").rstrip("/")
    return blake2b(page.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def forward_key(post: Post) -> bytes | None:
    """The `link_key` of what a post was forwarded from, in the spelling that the forwarded post's own address has."""
    link = post.forwarded_from.link if post.forwarded_from else None
    return link_key(canonical(link)) if link else None


def settle(changed: Iterable[Telling], board: Board, rules: Rules) -> None:
    """Find where posts stand that are new or say something else, and those that stand elsewhere because of it."""
    waiting: list[tuple[Order, int, Telling]] = []
    queued: set[int] = set()

    def wait_for(told: Telling) -> None:
        if told.id not in queued:
            queued.add(told.id)
            heappush(waiting, (told.order, told.id, told))

    for told in changed:
        wait_for(told)
    while waiting:
        _, _, told = heappop(waiting)
        queued.discard(told.id)
        before = board.standing(told.id)
        after = where(told, board, rules)
        if after == before:
            continue
        board.stand(told, after)
        spoke = before is not None and before.speaks
        if (spoke or after.speaks) and not (
            spoke and after.speaks and before is not None and before.root == after.root
        ):
            for other in depending(told, (each for each in board.near(told) if each.order > told.order), rules):
                wait_for(other)


def where(told: Telling, board: Board, rules: Rules) -> Standing:
    """Where a post stands among those that are looked at before it."""
    if told.put_to is not None:
        alone = told.put_to == told.id
        return Standing(
            root=told.put_to,
            of=None if alone else told.put_to,
            speaks=True,
            relation=Relation.FIRST if alone else Relation.BY_HAND,
            reason="" if alone else "put here by hand",
        )
    link_counts = not board.shared_links(told)
    before = sorted((each for each in board.speakers(told) if each.order < told.order), key=lambda each: each.order)
    best: tuple[Telling, Evidence] | None = None
    for other, unlike in _screened(told, before, rules):
        found = evidence(told, other, rules, link_counts=link_counts, unlike=unlike)
        if found is not None and (best is None or found.weight > best[1].weight):
            best = other, found
    if best is None:
        return Standing(root=told.id, of=None, speaks=True, relation=Relation.FIRST, reason="")
    other, found = best
    standing = board.standing(other.id)
    root = standing.root if standing is not None else other.id
    return Standing(root=root, of=other.id, speaks=found.own_words, relation=found.relation, reason=found.reason)


def depending(on: Telling, others: Iterable[Telling], rules: Rules) -> list[Telling]:
    """Those that may belong to a story because of what one post says."""
    screened = _screened(on, list(others), rules)
    return [other for other, unlike in screened if evidence(other, on, rules, unlike=unlike) is not None]


def _screened(told: Telling, others: Sequence[Telling], rules: Rules) -> list[tuple[Telling, bool]]:
    """Each of the others, and whether the words tell for certain that it is another statement."""
    sketches = {other.id: other.sketch for other in others if not other.former and other.sketch is not None}
    [unlike] = surely_others([(told, sketches)], rules)
    return [(other, other.id in unlike) for other in others]


def surely_others(asked: Sequence[tuple[Telling, Mapping[int, Sketch]]], rules: Rules) -> list[set[int]]:
    """Of each post's candidates, never edited and known by their sketches, those that are surely other statements."""
    found: list[set[int]] = [set() for _ in asked]
    compared = [
        (at, told.sketch, candidates)
        for at, (told, candidates) in enumerate(asked)
        if candidates and not told.former and told.sketch is not None
    ]
    if not compared:
        return found
    # Loads numpy, which takes as long as a whole round that brings nothing new.
    from monitor.core.screening import each_surely_two  # noqa: PLC0415

    told_apart = each_surely_two([(sketch, tuple(each.values())) for _, sketch, each in compared], rules.limits)
    for (at, _, candidates), surely in zip(compared, told_apart, strict=True):
        found[at] = {id_ for id_, two in zip(candidates, surely, strict=True) if two}
    return found


def evidence(
    told: Telling, other: Telling, rules: Rules, *, link_counts: bool = True, unlike: bool = False
) -> Evidence | None:
    """Why `told` belongs to the story of `other`; None where it does not. `unlike`: not by its words, that is known."""
    apart = abs(told.at - other.at)
    if apart > rules.window:
        return None
    alike = None if unlike else _alike(told, other, rules, apart=apart)
    if (forwarded := _forwarded(told, other)) is not None:
        relation, reason = forwarded
        said = f", {alike.reason}" if alike is not None else ", with other words"
        return Evidence(weight=(4, 1.0), relation=relation, reason=reason + said, own_words=alike is None)
    if alike is not None:
        weight = (3 if alike.form is Form.SAME else 2, alike.share)
        return Evidence(weight=weight, relation=FORMS[alike.form], reason=alike.reason)
    if link_counts and told.url_key is not None and told.url_key == other.url_key and told.source_id != other.source_id:
        return Evidence(weight=(1, 1.0), relation=Relation.SAME_LINK, reason="the same link", own_words=True)
    if apart <= rules.translation_window and _translates(told, other):
        reason = f"the same page in another language ({other.language})"
        return Evidence(weight=(0, 1.0), relation=Relation.TRANSLATION, reason=reason, own_words=True)
    return None


def _alike(told: Telling, other: Telling, rules: Rules, *, apart: timedelta) -> Likeness | None:
    """How the words of two posts are alike, or were before they were edited."""
    for here in (told.words, *told.former):
        for there in (other.words, *other.former):
            if (here.is_short or there.is_short) and apart > rules.short_window:
                continue
            if (found := likeness(here, there, rules.limits)) is not None:
                return found
    return None


def _translates(told: Telling, other: Telling) -> bool:
    """Whether the addresses are those of one page, the languages are two, and the numbers and lengths agree."""
    if told.language == other.language or None in {told.language, other.language}:
        return False
    if set(told.kin_keys).isdisjoint(other.kin_keys):
        return False
    lengths = sorted((sum(map(len, told.words.words)), sum(map(len, other.words.words))))
    return lengths[1] <= TRANSLATED * lengths[0] and numbers_agree(told.words, other.words, 0.5)


def _forwarded(told: Telling, other: Telling) -> tuple[Relation, str] | None:
    if told.forward_key is not None:
        if told.forward_key == other.url_key:
            return Relation.FORWARD, "forwards it"
        if told.forward_key == other.forward_key:
            return Relation.FORWARD, "forwards the same post"
    if told.url_key is not None and told.url_key == other.forward_key:
        return Relation.ORIGINAL, "that one forwards it"
    return None


def told_words(*, title: str, title_made: bool, text: str, summary: str) -> str:
    """What of a post is compared. A title made from the text would only say its beginning twice."""
    body = text or summary
    return body if title_made and body else f"{title}\n{body}"


def said_of(post: Post) -> str:
    """What of a post is compared."""
    return told_words(title=post.title, title_made=post.title_made, text=post.text, summary=post.summary)


def mark_of(source_id: int, guid: str) -> bytes:
    """8 bytes that stand for a post's place of origin."""
    return blake2b(f"{source_id}\0{guid}".encode("utf-8", "replace"), digest_size=8).digest()


# ── a story as a person sees it ────────────────────────────────────────────────────────────────────────────


class Role(StrEnum):
    """What a post is to the story as a whole: seen from whoever said it first."""

    FIRST = "first"
    JOINT = "joint statement"  # issued by this body too, near in time
    REPORT = "press report"  # of what a primary source says
    FORWARD = "forward"
    ORIGINAL = "original"  # what an earlier post had forwarded
    REPOST = "repost"
    EDITED_COPY = "edited copy"
    TEASER = "teaser"
    FULL_TEXT = "full text"  # of which the first was a teaser
    SAME_LINK = "same link"
    TRANSLATION = "translation"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A post of a story, and whose it is."""

    post_id: int
    source_slug: str
    source_title: str
    authority: Authority
    issuer: str  # organisation or country of the source, else the source: who speaks
    url: str | None
    title: str
    language: str | None
    at: datetime
    relation: Relation  # to the representative
    reason: str
    of: int | None
    revisions: int = 0
    withdrawn_at: datetime | None = None


def issued_by(members: Sequence[Member], *, within: timedelta = JOINT_WINDOW) -> tuple[Member, ...]:
    """The first post of each body that issued the statement as its own, where they are several; else none.

    They are primary sources of different bodies, near in time to the first, and none of them forwards or teases.
    """
    own = (Relation.FIRST, Relation.REPOST, Relation.EDITED_COPY, Relation.ORIGINAL)
    issuers: dict[str, Member] = {}
    for member in sorted(members, key=lambda each: (each.at, each.post_id)):
        if member.authority is Authority.PRIMARY and member.relation in own:
            first = next(iter(issuers.values()), member)
            if member.at - first.at <= within:
                issuers.setdefault(member.issuer, member)
    return tuple(issuers.values()) if len(issuers) > 1 else ()


def roles(members: Sequence[Member], *, within: timedelta = JOINT_WINDOW) -> dict[int, Role]:
    """What each post is to its story, by the numbers of the posts."""
    if not members:
        return {}
    ordered = sorted(members, key=lambda each: (each.at, each.post_id))
    first = ordered[0]
    joint = {member.post_id for member in issued_by(members, within=within)}
    primary = any(member.authority is Authority.PRIMARY for member in members)
    return {member.post_id: _role(member, first, joint=member.post_id in joint, primary=primary) for member in ordered}


def _role(member: Member, first: Member, *, joint: bool, primary: bool) -> Role:
    if joint:
        return Role.JOINT
    if member is first:
        return Role.FIRST
    if member.relation is Relation.FORWARD:
        return Role.FORWARD
    if member.relation is Relation.TRANSLATION:
        return Role.TRANSLATION
    if primary and member.authority is not Authority.PRIMARY:
        return Role.REPORT
    if member.relation is Relation.FIRST:  # the representative came later than others: it has more words
        return Role.FULL_TEXT if first.relation is Relation.TEASER else Role.REPOST
    return _ROLES[member.relation]


_ROLES = {
    Relation.ORIGINAL: Role.ORIGINAL,
    Relation.REPOST: Role.REPOST,
    Relation.EDITED_COPY: Role.EDITED_COPY,
    Relation.TEASER: Role.TEASER,
    Relation.FULL_TEXT: Role.FULL_TEXT,
    Relation.SAME_LINK: Role.SAME_LINK,
    Relation.BY_HAND: Role.BY_HAND,
}
