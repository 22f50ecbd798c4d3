"""Emails re-parse strictly, carry just the documented headers, and no text can add another."""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.header import decode_header, make_header
from pathlib import Path

import fast_mail_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.channels import mime
from monitor.channels.mime import email_message, message_id
from monitor.core.mail import UNSUBSCRIBE_HERE, header_text, recipient_address, sender_parts
from monitor.core.model import Content
from tests.channels.messages import CREATED, message, with_subject

SENDER = "Communiqué Monitor, Vienna <monitor@example.org>"
STRICT = policy.SMTP + policy.strict


def written(of, sender=SENDER, **more):
    return email_message(of, sender=sender, date=CREATED, **more).as_bytes()


def headers(raw: bytes) -> list[str]:
    head = raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
    return [line.split(":")[0] for line in head.split("\r\n") if line[:1] not in {" ", "\t"}]


def documented() -> dict[str, str]:
    """The table of headers in docs/email.md: name → when it is there."""
    page = (Path(__file__).parents[2] / "docs/email.md").read_text("utf-8")
    return dict(re.findall(r"^\| `([A-Za-z-]+)` \| (always|where [^|]+?) \|", page, re.MULTILINE))


EVERYTHING = {"reply_to": "press@example.org", "unsubscribe": "https://monitor.example.org/u/t", "answers": "first"}


def readers(raw: bytes) -> Iterator[dict[str, str]]:
    """The headers as two strict parsers read them that have nothing in common: name → value."""
    parsed = email.message_from_bytes(raw, policy=STRICT)
    assert not any(part.defects for part in parsed.walk())
    yield {name: str(value) for name, value in parsed.items()}
    other = fast_mail_parser.parse_email(raw)
    assert not other.warnings
    assert all(len(values) == 1 for values in other.headers.values()), "each header once"
    yield {name: values[0] for name, values in other.headers.items()}


def test_the_headers_are_exactly_the_documented_ones():
    table = documented()
    always = {name for name, when in table.items() if when == "always"}
    assert len(table) - len(always) == 5
    for read in readers(written(message())):
        assert set(read) == always
    for read in readers(written(message(), **EVERYTHING)):
        assert set(read) == set(table)
    for name in table:
        assert name in (mime.__doc__ or ""), name


def test_two_parsers_read_the_same():
    full = message(content=replace(message().content, calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"))
    raw = written(full, **EVERYTHING)
    first, second = readers(raw)
    for name in set(first) - {"Content-Type"}:
        assert first[name].replace('"', "") == second[name].strip(), name  # a name with a comma is quoted once decoded
    other = fast_mail_parser.parse_email(raw)
    assert other.subject == full.content.subject
    assert other.text_plain[0].replace("\r\n", "\n") == full.content.text
    assert other.text_html[0].strip() == full.content.html
    assert [each.filename for each in other.attachments] == ["events.ics"]


def test_it_parses_strictly_and_says_what_was_put_in():
    parsed = email.message_from_bytes(written(message()), policy=STRICT)
    assert parsed["Subject"] == "Утренний обзор · 9 сюжетов"
    assert parsed["From"].addresses[0].display_name == "Communiqué Monitor, Vienna"
    assert parsed["From"].addresses[0].addr_spec == "monitor@example.org"
    assert str(parsed["To"]) == "desk@example.org"
    assert parsed["Date"].datetime == CREATED
    assert parsed["List-Id"] == "<morning-brief.example.org>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Precedence"] == "bulk"
    assert parsed.get_content_type() == "multipart/alternative"
    text, html = parsed.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == message().content.text
    assert html.get_content_type() == "text/html"
    assert html.get_content().strip() == message().content.html
    assert "MIME-Version" not in text
    assert "MIME-Version" not in html


def test_a_message_without_html_is_plain():
    parsed = email.message_from_bytes(written(with_subject("Ping")), policy=STRICT)
    assert parsed.get_content_type() == "text/plain"


def test_every_line_is_ascii_and_short_enough_for_any_relay():
    long = Content(subject="П" * 400, text="wörd " * 2000 + "\n" + "中" * 3000, html="<p>" + "я" * 5000 + "</p>")
    raw = written(message(content=long))
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_repeat_is_the_same_bytes_and_another_key_another_id():
    assert written(message()) == written(message())
    other = email.message_from_bytes(written(message(key="digest:4")), policy=STRICT)
    assert other["Message-ID"] != email.message_from_bytes(written(message()), policy=STRICT)["Message-ID"]
    assert message_id("any\r\nBcc: x@example.org", domain="example.org").count("\n") == 0


INJECTIONS = [
    "x\r\nBcc: spy@example.org",
    "x\nBcc: spy@example.org",
    "x\rBcc: spy@example.org",
    "x\x0bBcc: spy@example.org",
    "x\x85Bcc: spy@example.org",
    "x\u2028Bcc: spy@example.org",
    "=?utf-8?q?x=0D=0ABcc:spy=40example.org?=",
    "=?utf-8?b?eA0KQmNjOiBzcHlAZXhhbXBsZS5vcmc=?=",
    "=?utf-8?q?x=0D=0A?= =?utf-8?q?Bcc:spy=40example.org?=",
    "==?utf-8?q?=0D=0ABcc:spy?=",
    "=\x00?utf-8?q?x=0D=0ABcc:spy=40example.org?=",
    "x" * 75 + " =?utf-8?q?=0D=0A=0D=0Abody?= " + "é" * 80,
    "é=?utf-8?q?=0D=0ABcc:spy=40example.org?=",  # inside a subject that is encoded itself
    "=?utf-8?q?=3D=3Futf-8=3Fq=3F=0D=0ABcc:spy=3F=3D?=",  # an encoded word in an encoded word
    "=?UTF-8*en?Q?=0d=0aBcc:spy?=",  # with a language (RFC 2231)
    "=? utf-8 ?q?=0D=0ABcc:spy?=",
    "＝?utf-8?q?=0D=0ABcc:spy?=",  # a full-width sign that compatibility forms make a plain one
    "=\u200b?utf-8?q?=0D=0ABcc:spy?=",
    "\ud83dx=?utf-8?q?=0D=0ABcc:spy?=",  # half a surrogate pair
    "x\r\n\r\n<b>body</b>",
    "x\x1c\x1d\x1eBcc: spy@example.org",  # what str.splitlines parts at
]


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_no_text_starts_a_new_header_or_the_body(hostile):
    plain = headers(written(message()))
    for raw in (
        written(with_subject(hostile)),
        written(message(subscription_slug=hostile)),
        written(message(key=hostile)),
        written(message(), sender=f'"{hostile}" <monitor@example.org>'),
    ):
        assert set(headers(raw)) <= {*plain, "Content-Transfer-Encoding"}
        for read in readers(raw):
            assert not {"bcc", "Bcc"} & set(read)
            assert not re.search(r"[\r\n]", read["Subject"])


def test_where_readers_can_reach_the_service_they_unsubscribe_with_one_click():
    here = "https://monitor.example.org/unsubscribe/t0ken"
    content = Content(subject="s", text=f"leave: {UNSUBSCRIBE_HERE}\n", html=f'<a href="{UNSUBSCRIBE_HERE}">leave</a>')
    written_ = email_message(message(content=content), sender=SENDER, date=CREATED, unsubscribe=here)
    assert written_["List-Unsubscribe"] == f"<{here}>"
    assert written_["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [here in part.get_content() for part in written_.iter_parts()] == [True, True]
    plain = email_message(message(), sender=SENDER, date=CREATED)
    assert plain["List-Unsubscribe"] is None
    open_ = email_message(message(), sender=SENDER, date=CREATED, unsubscribe="http://monitor.example.org/u/t")
    assert open_["List-Unsubscribe"] == "<http://monitor.example.org/u/t>"
    assert open_["List-Unsubscribe-Post"] is None


def test_ids_and_addresses_however_long_are_written_as_they_are():
    """The library would make encoded words of those that do not fit on a line; no program finds an address there."""
    domain = ".".join(["a-long-label-of-a-domain-name"] * 6)
    here = f"https://{domain}/monitor/unsubscribe/{'t' * 32}"
    raw = written(
        message(subscription_slug="a-slug-of-many-words" * 5),
        sender=f"monitor@{domain}",
        unsubscribe=here,
        answers="first",
    )
    assert f"List-Unsubscribe: <{here}>\r\n".encode() in raw
    for name in ("Message-ID", "In-Reply-To", "References", "List-Id"):
        assert re.search(rf"^{name}: <[!-~]+{re.escape(domain)}>\r$".encode(), raw, re.MULTILINE), name
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_events_ahead_are_attached_as_a_calendar():
    content = Content(subject="s", text="t\n", html="<p>t</p>", calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    raw = written(message(content=content))
    parsed = email.message_from_bytes(raw, policy=STRICT)
    attached = [part for part in parsed.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_filename() for part in attached] == ["events.ics"]
    assert attached[0].get_content().splitlines() == ["BEGIN:VCALENDAR", "END:VCALENDAR"]
    assert raw == written(message(content=content))
    assert not any(part.defects for part in parsed.walk())


def test_a_follow_up_stands_in_the_thread_of_what_it_follows():
    first = email_message(message(key="alert-1"), sender=SENDER, date=CREATED)
    second = email_message(message(key="alert-1-edited"), sender=SENDER, date=CREATED, answers="alert-1")
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]


@pytest.mark.parametrize("hostile", [*INJECTIONS, "a@example.org, b@example.org", "Desk <a@example.org>", "a@b c", ""])
def test_a_recipient_that_is_no_plain_address_is_refused(hostile):
    with pytest.raises(ValueError, match=r"address|letters"):
        email_message(message(recipient=hostile), sender=SENDER, date=CREATED)


@given(st.text(alphabet=st.sampled_from("=?utf-8bqQB0DdAa:\r\n \t_é\u2028"), max_size=120))
def test_no_mixture_of_encoded_words_starts_a_header(subject):
    always = {name for name, when in documented().items() if when == "always"}
    for read in readers(written(with_subject(subject))):
        assert set(read) <= {*always, "Content-Transfer-Encoding"}


@given(st.text(max_size=300))
def test_any_subject_arrives_as_one_line_of_its_own_words(subject):
    raw = written(with_subject(subject))
    line = re.sub(rb"\r\n(?=[ \t])", b"", raw.split(b"\r\n\r\n", 1)[0]).decode("ascii")
    written_subject = re.search(r"^Subject: ?(.*)$", line, re.MULTILINE)
    assert written_subject is not None
    # A second reader, not the one that wrote it: the older header module of the standard library.
    read = str(make_header(decode_header(written_subject[1].strip())))
    assert read.strip() == header_text(subject)[: mime.SUBJECT_LIMIT].strip()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_any_body_arrives_as_it_was(text):
    parsed = email.message_from_bytes(written(message(content=Content(subject="s", text=f"x{text}\n"))), policy=STRICT)
    assert parsed.get_content().replace("\r\n", "\n") == f"x{text}\n".replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("desk", "not an email address"),
        ("desk@exämple.org", "xn--"),
        ("a" * 65 + "@example.org", "longer"),
        ("desk@-example.org", "not an email address"),
        (".desk@example.org", "not an email address"),
    ],
)
def test_a_bad_address_is_explained(text, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        recipient_address(text)


def test_good_addresses_and_senders():
    assert recipient_address(" press.desk+un@mail.example.org ") == "press.desk+un@mail.example.org"
    assert recipient_address("root@localhost") == "root@localhost"
    assert sender_parts("monitor@example.org") == ("", "monitor@example.org")
    assert sender_parts('"Desk, Vienna" <monitor@example.org>') == ("Desk, Vienna", "monitor@example.org")
    with pytest.raises(ValueError, match="not a"):
        sender_parts("Monitor")
