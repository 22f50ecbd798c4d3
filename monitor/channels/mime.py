"""A message as an email (RFC 5322), for every channel that hands over emails.

The headers are exactly these, and nothing that a source wrote can add another:

    From, To, Subject, Date, Message-ID, List-Id (RFC 2919), Auto-Submitted (RFC 3834), Precedence, Reply-To where the
    subscription asks for one, MIME-Version, Content-Type
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from monitor.core.model import Message

SUBJECT_LIMIT = 200  # characters

_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_LOCAL_PART})@({_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*)")
_SLUG = re.compile(r"[^a-z0-9-]+")

# 7bit: bodies are encoded to ASCII, so that no relay on the way has to know 8BITMIME (RFC 6152).
_POLICY = SMTP.clone(cte_type="7bit")


def email_message(message: Message, *, sender: str, date: datetime, reply_to: str | None = None) -> EmailMessage:
    """`message` with its text and, where there is one, its HTML as alternatives.

    `sender` is an address with or without a name; `date` is aware. The same message always gets the same Message-ID,
    so that a receiver recognises a repeat. Raises ValueError for an address that cannot be written in a header.
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
    email["List-Id"] = f"<{_SLUG.sub('-', message.subscription_slug.lower()).strip('-') or 'monitor'}.{domain}>"
    email["Auto-Submitted"] = "auto-generated"
    email["Precedence"] = "bulk"
    email.set_content(_encodable(message.content.text or message.content.subject), subtype="plain", charset="utf-8")
    if message.content.html:
        email.add_alternative(_encodable(message.content.html), subtype="html", charset="utf-8")
        # A boundary made from the key keeps the bytes of a repeat the same.
        email.set_boundary(f"=_{_digest(message.key)}")
    for part in email.iter_parts():
        del part["MIME-Version"]  # RFC 2045, 4: only at the top
    return email


def message_id(key: str, *, domain: str) -> str:
    """The Message-ID of the message with this key: made from it alone, whatever characters it holds."""
    return f"<{_digest(key)}@{domain}>"


def header_text(text: str) -> str:
    """One line that stands for itself in a header.

    Control characters become spaces. A literal "=?" is taken apart: mail software would decode what follows as an
    encoded word (RFC 2047), and Python before 3.11.10 even writes a line break hidden in one as a real one, which
    starts a new header.
    """
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    apart = _encodable(visible).replace("=?", "= ?")
    return " ".join(apart.split())


def recipient_address(text: str) -> str:
    """A plain address, "desk@example.org". ValueError says what is wrong with anything else."""
    address = text.strip()
    if not address.isascii():
        raise ValueError(f"{text!r} has letters outside ASCII; write the domain in its ASCII form (xn--…)")
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise ValueError(f"{text!r} is not an email address; expected one like desk@example.org, without a name")
    if len(parts[1]) > 64 or len(parts[2]) > 253:  # RFC 5321, 4.5.3.1
        raise ValueError(f"the address {address[:40]!r}… is longer than mail servers accept")
    return address


def sender_parts(sender: str) -> tuple[str, str]:
    """The name, "" where there is none, and the address of "Monitor <monitor@example.org>"."""
    # Read leniently, not by RFC 5322: an operator writes a comma or an accent in a name without quoting it.
    name, opened, rest = header_text(sender).rpartition("<")
    if opened and not rest.endswith(">"):
        raise ValueError(f"{sender!r} is not a sender; expected one like 'Monitor <monitor@example.org>'")
    return name.strip().strip('"').replace("\\", ""), recipient_address(rest.removesuffix(">") if opened else rest)


def _encodable(text: str) -> str:
    """Half a surrogate pair, which cannot be encoded, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _digest(key: str) -> str:
    return base64.b32encode(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:20]).decode().lower()
