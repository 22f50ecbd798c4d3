"""A small site on loopback, and the directory of an operator who follows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ITEMS = (
    (
        "1",
        "OSCE and Kazakhstan discuss the grain deal",
        "The delegations met in Vienna to talk about the harvest, the ports and the routes between them. "
        "[bold]Food security[/bold] was raised by both, and a second meeting will follow in spring.",
        3,
    ),
    ("2", "О переговорах", "Зерновая сделка продлена. \x1b[31mВстреча прошла в Астане.", 30),
    ("3", "制裁措施", "对俄罗斯的制裁措施", 400),
)
"""Number, title, text and age in hours."""


def rss(title: str = "Ministry of Foreign Affairs", *, prefix: str = "") -> bytes:
    """A feed of ITEMS."""
    now = datetime.now(UTC)
    items = "".join(
        f"<item><guid>{prefix}{guid}</guid><title>{headline}</title><link>https://mfa.example/{prefix}{guid}</link>"
        f"<pubDate>{format_datetime(now - timedelta(hours=age))}</pubDate>"
        f"<description>{text.replace(chr(27), '')}</description></item>"
        for guid, headline, text, age in ITEMS
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{title}</title>'
        f"<link>https://mfa.example/</link>{items}</channel></rss>"
    ).encode()


class Site:
    """What the server answers with, by path; everything else is 404."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.pages: dict[str, bytes] = {"/mfa.xml": rss(), "/agency.xml": rss("State Agency", prefix="a")}


@contextmanager
def serving() -> Iterator[Site]:
    """The site, for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = site.pages.get(self.path.partition("?")[0])
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_configuration(directory: Path, site: Site) -> None:
    """The files of an operator: two sources that can be read, one that cannot, a watch and a subscription."""
    config = directory / "config"
    config.mkdir()
    (config / "monitor.toml").write_text(
        '[network]\nallow = ["127.0.0.0/8"]\n[polling]\nworkers = 1\nhost_spacing = "0s"\n'
    )
    (config / "countries.yaml").write_text(
        "countries:\n"
        "  - {code: kz, names: {en: [Kazakhstan]}, cities: {en: [Astana], ru: [Астана]}}\n"
        "  - {code: at, names: {en: [Austria]}, cities: {en: [Vienna]}}\n"
    )
    (config / "organisations.yaml").write_text(
        "organisations:\n  - {slug: osce, names: {en: [Organization for Security and Co-operation in Europe]}, "
        "acronyms: {en: [OSCE]}}\n"
    )
    (config / "regions.yaml").write_text(
        "regions:\n  - {slug: central-asia, names: {en: [Central Asia]}, countries: [kz]}\n"
    )
    (config / "sources.yaml").write_text(
        "sources:\n"
        f"  - {{slug: mfa, title: The Ministry, kind: feed, url: '{site.address}/mfa.xml', country: KZ, "
        "authority: primary, tags: [official]}\n"
        f"  - {{slug: agency, title: The Agency, kind: feed, url: '{site.address}/agency.xml'}}\n"
        f"  - {{slug: missing, title: Missing, kind: feed, url: '{site.address}/missing.xml'}}\n"
    )
    (config / "watches.yaml").write_text(
        'watches:\n  - {slug: grain, title: Grain, query: \'"grain deal" OR "зерновая сделка"\'}\n'
    )
    (config / "subscriptions.yaml").write_text(
        "subscriptions:\n"
        "  - {slug: morning, title: Morning briefing, channel: mailbox, to: [desk@localhost], "
        "schedule: {daily: '07:30', timezone: Europe/Vienna}}\n"
    )
