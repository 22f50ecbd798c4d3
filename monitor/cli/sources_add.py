"""`monitor sources add`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from pydantic import BaseModel, ValidationError
from rich.text import Text

from monitor import app as wiring
from monitor.app import App
from monitor.cli.errors import CommandError, ExitCode, not_found, refused, unusable
from monitor.cli.options import AsJson
from monitor.cli.output import complain, count, emit, heading, moment, safe, say, screen, show_fields
from monitor.cli.service import with_service
from monitor.cli.session import Session
from monitor.cli.sources_check import Trial, trials
from monitor.cli.sources_choice import chosen
from monitor.cli.tag_names import tag_listed
from monitor.core.checking import problems_of
from monitor.core.errors import Problem
from monitor.core.model import Authority, Owner, Source
from monitor.core.opml import address_key
from monitor.core.slugs import free, slug_for, told_apart
from monitor.core.suggest import nearest, one_of
from monitor.core.taxonomy import Taxonomy
from monitor.provisioning.shapes import SourceShape
from monitor.sources import KINDS
from monitor.store import sources

SHOWN = 3  # posts of a trial

_TELEGRAM = re.compile(r"@|tg:|(?:https?://)?(?:[\w-]+\.)?(?:t\.me|telegram\.me|telegram\.dog)(?:/|$)", re.IGNORECASE)


def add(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A site, a feed, t.me/NAME or @NAME.")],
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="How it is read; found out where it is not given.")] = None,
    slug: Annotated[str | None, typer.Option("--slug", help="Short name; made from the address.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Name shown to readers; taken from the source.")] = None,
    authority: Annotated[
        Authority, typer.Option("--authority", help="primary: the body itself; press: everybody else who reports.")
    ] = Authority.PRESS,
    organisation: Annotated[str | None, typer.Option("--organisation", help="Slug of the body that issues.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Country of that body, ISO code.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="Language of most posts: en, ru, …")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="A label of your own; may be repeated.")] = None,
    default_tags: Annotated[
        list[str] | None,
        typer.Option("--default-tag", metavar="TAG", help="A tag for each of its posts: region:arctic; repeatable."),
    ] = None,
    interval: Annotated[str | None, typer.Option("--interval", help='Time between two polls: "15m".')] = None,
    homepage: Annotated[str | None, typer.Option("--homepage", help="Page for people.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="What only this kind understands.")
    ] = None,
    no_check: Annotated[bool, typer.Option("--no-check", help="Add it without reading it first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the best of what is found without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added; store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Follow a new source.

    Paste what you have: the sources behind it are found and, where there are several, you are asked which. Without a
    terminal nothing is asked: they are listed with exit code 1, or the best is taken with --yes. What is chosen is read
    first, so that its title and newest posts can be shown. What is added here belongs to the command line: no file
    under config/ changes it.
    """
    session = Session.of(ctx)
    taxonomy = wiring.load_configuration(session.settings).taxonomy
    with session.reading() as tx:
        known = sources.every(tx)
    found = None
    if kind is None and not no_check:
        found = chosen(session, address, known, yes=yes, as_json=as_json)
        kind, address = found.kind, found.url
    kind = kind or ("telegram" if _TELEGRAM.match(address.strip()) else "feed")
    url = _address(address, kind)
    _refuse_known(url, slug, known)
    suggested = slug or _unused_slug(url, known, title=title or (found.title if found else None))
    if slug is None and title is None and not as_json and not yes and sys.stdin.isatty():
        suggested = typer.prompt("slug", default=suggested, err=True)
        _refuse_known(url, suggested, known)
    written = {
        "slug": suggested,
        "title": title or _host_of(url),
        "kind": kind,
        "url": url,
        "homepage": homepage,
        "organisation": organisation,
        "country": country.upper() if country else None,
        "language": language,
        "authority": authority,
        "tags": tags or [],
        "default_tags": default_tags or [],
        "options": _options(options or []),
    } | ({"interval": interval} if interval else {})
    source = valid_source(written, session, taxonomy)
    trial = None if no_check else _tried(session, source)
    if trial is not None and trial.poll.reading is not None and title is None:
        source = valid_source(written | {"title": (trial.poll.reading.title or source.title)[:200]}, session, taxonomy)
    stores = not dry_run and (trial is None or trial.fine)
    if stores:
        with session.writing() as tx:
            _refuse_known(url, source.slug, sources.every(tx))
            sources.add(tx, source, now=session.now())
    if as_json:
        emit(_document(source, trial, added=stores))
    else:
        _show(source, trial, now=session.now())
        if stores:
            say("", f"added; it is polled as soon as the service looks, or now with: monitor poll {source.slug}")
        elif trial is None or trial.fine:
            say("", "nothing was stored (--dry-run)")
    if trial is not None and not trial.fine:
        complain(f"{trial.poll.error}; nothing was added. Add it unread with --no-check")
        raise typer.Exit(ExitCode.WRONG)


def _unused_slug(url: str, known: Iterable[Source], *, title: str | None) -> str:
    taken, plain = {source.slug for source in known}, slug_for(url, title)
    return plain if plain not in taken else free(told_apart(plain, url), taken)


def _address(written: str, kind: str) -> str:
    if kind not in KINDS:
        meant = nearest(kind, KINDS)
        hint = f"; did you mean {meant!r}?" if meant else f"; expected {one_of(KINDS)}"
        raise unusable(f"--kind: no kind is called {kind!r}{hint}")
    plain = written.strip()
    if kind != "telegram" and "://" not in plain and re.match(r"[\w-]+(\.[\w-]+)+(:\d+)?(/|$)", plain):
        plain = f"https://{plain}"
    try:
        return KINDS[kind].address(plain)
    except ValueError as error:
        raise unusable(str(error)) from None


def _refuse_known(url: str, slug: str | None, known: Iterable[Source]) -> None:
    for source in known:
        if address_key(source.url) == address_key(url):
            raise refused(f"{url} is followed already; see: monitor sources show {source.slug}")
        if source.slug == slug:
            raise refused(f"the slug {slug!r} is taken by {source.url}; choose another with --slug")


def _options(pairs: Iterable[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise unusable(f"--option: {pair!r} should be NAME=VALUE")
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def valid_source(written: dict[str, Any], session: Session, taxonomy: Taxonomy) -> Source:
    """The source that was written. CommandError with everything that does not fit."""
    problems: list[Problem] = []
    shape = _valid(SourceShape, written, problems, prefix="--")
    _valid(KINDS[written["kind"]].options, written["options"], problems, prefix="--option ")
    if problems or shape is None:
        raise CommandError("\n".join(_without_file(problem) for problem in problems), ExitCode.USAGE)
    if shape.organisation is not None:
        slugs = [organisation.slug for organisation in taxonomy.organisations]
        if shape.organisation not in slugs:
            raise not_found("organisation", shape.organisation, slugs, see="less config/organisations.yaml")
    if shape.country is not None:
        codes = [country.code.upper() for country in taxonomy.countries]
        if shape.country not in codes:
            raise not_found("country", shape.country, codes, see="less config/countries.yaml")
    for written_tag in shape.default_tags:
        tag_listed(written_tag, taxonomy)
    return Source(
        **{name: getattr(shape, name) for name in SourceShape.model_fields if name not in {"interval", "paused"}},
        interval=shape.interval or session.settings.polling.interval,
        owner=Owner.OPERATOR,
    )


def _valid(model: type[BaseModel], written: Any, problems: list[Problem], *, prefix: str) -> Any:
    try:
        return model.model_validate(written)
    except ValidationError as error:
        found = problems_of(error, model, lambda _: ("", None), name=lambda path: f"{prefix}{path[0] if path else ''}")
        problems += found
        return None


def _without_file(problem: Problem) -> str:
    said = str(problem).removeprefix(": ")
    for key, option in (
        ("--option :", "--option:"),
        ("--tags", "--tag"),
        ("--default_tags", "--default-tag"),
        ("--url", "the address"),
    ):
        said = said.replace(key, option)
    return said


def _tried(session: Session, source: Source) -> Trial:
    async def work(app: App) -> Trial:
        (trial,) = await trials(app, [source], done=lambda _: None)
        return trial

    console = screen(stderr=True)
    if not console.is_terminal:
        return with_service(session, work)
    with console.status(f"reading {source.url}"):
        return with_service(session, work)


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    if _TELEGRAM.match(url):
        return parts.path.rstrip("/").rpartition("/")[2]
    return (parts.hostname or url).removeprefix("www.")


def _document(source: Source, trial: Trial | None, *, added: bool) -> dict[str, Any]:
    return {
        "added": added,
        "slug": source.slug,
        "title": source.title,
        "kind": source.kind,
        "url": source.url,
        "authority": source.authority,
        "organisation": source.organisation,
        "country": source.country,
        "language": source.language,
        "tags": source.tags,
        "default_tags": source.default_tags,
        "interval_seconds": source.interval,
        "options": source.options,
        "trial": None
        if trial is None
        else trial.document()
        | {"newest": [{"title": p.title, "url": p.url, "stated_at": p.stated_at} for p in trial.posts[:SHOWN]]},
    }


def _show(source: Source, trial: Trial | None, *, now: datetime) -> None:
    show_fields(
        [
            ("source", source.slug),
            ("title", source.title),
            ("kind", f"{source.kind} ({KINDS[source.kind].summary})"),
            ("address", source.url),
            ("organisation", source.organisation),
            ("country", source.country),
            ("language", source.language),
            ("authority", source.authority.value.replace("_", " ")),
            ("tags", ", ".join(source.tags)),
            ("default tags", ", ".join(source.default_tags)),
        ]
    )
    if trial is None or trial.poll.reading is None:
        return
    heading(f"{count(trial.poll.reading.entries, 'entry', 'entries')}, the newest:")
    for post in trial.posts[:SHOWN]:
        say(Text(safe(f"  {moment(post.stated_at, now=now, never='undated')}: {post.title}")))
    for note in trial.poll.reading.notes:
        complain(note, label="note")
    if trial.moved_to:
        complain(f"the address has moved to {trial.moved_to}", label="note")
