"""The values that pass between the stages: one frozen type per hop, in the order in which a post meets them.

    Source → Document → Window of Entries → Post → Prepared (tags, matches) → story → Digest → Message → Receipt

All times are aware and UTC. Slugs are lower-case ASCII words joined by hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

if TYPE_CHECKING:
    from monitor.core.sketch import Said

Clock = Callable[[], datetime]
"""Gives the present moment, aware and UTC. Handed in, so that tests decide what time it is."""

# ── sources ────────────────────────────────────────────────────────────────────────────────────────────────


class Authority(StrEnum):
    """How near a source stands to what it reports."""

    PRIMARY = "primary"  # the body that issues the statement: a ministry, an organisation, an embassy
    STATE_AGENCY = "state_agency"  # a news agency or broadcaster owned by a state
    PRESS = "press"  # everybody else who reports


class Owner(StrEnum):
    """Who may change a source, watch or subscription."""

    FILE = "file"  # a file under config/ says what it is; the command line only pauses and resumes it
    OPERATOR = "operator"  # added on the command line; no file touches it


class Health(StrEnum):
    """In what state a source is by its own history, see core.health. What is worse stands later."""

    NEW = "new"  # never polled
    FINE = "fine"
    SLOW = "slow"  # answers much slower than it usually does, or nearly too late
    SILENT = "silent"  # read without errors, and unusually quiet for what it is at these hours and weekdays
    FAILING = "failing"  # cannot be read
    GONE = "gone"  # its server says that the address will not come back


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderPage:
    """A page at which going back to a known post goes on."""

    address: str
    since: datetime | None = None  # when it was first asked for in vain


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What polling remembers of a source between two polls."""

    etag: str | None = None  # sent back unchanged, quotes and W/ included (RFC 9110, 8.8.3)
    last_modified: str | None = None  # sent back unchanged (RFC 9110, 8.8.2)
    body_hash: bytes | None = None  # of the last body that was read to the end
    seen: bytes = b""  # 8-byte digests of the last window's posts, see core.identity
    cuts: bytes = b""  # how the last window was cut into entries, see sources.cutting; b"" where it is to be read whole
    failures: int = 0  # polls in a row that failed
    polled_before: bool = False  # a first poll that succeeded is over: the backlog has been taken
    unconditional: str | None = None  # why validators are not sent to this server; None where they are
    unchecked: int = 0  # times in a row that its word was taken for "not modified"; from below 0 where it was proven
    moved_to: str | None = None  # where permanent redirects led
    moved_polls: int = 0  # polls in a row that were led there; after some, that address is asked directly
    backfill: tuple[OlderPage, ...] = ()  # that of the oldest spell first
    rhythm: bytes = b""  # when it usually posts, see core.rhythm
    hints: Mapping[str, Any] = field(default_factory=dict)  # what its feed asks for, see core.hints
    drift: bytes = b""  # how far its stated times are off, see core.drift
    health: Health = Health.NEW
    answers: bytes = b""  # how it answered of late, see core.health
    numbers: Mapping[str, Any] = field(default_factory=dict)  # which numbered posts it showed, see core.numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place that is polled."""

    slug: str
    title: str
    kind: str  # a name in sources.KINDS
    url: str  # as the operator gave it; for Telegram "https://t.me/s/NAME"
    homepage: str | None = None
    organisation: str | None = None  # slug of the body that issues what is posted here
    country: str | None = None  # ISO 3166-1 alpha-2, upper case, of that body
    language: str | None = None  # BCP 47, of most posts; a hint, each post is judged by itself
    authority: Authority = Authority.PRESS
    tags: tuple[str, ...] = ()  # the operator's own labels
    default_tags: tuple[str, ...] = ()  # "facet:slug", tags that every post of this source gets
    interval: timedelta = timedelta(minutes=15)
    options: Mapping[str, Any] = field(default_factory=dict)  # what only this kind understands
    owner: Owner = Owner.OPERATOR
    paused: bool = False
    id: int = 0  # 0 until stored
    memory: Memory = Memory()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """A source with what its polls have shown, for tables and coverage."""

    source: Source
    next_poll_at: datetime | None
    last_poll_at: datetime | None
    last_success_at: datetime | None
    last_new_at: datetime | None  # when a poll last brought a post not known before
    last_gap_at: datetime | None  # when a poll last found that posts may have been missed
    last_outcome: str | None
    last_error: str | None
    posts: int


# ── fetching ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes from a source, transfer and content codings already undone."""

    url: str  # where they came from after redirects: the base of relative links
    content: bytes
    content_type: str | None = None  # the header as sent, parameters included
    fetched_at: datetime
    whole: bool = True  # False where the server did not say where it ends, so that it may have been cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """What an answer says about how long it is good for (RFC 9111, 4.2): headers as sent, None where absent."""

    cache_control: str | None = None
    expires: str | None = None
    age: str | None = None
    date: str | None = None

    def headers(self) -> dict[str, str]:
        """Those that were sent, by their names on the wire."""
        named = {"Cache-Control": self.cache_control, "Expires": self.expires, "Age": self.age, "Date": self.date}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body that may hold something new."""

    document: Document
    etag: str | None = None
    last_modified: str | None = None
    moved_to: str | None = None  # the final address when every redirect on the way was permanent (301, 308)
    freshness: Freshness = Freshness()
    # From asking to the last byte, redirects included, waiting for a turn not.
    took: timedelta | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """304: the server says that nothing changed since the validators we sent."""

    moved_to: str | None = None  # as in `Fetched`
    freshness: Freshness = Freshness()
    took: timedelta | None = field(default=None, compare=False)  # as of Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """410: the server says that this address will not come back."""


FetchResult = Fetched | NotModified | Gone


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Where a forwarded post came from."""

    name: str
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Something attached to a post; never fetched."""

    # "photo", "video", "round-video", "voice", "audio", "document", "sticker", "poll", "location", "contact" or "link"
    kind: str
    url: str | None = None
    title: str | None = None  # file name, link title or the platform's placeholder ("Media is too big")
    mime: str | None = None
    bytes: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a source adapter hands over, still raw: nothing trimmed, sanitised or guessed."""

    guid: str | None = None  # as stated; None where the source states none
    link: str | None = None  # absolute
    title: str | None = None  # plain text
    title_made: bool = False  # made from the address: the source gave none
    html: str | None = None  # the fullest body the source gives, untrusted markup
    summary: str | None = None  # a shorter body beside it, untrusted markup
    author: str | None = None
    published: str | None = None  # as written by the source, any format
    updated: str | None = None  # likewise
    language: str | None = None
    categories: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()  # without "#", where the source marks them itself
    media: tuple[Media, ...] = ()
    forwarded_from: Forward | None = None
    reply_to: str | None = None  # link of the post answered
    edited: bool = False
    views: int | None = None
    service: bool = False  # the platform speaking ("channel photo updated"), not the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The numbers of the posts on a page that shows all there are between `first` and `last`, both included."""

    first: int
    last: int
    shown: tuple[int, ...]  # service messages and the parts of albums included
    newest: bool = True  # nothing is newer than this page


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one document showed: a feed is a window on its source, not its archive."""

    entries: tuple[Entry, ...]  # in the document's own order
    title: str | None = None
    homepage: str | None = None
    language: str | None = None
    older: str | None = None  # address of the page before this one, where the document links it
    more: tuple[str, ...] = ()  # addresses to be read in the same poll as if part of this: the parts of a sitemap index
    hints: Mapping[str, Any] = field(default_factory=dict)  # when to come back, as core.hints.Hints.to_json gives it
    notes: tuple[str, ...] = ()  # what a person should know: "declared utf-8, was windows-1251"
    numbers: Numbered | None = None  # where the source numbers its posts without leaving a number out
    hashes: tuple[bytes, ...] = ()  # of the bytes of each entry, where they could be told apart without a parser
    outline: tuple[bytes, bytes] | None = None  # then: what stands before and behind them, see sources.cutting


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An entry made uniform."""

    guid: str  # identity within its source; made from the best evidence where none is stated
    url: str | None  # canonical: tracking parameters and fragments off
    title: str
    title_made: bool = False  # made from the first sentence, the source gave none
    text: str  # plain text, paragraphs separated by a blank line
    html: str  # sanitised
    summary: str = ""  # plain text of a teaser beside a full text, "" where there is none
    author: str | None = None
    language: str | None = None  # BCP 47 primary subtag, of this post
    stated_at: datetime | None = None  # when the source says it was published
    updated_at: datetime | None = None  # when the source says it was last edited
    hashtags: tuple[str, ...] = ()  # without "#", as written, in order of appearance
    categories: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    forwarded_from: Forward | None = None
    reply_to: str | None = None
    edited: bool = False
    views: int | None = None
    content_hash: bytes  # 16 bytes over what a reader sees; another value means a revision
    fingerprint: bytes | None  # 16 bytes over the folded words, equal for reposts; None where the text is too short


class Field(StrEnum):
    """The part of a post that evidence points into. Offsets count characters (code points) of that string."""

    TITLE = "title"
    TEXT = "text"
    HASHTAG = "hashtag"  # the hashtags joined by one space, each with its "#"
    SOURCE = "source"  # nothing written in the post: it follows from the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The exact words that led to a tag or a match."""

    field: Field
    offset: int  # field[offset:offset + len(words)] == words; 0 for Field.SOURCE
    words: str
    # Of tags "name", "acronym", "hashtag", "flag", "demonym", "city", "member", "issuer", "forwarded", "source default"
    # and "person", of matches "phrase".
    rule: str


class Facet(str):
    """A kind of tag: one of the four that are built in, or an operator's own ("topic"), by its slug.

    `issuer` says who speaks, the others what is spoken of. There is one object a slug, so facets may be compared with
    `is`. ValueError for what can be no facet's slug.
    """

    __slots__ = ()

    ORGANISATION: ClassVar[Facet]
    COUNTRY: ClassVar[Facet]
    REGION: ClassVar[Facet]
    ISSUER: ClassVar[Facet]
    BUILT_IN: ClassVar[tuple[Facet, ...]]

    def __new__(cls, slug: str) -> Self:
        """The facet of that slug."""
        known = _FACETS.get(slug)
        if known is None:
            if not re.fullmatch(FACET_SLUG, slug):
                raise ValueError(f"{slug!r} cannot be a facet; expected 2 to 30 of a–z")
            known = _FACETS.setdefault(str(slug), super().__new__(cls, slug))
        return cast("Self", known)

    @property
    def value(self) -> str:
        """The plain slug."""
        return str(self)


FACET_SLUG = "[a-z]{2,30}"
"""Letters alone, because a facet is written before a colon in queries: topic:grain."""

_FACETS: dict[str, Facet] = {}

Facet.ORGANISATION = Facet("organisation")
Facet.COUNTRY = Facet("country")
Facet.REGION = Facet("region")
Facet.ISSUER = Facet("issuer")
Facet.BUILT_IN = (Facet.ORGANISATION, Facet.COUNTRY, Facet.REGION, Facet.ISSUER)

SHORT_FACETS: Mapping[str, Facet] = {
    "org": Facet.ORGANISATION,
    "region": Facet.REGION,
    "country": Facet.COUNTRY,
    "issuer": Facet.ISSUER,
}
"""The built-in facets as people write them before a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One taxonomy entry found in a post."""

    facet: Facet
    slug: str  # for countries the lower-case ISO code
    main: bool  # what the post is about, in contrast to a mention
    weight: float  # 0 to 1; title, first paragraph, frequency and how plain the evidence is
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A watch found in a post."""

    watch: str  # slug
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A post with all that can be said of it without looking at other posts."""

    post: Post
    tags: Sequence[Tag] = ()  # out of a worker process packed, see core.packedtags
    matches: tuple[Match, ...] = ()
    # Those that it has where the store knows an earlier version of it; None: the same.
    matches_if_edited: tuple[Match, ...] | None = None
    taxonomy: str = ""  # version of the taxonomy that the tags were found by, see core.taxonomy.Taxonomy.version
    # What of it is compared with other posts, where that was worked out already; it follows from the post.
    said: Said | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading one document gave, ready to be stored."""

    posts: tuple[Prepared, ...]  # only those not among `seen` of the memory handed in
    entries: int  # all entries of the window, known ones and service messages included
    seen: bytes  # the new value for Memory.seen
    cuts: bytes = b""  # likewise, for Memory.cuts
    title: str | None = None
    shown: int = 0  # posts of the window, known ones included
    older: str | None = None
    more: tuple[str, ...] = ()  # see Window.more
    hints: Mapping[str, Any] = field(default_factory=dict)  # see Window.hints
    notes: tuple[str, ...] = ()  # among them each entry that could not be used, and why
    numbers: tuple[Numbered, ...] = ()  # see Window.numbers; one for each page that was read, newest first


class Outcome(StrEnum):
    """How a poll ended."""

    NEW = "new"  # posts not known before, or changed ones
    KNOWN = "known"  # a body came, with nothing new in it
    NOT_MODIFIED = "not-modified"
    POSTPONED = "postponed"  # nothing was asked: its host is to be left alone for now
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One poll of one source: all that its transaction needs."""

    source: Source
    started_at: datetime
    finished_at: datetime
    outcome: Outcome  # as far as the poll itself can tell; storing may turn NEW into KNOWN
    reading: Reading | None = None
    memory: Memory = Memory()  # to be remembered instead of source.memory
    error: str | None = None  # a sentence
    reason: str | None = None  # one word, see SourceError
    retry_at: datetime | None = None
    size: int = 0  # decoded bytes
    fresh_until: datetime | None = None  # until when the server calls this answer fresh
    gap: str | None = None  # a sentence, where posts may have been missed between the last poll and this one
    answered_in: timedelta | None = None  # how long the server took, see Fetched.took; None where nothing came back


# ── watches, subscriptions, schedules ──────────────────────────────────────────────────────────────────────


class Priority(StrEnum):
    """How much a watch matters to those who are alerted."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class Quiet(StrEnum):
    """What happens to alerts in quiet hours."""

    HOLD = "hold"  # they wait until the hours end
    CRITICAL = "critical"  # those of critical watches go out, the others wait
    NONE = "none"  # what is found in these hours is not alerted at all; digests have it


class Sensitivity(StrEnum):
    """How much more than usual is a spike."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Change(StrEnum):
    """What an edit did to the words that a watch looks for."""

    ADDED = "added"  # the watch is found in a post in which it was not found before the edit
    REMOVED = "removed"  # it is found no more
    WITHDRAWN = "withdrawn"  # a post in which it was found was withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Hours of the day, in local time, in which alerts are not wanted."""

    start: time  # local, naive
    end: time  # before `start` where the hours reach over midnight
    timezone: str  # IANA name
    then: Quiet = Quiet.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """What a watch sends by itself, and to whom."""

    channel: str  # a name in channels.CHANNELS
    recipients: tuple[str, ...]
    language: str = "en"
    timezone: str = "UTC"  # in which times are told
    options: Mapping[str, Any] = field(default_factory=dict)
    every: timedelta = timedelta()  # what was found in this time goes out together; zero: at once
    quiet: QuietHours | None = None
    stories: int = 1  # how many new stories …
    within: timedelta = timedelta(hours=1)  # … in this time make an alert
    cooldown: timedelta = timedelta()  # after an alert, nothing for so long; then all that came meanwhile
    most: int = 20  # stories told in one alert; the others are counted, and listed in its plain text
    spike: Sensitivity | None = None  # alert when much more is found than usual at this hour of this weekday
    silence: timedelta | None = None  # alert when nothing is found for so long
    edits: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A named query in the watch language."""

    slug: str
    title: str
    query: str
    owner: Owner = Owner.OPERATOR
    paused: bool = False
    is_list: bool = False  # not looked for by itself: words that other watches name as @slug
    in_digests: bool = True  # has a section in digests
    priority: Priority = Priority.NORMAL
    alerts: Alerts | None = None
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a subscription is due: times of day on some weekdays, each few hours, or a five-field cron line."""

    timezone: str  # IANA name
    times: tuple[time, ...] = ()  # local, naive; with `every`, the one time from which hours are counted
    weekdays: tuple[int, ...] = ()  # Monday is 0; empty means every day
    every: timedelta | None = None  # whole hours
    cron: str | None = None  # minute hour day month weekday, as in crontab(5)
    holidays: tuple[str, ...] = ()  # nothing is due on them; see core.daysoff
    pauses: tuple[str, ...] = ()  # nothing is due in them; see core.daysoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which posts a subscription wants: every list that is not empty must be met by at least one of its members."""

    watches: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()  # lower-case ISO codes, as tag slugs are
    issuers: tuple[str, ...] = ()  # slugs of organisations or countries that speak
    tags: tuple[str, ...] = ()  # "facet:slug", of any facet, an operator's own among them
    sources: tuple[str, ...] = ()
    source_tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    authorities: tuple[Authority, ...] = ()


class Grouping(StrEnum):
    """How a digest is divided after the watches, which always come first."""

    ORGANISATION = "organisation"
    REGION = "region"
    COUNTRY = "country"
    SOURCE = "source"
    NONE = "none"


class Notices(StrEnum):
    """Whether a subscription carries what the operator should know."""

    NONE = "none"
    ALSO = "also"  # beside the posts
    ONLY = "only"  # and no posts


def grouping_of(written: str) -> Grouping | Facet:
    """The grouping of that name; what is none of ours is a facet of the operator's own."""
    return Grouping(written) if written in {each.value for each in Grouping} else Facet(written)


class Order(StrEnum):
    """How the stories of a section follow one another."""

    NEWEST = "newest"
    OLDEST = "oldest"
    WEIGHT = "weight"  # told by most first, then by how much it is about its heading


class Show(StrEnum):
    """The parts of a digest beside its stories; a subscriber may do without any of them."""

    SUMMARY = "summary"  # figures, and what is unusual against the usual week
    AHEAD = "ahead"  # events that the stories announce
    CHANGES = "changes"  # edits and withdrawals of what was given before
    TRENDS = "trends"  # bars against the four weeks before
    COVERAGE = "coverage"  # what was read and what could not be; a quiet digest has it whatever is chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who receives what, by which channel, on which schedule."""

    slug: str
    title: str
    channel: str  # a name in channels.CHANNELS
    recipients: tuple[str, ...]  # addresses that the channel understands, one message each
    schedule: Schedule
    selection: Selection = Selection()
    grouping: Grouping | Facet = Grouping.ORGANISATION  # a facet: one of the operator's own
    order: Order = Order.NEWEST
    show: tuple[Show, ...] = tuple(Show)
    send_empty: bool = False  # a quiet day is delivered too, with its coverage as proof
    language: str = "en"  # of the labels
    options: Mapping[str, Any] = field(default_factory=dict)  # what only this channel understands
    notices: Notices = Notices.NONE
    templates_dir: str | None = None  # folder of templates of its own
    owner: Owner = Owner.OPERATOR
    paused: bool = False
    id: int = 0
    created_at: datetime | None = None
    next_due_at: datetime | None = None
    last_compiled_at: datetime | None = None  # None before the first digest
    # The newest post there was at the last digest or, before the first, when it was made: arrival needs no clock.
    last_post_id: int | None = None
    last_change_id: int | None = None  # the newest change of a post that there was at the last edition


# ── digests ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPost:
    """A post as the store gives it back."""

    id: int
    source: Source
    story_id: int
    post: Post
    first_seen_at: datetime
    backlog: bool  # was already old when its source was polled for the first time: searchable, not digested
    tags: tuple[Tag, ...] = ()
    matches: tuple[Match, ...] = ()
    revisions: int = 0
    ahead: timedelta = timedelta()  # how far its source's clock runs ahead, by all that is known, see core.drift


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a post said before it was edited."""

    number: int  # 1 is the oldest
    title: str
    text: str
    replaced_at: datetime  # when a poll first showed the next version


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Somebody who carried a story."""

    post_id: int
    source_slug: str
    source_title: str
    authority: Authority
    url: str | None
    at: datetime  # stated time, else first seen
    lag: timedelta  # after the first voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A run of words of two texts that say nearly the same: in both of them or in one."""

    words: str
    was: bool  # in the text before
    now: bool  # in the text after


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A story as it stands in a digest."""

    story_id: int
    lead: StoredPost  # who said it first, the nearest authority where several are equally early
    others: tuple[Voice, ...]  # everyone else, in order of time
    tags: tuple[Tag, ...]  # of the lead
    matches: tuple[Match, ...]  # of every post of the story that was selected
    at: datetime
    news: tuple[str, ...] = ()  # sentences of the lead that are new in a story this subscription was given before
    edits: tuple[Wording, ...] = ()  # how the lead was edited since it was first read
    withdrawn_at: datetime | None = None  # since when the lead is not there to be read any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Items under one heading."""

    kind: str  # "watch", "organisation", "region", "country", "source" or "none"
    slug: str
    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingSource:
    """A source that could not be read when the digest was compiled."""

    slug: str
    title: str
    error: str
    since: datetime | None  # last success, None if never


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChange:
    """A source passed from one state to another."""

    slug: str
    title: str
    before: Health
    after: Health
    at: datetime
    why: str  # a sentence without its capital: the last error, how long answers take
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPosts:
    """Numbered posts of a source that are not there to be read, found in the time of a digest."""

    slug: str
    title: str
    never_seen: int  # deleted before they could be read, or not for the public
    withdrawn: int  # seen once, and not shown any more


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulSource:
    """A source that was read, and from which something may be missing all the same."""

    slug: str
    title: str
    at: datetime  # silent: its last post, or when it was added; gap: when it was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The evidence behind a digest: a quiet day is shown to be quiet, not broken."""

    since: datetime  # start of the time the digest answers for
    until: datetime
    sources: int  # not paused
    checked: int  # read successfully at least once in that time
    polls: int
    failing: tuple[FailingSource, ...]
    posts: int  # new in that time over all sources
    selected: int  # of these, wanted by the subscription
    folded: int  # of these, shown as another voice of a story
    stories: int
    silent: tuple[DoubtfulSource, ...] = ()  # unusually quiet for what they are at these hours
    gaps: tuple[DoubtfulSource, ...] = ()  # whose window had moved on past the last post seen
    changes: tuple[HealthChange, ...] = ()  # of sources' states that this subscription was not told of, oldest first
    missing: tuple[MissingPosts, ...] = ()  # for information: nothing that could have been read was lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """An event that a story announces."""

    first: date  # in the announcer's own calendar: no zone is stated, so none is assumed
    last: date
    sentence: str  # the evidence
    words: str  # of the sentence: the date itself
    story_id: int
    title: str
    url: str | None
    source_title: str
    language: str | None


class Fate(StrEnum):
    """What can become of a post after it was published."""

    EDITED = "edited"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"  # it was withdrawn and is there again


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What became of a post that this subscription was given in an earlier edition."""

    post_id: int
    story_id: int
    fate: Fate
    at: datetime
    title: str
    url: str | None
    source_title: str
    language: str | None
    edits: tuple[Wording, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How much was posted on something lately, against the usual."""

    facet: str  # of Facet; "" for all posts together
    slug: str
    label: str  # in the language of the subscription
    posts: int
    usual: float | None  # posts in as much time on these weekdays; None where too little is known
    unusual: bool = False  # so much more or less that chance does not explain it


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Figures against the four weeks before, of all posts that were read, selected or not."""

    since: datetime  # of the time that was counted
    until: datetime
    days: int  # of the 28 before that time, how many are known
    total: Trend
    tags: tuple[Trend, ...] = ()  # by facet, the most posts first


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One edition for one subscription at one due time: all that a template sees."""

    subscription: Subscription
    due_at: datetime
    compiled_at: datetime
    sections: tuple[Section, ...]  # each story once, under its best section
    coverage: Coverage
    labels: Mapping[str, str] = field(default_factory=dict)  # "facet:slug" → name in the subscription's language
    ahead: tuple[Ahead, ...] = ()  # the next first
    trends: Trends | None = None
    amended: tuple[Amendment, ...] = ()  # the latest first
    notices: tuple[Notice, ...] = ()  # that this subscription was not given yet, oldest first
    page: str = ""  # address of the page with everything in it; "" where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRecord:
    """An edition as it was kept."""

    id: int
    due_at: datetime
    compiled_at: datetime
    stories: int
    posts: int
    coverage: Coverage
    trends: Trends | None
    token: str | None  # in the address of its page
    messages: int  # made from it; 0 where nothing was sent


# ── outbox ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A rendered message, the same for every recipient."""

    subject: str
    text: str = ""
    html: str = ""
    payload: Mapping[str, Any] | None = None  # webhooks: the JSON body
    calendar: str = ""  # emails: events ahead as iCalendar (RFC 5545)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A digest as it is sent, and what went wrong with templates of the operator's on the way."""

    content: Content
    troubles: tuple[str, ...] = ()  # sentences; other templates stood in


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"  # due at next_attempt_at
    CLAIMED = "claimed"  # somebody is sending it, until the claim runs out
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; kept, shown, can be sent again
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered digest or alert for one recipient on one channel."""

    key: str  # what makes a repeat recognisable: Message-ID, webhook-id and file name are made from it
    channel: str
    recipient: str
    content: Content
    options: Mapping[str, Any] = field(default_factory=dict)  # of the subscription's channel
    subscription_slug: str = ""  # of an alert: its watch's
    created_at: datetime | None = None
    id: int = 0
    attempts: int = 0  # begun so far, the present one included
    state: MessageState = MessageState.WAITING
    next_attempt_at: datetime | None = None
    last_error: str | None = None
    ticket: str | None = None  # token by which the recipient unsubscribes
    progress: int = 0  # parts that earlier attempts handed over, where a channel sends several
    answers: str | None = None  # key of the message that this one follows up on


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A state that a message came into."""

    at: datetime
    state: MessageState
    reason: str  # a sentence, "" where the state says it all


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """How deliveries to one address of one channel have gone."""

    channel: str
    address: str
    delivered: int = 0
    bounces: int = 0  # messages that were refused for good
    failing_since: datetime | None = None
    last_delivered_at: datetime | None = None
    last_error: str | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that the operator should know."""

    key: str  # the same event has the same key, and is said once
    at: datetime
    kind: str  # of core.notices.KINDS
    subject: str  # what it is about: a slug, an address, a file
    sentence: str  # English
    what: str = ""  # of core.notices.SENTENCES: by it digests say the same in other languages
    values: Mapping[str, str] = field(default_factory=dict)  # what the sentence is filled with
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the receiver said when it took a message."""

    detail: str  # "250 2.0.0 queued as 4F1A", "204", "written to …/x.eml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to hand a message over."""

    attempt: int
    started_at: datetime
    finished_at: datetime
    outcome: str  # "delivered", "retry", "dead"
    detail: str
