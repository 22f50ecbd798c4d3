"""What polls brought → the store, in one transaction: posts in their stories, edits, and what is to be remembered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core import health
from monitor.core.drift import Drift, estimate, observe
from monitor.core.health import Answers
from monitor.core.hints import Hints
from monitor.core.model import Health, HealthChange, Outcome, Poll, Post, Prepared
from monitor.core.pacing import has_time_of_day, learnt, next_poll_at
from monitor.core.rhythm import Rhythm
from monitor.polling.parts import Parts, Recorded
from monitor.store import changes as health_changes
from monitor.store import histories, placing, posts, recognition, sources
from monitor.store.database import Transaction


def record(tx: Transaction, polls: Sequence[Poll], *, parts: Parts, now: datetime) -> list[Recorded]:
    """Store what polls brought: new posts in their stories, edits as revisions, and what is to be remembered."""
    recognised = recognition.recognise(
        tx,
        [
            recognition.Brought(source=p.source, prepared=prepared, shown=p.reading.seen)
            for p in polls
            if p.reading
            for prepared in p.reading.posts
        ],
    )
    by_source = {p.source.id: p for p in polls}
    fresh = [(by_source[one.source.id], one.prepared) for one in recognised.fresh.values()]

    edited, trivial = histories.told_apart(tx, list(recognised.edited.values()))
    edited = [(known, _as_edited(prepared)) for known, prepared in edited]
    fuller = [
        (known, _as_edited(prepared) if known.revisions else prepared)
        for known, prepared in (*recognised.fuller.values(), *trivial)
    ]
    unedited = {known.id for known, _ in trivial}
    newcomers = [
        placing.Newcomer(source_id=p.source.id, post=new.post, first_seen_at=p.finished_at, said=new.said)
        for p, new in fresh
    ]
    reworded, near = placing.learn(tx, newcomers, parts.stories)
    changed_words = {known.id for known, _ in (*edited, *fuller)}
    near |= placing.forget(tx, changed_words, parts.stories)
    posts.revise(tx, edited, now=now)
    histories.note_edits(tx, edited, now=now)
    posts.complete(tx, fuller)
    plan = placing.plan(
        tx,
        newcomers,
        parts.stories,
        reworded=reworded | changed_words,
        again=near,
    )
    arrivals = [
        posts.Arrival(
            source=p.source,
            prepared=prepared,
            placement=placement,
            first_seen_at=p.finished_at,
            backlog=_is_backlog(p, prepared, backlog=parts.backlog),
        )
        for (p, prepared), placement in zip(fresh, plan.placements, strict=True)
    ]
    placing.carry_out(tx, plan, posts.add(tx, arrivals, now=now), now=now)
    recognition.remember(tx, recognised.aliases, now=now)
    histories.look_for_missing(tx, _looks(polls, recognised), now=now)

    recorded = []
    sources_due: list[tuple[Poll, datetime, int, int]] = []
    brought: defaultdict[int, list[posts.Arrival]] = defaultdict(list)
    for arrival in arrivals:
        brought[arrival.source.id].append(arrival)
    changes = Counter(
        source_id
        for (source_id, _), (known, _) in (*recognised.edited.items(), *recognised.fuller.items())
        if known.id not in unedited
    )
    for p in polls:
        arrived = brought[p.source.id]
        new, changed = len(arrived), changes[p.source.id]
        noted = _noted(p, recognised.notes(p.source.id))
        news = [arrival.prepared.post for arrival in arrived]
        before = Rhythm.from_bytes(p.memory.rhythm)
        drift = _drift(p, news, until=before.known_at)
        if new or changed:
            noted = replace(noted, outcome=Outcome.NEW)
        ahead = (estimate(Drift.from_bytes(drift)) if news else None) or timedelta()
        rhythm = learnt(before, noted, new=news, gap=bool(p.gap), ahead=ahead)
        answers, state, why = _health(p, new=new, parts=parts)
        memory = replace(p.memory, rhythm=rhythm.to_bytes(), drift=drift, answers=answers.to_bytes(), health=state)
        # What was brought is stored by now: whoever follows a whole round must not hold all of its posts.
        ended = replace(noted, memory=memory, reading=replace(noted.reading, posts=()) if noted.reading else None)
        due = next_poll_at(
            ended,
            pace=parts.pace,
            chance=parts.chance(),
            rhythm=rhythm,
            hints=replace(Hints.from_json(p.memory.hints), fresh_until=p.fresh_until),
            everything_failing=parts.everything_failing,
        )
        sources_due.append((ended, due, new, changed))
        change = _change(p, state, why)
        recorded.append(
            Recorded(
                poll=ended, new=new, changed=changed, change=change, lags=_lags(arrived, ahead=ahead, at=p.finished_at)
            )
        )
    sources.remember(tx, sources_due)
    health_changes.add(tx, [(each.poll.source.id, each.change) for each in recorded if each.change])
    return recorded


def _as_edited(prepared: Prepared) -> Prepared:
    """A post of which an earlier version is kept: a watch that asks for edits is found in it."""
    found = prepared.matches_if_edited
    return prepared if found is None else replace(prepared, matches=found, matches_if_edited=None)


def _health(p: Poll, *, new: int, parts: Parts) -> tuple[Answers, Health, str]:
    """How the source answers, the state it is in after this poll, and why."""
    answers = Answers.from_bytes(p.source.memory.answers)
    if p.outcome is not Outcome.POSTPONED:
        answers = health.learnt(answers, p, timeout=parts.timeout)
    state, why = health.judged(
        p.source.memory.health,
        p,
        new=new,
        answers=answers,
        timeout=parts.timeout,
        everything_failing=parts.everything_failing,
    )
    return answers, state, why


def _change(p: Poll, state: Health, why: str) -> HealthChange | None:
    """The change of state that a poll brought. That a new source can be read is what everybody expects."""
    before = p.source.memory.health
    if state is before or (before is Health.NEW and state is Health.FINE):
        return None
    return HealthChange(slug=p.source.slug, title=p.source.title, before=before, after=state, at=p.finished_at, why=why)


def _looks(polls: Sequence[Poll], recognised: recognition.Recognised) -> list[histories.Look]:
    """What pages show in contrast to the last time, where both were whole."""
    excused: defaultdict[int, set[str]] = defaultdict(set)
    for source_id, guid in (*recognised.edited, *recognised.fuller):
        excused[source_id].add(guid)
    for alias in recognised.aliases:
        excused[alias.source_id].add(alias.of)
    return [
        histories.Look(
            source_id=p.source.id,
            before=p.source.memory.seen,
            now=p.reading.seen,
            complete=p.source.kind == "telegram",
            excused=frozenset(excused[p.source.id]),
        )
        for p in polls
        if p.reading is not None and p.source.memory.seen and p.gap is None
    ]


def _drift(p: Poll, news: Sequence[Post], *, until: datetime | None) -> bytes:
    """How far the source's clock is off, with what this poll's new posts say of it. A page-back says nothing: what it
    brings was published before the last poll, at no one knows what distance from it. `until` is when that was."""
    stated = [post.stated_at for post in news if post.stated_at is not None]
    if not stated or until is None or not p.source.memory.polled_before:
        return p.memory.drift
    if p.gap or p.source.memory.backfill or p.memory.backfill:
        return p.memory.drift
    before = Drift.from_bytes(p.memory.drift)
    return observe(before, stated, polled_at=p.finished_at, previous_at=until).to_bytes()


def _noted(p: Poll, decisions: Sequence[str]) -> Poll:
    """A poll that says how posts were recognised, before anything else."""
    if not decisions or p.reading is None:
        return p
    return replace(p, reading=replace(p.reading, notes=(*decisions, *p.reading.notes)))


def _is_backlog(p: Poll, prepared: Prepared, *, backlog: timedelta) -> bool:
    """At a first poll the window is full of old posts: those, and undated ones, are no news to anybody."""
    if p.source.memory.polled_before:
        return False
    stated = prepared.post.stated_at
    return stated is None or stated < p.finished_at - backlog


def _lags(arrived: Sequence[posts.Arrival], *, ahead: timedelta, at: datetime) -> tuple[timedelta, ...]:
    """From publication to storage, of the posts that state a time of day; `ahead` is how fast their clock is."""
    stated = (arrival.prepared.post.stated_at for arrival in arrived if not arrival.backlog)
    return tuple(at - (moment - ahead) for moment in stated if moment is not None and has_time_of_day(moment))
