"""A post known by its teaser → the whole text, tagged and matched anew. Runs in a worker process that can be killed."""

from __future__ import annotations

from monitor.core.model import Document, Post, Prepared, Source
from monitor.sources.fulltext import with_full_text
from monitor.sources.reading import Tools


def completed(post: Post, document: Document, source: Source, tools: Tools) -> Prepared:
    """`post` with the text of the page that it links. SourceError where that page has none: the teaser then stands."""
    complete = with_full_text(post, document, hint=source.language)
    tags = tools.tagger.tags(complete, source)
    matches = tools.watches.matches(complete, source, tags, now=document.fetched_at)
    if_edited = tools.watches.matches_if_edited(complete, source, tags, matches, now=document.fetched_at)
    return Prepared(post=complete, tags=tags, matches=matches, matches_if_edited=if_edited, taxonomy=tools.taxonomy)
