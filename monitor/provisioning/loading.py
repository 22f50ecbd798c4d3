"""From the files under config/ to the values that the rest of the program works with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.core import checking, schedule, watches
from monitor.core.errors import ConfigError
from monitor.core.model import (
    Alerts,
    Facet,
    Grouping,
    Owner,
    QuietHours,
    Schedule,
    Selection,
    Show,
    Source,
    Subscription,
    Watch,
    grouping_of,
)
from monitor.core.query import expanded, tags_of
from monitor.core.suggest import nearest, one_of
from monitor.core.taxonomy import Condition, Country, Organisation, OwnFacet, Region, Taxonomy
from monitor.provisioning.additions import read_additions
from monitor.provisioning.facets import facet_of, names_of, read_facets, unknown_facet
from monitor.provisioning.files import FACETS, TAXONOMIES, Entry, File, names_in, read_files
from monitor.provisioning.shapes import (
    AlertsShape,
    ConditionShape,
    CountryShape,
    OrganisationShape,
    RegionShape,
    ScheduleShape,
    SourceShape,
    SubscriptionShape,
    WatchShape,
)

Address = Callable[[str], str]
"""Checks an address as a person wrote it and gives its plain form; ValueError, a sentence, where it cannot be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All that the operator's files say."""

    sources: tuple[Source, ...]
    watches: tuple[Watch, ...]
    subscriptions: tuple[Subscription, ...]
    taxonomy: Taxonomy
    notes: tuple[str, ...] = ()  # sentences worth knowing that are no faults: which files are not there


def load(
    directory: Path,
    *,
    kinds: Mapping[str, type[BaseModel]],
    addresses: Mapping[str, Address],
    channels: Mapping[str, type[BaseModel]],
    recipients: Mapping[str, Address] | None = None,
    languages: Collection[str] | None = None,
    interval: timedelta = timedelta(minutes=15),
) -> Configuration:
    """What the YAML files in `directory` say, checked as a whole.

    `kinds` and `channels` map each name that may be used to the model of its options; `addresses` (by kind) and
    `recipients` (by channel, where it can tell) check addresses; `languages` are those that digests can be written in
    ("en"; None: any), `interval` is for sources that state none. Sources, watches and subscriptions may be absent; for
    an absent taxonomy the shipped one is read. ConfigError lists every problem of every file, by file and line.
    """
    files = {**read_files(directory), **read_facets(directory)}
    additions = read_additions(directory, files)
    _check_remains(files)
    configuration = Configuration(
        taxonomy=_taxonomy(files),
        sources=tuple(_sources(files, kinds, addresses, interval)),
        watches=tuple(_watches(files, channels, recipients or {}, languages)),
        subscriptions=tuple(_subscriptions(files, channels, recipients or {}, languages, directory)),
        notes=tuple(note for file in (*files.values(), *additions) for note in file.notes),
    )
    _raise_problems([*files.values(), *additions])
    return configuration


def load_taxonomy(directory: Path) -> Taxonomy:
    """The taxonomies alone: the files in `directory`, the shipped ones for those that are absent, and its additions.

    ConfigError lists every problem of these files.
    """
    return read_taxonomy(directory).taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTaxonomy:
    """A taxonomy with the files it came from."""

    taxonomy: Taxonomy
    files: Mapping[str, File]
    additions: tuple[File, ...]


def read_taxonomy(directory: Path) -> ReadTaxonomy:
    """As `load_taxonomy`, with the files, for whoever wants to say where something stands."""
    files = {**read_files(directory, only=TAXONOMIES), **read_facets(directory)}
    additions = tuple(read_additions(directory, files))
    _check_remains(files)
    taxonomy = _taxonomy(files)
    _raise_problems([*files.values(), *additions])
    return ReadTaxonomy(taxonomy=taxonomy, files=files, additions=additions)


def _raise_problems(files: Sequence[File]) -> None:
    problems = [problem for file in files for problem in file.problems]
    if problems:
        raise ConfigError(sorted(problems, key=lambda p: (p.file, p.line or 0, p.path, p.message)))


# ── references ─────────────────────────────────────────────────────────────────────────────────────────────

_LISTED_IN = {
    Facet.ORGANISATION: ("organisations",),
    Facet.REGION: ("regions",),
    Facet.COUNTRY: ("countries",),
    Facet.ISSUER: ("organisations", "countries"),
}

_REFERENCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sources": {"organisation": ("organisations",), "country": ("countries",)},
    "organisations": {"parent": ("organisations",), "members": ("countries",)},
    "regions": {"countries": ("countries",)},
    "select": {
        "watches": ("watches",),
        "organisations": _LISTED_IN[Facet.ORGANISATION],
        "regions": _LISTED_IN[Facet.REGION],
        "countries": _LISTED_IN[Facet.COUNTRY],
        "issuers": _LISTED_IN[Facet.ISSUER],
        "sources": ("sources",),
    },
}
"""File, or part of an entry → key → the files in one of which it must be listed."""


def _check_remains(files: Mapping[str, File]) -> None:
    """Judge the references of entries whose form has a mistake, so that all that is wrong is said in one go."""
    for name, file in files.items():
        for entry in file.remains:
            _check_references(files, name, entry.index, entry.values)
            if name == "watches" and "query" in entry.values:
                _check_query(files, entry.index, entry.values["query"])
            if name == "subscriptions":
                _check_selection(files, entry.index, entry.values.get("select", {}))


def _check_references(
    files: Mapping[str, File], name: str, at: int, values: Mapping[str, Any], *, part: str = ""
) -> None:
    """Complain about each slug in an entry of the file `name`, or in a part of that entry, that no file lists."""
    references = _REFERENCES.get(part or name, {})
    if name.startswith(FACETS):
        references = {"parent": (name,), "members": ("countries",)}
    for key, others in references.items():
        path = (at, part, key) if part else (at, key)
        listed = values.get(key) or ()
        found = [(path, listed)] if isinstance(listed, str) else [((*path, i), each) for i, each in enumerate(listed)]
        for place, slug in found:
            files[name].check_reference(place, slug, *(files[other] for other in others))


def own_facets(files: Mapping[str, File]) -> dict[Facet, File]:
    """The operator's own facets, each with the file that lists it."""
    found = ((facet_of(file), file) for name, file in files.items() if name.startswith(FACETS))
    return {facet: file for facet, file in found if facet is not None}


def _listing(files: Mapping[str, File], facet: Facet) -> list[File] | None:
    """The files in one of which a slug of a facet must stand; None where there is no such facet."""
    if facet in _LISTED_IN:
        return [files[name] for name in _LISTED_IN[facet]]
    own = own_facets(files).get(facet)
    return [own] if own is not None else None


def _check_tags(files: Mapping[str, File], name: str, path: checking.Path, tags: Sequence[str]) -> None:
    """Complain about each "facet:slug" in the file `name` that nothing lists."""
    for place, written in enumerate(tags):
        facet, _, slug = written.partition(":")
        listing = _listing(files, Facet(facet))
        if listing is None:
            said, expected = unknown_facet(facet, own_facets(files))
            files[name].complain((*path, place), said, expected=expected)
        else:
            files[name].check_reference((*path, place), slug, *listing)


# ── taxonomies ─────────────────────────────────────────────────────────────────────────────────────────────


def _taxonomy(files: Mapping[str, File]) -> Taxonomy:
    organisations, regions, countries = files["organisations"], files["regions"], files["countries"]
    facets = own_facets(files)
    for name in ("organisations", "regions", *(file.name for file in facets.values())):
        for entry in files[name].entries:
            _check_references(files, name, entry.index, dict(entry.shape))
    for file in (organisations, *facets.values()):
        _check_ancestors(file)
    for file in (organisations, regions, countries, *facets.values()):
        _check_conditions(file)
    return Taxonomy(
        organisations=tuple(_organisation(entry.shape) for entry in organisations.entries),
        facets=tuple(
            OwnFacet(
                facet=facet,
                names=names_of(file) if not file.problems else {},
                entries=tuple(_organisation(entry.shape) for entry in file.entries),
            )
            for facet, file in facets.items()
        ),
        countries=tuple(Country(**_with_conditions(entry.shape)) for entry in countries.entries),
        regions=tuple(Region(**_with_conditions(entry.shape)) for entry in regions.entries),
    )


def _organisation(shape: OrganisationShape) -> Organisation:
    return Organisation(
        slug=shape.slug,
        names=shape.names,
        acronyms=shape.acronyms,
        hashtags=shape.hashtags,
        parent=shape.parent,
        members=shape.members,
        wikidata=shape.wikidata,
        requires=shape.context.requires,
        excludes=shape.context.excludes,
        conditions=_conditions(shape.conditions),
        decoys=shape.decoys,
        names_parent=shape.names_parent,
    )


def _with_conditions(shape: CountryShape | RegionShape) -> dict[str, Any]:
    return dict(shape) | {"conditions": _conditions(shape.conditions)}


def _conditions(shapes: Iterable[ConditionShape]) -> tuple[Condition, ...]:
    return tuple(Condition(**dict(shape)) for shape in shapes)


def _check_conditions(file: File) -> None:
    """Complain about each condition for what is no name of its entry."""
    for entry in file.entries:
        known = names_in(entry.shape)
        for at, condition in enumerate(entry.shape.conditions):
            for place, name in enumerate(condition.names):
                if name not in known:
                    file.complain_unknown_name((entry.index, "conditions", at, "names", place), name, known)


def _check_ancestors(organisations: File) -> None:
    """Complain about each organisation that is a body of itself, be it by way of others."""
    parents = {entry.shape.slug: entry.shape.parent for entry in organisations.entries}
    places = {entry.shape.slug: entry.place(organisations, ("parent",)) for entry in organisations.entries}
    for entry in organisations.entries:
        way = [entry.shape.slug]
        while (parent := parents.get(way[-1])) is not None and parent not in way:
            way.append(parent)
        if parent == entry.shape.slug:
            circle = " → ".join((*way, parent))
            file, path = places[parent]
            # What closes a circle is the line that was added to a file that had none.
            if file is not organisations or all(places[slug][0] is organisations for slug in way):
                file.complain_at(path, f"goes round in a circle: {circle}")


# ── sources ────────────────────────────────────────────────────────────────────────────────────────────────


def _sources(
    files: Mapping[str, File],
    kinds: Mapping[str, type[BaseModel]],
    addresses: Mapping[str, Address],
    interval: timedelta,
) -> Iterator[Source]:
    file = files["sources"]
    for entry in file.entries:
        shape: SourceShape = entry.shape
        at = entry.index
        _check_references(files, "sources", at, dict(shape))
        _check_tags(files, "sources", (at, "default_tags"), shape.default_tags)
        _check_options(file, entry, "kind", kinds)
        address = shape.url
        if shape.kind in addresses:
            address = _checked_address(file, (at, "url"), shape.url, addresses[shape.kind])
        yield Source(
            slug=shape.slug,
            title=shape.title,
            kind=shape.kind,
            url=address,
            homepage=shape.homepage,
            organisation=shape.organisation,
            country=shape.country,
            language=shape.language,
            authority=shape.authority,
            tags=shape.tags,
            default_tags=shape.default_tags,
            interval=shape.interval or interval,
            options=shape.options,
            owner=Owner.FILE,
            paused=shape.paused,
        )


def _check_options(file: File, entry: Entry[Any], key: str, known: Mapping[str, type[BaseModel]]) -> None:
    """Complain about a kind or channel that does not exist, and about options that it does not understand."""
    at, name = entry.index, getattr(entry.shape, key)
    if name not in known:
        suggestion = nearest(name, known)
        file.complain((at, key), f"no {key} is called {name!r}", expected=one_of(known), nearest=suggestion)
        return
    try:
        known[name].model_validate(entry.shape.options)
    except ValidationError as error:
        within = (file.name, at, "options")
        file.problems += checking.problems_of(error, known[name], file.place, within=within)


def _checked_address(file: File, path: checking.Path, written: str, check: Address) -> str:
    try:
        return check(written)
    except ValueError as error:
        file.complain(path, str(error))
        return written


# ── watches ────────────────────────────────────────────────────────────────────────────────────────────────


def _watches(
    files: Mapping[str, File],
    channels: Mapping[str, type[BaseModel]],
    recipients: Mapping[str, Address],
    languages: Collection[str] | None,
) -> Iterator[Watch]:
    file = files["watches"]
    queries: dict[str, watches.Query] = {}
    for entry in file.entries:
        query = _check_query(files, entry.index, entry.shape.query)
        if query is not None:
            queries[entry.shape.slug] = query
    for entry in file.entries:
        shape: WatchShape = entry.shape
        if shape.slug in queries and not file.remains:
            try:
                expanded(queries[shape.slug], queries)
            except watches.QueryError as error:
                file.complain((entry.index, "query"), str(error))
        yield Watch(
            slug=shape.slug,
            title=shape.title,
            query=shape.query,
            owner=Owner.FILE,
            paused=shape.paused,
            is_list=shape.is_list,
            in_digests=shape.digests,
            priority=shape.priority,
            alerts=_alerts(
                file, entry.index, shape.alerts, channels=channels, recipients=recipients, languages=languages
            )
            if shape.alerts
            else None,
        )


def _check_query(files: Mapping[str, File], at: int, query: str) -> watches.Query | None:
    file, path = files["watches"], (at, "query")
    try:
        parsed = watches.parse(query, facets=own_facets(files))
    except watches.QueryError as error:
        file.complain(path, str(error))
        return None
    for tag in tags_of(parsed.root):
        if not tag.slug.count("*") + tag.slug.count("?"):
            file.check_reference(path, tag.slug, *(_listing(files, Facet(tag.facet)) or ()))
    return parsed


def _alerts(
    file: File,
    at: int,
    shape: AlertsShape,
    *,
    channels: Mapping[str, type[BaseModel]],
    recipients: Mapping[str, Address],
    languages: Collection[str] | None,
) -> Alerts:
    within = (at, "alerts")
    if shape.channel not in channels:
        said = f"no channel is called {shape.channel!r}"
        file.complain((*within, "channel"), said, expected=one_of(channels), nearest=nearest(shape.channel, channels))
    else:
        try:
            channels[shape.channel].model_validate(shape.options)
        except ValidationError as error:
            path = (file.name, *within, "options")
            file.problems += checking.problems_of(error, channels[shape.channel], file.place, within=path)
    if languages is not None and shape.language.partition("-")[0] not in languages:
        known = sorted(languages)
        said = f"no alert can be written in {shape.language!r}"
        file.complain((*within, "language"), said, expected=one_of(known), nearest=nearest(shape.language, known))
    quiet, threshold = shape.quiet_hours, shape.threshold
    if shape.timezone is not None:
        try:
            schedule.validate(Schedule(timezone=shape.timezone, times=(time(),)))
        except ValueError as error:
            file.complain((*within, "timezone"), str(error))
    if quiet is not None:
        try:
            schedule.validate(Schedule(timezone=quiet.timezone, times=(quiet.start,)))
        except ValueError as error:
            file.complain((*within, "quiet_hours", "timezone"), str(error))
        if quiet.start == quiet.end:
            file.complain((*within, "quiet_hours", "end"), "quiet hours that end when they begin last no time")
    check = recipients.get(shape.channel, str)
    return Alerts(
        channel=shape.channel,
        recipients=tuple(
            dict.fromkeys(_checked_address(file, (*within, "to", i), to, check) for i, to in enumerate(shape.to))
        ),
        language=shape.language,
        timezone=shape.timezone or (quiet.timezone if quiet else "UTC"),
        options=shape.options,
        every=shape.every,
        quiet=QuietHours(start=quiet.start, end=quiet.end, timezone=quiet.timezone, then=quiet.then) if quiet else None,
        stories=threshold.stories if threshold else 1,
        within=threshold.within if threshold else timedelta(hours=1),
        cooldown=shape.cooldown,
        most=shape.most,
        spike=shape.spike,
        silence=shape.silence or None,
        edits=tuple(dict.fromkeys(shape.edits)),
    )


# ── subscriptions ──────────────────────────────────────────────────────────────────────────────────────────


def _subscriptions(
    files: Mapping[str, File],
    channels: Mapping[str, type[BaseModel]],
    recipients: Mapping[str, Address],
    languages: Collection[str] | None,
    directory: Path,
) -> Iterator[Subscription]:
    file = files["subscriptions"]
    for entry in file.entries:
        shape: SubscriptionShape = entry.shape
        at = entry.index
        _check_options(file, entry, "channel", channels)
        _check_selection(files, at, dict(shape.select))
        _check_grouping(files, at, shape.group_by)
        folder = _templates(file, at, directory, shape.templates_dir)
        language = shape.language.partition("-")[0]
        of_its_own = folder is not None and (folder / "email" / f"labels.{language}.toml").is_file()
        if languages is not None and language not in languages and not of_its_own:
            said = f"no digest can be written in {shape.language!r}"
            known = sorted(languages)
            file.complain((at, "language"), said, expected=one_of(known), nearest=nearest(shape.language, known))
        check = recipients.get(shape.channel, str)
        addresses = [_checked_address(file, (at, "to", i), to, check) for i, to in enumerate(shape.to)]
        for i, address in enumerate(addresses):
            if address in addresses[:i]:
                file.complain((at, "to", i), f"{address!r} is named twice; each recipient gets one message")
        yield Subscription(
            slug=shape.slug,
            title=shape.title,
            channel=shape.channel,
            recipients=tuple(addresses),
            schedule=_schedule(file, at, shape.schedule),
            selection=Selection(**dict(shape.select)),
            grouping=grouping_of(shape.group_by),
            order=shape.order,
            show=tuple(part for part in Show if part in shape.show),
            send_empty=shape.send_empty,
            language=shape.language,
            options=shape.options,
            notices=shape.notices,
            templates_dir=str(folder) if folder is not None else None,
            owner=Owner.FILE,
            paused=shape.paused,
        )


def _templates(file: File, at: int, directory: Path, written: str | None) -> Path | None:
    """The folder of a subscription's own templates."""
    if written is None:
        return None
    folder = (directory / written).resolve()
    if not folder.is_dir():
        said = "is not a directory" if folder.exists() else "is not there"
        file.complain((at, "templates_dir"), f"{str(folder)!r} {said}", expected="a directory of templates")
    return folder


def _schedule(file: File, at: int, shape: ScheduleShape) -> Schedule:
    result = Schedule(
        timezone=shape.timezone,
        times=tuple(sorted({given for given in (shape.daily, shape.starting, *shape.times) if given is not None})),
        weekdays=tuple(sorted(set(shape.weekdays))),
        every=shape.every,
        cron=shape.cron,
        holidays=tuple(dict.fromkeys(shape.holidays)),
        pauses=tuple(dict.fromkeys(shape.pauses)),
    )
    # Each part is judged by itself, so that the line of the one to blame is named; the whole only where all are sound.
    daily = Schedule(timezone="UTC", times=(time(),))
    parts = [
        (("timezone",), replace(daily, timezone=shape.timezone)),
        *((("holidays", place), replace(daily, holidays=(name,))) for place, name in enumerate(shape.holidays)),
        *((("pauses", place), replace(daily, pauses=(pause,))) for place, pause in enumerate(shape.pauses)),
    ]
    if shape.cron is not None:
        parts.append((("cron",), Schedule(timezone="UTC", cron=shape.cron)))
    if shape.every is not None:
        parts.append((("every",), replace(result, timezone="UTC", holidays=(), pauses=())))
    faults = [(key, fault) for key, part in parts if (fault := _fault(part))]
    if not faults and (fault := _fault(result)):
        faults.append(((), fault))
    for key, fault in faults:
        file.complain((at, "schedule", *key), fault)
    return result


def _fault(part: Schedule) -> str | None:
    try:
        schedule.validate(part)
    except ValueError as error:
        return str(error)
    return None


def _check_grouping(files: Mapping[str, File], at: int, written: str) -> None:
    facets = own_facets(files)
    if written not in {g.value for g in Grouping} and written not in facets:
        known = [*(grouping.value for grouping in Grouping), *facets]
        said = f"{written!r} is not known here"
        files["subscriptions"].complain((at, "group_by"), said, expected=one_of(known), nearest=nearest(written, known))


def _check_selection(files: Mapping[str, File], at: int, select: Mapping[str, Any]) -> None:
    file, sources = files["subscriptions"], files["sources"]
    _check_references(files, file.name, at, select, part="select")
    _check_tags(files, file.name, (at, "select", "tags"), select.get("tags", ()))
    carried = {tag for entry in sources.entries for tag in entry.shape.tags}
    for place, tag in enumerate(select.get("source_tags", ())):
        if tag not in carried and not sources.problems:
            path = (at, "select", "source_tags", place)
            file.complain(path, f"no source in sources.yaml carries the tag {tag!r}", nearest=nearest(tag, carried))
