"""A small site with everything that sources do: feeds of four kinds, two Telegram pages, a page that lists news, a
server that is broken, one that is slow, one whose error page pretends to be fine.

What stands there is in the directory `site`, written for the demonstration. Dates are counted back from its beginning,
and what happens later (an edit, a new post) is shown once the clock has got there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.core.model import Clock
from monitor.demo.loopback import Handler, serving

CONTENT = Path(__file__).with_name("site")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one address answers."""

    template: str | None = None  # below CONTENT; None: an empty body
    content_type: str = "text/html; charset=utf-8"
    charset: str = "utf-8"  # that the body is written in
    status: int = 200
    delay: float = 0.0  # seconds before the answer


PAGES: Mapping[str, Page] = {
    "/s/sample__ministry": Page(template="ministry-telegram.html.j2"),
    "/s/sample__embassy_vienna": Page(template="embassy-telegram.html.j2"),
    "/ministry/rss.xml": Page(template="ministry.xml.j2", content_type="application/rss+xml"),
    "/water/atom.xml": Page(template="water.xml.j2", content_type="application/atom+xml"),
    "/council/news.html": Page(template="council.html.j2"),
    "/agency/atom.xml": Page(template="agency.xml.j2", content_type="application/atom+xml"),
    "/agencia/feed.json": Page(template="agencia.json.j2", content_type="application/feed+json"),
    "/tongxunshe/feed.json": Page(template="tongxunshe.json.j2", content_type="application/feed+json"),
    "/courrier/rss.xml": Page(template="courrier.xml.j2", content_type="application/rss+xml"),
    "/namudhaj/rss.xml": Page(template="namudhaj.xml.j2", content_type="application/rss+xml"),
    "/vestnik/rss.xml": Page(template="vestnik.xml.j2", content_type="text/xml", charset="windows-1251"),
    "/harbour/index.rdf": Page(template="harbour.rdf.j2", content_type="application/rdf+xml", delay=0.8),
    "/customs/rss.xml": Page(status=500),
    "/portal/rss.xml": Page(template="portal.html.j2"),
}


@contextmanager
def site(*, now: datetime, clock: Clock) -> Iterator[str]:
    """The address of the site until the context ends. `now` is what its dates are counted back from, `clock` says how
    much of what is written there has happened yet."""
    environment = _environment(now=now, clock=clock)

    class Answers(Handler):
        def do_GET(self) -> None:  # noqa: N802  (http.server's name)
            page = PAGES.get(self.path)
            if page is None:
                self.answer(404)
                return
            time.sleep(page.delay)
            text = environment.get_template(page.template).render() if page.template else ""
            body = text.encode(page.charset)
            etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
            if page.status == 200 and self.headers.get("If-None-Match") == etag:
                self.answer(304, headers={"ETag": etag})
            else:
                self.answer(page.status, body, {"Content-Type": page.content_type, "ETag": etag})

    with serving(Answers) as address:
        yield address


def _environment(*, now: datetime, clock: Clock) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(CONTENT), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    ago: Callable[..., datetime] = lambda **before: now - timedelta(**before)  # noqa: E731
    environment.globals.update(ago=ago, past=lambda moment: moment <= clock())
    environment.filters.update(rfc822=format_datetime, iso=datetime.isoformat)
    return environment
