"""Emails as files: whole, once, and never outside their folder."""

import asyncio
import email
from email import policy
from pathlib import Path

import pytest

from monitor.channels.mailbox import Mailbox, file_stem, recipient_folder
from monitor.core.errors import DeliveryError
from tests.channels.messages import CREATED, message


def sent(folder: Path, *messages):
    box = Mailbox(folder=folder, clock=lambda: CREATED)
    return [asyncio.run(box.send(each)) for each in messages]


def test_an_email_and_a_page_to_open(tmp_path):
    (receipt,) = sent(tmp_path / "box", message(recipient="Утренний стол"))
    folder = tmp_path / "box" / "Утренний стол"
    eml, html = sorted(folder.iterdir())
    assert receipt.detail == f"written to {eml}"
    assert eml.name.startswith("20261123T060004Z-morning-brief-")
    assert html.name == eml.with_suffix(".html").name
    assert html.read_text("utf-8") == message().content.html
    parsed = email.message_from_bytes(eml.read_bytes(), policy=policy.SMTP + policy.strict)
    assert parsed["Subject"] == message().content.subject
    assert parsed["Date"].datetime == CREATED
    assert parsed["To"].addresses[0].domain == "mailbox.invalid"


def test_a_recipient_that_is_an_address_stays_one(tmp_path):
    sent(tmp_path, message())
    (eml,) = (tmp_path / "desk@example.org").glob("*.eml")
    assert email.message_from_bytes(eml.read_bytes())["To"] == "desk@example.org"


def test_a_repeat_overwrites_itself_and_another_message_does_not(tmp_path):
    sent(tmp_path, message(), message(), message(key="digest:4"))
    assert len(list(tmp_path.rglob("*.eml"))) == 2
    assert len(list(tmp_path.rglob("*.html"))) == 2
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "..",
        ".",
        ".hidden",
        "a/b",
        "a\\b",
        "/etc",
        "",
        " ",
        "a\0b",
        "a\nb",
        "x" * 101,
        "a..b",
        "-rf",
        "desk.",
    ],
)
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with pytest.raises(ValueError, match="cannot name a folder"):
        recipient_folder(name)
    with pytest.raises(DeliveryError) as caught:
        sent(tmp_path / "box", message(recipient=name))
    assert caught.value.permanent
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["../../x", "a/b\\c\0", "ключ", "x" * 5000])
def test_no_key_leads_out_of_the_folder(key):
    stem = file_stem(message(key=key, subscription_slug="../.."))
    assert stem.replace("-", "").isalnum()
    assert len(stem) < 120


def test_names_in_any_language():
    assert recipient_folder("desk") == "desk"
    assert recipient_folder("cafe\u0301") == "café"  # one folder, however it was typed
    assert recipient_folder("д") == "д"


def test_a_folder_that_cannot_be_written_is_explained_and_tried_again(tmp_path):
    (tmp_path / "box").write_text("a file where the folder should be")
    with pytest.raises(DeliveryError, match="cannot write to the mailbox") as caught:
        sent(tmp_path / "box", message())
    assert not caught.value.permanent
