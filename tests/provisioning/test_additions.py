"""Facets of the operator's own, and lines added to the taxonomies: what they become, and what is said of mistakes."""

from pathlib import Path
from textwrap import dedent

import pytest

from monitor.core.errors import ConfigError
from monitor.core.model import Facet, Grouping
from monitor.core.taxonomy import Taxonomy
from monitor.provisioning import load, load_taxonomy, shipped
from monitor.provisioning.loading import read_taxonomy
from tests.provisioning.test_loading import KNOWN

BASE = {
    "organisations.yaml": """\
        organisations:
          - {slug: sco, names: {en: [Shanghai Club, The Club], ru: [Клуб]}, acronyms: {en: [SCO]}, members: [kz, no]}
          - {slug: council, names: {en: [Council of the Club]}, parent: sco}
        """,
    "regions.yaml": "regions:\n- {slug: asia, names: {en: [Asia]}, countries: [kz, no]}\n",
    "countries.yaml": "countries:\n- {code: kz, names: {en: [Kazakhstan]}}\n- {code: 'no', names: {en: [Norway]}}\n",
}
TOPICS = """\
    facet: topic
    names: {en: [Topics]}
    entries:
      - {slug: grain, names: {en: [grain deal]}}
      - {slug: wheat, names: {en: [wheat]}, parent: grain}
    """


def write(directory: Path, **files: str) -> Path:
    """BASE with more files; "/" stands for "__" in a name."""
    for name, text in (BASE | {name.replace("__", "/") + ".yaml": text for name, text in files.items()}).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(dedent(text), encoding="utf-8")
    return directory


def taxonomy(directory: Path, additions: str) -> Taxonomy:
    return load_taxonomy(write(directory, **{"taxonomy.d__ours": additions}))


def told(directory: Path, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        load(write(directory, **files), **KNOWN)
    return [str(problem).replace(f"{directory}/", "") for problem in refusal.value.problems]


# ── lines added ────────────────────────────────────────────────────────────────────────────────────────────


def test_lists_get_longer_and_mappings_are_joined(tmp_path):
    sco = taxonomy(
        tmp_path,
        """\
        organisations:
          - slug: sco
            names: {en: [The Six, The Club], tr: [Kulüp]}
            acronyms: {ru: [ШОС]}
            members: ['no']
            wikidata: Q485207
            context: {requires: [summit]}
        """,
    ).organisations[0]
    assert sco.names == {"en": ("Shanghai Club", "The Club", "The Six"), "ru": ("Клуб",), "tr": ("Kulüp",)}
    assert sco.acronyms == {"en": ("SCO",), "ru": ("ШОС",)}
    assert (sco.members, sco.wikidata, sco.requires) == (("kz", "no"), "Q485207", ("summit",))


def test_a_label_is_put_first(tmp_path):
    made = taxonomy(tmp_path, "organisations:\n- {slug: sco, labels: {en: The Club, fr: Le Club}}\n")
    assert made.organisations[0].names == {"en": ("The Club", "Shanghai Club"), "ru": ("Клуб",), "fr": ("Le Club",)}
    assert made.label(Facet.ORGANISATION, "sco", "fr") == "Le Club"


def test_words_can_be_taken_away(tmp_path):
    made = taxonomy(
        tmp_path,
        """\
        organisations:
          - {slug: sco, remove: {names: {ru: [Клуб], en: [The Club]}, acronyms: {en: [SCO]}, members: [kz]}}
        regions:
          - {slug: asia, remove: {countries: [NO]}}
        """,
    )
    sco = made.organisations[0]
    assert (sco.names, sco.acronyms, sco.members) == ({"en": ("Shanghai Club",)}, {}, ("no",))
    assert made.regions[0].countries == ("kz",)


def test_what_is_not_there_to_be_taken_away_is_a_note(tmp_path):
    directory = write(tmp_path, taxonomy__d="")
    directory = write(
        tmp_path, **{"taxonomy.d__ours": "organisations:\n- slug: sco\n  remove:\n    members: [kz, us]\n"}
    )
    read = read_taxonomy(directory)
    assert read.taxonomy.organisations[0].members == ("no",)
    notes = [note.replace(f"{tmp_path}/", "") for file in read.additions for note in file.notes]
    assert notes == ["taxonomy.d/ours.yaml:4: sco has no 'us' any more to be removed"]


def test_an_entry_can_be_replaced(tmp_path):
    made = taxonomy(tmp_path, "organisations:\n- {slug: sco, replace: true, names: {fr: [Le Club]}}\n")
    assert (made.organisations[0].names, made.organisations[0].members) == ({"fr": ("Le Club",)}, ())


def test_an_entry_that_is_dropped_is_dropped_from_what_refers_to_it(tmp_path):
    made = taxonomy(tmp_path, "organisations:\n- {slug: sco, drop: true}\ncountries:\n- {code: kz, drop: true}\n")
    assert [(each.slug, each.parent) for each in made.organisations] == [("council", None)]
    assert [each.code for each in made.countries] == ["no"]
    assert made.regions[0].countries == ("no",)
    assert made.problems() == ()


def test_new_entries_and_files_in_the_order_of_their_names(tmp_path):
    made = load_taxonomy(
        write(
            tmp_path,
            **{
                "taxonomy.d__20": "organisations:\n- {slug: ours, acronyms: {en: [OUR]}, parent: sco}\n",
                "taxonomy.d__10": "organisations:\n- {slug: ours, names: {en: [Ours]}}\n- {slug: b, names: {en: [B]}, "
                "parent: ours}\n",
            },
        )
    )
    ours = made.organisations[2]
    assert (ours.slug, ours.names, ours.acronyms, ours.parent) == ("ours", {"en": ("Ours",)}, {"en": ("OUR",)}, "sco")
    assert made.problems() == ()


def test_added_countries_and_organisations_can_be_used_in_the_other_files(tmp_path):
    configuration = load(
        write(
            tmp_path,
            **{
                "taxonomy.d__ours": "organisations:\n- {slug: ours, names: {en: [Ours]}}\n",
                "sources": "sources:\n- {slug: a, title: A, kind: feed, url: 'https://a', organisation: ours}\n",
            },
        ),
        **KNOWN,
    )
    assert configuration.sources[0].organisation == "ours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("organisations:\n- {slug: new}\n", ":2: organisations[0].names: is missing"),
        ("organisations:\n- {slug: sco, nmaes: {en: [X]}}\n", "did you mean 'names'?"),
        (
            "organisation:\n- {slug: sco}\n",
            ":1: unknown key 'organisation'; expected organisations, regions or countries",
        ),
        ("organisations:\n- slug: sco\n  parent: nobody\n", ":3: organisations[0].parent: 'nobody' is not listed in "),
        ("organisations:\n- slug: sco\n  members: [kz, xx]\n", ":3: organisations[0].members[1]: 'xx' is not listed"),
        ("organisations:\n- {slug: scoo, drop: true}\n", "there is nothing to change; did you mean 'sco'?"),
        ("organisations:\n- {slug: scoo, remove: {names: {en: [X]}}}\n", "'scoo' is not listed in organisations.yaml"),
        ("organisations:\n- {slug: sco}\n- {slug: sco}\n", ":3: organisations[1].slug: the slug 'sco' is taken by"),
        ("organisations:\n- {slug: sco, remove: {names: {en: [Shanghai Club, The Club], ru: [Клуб]}}}\n", "names: is "),
        (
            "organisations:\n- slug: sco\n  parent: council\n",
            "ours.yaml:3: organisations[0].parent: goes round in a circle: sco → council → sco",
        ),
        (
            "organisations:\n- slug: sco\n  drop: true\n  names: {en: [X]}\n",
            "ours.yaml:3: organisations[0].drop: takes the whole entry away, and names with it",
        ),
        ("- a\n", "taxonomy.d/ours.yaml:1: does not fit; expected a mapping with organisations, regions or countries"),
        ("organisations: [\n", "not YAML"),
        (
            "organisations:\n- slug: sco\n  conditions: [{names: [SCOO], person: true}]\n",
            "taxonomy.d/ours.yaml:3: organisations[0].conditions[0].names[0]: 'SCOO' is none of the names of the "
            "entry; did you mean 'SCO'?",
        ),
        (
            "organisations:\n- slug: sco\n  conditions: [{names: [SCO]}]\n",
            ":3: organisations[0].conditions[0]: says no",
        ),
        ("organisations:\n- slug: sco\n  context: {requires: ['*']}\n", "'*' would be found everywhere"),
    ],
)
def test_mistakes_in_additions_are_said_with_file_and_line(tmp_path, text, said):
    (problem, *more) = told(tmp_path, **{"taxonomy.d__ours": text})
    assert said in problem
    assert more == []


# ── own facets ─────────────────────────────────────────────────────────────────────────────────────────────

USED = {
    "facets__topics": TOPICS,
    "sources": "sources:\n- {slug: a, title: A, kind: feed, url: 'https://a', default_tags: [topic:grain, org:sco]}\n",
    "watches": "watches:\n- {slug: w, title: W, query: 'topic:grain AND NOT country:kz'}\n",
    "subscriptions": """\
        subscriptions:
          - slug: s
            title: S
            channel: mailbox
            to: [a@b]
            schedule: {daily: '07:30', timezone: UTC}
            select: {tags: [topic:wheat, 'country:KZ']}
            group_by: topic
        """,
}


def test_one_file_makes_a_facet_that_can_be_used_everywhere(tmp_path):
    configuration = load(write(tmp_path, **USED), **KNOWN)
    (own,) = configuration.taxonomy.facets
    assert (own.facet, own.names, [each.slug for each in own.entries]) == (
        Facet("topic"),
        {"en": ("Topics",)},
        ["grain", "wheat"],
    )
    assert configuration.sources[0].default_tags == ("topic:grain", "organisation:sco")
    (subscription,) = configuration.subscriptions
    assert (subscription.selection.tags, subscription.grouping) == (("topic:wheat", "country:kz"), Facet("topic"))
    assert configuration.taxonomy.label(Facet("topic"), "grain", "en") == "grain deal"
    assert configuration.taxonomy.label(Facet("topic"), "", "ru") == "Topics"


def test_a_grouping_of_ours_stays_one(tmp_path):
    text = USED["subscriptions"].replace("group_by: topic", "group_by: region")
    (subscription,) = load(write(tmp_path, **(USED | {"subscriptions": text})), **KNOWN).subscriptions
    assert subscription.grouping is Grouping.REGION


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("facets__topics", "facet: topic", "facet: Topic", "facets/topics.yaml:1: facet: 'Topic' cannot name a facet"),
        ("facets__topics", "facet: topic", "facet: region", "'region' means something else in queries and digests"),
        ("facets__topics", "facet: topic", "facets: topic", "facets/topics.yaml:1: unknown key 'facets'"),
        ("facets__topics", "[wheat]", "['*', wheat]", ":5: entries[1].names.en[0]: '*' holds no letter or digit"),
        ("facets__topics", "slug: wheat", "slug: grain", "facets/topics.yaml:5: entries[1].slug: the slug 'grain' is"),
        ("facets__topics", "parent: grain", "parent: corn", "'corn' is not listed in facets/topics.yaml"),
        ("watches", "topic:grain", "topic:grian", "'grian' is not listed in facets/topics.yaml; did you mean 'grain'?"),
        ("watches", "topic:grain", "topik:grain", "there is no field 'topik'"),
        ("sources", "topic:grain", "topic:grian", "sources[0].default_tags[0]: 'grian' is not listed in facets/"),
        (
            "sources",
            "topic:grain",
            "topik:grain",
            "there is no facet 'topik'; expected organisation, country, region, ",
        ),
        ("sources", "topic:grain", "grain", "'grain' is not a tag; expected FACET:SLUG"),
        ("subscriptions", "topic:wheat", "topic:what", "select.tags[0]: 'what' is not listed in facets/topics.yaml"),
        ("subscriptions", "group_by: topic", "group_by: topik", "group_by: 'topik' is not known here"),
    ],
)
def test_mistakes_about_own_facets_are_said_where_they_stand(tmp_path, file, old, new, said):
    problems = told(tmp_path, **(USED | {file: USED[file].replace(old, new)}))
    assert said in " | ".join(problems)


def test_a_facet_has_one_file(tmp_path):
    problems = told(tmp_path, facets__a=TOPICS, facets__b=TOPICS)
    assert problems == ["facets/b.yaml:1: facet: 'topic' is the facet of facets/a.yaml already"]


def test_the_shipped_examples_can_be_used_as_they_are(tmp_path):
    for name in ("facets", "taxonomy.d"):
        (tmp_path / name).symlink_to(shipped("config") / f"{name}.example")
    read = read_taxonomy(tmp_path)
    assert [note for file in read.additions for note in file.notes] == []
    assert {own.facet for own in read.taxonomy.facets} == {"topic"}
    assert read.taxonomy.problems() == ()
    assert load_taxonomy(shipped("config")).facets == ()  # nothing of them is active by itself
