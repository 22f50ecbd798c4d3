"""A folder of .eml files: deliveries without any server, for trying out and for archives."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from monitor.channels.channel import Options
from monitor.channels.mime import email_message
from monitor.core.errors import DeliveryError
from monitor.core.mail import recipient_address
from monitor.core.model import Clock, Message, Receipt

_FOLDER = re.compile(r"\w(?:[\w @+.-]{0,98}[\w@+-])?")
_UNSAFE = re.compile(r"[^a-z0-9]+")


class MailboxOptions(Options):
    """The mailbox needs nothing from a subscription."""


class Mailbox:
    """Writes NAME.eml, and NAME.html beside it for a browser, into a folder per recipient below `folder`.

    The name is made from the message's time and key: a repeat overwrites its own file, so everything is there once.
    """

    name = "mailbox"
    templates = "email"

    def __init__(
        self,
        *,
        folder: Path,
        clock: Clock,
        sender: str = "Communiqué Monitor <monitor@localhost>",
        unsubscribe: Callable[[str], str] | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._sender = sender
        self._unsubscribe = unsubscribe

    async def send(self, message: Message) -> Receipt:
        """Where the .eml was written; it is on the disk when this returns."""
        MailboxOptions.model_validate(dict(message.options))
        try:
            folder = self._folder / recipient_folder(message.recipient)
        except ValueError as error:
            raise DeliveryError(str(error), permanent=True) from error
        date = message.created_at or self._clock()
        addressed = replace(message, recipient=_address(message.recipient))
        unsubscribe = self._unsubscribe(message.ticket) if self._unsubscribe and message.ticket else None
        email = email_message(
            addressed, sender=self._sender, date=date, unsubscribe=unsubscribe, answers=message.answers
        ).as_bytes()
        stem = file_stem(message)
        try:
            await asyncio.to_thread(_written, folder, stem, email, message.content.html.encode("utf-8", "replace"))
        except OSError as error:
            raise DeliveryError(f"cannot write to the mailbox {folder}: {error.strerror or error}") from error
        return Receipt(detail=f"written to {folder / stem}.eml")


def file_stem(message: Message) -> str:
    """ "20261123T060000Z-morning-brief-1f2e3d4c5b6a": when, which subscription, and the key's digest."""
    when = f"{message.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-" if message.created_at else ""
    slug = _UNSAFE.sub("-", message.subscription_slug.lower()).strip("-")[:60]
    digest = hashlib.sha256(message.key.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{when}{slug + '-' if slug else ''}{digest}"


def recipient_folder(text: str) -> str:
    """A recipient that is one folder's name, in every language. ValueError says what is wrong with anything else."""
    name = unicodedata.normalize("NFC", text.strip())
    if not _FOLDER.fullmatch(name) or ".." in name or len(name.encode()) > 200:
        raise ValueError(
            f"{text!r} cannot name a folder; expected letters, digits, spaces and . _ - @ +, beginning with a letter "
            "or digit"
        )
    return name


def _address(recipient: str) -> str:
    """The folder's name where it is an address, else one under a domain that can never exist (RFC 2606)."""
    try:
        return recipient_address(recipient)
    except ValueError:
        return f"{_UNSAFE.sub('-', recipient.lower()).strip('-')[:60] or 'reader'}@mailbox.invalid"


def _written(folder: Path, stem: str, email: bytes, html: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if html:
        _replaced(folder / f"{stem}.html", html)
    _replaced(folder / f"{stem}.eml", email)  # last: where the .eml is, everything is
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the names, too, must survive a power cut
    finally:
        os.close(descriptor)


def _replaced(path: Path, content: bytes) -> None:
    """All of `content` or the old file, never a half: written aside, flushed to the disk, then renamed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
