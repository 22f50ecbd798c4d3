"""Mail addresses and the text of headers: what may stand there, for settings, subscriptions and mails."""

from __future__ import annotations

import re
import unicodedata

_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_LOCAL_PART})@({_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*)")


UNSUBSCRIBE_HERE = "https://unsubscribe.invalid/"
"""Stands in a rendered body where the recipient's own address for unsubscribing belongs: content is kept once for all
recipients. The domain can never exist (RFC 2606)."""


def header_text(text: str) -> str:
    """One line that stands for itself in a header.

    Control characters become spaces. A literal "=?" is taken apart: mail software would decode what follows as an
    encoded word (RFC 2047), and Python before 3.11.10 even writes a line break hidden in one as a real one, which
    starts a new header.
    """
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    apart = encodable(visible).replace("=?", "= ?")
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


def encodable(text: str) -> str:
    """Half a surrogate pair, which cannot be encoded, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
