"""Alerts to render, made of the stories of `editions`: what was found, what was edited, a spike, a silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.core.alerting import Alert, Kind, Told
from monitor.core.model import Alerts, Change, Item, Priority, Watch
from tests.render.editions import DUE, full_day, long_day

WATCHES = {
    "en": ("Grain and mediation", "The grain corridor will close on 1 December."),
    "ru": ("Зерно и посредничество", "Зерновой коридор закроется 1 декабря."),
}


def watch(language: str = "en", *, channel: str = "email", most: int = 20, priority: Priority = Priority.HIGH) -> Watch:
    rules = Alerts(channel=channel, recipients=("desk@example.org",), language=language, most=most)
    return Watch(slug="grain", title=WATCHES[language][0], query="grain", priority=priority, alerts=rules)


def told(item: Item, **given: object) -> Told:
    evidence = tuple(piece for match in item.matches for piece in match.evidence)
    return Told(stored=item.lead, evidence=evidence, **given)  # type: ignore[arg-type]


def stories(language: str = "en") -> list[Item]:
    return [item for section in full_day(language).sections for item in section.items]


def found(language: str = "en", **given: object) -> Alert:
    """Five stories in five languages, the first with others who repeated it."""
    several = stories(language)
    chosen = [several[number] for number in (0, 1, 5, 4, 3)]
    every = tuple(told(item, others=len(item.others)) for item in chosen)
    return Alert(watch=watch(language, **given), kind=Kind.FOUND, at=DUE, told=every)  # type: ignore[arg-type]


def edited(language: str = "en", **given: object) -> Alert:
    """One that now says it, one that no longer does, one that is not there any more; a follow-up."""
    several = stories(language)
    return Alert(
        watch=watch(language, **given),  # type: ignore[arg-type]
        kind=Kind.EDITED,
        at=DUE + timedelta(minutes=20),
        told=(
            told(several[1], change=Change.ADDED),
            replace(told(several[0], change=Change.REMOVED), evidence=(), before=WATCHES[language][1]),
            told(several[5], change=Change.WITHDRAWN),
        ),
        follows="alert-grain-found-20261123T060000000000Z",
        followed=f"{WATCHES[language][0]}: {several[0].lead.post.title}",
    )


def spike(language: str = "en", **given: object) -> Alert:
    return Alert(watch=watch(language, **given), kind=Kind.SPIKE, at=DUE, number=9, usual=0.83)  # type: ignore[arg-type]


def silence(language: str = "en", **given: object) -> Alert:
    since = DUE - timedelta(days=2)
    return Alert(
        watch=watch(language, **given),  # type: ignore[arg-type]
        kind=Kind.SILENCE,
        at=DUE,
        since=since,
        sources=38,
        checked=36,
    )


def many(number: int, **given: object) -> Alert:
    """So many stories at once."""
    items = [item for section in long_day(number, sections=1).sections for item in section.items]
    return Alert(watch=watch(**given), kind=Kind.FOUND, at=DUE, told=tuple(map(told, items)))  # type: ignore[arg-type]


EVERY = {"found": found, "edited": edited, "spike": spike, "silence": silence}
