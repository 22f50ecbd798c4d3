"""Email over SMTP: one recipient a transaction, so that one who refuses never makes another get it twice."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

import aiosmtplib
from pydantic import field_validator

from monitor.channels.channel import Options
from monitor.channels.mime import email_message
from monitor.core.errors import DeliveryError
from monitor.core.mail import header_text, recipient_address, sender_parts
from monitor.core.model import Clock, Message, Receipt

IDLE = timedelta(seconds=60)  # that a connection is kept; servers hang up after some minutes
CONNECTIONS = 4  # at a time; many servers allow no more than ten from one address

Security = Literal["starttls", "tls", "none"]

# Replies that blame us or our configuration, never the recipient: login wanted, too weak, or failed (RFC 4954, 6).
_LOGIN_REPLIES = frozenset({530, 534, 535, 538})


class EmailOptions(Options):
    """What a subscription may ask of its emails."""

    reply_to: str | None = None  # where an answer goes

    @field_validator("reply_to")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else recipient_address(value)


class Email:
    """Hands emails to one SMTP server.

    `security`: "starttls" upgrades a plain connection and refuses to go on without; "tls" is encrypted from the first
    byte; "none" is for a relay on the same machine. `timeout` is in seconds, for each step of the conversation.
    `unsubscribe` gives the address for a recipient's token, where readers can reach the service.
    `tls_context` replaces the system's certificate authorities; `helo` is the name by which we greet the server.
    """

    name = "email"
    templates = "email"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        clock: Clock,
        security: Security = "starttls",
        username: str | None = None,
        password: str | None = None,
        timeout: float = 30,
        tls_context: ssl.SSLContext | None = None,
        helo: str | None = None,
        unsubscribe: Callable[[str], str] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._clock = clock
        self._security = security
        self._username = username
        self._password = password
        self._timeout = timeout
        self._tls_context = tls_context
        self._unsubscribe = unsubscribe
        self._at_once = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[aiosmtplib.SMTP, datetime]] = []
        self._address = sender_parts(sender)[1]
        # Without a name of its own the service greets as the sender's domain: asking the system for this machine's name
        # may hang on a dead name server.
        self._helo = helo or self._address.rpartition("@")[2]

    async def send(self, message: Message) -> Receipt:
        """The server's reply to the whole message. Safe to repeat: the Message-ID stays the same."""
        options = EmailOptions.model_validate(dict(message.options))
        try:
            recipient = recipient_address(message.recipient)
        except ValueError as error:
            raise DeliveryError(str(error), permanent=True) from error
        email = email_message(
            message,
            sender=self._sender,
            date=message.created_at or self._clock(),
            reply_to=options.reply_to,
            unsubscribe=self._unsubscribe(message.ticket) if self._unsubscribe and message.ticket else None,
            answers=message.answers,
        )
        content = email.as_bytes()
        async with self._at_once:
            server = await self._reused() or await self._connected()
            try:
                receipt = await self._transaction(server, recipient, content)
            except DeliveryError as error:
                # A refusal leaves the connection sound, anything else may not: the next message gets a fresh one.
                if error.__cause__ is not None and not isinstance(error.__cause__, aiosmtplib.SMTPResponseException):
                    server.close()
                else:
                    self._keep(server)
                raise
            except BaseException:
                server.close()
                raise
            self._keep(server)
            return receipt

    async def aclose(self) -> None:
        """Take leave of the server."""
        while self._idle:
            server, _ = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError):
                await server.quit(timeout=5)  # the messages are with the server already, or never will be
            server.close()

    def _keep(self, server: aiosmtplib.SMTP) -> None:
        if server.is_connected:
            self._idle.append((server, self._clock()))

    async def _reused(self) -> aiosmtplib.SMTP | None:
        """A connection of an earlier message on which the server still answers; those too long idle are closed."""
        while self._idle:
            server, since = self._idle.pop()
            if server.is_connected and self._clock() - since < IDLE:
                try:
                    await server.rset(timeout=5)
                except (aiosmtplib.SMTPException, OSError):  # it hung up meanwhile, as servers do
                    server.close()
                    continue
                return server
            server.close()
        return None

    async def _connected(self) -> aiosmtplib.SMTP:
        server = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._helo,
            timeout=self._timeout,
            use_tls=self._security == "tls",
            start_tls=False,
            tls_context=self._tls_context or ssl.create_default_context(),
        )
        where = f"the mail server {self._host}:{self._port}"
        try:
            await server.connect()
            if self._security == "starttls":
                await self._upgraded(server, where)
            if self._username:
                await self._logged_in(server, where)
        except (aiosmtplib.SMTPException, OSError) as error:
            server.close()
            raise DeliveryError(self._why_not_connected(error, where)) from error
        except BaseException:
            server.close()
            raise
        return server

    async def _upgraded(self, server: aiosmtplib.SMTP, where: str) -> None:
        await server.ehlo()
        if not server.supports_extension("starttls"):
            raise DeliveryError(
                f"{where} does not offer STARTTLS; set security to 'tls' if it expects encryption from the start, "
                "or to 'none' if it is a relay on this machine"
            )
        await server.starttls()

    async def _logged_in(self, server: aiosmtplib.SMTP, where: str) -> None:
        try:
            await server.login(self._username or "", self._password or "")
        except aiosmtplib.SMTPAuthenticationError as error:
            raise DeliveryError(
                f"{where} refuses the login of {self._username!r} ({_reply(error)}); check username and password"
            ) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise DeliveryError(
                f"{where} offers no way to log in that this program knows ({header_text(str(error))}); "
                "some servers offer it only over TLS: check the setting security"
            ) from error

    async def _transaction(self, server: aiosmtplib.SMTP, recipient: str, content: bytes) -> Receipt:
        step = "the sender"
        try:
            await server.mail(self._address)
            step = f"the recipient {recipient}"
            await server.rcpt(recipient)
            step = "the message"
            reply = await server.data(content)
        except aiosmtplib.SMTPResponseException as error:
            # 421 is the server closing down and 4xx a matter of time; a login reply is ours to mend (RFC 5321, 4.2.1).
            permanent = error.code >= 500 and error.code not in _LOGIN_REPLIES
            raise DeliveryError(f"{self._host} refused {step}: {_reply(error)}", permanent=permanent) from error
        except aiosmtplib.SMTPTimeoutError as error:
            raise DeliveryError(f"{self._host} gave no answer to {step} within {self._timeout:g} s") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"{self._host} hung up at {step}: {header_text(str(error))}") from error
        return Receipt(detail=header_text(f"{reply.code} {reply.message}")[:500])

    def _why_not_connected(self, error: BaseException, where: str) -> str:
        chain: BaseException | None = error
        while chain is not None:
            if isinstance(chain, ssl.SSLCertVerificationError):
                return f"{where} shows a certificate that cannot be trusted: {chain.verify_message}"
            if isinstance(chain, ssl.SSLError):
                return (
                    f"{where} does not speak TLS as expected ({chain.reason or 'handshake failed'}); "
                    "check port and security: 465 goes with 'tls', 587 with 'starttls'"
                )
            chain = chain.__cause__ or chain.__context__
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return f"{where} refuses to talk to us: {_reply(error)}"
        if isinstance(error, TimeoutError):
            return f"{where} gave no answer within {self._timeout:g} s"
        return f"{where} cannot be reached: {header_text(str(error))}"


def _reply(error: aiosmtplib.SMTPResponseException) -> str:
    return header_text(f"{error.code} {error.message}")[:300]
