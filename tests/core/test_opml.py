"""Lists of feeds: what an import would do, and that writing and reading a list again loses nothing."""

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Authority, Source
from monitor.core.opml import NAMESPACE, Outline, OutlineDocument, address_key, plan, written
from monitor.sources import KINDS
from monitor.sources.opml_file import read_outlines
from tests import make

ADDRESSES = {name: kind.address for name, kind in KINDS.items()}
QUARTER = timedelta(minutes=15)


def planned(*outlines, **given_):
    document = OutlineDocument(title=None, outlines=outlines)
    return plan(document, **({"addresses": ADDRESSES, "interval": QUARTER} | given_))


def feed(name="MFA", url="https://mfa.example/rss", line=None, own=None, **attributes):
    return Outline(attributes={"type": "rss", "text": name, "xmlurl": url} | attributes, own=own or {}, line=line)


def folder(name, *children):
    return Outline(attributes={"text": name}, children=children)


# ── in ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_outline_becomes_a_source():
    (source,) = planned(feed(htmlurl="https://mfa.example/", language="fr", category="/Europe/EU,press")).adds
    assert source == Source(
        slug="mfa",
        title="MFA",
        kind="feed",
        url="https://mfa.example/rss",
        homepage="https://mfa.example/",
        language="fr",
        tags=("europe", "eu", "press"),
        interval=QUARTER,
    )


def test_folders_become_tags_from_the_outermost_inwards():
    plan_ = planned(
        folder("World", folder("Новости", feed(category="own")), feed("B", "https://b.example/")), tags=["x"]
    )
    assert [source.tags for source in plan_.adds] == [("world", "novosti", "own", "x"), ("world", "x")]


def test_a_folder_whose_name_gives_no_tag_is_told_of_once():
    plan_ = planned(folder("新闻", feed(), feed("B", "https://b.example/")))
    assert [source.tags for source in plan_.adds] == [(), ()]
    assert plan_.notes == ("the folder '新闻' cannot be a tag: its name has no letters a–z; see --tag",)


def test_the_same_address_twice_is_one_source_with_the_tags_of_both():
    plan_ = planned(folder("a", feed()), folder("b", feed("Other name", "http://www.mfa.example/rss/?utm_source=x")))
    assert [(source.title, source.tags) for source in plan_.adds] == [("MFA", ("a", "b"))]
    assert plan_.repeats == 1


def test_what_is_followed_already_is_not_added_again():
    existing = [make.source("ministry", url="http://mfa.example/rss/")]
    plan_ = planned(feed(line=7), existing=existing)
    assert plan_.adds == ()
    assert [(known.line, known.name, known.slug) for known in plan_.known] == [(7, "MFA", "ministry")]


def test_slugs_are_told_apart_and_a_made_one_gives_way_to_a_stated_one():
    plan_ = planned(
        feed("A", "https://mfa.example/a"),
        feed("B", "https://mfa.example/b"),
        feed("C", "https://c.example/", own={"slug": "mfa-2"}),
        feed("D", "https://d.example/", own={"slug": "taken"}),
        existing=[make.source("taken")],
    )
    assert [source.slug for source in plan_.adds] == ["mfa", "mfa-3", "mfa-2", "taken-2"]


@pytest.mark.parametrize(
    ("attributes", "kind", "url"),
    [
        ({"url": "https://a.example/f"}, "feed", "https://a.example/f"),
        ({"type": "atom", "url": "https://a.example/f"}, "feed", "https://a.example/f"),
        ({"type": "link", "xmlurl": " https://a.example/f "}, "feed", "https://a.example/f"),
        ({"feedurl": "https://a.example/f"}, "feed", "https://a.example/f"),
        ({"xmlurl": "feed://a.example/f"}, "feed", "https://a.example/f"),
        ({"xmlurl": "feed:https://a.example/f"}, "feed", "https://a.example/f"),
        ({"type": "link", "url": "https://t.me/mfa_russia/123"}, "telegram", "https://t.me/s/mfa_russia"),
        ({"type": "rss", "xmlurl": "https://t.me/s/mfa_russia"}, "telegram", "https://t.me/s/mfa_russia"),
    ],
)
def test_addresses_are_found_where_writers_put_them(attributes, kind, url):
    (source,) = planned(Outline(attributes=attributes)).adds
    assert (source.kind, source.url) == (kind, url)


@pytest.mark.parametrize(
    ("outline", "problem"),
    [
        (Outline(attributes={"type": "rss", "text": "x"}), "no address"),
        (Outline(attributes={"text": "x", "htmlurl": "https://a.example/"}), "no address"),
        (feed("x", "|~/fetch.py"), "program or file"),
        (feed("x", "file:///etc/passwd"), "program or file"),
        (feed("x", "javascript:alert(1)"), "not a web address"),
        (feed("x", "/relative/feed"), "not a web address"),
        (feed("x", "https://[oops/feed"), "not a web address"),
        (feed("x", "https://t.me/+abcdef"), "invitation"),
        (Outline(attributes={"type": "link", "text": "x", "url": "https://a.example/"}), "monitor sources add https"),
        (feed("x", own={"kind": "pigeon"}), "kind 'pigeon' is unknown"),
        (feed("x", own={"kind": "feed", "authority": "rumour"}), "authority 'rumour' is unknown"),
        (feed("x", own={"kind": "feed", "country": "Kazakhstan"}), "country 'Kazakhstan' does not fit"),
        (feed("x", own={"kind": "feed", "interval": "often"}), "not a duration"),
        (feed("x", own={"kind": "feed", "options": "[]"}), "not a JSON object"),
        (feed("x", own={"kind": "feed", "options": "[" * 100_000}), "not a JSON object"),
    ],
)
def test_an_outline_that_cannot_be_used_is_named_with_the_reason_and_costs_no_other(outline, problem):
    plan_ = planned(folder("f", outline, feed("fine", "https://fine.example/")))
    assert [source.title for source in plan_.adds] == ["fine"]
    (unusable,) = plan_.unusable
    assert unusable.name == "x"
    assert problem in unusable.problem


def test_an_empty_folder_is_no_mistake():
    assert planned(folder("later"), Outline(attributes={})) == planned()


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ({"text": "Shown", "title": ""}, "Shown"),
        ({"text": "Shown", "title": "Stated"}, "Stated"),
        ({"text": " two\n lines\x07 "}, "two lines"),
        ({}, "mfa.example/rss"),
        ({"text": "word " * 100}, None),
    ],
)
def test_titles(attributes, title):
    (source,) = planned(Outline(attributes={"xmlurl": "https://mfa.example/rss"} | attributes)).adds
    assert len(source.title) <= 200
    assert source.title == title or (title is None and source.title.endswith("word…"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/feed", "http://www.a.example/feed/", True),
        ("https://a.example/feed?utm_medium=rss", "https://A.example:443/feed", True),
        ("https://t.me/s/MFA_Russia", "https://t.me/s/mfa_russia", True),
        ("https://a.example/Feed", "https://a.example/feed", False),
        ("https://a.example/feed?type=rss", "https://a.example/feed?type=atom", False),
        ("https://a.example/feed", "https://b.example/feed", False),
    ],
)
def test_which_addresses_are_the_same(one, other, same):
    assert (address_key(one) == address_key(other)) is same


# ── out ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_feeds_are_subscriptions_to_other_readers():
    text = written(
        [
            make.source("a", tags=("press", "eu")),
            make.source("b", kind="telegram", url="https://t.me/s/b_channel", tags=("press",)),
            make.source("c", kind="page", url="https://c.example/news", options={"item": "ul > li"}),
            make.source("d", kind="jsonfeed", url="https://d.example/feed.json"),
        ],
        title="Ours & <theirs>",
        now=make.NOW,
    )
    root = ET.fromstring(text)
    assert root.get("version") == "2.0"
    assert root.findtext("head/title") == "Ours & <theirs>"
    assert root.findtext("head/dateCreated") == "Mon, 02 Mar 2026 06:30:00 GMT"
    every = root.findall("body//outline")
    assert all(outline.get("text") for outline in every)
    assert [o.get("xmlUrl") for o in every if o.get("xmlUrl")] == [
        "https://d.example/feed.json",
        "https://a.example/rss.xml",
    ]
    assert [o.get("url") for o in every if o.get("type") == "link"] == [
        "https://c.example/news",
        "https://t.me/s/b_channel",
    ]
    assert [o.get("text") for o in root.findall("body/outline") if o.get("type") is None] == ["press"]
    assert root.find("body/outline/outline").get(f"{{{NAMESPACE}}}slug") == "a"


SLUGS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)
TITLES = WORDS.map(lambda text: " ".join(text.split())).filter(
    lambda text: text and not any(character in "\ufffe\uffff" for character in text)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
HOSTS = st.from_regex(r"[a-z]{1,12}\.example", fullmatch=True)
WEB = st.builds(
    "https://{}/{}".format, HOSTS, st.text(st.characters(codec="ascii", exclude_characters="\x7f"), max_size=30)
).map(lambda url: "".join(c for c in url if c > " "))
TELEGRAM = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{3,31}", fullmatch=True).map("https://t.me/s/{}".format)
PLACES = st.tuples(st.sampled_from(["feed", "jsonfeed", "page"]), WEB) | st.tuples(st.just("telegram"), TELEGRAM)


@st.composite
def a_source(draw):
    kind, url = draw(PLACES)
    return Source(
        slug=draw(SLUGS),
        title=draw(TITLES),
        kind=kind,
        url=url,
        homepage=draw(st.none() | WEB),
        organisation=draw(st.none() | SLUGS),
        country=draw(st.none() | st.sampled_from(["KZ", "DE", "UN"])),
        language=draw(st.none() | st.sampled_from(["en", "zh-Hant", "sr-Latn"])),
        authority=draw(st.sampled_from(Authority)),
        tags=tuple(draw(st.lists(SLUGS, unique=True, max_size=4))),
        default_tags=tuple(f"topic:{slug}" for slug in draw(st.lists(SLUGS, unique=True, max_size=3))),
        interval=draw(st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=400))),
        options=draw(st.dictionaries(st.text(max_size=8), JSON, max_size=3)),
        paused=draw(st.booleans()),
    )


CATALOGUES = st.lists(
    a_source(), max_size=6, unique_by=(lambda source: source.slug, lambda source: address_key(source.url))
)


@given(CATALOGUES, TITLES)
@settings(max_examples=150, deadline=None)
def test_a_list_written_and_read_again_says_the_same(sources, title):
    document = read_outlines(written(sources, title=title, now=make.NOW).encode())
    again = plan(document, addresses=ADDRESSES, interval=QUARTER)
    assert sorted(again.adds, key=lambda source: source.slug) == sorted(sources, key=lambda source: source.slug)
    assert (again.known, again.unusable, again.repeats, again.notes) == ((), (), 0, ())
    assert document.title == title


def test_options_keep_characters_that_xml_cannot_hold():
    odd = replace(
        make.source(),
        url="https://mfa.example/rss",
        options={"headers": {"X-\ufffe": '\uffff \x0b \U0001f33e "quoted" &'}},
    )
    document = read_outlines(written([odd], title="All", now=make.NOW).encode())
    [read] = plan(document, addresses=ADDRESSES, interval=QUARTER).adds
    assert read.options == odd.options


@given(CATALOGUES)
@settings(max_examples=30, deadline=None)
def test_importing_what_is_there_already_adds_nothing(sources):
    document = read_outlines(written(sources, title="All", now=make.NOW).encode())
    again = plan(document, existing=sources, addresses=ADDRESSES, interval=QUARTER)
    assert again.adds == ()
    assert {known.slug for known in again.known} == {source.slug for source in sources}
