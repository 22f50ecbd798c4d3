"""What is known of a post beside its words: its tags, its source, its address, its times, what is attached to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from monitor.core.model import Evidence, Field, Post
from monitor.core.query.tree import Origin, Published, Tagged
from monitor.core.subject import Subject
from monitor.core.text import find_word, fold
from monitor.core.wording import fits

LOOKED_UP = ("lang", "source", "kind", "authority")
"""Names of `Origin` terms whose values are few and known, so that an index can ask for them."""


def tag_evidence(node: Tagged, subject: Subject) -> tuple[Evidence, ...]:
    """The words that led to a tag; empty where the post has none such."""
    return tuple(
        evidence
        for tag in subject.tags
        if tag.facet == node.facet and matches_value(node.slug, tag.slug)
        for evidence in tag.evidence
    )


def origin_evidence(node: Origin, subject: Subject) -> tuple[Evidence, ...]:
    """The value that is as asked for; empty where none is."""
    for value in values_of(subject, node.name):
        if _meets(node, value):
            return (Evidence(field=Field.SOURCE, offset=0, words=value, rule=node.name),)
    return ()


def _meets(node: Origin, value: str) -> bool:
    match node.name:
        case "author":
            return _mentions(node.value, value)
        case "url":
            return matches_value(node.value if is_wild(node.value) else f"*{node.value}*", value)
        case "domain":
            host = folded_value(value)
            return matches_value(node.value, host) or host.endswith("." + node.value)
        case _:
            return matches_value(node.value, value)


def values_of(subject: Subject, name: str) -> Iterable[str]:
    """What `Origin` terms of that name are compared with."""
    post, source = subject.post, subject.source
    match name:
        case "lang":
            return (post.language,) if post.language else ()
        case "source":
            return (source.slug,)
        case "kind":
            return (source.kind,)
        case "authority":
            return (str(source.authority),)
        case "author":
            return (post.author,) if post.author else ()
        case "url":
            return (post.url,) if post.url else ()
        case "domain":
            return (host,) if (host := _host(post.url or source.url)) else ()
        case "has":
            return _held(post)
        case "is":
            return _states(subject)
        case _:
            return ()


@lru_cache(maxsize=1 << 12)
def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


_KINDS = {"round-video": "video"}


def _held(post: Post) -> Iterator[str]:
    for medium in post.media:
        yield _KINDS.get(medium.kind, medium.kind)
    if post.media:
        yield "media"
    if post.hashtags:
        yield "hashtag"


def _states(subject: Subject) -> Iterator[str]:
    states = {
        "edited": subject.edited,
        "withdrawn": subject.withdrawn,
        "forwarded": subject.post.forwarded_from is not None,
        "reply": subject.post.reply_to is not None,
        "backlog": subject.backlog,
    }
    return (name for name, holds in states.items() if holds)


def time_evidence(node: Published, subject: Subject) -> tuple[Evidence, ...]:
    """When it was published, if that is as asked for; empty otherwise."""
    at = subject.published
    age = subject.now - at
    if (node.younger is not None and age > node.younger) or (node.older is not None and age <= node.older):
        return ()
    if (node.since is not None and at < node.since) or (node.until is not None and at >= node.until):
        return ()
    return (Evidence(field=Field.SOURCE, offset=0, words=at.strftime("%Y-%m-%d %H:%M"), rule="published"),)


def matches_value(wanted: str, value: str) -> bool:
    """Whether a folded value with wildcards is all of `value`."""
    folded = folded_value(value)
    return folded == wanted or (is_wild(wanted) and fits(wanted, folded))


@lru_cache(maxsize=1 << 12)
def folded_value(value: str) -> str:
    """A slug, name or code as it is compared."""
    return fold(value).text


def is_wild(value: str) -> bool:
    """Whether a value holds a wildcard."""
    return "*" in value or "?" in value


def _mentions(wanted: str, value: str) -> bool:
    return matches_value(wanted, value) or (not is_wild(wanted) and find_word(folded_value(value), wanted) >= 0)
