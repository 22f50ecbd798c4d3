"""A made-up digest with something in every place, by which templates are tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import cycle
from string import Formatter

from monitor.core.alerting import Alert, Kind, Told
from monitor.core.model import (
    Ahead,
    Alerts,
    Authority,
    Change,
    Coverage,
    Digest,
    DoubtfulSource,
    Evidence,
    Facet,
    FailingSource,
    Field,
    Health,
    HealthChange,
    Item,
    Match,
    Media,
    MissingPosts,
    Notices,
    Post,
    Priority,
    Schedule,
    Section,
    Source,
    StoredPost,
    Subscription,
    Tag,
    Voice,
    Watch,
)
from monitor.core.notices import KINDS, SENTENCES, notice

NAMES = {name for pattern in SENTENCES.values() for _, name, _, _ in Formatter().parse(pattern) if name}
AT = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


PAGES = ("leave", "rejoin", "unknown")
"""The pages of templates/web."""

SAMPLE_PAGE = {"title": "Sample", "recipient": "desk@example.org", "token": "t", "base": "", "back": True}


def samples(*, channel: str, language: str, templates_dir: str | None = None) -> tuple[Digest, ...]:
    """A full day, a quiet one, and notices alone: templates take another way for each."""
    full = sample(channel=channel, language=language)
    own = replace(full.subscription, templates_dir=templates_dir)
    quiet = replace(full, subscription=own, sections=(), labels={}, ahead=(), notices=())
    quiet = replace(quiet, coverage=replace(full.coverage, posts=0, selected=0, folded=0, stories=0, failing=()))
    only = replace(quiet, subscription=replace(own, notices=Notices.ONLY), notices=full.notices)
    return replace(full, subscription=own), quiet, only


def sample(*, channel: str, language: str) -> Digest:
    """One story under a watch and one under an organisation, with two voices, and trouble of every sort."""
    subscription = Subscription(
        slug="sample",
        title="Sample",
        channel=channel,
        recipients=("desk@example.org",),
        schedule=Schedule(timezone="UTC", times=(time(7, 30),)),
        language=language,
        send_empty=True,
    )
    sections = (
        Section(kind="watch", slug="talks", label="Talks", items=(_item(1),)),
        Section(kind="organisation", slug="osce", label="OSCE", items=(_item(2),)),
    )
    since = AT - timedelta(days=1)
    failing = FailingSource(slug="silent", title="Silent", error="the server did not answer", since=since)
    coverage = Coverage(
        since=since,
        until=AT,
        sources=2,
        checked=1,
        polls=96,
        failing=(failing,),
        posts=4,
        selected=4,
        folded=2,
        stories=2,
        silent=(DoubtfulSource(slug="quiet", title="Quiet", at=since),),
        gaps=(DoubtfulSource(slug="fast", title="Fast", at=AT),),
        changes=(
            HealthChange(
                slug="mfa", title="MFA", before=Health.FAILING, after=Health.FINE, at=AT, why="it answers again"
            ),
        ),
        missing=(MissingPosts(slug="mfa", title="MFA", never_seen=1, withdrawn=1),),
    )
    told = [
        notice(what, key=what, at=AT, kind=kind, subject="sample", **dict.fromkeys(NAMES, "sample"))
        for what, kind in zip(SENTENCES, cycle(KINDS), strict=False)
    ]
    return Digest(
        subscription=subscription,
        due_at=AT,
        compiled_at=AT,
        sections=sections,
        coverage=coverage,
        labels={"organisation:osce": "OSCE"},
        ahead=(
            Ahead(
                first=AT.date(),
                last=AT.date() + timedelta(days=1),
                sentence="The talks go on on 2 March.",
                words="2 March",
                story_id=1,
                title="Talks begin",
                url="https://mfa.example/1",
                source_title="Foreign Ministry",
                language="en",
            ),
        ),
        notices=tuple(told),
    )


def sample_alerts(*, channel: str, language: str) -> tuple[Alert, ...]:
    """An alert of each kind: templates take another way for each."""
    rules = Alerts(channel=channel, recipients=("desk@example.org",), language=language, most=1)
    watch = Watch(slug="talks", title="Talks", query="talks", priority=Priority.CRITICAL, alerts=rules)
    first, second = (_item(number).lead for number in (1, 2))
    words = first.matches[0].evidence
    new = Alert(watch=watch, kind=Kind.FOUND, at=AT)
    edits = (
        Told(stored=first, evidence=words, change=Change.ADDED),
        Told(stored=second, evidence=(), change=Change.REMOVED, before="Talks begin."),
        Told(stored=second, evidence=words, change=Change.WITHDRAWN),
    )
    low = replace(watch, priority=Priority.NORMAL, alerts=replace(rules, most=20))
    return (
        replace(new, told=(Told(stored=first, evidence=words, others=1), Told(stored=second, evidence=words))),
        replace(new, watch=low, told=(Told(stored=first, evidence=words),)),
        replace(new, watch=low, kind=Kind.EDITED, told=edits, follows="alert-talks", followed="Talks: Talks begin"),
        replace(new, kind=Kind.SPIKE, number=9, usual=0.8),
        replace(new, kind=Kind.SILENCE, since=AT - timedelta(days=2), sources=2, checked=1),
        replace(new, kind=Kind.SILENCE, sources=2, checked=2),
    )


def _item(number: int) -> Item:
    source = Source(
        slug="mfa", title="Foreign Ministry", kind="feed", url="https://mfa.example/rss", authority=Authority.PRIMARY
    )
    words = Evidence(field=Field.TITLE, offset=0, words="Talks", rule="phrase")
    tag = Tag(facet=Facet.ORGANISATION, slug="osce", main=True, weight=0.7, evidence=(words,))
    post = Post(
        guid=str(number),
        url=f"https://mfa.example/{number}",
        title="Talks begin",
        text="Talks begin in Vienna.\n\nThey go on tomorrow.",
        html="<p>Talks begin in Vienna.</p>",
        language="en",
        stated_at=AT - timedelta(hours=2),
        media=(Media(kind="photo", url="https://mfa.example/photo.jpg"),),
        content_hash=bytes(16),
        fingerprint=None,
    )
    lead = StoredPost(
        id=number,
        source=source,
        story_id=number,
        post=post,
        first_seen_at=AT - timedelta(hours=1),
        backlog=False,
        tags=(tag,),
        matches=(Match(watch="talks", evidence=(words,)),),
        revisions=1,
    )
    voice = Voice(
        post_id=number + 10,
        source_slug="agency",
        source_title="State Agency",
        authority=Authority.STATE_AGENCY,
        url=f"https://agency.example/{number}",
        at=AT - timedelta(minutes=30),
        lag=timedelta(minutes=90),
    )
    return Item(
        story_id=number, lead=lead, others=(voice,), tags=lead.tags, matches=lead.matches, at=AT - timedelta(hours=2)
    )
