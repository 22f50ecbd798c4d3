"""What a kind of source is made of. Each module beside this one fills in one of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor.core.model import Document, Source, Window
from monitor.sources.request import RequestOptions


class Options(RequestOptions):
    """Base of the options that one kind understands; a name not listed is refused.

    What it inherits says how the source is asked, and every kind understands it.
    """


class EntryOptions(Options):
    """Of kinds whose entries link pages that say more than they do."""

    full_text: bool = False  # the pages that the entries link are read too; what the entries say is kept as teasers


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """How one kind of source is addressed, asked for and read."""

    name: str  # as written in sources.yaml
    summary: str  # one line for documentation and `--help`
    accept: str  # Accept header of the request (RFC 9110, 12.5.1)
    options: type[Options]
    address: Callable[[str], str]
    """What a person wrote → the http(s) URL to fetch. Raises ValueError with a sentence saying what would be right."""
    parse: Callable[[Document, Source], Window]
    """Every entry of the document, or SourceError with reason "not-a-feed" or "parse"; never half a page.
    Runs in a worker process that can be killed: no clock, no network, no database."""
    robots: bool = False
    """Whether the site's robots.txt is asked first: for pages, which nobody offered to programs."""


def web_address(text: str) -> str:
    """An absolute http(s) URL as given, white space trimmed; ValueError for anything else."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, brackets that do not close
        sound = False
    if not sound:
        raise ValueError(f"{text!r} is not a web address: it should begin with https:// and name a host")
    return url
