"""The fixed words of a digest in the reader's language, kept as data in `templates/email/labels.LANGUAGE.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError, Problem

FALLBACK = "en"
NO_BREAK = "\u00a0"

_PLACE = re.compile(r"\{(\w+)\}")
_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Words, counted words and dates of one language."""

    language: str
    files: tuple[Path, ...]
    words: Mapping[str, str] = field(repr=False)
    counts: Mapping[str, Mapping[str, str]] = field(repr=False)
    dates: Mapping[str, Any] = field(repr=False)

    def __call__(self, key: str, **values: object) -> str:
        """The words under `key`, each {name} in them replaced by the value of that name."""
        return self._filled(self._known(self.words, key, "words"), values)

    def count(self, key: str, number: int) -> str:
        """ "3 stories": the form that this number takes in this language, {n} replaced by it."""
        forms = self._known(self.counts, key, "counts")
        form = forms.get(plural_form(self.language, number)) or forms.get("other") or next(iter(forms.values()), "{n}")
        return self._filled(form, {"n": number})

    def moment(self, local: datetime, form: str, **more: str) -> str:
        """A local time written as `form` under [dates] says: "day", "date", "short_day", "moment" or "clock".

        `more` are further place-holders that the form may name.
        """
        pattern = str(self._known(self.dates, form, "dates"))
        return self._filled(
            pattern,
            {
                "weekday": self._name("weekdays", local.weekday()),
                "day": local.day,
                "month": self._name("months", local.month - 1),
                "month_short": self._name("months_short", local.month - 1),
                "year": local.year,
                "clock": f"{local:%H:%M}",
            }
            | more,
        )

    def lag(self, time: timedelta) -> str:
        """ "12 min", "1 h 5 min", "2 d 3 h": the two largest units, rounded down; a negative time is zero."""
        minutes = max(0, int(time.total_seconds()) // 60)
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        parts = [("days", days), ("hours", hours), ("minutes", 0 if days else minutes)]
        shown = [self.count(unit, number) for unit, number in parts if number] or [self.count("minutes", 0)]
        return NO_BREAK.join(shown).replace(" ", NO_BREAK)

    def _name(self, key: str, index: int) -> str:
        names: Sequence[str] = self._known(self.dates, key, "dates")
        if len(names) <= index:
            raise ConfigError([self._problem(f"dates.{key}", "is too short", "7 weekdays, 12 months")])
        return str(names[index])

    def _known(self, table: Mapping[str, Any], key: str, where: str) -> Any:
        try:
            return table[key]
        except KeyError:
            raise ConfigError([self._problem(f"{where}.{key}", "is missing", "this label")]) from None

    def _filled(self, pattern: str, values: Mapping[str, object]) -> str:
        # Plain names only: str.format would let a label file reach into attributes of the values.
        unknown = [name for name in _PLACE.findall(pattern) if name not in values]
        if unknown:
            expected = ", ".join(f"{{{name}}}" for name in values) or "no place-holder here"
            raise ConfigError([self._problem(pattern, f"has the unknown place-holder {{{unknown[0]}}}", expected)])
        return _PLACE.sub(lambda hit: str(values[hit[1]]), pattern)

    def _problem(self, path: str, message: str, expected: str) -> Problem:
        return Problem(file=str(self.files[-1]), line=None, path=path, message=message, expected=expected)


def plural_form(language: str, number: int) -> str:
    """The CLDR plural category of a whole number, for languages that have a label file or are likely to get one."""
    if language in {"ru", "uk", "be", "sr", "hr", "bs"}:
        if number % 10 == 1 and number % 100 != 11:
            return "one"
        return "few" if number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14} else "many"
    if language == "pl":
        if number == 1:
            return "one"
        return "few" if number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14} else "many"
    if language in {"zh", "ja", "ko", "th", "vi", "id", "ms"}:
        return "other"
    if language in {"fr", "pt"}:
        return "one" if number in {0, 1} else "other"
    return "one" if number == 1 else "other"


def load(language: str, folders: Sequence[Path]) -> Labels:
    """The labels of `language` ("ru", "pt-BR"), English where a word is missing or the language has no file.

    `folders` are searched in order of precedence, the first wins word by word. Raises ConfigError for a file that is
    not TOML or not of this shape.
    """
    primary = language.replace("_", "-").split("-")[0].lower()
    known = any((folder / f"labels.{primary}.toml").is_file() for folder in folders)
    used = primary if known else FALLBACK
    merged: dict[str, dict[str, Any]] = {"words": {}, "counts": {}, "dates": {}}
    files = [folder / f"labels.{name}.toml" for name in dict.fromkeys((FALLBACK, used)) for folder in reversed(folders)]
    present = tuple(path for path in files if path.is_file())
    if not present:
        raise ConfigError(f"no labels.{FALLBACK}.toml in {', '.join(map(str, folders))}: the templates are incomplete")
    for path in present:
        for table, entries in _read(path).items():
            merged[table] |= entries
    return Labels(language=used, files=present, words=merged["words"], counts=merged["counts"], dates=merged["dates"])


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = _LINE.search(str(error))
        problem = Problem(file=str(path), line=int(line[1]) if line else None, path="", message=f"not TOML: {error}")
        raise ConfigError([problem]) from error
    shapes: dict[str, tuple[type, ...]] = {"words": (str,), "counts": (dict,), "dates": (str, list)}
    for name, entries in tables.items():
        if name not in shapes or not isinstance(entries, dict):
            raise ConfigError(
                [
                    Problem(
                        file=str(path), line=None, path=name, message="unknown", expected="[words], [counts] or [dates]"
                    )
                ]
            )
        for key, value in entries.items():
            if not isinstance(value, shapes[name]):
                problem = Problem(file=str(path), line=None, path=f"{name}.{key}", message="has the wrong type")
                raise ConfigError([problem])
    return tables
