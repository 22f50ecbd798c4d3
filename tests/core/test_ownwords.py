"""What of a text is its own, and which texts are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.kinship import kin_keys
from monitor.core.likeness import Form, Likeness, likeness
from monitor.core.ownwords import Wording, edges, line_key, taken_apart, wording

TEXT = (
    "The delegations met in Vienna on Monday for talks on the border crossing and on the exchange of prisoners, "
    "which both sides had called for since the spring of last year."
)
RU = "Делегации встретились в Вене в понедельник, чтобы обсудить открытие пункта пропуска и обмен удерживаемыми лицами."
ZH = "代表团星期一在维也纳会晤，讨论边境口岸问题和交换被扣押人员问题，双方自去年春天以来一直呼吁解决这些问题。"
LIVE = "Live: the briefing of the official spokesman begins today"
AR = "التقى الوفدان في فيينا يوم الاثنين لإجراء محادثات حول المعبر الحدودي وتبادل الأسرى الذي دعا إليه الجانبان مؤخرا"


@pytest.mark.parametrize("text", [TEXT, RU, ZH, AR])
@pytest.mark.parametrize(
    "passed_on",
    [
        "Forwarded from The Ministry\n{}",
        "Переслано из Канал\n{}\n\nПодписаться: @channel",
        "转发自 国际观察\n#国际 #新闻\n{}\n\n关注我们：@channel",
        "معاد توجيهها من القناة\n{}",
        "Reenviado de Canal\n{}\nSuscríbete: @canal",
        "RT @someone: {}",
        "{} https://example.org/news/1?utm_source=x",
        "{}\n#World #News",
        "🔴 {} 👉 @channel",
        "{}\n\nRead in full https://example.org/1",
        "{}\n\nЧитать полностью",
        "{}\n\nLire la suite https://example.org/2",
        "{}\n\n阅读全文",
        "{}\n\nاقرأ المزيد",
        "<p><b>{}</b></p><p>Subscribe: @channel</p>",
        "\u200b{}\ufeff",
    ],
)
def test_what_is_put_around_a_text_makes_no_difference(text: str, passed_on: str) -> None:
    assert wording(passed_on.format(text)).words == wording(text).words


def test_case_accents_marks_and_entities_make_no_difference() -> None:
    assert wording("ÉTATS-UNIS : l’accord &amp; Ёлка").words == wording("États-Unis: l'accord елка").words
    assert wording("مُحَادَثَات مـــع").words == wording("محادثات مع").words
    assert wording("50 000 people").words == ("50000", "people")


def test_the_word_at_which_a_text_breaks_off_does_not_count() -> None:
    cut = wording(TEXT[:95] + "…")
    assert cut.cut
    assert wording(TEXT).words[: len(cut.words)] == cut.words
    assert wording(TEXT[:95] + "... Read more").words == cut.words


@given(st.text())
def test_any_text_has_words_or_none(text: str) -> None:
    found = wording(text)
    assert all(found.words)
    assert len(found.keys) == len(set(found.keys)) <= 13
    assert all(0 <= key < 2**32 for key in found.keys)
    assert likeness(found, found) is None or likeness(found, found) == Likeness(
        form=Form.SAME, share=1.0, reason="the same words"
    )


def test_lines_at_the_ends_are_those_that_a_source_may_repeat() -> None:
    footer = "When materials are used a link must be given"
    text = f"{TEXT}\n{footer}"
    assert line_key(footer) in edges(text)
    assert wording(text, without={line_key(footer)}).words == wording(TEXT).words
    assert edges(TEXT) == ()
    assert wording(footer, without={line_key(footer)}).words  # never nothing at all


def form(one: str, other: str) -> Form | None:
    found = likeness(wording(one), wording(other))
    return found.form if found else None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (TEXT, TEXT.replace("delegations", "delegatoins"), Form.COPY),
        (TEXT, TEXT.replace("Monday", "Tuesday"), None),
        (TEXT, TEXT.replace("Vienna", "Geneva"), None),
        (RU, RU.replace("Вене", "Риме"), None),
        (ZH, ZH.replace("维也纳", "日内瓦"), None),
        (AR, AR.replace("فيينا", "جنيف"), None),
        (TEXT[:100] + "…", TEXT, Form.PART),
        (TEXT, TEXT[:100] + "…", Form.WHOLE),
        ("GENEVA, 26 November (Agency) — " + TEXT, TEXT, Form.SAME),
        ("New talks at last\n" + TEXT, TEXT, Form.COPY),
        (
            TEXT,
            "It rained in the mountains for the third day and two roads were closed to all lorries.",
            None,
        ),
        ("Good morning to all of you", "Good morning to all of them", None),
        (LIVE + "…", LIVE + " at three", Form.PART),
        ("Yes", "Yes", None),
    ],
)
def test_which_texts_are_one(one: str, other: str, expected: Form | None) -> None:
    assert form(one, other) is expected


def test_a_long_text_may_be_corrected_in_one_place() -> None:
    long = " ".join(f"{TEXT[:-1]}, and number {n} of many more words of that kind was said." for n in ("one", "two"))
    assert form(long, long.replace("Vienna", "Geneva", 1)) is Form.COPY
    notice = "Daily notice of the exchange on prices. "
    table = " ".join(f"Wheat {n},5 tonnes." for n in range(60, 90))
    other = " ".join(f"Wheat {n},7 tonnes." for n in range(20, 50))
    assert form(notice + table, notice + other) is None


@pytest.mark.parametrize(
    ("one", "other", "kin"),
    [
        ("https://mfa.example/ru/news/4711", "https://mfa.example/en/news/4711", True),
        ("https://ru.mfa.example/news/4711", "https://en.mfa.example/news/4711", True),
        ("https://mfa.example/news/4711?lang=ru", "https://mfa.example/news/4711?lang=en", True),
        ("https://mfa.example/ru/news/4711", "https://mfa.example/en/news/4712", False),
        ("https://mfa.example/ru/news", "https://mfa.example/en/news", False),
        ("https://mfa.example/news/4711", "https://mfa.example/news/4711", False),
        ("https://t.me/mfa_ru/4711", "https://t.me/mfa_en/4711", False),
    ],
)
def test_pages_of_one_statement_in_two_languages(one: str, other: str, kin: bool) -> None:
    assert bool(set(kin_keys(one, "")) & set(kin_keys(other, ""))) is kin


def test_the_number_of_a_statement_is_the_same_in_every_language() -> None:
    ru = kin_keys("https://mid.example/foreign/1", "О переговорах 1542-24-10-2025")
    en = kin_keys("https://mid.example/foreign/2", "On the talks (1542-24-10-2025)")
    assert set(ru) & set(en)
    assert kin_keys(None, "1542-24-10-2025") == ()


def test_words_are_worked_out_once() -> None:
    one = Wording(words=("a", "b"), size=2)
    assert one.shingles is one.shingles


SAID = """
Talks in Rome|Read more: https://x.example/a|see www.x.example|Бюджет на 12 000 рублей|#tag|@name:|会议 今天 开始
— Subscribe!|Forwarded from A|http|a & b <br> c|…
"""
LINES = st.lists(st.sampled_from(SAID.strip().replace("\n", "|").split("|")), max_size=6)


@given(LINES)
def test_what_is_worked_out_in_one_go_is_what_each_alone_gives(lines: list[str]) -> None:
    text = "\n".join(lines)
    found, lines_left, at_edges = taken_apart(text)
    assert found == wording(text)
    assert set(at_edges) == set(edges(text)) <= set(lines_left)
    for line in {*map(line_key, lines)} - set(lines_left):
        assert wording(text, without=[line]) == found
    for each in set(lines_left):
        assert wording(text, without=[each, *lines_left]) == found  # something has to be said
