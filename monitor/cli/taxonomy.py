"""`monitor taxonomy`: check and stats."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.cli.errors import CommandError
from monitor.cli.options import AsJson
from monitor.cli.output import columns, complain, count, emit, heading, say, show_fields, show_table
from monitor.cli.session import Session
from monitor.cli.tag_names import short
from monitor.core.errors import ConfigError
from monitor.core.model import Facet
from monitor.core.spellings import spellings
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.core.taxonomy_doubts import SORTS, Archive, Doubt, archive_of, doubts
from monitor.core.text import fold
from monitor.provisioning import read_taxonomy
from monitor.provisioning.loading import ReadTaxonomy
from monitor.store import posts

SHOWN = 10  # doubts of each sort; --all shows every one

Directory = Annotated[
    Path | None,
    typer.Option("--dir", metavar="DIR", help="Files of another directory than the configured one."),
]


def check(
    ctx: typer.Context,
    *,
    directory: Directory = None,
    newest: Annotated[
        int, typer.Option("--posts", min=0, metavar="N", help="Stored posts that are looked at; 0: none.")
    ] = 1000,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every doubt, not just the first of each sort.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong or doubtful in the taxonomies.

    What is wrong is refused by the service as well, with file and line, and ends this with exit code 3. What is
    doubtful works, and perhaps not as meant: one name for two entries, an acronym that is an ordinary word, context
    that never applies, languages without a name.
    """
    session = Session.of(ctx)
    read = read_taxonomy(directory or session.settings.paths.config)
    archive = _archive(session, newest) if newest else None
    found = doubts(read.taxonomy, archive)
    if as_json:
        emit(
            {
                "version": read.taxonomy.version,
                "posts": archive.posts if archive else 0,
                "doubts": [_document(one, read) for one in found],
                "notes": _notes(read),
            }
        )
        return
    for note in _notes(read):
        complain(note, label="note")
    say(f"{_entries(read.taxonomy)}: nothing is wrong" + ("" if found else ", nothing is doubtful"))
    by_sort = Counter(one.sort for one in found)
    for sort in SORTS:
        of_sort = [one for one in found if one.sort == sort]
        if not of_sort:
            continue
        heading(f"{sort.capitalize()} ({by_sort[sort]:,})")
        for one in of_sort if everything else of_sort[:SHOWN]:
            say(f"{_where(one, read)}: {short(one.facet, one.slug)}: {one.sentence}")
        if len(of_sort) > SHOWN and not everything:
            say(f"… and {len(of_sort) - SHOWN:,} more: --all")
    if archive is None and newest:
        complain("no posts are stored: what only they can show was left out", label="note")


def _archive(session: Session, newest: int) -> Archive | None:
    """The newest stored posts; None where there is no database, or none in it."""
    try:
        with session.reading() as tx:
            texts = [f"{one.post.title}\n{one.post.text}" for one in posts.latest(tx, limit=newest)]
    except (ConfigError, CommandError):
        return None
    return archive_of(texts) if texts else None


def _notes(read: ReadTaxonomy) -> list[str]:
    return [note for file in (*read.files.values(), *read.additions) for note in file.notes]


def _place(one: Doubt, read: ReadTaxonomy) -> tuple[str, int | None]:
    """File and line of the entry's words, in the file that says them."""
    for name, file in read.files.items():
        if not _lists(name, one.facet, read):
            continue
        for entry in file.entries:
            if getattr(entry.shape, "slug", None) == one.slug or getattr(entry.shape, "code", None) == one.slug:
                saying, path = entry.place(file, one.path)
                return saying.place(path)
    return str(one.facet), None


def _lists(name: str, facet: Facet, read: ReadTaxonomy) -> bool:
    built_in = {Facet.ORGANISATION: "organisations", Facet.COUNTRY: "countries", Facet.REGION: "regions"}
    if facet in built_in:
        return name == built_in[facet]
    own = [name for name in read.files if name.startswith("facets/")]
    return name in own and read.taxonomy.facets[own.index(name)].facet is facet


def _where(one: Doubt, read: ReadTaxonomy) -> str:
    file, line = _place(one, read)
    return f"{file}:{line}" if line is not None else file


def _document(one: Doubt, read: ReadTaxonomy) -> dict[str, Any]:
    file, line = _place(one, read)
    return {
        "sort": one.sort,
        "tag": short(one.facet, one.slug),
        "file": file,
        "line": line,
        "path": [str(step) for step in one.path],
        "sentence": one.sentence,
    }


def _entries(taxonomy: Taxonomy) -> str:
    own = "".join(f", {own.facet}: {len(own.entries):,}" for own in taxonomy.facets)
    organisations = count(len(taxonomy.organisations), "organisation")
    countries = count(len(taxonomy.countries), "country", "countries")
    return f"{organisations}, {countries}, {count(len(taxonomy.regions), 'region')}{own}"


def stats(ctx: typer.Context, *, directory: Directory = None, as_json: AsJson = False) -> None:
    """Count entries, names and forms, and measure the tagger.

    Forms are the ways in which names are looked for: every name with its cases, numbers and genders.
    """
    session = Session.of(ctx)
    begun = time.process_time()
    taxonomy = read_taxonomy(directory or session.settings.paths.config).taxonomy
    read = time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Tagger(taxonomy)
    built = time.process_time()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    forms = [(form.facet, form.language or "", form.rule, fold(form.words).text) for form in spellings(taxonomy)]
    patterns = {words for _, _, rule, words in forms if rule != "hashtag"}
    measured = {
        "patterns": len(patterns),
        "characters": sum(map(len, patterns)),
        "read_seconds": round(read - begun, 3),
        "build_seconds": round(built - read, 3),
        "memory_bytes": grown * (1 if sys.platform == "darwin" else 1024),
    }
    if as_json:
        rows = [_row(taxonomy, facet, forms) for facet in _facets(taxonomy)]
        emit({"version": taxonomy.version, "facets": rows, "automaton": measured})
        return
    _show_stats(taxonomy, forms, measured)


Counted = Sequence[tuple[Facet, str, str, str]]


def _facets(taxonomy: Taxonomy) -> list[Facet]:
    return [Facet.ORGANISATION, Facet.COUNTRY, Facet.REGION, *(own.facet for own in taxonomy.facets)]


def _names(taxonomy: Taxonomy, facet: Facet) -> Counter[str]:
    """Names, acronyms, demonyms and cities of a facet, by language."""
    entries: dict[Facet, Sequence[Any]] = {
        Facet.ORGANISATION: taxonomy.organisations,
        Facet.COUNTRY: taxonomy.countries,
        Facet.REGION: taxonomy.regions,
        **{own.facet: own.entries for own in taxonomy.facets},
    }
    counted: Counter[str] = Counter()
    for entry in entries[facet]:
        for key in ("names", "acronyms", "demonyms", "cities"):
            for language, names in getattr(entry, key, {}).items():
                counted[language] += len(names)
    return counted


def _row(taxonomy: Taxonomy, facet: Facet, forms: Counted) -> dict[str, Any]:
    of_facet = Counter(language for each, language, rule, _ in forms if each is facet and language)
    rules = Counter(rule for each, _, rule, _ in forms if each is facet)
    return {
        "facet": facet,
        "entries": len(taxonomy.slugs(facet)),
        "slugs": sorted(taxonomy.slugs(facet)),
        "names": dict(_names(taxonomy, facet).most_common()),
        "forms": dict(of_facet.most_common()),
        "forms_by_rule": dict(rules.most_common()),
    }


def _show_stats(taxonomy: Taxonomy, forms: Counted, measured: dict[str, Any]) -> None:
    rows = [_row(taxonomy, facet, forms) for facet in _facets(taxonomy)]
    languages = Counter[str]()
    for row in rows:
        languages.update(row["names"])
    shown = [language for language, _ in languages.most_common(10)]
    show_table(
        columns("facet", "entries", "names", "forms", *shown, right=["entries", "names", "forms", *shown]),
        [
            (
                row["facet"],
                f"{row['entries']:,}",
                f"{sum(row['names'].values()):,}",
                f"{sum(row['forms_by_rule'].values()):,}",
                *(f"{row['forms'].get(language, 0):,}" for language in shown),
            )
            for row in rows
        ],
    )
    say(
        "",
        "Languages: forms looked for in each."
        + (f" {len(languages) - 10} more: --json" if len(languages) > 10 else ""),
        "",
    )
    show_fields(
        [
            ("automaton", f"{measured['patterns']:,} patterns of {measured['characters']:,} characters together"),
            ("files read in", f"{measured['read_seconds']:.2f} s"),
            ("tagger built in", f"{measured['build_seconds']:.2f} s"),
            ("memory", f"{measured['memory_bytes'] / 2**20:.0f} MiB"),
            ("version", taxonomy.version),
        ]
    )
