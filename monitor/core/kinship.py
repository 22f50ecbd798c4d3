"""What tells the pages of one statement in several languages: the pattern of their addresses, and its number.

Sites of one body show a statement at /ru/news/1234 and at /en/news/1234, or under the same number of its own
("1542-24-10-2025"). That is evidence without knowing either language; where there is none, nothing is concluded.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit
from zlib import crc32

_CODES = (
    "en eng ru rus fr fra fre es esp spa ar ara zh cn chn chs cht de deu ger pt por it ita tr tur uk ua ukr kk kz kaz "
    "uz hy am arm az aze ka ge geo fa per he heb ja jp jpn ko kr kor pl pol sr srp be bel tg tj ky kg mn ro bg el gr "
    "hi ur id vi th nl sv fi no da cs sk hu hr sl et lv lt sq mk bs"
)
_LANGUAGES = frozenset(_CODES.split())
_TAG = re.compile(r"(?P<language>[a-z]{2,3})(?:[-_](?:[a-z]{2}|hans|hant|[a-z]{4}))?", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)\d{2,5}[-–/]\d{1,2}[-–.]\d{1,2}[-–.]\d{4}(?!\d)")
_ARTICLE = re.compile(r"\d{3}|\w+-\w+-\w+")


def kin_keys(url: str | None, title: str) -> tuple[int, ...]:
    """32-bit numbers, equal for what may be one statement in other languages; none where nothing shows a language."""
    parts = urlsplit(url) if url else None
    if parts is None or parts.hostname is None:
        return ()
    labels = parts.hostname.removeprefix("www.").split(".")
    host = [
        "*" if place == 0 and len(labels) > 2 and _is_language(label) else label for place, label in enumerate(labels)
    ]
    path = ["*" if _is_language(piece) else piece for piece in parts.path.strip("/").split("/")]
    query = [(name, "*" if _is_language(value) else value) for name, value in parse_qsl(parts.query)]
    found = []
    shown = [*host, *path, *(value for _, value in query)]
    rest = "/".join(piece for piece in (*path, *(value for _, value in query)) if piece != "*")
    if shown.count("*") == 1 and _ARTICLE.search(rest):
        found.append(crc32(f"page {shown} {[name for name, _ in query]}".encode()))
    if number := _NUMBER.search(title):
        found.append(crc32(f"number {labels[-2:]} {re.sub('[–/.]', '-', number[0])}".encode()))
    return tuple(found)


def _is_language(piece: str) -> bool:
    match = _TAG.fullmatch(piece)
    return match is not None and match["language"].lower() in _LANGUAGES
