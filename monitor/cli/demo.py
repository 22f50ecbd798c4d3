"""`monitor demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.output import screen
from monitor.cli.session import Session
from monitor.demo import run_demo


def demo(
    ctx: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where its database and digests are written.")
    ] = Path("demo-output"),
    open_browser: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open the digest in a browser; without it, where there is a terminal."),
    ] = None,
) -> None:
    """Show the whole main job on a small site of its own, without any network.

    A site on this machine is polled; its posts are deduplicated, tagged and matched; a digest is compiled and
    delivered. Nothing of the configured service is touched.
    """
    Session.of(ctx).without_settings()
    shows = sys.stdout.isatty() if open_browser is None else open_browser
    raise typer.Exit(run_demo(output=output, open_browser=shows, console=screen()))
