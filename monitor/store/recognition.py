"""Which of the posts that a poll brought are new, which are edits, and which were there under another guid.

What `core.recognition` decides is looked up here, and remembered: an alias is another guid of a stored post, with the
reason for which it was taken for the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import exists, func, literal, or_, select

from monitor.core.identity import digest8, shared_identity, unpacked
from monitor.core.model import Post, Prepared, Source
from monitor.core.recognition import (
    BEGINNING,
    Likeness,
    Trace,
    Verdict,
    as_edit,
    lead_key,
    trace,
    under_another_guid,
    under_same_guid,
)
from monitor.core.stories import link_key
from monitor.store.database import Transaction, asked_for, insert_or_update
from monitor.store.posts import CHUNK, Known, stored_guid
from monitor.store.tables import AliasRow, PostRow, SourceRow, table

post, alias, source = table(PostRow), table(AliasRow), table(SourceRow)

CANDIDATES = 20  # newest posts of one source with one address, or one beginning of the title, that are compared
SIBLINGS = 200  # newest posts of one guid that several posts have, that are compared
SHARED = "several posts share it"
"""The reason of an alias that proves nothing: posts under its guid are known by their words."""

_LONGEST_IN_NOTE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A post that a window showed and its source's memory did not know."""

    source: Source
    prepared: Prepared
    shown: bytes = b""  # digests of all that the window showed, see Reading.seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another guid under which a source showed a post."""

    source_id: int
    guid: str
    of: str  # the guid under which the post is stored
    reason: str


@dataclass(slots=True)
class Recognised:
    """What is to be done with what was brought. Keys are source id and guid, in the order in which they came."""

    fresh: dict[tuple[int, str], Brought] = field(default_factory=dict)
    edited: dict[tuple[int, str], tuple[Known, Prepared]] = field(default_factory=dict)
    fuller: dict[tuple[int, str], tuple[Known, Prepared]] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)
    stored: dict[tuple[int, str], bytes] = field(default_factory=dict)  # content hashes of those that were there

    def notes(self, source_id: int) -> list[str]:
        """The decisions of one source that were not simply the stated guid."""
        return [
            f"{_short(a.guid)} was taken for {_short(a.of)}: {a.reason}"
            if (a.source_id, a.of) not in self.fresh or not a.of.startswith(a.guid + " ")
            else f"{_short(a.guid)} was taken for a new post: {a.reason}"
            for a in self.aliases
            if a.source_id == source_id and a.reason != SHARED
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    source_id: int
    known: Known
    trace: Trace
    shared: bool = False  # found under a guid that several posts have


@dataclass(frozen=True, slots=True, kw_only=True)
class _Disbelieved:
    """The post for which a guid stands that is used again, and why it is not this one."""

    guid: str
    reason: str


def recognise(tx: Transaction, brought: Sequence[Brought]) -> Recognised:
    """Sort what polls brought by what it is to what is stored, and to each other."""
    result = Recognised()
    keys = [(b.source.id, b.prepared.post.guid) for b in brought]
    bases = {key: (key[0], base) for key in keys if (base := shared_identity(key[1])) is not None}
    stored = _under_guids(tx, [*keys, *bases.values()])
    unknown: list[tuple[Brought, _Disbelieved | None]] = []
    for one in brought:
        key = (one.source.id, one.prepared.post.guid)
        if key not in stored or stored[key].shared:
            unknown.append((one, None))
            continue
        alone = one.source.kind == "document"
        verdict = under_same_guid(trace(one.prepared.post), stored[key].trace, alone=alone)
        if verdict.likeness is Likeness.DIFFERENT:
            unknown.append((one, _Disbelieved(guid=stored[key].trace.guid, reason=verdict.reason)))
        else:
            _take(result, one, stored[key], verdict)
    sharing = {bases.get(key, key) for key in keys if key in bases or (key in stored and stored[key].shared)}
    similar = _similar(tx, [one for one, _ in unknown])
    candidates = _Candidates([*similar, *_sharing(tx, sharing)], brought)
    for one, disbelieved in unknown:
        shared = (one.source.id, one.prepared.post.guid) in sharing
        _place(result, one, candidates, disbelieved, shared=shared)
    _mark_shared(result, bases, stored)
    return result


def remember(tx: Transaction, aliases: Sequence[Alias], *, now: datetime) -> None:
    """Store aliases of posts that are stored by now. A guid that is used again stands for what it was used for last."""
    if not aliases:
        return
    ids = _ids(tx, [(a.source_id, a.of) for a in aliases])
    rows = {
        (a.source_id, stored_guid(a.guid)): {
            "source_id": a.source_id,
            "guid": stored_guid(a.guid),
            "post_id": ids[a.source_id, a.of],
            "reason": a.reason,
            "since": now,
        }
        for a in aliases
        if (a.source_id, a.of) in ids
    }
    insert_or_update(tx, alias, list(rows.values()), key=("source_id", "guid"), update=("post_id", "reason", "since"))


def digests_of(tx: Transaction, recognised: Recognised) -> dict[str, frozenset[bytes]]:
    """For the guid of each stored post that was recognised: its digests (`Memory.seen`) under all guids it ever had."""
    digests = {key: {digest8(key[1], content)} for key, content in recognised.stored.items()}
    keys = {(source_id, stored_guid(guid)): (source_id, guid) for source_id, guid in digests}
    others = select(post.c.source_id, post.c.guid, alias.c.guid.label("other"))
    for part in _chunks(list(keys), CHUNK // 2):
        asked, is_asked = asked_for(part, post.c.source_id, post.c.guid)
        named = asked.join(post, is_asked).join(alias, alias.c.post_id == post.c.id)
        for row in tx.execute(others.select_from(named)):
            key = keys[row.source_id, row.guid]
            digests[key].add(digest8(row.other, recognised.stored[key]))
    return {guid: frozenset(found) for (_, guid), found in digests.items()}


def aliases_of(tx: Transaction, post_id: int) -> list[tuple[str, str]]:
    """The other guids of a post, each with the reason, oldest first."""
    query = select(alias.c.guid, alias.c.reason).where(alias.c.post_id == post_id).order_by(alias.c.since, alias.c.guid)
    return [(row.guid, row.reason) for row in tx.execute(query)]


# ── deciding ───────────────────────────────────────────────────────────────────────────────────────────────


class _Candidates:
    """What may be the same as a new post: stored posts, and the new ones before it."""

    def __init__(self, stored: Iterable[_Stored], brought: Iterable[Brought]) -> None:
        self._shown = {(one.source.id, one.prepared.post.content_hash) for one in brought}
        self._by_base: defaultdict[tuple[int, str], dict[str, _Stored | None]] = defaultdict(dict)
        self._by_link: defaultdict[tuple[int, bytes], dict[str, _Stored | None]] = defaultdict(dict)
        self._by_lead: defaultdict[tuple[int, bytes], dict[str, _Stored | None]] = defaultdict(dict)
        self._traces: dict[tuple[int, str], Trace] = {}
        for one in stored:
            self._add(one.source_id, one.trace, one)

    def add(self, source_id: int, new: Trace) -> None:
        self._add(source_id, new, None)

    def best(self, one: Brought, new: Trace, *, without: str | None) -> tuple[Trace, _Stored | None, Verdict] | None:
        """The candidate that is the same post: one that says the same before one that says something else.

        `without` is the guid of a stored post that is known to be another one.
        """
        source_id = one.source.id
        link, lead = link_key(new.url), lead_key(new.title)
        same_link = self._by_link.get((source_id, link), {}) if link else {}
        same_lead = self._by_lead.get((source_id, lead), {}) if lead else {}
        same_base = self._by_base.get((source_id, shared_identity(new.guid) or new.guid), {})
        found: tuple[Trace, _Stored | None, Verdict] | None = None
        shown = frozenset(unpacked(one.shown)) if same_link or same_lead or same_base else frozenset()
        for guid, stored in {**same_lead, **same_link, **same_base}.items():
            if guid == without:
                continue
            other = self._traces[source_id, guid]
            # What is stored may be shown under another guid than before, beside this one.
            renamed = other.content_hash != new.content_hash and (source_id, other.content_hash) in self._shown
            together = stored is None or renamed or digest8(guid, other.content_hash) in shown
            verdict = under_another_guid(new, other, together=together, shared=len(same_link) > 1)
            if verdict.likeness is Likeness.SAME:
                return other, stored, verdict
            if verdict.likeness is not Likeness.DIFFERENT and found is None:
                found = other, stored, verdict
        return found

    def _add(self, source_id: int, one: Trace, stored: _Stored | None) -> None:
        self._traces[source_id, one.guid] = one
        if (link := link_key(one.url)) is not None:
            self._by_link[source_id, link][one.guid] = stored
        if (lead := lead_key(one.title)) is not None:
            self._by_lead[source_id, lead][one.guid] = stored
        self._by_base[source_id, shared_identity(one.guid) or one.guid][one.guid] = stored


def _place(
    result: Recognised, one: Brought, candidates: _Candidates, disbelieved: _Disbelieved | None, *, shared: bool
) -> None:
    """Find the post that `one` is under another guid, or make it a new one. `shared`: several posts have its guid."""
    value = one.prepared.post
    new = trace(value)
    alone = shared and shared_identity(value.guid) is None  # for once its guid did not have to be told apart
    found = candidates.best(one, new, without=disbelieved.guid if disbelieved else None)
    if found is not None:
        other, stored, verdict = found
        if not alone:
            result.aliases.append(Alias(source_id=one.source.id, guid=value.guid, of=other.guid, reason=verdict.reason))
        if stored is not None:
            _take(result, one, stored, verdict)
        elif verdict.likeness is not Likeness.SAME and not _is_older(new, other):
            key = (one.source.id, other.guid)
            result.fresh[key] = replace(one, prepared=_under(one.prepared, other.guid))
        return
    if disbelieved:  # the stated guid is taken: this post gets one of its own
        own = f"{value.guid} {_own_mark(value)}"
        result.aliases.append(Alias(source_id=one.source.id, guid=value.guid, of=own, reason=disbelieved.reason))
    elif alone:
        own = f"{value.guid} hash:{value.content_hash.hex()}"
    else:
        own = value.guid
    one = replace(one, prepared=_under(one.prepared, own))
    new = replace(new, guid=own)
    result.fresh.setdefault((one.source.id, new.guid), one)
    candidates.add(one.source.id, new)


def _mark_shared(
    result: Recognised, bases: Mapping[tuple[int, str], tuple[int, str]], stored: Mapping[tuple[int, str], _Stored]
) -> None:
    """Remember of guids that several posts have that they prove nothing, also where one post comes alone later."""
    found_as = {(a.source_id, a.guid): a.of for a in result.aliases}
    for key, base in bases.items():
        if base in stored and stored[base].shared:
            continue
        first = stored.get(base) or stored.get(key)
        of = first.trace.guid if first else found_as.get(key, key[1])
        result.aliases.append(Alias(source_id=base[0], guid=base[1], of=of, reason=SHARED))


def _take(result: Recognised, one: Brought, stored: _Stored, verdict: Verdict) -> None:
    key = (one.source.id, stored.trace.guid)
    result.stored[key] = stored.known.content_hash
    prepared = replace(one.prepared, post=as_edit(one.prepared.post, known=stored.trace))
    if verdict.likeness is Likeness.EDITED:
        result.edited[key] = (stored.known, prepared)
    elif verdict.likeness is Likeness.FULLER and key not in result.edited:
        result.fuller[key] = (stored.known, prepared)


def _under(prepared: Prepared, guid: str) -> Prepared:
    return replace(prepared, post=replace(prepared.post, guid=guid))


def _own_mark(value: Post) -> str:
    stated = value.stated_at.isoformat() if value.stated_at else ""
    raw = "\0".join((value.url or "", stated, value.content_hash.hex()))
    return blake2b(raw.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _is_older(new: Trace, other: Trace) -> bool:
    dates = [(one.updated_at or one.stated_at) for one in (new, other)]
    return dates[0] is None or dates[1] is None or dates[0] <= dates[1]


def _short(guid: str) -> str:
    return repr(guid if len(guid) <= _LONGEST_IN_NOTE else guid[: _LONGEST_IN_NOTE - 1] + "…")


# ── looking up ─────────────────────────────────────────────────────────────────────────────────────────────

_COLUMNS = (
    post.c.id,
    post.c.source_id,
    post.c.guid,
    post.c.revisions,
    post.c.url,
    post.c.title,
    func.substr(post.c.text, 1, BEGINNING).label("beginning"),
    func.length(post.c.text).label("length"),
    post.c.content_hash,
    post.c.stated_at,
    post.c.updated_at,
)


def _stored(row: Any, *, shared: bool = False) -> _Stored:
    return _Stored(
        shared=shared,
        source_id=row.source_id,
        known=Known(id=row.id, content_hash=row.content_hash, revisions=row.revisions),
        trace=Trace(
            guid=row.guid,
            url=row.url,
            title=row.title,
            text=row.beginning,
            length=row.length,
            content_hash=row.content_hash,
            stated_at=row.stated_at,
            updated_at=row.updated_at,
        ),
    )


def _under_guids(tx: Transaction, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], _Stored]:
    """What is stored under each guid, aliases before the guids that posts were stored with."""
    originals: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for source_id, guid in keys:
        originals[source_id, stored_guid(guid)].add(guid)
    found: dict[tuple[int, str], _Stored] = {}
    stated = select(*_COLUMNS, post.c.guid.label("asked"), literal("").label("reason"))
    by_alias = select(*_COLUMNS, alias.c.guid.label("asked"), alias.c.reason)
    for part in _chunks(list(originals), CHUNK // 2):
        posts_asked, is_post = asked_for(part, post.c.source_id, post.c.guid)
        aliases_asked, is_alias = asked_for(part, alias.c.source_id, alias.c.guid)
        named = aliases_asked.join(alias, is_alias).join(post, post.c.id == alias.c.post_id)
        rows = [
            *tx.execute(stated.join_from(posts_asked, post, is_post)),
            *tx.execute(by_alias.select_from(named)),
        ]
        for row in rows:
            for guid in originals[row.source_id, row.asked]:
                found[row.source_id, guid] = _stored(row, shared=row.reason == SHARED)
    return found


def _ids(tx: Transaction, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    wanted = {(source_id, stored_guid(guid)): guid for source_id, guid in keys}
    found = {}
    for part in _chunks(list(wanted), CHUNK // 2):
        asked, is_asked = asked_for(part, post.c.source_id, post.c.guid)
        query = select(post.c.id, post.c.source_id, post.c.guid).join_from(asked, post, is_asked)
        for row in tx.execute(query):
            found[row.source_id, wanted[row.source_id, row.guid]] = row.id
    return found


def _sharing(tx: Transaction, bases: Iterable[tuple[int, str]]) -> list[_Stored]:
    """The newest posts of each of these guids that several posts have."""
    found = []
    for source_id, guid in bases:
        prefix = f"{guid} hash:"
        told_apart = func.substr(post.c.guid, 1, len(prefix)) == prefix
        query = select(*_COLUMNS).where(post.c.source_id == source_id, or_(post.c.guid == guid, told_apart))
        found += [_stored(row) for row in tx.execute(query.order_by(post.c.id.desc()).limit(SIBLINGS))]
    return found


def _similar(tx: Transaction, unknown: Sequence[Brought]) -> list[_Stored]:
    """Stored posts of the same sources that share an address or the beginning of the title with any of `unknown`."""
    if not unknown:
        return []
    ids = {one.source.id for one in unknown}
    having = select(source.c.id).where(source.c.id.in_(ids), exists().where(post.c.source_id == source.c.id))
    filled = set(tx.execute(having).scalars())  # a first poll compares with nothing
    links: defaultdict[bytes, set[int]] = defaultdict(set)
    leads: defaultdict[bytes, set[int]] = defaultdict(set)
    for one in unknown:
        if one.source.id not in filled:
            continue
        if (link := link_key(one.prepared.post.url)) is not None:
            links[link].add(one.source.id)
        if (lead := lead_key(one.prepared.post.title)) is not None:
            leads[lead].add(one.source.id)
    rows: dict[int, Any] = {}
    for column, keys in ((post.c.url_key, links), (post.c.lead_key, leads)):
        for part in _chunks(
            sorted((source_id, key) for key, owners in keys.items() for source_id in owners), CHUNK // 2
        ):
            of_source = {source_id for source_id, _ in part}
            rank = (
                func.row_number().over(partition_by=(post.c.source_id, column), order_by=post.c.id.desc()).label("rank")
            )
            ranked = (
                select(post.c.id, rank)
                # "+ 0" keeps planners from taking the index of the source, which has all its posts.
                .where(column.in_({key for _, key in part}), (post.c.source_id + 0).in_(of_source))
                .subquery()
            )
            newest = select(ranked.c.id).where(ranked.c.rank <= CANDIDATES)
            for row in tx.execute(select(*_COLUMNS).where(post.c.id.in_(newest))):
                rows[row.id] = row
    return [_stored(row) for _, row in sorted(rows.items(), reverse=True)]


def _chunks(values: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
