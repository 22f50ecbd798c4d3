import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.urls import absolute, canonical


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTPS://Example.ORG", "https://example.org/"),
        ("http://example.org:80/a", "http://example.org/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("https://example.org/a#section", "https://example.org/a"),
        ("https://example.org/#!/news/12", "https://example.org/#!/news/12"),
        (
            "https://президент.рф/Новости",
            "https://xn--d1abbgf6aiiy.xn--p1ai/%D0%9D%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8",
        ),
        ("https://example.org/%7euser/%c3%a9", "https://example.org/~user/%C3%A9"),
        ("https://example.org/a/./b/../c", "https://example.org/a/c"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/Path/", "https://example.org/Path/"),
        ("https://example.org/?id=3&utm_source=x&utm_medium=y&page=2", "https://example.org/?id=3&page=2"),
        ("https://example.org/?b=1&a=2", "https://example.org/?b=1&a=2"),
        ("https://example.org/?fbclid=x", "https://example.org/"),
        ("https://www.bbc.co.uk/news/1?at_medium=RSS&at_campaign=KARANGA", "https://www.bbc.co.uk/news/1"),
        ("https://example.org/?ref=rss&ref=home", "https://example.org/?ref=home"),
        ("https://example.org/?source=reuters", "https://example.org/?source=reuters"),
        ("https://example.org/?UTM_Source=x&q=utm_source", "https://example.org/?q=utm_source"),
        ("https://m.example.org/amp/a", "https://m.example.org/amp/a"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
        ("ftp://example.org/", ""),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://example.org:99999/", ""),
        ("nothing", ""),
    ],
)
def test_one_spelling_for_one_address(given_url, expected):
    assert canonical(given_url) == expected


_URLS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "HTTPS", "https"]),
    st.sampled_from(
        ["example.org", "EXAMPLE.org:443", "müller.de", "a_b.example", "президент.рф.", "u@h.org:80", "[::1]"]
    ),
    st.text(st.sampled_from('/.%2eE4aé ~;:@&=+$,"<>\\^|ж'), max_size=20).map(lambda path: "/" + path),
    st.text(st.sampled_from("&=%7eab_utm?é +#/"), max_size=20).map(lambda query: "?" + query),
    st.text(st.sampled_from("!#ab%é"), max_size=6).map(lambda fragment: "#" + fragment),
)


@given(_URLS)
def test_making_it_canonical_twice_changes_nothing(url):
    once = canonical(url)
    assert canonical(once) == once
    assert once == "" or once.startswith(("http://", "https://"))


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    assert canonical(text) == canonical(canonical(text))


@pytest.mark.parametrize(
    ("link", "base", "expected"),
    [
        ("/a", "https://example.org/x/y", "https://example.org/a"),
        ("../a", "https://example.org/x/y/z", "https://example.org/x/a"),
        ("//cdn.example.org/a", "http://example.org/", "http://cdn.example.org/a"),
        ("//cdn.example.org/a", None, "https://cdn.example.org/a"),
        ("  https://example.org/\n a\t ", None, "https://example.org/%20a"),
        ("javascript:alert(1)", "https://example.org/", None),
        ("java\nscript:alert(1)", "https://example.org/", None),
        ("mailto:a@example.org", "https://example.org/", None),
        ("data:text/html,x", "https://example.org/", None),
        ("", "https://example.org/", None),
        ("relative", None, None),
        ("http://[broken", None, None),
    ],
)
def test_links_become_absolute(link, base, expected):
    assert absolute(link, base) == expected
