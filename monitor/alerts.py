"""The alert loop: watch due → what it found → when to speak → render → messages, and what they told.

Read `alert_due` first. As with digests, reading and rendering happen before the transaction, which then only checks
that nobody else settled this watch meanwhile. When a watch is looked at next is a column: a restart loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from monitor.channels import CHANNELS
from monitor.core.alerting import (
    HISTORY_WEEKS,
    SPIKE_REST,
    SPIKE_WINDOW,
    Alert,
    Kind,
    Told,
    alert_key,
    enough_since,
    is_spike,
    timing,
    usual_number,
)
from monitor.core.matching import evidence_for
from monitor.core.model import Alerts, Change, Clock, Printed, StoredPost, Watch
from monitor.core.notices import of_template
from monitor.core.query import Query
from monitor.core.subject import subject_of
from monitor.core.text import sentence_around, sentence_ends
from monitor.core.watches import queries_of
from monitor.logs import get_logger
from monitor.store import alerts, digests, notices, outbox, tickets, watches
from monitor.store.alerts import FOUND, Edit, Standing
from monitor.store.database import Database, Transaction

log = get_logger()

MARGIN = timedelta(days=1)  # how far back is looked for what was not told, beyond what waits by rule

Render = Callable[[Alert], Awaitable[Printed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop is built from."""

    database: Database
    render: Render
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is to be done for one due watch: what is sent, what is settled by it, and how the watch then stands."""

    standing: Standing
    alerts: tuple[Alert, ...]
    settled: tuple[tuple[StoredPost, str], ...]
    changes: dict[str, Any]
    threads: Mapping[int, str] = field(default_factory=dict)  # stories told before → the alert that did so first


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """What became of one due watch."""

    watch: Watch
    alerts: tuple[Alert, ...]
    messages: int


async def alert_due(parts: Parts) -> list[Alerted]:
    """Look at every watch whose alerts are due. Gives those that had something to say."""
    now = parts.clock()
    due = await parts.database.read(lambda tx: alerts.due(tx, now=now))
    spoken = []
    for standing in due:
        try:
            done = await alert_one(parts, standing)
        except Exception:
            # One watch's bug must not cost the others their alerts; it stays due and is tried again at the next tick.
            log.exception("alert-bug", watch=standing.watch.slug)
            continue
        if done is not None and done.alerts:
            spoken.append(done)
    return spoken


async def alert_one(parts: Parts, standing: Standing) -> Alerted | None:
    """Look at one watch. None where another process was faster."""
    now = parts.clock()
    outcome = await parts.database.read(lambda tx: decide(tx, standing, now=now))
    if not _changes_anything(outcome, now=now):
        return None
    printed = await _printed(parts, outcome.alerts)
    messages = await parts.database.write(lambda tx: settle(tx, outcome, printed, now=now))
    if messages is None:
        return None
    for alert in outcome.alerts:
        log.info("alerted", watch=standing.watch.slug, kind=alert.kind.value, stories=len(alert.told))
    return Alerted(watch=standing.watch, alerts=outcome.alerts, messages=messages)


async def _printed(parts: Parts, alerts: Sequence[Alert]) -> list[Printed]:
    """Each alert rendered, in order: one that follows up on another of the same moment takes up its subject."""
    subjects: dict[str, str] = {}
    printed = []
    for each in alerts:
        alert = replace(each, followed=subjects.get(each.follows, each.followed))
        printed.append(await parts.render(alert))
        subjects[alert_key(alert)] = printed[-1].content.subject
    return printed


def decide(tx: Transaction, standing: Standing, *, now: datetime) -> Outcome:
    """What a watch has to say now. Reads only."""
    rules = _rules(standing)
    when = timing(rules, standing.watch.priority, last_alert_at=standing.last_alert_at, now=now)
    changes: dict[str, Any] = {"next_due_at": when.again_at, "since_at": _kept_since(standing, rules, now=now)}
    if not when.speak and not when.drop:
        return Outcome(standing=standing, alerts=(), settled=(), changes=changes | {"since_at": standing.since_at})
    found, settled = _found(tx, standing, now=now)
    edited, settled_edits = _edited(tx, standing, now=now) if rules.edits else ((), ())
    settled += settled_edits
    found, edited = _each_once(found, edited)
    if when.drop:
        everything = tuple((each, FOUND) for each in alerts.untold(tx, standing, until=now))
        return Outcome(standing=standing, alerts=(), settled=everything + settled_edits, changes=changes)
    spoken: list[Alert] = []
    if found:
        spoken.append(Alert(watch=standing.watch, kind=Kind.FOUND, at=now, told=found))
    threads = alerts.first_told(tx, standing.watch, (told.stored.story_id for told in (*found, *edited)))
    spoken += _edits_by_thread(tx, standing, edited, threads, spoken, now=now)
    if spike := _spike(tx, standing, now=now):
        spoken.append(spike)
        changes["spike_at"] = now
    if silence := _silence(tx, standing, now=now):
        spoken.append(silence)
        changes["silence_at"] = now
    if spoken:
        changes["last_alert_at"] = now
    return Outcome(standing=standing, alerts=tuple(spoken), settled=settled, changes=changes, threads=threads)


def _each_once(found: Sequence[Told], edited: Sequence[Told]) -> tuple[tuple[Told, ...], tuple[Told, ...]]:
    """An edit that brought the words makes the post one that was found: it is told as such, with what the edit did."""
    added = {told.stored.id: told for told in edited if told.change is Change.ADDED}
    new = tuple(replace(told, change=Change.ADDED) if told.stored.id in added else told for told in found)
    said = {told.stored.id for told in new if told.change is Change.ADDED}
    return new, tuple(told for told in edited if told.change is not Change.ADDED or told.stored.id not in said)


def _edits_by_thread(
    tx: Transaction,
    standing: Standing,
    edited: Sequence[Told],
    before: Mapping[int, str],
    spoken: Sequence[Alert],
    *,
    now: datetime,
) -> list[Alert]:
    """Alerts of edits: where messages stand in threads, one for each alert that told of the stories first."""
    if not edited:
        return []
    rules, new = _rules(standing), Alert(watch=standing.watch, kind=Kind.EDITED, at=now)
    if not CHANNELS[rules.channel].threads:
        return [replace(new, told=tuple(edited))]
    first = {told.stored.story_id: alert_key(alert) for alert in spoken for told in alert.told} | dict(before)
    groups: defaultdict[str, list[Told]] = defaultdict(list)
    for told in edited:
        groups[first.get(told.stored.story_id, "")].append(told)
    return [
        replace(
            new,
            told=tuple(together),
            follows=key,
            followed=outbox.subject_of(tx, [message_key(key, each) for each in rules.recipients]) if key else "",
        )
        for key, together in groups.items()
    ]


def _changes_anything(outcome: Outcome, *, now: datetime) -> bool:
    """A watch that is due at every tick and found nothing is not written anew each time."""
    if outcome.alerts or outcome.settled or outcome.changes["next_due_at"] > now:
        return True
    return bool(outcome.changes["since_at"] - outcome.standing.since_at > timedelta(hours=1))


def settle(tx: Transaction, outcome: Outcome, printed: Sequence[Printed], *, now: datetime) -> int | None:
    """Move the watch on, record what was told, and put the messages into the outbox: all or nothing.

    Gives how many messages; None, with nothing changed, where another process settled this watch first.
    """
    standing, watch = outcome.standing, outcome.standing.watch
    if not alerts.advance(tx, standing, **outcome.changes):
        return None
    first: dict[int, str] = {}
    for alert in outcome.alerts:
        for told in alert.told:
            first.setdefault(told.stored.story_id, alert.follows or alert_key(alert))
    alerts.record(tx, watch, outcome.settled, by_story=first | dict(outcome.threads), now=now)
    rules = _rules(standing)
    gone = tickets.left_alerts(tx, watch.id)
    staying = [recipient for recipient in rules.recipients if recipient not in gone]
    tokens = tickets.issued_for_alerts(tx, watch.id, recipients=staying, now=now) if outcome.alerts else {}
    for alert, each in zip(outcome.alerts, printed, strict=True):
        for trouble in each.troubles:
            notices.add(tx, of_template(watch.slug, trouble, at=now))
        outbox.add(
            tx,
            each.content,
            keys=[(message_key(alert_key(alert), recipient), recipient) for recipient in staying],
            channel=rules.channel,
            options=dict(rules.options),
            tickets=tokens,
            answers=_answers(tx, alert, staying),
            watch_id=watch.id,
            now=now,
        )
    return len(outcome.alerts) * len(staying)


def _answers(tx: Transaction, alert: Alert, recipients: Sequence[str]) -> dict[str, str]:
    """For each recipient the message that this alert follows up on: not for those who were never sent one."""
    if not alert.follows:
        return {}
    first = {recipient: message_key(alert.follows, recipient) for recipient in recipients}
    there = outbox.there(tx, first.values())
    return {recipient: key for recipient, key in first.items() if key in there}


def message_key(alert: str, recipient: str) -> str:
    """The same for every attempt and every process: what makes a repeat recognisable at the receiver's.

    `alert` is as `core.alerting.alert_key` writes it.
    """
    return f"{alert}-{blake2b(recipient.encode(), digest_size=6).hexdigest()}"


def _rules(standing: Standing) -> Alerts:
    if standing.watch.alerts is None:
        raise ValueError(f"{standing.watch.slug} has no alerts")
    return standing.watch.alerts


def _kept_since(standing: Standing, rules: Alerts, *, now: datetime) -> datetime:
    """How far back the next look reaches: never before the watch began, and no further than anything can wait."""
    return max(standing.since_at, now - MARGIN - 2 * rules.within - rules.cooldown - rules.every)


# ── what there is to tell ──────────────────────────────────────────────────────────────────────────────────


def _found(
    tx: Transaction, standing: Standing, *, now: datetime
) -> tuple[tuple[Told, ...], tuple[tuple[StoredPost, str], ...]]:
    """New stories, and the posts that are settled by telling them: also later voices of stories told before."""
    rules = _rules(standing)
    new = alerts.untold(tx, standing, until=now)
    known = alerts.stories_told(tx, standing.watch, (stored.story_id for stored in new))
    late = tuple((stored, FOUND) for stored in new if stored.story_id in known)
    by_story: defaultdict[int, list[StoredPost]] = defaultdict(list)
    for stored in new:
        if stored.story_id not in known:
            by_story[stored.story_id].append(stored)
    times = [members[0].first_seen_at for members in by_story.values()]
    if rules.stories > 1:
        told_at = alerts.told_since(tx, standing.watch, since=min(times, default=now) - rules.within)
        start = enough_since(times, told_at, stories=rules.stories, within=rules.within)
        if start is None:
            return (), late
        by_story = defaultdict(list, {id_: m for id_, m in by_story.items() if m[0].first_seen_at >= start})
    told = tuple(
        Told(stored=members[0], evidence=_evidence(members[0], standing.watch), others=len(members) - 1)
        for members in by_story.values()
    )
    settled = tuple((stored, FOUND) for members in by_story.values() for stored in members)
    return told, late + settled


def _evidence(stored: StoredPost, watch: Watch) -> Any:
    return next((match.evidence for match in stored.matches if match.watch == watch.slug), ())


def _edited(
    tx: Transaction, standing: Standing, *, now: datetime
) -> tuple[tuple[Told, ...], tuple[tuple[StoredPost, str], ...]]:
    """Edits by which the watch is found where it was not, or no more; withdrawals of what it was found in."""
    rules = _rules(standing)
    noticed = alerts.edits(tx, standing, until=now)
    if not noticed:
        return (), ()
    query = queries_of(watches.every(tx))[0].get(standing.watch.slug)
    if query is None:  # a list that it names went away
        return (), ()
    told = [each for edit in noticed if (each := _change(query, edit, now=now)) and each.change in rules.edits]
    brought = tuple((each.stored, FOUND) for each in told if each.change is Change.ADDED)
    return tuple(told), tuple((edit.stored, edit.reason) for edit in noticed) + brought


def _change(query: Query, edit: Edit, *, now: datetime) -> Told | None:
    stored = edit.stored
    before = replace(stored, post=replace(stored.post, edited=False)) if edit.first and not edit.withdrawn else stored
    was = _evidence_in(query, before, edit.title, edit.text, edited=not edit.first, now=now)
    if edit.withdrawn:
        return Told(stored=stored, evidence=was, change=Change.WITHDRAWN) if was is not None else None
    is_now = _evidence_in(query, stored, edit.next_title, edit.next_text, edited=True, now=now)
    if was is None and is_now is not None:
        return Told(stored=stored, evidence=is_now, change=Change.ADDED)
    if was is not None and is_now is None:
        return Told(stored=stored, evidence=(), change=Change.REMOVED, before=_said(edit, was))
    return None


def _evidence_in(query: Query, stored: StoredPost, title: str, text: str, *, edited: bool, now: datetime) -> Any:
    subject = subject_of(
        replace(stored.post, title=title, text=text),
        stored.source,
        stored.tags,
        seen_at=stored.first_seen_at,
        now=now,
        edited=edited,
    )
    return evidence_for(query, subject)


def _said(edit: Edit, evidence: Any) -> str:
    """The sentence in which the words stood that are no more."""
    for each in evidence:
        whole = {"title": edit.title, "text": edit.text}.get(each.field.value)
        if whole is not None:
            start, end = sentence_around(sentence_ends(whole), len(whole), each.offset, each.offset + len(each.words))
            return " ".join(whole[start:end].split())
    return ""


def _spike(tx: Transaction, standing: Standing, *, now: datetime) -> Alert | None:
    sensitivity = _rules(standing).spike
    if sensitivity is None or (standing.spike_at is not None and now - standing.spike_at < SPIKE_REST):
        return None
    since = max(standing.created_at, now - timedelta(weeks=HISTORY_WEEKS))
    times = alerts.found_at(tx, standing.watch, since=since)
    number = sum(at > now - SPIKE_WINDOW for at in times)
    usual = usual_number(times, now=now, since=since) if number else None
    if usual is None or not is_spike(number, usual, sensitivity):
        return None
    return Alert(watch=standing.watch, kind=Kind.SPIKE, at=now, number=number, usual=usual)


def _silence(tx: Transaction, standing: Standing, *, now: datetime) -> Alert | None:
    longest = _rules(standing).silence
    if longest is None:
        return None
    last = alerts.last_found_at(tx, standing.watch)
    start = max(last, standing.created_at) if last is not None else standing.created_at
    if now - start < longest or (standing.silence_at is not None and standing.silence_at >= start):
        return None
    covered = digests.coverage(tx, since=now - longest, until=now, selected=0, folded=0, stories=0)
    return Alert(
        watch=standing.watch,
        kind=Kind.SILENCE,
        at=now,
        since=last,
        sources=covered.sources,
        checked=covered.checked,
    )
