"""A program that takes webhooks, as somebody else would write it: it knows the secret and the specification, nothing
of this service."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from monitor.core.model import Clock
from monitor.demo.loopback import Handler, serving

TOLERANCE = timedelta(minutes=5)  # what Standard Webhooks advises against recorded requests that are played again


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A webhook that came, with what was sent to prove where from."""

    headers: Mapping[str, str]  # names in lower case
    body: bytes
    fault: str | None  # why it is not to be believed; None where signature and time are right

    @property
    def id(self) -> str:
        """The same for every attempt at one message."""
        return self.headers.get("webhook-id", "")

    @property
    def payload(self) -> Any:
        """What it says."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where webhooks go, and those that came."""

    url: str
    received: list[Received] = field(default_factory=list)


@contextmanager
def receiver(*, secret: str, clock: Clock) -> Iterator[Receiver]:
    """Takes webhooks until the context ends; those that it cannot believe are answered 401."""
    took: list[Received] = []

    class Answers(Handler):
        def do_POST(self) -> None:  # noqa: N802  (http.server's name)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault = fault_of(headers, body, secret=secret, clock=clock)
            took.append(Received(headers=headers, body=body, fault=fault))
            self.answer(204 if fault is None else 401)

    with serving(Answers) as address:
        yield Receiver(url=f"{address}/hooks/monitor", received=took)


def fault_of(headers: Mapping[str, str], body: bytes, *, secret: str, clock: Clock) -> str | None:
    """Why a webhook is not to be believed, None where it is (https://www.standardwebhooks.com, "Verifying webhooks").

    `secret` is "whsec_" and base64; names of headers are in lower case.
    """
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identity or not stamp.isdecimal():
        return "it has no id or no time"
    if abs(clock().timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return "its time is more than five minutes off"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{identity}.{stamp}.".encode() + body, "sha256")
    expected = "v1," + base64.b64encode(digest).decode()
    signatures = headers.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures):
        return "no signature fits"
    return None
