"""How a source is asked: at which address, and with which validators, as experience with its server has taught.

Servers lie about validators: some keep an ETag although the document changed, so that a poller that trusts them is told
"not modified" for ever. Now and then the document is therefore asked for without validators; a server that is caught is
not sent any from then on. Whose word was never put to the test is tested soon: what it hides nobody sees until then.
"""

from __future__ import annotations

from dataclasses import replace

from monitor.core.model import Fetched, Memory, NotModified, Source

TRUSTED = 24  # answers "not modified" in a row that are believed before the document is asked for outright, …
UNTRIED = 6  # … and of a server that was never seen to tell a change
FAITH = 5  # failures in a row at the new address before the old one is asked again, in turns with the new
MOVES = 3  # polls in a row that must be redirected to one address, permanently, before it is asked directly


def asking(source: Source) -> Source:
    """The source as it is to be asked now: its address or where that has moved to, with validators or without."""
    memory = source.memory
    if memory.unconditional is not None or memory.unchecked >= UNTRIED:
        memory = replace(memory, etag=None, last_modified=None)
    doubted = memory.failures >= FAITH and (memory.failures - FAITH) % 2 == 0
    if memory.moved_to is not None and memory.moved_polls >= MOVES and not doubted:
        return replace(source, url=memory.moved_to, memory=memory)
    return source if memory is source.memory else replace(source, memory=memory)


def taken_on_trust(memory: Memory, answer: NotModified, *, asked: str) -> Memory:
    """After an answer "not modified" of the address that was `asked`."""
    moved_to, moved_polls = _moved(memory, answer.moved_to, asked=asked)
    return replace(memory, unchecked=memory.unchecked + 1, failures=0, moved_to=moved_to, moved_polls=moved_polls)


def learnt(memory: Memory, fetched: Fetched, *, asked: str, brought: bool) -> Memory:
    """After a body came from the address that was `asked`. `brought`: there was something new in it."""
    same_etag = memory.etag is not None and fetched.etag == memory.etag
    same_date = memory.last_modified is not None and fetched.last_modified == memory.last_modified
    caught = brought and (same_etag or (fetched.etag is None and same_date))
    outright = memory.unconditional is not None or memory.unchecked >= UNTRIED
    asked_if_changed = not outright and (memory.etag is not None or memory.last_modified is not None)
    proven = not caught and (outright or (asked_if_changed and brought))
    unconditional = memory.unconditional
    if caught and unconditional is None:
        kept = f"ETag {fetched.etag}" if same_etag else f"Last-Modified {fetched.last_modified}"
        unconditional = f"the server kept {kept} although the document changed, so it is asked without conditions"
    moved_to, moved_polls = _moved(memory, fetched.moved_to, asked=asked)
    return replace(
        memory,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        unconditional=unconditional,
        unchecked=UNTRIED - TRUSTED if proven else 0,
        moved_to=moved_to,
        moved_polls=moved_polls,
    )


def _moved(memory: Memory, led_to: str | None, *, asked: str) -> tuple[str | None, int]:
    """Where the source has moved to, and how many polls in a row were `led_to` that address, as far as is known now."""
    if led_to is None:
        # Asked directly, the new address answers without redirecting: what was learnt stays. Where the old one does so,
        # the move was taken back.
        settled = memory.moved_polls >= MOVES and asked == memory.moved_to
        return (memory.moved_to, memory.moved_polls) if settled else (None, 0)
    if memory.moved_polls >= MOVES:
        return led_to, MOVES  # the new address has moved on
    polls = memory.moved_polls + 1 if led_to == memory.moved_to else 1
    return led_to, polls
