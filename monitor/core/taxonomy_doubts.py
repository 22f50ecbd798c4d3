"""What in a taxonomy is no mistake, and yet is likely not to do what its author meant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from monitor.core.contexts import holds
from monitor.core.inflection import ACRONYM_LOOK_ALIKES
from monitor.core.model import Facet
from monitor.core.spellings import Spelling, spellings
from monitor.core.taxonomy import Organisation, Taxonomy
from monitor.core.text import fold

LANGUAGES = ("en", "ru", "fr", "es", "zh", "ar")
"""Languages in which an entry is expected to have a name."""

SORTS = ("same name", "same acronym", "acronym is a word", "name is a word", "excludes itself", "never met", "no name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something to look at. `path` leads below the entry: ("names", "en", 1)."""

    sort: str  # one of SORTS
    facet: Facet
    slug: str
    path: tuple[str | int, ...]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Words of stored posts, as far as doubts can be settled by them."""

    posts: int
    lower: Mapping[str, int]  # words written in lower case, folded → posts that hold them
    texts: Collection[str]  # folded


def doubts(taxonomy: Taxonomy, archive: Archive | None = None) -> list[Doubt]:
    """Everything doubtful, in the order of SORTS. Without an archive, what only stored posts can show is left out."""
    forms = list(spellings(taxonomy))
    found = [
        *_same_names(forms),
        *_word_like(forms, archive),
        *_everyday(forms, archive),
        *_contexts(taxonomy, archive),
        *_missing_languages(taxonomy),
    ]
    return sorted(found, key=lambda one: (SORTS.index(one.sort), one.facet, one.slug, str(one.path)))


def _same_names(forms: list[Spelling]) -> Iterator[Doubt]:
    """One spelling of several entries of a facet. All of them are tagged, which may be meant: contested names."""
    by_words: defaultdict[tuple[Facet, str], list[Spelling]] = defaultdict(list)
    for form in forms:
        if form.rule in {"name", "acronym"}:
            words = form.words if form.exact else fold(form.words).text
            by_words[form.facet, words].append(form)
    told: set[tuple[str, str, str]] = set()
    for (facet, _), listed in by_words.items():
        first = {form.slug: form for form in reversed(listed)}
        if len(first) < 2:
            continue
        slug, other = sorted(first)[:2]
        form = first[slug]
        sort = "same acronym" if form.exact else "same name"
        # Inflected forms of one shared name would say the same again.
        if (slug, other, sort) in told:
            continue
        told.add((slug, other, sort))
        others = " and ".join(sorted(first.keys() - {slug}))
        settled = all(each.guarded for each in first.values())
        yield Doubt(
            sort=sort,
            facet=facet,
            slug=slug,
            path=_path(form),
            sentence=f"“{form.words}” is also {others}: "
            + ("their contexts decide" if settled else "both are tagged wherever it stands"),
        )


def _word_like(forms: list[Spelling], archive: Archive | None) -> Iterator[Doubt]:
    """Acronyms that are ordinary words when a text is set in capitals, or carelessly written."""
    told: set[tuple[str, str]] = set()
    for form in forms:
        key = (form.slug, form.words)
        if form.rule != "acronym" or "." in form.words or key in told:
            continue
        told.add(key)
        word = fold(form.words).text
        met = archive.lower.get(word, 0) if archive else 0
        if word not in ACRONYM_LOOK_ALIKES and met < 2:
            continue
        if form.guarded:
            continue
        where = f"“{word}” stands in {met} of {archive.posts} stored posts" if archive and met else ""
        if word in ACRONYM_LOOK_ALIKES:
            sentence = "is an ordinary word as well: headlines in capitals are left out"
            sentence += f"; {where}" if where else ""
        else:
            sentence = f"may be an ordinary word: {where}"
        yield Doubt(
            sort="acronym is a word",
            facet=form.facet,
            slug=form.slug,
            path=_path(form),
            sentence=f"{form.words} {sentence}",
        )


def _everyday(forms: list[Spelling], archive: Archive | None) -> Iterator[Doubt]:
    """Names of one word that a good part of all posts hold in lower case: who lists "the" tags nearly every post."""
    if archive is None:
        return
    told: set[tuple[Facet, str, str]] = set()
    for form in forms:
        word = fold(form.words).text
        met = archive.lower.get(word, 0)
        if form.rule != "name" or form.guarded or met < 2 or met < _EVERYDAY * archive.posts:
            continue
        # Its other forms would say the same again.
        if (form.facet, form.slug, form.language or "") not in told:
            told.add((form.facet, form.slug, form.language or ""))
            sentence = f"“{form.words}” is an everyday word: it stands in {met} of {archive.posts} stored posts"
            yield Doubt(sort="name is a word", facet=form.facet, slug=form.slug, path=_path(form), sentence=sentence)


def _contexts(taxonomy: Taxonomy, archive: Archive | None) -> Iterator[Doubt]:
    for facet, entry in _organisation_like(taxonomy):
        names = [fold(name).text for listed in entry.names.values() for name in listed]
        for key, words in (("excludes", entry.excludes), ("requires", entry.requires)):
            folded = {word: fold(word).text for word in words}
            for word in words if key == "excludes" else ():
                inside = next((name for name in names if holds(name, folded[word])), None)
                if inside is not None:
                    sentence = f"“{word}” stands in its own name “{inside}”, which is never found then"
                    yield _of_context(facet, entry, key, "excludes itself", sentence)
            # One of them is enough: those in other languages may well be missing.
            if archive is None or not words:
                continue
            if not any(holds(text, word) for text in archive.texts for word in folded.values()):
                told = ", ".join(f"“{word}”" for word in words)
                sentence = f"none of {told} stands in any of {archive.posts} stored posts"
                yield _of_context(facet, entry, key, "never met", sentence)


def _of_context(facet: Facet, entry: Organisation, key: str, sort: str, sentence: str) -> Doubt:
    return Doubt(sort=sort, facet=facet, slug=entry.slug, path=("context", key), sentence=f"{key}: {sentence}")


def _missing_languages(taxonomy: Taxonomy) -> Iterator[Doubt]:
    listed = [
        *((Facet.ORGANISATION, each.slug, {**each.acronyms, **each.names}) for each in taxonomy.organisations),
        *((Facet.COUNTRY, each.code, each.names) for each in taxonomy.countries),
        *((Facet.REGION, each.slug, each.names) for each in taxonomy.regions),
    ]
    for facet, slug, names in listed:
        missing = [language for language in LANGUAGES if not names.get(language)]
        if missing:
            sentence = f"has no name in {', '.join(missing)}"
            yield Doubt(sort="no name", facet=facet, slug=slug, path=("names",), sentence=sentence)


def _organisation_like(taxonomy: Taxonomy) -> Iterator[tuple[Facet, Organisation]]:
    yield from ((Facet.ORGANISATION, each) for each in taxonomy.organisations)
    yield from ((own.facet, each) for own in taxonomy.facets for each in own.entries)


def _path(form: Spelling) -> tuple[str | int, ...]:
    kind = {"name": "names", "acronym": "acronyms", "city": "cities", "demonym": "demonyms"}.get(form.rule, "names")
    return (kind, form.language) if form.language else (kind,)


def archive_of(texts: Collection[str]) -> Archive:
    """What texts of posts, as they were written, tell about the words in them."""
    lower: Counter[str] = Counter()
    folded = []
    for text in texts:
        folded.append(fold(text).text)
        lower.update({fold(word).text for word in text.split() if word.islower() and len(word) <= _LONGEST_ACRONYM})
    return Archive(posts=len(folded), lower=lower, texts=folded)


_LONGEST_ACRONYM = 8
_EVERYDAY = 0.25  # of all posts
