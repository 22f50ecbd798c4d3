"""The tables. Alembic's migrations are tested against them, so a change here needs a migration.

What a file or a person decides (`source`, `watch`, `subscription`) is kept apart from what the loops write, so that
applying configuration never overwrites what polling has just learnt.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    false,
    text,
    true,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel


class Utc(TypeDecorator[datetime]):
    """An aware time, UTC on both sides. SQLite keeps no zone, so one is taken off and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone must not be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(SQLModel):
    """Names of constraints are fixed, so that migrations can name what they change."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Json(TypeDecorator[Any]):
    """JSON; in PostgreSQL its binary form. None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - 40 ms that SQLite's users need not wait

        return dialect.type_descriptor(JSONB(none_as_null=True))


def text_column(**kwargs: Any) -> Any:
    return Field(sa_type=Text, **kwargs)


def bytes_column(**kwargs: Any) -> Any:
    return Field(sa_type=LargeBinary, **kwargs)


def time_column(**kwargs: Any) -> Any:
    return Field(sa_type=Utc, **kwargs)


def json_column(**kwargs: Any) -> Any:
    return Field(sa_type=Json, **kwargs)


def reference(target: str, **kwargs: Any) -> Any:
    """A foreign key whose rows go when what they point at goes."""
    return Field(sa_column=Column(ForeignKey(target, ondelete="CASCADE"), **kwargs))


class SourceRow(Base, table=True):
    __tablename__ = "source"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = text_column(unique=True)
    title: str = text_column()
    kind: str = text_column()
    url: str = text_column()
    homepage: str | None = text_column()
    organisation: str | None = text_column()
    country: str | None = text_column()
    language: str | None = text_column()
    authority: str = text_column()
    tags: list[str] = json_column()
    default_tags: list[str] = json_column()  # "facet:slug"
    interval_seconds: int
    options: dict[str, Any] = json_column()
    owner: str = text_column()
    paused: bool
    created_at: datetime = time_column()
    removed_at: datetime | None = time_column()  # its posts stay


class SourceStateRow(Base, table=True):
    __tablename__ = "source_state"
    __table_args__ = (Index(None, "next_poll_at"),)

    source_id: int = reference("source.id", primary_key=True)
    etag: str | None = text_column()
    last_modified: str | None = text_column()
    body_hash: bytes | None = bytes_column()
    seen: bytes = bytes_column()
    cuts: bytes = bytes_column()
    failures: int
    polled_before: bool
    unconditional: str | None = text_column()
    unchecked: int
    moved_to: str | None = text_column()
    moved_polls: int
    backfill: str | None = text_column()
    rhythm: bytes = bytes_column()
    hints: dict[str, Any] = json_column()
    drift: bytes = bytes_column()
    health: str = text_column()  # see core.health
    answers: bytes = bytes_column()
    numbers: dict[str, Any] = json_column()
    last_gap_at: datetime | None = time_column()
    held: bool  # paused on the command line, whatever the file says
    next_poll_at: datetime = time_column()
    claimed_until: datetime | None = time_column()
    last_poll_at: datetime | None = time_column()
    last_success_at: datetime | None = time_column()
    last_new_at: datetime | None = time_column()
    last_outcome: str | None = text_column()
    last_error: str | None = text_column()


class PollRow(Base, table=True):
    __tablename__ = "poll"
    __table_args__ = (Index(None, "source_id", "started_at"), Index(None, "started_at"))

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = reference("source.id", nullable=False)
    started_at: datetime = time_column()
    finished_at: datetime = time_column()
    outcome: str = text_column()
    reason: str | None = text_column()
    error: str | None = text_column()
    gap: str | None = text_column()
    notes: list[str] = json_column()
    entries: int
    fresh: int
    changed: int
    size: int = Field(sa_type=BigInteger)
    answer_ms: int | None  # how long the server took, waiting for a turn not counted


class HealthChangeRow(Base, table=True):
    """A source passed from one state to another."""

    __tablename__ = "health_change"
    __table_args__ = (Index(None, "source_id", "at"), Index(None, "at"))

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = reference("source.id", nullable=False)
    at: datetime = time_column()
    before: str = text_column()
    after: str = text_column()
    why: str = text_column()


class StoryRow(Base, table=True):
    __tablename__ = "story"

    id: int | None = Field(default=None, primary_key=True)
    created_at: datetime = time_column()
    merged_into: int | None = Field(default=None)  # the story to which its posts went, all of them


class PostRow(Base, table=True):
    __tablename__ = "post"
    __table_args__ = (
        Unique("source_id", "guid"),
        Index(None, "first_seen_at"),
        Index(None, "story_id"),
        Index(None, "url_key", "source_id"),
        Index(None, "lead_key"),
        Index(None, "forward_key"),
        Index(None, "taxonomy"),
        Index(
            "ix_post_withdrawn_at",
            "withdrawn_at",
            sqlite_where=text("withdrawn_at IS NOT NULL"),
            postgresql_where=text("withdrawn_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = reference("source.id", nullable=False)
    story_id: int = reference("story.id", nullable=False)
    relation: str = text_column()  # to its story, see core.stories
    relation_reason: str = text_column()
    root_id: int | None = Field(default=None)  # the post that stands for its story; None: itself
    of_id: int | None = Field(default=None)  # the post by which it belongs to the story
    speaks: bool  # others may belong to the story by their likeness to it
    guid: str = text_column()
    url: str | None = text_column()
    url_key: bytes | None = bytes_column()  # 8-byte hash of url: short enough for every index
    forward_key: bytes | None = bytes_column()  # the same, of the link this post was forwarded from
    lead_key: bytes | None = bytes_column()  # of the first words of its title, see core.recognition
    fingerprint: bytes | None = bytes_column()
    content_hash: bytes = bytes_column()
    title: str = text_column()
    title_made: bool
    text: str = text_column()
    html: str = text_column()
    summary: str = text_column()
    author: str | None = text_column()
    language: str | None = text_column()
    stated_at: datetime | None = time_column()
    updated_at: datetime | None = time_column()
    first_seen_at: datetime = time_column()
    hashtags: list[str] = json_column()
    categories: list[str] = json_column()
    media: list[dict[str, Any]] = json_column()
    forwarded_name: str | None = text_column()
    forwarded_link: str | None = text_column()
    reply_to: str | None = text_column()
    edited: bool
    views: int | None = Field(sa_type=BigInteger)
    backlog: bool
    revisions: int
    taxonomy: str = text_column()  # version of the taxonomy its tags were found by; "": to be tagged anew
    withdrawn_at: datetime | None = time_column()  # since when its source shows it no more
    sketch: bytes | None = bytes_column()  # of its words, see core.sketch; None: to be made anew when it is needed


class BandRow(Base, table=True):
    """A number under which a post is found that is worth comparing, see core.ownwords.keys."""

    __tablename__ = "band"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: int = Field(primary_key=True, sa_type=Integer, sa_column_kwargs={"autoincrement": False})
    mute: bool = Field(primary_key=True)  # the post does not speak for a story
    day: int = Field(primary_key=True, sa_type=SmallInteger)  # of publication, counted from 1970
    post_id: int = Field(primary_key=True, sa_type=Integer)


class HabitRow(Base, table=True):
    """A line at the beginning or end of posts of a source, and how many have it; from some on it says nothing."""

    __tablename__ = "habit"
    __table_args__ = (
        Index("ix_habit_learnt", "source_id", sqlite_where=text("learnt"), postgresql_where=text("learnt")),
        {"sqlite_with_rowid": False},
    )

    source_id: int = reference("source.id", primary_key=True)
    line: bytes = Field(sa_type=LargeBinary, primary_key=True)  # see core.ownwords.line_key
    posts: int
    learnt: bool
    day: int  # it was last seen, counted from 1970


class RulingRow(Base, table=True):
    """Where a person put a post: into the story of another post, or into one of its own."""

    __tablename__ = "ruling"

    post_id: int = reference("post.id", primary_key=True)
    put_to: int = reference("post.id", nullable=False)
    since: datetime = time_column()


class ChangeRow(Base, table=True):
    """Something that happened to a post after it was published, see core.changes."""

    __tablename__ = "change"
    __table_args__ = (Index(None, "post_id"), Index(None, "at"))

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = reference("post.id", nullable=False)
    kind: str = text_column()
    at: datetime = time_column()
    revision: int | None = Field(default=None)  # the number of the revision that it ended
    words: str = text_column()
    before: str = text_column()  # words around it
    after: str = text_column()


class MissingRow(Base, table=True):
    """A post that its source's page passed over; the second time it is withdrawn."""

    __tablename__ = "missing"

    post_id: int = reference("post.id", primary_key=True)
    since: datetime = time_column()


class RevisionRow(Base, table=True):
    __tablename__ = "revision"
    __table_args__ = (Unique("post_id", "number"), Index(None, "replaced_at"))

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = reference("post.id", nullable=False)
    number: int
    title: str = text_column()
    text: str = text_column()
    html: str = text_column()
    content_hash: bytes = bytes_column()
    replaced_at: datetime = time_column()


class AliasRow(Base, table=True):
    """Another guid under which a source showed a post, and why it was taken for the same."""

    __tablename__ = "alias"
    __table_args__ = (Index(None, "post_id"),)

    source_id: int = reference("source.id", primary_key=True)
    guid: str = Field(sa_type=Text, primary_key=True)
    post_id: int = reference("post.id", nullable=False)
    reason: str = text_column()
    since: datetime = time_column()


class TagRow(Base, table=True):
    __tablename__ = "tag"
    __table_args__ = (Index(None, "facet", "slug"),)

    post_id: int = reference("post.id", primary_key=True)
    facet: str = Field(sa_type=Text, primary_key=True)
    slug: str = Field(sa_type=Text, primary_key=True)
    main: bool
    weight: float
    evidence: list[dict[str, Any]] = json_column()


class VerdictRow(Base, table=True):
    """A tag that a person set or removed: it stays, whatever the taxonomies say."""

    __tablename__ = "verdict"

    post_id: int = reference("post.id", primary_key=True)
    facet: str = Field(sa_type=Text, primary_key=True)
    slug: str = Field(sa_type=Text, primary_key=True)
    wanted: bool  # set; else removed, a veto
    main: bool
    said_by: str = text_column()
    said_at: datetime = time_column()


class TaxonomyRow(Base, table=True):
    """A version of the taxonomies that stored posts were or are to be tagged by; the latest `since` is the present."""

    __tablename__ = "taxonomy"

    version: str = Field(sa_type=Text, primary_key=True)
    since: datetime = time_column()
    finished_at: datetime | None = time_column()  # when no post was left that another version had tagged
    retagged: int  # posts looked at
    changed: int  # of these, posts with other tags now
    gained: dict[str, Any] = json_column()  # "facet:slug" → posts
    lost: dict[str, Any] = json_column()


class WatchRow(Base, table=True):
    __tablename__ = "watch"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = text_column(unique=True)
    title: str = text_column()
    query: str = text_column()
    owner: str = text_column()
    paused: bool
    is_list: bool
    in_digests: bool
    priority: str = text_column()
    alerts: dict[str, Any] | None = json_column()
    created_at: datetime = time_column()
    removed_at: datetime | None = time_column()


class AlertStateRow(Base, table=True):
    """Where the alerts of a watch stand. What a file or a person decides of them is in the watch itself."""

    __tablename__ = "alert_state"
    __table_args__ = (Index(None, "next_due_at"),)

    watch_id: int = reference("watch.id", primary_key=True)
    since_at: datetime = time_column()  # what was first seen before is the past, and never alerted
    next_due_at: datetime = time_column()
    last_alert_at: datetime | None = time_column()
    spike_at: datetime | None = time_column()  # when a spike was last alerted
    silence_at: datetime | None = time_column()  # when the silence that lasts was alerted


class AlertedRow(Base, table=True):
    """A post that an alert of a watch has told of, and why: it is never told again for that."""

    __tablename__ = "alerted"
    __table_args__ = (Index(None, "watch_id", "story_id"),)

    watch_id: int = reference("watch.id", primary_key=True)
    post_id: int = reference("post.id", primary_key=True)
    reason: str = Field(sa_type=Text, primary_key=True)  # "match", or what an edit did and the revision's number
    story_id: int = reference("story.id", nullable=False)
    at: datetime = time_column()
    alert: str | None = (
        text_column()
    )  # that told of the story first: the key of its messages without the recipient's end


class IndexedRow(Base, table=True):
    """A post whose words are in the search index. Rows below the mark that `search_state` keeps are not needed."""

    __tablename__ = "indexed"

    post_id: int = reference("post.id", primary_key=True)


class StaleRow(Base, table=True):
    """A post whose words changed after they were indexed."""

    __tablename__ = "stale"

    post_id: int = reference("post.id", primary_key=True)


class SearchStateRow(Base, table=True):
    """One row: how far the search index has come."""

    __tablename__ = "search_state"

    id: int = Field(primary_key=True)  # 1
    settled: int  # the words of every post up to this id are in the index


class MatchRow(Base, table=True):
    __tablename__ = "match"
    __table_args__ = (Index(None, "watch_id"),)

    post_id: int = reference("post.id", primary_key=True)
    watch_id: int = reference("watch.id", primary_key=True)
    evidence: list[dict[str, Any]] = json_column()


class SubscriptionRow(Base, table=True):
    __tablename__ = "subscription"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = text_column(unique=True)
    title: str = text_column()
    channel: str = text_column()
    recipients: list[str] = json_column()
    schedule: dict[str, Any] = json_column()
    selection: dict[str, Any] = json_column()
    grouping: str = text_column()
    send_empty: bool
    language: str = text_column()
    options: dict[str, Any] = json_column()
    owner: str = text_column()
    paused: bool
    created_at: datetime = time_column()
    removed_at: datetime | None = time_column()
    next_due_at: datetime = time_column()
    notices: str = Field(sa_column=Column(Text, nullable=False, server_default="none"))
    templates_dir: str | None = text_column()
    last_compiled_at: datetime | None = time_column()
    # the newest post when it was last compiled or made: what was stored later was not given, whatever clocks said
    last_post_id: int | None = Field(default=None)
    last_change_id: int | None = Field(default=None)
    story_order: str = Field(sa_column=Column(Text, nullable=False, server_default="newest"))
    show: list[str] | None = json_column(default=None)  # None: everything there is


class DigestRow(Base, table=True):
    __tablename__ = "digest"
    __table_args__ = (Unique("subscription_id", "due_at"), Index(None, "token", unique=True))

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = reference("subscription.id", nullable=False)
    due_at: datetime = time_column()
    compiled_at: datetime = time_column()
    since_at: datetime = time_column()
    stories: int
    posts: int
    coverage: dict[str, Any] = json_column()
    trends: dict[str, Any] | None = json_column(default=None)
    token: str | None = text_column(default=None)  # in the address of its page


class CoveredRow(Base, table=True):
    """A post that a subscription has been given, shown or folded into a story: it is never given again."""

    __tablename__ = "covered"
    __table_args__ = (Index(None, "subscription_id", "story_id"), Index(None, "digest_id"))

    subscription_id: int = reference("subscription.id", primary_key=True)
    post_id: int = reference("post.id", primary_key=True)
    story_id: int = reference("story.id", nullable=False)
    digest_id: int = reference("digest.id", nullable=False)
    # False for a late repost of a story that was given before: settled, and not told again
    shown: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=true()))


class TagDayRow(Base, table=True):
    """How many posts first seen on a day of UTC have a tag; under no facet and slug, how many there were at all.

    Counted once a day is over, so that a digest's comparison with four weeks reads a few thousand rows.
    """

    __tablename__ = "tag_day"

    day: date = Field(sa_type=Date, primary_key=True)
    facet: str = Field(sa_type=Text, primary_key=True)
    slug: str = Field(sa_type=Text, primary_key=True)
    posts: int


class ContentRow(Base, table=True):
    """A rendered text, kept once however many recipients it has."""

    __tablename__ = "content"

    id: int | None = Field(default=None, primary_key=True)
    subject: str = text_column()
    text: str = text_column()
    html: str = text_column()
    payload: dict[str, Any] | None = json_column()
    calendar: str = Field(sa_column=Column(Text, nullable=False, server_default=""))


class MessageRow(Base, table=True):
    __tablename__ = "message"
    __table_args__ = (
        Index(None, "state", "next_attempt_at"),
        Index(None, "channel", "recipient", "finished_at"),
        Index(
            "ix_message_claim",
            "claim",
            sqlite_where=text("claim IS NOT NULL"),
            postgresql_where=text("claim IS NOT NULL"),
        ),
        Index(None, "digest_id"),
        Index(None, "content_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = text_column(unique=True)
    subscription_id: int | None = reference("subscription.id", nullable=True)  # of a digest
    watch_id: int | None = reference("watch.id", nullable=True)  # of an alert
    digest_id: int | None = reference("digest.id", nullable=True)
    content_id: int = reference("content.id", nullable=False)
    channel: str = text_column()
    recipient: str = text_column()
    options: dict[str, Any] = json_column()
    state: str = text_column()
    attempts: int
    created_at: datetime = time_column()
    next_attempt_at: datetime | None = time_column()
    claimed_until: datetime | None = time_column()
    claim: str | None = text_column()  # whoever holds this token may say how the attempt ended
    finished_at: datetime | None = time_column()
    last_error: str | None = text_column()
    ticket: str | None = text_column()  # with which the recipient unsubscribes
    progress: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))  # parts handed over
    answers: str | None = text_column()  # key of the message that this one follows up on
    # not before every earlier message to the same recipient is settled
    in_order: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=false()))


class MessageStateRow(Base, table=True):
    """A state that a message came into, and why."""

    __tablename__ = "message_state"
    __table_args__ = (Index(None, "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = reference("message.id", nullable=False)
    at: datetime = time_column()
    state: str = text_column()
    reason: str = text_column()


class RecipientRow(Base, table=True):
    """How deliveries to one address of one channel have gone."""

    __tablename__ = "recipient"

    channel: str = Field(sa_type=Text, primary_key=True)
    address: str = Field(sa_type=Text, primary_key=True)
    delivered: int
    bounces: int  # messages that were refused for good
    failing_since: datetime | None = time_column()
    last_delivered_at: datetime | None = time_column()
    last_error: str | None = text_column()
    disabled_at: datetime | None = time_column()  # nothing is sent there until somebody enables it again
    disabled_reason: str | None = text_column()


class TicketRow(Base, table=True):
    """A token in an address that lets whoever has it do one thing, without any other proof."""

    __tablename__ = "ticket"
    __table_args__ = (Unique("purpose", "subscription_id", "recipient"),)

    token: str = Field(sa_type=Text, primary_key=True)
    purpose: str = text_column()  # "unsubscribe" or "feed"
    subscription_id: int = reference("subscription.id", nullable=False)
    recipient: str = text_column()  # "" for the feed, which is nobody's in particular
    created_at: datetime = time_column()


class UnsubscribedRow(Base, table=True):
    """A recipient who wants no more of a subscription, whatever a file says."""

    __tablename__ = "unsubscribed"

    subscription_id: int = reference("subscription.id", primary_key=True)
    recipient: str = Field(sa_type=Text, primary_key=True)
    at: datetime = time_column()
    how: str = text_column()


class AlertTicketRow(Base, table=True):
    """A token by which a recipient of a watch's alerts unsubscribes."""

    __tablename__ = "alert_ticket"
    __table_args__ = (Unique("watch_id", "recipient"),)

    token: str = Field(sa_type=Text, primary_key=True)
    watch_id: int = reference("watch.id", nullable=False)
    recipient: str = text_column()
    created_at: datetime = time_column()


class AlertsLeftRow(Base, table=True):
    """A recipient who wants no more alerts of a watch, whatever a file says."""

    __tablename__ = "alerts_left"

    watch_id: int = reference("watch.id", primary_key=True)
    recipient: str = Field(sa_type=Text, primary_key=True)
    at: datetime = time_column()
    how: str = text_column()


class NoticeRow(Base, table=True):
    """Something that the operator should know."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "at"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = text_column(unique=True)  # the same event is said once
    at: datetime = time_column()
    kind: str = text_column()
    subject: str = text_column()
    sentence: str = text_column()
    what: str = Field(sa_column=Column(Text, nullable=False, server_default=""))  # of core.notices.SENTENCES
    details: dict[str, str] = Field(sa_column=Column(Json, nullable=False, server_default="{}"))


class NoticeGivenRow(Base, table=True):
    """A notice that a subscription has been given: it is never given again."""

    __tablename__ = "notice_given"
    __table_args__ = (Index(None, "notice_id"),)

    subscription_id: int = reference("subscription.id", primary_key=True)
    notice_id: int = reference("notice.id", primary_key=True)
    digest_id: int = reference("digest.id", nullable=False)


class DeliveryRow(Base, table=True):
    __tablename__ = "delivery"
    __table_args__ = (Index(None, "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = reference("message.id", nullable=False)
    attempt: int
    started_at: datetime = time_column()
    finished_at: datetime = time_column()
    outcome: str = text_column()
    detail: str = text_column()


class HeartbeatRow(Base, table=True):
    """When each loop last finished a tick: a scheduler that is stuck is seen from outside."""

    __tablename__ = "heartbeat"

    loop: str = Field(sa_type=Text, primary_key=True)
    at: datetime = time_column()
    every_seconds: float  # how often it means to tick
    process: str = text_column()  # host and process id
    detail: str = text_column()


def table(row: type[Base]) -> Table:
    """The Core table behind a row class, for statements that need no objects."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined]  # SQLModel's metaclass adds it


metadata = Base.metadata
