import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.matching import Evaluator, evidence_for
from monitor.core.model import Authority, Evidence, Facet, Field, Match, Source, Tag, Watch
from monitor.core.percolator import Percolator
from monitor.core.query import FIELDS, LONGEST_QUERY, MOST_TERMS
from monitor.core.query.grammar import DEEPEST_QUERY
from monitor.core.subject import subject_of
from monitor.core.text import hashtag_field
from monitor.core.watches import QueryError, WatchSet, parse
from tests.core.test_tagging import post

PAGE = (Path(__file__).parents[2] / "docs" / "watches.md").read_text(encoding="utf-8")
SOURCE = Source(
    slug="mfa-kz",
    title="Ministry",
    kind="telegram",
    url="https://t.me/s/mfa",
    authority=Authority.PRIMARY,
    country="KZ",
)
TAGS = (
    Tag(
        facet=Facet.ORGANISATION,
        slug="united-nations",
        main=True,
        weight=1.0,
        evidence=(Evidence(field=Field.TEXT, offset=0, words="ООН", rule="acronym"),),
    ),
    Tag(
        facet=Facet.ISSUER,
        slug="kz",
        main=True,
        weight=1.0,
        evidence=(Evidence(field=Field.SOURCE, offset=0, words="Ministry", rule="issuer"),),
    ),
)


def rows(columns: int) -> list[tuple[str, ...]]:
    """The rows of the documentation's tables of so many columns whose first cell is a query."""
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]
    return [
        (row[0].strip().strip("`").replace("\\|", "|"), *(cell.strip() for cell in row[1:]))
        for row in cells
        if len(row) == columns
    ]


def matches(query: str, title: str = "", text: str = "", **more: object) -> tuple[Match, ...]:
    watch = Watch(slug="w", title="W", query=query)
    return WatchSet([watch]).matches(post(title=title, text=text, **more), SOURCE, TAGS)


def words_found(query: str, title: str = "", text: str = "", **more: object) -> list[str] | None:
    found = matches(query, title, text, **more)
    return [each.words for each in found[0].evidence] if found else None


EXAMPLES = [row for row in rows(3) if not row[0].endswith(":")]


def test_the_documentation_has_examples() -> None:
    assert len(EXAMPLES) >= 25
    assert len(rows(2)) > 12


@pytest.mark.parametrize(("query", "found", "missed"), EXAMPLES)
def test_documented_queries(query: str, found: str, missed: str) -> None:
    assert words_found(query, text=found)
    assert words_found(query, text=missed) is None


def test_every_field_is_documented_with_an_example_that_can_be_read() -> None:
    documented = {row[0]: row[2].strip("`") for row in rows(3) if row[0].endswith(":")}
    assert set(documented) == {f"{field}:" for field in FIELDS}
    for field, example in documented.items():
        assert example.startswith(field)
        assert parse(example).root


@pytest.mark.parametrize(("query", "told"), rows(2))
def test_documented_refusals(query: str, told: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse(query)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ("grain orgs:nato", 6),
        ("grain deal)", 10),
        ('grain "deal', 6),
        ("grain AND", 9),
        ("", 0),
        ("   ", 0),
        ("()", 1),
        ("grain - deal", 6),
        ("grain =", 6),
        ("title:", 6),
        ("grain NEAR deal", 6),
        ("grain NEAR/3 deal ONEAR/3 x", 6),
        ("title:(grain org:nato)", 13),
        ("grain /(/", 7),
        ("deal^2", 0),
        ("NOT NOT grain", 4),
        ("=nat*", 0),
        ("author:=Ivanova", 7),
    ],
)
def test_refusals_say_where(query: str, position: int) -> None:
    with pytest.raises(QueryError) as refusal:
        parse(query)
    assert refusal.value.position == position
    assert f"at character {position + 1}" in str(refusal.value)


def test_a_refusal_crosses_process_borders() -> None:
    with pytest.raises(QueryError) as refusal:
        parse("orgs:nato")
    copy = pickle.loads(pickle.dumps(refusal.value))
    assert (str(copy), copy.position, copy.suggestion) == (str(refusal.value), 0, "did you mean org:")


@pytest.mark.parametrize(
    "query",
    [
        "x" * 1_000_000,
        "(" * 9_999,
        "(" * (DEEPEST_QUERY + 1) + "a" + ")" * (DEEPEST_QUERY + 1),
        "a " * (MOST_TERMS + 1),
        "NOT " * 2_000 + "a",
        "-" * 5_000,
        '"' + "a " * 4_000 + '"',
        "a*" * 4_000,
        "(a OR " * 100 + "b" + ")" * 100,
        "a" * LONGEST_QUERY + "b",
    ],
    ids=lambda query: f"{query[:8]}…{len(query)}",
)
def test_monstrous_queries_are_refused(query: str) -> None:
    with pytest.raises(QueryError):
        parse(query)


def test_the_largest_queries_allowed_are_read() -> None:
    assert parse("(" * DEEPEST_QUERY + "a" + ")" * DEEPEST_QUERY).root
    assert parse(" OR ".join(f"word{number}" for number in range(MOST_TERMS))).root


def test_nested_stars_do_not_block() -> None:
    assert words_found("*ab*ab*ab", text="ab" * 50_000 + "c") is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("org:united-nations", ["ООН"]),
        ("org:UNITED-NATIONS", ["ООН"]),
        ("org:united-*", ["ООН"]),
        ("org:nato", None),
        ("region:united-nations", None),
        ("issuer:kz", ["Ministry"]),
        ("country:kz", None),
        ("source:mfa-kz", ["mfa-kz"]),
        ("source:mfa-*", ["mfa-kz"]),
        ("source:mfa", None),
        ("kind:telegram", ["telegram"]),
        ("authority:primary", ["primary"]),
        ("authority:press", None),
        ("lang:ru", ["ru"]),
        ("lang:en", None),
        ("author:ИВАНОВА", ["Мария Иванова"]),
        ('author:"мария иванова"', ["Мария Иванова"]),
        ("author:иван", None),
        ("title:саммит", ["Саммит"]),
        ("text:саммит", None),
        ("text:оон title:саммит", ["Саммит", "ООН"]),
        ("саммит -lang:en", ["Саммит"]),
        ("саммит -lang:ru", None),
    ],
)
def test_fields(query: str, found: list[str] | None) -> None:
    assert words_found(query, "Саммит в Астане", "ООН и Ё", language="ru", author="Мария Иванова") == found


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("sco*", "对SCOs的制裁", ["SCOs"]),
        ("*stan", "对Kazakhstan的", ["Kazakhstan"]),
        ("制裁*", "制裁措施制裁", ["制裁", "制裁"]),
        ("ka*an", "Kazan, Kazakhstan, kzan", ["Kazan", "Kazakhstan"]),
        ("*ab*ab", "abab ab xaab", ["abab"]),
        ('"grain *"', "grain deal", None),
        ("grain", "ungrain grain grainy", ["grain"]),
    ],
)
def test_wildcards_end_with_their_word(query: str, text: str, found: list[str] | None) -> None:
    if found is None:
        with pytest.raises(QueryError):
            parse(query)
    else:
        assert words_found(query, text=text) == found


def test_evidence_is_every_place_in_order_and_once() -> None:
    (match,) = matches("оон OR =ООН OR сове*", "ООН: совет", "Совещание. ООН\n\nоон")
    assert [(each.field, each.offset, each.words, each.rule) for each in match.evidence] == [
        (Field.TITLE, 0, "ООН", "phrase"),
        (Field.TITLE, 5, "совет", "phrase"),
        (Field.TEXT, 0, "Совещание", "phrase"),
        (Field.TEXT, 11, "ООН", "phrase"),
        (Field.TEXT, 16, "оон", "phrase"),
    ]


def test_phrases_end_with_their_paragraph_and_field() -> None:
    assert words_found('"grain deal"', text="grain\ndeal") == ["grain\ndeal"]
    assert words_found('"grain deal"', text="grain\n\ndeal") is None
    assert words_found('"grain deal"', title="grain", text="deal") is None


def test_a_hashtag_in_the_text_is_not_counted_again_in_the_list() -> None:
    (match,) = matches("#grain", text="On #Grain", hashtags=("Grain",))
    assert [each.field for each in match.evidence] == [Field.TEXT]
    (match,) = matches("grain", text="On wheat", hashtags=("Wheat", "Grain"))
    assert match.evidence == (Evidence(field=Field.HASHTAG, offset=8, words="Grain", rule="phrase"),)


def test_paused_watches_are_left_out_and_the_others_come_by_slug() -> None:
    watches = WatchSet(
        [
            Watch(slug="b", title="", query="grain"),
            Watch(slug="a", title="", query="grain"),
            Watch(slug="c", title="", query="grain", paused=True),
        ]
    )
    assert [match.watch for match in watches.matches(post(text="grain"), SOURCE, ())] == ["a", "b"]


def test_a_watch_that_cannot_be_read_is_named() -> None:
    with pytest.raises(QueryError, match="watch 'broken': a parenthesis is never closed"):
        WatchSet([Watch(slug="broken", title="", query="(grain")])


@pytest.mark.parametrize("letters", ["ㄅㄆㄇ", "ㄅ grain", "x ㆠ.", "grain制ㄅ裁deal"])
def test_letters_of_scripts_that_are_half_one_thing_and_half_another_stop_nothing(letters: str) -> None:
    watches = [Watch(slug=f"w{at}", title="", query=f"word{at} OR grain") for at in range(400)]
    found = WatchSet(watches).matches(post(text=f"The grain deal {letters}"), SOURCE, ())
    assert len(found) == 400


def test_no_watches_match_nothing() -> None:
    assert WatchSet([]).matches(post(text="grain"), SOURCE, TAGS) == ()


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = [
    "grain",
    "GRAIN",
    "deal",
    "grain-deal",
    "сделка",
    "Ёлка",
    "елка",
    "制裁",
    "对sco的",
    "stan",
    "Kazakhstan",
    "ﬁn",
    "e\u0301",
    "#deal",
    "a",
    "deals",
    "сделкам",
    "对",
    "#grain_deal",
    "ㄅ",
    "grainㄅ",
]
TERMS = st.sampled_from(
    [
        "grain",
        "deal",
        '"grain deal"',
        "gra*",
        "*al",
        "g?ain",
        "елка",
        "制裁",
        "sco",
        "fin",
        "é",
        "#deal",
        "=GRAIN",
        "сделк*",
        "org:united-nations",
        "org:u*",
        "issuer:kz",
        "lang:ru",
        "source:mfa-*",
        "author:deal",
        "title:grain",
        "text:deal",
        "a",
        "сделки",
        "deals",
        "'deal'",
        "DEAL",
        "對",
        "grain NEAR/1 deal",
        "(deal OR сделка) ONEAR/2 grain",
        "'grain deal'~2",
        "grain SENTENCE сделкам",
        "/gr\\w+n/",
        "/\\bdeal\\b/",
        "title:(grain OR deals)",
        "has:hashtag",
        "after:7d",
    ]
)
QUERIES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} -{parts[1]})"),
    ),
    max_leaves=8,
)
TEXTS = st.lists(
    st.one_of(st.sampled_from([*WORDS, " ", " ", "\n\n", ". ", "-"]), st.text(max_size=3)), max_size=15
).map("".join)
POSTS = st.builds(
    lambda title, text, hashtags, language: post(title=title, text=text, hashtags=tuple(hashtags), language=language),
    title=TEXTS,
    text=TEXTS,
    hashtags=st.lists(st.sampled_from(["deal", "Grain", "制裁"]), max_size=2),
    language=st.sampled_from([None, "ru", "en"]),
)


@given(queries=st.lists(QUERIES, max_size=6), post=POSTS, tags=st.sampled_from([(), TAGS]))
def test_the_index_and_the_evaluator_agree(queries: list[str], post, tags) -> None:
    watches = [Watch(slug=f"w{number}", title="", query=query) for number, query in enumerate(queries)]
    subject = subject_of(post, SOURCE, tags)
    one_by_one = {
        watch.slug: evidence for watch in watches if (evidence := evidence_for(parse(watch.query), subject)) is not None
    }
    for few in (0, 1_000):
        found = WatchSet(watches, few=few).matches(post, SOURCE, tags)
        assert {match.watch: match.evidence for match in found} == one_by_one


@given(queries=st.lists(QUERIES, min_size=1, max_size=6), posts=st.lists(POSTS, min_size=1, max_size=5))
def test_whatever_posts_came_before_none_that_matches_is_left_out(queries: list[str], posts) -> None:
    evaluators = [Evaluator(parse(query)) for query in queries]
    percolator = Percolator([parse(query).root for query in queries], few=0, arranged_after=(1, 2, 3))
    for each in posts:
        subject = subject_of(each, SOURCE, TAGS)
        matching = {at for at, it in enumerate(evaluators) if it.evidence(subject) is not None}
        assert matching <= set(percolator.candidates(subject))


@given(query=QUERIES, others=st.lists(QUERIES, max_size=5), post=POSTS)
def test_other_watches_change_nothing(query: str, others: list[str], post) -> None:
    watch = Watch(slug="it", title="", query=query)
    more = [Watch(slug=f"w{number}", title="", query=other) for number, other in enumerate(others)]
    alone = WatchSet([watch]).matches(post, SOURCE, TAGS)
    together = WatchSet([*more, watch]).matches(post, SOURCE, TAGS)
    assert [match for match in together if match.watch == "it"] == list(alone)


@given(query=QUERIES, post=POSTS)
def test_evidence_points_at_its_words(query: str, post) -> None:
    fields = {Field.TITLE: post.title, Field.TEXT: post.text, Field.HASHTAG: hashtag_field(post.hashtags)}
    for match in WatchSet([Watch(slug="w", title="", query=query)]).matches(post, SOURCE, ()):
        assert match.evidence
        for each in match.evidence:
            if each.field is not Field.SOURCE:
                assert fields[each.field][each.offset : each.offset + len(each.words)] == each.words != ""


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused_with_a_place(query: str) -> None:
    try:
        parse(query)
    except QueryError as refusal:
        assert 0 <= refusal.position <= max(len(query), 1)


# ── facets of the operator's own ───────────────────────────────────────────────────────────────────────────


def test_a_facet_of_ones_own_stands_before_a_colon_where_there_is_one() -> None:
    assert parse("topic:grain", facets=["topic"]).root == parse("TOPIC:Grain", facets=None).root
    for query in ("topic:grain", "corn topic:grain", "NOT (topic:grain) corn"):
        with pytest.raises(QueryError, match="there is no field 'topic'") as refusal:
            parse(query, facets=["topics"])
        assert (refusal.value.position, refusal.value.suggestion) == (query.index("topic"), "did you mean topics:")
    with pytest.raises(QueryError, match="there is no field 'https'"):
        parse("https://example.org/", facets=None)


def test_watches_find_tags_of_ones_own_and_those_of_a_facet_that_went_away_harm_nobody() -> None:
    tags = (Tag(facet=Facet("topic"), slug="grain", main=True, weight=1.0, evidence=TAGS[0].evidence),)
    watches = WatchSet(
        [Watch(slug=query, title="", query=query) for query in ("topic:grain", "topic:gr*", "gone:grain")]
    )
    assert [match.watch for match in watches.matches(post(text="x"), SOURCE, tags)] == ["topic:gr*", "topic:grain"]
