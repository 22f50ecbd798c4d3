import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.html import as_markup, one_line, plain_text, sanitised, seen_at_least, without_junk

BASE = "https://example.org/news/1"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("One<br><br>Two", "One\n\nTwo"),
        ("<p>One\n   line</p>", "One line"),
        ("<ul><li>One</li><li>Two<br></li></ul>after", "- One\n- Two\n\nafter"),
        ("<ul><li><p>One</p></li><li></li><li><p>Two</p></li></ul>", "- One\n\n- Two"),
        ("<p>See <a href='https://example.org'>the note</a>.</p>", "See the note."),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
        ("AT&amp;T &lt;b&gt; &eacute;&#8217;&nbsp;x", "AT&T <b> é’ x"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<div><div>One</div><div>Two</div></div>", "One\n\nTwo"),
        ("soft\xadhyphen zero\u200bwidth \u202eoverride\u202c nul\x00", "softhyphen zerowidth override nul"),
        ("👩\u200d💻 سلام\u200f نمی\u200cخواهم", "👩\u200d💻 سلام\u200f نمی\u200cخواهم"),
        ("plain words\nin lines", "plain words in lines"),
        ("First paragraph.\n\nSecond & last.", "First paragraph.\n\nSecond & last."),
        ('Hi <img alt="🙂" src="x.png"> there <img alt="A cat on a sofa" src="cat.jpg">', "Hi 🙂 there"),
        ("<noscript>twice</noscript>once", "once"),
        ("a < b and c > d", "a < b and c > d"),
        ("", ""),
    ],
)
def test_text_is_what_a_reader_sees(markup, expected):
    assert plain_text(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p onclick='x()' style='color:red' class=a>Hi</p>", "<p>Hi</p>"),
        ("<script>alert(1)</script><p>Hi</p>", "<p>Hi</p>"),
        ('<a href="/2">x</a>', '<a href="https://example.org/2" rel="noopener noreferrer">x</a>'),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="mailto:a@example.org">x</a>', '<a href="mailto:a@example.org" rel="noopener noreferrer">x</a>'),
        ('<p>a<img src="https://t.example/p.gif" width=1></p>', "<p>a</p>"),
        ('<p><img src="x" alt="The minister at the table"></p>', "<p> [The minister at the table] </p>"),
        ('<figure><a href="/x"><img src="x.jpg" alt="IMG_1"></a></figure><p>a</p>', "<p>a</p>"),
        ('<base href="https://other.example/y/">\n<a href="z">x</a>', None),
        ("<b>unclosed", "<b>unclosed</b>"),
        ("<svg><a xlink:href='javascript:1'><circle/></a></svg>t", "t"),
        ("One.\n\nTwo.", "One.<p>Two.</p>"),
        ('<p dir="rtl">سلام</p>', '<p dir="rtl">سلام</p>'),
    ],
)
def test_markup_is_made_safe(markup, expected):
    cleaned = sanitised(markup, base=BASE)
    if expected is None:
        expected = '<a href="https://other.example/y/z" rel="noopener noreferrer">x</a>'
    assert cleaned == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "<b>",
                "</b>",
                "<img src=http://t.example/x>",
                "<a href=' javascript:x'>",
                "<!--",
                "-->",
                "<svg><style>",
                "<p onmouseover=x>",
                "text",
                "<iframe src=x>",
                '"',
                "'",
                "<",
                ">",
                "<table>",
                "<math>",
                "]]>",
            ]
        ),
        max_size=25,
    )
)
def test_whatever_the_markup_nothing_loads_and_nothing_runs(pieces):
    cleaned = sanitised("".join(pieces), base=None).lower()
    for forbidden in (
        "<img",
        "<script",
        "<iframe",
        "<style",
        "<svg",
        "onmouseover=x>",
        'href=" javascript',
        'href="javascript',
    ):
        assert forbidden not in cleaned
    assert sanitised(cleaned, base=None) == cleaned or "<" in cleaned


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 100_000,
        "<b>" * 50_000 + "x",
        "".join(f"<font c={i}><p>" for i in range(20_000)),
        "<a><div>" * 40_000,
        "<" * 300_000,
        "&" * 300_000,
        " " * 300_000 + "x",
        "<li>" * 90_000,
    ],
    ids=["divs", "bolds", "fonts", "adoption", "brackets", "ampersands", "spaces", "bullets"],
)
def test_hostile_markup_comes_to_an_end(markup):
    # Without slices each of these keeps the parsers busy for minutes: the suite's time limit would end it.
    assert "<div><div>" * 30 not in sanitised(markup, base=None)
    assert len(plain_text(markup)) <= len(markup)


def test_deep_elements_lose_their_tags_and_keep_their_text():
    cleaned = sanitised("<blockquote>" * 500 + "deep" + "</blockquote>" * 500, base=None)
    assert cleaned.count("<blockquote>") == 40
    assert "deep" in cleaned


def test_helpers():
    assert one_line(" a\n\tb\u2028c ") == "a b c"
    assert without_junk("a\ud800b\ufeff") == "ab"
    assert as_markup("a < b\nc\n\nd") == "<p>a &lt; b<br>c</p><p>d</p>"
    assert plain_text(as_markup("a < b\nc\n\nd & e")) == "a < b\nc\n\nd & e"


PIECES = ["<p>", "</p>", "<b>", "word ", "слово", "&amp;", "&nbsp;", "<br>", " \n", "\xa0", "<script>x</script>", "é."]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_at_least_so_much_is_seen(markup):
    assert seen_at_least(markup) <= len(plain_text(markup))
