"""The watch language: from what a person types to a tree of terms.

docs/watches.md describes the language; its examples are executed by a test. What a tree means is defined in
`core.matching`, and nowhere else.
"""

from monitor.core.query.grammar import FIELDS, LONGEST_QUERY, MOST_TERMS, OWN_FACET, parse
from monitor.core.query.lists import expanded
from monitor.core.query.tree import Query, QueryError, Tagged, lists_of, tags_of, terms_of

__all__ = [
    "FIELDS",
    "LONGEST_QUERY",
    "MOST_TERMS",
    "OWN_FACET",
    "Query",
    "QueryError",
    "Tagged",
    "expanded",
    "lists_of",
    "parse",
    "tags_of",
    "terms_of",
]
