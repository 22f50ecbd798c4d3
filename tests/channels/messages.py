"""Messages to deliver."""

from datetime import UTC, datetime
from typing import Any

from monitor.core.model import Content, Message

CREATED = datetime(2026, 11, 23, 6, 0, 4, tzinfo=UTC)


def message(**changes: Any) -> Message:
    values: dict[str, Any] = {
        "key": "digest:3:2026-11-23T06:00:00+00:00:desk@example.org",
        "channel": "email",
        "recipient": "desk@example.org",
        "content": Content(
            subject="Утренний обзор · 9 сюжетов",
            text="Joint statement — Заявление\n\n上合组织\n",
            html="<!doctype html><html><body><p>Заявление &amp; <b>上合组织</b></p></body></html>",
        ),
        "subscription_slug": "morning-brief",
        "created_at": CREATED,
    }
    return Message(**(values | changes))


def with_subject(subject: str) -> Message:
    return message(content=Content(subject=subject, text="text"))
