"""Chat over real sockets: Apprise's own plugins and incoming webhooks, against a server that keeps what it got."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.channels.chat import Chat, format_of, target, target_name
from monitor.core.errors import DeliveryError
from monitor.core.model import Content, Message
from monitor.core.pieces import split
from monitor.render import Renderer
from tests.channels.limits import keeps_to_the_limits, words_of
from tests.channels.messages import message
from tests.render.editions import full_day, long_day, quiet_day

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TEMPLATES = Path(__file__).parents[2] / "templates"


class Service:
    """Answers with each status in turn, the last one from then on."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses) or [200]
        self.bodies: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length: ")[1].split("\r\n")[0]) if "content-length: " in head else 0
            self.bodies.append(await reader.readexactly(length))
            status = HTTPStatus(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
            retry = "retry-after: 120\r\n" if status == 429 else ""
            writer.write(
                f"HTTP/1.1 {status} {status.phrase}\r\n{retry}content-type: application/json\r\n"
                "content-length: 2\r\nconnection: close\r\n\r\n{}".encode()
            )
            await writer.drain()
        finally:
            writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[int]:
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


def sent(service: Service, address: str, *messages: Message) -> list[object]:
    """What sending each message to the address, its {port} filled in, gave: a receipt's words or the error."""

    async def run() -> list[object]:
        async with service.serving() as port, httpx2.AsyncClient() as client:
            channel = Chat(targets={"desk": address.format(port=port)}, client=client, clock=lambda: NOW)
            results: list[object] = []
            for each in messages:
                try:
                    results.append((await channel.send(each)).detail)
                except DeliveryError as error:
                    results.append(error)
            return results

    return asyncio.run(run())


def chat(content: Content, **changes: object) -> Message:
    return message(channel="chat", recipient="desk", content=content, **changes)


def rendered(digest) -> Content:
    return Renderer(shipped=TEMPLATES).digest(digest, templates="chat")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("day", [full_day, quiet_day, long_day], ids=["full", "quiet", "long"])
def test_every_form_of_an_edition_is_whole_and_keeps_to_the_limits_of_its_service(day, language: str) -> None:
    digest = day(language=language)
    content = rendered(digest)
    stories = [item for section in digest.sections for item in section.items]
    titles = [item.lead.post.title[:60] for item in stories]
    assert all(title in content.text for title in titles)
    payload = content.payload or {}
    keeps_to_the_limits(payload)
    coverage = digest.coverage
    for form in ("text", "slack", "discord", "teams"):
        written = content.text if form == "text" else words_of(payload[form])
        flat = re.sub(r"[\\*]", "", written)
        assert all(title in flat for title in titles), form
        others = [voice.source_title for item in stories for voice in item.others[:6]]
        assert all(name in flat for name in others), form
        assert all(source.title in flat for source in coverage.failing[:20]), form
        assert all(event.sentence[:40] in flat for event in digest.ahead), form
        assert all(each.title[:40] in flat for each in digest.amended), form
        assert f"{coverage.checked}" in flat, form
        if not stories:
            assert ("Nothing new." if language == "en" else "Ничего нового") in flat, form


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_pieces_of_html_are_each_whole() -> None:
    content = rendered(long_day())
    pieces = split(content.html, limit=4000)
    assert len(pieces) > 3
    for piece in pieces:
        balance = _Balance()
        balance.feed(piece)
        assert balance.open == []
        assert len(piece) <= 4000


@given(st.text(alphabet="ab \n.ж上", max_size=400), st.integers(5, 60))
def test_splitting_loses_nothing_but_white_space(text: str, limit: int) -> None:
    pieces = split(text, limit=limit)
    assert all(0 < len(piece) <= limit for piece in pieces if text.strip())
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_an_edition_reaches_mattermost_by_apprise_in_pieces_that_it_takes() -> None:
    service = Service()
    [detail] = sent(service, "mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4", chat(rendered(long_day())))
    texts = [json.loads(body)["text"] for body in service.bodies]
    assert detail == f"{len(texts)} messages"
    assert len(texts) > 2
    assert all(len(text) <= 4000 for text in texts)
    assert "Coverage" in texts[-1]


def test_after_a_failure_in_the_middle_the_next_attempt_goes_on_there() -> None:
    service = Service(200, 200, 500, 200)
    address = "mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4"
    edition = rendered(long_day())
    [error] = sent(service, address, chat(edition))
    assert isinstance(error, DeliveryError)
    assert error.progress == 2
    assert "Mattermost did not take the message" in str(error)
    whole = Service()
    sent(whole, address, chat(edition))
    rest = Service()
    sent(rest, address, chat(edition, progress=2))
    assert rest.bodies == whole.bodies[2:]


def test_an_incoming_webhook_gets_messages_in_its_own_form() -> None:
    service = Service()
    content = rendered(full_day())
    number = len((content.payload or {})["slack"])
    told = f"{number} message{'s' if number > 1 else ''}"
    assert sent(service, "slack+http://127.0.0.1:{port}/services/T/B/X", chat(content)) == [told]
    assert [json.loads(body) for body in service.bodies] == (content.payload or {})["slack"]


@pytest.mark.parametrize(
    ("status", "says", "unwanted"),
    [(500, "answered 500: {}", False), (404, "answered 404", True), (429, "answered 429", False)],
)
def test_what_an_incoming_webhook_answers(status: int, says: str, unwanted: bool) -> None:
    [error] = sent(Service(status), "discord+http://127.0.0.1:{port}/api/webhooks/1/x", chat(rendered(full_day())))
    assert isinstance(error, DeliveryError)
    assert says in str(error)
    assert error.unwanted is unwanted
    assert (error.retry_at is not None) == (status == 429)


def test_a_target_that_is_not_there_is_said() -> None:
    [error] = sent(Service(), "json://127.0.0.1:{port}/", message(channel="chat", recipient="other"))
    assert "no chat target named 'other'" in str(error)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nosuch://x/y", "begins with 'nosuch' is none that Apprise understands"),
        ("teams2+https://example.org/x", "'teams2' has no messages of its own"),
        ("slack+https:///x", "has no host"),
    ],
)
def test_bad_addresses_are_explained_without_their_secret(address: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        target(address)
    assert says in str(caught.value)
    assert "/x" not in str(caught.value)


def test_names_of_targets() -> None:
    assert target_name(" duty-officer ") == "duty-officer"
    with pytest.raises(ValueError, match="cannot name a chat target") as caught:
        target_name("tgram://123456789:secret-token/42")
    assert "secret" not in str(caught.value)


def test_the_richest_form_that_a_service_takes() -> None:
    forms = {
        "tgram://123456789:abcdefg_hijklmnop/12315544": "html",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/": "markdown",
        "ntfy://localhost/topic": "text",
    }
    assert {address: format_of(target(address)).value for address in forms} == forms
