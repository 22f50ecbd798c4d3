from __future__ import annotations

import pytest

from monitor.core.model import Wording
from monitor.render.amending import CHANGES, LONGEST, shortened
from monitor.render.filters import edited, edited_text


def same(words: str) -> Wording:
    return Wording(words=words, was=True, now=True)


def gone(words: str) -> Wording:
    return Wording(words=words, was=True, now=False)


def come(words: str) -> Wording:
    return Wording(words=words, was=False, now=True)


LONG = " ".join(f"w{n}" for n in range(1, 21))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ((), ""),
        ((same("nothing changed"),), ""),
        ((same("up to"), gone("4"), come("5"), same("tonnes")), "up to [-4-] {+5+} tonnes"),
        ((same(LONG), come("new")), "… w15 w16 w17 w18 w19 w20 {+new+}"),
        ((gone("old"), same(LONG)), "[-old-] w1 w2 w3 w4 w5 w6 …"),
        ((gone("a"), same(LONG), come("b")), "[-a-] w1 w2 w3 w4 w5 w6 … w15 w16 w17 w18 w19 w20 {+b+}"),
        ((come(LONG + " " + LONG + " " + LONG + " more"),), "{+" + " ".join([LONG, LONG, LONG]) + " …+}"),
    ],
)
def test_what_changed_and_some_words_around_it(given: tuple[Wording, ...], shown: str) -> None:
    assert edited_text(shortened(given)) == shown


def test_of_an_edit_without_end_the_beginning_is_shown() -> None:
    pieces = [piece for n in range(200) for piece in (same(f"kept {n}"), come(f"new {n}"))]
    shown = shortened(pieces)
    assert sum(not piece.was for piece in shown) == CHANGES
    assert shown[-1] == same("…")
    assert sum(len(piece.words.split()) for piece in shortened([come("x " * 9_000)])) == LONGEST + 1


def test_markup_in_an_edit_stays_text() -> None:
    html = edited((same("<i>a</i>"), gone("<b>"), come("</p><script>")))
    assert html == "&lt;i&gt;a&lt;/i&gt; <del>&lt;b&gt;</del> <ins>&lt;/p&gt;&lt;script&gt;</ins>"
