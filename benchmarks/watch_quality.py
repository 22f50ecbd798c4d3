"""Precision and recall of the watch language: `python -m benchmarks.watch_quality`.

Queries with answers checked by hand, in watch_quality.json: each text of the labelled sets in ../shared/eval (named by
its id, the texts themselves are not here) was looked at in which the word or a part of it stands, and judged by whether
it speaks of what the query asks for. A word that means something else counts against precision, as a reader would count
it: Russian "выборы" (elections) has forms of "выбор" (choice). Five languages beside English, four scripts.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from monitor.core.matching import evidence_for
from monitor.core.model import Post, Source
from monitor.core.query import parse
from monitor.core.subject import subject_of

SHARED = Path(__file__).parents[2] / "shared" / "eval" / "tagging"
FILES = ("ntrex", "pud", "factrueval", "channel-posts", "geovirus")
ANSWERS = Path(__file__).with_suffix(".json")
SOURCE = Source(slug="s", title="S", kind="feed", url="https://example.org/")


def main() -> int:
    totals: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    texts = read()
    print("language  right  wrong  missed  query")
    for asked in json.loads(ANSWERS.read_text(encoding="utf-8")):
        language, query = asked["lang"], parse(asked["query"])
        found = {
            id_
            for id_, text in texts[language].items()
            if evidence_for(query, subject_of(post_of(text, language), SOURCE, ())) is not None
        }
        wanted = set(asked["answers"])
        counts = (len(found & wanted), len(found - wanted), len(wanted - found))
        print(f"{language:8} {counts[0]:6} {counts[1]:6} {counts[2]:7}  {asked['query']}")
        for place in (language, "all"):
            totals[place] = [one + other for one, other in zip(totals[place], counts, strict=True)]
    print("\nlanguage  precision  recall")
    for language, (right, wrong, missed) in totals.items():
        print(f"{language:8} {right / max(right + wrong, 1):10.3f} {right / max(right + missed, 1):7.3f}")
    return 0


def read() -> dict[str, dict[str, str]]:
    """language → id → text."""
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for name in FILES:
        with (SHARED / f"{name}.dev.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                texts[record["lang"]][record["id"]] = record["text"]
    return texts


def post_of(text: str, language: str) -> Post:
    return Post(guid="", url=None, title="", text=text, html="", language=language, content_hash=b"", fingerprint=None)


if __name__ == "__main__":
    sys.exit(main())
