"""`monitor tag`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor import app as wiring
from monitor.cli.errors import CommandError, ExitCode, unusable
from monitor.cli.explaining import explained, show_explained
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import emit, say
from monitor.cli.posts import no_such_post, show_tags
from monitor.cli.session import Session, completing, find
from monitor.core.identity import content_hash
from monitor.core.language import language_of
from monitor.core.model import Post, Source, StoredPost
from monitor.core.normalise import hashtags_in
from monitor.core.provenance import Origin, Origins, PostTagger
from monitor.core.verdicts import Verdict, ruled
from monitor.provisioning import Configuration
from monitor.store import posts, sources, verdicts


def tag(
    ctx: typer.Context,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text; its first paragraph counts as the opening.")
    ] = None,
    *,
    title: Annotated[str, typer.Option("--title", help="A title above it.")] = "",
    file: Annotated[Path | None, typer.Option("--file", help='A file that holds it; "-" is standard input.')] = None,
    post_id: Annotated[
        int | None, typer.Option("--post", metavar="ID", help="A stored post, by the files as they are now.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Its language: en, ru, …; guessed where not given.")
    ] = None,
    source_slug: Annotated[
        str | None,
        typer.Option(
            "--source",
            help="As if this source had posted it: with its issuer and default tags.",
            autocompletion=completing(sources.every),
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the text with the words that led to tags.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how a text is tagged, with the words that prove it.

    The taxonomies under config/ are used as they are now, so a change of theirs can be tried before it is applied.
    """
    if sum(each is not None for each in (text, file, post_id)) != 1:
        raise unusable("one of the three: TEXT, --file or --post")
    if post_id is not None and source_slug is not None:
        raise unusable("a stored post has a source of its own: --post or --source, not both")
    session = Session.of(ctx)
    configuration = wiring.load_configuration(session.settings)
    if post_id is not None:
        stored, said = _stored(post_id, session)
        post, source = stored.post, stored.source
    else:
        post = _post(text if text is not None else _read(file), title=title, language=language)
        source, said = _source(source_slug, configuration, session), ()
    tagger = PostTagger(
        wiring.tagger(session.settings, configuration.taxonomy), Origins(map(_origin, configuration.sources))
    )
    tags = ruled(tagger.tags(post, source), said)
    if as_json:
        emit({"language": post.language, "tags": tags} | (explained(post, tags) if explain else {}))
        return
    say(f"language: {post.language or 'unknown'}", "")
    if explain:
        show_explained(post, tags, configuration.taxonomy)
    elif tags:
        show_tags(tags)
    if not tags:
        say("no tags")


def _stored(post_id: int, session: Session) -> tuple[StoredPost, Sequence[Verdict]]:
    with session.reading() as tx:
        stored = posts.get(tx, post_id) if post_id <= LARGEST_ID else None
        said = verdicts.of(tx, [post_id]).get(post_id, ()) if stored is not None else ()
    if stored is None:
        raise no_such_post(post_id)
    return stored, said


def _source(slug: str | None, configuration: Configuration, session: Session) -> Source:
    """The source as the files have it now, else as it was added on the command line."""
    if slug is None:
        return Source(slug="command-line", title="Command line", kind="feed", url="")
    of_files = {source.slug: source for source in configuration.sources}
    if slug in of_files:
        return of_files[slug]
    database = session.settings.database.url
    if not str(database).startswith("sqlite") or Path(str(database).removeprefix("sqlite:///")).exists():
        with session.reading() as tx:
            return find(sources.every(tx), slug, sort="source", see="monitor sources list")
    return find(configuration.sources, slug, sort="source", see="monitor sources list")


def _origin(source: Source) -> Origin:
    return Origin(title=source.title, url=source.url, organisation=source.organisation, country=source.country)


def _read(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", ExitCode.NOT_FOUND) from None
    except UnicodeDecodeError:
        raise unusable(f"{file} is not UTF-8 text") from None


def _code(written: str) -> str:
    """The language of a code such as "en" or "zh-Hant", as posts have it."""
    code = written.strip().lower().partition("-")[0]
    if not (code.isascii() and code.isalpha() and len(code) in {2, 3}):
        raise unusable(f"--language: {written!r} is not a language code; expected one such as en or zh")
    return code


def _post(text: str, *, title: str, language: str | None) -> Post:
    return Post(
        guid="command-line",
        url=None,
        title=title,
        text=text.strip(),
        html="",
        language=_code(language) if language is not None else language_of(f"{title}\n{text}", hint=None),
        hashtags=hashtags_in(f"{title}\n{text}"),
        content_hash=content_hash(title=title, text=text),
        fingerprint=None,
    )
