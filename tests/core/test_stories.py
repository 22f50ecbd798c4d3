"""Where posts go, told by cases; and that neither the order of arrival nor a chain of small steps matters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.likeness import likeness
from monitor.core.model import Authority
from monitor.core.stories import (
    Member,
    Relation,
    Role,
    Rules,
    Standing,
    Telling,
    issued_by,
    link_key,
    moment,
    roles,
    settle,
)
from tests.make import NOW, digest_of, hours


class Everything:
    """A board that finds for each post all the others."""

    def __init__(self) -> None:
        self.posts: dict[int, Telling] = {}
        self.standings: dict[int, Standing] = {}

    def standing(self, id_: int) -> Standing | None:
        return self.standings.get(id_)

    def stand(self, told: Telling, standing: Standing) -> None:
        self.standings[told.id] = standing

    def near(self, told: Telling) -> Collection[Telling]:
        return [other for other in self.posts.values() if other.id != told.id]

    def speakers(self, told: Telling) -> Collection[Telling]:
        return [other for other in self.near(told) if (s := self.standing(other.id)) is not None and s.speaks]

    def shared_links(self, told: Telling) -> bool:
        holders = [other.source_id for other in self.posts.values() if other.url_key == told.url_key]
        return told.url_key is not None and len(holders) != len(set(holders))

    def arrive(self, *batch: Telling, rules: Rules | None = None) -> None:
        shared = {p.id for p in self.posts.values() if self.shared_links(p)}
        self.posts |= {told.id: told for told in batch}
        unshared = [p for p in self.posts.values() if p.id not in shared and self.shared_links(p)]
        settle([*batch, *unshared], self, rules or Rules())

    def stories(self) -> set[frozenset[int]]:
        """Which posts share a story."""
        together: defaultdict[int, set[int]] = defaultdict(set)
        for id_, standing in self.standings.items():
            together[standing.root].add(id_)
        return {frozenset(members) for members in together.values()}


def key(text: str | None) -> bytes | None:
    return digest_of(text, 8) if text is not None else None


def told(id_: int, text: str, **given_: object) -> Telling:
    default = {"source_id": id_, "at": NOW, "mark": digest_of(str(id_), 8), "text": text}
    return Telling(id=id_, **(default | given_))  # type: ignore[arg-type]


def together(*posts: Telling) -> Everything:
    board = Everything()
    board.arrive(*posts)
    return board


STATEMENT = (
    "The Ministry of Foreign Affairs expresses deep concern over the shelling of the border crossing this morning. "
    "According to preliminary information two drivers were wounded and several lorries burnt. We call on the parties "
    "to respect the agreement reached in Geneva and to let the joint commission visit the place without delay."
)
TEASER = " ".join(STATEMENT.split()[:20]) + "… Read in full"
BRIEFING = "Press briefing No. {} of the spokesperson begins at three in the main hall today at noon"
FORM_ZH = "【预告】11月4日，外交部长卡里莫夫将与{}外长举行会谈。双方将就双边合作交换意见。"
FORM = "#Announcement On {day} Foreign Minister A. Karimov will hold talks with the Foreign Minister of {country}."


# ── when a post was published ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (None, NOW),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
        (NOW + timedelta(hours=1), NOW),
        (datetime.max.replace(tzinfo=UTC), NOW),
    ],
)
def test_a_post_was_published_when_it_says_but_never_after_we_saw_it(
    stated: datetime | None, expected: datetime
) -> None:
    assert moment(stated, NOW) == expected


# ── links as evidence ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://mfa.example",
        "https://mfa.example/",
        "https://mfa.example/#!/x",
        "https://t.me/mfa",
        "https://t.me/s/mfa",
        "https://telegram.me/mfa/",
    ],
)
def test_a_front_page_is_no_evidence(url: str | None) -> None:
    assert link_key(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://mfa.example/en",
        "https://mfa.example/?p=7",
        "https://t.me/mfa/7",
        "https://t.me/c/1/2",
        "urn:isbn:1",
        "é",
    ],
)
def test_any_other_link_is_evidence(url: str) -> None:
    found = link_key(url)
    assert found is not None
    assert len(found) == 8
    assert found == link_key(url)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, max_size=20))
def test_different_links_have_different_keys(paths: list[str]) -> None:
    keys = [link_key("https://a.example/?q=" + path.encode().hex()) for path in paths]
    assert len(set(keys)) == len(paths)


# ── placing ────────────────────────────────────────────────────────────────────────────────────────────────

CASES: dict[str, tuple[Telling, Relation | None]] = {
    "a forward with the same words": (told(2, STATEMENT, forward_key=key("a")), Relation.FORWARD),
    "a forward with a comment": (told(2, "Well said!", forward_key=key("a")), Relation.FORWARD),
    "the same words": (told(2, "Forwarded from MFA\n" + STATEMENT + "\n\nSubscribe: @mfa"), Relation.REPOST),
    "another headline": (told(2, "Kyiv speaks of shelling at a crossing\n" + STATEMENT), Relation.EDITED_COPY),
    "a teaser": (told(2, TEASER), Relation.TEASER),
    "a report that has it all": (told(2, STATEMENT + " Observers note" + " of another kind" * 30), None),
    "another page behind the same link": (told(2, "Shelling at the border", url_key=key("a")), Relation.SAME_LINK),
    "the same link in the same source": (told(2, "Shelling", url_key=key("a"), source_id=1), None),
    "other words": (told(2, "The minister will visit three countries of the region in May."), None),
    "the same words two months later": (told(2, STATEMENT, at=NOW + timedelta(days=60)), None),
}


@pytest.mark.parametrize(("other", "expected"), CASES.values(), ids=CASES.keys())
def test_what_a_post_is_to_another(other: Telling, expected: Relation | None) -> None:
    board = together(told(1, STATEMENT, url_key=key("a")), other)
    roots = {standing.root for standing in board.standings.values()}
    if expected is None and len(roots) == 2:
        assert all(standing.relation is Relation.FIRST for standing in board.standings.values())
        return
    assert len(roots) == 1
    by_relation = {standing.relation: standing for standing in board.standings.values()}
    if expected is not None:
        assert expected in by_relation
        assert by_relation[expected].reason
    assert by_relation[Relation.FIRST].reason == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FORM.format(day="June 6", country="Jordan"), FORM.format(day="June 6", country="Iran")),
        (FORM.format(day="June 6", country="Jordan"), FORM.format(day="June 7", country="Jordan")),
        (BRIEFING.format(12), BRIEFING.format(13)),
        (FORM_ZH.format("巴西"), FORM_ZH.format("伊朗")),
    ],
)
def test_a_form_filled_in_differently_is_another_statement(one: str, other: str) -> None:
    assert len(together(told(1, one), told(2, other)).stories()) == 2
    assert len(together(told(1, one), told(2, "Forwarded from MFA\n" + one)).stories()) == 1


def test_few_words_are_one_story_only_where_they_are_the_same_and_near_in_time() -> None:
    greeting = "Good morning, dear subscribers of ours!"
    near, far = told(2, greeting, at=NOW + hours(20)), told(3, greeting, at=NOW + timedelta(days=9))
    assert together(told(1, greeting), near, far).stories() == {frozenset({1, 2}), frozenset({3})}
    assert len(together(told(1, greeting), told(2, "Good morning, dear friends of ours!")).stories()) == 2


def test_a_link_that_one_source_repeats_folds_nothing_whenever_that_is_seen() -> None:
    section = {"url_key": key("section")}
    one, two = told(1, "First of the reports", **section), told(2, "Second of the reports", **section)
    again = told(3, "Third of the reports", **section, source_id=2)
    board = together(one, two)
    assert len(board.stories()) == 1
    board.arrive(again)
    assert len(board.stories()) == 3


def test_the_fullest_text_stands_for_the_story_the_earliest_of_equally_full_ones() -> None:
    later = told(2, STATEMENT, at=NOW + hours(1))
    board = together(told(1, TEASER), later)
    assert board.standings[1].root == 2
    board.arrive(told(3, STATEMENT, at=NOW + hours(0.5)))
    assert {standing.root for standing in board.standings.values()} == {3}


def test_what_a_person_decided_stays() -> None:
    """Two copies are kept apart, two statements together; what is like either goes to either."""
    apart = told(2, STATEMENT, put_to=2)
    board = together(told(1, STATEMENT, put_to=1), apart, told(3, "Of something else entirely", put_to=1))
    assert board.stories() == {frozenset({1, 3}), frozenset({2})}
    assert board.standings[3].relation is Relation.BY_HAND
    board.arrive(told(4, "Of something else entirely"))
    assert board.standings[4].root == 1


ORIGINAL = "Заявление министерства о сроках переговоров: они начнутся 14 мая в 9:30, продлятся 3 дня и пройдут в Вене."
ENGLISH = "Statement of the ministry on the talks: they begin on 14 May at 9:30, last 3 days and take place in Vienna."


def page(language: str, path: str = "news/4711") -> dict[str, object]:
    return {"language": language, "url": f"https://mfa.example/{language}/{path}"}


@pytest.mark.parametrize(
    ("english", "told_together"),
    [
        (told(2, ENGLISH, **page("en")), True),
        (told(2, ENGLISH, **page("en"), at=NOW + timedelta(days=3)), False),
        (told(2, ENGLISH, **page("en", "news/4712")), False),
        (told(2, ENGLISH.replace("14", "15").replace("3 days", "4 days"), **page("en")), False),
        (told(2, ENGLISH, **(page("en") | {"language": "ru"})), False),
    ],
)
def test_a_translation_is_known_by_its_page_numbers_and_time(english: Telling, told_together: bool) -> None:
    board = together(told(1, ORIGINAL, **page("ru")), english, told(3, "RT @x: " + ENGLISH))
    assert (len(board.stories()) == 1) == told_together
    if told_together:  # and copies of the translation belong to the story too
        assert {standing.relation for standing in board.standings.values()} >= {Relation.TRANSLATION, Relation.REPOST}


# ── laws ───────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmnrs"]


@st.composite
def tellings(draw: st.DrawFn) -> list[Telling]:
    """Posts of several statements: whole, cut, with words changed, dropped or put before; some by link or forward."""
    posts: list[Telling] = []
    for statement in range(draw(st.integers(1, 3))):
        words = draw(st.permutations(WORDS))[: draw(st.integers(8, 60))]
        for _ in range(draw(st.integers(1, 4))):
            start = draw(st.integers(0, len(words) // 3))
            end = draw(st.integers(start + 1, len(words)))
            said = [*draw(st.lists(st.sampled_from(WORDS), max_size=12)), *words[start:end]]
            if draw(st.booleans()):
                said[draw(st.integers(0, len(said) - 1))] = draw(st.sampled_from(["Iran", "Iraq", "17", "typo"]))
            number = len(posts) + 1
            posts.append(
                told(
                    number,
                    " ".join(said),
                    source_id=draw(st.integers(1, 3)),
                    at=NOW + timedelta(days=draw(st.sampled_from([0, 0, 1, 29, 31]))),
                    url_key=key(draw(st.none() | st.sampled_from(["a", f"own {number}"]))),
                    forward_key=key(draw(st.none() | st.none() | st.sampled_from(["a", f"own {statement}"]))),
                )
            )
    return posts


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_neither_the_order_of_arrival_nor_the_batches_make_a_difference(data: st.DataObject) -> None:
    posts = data.draw(tellings())
    at_once, one_by_one, reversed_ = Everything(), Everything(), Everything()
    at_once.arrive(*posts)
    for each in data.draw(st.permutations(posts)):
        one_by_one.arrive(each)
    for each in reversed(posts):
        reversed_.arrive(each)
    assert at_once.stories() == one_by_one.stories() == reversed_.stories()
    assert at_once.standings == one_by_one.standings == reversed_.standings


@settings(max_examples=60, deadline=None)
@given(tellings())
def test_no_story_drifts(posts: list[Telling]) -> None:
    """Each post is like one that speaks for the story, and that one is its representative or joined by no words."""
    board = together(*posts)
    for id_, standing in board.standings.items():
        if standing.of is None:
            assert (standing.root, standing.speaks) == (id_, True)
            continue
        through = board.standings[standing.of]
        assert through.speaks
        assert through.root == standing.root
        if standing.relation in {Relation.REPOST, Relation.EDITED_COPY, Relation.TEASER, Relation.FULL_TEXT}:
            assert likeness(board.posts[id_].words, board.posts[standing.of].words) is not None
            assert through.relation in {Relation.FIRST, Relation.FORWARD, Relation.ORIGINAL, Relation.SAME_LINK}


def test_a_row_of_small_steps_leads_nowhere() -> None:
    """Twenty versions, each near the one before: the last is in no story with the first."""
    words = (WORDS * 3)[:160]
    versions = [
        " ".join(f"{word}{n}" if 8 * n > place else word for place, word in enumerate(words)) for n in range(20)
    ]
    board = together(*(told(n + 1, text) for n, text in enumerate(versions)))
    assert board.standings[1].root != board.standings[20].root
    for standing in board.standings.values():
        assert standing.of in {None, standing.root}


# ── as a person sees it ────────────────────────────────────────────────────────────────────────────────────


def member(id_: int, **given_: object) -> Member:
    default = {
        "source_slug": f"s{id_}",
        "source_title": f"Source {id_}",
        "authority": Authority.PRIMARY,
        "issuer": f"body {id_}",
        "url": None,
        "title": "Statement",
        "language": "en",
        "at": NOW + hours(id_),
        "relation": Relation.REPOST if id_ > 1 else Relation.FIRST,
        "reason": "",
        "of": 1 if id_ > 1 else None,
    }
    return Member(post_id=id_, **(default | given_))  # type: ignore[arg-type]


def issuers(members: Sequence[Member]) -> list[str]:
    return [each.issuer for each in issued_by(members)]


def test_a_joint_statement_is_issued_by_several_bodies_near_in_time() -> None:
    three = [member(1), member(2), member(3, relation=Relation.EDITED_COPY)]
    assert issuers(three) == ["body 1", "body 2", "body 3"]
    assert set(roles(three).values()) == {Role.JOINT}
    assert issuers(three[:1]) == []
    assert issuers([member(1), member(2, issuer="body 1")]) == []  # an embassy of the same ministry
    assert issuers([member(1), member(2, relation=Relation.FORWARD)]) == []
    assert issuers([member(1), member(2, authority=Authority.PRESS)]) == []
    assert issuers([member(1), member(2, at=NOW + hours(40))]) == []


def test_roles_are_told_from_whoever_said_it_first() -> None:
    agency = {"authority": Authority.PRESS}
    assert roles([]) == {}
    assert roles([member(1), member(2, **agency)]) == {1: Role.FIRST, 2: Role.REPORT}
    assert roles([member(1, **agency), member(2, **agency)]) == {1: Role.FIRST, 2: Role.REPOST}
    assert roles([member(1), member(2, relation=Relation.FORWARD, **agency)])[2] is Role.FORWARD
    assert roles([member(1), member(2, relation=Relation.TRANSLATION)])[2] is Role.TRANSLATION
    teased = [member(1, relation=Relation.TEASER, of=2), member(2, relation=Relation.FIRST, of=None)]
    assert roles(teased) == {1: Role.FIRST, 2: Role.FULL_TEXT}
    assert roles([replace(each, authority=Authority.STATE_AGENCY) for each in teased])[2] is Role.FULL_TEXT
