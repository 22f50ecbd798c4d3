"""What a person pastes where an address is asked for → the addresses to look at, likeliest first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.core.opml import plain_web_address
from monitor.sources import telegram
from monitor.sources.kind import web_address

_TELEGRAM = re.compile(r"tg:|(?:https?://)?(?:[\w-]+\.)?(?:t\.me|telegram\.me|telegram\.dog)(?:[/?]|$)", re.IGNORECASE)
_HANDLE = re.compile(r"@[\w.]+")
_FEDIVERSE = re.compile(r"@?([\w.-]+)@([\w-]+(?:\.[\w-]+)+)")
_REDDIT = re.compile(r"/?(?:r|u|user)/[\w-]+/?")
_BARE = re.compile(
    r"(?:[\w-]+\.)+[\w-]{2,}\.?(?::\d+)?(?:[/?#].*)?|\d+(?:\.\d+){3}(?::\d+)?(?:/.*)?|localhost(?::\d+)?(?:/.*)?"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_WRAPPING = (("<", ">"), ('"', '"'), ("'", "'"), ("«", "»"), ("“", "”"), ("(", ")"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """Where to look."""

    telegram: bool
    addresses: tuple[str, ...]  # each only where those before cannot be reached at all


def understood(text: str) -> Pasted:
    """The addresses that a site, a feed, a t.me link, @name, name@instance, r/name or a bare domain stands for.

    ValueError with a sentence for anything else.
    """
    plain = _unwrapped(text)
    if not plain:
        raise ValueError("nothing was given: paste the address of a site, a feed or a Telegram channel, or @name")
    if _TELEGRAM.match(plain) or _HANDLE.fullmatch(plain):
        return Pasted(telegram=True, addresses=(telegram.address(plain),))
    if account := _FEDIVERSE.fullmatch(plain):
        if not plain.startswith("@"):
            raise ValueError(
                f"{plain!r} looks like an e-mail address; if it is an account on Mastodon, write @{plain},"
                f" and for the website: {account[2]}"
            )
        return Pasted(telegram=False, addresses=(f"https://{account[2]}/@{account[1]}",))
    if _REDDIT.fullmatch(plain):
        return Pasted(telegram=False, addresses=(f"https://www.reddit.com/{plain.strip('/')}/",))
    plain = plain_web_address(plain)
    if "://" in plain:
        return Pasted(telegram=False, addresses=(web_address(plain),))
    if _BARE.fullmatch(plain):
        return Pasted(telegram=False, addresses=_likely(plain))
    if _WORD.fullmatch(plain):
        raise ValueError(f"{plain!r} is no address; if it is the name of a Telegram channel, write @{plain}")
    raise ValueError(f"{text.strip()!r} is no address: expected one such as https://example.org/, t.me/name or @name")


def _unwrapped(text: str) -> str:
    """Without what mail programs and documents put around an address, and behind it."""
    plain = text.strip().strip("\u200b\u2060\ufeff")
    for opening, closing in _WRAPPING:
        if plain.startswith(opening) and plain.endswith(closing) and len(plain) > 1:
            plain = plain[1:-1].strip()
    return plain.rstrip(",;") if plain.endswith((",", ";")) else plain


def _likely(plain: str) -> tuple[str, ...]:
    """A domain without a scheme: secure first, as browsers do; with "www." where the bare name may not exist."""
    host = re.split(r"[/?#:]", plain, maxsplit=1)[0].rstrip(".")
    addresses = [f"https://{plain}", f"http://{plain}"]
    if host.count(".") == 1 and not host.replace(".", "").isdigit():
        addresses.insert(1, f"https://www.{plain}")
    return tuple(web_address(address) for address in addresses)
