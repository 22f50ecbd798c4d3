from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Entry, Forward, Media, Source
from monitor.core.normalise import cut, hashtags_in, normalise, title_from

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SOURCE = Source(slug="mfa", title="MFA", kind="feed", url="https://example.org/feed", language="en")
BASE = "https://example.org/feed"


def made(**fields):
    return normalise(Entry(**fields), source=SOURCE, now=NOW, base=BASE)


def test_an_entry_made_uniform():
    post = made(
        guid="7",
        link="https://Example.org/news/7?utm_source=rss",
        title="Ministers  met in Geneva",
        html='<p>The ministers met. <a href="/text">Text</a></p><p>Next: #Geneva</p>',
        summary="The ministers met.",
        author=" Press\nservice ",
        published="Mon, 16 Nov 2026 09:30:00 +0300",
        updated="2026-11-16T07:00:00Z",
        categories=("News", "News", " "),
        media=(Media(kind="photo", url="/p.jpg", title=" a  b "),),
        forwarded_from=Forward(name=" UN\u200b ", link="//un.example/x"),
        reply_to="/news/6",
        views=12,
    )
    assert post.guid == "7"
    assert post.url == "https://example.org/news/7"
    assert (post.title, post.title_made) == ("Ministers met in Geneva", False)
    assert post.text == "The ministers met. Text\n\nNext: #Geneva"
    assert '<a href="https://example.org/text" rel="noopener noreferrer">Text</a>' in post.html.replace(
        "Example", "example"
    )
    assert post.summary == ""  # the text begins with it
    assert post.author == "Press service"
    assert post.language == "en"
    assert post.stated_at == datetime(2026, 11, 16, 6, 30, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
    assert post.hashtags == ("Geneva",)
    assert post.categories == ("News",)
    assert post.media[0].title == "a b"
    assert post.media[0].url.lower() == "https://example.org/p.jpg"
    assert post.forwarded_from == Forward(name="UN", link="https://un.example/x")
    assert post.reply_to == "https://example.org/news/6"


def test_an_entry_with_nothing_in_it_is_refused():
    with pytest.raises(ValueError, match="no title, no text"):
        made(guid="7", html="<p> </p>", published="today")


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"media": (Media(kind="round-video"),)}, "Round video"),
        ({"media": (Media(kind="document", title="Note verbale.pdf"),)}, "Note verbale.pdf"),
        ({"link": "https://example.org/a/b/"}, "example.org/a/b"),
        ({"html": "Talks were held. More to come."}, "Talks were held. More to come."),
        (
            {"title": "Ministers met in Geneva on…", "html": "Ministers met in Geneva on Monday. They"},
            "Ministers met in Geneva on Monday. They",
        ),
        ({"title": "Read on…", "html": "Ministers met."}, "Read on…"),
    ],
)
def test_titles_for_entries_without_one(fields, title):
    assert made(**fields).title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("🇷🇺🇨🇳\n#ШОС #Пекин\n\nСостоялась встреча.\nДалее", "Состоялась встреча."),
        ("- first item\n- second", "first item"),
        ("🔴", "🔴"),
        (
            "U.S. Secretary of State J. Smith met Mr. Jones and Dr. Brown at No. 10 before the summit in London. "
            "They discussed trade.",
            "U.S. Secretary of State J. Smith met Mr. Jones and Dr. Brown at No. 10 before the summit in London.",
        ),
        (
            "Министр иностранных дел С. В. Лавров провёл переговоры с главой МИД Республики Индия. "
            "Стороны обсудили торговлю и визы.",
            "Министр иностранных дел С. В. Лавров провёл переговоры с главой МИД Республики Индия.",
        ),
        ("外交部发言人表示，" * 3 + "谢谢。" + "另外，" * 40, "外交部发言人表示，" * 3 + "谢谢。"),
    ],
)
def test_titles_are_first_sentences(text, title):
    assert title_from(text) == title


def test_long_titles_end_between_words():
    title = title_from("word " * 60)
    assert title.endswith("word…")
    assert len(title) <= 110


GRAPHEMES = ("a", "b", " ", "é", "e\u0301", "🇷🇺", "👩\u200d💻", "❤\ufe0f", "👍🏽", "漢", "字", "ก็", ",", "—")


@given(st.lists(st.sampled_from(GRAPHEMES), min_size=1, max_size=60).map("".join), st.integers(8, 40))
def test_cutting_keeps_graphemes_whole_and_the_limit(text, limit):
    short = cut(text, limit)
    assert len(short) <= limit
    if len(text) > limit:
        kept = short.removesuffix("…")
        assert text.startswith(kept)
        rest = text[len(kept) :]
        assert not kept or (rest[0] not in "\u200d\ufe0f\u0301🏽" and not kept.endswith("\u200d")) or len(kept) <= 1


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Саммит #ШОС и #SCO_2026, #шос снова", ("ШОС", "SCO_2026")),
        ("No. #1 of #2026", ()),
        ("https://example.org/a#section and #real", ("real",)),
        ("#上合组织 #منظمة_شنغهاي #नमस्ते", ("上合组织", "منظمة_شنغهاي", "नमस्ते")),
        ("C# and a&#39;b x#y", ()),
        ("(#a1)", ("a1",)),
    ],
)
def test_hashtags(text, tags):
    assert hashtags_in(text) == tags


def test_what_does_not_count_as_an_edit():
    first = made(guid="1", title="A", html="<p>Talks were  held</p>", views=10, updated="2026-11-16T07:00:00Z")
    second = made(guid="1", title="A", html="<div>Talks were held</div>", views=99, updated="2026-11-17T07:00:00Z")
    assert first.content_hash == second.content_hash
    assert made(guid="1", title="A", html="<p>Talks were not held</p>").content_hash != first.content_hash
