"""Every module is a registered channel, and every channel is documented."""

from pathlib import Path

import pytest

import monitor.channels
from monitor.channels import CHANNELS
from monitor.channels.channel import Options

PLUMBING = {"__init__", "channel", "mime"}
ROOT = Path(__file__).parents[2]


def test_every_module_is_registered():
    folder = Path(monitor.channels.__file__).parent
    assert set(CHANNELS) == {path.stem for path in folder.glob("*.py")} - PLUMBING


@pytest.mark.parametrize("name", CHANNELS)
def test_a_kind_is_complete(name):
    kind = CHANNELS[name]
    assert kind.name == name
    assert kind.summary
    assert kind.templates in {"email", "webhook", "chat"}
    assert issubclass(kind.options, Options)
    with pytest.raises(ValueError, match=r"\S+ \S+ \S+"):
        kind.recipient("\n")


@pytest.mark.parametrize("name", CHANNELS)
def test_a_kind_and_its_options_are_documented(name):
    page = (ROOT / "docs/adding-a-channel.md").read_text("utf-8")
    assert f"`{name}`" in page
    for option in CHANNELS[name].options.model_fields:
        assert f"`{option}`" in page


def test_the_registry_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        CHANNELS["fax"] = CHANNELS["email"]
