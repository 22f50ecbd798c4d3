"""robots.txt, asked from a real server on loopback."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise

import httpx2
import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document, Fetched
from monitor.sources import robots
from monitor.sources.http import Fetcher
from monitor.sources.manners import Manners
from tests.sources.fast_clock import FastClock
from tests.sources.wire import message, serving

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Visitor:
    """Fetches pages of one server under the names of many, with a clock that can be put forward."""

    def __init__(self, answers, **arguments):
        self._answers, self._arguments = answers, arguments
        self.now = NOW

    async def __aenter__(self):
        async def resolve(host):
            return ["127.0.0.1"]

        self._serving = serving(self._answers)
        self.wire = await self._serving.__aenter__()
        self.fetcher = Fetcher(
            **{
                "user_agent": "communique-monitor/0.1",
                "contact": "https://example.org/contact",
                "allow": (ip_network("127.0.0.1/32"),),
                "resolve": resolve,
                "total_timeout": 5.0,
            }
            | self._arguments
        )
        return self

    async def __aexit__(self, *_):
        await self.fetcher.__aexit__(None, None, None)
        await self._serving.__aexit__(None, None, None)

    async def page(self, path="/page", *, host="site.test", robots=True, **arguments):
        """The document, or the SourceError."""
        try:
            return await self.fetcher.fetch(
                url=self.wire.url(path, host=host),
                accept="text/html",
                etag=None,
                last_modified=None,
                robots=robots,
                clock=lambda: self.now,
                **arguments,
            )
        except SourceError as error:
            return error

    def asked(self):
        return [request.path for request in self.wire.requests]


def visit(answers, *paths, **arguments):
    """Each page in turn, and what the server was asked."""

    async def run():
        async with Visitor(answers) as visitor:
            return [await visitor.page(path, **arguments) for path in paths], visitor.asked()

    return asyncio.run(run())


def site(rules, status="200 OK"):
    def answer(request):
        if request.path == "/robots.txt":
            return message(status, rules if isinstance(rules, bytes) else rules.encode())
        return message(body=b"<p>news</p>")

    return answer


OURS = "User-agent: communique-monitor\nDisallow: /ours\nUser-agent: *\nDisallow: /theirs\n"


@pytest.mark.parametrize(
    ("rules", "path", "permitted"),
    [
        ("User-agent: *\nDisallow: /page\n", "/page", False),
        ("User-agent: *\nDisallow: /page\n", "/pages/1", False),
        ("User-agent: *\nDisallow: /page\n", "/news", True),
        ("User-agent: *\nDisallow:\n", "/page", True),
        ("User-agent: *\nDisallow: /\nAllow: /news\n", "/news/1", True),
        ("User-agent: *\nAllow: /news\nDisallow: /news\n", "/news", True),  # RFC 9309, 2.2.2: of equals, Allow
        ("User-agent: *\nDisallow: /*.pdf$\n", "/a/b.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$\n", "/a/b.pdf?c", True),
        ("User-agent: *\nDisallow: /*?\n", "/news?page=2", False),
        ("User-agent: *\nDisallow: /новости\n", "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1", False),
        (OURS, "/ours", False),
        (OURS, "/theirs", True),  # the group for all is for those without one of their own
        ("User-agent: monitor\nDisallow: /\n", "/page", True),
        ("user-agent: COMMUNIQUE-MONITOR\ndisallow: /\n", "/page", False),
        ("User-agent: a\nUser-agent: communique-monitor\n\nDisallow: /\n", "/page", False),
        (b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /\r\n", "/page", False),
        (b"\xff\xfe\x00\n\nUser-agent: *\rDisallow: /page\r", "/page", False),
        ("<html><body>There is no such page</body></html>", "/page", True),
        ("# nothing but a comment", "/page", True),
    ],
)
def test_pages_are_fetched_where_the_site_permits_it(rules, path, permitted):
    [result], asked = visit(site(rules), path)
    if permitted:
        assert isinstance(result, Fetched), result
        assert asked == ["/robots.txt", path]
    else:
        assert result.reason == "robots"
        assert "robots.txt of site.test" in str(result)
        assert "robots: false" in str(result)
        assert asked == ["/robots.txt"]


def test_what_is_made_for_programs_is_fetched_without_asking():
    [result], asked = visit(site("User-agent: *\nDisallow: /\n"), "/page", robots=False)
    assert isinstance(result, Fetched)
    assert asked == ["/page"]


def test_robots_txt_is_asked_for_by_the_service_not_by_the_source():
    async def run():
        async with Visitor(site("User-agent: communique-monitor\nDisallow: /page")) as visitor:
            own = {"headers": {"Authorization": "Bearer abc"}, "cookies": {"a": "b"}, "user_agent": "Mozilla/5.0"}
            return await visitor.page(**own), visitor.wire.requests

    refused, [asked] = asyncio.run(run())
    assert refused.reason == "robots"  # another name is no way round the rules
    assert asked.headers["user-agent"] == "communique-monitor/0.1 (+https://example.org/contact)"
    assert not asked.headers.keys() & {"authorization", "cookie"}


@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "403 Forbidden", "410 Gone", "204 No Content"])
def test_a_site_without_the_file_has_no_rules(status):
    [result], asked = visit(site(b"", status), "/page")
    assert isinstance(result, Fetched)
    assert asked == ["/robots.txt", "/page"]


def test_an_empty_file_has_no_rules():
    assert isinstance(visit(site(b""), "/page")[0][0], Fetched)


def test_redirects_of_the_file_are_followed_to_another_host_but_not_for_ever():
    def answer(request):
        host = request.headers["host"]
        if request.path == "/robots.txt" and host.startswith("site"):
            return message("301 Moved", Location=f"http://www.{host}/robots.txt")
        if request.path == "/robots.txt":
            return message(body=b"User-agent: *\nDisallow: /page")
        return message(body=b"<p>news</p>")

    assert visit(answer, "/page")[0][0].reason == "robots"
    circle = {"/robots.txt": message("302 Found", Location="/robots.txt"), "/page": message(body=b"x")}
    assert isinstance(visit(circle, "/page")[0][0], Fetched)


def test_rules_of_the_place_that_a_page_redirects_to_count_there():
    def answer(request):
        host = request.headers["host"]
        if request.path == "/robots.txt":
            return message(body=b"User-agent: *\nDisallow: /there") if host.startswith("other") else message("404 No")
        return message("302 Found", Location=f"http://other.test:{host.partition(':')[2]}/there")

    [result], asked = visit(answer, "/page")
    assert result.reason == "robots"
    assert asked == ["/robots.txt", "/page", "/robots.txt"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (message("503 Service Unavailable"), "robots-unreachable"),
        (message("500 Internal Server Error"), "robots-unreachable"),
        (message("429 Too Many Requests"), "robots-unreachable"),
        (b"nonsense\r\n\r\n", "protocol"),
    ],
)
def test_while_the_file_cannot_be_had_pages_are_left_alone_and_asked_for_again_later(answer, reason):
    async def run():
        answers = {"/robots.txt": answer, "/page": message(body=b"news")}
        async with Visitor(answers) as visitor:
            refused = [await visitor.page() for _ in range(3)]
            while_failing = visitor.asked()
            answers["/robots.txt"] = message(body=b"User-agent: *\nDisallow: /private")
            visitor.now += robots.UNREACHABLE_FOR + timedelta(seconds=1)
            return refused, while_failing, await visitor.page()

    refused, while_failing, later = asyncio.run(run())
    assert {error.reason for error in refused} == {reason}
    assert all(error.retry_at == NOW + robots.UNREACHABLE_FOR for error in refused)
    assert "its pages are left alone" in str(refused[0])
    assert set(while_failing) == {"/robots.txt"}
    assert len(while_failing) <= 2  # a connection that broke is tried twice
    assert isinstance(later, Fetched)


def test_a_patience_that_the_site_asks_for_is_kept_by_all_its_pages():
    answers = {"/robots.txt": message("503 Service Unavailable", Retry_After="3600"), "/page": message(body=b"x")}

    async def run():
        async with Visitor(answers) as visitor:
            first = await visitor.page()
            visitor.now += timedelta(minutes=30)
            return first, await visitor.page(), await visitor.page("/feed", robots=False), visitor.asked()

    first, second, feed, asked = asyncio.run(run())
    assert [first.reason, second.reason, feed.reason] == ["robots-unreachable", "host-held", "host-held"]
    assert {error.retry_at for error in (first, second, feed)} == {NOW + timedelta(hours=1)}
    assert asked == ["/robots.txt"]


def test_rules_hold_for_a_day_and_longer_while_no_new_ones_can_be_had():
    async def run():
        answers = {"/robots.txt": message(body=b"User-agent: *\nDisallow: /page"), "/news": message(body=b"news")}
        async with Visitor(answers) as visitor:
            found = [await visitor.page(path) for path in ("/page", "/news", "/page")]
            asked_at_first = visitor.asked().count("/robots.txt")
            answers["/robots.txt"] = message("503 Service Unavailable")
            visitor.now += timedelta(hours=25)
            old = [await visitor.page(path) for path in ("/page", "/news")]
            answers["/robots.txt"] = message(body=b"")
            answers["/page"] = message(body=b"news")
            visitor.now += timedelta(hours=1)
            return found, asked_at_first, old, await visitor.page("/page")

    found, asked_at_first, old, new = asyncio.run(run())
    assert [getattr(result, "reason", "fetched") for result in found] == ["robots", "fetched", "robots"]
    assert asked_at_first == 1
    assert [getattr(result, "reason", "fetched") for result in old] == ["robots", "fetched"]
    assert isinstance(new, Fetched)


def test_many_pages_at_once_ask_once_for_each_site():
    async def run():
        async with Visitor(site("User-agent: *\nDisallow: /private")) as visitor:
            await asyncio.gather(*(visitor.page(f"/{n}", host=f"site{n % 3}.test") for n in range(30)))
            return visitor.asked()

    asked = asyncio.run(run())
    assert asked.count("/robots.txt") == 3
    assert len(asked) == 33


def test_what_is_beyond_the_limit_is_not_read_and_no_line_is_cut():
    comment = b"#" * 99 + b"\n"
    head = b"User-agent: *\n"
    head += comment * ((robots.MAX_BYTES - len(head)) // 100)
    head += b"#" * (robots.MAX_BYTES - len(head) - len(b"\nDisallow: /pri")) + b"\n"
    rules = head + b"Disallow: /private\nDisallow: /page\n"
    assert rules[: robots.MAX_BYTES].endswith(b"Disallow: /pri")
    results, _ = visit(site(rules), "/pricing", "/page")
    assert all(isinstance(result, Fetched) for result in results)


def test_a_hostile_file_costs_next_to_nothing():
    """Wildcards that would keep a backtracking matcher busy until the test's own time limit."""
    rules = "User-agent: *\n" + "".join(f"Disallow: /{'*a' * 30}*b{n}$\n" for n in range(7000))
    [result], _ = visit(site(rules), "/" + "a" * 1500)
    assert isinstance(result, Fetched)


def test_of_many_sites_those_asked_about_for_longest_are_forgotten():
    asked = []

    async def get(url, proxy, clock):
        asked.append(url[len("http://")])
        document = Document(url=url, content=b"User-agent: *\nDisallow: /private\n" + b"#" * 1000, fetched_at=NOW)
        return Fetched(document=document)

    async def run():
        rules = robots.Robots(product="communique-monitor", get=get, max_kept=3 * 1024)
        for host in ("a.test", "b.test", "a.test", "c.test", "a.test", "b.test"):
            await rules.permit(httpx2.URL(f"http://{host}/"), proxy=None, clock=lambda: NOW)

    asyncio.run(run())
    assert asked == ["a", "b", "c", "b"]


@pytest.mark.parametrize(
    ("delay", "gap"), [("5", 5), ("0.5", 1), ("3600", 30), ("0", 1), ("-3", 1), ("nan", 1), ("soon", 1)]
)
def test_a_crawl_delay_is_kept_between_requests_but_not_beyond_half_a_minute(delay, gap):
    time = FastClock()
    starts = []

    def answer(request):
        if request.path == "/robots.txt":
            return message(body=f"User-agent: *\nCrawl-delay: {delay}\n".encode())
        starts.append(time.now())
        return message(body=b"news")

    async def sleep(seconds):
        time.seconds += seconds

    async def run():
        async with Visitor(answer, manners=Manners(spacing=1.0, now=time.now, sleep=sleep)) as visitor:
            for host in ("site.test", "www.site.test", "site.test"):
                await visitor.page(host=host, robots=host == "site.test")

    asyncio.run(run())
    assert [later - earlier for earlier, later in pairwise(starts)] == [gap, gap]
