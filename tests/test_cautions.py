"""What `config check` and the start of the service say about things that will keep posts or digests from arriving."""

from datetime import time
from pathlib import Path

import pytest

from monitor import app
from monitor.core.model import Authority, Owner, Schedule, Selection, Source, Subscription
from monitor.settings import Settings


def source(url, **options):
    return Source(slug="a", title="A", kind="feed", url=url, authority=Authority.PRESS, owner=Owner.FILE, **options)


def subscription(channel):
    return Subscription(
        slug="morning",
        title="Morning",
        channel=channel,
        recipients=("x",),
        schedule=Schedule(timezone="UTC", times=(time(7, 30),)),
        selection=Selection(),
        owner=Owner.FILE,
    )


@pytest.mark.parametrize(
    ("channel", "names"),
    [
        ("email", ("smtp.host", "smtp.sender", "MONITOR_SMTP__HOST")),
        ("webhook", ("webhook.secrets", "MONITOR_WEBHOOK__SECRETS")),
    ],
)
def test_a_channel_that_is_not_set_up_names_the_settings_it_needs(channel, names):
    (said,) = app.cautions(Settings(), [subscription(channel)])
    assert said.startswith(f"morning: nothing can go out by {channel} until ")
    assert [name for name in names if name not in said] == []


def test_the_mailbox_needs_nothing():
    assert app.cautions(Settings(), [subscription("mailbox")]) == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/feed", "http://[::1]/feed", "https://10.1.2.3/", "http://2130706433/", "http://0x7f.1/"],
)
def test_a_source_at_an_address_that_is_not_public_is_pointed_out(url):
    (said,) = app.cautions(Settings(), [], [source(url)])
    assert said.startswith("a: ")
    assert "network.allow" in said


@pytest.mark.parametrize(
    ("allow", "given"),
    [
        ((), source("https://1.1.1.1/")),
        ((), source("https://localhost/")),  # names are not looked up
        ((), source("https://10.1.2.3/", paused=True)),
        ((), source("https://10.1.2.3/", options={"proxy": "http://proxy.example:3128"})),
        (("10.0.0.0/8",), source("https://10.1.2.3/")),
    ],
)
def test_other_sources_are_not(allow, given):
    assert app.cautions(Settings(network={"allow": allow}), [], [given]) == []


def test_the_languages_are_those_of_the_label_files(tmp_path):
    assert app.languages() == {"en", "ru"}
    (tmp_path / "email").mkdir()
    Path(tmp_path, "email", "labels.fr.toml").touch()
    assert app.languages(tmp_path) == {"en", "fr", "ru"}
