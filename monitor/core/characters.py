"""Characters that nobody can see, and white space of every kind."""

from __future__ import annotations

import re

# Control characters, soft hyphens, zero-width spaces, byte order marks, non-characters, halves of surrogate pairs, and
# the embeddings, overrides and isolates that let a text turn what follows it around. Kept: the joiners that emoji and
# Indic scripts need (200C, 200D) and the plain direction marks of Arabic and Hebrew (200E, 200F, 061C).
_JUNK = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffc"
    "\ufffe\uffff\ud800-\udfff]"
)
SPACES = re.compile(r"[ \t\r\n\f\v\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
"""White space of every kind, as long as it goes on."""


def without_junk(text: str) -> str:
    """`text` without characters that nobody can see and that break matching, display or storage.

    Removed: control characters other than tab and line ends, soft hyphens, zero-width spaces, lone surrogates,
    non-characters, bidirectional embeddings, overrides and isolates. Kept: joiners and plain direction marks.
    """
    return _JUNK.sub("", text)


def one_line(text: str) -> str:
    """`text` without junk, all white space made single spaces."""
    return " ".join(without_junk(text).split()) if text.isascii() else SPACES.sub(" ", without_junk(text)).strip()
