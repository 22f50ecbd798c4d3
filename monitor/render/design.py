"""Which templates are used, as a value that can be sent to another process, where they are filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from monitor.core.alerting import Alert
from monitor.core.model import Content, Digest
from monitor.render.renderer import Renderer

KEPT = 16  # designs whose compiled templates a process keeps; files that change are read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The arguments of a Renderer, see there."""

    shipped: Path
    overrides: tuple[Path, ...] = ()
    title: str = "Communiqué Monitor"
    pages: bool = False

    def without(self, override: Path) -> Design:
        """The same without one of the folders."""
        return replace(self, overrides=tuple(folder for folder in self.overrides if folder != override))


def digest_filled(design: Design, digest: Digest, templates: str) -> Content:
    """Renderer.digest by name, as other processes are asked for it."""
    return _renderer(design).digest(digest, templates=templates)


def alert_filled(design: Design, alert: Alert, templates: str) -> Content:
    """Renderer.alert by name."""
    return _renderer(design).alert(alert, templates=templates)


def edition_filled(design: Design, digest: Digest) -> str:
    """Renderer.edition_page by name."""
    return _renderer(design).edition_page(digest)


def page_filled(design: Design, name: str, language: str, values: Mapping[str, object]) -> str:
    """Renderer.page by name."""
    return _renderer(design).page(name, language=language, **values)


@lru_cache(maxsize=KEPT)
def _renderer(design: Design) -> Renderer:
    return Renderer(shipped=design.shipped, overrides=design.overrides, title=design.title, pages=design.pages)
