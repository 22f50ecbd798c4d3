"""How right and how fast the tagger is with the shipped taxonomy.

    python -m benchmarks.tagging [--sets DIRECTORY] [--errors 10] [--only channel-posts] [--facet organisation]

Quality is measured on labelled texts, which are not part of the repository: name their directory, or place it where the
tests look for it. Precision counts what is tagged and neither labelled nor marked optional, recall what is labelled.
Where a set's labels are known to be incomplete, its precision is a lower bound and printed with "≥".

Speed is posts of 2 KB a second on one core, folding included, beside a floor measured in the same run: one pass of an
automaton over the same forms and the same texts folded before, nothing checked and nothing kept.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from resource import getpagesize
from time import process_time

from ahocorasick_rs import AhoCorasick

from monitor.core.lexicon import Lexicon
from monitor.core.model import Facet, Field, Post, Source, Tag
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.text import fold, page_of
from monitor.provisioning.loading import load
from tests.shared import SHARED

SOURCE = Source(slug="benchmark", title="Benchmark", kind="feed", url="https://benchmark.example")
FACETS = {Facet.ORGANISATION: "orgs", Facet.COUNTRY: "countries", Facet.REGION: "regions"}


@dataclass
class Score:
    """Counts of one set, language and facet."""

    right: int = 0  # tagged and labelled
    wrong: int = 0  # tagged, neither labelled nor optional
    found: int = 0  # labelled as required, and tagged
    missed: int = 0  # labelled as required, not tagged
    beyond: int = 0  # of the wrong ones: entries that the labels have no identifier for, so that they cannot be right
    complete: bool = True  # whether precision means something

    def __add__(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.wrong + other.wrong,
            self.found + other.found,
            self.missed + other.missed,
            self.beyond + other.beyond,
            self.complete and other.complete,
        )

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed) if self.found + self.missed else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        least = " " if self.complete else "≥"
        return (
            f"P {least}{self.precision:.3f}  R  {self.recall:.3f}  F1 {self.f1:.3f}"
            f"   {self.found:5} found {self.missed:5} missed {self.wrong:5} wrong"
            + (f" ({self.beyond} without a label of their own)" if self.beyond else "")
        )


@dataclass
class Errors:
    """What was wrongly tagged or missed, and where."""

    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    example: dict[str, str] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, default=SHARED / "eval" / "tagging", help="directory of labelled texts")
    parser.add_argument("--only", default="", help="only sets whose name contains this")
    parser.add_argument("--facet", choices=[str(facet) for facet in FACETS], help="list errors of this facet only")
    parser.add_argument("--errors", type=int, default=8, help="how many of the worst errors to list a set and facet")
    options = parser.parse_args()

    taxonomy = shipped_taxonomy()
    lexicon, tagger = print_costs(taxonomy)
    if not options.sets.is_dir():
        print(f"no labelled texts in {options.sets}: quality and speed are not measured", file=sys.stderr)
        return 1

    slugs = Slugs(taxonomy, options.sets)
    totals: defaultdict[tuple[Facet, str, bool], Score] = defaultdict(Score)
    for name in slugs.unknown:
        print(f"not in the taxonomy: {name}")
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(options.sets.rglob("*.jsonl")):
        if options.only not in path.name:
            continue
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        name = path.name.removesuffix(".jsonl")
        for record in records:
            texts[f"{record['lang']}, channel" if name.startswith("channel") else record["lang"]].append(record["text"])
        print_scores(name, records, tagger, slugs, options, totals)
    print("\nall sets")
    for (facet, language, complete), score in sorted(totals.items()):
        print(f"  {facet:13}{language:4}{score}" + ("" if complete else "  (labels incomplete)"))
    print_speed(lexicon, tagger, texts)
    return 0


def shipped_taxonomy() -> Taxonomy:
    with tempfile.TemporaryDirectory() as nothing_of_the_operators:
        return load(Path(nothing_of_the_operators), kinds={}, addresses={}, channels={}).taxonomy


class Slugs:
    """From the labels of the sets to the slugs of the taxonomy."""

    def __init__(self, taxonomy: Taxonomy, sets: Path) -> None:
        by_wikidata = {entry.wikidata: entry.slug for entry in taxonomy.organisations if entry.wikidata}
        by_name: dict[str, str] = {}
        for entry in taxonomy.organisations:
            for names in (*entry.acronyms.values(), *entry.names.values()):
                for name in names:
                    by_name.setdefault(fold(name).text, entry.slug)
        regions = {
            fold(name).text: entry.slug
            for entry in taxonomy.regions
            for name in (entry.slug, *entry.names.get("en", ()))
        }
        self.unknown: list[str] = []
        self._organisations: dict[str, str] = {}
        for label, described in json.loads((sets / "organisation-ids.json").read_text(encoding="utf-8")).items():
            slug = (
                by_wikidata.get(described["wikidata"])
                or by_name.get(fold(described["name"]).text)
                or by_name.get(fold(label).text)
            )
            self._organisations[label] = slug or label
            if slug is None:
                self.unknown.append(f"organisation {label} ({described['name']})")
        self._regions: dict[str, str] = {}
        for label in json.loads((sets / "region-names.json").read_text(encoding="utf-8")):
            plain = fold(label).text
            slug = regions.get(plain) or regions.get(plain.replace(" ", "-"))
            self._regions[label] = slug or label
            if slug is None:
                self.unknown.append(f"region {label}")

    @property
    def organisations(self) -> set[str]:
        """The entries that a label can stand for."""
        return set(self._organisations.values())

    def of(self, facet: Facet, labels: list[str]) -> set[str]:
        match facet:
            case Facet.ORGANISATION:
                return {self._organisations.get(label, label) for label in labels}
            case Facet.REGION:
                return {self._regions.get(label, label) for label in labels}
            case _:
                return {label.lower() for label in labels}


def print_scores(
    name: str,
    records: list[Mapping],
    tagger: Tagger,
    slugs: Slugs,
    options: argparse.Namespace,
    totals: defaultdict[tuple[Facet, str, bool], Score],
) -> None:
    scores: defaultdict[tuple[Facet, str], Score] = defaultdict(Score)
    errors: defaultdict[Facet, Errors] = defaultdict(Errors)
    for record in records:
        tags = tagger.tags(post_of(record["text"], record["lang"]), SOURCE)
        for facet, key in FACETS.items():
            scope = record["scope"].get(key, "none")
            if scope == "none":
                continue
            judge(record, tags, facet, slugs, scores[facet, record["lang"]], errors[facet], complete=scope == "full")
    print(f"\n{name} ({len(records)} texts)")
    for (facet, language), score in sorted(scores.items()):
        print(f"  {facet:13}{language:4}{score}")
        totals[facet, language, score.complete] += score
    for facet, made in errors.items():
        if options.errors and options.facet in (None, facet):
            for kind, counted in (("wrong", made.wrong), ("missed", made.missed)):
                for error, count in counted.most_common(options.errors):
                    print(f"    {kind:7}{count:4} × {facet} {error}   {made.example[f'{kind} {error}']}")


def judge(
    record: Mapping, tags: tuple[Tag, ...], facet: Facet, slugs: Slugs, score: Score, errors: Errors, *, complete: bool
) -> None:
    key = FACETS[facet]
    evidence = {tag.slug: tag.evidence[0] for tag in tags if tag.facet is facet and tag.evidence[0].rule != "member"}
    required = slugs.of(facet, record.get(f"{key}_core", record[key]))
    labelled = required | slugs.of(facet, record[key])
    optional = slugs.of(facet, record.get(f"{key}_optional", []))
    score.complete = score.complete and complete
    score.right += len(evidence.keys() & labelled)
    score.found += len(evidence.keys() & required)
    for slug in evidence.keys() - labelled - optional:
        score.wrong += 1
        score.beyond += facet is Facet.ORGANISATION and slug not in slugs.organisations
        words = evidence[slug]
        error = f"{slug} by {words.words!r} ({words.rule}, {record['lang']})"
        errors.wrong[error] += 1
        errors.example[f"wrong {error}"] = (
            around(record["text"], words.offset, len(words.words)) if words.field is Field.TEXT else words.field
        )
    for slug in required - evidence.keys():
        score.missed += 1
        error = f"{slug} ({record['lang']})"
        errors.missed[error] += 1
        errors.example[f"missed {error}"] = record["id"]


def around(text: str, offset: int, length: int) -> str:
    return "…" + text[max(0, offset - 30) : offset + length + 30].replace("\n", " ") + "…"


def post_of(text: str, language: str | None) -> Post:
    """A text as normalising would hand it over, its hashtags listed."""
    return Post(
        guid="",
        url=None,
        title="",
        text=text,
        html="",
        language=language,
        hashtags=tuple(re.findall(r"(?<!\w)#(\w+)", text)),
        content_hash=b"",
        fingerprint=None,
    )


# ── speed ──────────────────────────────────────────────────────────────────────────────────────────────────


def print_costs(taxonomy: Taxonomy) -> tuple[Lexicon, Tagger]:
    """Build the tagger, and say what that takes."""
    before = resident()
    started = process_time()
    lexicon = Lexicon.of(taxonomy)
    compiled = process_time()
    kept = lexicon.to_json()
    written = process_time()
    Lexicon.from_json(kept)
    read = process_time()
    tagger = Tagger(taxonomy, lexicon)
    built = process_time()
    print(f"{len(lexicon.patterns):,} forms of names and {len(lexicon.exact):,} of acronyms")
    print(f"made in {compiled - started:.3f} s, or read in {read - written:.3f} s from {len(kept.encode()):,} bytes;")
    print(f"automata built in {built - read:.3f} s; {resident() - before:.0f} MB of memory, {resident():.0f} in all")
    return lexicon, tagger


def resident() -> float:
    """Megabytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / 2**20


def print_speed(lexicon: Lexicon, tagger: Tagger, texts: Mapping[str, list[str]]) -> None:
    words = [pattern for pattern in lexicon.patterns if len(pattern) > 1]
    automaton = AhoCorasick([*words, *{fold(acronym).text for acronym in lexicon.exact}])
    print(f"\nposts of 2 KB a second of one core's time, best of {ROUNDS}   tagger      floor   of it folding  ratio")
    for language, written in sorted(texts.items()):
        posts = [post_of(text, language[:2]) for text in pieces("\n\n".join(written))][:400]
        if not posts:
            continue
        pages = [page_of(post).folded.text for post in posts]
        whole, floor, folding = best_times(
            lambda posts=posts: [tagger.tags(post, SOURCE) for post in posts],
            lambda pages=pages: [automaton.find_matches_as_indexes(page, overlapping=True) for page in pages],
            lambda posts=posts: [fold(post.text) for post in posts],
        )
        number = len(posts)
        print(
            f"  {language:12} {number:4} posts{number / whole:35,.0f} {number / floor:10,.0f}"
            f"{folding / whole:15.0%} {floor / whole:6.2f}"
        )


ROUNDS = 5


def pieces(text: str) -> Iterator[str]:
    """Cut a text into posts of 2 KB in UTF-8."""
    encoded = text.encode()
    for start in range(0, len(encoded) - 2048, 2048):
        yield encoded[start : start + 2048].decode(errors="ignore")


def best_times(*runs: Callable[[], object]) -> list[float]:
    """The least processor time of each of the runs, which take turns so that a busy machine is fair to all."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for at, run in enumerate(runs):
            started = process_time()
            run()
            best[at] = min(best[at], process_time() - started)
    return best


if __name__ == "__main__":
    sys.exit(main())
