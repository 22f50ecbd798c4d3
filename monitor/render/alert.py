"""What the alert templates see, and the JSON body of an alert's webhook (docs/webhooks.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.core.alerting import Alert, Kind, Told
from monitor.core.model import Change, Field, Priority
from monitor.render.edition import marked, web_address
from monitor.render.passages import Passage, Span, after_title, excerpt, whole
from monitor.render.results import sentence

TITLE_LIMIT = 220  # characters
BEFORE_LIMIT = 320
NAME_LIMIT = 80

TYPE = "watch.alerted"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One story."""

    title: Passage
    body: str
    body_start: int  # where the body goes on after the words of the title
    body_spans: tuple[Span, ...]
    url: str
    source: str
    authority: str
    language: str
    at: datetime
    change: Change | None
    before: str  # of an edit that took the words away: the sentence in which they stood
    others: int

    def excerpt(self, limit: int) -> Passage:
        """At most `limit` characters of the body around the matched words."""
        return excerpt(self.body, self.body_spans, limit=limit, start=self.body_start)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One alert, ready to be laid out. `due_at`, `zone` and `language` are what the filters ask for."""

    title: str
    product: str
    kind: Kind
    priority: Priority
    lines: tuple[Line, ...]  # all of them; `most` are shown in full
    most: int
    number: int
    usual: str
    since: datetime | None
    sources: int
    checked: int
    due_at: datetime
    zone: str
    language: str
    followed: str  # the subject of the alert that this one follows up on; "" where there is none
    unsubscribe: str  # stands for each recipient's own address; "" where there are no pages

    @property
    def hidden(self) -> int:
        """Stories beyond those shown in full."""
        return max(0, len(self.lines) - self.most)


def view(alert: Alert, *, product: str, untitled: str, unsubscribe: str = "") -> View:
    """Everything the templates need, each text cut to a length that a page can carry."""
    rules = alert.watch.alerts
    return View(
        title=whole(alert.watch.title or alert.watch.slug, limit=TITLE_LIMIT).text,
        product=product,
        kind=alert.kind,
        priority=alert.watch.priority,
        lines=tuple(_line(told, untitled=untitled) for told in alert.told),
        most=rules.most if rules else len(alert.told),
        number=alert.number,
        usual=f"{alert.usual:.1f}",
        since=alert.since,
        sources=alert.sources,
        checked=alert.checked,
        due_at=alert.at,
        zone=rules.timezone if rules else "UTC",
        language=rules.language if rules else "en",
        followed=alert.followed,
        unsubscribe=unsubscribe,
    )


def _line(told: Told, *, untitled: str) -> Line:
    stored, post = told.stored, told.stored.post
    return Line(
        title=whole(post.title, marked(post.title, Field.TITLE, told.evidence), limit=TITLE_LIMIT) or whole(untitled),
        body=post.text,
        body_start=after_title(post.text, post.title),
        body_spans=marked(post.text, Field.TEXT, told.evidence),
        url=web_address(post.url),
        source=whole(stored.source.title, limit=NAME_LIMIT).text,
        authority=stored.source.authority.value,
        language=post.language or "",
        at=stored.first_seen_at,
        change=told.change,
        before=whole(told.before, limit=BEFORE_LIMIT).text if told.before else "",
        others=told.others,
    )


def payload(alert: Alert) -> dict[str, Any]:
    """An alert as JSON values, every story in it: times as RFC 3339 in UTC, absent values as null."""
    return {
        "type": TYPE,
        "version": VERSION,
        "timestamp": _time(alert.at),
        "data": {
            "watch": {
                "slug": alert.watch.slug,
                "title": alert.watch.title,
                "query": alert.watch.query,
                "priority": alert.watch.priority.value,
            },
            "kind": alert.kind.value,
            "stories": [_story(told) for told in alert.told],
            "spike": {"number": alert.number, "usual": round(alert.usual, 2)} if alert.kind is Kind.SPIKE else None,
            "silence": {"since": _time(alert.since), "sources": alert.sources, "checked": alert.checked}
            if alert.kind is Kind.SILENCE
            else None,
        },
    }


def _story(told: Told) -> dict[str, Any]:
    stored, post, source = told.stored, told.stored.post, told.stored.source
    return {
        "story_id": stored.story_id,
        "post_id": stored.id,
        "title": post.title,
        "text": post.text,
        "url": post.url,
        "language": post.language,
        "first_seen_at": _time(stored.first_seen_at),
        "stated_at": _time(post.stated_at),
        "source": {"slug": source.slug, "title": source.title, "authority": source.authority.value},
        "others": told.others,
        "change": told.change.value if told.change else None,
        "before": told.before or None,
        "evidence": [
            {"field": each.field.value, "offset": each.offset, "words": each.words, "rule": each.rule}
            | {"sentence": sentence(stored, each)}
            for each in told.evidence
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
