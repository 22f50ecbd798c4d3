"""Every command is documented with an example, and says of itself what the tree says of it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.errors import ExitCode
from monitor.cli.root import load, root
from monitor.cli.tree import TREE, Branch, Leaf

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"
CONFIG = Path(__file__).parents[2] / "config"

NAMING = {
    "sources": r"^(?:poll|sources (?:show|pause|resume|check)) ([a-z][^-].*)|--source (\S+)",
    "watches": r"--watch (\S+)",
    "subscriptions": r"^digest (?:preview|send) (\S+)|--subscription (\S+)",
    "organisations": r"\borg:([a-z-]+)",
}
"""Where in an example something is named that must be there already."""


def leaves() -> Iterator[tuple[str, Leaf]]:
    for name, entry in TREE.items():
        if isinstance(entry, Branch):
            yield from ((f"{name} {below}", leaf) for below, leaf in entry.leaves.items())
        else:
            yield name, entry


LEAVES = dict(leaves())


def section(name: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"^### monitor {name}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section on: monitor {name}"
    return found[1]


@pytest.mark.parametrize("name", LEAVES)
def test_each_command_is_documented_with_an_example_and_all_options(name: str) -> None:
    text = section(name)
    assert re.search(rf"^    monitor {name}\b", text, re.MULTILINE)
    command = load(name, LEAVES[name])
    for param in command.params:
        for option in (*param.opts, *param.secondary_opts):
            if option.startswith("--"):
                assert f"`{option}" in text, f"docs/cli.md does not explain {option} of: monitor {name}"


def test_no_command_is_documented_that_does_not_exist() -> None:
    named = re.findall(r"^### monitor (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_the_summary_is_the_first_line_of_the_docstring(name: str) -> None:
    leaf = LEAVES[name]
    module, _, function = leaf.function.partition(":")
    documentation = inspect.getdoc(getattr(importlib.import_module(module), function))
    assert documentation is not None
    assert documentation.partition("\n")[0] == leaf.summary


def test_whatever_lists_or_shows_speaks_json() -> None:
    without = {
        name for name, leaf in LEAVES.items() if "--json" not in {o for p in load(name, leaf).params for o in p.opts}
    }
    # a service, a show, what is a format of its own, and what is JSON anyway
    assert without == {"run", "demo", "sources export", "config schema"}


def test_examples_name_what_the_shipped_configuration_holds() -> None:
    shipped = {sort: _slugs(CONFIG / f"{sort}.yaml") for sort in NAMING}
    examples = re.findall(r"^    monitor (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    named = [
        (sort, slug)
        for example in examples
        for sort, pattern in NAMING.items()
        for found in re.finditer(pattern, example)
        for slug in (found[1] or found[found.re.groups]).split()
        if not slug.startswith("-")
    ]
    assert {sort for sort, _ in named} == set(NAMING)
    assert [(sort, slug) for sort, slug in named if slug not in shipped[sort]] == []


def _slugs(file: Path) -> set[str]:
    found = re.findall(r"^ *- (?:\{ *)?slug: ([a-z0-9-]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return set(found)


def test_exit_codes_are_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {code.value} |" in text


@pytest.mark.parametrize("name", [(), ("sources",), ("sources", "add"), ("watches", "test")])
def test_help(name: tuple[str, ...]) -> None:
    result = CliRunner().invoke(root, [*name, "--help"], env={"COLUMNS": "80"}, prog_name="monitor")
    assert result.exit_code == 0
    assert "<bool>" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
