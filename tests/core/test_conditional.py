from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.core.conditional import FAITH, MOVES, TRUSTED, asking, learnt, taken_on_trust
from monitor.core.model import Document, Fetched, Memory
from tests import make

DOCUMENT = Document(url="https://mfa.example/", content=b"x", fetched_at=datetime(2026, 3, 2, tzinfo=UTC))
KNOWN = Memory(etag='"1"', last_modified="Mon", polled_before=True)


def fetched(etag: str | None = '"1"', last_modified: str | None = "Mon", moved_to: str | None = None) -> Fetched:
    return Fetched(document=DOCUMENT, etag=etag, last_modified=last_modified, moved_to=moved_to)


def test_validators_are_left_out_now_and_then() -> None:
    memory, asked = KNOWN, []
    for _ in range(2 * TRUSTED + 2):
        conditional = asking(make.source(memory=memory)).memory.etag is not None
        asked.append(conditional)
        memory = taken_on_trust(memory) if conditional else learnt(memory, fetched(), brought=False)
    assert asked == ([True] * TRUSTED + [False]) * 2
    assert memory.unconditional is None


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
    memory = learnt(replace(KNOWN, unchecked=TRUSTED), answer, brought=brought)
    assert (memory.unconditional is not None) is caught
    assert (asking(make.source(memory=memory)).memory.etag is None) is (caught or answer.etag is None)
    if caught:
        assert "although the document changed" in (memory.unconditional or "")


def test_a_permanent_move_is_believed_after_it_held_for_several_polls() -> None:
    memory = KNOWN
    for polls in range(1, MOVES + 1):
        assert asking(make.source(memory=memory)).url == "https://mfa.example/rss.xml"
        memory = learnt(memory, fetched(moved_to="https://new.example/"), brought=False)
        assert memory.moved_polls == polls
    assert asking(make.source(memory=memory)).url == "https://new.example/"
    memory = learnt(memory, fetched(), brought=False)  # it answers directly
    assert asking(make.source(memory=memory)).url == "https://new.example/"


def test_a_move_that_ends_or_changes_its_mind_is_not_believed() -> None:
    memory = learnt(KNOWN, fetched(moved_to="https://a.example/"), brought=False)
    assert learnt(memory, fetched(moved_to="https://b.example/"), brought=False).moved_polls == 1
    assert learnt(memory, fetched(), brought=False).moved_to is None


def test_a_new_address_that_fails_leads_back_to_the_old_one() -> None:
    moved = replace(KNOWN, moved_to="https://new.example/", moved_polls=MOVES)
    assert asking(make.source(memory=replace(moved, failures=FAITH - 1))).url == "https://new.example/"
    assert asking(make.source(memory=replace(moved, failures=FAITH))).url == "https://mfa.example/rss.xml"
