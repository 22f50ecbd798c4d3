"""The JSON body of a webhook. Its shape is a promise to programs, so it is code with a schema, not a template.

Documented in docs/webhooks.md and docs/schemas/webhook-digest.schema.json; `version` grows when a reader of the old
shape would misread the new one. New keys may appear at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.core.model import (
    Ahead,
    Amendment,
    Coverage,
    Digest,
    DoubtfulSource,
    Evidence,
    HealthChange,
    Item,
    Notice,
    Tag,
    Trend,
    Trends,
    Voice,
    Wording,
)

TYPE = "digest.compiled"
VERSION = 1


def payload(digest: Digest) -> dict[str, Any]:
    """`digest` as JSON values: times as RFC 3339 in UTC, durations in seconds, absent values as null."""
    subscription = digest.subscription
    return {
        "type": TYPE,
        "version": VERSION,
        "timestamp": _time(digest.compiled_at),
        "data": {
            "subscription": {
                "slug": subscription.slug,
                "title": subscription.title,
                "language": subscription.language,
                "timezone": subscription.schedule.timezone,
            },
            "due_at": _time(digest.due_at),
            "sections": [
                {
                    "kind": section.kind,
                    "slug": section.slug,
                    "label": section.label,
                    "stories": [_story(item, digest.labels) for item in section.items],
                }
                for section in digest.sections
            ],
            "ahead": [_ahead(event) for event in digest.ahead],
            "amended": [_amendment(each) for each in digest.amended],
            "trends": None if digest.trends is None else _trends(digest.trends),
            "page": digest.page or None,
            "notices": [_notice(notice) for notice in digest.notices],
            "coverage": _coverage(digest.coverage),
        },
    }


def _story(item: Item, labels: Mapping[str, str]) -> dict[str, Any]:
    lead = item.lead
    post, source = lead.post, lead.source
    return {
        "story_id": item.story_id,
        "post_id": lead.id,
        "title": post.title,
        "text": post.text,
        "url": post.url,
        "language": post.language,
        "at": _time(item.at),
        "stated_at": _time(post.stated_at),
        "first_seen_at": _time(lead.first_seen_at),
        "edited": post.edited or lead.revisions > 0,
        "forwarded_from": post.forwarded_from and {"name": post.forwarded_from.name, "link": post.forwarded_from.link},
        "source": {
            "slug": source.slug,
            "title": source.title,
            "authority": source.authority.value,
            "organisation": source.organisation,
            "country": source.country,
        },
        "others": [_voice(voice) for voice in item.others],
        "tags": [_tag(tag, labels) for tag in item.tags],
        "news": list(item.news),
        "edits": _edits(item.edits),
        "withdrawn_at": _time(item.withdrawn_at),
        "matches": [{"watch": match.watch, "evidence": _evidence(match.evidence)} for match in item.matches],
    }


def _edits(wordings: Iterable[Wording]) -> list[dict[str, Any]]:
    return [{"words": each.words, "was": each.was, "now": each.now} for each in wordings]


def _amendment(each: Amendment) -> dict[str, Any]:
    return {
        "post_id": each.post_id,
        "story_id": each.story_id,
        "fate": each.fate.value,
        "at": _time(each.at),
        "title": each.title,
        "url": each.url,
        "source": each.source_title,
        "edits": _edits(each.edits),
    }


def _trends(trends: Trends) -> dict[str, Any]:
    return {
        "since": _time(trends.since),
        "until": _time(trends.until),
        "days_known": trends.days,
        "total": _trend(trends.total),
        "tags": [{"facet": each.facet, "slug": each.slug, "label": each.label} | _trend(each) for each in trends.tags],
    }


def _trend(each: Trend) -> dict[str, Any]:
    usual = None if each.usual is None else round(each.usual, 1)
    return {"posts": each.posts, "usual": usual, "unusual": each.unusual}


def _ahead(event: Ahead) -> dict[str, Any]:
    return {
        "first": event.first.isoformat(),
        "last": event.last.isoformat(),
        "sentence": event.sentence,
        "words": event.words,
        "story_id": event.story_id,
        "title": event.title,
        "url": event.url,
        "source": event.source_title,
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "key": notice.key,
        "at": _time(notice.at),
        "kind": notice.kind,
        "subject": notice.subject,
        "what": notice.what,
        "values": dict(notice.values),
        "sentence": notice.sentence,
    }


def _voice(voice: Voice) -> dict[str, Any]:
    return {
        "post_id": voice.post_id,
        "source": {"slug": voice.source_slug, "title": voice.source_title, "authority": voice.authority.value},
        "url": voice.url,
        "at": _time(voice.at),
        "lag_seconds": round(voice.lag.total_seconds()),
    }


def _tag(tag: Tag, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "facet": tag.facet.value,
        "slug": tag.slug,
        "label": labels.get(f"{tag.facet.value}:{tag.slug}", tag.slug),
        "main": tag.main,
        "weight": round(tag.weight, 3),
        "evidence": _evidence(tag.evidence),
    }


def _evidence(evidence: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    return [
        {"field": piece.field.value, "offset": piece.offset, "words": piece.words, "rule": piece.rule}
        for piece in evidence
    ]


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "since": _time(coverage.since),
        "until": _time(coverage.until),
        "sources": coverage.sources,
        "checked": coverage.checked,
        "polls": coverage.polls,
        "failing": [
            {"slug": source.slug, "title": source.title, "error": source.error, "since": _time(source.since)}
            for source in coverage.failing
        ],
        "silent": [_doubtful(source) for source in coverage.silent],
        "gaps": [_doubtful(source) for source in coverage.gaps],
        "changes": [_change(change) for change in coverage.changes],
        "missing": [
            {"slug": m.slug, "title": m.title, "never_seen": m.never_seen, "withdrawn": m.withdrawn}
            for m in coverage.missing
        ],
        "posts": coverage.posts,
        "selected": coverage.selected,
        "folded": coverage.folded,
        "stories": coverage.stories,
    }


def _doubtful(source: DoubtfulSource) -> dict[str, Any]:
    return {"slug": source.slug, "title": source.title, "at": _time(source.at)}


def _change(change: HealthChange) -> dict[str, Any]:
    states = {"from": change.before.value, "to": change.after.value}
    return {"slug": change.slug, "title": change.title} | states | {"at": _time(change.at), "why": change.why}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
