import pickle

import pytest

from monitor.core.model import Facet
from monitor.core.taxonomy import Country, Organisation, Region, Taxonomy

TAXONOMY = Taxonomy(
    organisations=(
        Organisation(
            slug="un", names={"en": ("United Nations", "UN system"), "fr": ("Nations unies",)}, members=("kz",)
        ),
        Organisation(slug="unsc", names={"en": ("UN Security Council",)}, parent="un"),
    ),
    countries=(Country(code="kz", names={"en": ("Kazakhstan",), "ru": ("Казахстан",)}),),
    regions=(
        Region(slug="central-asia", names={"en": ("Central Asia",)}, countries=("kz",)),
        Region(slug="eurasia", names={"ru": ("Евразия",)}, countries=("kz", "kz")),
    ),
)


@pytest.mark.parametrize(
    ("facet", "slug", "language", "label"),
    [
        (Facet.ORGANISATION, "un", "fr", "Nations unies"),
        (Facet.ORGANISATION, "un", "ru", "United Nations"),  # English where the language is missing
        (Facet.COUNTRY, "kz", "ru", "Казахстан"),
        (Facet.REGION, "eurasia", "en", "eurasia"),  # the slug where English is missing too
        (Facet.REGION, "atlantis", "en", "atlantis"),
        (Facet.ISSUER, "un", "en", "United Nations"),
        (Facet.ISSUER, "kz", "en", "Kazakhstan"),
        ("country", "kz", "en", "Kazakhstan"),
    ],
)
def test_labels(facet: Facet | str, slug: str, language: str, label: str) -> None:
    assert TAXONOMY.label(facet, slug, language) == label


def test_regions_of_a_country_come_in_the_order_of_the_data_and_once_each() -> None:
    assert TAXONOMY.regions_of("kz") == ("central-asia", "eurasia")
    assert TAXONOMY.regions_of("fr") == ()


def test_a_sound_taxonomy_has_no_problems() -> None:
    assert TAXONOMY.problems() == ()


def test_every_contradiction_is_told() -> None:
    names = {"en": ("Name",)}
    problems = Taxonomy(
        organisations=(
            Organisation(slug="a", names=names, parent="b", members=("xx",)),
            Organisation(slug="b", names=names, parent="a"),
            Organisation(slug="c", names={}, parent="nowhere"),
            Organisation(slug="c", names={}),
        ),
        countries=(Country(code="kz", names=names),),
        regions=(Region(slug="r", names=names, countries=("yy",)),),
    ).problems()
    assert set(problems) == {
        "organisation 'c' is listed 2 times",
        "organisation 'a' is its own ancestor",
        "organisation 'b' is its own ancestor",
        "organisation 'a' lists the country 'xx', which is not listed itself",
        "organisation 'c' has the parent 'nowhere', which is not listed",
        "organisation 'c' has no name",
        "region 'r' lists the country 'yy', which is not listed itself",
    }


def test_a_taxonomy_reaches_a_worker_process_whole() -> None:
    copy = pickle.loads(pickle.dumps(TAXONOMY))
    assert copy == TAXONOMY
    assert copy.regions_of("kz") == TAXONOMY.regions_of("kz")
