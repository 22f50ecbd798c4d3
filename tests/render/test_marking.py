import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Evidence, Field
from monitor.render.marking import marked_html


def evidence(*words: str) -> list[Evidence]:
    return [Evidence(field=Field.TEXT, offset=0, words=each, rule="phrase") for each in words]


@pytest.mark.parametrize(
    ("html", "words", "expected"),
    [
        ("<p>The grain deal</p>", ["grain"], "<p>The <mark>grain</mark> deal</p>"),
        ("<p>a <b>grain</b> deal</p>", ["grain deal"], "<p>a <b><mark>grain</mark></b><mark> deal</mark></p>"),
        ('<a href="grain">x</a> grain', ["grain"], '<a href="grain">x</a> <mark>grain</mark>'),
        ("grains grain", ["grain"], "grains <mark>grain</mark>"),
        ("<p>对俄罗斯的制裁措施</p>", ["制裁"], "<p>对俄罗斯的<mark>制裁</mark>措施</p>"),
        ("<p>grain\n deal</p>", ["grain deal"], "<p><mark>grain\n deal</mark></p>"),
        ("a &lt;b&gt; &amp; grain", ["<b>"], "a <mark>&lt;b&gt;</mark> &amp; grain"),
        ("<p>x</p>", [], "<p>x</p>"),
        ("", ["x"], ""),
    ],
)
def test_marking(html: str, words: list[str], expected: str) -> None:
    assert marked_html(html, evidence(*words)) == expected


TAGS = st.recursive(
    st.text(alphabet="ab c<&>", max_size=8).map(lambda text: re.sub("[<>&]", "", text)),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"<b>{''.join(parts)}</b>"),
    max_leaves=6,
)


@given(html=TAGS, words=st.lists(st.sampled_from(["a", "b", "ab", "a b", "c"]), max_size=3))
def test_only_marks_are_added(html: str, words: list[str]) -> None:
    assert re.sub("</?mark>", "", marked_html(html, evidence(*words))) == html
