"""What a search found, for other programs: CSV, JSON Lines, Atom and JSON Feed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from monitor.core.model import Evidence, Field, StoredPost
from monitor.core.stories import moment
from monitor.core.text import hashtag_field, sentence_around, sentence_ends
from monitor.render.marking import marked_html
from monitor.render.plain import clean

COLUMNS = (
    *("post", "story", "published_at", "first_seen_at", "source", "authority", "language", "title", "url", "author"),
    *("tags", "words", "sentence"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A post with the words by which it was found."""

    stored: StoredPost
    evidence: tuple[Evidence, ...]

    @property
    def at(self) -> datetime:
        return moment(self.stored.post.stated_at, self.stored.first_seen_at)


def sentence(stored: StoredPost, piece: Evidence) -> str:
    """The sentence in which evidence stands, on one line; "" for what no text says."""
    texts = {
        Field.TITLE: stored.post.title,
        Field.TEXT: stored.post.text,
        Field.HASHTAG: hashtag_field(stored.post.hashtags),
    }
    text = texts.get(piece.field)
    if text is None:
        return ""
    start, end = sentence_around(sentence_ends(text), len(text), piece.offset, piece.offset + len(piece.words))
    return " ".join(clean(text[start:end]).split())


def document(result: Result) -> dict[str, Any]:
    """A result as JSON shows it."""
    stored, post = result.stored, result.stored.post
    return {
        "post": stored.id,
        "story": stored.story_id,
        "published_at": _time(result.at),
        "first_seen_at": _time(stored.first_seen_at),
        "source": stored.source.slug,
        "authority": stored.source.authority.value,
        "language": post.language,
        "title": post.title,
        "text": post.text,
        "url": post.url,
        "author": post.author,
        "tags": [f"{tag.facet}:{tag.slug}" for tag in stored.tags],
        "evidence": [
            {"field": each.field.value, "offset": each.offset, "words": each.words, "rule": each.rule}
            | {"sentence": sentence(stored, each)}
            for each in result.evidence
        ],
    }


def as_csv(results: Sequence[Result], **_: object) -> str:
    """A table with a header, as RFC 4180 has it; a cell that a spreadsheet would take for a formula gets a quote."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for result in results:
        row = document(result)
        first = row["evidence"][0] if row["evidence"] else {"sentence": ""}
        row |= {
            "words": "; ".join(dict.fromkeys(each.words for each in result.evidence)),
            "sentence": first["sentence"],
        }
        row["tags"] = " ".join(row["tags"])
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def as_jsonl(results: Sequence[Result], **_: object) -> str:
    """One JSON document a line."""
    return "".join(json.dumps(document(result), ensure_ascii=False) + "\n" for result in results)


def as_atom(results: Sequence[Result], *, query: str, now: datetime) -> str:
    """A feed of the results (RFC 4287), the matched words marked in its contents."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{_xml(query)}</title>",
        f"<id>urn:communique-monitor:search:{quote(clean(query), safe='')}</id>",
        f"<updated>{_time(now)}</updated>",
        "<author><name>Communiqué Monitor</name></author>",
    ]
    for result in results:
        stored, post = result.stored, result.stored.post
        content = marked_html(post.html, result.evidence)
        lines += [
            "<entry>",
            f"<title>{_xml(post.title)}</title>",
            f"<id>{_xml(_identity(stored))}</id>",
            f"<updated>{_time(post.updated_at or result.at)}</updated>",
            f"<published>{_time(result.at)}</published>",
            *([f"<link href={quoteattr(clean(post.url))}/>"] if post.url else []),
            f"<author><name>{_xml(post.author or stored.source.title)}</name></author>",
            *(f"<category term={quoteattr(f'{tag.facet}:{tag.slug}')}/>" for tag in stored.tags),
            f'<content type="html">{_xml(content)}</content>',
            "</entry>",
        ]
    return "\n".join([*lines, "</feed>\n"])


def as_jsonfeed(results: Sequence[Result], *, query: str, now: datetime) -> str:
    """JSON Feed 1.1."""
    items = [
        {
            "id": _identity(result.stored),
            "title": result.stored.post.title,
            "content_html": marked_html(result.stored.post.html, result.evidence),
            "date_published": _time(result.at),
            "tags": [f"{tag.facet}:{tag.slug}" for tag in result.stored.tags],
            "authors": [{"name": result.stored.post.author or result.stored.source.title}],
        }
        | ({"language": result.stored.post.language} if result.stored.post.language else {})
        | ({"url": result.stored.post.url} if result.stored.post.url else {})
        for result in results
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": query, "description": f"as of {_time(now)}"}
    return json.dumps(feed | {"items": items}, ensure_ascii=False, indent=2) + "\n"


FORMATS: Mapping[str, Callable[..., str]] = {
    "csv": as_csv,
    "jsonl": as_jsonl,
    "atom": as_atom,
    "jsonfeed": as_jsonfeed,
}


def _identity(stored: StoredPost) -> str:
    return f"urn:communique-monitor:post:{stored.source.slug}:{stored.id}"


def _xml(text: str) -> str:
    return escape(clean(text))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
