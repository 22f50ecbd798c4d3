"""Email against a real SMTP server, well and badly behaved ones."""

import asyncio
import email
import ssl
from contextlib import asynccontextmanager
from datetime import timedelta
from email import policy

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from pydantic import ValidationError

from monitor.channels.email import Email, EmailOptions
from monitor.core.errors import DeliveryError
from tests.channels.certificates import loopback_certificate
from tests.channels.messages import CREATED, message


class Post:
    """Keeps what was accepted; answers `replies[step]` where a test wants another answer."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.accepted: list[tuple[str, list[str], bytes]] = []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 — aiosmtpd's hook
        envelope.mail_from = address
        return self.replies.get("mail", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        reply = self.replies.get("rcpt", "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = self.replies.get("data", "250 2.0.0 queued as 4F1A")
        if reply.startswith("2"):
            self.accepted.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return reply


@asynccontextmanager
async def serving(post: Post, *, implicit_tls: ssl.SSLContext | None = None, **options):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(post, hostname="mail.example.org", loop=loop, **options), "127.0.0.1", 0, ssl=implicit_tls
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


def channel(port: int, **options) -> Email:
    settings = {"host": "localhost", "security": "none", "sender": "Monitor <monitor@example.org>", "timeout": 5}
    return Email(port=port, clock=lambda: CREATED, **(settings | options))


def sent(post: Post, *messages, server=None, **options):
    """What sending each message gave: a receipt or the error."""

    async def run():
        async with serving(post, **(server or {})) as port:
            results = []
            for each in messages or (message(),):
                mailer = channel(port, **options)
                try:
                    results.append(await mailer.send(each))
                except DeliveryError as error:
                    results.append(error)
                finally:
                    await mailer.aclose()
            return results

    return asyncio.run(run())


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return loopback_certificate(tmp_path_factory.mktemp("tls"))


def check_login(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"monitor", b"correct horse")
    return AuthResult(success=right, handled=False)  # not handled: the server writes the 535 itself


def test_a_message_arrives_whole():
    post = Post()
    (receipt,) = sent(post)
    assert receipt.detail == "250 2.0.0 queued as 4F1A"
    ((sender, recipients, raw),) = post.accepted
    assert (sender, recipients) == ("monitor@example.org", ["desk@example.org"])
    parsed = email.message_from_bytes(raw, policy=policy.SMTP + policy.strict)
    assert parsed["Subject"] == message().content.subject
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


def test_a_follow_up_stands_in_the_thread_of_the_message_it_answers():
    post = Post()
    sent(post, message(key="alert"), message(key="alert-edited", answers="alert"))
    first, second = (email.message_from_bytes(raw, policy=policy.SMTP) for _, _, raw in post.accepted)
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert first["In-Reply-To"] is None


def test_a_repeat_is_the_same_bytes():
    post = Post()
    sent(post, message(), message())
    assert len(post.accepted) == 2
    assert post.accepted[0][2] == post.accepted[1][2]


class Counting(Post):
    """Counts conversations, and can hang up between two messages."""

    def __init__(self, *, hang_up: bool = False, **replies: str) -> None:
        super().__init__(**replies)
        self.greeted = 0
        self.hang_up = hang_up
        self.hung_up = asyncio.Event()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.greeted += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = await super().handle_DATA(server, session, envelope)
        if self.hang_up:
            asyncio.get_running_loop().call_later(0.01, self._end, server.transport)
        return reply

    def _end(self, transport) -> None:
        transport.close()
        self.hung_up.set()


def one_after_another(post: Post, count: int, *, clock=None) -> list[object]:
    async def run():
        async with serving(post) as port:
            mailer = Email(
                host="localhost", port=port, security="none", sender="m@example.org", clock=clock or (lambda: CREATED)
            )
            results = []
            for number in range(count):
                try:
                    results.append(await mailer.send(message(key=f"k{number}")))
                except DeliveryError as error:
                    results.append(error)
                if isinstance(post, Counting) and post.hang_up:
                    await post.hung_up.wait()
                    post.hung_up.clear()
            await mailer.aclose()
            return results

    return asyncio.run(run())


def test_a_connection_serves_one_message_after_another():
    post = Counting()
    one_after_another(post, 5)
    assert (len(post.accepted), post.greeted) == (5, 1)


def test_a_refusal_leaves_the_connection_to_the_next_message():
    post = Counting(rcpt="550 no such user")
    results = one_after_another(post, 3)
    assert all(isinstance(result, DeliveryError) and result.permanent for result in results)
    assert post.greeted == 1


def test_a_connection_that_was_idle_for_long_is_not_trusted():
    post = Counting()
    times = iter(range(0, 100_000, 600))
    one_after_another(post, 3, clock=lambda: CREATED + timedelta(seconds=next(times)))
    assert (len(post.accepted), post.greeted) == (3, 3)


def test_a_server_that_hung_up_meanwhile_costs_no_message():
    post = Counting(hang_up=True)
    one_after_another(post, 3)
    assert (len(post.accepted), post.greeted) == (3, 3)


def test_starttls_with_login(tls):
    server, client = tls
    post = Post()
    login = {"tls_context": server, "auth_required": True, "authenticator": check_login}
    results = sent(
        post, server=login, security="starttls", tls_context=client, username="monitor", password="correct horse"
    )
    assert len(post.accepted) == 1, results


def test_tls_from_the_first_byte(tls):
    server, client = tls
    post = Post()
    results = sent(post, server={"implicit_tls": server}, security="tls", tls_context=client)
    assert len(post.accepted) == 1, results


def test_a_wrong_password_is_not_the_recipients_fault(tls):
    server, client = tls
    post = Post()
    login = {"tls_context": server, "auth_required": True, "authenticator": check_login}
    (error,) = sent(post, server=login, security="starttls", tls_context=client, username="monitor", password="hunter2")
    assert not error.permanent
    assert "check username and password" in str(error)
    assert "535" in str(error)
    assert "hunter2" not in str(error)
    assert not post.accepted


def test_a_server_that_wants_a_login_we_do_not_have(tls):
    server, client = tls
    login = {"tls_context": server, "auth_required": True, "authenticator": check_login}
    (error,) = sent(Post(), server=login, security="starttls", tls_context=client)
    assert not error.permanent
    assert "530" in str(error)


def test_an_untrusted_certificate_is_refused_before_anything_is_said(tls):
    server, _ = tls
    post = Post()
    (error,) = sent(post, server={"tls_context": server}, security="starttls")
    assert "certificate that cannot be trusted" in str(error)
    assert not error.permanent
    assert not post.accepted


def test_no_starttls_no_mail():
    post = Post()
    (error,) = sent(post, security="starttls")
    assert "does not offer STARTTLS" in str(error)
    assert not error.permanent
    assert not post.accepted


def test_tls_against_a_plain_port_names_the_setting():
    (error,) = sent(Post(), security="tls")
    assert "465 goes with 'tls'" in str(error)


@pytest.mark.parametrize(
    ("replies", "permanent", "says"),
    [
        ({"rcpt": "550 5.1.1 no such user"}, True, "refused the recipient desk@example.org: 550 5.1.1 no such user"),
        ({"rcpt": "451 4.7.1 greylisted, come back later"}, False, "451 4.7.1 greylisted"),
        ({"mail": "553 5.1.8 sender rejected"}, True, "refused the sender"),
        ({"mail": "421 4.3.2 closing down"}, False, "421"),
        ({"mail": "535 5.7.8 log in again"}, False, "535"),
        ({"data": "552 5.2.2 mailbox full"}, True, "refused the message"),
        ({"data": "452 4.2.2 no room now"}, False, "452"),
    ],
)
def test_what_the_server_says_decides(replies, permanent, says):
    post = Post(**replies)
    (error,) = sent(post)
    assert error.permanent is permanent
    assert says in str(error)
    assert not post.accepted


def test_one_recipient_who_fails_does_not_touch_the_next():
    class Picky(Post):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            if address.startswith("gone@"):
                return "550 5.1.1 gone"
            return await super().handle_RCPT(server, session, envelope, address, options)

    post = Picky()
    refused, receipt = sent(post, message(recipient="gone@example.org", key="a"), message(key="b"))
    assert isinstance(refused, DeliveryError)
    assert refused.permanent
    assert receipt.detail.startswith("250")
    assert [recipients for _, recipients, _ in post.accepted] == [["desk@example.org"]]


def scripted(*, on_data: str, greeting: bytes = b"220 mail.example.org\r\n"):
    """Sends one message to a server that does `on_data` in the middle of DATA: "drop", "silence" or nothing special."""

    async def conversation(reader, writer):
        try:
            writer.write(greeting)
            while line := await reader.readline():
                command = line[:4].upper()
                if command == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readline()
                    if on_data == "drop":
                        return
                    await reader.read()  # until the client has had enough
                    return
                writer.write(b"221 bye\r\n" if command == b"QUIT" else b"250 OK\r\n")
        finally:
            writer.close()

    async def run():
        server = await asyncio.start_server(conversation, "127.0.0.1", 0)
        async with server:
            with pytest.raises(DeliveryError) as caught:
                await channel(server.sockets[0].getsockname()[1], timeout=0.5).send(message())
            return caught.value

    return asyncio.run(run())


def test_a_connection_dropped_in_the_middle_is_tried_again():
    error = scripted(on_data="drop")
    assert not error.permanent
    assert "hung up at the message" in str(error)


def test_a_silent_server_is_left_and_tried_again():
    error = scripted(on_data="silence")
    assert not error.permanent
    assert "within 0.5 s" in str(error)


@pytest.mark.parametrize("greeting", [b"554 5.3.2 not today\r\n", b"421 busy\r\n"])
def test_a_server_that_refuses_everybody_is_not_the_recipients_fault(greeting):
    error = scripted(on_data="", greeting=greeting)
    assert not error.permanent
    assert "refuses to talk to us" in str(error)


def test_nobody_listening():
    async def run():
        async with serving(Post()) as port:
            pass
        await channel(port).send(message())

    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        asyncio.run(run())
    assert not caught.value.permanent


def test_a_recipient_that_is_no_address_is_final_and_nothing_is_sent():
    post = Post()
    (error,) = sent(post, message(recipient="desk@example.org\r\nRCPT TO:<spy@example.org>"))
    assert error.permanent
    assert not post.accepted


def test_reply_to_is_the_only_option():
    post = Post()
    sent(post, message(options={"reply_to": "press@example.org"}))
    assert email.message_from_bytes(post.accepted[0][2])["Reply-To"] == "press@example.org"
    with pytest.raises(ValidationError, match="reply_to"):
        EmailOptions(reply_to="nobody")
    with pytest.raises(ValidationError, match="extra"):
        EmailOptions(bcc="spy@example.org")
