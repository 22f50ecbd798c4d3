"""Feeds polled again and again, through the real poll loop into a real database. `pytest -s` shows the table."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.time_series import (
    SERIES,
    Snapshot,
    entries_of,
    folded,
    fresh_database,
    replay,
    replayed_all,
    series,
    table,
)
from tests.shared import needs_shared

NAMES = count()
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)

# Counted by reading the lists: how many articles each series shows, however often and under however many addresses.
ARTICLES = {
    "aljazeeraenglish": 81,
    "anthropic-research": 104,  # 8 of them at two addresses at once
    "bbc": 352,
    "nzherald": 81,
    "rnz": 95,
    "ru-bbc": 58,
    "ru-meduza": 182,  # 7 of them once with an address of their own, once with the front page's
    "wsj": 23,
}

pytestmark = pytest.mark.timeout(900)  # thousands of polls each


@pytest.fixture(scope="module")
def database():
    with fresh_database() as opened:
        yield opened


def polled(database, *contents):
    """The posts and edits after a feed showed `contents`, a day apart."""
    snapshots = [Snapshot(at=MONDAY + timedelta(days=n), content=content) for n, content in enumerate(contents)]
    return replay(snapshots, database, name=f"series-{next(NAMES)}")


def rss(*items):
    return f"<rss version='2.0'><channel><title>N</title>{''.join(items)}</channel></rss>".encode()


def item(title, *, guid="", link="", text="", at=MONDAY):
    parts = {
        "guid": guid,
        "link": link,
        "description": text,
        "pubDate": at.strftime("%a, %d %b %Y %H:%M:%S GMT") if at else "",
    }
    return "<item>" + "".join(f"<{k}>{v}</{k}>" for k, v in {"title": title, **parts}.items() if v) + "</item>"


# ── the recorded series ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def recorded():
    found = replayed_all()
    print("\n" + table(found))
    return {each.name: each for each in found}


@needs_shared
@pytest.mark.corpus
def test_every_article_is_there_once(recorded):
    assert {name: len(each.kept) for name, each in recorded.items()} == ARTICLES
    assert [each.twice for each in recorded.values()] == [()] * len(recorded)
    assert [each.lost for each in recorded.values()] == [()] * len(recorded)


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize("name", ["aljazeeraenglish", "anthropic-research", "bbc", "nzherald", "rnz", "ru-bbc", "wsj"])
def test_edits_are_seen_as_edits(recorded, name):
    """Each time an article is shown with another title or teaser than the last time, and nothing else."""
    expected: Counter[str] = Counter()
    last = {}
    for snapshot in series(SERIES / name):
        for entry in entries_of(snapshot):
            key = entry.guid or entry.link
            said = folded(entry.title or ""), folded(re.sub(r"<[^>]*>", " ", entry.html or ""))
            before = last.get(key, said)
            teaser_changed = said[1] != before[1] and said[1] and before[1]
            expected[key] += (entry.title != last.get(f"{key} title", entry.title)) or bool(teaser_changed)
            last[key] = said[0], said[1] or before[1]
            last[f"{key} title"] = entry.title
    assert recorded[name].edits == sum(expected.values())


@needs_shared
@pytest.mark.corpus
def test_decisions_on_identity_say_why(recorded):
    decisions = {name: each.decisions for name, each in recorded.items() if each.decisions}
    assert {name: len(each) for name, each in decisions.items()} == {"anthropic-research": 8, "ru-meduza": 7}
    assert all("same title and text, under /research and under /news" in d for d in decisions["anthropic-research"])
    assert all("once with an address of its own and once without" in d for d in decisions["ru-meduza"])


ENTRY = re.compile(rb"<(item|entry)\b.*?</\1>", re.DOTALL)


def window(content, start, end):
    """A document that shows only some of the entries."""
    at = [match.span() for match in ENTRY.finditer(content)]
    return content[: at[0][0]] + b"".join(content[a:b] for a, b in at[start:end]) + content[at[-1][1] :]


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize("name", sorted(ARTICLES))
def test_showing_everything_again_changes_nothing(database, name):
    once = series(SERIES / name)
    # Other bytes, so that the documents are read again, in front of what is remembered of the last window.
    again = [Snapshot(at=each.at, content=each.content + b"\n") for each in once]
    twice = [snapshot for pair in zip(once, again, strict=True) for snapshot in pair]
    first, second = (replay(each, database, name=f"{name}-{next(NAMES)}") for each in (once, twice))
    assert (len(second.kept), second.edits, second.new) == (len(first.kept), first.edits, first.new)


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize("name", sorted(ARTICLES))
@pytest.mark.parametrize("size", [1, 7])
def test_smaller_windows_give_the_same_posts(database, name, size):
    narrow = [
        Snapshot(at=whole.at, content=window(whole.content, start, start + size + 2))
        for whole in series(SERIES / name)[:: 1 if size > 1 else 5]
        for start in range(0, len(ENTRY.findall(whole.content)), size)
    ]
    wide = series(SERIES / name)[:: 1 if size > 1 else 5]
    found, expected = (replay(each, database, name=f"{name}-{next(NAMES)}") for each in (narrow, wide))
    assert len(found.kept) == len(expected.kept)
    assert (found.lost, found.twice) == ((), ())


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────

SUBJECTS = [
    "Council convened on grain exports",
    "Fire in the old harbour",
    "Minister travels to Geneva today",
    "Election observers arrive in the capital",
    "Central bank keeps its rate",
    "Earthquake felt along the coast",
    "New ambassador presents credentials",
    "Parliament votes on the budget",
]


@st.composite
def articles(draw):
    """Different articles of one feed, which identifies them in one of the ways that feeds do."""
    subjects = draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=8, unique=True))
    scheme = draw(st.sampled_from(["guid", "page", "section", "front", "nothing", "one-guid"]))
    dated = draw(st.booleans())
    items = []
    for number, subject in enumerate(subjects):
        page = f"https://mfa.example/news/{4711 + number}"
        how = {
            "guid": {"guid": f"g{number}", "link": page},
            "page": {"link": page},
            "section": {"link": "https://mfa.example/news"},
            "front": {"link": "https://mfa.example/"},
            "nothing": {},
            "one-guid": {"guid": "news", "link": page},
        }[scheme]
        text = f"{subject}, it was announced by the office for number {number}."
        items.append(item(subject, text=text, at=MONDAY + timedelta(hours=number) if dated else None, **how))
    return items


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(articles(), st.data())
def test_however_it_is_cut_into_windows_every_article_is_stored_once(database, items, data):
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    windows, start, turn = [], 0, 0
    while start < len(items):
        size = sizes[turn % len(sizes)]
        overlap = data.draw(st.integers(0, 2))
        windows.append(rss(*items[max(0, start - overlap) : start + size]))
        start, turn = start + size, turn + 1
    again = data.draw(st.lists(st.sampled_from(windows), max_size=3))
    found = polled(database, *windows, *again, rss(*items))
    assert Counter(kept.stored.post.title for kept in found.kept) == Counter(
        re.search("<title>(.*?)</title>", each)[1] for each in items
    )
    assert (found.edits, found.new) == (0, len(items))


BRIEFINGS = [
    "Ministers agreed on grain exports and on a corridor through the northern ports.",
    "Observers counted fewer crossings at every border station during this winter.",
    "Fisheries quotas were shared out anew among seven coastal communities.",
]


@pytest.mark.parametrize("how", [{"guid": "briefing", "link": "https://mfa.example/4711"}, {"guid": "briefing"}])
@pytest.mark.parametrize("dated", [False, True])
@pytest.mark.parametrize(
    "windows",
    [
        ([0], [1, 0], [2, 1, 0]),
        ([0, 1], [1], [2, 1], [0, 1, 2]),  # one is withdrawn and put back
        ([0, 1, 2], [0], [1], [2]),
        ([1, 0], [0, 1], [1, 0, 2]),
    ],
)
def test_what_stands_side_by_side_under_one_guid_and_title_are_posts(database, how, dated, windows):
    items = [
        item("Weekly briefing", text=text, at=MONDAY + timedelta(days=7 * n) if dated else None, **how)
        for n, text in enumerate(BRIEFINGS)
    ]
    found = polled(database, *(rss(*(items[n] for n in window)) for window in windows))
    assert sorted(kept.stored.post.text for kept in found.kept) == sorted(BRIEFINGS)
    assert (found.edits, found.new) == (0, 3)


@pytest.mark.parametrize(
    "later",
    [
        item("Weekly briefing", guid="briefing", text=BRIEFINGS[0] + " A note was added.", at=None),
        item("Weekly briefing", guid="briefing", text=BRIEFINGS[1], at=MONDAY),
    ],
    ids=["much the same text", "the same moment"],
)
def test_versions_side_by_side_are_one_post(database, later):
    first = item("Weekly briefing", guid="briefing", text=BRIEFINGS[0], at=MONDAY if later.count("pubDate") else None)
    found = polled(database, rss(first), rss(first, later))
    assert len(found.kept) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["Council convened", "Council to convene", "Council did convene"]), min_size=1, max_size=6)
)
def test_each_change_is_a_revision_there_and_back(database, titles):
    found = polled(database, *(rss(item(title, guid="1", link="https://mfa.example/news/1")) for title in titles))
    changes = sum(1 for before, after in pairwise(titles) if before != after)
    [kept] = found.kept
    assert (found.edits, found.changed, kept.stored.post.title) == (changes, changes, titles[-1])


def test_an_edit_there_and_back_is_two_revisions(database):
    first, second = (rss(item("Council", guid="1", text=text)) for text in ("It convened.", "It did not convene."))
    found = polled(database, first, second, first)
    assert [[r.text for r in kept.before] for kept in found.kept] == [["It convened.", "It did not convene."]]


# ── what feeds do to their guids ───────────────────────────────────────────────────────────────────────────


def article(n, *, scheme, subject=None, at=MONDAY):
    link = f"https://mfa.example/news/{4711 + n}"
    return item(subject or SUBJECTS[n], guid=scheme.format(n=n, link=link), link=link, text=f"Text {n} of it.", at=at)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{n}", "{link}"),
        ("{n} at https://mfa.example", "urn:uuid:0000-{n}"),
        ("{link}#0", "{link}#1"),
        ("http://mfa.example/?p={n}", "https://mfa.example/?p={n}"),
        ("{n}", ""),
        ("", "{n}"),
    ],
)
def test_a_new_scheme_of_guids_sends_nothing_again(database, before, after):
    old = [article(n, scheme=before) for n in range(5)]
    new = [article(n, scheme=after) for n in range(6)]  # with one that is really new
    corrected = article(0, scheme=after, subject="Council convened on grain exports, corrected")
    found = polled(database, rss(*old), rss(*reversed(new)), rss(*old), rss(corrected, *new[1:]))
    assert (len(found.kept), found.new, found.edits) == (6, 6, 1)


def test_guids_that_count_places_in_the_list(database):
    """The newest is always number 1."""
    windows = []
    for newest in range(3, len(SUBJECTS) + 1):
        shown = list(reversed(range(newest)))[:3]
        windows.append(
            rss(
                *(
                    item(
                        SUBJECTS[n],
                        guid=str(place),
                        link=f"https://mfa.example/news/{4711 + n}",
                        at=MONDAY + timedelta(days=n),
                    )
                    for place, n in enumerate(shown, start=1)
                )
            )
        )
    found = polled(database, *windows)
    assert sorted(kept.stored.post.title for kept in found.kept) == sorted(SUBJECTS)
    assert (found.edits, found.new) == (0, len(SUBJECTS))
    assert any("the guid is used again" in decision for decision in found.decisions)


def test_a_guid_that_changes_with_every_poll(database):
    windows = [rss(*(article(n, scheme=f"{poll}-{{n}}") for n in range(5))) for poll in range(4)]
    found = polled(database, *windows)
    assert (len(found.kept), found.new, found.edits) == (5, 5, 0)


def test_an_edit_keeps_the_date_of_publication(database):
    later = MONDAY + timedelta(days=3)
    found = polled(
        database,
        rss(article(0, scheme="{n}")),
        rss(article(0, scheme="{n}", subject="Council convened on exports", at=later)),
    )
    [kept] = found.kept
    assert (kept.stored.post.stated_at, kept.stored.post.updated_at) == (MONDAY, later)


def test_trivial_changes_are_no_edits(database):
    def shown(views, image, link):
        return rss(
            f"<item><guid>1</guid><title>Council  convened</title><link>https://mfa.example/1?{link}</link>"
            f"<description>&lt;p&gt;It convened. &lt;a href='https://mfa.example/2?{link}'&gt;More&lt;/a&gt;"
            f"&lt;img src='{image}'&gt;&lt;/p&gt;</description>"
            f"<media:community xmlns:media='http://search.yahoo.com/mrss/'><media:statistics views='{views}'/>"
            "</media:community></item>"
        )

    found = polled(database, shown(1, "a.jpg", "utm_source=a"), shown(99, "b.jpg", "utm_source=b&amp;at_medium=RSS"))
    assert (len(found.kept), found.edits, found.changed) == (1, 0, 0)


def test_a_teaser_that_comes_and_goes_is_no_edit(database):
    bare = rss(item("Council convened on grain exports", guid="1"))
    full = rss(item("Council convened on grain exports", guid="1", text="It convened in Geneva."))
    found = polled(database, bare, full, bare, full)
    [kept] = found.kept
    assert (kept.stored.post.text, found.edits) == ("It convened in Geneva.", 0)
