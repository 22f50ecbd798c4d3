from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.identity import content_hash
from monitor.core.recognition import (
    Likeness,
    Trace,
    as_edit,
    lead_key,
    names_article,
    trace,
    under_another_guid,
    under_same_guid,
)
from tests import make

MONDAY = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
SAME, FULLER, EDITED, DIFFERENT = Likeness.SAME, Likeness.FULLER, Likeness.EDITED, Likeness.DIFFERENT
TEXT = "The ministers agreed to convene the council in Geneva next week and to publish the statement on grain exports."
OTHER = "A fire broke out in the old harbour this morning; nobody was hurt, and the road is open again since noon."


def a(guid="1", title="Council convened on grain exports", url="https://mfa.example/news/4711", text=TEXT, at=MONDAY):
    return Trace(
        guid=guid,
        url=url,
        title=title,
        text=text,
        length=len(text),
        content_hash=content_hash(title=title, text=text),
        stated_at=at,
    )


# ── the same guid ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [
        (a(), a(), SAME),
        (a(), a(at=TUESDAY, url="https://mfa.example/news/4711-b"), SAME),  # nothing that a reader sees
        (a(), a(title="Grain exports: council convened", at=TUESDAY), EDITED),
        # An article whose headline was made new, at its address.
        (
            a(title="Do I have to go back to work?"),
            a(title="How safe must my office be", text=OTHER, at=TUESDAY),
            EDITED,
        ),
        # A live report: title and address are others, its number is the same.
        (
            a(title="Live updates: cabinet decides", url="https://n.example/451860/live-cabinet-decides"),
            a(
                title="Live updates: levels stay",
                url="https://n.example/451860/live-levels-stay",
                text=OTHER,
                at=TUESDAY,
            ),
            EDITED,
        ),
        # The headline was corrected and with it the words of the address.
        (
            a(title="Minister visits Pariss", url="https://n.example/minister-visits-pariss"),
            a(title="Minister visits Paris", url="https://n.example/minister-visits-paris", at=TUESDAY),
            EDITED,
        ),
        # A site got new addresses: the date tells.
        (a(url="https://n.example/?p=4711"), a(url="https://n.example/other/words", title="Council", text="x"), EDITED),
        # The guid counts places in the list.
        (
            a(),
            a(title="Fire in the old harbour", url="https://mfa.example/news/4712", text=OTHER, at=TUESDAY),
            DIFFERENT,
        ),
        (a(), a(title="Fire in the old harbour", url="https://mfa.example/news/4712", text=OTHER, at=None), DIFFERENT),
        # Every day's briefing under one guid.
        (
            a(title="Briefing of 16 November", url="https://mfa.example/briefings/16-11"),
            a(title="Briefing of 17 November", url="https://mfa.example/briefings/17-11", at=TUESDAY),
            DIFFERENT,
        ),
        (a(url=None), a(url=None, title="Fire in the old harbour", text=OTHER, at=TUESDAY), DIFFERENT),
        (a(url=None), a(url=None, title="Grain exports: council convened", at=TUESDAY), EDITED),
    ],
)
def test_a_guid_is_believed_unless_everything_else_says_otherwise(known, new, expected):
    verdict = under_same_guid(new, known)
    assert verdict.likeness is expected
    assert bool(verdict.reason) is (expected is DIFFERENT)


def test_the_address_of_a_list_is_no_identity():
    """Where no guid is stated the link stands for it: of a list of news it says nothing."""
    url = "https://mfa.example/news"
    known = a(guid=url, url=url, title="Briefing of 16 November")
    assert under_same_guid(a(guid=url, url=url, title="Fire", text=OTHER, at=TUESDAY), known).likeness is DIFFERENT
    briefing = a(guid=url, url=url, title="Briefing of 17 November", at=TUESDAY)
    assert under_same_guid(briefing, known).likeness is DIFFERENT
    assert under_same_guid(replace(briefing, guid="b"), replace(known, guid="b")).likeness is EDITED  # its own word


LONG = "The ministers agreed to convene the council in Geneva before the end of the month, they said."


@pytest.mark.parametrize(
    ("title", "text", "together", "expected"),
    [
        ("Council convened on grain exports (corrected)", LONG, False, EDITED),
        ("Council convened on grain exports (corrected)", LONG, True, DIFFERENT),  # both are shown
        ("Council convened on wheat exports", LONG, False, DIFFERENT),  # such as the next number of a bulletin
        ("Council convened on grain exports (corrected)", OTHER, False, DIFFERENT),
    ],
)
def test_of_undated_posts_with_one_guid_one_whose_title_was_added_to_is_an_edit(title, text, together, expected):
    url = "https://mfa.example/news"
    known = a(guid=f"{url} hash:{'1' * 32}", url=url, title="Council convened on grain exports", text=LONG, at=None)
    new = a(guid=f"{url} hash:{'2' * 32}", url=url, title=title, text=text, at=None)
    assert under_another_guid(new, known, together=together, shared=True).likeness is expected


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (a(text=""), a()),
        (a(text="The ministers agreed to convene the council in Geneva…"), a()),
        (a(text="The ministers agreed to convene [...]"), a()),
        (
            a(title="Council convened on grain exports", text="", url="https://mfa.example/"),
            a(title="Council convened on grain exports in Geneva"),
        ),
    ],
)
def test_showing_less_is_no_edit(less, more):
    assert under_same_guid(less, more).likeness is SAME
    assert under_same_guid(more, less).likeness is FULLER


@pytest.mark.parametrize(
    "shorter",
    [
        a(text=TEXT[:60]),
        a(text="The ministers refused to convene the council…"),
        a(title="Another title", text=""),
        a(title="Council convened on grain"),
    ],
)
def test_taking_something_back_is_an_edit(shorter):
    assert under_same_guid(shorter, a()).likeness is EDITED
    assert under_same_guid(a(), shorter).likeness is EDITED


def test_an_older_version_is_not_an_edit():
    known = replace(a(), updated_at=TUESDAY)
    older = replace(a(title="Council convened"), updated_at=MONDAY)
    assert under_same_guid(older, known).likeness is SAME
    assert under_same_guid(known, older).likeness is EDITED


# ── another guid ───────────────────────────────────────────────────────────────────────────────────────────

LIST = "https://mfa.example/news"
BBC = "https://www.bbc.example/news/uk-52699483"


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [
        # A new scheme of guids.
        (a("4711"), a("https://mfa.example/news/4711"), SAME),
        (a("4711 at https://mfa.example"), a("urn:uuid:5", url="http://www.mfa.example/news/4711/"), SAME),
        (a("http://mfa.example/news/4711"), a("https://mfa.example/news/4711", title="Council to convene"), EDITED),
        # A counter that grows with each correction.
        (a(f"{BBC}#0", url=BBC), a(f"{BBC}#1", url=BBC, at=TUESDAY), SAME),
        (a(f"{BBC}#0", url=BBC), a(f"{BBC}#5", url=BBC, title="Nothing of the kind", text=OTHER, at=TUESDAY), EDITED),
        # A new guid at every poll.
        (a("x1"), a("x2", at=TUESDAY), SAME),
        (a("x1", url=None), a("x2", url=None), SAME),
        (a("x1", url="https://s.example/a;jsessionid=1"), a("x2", url="https://s.example/a;jsessionid=2"), SAME),
        # Moved to another part of the site, or to another host.
        (
            a("r", url="https://x.example/research/model-welfare", at=None),
            a("n", url="https://x.example/news/model-welfare", at=TUESDAY),
            SAME,
        ),
        (a("r", url="https://mfa.example/news/4711"), a("n", url="https://gov.example/news/4711", at=TUESDAY), SAME),
        # The list lost the addresses of its articles.
        (
            a("l", title="Sorokin is 70. The myths about him", url="https://m.example/2025/08/07/sorokin-70"),
            a("h", title="Sorokin is 70. The", url="https://m.example/", text="", at=None),
            SAME,
        ),
        # Each of these is another post.
        (a("1"), a("2", url="https://mfa.example/news/4712", title="Fire in the harbour", text=OTHER), DIFFERENT),
        (a("1"), a("2", url="https://mfa.example/news/4712", at=TUESDAY), DIFFERENT),  # said again at another address
        (a("1", url=LIST), a("2", url=LIST, at=TUESDAY), DIFFERENT),  # the weekly bulletin in a list of news
        (a("1", url=LIST), a("2", url=LIST, title="Fire in the harbour", text=OTHER), DIFFERENT),
        (
            a("1", title="Briefing of 16 November", url="https://mfa.example/briefing-2026"),
            a("2", title="Briefing of 17 November", url="https://mfa.example/briefing-2026", at=TUESDAY),
            DIFFERENT,
        ),
        (
            a("1", url="https://x.example/2026/11/16/daily-briefing"),
            a("2", url="https://x.example/2026/11/17/daily-briefing", at=TUESDAY),
            DIFFERENT,
        ),
        (a("1", url=None, title="Alert", text=""), a("2", url=None, title="Alert", text="", at=TUESDAY), DIFFERENT),
        (a("1", url=None, title="Good morning all", text=""), a("2", title="Good morning all", at=TUESDAY), DIFFERENT),
    ],
)
def test_another_guid_of_the_same_source(known, new, expected):
    verdict = under_another_guid(new, known, together=False)
    assert verdict.likeness is expected
    assert bool(verdict.reason) is (expected is not DIFFERENT)


@pytest.mark.parametrize(
    ("known", "new", "together", "expected"),
    [
        (TEXT, f"{TEXT} The date was added.", False, EDITED),
        (TEXT, f"{TEXT} The date was added.", True, DIFFERENT),  # side by side they are two
        (TEXT, OTHER, False, DIFFERENT),  # a title that recurs
        ("Read more.", f"Read more. {TEXT}", False, DIFFERENT),  # that is said of every post
        (f"{TEXT} " * 9, f"{TEXT} " * 9 + "More.", False, DIFFERENT),  # no one knows how the older one went on
    ],
)
def test_without_guid_address_and_date_a_sentence_may_be_added(known, new, together, expected):
    one, other = a("hash:1", url=None, text=known, at=None), a("hash:2", url=None, text=new, at=None)
    one, other = replace(one, text=one.text[:600]), replace(other, text=other.text[:600])
    assert under_another_guid(other, one, together=together).likeness is expected


def test_what_is_shown_side_by_side_at_one_address_is_a_live_report():
    live = "https://n.example/live/451860"
    first = a("p1", title="Live: the minister arrives", url=live)
    second = a("p2", title="Live: the minister leaves", url=live, at=MONDAY + timedelta(hours=1))
    assert under_another_guid(second, first, together=True).likeness is DIFFERENT
    assert under_another_guid(second, first, together=False, shared=True).likeness is DIFFERENT
    assert under_another_guid(replace(first, guid="p3"), first, together=True).likeness is SAME


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://n.example/news/world-51235105", True),
        ("https://n.example/article?id=12326320", True),
        ("https://n.example/russian/articles/c803754myx1o", True),
        ("https://n.example/2026/council-convenes-on-grain", True),
        ("https://n.example/news", False),
        ("https://n.example/news-and-communications", False),
        ("https://n.example/press-releases/", False),
        ("https://n.example/", False),
        (None, False),
    ],
)
def test_addresses_of_articles(url, expected):
    assert names_article(url) is expected


def test_what_is_corrected_was_published_when_it_was_published():
    corrected = make.post(stated_at=TUESDAY)
    dated = as_edit(corrected, known=a())
    assert (dated.stated_at, dated.updated_at) == (MONDAY, TUESDAY)
    assert as_edit(replace(corrected, stated_at=None), known=a()).stated_at is None
    earlier = replace(corrected, stated_at=MONDAY - timedelta(days=1))
    assert as_edit(earlier, known=a()) == earlier


def test_posts_are_looked_for_by_the_first_words_of_the_title():
    assert lead_key("Sorokin is 70.") == lead_key("SOROKIN — is «70»") is not None
    assert lead_key("Sorokin is 70. The myths") != lead_key("Sorokin is 70. His myths")
    assert lead_key("Sorokin is 70. The myths") == lead_key("Sorokin is 70. The truth")
    assert lead_key("Daily briefing") is None
    assert lead_key("外交部发言人答记者问") == lead_key("外交部发言")


words = st.sampled_from(["council", "grain", "fire", "harbour", "16", "17", "live", "…", ""])
traces = st.builds(
    a,
    guid=st.sampled_from(["1", "2", "https://n.example/news/4711#1", "https://n.example/news"]),
    title=st.lists(words, max_size=5).map(" ".join),
    url=st.none()
    | st.sampled_from(
        [LIST, BBC, "https://n.example/", "https://n.example/a/grain-fire", "https://n.example/b/grain-fire"]
    ),
    text=st.lists(words, max_size=15).map(" ".join),
    at=st.none() | st.sampled_from([MONDAY, TUESDAY]),
)


@given(traces, traces)
def test_a_post_is_itself_and_likeness_has_two_sides(first, second):
    assert under_same_guid(first, first).likeness is SAME
    one = under_another_guid(first, second, together=False).likeness is DIFFERENT
    other = under_another_guid(second, first, together=False).likeness is DIFFERENT
    assert one is other


def test_a_trace_keeps_the_beginning():
    long = make.post(text="word " * 1000)
    assert (len(trace(long).text), trace(long).length) == (600, 5000)
