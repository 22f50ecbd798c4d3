from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import SourceError
from monitor.core.html import plain_text
from monitor.core.model import Document, Forward, Source
from monitor.sources.encoding import decoded, repaired
from monitor.sources.feed import KIND, linked_feed, parse
from monitor.sources.sniff import sniff
from monitor.sources.xmltext import mended

URL = "https://example.org/news/feed.xml"
SOURCE = Source(slug="mfa", title="MFA", kind="feed", url=URL)


def document(content, content_type=None):
    body = content if isinstance(content, bytes) else content.encode()
    return Document(url=URL, content=body, content_type=content_type, fetched_at=datetime(2026, 11, 22, tzinfo=UTC))


def read(content, content_type=None):
    return parse(document(content, content_type), SOURCE)


def rss(items, head="", attributes=""):
    return f'<rss version="2.0" {attributes}><channel><title>News</title><link>/</link>{head}{items}</channel></rss>'


def item(body):
    return rss(f"<item>{body}</item>")


def only(content):
    (entry,) = read(content).entries
    return entry


def test_rss_2_entry():
    window = read(
        rss(
            """<item><title>AT&amp;T &amp; the UN</title><link>/a?x=1&amp;y=2</link><guid isPermaLink="false">7</guid>
            <description>Teaser</description><content:encoded><![CDATA[<p>The whole <b>text</b></p>]]></content:encoded>
            <dc:creator>Press service</dc:creator><dc:creator>B. Author</dc:creator><category>News</category>
            <category>Grain</category><pubDate>Mon, 16 Nov 2026 09:30:00 +0300</pubDate>
            <enclosure url="/v.mp4" type="video/mp4" length="1024"/><itunes:duration>1:02:03</itunes:duration>
            <media:thumbnail url="https://example.org/t.jpg"/></item>""",
            head="<language>ru-RU</language>",
            attributes='xmlns:content="http://purl.org/rss/1.0/modules/content/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        )
    )
    (entry,) = window.entries
    assert (window.title, window.homepage, window.language) == ("News", "https://example.org/", "ru-RU")
    assert entry.guid == "7"
    assert entry.link == "https://example.org/a?x=1&y=2"
    assert entry.title == "AT&T & the UN"
    assert entry.html == "<p>The whole <b>text</b></p>"
    assert entry.summary == "Teaser"
    assert entry.author == "Press service, B. Author"
    assert entry.published == "Mon, 16 Nov 2026 09:30:00 +0300"
    assert entry.categories == ("News", "Grain")
    video, photo = entry.media
    assert (video.kind, video.url, video.mime, video.bytes, video.seconds) == (
        "video", "https://example.org/v.mp4", "video/mp4", 1024, 3723,
    )  # fmt: skip
    assert (photo.kind, photo.url) == ("photo", "https://example.org/t.jpg")


def test_atom_1_entry_with_its_own_base():
    window = read(
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">
        <title type="html">A &amp;lt; &lt;b&gt;B&lt;/b&gt;</title>
        <link rel="next" href="?page=2"/><entry xml:base="https://other.example/x/">
        <id>urn:1</id><title>t &lt; u</title>
        <link href="a"/><updated>2026-11-16T09:30:00Z</updated><published>2026-11-15T09:30:00Z</published>
        <source><title>Ministry</title><link href="https://mfa.example/"/></source>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>See <a href="b">b</a></p></div></content>
        </entry></feed>"""
    )
    (entry,) = window.entries
    assert window.title == "A < B"
    assert window.older == "https://example.org/news/feed.xml?page=2"
    assert entry.title == "t < u"
    assert entry.link == "https://other.example/x/a"
    assert entry.html.startswith('<base href="https://other.example/x/">')
    assert (entry.published, entry.updated) == ("2026-11-15T09:30:00Z", "2026-11-16T09:30:00Z")
    assert entry.language == "fr"
    assert entry.forwarded_from == Forward(name="Ministry", link="https://mfa.example/")


def test_rdf_entry():
    entry = only(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="c"><title>C</title></channel>
        <item rdf:about="https://example.org/7"><title>T</title><link>https://example.org/7</link>
        <dc:date>2026-11-16T09:30+03:00</dc:date></item></rdf:RDF>"""
    )
    assert (entry.guid, entry.published, entry.updated) == ("https://example.org/7", "2026-11-16T09:30+03:00", None)


@pytest.mark.parametrize(
    ("markup", "guid", "link"),
    [
        ("<guid>7</guid>", "7", None),
        ('<guid isPermaLink="true">7</guid>', "7", None),
        ("<guid>https://example.org/7</guid>", "https://example.org/7", "https://example.org/7"),
        ("<guid>7</guid><link>/a</link>", "7", "https://example.org/a"),
        ("<id>tag:example.org,2026:7</id>", "tag:example.org,2026:7", None),
    ],
)
def test_identifiers_stay_as_stated_and_make_no_links(markup, guid, link):
    entry = only(item("<title>x</title>" + markup))
    assert (entry.guid, entry.link) == (guid, link)


def test_plain_doctype_is_fine():
    content = (
        '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD 0.91//EN" "http://x/0.91.dtd">'
    )
    assert (
        only(content + '<rss version="0.91"><channel><item><title>Caf&eacute;</title></item></channel></rss>').title
        == "Café"
    )


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title>AT&amp;amp;T</title>", "AT&T"),
        ("<title>a &amp;lt; b</title>", "a < b"),
        ("<title>a &lt; b</title>", "a < b"),
        ("<title>&lt;b&gt;Bold&lt;/b&gt; words</title>", "Bold words"),
        ("<title><![CDATA[Tom & Jerry&#8217;s]]></title>", "Tom & Jerry’s"),
        ("<title>Tom & Jerry &nbsp;&copy; &unknown; &</title>", "Tom & Jerry © &unknown; &"),
        ("<title>con\x01trol&#2; \u202echaracters</title>", "control characters"),
        ("<title>DÃ©jÃ©</title>", "Déjé"),
        ("<title>\n  two\n  lines </title>", "two lines"),
    ],
)
def test_titles_are_plain_text(markup, title):
    assert only(item(markup)).title == title


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff \n<?xml version='1.0'?>" + item("<title>x</title>"),
        "Warning: headers already sent\n" + item("<title>x</title>"),
        item("<title>x</title>") + "<script>tracker()</script></html>",
        "<!-- made by -->" + item("<title>x</title>"),
        item("<title>x</title><dc:date>2026</dc:date>"),  # no namespace for dc
        item("<title>x</title><link>https://example.org/?a=1&b=2</link>"),
        item("<description><p>a<br>b</p></description><title>x</title>"),
        item("<Title>x</title>"),
        item("<title>x</title><enclosure url=/a.mp3 length=1 type=audio/mpeg>"),
        "<?xml version='1.0'>" + item("<title>x</title>"),
        "<rss version=2.0><channel><item><title>x</title></item></channel></rss>",
        rss("<item><title>x</title>"),  # closed by the end of the channel
        "<html><body>" + item("<title>x</title>") + "</body></html>",
        item("<title>x</title><description>" + "<i>" * 5000 + "deep" + "</i>" * 5000 + "</description>"),
        "\n" * 80_000 + item("<title>x</title>" + "\n" * 80_000),
    ],
    ids=["bom-after-space", "words-before", "markup-after", "comment-before", "prefix", "ampersand", "html-inside",
         "case", "attributes", "declaration", "unquoted-root", "unclosed", "inside-a-page", "deep", "white-space"],
)  # fmt: skip
def test_sloppy_feeds_are_read_all_the_same(content):
    assert [entry.title for entry in read(content).entries] == ["x"]


def test_entries_that_were_never_closed_are_several():
    assert [entry.title for entry in read(rss("<item><title>a</title><item><title>b</title></item>")).entries] == [
        "a",
        "b",
    ]


def test_of_a_document_cut_short_whole_entries_are_given():
    whole = rss("<item><title>a</title></item><item><title>b</title><description>half a")
    window = read(whole[: whole.index("half a") + 4])
    assert [entry.title for entry in window.entries] == ["a"]
    assert window.notes == ("the document was cut short; its 1 complete entries were taken",)


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"", "not-a-feed", "empty"),
        (b" \n\t", "not-a-feed", "empty"),
        ("<!DOCTYPE html><title>Sorry, try later</title>", "not-a-feed", 'web page titled "Sorry, try later"'),
        ("<html><link rel=alternate type=application/rss+xml href=/r.xml>", "not-a-feed", "https://example.org/r.xml"),
        ("<urlset><url/></urlset>", "not-a-feed", "a sitemap"),
        ("<opml version='2.0'/>", "not-a-feed", "OPML"),
        ('{"a": 1}', "not-a-feed", "JSON"),
        ("Too many requests", "not-a-feed", 'text that begins with "Too many requests"'),
        (b"%PDF-1.7\n", "not-a-feed", "another kind"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not-a-feed", "another kind"),
        ("<rss version='2.0'><channel><title>N", "parse", "cut short"),
        ('<!DOCTYPE r [<!ENTITY a "b">]>' + item("<title>&a;</title>"), "parse", "declares entities"),
        ('<!DOCTYPE r [\n<!ELEMENT x ANY>\n<!entity % a SYSTEM "file:///x">]>' + item(""), "parse", "declares"),
        (('<!DOCTYPE r [<!ENTITY a "b">]>' + item("")).encode("utf-16"), "parse", "declares entities"),
    ],
)  # fmt: skip
def test_what_is_no_feed_is_told_apart(content, reason, words):
    with pytest.raises(SourceError) as caught:
        read(content)
    assert caught.value.reason == reason
    assert words in str(caught.value)


def test_an_empty_channel_is_a_feed():
    assert read(rss("")).entries == ()


def test_bodies_are_chosen_by_what_a_reader_sees():
    entry = only(item("<description>&lt;div style='a:b;c:d;e:f'&gt;&lt;b&gt;short&lt;/b&gt;&lt;/div&gt;</description>"
                      "<content:encoded>A longer text in plain words</content:encoded>"))  # fmt: skip
    assert plain_text(entry.html) == "A longer text in plain words"
    assert plain_text(entry.summary) == "short"


def test_aggregators_name_whom_they_took_an_entry_from():
    entry = only(item('<title>x</title><source url="https://reuters.example">Reuters</source>'))
    assert entry.forwarded_from == Forward(name="Reuters", link="https://reuters.example")


RUSSIAN = item("<title>Министр иностранных дел провёл переговоры с послом</title>")


@pytest.mark.parametrize(
    ("content", "content_type", "note"),
    [
        (RUSSIAN.encode(), None, None),
        (RUSSIAN.encode("utf-16"), None, None),
        (RUSSIAN.encode("utf-16-be"), None, None),
        (RUSSIAN.encode("cp1251"), "text/xml; charset=windows-1251", None),
        (b'<?xml version="1.0" encoding="koi8-r"?>' + RUSSIAN.encode("koi8-r"), None, None),
        (
            b'<?xml version="1.0" encoding="utf-8"?>' + RUSSIAN.encode("cp1251"),
            None,
            "declared utf-8, was windows-1251",
        ),
        (RUSSIAN.encode("koi8-r"), None, "no encoding declared, was koi8-r"),
        (b'<?xml version="1.0" encoding="iso-8859-1"?>' + RUSSIAN.encode(), None, "declared iso-8859-1, was utf-8"),
        (RUSSIAN.encode(), "text/xml; charset=utf-7", None),
        (RUSSIAN.encode(), "text/xml; charset=hex", None),
    ],
)
def test_character_sets(content, content_type, note):
    window = read(content, content_type)
    assert window.entries[0].title == "Министр иностранных дел провёл переговоры с послом"
    assert window.notes == ((note,) if note else ())


@given(
    st.binary(max_size=200),
    st.sampled_from([None, "text/xml; charset=shift_jis", "a; charset=utf-16", "x; charset=zlib"]),
)
def test_any_bytes_become_text(content, content_type):
    text, _ = decoded(content, content_type=content_type)
    assert isinstance(text, str)


@given(st.text())
def test_only_misread_text_is_repaired(text):
    if all(ord(character) < 0xC2 or ord(character) > 0xF4 for character in text):
        assert repaired(text) == text


PIECES = """
<rss> <item> </item> <guid> <a_b=' x & &amp; <![CDATA[ ]]> <!-- --> <?p ?> </a> <a/> <x:y_z:w=1> </rss> > " \x00
"""


@given(st.lists(st.sampled_from([piece.replace("_", " ") for piece in PIECES.split()]), max_size=30))
def test_what_is_mended_is_well_formed_or_refused(pieces):
    from xml.parsers import expat

    content = mended("<rss>" + "".join(pieces)).content
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.Parse(content, True)


def test_shapes_are_told_by_content_and_not_by_headers():
    assert sniff(document('\ufeff {"version": 1}', "application/rss+xml")) == "json"
    assert sniff(document(rss(""), "text/html")) == "xml"
    assert sniff(document("<!-- a --><!DOCTYPE HTML PUBLIC 'x'><HTML>", "application/rss+xml")) == "html"
    assert sniff(document("hello")) == "text"
    assert sniff(document(b"\x1f\x8b\x08")) == "binary"


def test_a_page_names_its_feed():
    page = '<link rel="stylesheet" href="s.css"><link href="f.atom" type="application/atom+xml" rel="Alternate home">'
    assert linked_feed(page, URL) == "https://example.org/news/f.atom"
    assert linked_feed("<p>none</p>", URL) is None


def test_kind():
    assert KIND.name == "feed"
    assert KIND.address(" https://example.org/feed ") == "https://example.org/feed"
    with pytest.raises(ValueError, match="not a web address"):
        KIND.address("feed.xml")
