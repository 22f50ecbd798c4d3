"""What the email templates see: a digest turned into plain values, in the order in which they are read."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from monitor.core.model import (
    Amendment,
    Coverage,
    Digest,
    DoubtfulSource,
    Evidence,
    Facet,
    Field,
    Health,
    HealthChange,
    Item,
    Notice,
    Notices,
    Show,
    Tag,
    Trends,
    Voice,
    Wording,
)
from monitor.core.notices import KINDS
from monitor.render.amending import shortened
from monitor.render.comparing import Bars, Remark, bars, remarks
from monitor.render.passages import Passage, Span, after_title, excerpt, joined, occurrences, spans, whole

TITLE_LIMIT = 220  # characters; a "title" may be a whole post
NAME_LIMIT = 80
ERROR_LIMIT = 200
SENTENCE_LIMIT = 260
LINK_LIMIT = 2_000  # longer addresses are not opened by every program
TAGS_SHOWN = 6
_ENCODED = {ord(character): f"%{ord(character):02X}" for character in '<>"`|'}
NEWS_SHOWN = 3  # sentences that are new in a story told before


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Somebody else who carried the story."""

    source: str
    url: str
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One numbered story."""

    number: int
    title: Passage
    url: str  # "" where there is none that may be linked
    source: str
    authority: str  # of core.model.Authority
    at: datetime
    language: str
    body: str
    body_start: int  # where the body goes on after the words of the title
    body_spans: tuple[Span, ...]
    body_focus: Span | None  # what the excerpt is cut around: the words of the watch that the story stands under
    tags: tuple[str, ...]  # names of what it is about
    more_tags: int
    watches: tuple[str, ...]  # titles of the other watches that found it
    others: tuple[Other, ...]
    forwarded_from: str
    edited: bool
    edits: tuple[Wording, ...]  # what came and went, with some words around each
    news: tuple[str, ...]  # what is new in a story that was told before
    withdrawn_at: datetime | None

    def excerpt(self, limit: int) -> Passage:
        """At most `limit` characters of the body around the matched words."""
        return excerpt(self.body, self.body_spans, limit=limit, start=self.body_start, focus=self.body_focus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section."""

    kind: str
    label: str
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A source that could not be read."""

    title: str
    error: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """A source from which something may be missing although it was read."""

    title: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A source whose state changed to one that nothing else in the coverage tells of."""

    title: str
    before: str  # of core.model.Health
    after: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A source that numbers its posts, with numbers found missing."""

    title: str
    withdrawn: int
    never_seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event ahead."""

    first: date
    last: date
    sentence: str
    title: str
    url: str  # "" where there is none that may be linked
    source: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What became of a post that was given before."""

    fate: str  # of core.model.Fate
    at: datetime
    title: str
    url: str  # "" where there is none that may be linked
    source: str
    language: str
    edits: tuple[Wording, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that the operator should know."""

    kind: str  # of core.notices.KINDS
    at: datetime
    what: str  # of core.notices.SENTENCES
    values: Mapping[str, str]  # what its label is filled with
    sentence: str  # English, for what has no label


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One digest, ready to be laid out."""

    title: str
    product: str
    language: str
    zone: str
    due_at: datetime
    compiled_at: datetime
    parts: tuple[Part, ...]
    stories: int
    watched: int  # of these, under a watch
    sources: int  # that carried them
    coverage: Coverage
    failing: tuple[Failing, ...]
    silent: tuple[Doubtful, ...]
    gaps: tuple[Doubtful, ...]
    changes: tuple[Changed, ...]
    missing: tuple[Missing, ...]
    ahead: tuple[Event, ...]
    show: frozenset[str]  # of core.model.Show: the parts that the subscriber wants
    remarks: tuple[Remark, ...]  # what is unusual, for the headline
    bars: tuple[Bars, ...]
    trends: Trends | None
    amended: tuple[Amended, ...]
    page: str  # address with everything on one page; "" where there is none
    unsubscribe: str  # stands for each recipient's own address; "" where there are no pages
    notices: tuple[Told, ...]
    notices_only: bool  # there are no stories because none were asked for

    def leading(self, count: int) -> tuple[Story, ...]:
        """The first stories, watches first."""
        return tuple(story for part in self.parts for story in part.stories)[:count]

    @property
    def most_told(self) -> Story | None:
        """The story that most carried, where that is worth a word: three at least, and more than any other."""
        told = sorted((story for part in self.parts for story in part.stories), key=lambda story: -len(story.others))
        if len(told) < 2 or len(told[0].others) < 2 or len(told[0].others) == len(told[1].others):
            return None
        return told[0]


def edition(digest: Digest, *, product: str, none_label: str, untitled: str, unsubscribe: str = "") -> Edition:
    """Everything the templates need, each text cut to a length that a page can carry."""
    watches = {section.slug: section.label for section in digest.sections if section.kind == "watch"}
    watches |= {key.partition(":")[2]: name for key, name in digest.labels.items() if key.startswith("watch:")}
    parts: list[Part] = []
    number = 0
    for section in digest.sections:
        stories = []
        for item in section.items:
            number += 1
            stories.append(
                _story(
                    item,
                    number=number,
                    labels=digest.labels,
                    watches={
                        slug: name for slug, name in watches.items() if (section.kind, section.slug) != ("watch", slug)
                    },
                    shown_above=(section.kind, section.slug),
                    untitled=untitled,
                )
            )
        if stories:
            label = none_label if section.kind == "none" else section.label or section.slug
            parts.append(Part(kind=section.kind, label=_cut(label, NAME_LIMIT), stories=tuple(stories)))
    items = [item for section in digest.sections for item in section.items]
    return Edition(
        title=_cut(digest.subscription.title or digest.subscription.slug, TITLE_LIMIT),
        product=product,
        language=digest.subscription.language,
        zone=digest.subscription.schedule.timezone,
        due_at=digest.due_at,
        compiled_at=digest.compiled_at,
        parts=tuple(parts),
        stories=number,
        watched=sum(len(part.stories) for part in parts if part.kind == "watch"),
        sources=len({slug for item in items for slug in _sources(item)}),
        coverage=digest.coverage,
        failing=tuple(
            Failing(title=_cut(source.title, NAME_LIMIT), error=_cut(source.error, ERROR_LIMIT), since=source.since)
            for source in digest.coverage.failing
        ),
        silent=tuple(_doubtful(source) for source in digest.coverage.silent),
        gaps=tuple(_doubtful(source) for source in digest.coverage.gaps),
        changes=_changed(digest.coverage.changes),
        missing=tuple(
            Missing(title=_cut(source.title, NAME_LIMIT), withdrawn=source.withdrawn, never_seen=source.never_seen)
            for source in digest.coverage.missing
        ),
        ahead=tuple(
            Event(
                first=event.first,
                last=event.last,
                sentence=_cut(event.sentence, SENTENCE_LIMIT),
                title=_cut(event.title, TITLE_LIMIT),
                url=web_address(event.url),
                source=_cut(event.source_title, NAME_LIMIT),
                language=event.language or "",
            )
            for event in digest.ahead
        ),
        show=frozenset(part.value for part in digest.subscription.show),
        remarks=() if digest.trends is None else remarks(digest.trends),
        bars=() if digest.trends is None else bars(digest.trends),
        trends=digest.trends,
        amended=tuple(_amended(each) for each in digest.amended) if Show.CHANGES in digest.subscription.show else (),
        page=web_address(digest.page),
        unsubscribe=unsubscribe,
        notices=_told(digest.notices),
        notices_only=digest.subscription.notices is Notices.ONLY,
    )


def _amended(each: Amendment) -> Amended:
    return Amended(
        fate=each.fate.value,
        at=each.at,
        title=_cut(each.title, TITLE_LIMIT),
        url=web_address(each.url),
        source=_cut(each.source_title, NAME_LIMIT),
        language=each.language or "",
        edits=shortened(each.edits),
    )


def _told(notices: Iterable[Notice]) -> tuple[Told, ...]:
    """Kind by kind; of each source what came last."""
    last = {(n.kind, n.subject) if n.kind == "source" else (n.kind, n.key): n for n in notices}
    order = {kind: place for place, kind in enumerate(KINDS)}
    found = sorted(last.values(), key=lambda n: (order.get(n.kind, len(order)), n.at, n.id))
    return tuple(Told(kind=n.kind, at=n.at, what=n.what, values=n.values, sentence=n.sentence) for n in found)


def _changed(changes: Iterable[HealthChange]) -> tuple[Changed, ...]:
    """The last change of each source that is read again or has become slow: the others are named for what they are."""
    last = {change.slug: change for change in changes}
    return tuple(
        Changed(
            title=_cut(change.title, NAME_LIMIT),
            before=change.before.value,
            after=change.after.value,
            at=change.at,
            why=_cut(change.why, ERROR_LIMIT),
        )
        for change in sorted(last.values(), key=lambda change: change.at)
        if change.after in {Health.FINE, Health.SLOW}
    )


def _doubtful(source: DoubtfulSource) -> Doubtful:
    return Doubtful(title=_cut(source.title, NAME_LIMIT), at=source.at)


def web_address(url: str | None) -> str:
    """`url` where it is a plain http or https address of a sane length, else "": nothing else is ever made a link.

    Characters that no address holds as they are (RFC 3986) and with which the link would end in one of the forms that
    we write are encoded.
    """
    if not url or len(url) > LINK_LIMIT or any(c.isspace() or unicodedata.category(c) == "Cc" for c in url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url.translate(_ENCODED) if parts.scheme.lower() in {"http", "https"} and parts.netloc else ""


def _sources(item: Item) -> Iterable[str]:
    return item.lead.source.slug, *(voice.source_slug for voice in item.others)


def _story(
    item: Item,
    *,
    number: int,
    labels: Mapping[str, str],
    watches: Mapping[str, str],
    shown_above: tuple[str, str],
    untitled: str,
) -> Story:
    post = item.lead.post
    start = after_title(post.text, post.title)
    every = [piece for match in (*item.lead.matches, *item.matches) for piece in match.evidence]
    under = [piece for match in item.lead.matches if ("watch", match.watch) == shown_above for piece in match.evidence]
    title_spans = marked(post.title, Field.TITLE, every)
    body_spans = marked(post.text, Field.TEXT, every)
    focus = [span for span in marked(post.text, Field.TEXT, under) if span.start >= start]
    shown = _shown(item.tags, hide=shown_above)
    other_watches = dict.fromkeys(watches[match.watch] for match in item.matches if match.watch in watches)
    return Story(
        number=number,
        title=whole(post.title, title_spans, limit=TITLE_LIMIT) or whole(untitled),
        url=web_address(post.url),
        source=_cut(item.lead.source.title, NAME_LIMIT),
        authority=item.lead.source.authority.value,
        at=item.at,
        language=post.language or "",
        body=post.text,
        body_start=start,
        body_spans=body_spans,
        body_focus=focus[0] if focus else None,
        tags=tuple(_name(tag, labels) for tag in shown[:TAGS_SHOWN]),
        more_tags=max(0, len(shown) - TAGS_SHOWN),
        watches=tuple(_cut(name, NAME_LIMIT) for name in list(other_watches)[:TAGS_SHOWN]),
        others=tuple(_other(voice) for voice in item.others),
        forwarded_from=_cut(post.forwarded_from.name, NAME_LIMIT) if post.forwarded_from else "",
        edited=post.edited or item.lead.revisions > 0,
        edits=shortened(item.edits),
        news=tuple(_cut(sentence, SENTENCE_LIMIT) for sentence in item.news[:NEWS_SHOWN]),
        withdrawn_at=item.withdrawn_at,
    )


def marked(text: str, field: Field, evidence: Sequence[Evidence]) -> tuple[Span, ...]:
    """Where the evidence points, and wherever else the same words stand: evidence may name the first place only, and
    may come from another post of the story."""
    words = (piece.words for piece in evidence if piece.field in {Field.TITLE, Field.TEXT})
    return joined((*spans(text, evidence, field=field), *occurrences(text, words)))


def _shown(tags: Sequence[Tag], *, hide: tuple[str, str]) -> list[Tag]:
    """Tags worth a reader's eye: what the story is about, else the weightiest mention; never the heading again."""
    spoken_of = [tag for tag in tags if tag.facet is not Facet.ISSUER and (tag.facet.value, tag.slug) != hide]
    main = [tag for tag in spoken_of if tag.main] or spoken_of[:3]
    order = {Facet.COUNTRY: 0, Facet.ORGANISATION: 1, Facet.REGION: 2}
    unique = {(tag.facet, tag.slug): tag for tag in reversed(main)}
    return sorted(unique.values(), key=lambda tag: (order.get(tag.facet, 3), -tag.weight, tag.slug))


def _name(tag: Tag, labels: Mapping[str, str]) -> str:
    return _cut(labels.get(f"{tag.facet.value}:{tag.slug}") or tag.slug, NAME_LIMIT)


def _other(voice: Voice) -> Other:
    return Other(source=_cut(voice.source_title, NAME_LIMIT), url=web_address(voice.url), lag=voice.lag)


def _cut(text: str, limit: int) -> str:
    return whole(text, limit=limit).text
