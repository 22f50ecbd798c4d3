"""The shipped taxonomies and the source catalogue: sound in themselves and with each other, and balanced."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from monitor.core.model import Facet
from monitor.core.tagging import Tagger
from monitor.provisioning import load_taxonomy
from tests import make
from tests.shared import SHARED, needs_shared

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
LANGUAGES = {"en", "ru", "fr", "es", "zh", "ar"}
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

CONTESTED_NAMES: set[str] = set()
"""Names that two organisations share on purpose; none does so far."""


def listed(file: str) -> list[dict]:
    # PyYAML reads YAML 1.1: whatever it takes for a string, YAML 1.2 does too, and unquoted "no" shows up as False.
    return yaml.safe_load((CONFIG / f"{file}.yaml").read_text(encoding="utf-8"))[file]


ORGANISATIONS = listed("organisations")
REGIONS = listed("regions")
COUNTRIES = listed("countries")
SOURCES = listed("sources")
CODES = {country["code"] for country in COUNTRIES}


def strings(value: object) -> Iterator[object]:
    """Every leaf of a document."""
    match value:
        case dict():
            for key, each in value.items():
                yield key
                yield from strings(each)
        case list():
            for each in value:
                yield from strings(each)
        case _:
            yield value


def shared(pairs: list[tuple[str, str]]) -> dict[str, set[str]]:
    """Names that belong to several slugs."""
    owners = defaultdict(set)
    for name, slug in pairs:
        owners[name].add(slug)
    return {name: slugs for name, slugs in owners.items() if len(slugs) > 1}


@pytest.mark.parametrize("file", ["organisations", "regions", "countries", "sources"])
def test_each_file_names_its_schema_and_explains_itself(file):
    first, *rest = (CONFIG / f"{file}.yaml").read_text(encoding="utf-8").splitlines()
    assert first == f"# yaml-language-server: $schema=schemas/{file}.schema.json"
    assert sum(line.startswith("# ") for line in rest[:12]) >= 5


@pytest.mark.parametrize("entries", [ORGANISATIONS, REGIONS, COUNTRIES], ids=["organisations", "regions", "countries"])
def test_every_value_is_text(entries):
    assert [value for value in strings(entries) if not isinstance(value, str) and value is not True] == []


@pytest.mark.parametrize(
    ("entries", "key"),
    [(ORGANISATIONS, "slug"), (REGIONS, "slug"), (SOURCES, "slug"), (COUNTRIES, "code")],
    ids=["organisations", "regions", "sources", "countries"],
)
def test_slugs_are_well_formed_and_unique(entries, key):
    slugs = [entry[key] for entry in entries]
    assert [slug for slug in slugs if not SLUG.fullmatch(slug)] == []
    assert [slug for slug, times in Counter(slugs).items() if times > 1] == []


@pytest.mark.parametrize("entries", [ORGANISATIONS, REGIONS, COUNTRIES], ids=["organisations", "regions", "countries"])
def test_every_entry_has_a_name_in_all_six_languages(entries):
    lacking = {
        entry.get("slug", entry.get("code")): LANGUAGES
        - {language for language, names in entry["names"].items() if names}
        for entry in entries
    }
    assert {slug: languages for slug, languages in lacking.items() if languages} == {}


@pytest.mark.parametrize("entries", [ORGANISATIONS, REGIONS, COUNTRIES], ids=["organisations", "regions", "countries"])
def test_no_name_is_listed_twice_or_padded(entries):
    for entry in entries:
        for kind in ("names", "acronyms", "demonyms", "cities"):
            for language, names in entry.get(kind, {}).items():
                assert language in LANGUAGES
                assert names == list(dict.fromkeys(names)), (entry, language)
                assert all(name == name.strip() and name for name in names), (entry, language)


# ── organisations ──────────────────────────────────────────────────────────────────────────────────────────


# The Japanese name of a Japanese town, which covers "Hanoi", and a spelling of Ulan Bator that GeoNames lists.
MIXED = {"河内長野", "库倫"}


def knows(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def is_mixed(name: str) -> bool:
    chinese = [character for character in name if "\u4e00" <= character <= "\u9fff"]
    traditional = any(not knows("gb2312", each) and knows("big5", each) for each in chinese)
    simplified = any(not knows("big5", each) and knows("gb2312", each) for each in chinese)
    return traditional and simplified


@pytest.mark.parametrize("file", ["organisations", "regions", "countries"])
def test_no_chinese_name_is_half_simplified_and_half_traditional(file):
    """GB 2312 lacks what only traditional texts write, Big5 what only simplified ones do: nobody mixes the two."""
    mixed = set(filter(is_mixed, map(str, strings(listed(file)))))
    assert mixed <= MIXED


def test_there_are_many_organisations():
    assert len(ORGANISATIONS) >= 250


def test_parents_and_members_are_listed():
    slugs = {organisation["slug"] for organisation in ORGANISATIONS}
    parents = {organisation["parent"] for organisation in ORGANISATIONS if "parent" in organisation}
    assert parents - slugs == set()
    for organisation in ORGANISATIONS:
        members = organisation.get("members", [])
        assert set(members) <= CODES, organisation["slug"]
        assert members == sorted(set(members)), organisation["slug"]


@pytest.mark.parametrize(
    ("slug", "count", "among"),
    [
        ("nato", 32, {"fi", "se", "mk"}),
        ("european-union", 27, {"hr"}),
        ("brics", 11, {"eg", "et", "id", "ir", "sa", "ae"}),
        ("sco", 10, {"by", "ir"}),
        ("csto", 6, {"am"}),
        ("eaeu", 5, {"kg"}),
        ("asean", 11, {"tl"}),
        ("african-union", 55, {"eh"}),
        ("arab-league", 22, {"km"}),
        ("oic", 57, {"uz"}),
        ("osce", 57, {"mn"}),
        ("council-of-europe", 46, {"am"}),
        ("ecowas", 12, {"ng"}),
        ("commonwealth-of-nations", 56, {"ga", "rw"}),
        ("oecd", 38, {"cr"}),
        ("conference-on-disarmament", 65, {"kp", "zw"}),
        ("financial-stability-board", 24, {"hk", "ch"}),
        ("asem", 51, {"kz", "no"}),
        ("new-development-bank", 11, {"uz", "dz"}),
        ("eumetsat", 30, {"tr", "is"}),
        ("who", 194, {"ck", "nu"}),
        ("iaea", 180, {"va", "ck"}),
        ("wipo", 194, {"ke", "ck"}),
        ("ebrd", 78, {"cn", "in", "xk"}),
        ("consultative-meeting-central-asia", 6, {"az"}),
        ("ctbto", 187, {"us", "cn"}),
        ("international-seabed-authority", 169, {"ps", "ck"}),
        ("unece", 56, {"il", "us"}),
        ("escap", 53, {"fr", "kp"}),
        ("eclac", 46, {"de", "cu"}),
        ("escwa", 21, {"dz", "so"}),
        ("asia-cooperation-dialogue", 35, {"ps", "ru"}),
        ("eurocontrol", 42, {"is", "ge"}),
        ("unidroit", 65, {"mn", "sg"}),
        ("world-economic-forum", 0, set()),
    ],
)
def test_memberships_are_those_of_2026(slug, count, among):
    members = next(entry["members"] for entry in ORGANISATIONS if entry["slug"] == slug)
    assert len(members) == count
    assert among <= set(members)


def test_members_are_listed_ruled_out_or_those_of_the_parent():
    by_slug = {entry["slug"]: entry for entry in ORGANISATIONS}

    def known(entry: dict) -> bool:
        return "members" in entry or ("parent" in entry and known(by_slug[entry["parent"]]))

    assert {slug for slug, entry in by_slug.items() if not known(entry)} == MEMBERS_UNKNOWN


MEMBERS_UNKNOWN = {
    "afreximbank",
    "aiib",
    "barents-council",
    "berlin-process",
    "board-of-peace",
    "caf-bank",
    "danube-commission",
    "global-environment-facility",
    "international-hydrographic-organization",
    "ipu",
    "irena",
    "isesco",
    "jinr",
    "kimberley-process",
    "lima-group",
    "parlatino",
    "regional-cooperation-council",
    "unasur",
    "woah",
    "permanent-court-of-arbitration",
    "world-customs-organization",
}
"""Bodies of which no list was found, or whose membership is in doubt: left open rather than guessed."""


def test_at_least_three_hundred_organisations_each_in_six_languages():
    assert len(ORGANISATIONS) >= 300
    for entries in (ORGANISATIONS, REGIONS, COUNTRIES):
        assert [entry for entry in entries if not entry["names"].keys() >= LANGUAGES] == []


def test_parents_are_listed_and_identifiers_unique():
    slugs = {entry["slug"] for entry in ORGANISATIONS}
    assert [entry["slug"] for entry in ORGANISATIONS if entry.get("parent", entry["slug"]) not in slugs] == []
    identifiers = [entry["wikidata"] for entry in ORGANISATIONS if "wikidata" in entry]
    assert len(identifiers) == len(set(identifiers))


def test_acronyms_are_written_as_acronyms():
    for organisation in ORGANISATIONS:
        for acronyms in organisation.get("acronyms", {}).values():
            for acronym in acronyms:
                letters = [letter for letter in acronym if letter.isupper() or letter.isdigit()]
                assert len(letters) >= 2, acronym
                assert not acronym.isdigit()


def test_no_name_acronym_or_hashtag_belongs_to_two_organisations():
    names, acronyms, hashtags = [], [], []
    for entry in ORGANISATIONS:
        # "The Organisation" is whichever was named last.
        later = {name for each in entry.get("conditions", ()) if each.get("later") for name in each["names"]}
        own = [name for listed in entry["names"].values() for name in listed if name not in later]
        names += [(name.casefold(), entry["slug"]) for name in own]
        acronyms += [(name, entry["slug"]) for listed in entry.get("acronyms", {}).values() for name in listed]
        hashtags += [(name.casefold(), entry["slug"]) for name in entry.get("hashtags", [])]
    assert set(shared(names)) | set(shared(acronyms)) | set(shared(hashtags)) == CONTESTED_NAMES


def test_hashtags_carry_no_hash_and_identifiers_are_wikidata():
    for entry in ORGANISATIONS + REGIONS:
        assert all(re.fullmatch(r"\w+", hashtag) for hashtag in entry.get("hashtags", []))
    identifiers = [entry["wikidata"] for entry in ORGANISATIONS + COUNTRIES if "wikidata" in entry]
    assert all(re.fullmatch(r"Q[1-9]\d*", identifier) for identifier in identifiers)
    assert [identifier for identifier, times in Counter(identifiers).items() if times > 1] == []
    assert sum("wikidata" in entry for entry in ORGANISATIONS) >= 245


AROUND = {
    "en": "Yesterday {} said it was ready.",
    "ru": "Вчера {} заявила о готовности.",
    "fr": "Hier, {} a publié un texte.",
    "es": "Ayer {} publicó un texto.",
    "zh": "昨天，{}发表了声明。",
    "ar": "أصدرت {} بيانا أمس.",
}


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger(load_taxonomy(CONFIG))


@pytest.mark.parametrize(
    ("facet", "entries", "kinds"),
    [
        (Facet.ORGANISATION, ORGANISATIONS, ("names", "acronyms")),
        (Facet.REGION, REGIONS, ("names",)),
        (Facet.COUNTRY, COUNTRIES, ("names", "demonyms")),
    ],
    ids=["organisations", "regions", "countries"],
)
def test_every_name_is_found_where_nothing_but_itself_is_asked_for(tagger, facet, entries, kinds):
    lost = []
    for entry in entries:
        slug = entry.get("slug", entry.get("code"))
        asked = {name for each in entry.get("conditions", ()) for name in each["names"]}
        alone = "requires" not in entry.get("context", {})
        for kind in kinds:
            for language, names in entry.get(kind, {}).items():
                for name in names if alone else names[: kind == "names"]:
                    if len(name) == 1:  # Chinese, found beside another one
                        continue
                    post = make.post(title="", text=AROUND[language].format(name), language=language)
                    tags = {(tag.facet, tag.slug) for tag in tagger.tags(post, make.source())}
                    if name not in asked and (facet, slug) not in tags:
                        lost.append((slug, kind, language, name))
    assert lost == []


# ── regions and countries ──────────────────────────────────────────────────────────────────────────────────


def test_regions_hold_countries_that_are_listed():
    assert len(REGIONS) >= 55
    for region in REGIONS:
        codes = region.get("countries", [])
        assert set(codes) <= CODES, region["slug"]
        assert codes == sorted(set(codes)), region["slug"]


def test_every_sovereign_country_lies_in_a_region():
    placed = {code for region in REGIONS for code in region.get("countries", [])}
    assert {entry["code"] for entry in COUNTRIES if entry.get("demonyms")} - placed == set()


def test_every_iso_code_and_kosovo_is_a_country():
    assert len(COUNTRIES) == 250
    assert {"xk", "ps", "tw", "eh", "va"} <= CODES
    assert [entry["code"] for entry in COUNTRIES] == sorted(CODES)


def test_a_name_of_two_countries_is_listed_as_contested():
    extra = yaml.safe_load((ROOT / "scripts" / "countries_extra.yaml").read_text(encoding="utf-8"))
    claimed = {
        (language, name): set(entry["countries"])
        for entry in (*extra["contested"], *extra["together"])
        for language, names in entry["names"].items()
        for name in names
    }
    owners = defaultdict(set)
    for entry in COUNTRIES:
        for language, names in entry["names"].items():
            for name in names:
                owners[language, name].add(entry["code"])
    found = {key: codes for key, codes in owners.items() if len(codes) > 1}
    assert {key: codes for key, codes in found.items() if not codes <= claimed.get(key, set())} == {}
    assert {key: codes for key, codes in claimed.items() if owners[key] != codes} == {}


def test_the_labels_are_names_and_not_postal_addresses():
    for entry in COUNTRIES:
        label = entry["names"]["en"][0]
        assert "&" not in label
        assert not label.startswith(("the ", "The "))
        assert "SAR" not in label


@needs_shared
def test_the_country_file_is_what_the_script_builds(tmp_path):
    built = tmp_path / "countries.yaml"
    script = ROOT / "scripts" / "build_countries.py"
    subprocess.run([sys.executable, script, SHARED / "reference", "--output", built], check=True, timeout=60)
    assert built.read_bytes() == (CONFIG / "countries.yaml").read_bytes(), "run scripts/build_countries.py"


# ── sources ────────────────────────────────────────────────────────────────────────────────────────────────


def test_sources_name_bodies_and_countries_that_are_listed():
    slugs = {organisation["slug"] for organisation in ORGANISATIONS}
    for source in SOURCES:
        assert source.get("organisation", "un-secretariat") in slugs, source["slug"]
        assert source.get("country", "XK").lower() in CODES, source["slug"]
        assert source.get("country", "XK").isupper(), source["slug"]


def test_every_source_says_who_speaks_in_what_language():
    for source in SOURCES:
        assert source["authority"] in {"primary", "state_agency", "press"}
        assert re.fullmatch(r"[a-z]{2}", source["language"]), source["slug"]
        if source["authority"] != "press":
            assert "organisation" in source or "country" in source, source["slug"]


def test_addresses_are_well_formed_and_polled_once():
    for source in SOURCES:
        pattern = r"@[A-Za-z]\w{4,31}" if source["kind"] == "telegram" else r"https?://[^\s/]+\.[a-z]+/\S*"
        assert re.fullmatch(pattern, source["url"]), source["slug"]
        assert source["interval"] in {"15m", "30m", "1h"}, source["slug"]
    assert [url for url, times in Counter(source["url"].lower() for source in SOURCES).items() if times > 1] == []


def test_the_catalogue_is_balanced():
    assert len(SOURCES) >= 130
    countries = Counter(source["country"] for source in SOURCES if "country" in source)
    assert len(countries) >= 40
    assert max(countries.values()) <= 0.15 * len(SOURCES)
    authorities = Counter(source["authority"] for source in SOURCES)
    assert all(authorities[authority] >= 25 for authority in ("primary", "state_agency", "press"))
    assert len({source["language"] for source in SOURCES}) >= 15
    assert Counter(source["kind"] for source in SOURCES)["telegram"] >= 5


SPEAKING_BODIES = {
    *("united-nations", "un-security-council", "un-secretary-general", "world-bank", "imf", "opcw", "icc", "interpol"),
    *("international-court-of-justice", "nato", "osce", "council-of-europe", "european-commission", "eeas"),
    *("cis", "csto", "eurasian-economic-commission", "sco", "organization-of-turkic-states", "asean"),
    *("african-union", "ecowas", "arab-league", "gcc", "oic", "mercosur"),
}

SPEAKING_STATES = {
    *("AE", "AR", "BR", "CN", "EG", "ET", "FR", "GB", "ID", "IN", "IR", "JP", "KG", "KR", "KZ", "MX", "RS"),
    *("RU", "SA", "TR", "UA", "US", "UZ", "VN", "ZA"),
}


def test_the_bodies_and_states_that_matter_speak_for_themselves():
    official = [source for source in SOURCES if source["authority"] == "primary"]
    assert SPEAKING_BODIES - {source.get("organisation") for source in official} == set()
    assert SPEAKING_STATES - {source.get("country") for source in official} == set()
    assert sum(source["slug"].startswith("embassy-") for source in official) >= 5


def test_pages_are_polled_once_an_hour():
    assert [source["slug"] for source in SOURCES if source["kind"] == "page" and source["interval"] != "1h"] == []


@needs_shared
def test_an_address_that_nothing_recorded_bears_out_is_tagged():
    recorded = b"\n".join(path.read_bytes() for path in (SHARED / "corpus").rglob("*") if path.is_file()).lower()
    recorded = recorded.replace(b"&amp;", b"&")
    untagged = [source for source in SOURCES if "unverified" not in source.get("tags", [])]
    assert untagged
    unborne = [each["slug"] for each in untagged if address(each["url"]) not in recorded]
    assert unborne == [], "not in the corpus: give them the tag 'unverified'"


def address(url: str) -> bytes:
    """What of an address has to be found: without its scheme, or a channel's bare name."""
    return url.lower().split("://")[-1].lstrip("@").encode()
