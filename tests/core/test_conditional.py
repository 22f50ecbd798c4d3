from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.core.conditional import FAITH, MOVES, TRUSTED, UNTRIED, asking, learnt, taken_on_trust
from monitor.core.model import Document, Fetched, Memory, NotModified
from tests import make

DOCUMENT = Document(url="https://mfa.example/", content=b"x", fetched_at=datetime(2026, 3, 2, tzinfo=UTC))
OLD, NEW = "https://mfa.example/rss.xml", "https://new.example/"
KNOWN = Memory(etag='"1"', last_modified="Mon", polled_before=True)


def fetched(etag: str | None = '"1"', last_modified: str | None = "Mon", moved_to: str | None = None) -> Fetched:
    return Fetched(document=DOCUMENT, etag=etag, last_modified=last_modified, moved_to=moved_to)


def after(memory: Memory, answer: Fetched | NotModified, *, brought: bool = False) -> Memory:
    """The memory after a poll that succeeded."""
    asked = asking(make.source(memory=memory)).url
    memory = replace(memory, failures=0)
    if isinstance(answer, NotModified):
        return taken_on_trust(memory, answer, asked=asked)
    return learnt(memory, answer, asked=asked, brought=brought)


def asked_with_validators(memory: Memory, polls: int) -> list[bool]:
    """Of so many polls of a server that has nothing new, which were conditional."""
    asked = []
    for _ in range(polls):
        conditional = asking(make.source(memory=memory)).memory.etag is not None
        asked.append(conditional)
        memory = after(memory, NotModified() if conditional else fetched())
    assert memory.unconditional is None
    return asked


def test_validators_are_left_out_now_and_then() -> None:
    first = [True] * UNTRIED + [False]
    assert asked_with_validators(KNOWN, len(first) + 2 * TRUSTED + 2) == first + ([True] * TRUSTED + [False]) * 2


def test_a_server_that_was_seen_to_tell_a_change_is_believed_longer() -> None:
    told = after(KNOWN, fetched(etag='"2"'), brought=True)
    assert asked_with_validators(told, TRUSTED + 1) == [True] * TRUSTED + [False]
    # That it sent a document once proves nothing.
    for memory in (after(Memory(), fetched(), brought=True), after(KNOWN, fetched(etag='"2"'), brought=False)):
        assert asked_with_validators(memory, UNTRIED + 1) == [True] * UNTRIED + [False]


@pytest.mark.parametrize(
    ("answer", "brought", "caught"),
    [
        (fetched(), True, True),  # the very ETag, another document
        (fetched(), False, False),  # the same document: what the server said was true
        (fetched(etag='"2"'), True, False),
        (fetched(etag='"2"', last_modified="Mon"), True, False),  # the ETag is the stronger of the two
        (fetched(etag=None, last_modified="Mon"), True, True),
        (fetched(etag=None, last_modified="Tue"), True, False),
        (fetched(etag=None, last_modified=None), True, False),
    ],
)
def test_a_server_that_keeps_its_validators_after_a_change_is_caught(
    answer: Fetched, brought: bool, caught: bool
) -> None:
    memory = after(replace(KNOWN, unchecked=UNTRIED), answer, brought=brought)
    assert (memory.unconditional is not None) is caught
    assert (asking(make.source(memory=memory)).memory.etag is None) is (caught or answer.etag is None)
    if caught:
        assert "although the document changed" in (memory.unconditional or "")


@pytest.mark.parametrize("answer", [fetched(moved_to=NEW), NotModified(moved_to=NEW)])
def test_a_permanent_move_is_believed_after_it_held_for_several_polls(answer: Fetched | NotModified) -> None:
    memory = KNOWN
    for polls in range(1, MOVES + 1):
        assert asking(make.source(memory=memory)).url == OLD
        memory = after(memory, answer)
        assert memory.moved_polls == polls
    assert asking(make.source(memory=memory)).url == NEW
    for direct in (fetched(), NotModified()):
        memory = after(memory, direct)
        assert asking(make.source(memory=memory)).url == NEW


def test_a_move_that_ends_or_changes_its_mind_is_not_believed() -> None:
    memory = after(KNOWN, fetched(moved_to="https://a.example/"))
    assert after(memory, fetched(moved_to="https://b.example/")).moved_polls == 1
    assert after(memory, fetched()).moved_to is None
    assert after(memory, NotModified()).moved_to is None


def test_a_new_address_that_fails_is_asked_in_turns_with_the_old_one() -> None:
    moved = replace(KNOWN, moved_to=NEW, moved_polls=MOVES)
    asked = [asking(make.source(memory=replace(moved, failures=failures))).url for failures in range(FAITH + 4)]
    assert asked == [NEW] * FAITH + [OLD, NEW, OLD, NEW]  # the old one may be gone, and the new one only ill


def test_a_move_that_was_taken_back_is_forgotten() -> None:
    moved = replace(KNOWN, moved_to=NEW, moved_polls=MOVES, failures=FAITH)
    assert asking(make.source(memory=after(moved, fetched()))).url == OLD
    assert asking(make.source(memory=after(moved, fetched(moved_to=NEW)))).url == NEW
