"""Where the files lie that come with the program: example configuration, taxonomies, templates."""

from __future__ import annotations

from pathlib import Path

from monitor.core.errors import ConfigError

_PACKAGE = Path(__file__).parents[1]


def shipped(name: str) -> Path:
    """The directory `name` ("config", "templates") as it was shipped: inside the package where that was installed from
    a wheel, beside it in a checkout. ConfigError where it is in neither place."""
    for directory in (_PACKAGE / "shipped" / name, _PACKAGE.parent / name):
        if directory.is_dir():
            return directory
    raise ConfigError(f"the installation is incomplete: the directory {name!r} that belongs to it is missing")
