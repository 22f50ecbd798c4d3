"""One fetch on its way: from the configured address over its redirects, and what is asked at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx2

from monitor.core.errors import SourceError
from monitor.core.model import Clock
from monitor.sources import codings
from monitor.sources.answers import Head
from monitor.sources.wire import Question

ANYTHING = "*/*"

_PERMANENT = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})
REDIRECTS = _PERMANENT | {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}
_FRAMING = frozenset({"host", "accept-encoding", "connection", "content-length", "transfer-encoding"})


@dataclass(slots=True, kw_only=True)
class Trip:
    """One fetch. What its owner set for the source (`headers`, `cookies`) goes only to the origin of `start`."""

    start: httpx2.URL
    url: httpx2.URL
    user_agent: str
    accept: str
    etag: str | None
    last_modified: str | None
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    proxy: str | None
    robots: bool
    clock: Clock
    left: float  # seconds until the deadline, waiting in line not counted
    connect_timeout: float
    learnt: httpx2.Cookies = field(default_factory=httpx2.Cookies)  # from answers on the way
    hops: int = 0
    all_permanent: bool = True
    repeated: bool = False  # this address was asked a second time because the connection broke
    been_at: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def host(self) -> str:
        """Of the address that is next, as `manners` wants it."""
        return self.url.raw_host.decode("ascii")

    @property
    def where(self) -> str:
        """The host, for sentences about the connection to it."""
        if self.proxy is None:
            return self.url.host
        return f"{self.url.host} by way of the proxy {httpx2.URL(self.proxy).host}"

    @property
    def conditional(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def moved_to(self) -> str | None:
        return str(self.url) if self.hops and self.all_permanent else None

    @property
    def can_ask_for_anything(self) -> bool:
        """Whether a server that cannot serve what was asked for has not been asked for anything yet."""
        return self.accept != ANYTHING and not any(name.lower() == "accept" for name in self.headers)

    def question(self) -> Question:
        """What is asked now. Raises SourceError "redirect" where the very same was asked before."""
        headers: dict[str, str] = {"User-Agent": self.user_agent, "Accept": self.accept}
        at_home = self.url is self.start or _origin(self.url) == _origin(self.start)
        if self.etag:
            headers["If-None-Match"] = self.etag
        if at_home and self.last_modified:
            headers["If-Modified-Since"] = self.last_modified
        if at_home and self.headers:
            own = {name.lower() for name in self.headers}
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _FRAMING}
            headers = {name: value for name, value in headers.items() if name.lower() not in own} | kept
        headers["Accept-Encoding"] = codings.OFFERED
        cookies = self._learnt_here() if self.learnt else ""
        if at_home and self.cookies:
            cookies = _joined(self.cookies, cookies)
        if cookies:
            headers["Cookie"] = cookies
        self._remember(cookies)
        return Question(
            url=self.url,
            headers=[
                (b"Host", self.url.netloc),
                # Latin-1 gives back the very bytes that a server once sent as an ETag (see `answers.validator`).
                *((name.encode("latin-1"), value.encode("latin-1", "ignore")) for name, value in headers.items()),
            ],
            connect_timeout=self.connect_timeout,  # all the rest is under the total deadline
        )

    def repeat(self) -> bool:
        """Whether the same may be asked once more: once for each address."""
        if self.repeated:
            return False
        self.repeated = True
        return True

    def turn(self, response: Head, *, max_redirects: int) -> None:
        """Point at where a redirect leads; SourceError "redirect" where that is nowhere to go."""
        location = response.headers.get("Location")
        if not location:
            raise SourceError(f"{self.url} redirects to nowhere", reason="redirect")
        try:
            target = self.url.join(location)
        except (httpx2.InvalidURL, ValueError) as error:
            raise SourceError(
                f"{self.url} redirects to what is no address: {location[:200]!r}", reason="redirect"
            ) from error
        if target.scheme not in {"http", "https"} or not target.host:
            raise SourceError(f"{self.url} redirects away from the web: {location[:200]!r}", reason="redirect")
        if self.url.scheme == "https" and target.scheme == "http":
            raise SourceError(
                f"{self.url} redirects from https to http ({target}); if you trust that, configure the http address",
                reason="redirect",
            )
        if response.headers.get("Set-Cookie") is not None:
            asked = httpx2.Request("GET", self.url)
            answer = httpx2.Response(response.status_code, headers=list(response.headers.raw), request=asked)
            self.learnt.extract_cookies(answer)
        self.hops += 1
        if self.hops > max_redirects:
            raise SourceError(f"more than {max_redirects} redirects from {self.start}", reason="redirect")
        self.all_permanent = self.all_permanent and response.status_code in _PERMANENT
        self.url = target.copy_with(userinfo=b"", fragment=None)
        self.repeated = False

    def _learnt_here(self) -> str:
        """The cookies from answers on the way that belong to the address that is next."""
        asked = httpx2.Request("GET", self.url)
        self.learnt.set_cookie_header(asked)
        return asked.headers.get("Cookie", "")

    def _remember(self, cookies: str) -> None:
        here = (str(self.url), cookies, self.accept)
        if here in self.been_at and not self.repeated:
            raise SourceError(f"redirects lead in a circle: {self.url}", reason="redirect")
        self.been_at.add(here)


def configured(url: str) -> httpx2.URL:
    """The address that the operator gave, or SourceError "address"."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceError(f"{url!r} is not a web address: {error}", reason="address", permanent=True) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise SourceError(
            f"{url!r} is not a web address: it should begin with https://", reason="address", permanent=True
        )
    if parsed.userinfo:
        raise SourceError(
            f"the address of {parsed.host} holds a user name or password; send them as a header instead",
            reason="address",
            permanent=True,
        )
    return parsed.copy_with(fragment=None) if parsed.fragment else parsed


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _joined(own: Mapping[str, str], learnt: str) -> str:
    """The Cookie header: what a server set on the way replaces what the operator gave."""
    replaced = {pair.partition("=")[0] for pair in learnt.split("; ")}
    pairs = [f"{name}={value}" for name, value in own.items() if name not in replaced]
    return "; ".join(pairs + ([learnt] if learnt else []))
