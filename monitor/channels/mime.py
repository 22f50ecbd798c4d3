"""A message as an email (RFC 5322), for every channel that hands over emails.

The headers are exactly these, and nothing that a source wrote can add another:

    From, To, Subject, Date, Message-ID, List-Id (RFC 2919), Auto-Submitted (RFC 3834), Precedence, MIME-Version,
    Content-Type; Reply-To where the subscription asks for one; In-Reply-To and References where a message follows up
    on another; List-Unsubscribe (RFC 2369) where readers can reach the service, and List-Unsubscribe-Post (RFC 8058)
    where they do so over TLS
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from monitor.core.mail import UNSUBSCRIBE_HERE, encodable, header_text, recipient_address, sender_parts
from monitor.core.model import Message

SUBJECT_LIMIT = 200  # characters

_SLUG = re.compile(r"[^a-z0-9-]+")

_ENCODED_AT_ONCE = 42  # bytes in one encoded word, which has 75 characters at most (RFC 2047, 2)


_UNFOLDED = frozenset({"Message-ID", "In-Reply-To", "References", "List-Id", "List-Unsubscribe"})  # ASCII, made by us


class _Policy(EmailPolicy):
    """Writes a subject outside ASCII as encoded words all along.

    The library encodes only what it must and loses or adds spaces where an encoded word meets a plain one. Ids and
    addresses in angle brackets stay on one line: of long ones it makes encoded words, which nobody reads there.
    """

    def fold(self, name: str, value: Any) -> str:
        """A header as lines."""
        text = str(value)
        if name in _UNFOLDED:
            return f"{name}: {text}{self.linesep}"
        if name != "Subject" or text.isascii():
            folded: str = super().fold(name, value)
            return folded
        return f"{name}: " + f"{self.linesep} ".join(_encoded_words(text)) + self.linesep

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same as bytes."""
        if name not in _UNFOLDED and (name != "Subject" or str(value).isascii()):
            folded: bytes = super().fold_binary(name, value)
            return folded
        return self.fold(name, value).encode("ascii")


# 7bit: bodies are encoded to ASCII, so that no relay on the way has to know 8BITMIME (RFC 6152).
_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


def _encoded_words(text: str) -> Iterator[str]:
    """Encoded words (RFC 2047), none of which cuts a character in two; white space between them is not shown."""
    word = b""
    for character in text:
        encoded = character.encode()
        if len(word) + len(encoded) > _ENCODED_AT_ONCE:
            yield f"=?utf-8?b?{base64.b64encode(word).decode()}?="
            word = b""
        word += encoded
    yield f"=?utf-8?b?{base64.b64encode(word).decode()}?="


def email_message(
    message: Message,
    *,
    sender: str,
    date: datetime,
    reply_to: str | None = None,
    unsubscribe: str | None = None,
    answers: str | None = None,
) -> EmailMessage:
    """`message` with its text and, where there is one, its HTML as alternatives.

    `sender` is an address with or without a name; `date` is aware. `unsubscribe` is the address at which a POST ends
    the subscription (RFC 8058); wherever the bodies say `UNSUBSCRIBE_HERE` it stands instead. `answers` is the key of
    the message that this one follows up on. The same message always gets the same Message-ID, so that a receiver
    recognises a repeat. Raises ValueError for an address that cannot be written in a header.
    """
    name, address = sender_parts(sender)
    domain = address.rpartition("@")[2]
    email = EmailMessage(policy=_POLICY)
    email["From"] = Address(display_name=name, addr_spec=address)
    email["To"] = Address(addr_spec=recipient_address(message.recipient))
    if reply_to:
        email["Reply-To"] = Address(addr_spec=recipient_address(reply_to))
    email["Subject"] = header_text(message.content.subject)[:SUBJECT_LIMIT]
    email["Date"] = format_datetime(date)
    email["Message-ID"] = message_id(message.key, domain=domain)
    if answers:
        email["In-Reply-To"] = email["References"] = message_id(answers, domain=domain)
    email["List-Id"] = f"<{_SLUG.sub('-', message.subscription_slug.lower()).strip('-') or 'monitor'}.{domain}>"
    if unsubscribe:
        email["List-Unsubscribe"] = f"<{unsubscribe}>"
        if unsubscribe.startswith("https://"):  # RFC 8058, 3.1: one click is for encrypted addresses alone
            email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    email["Auto-Submitted"] = "auto-generated"
    email["Precedence"] = "bulk"
    text = message.content.text or message.content.subject
    email.set_content(encodable(_with_address(text, unsubscribe)), subtype="plain", charset="utf-8")
    if message.content.html:
        html = encodable(_with_address(message.content.html, unsubscribe))
        email.add_alternative(html, subtype="html", charset="utf-8")
        # A boundary made from the key keeps the bytes of a repeat the same.
        email.set_boundary(f"=_{_digest(message.key)}")
    if message.content.calendar:
        email.add_attachment(
            encodable(message.content.calendar), subtype="calendar", filename="events.ics", params={"method": "PUBLISH"}
        )
        email.set_boundary(f"=_{_digest(message.key)}-with-calendar")
    for part in email.iter_parts():
        del part["MIME-Version"]  # RFC 2045, 4: only at the top
    return email


def _with_address(body: str, unsubscribe: str | None) -> str:
    return body.replace(UNSUBSCRIBE_HERE, unsubscribe) if unsubscribe else body


def message_id(key: str, *, domain: str) -> str:
    """The Message-ID of the message with this key: made from it alone, whatever characters it holds."""
    return f"<{_digest(key)}@{domain}>"


def _digest(key: str) -> str:
    return base64.b32encode(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:20]).decode().lower()
