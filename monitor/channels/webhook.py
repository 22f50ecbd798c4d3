"""Webhooks signed as https://www.standardwebhooks.com asks: id, timestamp, and signatures over both and the body."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic import Field

from monitor.channels.channel import Options
from monitor.core.errors import DeliveryError, SourceError
from monitor.core.model import Clock, Message, Receipt
from monitor.core.signing import SigningKey, signed_content, signing_key

TIMEOUT = 15.0  # seconds for the whole exchange; the specification advises 15 to 30
LONGEST_WAIT = timedelta(days=1)  # a Retry-After beyond this is taken as this
SHOWN = 200  # characters of an answer's body that are kept

_PLAIN_ID = re.compile(r"[A-Za-z0-9_:+/@=-]{1,200}")
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f]+")


class WebhookOptions(Options):
    """What a subscription may ask of its webhooks."""

    secret: str = Field(default="default", description="name of the signing secret in the service's settings")
    ordered: bool = Field(
        default=False, description="no message before every earlier one to the same address is settled"
    )


class Webhook:
    """Posts JSON through `client`, which decides what addresses may be reached.

    `secrets` maps a name to the secrets that sign for it, newest first: several while one is being replaced, so that
    the receiver may check against either. They are written as `core.signing` says; ValueError for one that is not.
    """

    name = "webhook"
    templates = "webhook"

    def __init__(
        self,
        *,
        client: httpx2.AsyncClient,
        secrets: Mapping[str, Sequence[str]],
        clock: Clock,
        user_agent: str = "communique-monitor",
        timeout: float = TIMEOUT,
    ) -> None:
        self._client = client
        self._keys = {name: tuple(signing_key(secret) for secret in several) for name, several in secrets.items()}
        self._clock = clock
        self._user_agent = user_agent
        self._timeout = timeout

    async def send(self, message: Message) -> Receipt:
        """The status of a 2xx answer. Safe to repeat: id and body stay the same, only the timestamp is new."""
        name = WebhookOptions.model_validate(dict(message.options)).secret
        keys = self._keys.get(name)
        if not keys:
            raise DeliveryError(f"no webhook secret named {name!r} is configured; webhooks are never sent unsigned")
        content = body(message.content.payload)
        identity, now = webhook_id(message.key), self._clock()
        headers = {
            "content-type": "application/json",
            "user-agent": self._user_agent,
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature(keys, identity=identity, at=now, content=content),
        }
        status, answer, said = await self._posted(message.recipient, content, headers)
        return self._judged(status, answer, said, now=now)

    async def _posted(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, httpx2.Headers, str]:
        where = urlsplit(url).netloc or url
        try:
            # One deadline over everything: httpx2's own timeouts start again with every byte that drips in.
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    "POST", url, content=content, headers=headers, follow_redirects=False, timeout=self._timeout
                ) as response,
            ):
                said = b""
                if not response.is_success:
                    async for chunk in response.aiter_raw(1024):
                        said += chunk
                        if len(said) >= SHOWN * 4:
                            break
                return response.status_code, response.headers, _one_line(said.decode("utf-8", "replace"))
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise DeliveryError(f"{where} gave no full answer within {self._timeout:g} s") from error
        except httpx2.InvalidURL as error:
            raise DeliveryError(f"{url!r} is not an address that can be posted to: {error}", permanent=True) from error
        except httpx2.HTTPError as error:
            raise DeliveryError(
                f"{where} cannot be reached: {_one_line(str(error)) or type(error).__name__}"
            ) from error
        except SourceError as error:  # the client's guard refuses the address, or its name does not resolve
            raise DeliveryError(str(error), retry_at=error.retry_at) from error

    @staticmethod
    def _judged(status: int, headers: httpx2.Headers, said: str, *, now: datetime) -> Receipt:
        if 200 <= status < 300:
            return Receipt(detail=str(status))
        says = f": {said}" if said else ""
        if status == 410:
            raise DeliveryError(f"the receiver answered 410, it wants no more webhooks{says}", unwanted=True)
        if 300 <= status < 400:
            raise DeliveryError(
                f"the receiver answered {status}, a redirect to {_one_line(headers.get('location', 'nowhere'))}; "
                "webhooks are not redirected: set the recipient to the final address"
            )
        retry_at = retry_after(headers.get("retry-after"), now=now) if status in {429, 503} else None
        raise DeliveryError(f"the receiver answered {status}{says}", retry_at=retry_at)


def body(payload: Mapping[str, Any] | None) -> bytes:
    """`payload` as JSON, the same bytes whatever order a database gives its keys back in."""
    text = json.dumps(payload or {}, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace")  # a lone surrogate would make the body no UTF-8 at all


def webhook_id(key: str) -> str:
    """The webhook-id of the message with this key: the key where it fits into a header, else a digest of it.

    A full stop does not fit: it separates the id from the timestamp in what is signed.
    """
    return key if _PLAIN_ID.fullmatch(key) else "msg_" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:40]


def signature(keys: Sequence[SigningKey], *, identity: str, at: datetime, content: bytes) -> str:
    """The webhook-signature header: one signature a key, separated by spaces."""
    signed = signed_content(identity=identity, at=at, content=content)
    return " ".join(key.signature(signed) for key in keys)


def retry_after(value: str | None, *, now: datetime) -> datetime | None:
    """When to come back (RFC 9110, 10.2.3), from seconds or a date: at most LONGEST_WAIT ahead; None if unreadable."""
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    else:
        try:
            named = parsedate_to_datetime(text)
        except (ValueError, IndexError, OverflowError):
            return None
        wait = (named if named.tzinfo else named.replace(tzinfo=UTC)) - now
    return now + min(max(wait, timedelta()), LONGEST_WAIT)


def recipient_url(text: str) -> str:
    """An address that can be posted to. ValueError says what is wrong with anything else."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not an address: {error}") from error
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0 or _CONTROLS.search(url):
        raise ValueError(f"{text!r} is not an address; expected one like https://hooks.example.org/monitor")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address holds a username or password, which would be shown in tables and logs; remove it")
    if parts.fragment:
        raise ValueError(f"{text!r} ends in #{parts.fragment}, which is never sent; remove it")
    return url


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()[:SHOWN]
