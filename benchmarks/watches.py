"""What a post costs while many watches are looked for: `python benchmarks/watches.py`.

Watches and posts are made from the labelled texts in ../shared/eval (six languages): names of two words, rare words by
themselves, commoner ones in pairs, in quotes, near each other, with wildcards, exclusions, fields and tags, as analysts
write them: a watch finds a few posts in ten thousand. Posts are those texts cut into pieces of 2 KB that no watch was
made from. CPU time of one process, folding included; the least of seven rounds (neighbours on the machine only add),
sizes taken in turn. "At first sight" is the first round, in which a third of all words are met for the first time: what
a process costs that has just begun; one that has read for a while meets few new words.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from time import process_time

from monitor.core.model import Evidence, Facet, Field, Post, Source, Tag, Watch
from monitor.core.text import _page, fold
from monitor.core.watches import WatchSet
from monitor.core.wordforms import stem

SHARED = Path(__file__).parents[2] / "shared" / "eval" / "tagging"
FILES = ("ntrex", "nerel", "geovirus", "pud", "factrueval", "channel-posts")
SIZES = (10, 100, 1_000, 10_000)
ROUNDS = 7
POSTS = 600
SOURCE = Source(slug="mfa", title="Ministry", kind="feed", url="https://mfa.example/feed")
SLUGS = [f"organisation-{number}" for number in range(120)]
NAME = re.compile(r"(?<![.!?…]\s)(?<!^)\b([A-ZА-ЯЁ][a-zа-яё]+ [A-ZА-ЯЁ][a-zа-яё]+)\b")


def main() -> int:
    chance = random.Random(20261125)
    texts = list(read())
    chance.shuffle(texts)
    half = len(texts) // 2
    posts = list(cut(texts[:half], chance))[:POSTS]
    watches = made(texts[half:], chance, max(SIZES))
    sets = {size: WatchSet(chance.sample(watches, size)) for size in SIZES}
    costs: dict[int, list[float]] = defaultdict(list)
    matches: dict[int, int] = {}
    for _ in range(ROUNDS):
        for size, together in sets.items():
            _page.cache_clear()
            started = process_time()
            found = [together.matches(post, SOURCE, tags) for post, tags in posts]
            costs[size].append((process_time() - started) / len(posts))
            matches[size] = sum(map(len, found))
    folding = []
    for _ in range(ROUNDS):
        started = process_time()
        for post, _ in posts:
            fold(f"{post.title}\n\n{post.text}\n\n")
        folding.append((process_time() - started) / len(posts))
    print(f"{len(posts)} posts of 2 KB; folding one costs {min(folding) * 1e6:.0f} µs of it (shared with tagging)\n")
    print("watches   µs a post   at first sight   posts a second   matches a post   against 100 watches")
    base = min(costs[100])
    for size in SIZES:
        cost = min(costs[size])
        print(
            f"{size:7,} {cost * 1e6:11.0f} {costs[size][0] * 1e6:16.0f} {1 / cost:16,.0f} "
            f"{matches[size] / len(posts):16.2f} {cost / base:21.2f}"
        )
    return 0


def read() -> list[tuple[str, str]]:
    """(language, text) of every labelled text."""
    found = []
    for name in FILES:
        with (SHARED / f"{name}.dev.jsonl").open(encoding="utf-8") as lines:
            records = map(json.loads, lines)
            found += [(record["lang"], record["text"]) for record in records]
    return found


def cut(texts: list[tuple[str, str]], chance: random.Random) -> list[tuple[Post, tuple[Tag, ...]]]:
    """Posts of 2 KB in UTF-8, each in one language, each with a few tags."""
    by_language: defaultdict[str, list[str]] = defaultdict(list)
    for language, text in texts:
        by_language[language].append(text)
    posts = []
    for language, written in by_language.items():
        encoded = "\n\n".join(written).encode()
        for start in range(0, len(encoded) - 2048, 2048):
            text = encoded[start : start + 2048].decode(errors="ignore")
            post = Post(
                guid=str(start), url=None, title=text[:70], text=text, html="", language=language, content_hash=b"",
                fingerprint=None,
            )  # fmt: skip
            posts.append((post, tuple(map(tag, chance.sample(SLUGS, 3)))))
    chance.shuffle(posts)
    return posts


def tag(slug: str) -> Tag:
    evidence = Evidence(field=Field.TEXT, offset=0, words="x", rule="name")
    return Tag(facet=Facet.ORGANISATION, slug=slug, main=True, weight=0.5, evidence=(evidence,))


def made(texts: list[tuple[str, str]], chance: random.Random, number: int) -> list[Watch]:
    """Watches as people write them."""
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)  # texts by the stems that they hold
    spelt: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    names: list[str] = []
    for language, text in texts:
        found = {(stem(word, language), word) for word in re.findall(r"[^\W\d_]{4,}", fold(text).text)}
        counted[language].update({root for root, _ in found})
        for root, word in found:
            spelt[language, root].add(word)
        names += NAME.findall(text)
    runs = [text[at : at + 4] for language, text in texts if language == "zh" for at in range(5, len(text) - 8, 17)]
    runs = [run for run in runs if run.isalpha() and not run.isascii()]
    total = Counter(language for language, _ in texts)

    def drawn(most: float) -> str:
        language = chance.choice(("en", "en", "en", "ru", "ru", "fr", "es", "ar"))
        roots = common.setdefault(
            (language, most),
            sorted(root for root, texts in counted[language].items() if texts <= max(1, most * total[language])),
        )
        return chance.choice(sorted(spelt[language, chance.choice(roots)]))

    common: dict[tuple[str, float], list[str]] = {}

    def word() -> str:
        """A word that some texts in a hundred hold: for use with others."""
        return drawn(0.03)

    def rare() -> str:
        """A word that says enough by itself."""
        return drawn(0.002)

    def alike() -> str:
        return chance.choice((word(), f'"{chance.choice(names)}"', chance.choice(runs)))

    kinds = [
        lambda: f'"{chance.choice(names)}"',
        lambda: f'"{chance.choice(names)}" OR {rare()}',
        lambda: f"{word()} {word()}",
        lambda: f"({word()} OR {word()} OR {chance.choice(runs)}) ({word()} OR {word()})",
        lambda: f'{alike()} AND ({word()} OR "{word()} {word()}")',
        lambda: f"{word()} NEAR/8 {word()}",
        lambda: f"{rare()[:-1]}* -{word()}",
        lambda: f"title:{word()} OR title:{rare()}",
        lambda: f"org:{chance.choice(SLUGS)} ({word()} OR {word()})",
        lambda: f'"{word()} {word()}"~6 OR {chance.choice(runs)}',
        lambda: f"lang:{chance.choice(('en', 'ru', 'fr'))} {word()} {word()}",
    ]
    return [Watch(slug=f"w{at}", title="", query=chance.choice(kinds)()) for at in range(number)]


if __name__ == "__main__":
    sys.exit(main())
