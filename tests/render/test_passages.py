"""Marked words stay where they are, excerpts end like prose, and nothing a source wrote becomes markup."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Evidence, Field
from monitor.render.filters import marked, starred
from monitor.render.passages import Span, after_title, excerpt, joined, occurrences, spans, whole


def evidence(offset: int, words: str, field: Field = Field.TEXT) -> Evidence:
    return Evidence(field=field, offset=offset, words=words, rule="phrase")


def test_matched_words_are_marked_and_the_rest_is_escaped():
    text = 'Tariffs <b>& "quotas"</b> on grain'
    passage = whole(
        text, spans(text, [evidence(11, '& "quotas"'), evidence(text.index("grain"), "grain")], field=Field.TEXT)
    )
    assert marked(passage) == ("Tariffs &lt;b&gt;<mark>&amp; &#34;quotas&#34;</mark>&lt;/b&gt; on <mark>grain</mark>")
    assert starred(passage) == 'Tariffs <b>*& "quotas"*</b> on *grain*'


@pytest.mark.parametrize(
    ("pieces", "marks"),
    [
        ([evidence(0, "grain"), evidence(3, "in deal")], ["grain deal"]),  # overlapping
        ([evidence(0, "grain deal"), evidence(6, "deal")], ["grain deal"]),  # one within the other
        ([evidence(1, "grain")], []),  # the words are not there: of another text
        ([evidence(0, "grain", Field.TITLE)], []),
        ([evidence(0, "")], []),
        ([evidence(99, "grain")], []),
        ([evidence(-15, "grain")], []),
    ],
)
def test_only_evidence_that_points_at_its_words_is_marked(pieces, marks):
    text = "grain deal, now"
    found = spans(text, pieces, field=Field.TEXT)
    assert [text[span.start : span.end] for span in found] == marks


def test_occurrences_are_whole_words_where_words_are_spaced():
    text = "UN, UNESCO and un; ООН; 上合组织"
    shown = [text[span.start : span.end] for span in occurrences(text, ["UN", "上合", " "])]
    assert shown == ["UN", "上合"]


PROSE = (
    "The council met on Monday. It heard three reports. The grain corridor stays open for 120 days. "
    "Inspections are limited to six hours. The next meeting is in May."
)


@pytest.mark.parametrize(
    ("text", "match", "limit", "expected"),
    [
        (PROSE, None, 300, PROSE),
        (PROSE, None, 60, "The council met on Monday. It heard three reports."),
        (PROSE, "Inspections", 60, "…Inspections are limited to six hours."),
        (PROSE, "grain corridor", 30, "…The grain corridor stays…"),
        ("word " * 100, None, 30, "word word word word word…"),
        ("上合组织秘书长会见。" * 10, None, 25, "上合组织秘书长会见。上合组织秘书长会见。"),
        ("上合组织秘书长会见世贸组织副总干事" * 3, None, 12, "上合组织秘书长会见世…"),
        ("One.\n\n  Two \t words", None, 280, "One. Two words"),
        ("", None, 280, ""),
        (PROSE, None, 0, ""),
    ],
)
def test_an_excerpt_reads_like_prose(text, match, limit, expected):
    at = text.find(match) if match else -1
    found = (Span(at, at + len(match)),) if match else ()
    assert excerpt(text, found, limit=limit).text == expected


def test_the_words_asked_for_are_in_the_excerpt():
    text = "Opening remarks were made. " * 40 + "Then sanctions were discussed. " + "And so on. " * 40
    at = text.index("sanctions")
    shown = excerpt(text, (Span(0, 7), Span(at, at + 9)), limit=100, focus=Span(at, at + 9))
    assert ("sanctions", True) in shown.pieces
    assert len(shown.text) <= 100


@pytest.mark.parametrize(
    ("text", "limit"),
    [("e\u0301" * 40, 11), ("👩‍🚀" * 20, 12), ("👍🏽" * 20, 9), ("🇰🇿🇪🇬" * 20, 11), ("ก็" * 30, 9)],
)
def test_a_visible_character_is_never_cut_in_two(text, limit):
    unit = {"e": "e\u0301", "👩": "👩‍🚀", "👍": "👍🏽", "🇰": "🇰🇿🇪🇬", "ก": "ก็"}[text[0]]
    shown = excerpt(text, limit=limit).text.removesuffix("…")
    assert shown
    assert shown.replace(unit, "").replace("🇰🇿", "") == ""


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("A title. And more.", "A title", "And more."),
        ("A  title\n\nAnd more.", "A title", "And more."),
        ("A long sentence that goes on and on.", "A long sentence that…", "goes on and on."),
        ("Another text", "A title", "Another text"),
        ("Titles and more", "Title", "Titles and more"),
        ("Text", "", "Text"),
        ("Title", "Title", ""),
    ],
)
def test_the_body_goes_on_after_its_title(text, title, rest):
    assert text[after_title(text, title) :] == rest


TEXTS = st.text(alphabet=st.sampled_from("ab <>&\"'.!\n中文。éя\u0301🇰👍🏽\u200d"), max_size=200)


@st.composite
def marked_texts(draw):
    text = draw(TEXTS)
    ends = st.integers(0, len(text))
    found = [Span(min(a, b), max(a, b)) for a, b in draw(st.lists(st.tuples(ends, ends), max_size=5)) if a != b]
    return text, joined(found)


@given(marked_texts())
def test_markup_is_the_text_again_once_the_marks_are_taken_out(drawn):
    text, found = drawn
    html = str(marked(whole(text, found)))
    assert html.count("<mark>") == html.count("</mark>")
    bare = re.sub(r"</?mark>", "", html)
    assert "<" not in bare
    assert unescape(bare) == " ".join(text.split())


@given(marked_texts(), st.integers(0, 120), st.integers(0, 200))
def test_an_excerpt_is_a_stretch_of_the_text_within_its_limit(drawn, limit, start):
    text, found = drawn
    shown = excerpt(text, found, limit=limit, start=min(start, len(text)))
    assert len(shown.text) <= limit
    core = shown.text.removeprefix("…").removesuffix("…")
    assert core in " ".join(text.split())
    for piece, is_marked in shown.pieces:
        assert piece
        if is_marked:
            assert any(" ".join(text[span.start : span.end].split()).find(piece.strip()) >= 0 for span in found)
