"""How one source wants to be asked: what may be written, and what becomes of variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.core.errors import SourceError
from monitor.sources import KINDS
from monitor.sources.request import MAX_NAMED, MAX_VALUE, Asking, RequestOptions, asking

SECRET = "hunter2-hunter2"  # looked for in everything that is shown


def resolved(environ=None, *, robots=False, **options):
    return asking(RequestOptions.model_validate(options), robots=robots, environ=environ or {})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_understands_them(kind):
    known = KINDS[kind].options.model_fields
    assert set(RequestOptions.model_fields) <= set(known)


def test_nothing_given_is_nothing_wished():
    assert resolved() == Asking()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"headers": {"X-A": "b\r\nHost: evil"}}, "line end"),
        ({"headers": {"X-A": "b\nc"}}, "line end"),
        ({"headers": {"X-A": "b\x00"}}, "control character"),
        ({"headers": {"X-A": "ключ"}}, "outside ASCII"),
        ({"headers": {"X-A": " b"}}, "white space"),
        ({"headers": {"X A": "b"}}, "no name of a header"),
        ({"headers": {"X-A\r\n": "b"}}, "no name of a header"),
        ({"headers": {"": "b"}}, "no name of a header"),
        ({"headers": {"x-a": "b", "X-A": "c"}}, "given twice"),
        ({"headers": {"Cookie": "a=b"}}, "the option cookies sets it"),
        ({"headers": {"user-agent": "x"}}, "the option user_agent sets it"),
        ({"headers": {"Host": "x"}}, "frames the message"),
        ({"headers": {"Range": "bytes=0-1"}}, "whole document"),
        ({"headers": {"Proxy-Authorization": "x"}}, "the option proxy"),
        ({"headers": {"X-A": "b" * (MAX_VALUE + 1)}}, "at most"),
        ({"headers": {f"X-{n}": "b" for n in range(MAX_NAMED + 1)}}, "at most"),
        ({"headers": {"X-A": "${MONITOR_SMTP__PASSWORD}"}}, "no name of a variable"),
        ({"headers": {"X-A": "${HOME}"}}, "no name of a variable"),
        ({"headers": {"X-A": "${SOURCE_A"}}, "no name of a variable"),
        ({"headers": {"X-A": 5}}, "string"),
        ({"cookies": {"a": "b; c=d"}}, "semicolon"),
        ({"cookies": {"a=": "b"}}, "no name of a cookie"),
        ({"cookies": {"a": "b\r\nc"}}, "line end"),
        ({"user_agent": "x\r\ny: z"}, "printable"),
        ({"user_agent": "Обозреватель"}, "printable"),
        ({"user_agent": ""}, "at least 1"),
        ({"proxy": "proxy.example:3128"}, "no address of a proxy"),
        ({"proxy": "ftp://proxy.example"}, "no address of a proxy"),
        ({"proxy": "http://"}, "no address of a proxy"),
        ({"proxy": "http://proxy.example:port"}, "no address of a proxy"),
        ({"proxy": "http://[::1"}, "no address of a proxy"),
        ({"proxy": "http://proxy.example/path"}, "no address of a proxy"),
        ({"proxy": "socks5://proxy.example:1080"}, "SOCKS"),
        ({"proxy": f"http://me:{SECRET}@proxy.example:3128"}, "holds a password"),
        ({"robots": "no"}, "boolean"),
        ({"referer": "x"}, "not permitted"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(options, said):
    with pytest.raises(ValidationError) as caught:
        RequestOptions.model_validate(options)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_variables_are_filled_in_from_the_environment():
    environ = {"SOURCE_TOKEN": "abc", "SOURCE_SESSION": "s3=ss\n", "SOURCE_PROXY_PASSWORD": "p@ss/w:rd"}
    wishes = resolved(
        environ,
        headers={
            "Authorization": "Bearer ${SOURCE_TOKEN}",
            "X-Twice": "${SOURCE_TOKEN}-${SOURCE_TOKEN}",
            "X": "$5 {a}",
        },
        cookies={"session": "${SOURCE_SESSION}"},
        proxy="http://me:${SOURCE_PROXY_PASSWORD}@proxy.example:3128",
        user_agent="Mozilla/5.0",
    )
    assert wishes.headers == {"Authorization": "Bearer abc", "X-Twice": "abc-abc", "X": "$5 {a}"}
    assert wishes.cookies == {"session": "s3=ss"}
    assert wishes.proxy == "http://me:p%40ss%2Fw%3Ard@proxy.example:3128"
    assert wishes.user_agent == "Mozilla/5.0"
    assert "abc" not in repr(wishes)
    assert "p%40ss" not in repr(wishes)


def test_a_whole_proxy_may_come_from_a_variable():
    address = "https://me:p%40ss@proxy.example:3128"
    assert resolved({"SOURCE_PROXY": address}, proxy="${SOURCE_PROXY}").proxy == address


@pytest.mark.parametrize(
    ("environ", "options", "said"),
    [
        ({}, {"headers": {"X-A": "${SOURCE_A}"}}, "the header X-A needs the environment variable SOURCE_A"),
        ({"SOURCE_A": " "}, {"cookies": {"a": "${SOURCE_A}"}}, "the cookie a needs the environment variable SOURCE_A"),
        ({"SOURCE_A": f"{SECRET}\r\nX: y"}, {"headers": {"X-A": "${SOURCE_A}"}}, "SOURCE_A holds what the header X-A"),
        ({"SOURCE_A": SECRET * 1000}, {"headers": {"X-A": "${SOURCE_A}"}}, "too long"),
        ({"SOURCE_A": f"{SECRET}; a=b"}, {"cookies": {"a": "${SOURCE_A}"}}, "semicolon"),
        ({"SOURCE_A": f"socks5://me:{SECRET}@h:1"}, {"proxy": "${SOURCE_A}"}, "no address such as"),
        ({"SOURCE_A": SECRET}, {"proxy": "${SOURCE_A}"}, "no address such as"),
        ({"SOURCE_A": "http://[::1"}, {"proxy": "${SOURCE_A}"}, "no address such as"),
    ],
)
def test_a_variable_that_will_not_do_is_named_without_its_value(environ, options, said):
    with pytest.raises(SourceError) as caught:
        resolved(environ, **options)
    assert caught.value.reason == "options"
    assert caught.value.permanent
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("option", "kind", "heeded"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_the_operator_decides_about_robots_txt_where_he_says_so(option, kind, heeded):
    assert asking(RequestOptions(robots=option), robots=kind, environ={}).robots is heeded


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_accepted_stays_on_its_line(name, value):
    try:
        options = RequestOptions.model_validate({"headers": {name: value}, "cookies": {name: value}})
    except ValidationError:
        return
    wishes = asking(options, robots=False, environ={})
    line = "".join((*wishes.headers, *wishes.headers.values(), *wishes.cookies, *wishes.cookies.values()))
    assert all(character.isprintable() or character == "\t" for character in line)
    assert line.isascii()
