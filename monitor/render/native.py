"""Messages in the form of one chat service: blocks from a template, as many to a message as the service takes.

A template of templates/chat gives JSON objects, one after another: blocks of Slack, embeds of Discord, elements of a
Teams card. How many of them fit into a message is decided here. A block whose text is too long for the service becomes
several; nothing is cut off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.core.errors import ConfigError, Problem
from monitor.core.pieces import torn

Block = dict[str, Any]

_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
_MARKDOWN_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\((<[^<>]*>|[^()\s]*)\)")
_CARD = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4"}
_CARD_TYPE = "application/vnd.microsoft.card.adaptive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What one service takes."""

    blocks: int  # in a message
    size: int  # of all blocks of a message, as `measured`
    measured: Callable[[Block], int]
    parted: Callable[[Block], Iterator[Block]]  # a block in pieces that the service takes, nearly always one
    heads: Callable[[Block], bool]  # a heading: never the last of a message that others follow
    message: Callable[[Sequence[Block], str], Block]  # from blocks and the subject


def messages(family: str, name: str, filled: str, *, subject: str) -> list[Block]:
    """What the template `name` gave as messages of a family: one at least, though it be empty of blocks.

    `subject` stands where a service shows a line without opening the message. ConfigError for what are no blocks.
    """
    form = FAMILIES[family]
    pages: list[list[Block]] = [[]]
    for block in (part for whole in _blocks(name, filled) for part in form.parted(whole)):
        page = pages[-1]
        size = sum(map(form.measured, page)) + form.measured(block)
        if page and (len(page) >= form.blocks or size > form.size):
            moved = [page.pop()] if len(page) > 1 and form.heads(page[-1]) else []
            pages.append(moved)
        pages[-1].append(block)
    return [form.message(page, subject) for page in pages]


def _blocks(name: str, text: str) -> Iterator[Block]:
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError as error:
            here = text[at : at + 60].splitlines()[0]
            raise ConfigError([_problem(name, f"this template does not give JSON: {error}; at {here!r}")]) from error
        if not isinstance(value, dict):
            here = text[at:end][:60]
            raise ConfigError([_problem(name, f"this template gives {here!r}, which is no JSON object")])
        yield value
        at = end


def _problem(name: str, message: str) -> Problem:
    return Problem(file=name, line=None, path="", message=message)


# ── Slack: docs.slack.dev/reference/block-kit/blocks ───────────────────────────────────────────────────────

_SECTION = 3_000  # characters of a section's text


def _slack_size(block: Block) -> int:
    return len(json.dumps(block, ensure_ascii=False))


def _slack_parted(block: Block) -> Iterator[Block]:
    # A section has one text, a context one or several elements of which the shipped templates use one.
    kind, elements = block.get("type"), block.get("elements")
    text = block.get("text") if kind == "section" else elements[0] if kind == "context" and elements else None
    if not isinstance(text, dict) or len(str(text.get("text", ""))) <= _SECTION:
        yield block
        return
    loose = _LINK.sub(r"\2 \1", str(text["text"]))  # a link that is torn would be none
    for piece in torn(loose, _SECTION):
        part = text | {"text": piece}
        yield block | ({"text": part} if kind == "section" else {"elements": [part]})


def _slack_message(blocks: Sequence[Block], subject: str) -> Block:
    # Links are not unfurled: a preview of each would bury the message.
    message: Block = {"text": subject, "unfurl_links": False, "unfurl_media": False}
    return message | ({"blocks": list(blocks)} if blocks else {})


# ── Discord: docs.discord.com/developers/resources/message#embed-object-embed-limits ───────────────────────

_DESCRIPTION = 4_000  # characters, of 4,096


def _discord_size(embed: Block) -> int:
    author, footer = embed.get("author") or {}, embed.get("footer") or {}
    fields = [str(field.get(key, "")) for field in embed.get("fields") or [] for key in ("name", "value")]
    texts = (embed.get("title"), embed.get("description"), author.get("name"), footer.get("text"), *fields)
    return sum(len(str(text)) for text in texts if text)


def _discord_parted(embed: Block) -> Iterator[Block]:
    text = str(embed.get("description") or "")
    if len(text) <= _DESCRIPTION:
        yield embed
        return
    rest = {key: value for key, value in embed.items() if key == "color"}
    for number, piece in enumerate(torn(_MARKDOWN_LINK.sub(r"\1 \2", text), _DESCRIPTION)):
        yield (embed if number == 0 else rest) | {"description": piece}


def _discord_message(embeds: Sequence[Block], subject: str) -> Block:
    # A message needs some content; nobody is called by name through a title that says @everyone.
    message: Block = {"content": "" if embeds else subject[:2000], "allowed_mentions": {"parse": []}}
    return message | ({"embeds": list(embeds)} if embeds else {})


# ── Teams: learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using ─────

_ELEMENT = 8_000  # bytes of an element's text


def _teams_size(element: Block) -> int:
    return len(json.dumps(element, ensure_ascii=False).encode("utf-8", "replace")) + 2


def _teams_parted(element: Block) -> Iterator[Block]:
    text = element.get("text")
    if not isinstance(text, str) or len(text.encode("utf-8", "replace")) <= _ELEMENT:
        yield element
        return
    for piece in torn(_MARKDOWN_LINK.sub(r"\1 \2", text), _ELEMENT // 4):  # no character has more than four bytes
        yield element | {"text": piece}


def _teams_message(body: Sequence[Block], _subject: str) -> Block:
    card = _CARD | {"msteams": {"width": "Full"}, "body": list(body)}
    return {"type": "message", "attachments": [{"contentType": _CARD_TYPE, "content": card}]}


FAMILIES = {
    "slack": Family(
        blocks=50,
        size=15_000,
        measured=_slack_size,
        parted=_slack_parted,
        heads=lambda block: block.get("type") == "header",
        message=_slack_message,
    ),
    "discord": Family(
        blocks=10,
        size=6_000,
        measured=_discord_size,
        parted=_discord_parted,
        heads=lambda embed: not embed.get("description") and not embed.get("url"),
        message=_discord_message,
    ),
    "teams": Family(
        blocks=100,
        size=26_000,
        measured=_teams_size,
        parted=_teams_parted,
        heads=lambda element: element.get("weight") == "Bolder",
        message=_teams_message,
    ),
}
"""Chat services that get messages in a form of their own, rendered from templates/chat/*NAME.json.j2."""
