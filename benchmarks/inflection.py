"""Generated forms against names as they are listed and against stems: which finds countries best, by the same labels.

    python -m benchmarks.inflection [--sets DIRECTORY]

Stems need snowballstemmer, which the service itself does not (`pip install snowballstemmer`); without it that line is
left out. A stem table looks for runs of words whose stems are those of a name, names only where they have a capital.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from benchmarks.tagging import SOURCE, Score, post_of, shipped_taxonomy
from monitor.core.lexicon import Lexicon
from monitor.core.model import Facet
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Names, Taxonomy
from monitor.core.text import fold, words_of
from tests.shared import SHARED

STEMMERS = {"ru": "russian", "fr": "french", "es": "spanish"}
Finds = Callable[[str], set[str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, default=SHARED / "eval" / "tagging", help="directory of labelled texts")
    options = parser.parse_args()
    if not options.sets.is_dir():
        print(f"no labelled texts in {options.sets}", file=sys.stderr)
        return 1
    taxonomy = shipped_taxonomy()
    ways: dict[str, tuple[Lexicon, Tagger]] = {}
    for way, each in (("as listed", uninflected(taxonomy)), ("generated forms", taxonomy)):
        lexicon = Lexicon.of(each)
        ways[way] = lexicon, Tagger(each, lexicon)
        print(f"{way}: {len(lexicon.patterns):,} patterns")
    for language in STEMMERS:
        records = list(labelled(options.sets, language))
        print(f"\n{language}, {len(records)} texts whose countries are labelled in full")
        for way, (_, tagger) in ways.items():
            print(f"  {way:16}{judged(records, countries_by(tagger, language))}")
        if find_spec("snowballstemmer"):
            print(f"  {'stems':16}{judged(records, countries_by_stems(taxonomy, language))}")
    return 0


def uninflected(taxonomy: Taxonomy) -> Taxonomy:
    """The same names, under languages that no rules of inflection are known for."""

    def unknown(names: Names) -> Names:
        return {language if language in ("en", "zh") else f"x{language}": listed for language, listed in names.items()}

    return replace(
        taxonomy,
        countries=tuple(
            replace(each, names=unknown(each.names), demonyms=unknown(each.demonyms), cities=unknown(each.cities))
            for each in taxonomy.countries
        ),
    )


def labelled(sets: Path, language: str) -> Iterator[Mapping]:
    for path in sorted(sets.glob("*.jsonl")):
        for record in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if record["lang"] == language and record["scope"].get("countries") == "full":
                yield record


def judged(records: list[Mapping], found_in: Finds) -> Score:
    score = Score()
    for record in records:
        found = found_in(record["text"])
        required, listed, optional = (
            {code.lower() for code in record[key]} for key in ("countries_core", "countries", "countries_optional")
        )
        score.right += len(found & (required | listed))
        score.wrong += len(found - required - listed - optional)
        score.found += len(found & required)
        score.missed += len(required - found)
    return score


def countries_by(tagger: Tagger, language: str) -> Finds:
    return lambda text: {tag.slug for tag in tagger.tags(post_of(text, language), SOURCE) if tag.facet is Facet.COUNTRY}


def countries_by_stems(taxonomy: Taxonomy, language: str) -> Finds:
    import snowballstemmer  # noqa: PLC0415 - no dependency of the project

    stem = cache(snowballstemmer.stemmer(STEMMERS[language]).stemWord)
    table: dict[tuple[str, ...], set[tuple[str, bool]]] = {}
    for country in taxonomy.countries:
        for names, capital in ((country.names, True), (country.cities, True), (country.demonyms, False)):
            for name in names.get(language, ()):
                folded = fold(name).text
                if not (name.isupper() and len(name) < 4):
                    words = tuple(stem(folded[start:end]) for start, end in words_of(folded))
                    table.setdefault(words, set()).add((country.code, capital))
    longest = max(map(len, table))

    def found_in(text: str) -> set[str]:
        folded = fold(text)
        spans = list(words_of(folded.text))
        written = [stem(folded.text[start:end]) for start, end in spans]
        found: set[str] = set()
        at = 0
        while at < len(written):
            for length in range(min(longest, len(written) - at), 0, -1):
                small = text[folded.span(*spans[at])[0]].islower()
                codes = {c for c, capital in table.get(tuple(written[at : at + length]), ()) if not (capital and small)}
                if codes:
                    found |= codes
                    at += length - 1
                    break
            at += 1
        return found

    return found_in


if __name__ == "__main__":
    sys.exit(main())
