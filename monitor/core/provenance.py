"""Tags that follow from where a post comes from and not from what it says: who issued a forwarded post first, and the
tags that an operator gives to every post of a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from monitor.core.model import Evidence, Facet, Field, Forward, Post, Source, Tag
from monitor.core.verdicts import in_order

_DEFAULT_WEIGHT = 0.3  # what the post itself says in its title or opening weighs more
_FORWARDED_WEIGHT = 0.9  # who passes a statement on speaks too, and first of all

_CHANNEL = re.compile(r"(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog)/(?:s/)?(\w+)", re.IGNORECASE)


class FindsTags(Protocol):
    """Finds what a post says; see `core.tagging.Tagger`."""

    def tags(self, post: Post, source: Source, /) -> tuple[Tag, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A source as far as forwards of its posts are concerned."""

    title: str
    url: str
    organisation: str | None = None
    country: str | None = None  # as Source.country


class Origins:
    """Sources by what a forwarded post tells of where it came from."""

    def __init__(self, origins: Iterable[Origin] = ()) -> None:
        known = [each for each in origins if each.organisation or each.country]
        self._by_channel = {channel: each for each in known if (channel := _channel(each.url))}
        titles = Counter(_plain(each.title) for each in known)
        # A title that two sources share says nothing.
        self._by_title = {title: each for each in known if titles[title := _plain(each.title)] == 1}

    def of(self, forward: Forward | None) -> Origin | None:
        """The source that a forward came from, by its channel's link, else by its name; None where none is known."""
        if forward is None:
            return None
        channel = _channel(forward.link) if forward.link else None
        if channel:  # a channel that is not followed is not another one of the same name
            return self._by_channel.get(channel)
        return self._by_title.get(_plain(forward.name))


class PostTagger:
    """Finds all tags of a post: those of its words, of its source, and of the source that it was forwarded from."""

    def __init__(self, tagger: FindsTags, origins: Origins | None = None) -> None:
        self._tagger = tagger
        self._origins = origins or Origins()

    def tags(self, post: Post, source: Source, /) -> tuple[Tag, ...]:
        """As `Tagger.tags`, heaviest first within each facet."""
        found = self._tagger.tags(post, source)
        added = [*_forwarded(post, self._origins), *_defaults(source, found)]
        return _joined(found, added) if added else found


def _forwarded(post: Post, origins: Origins) -> Iterator[Tag]:
    origin = origins.of(post.forwarded_from)
    if origin is None or post.forwarded_from is None:
        return
    for slug in (origin.organisation, origin.country.lower() if origin.country else None):
        if slug:
            words = post.forwarded_from.name or origin.title
            evidence = Evidence(field=Field.SOURCE, offset=0, words=words, rule="forwarded")
            yield Tag(facet=Facet.ISSUER, slug=slug, main=True, weight=_FORWARDED_WEIGHT, evidence=(evidence,))


def _defaults(source: Source, found: Iterable[Tag]) -> Iterator[Tag]:
    """Main where the post itself is about nothing else of the same facet."""
    about = {tag.facet for tag in found if tag.main}
    for written in source.default_tags:
        name, _, slug = written.partition(":")
        evidence = Evidence(field=Field.SOURCE, offset=0, words=source.title, rule="source default")
        facet = Facet(name)
        yield Tag(facet=facet, slug=slug, main=facet not in about, weight=_DEFAULT_WEIGHT, evidence=(evidence,))


def _joined(found: Iterable[Tag], added: Iterable[Tag]) -> tuple[Tag, ...]:
    tags = {(tag.facet, tag.slug): tag for tag in found}
    for tag in added:
        key = (tag.facet, tag.slug)
        known = tags.get(key)
        tags[key] = (
            tag
            if known is None
            else replace(
                known,
                main=known.main or tag.main,
                weight=max(known.weight, tag.weight),
                evidence=(*known.evidence, *tag.evidence),
            )
        )
    return in_order(tags.values())


def _channel(address: str) -> str | None:
    found = _CHANNEL.match(address)
    return found[1].lower() if found else None


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())
