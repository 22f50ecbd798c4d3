"""How one source wants to be asked: headers, cookies, another User-Agent, a proxy. Options of every kind of source.

A value may hold `${SOURCE_NAME}`, which is replaced by the environment variable of that name whenever the source is
fetched, so that secrets need not lie in files or in the database. Only variables whose names begin with SOURCE_ are
read: whoever may configure a source must not be able to send the service's own secrets to a server of his choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from monitor.core.checking import Flag, Unfit
from monitor.core.errors import SourceError

MAX_VALUE = 4096  # characters of one header or cookie; servers refuse more than 8 KiB for all of them
MAX_NAMED = 40  # headers, and cookies, of one source

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\x20-\x7e\t]*")  # RFC 9110, 5.5, without what only ancient servers take for Latin-1
_PLACEHOLDER = re.compile(r"\$\{(SOURCE_[A-Z0-9_]{1,100})\}")
_PROXY_FORM = "http://HOST:PORT or https://HOST:PORT"
_OURS: Mapping[str, str] = {  # name of a header → why it cannot be set
    "user-agent": "the option user_agent sets it",
    "cookie": "the option cookies sets it",
    "proxy-authorization": "name and password belong into the option proxy",
    **dict.fromkeys(("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"),
                    "polling decides when the whole document is needed"),
    **dict.fromkeys(("host", "accept-encoding", "connection", "content-length", "transfer-encoding", "te", "trailer",
                     "upgrade", "keep-alive", "proxy-connection", "expect"),
                    "it frames the message and follows from the address"),
}  # fmt: skip


def _text(value: str) -> str:
    if not _VALUE.fullmatch(value) or value != value.strip():
        raise Unfit(
            "a value holds a line end, another control character, a letter outside ASCII or white space around it",
            expected="printable ASCII characters, others percent-encoded",
        )
    if "${" in _PLACEHOLDER.sub("", value):
        raise Unfit("${ begins no name of a variable", expected="${SOURCE_NAME}, in capitals, beginning with SOURCE_")
    return value


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise Unfit(f"{name[:100]!r} is no name of a header", expected="letters, digits and hyphens")
        if reason := _OURS.get(name.lower()):
            raise Unfit(f"the header {name} cannot be set here: {reason}")
    if len({name.lower() for name in headers}) < len(headers):
        raise Unfit("a header is given twice; case makes no difference")
    return headers


def _cookies(cookies: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in cookies.items():
        if not _TOKEN.fullmatch(name):
            raise Unfit(f"{name[:100]!r} is no name of a cookie", expected="letters, digits, hyphens and the like")
        if ";" in value:
            raise Unfit(f"the cookie {name} holds a semicolon, which ends a cookie", expected="one cookie per name")
    return cookies


def _user_agent(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or text != text.strip():
        raise Unfit("a User-Agent is made of printable ASCII characters")
    return text


def _proxy(text: str) -> str:
    if _PLACEHOLDER.fullmatch(text):  # the whole address: judged when it is known
        return text
    try:
        parts = urlsplit(_PLACEHOLDER.sub("x", text))
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0) and parts.path in {"", "/"}
    except ValueError:  # a port that is no number, brackets that do not close
        raise Unfit("this is no address of a proxy", expected=_PROXY_FORM) from None
    if parts.scheme.startswith("socks"):
        raise Unfit("SOCKS proxies are not supported", expected=_PROXY_FORM)
    if parts.scheme not in {"http", "https"} or not sound or parts.query or parts.fragment:
        raise Unfit("this is no address of a proxy", expected=_PROXY_FORM)
    if parts.password and not _PLACEHOLDER.search(urlsplit(text).password or ""):
        raise Unfit(
            "the address of the proxy holds a password, which would be stored and shown",
            expected="http://NAME:${SOURCE_PROXY_PASSWORD}@HOST:PORT, and the variable in the environment",
        )
    return text


Value = Annotated[str, Field(max_length=MAX_VALUE), AfterValidator(_text)]


class RequestOptions(BaseModel):
    """Options by which one source is asked in another way than the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    headers: Annotated[dict[str, Value], AfterValidator(_headers)] = Field(
        default_factory=dict,
        max_length=MAX_NAMED,
        description="Headers sent to the source's own server, in addition to ours or in their place",
        examples=[{"Accept-Language": "en"}, {"Authorization": "Bearer ${SOURCE_EXAMPLE_TOKEN}"}],
    )
    user_agent: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_user_agent)] | None = Field(
        default=None,
        description="User-Agent for a server that refuses ours",
        examples=["Mozilla/5.0 (compatible; communique-monitor; +https://example.org/monitor)"],
    )
    cookies: Annotated[dict[str, Value], AfterValidator(_cookies)] = Field(
        default_factory=dict,
        max_length=MAX_NAMED,
        description="Cookies sent to the source's own server",
        examples=[{"consent": "yes"}],
    )
    proxy: Annotated[Value, AfterValidator(_proxy)] | None = Field(
        default=None,
        description="HTTP proxy through which the source is fetched",
        examples=["http://proxy.example.org:3128", "http://monitor:${SOURCE_PROXY_PASSWORD}@proxy.example.org:3128"],
    )
    robots: Flag | None = Field(
        default=None,
        description="Whether the site's robots.txt is heeded. Unset: for pages yes, for what is made for programs no",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a source is asked, variables filled in; the arguments of `Fetcher.fetch` by the same names."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user_agent: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)
    robots: bool = False


def asking(options: RequestOptions, *, robots: bool, environ: Mapping[str, str]) -> Asking:
    """The wishes of a source's options, with `robots` where they do not say.

    Raises SourceError "options", which names the variable and never its value, where one is not set or holds what
    cannot be sent.
    """

    def filled(text: str, what: str, encoded: Callable[[str], str] = str) -> str:
        def variable(match: re.Match[str]) -> str:
            value = environ.get(match[1], "").strip()
            if not value:
                raise _unusable(f"{what} needs the environment variable {match[1]}, which is not set")
            if not _VALUE.fullmatch(value) or len(value) > MAX_VALUE:
                raise _unusable(
                    f"the environment variable {match[1]} holds what {what} cannot: it is too long or no ASCII"
                )
            return encoded(value)

        return _PLACEHOLDER.sub(variable, text)

    proxy = options.proxy
    if proxy is not None:
        whole = _PLACEHOLDER.fullmatch(proxy) is not None
        proxy = filled(proxy, "the option proxy", str if whole else lambda value: quote(value, safe=""))
        if whole:
            _require_proxy(proxy)
    cookies = {name: filled(value, f"the cookie {name}") for name, value in options.cookies.items()}
    if unsound := next((name for name, value in cookies.items() if ";" in value), None):
        raise _unusable(f"the variable for the cookie {unsound} holds a semicolon, which ends a cookie")
    return Asking(
        headers={name: filled(value, f"the header {name}") for name, value in options.headers.items()},
        user_agent=options.user_agent,
        cookies=cookies,
        proxy=proxy,
        robots=robots if options.robots is None else options.robots,
    )


def _require_proxy(address: str) -> None:
    try:
        parts = urlsplit(address)
        _proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
    except ValueError:
        raise _unusable("the variable for the option proxy holds no address such as http://HOST:PORT") from None


def _unusable(message: str) -> SourceError:
    return SourceError(message, reason="options", permanent=True)
