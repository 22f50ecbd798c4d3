"""The command `monitor` as a whole: global options, commands loaded when called, and how errors end."""

from __future__ import annotations

import importlib
import inspect
import os
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command as command_of

from monitor import __version__
from monitor.cli.errors import ExitCode, code_of, translated
from monitor.cli.options import GlobalOptions, LogLevel
from monitor.cli.output import complain
from monitor.cli.tree import TREE, Branch, Leaf, Tree
from monitor.core.errors import ConfigError, MonitorError


class Command(TyperCommand):
    """A command whose help speaks plainly of its options."""

    def get_params(self, ctx: Any) -> Any:
        """Arguments and options."""
        return _named_plainly(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """As TyperCommand does; of a query that was taken for an option it says what to do."""
        try:
            return super().parse_args(ctx, list(args))
        except typer.TyperException as error:
            option = getattr(error, "option_name", None)  # of NoSuchOption, which typer does not make public
            query = next((each for each in args if option and each.startswith(option)), None)
            if query is not None and any(param.name == "query" for param in self.params):
                before = " ".join(args[: args.index(query)])
                path = f"{ctx.command_path} {before}".rstrip()
                error.message += f". Before a query that begins with '-' put '--': {path} -- {shlex.quote(query)}"
            raise


class LazyGroup(TyperGroup):
    """Commands from a tree; a command's module is imported when it is called, not when it is listed."""

    tree: Mapping[str, Branch | Leaf]
    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the tree."""
        return list(self.tree)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, or while listing only its name and summary."""
        found = self.tree.get(cmd_name)
        if found is None:
            return None
        if isinstance(found, Branch):
            return group(cmd_name, found)
        if self._listing:
            return TyperCommand(cmd_name, help=found.summary)
        return load(cmd_name, found)

    def get_params(self, ctx: Any) -> Any:
        """Options of the group."""
        return _named_plainly(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As TyperGroup does; it suggests from `commands`, so the names are put there first."""
        self.commands = dict.fromkeys(self.tree, cast(Any, None))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help with the commands' summaries."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Completion of command names, without loading the commands."""
        self._listing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._listing = False


class Root(LazyGroup):
    """The outermost group: whatever goes wrong below ends here, in one message and an exit code."""

    tree = TREE

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _orderly_end(ctx):
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


def load(name: str, leaf: Leaf) -> TyperCommand:
    """The command whose function the leaf names."""
    module, _, function = leaf.function.partition(":")
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    work = getattr(importlib.import_module(module), function)
    single.command(name, cls=Command, help=_reflowed(work.__doc__), no_args_is_help=leaf.needs_arguments)(work)
    return cast(TyperCommand, command_of(single))


def group(name: str, branch: Branch) -> LazyGroup:
    """A group of commands."""
    made = LazyGroup(name=name, help=branch.summary, no_args_is_help=True)
    made.tree = branch.leaves
    return made


def _named_plainly(params: list[Any]) -> list[Any]:
    """Parameters as help shows them: nothing after flags, and "--slug SLUG" where typer would say <str>."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
        elif isinstance(param, TyperOption) and param.metavar is None:
            annotation = param.type_descriptor.annotation
            if annotation in {str, list[str]}:
                param.metavar = max(param.opts, key=len).lstrip("-").upper()
    return params


def _reflowed(text: str | None) -> str:
    """A docstring whose paragraphs are lines, for typer to wrap."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text or "").split("\n\n"))


@contextmanager
def _orderly_end(ctx: Any) -> Iterator[None]:
    try:
        yield
    except MonitorError as error:
        _say(error)
        raise typer.Exit(code_of(error)) from None
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`). What is still buffered must go nowhere without a noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.FINE) from None
    except (typer.Exit, typer.Abort, EOFError, KeyboardInterrupt, SystemExit):
        raise
    except Exception as error:
        if type(error).__module__.startswith("typer."):
            raise  # wrong usage: typer explains it
        known = translated(error)
        debugging = isinstance(ctx.obj, GlobalOptions) and ctx.obj.log_level is LogLevel.DEBUG
        if known is not None:
            _say(known)
            if debugging:
                typer.echo(traceback.format_exc(), err=True)
            raise typer.Exit(known.code) from None
        complain(f"unexpected error: {type(error).__name__}: {error}")
        if debugging:
            typer.echo(traceback.format_exc(), err=True)
        else:
            complain("this is a bug; see where it happens with: monitor --log-level debug …", label="hint")
        raise typer.Exit(ExitCode.BUG) from None


def _say(error: MonitorError) -> None:
    problems = error.problems if isinstance(error, ConfigError) else ()
    if not problems:
        complain(str(error))
    for problem in problems:
        complain(str(problem))
    if len(problems) > 1:
        complain(f"{len(problems)} problems; nothing was done", label="error")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"monitor {__version__}")
        raise typer.Exit


root = typer.Typer(
    name="monitor",
    cls=Root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Follows official communications: polls sources, tags and matches posts, sends digests.",
    epilog="Exit codes: 0 fine, 1 something is wrong, 2 usage, 3 configuration, 4 not found, 5 refused.",
)


@root.callback()
def global_options(
    ctx: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config-file",
            metavar="FILE",
            envvar="MONITOR_CONFIG_FILE",
            help="Settings file; without it config/monitor.toml, where there is one.",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(
            "--log-level",
            metavar="LEVEL",
            help="debug, info, warning or error: least important log lines shown; instead of the setting log.level.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep what concerns every command."""
    ctx.obj = GlobalOptions(config_file=config_file, log_level=log_level)


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # in a locale that knows few characters a "?" is better than no answer
            reconfigure(errors="replace")
    root(prog_name="monitor")


__all__ = ["TREE", "Tree", "main", "root"]
