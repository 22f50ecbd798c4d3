"""A post with all that a query can ask about it, made ready to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from monitor.core.model import Evidence, Field, Post, Source, Tag
from monitor.core.stories import moment
from monitor.core.text import Page, page_of
from monitor.core.wording import Place, sentence_ends, word_starts
from monitor.core.written import readable


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A post with all that a query can ask about."""

    page: Page
    post: Post
    source: Source
    tags: tuple[Tag, ...]
    seen_at: datetime  # when it was first seen; stands in for a time of publication that is not stated
    now: datetime  # what "7 days ago" is counted from
    edited: bool = False  # it said something else before
    withdrawn: bool = False
    backlog: bool = False
    ahead: timedelta = timedelta()  # how far the source's clock is known to run ahead
    found: dict[int, Sequence[Place] | None] = field(
        default_factory=dict, repr=False
    )  # where terms stand, by their numbers
    _evidence: dict[Place, Evidence] = field(default_factory=dict, repr=False)

    @cached_property
    def text(self) -> str:
        """The folded text, in the characters that queries are compared in."""
        return readable(self.page.folded.text)

    @cached_property
    def published(self) -> datetime:
        """When it was published, as far as anybody knows."""
        return moment(self.post.stated_at, self.seen_at, ahead=self.ahead)

    @cached_property
    def word_starts(self) -> list[int]:
        """Where each word of the text begins."""
        return word_starts(self.text)

    @cached_property
    def sentence_ends(self) -> list[int]:
        """Where each sentence of the text ends."""
        return sentence_ends(self.text)

    @cached_property
    def title_end(self) -> int:
        """Where in `text` the title ends and the post's text begins."""
        return self.page.folded.place(self.page.text_at, self.page.text_at)[0]

    @cached_property
    def text_end(self) -> int:
        """Where in `text` the post's text ends and its hashtags begin."""
        return self.page.folded.place(self.page.hashtags_at, self.page.hashtags_at)[0]

    def part(self, place: Place) -> Field:
        """The part of the post that a place lies in."""
        if place.start < self.title_end:
            return Field.TITLE
        return Field.TEXT if place.start < self.text_end else Field.HASHTAG

    def evidence(self, place: Place) -> Evidence:
        """The original words of a place: made once, however many watches are found by them."""
        known = self._evidence.get(place)
        if known is None:
            known = self._evidence[place] = self.page.evidence(place.start, place.end, place.rule)
        return known

    def original(self, place: Place) -> str:
        """The words of a place as they are written."""
        start, end = self.page.folded.span(place.start, place.end)
        return self.page.original[start:end]


NEVER = datetime(1, 1, 1, tzinfo=UTC)


def subject_of(
    post: Post,
    source: Source,
    tags: tuple[Tag, ...],
    *,
    seen_at: datetime | None = None,
    now: datetime | None = None,
    edited: bool = False,
    withdrawn: bool = False,
    backlog: bool = False,
    ahead: timedelta = timedelta(),
) -> Subject:
    """Make a post ready to be asked about. `now` is when it was seen, unless another time is named."""
    at = seen_at or now or post.stated_at or NEVER
    return Subject(
        page=page_of(post),
        post=post,
        source=source,
        tags=tags,
        seen_at=at,
        now=now or at,
        edited=edited or post.edited,
        withdrawn=withdrawn,
        backlog=backlog,
        ahead=ahead,
    )
