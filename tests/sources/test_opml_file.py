"""Reading OPML files: recorded ones, sloppy ones and hostile ones."""

from datetime import timedelta

import pytest

from monitor.core.errors import SourceError
from monitor.core.opml import plan
from monitor.sources import KINDS
from monitor.sources.opml_file import read_outlines
from tests.shared import SHARED, needs_shared

ADDRESSES = {name: kind.address for name, kind in KINDS.items()}


def planned(content):
    return plan(read_outlines(content), addresses=ADDRESSES, interval=timedelta(minutes=15))


def opml(body, *, head="<title>Mine</title>", declaration='<?xml version="1.0" encoding="UTF-8"?>'):
    return f'{declaration}<opml version="2.0"><head>{head}</head><body>{body}</body></opml>'.encode()


# path → sources that would be added, outlines that give none, outlines that repeat an address
RECORDED = {
    "calinadamut-rss.opml": (91, 0, 0),
    "central-ohio.opml": (773, 0, 0),
    "chinese-independent-blogs.opml": (1326, 0, 0),
    "country-Brazil.opml": (7, 0, 0),
    "country-France.opml": (11, 0, 0),
    "country-India.opml": (36, 0, 0),
    "country-Iran.opml": (7, 0, 0),
    "country-Japan.opml": (8, 0, 0),
    "country-Russia.opml": (13, 0, 0),
    "country-Spain.opml": (9, 0, 0),
    "country-Ukraine.opml": (12, 0, 0),
    "country-United_States.opml": (10, 0, 0),
    "engineering-blogs.opml": (420, 0, 2),
    "government-diplomacy.opml": (54, 10, 0),  # ten links to pages that have no feed
    "hackernews-personal-blogs.opml": (1228, 1, 0),  # one feed of t.me that is none
    "infosec.opml": (161, 0, 2),
    "newsboat-body-element-missing.opml": (0, 0, 0),
    "newsboat-category.opml": (1, 0, 0),
    "newsboat-example.opml": (7, 0, 0),
    "newsboat-example2.opml": (7, 0, 0),
    "newsboat-filtered.opml": (2, 0, 0),
    "newsboat-piped.opml": (1, 1, 0),  # one that is read from a program
    "newsboat-test-urls_.opml": (4, 0, 0),
    "recommended-News.opml": (11, 0, 0),
    "rsparser-Subs.opml": (205, 0, 2),
    "rss-share-zh.opml": (781, 0, 0),
    "world-monitor-news.opml": (424, 0, 35),
    "world-news-by-country.opml": (1175, 0, 24),
    "yarr-promo.xml": (15, 0, 0),
    "yarr-sample_win1251.xml": (2, 0, 0),
}


@needs_shared
@pytest.mark.corpus
def test_every_recorded_list_is_read_whole():
    found = {}
    for file in sorted((SHARED / "corpus" / "opml").iterdir()):
        if file.suffix in {".opml", ".xml"}:
            content = file.read_bytes()
            done = planned(content)
            found[file.name] = (len(done.adds), len(done.unusable), done.repeats)
            print(f"{file.name:40} {found[file.name]} {'; '.join(done.notes)[:100]}")
            stated = content.count(b"xmlUrl=") + content.count(b'type="link"')
            assert sum(found[file.name]) == stated, file.name
    assert found == RECORDED


@needs_shared
@pytest.mark.corpus
def test_a_list_in_windows_1251():
    document = read_outlines((SHARED / "corpus/opml/yarr-sample_win1251.xml").read_bytes())
    assert document.title == "Заголовок"
    assert [outline.name for outline in document.outlines] == ["папка", "пример1"]
    assert [outline.line for outline in document.outlines] == [5, 8]


def test_lines_are_counted_where_the_file_is_well_formed():
    done = planned(b'<opml>\n<body>\n<outline text="A"\n xmlUrl="no address"/>\n</body></opml>')
    assert [(unusable.line, unusable.name) for unusable in done.unusable] == [(3, "A")]


@pytest.mark.parametrize(
    "body",
    [
        '<outline text="Tom & Jerry" xmlUrl="https://a.example/?a=1&b=2"/>',
        "<outline text='Tom &amp; Jerry' xmlUrl='https://a.example/?a=1&b=2' type=rss />",
        '<outline text="Tom &amp; Jerry" xmlUrl="https://a.example/?a=1&amp;b=2">',
        '<OUTLINE TEXT="Tom &amp; Jerry" XMLURL="https://a.example/?a=1&amp;b=2"></OUTLINE>',
        '<outline text="Tom &amp; \x01Jerry" x:y="1" xmlUrl="https://a.example/?a=1&amp;b=2"/>',
    ],
)
def test_sloppy_lists_are_mended(body):
    (source,) = planned(opml(body)).adds
    assert (source.title, source.url) == ("Tom & Jerry", "https://a.example/?a=1&b=2")


def test_a_list_that_was_cut_gives_what_is_whole_and_says_so():
    whole = opml('<outline text="A" xmlUrl="https://a.example/"/><outline text="B" xmlUrl="https://b.example/"/>')
    done = planned(whole[: whole.index(b"B")])
    assert [source.title for source in done.adds] == ["A"]
    assert (done.notes, done.breaks_off) == ((), 1)


def test_a_list_that_was_mended_to_its_end_does_not_break_off():
    done = planned(opml('<outline text="A & B" xmlUrl="https://a.example/"/>'))
    assert [source.title for source in done.adds] == ["A & B"]
    assert "not well-formed" in done.notes[0]
    assert done.breaks_off is None


ENTITIES = '<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (opml('<outline text="&b;"/>', declaration=ENTITIES), "parse"),
        (opml("<outline>", declaration=ENTITIES), "parse"),
        (opml("", declaration='<!DOCTYPE opml [<!ENTITY % x SYSTEM "http://a.example/">%x;]>'), "parse"),
        (
            opml('<outline text="&x;"/>', declaration='<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            "parse",
        ),
        (opml("<outline>" * 5_000 + "</outline>" * 5_000), "parse"),
        (opml("<outline/>" * 100_001), "parse"),
        (b"<opml>" + b" " * (21 * 1024 * 1024), "too-large"),
        (b"<rss><channel/></rss>", "not-a-feed"),
        (b"", "not-a-feed"),
        (b"\x89PNG\r\n\x1a\n", "not-a-feed"),
        (b"https://a.example/feed\n", "not-a-feed"),
    ],
)
def test_hostile_and_foreign_files_are_refused(content, reason):
    with pytest.raises(SourceError) as caught:
        read_outlines(content)
    assert caught.value.reason == reason


def test_utf_16_and_a_byte_order_mark():
    text = '<?xml version="1.0" encoding="UTF-16"?><opml><body><outline text="é" xmlUrl="https://a.example/"/></body></opml>'
    assert planned(text.encode("utf-16")).adds[0].title == "é"
    assert planned(b"\xef\xbb\xbf" + text.replace("UTF-16", "UTF-8").encode()).adds[0].title == "é"
