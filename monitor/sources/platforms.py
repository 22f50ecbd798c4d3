"""Addresses of platforms, as a person copies them from a browser, and the feed behind each.

Only what follows from the address alone: nothing is fetched. "https://www.youtube.com/@name" needs a look at the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, urlsplit

_NAME = r"[\w.-]+"
_MASTODON = re.compile(rf"/@({_NAME})(?:/(?:with_replies|media)?)?")
_MASTODON_USERS = re.compile(rf"/users/({_NAME})/?")
_MASTODON_TAG = re.compile(r"/tags/(\w+)/?")
_YOUTUBE_CHANNEL = re.compile(r"/channel/(UC[\w-]{22})(?:/.*)?")
_YOUTUBE_USER = re.compile(rf"/user/({_NAME})(?:/.*)?")
_REDDIT = re.compile(r"/(?:r/\w+|user/[\w-]+|u/[\w-]+)(?:/(?:new|top|hot|rising|comments|submitted))?/?")
_GITHUB = re.compile(rf"/({_NAME})/({_NAME})/?(releases|tags|commits|discussions)?(?:/([^/]+))?/?")
_GITHUB_OWN = frozenset(
    {"orgs", "sponsors", "topics", "marketplace", "settings", "features", "search", "login", "about"}
)
_GITLAB = re.compile(rf"/((?:{_NAME}/)+{_NAME})/-/(tags|commits|releases)(?:/([^/]+))?/?")
_MEDIUM = re.compile(rf"/(@{_NAME})/?")
_BLUESKY = re.compile(r"/profile/([\w.:-]+)/?")
_TELEGRAM = frozenset({"t.me", "telegram.me", "telegram.dog"})
_NOT_MASTODON = frozenset(  # other platforms that write "/@name"
    {"youtube.com", "tiktok.com", "medium.com", "threads.net", "threads.com", "twitter.com", "x.com", "instagram.com"}
)

_WITHOUT_FEEDS = {
    "x.com": "X",
    "twitter.com": "X",
    "facebook.com": "Facebook",
    "fb.com": "Facebook",
    "instagram.com": "Instagram",
    "threads.net": "Threads",
    "threads.com": "Threads",
    "linkedin.com": "LinkedIn",
    "tiktok.com": "TikTok",
    "whatsapp.com": "WhatsApp",
}

Found = tuple[str, str]


def platform_feed(url: str) -> Found | None:
    """Kind of source and address of the feed behind a platform's address; None where there is none to be told.

    Mastodon and its relatives, YouTube channels and playlists, Reddit, GitHub, GitLab, Medium, Bluesky, Substack,
    WordPress.com, Blogger, Tumblr and Telegram. An address that is a feed already gives None.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower().removeprefix("www.").removeprefix("m.")
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    if host in _TELEGRAM:
        return "telegram", url.strip()
    path = _PLATFORMS.get(host) or next((each for suffix, each in _HOSTED.items() if host.endswith(suffix)), None)
    found = path(parts) if path is not None else _mastodon(parts, host)
    return ("feed", found) if found is not None else None


def without_feeds(url: str) -> str | None:
    """The name of the platform an address belongs to, where that gives no feeds and shows posts to members alone."""
    host = _host(url)
    return next((name for each, name in _WITHOUT_FEEDS.items() if host == each or host.endswith(f".{each}")), None)


def is_known(url: str) -> bool:
    """Whether an address belongs to a platform of which it is known where its feeds are."""
    return _host(url) in _PLATFORMS


def _host(url: str) -> str:
    try:
        return (urlsplit(url.strip()).hostname or "").lower().removeprefix("www.").removeprefix("m.")
    except ValueError:
        return ""


def _youtube(parts: SplitResult) -> str | None:
    feeds = "https://www.youtube.com/feeds/videos.xml"
    playlist = parse_qs(parts.query).get("list", [""])[0]
    if parts.path in {"/playlist", "/watch"} and re.fullmatch(r"(?:PL|UU|FL|OL)[\w-]{10,}", playlist):
        return f"{feeds}?playlist_id={playlist}"
    if channel := _YOUTUBE_CHANNEL.fullmatch(parts.path):
        return f"{feeds}?channel_id={channel[1]}"
    if user := _YOUTUBE_USER.fullmatch(parts.path):
        return f"{feeds}?user={user[1]}"
    return None


def _reddit(parts: SplitResult) -> str | None:
    if not _REDDIT.fullmatch(parts.path):
        return None
    return f"https://www.reddit.com{parts.path.rstrip('/')}/.rss"


def _github(parts: SplitResult) -> str | None:
    found = _GITHUB.fullmatch(parts.path)
    if found is None or found[1] in _GITHUB_OWN or parts.path.endswith(".atom"):
        return None
    owner, name, part, branch = found.groups()
    start = f"https://github.com/{owner}/{name.removesuffix('.git')}"
    if part in {None, "releases"}:
        return f"{start}/releases.atom" if branch is None else None
    if part == "commits":
        return f"{start}/commits/{branch}.atom" if branch else f"{start}/commits.atom"
    return f"{start}/{part}.atom"


def _gitlab(parts: SplitResult) -> str | None:
    found = _GITLAB.fullmatch(parts.path)
    if found is None:
        return None
    project, part, branch = found.groups()
    if part == "commits":
        return f"https://gitlab.com/{project}/-/commits/{branch or 'HEAD'}?format=atom"
    return f"https://gitlab.com/{project}/-/tags?format=atom"


def _medium(parts: SplitResult) -> str | None:
    found = _MEDIUM.fullmatch(parts.path)
    return f"https://medium.com/feed/{found[1]}" if found else None


def _bluesky(parts: SplitResult) -> str | None:
    found = _BLUESKY.fullmatch(parts.path)
    return f"https://bsky.app/profile/{found[1]}/rss" if found else None


def _at_root(ending: str) -> Callable[[SplitResult], str | None]:
    """Sites of one owner each: the feed is at the root of the host."""

    def address(parts: SplitResult) -> str | None:
        return f"https://{parts.hostname}{ending}" if parts.path in {"", "/", "/archive"} else None

    return address


def _mastodon(parts: SplitResult, host: str) -> str | None:
    """Any host may be one: what tells is the form of the path. Also Pleroma, Pixelfed and others that copied it."""
    if host in _NOT_MASTODON:
        return None
    if user := (_MASTODON.fullmatch(parts.path) or _MASTODON_USERS.fullmatch(parts.path)):
        if user[1].endswith((".rss", ".atom")):
            return None
        return f"https://{parts.netloc}/@{user[1]}.rss"
    if tag := _MASTODON_TAG.fullmatch(parts.path):
        return f"https://{parts.netloc}/tags/{tag[1]}.rss"
    return None


_PLATFORMS: dict[str, Callable[[SplitResult], str | None]] = {
    "youtube.com": _youtube,
    "reddit.com": _reddit,
    "old.reddit.com": _reddit,
    "github.com": _github,
    "gitlab.com": _gitlab,
    "medium.com": _medium,
    "bsky.app": _bluesky,
}
_HOSTED: dict[str, Callable[[SplitResult], str | None]] = {
    ".wordpress.com": _at_root("/feed/"),
    ".substack.com": _at_root("/feed"),
    ".tumblr.com": _at_root("/rss"),
    ".blogspot.com": _at_root("/feeds/posts/default"),
    ".medium.com": _at_root("/feed"),
}
