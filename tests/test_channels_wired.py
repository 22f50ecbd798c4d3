"""Channels as the service builds them from its settings: which addresses they may reach."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler

import pytest

from monitor import app
from monitor.core.errors import DeliveryError
from monitor.core.model import Content, Message
from monitor.settings import Settings
from tests.make import NOW
from tests.web_server import answering

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy1mb3ItdGhlLWhvb2s="


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def sent(channel: str, recipient: str, payload: dict[str, object], **environ: str) -> str:
    """What the receiver said, or why nothing was sent."""
    settings = Settings.load(None, {"MONITOR_WEBHOOK__SECRETS": SECRET} | environ)
    message = Message(key="k", channel=channel, recipient=recipient, content=Content(subject="s", payload=payload))

    async def story() -> str:
        async with app.channels(settings, clock=lambda: NOW) as built:
            try:
                return (await built[channel].send(message)).detail
            except DeliveryError as error:
                return str(error)

    return asyncio.run(story())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"])
def test_webhooks_reach_no_internal_address_unless_a_setting_says_so(host: str) -> None:
    with answering(Taking) as port:
        said = sent("webhook", f"http://{host}:{port}/", {})
        assert "not a public address" in said, said


def test_an_explicit_setting_opens_them() -> None:
    with answering(Taking) as port:
        here = f"http://127.0.0.1:{port}/"
        assert sent("webhook", here, {}, MONITOR_WEBHOOK__ALLOW_PRIVATE="true") == "204"
        assert sent("webhook", here, {}, MONITOR_NETWORK__ALLOW="127.0.0.0/8") == "204"
        chat = {"MONITOR_CHAT__TARGETS": f"desk:slack+{here}"}
        assert "not a public address" in sent("chat", "desk", {"slack": [{"text": "t"}]}, **chat)
        opened = {"MONITOR_NETWORK__ALLOW": "127.0.0.0/8"}
        assert sent("chat", "desk", {"slack": [{"text": "t"}]}, **chat, **opened) == "1 message"
