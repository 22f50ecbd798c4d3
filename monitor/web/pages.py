"""Unsubscribing (RFC 8058), feeds, and editions with everything in them, each by a token in the address.

A GET never changes anything: programs that look at links for their users open them all. What is posted is not read
either: mail programs post "List-Unsubscribe=One-Click", the page posts an empty form, and both mean the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from monitor.core.model import Clock, Subscription
from monitor.logs import get_logger
from monitor.store import tickets
from monitor.store.database import Database
from monitor.store.tickets import FEED, UNSUBSCRIBE, AlertTicket, Ticket

log = get_logger()

FEED_TYPES = {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json; charset=utf-8"}

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the token in the address is nobody else's business
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pages are made with."""

    database: Database
    clock: Clock
    page: Callable[..., Awaitable[str]]  # a page of templates/web as HTML: page("leave", language=…, …)
    feed: Callable[[Subscription, str, str], Awaitable[bytes]]  # subscription, format, address → document
    edition: Callable[[str], Awaitable[str]]  # token → the page of an edition, "" where there is none
    url: str  # of the pages as readers reach them, without a slash at the end


def pages(parts: Parts) -> Starlette:
    """The application (ASGI)."""

    async def leave(request: Request) -> Response:
        ticket = await _ticket(parts, request, UNSUBSCRIBE)
        if ticket is None:
            return await _unknown(parts)
        if request.method == "GET":
            gone = await parts.database.read(lambda tx: tickets.is_left(tx, ticket))
            return await _answer(parts, "rejoin" if gone else "leave", ticket)
        now = parts.clock()
        await parts.database.write(lambda tx: tickets.leave_by(tx, ticket, now=now))
        log.info("unsubscribed", of=ticket.slug, recipient=ticket.recipient)
        return await _answer(parts, "rejoin", ticket)

    async def rejoin(request: Request) -> Response:
        ticket = await _ticket(parts, request, UNSUBSCRIBE)
        if ticket is None:
            return await _unknown(parts)
        await parts.database.write(lambda tx: tickets.rejoin_by(tx, ticket))
        log.info("subscribed-again", of=ticket.slug, recipient=ticket.recipient)
        return await _answer(parts, "leave", ticket, back=True)

    async def feed(request: Request) -> Response:
        ticket = await _ticket(parts, request, FEED)
        if not isinstance(ticket, Ticket):
            return PlainTextResponse("no such feed\n", status_code=404, headers=_HEADERS)
        form = request.path_params["form"]
        document = await parts.feed(ticket.subscription, form, f"{parts.url}/feeds/{ticket.token}.{form}")
        etag = f'"{hashlib.blake2b(document, digest_size=12).hexdigest()}"'
        headers = _HEADERS | {"ETag": etag, "Cache-Control": "private, max-age=300"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(document, media_type=FEED_TYPES[form], headers=headers)

    async def edition(request: Request) -> Response:
        html = await parts.edition(request.path_params["token"])
        return HTMLResponse(html, headers=_HEADERS) if html else await _unknown(parts)

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("the service answers\n", headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/unsubscribe/{token}", leave, methods=["GET", "POST"]),
            Route("/subscribe/{token}", rejoin, methods=["POST"]),
            Route("/feeds/{token}.atom", _as("atom", feed)),
            Route("/feeds/{token}.json", _as("json", feed)),
            Route("/editions/{token}", edition),
            Route("/alive", alive),
        ]
    )


def _as(form: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def formed(request: Request) -> Response:
        request.path_params["form"] = form
        return await endpoint(request)

    return formed


async def _ticket(parts: Parts, request: Request, purpose: str) -> Ticket | AlertTicket | None:
    token: str = request.path_params["token"]
    return await parts.database.read(lambda tx: tickets.find(tx, token, purpose=purpose))


async def _answer(parts: Parts, name: str, ticket: Ticket | AlertTicket, *, back: bool = False) -> HTMLResponse:
    html = await parts.page(
        name,
        language=ticket.language,
        title=ticket.title,
        recipient=ticket.recipient,
        token=ticket.token,
        base=parts.url,
        back=back,
    )
    return HTMLResponse(html, headers=_HEADERS)


async def _unknown(parts: Parts) -> HTMLResponse:
    html = await parts.page("unknown", language="en", title="", recipient="", token="", base=parts.url, back=False)
    return HTMLResponse(html, status_code=404, headers=_HEADERS)
