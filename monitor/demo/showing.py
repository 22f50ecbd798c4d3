"""What the demonstration shows on the console. Texts of sources are never taken for console markup."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.core.model import Facet, Outcome, Revision, Source, StoredPost, Tag, Voice, Watch
from monitor.core.normalise import cut
from monitor.core.taxonomy import Taxonomy
from monitor.demo.receiver import Received
from monitor.polling import Recorded

STEPS = 5
UNHAPPY = {Outcome.FAILED, Outcome.GONE}
STYLES = {Outcome.NEW: "green", Outcome.FAILED: "red", Outcome.GONE: "red"}


def step(console: Console, number: int, title: str) -> None:
    """The heading of a step."""
    console.print()
    console.print(Text.assemble((f"{number}/{STEPS}  ", "bold cyan"), (title, "bold")))


def say(console: Console, what: RenderableType) -> None:
    """Something below the heading."""
    console.print(Padding(what, (0, 0, 0, 5), expand=False))


def cast(sources: Sequence[Source], address: str) -> RenderableType:
    """What there is to be polled."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in Counter(source.kind for source in sources).most_common())
    languages = len({source.language for source in sources if source.language})
    return f"{len(sources)} sources ({kinds}) in {languages} languages at {address}\nEvery text is invented."


def polled(recorded: Sequence[Recorded]) -> RenderableType:
    """A first poll, source by source."""
    table = _table("source", "kind", "outcome", "new", "took", "why")
    for each in sorted(recorded, key=lambda r: (r.poll.outcome in UNHAPPY, r.poll.source.slug)):
        poll = each.poll
        table.add_row(
            poll.source.slug,
            poll.source.kind,
            Text(poll.outcome.value, STYLES.get(poll.outcome, "dim")),
            str(each.new or ""),
            f"{(poll.finished_at - poll.started_at).total_seconds():.1f} s",
            Text(poll.reason or "", "red"),
        )
    return table


def polled_again(recorded: Sequence[Recorded]) -> RenderableType:
    """A later poll: what it brought, and the others in one line."""
    brought = [
        Text.assemble(
            (r.poll.source.slug, "bold"),
            ": " + ", ".join(filter(None, (_counted(r.new, "new post"), _counted(r.changed, "edited post")))),
        )
        for r in recorded
        if r.new or r.changed
    ]
    others = Counter(r.poll.outcome for r in recorded if not (r.new or r.changed))
    meanings = {
        Outcome.NOT_MODIFIED: "not modified (304: nothing was sent again)",
        Outcome.KNOWN: "with nothing new",
        Outcome.FAILED: "failing as before",
        Outcome.GONE: "gone",
    }
    rest = ", ".join(f"{number} {meanings[outcome]}" for outcome, number in others.most_common())
    return Group(*brought, Text(f"the others: {rest}", "dim"))


def failures(recorded: Sequence[Recorded]) -> RenderableType:
    """What is said about the sources that could not be read."""
    return Group(
        *(
            Text.assemble((r.poll.source.slug, "bold"), ": ", r.poll.error or "")
            for r in recorded
            if r.poll.outcome in UNHAPPY
        )
    )


def story(lead: StoredPost, voices: Sequence[Voice]) -> RenderableType:
    """Who said it first, who repeated it, and how much later."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for voice in voices:
        table.add_row(Text(voice.source_title), Text(_lag(voice.lag), "dim"))
    return Group(_title(lead), Padding(table, (0, 0, 0, 2)))


def edit(stored: StoredPost, revisions: Sequence[Revision]) -> RenderableType:
    """What a post said before, and what it says now."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for revision in revisions:
        table.add_row(Text("before", "dim"), Text(revision.text, "dim"))
    table.add_row(Text("now", "green"), Text(stored.post.text))
    return Group(_title(stored), Padding(table, (0, 0, 0, 2)))


def tagged(stored: Iterable[StoredPost], taxonomy: Taxonomy) -> RenderableType:
    """What posts are about, with the words that say so."""
    lines: list[RenderableType] = []
    for each in stored:
        lines.append(Text.assemble((f"{each.post.language or '?'}  ", "dim"), _title(each)))
        found = Text(" · ").join(
            Text.assemble((taxonomy.label(tag.facet, tag.slug, "en"), "cyan"), (f" ← {_words(tag)}", "dim"))
            for tag in each.tags
            if tag.main and tag.facet in {Facet.ORGANISATION, Facet.COUNTRY}
        )
        lines.append(Padding(found, (0, 0, 0, 4)))
    return Group(*lines)


def watched(posts: Iterable[StoredPost], watches: Sequence[Watch]) -> RenderableType:
    """How many posts each watch was found in, and by which words."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    times: Counter[str] = Counter()
    for stored in posts:
        for match in stored.matches:
            times[match.watch] += 1
            found[match.watch] += (evidence.words for evidence in match.evidence)
    table = _table("watch", "posts", "found by")
    for watch in watches:
        words = dict.fromkeys(word.casefold() for word in found[watch.slug])
        table.add_row(watch.title, str(times[watch.slug]), Text(" · ".join(words)))
    return table


def received(hook: Received) -> RenderableType:
    """A webhook as its receiver sees it."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("webhook-id", Text(hook.id))
    good = Text("verified", "green") if hook.fault is None else Text(f"refused: {hook.fault}", "red")
    table.add_row("signature", good)
    if hook.fault is None:
        sections = hook.payload["data"]["sections"]
        count = sum(len(section["stories"]) for section in sections)
        table.add_row(
            "body", f"{hook.payload['type']}, {_counted(count, 'story', 'stories')}, {len(hook.body):,} bytes"
        )
    return table


def where_to_look(found: Mapping[str, str], console: Console) -> None:
    """Names of things and where they are; a path is left in one piece, so that it can be copied."""
    width = max(len(what) for what in found)
    for what, where in found.items():
        console.print(Text.assemble(f"     {what:<{width}}  ", (where, "bold")), soft_wrap=True)


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in {"new", "took", "posts"} else "left")
    return table


def _title(stored: StoredPost) -> Text:
    return Text(cut(stored.post.title, 68), "bold")


def _words(tag: Tag) -> str:
    return ", ".join(dict.fromkeys(evidence.words for evidence in tag.evidence))


def _lag(lag: timedelta) -> str:
    minutes = round(lag.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not minutes:
        return "first"
    return "+" + " ".join(filter(None, (f"{hours} h" if hours else "", f"{rest} min" if rest else "")))


def _counted(number: int, one: str, several: str | None = None) -> str:
    return "" if not number else f"{number} {one if number == 1 else several or one + 's'}"
