"""Finds which watches match a post: an index over all watches picks the few that can, the evaluator decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime

from monitor.core.matching import Evaluator, Found, Terms, together
from monitor.core.model import Evidence, Match, Post, Source, Tag, Watch
from monitor.core.percolator import FEW, Percolator
from monitor.core.query import Query, QueryError, expanded, parse
from monitor.core.query.tree import Origin, terms_of
from monitor.core.subject import Subject, subject_of

__all__ = ["Query", "QueryError", "WatchSet", "parse", "queries_of"]


def queries_of(watches: Iterable[Watch]) -> tuple[dict[str, Query], dict[str, QueryError]]:
    """The query of each watch by its slug, with the lists that it names put in; and what is wrong with those whose
    lists went away since they were saved, which must not stop the others.

    Raises QueryError, naming the watch, where one cannot be understood.
    """
    parsed = read_as_saved(watches)
    whole: dict[str, Query] = {}
    broken: dict[str, QueryError] = {}
    for slug, query in parsed.items():
        try:
            whole[slug] = expanded(query, parsed)
        except QueryError as error:
            broken[slug] = _named(slug, error)
    return whole, broken


def read_as_saved(watches: Iterable[Watch]) -> dict[str, Query]:
    """The query of each watch by its slug, with the names of lists still in it: a list that names another that is gone,
    or that leads back to itself, is there all the same.

    Raises QueryError, naming the watch, where one cannot be understood.
    """
    return {watch.slug: _parsed(watch) for watch in watches}


def _parsed(watch: Watch) -> Query:
    try:
        return parse(watch.query, facets=None)
    except QueryError as error:
        raise _named(watch.slug, error) from None


def _named(slug: str, error: QueryError) -> QueryError:
    return QueryError(
        f"watch {slug!r}: {error.message}",
        position=error.position,
        expected=error.expected,
        suggestion=error.suggestion,
    )


# A frozen value is slow to make, and of matches many are made: their slots are filled directly, as those of evidence.
_bare = object.__new__
_put_watch, _put_evidence = (Match.__dict__[each.name].__set__ for each in fields(Match))


def _match(watch: str, evidence: tuple[Evidence, ...]) -> Match:
    made = _bare(Match)
    _put_watch(made, watch)
    _put_evidence(made, evidence)
    return made


class WatchSet:
    """Watches that are looked for together. Paused ones are left out, and so are lists, which only serve others.

    `broken` says of watches whose lists went away why they are not looked for.
    """

    def __init__(self, watches: Iterable[Watch], *, only: Collection[str] | None = None, few: int = FEW) -> None:
        """Raises QueryError, naming the watch, where a query cannot be understood.

        `only` are the slugs of those that are looked for, the others serve as lists. `few` changes what a look-up
        costs, never what it finds.
        """
        every = sorted(watches, key=lambda watch: watch.slug)
        queries, self.broken = queries_of(every)
        looked_for = [
            (watch.slug, query)
            for watch in every
            if not (watch.paused or watch.is_list) and (only is None or watch.slug in only)
            for query in (queries.get(watch.slug),)
            if query is not None
        ]
        terms = Terms()  # what several watches ask for is looked for once a post
        self._watches = [(slug, Evaluator(query, terms)) for slug, query in looked_for]
        # Alternatives are waited for by themselves: those that a post cannot hold are not looked for in it.
        self._judges = [(at, judge) for at, (_, it) in enumerate(self._watches) for judge in it.judges]
        self._percolator = Percolator([root for _, it in self._watches for root in it.branches], few=few)
        self._asking_for_edits = [at for at, (_, query) in enumerate(looked_for) if _asks_for_edits(query)]

    def matches(
        self,
        post: Post,
        source: Source,
        tags: tuple[Tag, ...],
        *,
        now: datetime | None = None,
        subject: Subject | None = None,
    ) -> tuple[Match, ...]:
        """The watches found in a post, by slug, each with the words that matched.

        `tags` are those of the same post: `org:` and its like look into them. `now` is when it is looked at; whoever
        knows more of the post (that it was edited) hands in a `subject`.
        """
        if not self._watches:
            return ()
        subject = subject or subject_of(post, source, tags, now=now)
        by_watch: dict[int, Found] = {}
        for branch in self._percolator.candidates(subject):
            watch, judge = self._judges[branch]
            found = judge(subject)
            if found is not None:
                by_watch[watch] = together(by_watch.get(watch), found)
        matches = []
        for watch, found in by_watch.items():
            slug, evaluator = self._watches[watch]
            matches.append(_match(slug, evaluator.told(found, subject)))
        return tuple(matches)

    def matches_if_edited(
        self, post: Post, source: Source, tags: tuple[Tag, ...], found: tuple[Match, ...], *, now: datetime
    ) -> tuple[Match, ...] | None:
        """The watches found in a post if it turns out to be an edit of a stored one, where `found` are found in it
        otherwise; None where that makes no difference.

        Who reads a post does not know the stored ones: whoever stores it takes the ones or the others.
        """
        if not self._asking_for_edits or post.edited:
            return None
        subject = subject_of(post, source, tags, now=now, edited=True)
        by_slug = {match.watch: match for match in found}
        for at in self._asking_for_edits:
            slug, evaluator = self._watches[at]
            evidence = evaluator.evidence(subject)
            if evidence is None:
                by_slug.pop(slug, None)
            else:
                by_slug[slug] = _match(slug, evidence)
        if_edited = tuple([by_slug[slug] for slug in sorted(by_slug)])
        return None if if_edited == found else if_edited


def _asks_for_edits(query: Query) -> bool:
    return any(isinstance(term, Origin) and term.name == "is" for term in terms_of(query.root))
