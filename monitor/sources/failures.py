"""What went wrong on the wire, in one word for tables and one sentence for people."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator

import httpx2

from monitor.core.errors import SourceError
from monitor.sources.guard import AddressRefused, NameNotFound

_CONNECT = {
    errno.ECONNREFUSED: "{host} refused the connection",
    errno.EHOSTUNREACH: "no route to {host}",
    errno.ENETUNREACH: "no route to {host}",
    errno.ETIMEDOUT: "{host} did not accept the connection",
}


def explained(error: httpx2.TransportError, *, host: str) -> SourceError:
    """The SourceError that says what a transport error means: "dns", "refused-address", "tls", "connect", "timeout",
    "truncated", "protocol", "reset" or "proxy".
    """
    if isinstance(error, NameNotFound):
        return SourceError(str(error), reason="dns")
    if isinstance(error, AddressRefused):
        return SourceError(str(error), reason="refused-address")
    if isinstance(error, httpx2.TimeoutException):
        return SourceError(str(error) or f"{host} did not answer in time", reason="timeout")
    if isinstance(error, httpx2.ProxyError):
        return SourceError(f"no connection to {host}, it said: {str(error)[:200]}", reason="proxy")
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(f"the certificate of {host} is not valid: {cause.verify_message}", reason="tls")
        if isinstance(cause, ssl.SSLError):
            return SourceError(f"no secure connection to {host}: {cause.reason or 'handshake failed'}", reason="tls")
    if isinstance(error, httpx2.ConnectError):
        number = next((cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno), None)
        return SourceError(_CONNECT.get(number or 0, "no connection to {host}").format(host=host), reason="connect")
    if isinstance(error, httpx2.ProtocolError):
        text = str(error)
        if "without sending complete message body" in text or "incomplete chunked read" in text:
            return SourceError(f"{host} broke off in the middle of the answer", reason="truncated")
        if "disconnected" in text:
            return SourceError(f"{host} closed the connection without an answer", reason="reset")
        return SourceError(f"{host} does not speak proper HTTP: {text[:200]}", reason="protocol")
    return SourceError(f"{host} broke the connection off", reason="reset")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, members of groups included."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting += [current.__cause__, current.__context__]
