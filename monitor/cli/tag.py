"""`monitor tag`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor import app as wiring
from monitor.cli.errors import CommandError, ExitCode, unusable
from monitor.cli.options import LARGEST_ID, AsJson
from monitor.cli.output import emit, say
from monitor.cli.posts import no_such_post, show_tags
from monitor.cli.session import Session
from monitor.core.identity import content_hash
from monitor.core.language import language_of
from monitor.core.model import Post, Source
from monitor.core.normalise import hashtags_in
from monitor.core.tagging import Tagger
from monitor.store import posts


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
    language: Annotated[str | None, typer.Option("--language", help="Its language; guessed where not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how a text is tagged, with the words that prove it.

    The taxonomies under config/ are used as they are now, so a change of theirs can be tried before it is applied.
    """
    if sum(each is not None for each in (text, file, post_id)) != 1:
        raise unusable("one of the three: TEXT, --file or --post")
    session = Session.of(ctx)
    taxonomy = wiring.load_configuration(session.settings).taxonomy
    if post_id is not None:
        with session.reading() as tx:
            stored = posts.get(tx, post_id) if post_id <= LARGEST_ID else None
        if stored is None:
            raise no_such_post(post_id)
        post, source = stored.post, stored.source
    else:
        post = _post(text if text is not None else _read(file), title=title, language=language)
        source = Source(slug="command-line", title="Command line", kind="feed", url="")
    tags = Tagger(taxonomy).tags(post, source)
    if as_json:
        emit({"language": post.language, "tags": tags})
    elif not tags:
        say(f"no tags (language: {post.language or 'unknown'})")
    else:
        say(f"language: {post.language or 'unknown'}", "")
        show_tags(tags)


def _read(file: Path | None) -> str:
    if file is None or str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", ExitCode.NOT_FOUND) from None
    except UnicodeDecodeError:
        raise unusable(f"{file} is not UTF-8 text") from None


def _post(text: str, *, title: str, language: str | None) -> Post:
    return Post(
        guid="command-line",
        url=None,
        title=title,
        text=text.strip(),
        html="",
        language=language or language_of(f"{title}\n{text}", hint=None),
        hashtags=hashtags_in(f"{title}\n{text}"),
        content_hash=content_hash(title=title, text=text),
        fingerprint=None,
    )
