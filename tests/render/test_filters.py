"""The filters that templates of an operator may use."""

from pathlib import Path

import pytest

from monitor.render.filters import FILTERS, domain, listed, zone


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.example.org/a", "example.org"),
        ("http://press.example.org:8080/", "press.example.org"),
        ("https://[broken", ""),
        ("no address", ""),
        ("", ""),
    ],
)
def test_domain(url, host):
    assert domain(url) == host


def test_listed_leaves_out_what_is_empty():
    assert listed(["a", "", "b"]) == "a · b"
    assert listed([]) == ""


@pytest.mark.parametrize("name", ["Nowhere/Atlantis", "../etc/passwd", "", "Europe"])
def test_a_zone_that_is_gone_becomes_utc(name):
    assert zone(name).key == "UTC"
    assert zone("Europe/Vienna").key == "Europe/Vienna"


def test_every_filter_is_documented():
    page = (Path(__file__).parents[2] / "docs/adding-a-channel.md").read_text("utf-8")
    assert {name for name in FILTERS if f"`{name}`" not in page} == set()
