"""What chat services take, as their documentation says it, and what a reader sees of messages in their own form."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any


def keeps_to_the_limits(payload: Mapping[str, Any]) -> None:
    """Every message of every family is one that its service takes."""
    for message in payload["slack"]:
        assert message["text"]
        assert 0 < len(message["blocks"]) <= 50
        for block in message["blocks"]:
            text = block.get("text", {}).get("text")
            elements = [element["text"] for element in block.get("elements", ())]
            assert all(0 < len(each) <= 3000 for each in (*elements, *([text] if text is not None else ()))), block
            assert block["type"] != "header" or len(text) <= 150
    for message in payload["discord"]:
        assert message["content"] or message["embeds"]
        assert len(message["content"]) <= 2000
        assert len(message["embeds"]) <= 10
        assert sum(map(len, _embedded(message))) <= 6000
        for embed in message["embeds"]:
            assert len(embed.get("title", "")) <= 256
            assert len(embed.get("description", "")) <= 4096
            assert len(embed.get("author", {}).get("name", "")) <= 256
            assert len(embed.get("footer", {}).get("text", "")) <= 2048
            assert embed.get("title") or embed.get("description")
    for message in payload["teams"]:
        assert len(json.dumps(message, ensure_ascii=False).encode()) <= 28_000
        assert message["attachments"][0]["content"]["body"]


def words_of(messages: Any) -> str:
    """Everything that a reader of the messages sees."""
    return "\n".join(html.unescape(each) for each in _strings(messages))


def _embedded(message: Mapping[str, Any]) -> Iterator[str]:
    for embed in message["embeds"]:
        yield embed.get("title", "")
        yield embed.get("description", "")
        yield embed.get("author", {}).get("name", "")
        yield embed.get("footer", {}).get("text", "")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
