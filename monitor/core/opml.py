"""Lists of feeds that readers exchange (OPML 1.0, 1.1 and 2.0, http://opml.org/spec2.opml), in and out.

What OPML has no attribute for stands in attributes of our own namespace, so that a list written here and read here
says the same. Other readers skip them (OPML 2.0, "Extending OPML").

- A source that any reader can read, a feed, is `type="rss"` with `xmlUrl`.
- Any other kind (a Telegram page, a listing) is `type="link"` with `url`: other readers show a link, or nothing, and do
  not try to subscribe to a web page.
- A source stands in a folder named after its first tag, and all its tags are in `category`.

Parsing is not done here: the bytes are a stranger's, see `sources.opml_file`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import groupby
from typing import Any
from xml.sax.saxutils import quoteattr

from monitor.core import durations, slugs
from monitor.core.model import Authority, Source
from monitor.core.normalise import cut
from monitor.core.urls import canonical

NAMESPACE = "urn:communique-monitor:source:1"
"""Of our attributes: slug, kind, country, organisation, authority, language, interval, options, paused and
default-tags."""

MAX_TITLE = 200
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_FEED_TYPES = frozenset({"", "rss", "rss1", "rss2", "atom", "rdf", "feed", "atom1", "atom10", "application/rss+xml"})
_FEED_KINDS = frozenset({"feed", "jsonfeed"})
_TELEGRAM = re.compile(r"https?://(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/", re.IGNORECASE)

Addresses = Mapping[str, Callable[[str], str]]
"""Kind → what a person writes → the address that is fetched; ValueError with a sentence for what is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One element of the list: a source, or a folder of them."""

    attributes: Mapping[str, str]  # without a namespace; names in lower case, for writers disagree about xmlUrl
    own: Mapping[str, str] = field(default_factory=dict)  # of our namespace
    children: tuple[Outline, ...] = ()
    line: int | None = None  # counted from 1; None where the document had to be mended before it could be read

    @property
    def name(self) -> str:
        """What a reader shows."""
        return " ".join((self.attributes.get("text") or self.attributes.get("title") or "").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineDocument:
    """A list as it was written."""

    title: str | None
    outlines: tuple[Outline, ...]
    notes: tuple[str, ...] = ()  # what was wrong with the document and could be mended
    breaks_off: int | None = None  # the line in which it ends before its end: what came after is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An outline that gives no source, and why."""

    line: int | None
    name: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An outline whose address is followed already."""

    line: int | None
    name: str
    url: str
    slug: str  # of the source that has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What importing a list would do."""

    adds: tuple[Source, ...]
    known: tuple[Known, ...]
    unusable: tuple[Unusable, ...]
    repeats: int  # outlines that list an address of this list once more: their tags are joined
    notes: tuple[str, ...]
    breaks_off: int | None = None  # the line in which the list ends before its end


# ── in ─────────────────────────────────────────────────────────────────────────────────────────────────────


def plan(
    document: OutlineDocument,
    *,
    existing: Sequence[Source] = (),
    addresses: Addresses,
    interval: timedelta,
    tags: Sequence[str] = (),
) -> Plan:
    """What importing `document` beside the `existing` sources would do; nothing is done.

    Folders become tags, one for each name on the way down. `tags` are given to every source beside its own.
    `interval` is that of sources for which the list states none.
    """
    by_key = {address_key(source.url): source for source in existing}
    adds: dict[str, Source] = {}
    known: list[Known] = []
    unusable: list[Unusable] = []
    notes = list(document.notes)
    untagged: dict[str, None] = {}
    stated: set[str] = set()  # keys of sources whose slug the list states
    repeats = 0
    for outline, folders in _walk(document.outlines, ()):
        if _is_folder(outline):
            continue
        try:
            source = _source(outline, folders, addresses, interval=interval, tags=tags)
        except ValueError as error:
            unusable.append(Unusable(line=outline.line, name=outline.name, problem=str(error)))
            continue
        if not outline.own:
            untagged |= dict.fromkeys(name for name in folders if not slugs.slugged(name))
        key = address_key(source.url)
        if (same := by_key.get(key)) is not None:
            known.append(Known(line=outline.line, name=outline.name, url=source.url, slug=same.slug))
        elif (first := adds.get(key)) is not None:
            repeats += 1
            adds[key] = replace(first, tags=tuple(dict.fromkeys((*first.tags, *source.tags))))
        else:
            adds[key] = source
            stated |= {key} if outline.own.get("slug") == source.slug else set()
    notes += [f"the folder {name!r} cannot be a tag: its name has no letters a–z; see --tag" for name in untagged]
    return Plan(
        adds=_named_apart(adds, {source.slug for source in existing}, stated=stated),
        known=tuple(known),
        unusable=tuple(unusable),
        repeats=repeats,
        breaks_off=document.breaks_off,
        notes=tuple(notes),
    )


def address_key(url: str) -> str:
    """Equal for addresses under which the same is found: scheme, "www.", a last slash and tracking make no difference.

    Nor does case in the name of a Telegram channel.
    """
    key = re.sub(r"^https?://(?:www\.)?", "", canonical(url) or url).rstrip("/")
    return key.lower() if _TELEGRAM.match(url) else key


def _walk(outlines: Iterable[Outline], folders: tuple[str, ...]) -> Iterator[tuple[Outline, tuple[str, ...]]]:
    """Every outline in document order, with the names of the folders it stands in."""
    waiting = [(outline, folders) for outline in reversed(tuple(outlines))]
    while waiting:
        outline, above = waiting.pop()
        yield outline, above
        here = (*above, outline.name) if _is_folder(outline) and outline.name else above
        waiting += [(child, here) for child in reversed(outline.children)]


def _is_folder(outline: Outline) -> bool:
    """Whether an outline holds others and is no source itself: it may hold nothing, which is no mistake."""
    states_address = any(outline.attributes.get(name) for name in ("xmlurl", "url", "feedurl"))
    return not states_address and (bool(outline.children) or not _claims_to_be_a_source(outline))


def _claims_to_be_a_source(outline: Outline) -> bool:
    attributes = outline.attributes
    return bool(outline.own) or bool({"xmlurl", "url", "htmlurl"} & attributes.keys()) or bool(attributes.get("type"))


def _source(
    outline: Outline, folders: tuple[str, ...], addresses: Addresses, *, interval: timedelta, tags: Sequence[str]
) -> Source:
    """The source that an outline states; ValueError with a sentence where it states none. The slug may be taken yet."""
    own, attributes = outline.own, outline.attributes
    url, kind = _address(outline, addresses)
    labels = _labels(attributes.get("category", ""))
    if not own:
        labels = [*(slugs.slugged(name) for name in folders), *labels]
    slug = own.get("slug", "")
    return Source(
        slug=slug if _SLUG.fullmatch(slug) else slugs.slug_for(url),
        title=_title(outline, url),
        kind=kind,
        url=url,
        homepage=_homepage(attributes.get("htmlurl", "")),
        organisation=_fitting(own, "organisation", _SLUG, "a slug such as 'osce'"),
        country=_fitting(own, "country", _COUNTRY, "two capital letters such as 'KZ'"),
        language=_fitting(own, "language", _LANGUAGE, "a language code such as 'en'")
        or _language(attributes.get("language", "")),
        authority=_authority(own.get("authority", Authority.PRESS)),
        tags=tuple(dict.fromkeys(label for label in (*labels, *tags) if label)),
        default_tags=tuple(own.get("default-tags", "").split()),
        interval=durations.duration(own["interval"]) if "interval" in own else interval,
        options=_options(own.get("options", "{}")),
        paused=own.get("paused") == "true",
    )


def _address(outline: Outline, addresses: Addresses) -> tuple[str, str]:
    attributes = outline.attributes
    kind = outline.own.get("kind")
    stated = next((attributes[name] for name in ("xmlurl", "feedurl", "url") if attributes.get(name)), "").strip()
    if not stated:
        raise ValueError("it has no address: expected the attribute xmlUrl")
    if kind is None:
        sort = attributes.get("type", "").strip().lower()
        if not attributes.get("xmlurl") and sort not in _FEED_TYPES and not _TELEGRAM.match(stated):
            raise ValueError(f"it is of type {sort!r}, which is not a feed; to follow it: monitor sources add {stated}")
        kind = "telegram" if _TELEGRAM.match(stated) else "feed"
    if kind not in addresses:
        raise ValueError(f"its kind {kind!r} is unknown: expected one of {', '.join(addresses)}")
    if stated.startswith("|") or stated.lower().startswith(("exec:", "filter:", "file:")):
        raise ValueError(f"it is read from a program or file ({stated[:80]}): only web addresses can be followed")
    return addresses[kind](plain_web_address(stated)), kind


def plain_web_address(stated: str) -> str:
    """An address without the "feed:" that some programs put before or in place of its scheme."""
    plain = re.sub(r"^feed:(?://)?(?=https?:)", "", stated.strip(), flags=re.IGNORECASE)
    return re.sub(r"^(?:feed|rss):(?://)?", "https://", plain, flags=re.IGNORECASE)


def _title(outline: Outline, url: str) -> str:
    title = outline.attributes.get("title", "")
    shown = " ".join(_FORBIDDEN.sub("", title if title.strip() else outline.name).split())
    return cut(shown, MAX_TITLE) or re.sub(r"^https?://(?:www\.)?", "", url).rstrip("/")[:MAX_TITLE]


def _homepage(stated: str) -> str | None:
    return stated.strip() if re.match(r"https?://[^\s/]", stated.strip(), re.IGNORECASE) else None


def _labels(category: str) -> list[str]:
    """Tags of a category attribute: comma-separated, "/Country/Kazakhstan" is one label for each step (OPML 2.0)."""
    return [slugs.slugged(step) if not _SLUG.fullmatch(step) else step for step in re.split(r"[,/]", category)]


def _fitting(own: Mapping[str, str], name: str, pattern: re.Pattern[str], expected: str) -> str | None:
    value = own.get(name)
    if value is None or pattern.fullmatch(value):
        return value
    raise ValueError(f"its {name} {value[:40]!r} does not fit: expected {expected}")


def _language(stated: str) -> str | None:
    code = stated.strip().replace("_", "-")
    return code if _LANGUAGE.fullmatch(code) else None  # OPML says "unknown" there, feeds say anything


def _authority(stated: str) -> Authority:
    try:
        return Authority(stated)
    except ValueError:
        raise ValueError(f"its authority {stated[:40]!r} is unknown: expected one of {', '.join(Authority)}") from None


def _options(written: str) -> dict[str, Any]:
    try:
        options = json.loads(written)
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise ValueError(f"its options {written[:40]!r} are not a JSON object")  # noqa: TRY004  one error for callers
    return options


def _named_apart(adds: Mapping[str, Source], taken: Collection[str], *, stated: Collection[str]) -> tuple[Source, ...]:
    """Each with a slug of its own, in their order. A slug that is made gives way to one that the list states."""
    used = set(taken)
    named: dict[str, Source] = {}
    for key in sorted(adds, key=lambda key: key not in stated):
        made = adds[key].slug
        apart = made if key in stated or made not in used else slugs.told_apart(made, adds[key].url)
        slug = slugs.free(apart, used)
        used.add(slug)
        named[key] = replace(adds[key], slug=slug)
    return tuple(named[key] for key in adds)


# ── out ────────────────────────────────────────────────────────────────────────────────────────────────────


def written(sources: Iterable[Source], *, title: str, now: datetime) -> str:
    """A list of `sources`, OPML 2.0 in UTF-8: folders in the order of their names, sources in that of their slugs.

    What polling remembers of a source, and who owns it, is not part of a list.
    """
    ordered = sorted(sources, key=lambda source: (source.tags[:1], source.slug))
    body: list[str] = []
    for folder, members in groupby(ordered, key=lambda source: source.tags[:1]):
        lines = [_outline(source) for source in members]
        if folder:
            name = quoteattr(folder[0])
            lines = [f"    <outline text={name} title={name}>", *(f"  {line}" for line in lines), "    </outline>"]
        body += lines
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<opml version="2.0" xmlns:monitor="{NAMESPACE}">',
            "  <head>",
            f"    <title>{_escaped(title)[1:-1]}</title>",
            f"    <dateCreated>{format_datetime(now, usegmt=True)}</dateCreated>",
            "  </head>",
            "  <body>",
            *body,
            "  </body>",
            "</opml>",
            "",
        )
    )


def _outline(source: Source) -> str:
    is_feed = source.kind in _FEED_KINDS
    attributes: list[tuple[str, str | None]] = [
        ("type", "rss" if is_feed else "link"),
        ("text", source.title),
        ("title", source.title),
        ("xmlUrl" if is_feed else "url", source.url),
        ("htmlUrl", source.homepage),
        ("category", ",".join(source.tags) or None),
        ("language", source.language),
        ("monitor:slug", source.slug),
        ("monitor:kind", source.kind),
        ("monitor:authority", source.authority.value),
        ("monitor:organisation", source.organisation),
        ("monitor:country", source.country),
        ("monitor:language", source.language),
        ("monitor:interval", durations.show(source.interval)),
        ("monitor:options", _json(source.options) if source.options else None),
        ("monitor:default-tags", " ".join(source.default_tags) or None),
        ("monitor:paused", "true" if source.paused else None),
    ]
    stated = " ".join(f"{name}={_escaped(value)}" for name, value in attributes if value is not None)
    return f"    <outline {stated}/>"


def _json(options: Mapping[str, object]) -> str:
    """Options as a person can read them; characters that XML cannot hold are written as JSON's escapes."""
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(dict(options), ensure_ascii=False))


def _escaped(value: str) -> str:
    """An attribute's value with its quotation marks; line ends survive, what XML cannot hold goes."""
    return quoteattr(_FORBIDDEN.sub("", value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;", '"': "&quot;"})
