"""Chat services: Slack, Teams, Discord and Mattermost, Telegram, Matrix, ntfy and whatever else Apprise knows.

A recipient is the name of a target in the service's settings, where the address with its secret is kept. Most targets
are Apprise addresses (github.com/caronc/apprise). Where Apprise would lose the layout, the incoming webhook of a
service can be used directly: slack+https://…, discord+https://…, teams+https://…

A long edition becomes several messages: it is split between stories, then between lines and words, never cut off.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2

from monitor.channels.channel import Options
from monitor.channels.webhook import retry_after
from monitor.core.errors import DeliveryError, SourceError
from monitor.core.model import Clock, Message, Receipt
from monitor.core.pieces import split

if TYPE_CHECKING:
    from apprise import NotifyBase

NATIVE = ("slack", "discord", "teams")
TIMEOUT = 30.0  # seconds for one message

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAG = re.compile(r"<[^<>]*>")
_ROOM = 40  # characters that a service may add


class ChatOptions(Options):
    """What a subscription may ask of its chat messages: nothing yet."""


class Chat:
    """Sends to named targets. `client` decides what addresses the direct ones may reach.

    `targets` maps a name to an address as the module says. ValueError, which never repeats an address, for one that is
    none.
    """

    name = "chat"
    templates = "chat"

    def __init__(self, *, targets: Mapping[str, str], client: httpx2.AsyncClient, clock: Clock) -> None:
        self._targets = {name: target(address) for name, address in targets.items()}
        self._client = client
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()  # Apprise says why it failed in a log that all its targets share

    async def send(self, message: Message) -> Receipt:
        """How many messages it became. What was sent before an error is not sent again with the next attempt."""
        ChatOptions.model_validate(dict(message.options))
        known = self._targets.get(message.recipient)
        if known is None:
            raise DeliveryError(f"no chat target named {message.recipient!r} is configured; see chat.targets")
        if isinstance(known, str):
            parts: Sequence[Any] = list((message.content.payload or {}).get(known.partition("+")[0], ()))
        else:
            parts = written_for(known, message)
        for number, part in enumerate(parts[message.progress :], start=message.progress):
            try:
                await (self._posted(known, part) if isinstance(known, str) else self._notified(known, part))
            except DeliveryError as error:
                error.progress = number
                raise
        return Receipt(detail=f"{len(parts)} message{'' if len(parts) == 1 else 's'}")

    async def _posted(self, address: str, payload: Any) -> None:
        url = address.partition("+")[2]
        where = urlsplit(url).netloc
        try:
            async with asyncio.timeout(TIMEOUT):
                response = await self._client.post(
                    url,
                    content=json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace"),
                    headers={"content-type": "application/json"},
                    follow_redirects=False,
                )
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise DeliveryError(f"{where} gave no answer within {TIMEOUT:g} s") from error
        except httpx2.HTTPError as error:
            said = " ".join(str(error).replace(url, where).split()) or type(error).__name__  # the path is the secret
            raise DeliveryError(f"{where} cannot be reached: {said[:200]}") from error
        except SourceError as error:
            raise DeliveryError(str(error), retry_at=error.retry_at) from error
        if response.is_success:
            return
        said = " ".join(response.text.split())[:200]
        raise DeliveryError(
            f"{where} answered {response.status_code}{': ' + said if said else ''}",
            unwanted=response.status_code in {404, 410},  # the webhook was deleted over there
            retry_at=retry_after(response.headers.get("retry-after"), now=self._clock()),
        )

    async def _notified(self, service: NotifyBase, body: str) -> None:
        from apprise import LogCapture, NotifyType, logging  # noqa: PLC0415 - see `target`

        def run() -> tuple[bool, str]:
            with LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
                done = service.notify(body=body, title="", notify_type=NotifyType.INFO, body_format=format_of(service))
                return bool(done), said.getvalue()

        async with self._one_at_a_time:
            done, said = await asyncio.to_thread(run)
        if not done:
            reason = " ".join(said.split())[:300] or "it did not say why"
            raise DeliveryError(f"{service.service_name} did not take the message: {reason}")


def target(address: str) -> str | NotifyBase:
    """An Apprise target, or the address itself where it is that of a direct one."""
    family, plus, url = address.partition("+")
    if plus and url.startswith(("https://", "http://")):
        if family not in NATIVE:
            raise ValueError(f"{family!r} has no messages of its own; expected {', '.join(NATIVE)}")
        if not urlsplit(url).hostname:
            raise ValueError(f"the address after {family}+ has no host")
        return address
    from apprise import Apprise  # noqa: PLC0415 - 0.3 s that only who chats should pay

    service = Apprise.instantiate(address, suppress_exceptions=True)
    if service is None:
        kind = address.partition(":")[0][:20]
        raise ValueError(
            f"an address that begins with {kind!r} is none that Apprise understands; expected one like "
            "tgram://TOKEN/CHAT, or slack+https://…, discord+https://…, teams+https://…"
        )
    return service


def target_name(text: str) -> str:
    """The name of a target, as subscriptions say it. ValueError for anything else, addresses among it."""
    name = text.strip()
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{text[:12]!r}{'…' if len(text) > 12 else ''} cannot name a chat target; expected the name of one in "
            "chat.targets, lower-case words joined by hyphens"
        )
    return name


def format_of(service: NotifyBase) -> Any:
    """The richest form that a service takes."""
    from apprise import NotifyFormat  # noqa: PLC0415 - see `target`

    stated: Any = service.notify_format  # one, or for newer plugins several
    known = stated if isinstance(stated, tuple) else (stated,)
    order = (NotifyFormat.HTML, NotifyFormat.MARKDOWN, NotifyFormat.TEXT)
    return next(each for each in order if each in known)


def written_for(service: NotifyBase, message: Message) -> list[str]:
    """The bodies of the messages that a service gets."""
    from apprise import NotifyFormat  # noqa: PLC0415 - see `target`

    limit = max(200, int(service.body_maxlen) - _ROOM)
    content, form = message.content, format_of(service)
    if form is NotifyFormat.HTML:
        return split(content.html, limit=limit, plain=_without_tags)
    if form is NotifyFormat.MARKDOWN:
        return split(str((content.payload or {}).get("markdown") or content.text), limit=limit)
    return split(content.text, limit=limit)


def _without_tags(markup: str) -> str:
    # What stands here again as text must not become markup: the service reads it as HTML all the same.
    return html.escape(html.unescape(_TAG.sub("", markup)), quote=False)
