"""What an operator is told: one sentence for each sort of event, and the constructors that fill it.

The sentence is English, for commands and logs. Digests say the same in the reader's language, from the label
"notice_WHAT" and the same values; a test holds the English labels to the sentences here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core.model import Delivery, Health, HealthChange, Message, Notice, Recipient

KINDS = ("source", "delivery", "recipient", "template", "digest", "disk", "database", "service")
"""Of notices, as lists and payloads name them."""

SENTENCES = {
    "failing": "{title} cannot be read: {why}",
    "gone": "{title} is gone: {why}",
    "silent": "{title} is unusually silent: {why}",
    "recovered": "{title} is read again",
    "dead": "message {id} of {subscription} to {recipient} was given up: {why}; "
    "send it again with: monitor deliveries retry {id}, or dismiss it with: monitor deliveries cancel {id}",
    "disabled": "nothing is sent to {address} ({channel}) any more: {why}; "
    "enable it again with: monitor recipients enable {address}",
    "template": "a template of yours cannot be used, the shipped one stands in for it: {why}",
    "overdue": "the digest {subscription} was due {due} and is not compiled yet; see the log for the reason",
    "late": "the digest {subscription} was due {due} and compiled {compiled}: it covers the whole time",
    "disk": "the disk with {path} is nearly full: {free} of {total} are left",
    "database": "the database has trouble: {why}",
    "stumbled": "a round of the {loop} loop failed, the next one goes on: {why}",
}
"""Sort of event → its sentence, each {name} in it one of the notice's values."""

WHY_LIMIT = 400  # characters of a reason


def notice(what: str, *, key: str, at: datetime, kind: str, subject: str, **values: object) -> Notice:
    """A notice whose sentence is that of `what`, filled with `values`."""
    told = {name: _brief(str(value)) for name, value in values.items()}
    sentence = SENTENCES[what].format_map(told)
    return Notice(key=key, at=at, kind=kind, subject=subject, what=what, values=told, sentence=sentence)


TROUBLE = {Health.FAILING: "failing", Health.GONE: "gone", Health.SILENT: "silent"}


def of_change(change: HealthChange) -> Notice | None:
    """What is worth telling of a change of a source's state; None for what is not: new sources, slow answers."""
    what = TROUBLE.get(change.after) or ("recovered" if change.before in TROUBLE else None)
    if what is None:
        return None
    why = {} if what == "recovered" else {"why": change.why or "see monitor sources show"}
    return notice(
        what,
        key=change_key(change.id),
        at=change.at,
        kind="source",
        subject=change.slug,
        title=change.title,
        **why,
    )


def change_key(change_id: int) -> str:
    """The key of the notice of a stored change of a source's state."""
    return f"source:{change_id}"


def of_dead(message: Message, attempt: Delivery) -> Notice:
    """A message was given up."""
    return notice(
        "dead",
        key=f"dead:{message.id}:{attempt.attempt}:{attempt.finished_at.isoformat()}",
        at=attempt.finished_at,
        kind="delivery",
        subject=message.subscription_slug,
        id=message.id,
        subscription=message.subscription_slug,
        recipient=message.recipient,
        why=attempt.detail,
    )


def of_disabled(standing: Recipient, why: str, given_up: int, *, at: datetime) -> Notice:
    """Nothing is sent to an address any more; `given_up` messages that waited for it are kept as dead."""
    return notice(
        "disabled",
        key=f"disabled:{standing.channel}:{standing.address}:{at.isoformat()}",
        at=at,
        kind="recipient",
        subject=standing.address,
        address=standing.address,
        channel=standing.channel,
        why=f"{why} ({given_up} waiting kept as dead)" if given_up else why,
    )


def of_template(subject: str, why: str, *, at: datetime) -> Notice:
    """A template of the operator's could not be used: once a day while that lasts."""
    key = f"template:{_mark(why)}:{at:%Y-%m-%d}"
    return notice("template", key=key, at=at, kind="template", subject=subject, why=why)


def of_overdue(subscription: str, due_at: datetime, *, at: datetime) -> Notice:
    """A digest that is due was not compiled."""
    due = _moment(due_at)
    key = f"overdue:{subscription}:{due_at.isoformat()}"
    return notice("overdue", key=key, at=at, kind="digest", subject=subscription, subscription=subscription, due=due)


def of_late(subscription: str, due_at: datetime, *, at: datetime) -> Notice:
    """A digest was compiled long after it was due."""
    return notice(
        "late",
        key=f"late:{subscription}:{due_at.isoformat()}",
        at=at,
        kind="digest",
        subject=subscription,
        subscription=subscription,
        due=_moment(due_at),
        compiled=_moment(at),
    )


LEAST_BYTES, LEAST_SHARE = 2**30, 0.02


def nearly_full(*, free: int, total: int) -> bool:
    """Whether a disk with so many bytes left is one that an operator should look at: below 1 GiB, or 2 %."""
    return free < LEAST_BYTES or free < total * LEAST_SHARE


def of_disk(path: str, *, free: int, total: int, at: datetime) -> Notice:
    """A disk is nearly full: once a day while that lasts."""
    return notice(
        "disk",
        key=f"disk:{path}:{at:%Y-%m-%d}",
        at=at,
        kind="disk",
        subject=path,
        path=path,
        free=_size(free),
        total=_size(total),
    )


def of_database(why: str, *, at: datetime) -> Notice:
    """The database is damaged, or does not have the shape that it should have: once a day while that lasts."""
    return notice("database", key=f"database:{at:%Y-%m-%d}", at=at, kind="database", subject="database", why=why)


def of_stumble(loop: str, why: str, *, at: datetime) -> Notice:
    """A round of a loop ended with an error that nobody expected: once an hour for the same loop."""
    key = f"stumbled:{loop}:{at:%Y-%m-%dT%H}"
    return notice("stumbled", key=key, at=at, kind="service", subject=loop, loop=loop, why=why)


OVERDUE = timedelta(minutes=10)  # later than this a digest is overdue


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.0f} MiB"


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WHY_LIMIT else line[: WHY_LIMIT - 1].rstrip() + "…"


def _mark(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
