import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text import (
    find_word,
    fold,
    hashtag_field,
    is_boundary,
    page_of,
    sentence_around,
    sentence_ends,
    words_of,
)
from tests.core.test_tagging import post

TEXTS = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8"), st.sampled_from(" \n\t\u00a0éёЁйß\u0301\u0306ﬁ…ّ\u064bأةىİ①\u00ad\u200d️🇷🇺中")
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ёлка и ЙОД", "елка и йод"),
        ("и\u0306од", "йод"),  # й written as two characters
        ("Каза\u0301хстан", "казахстан"),  # a stress mark
        ("Україна", "україна"),
        ("Crème BRÛLÉE, straße", "creme brulee, strasse"),
        ("cafe\u0301", "cafe"),
        ("Côte d’Ivoire", "cote d'ivoire"),
        ("Guinée–Bissau", "guinee-bissau"),
        ("İstanbul ISPARTA ı", "istanbul isparta i"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("الأُمَم المتّحدة", "الامم المتحده"),
        ("٢٠٢٦", "2026"),
        ("ＮＡＴＯ ﬁn ①", "nato fin 1"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("a\u00a0b \t c\nd", "a b c d"),
        ("one\n\ntwo", "one\n\ntwo"),
        ("हिन्दी", "हिन्दी"),  # vowel signs are the word itself
        ("上合组织", "上合组织"),
    ],
)
def test_folding(written: str, folded: str) -> None:
    assert fold(written).text == folded


@pytest.mark.parametrize(
    "codes",
    [range(0x21, 0x60), range(0x2600, 0x2AD0), range(0x3001, 0x301D), range(0xFF01, 0xFF40), range(0x1F1E6, 0x1FB00)],
)
def test_signs_fold_to_what_unicode_holds_compatible(codes: range) -> None:
    signs = [chr(code) for code in codes if not unicodedata.name(chr(code), "").startswith("COMBINING")]
    assert [fold(sign).text for sign in signs] == [unicodedata.normalize("NFKC", sign).casefold() for sign in signs]


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(TEXTS)
def test_composed_and_decomposed_texts_fold_alike(text: str) -> None:
    for letters in (text.encode("utf-8", "replace").decode("utf-8"),):
        composed = unicodedata.normalize("NFC", "".join(c for c in letters if "\u00c0" <= c <= "\u017f" or c == "й"))
        assert fold(unicodedata.normalize("NFD", composed)).text == fold(composed).text


@given(TEXTS)
def test_a_place_in_the_original_is_found_in_the_folded_text(text: str) -> None:
    folded = fold(text)
    for at in range(len(folded.text)):
        start, end = folded.span(at, at + 1)
        begin, stop = folded.place(start, end)
        assert begin <= at < stop


@given(TEXTS)
def test_every_folded_character_leads_back_to_characters_that_fold_to_it(text: str) -> None:
    folded = fold(text)
    last = 0
    for at in range(len(folded.text)):
        start, end = folded.span(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert start >= last or start == folded.span(at - 1, at)[0]  # the way back never goes back
        last = start
        if not folded.text[at].isspace():
            assert folded.text[at] in fold(text[start:end]).text


@pytest.mark.parametrize(
    ("text", "word", "at"),
    [
        ("nigeria niger", "niger", 8),
        ("в нато, ес", "ес", 8),
        ("l'otan", "otan", 2),
        ("un_women", "un", 0),
        ("在上海合作组织会议上", "上海合作组织", 1),
        ("对sco的", "sco", 1),
        ("anne", "ann", -1),
        ("की", "क", -1),
        ("", "x", -1),
    ],
)
def test_words_are_found_between_boundaries(text: str, word: str, at: int) -> None:
    assert find_word(text, word) == at


def test_both_ends_of_a_text_are_boundaries() -> None:
    assert is_boundary("ab", 0)
    assert is_boundary("ab", 2)
    assert not is_boundary("ab", 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Grain deal, 2026!", ["Grain", "deal", "2026"]),
        ("对SCO的", ["对", "SCO", "的"]),
        ("_a_b", ["a", "b"]),
        ("d'Ivoire", ["d", "Ivoire"]),
        ("…", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in words_of(text)] == words


@pytest.mark.parametrize(
    ("text", "around", "sentence"),
    [
        ("One. Two here. Three.", "Two", " Two here."),
        ("The U.S. said no. Yes.", "said", "The U.S. said no."),
        ("第一。第二句。", "第二", "第二句。"),
        ("Head\n\nBody text", "Body", "Body text"),
        ("alone", "alone", "alone"),
    ],
)
def test_the_sentence_around(text: str, around: str, sentence: str) -> None:
    start = text.index(around)
    begin, end = sentence_around(sentence_ends(text), len(text), start, start + len(around))
    assert text[begin:end] == sentence or text[begin:end].lstrip() == sentence.lstrip()


@given(title=TEXTS, text=TEXTS, hashtags=st.lists(st.text(alphabet="abЁßé中", min_size=1, max_size=5), max_size=3))
def test_evidence_in_a_page_points_at_its_words(title: str, text: str, hashtags: list[str]) -> None:
    page = page_of(post(title=title, text=text, hashtags=tuple(hashtags)))
    fields = {"title": title, "text": text, "hashtag": hashtag_field(tuple(hashtags))}
    for start, end in words_of(page.folded.text):
        evidence = page.evidence(start, end, "name")
        assert fields[evidence.field][evidence.offset : evidence.offset + len(evidence.words)] == evidence.words != ""
