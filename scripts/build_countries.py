"""Builds config/countries.yaml from public lists and the hand-written scripts/countries_extra.yaml.

    python scripts/build_countries.py REFERENCE [--output config/countries.yaml]

REFERENCE is a directory with `countries/country-codes.csv` (ISO 3166 with the United Nations' names, public domain),
`countries/cldr-territories.json` (Unicode CLDR) and `cities/geonames-cities.csv` (GeoNames, CC BY 4.0); docs/credits.md
says where they come from. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Names = dict[str, list[str]]

LANGUAGES = ("en", "ru", "fr", "es", "zh", "ar")
UNTERM = {"en": "English", "ru": "Russian", "fr": "French", "es": "Spanish", "zh": "Chinese", "ar": "Arabic"}
HERE = Path(__file__).parent
OUTPUT = HERE.parent / "config" / "countries.yaml"

LARGE, GREAT = 1_000_000, 2_000_000
"""Inhabitants from which on a city that is no capital is listed: by its international name, and in every script."""

RIVAL = 0.1
"""A city is left out when another country has one of the same name with this share of its inhabitants."""

NOT_IN_TABLE = {"xk": "Q1246", "na": "Q1030"}
"""Wikidata identifiers that the table of codes lacks: Kosovo, which has no row, and Namibia."""

HEADER = """\
# yaml-language-server: $schema=schemas/countries.schema.json
#
# Countries and territories: names, adjectives and names of peoples (demonyms), capitals and large cities, by language.
# Made by scripts/build_countries.py from Unicode CLDR, the United Nations' UNTERM and M49 tables, GeoNames (CC BY 4.0)
# and scripts/countries_extra.yaml: change that file and build again, or edit this one by hand if you never will.
#
# The first name in a language is the label. Every code of ISO 3166-1 is here, with XK for Kosovo; a place that more
# than one side claims is listed under each of them. A listing says how a name is used, not whose it is by right.

countries:
"""


@dataclass
class Country:
    """What is collected about one country."""

    code: str
    names: Names = field(default_factory=lambda: defaultdict(list))
    demonyms: Names = field(default_factory=lambda: defaultdict(list))
    cities: Names = field(default_factory=lambda: defaultdict(list))
    wikidata: str | None = None
    conditions: list[dict[str, Any]] = field(default_factory=list)
    decoys: Names = field(default_factory=dict)


def build(reference: Path, extra: Mapping[str, Any]) -> str:
    """The whole file as text."""
    countries = _countries(reference)
    _add_names(countries, reference, extra)
    _add_demonyms(countries, extra)
    _add_cities(countries, reference, extra)
    for code, country in countries.items():
        country.conditions = extra["conditions"].get(code, [])
        country.decoys = defaultdict(list, extra["decoys"].get(code, {}))
        _pruned(country, extra["drop"])
    _add_decoys(countries, reference)
    blocks = [_as_yaml(countries[code]) for code in sorted(countries)]
    return HEADER + "\n".join(blocks) + "\n"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _countries(reference: Path) -> dict[str, Country]:
    countries = {}
    for row in _rows(reference / "countries" / "country-codes.csv"):
        code = row["ISO3166-1-Alpha-2"].lower()
        countries[code] = Country(code, wikidata=row["wikidata_id"].rpartition("/")[2] or None)
    for code, wikidata in NOT_IN_TABLE.items():
        countries.setdefault(code, Country(code)).wikidata = wikidata
    return countries


# ── names ──────────────────────────────────────────────────────────────────────────────────────────────────


def _add_names(countries: dict[str, Country], reference: Path, extra: Mapping[str, Any]) -> None:
    territories = json.loads((reference / "countries" / "cldr-territories.json").read_text(encoding="utf-8"))
    rows = {row["ISO3166-1-Alpha-2"].lower(): row for row in _rows(reference / "countries" / "country-codes.csv")}
    for code, country in countries.items():
        territory = territories.get(code.upper(), {})
        for language in LANGUAGES:
            label = extra["labels"].get(code, {}).get(language)
            country.names[language] += [label] if label else []
            for script in ("zh_Hans", "zh_Hant") if language == "zh" else (language,):
                country.names[language] += _plain_names(territory.get(script, ""))
            if code in rows:
                for kind in ("Short", "Formal"):
                    country.names[language] += _unterm_names(rows[code][f"UNTERM {UNTERM[language]} {kind}"])
        if code in extra["traditional"]:
            country.names["zh"].append(extra["traditional"][code])
        _extend(country.names, extra["names"].get(code, {}))
        _extend(country.names, {"zh": extra["initials"].get(code, "")})
    for shared in (*extra["contested"], *extra["together"]):
        for code in shared["countries"]:
            _extend(countries[code].names, shared["names"])


def _plain_names(written: str) -> Iterator[str]:
    """A display name as people write it: "St. Kitts & Nevis" → "Saint Kitts and Nevis" and the name as it was."""
    bare = re.sub(r"\s*[(（].*?[)）]", "", written).strip()
    spelled = bare.replace(" & ", " and ")
    if re.match(r"St\. ", spelled):
        spelled = spelled.replace("St. ", "Saint ")
    spelled = re.sub(r"\bо-ва$", "острова", re.sub(r"^о-ва ", "Острова ", re.sub(r"^о-в ", "Остров ", spelled)))
    yield spelled
    if "о-в" not in bare:
        yield bare


def _unterm_names(written: str) -> Iterator[str]:
    """A name of the UN's terminology without marks and articles: "the Republic of X", "Pays-Bas (les)", "(l')"."""
    bare = re.sub(r"\s*\*+$", "", written.strip())
    bare = re.sub(r"\s*[(（].*?[)）]", "", bare).strip() if "刚果" not in bare else bare
    yield re.sub(r"^(?:the|la|le|les|el|los|las)\s+|^l['’]", "", bare)


# ── demonyms ───────────────────────────────────────────────────────────────────────────────────────────────


def _add_demonyms(countries: dict[str, Country], extra: Mapping[str, Any]) -> None:
    for section in ("demonyms", "peoples", "compounds"):
        for code, demonyms in extra[section].items():
            _extend(countries[code].demonyms, demonyms)
    for shared in extra["shared_demonyms"]:
        for code in shared["countries"]:
            _extend(countries[code].demonyms, shared["names"])


# ── cities ─────────────────────────────────────────────────────────────────────────────────────────────────


def _add_cities(countries: dict[str, Country], reference: Path, extra: Mapping[str, Any]) -> None:
    """Capitals first: first their hand-written names, then the list's, then large cities by size."""
    for code, names in extra["capitals"].items():
        _extend(countries[code].cities, names)
    rows = _rows(reference / "cities" / "geonames-cities.csv")
    rows.sort(key=lambda row: (-int(row["capital"]), -int(row["population"]), row["geonameid"]))
    rivals = _largest_by_name(rows)
    skipped = set(extra["skip_cities"])
    for row in rows:
        code, population, capital = row["country"].lower(), int(row["population"]), row["capital"] == "1"
        if code not in countries or not (capital or population >= LARGE) or int(row["geonameid"]) in skipped:
            continue
        others = (size for other, size in rivals[row["name"]].items() if other != code)
        if not capital and max(others, default=0) >= population * RIVAL:
            continue
        cities = countries[code].cities
        cities["en"].append(row["name"])
        alternates = row["alternate_names"].split("|")
        if capital or population >= GREAT:
            cities["zh"] += _in_script(alternates, _HAN)[:_SPELLINGS]
        if capital:
            cities["ar"] += _in_script(alternates, _ARABIC)[:_SPELLINGS]
        by_hand = capital and "ru" in extra["capitals"].get(code, {})
        if code != "ru" and not by_hand and (capital or population >= GREAT):  # Russia's own cities are all by hand
            cities["ru"] += _russian(row["name"], alternates)
    for section in ("cities", "towns"):
        for code, names in extra[section].items():
            _extend(countries[code].cities, names)
    for code, adjectives in extra["city_adjectives"].items():
        countries[code].cities["ru"] += adjectives


def _add_decoys(countries: dict[str, Country], reference: Path) -> None:
    """Cities that are not listed but whose names hold one of another country: East London, 利马索尔 (Limassol)."""
    holders: dict[str, dict[str, set[str]]] = {"en": defaultdict(set), "zh": defaultdict(set)}
    for code, country in countries.items():
        for names in (country.names, country.demonyms, country.cities):
            for language, known in holders.items():
                for name in names[language]:
                    known[name].add(code)
    for row in _rows(reference / "cities" / "geonames-cities.csv"):
        spelled = {"en": [row["name"]], "zh": _in_script(row["alternate_names"].split("|"), _HAN)}
        for language, known in holders.items():
            for name in spelled[language]:
                within = {code for part in _parts(name, language) for code in known.get(part, ())}
                if name not in known and row["country"].lower() not in within and not name.endswith(("语", "語")):
                    for code in sorted(within):
                        countries[code].decoys[language] = [*countries[code].decoys.get(language, ()), name]
    for country in countries.values():
        country.decoys = {language: list(dict.fromkeys(names)) for language, names in country.decoys.items()}


def _parts(name: str, language: str) -> Iterator[str]:
    """What a longer name holds: runs of its words, in Chinese runs of two of its characters or more."""
    joint, pieces = ("", list(name)) if language == "zh" else (" ", name.split(" "))
    shortest = 2 if language == "zh" else 1
    for start in range(len(pieces)):
        for end in range(start + shortest, len(pieces) + 1):
            if end - start < len(pieces):
                yield joint.join(pieces[start:end])


def _largest_by_name(rows: Iterable[dict[str, str]]) -> dict[str, dict[str, int]]:
    """For each city name the largest place of that name in each country."""
    sizes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        known = sizes[row["name"]]
        code = row["country"].lower()
        known[code] = max(known.get(code, 0), int(row["population"]))
    return sizes


_SPELLINGS = 4  # of one city in one script: beyond them stand nicknames and readings of other languages
_HAN = re.compile(r"(?!.*(?:市|省|区|區|县|縣|府|镇|街道|道)$)[\u4e00-\u9fff]{2,5}")
# No letter that only Persian, Urdu, Kurdish or Uighur has; alef maqsura and hamza only where Arabic puts them.
_ARABIC = re.compile(r"[اأإآءؤةب-غف-وي][ءؤئاأإآةب-غف-وي]{2,}[ءاةىب-غف-وي](?: [اأإآب-غف-وي][ءؤئاأإآةىب-غف-ي]+)?")
_RUSSIAN = re.compile(r"[А-ЯЁ][а-яё]{3,}(?:[- ](?:на-)?[А-ЯЁ][а-яё]+)*")


def _in_script(alternates: Iterable[str], pattern: re.Pattern[str]) -> list[str]:
    return [name for name in alternates if pattern.fullmatch(name)]


def _russian(name: str, alternates: Iterable[str]) -> list[str]:
    """Of the names in Russian letters (Bulgarian and Serbian ones among them) the two that sound most like the city."""
    latin = _bare(name)
    written = sorted(_in_script(alternates, _RUSSIAN), key=lambda each: (-_alike(_transliterated(each), latin), each))
    return [each for each in written[:2] if _alike(_transliterated(each), latin) >= 0.5]


def _alike(one: str, other: str) -> float:
    """Share of letter pairs that two words have in common (Dice)."""
    first, second = ({word[i : i + 2] for i in range(len(word) - 1)} for word in (one, other))
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def _transliterated(name: str) -> str:
    return "".join(_LATIN.get(letter, "") for letter in name.lower())


_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i i k l m n o p r s t u f h ts ch sh sh . y . e yu ya".replace(".", "").split(" "),
        strict=True,
    )
)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


# ── putting together ───────────────────────────────────────────────────────────────────────────────────────


def _extend(names: Names, more: Mapping[str, Iterable[str]]) -> None:
    for language, listed in more.items():
        names[language] += listed


def _pruned(country: Country, drop: Mapping[str, Iterable[str]]) -> None:
    """Leave out empty, repeated and ambiguous names; a label stays in any case, and no city repeats its country."""
    known: set[str] = set()
    for names in (country.names, country.demonyms, country.cities):
        for language in LANGUAGES:
            unwanted = set(drop.get(language, ()))
            kept: dict[str, None] = {}
            for name in names[language]:
                straight = name.replace("’", "'")
                is_label = names is country.names and not kept
                if straight and (is_label or straight not in unwanted):
                    kept[straight] = None
            names[language] = [name for name in kept if names is country.names or f"{language} {name}" not in known]
            known |= {f"{language} {name}" for name in kept}


def _as_yaml(country: Country) -> str:
    lines = [f"  - code: {_scalar(country.code)}"]
    for key in ("names", "demonyms", "cities", "decoys"):
        names = getattr(country, key)
        if any(names.get(language) for language in LANGUAGES):
            lines.append(f"    {key}:")
            lines += [f"      {language}: {_list(names[language])}" for language in LANGUAGES if names.get(language)]
    if country.conditions:
        lines.append("    conditions:")
        lines += [f"      - {{{_condition(condition)}}}" for condition in country.conditions]
    if country.wikidata:
        lines.append(f"    wikidata: {country.wikidata}")
    return "\n".join(lines)


def _condition(condition: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key}: {str(value).lower() if value is True else _list(value)}" for key, value in condition.items()
    )


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_scalar, texts))}]"


def _scalar(text: str) -> str:
    """Plain where every YAML reader takes it for a string, quoted where one might not."""
    risky = text.lower() in {"no", "yes", "on", "off", "y", "n", "true", "false", "null"}
    if risky or re.search(r"[\[\]{},:#&*!|>'\"%@`]|^[-?\d]", text):
        return json.dumps(text, ensure_ascii=False)
    return text


def extra_names() -> Any:
    """The hand-written part."""
    return yaml.safe_load((HERE / "countries_extra.yaml").read_text(encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds config/countries.yaml.")
    parser.add_argument("reference", type=Path, help="directory with the public lists")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    arguments.output.write_text(build(arguments.reference, extra_names()), encoding="utf-8")


if __name__ == "__main__":
    main()
