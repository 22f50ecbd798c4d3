"""Webhooks against a real HTTP server, checked with the library that receivers use."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
import standardwebhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.channels import webhook
from monitor.channels.webhook import Webhook, WebhookOptions, body, recipient_url, retry_after, webhook_id
from monitor.core.errors import DeliveryError, SourceError
from monitor.core.model import Content
from monitor.core.signing import PrivateKey, SharedSecret, signing_key
from tests.channels.messages import message

NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
PAYLOAD = {"type": "digest.compiled", "version": 1, "data": {"title": "Заявление 上合 \u2028 </script>", "n": 1.5}}
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class Receiver:
    """Answers with what it is told to, in turn, and keeps what it got."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers) or [b"HTTP/1.1 204 No Content\r\n\r\n"]
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    async def talk(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
            headers = dict(line.lower().split(": ", 1) if 0 else self._header(line) for line in head[1:] if line)
            content = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((head[0], headers, content))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            writer.write(answer)
            await writer.drain()
            if answer.startswith(b"HTTP/1.1 200 OK\r\nslow"):
                await reader.read()  # until the client has had enough
        finally:
            writer.close()

    @staticmethod
    def _header(line: str) -> tuple[str, str]:
        name, _, value = line.partition(": ")
        return name.lower(), value

    @asynccontextmanager
    async def serving(self):
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


def answer(status: str, *headers: str, content: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"content-length: {len(content)}", "connection: close", "", ""]
    return "\r\n".join(lines).encode() + content


def posted(receiver: Receiver, *messages, secrets=None, clock=None, client=None, timeout=5.0):
    """What sending each message gave: a receipt or the error."""

    async def run():
        async with receiver.serving() as url, client or httpx2.AsyncClient(trust_env=False) as http:
            channel = Webhook(
                client=http, secrets=secrets or {"default": [NEW]}, clock=clock or (lambda: NOW), timeout=timeout
            )
            results = []
            for each in messages or (message(),):
                try:
                    results.append(await channel.send(replace(each, recipient=url, content=webhook_content())))
                except DeliveryError as error:
                    results.append(error)
            return results

    return asyncio.run(run())


def webhook_content() -> Content:
    return Content(subject="", payload=PAYLOAD)


def test_the_receivers_library_verifies_what_we_sign():
    receiver = Receiver(answer("200 OK", content=b"thanks"))
    (receipt,) = posted(receiver, clock=lambda: datetime.now(UTC))  # the library checks the time against its own clock
    assert receipt.detail == "200"
    ((request, headers, content),) = receiver.requests
    assert request == "POST /hook HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert standardwebhooks.Webhook(NEW).verify(content, headers) == PAYLOAD
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(OLD).verify(content, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(NEW).verify(content.replace(b"digest", b"forged"), headers)


def test_while_a_secret_is_replaced_both_verify():
    receiver = Receiver()
    posted(receiver, secrets={"default": [NEW, OLD]}, clock=lambda: datetime.now(UTC))
    ((_, headers, content),) = receiver.requests
    for secret in (NEW, OLD, NEW.removeprefix("whsec_")):
        assert standardwebhooks.Webhook(secret).verify(content, headers) == PAYLOAD


def test_a_retry_has_the_same_id_and_body_and_a_new_time():
    receiver = Receiver(answer("500 Oops"), answer("200 OK"))
    times = iter([NOW, NOW + timedelta(minutes=7)])
    failed, receipt = posted(receiver, message(), message(), clock=lambda: next(times))
    assert isinstance(failed, DeliveryError)
    assert receipt.detail == "200"
    (_, first, one), (_, second, two) = receiver.requests
    assert one == two
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 420


@pytest.mark.parametrize(
    ("given", "permanent", "wait", "says"),
    [
        (answer("410 Gone"), True, None, "410"),
        (answer("400 Bad Request", content=b"unknown\r\nfield"), False, None, "400: unknown field"),
        (answer("404 Not Found"), False, None, "404"),
        (answer("500 Oops", "retry-after: 60"), False, None, "500"),
        (answer("429 Slow down", "retry-after: 120"), False, timedelta(seconds=120), "429"),
        (answer("503 Busy", f"retry-after: {format_datetime(NOW + timedelta(hours=2), usegmt=True)}"), False,
         timedelta(hours=2), "503"),
        (answer("503 Busy", "retry-after: 99999999999999999999"), False, webhook.LONGEST_WAIT, "503"),
        (answer("429 Slow down", "retry-after: soon"), False, None, "429"),
        (answer("301 Moved", "location: https://elsewhere.example/"), False, None, "elsewhere.example"),
        (answer("304 Not Modified"), False, None, "304"),
    ],
)  # fmt: skip
def test_what_the_answer_decides(given, permanent, wait, says):
    receiver = Receiver(given)
    (error,) = posted(receiver)
    assert error.permanent is permanent
    assert error.retry_at == (None if wait is None else NOW + wait)
    assert says in str(error)
    assert "\n" not in str(error)
    assert len(receiver.requests) == 1  # a redirect is never followed


def test_a_receiver_that_drips_is_left_in_time():
    (error,) = posted(Receiver(b"HTTP/1.1 200 OK\r\nslow"), timeout=0.5)
    assert "within 0.5 s" in str(error)
    assert not error.permanent


def test_a_long_complaint_is_cut():
    (error,) = posted(Receiver(answer("500 Oops", content=b"x" * 5_000_000)))
    assert len(str(error)) < 300


def test_nobody_listening():
    async def run():
        async with Receiver().serving() as url:
            pass
        async with httpx2.AsyncClient(trust_env=False) as client:
            await Webhook(client=client, secrets={"default": [NEW]}, clock=lambda: NOW).send(message(recipient=url))

    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        asyncio.run(run())
    assert not caught.value.permanent


def test_what_the_clients_guard_refuses_is_a_failed_delivery():
    class Guard(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise SourceError(f"{request.url.host} is not a public address", reason="refused-address")

    receiver = Receiver()
    (error,) = posted(receiver, client=httpx2.AsyncClient(transport=Guard()))
    assert "is not a public address" in str(error)
    assert not receiver.requests


def test_never_unsigned():
    receiver = Receiver()
    (error,) = posted(receiver, message(options={"secret": "partner"}))
    assert "'partner'" in str(error)
    assert not receiver.requests
    posted(receiver, message(options={"secret": "partner"}), secrets={"partner": [OLD]})
    assert len(receiver.requests) == 1
    with pytest.raises(ValidationError, match="extra"):
        WebhookOptions(sekret="x")


def test_an_ed25519_key_signs_beside_a_secret_and_its_public_half_checks():
    private = "whsk_" + base64.b64encode(bytes(range(32))).decode()
    receiver = Receiver()
    [receipt] = posted(receiver, secrets={"default": [NEW, private]}, clock=lambda: datetime.now(UTC))
    _, headers, content = receiver.requests[0]
    shared, asymmetric = headers["webhook-signature"].split(" ")
    assert receipt.detail == "204"
    standardwebhooks.Webhook(NEW).verify(content, headers)
    key = signing_key(private)
    assert isinstance(key, PrivateKey)
    assert shared.startswith("v1,")
    version, _, signature = asymmetric.partition(",")
    assert version == "v1a"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public.removeprefix("whpk_")))
    public.verify(base64.b64decode(signature), signed)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), signed + b" ")


def test_keys_are_told_apart_by_how_they_begin():
    assert isinstance(signing_key(NEW), SharedSecret)
    with pytest.raises(ValueError, match="the private one begins with 'whsk_'"):
        signing_key("whpk_" + base64.b64encode(bytes(32)).decode())
    with pytest.raises(ValueError, match="an Ed25519 key has 32 bytes, this one has 31"):
        signing_key("whsk_" + base64.b64encode(bytes(31)).decode())


@pytest.mark.parametrize("bad", ["whsec_!!!", "whsec_", "whsec_" + base64.b64encode(b"short").decode(), "пароль"])
def test_a_bad_secret_is_refused_without_being_shown(bad):
    with pytest.raises(ValueError, match="webhook secret") as caught:
        signing_key(bad)
    assert bad.removeprefix("whsec_")[:4] not in str(caught.value) or bad == "whsec_"


def test_the_id_is_the_key_where_that_can_be_signed():
    assert webhook_id("digest:3:2026-11-23T06:00:00+00:00:7") == "digest:3:2026-11-23T06:00:00+00:00:7"
    for awkward in ("a.b", "key\r\nx: y", "ключ", "x" * 201, ""):
        assert webhook_id(awkward).startswith("msg_")
        assert webhook_id(awkward) == webhook_id(awkward)
    assert webhook_id("a.b") != webhook_id("a.c")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(alphabet=st.characters(exclude_categories=["Cs"])), JSON, max_size=5))
def test_a_body_is_the_same_bytes_in_any_order_of_keys(payload):
    shuffled = dict(reversed(payload.items()))
    assert body(payload) == body(shuffled)
    assert body(json.loads(body(payload))) == body(payload)


@pytest.mark.parametrize(
    ("value", "wait"),
    [(None, None), ("", None), ("0", 0), ("120", 120), ("-5", None), ("1.5", None), ("99999999", 86400),
     ("Mon, 23 Nov 2026 06:10:00 GMT", 600), ("Mon, 23 Nov 2020 06:10:00 GMT", 0), ("Mon, 99 Foo", None)],
)  # fmt: skip
def test_retry_after(value, wait):
    assert retry_after(value, now=NOW) == (None if wait is None else NOW + timedelta(seconds=wait))


@pytest.mark.parametrize("good", ["https://hooks.example.org/a?b=c", "http://[2001:db8::1]:8080/x"])
def test_good_addresses(good):
    assert recipient_url(f" {good} ") == good


@pytest.mark.parametrize(
    "bad",
    ["hooks.example.org", "ftp://example.org/", "https://", "https://u:p@example.org/", "https://example.org/#part",
     "https://example.org:99999/", "https://exam\nple.org/", "https://example.org/a b", "file:///etc/passwd", ""],
)  # fmt: skip
def test_bad_addresses_are_explained(bad):
    with pytest.raises(ValueError, match=r"address|#part"):
        recipient_url(bad)
