"""Markup that is read without a parser is read as a parser reads it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.html import plain_text, sanitised
from monitor.core.plainmarkup import read_plainly
from tests.shared import SHARED, needs_shared

BASE = "https://example.org/news/1"
UNKNOWN = "<x-y></x-y>"  # says nothing, and is left to the parser with everything around it


def both(markup):
    return plain_text(markup), sanitised(markup, base=BASE)


def by_parser(markup):
    # A text without any markup is a case of its own, see html.plain_text.
    forced = markup.strip() + UNKNOWN if "<" in markup else markup
    assert forced == markup or read_plainly(forced) is None
    return both(forced)


@pytest.mark.parametrize(
    "markup",
    [
        "<p>One</p>\n<p>Two &amp; three</p>",
        "<p>One<br/>two<br>three</p>",
        "<p><a href=\"/a?b=1&amp;c\" title='x' rel=nofollow>link</a> and <B CLASS=x>bold</B></p>",
        "<ul><li>One</li><li><p>Two</p></li></ul>",
        "<p>unclosed <b>bold",
        "text <img src=x alt='A cat on a sofa'> <img src=y alt=\"🙂\"> <img src=z> end",
        "a<script>var x = 1;</script>b<style>p { color: red }</style>c<iframe src='x'></iframe>",
        "<!-- more --><p>x</p><hr/>y",
        "<div><div>One</div>Two</div>",
        "&lt;b&gt; &copy; &nbsp;x &#8217; &#1; &unknown; &amp",
        "<p>a</p>\r\n\r\n<p>b\u2028c</p>",
        "<h1>T</h1><p>x<span>y</span><em>z</em></p><blockquote>q</blockquote>",
    ],
)
def test_what_is_well_known_needs_no_parser(markup):
    assert read_plainly(markup.strip()) is not None
    assert both(markup) == by_parser(markup)


@pytest.mark.parametrize(
    "markup",
    [
        "<table><tr><td>a</td></tr></table>",
        "a</p>b",
        "<ul><li>a</ul></li>",
        "<div><p>a</div></p>",
        "a < b",
        "<p",
        "<a title='>'>x</a>",
        "<pre>a\n b</pre>",
        "<script>if (a < b) c()</script>x",
        "<script>x",
        "<textarea><b>x</b></textarea>",
        "<p>x</br>y",
        "<img alt='&hearts;'>",
        "<noscript>twice</noscript>once",
        "<svg><p>x</p></svg>",
        "<plaintext><p>x</p>",
        "<!-- <p> -->x",
        '<a "b=">x</a>',
        "<b/ >x",
        "<p>" * 3_001,
    ],
)
def test_anything_else_is_left_to_the_parser(markup):
    assert read_plainly(markup) is None


TAGS = (
    "<p>|</p>|<P class=x>|<br>|<br/>|<ul>|</ul>|<li>|</li>|<div>|</div>|<b>|</b>|<i>|</i>|<a href='/x'>|</a>|<hr>|<h2>|"
    "</h2>|<span>|</span>|<dl>|<dd>|</dd>|</dl>|<img alt='A cat'>|<img alt=🙂>|<img src=x>|<script>1</script>|<td>|"
    "<!-- x -->|<em\n>|<font color=red>"
)
WORDS = [
    "&amp;",
    "&lt;p&gt;",
    "&nbsp;",
    "&#10;",
    "&shy;",
    " ",
    "\n",
    "\r\n",
    "\u3000",
    "word",
    "слово",
    "- ",
    "<",
    ">",
    '"',
]
PIECES = st.sampled_from([*TAGS.split("|"), *WORDS])


@given(st.lists(PIECES, max_size=14).map("".join))
def test_text_and_markup_are_the_same_with_and_without_a_parser(markup):
    assert both(markup) == by_parser(markup)


@needs_shared
@pytest.mark.corpus
def test_bodies_of_recorded_feeds_are_read_the_same_way():
    bodies = {
        body.decode("utf-8", "replace")
        for file in sorted((SHARED / "corpus" / "feeds").rglob("*.xml"))[::3]
        for body in re.findall(rb"<!\[CDATA\[(.*?)\]\]>", file.read_bytes(), re.DOTALL)[:5]
    }
    plain = [body for body in bodies if read_plainly(body.strip()) is not None]
    assert len(plain) > len(bodies) / 2
    assert [body for body in plain if both(body) != by_parser(body)] == []
