"""Tags on the command line: explained, said by persons, done again; taxonomies checked, counted and compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Monitor

TEXT = "The OSCE on the grain deal. Nothing of Astana."
TOPICS = (
    "facet: topic\nnames: {en: [Topics]}\nentries:\n- {slug: grain, names: {en: [grain deal], ru: [зерновая сделка]}}\n"
)


def _name(tag: dict[str, str]) -> tuple[str, str]:
    return tag["facet"], tag["slug"]


@pytest.fixture
def topical(polled: Monitor) -> Monitor:
    """Posts that were polled before there was the facet `topic`."""
    polled.file("facets").mkdir()
    polled.file("facets/topics.yaml").write_text(TOPICS)
    return polled


def test_the_text_is_shown_with_its_evidence(topical: Monitor) -> None:
    said = topical("tag", TEXT, "--explain", "--language", "en").out
    assert "The »OSCE«[1] on the »grain deal«[2]. Nothing of »Astana«[3]." in said
    assert "topic:grain" in said
    assert any(
        line.split() == ["2", "grain", "deal", "text", "16", "name", "topic:grain"] for line in said.splitlines()
    )
    assert any(line.split()[:2] == ["region:central-asia", "mention"] for line in said.splitlines())
    assert any(line.split()[3:] == ["39", "member", "region:central-asia"] for line in said.splitlines())
    document = topical("tag", TEXT, "--explain", "--json").json
    fields = {"text": document["text"], "title": document["title"], "hashtag": document["hashtags"]}
    for place in document["places"]:
        assert fields[place["field"]].startswith(place["words"], place["offset"])
    (astana,) = (place for place in document["places"] if place["words"] == "Astana")
    assert [(tag["tag"], tag["rule"]) for tag in astana["tags"]] == [
        ("country:kz", "city"),
        ("region:central-asia", "member"),
    ]
    assert topical("tag", "Nothing", "--explain").out.endswith("no tags\n")


@pytest.mark.parametrize(
    ("language", "code", "said"),
    [("klingon", 2, "expected one such as en or zh"), ("", 2, "is not a language code"), ("zh-Hant", 0, "")],
)
def test_a_language_is_a_code(monitor: Monitor, language: str, code: int, said: str) -> None:
    ended = monitor("tag", "x", "--language", language)
    assert (ended.code, said in ended.err) == (code, True)
    assert code != 0 or "language: zh\n" in ended.out


def test_a_source_brings_its_issuer_and_default_tags(topical: Monitor) -> None:
    file = topical.file("sources.yaml")
    file.write_text(file.read_text().replace("country: KZ", "country: KZ, default_tags: [region:central-asia]"))
    tags = {f"{t['facet']}:{t['slug']}": t for t in topical("tag", "x", "--source", "mfa", "--json").json["tags"]}
    assert set(tags) == {"issuer:kz", "region:central-asia"}
    assert tags["region:central-asia"]["evidence"][0]["rule"] == "source default"
    assert topical("tag", "x", "--source", "mfaa").code == 4
    assert topical("tag", "--post", "1", "--source", "mfa").code == 2


def test_what_a_person_says_of_a_post_stays(topical: Monitor) -> None:
    (post_id,) = (p["id"] for p in topical("posts", "list", "--tag", "org:osce", "--source", "mfa", "--json").json)
    said = topical("posts", "tag", str(post_id), "--add", "topic:grain", "--remove", "org:OSCE", "--by", "Anna K.")
    assert said.code == 0
    assert "“Anna K.” (person, source)" in said.out
    for _ in range(2):
        tags = topical("posts", "show", str(post_id), "--json").json["tags"]
        assert "organisation:osce" not in {f"{tag['facet']}:{tag['slug']}" for tag in tags}
        assert [t["evidence"][0]["words"] for t in tags if t["slug"] == "grain"] == ["Anna K."]
        assert topical("retag", "--all").code == 0
    shown = topical("posts", "show", str(post_id)).out
    assert any(line.split()[:2] == ["org:osce", "removed"] and line.endswith("Anna K.") for line in shown.splitlines())
    anew, kept = (
        topical(*asked, str(post_id), "--json").json["tags"] for asked in (("tag", "--post"), ("posts", "tag"))
    )
    assert sorted(anew, key=_name) == sorted(kept, key=_name)
    back = topical("posts", "tag", str(post_id), "--forget", "org:osce", "--json").json
    assert [(one["facet"], one["slug"], one["wanted"], one["by"]) for one in back["said"]] == [
        ("topic", "grain", True, "Anna K.")
    ]
    assert "osce" in {tag["slug"] for tag in back["tags"]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["1", "--add", "nato"], 2, "expected FACET:SLUG"),
        (["1", "--add", "topik:grain"], 2, "did you mean topic:?"),
        (["1", "--add", "topic:grian"], 4, "did you mean 'grain'?"),
        (["1", "--add", "org:osce", "--remove", "organisation:osce"], 2, "org:osce is named twice"),
        (["1", "--forget", "org:osce"], 2, "of this post was said: nothing"),
        (["1", "--add", "org:osce", "--by", "a\nb\x1b"], 2, "is not a name"),
        (["999999", "--add", "org:osce"], 4, "there is no post 999999"),
    ],
)
def test_what_cannot_be_said(topical: Monitor, arguments: list[str], code: int, said: str) -> None:
    ended = topical("posts", "tag", *arguments)
    assert (ended.code, said in ended.err) == (code, True), ended


def test_stored_posts_are_tagged_anew_and_it_says_what_changed(topical: Monitor) -> None:
    tried = topical("retag", "--dry-run", "--json").json
    assert (tried["posts"], tried["changed"], tried["left"]) == (6, 4, 6)
    assert tried["tags"] == [{"tag": "topic:grain", "gained": 4, "lost": 0}]
    assert topical("posts", "list", "--tag", "topic:grain").out == "no post is like that\n"
    assert topical("status", "--json").json["tagging"] is None
    part = topical("retag", "--source", "mfa")
    assert "3 posts tagged anew, 2 changed" in part.out
    assert "3 posts outside of what was asked for" in part.out
    assert "3 posts to be tagged anew" in topical("status").out
    assert topical("retag", "--json").json["posts"] == 3
    assert "tagged by these taxonomies already" in topical("retag").out
    assert len(topical("posts", "list", "--tag", "topic:grain", "--json").json) == 4
    standing = topical("status", "--json").json["tagging"]
    assert (standing["waiting"], standing["changed"]) == (0, 4)
    assert topical("retag", "--since", "x").code == 2
    assert topical("retag", "--source", "nobody").code == 4


def test_it_says_why_there_is_nothing_to_tag_anew(monitor: Monitor) -> None:
    assert monitor("db", "upgrade").code == 0
    assert monitor("retag", "--all").out == "no posts are stored yet: there is nothing to tag anew\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "2099-01-01"], "there are no posts seen since 2099-01-01 00:00 UTC: nothing was tagged anew\n"),
        (["--all", "--since", "2099-01-01"], "there are no posts seen since 2099-01-01 00:00 UTC: nothing was"),
        (
            ["--source", "mfa"],
            "nothing to do: 3 posts of mfa, tagged by these taxonomies already; --all does it again\n",
        ),
    ],
)
def test_it_says_which_posts_were_meant(polled: Monitor, arguments: list[str], said: str) -> None:
    assert said in polled("retag", *arguments).out


def test_a_post_tagged_by_hand_is_shown_as_it_is_shown_later(polled: Monitor) -> None:
    tagged = polled("posts", "tag", "1", "--remove", "country:kz", "--by", "ann").out.partition("Said by")[0]
    assert tagged
    assert polled("posts", "tag", "1").out.partition("Said by")[0] == tagged


def test_own_facets_in_queries(topical: Monitor) -> None:
    assert topical("retag").code == 0
    assert topical("watches", "test", "topic:grain", "--json").json["posts"] == 4
    mistaken = topical("watches", "test", "topik:grain")
    assert (mistaken.code, "did you mean topic:" in mistaken.err) == (2, True)
    assert "did you mean 'grain'?" in topical("watches", "test", "topic:grian").err
    assert topical("watches", "add", "grains", "topic:grain").code == 0
    assert topical("posts", "list", "--tag", "topik:grain").code == 2


def test_a_digest_can_be_grouped_by_an_own_facet(topical: Monitor) -> None:
    file = topical.file("subscriptions.yaml")
    file.write_text(
        file.read_text().replace("{slug: morning,", "{slug: morning, group_by: topic, select: {tags: [topic:grain]},")
    )
    topical.file("watches.yaml").write_text("watches: []\n")
    assert topical("config", "apply").code == 0
    assert topical("retag").code == 0
    shown = topical("digest", "preview", "morning", "--text").out
    assert "Topics: grain deal" in shown
    assert "制裁" not in shown


def test_check_names_what_is_doubtful_by_file_and_line(topical: Monitor) -> None:
    file = topical.file("organisations.yaml")
    file.write_text(file.read_text() + "  - slug: met\n    names: {en: [Met Office]}\n    acronyms: {en: [MET]}\n")
    said = topical("taxonomy", "check")
    assert said.code == 0
    assert "2 organisations, 2 countries, 1 region, topic: 1: nothing is wrong" in said.out
    assert (
        "config/organisations.yaml:5: org:met: MET may be an ordinary word: “met” stands in 2 of 6 stored posts"
        in said.out
    )
    doubts = topical("taxonomy", "check", "--json").json["doubts"]
    assert {doubt["sort"] for doubt in doubts} == {"acronym is a word", "no name"}
    assert "acronym is a word" not in {
        d["sort"] for d in topical("taxonomy", "check", "--posts", "0", "--json").json["doubts"]
    }
    file.write_text(file.read_text().replace("slug: met", "slug: osce"))
    wrong = topical("taxonomy", "check")
    assert (wrong.code, "organisations.yaml:3: organisations[1].slug: the slug 'osce' is taken" in wrong.err) == (
        3,
        True,
    )


def test_check_points_to_the_file_that_says_it(topical: Monitor) -> None:
    topical.file("taxonomy.d").mkdir()
    topical.file("taxonomy.d/ours.yaml").write_text(
        "organisations:\n- slug: osce\n  context: {excludes: [Security]}\n- slug: new\n  names: {en: [the]}\n"
    )
    said = topical("taxonomy", "check").out
    assert "config/taxonomy.d/ours.yaml:3: org:osce: excludes: “Security” stands in its own name" in said
    assert "config/taxonomy.d/ours.yaml:5: org:new: “the” is an everyday word: it stands in 2 of 6 stored posts" in said
    assert "config/taxonomy.d/ours.yaml:5: org:new: has no name in ru, fr, es, zh, ar" in said


def test_check_works_before_there_is_a_database(monitor: Monitor) -> None:
    assert "no posts are stored" in monitor("taxonomy", "check").err
    assert not Path("data/monitor.db").exists()


def test_stats_count_by_facet_and_language(topical: Monitor) -> None:
    counted = topical("taxonomy", "stats", "--json").json
    topic = next(row for row in counted["facets"] if row["facet"] == "topic")
    assert (topic["entries"], topic["names"], topic["slugs"]) == (1, {"en": 1, "ru": 1}, ["grain"])
    assert topic["forms"]["ru"] > 1
    assert counted["automaton"]["patterns"] >= 10
    assert "tagger built in" in topical("taxonomy", "stats").out


def test_diff_compares_files_and_how_they_tag(topical: Monitor) -> None:
    shutil.copytree(topical.file(""), topical.directory / "other")
    shutil.rmtree(topical.directory / "other" / "facets")
    assert "both say the same" in topical("taxonomy", "diff", "config", "config").out
    said = topical("taxonomy", "diff", "other", "--posts", "10")
    assert "topic:grain" in said.out
    assert "On the newest 6 stored posts: 4 tagged otherwise" in said.out
    document = topical("taxonomy", "diff", "config", "other", "--json").json
    assert [(one["tag"], one["kind"]) for one in document["differences"]] == [("topic:grain", "removed")]
    assert topical("taxonomy", "diff", "nowhere").code == 4
    assert len(topical("taxonomy", "diff", "--json").json["differences"]) > 300  # against the shipped ones
