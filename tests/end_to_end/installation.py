"""An operator's directory for the end-to-end tests: settings, sources, subscriptions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.world import SECRET, World

TAXONOMIES = {
    "organisations": [
        {"slug": "united-nations", "names": {"en": ["United Nations"]}, "acronyms": {"en": ["UN"]}},
        {
            "slug": "sco",
            "names": {"en": ["Shanghai Cooperation Organisation"]},
            "acronyms": {"en": ["SCO"], "ru": ["ШОС"]},
        },
    ],
    "regions": [{"slug": "central-asia", "names": {"en": ["Central Asia"]}, "countries": ["kz"]}],
    "countries": [{"code": "kz", "names": {"en": ["Kazakhstan"]}}],
}


@dataclass(frozen=True)
class Installation:
    """Files and environment of one service."""

    directory: Path
    environment: dict[str, str]


def installed(
    directory: Path,
    world: World,
    database_url: str,
    *,
    feeds: tuple[str, ...],
    smtp_port: int | None = None,
    mail: Sequence[str] = ("desk@example.org",),
    hooks: Sequence[str] | None = None,
) -> Installation:
    """A service that follows the named feeds, and e-mails and posts everything to the world's receivers, or others."""
    config = directory / "config"
    config.mkdir(parents=True)
    sources = [
        {
            "slug": name,
            "title": f"Source {name}",
            "kind": "feed",
            "url": world.url(name),
            "authority": "primary",
            "interval": "2m",
        }
        for name in feeds
    ]
    subscriptions = [
        {"slug": "by-mail", "title": "By mail", "channel": "email", "to": list(mail)},
        {"slug": "by-hook", "title": "By hook", "channel": "webhook", "to": list(hooks or [world.url("hook")])},
    ]
    schedule = {"schedule": {"daily": "07:30", "timezone": "Europe/Vienna"}}
    documents = TAXONOMIES | {
        "sources": sources,
        "subscriptions": [subscription | schedule for subscription in subscriptions],
        "watches": [{"slug": "grain", "title": "Grain", "query": '"grain deal" OR зерно'}],
    }
    for name, content in documents.items():
        (config / f"{name}.yaml").write_text(json.dumps({name: content}, ensure_ascii=False), encoding="utf-8")
    environment = {
        "MONITOR_PATHS__CONFIG": str(config),
        "MONITOR_PATHS__DATA": str(directory / "data"),
        "MONITOR_DATABASE__URL": database_url,
        "MONITOR_NETWORK__ALLOW": "127.0.0.0/8",
        "MONITOR_POLLING__TICK": "1s",
        "MONITOR_POLLING__WORKERS": "1",
        "MONITOR_POLLING__HOST_SPACING": "0s",  # every feed of the world lives on one host
        "MONITOR_POLLING__HOST_CONCURRENCY": "20",
        "MONITOR_DIGESTS__TICK": "1s",
        "MONITOR_DELIVERY__TICK": "1s",
        "MONITOR_DELIVERY__CLAIM": "2s",
        "MONITOR_SMTP__HOST": "127.0.0.1",
        "MONITOR_SMTP__PORT": str(smtp_port or world.smtp_port),
        "MONITOR_SMTP__SECURITY": "none",
        "MONITOR_SMTP__SENDER": "Monitor <monitor@example.org>",
        "MONITOR_WEBHOOK__SECRETS": SECRET,
        "MONITOR_WEBHOOK__ALLOW_PRIVATE": "true",
        "MONITOR_LOG__FORMAT": "json",
    }
    return Installation(directory=directory, environment=environment)
