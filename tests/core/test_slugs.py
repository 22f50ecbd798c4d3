"""Slugs made from names and addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.slugs import free, slug_for, slugged, told_apart


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("North & Baltic", "north-baltic"),
        ("  Señor Año — Über ", "senor-ano-uber"),
        ("Новости", "novosti"),
        ("Київ щодня", "kiiv-shchodnia"),
        ("Ёлка", "elka"),
        ("Αθήνα", "athina"),
        ("Straße Łódź", "strasse-lodz"),
        ("İstanbul", "istanbul"),
        ("tag_two", "tag-two"),
        ("新闻", ""),
        ("🔥", ""),
        ("ＦＵＬＬ", "full"),
        ("word " * 40, "-".join(["word"] * 12)),
        ("x" * 90, "x" * 60),
    ],
)
def test_a_name_gives_a_slug(name, slug):
    assert slugged(name) == slug


@given(st.text())
def test_a_slug_is_ascii_words_joined_by_hyphens_whatever_the_name(text):
    slug = slugged(text)
    assert slug == "" or (re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) and len(slug) <= 60)
    assert slugged(slug) == slug


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://www.reddit.com/r/worldnews/.rss", "reddit-worldnews"),
        ("https://mastodon.social/@Gargron.rss", "mastodon-gargron"),
        ("https://www.youtube.com/@NASA", "youtube-nasa"),
        ("https://www.osce.org/feed", "osce"),
        ("https://news.un.org/feed/subscribe/en/news/all/rss.xml", "un"),
        ("https://t.me/s/mfa_russia", "mfa-russia"),
        ("https://rss.news.example.co.uk/x", "example"),
        ("http://127.0.0.1:8000/feed", "127-0-0-1"),
        ("https://news.com/rss", "news"),
    ],
)
def test_an_address_gives_what_a_person_would_call_it(url, slug):
    assert slug_for(url) == slug


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://www.osce.org/press/", "osce-press"),
        ("https://www.osce.org/en/news/rss.xml", "osce-en"),
        ("https://www.osce.org/sitemap.xml", "osce-sitemap"),
        ("https://www.osce.org/osce/feed", "osce"),
        ("https://www.osce.org/", "osce"),
    ],
)
def test_sources_of_one_site_are_told_apart_by_their_paths(url, slug):
    assert told_apart("osce", url) == slug


def test_a_taken_slug_gets_a_number():
    assert free("osce", {"osce", "osce-2"}) == "osce-3"
    assert free("osce", ()) == "osce"


def test_where_the_address_is_a_number_the_title_tells() -> None:
    url = "https://www.youtube.com/feeds/videos.xml?channel_id=UCaaaaaaaaaaaaaaaaaaaaaa"
    assert (slug_for(url), slug_for(url, "MFA TV")) == ("youtube", "youtube-mfa-tv")
    assert slug_for("https://www.osce.org/feed", "All news") == "osce"
