"""Telegram's public channel pages: one written by us, and every recorded one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document, Entry, Forward, Media, Source, Window
from monitor.sources.telegram import address, parse
from tests.shared import SHARED, needs_shared

SOURCE = Source(slug="x", title="X", kind="telegram", url="https://t.me/s/example_mfa")
RECORDED = SHARED / "corpus/telegram"


def read(content: bytes, url: str = SOURCE.url) -> Window:
    return parse(Document(url=url, content=content, content_type="text/html", fetched_at=datetime.now(UTC)), SOURCE)


# ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "written",
    [
        "@example_mfa",
        "example_mfa",
        " example_mfa ",
        "t.me/example_mfa",
        "t.me/s/example_mfa",
        "https://t.me/example_mfa",
        "http://t.me/example_mfa/",
        "https://t.me/s/example_mfa?before=12",
        "https://t.me/example_mfa/123?single",
        "https://telegram.me/example_mfa",
        "https://telegram.dog/s/example_mfa",
        "https://T.ME/example_mfa",
        "https://example_mfa.t.me",
        "tg://resolve?domain=example_mfa&post=3",
    ],
)
def test_what_people_write_for_a_channel(written: str) -> None:
    assert address(written) == "https://t.me/s/example_mfa"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("https://t.me/+AbCdEf123", "is an invitation: only public channels, which have a @name, can be followed"),
        ("+AbCdEf123", "is an invitation"),
        ("t.me/joinchat/AAAA", "is an invitation"),
        ("https://t.me/c/123456/7", "belongs to a private channel"),
        ("https://t.me/addstickers/Cats", "is not the address of a channel"),
        ("https://t.me/", "does not name a Telegram channel"),
        ("https://example.org/example_mfa", "is not an address of Telegram: expected @name or https://t.me/name"),
        ("ftp://t.me/example_mfa", "is not an address of Telegram"),
        ("@abc", "does not name a Telegram channel: expected @name or https://t.me/name"),
        ("@1channel", "does not name a Telegram channel"),
        ("@имя_канала", "does not name a Telegram channel"),
        ("@" + "a" * 33, "does not name a Telegram channel"),
        ("", "does not name a Telegram channel"),
        ("https://t.me/a b c d", "does not name a Telegram channel"),
        ("http://[t.me/example", "is not an address of Telegram"),
    ],
)
def test_what_is_no_channel(written: str, sentence: str) -> None:
    with pytest.raises(ValueError) as raised:
        address(written)
    assert sentence in str(raised.value)
    assert repr(written) in str(raised.value)


# ── our own page ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def window() -> Window:
    return read((Path(__file__).parent / "channel.html").read_bytes())


def entry(window: Window, number: int) -> Entry:
    return next(entry for entry in window.entries if entry.guid == f"example_mfa/{number}")


def test_the_page(window: Window) -> None:
    assert [entry.guid for entry in window.entries] == [f"example_mfa/{n}" for n in (100, 101, 104, 105, 106, 107, 108)]
    assert window.title == "Example Ministry 🕊"
    assert window.homepage == "https://t.me/example_mfa"
    assert window.older == "https://t.me/s/example_mfa?before=100"
    assert window.notes == ()


def test_a_message_with_everything(window: Window) -> None:
    assert entry(window, 100) == Entry(
        guid="example_mfa/100",
        link="https://t.me/example_mfa/100",
        html=(
            "<div>🤝 <b>Talks</b> &lt;today&gt;<br>Second line hidden "
            '<a href="https://t.me/s/example_mfa?q=%23%D0%BC%D0%B8%D1%80">#мир</a> '
            '<a href="https://t.me/s/example_mfa?q=%23UN%40example_mfa">#UN@example_mfa</a> '
            '<a href="https://x.example/a?b=1&amp;c=2">link</a><blockquote>Quoted</blockquote></div>'
        ),
        author="Press Office",
        published="2026-03-01T10:00:00+00:00",
        hashtags=("мир", "UN"),
        forwarded_from=Forward(name="Mission 🇺🇳", link="https://t.me/example_un/7"),
        reply_to="https://t.me/example_mfa/99",
        edited=True,
        views=1250,
    )


def test_an_album_without_words_says_what_it_shows(window: Window) -> None:
    album = entry(window, 101)
    assert album.html == "<p>[video 1:02:09, Media is too big, 2 photos]</p>"
    assert album.media == (
        Media(kind="video", title="Media is too big", seconds=3729),
        Media(kind="photo", url="https://cdn.example/a.jpg"),
        Media(kind="photo", url="https://cdn.example/b.jpg"),
    )
    assert album.title is None
    assert not album.edited, "the author is called so, the message was not"


def test_files_places_and_people(window: Window) -> None:
    message = entry(window, 104)
    assert message.media == (
        Media(kind="document", url="https://t.me/example_mfa/104", title="Communiqué.pdf", bytes=2_621_440),
        Media(kind="location", url="https://maps.example/?q=1,2", title="Palais, Avenue 1"),
        Media(kind="contact", title="Ann +1 555"),
    )
    assert message.html == "<p>[document: Communiqué.pdf, location: Palais, Avenue 1, contact: Ann +1 555]</p>"


def test_a_poll_says_what_it_asks_and_keeps_its_results_apart(window: Window) -> None:
    poll = entry(window, 105)
    assert poll.html == "<p>Which day?</p><ul><li>Monday</li><li>Friday &amp; later</li></ul>"
    assert poll.media == (Media(kind="poll", title="Which day? 74% Monday, 26% Friday & later"),)


def test_a_link_alone_is_read_as_its_preview(window: Window) -> None:
    message = entry(window, 106)
    assert message.html == (
        '<p><a href="https://news.example/1">Headline</a></p><p>What happened.</p>'
        '<div><a href="https://news.example/1">https://news.example/1</a></div>'
    )
    assert message.media == (Media(kind="link", url="https://news.example/1", title="Headline"),)


def test_the_platform_speaking(window: Window) -> None:
    assert [entry.guid for entry in window.entries if entry.service] == ["example_mfa/107"]
    assert entry(window, 108).html == "<p>[Please open Telegram to view this post]</p>"


def test_markup_in_a_message_cannot_leave_it() -> None:
    hostile = b"""<div class="tgme_widget_message" data-post='a"b/1"><img src=x>'>
        <div class="tgme_widget_message_text"><a href='"><script>alert(1)</script>'>x</a><img src=x onerror=alert(1)>
        <style>p{}</style>&lt;b&gt;</div></div>"""
    (message,) = read(hostile).entries
    assert message.html is not None
    assert re.findall(r"<[^>]*>", message.html) == [
        "<div>",
        '<a href="https://t.me/s/&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">',
        "</a>",
        "</div>",
    ]
    assert message.html.endswith("&lt;b&gt;</div>")


def test_deep_nesting_does_not_recurse() -> None:
    depth = 5_000
    text = "<b>" * depth + "deep" + "</b>" * depth
    (message,) = read(
        f'<div class="tgme_widget_message" data-post="a/1"><div class="tgme_widget_message_text">{text}'.encode()
    ).entries
    assert message.html == f"<div>{text}</div>"


def test_a_page_of_somebody_else_is_no_quiet_channel() -> None:
    with pytest.raises(SourceError) as raised:
        read(b"<html><title>Access denied</title><p>Your provider blocks this site</p></html>")
    assert raised.value.reason == "not-a-feed"


# ── recorded pages ─────────────────────────────────────────────────────────────────────────────────────────

STATES = {
    "landing/OGsucQ4Njk6": "not-found",
    "landing/botfather": "bot",
    "landing/codecamp": "not-a-feed",  # the card of a channel that does have a preview
    "landing/gregory_demons": "not-a-feed",
    "landing/not_existed_channel": "not-found",
    "landing/ru_python": "group",
    "landing/serious_tester": "not-a-feed",
    "landing/tme_bot": "bot",
    "landing/tme_channel": "not-a-feed",
    "landing/tme_free": "not-found",
    "landing/tme_group": "group",
    "landing/tme_user": "user",
    "landing/username9": "user",
    "landing/vtosters": "not-a-feed",
    "minimal/state-group": "group",
    "minimal/state-no_preview": "no-preview",
    "minimal/state-not_found": "not-found",
    "minimal/state-private": "private",
}

COLUMNS = {
    "photo": "photo",
    "video": "video",
    "round_video": "round-video",
    "voice_audio": "voice",
    "sticker": "sticker",
    "poll": "poll",
    "location": "location",
    "link_preview": "link",
}
COUNTED_TWICE = {"round_video", "voice_audio"}  # the index counts the player and what is in it

DIFFERENCES = {
    # The index counts messages by their stated id, which one message here lacks; its link names it.
    ("pages/antichristone", "messages"): (19, 20),
    # The index looks for the mark at the beginning of a line that begins with the author here.
    ("pages/durov", "edited"): (0, 4),
}


def index() -> list[dict[str, str]]:
    with (RECORDED / "INDEX.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def recorded(row: dict[str, str]) -> tuple[str, bytes]:
    """Name and content; a recorded fragment gets the page around it that it was taken from."""
    name = row["path"].removeprefix("telegram/").removesuffix(".html")
    content = (RECORDED / f"{name}.html").read_bytes()
    if name.startswith("messages/"):
        if int(row["messages"]) == 0 and row["no_messages"] == "0" and "head" not in name:
            content = b'<div class="tgme_widget_message" data-post="fragment/1">%s</div>' % content
        content = b'<section class="tgme_channel_history">%s</section>' % content
    return name, content


def counted(window: Window, name: str) -> dict[str, int]:
    kinds = Counter(media.kind for entry in window.entries for media in entry.media)
    fragment = bool(window.entries) and window.entries[0].guid == "fragment/1"
    return {
        "messages": 0 if fragment else len(window.entries),
        "media_too_big": sum(m.title == "Media is too big" for e in window.entries for m in e.media),
        "edited": sum(entry.edited for entry in window.entries),
        "forwarded": sum(entry.forwarded_from is not None for entry in window.entries),
        "reply": sum(entry.reply_to is not None for entry in window.entries),
        "service": sum(entry.service for entry in window.entries),
        "document": kinds["document"] + kinds["audio"],
        **{column: kinds[kind] * (1 + (column in COUNTED_TWICE)) for column, kind in COLUMNS.items()},
    }


@needs_shared
@pytest.mark.corpus
def test_every_recorded_page() -> None:
    print(f"\n{'file':50} {'entries':>7}  media or reason")
    found_differences, states = set(), {}
    for row in index():
        name, content = recorded(row)
        try:
            window = read(content, f"https://t.me/s/{Path(name).stem}")
        except SourceError as error:
            print(f"{name:50} {'—':>7}  {error.reason}: {error}")
            states[name] = error.reason
            continue
        counts = counted(window, name)
        shown = " ".join(f"{kind}={count}" for kind, count in counts.items() if count and kind != "messages")
        print(f"{name:50} {len(window.entries):7}  {shown}")
        for column, count in counts.items():
            if int(row[column]) != count:
                assert DIFFERENCES.get((name, column)) == (int(row[column]), count), (name, column, row[column], count)
                found_differences.add((name, column))
        assert (window.older is not None) == bool(int(row["more_link"])), name
        if window.entries and row["first_post"]:
            assert window.entries[0].guid == row["first_post"]
            assert (window.entries[0].published or "") == row["first_time"]
    assert states == STATES
    assert found_differences == set(DIFFERENCES)


@needs_shared
@pytest.mark.corpus
def test_every_recorded_message_has_its_words_id_and_time() -> None:
    without_id, without_time, messages = [], [], 0
    for row in index():
        name, content = recorded(row)
        if name in STATES:
            continue
        text = content.decode()
        for entry in read(content, f"https://t.me/s/{Path(name).stem}").entries:
            if entry.guid == "fragment/1":
                continue
            messages += 1
            assert entry.html, entry.guid
            if entry.guid is None:
                without_id.append(name)
                continue
            assert re.fullmatch(r"\w{4,32}/\d+", entry.guid), name
            assert entry.link == f"https://t.me/{entry.guid}"
            if entry.published is None:
                without_time.append(entry.guid)
            else:
                assert f'datetime="{entry.published}"' in text
    assert messages == sum(int(row["messages"]) for row in index()) + 1, "one more than has a stated id"
    assert without_id == ["pages/prg_memes"], "the last message of that page has lost its number everywhere"
    assert without_time == [
        "Story_Teams/4410",
        "Story_Teams/4408",
        "Story_Teams/4407",
        "militarywave/104",
        "habr_com/56641",
    ], "their pages state none"


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("any2feed-message_media_forwarded_from", Forward(name="Пул N3", link="https://t.me/dimsmirnov175/44604")),
        ("any2feed-message_media_file", Forward(name="Кремлёвская прачка", link="https://t.me/kremlinprachka/20294")),
        ("any2feed-message_voice", Forward(name="Спортивный Екб")),
    ],
)
def test_recorded_forwards(name: str, expected: Forward) -> None:
    (message,) = read((RECORDED / f"messages/{name}.html").read_bytes()).entries
    assert message.forwarded_from == expected


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("any2feed-message_voice", ("voice", 27 * 60 + 40, None)),
        ("any2feed-message_media_file", ("document", None, "Оппозиционные медиапроекты.pdf")),
        ("tchan-audio_document", ("audio", None, "AUD-20130329-WA0000 — portadosfundos")),
        ("tchan-video_big", ("video", 52, "Media is too big")),
        ("tchan-round_video_single", ("round-video", 5, None)),
        ("any2feed-message_sticker", ("sticker", None, None)),
        ("tchan-location_message", ("location", None, None)),
    ],
)
def test_recorded_media(name: str, media: tuple[str, int | None, str | None]) -> None:
    (message,) = read((RECORDED / f"messages/{name}.html").read_bytes()).entries
    (found,) = message.media
    assert (found.kind, found.seconds, found.title) == media


@needs_shared
@pytest.mark.corpus
def test_an_empty_channel_is_a_quiet_one() -> None:
    assert read((RECORDED / "minimal/state-empty_channel.html").read_bytes()) == Window(
        entries=(), title="Brand New", homepage="https://t.me/example_mfa"
    )
    searched = read((RECORDED / "pages/search-no-hits.html").read_bytes())
    assert searched.entries == ()
    assert searched.notes == ('Telegram says "No posts found", as it also does when asked too often',)
