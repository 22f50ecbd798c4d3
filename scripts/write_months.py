"""Writes monitor/core/monthnames.py from Unicode CLDR, as packaged in Babel (docs/credits.md).

    pip install babel && python scripts/write_months.py

A word that means different months in different languages is left out: `core/dates.py` knows what to make of those.
The same release of CLDR gives the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from babel import Locale  # type: ignore[import-not-found,unused-ignore]  # for this script alone

OUTPUT = Path(__file__).parent.parent / "monitor" / "core" / "monthnames.py"
LOCALES = """
en fr es pt it de nl sv da nb fi is et lv lt pl cs sk sl hr sr sr_Latn bs mk bg ro hu el sq ru uk be kk ky uz uz_Cyrl
tg tk az hy ka tr ar ar_MA ar_DZ ar_SY ar_MR ar_SA he fa fa_AF ps ur hi bn ta te mr th lo vi id ms km my si ne sw am ti
so ha ca gl eu mt ga cy af mn sd dv
"""
LEAST = 3  # letters of a Latin or Cyrillic name; shorter ones are other things as well
JOINED = "ב"  # to a Hebrew name in a date
_NO_NAME = frozenset("0123456789-’")
HEADER = '''"""Names of months by Unicode CLDR {version}, written by scripts/write_months.py: change that, not this.

A line a month, January first; folded as `core.dates` folds. Below, the weekdays among them.
"""

from __future__ import annotations

BY_CLDR = """
{months}
"""

WEEKDAYS = """
{weekdays}
"""
'''


def folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")


def names(kind: str) -> Iterator[tuple[int, str]]:
    for code in LOCALES.split():
        locale = Locale.parse(code)
        for where in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for key, name in getattr(locale, kind)[where][width].items():
                    plain = folded(name).rstrip(".׳’").strip()
                    for word in {plain, JOINED + plain if "א" <= plain[:1] <= "ת" else plain}:
                        if len(word) >= (LEAST if word < "א" else 2) and not (
                            _NO_NAME & set(word) or word.startswith("de ")
                        ):
                            yield int(key), word


def lines(words: list[str]) -> str:
    """At most 118 characters, a backslash where one goes on."""
    found, line = [], ""
    for word in words:
        if len(line) + len(word) > 116:
            found.append(line + "\\")
            line = ""
        line += word + " "
    return "\n".join([*found, line.rstrip()])


def main() -> None:
    import babel  # noqa: PLC0415

    meanings: defaultdict[str, set[int]] = defaultdict(set)
    for month, word in names("months"):
        meanings[word.replace(" ", "_").replace(".", "_")].add(month)
    clear: dict[int, list[str]] = defaultdict(list)
    for word, months in sorted(meanings.items()):
        if len(months) == 1:
            clear[min(months)].append(word)
    weekdays = sorted({word for _, word in names("days")} & {word for words in clear.values() for word in words})
    text = HEADER.format(
        version=getattr(babel, "__version__", ""),
        months="\n".join(lines(clear[month]) for month in range(1, 13)),
        weekdays=lines(weekdays),
    )
    OUTPUT.write_text(text.replace(f"CLDR {babel.__version__}", f"CLDR (Babel {babel.__version__})"), "utf-8")
    print(
        f"{sum(map(len, clear.values()))} names; left out: "
        f"{', '.join(f'{w} {sorted(m)}' for w, m in sorted(meanings.items()) if len(m) > 1)}"
    )


if __name__ == "__main__":
    main()
