"""Addresses of platforms and the feeds behind them."""

from __future__ import annotations

import pytest

from monitor.sources.platforms import platform_feed

YOUTUBE = "https://www.youtube.com/feeds/videos.xml"
CHANNEL = "UC" + "x" * 22


@pytest.mark.parametrize(
    ("address", "feed"),
    [
        ("https://mastodon.social/@EU_Commission", "https://mastodon.social/@EU_Commission.rss"),
        ("https://social.network.europa.eu/@EU/media", "https://social.network.europa.eu/@EU.rss"),
        ("https://social.example:8443/users/mfa", "https://social.example:8443/@mfa.rss"),
        ("https://mastodon.social/tags/osce", "https://mastodon.social/tags/osce.rss"),
        (f"https://www.youtube.com/channel/{CHANNEL}/videos", f"{YOUTUBE}?channel_id={CHANNEL}"),
        ("https://m.youtube.com/playlist?list=PLabcdefghijkl", f"{YOUTUBE}?playlist_id=PLabcdefghijkl"),
        ("https://youtube.com/user/unitednations", f"{YOUTUBE}?user=unitednations"),
        ("https://www.reddit.com/r/geopolitics/", "https://www.reddit.com/r/geopolitics/.rss"),
        ("https://old.reddit.com/r/geopolitics/new", "https://www.reddit.com/r/geopolitics/new/.rss"),
        ("https://github.com/python/cpython", "https://github.com/python/cpython/releases.atom"),
        ("https://github.com/python/cpython/releases", "https://github.com/python/cpython/releases.atom"),
        ("https://github.com/python/cpython/commits/main", "https://github.com/python/cpython/commits/main.atom"),
        ("https://gitlab.com/a/b/c/-/tags", "https://gitlab.com/a/b/c/-/tags?format=atom"),
        ("https://medium.com/@person", "https://medium.com/feed/@person"),
        ("https://bsky.app/profile/un.org", "https://bsky.app/profile/un.org/rss"),
        ("https://ministry.wordpress.com", "https://ministry.wordpress.com/feed/"),
        ("https://letter.substack.com/archive", "https://letter.substack.com/feed"),
        ("https://office.blogspot.com/", "https://office.blogspot.com/feeds/posts/default"),
    ],
)
def test_feeds(address: str, feed: str) -> None:
    assert platform_feed(address) == ("feed", feed)


def test_telegram_is_a_kind_of_its_own() -> None:
    assert platform_feed("https://t.me/durov") == ("telegram", "https://t.me/durov")


@pytest.mark.parametrize(
    "address",
    [
        "https://www.youtube.com/@unitednations",  # the page has to be asked
        "https://www.youtube.com/watch?v=abcdefghijk",
        "https://mastodon.social/@EU_Commission.rss",
        "https://mastodon.social/@EU_Commission/112233445566",
        "https://github.com/orgs/python",
        "https://github.com/python/cpython/releases.atom",
        "https://www.tiktok.com/@un",
        "https://x.com/un",
        "https://mfa.example/news/2026/statement",
        "https://letter.substack.com/p/one-post",
        "ftp://mastodon.social/@x",
        "https://[unfinished/@x",
        "not an address",
    ],
)
def test_none_to_be_told(address: str) -> None:
    assert platform_feed(address) is None
