"""From what a person pastes to the sources behind it: sites on a real server, pages of Telegram as recorded."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document
from monitor.sources import glimpse
from monitor.sources.candidates import Way
from monitor.sources.discovery import MAX_FETCHES, discover
from monitor.sources.http import Fetcher
from monitor.sources.pasted import understood
from monitor.sources.workers import Workshop
from tests.shared import SHARED, needs_shared
from tests.sources.wire import message, serving

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
CHANNEL = Path(__file__).with_name("channel.html")


def rss(
    *titles,
    name="Ministry",
    days_ago=0,
    every=timedelta(days=1),
    text="Full text of the statement, at length. " * 4,
    base="/news/",
):
    items = "".join(
        f"<item><title>{title}</title><link>https://mfa.example{base}{title.replace(' ', '-')}</link>"
        f"<description>{text}</description>"
        + (
            f"<pubDate>{NOW - timedelta(days=days_ago) - every * number:%a, %d %b %Y %H:%M:%S +0000}</pubDate>"
            if every
            else ""
        )
        + "</item>"
        for number, title in enumerate(titles)
    )
    return message(body=f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode())


def atom(*titles, name="Ministry (Atom)"):
    entries = "".join(
        f"<entry><id>urn:{number}</id><title>{title}</title>"
        f"<updated>{NOW - timedelta(days=number):%Y-%m-%dT%H:%M:%SZ}</updated>"
        f'<link href="https://mfa.example/news/{title.replace(" ", "-")}"/></entry>'
        for number, title in enumerate(titles)
    )
    return message(body=f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{name}</title>{entries}</feed>'.encode())


def html(head="", body="<p>Welcome.</p>", title="Ministry of Examples"):
    page = f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    return message(body=page.encode(), Content_Type="text/html; charset=utf-8")


def declared(href, title="", type_="application/rss+xml"):
    return f'<link rel="alternate" type="{type_}" title="{title}" href="{href}">'


NEWS = ("Statement on grain", "Visit to Vienna", "Briefing of Thursday", "Condolences", "Note verbale")


async def looked(document, kind):
    return glimpse.look(document, kind)


def found_at(answers, path="/", *, address=None):
    """What is found on a server with these answers, and the paths that it was asked for."""

    async def run():
        async with (
            serving(answers) as wire,
            Fetcher(
                user_agent="communique-monitor/0.1", allow=(ip_network("127.0.0.1/32"),), connect_timeout=2.0
            ) as fetcher,
        ):

            async def fetch(url, accept):
                result = await fetcher.fetch(url=url, accept=accept, etag=None, last_modified=None, clock=lambda: NOW)
                return result.document

            result = await discover(
                (address or wire.url(path)).replace("PORT", str(wire.port)),
                fetch=fetch,
                look=looked,
                clock=lambda: NOW,
                spacing=0,
            )
            return result, [request.path for request in wire.requests], wire

    return asyncio.run(run())


def paths(result):
    return ["/" + candidate.url.split("/", 3)[3] for candidate in result.candidates]


# ── sites ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_is_found_at_its_own_address_with_what_it_shows():
    result, asked, wire = found_at({"/rss": rss(*NEWS)}, "/rss")
    (candidate,) = result.candidates
    assert asked == ["/rss"]
    assert (candidate.kind, candidate.url, candidate.way) == ("feed", wire.url("/rss"), Way.ITSELF)
    assert (candidate.title, candidate.entries, candidate.language) == ("Ministry", 5, "en")
    assert [post.title for post in candidate.newest] == list(NEWS)
    assert candidate.newest[0].at == NOW
    assert candidate.per_week == pytest.approx(5 / (4 / 7))
    assert candidate.warnings == ("not encrypted: what it says can be changed on the way",)
    assert result.explanation == ""


def test_two_feeds_and_a_comments_feed_come_in_the_pages_order_with_the_comments_last():
    head = (
        declared("/comments/feed", "Ministry » Comments Feed")
        + declared("/feed/", "Ministry » Feed")
        + declared("speeches.xml", "Speeches")
        + declared("/wp-json/oembed/1.0/embed?url=x", "oEmbed", "application/json+oembed")
    )
    result, asked, _ = found_at(
        {
            "/en/": html(head),
            "/feed/": rss(*NEWS),
            "/en/speeches.xml": rss("Speech one", "Speech two"),
            "/comments/feed": rss("By: Ann", "By: Bob", name="Comments for Ministry"),
        },
        "/en/",
    )
    assert paths(result) == ["/feed/", "/en/speeches.xml", "/comments/feed"]
    assert [candidate.way for candidate in result.candidates] == [Way.DECLARED] * 3
    assert "these are readers' comments, not the source's own posts" in result.candidates[2].warnings
    assert sorted(asked) == sorted(["/en/", "/feed/", "/en/speeches.xml", "/comments/feed"])


def test_formats_of_one_feed_are_one_candidate_the_fullest():
    head = declared("/atom.xml", type_="application/atom+xml") + declared("/rss.xml") + declared("/titles.xml")
    result, _, wire = found_at(
        {
            "/": html(head),
            "/atom.xml": atom(*NEWS),
            "/rss.xml": rss(*NEWS[:4]),
            "/titles.xml": rss(*NEWS, text="", every=None),
        }
    )
    (candidate,) = result.candidates
    assert candidate.url == wire.url("/rss.xml")
    assert candidate.also == (wire.url("/atom.xml"), wire.url("/titles.xml"))


def test_a_section_whose_posts_are_among_those_of_the_whole_is_a_candidate_of_its_own():
    head = declared("/all") + declared("/briefings")
    result, _, _ = found_at({"/": html(head), "/all": rss(*NEWS), "/briefings": rss(NEWS[2], NEWS[4])})
    assert paths(result) == ["/all", "/briefings"]


def test_without_links_the_usual_addresses_are_asked_until_one_answers():
    result, asked, _ = found_at({"/": html(), "/rss.xml": rss(*NEWS)})
    assert paths(result) == ["/rss.xml"]
    assert result.candidates[0].way is Way.USUAL
    assert asked == ["/", "/feed", "/rss", "/rss.xml"]


def test_a_page_that_answers_every_address_is_not_taken_for_a_feed():
    result, _, _ = found_at(lambda request: rss(*NEWS) if request.path == "/?feed=rss2" else html(title="Not found"))
    assert paths(result) == ["/?feed=rss2"]
    assert {tried.reason for tried in result.tried} == {"page"}


def test_links_in_the_text_are_followed_and_so_is_a_page_that_lists_feeds():
    result, asked, _ = found_at(
        {
            "/": html(
                body='<a href="/about">About</a> <a href="/en/rss-feeds">RSS</a> <a href="https://feedly.com/i/rss">f</a>'
            ),
            "/en/rss-feeds": html(
                body='<a href="press.rss">Press</a> <a href="/feeds/speeches">Speeches</a>', title="Feeds"
            ),
            "/en/press.rss": rss(*NEWS),
            "/feeds/speeches": rss("Speech one", "Speech two", name="Speeches"),
        }
    )
    assert sorted(paths(result)) == ["/en/press.rss", "/feeds/speeches"]
    assert {candidate.way for candidate in result.candidates} == {Way.LINKED}
    assert asked == ["/", "/en/rss-feeds", "/en/press.rss", "/feeds/speeches"]


def test_from_an_article_the_feed_of_the_front_page_is_found():
    result, asked, _ = found_at(
        {"/news/1.html": html(), "/": html(declared("/x/feed")), "/x/feed": rss(*NEWS)}, "/news/1.html"
    )
    assert paths(result) == ["/x/feed"]
    assert asked == ["/news/1.html", "/", "/x/feed"]


def test_from_a_stale_address_the_feed_of_today_is_found():
    result, _, _ = found_at({"/": html(declared("/new.xml")), "/new.xml": rss(*NEWS)}, "/old.xml")
    assert paths(result) == ["/new.xml"]
    assert result.tried[0].reason == "http-404"


def test_a_bare_domain_is_tried_securely_first():
    result, _, wire = found_at({"/": html(declared("/feed")), "/feed": rss(*NEWS)}, address="127.0.0.1:PORT")
    assert result.candidates[0].url == wire.url("/feed")
    assert result.tried[0].url == f"https://127.0.0.1:{wire.port}"
    assert result.tried[0].reason in {"tls", "protocol", "reset", "connect", "timeout"}


def test_the_address_is_that_which_the_site_hands_out_unless_it_is_only_spelled_better():
    def moved(to):
        return message("301 Moved Permanently", Location=to)

    head = declared("/feed") + declared("/latest")
    result, _, _ = found_at(
        {"/": html(head), "/feed": moved("/feed/"), "/feed/": rss(*NEWS),
         "/latest": moved("/cdn/9f3a.xml"), "/cdn/9f3a.xml": rss("Speech one")}
    )  # fmt: skip
    assert paths(result) == ["/feed/", "/latest"]


def test_what_a_person_should_know_is_said():
    result, _, _ = found_at(
        {
            "/": html(declared("/old") + declared("/bare") + declared("/empty")),
            "/old": rss("Last post", "The one before", days_ago=900),
            "/bare": rss(*NEWS, text="", every=None, base="/bare/"),
            "/empty": rss(),
        }
    )
    warnings = {path: candidate.warnings[:-1] for path, candidate in zip(paths(result), result.candidates, strict=True)}
    assert warnings == {
        "/bare": ("no post says when it was published", "titles only, no texts"),
        "/old": ("nothing new since September 2023",),
        "/empty": ("there is nothing in it at the moment",),
    }


def test_a_site_with_nothing_is_told_with_what_was_tried_and_what_to_do():
    result, asked, wire = found_at({"/": html()})
    assert result.candidates == ()
    assert wire.url("/") in result.explanation
    assert "9 usual for feeds" in result.explanation
    assert "paste @name" in result.explanation
    assert len(asked) <= MAX_FETCHES


def test_a_server_that_asks_for_patience_is_left_alone():
    answers = {"/": html(declared("/a") + declared("/b")), "/a": message("429 Too Many Requests", Retry_After="60")}
    result, asked, _ = found_at(answers)
    assert asked == ["/", "/a"]
    assert "turns programs away" in result.explanation


def test_a_dead_address_is_asked_for_once():
    async def fetch(url, _accept):
        asked.append(url)
        raise SourceError("no host is called mfa.exmaple", reason="dns")

    asked = []
    result = asyncio.run(discover("https://mfa.exmaple/", fetch=fetch, look=looked, clock=lambda: NOW, spacing=0))
    assert asked == ["https://mfa.exmaple/"]
    assert result.explanation.startswith("no host is called mfa.exmaple: look for a typing error")


def test_a_listing_page_is_a_candidate_where_there_is_no_feed():
    items = "".join(
        f'<li><time datetime="2026-02-{20 - number}">{20 - number} February 2026</time> '
        f'<a href="/news/{number}">Statement number {number} of the ministry on matters of state</a></li>'
        for number in range(8)
    )
    result, _, wire = found_at(
        {"/news": html(body=f"<main><h1>News</h1><ul class='news'>{items}</ul></main>")}, "/news"
    )
    (candidate,) = result.candidates
    assert (candidate.kind, candidate.url, candidate.entries) == ("page", wire.url("/news"), 8)
    assert candidate.newest[0].title == "Statement number 0 of the ministry on matters of state"
    assert any("a page without a feed" in warning for warning in candidate.warnings)


def test_a_page_may_begin_with_any_element():
    result, _, _ = found_at(
        {"/": message(body=b"<main><h1>Ministry</h1><a href='/press.rss'>RSS</a></main>"), "/press.rss": rss(*NEWS)}
    )
    assert paths(result) == ["/press.rss"]


def test_a_platforms_feed_is_taken_without_looking_at_its_page():
    async def fetch(url, _accept):
        asked.append(url)
        return Document(url=url, content=rss(*NEWS).partition(b"\r\n\r\n")[2], fetched_at=NOW)

    asked = []
    result = asyncio.run(discover("@mfa@mastodon.example", fetch=fetch, look=looked, clock=lambda: NOW, spacing=0))
    assert asked == ["https://mastodon.example/@mfa.rss"]
    assert [(found.url, found.way) for found in result.candidates] == [(asked[0], Way.PLATFORM)]


@pytest.mark.parametrize("address", ["https://x.com/mfa", "twitter.com/mfa", "https://m.facebook.com/mfa?ref=1"])
def test_a_platform_without_feeds_is_explained_without_asking_it(address):
    async def fetch(url, _accept):
        raise AssertionError(url)

    result = asyncio.run(discover(address, fetch=fetch, look=looked, clock=lambda: NOW, spacing=0))
    assert (result.candidates, [tried.reason for tried in result.tried]) == ((), ["no-feeds"])
    assert "has no feeds and shows its posts to those who are logged in: look for" in result.explanation


def test_of_a_platform_whose_feed_its_page_declares_nothing_is_said_beside_it():
    channel = "https://www.youtube.com/feeds/videos.xml?channel_id=UCaaaaaaaaaaaaaaaaaaaaaa"
    shown = {"https://www.youtube.com/@mfa": html(declared(channel)), channel: rss(*NEWS)}

    async def fetch(url, _accept):
        return Document(url=url, content=shown[url].partition(b"\r\n\r\n")[2], fetched_at=NOW)

    result = asyncio.run(
        discover("https://www.youtube.com/@mfa", fetch=fetch, look=looked, clock=lambda: NOW, spacing=0)
    )
    assert [each.url for each in result.candidates] == [channel]
    assert result.aside == ""


def test_an_address_that_only_looks_like_that_of_a_platform_is_looked_at_like_any_other():
    result, _, _ = found_at({"/@mfa": html(declared("/feed")), "/feed": rss(*NEWS)}, "/@mfa")
    assert paths(result) == ["/feed"]


def test_where_there_is_no_feed_the_sitemap_that_robots_txt_names_is_found():
    urls = "".join(
        f"<url><loc>https://mfa.example/news/{slug}</loc></url>" for slug in ("first-statement", "second-visit")
    )
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()

    async def fetch(url, _accept):
        pages = {
            "https://mfa.example/": b"<html><title>Ministry</title><p>Welcome.</p></html>",
            "https://mfa.example/robots.txt": b"User-agent: *\nDisallow: /admin\nSitemap: /maps/all.xml\n",
            "https://mfa.example/maps/all.xml": sitemap,
        }
        if url not in pages:
            raise SourceError(f"{url} answered 404 Not Found", reason="http-404")
        return Document(url=url, content=pages[url], fetched_at=NOW)

    result = asyncio.run(discover("https://mfa.example/", fetch=fetch, look=looked, clock=lambda: NOW, spacing=0))
    (candidate,) = result.candidates
    assert (candidate.kind, candidate.url) == ("sitemap", "https://mfa.example/maps/all.xml")
    assert candidate.entries == 2


HOSTILE = {
    "entities": b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    b"<rss><channel><title>&b;</title></channel></rss>",
    "nested": b"<html><body>" + b"<div>" * 200_000,
    "links": b"<html>"
    + b"".join(b'<link rel=alternate type=application/rss+xml href="/f%d">' % n for n in range(5_000)),
    "schemes": b'<html><link rel=alternate type=application/rss+xml href="file:///etc/passwd">'
    b'<link rel=alternate type=application/rss+xml href="http://[oops"><a href="javascript:rss()">RSS</a>',
    "binary": b"\x89PNG\r\n\x1a\n" + bytes(1_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_costs_a_bounded_number_of_requests_and_no_candidate(name):
    async def run():
        async with Workshop(workers=1, time_limit=2.0, memory_limit=300 * 2**20) as workshop:

            async def fetch(url, _accept):
                asked.append(url)
                if url != "https://mfa.example/":
                    raise SourceError(f"{url} answered 404 Not Found", reason="http-404")
                return Document(url=url, content=HOSTILE[name], content_type="text/html", fetched_at=NOW)

            async def look(document, kind):
                return await workshop.run(glimpse.look, document, kind)

            return await discover("https://mfa.example/", fetch=fetch, look=look, clock=lambda: NOW, spacing=0)

    asked = []
    result = asyncio.run(run())
    assert result.candidates == ()
    assert len(asked) <= MAX_FETCHES
    assert result.explanation


def test_reading_happens_in_worker_processes():
    async def run():
        async with (
            serving({"/": html(declared("/feed")), "/feed": rss(*NEWS)}) as wire,
            Fetcher(user_agent="communique-monitor/0.1", allow=(ip_network("127.0.0.1/32"),)) as fetcher,
            Workshop(workers=1, time_limit=20.0, memory_limit=300 * 2**20) as workshop,
        ):

            async def fetch(url, accept):
                result = await fetcher.fetch(url=url, accept=accept, etag=None, last_modified=None, clock=lambda: NOW)
                return result.document

            async def look(document, kind):
                return await workshop.run(glimpse.look, document, kind)

            return await discover(wire.url("/"), fetch=fetch, look=look, clock=lambda: NOW, spacing=0)

    assert paths(asyncio.run(run())) == ["/feed"]


# ── Telegram ───────────────────────────────────────────────────────────────────────────────────────────────


def on_telegram(address, content):
    """What is found when Telegram answers with this page."""

    async def fetch(url, _accept):
        asked.append(url)
        return Document(url=url, content=content, fetched_at=NOW)

    asked = []
    return asyncio.run(discover(address, fetch=fetch, look=looked, clock=lambda: NOW, spacing=0)), asked


@pytest.mark.parametrize(
    "address", ["@example_mfa", "t.me/example_mfa", "https://t.me/example_mfa/17", "tg://resolve?domain=example_mfa"]
)
def test_a_channel_is_found_in_every_spelling(address):
    result, asked = on_telegram(address, CHANNEL.read_bytes())
    (candidate,) = result.candidates
    assert asked == ["https://t.me/s/example_mfa"]
    assert (candidate.kind, candidate.url, candidate.way) == ("telegram", "https://t.me/s/example_mfa", Way.ITSELF)
    assert candidate.entries > 0


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize(
    ("page", "reason", "advice"),
    [
        ("not_existed_channel", "not-found", "typing error"),
        ("ru_python", "group", "is there a channel beside it?"),
        ("botfather", "bot", "is there a channel?"),
        ("tme_user", "user", "is there a channel?"),
    ],
)
def test_what_is_no_open_channel_is_told_apart_with_what_else_could_be_done(page, reason, advice):
    result, _ = on_telegram("@" + page, (SHARED / f"corpus/telegram/landing/{page}.html").read_bytes())
    assert result.candidates == ()
    assert [tried.reason for tried in result.tried] == [reason]
    assert advice in result.explanation


@needs_shared
@pytest.mark.corpus
def test_a_channel_whose_preview_is_switched_off_is_explained():
    result, _ = on_telegram("@closed", (SHARED / "corpus/telegram/minimal/state-no_preview.html").read_bytes())
    assert [tried.reason for tried in result.tried] == ["no-preview"]
    assert "does not show its posts on the web: follow its issuer's feed or website" in result.explanation


def test_a_channel_that_a_site_links_comes_after_its_feed():
    async def fetch(url, _accept):
        pages = {
            "https://mfa.example/": html(
                declared("/feed"),
                '<a href="https://t.me/example_mfa">Telegram</a> <a href="https://t.me/share/url?url=x">Share</a>',
            ),
            "https://mfa.example/feed": rss(*NEWS),
            "https://t.me/s/example_mfa": CHANNEL.read_bytes(),
        }
        if url not in pages:
            raise SourceError(f"{url} answered 404 Not Found", reason="http-404")
        return Document(url=url, content=pages[url].partition(b"\r\n\r\n")[2] or pages[url], fetched_at=NOW)

    result = asyncio.run(discover("mfa.example/", fetch=fetch, look=looked, clock=lambda: NOW, spacing=0))
    assert [candidate.kind for candidate in result.candidates] == ["feed", "telegram"]


# ── what is pasted ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "telegram", "first"),
    [
        (" https://mfa.example/news ", False, "https://mfa.example/news"),
        ("<https://mfa.example/>", False, "https://mfa.example/"),
        ("«mfa.example»", False, "https://mfa.example"),
        ("mfa.example/press?lang=en", False, "https://mfa.example/press?lang=en"),
        ("mfa.example:8080", False, "https://mfa.example:8080"),
        ("мид.рф", False, "https://мид.рф"),
        ("feed://mfa.example/rss", False, "https://mfa.example/rss"),
        ("feed:https://mfa.example/rss", False, "https://mfa.example/rss"),
        ("@mfa_russia", True, "https://t.me/s/mfa_russia"),
        ("t.me/s/mfa_russia?before=100", True, "https://t.me/s/mfa_russia"),
        ("mfa_russia.t.me", True, "https://t.me/s/mfa_russia"),
        ("@mfa@mastodon.example", False, "https://mastodon.example/@mfa"),
        ("r/geopolitics", False, "https://www.reddit.com/r/geopolitics/"),
        ("/u/some-body/", False, "https://www.reddit.com/u/some-body/"),
    ],
)
def test_what_is_pasted_is_understood(text, telegram, first):
    pasted = understood(text)
    assert (pasted.telegram, pasted.addresses[0]) == (telegram, first)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "nothing was given"),
        ("mfa_russia", "write @mfa_russia"),
        ("press@mfa.example", "looks like an e-mail address"),
        ("the foreign ministry", "is no address"),
        ("ftp://mfa.example/", "should begin with https://"),
        ("https://t.me/+AbCdEf", "is an invitation"),
        ("https://[oops", "is not a web address"),
    ],
)
def test_what_is_no_address_is_refused_with_a_hint(text, sentence):
    with pytest.raises(ValueError, match=sentence.replace("+", r"\+")):
        understood(text)
