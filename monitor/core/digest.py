"""What goes into a digest, and under which heading: pure decisions over stored posts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Protocol

from monitor.core.model import (
    Ahead,
    Authority,
    Coverage,
    Digest,
    Facet,
    Grouping,
    Item,
    Match,
    Order,
    Section,
    Selection,
    Show,
    StoredPost,
    Subscription,
    Tag,
    Trends,
    Voice,
    Watch,
)
from monitor.core.stories import moment
from monitor.core.trends import ALL, Key, relevant, trends
from monitor.core.upcoming import upcoming

NEARNESS = {Authority.PRIMARY: 0, Authority.STATE_AGENCY: 1, Authority.PRESS: 2}

TRENDING = (Facet.ORGANISATION, Facet.REGION)
"""Kinds of tag whose posts are compared with the weeks before, in that order; the operator's own facets follow."""

FACETS = {
    Grouping.ORGANISATION: Facet.ORGANISATION,
    Grouping.REGION: Facet.REGION,
    Grouping.COUNTRY: Facet.COUNTRY,
}


class Labels(Protocol):
    """Names of taxonomy entries in a language; core.taxonomy.Taxonomy is one."""

    def label(self, facet: Facet, slug: str, language: str) -> str: ...


def wanted(selection: Selection, stored: StoredPost) -> bool:
    """Whether a subscription wants a post: every list that is not empty must be met by one of its members."""
    source, tags = stored.source, stored.tags

    def tagged(facet: Facet, slugs: Collection[str]) -> bool:
        return not slugs or any(tag.facet is facet and tag.slug in slugs for tag in tags)

    return (
        (not selection.watches or any(match.watch in selection.watches for match in stored.matches))
        and tagged(Facet.ORGANISATION, selection.organisations)
        and tagged(Facet.REGION, selection.regions)
        and tagged(Facet.COUNTRY, selection.countries)
        and tagged(Facet.ISSUER, selection.issuers)
        and (not selection.tags or any(f"{tag.facet}:{tag.slug}" in selection.tags for tag in tags))
        and (not selection.sources or source.slug in selection.sources)
        and (not selection.source_tags or any(tag in selection.source_tags for tag in source.tags))
        and (not selection.languages or (stored.post.language or source.language) in selection.languages)
        and (not selection.authorities or source.authority in selection.authorities)
    )


def items(
    posts: Iterable[StoredPost],
    voices: Mapping[int, Sequence[Voice]],
    *,
    news: Mapping[int, tuple[str, ...]] | None = None,
) -> list[Item]:
    """Selected posts folded into stories, newest first.

    `news` says of posts that come late what is new in them.

    The lead is the earliest selected post, the nearest authority among equally early ones; everybody else who carried
    the story is named, selected or not. `voices` holds all posts of each story in order of time.
    """
    folded: defaultdict[int, list[StoredPost]] = defaultdict(list)
    for stored in posts:
        folded[stored.story_id].append(stored)
    result = []
    for story_id, members in folded.items():
        lead = min(members, key=_precedence)
        matches: dict[str, Match] = {match.watch: match for match in lead.matches}
        for member in members:
            for match in member.matches:
                matches.setdefault(match.watch, match)
        others = tuple(voice for voice in voices.get(story_id, ()) if voice.post_id != lead.id)
        result.append(
            Item(
                story_id=story_id,
                lead=lead,
                others=others,
                tags=lead.tags,
                matches=tuple(matches[slug] for slug in sorted(matches)),
                at=_at(lead),
                news=(news or {}).get(lead.id, ()),
            )
        )
    return sorted(result, key=lambda item: (item.at, item.lead.id), reverse=True)


def ordered(stories: Iterable[Item], order: Order) -> list[Item]:
    """In the order that the subscriber chose. What is equal stands newest first."""
    newest = sorted(stories, key=lambda item: (item.at, item.lead.id), reverse=True)
    match order:
        case Order.NEWEST:
            return newest
        case Order.OLDEST:
            return newest[::-1]
        case Order.WEIGHT:
            return sorted(newest, key=_weight, reverse=True)  # sorting keeps the order of equal ones


def _weight(item: Item) -> tuple[int, float]:
    return len(item.others), max((tag.weight for tag in item.tags if tag.main), default=0.0)


def sections(
    stories: Sequence[Item], subscription: Subscription, *, watches: Sequence[Watch], labels: Labels
) -> tuple[Section, ...]:
    """Watches first, in the order they are listed, then the subscription's grouping, fullest section first.

    Watches are listed by the subscription, or where it lists none by `watches`. Each story stands once, under its best
    heading: the first watch that found it, else its weightiest tag, what it is about before what it mentions.
    """
    asked = subscription.selection.watches
    followed = [watch for watch in watches if not watch.paused and (not asked or watch.slug in asked)]
    if asked:
        followed.sort(key=lambda watch: asked.index(watch.slug))
    by_heading: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in stories:
        found = {match.watch for match in item.matches}
        watch = next((watch for watch in followed if watch.slug in found), None)
        heading = ("watch", watch.slug) if watch is not None else _heading(item, subscription.grouping)
        by_heading[heading].append(item)

    order = {watch.slug: position for position, watch in enumerate(followed)}
    titles = {watch.slug: watch.title for watch in followed}
    result = []
    for (kind, slug), members in by_heading.items():
        label = _label(kind, slug, members, language=subscription.language, titles=titles, labels=labels)
        result.append(Section(kind=kind, slug=slug, label=label, items=tuple(members)))
    return tuple(
        sorted(
            result,
            key=lambda section: (
                section.kind != "watch",
                order.get(section.slug, 0) if section.kind == "watch" else 0,
                section.kind == "none",  # what has no heading comes last
                -len(section.items),
                section.label,
                section.slug,
            ),
        )
    )


def digest(
    subscription: Subscription,
    stories: Sequence[Item],
    *,
    due_at: datetime,
    compiled_at: datetime,
    coverage: Coverage,
    watches: Sequence[Watch],
    labels: Labels,
    compared: Trends | None = None,
    page: str = "",
) -> Digest:
    """One edition, with the names of every tag that it shows, and of its parts those that the subscriber wants."""
    shown = {(tag.facet, tag.slug) for item in stories for tag in item.tags}
    stories = ordered(stories, subscription.order)
    if isinstance(subscription.grouping, Facet):
        shown.add((subscription.grouping, ""))  # what the facet itself is called, for the headings
    if compared is not None:
        shown |= {
            (facet, "") for facet in (Facet(trend.facet) for trend in compared.tags) if facet not in Facet.BUILT_IN
        }
    return Digest(
        subscription=subscription,
        due_at=due_at,
        compiled_at=compiled_at,
        sections=sections(stories, subscription, watches=watches, labels=labels),
        coverage=replace(coverage, stories=len(stories)),
        labels={
            f"{facet.value}:{slug}": labels.label(facet, slug, subscription.language) for facet, slug in sorted(shown)
        },
        ahead=ahead(stories) if Show.AHEAD in subscription.show else (),
        trends=compared,
        page=page,
    )


def compared(
    subscription: Subscription,
    stories: Iterable[Item],
    *,
    now: Mapping[Key, int],
    before: Mapping[date, Mapping[Key, int]],
    since: datetime,
    until: datetime,
    labels: Labels,
) -> Trends:
    """How much was posted on what this subscription has to do with, against the weeks before: see core.trends."""
    selection = subscription.selection
    chosen = {(Facet.ORGANISATION.value, slug) for slug in selection.organisations}
    chosen |= {(Facet.REGION.value, slug) for slug in selection.regions}
    keys = relevant(
        ((tag.facet.value, tag.slug) for item in stories for tag in item.tags),
        chosen,
        {key for counts in (now, *before.values()) for key in counts if key != ALL},
        everything=selection == Selection(),
    )
    own = sorted({facet for facet, _ in keys} - {facet.value for facet in Facet.BUILT_IN})
    kinds = [*(facet.value for facet in TRENDING), *own]
    names = {
        (facet, slug): labels.label(Facet(facet), slug, subscription.language) for facet, slug in keys if facet in kinds
    }
    return trends(now, before, since=since, until=until, names=names, facets=kinds)


def ahead(stories: Iterable[Item]) -> tuple[Ahead, ...]:
    """The events that stories announce, the next first; told by several stories, an event stands once for each."""
    found: dict[tuple[int, date, date], Ahead] = {}
    for item in stories:
        post = item.lead.post
        text = post.text if post.title_made else f"{post.title}\n{post.text}"
        for event in upcoming(text, post.language, told_on=item.at.date()):
            found.setdefault(
                (item.story_id, event.first, event.last),
                Ahead(
                    first=event.first,
                    last=event.last,
                    sentence=event.sentence,
                    words=event.words,
                    story_id=item.story_id,
                    title=post.title,
                    url=post.url,
                    source_title=item.lead.source.title,
                    language=post.language,
                ),
            )
    return tuple(sorted(found.values(), key=lambda event: (event.first, event.last, event.story_id)))


def _at(stored: StoredPost) -> datetime:
    return moment(stored.post.stated_at, stored.first_seen_at, ahead=stored.ahead)


def _precedence(stored: StoredPost) -> tuple[datetime, int, int]:
    return _at(stored), NEARNESS[stored.source.authority], stored.id


def _heading(item: Item, grouping: Grouping | Facet) -> tuple[str, str]:
    if grouping is Grouping.SOURCE:
        return "source", item.lead.source.slug
    facet = grouping if isinstance(grouping, Facet) else FACETS.get(grouping)
    best = _best(item.tags, facet) if facet is not None else None
    return (grouping.value, best.slug) if best is not None else ("none", "")


def _best(tags: Iterable[Tag], facet: Facet) -> Tag | None:
    found = [tag for tag in tags if tag.facet is facet]
    return max(found, key=lambda tag: (tag.main, tag.weight, tag.slug), default=None)


def _label(
    kind: str, slug: str, members: Sequence[Item], *, language: str, titles: Mapping[str, str], labels: Labels
) -> str:
    match kind:
        case "watch":
            return titles[slug]
        case "source":
            return members[0].lead.source.title
        case "none":
            return ""
        case _:
            return labels.label(Facet(kind), slug, language)
