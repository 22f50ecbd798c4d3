"""A text with the words that led to its tags: marked in the text, and each place with all it led to in a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from monitor.cli.output import columns, heading, lay_out, one_line, safe, screen, show_table
from monitor.cli.tag_names import short
from monitor.core.model import Facet, Field, Post, Tag
from monitor.core.taxonomy import Taxonomy
from monitor.core.text import hashtag_field

TEXT_WIDTH = 100
_COLOURS = {Facet.ORGANISATION: "cyan", Facet.COUNTRY: "green", Facet.REGION: "yellow", Facet.ISSUER: "magenta"}
_OWN_COLOUR = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Words in one field of a post, with all that they led to."""

    field: Field
    offset: int
    words: str
    led_to: tuple[tuple[Tag, str], ...]  # each with the rule

    @property
    def end(self) -> int:
        return self.offset + len(self.words)


def places(tags: Iterable[Tag]) -> list[Place]:
    """Every place that is evidence of some tag, in the order of the text."""
    found: dict[tuple[Field, int, str], dict[tuple[Tag, str], None]] = {}
    for tag in tags:
        for each in tag.evidence:
            found.setdefault((each.field, each.offset, each.words), {})[tag, each.rule] = None
    order = list(Field)
    return [
        Place(field=field, offset=offset, words=words, led_to=tuple(led_to))
        for (field, offset, words), led_to in sorted(
            found.items(), key=lambda one: (order.index(one[0][0]), one[0][1], -len(one[0][2]), one[0][2])
        )
    ]


def explained(post: Post, tags: Sequence[Tag]) -> dict[str, Any]:
    """For `--json`: what offsets count in, and the places."""
    return {
        "title": post.title,
        "text": post.text,
        "hashtags": hashtag_field(post.hashtags),
        "places": [
            {
                "field": place.field,
                "offset": place.offset,
                "words": place.words,
                "tags": [
                    {"tag": short(tag.facet, tag.slug), "rule": rule, "main": tag.main, "weight": tag.weight}
                    for tag, rule in place.led_to
                ],
            }
            for place in places(tags)
        ],
    }


def show_explained(post: Post, tags: Sequence[Tag], taxonomy: Taxonomy) -> None:
    """The text with numbered marks, then each tag, then each place by its number."""
    found = places(tags)
    numbers = {place: number for number, place in enumerate(found, start=1)}
    console = screen()
    width = min(TEXT_WIDTH, console.width)
    fields = [(Field.TITLE, post.title, "bold"), (Field.TEXT, post.text, "")]
    in_hashtags = [place for place in found if place.field is Field.HASHTAG]
    if in_hashtags:
        fields.append((Field.HASHTAG, hashtag_field(post.hashtags), ""))
    for field, text, style in fields:
        if text:
            of_field = [place for place in found if place.field is field]
            lay_out(console, _marked(text, of_field, numbers, style=style), width=width)
            console.print()
    if not tags:
        return
    language = post.language or "en"
    show_table(
        columns("tag", "", "weight", "name", right=["weight"]),
        [
            (
                short(tag.facet, tag.slug),
                "main" if tag.main else "mention",
                f"{tag.weight:.2f}",
                taxonomy.label(tag.facet, tag.slug, language),
            )
            for tag in tags
        ],
    )
    heading("By these words")
    show_table(
        columns("no.", "words", "field", "offset", "rule", "tag", right=["no.", "offset"]),
        [
            (
                numbers[place],
                one_line(place.words),
                place.field.value,
                "" if place.field is Field.SOURCE else place.offset,
                rule,
                named,
            )
            for place in found
            for named, rule in _led_to(place)
        ],
        wrap=True,
    )


def _led_to(place: Place) -> Iterator[tuple[str, str]]:
    """What a place led to, a line each; the regions that a country belongs to are one line."""
    members = [tag for tag, rule in place.led_to if rule == "member"]
    yield from ((short(tag.facet, tag.slug), rule) for tag, rule in place.led_to if rule != "member")
    if members:
        yield ", ".join([short(members[0].facet, members[0].slug), *(tag.slug for tag in members[1:])]), "member"


def _marked(text: str, found: Sequence[Place], numbers: dict[Place, int], *, style: str) -> Text:
    """Marked by style where there are colours, by »…« where there are none; of places within others, the outer one."""
    coloured = screen().color_system is not None and not screen().no_color
    result = Text(style=style)
    at = 0
    for place in found:
        if place.offset < at or text[place.offset : place.end] != place.words:
            continue
        result.append(safe(text[at : place.offset]))
        words = safe(place.words)
        colour = _COLOURS.get(place.led_to[0][0].facet, _OWN_COLOUR)
        result.append(words if coloured else f"»{words}«", style=f"bold underline {colour}" if coloured else "")
        result.append(f"[{numbers[place]}]", style="dim" if coloured else "")
        at = place.end
    result.append(safe(text[at:]))
    return result
