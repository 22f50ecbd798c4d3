"""Tags that follow from where a post comes from."""

import pytest

from monitor.core.model import Facet, Field, Forward, Tag
from monitor.core.provenance import Origin, Origins, PostTagger
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Country, Organisation, OwnFacet, Region, Taxonomy
from tests import make

TAXONOMY = Taxonomy(
    organisations=(Organisation(slug="nato", names={"en": ("NATO",)}),),
    countries=(Country(code="kz", names={"en": ("Kazakhstan",)}),),
    regions=(Region(slug="arctic", names={"en": ("Arctic",)}), Region(slug="sahel", names={"en": ("Sahel",)})),
    facets=(
        OwnFacet(
            facet=Facet("topic"),
            entries=(
                Organisation(
                    slug="grain", names={"en": ("grain deal",), "ru": ("зерновая сделка",)}, hashtags=("Grain",)
                ),
                Organisation(
                    slug="start", names={"en": ("New START",)}, acronyms={"en": ("START",)}, requires=("treaty",)
                ),
            ),
        ),
    ),
)
ORIGINS = Origins(
    [
        Origin(title="The Alliance", url="https://t.me/s/alliance", organisation="nato"),
        Origin(title="Twice", url="https://t.me/s/one", country="AT"),
        Origin(title="twice", url="https://t.me/s/two", country="BE"),
        Origin(title="The Feed", url="https://feed.example/rss", organisation="osce", country="KZ"),
        Origin(title="Nobody", url="https://t.me/s/nobody"),
    ]
)
TAGGER = PostTagger(Tagger(TAXONOMY), ORIGINS)


def tagged(post, source=None) -> dict[str, Tag]:
    return {f"{tag.facet}:{tag.slug}": tag for tag in TAGGER.tags(post, source or make.source("mfa", country="KZ"))}


@pytest.mark.parametrize(
    ("name", "link", "issuers"),
    [
        ("whatever", "https://t.me/alliance/123", {"nato"}),
        ("whatever", "https://T.me/s/Alliance", {"nato"}),
        ("the  ALLIANCE", None, {"nato"}),
        ("The Alliance", "https://t.me/another/5", set()),  # another channel of the same name
        ("The Feed", None, {"osce", "kz"}),
        ("Twice", None, set()),  # two sources are called so
        ("Twice", "https://t.me/two/1", {"be"}),
        ("Nobody", "https://t.me/nobody/1", set()),
        ("Unknown", None, set()),
    ],
)
def test_the_original_issuer_of_a_forward(name, link, issuers) -> None:
    post = make.post(title="", text="x", forwarded_from=Forward(name=name, link=link))
    found = tagged(post, make.source("mfa"))
    assert {slug for key, _, slug in (each.partition(":") for each in found) if key == "issuer"} == issuers
    for tag in found.values():
        assert [(each.rule, each.words, each.field) for each in tag.evidence] == [("forwarded", name, Field.SOURCE)]


def test_who_passes_a_statement_on_speaks_too_and_what_is_spoken_of_is_kept_apart() -> None:
    post = make.post(title="", text="NATO met.", forwarded_from=Forward(name="x", link="https://t.me/alliance/1"))
    found = tagged(post)
    assert set(found) == {"issuer:kz", "issuer:nato", "organisation:nato"}
    assert found["issuer:kz"].weight > found["issuer:nato"].weight
    assert found["organisation:nato"].evidence[0].rule == "name"


def test_a_source_that_forwards_its_own_house_is_one_issuer_with_both_proofs() -> None:
    post = make.post(forwarded_from=Forward(name="x", link="https://t.me/alliance/1"))
    issuer = tagged(post, make.source("nato-news", organisation="nato"))["issuer:nato"]
    assert [each.rule for each in issuer.evidence] == ["issuer", "forwarded"]


@pytest.mark.parametrize(
    ("text", "main", "rules"),
    [
        ("Nothing of the kind.", True, ["source default"]),
        ("The Sahel, the Sahel.", False, ["source default"]),
        ("The Arctic is cold.", True, ["name", "source default"]),
    ],
)
def test_default_tags_are_main_where_the_post_is_about_nothing_else(text, main, rules) -> None:
    source = make.source("polar", default_tags=("region:arctic",), title="Polar Institute")
    arctic = tagged(make.post(title="", text=text), source)["region:arctic"]
    assert (arctic.main, [each.rule for each in arctic.evidence]) == (main, rules)
    assert arctic.evidence[-1].words == "Polar Institute"


@pytest.mark.parametrize(
    ("language", "text", "hashtags", "found"),
    [
        ("en", "The grain deal holds.", (), {"topic:grain"}),
        ("ru", "О зерновой сделке говорили.", (), {"topic:grain"}),
        ("en", "x", ("GRAIN",), {"topic:grain"}),
        ("en", "They START now.", (), set()),
        ("en", "START, the treaty.", (), {"topic:start"}),
    ],
)
def test_a_facet_of_ones_own_is_found_as_organisations_are(language, text, hashtags, found) -> None:
    post = make.post(title="", text=text, language=language, hashtags=hashtags)
    tags = tagged(post, make.source("mfa"))
    assert set(tags) == found
    for tag in tags.values():
        for each in tag.evidence:
            place = {"text": post.text, "hashtag": "#GRAIN"}[each.field.value]
            assert place[each.offset : each.offset + len(each.words)] == each.words
