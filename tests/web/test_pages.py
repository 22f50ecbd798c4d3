"""The pages over a real socket, with a real client."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from monitor import digests
from monitor.core.errors import ConfigError
from monitor.core.model import Alerts, Document, Subscription
from monitor.core.taxonomy import Taxonomy
from monitor.press import Press
from monitor.render import Design, feeds
from monitor.sources.feed import parse
from monitor.store import editions, outbox, subscriptions, tickets, watches
from monitor.store.database import Database
from monitor.web import Parts, pages, serving
from tests import databases, make
from tests.make import NOW
from tests.render.editions import full_day

SHIPPED = Path(__file__).parents[2] / "templates"


@asynccontextmanager
async def site(
    database: Database,
    *,
    document: bytes = b"<feed/>",
    edition: Callable[[str], Awaitable[str]] | None = None,
) -> AsyncGenerator[httpx2.AsyncClient]:
    async def feed(subscription: Subscription, form: str, address: str) -> bytes:
        return document + f"<!-- {subscription.slug} {form} {address} -->".encode()

    async def known(token: str) -> str:
        return "<h1>everything</h1>" if token == "known" else ""

    parts = Parts(
        database=database,
        clock=lambda: NOW,
        page=Press(Design(shipped=SHIPPED)).page,
        feed=feed,
        edition=edition or known,
        url="https://monitor.example.org",
    )
    async with (
        serving(pages(parts), host="127.0.0.1", port=0) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def token_for(database: Database, recipient: str, *, purpose: str = tickets.UNSUBSCRIBE, slug: str = "desk") -> str:
    subscription = make.stored_subscription(database, slug)
    with database.writing() as tx:
        return tickets.issued(tx, subscription.id, purpose=purpose, recipients=[recipient], now=NOW)[recipient]


def gone(database: Database) -> set[str]:
    subscription = make.stored_subscription(database, "desk")
    with database.reading() as tx:
        return set(tickets.left(tx, subscription.id))


def test_looking_only_asks_and_one_click_unsubscribes(database: Database) -> None:
    token = token_for(database, "reader@example.org")

    async def story() -> None:
        async with site(database) as client:
            for _ in range(2):  # link checkers open every link, and some twice
                page = await client.get(f"/unsubscribe/{token}")
                assert page.status_code == 200
                assert "reader@example.org" in page.text
                assert f'action="https://monitor.example.org/unsubscribe/{token}"' in page.text
                assert gone(database) == set()
            content = "List-Unsubscribe=One-Click"
            headers = {"content-type": "application/x-www-form-urlencoded"}
            done = await client.post(f"/unsubscribe/{token}", content=content, headers=headers)
            assert done.status_code == 200
            assert gone(database) == {"reader@example.org"}
            assert (await client.post(f"/unsubscribe/{token}")).status_code == 200
            assert f"/subscribe/{token}" in (await client.get(f"/unsubscribe/{token}")).text
            again = await client.post(f"/subscribe/{token}")
            assert "gets it again" in again.text
            assert gone(database) == set()

    asyncio.run(story())


def test_alerts_are_left_in_the_same_way(database: Database) -> None:
    rules = Alerts(channel="email", recipients=("reader@example.org",), language="ru")
    with database.writing() as tx:
        watches.put(tx, make.watch("grain", title="Зерно", alerts=rules), now=NOW)
        (watch,) = watches.every(tx)
        tokens = tickets.issued_for_alerts(tx, watch.id, recipients=rules.recipients, now=NOW)
        assert tickets.issued_for_alerts(tx, watch.id, recipients=rules.recipients, now=NOW) == tokens
    token = tokens["reader@example.org"]

    def left() -> set[str]:
        with database.reading() as tx:
            return set(tickets.left_alerts(tx, watch.id))

    async def story() -> None:
        async with site(database) as client:
            page = await client.get(f"/unsubscribe/{token}")
            assert "Отписаться от «Зерно»?" in page.text
            assert left() == set()
            assert (await client.get(f"/feeds/{token}.atom")).status_code == 404
            done = await client.post(f"/unsubscribe/{token}", content="List-Unsubscribe=One-Click")
            assert done.status_code == 200
            assert left() == {"reader@example.org"}
            assert f"/subscribe/{token}" in (await client.get(f"/unsubscribe/{token}")).text
            assert "reader@example.org" in (await client.post(f"/subscribe/{token}")).text
            assert left() == set()

    asyncio.run(story())


def test_a_page_speaks_the_language_of_the_subscription_and_escapes_what_it_shows(database: Database) -> None:
    with database.writing() as tx:
        russian = make.subscription("ru", title="<b>Обзор</b>", language="ru")
        subscriptions.put(tx, russian, next_due_at=NOW, now=NOW)
    with database.writing() as tx:
        stored = subscriptions.get(tx, "ru")
        assert stored is not None
        token = tickets.issued(tx, stored.id, purpose=tickets.UNSUBSCRIBE, recipients=["x@example.org"], now=NOW)

    async def story() -> str:
        async with site(database) as client:
            return (await client.get(f"/unsubscribe/{token['x@example.org']}")).text

    page = asyncio.run(story())
    assert "Отписаться от «&lt;b&gt;Обзор&lt;/b&gt;»?" in page
    assert '<html lang="ru">' in page


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/unsubscribe/nonsense", 404),
        ("POST", "/unsubscribe/nonsense", 404),
        ("GET", "/subscribe/nonsense", 405),
        ("POST", "/subscribe/nonsense", 404),
        ("GET", "/feeds/nonsense.atom", 404),
        ("GET", "/editions/nonsense", 404),
        ("GET", "/editions/known", 200),
        ("POST", "/editions/known", 405),
        ("GET", "/", 404),
        ("GET", "/alive", 200),
        ("GET", "/unsubscribe/%00%F0%28", 404),
    ],
)
def test_what_nobody_gave_out_leads_nowhere(tmp_path: Path, method: str, path: str, status: int) -> None:
    with databases.fresh(databases.ENGINES[0], tmp_path) as database:

        async def story() -> int:
            async with site(database) as client:
                return (await client.request(method, path)).status_code

        assert asyncio.run(story()) == status


def test_a_feed_is_read_by_its_token_alone_and_not_again_while_it_is_the_same(database: Database) -> None:
    token = token_for(database, "", purpose=tickets.FEED)
    wrong = token_for(database, "reader@example.org")

    async def story() -> None:
        async with site(database) as client:
            answer = await client.get(f"/feeds/{token}.atom")
            assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
            assert f"desk atom https://monitor.example.org/feeds/{token}.atom" in answer.text
            same = await client.get(f"/feeds/{token}.atom", headers={"if-none-match": answer.headers["etag"]})
            assert (same.status_code, same.content) == (304, b"")
            assert (
                (await client.get(f"/feeds/{token}.json")).headers["content-type"].startswith("application/feed+json")
            )
            assert (await client.get(f"/feeds/{wrong}.atom")).status_code == 404
            assert (await client.get(f"/unsubscribe/{token}")).status_code == 404

    asyncio.run(story())


def test_tokens_are_the_same_until_they_are_taken_back(database: Database) -> None:
    first = token_for(database, "", purpose=tickets.FEED)
    assert token_for(database, "", purpose=tickets.FEED) == first
    subscription = make.stored_subscription(database, "desk")
    with database.writing() as tx:
        assert tickets.take_back(tx, subscription.id, purpose=tickets.FEED) == 1
        assert tickets.find(tx, first, purpose=tickets.FEED) is None
    assert token_for(database, "", purpose=tickets.FEED) != first


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with databases.fresh(databases.ENGINES[0], tmp_path) as database:

        async def story() -> None:
            async with site(database) as client:
                taken = client.base_url.port
                assert taken is not None
                with pytest.raises(ConfigError, match=f"web.listen: nothing can be listened to at 127.0.0.1:{taken}"):
                    async with serving(pages_of(database), host="127.0.0.1", port=taken):
                        raise AssertionError("two services on one port")

        asyncio.run(story())


async def _edition(_token: str) -> str:
    return ""


def pages_of(database: Database):
    async def feed(_subscription: Subscription, _form: str, _address: str) -> bytes:
        return b""

    page = Press(Design(shipped=SHIPPED)).page
    return pages(Parts(database=database, clock=lambda: NOW, page=page, feed=feed, edition=_edition, url=""))


def test_an_atom_feed_is_read_by_our_own_reader_and_a_json_feed_by_its_rules() -> None:
    items = [story for section in full_day().sections for story in section.items]
    address = "https://monitor.example.org/feeds/secret.atom"
    document = feeds.atom(items, title="Обзор & <b>", address=address, labels={}, updated=NOW)
    window = parse(Document(url=address, content=document, fetched_at=NOW), make.source(url=address))
    assert [entry.title for entry in window.entries] == [item.lead.post.title for item in items]
    assert window.title == "Обзор & <b>"
    assert len({entry.guid for entry in window.entries}) == len(items)
    again = feeds.json_feed(items, title="x", address=address.replace(".atom", ".json"), labels={}, updated=NOW)
    read = json.loads(again)
    assert read["version"] == "https://jsonfeed.org/version/1.1"
    assert [entry["id"] for entry in read["items"]] == [entry.guid for entry in window.entries]
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", entry["id"]) for entry in read["items"])


def test_all_of_an_edition_stands_on_the_page_that_its_digest_names(tmp_path: Path) -> None:
    """From compiling to a browser: the address in the message leads to every story, and nothing else does."""
    with databases.fresh(databases.ENGINES[0], tmp_path) as database:
        source = make.stored_source(database)
        subscription = make.stored_subscription(database, now=NOW, send_empty=True)
        brought = [make.prepared(str(n), title=f"Story number {n}") for n in range(80)]
        make.arrive(database, source, *brought, at=NOW - make.hours(1))
        press = Press(Design(shipped=SHIPPED, pages=True))
        parts = digests.Parts(
            database=database,
            labels=Taxonomy(),
            render=lambda digest: press.digest(digest, templates="email"),
            clock=lambda: NOW,
            pages="https://monitor.example.org",
        )

        async def edition(token: str) -> str:
            with database.reading() as tx:
                found = editions.by_token(tx, token)
                kept = None if found is None else digests.kept_edition(tx, *found, labels=Taxonomy())
            return "" if kept is None else await press.edition(kept)

        async def story() -> tuple[str, int]:
            compiled = await digests.compile_one(parts, subscription)
            assert compiled is not None
            with database.reading() as tx:
                [message] = outbox.latest(tx, limit=2)
            address = re.search(r"https://monitor\.example\.org(/editions/[\w-]{32})", message.content.text)
            assert address is not None
            assert address[0] in message.content.html
            async with site(database, edition=edition) as client:
                page = await client.get(address[1])
                assert page.headers["content-type"].startswith("text/html")
                assert "default-src 'none'" in page.headers["content-security-policy"]
                wrong = await client.get(address[1][:-1] + ("A" if address[1][-1] != "A" else "B"))
            return page.text, wrong.status_code

        page, wrong = asyncio.run(story())
        assert all(f"Story number {n}<" in page for n in range(80))
        assert wrong == 404
        with database.writing() as tx:
            subscriptions.remove(tx, "desk", now=NOW)
        assert asyncio.run(gone_with_it(database, edition)) == 404


async def gone_with_it(database: Database, edition: Callable[[str], Awaitable[str]]) -> int:
    with database.reading() as tx:
        token = tx.execute(text("SELECT token FROM digest")).scalar_one()
    async with site(database, edition=edition) as client:
        return (await client.get(f"/editions/{token}")).status_code
