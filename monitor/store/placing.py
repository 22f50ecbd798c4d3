"""Which stories new and changed posts belong to: candidates out of the database, decisions by `core.stories`.

A post is found by a few numbers made of its words (`band`), by its link and by what it forwards. The look-ups for a
batch are made together, and cost the same however many posts are stored: only those near in time are looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from monitor.core.model import Post
from monitor.core.ownwords import edges, wording
from monitor.core.sketch import Said, Sketch, stored_sketch
from monitor.core.stories import (
    Placement,
    Relation,
    Rules,
    Standing,
    Telling,
    depending,
    forward_key,
    link_key,
    mark_of,
    moment,
    settle,
    surely_others,
    told_words,
)
from monitor.store import habits
from monitor.store.database import Transaction, insert_new
from monitor.store.posts import chunks
from monitor.store.tables import BandRow, PostRow, RevisionRow, RulingRow, StoryRow, table

post, band, ruling, story = table(PostRow), table(BandRow), table(RulingRow), table(StoryRow)
revision = table(RevisionRow)

COMPARED = 12  # posts with which one is compared word by word: those that share most keys with it, then the nearest
FOLLOWERS = 300  # posts that are looked at again when one speaks for a story that did not before
EVERYWHERE = 100  # posts that have one key; then it is not looked at: reading all that have it would cost ever more
COMMON = 24  # posts that have one key; then it is a phrase of office language, and another key must be shared too
VERSIONS = 3  # latest former versions of a post by which it is known, beside the first
MUCH = 3  # keys that two posts share which are most probably of one story
REWORDED = 500  # newest posts of a source that are looked at again when it is seen what they all say
PLACING = 7_226_002  # PostgreSQL's advisory lock: two processes must not open two stories for one statement

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A post that is about to be stored."""

    source_id: int
    post: Post
    first_seen_at: datetime
    said: Said | None = None  # of the post, where it is known already


@dataclass(slots=True, kw_only=True)
class Plan:
    """Where posts are to stand. Posts and stories that are not stored yet have numbers below zero."""

    desk: Desk
    newcomers: list[Telling]
    stories: dict[int, int] = field(default_factory=dict)  # root → story
    merged: dict[int, int] = field(default_factory=dict)  # story that has no posts any more → root of where they went
    reworded: frozenset[int] = frozenset()  # stored posts that say something else now

    @property
    def placements(self) -> list[Placement]:
        """One for each newcomer, in order."""
        return [self._placement(told, self.desk.after[told.id]) for told in self.newcomers]

    def _placement(self, told: Telling, standing: Standing) -> Placement:
        return Placement(
            story=self.stories[standing.root],
            relation=standing.relation,
            reason=standing.reason,
            speaks=standing.speaks,
            root_id=standing.root if standing.root > 0 else None,
            of_id=standing.of if standing.of is not None and standing.of > 0 else None,
            sketch=told.to_keep,
        )


def plan(
    tx: Transaction,
    newcomers: Sequence[Newcomer],
    rules: Rules,
    *,
    reworded: Collection[int] = (),
    again: Collection[int] = (),
    keep: Mapping[int, int] | None = None,
) -> Plan:
    """Decide where newcomers go, and who stands elsewhere because of them. Reads only.

    `reworded` are stored posts that say something else now, `again` others that are to be looked at again; `keep` says
    which story some roots are to have.
    """
    if not newcomers and not reworded and not again:
        return Plan(desk=Desk(tx, rules), newcomers=[])
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PLACING})
    desk = Desk(tx, rules)
    desk.learn_habits({newcomer.source_id for newcomer in newcomers})
    tellings = [desk.telling(newcomer, -number) for number, newcomer in enumerate(newcomers, start=1)]
    desk.look_up(tellings)
    for told in tellings:
        desk.add(told)
    desk.tell_apart(tellings)
    others = desk.load({*reworded, *again})
    desk.look_up(others)
    for told in others:
        desk.add(told)
    changed = [*tellings, *others, *desk.whose_link_is_shared_now(tellings)]
    settle(changed, desk, rules)
    desk.load({standing.root for standing in desk.after.values()})  # to know their stories
    if keep:  # where those stand that a person has put somewhere is told even if it is where they stood
        desk.after = {id_: desk.before[id_] for id_ in again if id_ in desk.before} | desk.after
    made = Plan(desk=desk, newcomers=tellings, reworded=frozenset(reworded))
    _name_stories(made, keep or {})
    return made


def carry_out(tx: Transaction, made: Plan, ids: Sequence[int | None], *, now: datetime) -> None:
    """Store what was planned. `ids` are those under which the newcomers were stored, None for one that was not."""
    desk = made.desk
    stored = {told.id: id_ for told, id_ in zip(made.newcomers, ids, strict=True) if id_ is not None}
    own: dict[int, int] = {}  # stories opened by the newcomers, by their numbers below zero
    if stored:
        rows = tx.execute(select(post.c.id, post.c.story_id).where(post.c.id.in_(list(stored.values()))))
        by_id = {row.id: row.story_id for row in rows}
        own = {made.stories[desk.after[temporary].root]: by_id[id_] for temporary, id_ in stored.items()}
    moved = [id_ for id_ in desk.after if id_ > 0]
    for number in sorted({made.stories[desk.after[id_].root] for id_ in moved} - own.keys(), reverse=True):
        if number < 0:
            own[number] = tx.execute(insert(story).values(created_at=now).returning(story.c.id)).scalar_one()

    def real(id_: int | None) -> int | None:
        return id_ if id_ is None or id_ > 0 else stored.get(id_)

    corrections = []
    for temporary, id_ in [*stored.items(), *((id_, id_) for id_ in moved)]:
        standing = desk.after[temporary]
        by_newcomer = (standing.root < 0 and standing.root != temporary) or (
            standing.of is not None and standing.of < 0
        )
        if temporary > 0 or by_newcomer:
            number = made.stories[standing.root]
            stands = replace(standing, root=real(standing.root) or id_, of=real(standing.of))
            corrections.append(_correction(id_, stands, own.get(number, number)))
    if corrections:
        tx.execute(update(post).where(post.c.id == bindparam("of_post")), corrections)
    for old, root in made.merged.items():
        number = made.stories[root]
        tx.execute(update(story).where(story.c.id == old).values(merged_into=own.get(number, number)))
    _index(tx, made, stored)


def place_again(tx: Transaction, ids: Collection[int], rules: Rules) -> dict[int, Standing]:
    """Place stored posts that were taken out of the index; their stories are numbered by the caller.

    Gives where they and all that moved because of them stand now.
    """
    desk = Desk(tx, rules)
    tellings = desk.load(ids)
    for told in tellings:
        desk.add(told)
    desk.look_up(tellings)
    settle(tellings, desk, rules)
    made = Plan(desk=desk, newcomers=[], reworded=frozenset(ids))
    corrections = [_correction(id_, standing, desk.stories[id_]) for id_, standing in desk.after.items()]
    if corrections:
        tx.execute(update(post).where(post.c.id == bindparam("of_post")), corrections)
    _index(tx, made, {})
    return {id_: desk.after.get(id_) or desk.before[id_] for id_ in {*ids, *desk.after}}


def forget(tx: Transaction, ids: Collection[int], rules: Rules) -> set[int]:
    """Take posts out of the index that are about to say something else; gives those that depend on their words."""
    if not ids:
        return set()
    return _forgotten(Desk(tx, rules), tx, ids, rules)


def _forgotten(desk: Desk, tx: Transaction, ids: Collection[int], rules: Rules) -> set[int]:
    near: set[int] = set()
    for told in desk.load(ids):
        near.update(other.id for other in depending(told, desk.near(told), rules))
        tx.execute(_bands_of(told))
    return near - set(ids)


def learn(tx: Transaction, newcomers: Sequence[Newcomer], rules: Rules) -> tuple[set[int], set[int]]:
    """Take note of lines that sources repeat. Gives the posts that say less now, and those that depend on it."""
    if not newcomers:
        return set(), set()
    lines = [(each.source_id, each.said.edges if each.said else edges(said(each.post))) for each in newcomers]
    desk = Desk(tx, rules)
    desk.learn_habits({source_id for source_id, _ in lines})  # as they were
    new: defaultdict[int, set[bytes]] = defaultdict(set)
    for source_id, line in habits.counted(tx, lines, day=day_of(newcomers[0].first_seen_at)):
        new[source_id].add(line)
    reworded: set[int] = set()
    for source_id, habitual in new.items():
        latest = select(post.c.id, post.c.text).where(post.c.source_id == source_id).order_by(post.c.id.desc())
        reworded.update(row.id for row in tx.execute(latest.limit(REWORDED)) if habits.has(row.text, habitual))
    return reworded, _forgotten(desk, tx, reworded, rules)


# Made once: putting a statement together takes longer than carrying it out.
# At most one more than is looked at of each key: more would only be counted.
_UNDER_KEY_OF_SQLITE = "SELECT day, post_id FROM band WHERE key = ? AND mute = ? AND day BETWEEN ? AND ? LIMIT ?"
_UNDER_KEYS_OF_POSTGRESQL = text(
    "SELECT found.* FROM unnest(CAST(:keys AS integer[])) AS asked (key) CROSS JOIN LATERAL ("
    "SELECT key, day, post_id FROM band WHERE key = asked.key AND mute = :mute "
    "AND day BETWEEN :earliest AND :latest LIMIT :most) AS found"
)
_HOLDERS = (
    select(post.c.url_key, post.c.source_id, func.count().label("number"), func.min(post.c.id).label("first"))
    .where(post.c.url_key.in_(bindparam("links", expanding=True)))
    .group_by(post.c.url_key, post.c.source_id)
)
_FORWARDS = (
    select(post.c.id, post.c.forward_key, post.c.speaks)
    .where(post.c.forward_key.in_(bindparam("links", expanding=True)))
    .order_by(post.c.id)
    .limit(2 * FOLLOWERS)
)
_SKETCHES = select(post.c.id, post.c.source_id, post.c.revisions, post.c.sketch).where(
    post.c.id.in_(bindparam("ids", expanding=True))
)
_TELLINGS = (
    select(
        post.c.id,
        post.c.source_id,
        post.c.story_id,
        post.c.guid,
        post.c.title,
        post.c.title_made,
        post.c.text,
        post.c.summary,
        post.c.url,
        post.c.url_key,
        post.c.forward_key,
        post.c.language,
        post.c.stated_at,
        post.c.first_seen_at,
        post.c.relation,
        post.c.relation_reason,
        post.c.root_id,
        post.c.of_id,
        post.c.speaks,
        post.c.revisions,
        post.c.sketch,
        ruling.c.put_to,
    )
    .join_from(post, ruling, ruling.c.post_id == post.c.id, isouter=True)
    .where(post.c.id.in_(bindparam("ids", expanding=True)))
)


# ── the board ──────────────────────────────────────────────────────────────────────────────────────────────


class Desk:
    """The board of `core.stories` over a database: loads what is asked for, keeps what is decided."""

    def __init__(self, tx: Transaction, rules: Rules) -> None:
        self.after: dict[int, Standing] = {}  # of all that were looked at
        self.before: dict[int, Standing] = {}  # as stored
        self.stories: dict[int, int] = {}  # of stored posts
        self.known: dict[int, Telling] = {}
        self._tx, self._rules = tx, rules
        self._by_key: defaultdict[object, set[int]] = defaultdict(set)  # of those that the index does not have
        self._speaking: defaultdict[object, set[int]] = defaultdict(set)  # of these, and those that moved: who speaks
        self._found: dict[tuple[int, bool], list[int]] = {}  # (post, mute) → stored posts that may be like it
        self._scores: dict[int, dict[int, int]] = {}  # post → stored posts that speak, and how many keys they share
        self._linked: dict[tuple[int, bool], list[int]] = {}  # (post, mute) → those that a link leads to
        self._others: defaultdict[int, set[int]] = defaultdict(set)  # post → stored posts that are surely others
        self._sketches: dict[int, Sketch | None] = {}  # of stored posts; None where the whole post has to be read
        self._much_alike: set[int] = set()  # those with a speaker that is most probably like them
        self._habits: dict[int, frozenset[bytes]] = {}
        self._holders: dict[bytes, dict[int, tuple[int, int]]] = {}  # link → source → posts that have it, the first

    def learn_habits(self, source_ids: Collection[int]) -> None:
        """Know what sources always say."""
        unknown = set(source_ids) - self._habits.keys()
        if unknown:
            self._habits |= dict.fromkeys(unknown, frozenset()) | habits.learnt(self._tx, unknown)

    def telling(self, newcomer: Newcomer, id_: int) -> Telling:
        """A new post as far as its story depends on it."""
        value, without = newcomer.post, self._habits[newcomer.source_id]
        as_read = newcomer.said if newcomer.said and without.isdisjoint(newcomer.said.lines) else None
        return Telling(
            id=id_,
            source_id=newcomer.source_id,
            at=moment(value.stated_at, newcomer.first_seen_at),
            mark=mark_of(newcomer.source_id, value.guid),
            text=said(value),
            without=without,
            read=as_read,
            url=value.url,
            url_key=link_key(value.url),
            forward_key=forward_key(value),
            title=value.title,
            language=value.language,
        )

    def add(self, told: Telling) -> None:
        """Let a post be found by the others that is not in the index, as it is new or says something else."""
        self.known[told.id] = told
        for key in self._all_keys(told):
            self._by_key[key].add(told.id)
        if told.id in self.before:
            self._let_speak(told, self.before[told.id])

    def load(self, ids: Iterable[int]) -> list[Telling]:
        """Stored posts."""
        ids = list(ids)  # looked through twice
        wanted = [id_ for id_ in ids if id_ > 0 and id_ not in self.known]
        for part in chunks(sorted(wanted)):
            rows = self._tx.execute(_TELLINGS, {"ids": part}).all()
            self.learn_habits({row.source_id for row in rows})
            former = self._former({row.id for row in rows if row.revisions})
            for row in rows:
                self.before[row.id] = standing_of(row)
                self.stories[row.id] = row.story_id
                self.known[row.id] = _telling(row, self._habits[row.source_id], former[row.id])
        return [self.known[id_] for id_ in ids if id_ in self.known]

    def look_up(self, tellings: Sequence[Telling]) -> None:
        """Find what all of them may be like, in as few statements as can be."""
        self._look(tellings, mute=False)
        lonely = [told for told in tellings if told.id not in self._much_alike]  # they will speak for themselves
        self._look(lonely, mute=True)
        looked_for = [*((told.id, False) for told in tellings), *((told.id, True) for told in lonely)]
        self.load({id_ for each in looked_for for id_ in self._found[each]})

    def tell_apart(self, newcomers: Sequence[Telling]) -> None:
        """Know which newcomers that share keys are surely two statements, all at once."""
        asked: dict[int, tuple[Telling, dict[int, Sketch]]] = {told.id: (told, {}) for told in newcomers}
        for told in newcomers:
            ties = {id_ for key in (*told.links, *told.kin_keys) for id_ in self._by_key[key]}
            shared: Counter[int] = Counter()
            for key in told.keys:
                if len(holders := self._by_key[key]) <= EVERYWHERE:
                    shared.update(holders)
            for id_ in _best(shared, COMPARED + 1):
                known_to_it = asked[id_][1]  # of two that ask for each other only one needs to
                sketch = self.known[id_].sketch
                if id_ not in {told.id, *ties} and told.id not in known_to_it and sketch is not None:
                    asked[told.id][1][id_] = sketch
        pairs = list(asked.values())
        for (told, _), others in zip(pairs, surely_others(pairs, self._rules), strict=True):
            self._others[told.id] |= others
            for id_ in others:
                self._others[id_].add(told.id)

    def _former(self, ids: Collection[int]) -> defaultdict[int, list[str]]:
        """What edited posts said before: the first version, and the latest ones."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        if ids:
            query = select(revision.c.post_id, revision.c.title, revision.c.text, post.c.title_made)
            query = query.join(post, post.c.id == revision.c.post_id).where(revision.c.post_id.in_(ids))
            for row in self._tx.execute(query.order_by(revision.c.number)):
                text = told_words(title=row.title, title_made=row.title_made, text=row.text, summary="")
                found[row.post_id].append(text)
        for id_, versions in found.items():
            found[id_] = versions[:1] + versions[1:][-VERSIONS:]
        return found

    # Board

    def standing(self, id_: int) -> Standing | None:
        return self.after.get(id_) or self.before.get(id_)

    def stand(self, told: Telling, standing: Standing) -> None:
        self.after[told.id] = standing
        self._let_speak(told, standing)

    def _let_speak(self, told: Telling, standing: Standing) -> None:
        for key in self._all_keys(told):
            if standing.speaks:
                self._speaking[key].add(told.id)
            elif key in self._speaking:
                self._speaking[key].discard(told.id)

    def speakers(self, told: Telling) -> Collection[Telling]:
        self._stored_near(told, mute=False)
        shared = {**self._scores[told.id], **self._speakers_here(told)}
        ids = {*_best(shared, COMPARED)} - self._others[told.id]
        ids.update(self._linked.get((told.id, False), ()), self._linked_here(told))
        ids.discard(told.id)
        return [each for each in self.load(ids) if (standing := self.standing(each.id)) is not None and standing.speaks]

    def near(self, told: Telling) -> Collection[Telling]:
        ids = {id_ for mute in (False, True) for id_ in self._stored_near(told, mute=mute)}
        here = {id_ for key in self._all_keys(told) for id_ in self._by_key.get(key, ())} - self._others[told.id]
        # Newcomers that have not been looked at yet wait for their turn as it is.
        ids.update(id_ for id_ in here if id_ > 0 or id_ in self.after)
        ids.discard(told.id)
        return self.load(ids)

    def shared_links(self, told: Telling) -> bool:
        if told.url_key is None:
            return False
        stored = self._holders.get(told.url_key, {})
        here = Counter(self.known[id_].source_id for id_ in self._by_key.get(told.url_key, ()) if id_ < 0)
        return any(stored.get(source_id, (0, 0))[0] + here[source_id] > 1 for source_id in {*stored, *here})

    def whose_link_is_shared_now(self, tellings: Sequence[Telling]) -> list[Telling]:
        """Stored posts whose link was that of one post a source, and is no more."""
        found = []
        for told in tellings:
            stored = self._holders.get(told.url_key, {}) if told.url_key else {}
            if stored and all(number == 1 for number, _ in stored.values()) and self.shared_links(told):
                found += self.load(first for _, first in stored.values())
        return found

    # looking up

    def _stored_near(self, told: Telling, *, mute: bool) -> list[int]:
        if (told.id, mute) not in self._found:
            self._look([told], mute=mute)
        return self._found[told.id, mute]

    def _speakers_here(self, told: Telling) -> Mapping[int, int]:
        """Of those that the index does not have, the ones that share keys with a post, and how many."""
        shared: Counter[int] = Counter()
        weak: Counter[int] = Counter()
        for key in told.keys:
            holders = self._speaking.get(key, ())
            if len(holders) > EVERYWHERE:
                continue
            (weak if len(holders) > COMMON else shared).update(holders)
        _add_weak(shared, weak)
        shared.pop(told.id, None)
        return shared

    def _linked_here(self, told: Telling) -> list[int]:
        return [id_ for key in told.links for id_ in self._speaking.get(key, ())]

    def _all_keys(self, told: Telling) -> list[object]:
        return [*told.keys, *told.links]

    def _look(self, tellings: Sequence[Telling], *, mute: bool) -> None:
        if not tellings:
            return
        scores: dict[int, Counter[int]] = {told.id: Counter() for told in tellings}
        kin = self._look_for_words(tellings, scores, mute=mute)
        if not mute:
            self._look_for_links(tellings)
        best: dict[int, list[int]] = {}
        for told in tellings:
            scores[told.id].pop(told.id, None)
            best[told.id] = _best(scores[told.id], FOLLOWERS if mute else COMPARED)
            if not mute:
                self._scores[told.id] = {id_: scores[told.id][id_] for id_ in best[told.id]}
        by_words = {id_: [each for each in ids if each not in kin[id_]] for id_, ids in best.items()}
        self._read_sketches({each for ids in by_words.values() for each in ids})
        asked = [
            (told, {id_: sketch for id_ in by_words[told.id] if (sketch := self._sketches[id_]) is not None})
            for told in tellings
        ]
        for (told, _), others in zip(asked, surely_others(asked, self._rules), strict=True):
            self._others[told.id] |= others
            linked = self._linked.get((told.id, mute), [])
            like = [id_ for id_ in best[told.id] if id_ not in self._others[told.id]]
            if not mute and (linked or any(scores[told.id][id_] >= MUCH for id_ in like[:1])):
                self._much_alike.add(told.id)
            self._found[told.id, mute] = list(dict.fromkeys((*like, *linked)))

    def _read_sketches(self, ids: Collection[int]) -> None:
        """Know stored posts by their sketches, which are read in a fraction of the time that whole posts take."""
        for part in chunks(sorted(ids - self._sketches.keys())):
            rows = self._tx.execute(_SKETCHES, {"ids": part}).all()
            self.learn_habits({row.source_id for row in rows})
            self._sketches |= dict.fromkeys(part)
            for id_, source_id, revisions, kept in rows:
                if not revisions:
                    self._sketches[id_] = stored_sketch(kept, habits=len(self._habits[source_id]))

    def _look_for_words(
        self, tellings: Sequence[Telling], scores: dict[int, Counter[int]], *, mute: bool
    ) -> defaultdict[int, set[int]]:
        """Count the keys that stored posts share with each. Gives those that may be one page in other languages."""
        kin: defaultdict[int, set[int]] = defaultdict(set)
        of_kin = {(told.id, signed(key)) for told in tellings for key in told.kin_keys}
        askers: defaultdict[int, list[int]] = defaultdict(list)
        for told in tellings:
            for key in told.keys:
                askers[signed(key)].append(told.id)
        days = {told.id: day_of(told.at) for told in tellings}
        window = self._rules.window.days + 1
        earliest, latest = min(days.values()) - window, max(days.values()) + window
        weak: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for part in chunks(sorted(askers)):
            for key, holders in _under_keys(self._tx, part, mute=mute, earliest=earliest, latest=latest).items():
                if len(holders) > EVERYWHERE:
                    continue
                common = len(holders) > COMMON
                ids, first, last = [id_ for _, id_ in holders], min(holders)[0], max(holders)[0]
                for asker in askers[key]:
                    if (asker, key) in of_kin:
                        kin[asker].update(ids)
                    counted = weak[asker] if common else scores[asker]
                    if last - window <= days[asker] <= first + window:
                        counted.update(ids)
                    else:
                        counted.update(id_ for day, id_ in holders if abs(day - days[asker]) <= window)
        for asker, counted in weak.items():
            _add_weak(scores[asker], counted)
        return kin

    def _look_for_links(self, tellings: Sequence[Telling]) -> None:
        by_url, by_forward = defaultdict(list), defaultdict(list)
        links = {key for told in tellings for key in told.links}
        for part in chunks(sorted(links)):
            for row in self._tx.execute(_HOLDERS, {"links": part}):
                self._holders.setdefault(row.url_key, {})[row.source_id] = (row.number, row.first)
                by_url[row.url_key].append(row.first)
            for row in self._tx.execute(_FORWARDS, {"links": part}):
                by_forward[row.forward_key, not row.speaks].append(row.id)
        for told in tellings:
            for mute in (False, True):
                ids = [id_ for key in told.links for id_ in (*by_url.get(key, ()), *by_forward.get((key, mute), ()))]
                if ids:
                    linked = [id_ for id_ in dict.fromkeys(ids) if id_ != told.id]
                    self._linked[told.id, mute] = linked[:FOLLOWERS]


def _under_keys(
    tx: Transaction, keys: Sequence[int], *, mute: bool, earliest: int, latest: int
) -> dict[int, list[tuple[int, int]]]:
    """Day and post of those that the index has under each key, at most one more than EVERYWHERE of each."""
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    if tx.dialect.name == "postgresql":
        asked = {"keys": list(keys), "mute": mute, "earliest": earliest, "latest": latest, "most": EVERYWHERE + 1}
        for key, day, post_id in tx.execute(_UNDER_KEYS_OF_POSTGRESQL, asked).all():
            found[key].append((day, post_id))
        return found
    driver: Any = tx.connection.driver_connection  # a statement a key: SQLite has no join that stops at a number
    for key in keys:
        if rows := driver.execute(_UNDER_KEY_OF_SQLITE, (key, mute, earliest, latest, EVERYWHERE + 1)).fetchall():
            found[key] = rows
    return found


def _add_weak(scores: Counter[int], weak: Mapping[int, int]) -> None:
    """Count keys that many posts have, of those posts that share more than a single such key."""
    for id_, number in weak.items():
        if number > 1 or id_ in scores:
            scores[id_] += number


def _best(scores: Mapping[int, int], most: int) -> list[int]:
    """Those that share most keys; of equals those that came first, stored ones before others."""
    return sorted(scores, key=lambda id_: (-scores[id_], id_ < 0, abs(id_)))[:most]


# ── stories ────────────────────────────────────────────────────────────────────────────────────────────────


def _name_stories(made: Plan, keep: Mapping[int, int]) -> None:
    """Give each root a story: its own, else that of posts which follow it now, else a new one."""
    desk = made.desk
    followers: defaultdict[int, list[int]] = defaultdict(list)
    for id_, standing in desk.after.items():
        followers[standing.root].append(id_)
    gone = {id_ for id_, standing in desk.after.items() if id_ in desk.before and standing.root != id_}
    made.stories |= keep
    taken = set(keep.values())
    opened = 0
    for root in sorted(followers.keys() - keep.keys(), key=lambda root: (root < 0, root)):
        before = desk.before.get(root)
        if before is not None and desk.stories[root] not in taken and (before.root == root or root not in desk.after):
            made.stories[root] = desk.stories[root]
            taken.add(desk.stories[root])
    for root in sorted(followers.keys() - made.stories.keys(), key=lambda root: (root < 0, abs(root))):
        inherited = sorted(
            {
                desk.stories[id_]
                for id_ in followers[root]
                if id_ in desk.before and desk.before[id_].root in gone and desk.stories[id_] not in taken
            }
        )
        if inherited:
            made.stories[root] = inherited[0]
            taken.add(inherited[0])
        else:
            opened += 1
            made.stories[root] = -opened
    for id_ in gone:
        if desk.before[id_].root == id_ and desk.stories[id_] not in taken:
            made.merged[desk.stories[id_]] = desk.after[id_].root


def _index(tx: Transaction, made: Plan, stored: dict[int, int]) -> None:
    """Keep the numbers under which posts are found, and the sketches of those that say something else."""
    desk = made.desk
    rows = []
    for temporary, standing in desk.after.items():
        told = desk.known[temporary]
        id_ = stored.get(temporary) if temporary < 0 else temporary
        if id_ is None:
            continue
        before = desk.before.get(temporary)
        if before is not None and temporary not in made.reworded:
            if before.speaks == standing.speaks:
                continue
            tx.execute(_bands_of(told))
        rows += _bands(told, id_, mute=not standing.speaks)
    rows += [
        band_row
        for id_ in made.reworded - desk.after.keys()
        for band_row in _bands(desk.known[id_], id_, mute=not desk.before[id_].speaks)
    ]
    insert_new(tx, band, rows, key=("key", "mute", "day", "post_id"))
    kept = [{"of_post": id_, "sketch": desk.known[id_].to_keep} for id_ in made.reworded if id_ in desk.known]
    if kept:
        tx.execute(update(post).where(post.c.id == bindparam("of_post")), kept)
    _keep_sketches(tx, [told for id_, told in desk.known.items() if id_ > 0 and id_ not in made.reworded])


def _keep_sketches(tx: Transaction, tellings: Iterable[Telling]) -> None:
    """Store the sketches that had to be made of posts looked at, so that the next time they need not be read whole."""
    kept = [{"of_post": told.id, "as_read": told.kept, "sketch": told.to_keep} for told in tellings if not told.is_kept]
    if kept:  # but not over that of words which somebody else has stored meanwhile
        as_read = post.c.sketch.is_not_distinct_from(bindparam("as_read", type_=post.c.sketch.type))
        tx.execute(update(post).where(post.c.id == bindparam("of_post"), as_read), kept)


def _correction(id_: int, standing: Standing, story_id: int) -> dict[str, Any]:
    return {
        "of_post": id_,
        "story_id": story_id,
        "root_id": None if standing.root == id_ else standing.root,
        "of_id": standing.of,
        "speaks": standing.speaks,
        "relation": standing.relation.value,
        "relation_reason": standing.reason,
    }


def _bands(told: Telling, id_: int, *, mute: bool) -> list[dict[str, Any]]:
    day = day_of(told.at)
    return [{"key": signed(key), "mute": mute, "day": day, "post_id": id_} for key in told.keys]


def _bands_of(told: Telling) -> Any:
    wanted = [signed(key) for key in told.keys]
    return delete(band).where(
        band.c.key.in_(wanted), band.c.mute.in_((True, False)), band.c.day == day_of(told.at), band.c.post_id == told.id
    )


# ── values and columns ─────────────────────────────────────────────────────────────────────────────────────


def signed(key: int) -> int:
    """A 32-bit number as databases hold it."""
    return key - (1 << 32) if key >= 1 << 31 else key


def day_of(at: datetime) -> int:
    """Days since 1970, as far as 16 bits go."""
    return max(-32_000, min(32_000, (at - EPOCH).days))


SAID = (post.c.title, post.c.title_made, post.c.text, post.c.summary)
"""The columns that `said` needs."""


def said(value: Any) -> str:
    """What of a post, or of a row of one, is compared."""
    return told_words(title=value.title, title_made=value.title_made, text=value.text, summary=value.summary)


def _telling(row: Any, without: Collection[bytes], former: Sequence[str]) -> Telling:
    return Telling(
        id=row.id,
        source_id=row.source_id,
        at=moment(row.stated_at, row.first_seen_at),
        mark=mark_of(row.source_id, row.guid),
        text=said(row),
        without=without,
        kept=row.sketch,
        former=tuple(wording(text, without=without) for text in former),
        url=row.url,
        url_key=row.url_key,
        forward_key=row.forward_key,
        title=row.title,
        language=row.language,
        put_to=row.put_to,
    )


def standing_of(row: Any) -> Standing:
    """Where a stored post stands."""
    return Standing(
        root=row.root_id or row.id,
        of=row.of_id,
        speaks=row.speaks,
        relation=Relation(row.relation),
        reason=row.relation_reason,
    )
