from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Evidence, Facet, Field, Post, Source, Tag
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Condition, Country, Organisation, Region, Taxonomy
from monitor.core.text import hashtag_field


def post(title: str = "", text: str = "", **more: object) -> Post:
    return replace(
        Post(guid="1", url=None, title=title, text=text, html="", content_hash=b"", fingerprint=None), **more
    )


SOURCE = Source(slug="mfa", title="Ministry", kind="feed", url="https://mfa.example/feed")

TAXONOMY = Taxonomy(
    organisations=(
        Organisation(
            slug="un",
            names={
                "en": ("United Nations",),
                "ru": ("Организация Объединённых Наций",),
                "fr": ("Nations unies",),
                "ar": ("الأمم المتحدة",),
                "zh": ("联合国",),
            },
            acronyms={"en": ("UN",), "ru": ("ООН",), "fr": ("ONU",)},
            hashtags=("UN",),
        ),
        Organisation(
            slug="unsc",
            names={"en": ("UN Security Council", "Security Council"), "zh": ("联合国安理会",)},
            parent="un",
            excludes=("CSTO",),
        ),
        Organisation(
            slug="who",
            names={"en": ("World Health Organization", "Organization")},
            acronyms={"en": ("WHO",)},
            conditions=(Condition(names=("Organization",), later=True),),
        ),
        Organisation(
            slug="unsg",
            names={"en": ("UN Secretary-General",)},
            parent="un",
            names_parent=True,
            decoys={"en": ("UN chef",)},
        ),
        Organisation(
            slug="icc",
            names={"en": ("International Criminal Court",)},
            acronyms={"en": ("ICC",)},
            requires=("Hague", "warrant"),
        ),
        Organisation(slug="commonwealth", names={"en": ("Commonwealth",)}, excludes=("Games",)),
        Organisation(slug="eaeu", names={"ru": ("Евразийский экономический союз",)}, acronyms={"ru": ("ЕАЭС",)}),
        Organisation(slug="african-union", names={"en": ("African Union",), "fr": ("Union africaine",)}),
    ),
    countries=(
        Country(
            code="ru",
            names={"en": ("Russia",), "ru": ("Россия",), "zh": ("俄罗斯",), "ar": ("روسيا",)},
            demonyms={"en": ("Russian",), "ru": ("российский",), "fr": ("russe",), "es": ("ruso",)},
            cities={"en": ("Moscow",), "ru": ("Москва",)},
        ),
        Country(
            code="kz",
            names={"en": ("Kazakhstan",), "ru": ("Казахстан",)},
            demonyms={"en": ("Kazakh",), "ru": ("казахстанский",)},
            cities={"en": ("Astana",)},
        ),
        Country(
            code="us",
            names={"en": ("United States", "US", "USA")},
            cities={"en": ("Washington", "Georgia")},
            conditions=(Condition(names=("Georgia",), requires=("Atlanta*",)),),
            decoys={"en": ("Washington Post",)},
        ),
        Country(
            code="ge",
            names={"en": ("Georgia",)},
            conditions=(Condition(names=("Georgia",), settles=("Tbilisi",), excludes=("Atlanta*",), person=True),),
        ),
        Country(
            code="jo",
            names={"en": ("Jordan",), "es": ("Jordania", "Jordan")},
            conditions=(Condition(names=("Jordan",), languages=("en",), person=True),),
        ),
        Country(code="pl", names={"en": ("Poland",)}, demonyms={"en": ("Polish",), "fr": ("polonais",)}),
        Country(code="gn", names={"en": ("Guinea",)}),
        Country(code="gw", names={"en": ("Guinea-Bissau",)}),
        Country(code="ne", names={"en": ("Niger",)}),
        Country(code="ng", names={"en": ("Nigeria",)}),
        Country(code="za", names={"en": ("South Africa",)}),
        Country(code="tg", names={"en": ("Togo",), "ru": ("Того",)}),
        Country(code="re", names={"fr": ("Réunion",), "es": ("Reunión",)}),
        Country(code="es", names={"en": ("Spain",)}, cities={"en": ("Madrid", "Valencia")}),
        Country(code="ve", names={"en": ("Venezuela",)}, cities={"en": ("Caracas", "Maracaibo", "Valencia")}),
        Country(code="cg", names={"en": ("Congo",)}, demonyms={"en": ("Congolese",)}),
        Country(code="cd", names={"en": ("DR Congo",)}, demonyms={"en": ("Congolese",)}),
        Country(code="fk", names={"en": ("Falkland Islands", "Falklands")}),
        Country(code="ar", names={"en": ("Argentina", "Falklands")}),
    ),
    regions=(
        Region(slug="africa", names={"en": ("Africa",)}, countries=("gn", "gw", "ne", "ng", "za", "tg", "cg", "cd")),
        Region(slug="central-asia", names={"en": ("Central Asia",), "ru": ("Центральная Азия",)}, countries=("kz",)),
        Region(slug="indian-ocean", names={"en": ("Indian Ocean",)}),
    ),
)
TAGGER = Tagger(TAXONOMY)


def tagged(post: Post, source: Source = SOURCE) -> dict[str, Tag]:
    """Tags by "facet:slug", those that follow from membership left out."""
    tags = TAGGER.tags(post, source)
    return {f"{tag.facet}:{tag.slug}": tag for tag in tags if tag.evidence[0].rule != "member"}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The UN met.", {"organisation:un"}),
        ("en", "The U.N. met, the United Nations said.", {"organisation:un"}),
        ("fr", "L'ONU et un homme", {"organisation:un"}),
        ("fr", "UN HOMME TROUVÉ À PARIS", set()),
        ("en", "who knows us", set()),
        ("en", "WHO KNOWS WHAT THEY WANT? Nobody.", set()),
        ("en", "The Who played", set()),
        ("en", "WHO said on Monday", {"organisation:who"}),
        ("en", "US and USA", {"country:us"}),
        ("en", "The UN Security Council", {"organisation:unsc"}),
        ("en", "The CSTO Security Council met. Rain fell.", set()),
        ("en", "Rain fell on the CSTO. The Security Council met.", {"organisation:unsc"}),
        ("en", "ICC cricket", set()),
        ("en", "ICC issues a warrant", {"organisation:icc"}),
        ("en", "The International Criminal Court decides", {"organisation:icc"}),
        ("en", "Commonwealth Games", set()),
        ("en", "the Commonwealth and others", {"organisation:commonwealth"}),
        ("en", "Guinea-Bissau", {"country:gw"}),
        ("en", "Guinea and Guinea-Bissau", {"country:gn", "country:gw"}),
        ("en", "Nigeria", {"country:ng"}),
        ("en", "South Africa", {"country:za"}),
        ("en", "the African Union in Africa", {"organisation:african-union", "region:africa"}),
        ("en", "in the Indian Ocean", {"region:indian-ocean"}),
        ("en", "polish the table", set()),
        ("en", "a Polish table", {"country:pl"}),
        ("fr", "une table polonaise", {"country:pl"}),
        ("fr", "les autorités russes", {"country:ru"}),
        ("es", "las autoridades rusas", {"country:ru"}),
        ("es", "La reunión de hoy. Reunión de ministros.", set()),
        ("fr", "Il part à La Réunion", {"country:re"}),
        ("ru", "Кроме того, всё хорошо. Того же мнения все.", set()),
        ("ru", "Президент Того прибыл", {"country:tg"}),
        ("ru", "в Казахстане", {"country:kz"}),
        ("ru", "российско-казахстанские переговоры", {"country:ru", "country:kz"}),
        ("ru", "Саммит Евразийского экономического союза", {"organisation:eaeu"}),
        ("ru", "в ООН и странах Центральной Азии", {"organisation:un", "region:central-asia"}),
        ("ru", "заявила Организация объединенных наций", {"organisation:un"}),
        ("ar", "وقالت للأمم المتحدة وروسيا", {"organisation:un", "country:ru"}),
        ("zh", "联合国安理会和俄罗斯", {"organisation:unsc", "country:ru"}),
        ("en", "Talks in Moscow", {"country:ru"}),
        ("en", "🇷🇺🇺🇸 and 🇺🇳", {"country:ru", "country:us", "organisation:un"}),
        ("en", "The Falklands", {"country:fk", "country:ar"}),  # a contested name: everything the data lists
        ("en", "Valencia", {"country:es"}),  # the larger of two cities
        ("en", "Valencia and Caracas in Venezuela", {"country:ve"}),
        ("en", "Congolese", {"country:cg", "country:cd"}),
        ("en", "Congolese troops in DR Congo", {"country:cd"}),
        (None, "Президент Того и UN", {"country:tg", "organisation:un"}),
        ("en", "Georgia", {"country:ge"}),
        ("en", "Georgia, near Atlanta's airport", {"country:us"}),
        ("en", "Georgia, Tbilisi and Atlanta", {"country:ge", "country:us"}),
        ("en", "Jordan Cownie scored", set()),
        ("en", "The King of Jordan Abdullah", {"country:jo"}),
        ("es", "Jordan", set()),
        (None, "Jordan", {"country:jo"}),
        ("en", "Washington Post", set()),
        ("en", "The UN Secretary-General", {"organisation:unsg", "organisation:un"}),
        ("en", "The UN chef", set()),
        ("en", "The Organization", set()),
        ("en", "WHO met. The Organization agreed.", {"organisation:who"}),
        ("en", "The Organization of WHO", {"organisation:who"}),
    ],
)
def test_what_is_named(language: str | None, text: str, expected: set[str]) -> None:
    assert set(tagged(post(text=text, language=language))) == expected


@pytest.mark.parametrize(
    ("hashtag", "expected"),
    [
        ("RussiaKazakhstan", {("country:ru", "Russia"), ("country:kz", "Kazakhstan")}),
        ("Kazakhstan", {("country:kz", "Kazakhstan")}),
        ("Central_Asia", {("region:central-asia", "Central_Asia")}),
        ("CentralAsia2026", {("region:central-asia", "CentralAsia")}),
        ("un", {("organisation:un", "un")}),
        ("UNSecurityCouncil", {("organisation:unsc", "UNSecurityCouncil")}),
        ("РоссияКазахстан", {("country:ru", "Россия"), ("country:kz", "Казахстан")}),
        ("nothing", set()),
    ],
)
def test_hashtags(hashtag: str, expected: set[tuple[str, str]]) -> None:
    found = tagged(post(hashtags=("first", hashtag)))
    assert {(name, tag.evidence[0].words) for name, tag in found.items()} == expected
    assert all(tag.evidence[0].rule == "hashtag" for tag in found.values())
    assert all(tag.evidence[0].field is Field.HASHTAG for tag in found.values())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Russia", "name"),
        ("Russian", "demonym"),
        ("Moscow", "city"),
        ("🇷🇺", "flag"),
        ("#Russia", "hashtag"),
    ],
)
def test_each_piece_of_evidence_says_by_which_rule(text: str, rule: str) -> None:
    assert [each.rule for each in tagged(post(text=text))["country:ru"].evidence] == [rule]


def test_the_issuer_is_the_sources_organisation_and_country() -> None:
    source = replace(SOURCE, organisation="un", country="CH")
    assert TAGGER.tags(post(text="Nothing is named here."), source) == tuple(
        Tag(
            facet=Facet.ISSUER,
            slug=slug,
            main=True,
            weight=1.0,
            evidence=(Evidence(field=Field.SOURCE, offset=0, words="Ministry", rule="issuer"),),
        )
        for slug in ("ch", "un")
    )


def test_a_countrys_regions_follow_with_its_words_and_less_weight() -> None:
    tags = {(tag.facet, tag.slug): tag for tag in TAGGER.tags(post(text="Talks in Astana"), SOURCE)}
    country, region = tags[Facet.COUNTRY, "kz"], tags[Facet.REGION, "central-asia"]
    assert region.evidence == (Evidence(field=Field.TEXT, offset=9, words="Astana", rule="member"),)
    assert 0 < region.weight < country.weight
    assert country.main
    assert not region.main


def test_a_region_that_is_named_needs_no_member() -> None:
    tags = {tag.slug: tag for tag in TAGGER.tags(post(text="Kazakhstan in Central Asia"), SOURCE)}
    assert [each.rule for each in tags["central-asia"].evidence] == ["name"]


def test_what_the_post_is_about_differs_from_a_mention() -> None:
    body = "Russia signed.\n\n" + "Words follow. " * 20 + "Spain was mentioned once."
    tags = tagged(post(title="Russia and Kazakhstan", text=body))
    assert tags["country:ru"].main
    assert tags["country:kz"].main
    assert not tags["country:es"].main
    assert tags["country:ru"].weight > tags["country:kz"].weight > tags["country:es"].weight > 0


def test_a_title_made_from_the_text_counts_once() -> None:
    made = tagged(post(title="Spain met", text="Spain met Russia.", title_made=True))
    assert made["country:es"].weight == made["country:ru"].weight
    assert [each.field for each in made["country:es"].evidence] == [Field.TITLE, Field.TEXT]


def test_an_empty_taxonomy_tags_nothing() -> None:
    assert Tagger(Taxonomy()).tags(post(text="The UN and Russia 🇷🇺", hashtags=("UN",)), SOURCE) == ()


NAMES = sorted(
    {name for entry in TAXONOMY.organisations for names in entry.names.values() for name in names}
    | {name for entry in TAXONOMY.countries for names in entry.names.values() for name in names}
)
PIECES = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(
        [
            "UN",
            "ООН",
            "US",
            "🇷🇺",
            "🇺🇸",
            "Valencia",
            "Congolese",
            "русский",
            "российского",
            "CSTO",
            "#Russia",
            "WHO",
            "the Organization",
            "Atlanta",
            "Tbilisi",
            "Jordan",
            "Georgia",
            "Washington Post",
            "Michael ",
            "وروسيا",
        ]
    ),
    st.sampled_from([" ", ". ", "\n\n", "-", "\u0301", "ё", "\u00ad", "ﬁ", "  ", "和", "ّ"]),
    st.text(max_size=4),
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


@given(
    title=TEXTS,
    text=TEXTS,
    hashtags=st.lists(st.sampled_from(["RussiaKazakhstan", "UN", "ёRussia", "ß_Spain"]), max_size=3),
)
def test_evidence_points_at_its_words(title: str, text: str, hashtags: list[str]) -> None:
    fields = {Field.TITLE: title, Field.TEXT: text, Field.HASHTAG: hashtag_field(tuple(hashtags))}
    for tag in TAGGER.tags(post(title=title, text=text, hashtags=tuple(hashtags)), SOURCE):
        assert 0 < tag.weight <= 1 or tag.evidence[0].field is Field.TITLE
        assert tag.evidence
        for each in tag.evidence:
            assert fields[each.field][each.offset : each.offset + len(each.words)] == each.words != ""


@given(text=TEXTS)
def test_another_name_takes_nothing_away_outside_its_own_words(text: str) -> None:
    alias = Organisation(slug="other", names={"en": ("Zanzibar Group", "Kazakhstan and Russia", "WHO Group")})
    larger = Tagger(replace(TAXONOMY, organisations=(*TAXONOMY.organisations, alias)))
    with_alias = larger.tags(post(text=text), SOURCE)
    own = [each for tag in with_alias if tag.slug == "other" for each in tag.evidence]
    kept = {(tag.slug, each.offset, each.words) for tag in with_alias for each in tag.evidence}
    for tag in TAGGER.tags(post(text=text), SOURCE):
        for each in tag.evidence:
            covered = any(
                mine.offset < each.offset + len(each.words) and each.offset < mine.offset + len(mine.words)
                for mine in own
            )
            assert covered or (tag.slug, each.offset, each.words) in kept
