"""Filters for the templates. Those that speak or tell time read the edition's language and zone from the context."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from monitor.core.model import Trends, Wording
from monitor.render import comparing, plain
from monitor.render.comparing import Bar, Remark
from monitor.render.edition import Event, Told
from monitor.render.labels import Labels
from monitor.render.passages import Passage

# What Markdown reads as markup. Parentheses mean something only behind brackets: services that know half of Markdown
# would show a stroke before each.
_MARKDOWN = re.compile(r"([\\`*_\[\]|~<>]|^[#+-])", re.MULTILINE)


def zone(name: str) -> ZoneInfo:
    """The zone of this name; UTC where the time zone database has lost it since the subscription was checked."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@pass_context
def local(context: Context, at: datetime, form: str = "moment") -> str:
    """A UTC time in the reader's zone and language. "near": just the clock on the day the edition was due."""
    there = zone(context["edition"].zone)
    moment = at.astimezone(there)
    if form == "near":
        form = "clock" if moment.date() == context["edition"].due_at.astimezone(there).date() else "moment"
    return _labels(context).moment(moment, form)


@pass_context
def days(context: Context, event: Event) -> str:
    """The day or days of an event ahead, in the reader's language."""
    words = _labels(context)
    first, last = (datetime(day.year, day.month, day.day) for day in (event.first, event.last))  # noqa: DTZ001
    if first == last:
        return words.moment(first, "day")
    if (first.year, first.month) == (last.year, last.month):
        return words.moment(last, "days", first=str(first.day))
    return words("ahead_from", first=words.moment(first, "date"), last=words.moment(last, "date"))


@pass_context
def told(context: Context, notice: Told) -> str:
    """A notice in the reader's language; in English where the labels do not know it."""
    words = _labels(context)
    key = f"notice_{notice.what}"
    return words(key, **notice.values) if key in words.words else notice.sentence


@pass_context
def lag(context: Context, time: timedelta) -> str:
    """ "1 h 5 min" """
    return _labels(context).lag(time)


@pass_context
def counted(context: Context, number: int, what: str) -> str:
    """ "3 stories", in the form that the language asks for."""
    return _labels(context).count(what, number)


def marked(passage: Passage) -> Markup:
    """HTML with the matched words in <mark>; everything else escaped."""
    pieces = (Markup("<mark>{}</mark>").format(text) if hit else escape(text) for text, hit in passage.pieces)
    return Markup("").join(pieces)


def starred(passage: Passage) -> str:
    """Plain text with the matched words between *asterisks*."""
    return "".join(f"*{text.strip()}*" if hit and text.strip() else text for text, hit in passage.pieces)


def md(text: str) -> str:
    """Text that stands for itself in Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def bold(passage: Passage) -> str:
    """Markdown with the matched words in bold."""
    return "".join(f"**{md(text.strip())}**" if hit and text.strip() else md(text) for text, hit in passage.pieces)


def slack_bold(passage: Passage) -> str:
    """Slack's mrkdwn with the matched words in bold."""
    return "".join(f"*{slack(text.strip())}*" if hit and text.strip() else slack(text) for text, hit in passage.pieces)


def strong(passage: Passage) -> Markup:
    """HTML with the matched words in <b>, for programs that know no <mark>."""
    pieces = (Markup("<b>{}</b>").format(text) if hit else escape(text) for text, hit in passage.pieces)
    return Markup("").join(pieces)


def slack(text: str) -> str:
    """Text that stands for itself in Slack's mrkdwn (docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pass_context
def remarked(context: Context, remark: Remark) -> str:
    """What is unusual as a sentence in the reader's language."""
    words = _labels(context)
    values = {
        "name": remark.label or words("all_posts"),
        "posts": words.count("posts", remark.posts),
        "span": words.count("span_days", remark.days),
        "usual": remark.usual,
    }
    if not remark.posts:
        return words("unusual_none", name=values["name"], span=values["span"], usual=remark.usual)
    how = words(remark.how)
    if not remark.usual:
        return words("unusual_rare", name=values["name"], how=how, posts=values["posts"], span=values["span"])
    return words("unusual", how=how, **values)


def span(trends: Trends) -> int:
    """How many days were counted."""
    return comparing.days(trends)


def edited(wordings: Iterable[Wording]) -> Markup:
    """HTML in which words that came are <ins> and words that went are <del>."""
    put_in, taken_out = Markup("<ins>{}</ins>"), Markup("<del>{}</del>")
    return Markup(" ").join(
        escape(each.words) if each.was and each.now else (put_in if each.now else taken_out).format(each.words)
        for each in wordings
    )


def edited_text(wordings: Iterable[Wording]) -> str:
    """Plain text: [-words that went-] and {+words that came+}, as word diffs are written."""
    return " ".join(
        each.words if each.was and each.now else f"{{+{each.words}+}}" if each.now else f"[-{each.words}-]"
        for each in wordings
    )


def drawn(bar: Bar, cells: int = 20) -> str:
    """A bar of characters, the usual shown by where its empty part ends."""
    return comparing.drawn(bar, cells)


def padded(text: str, columns: int) -> str:
    """`text` with spaces after it up to a column; cut where it is longer."""
    return plain.padded(text, columns)


def domain(url: str) -> str:
    """The host of an address without "www."; "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def listed(parts: Iterable[str]) -> str:
    """Joined by middle dots, empty ones left out."""
    return " · ".join(part for part in parts if part)


def _labels(context: Context) -> Labels:
    labels = context["t"]
    if not isinstance(labels, Labels):
        raise TypeError("the template replaced 't', which holds the labels")
    return labels


FILTERS: dict[str, Callable[..., Any]] = {
    "bold": bold,
    "counted": counted,
    "days": days,
    "direction": plain.direction,
    "domain": domain,
    "drawn": drawn,
    "edited": edited,
    "edited_text": edited_text,
    "lag": lag,
    "listed": listed,
    "local": local,
    "marked": marked,
    "md": md,
    "padded": padded,
    "remarked": remarked,
    "slack": slack,
    "slack_bold": slack_bold,
    "span": span,
    "strong": strong,
    "starred": starred,
    "told": told,
    "underlined": plain.underlined,
    "wrapped": plain.wrap,
}
