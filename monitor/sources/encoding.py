"""Bytes → text, for documents whose declarations are missing or wrong."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

_BOMS = (  # the longer first: UTF-16's begins like UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARATION = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']", re.IGNORECASE)
# Browsers read these labels as their supersets (WHATWG Encoding Standard, 4.2).
_SUPERSETS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
    "euc_kr": "cp949", "iso8859-9": "cp1254", "tis-620": "cp874", "big5": "big5hkscs",
}  # fmt: skip
_UNSAFE = frozenset({"utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
_MULTIBYTE = frozenset({"gb18030", "cp932", "euc_jp", "cp949", "big5hkscs", "iso2022_jp"})
_SURE_OF_UTF8 = 8  # sequences; natural text in another multi-byte encoding does not look like that many
_SAMPLE = 40_000
_ASCII, _BELOW_LEADS = bytes(range(0x80)), bytes(range(0xC0))

_RUSSIAN = "оеаинтсрвлкмдпуяыьгз"
_JAPANESE = "のにはをたがでてとしれさいる"
_FREQUENT = {
    "cp1251": _RUSSIAN,
    "koi8-r": _RUSSIAN,
    "cp932": _JAPANESE,
    "euc_jp": _JAPANESE,
    "gb18030": "的是在了不和有大这中国人一上为个",
    "big5hkscs": "的是在了不和有大這中國人一上為個",
    "cp949": "이다에는의가을하고를한로지",
    "cp1256": "اليمونترب",
    "cp1253": "αοιετσνηυρπκ",
    "cp1250": "ąćęłńóśźżěščřžýáíéůőűöü",
    "cp1252": "éèàçùêîôâäöüßñóáíúãõåæø’“”–«»…£€",
}
_GUESSES_BY_LANGUAGE = {
    "ru": ("cp1251", "koi8-r"),
    "uk": ("cp1251",),
    "bg": ("cp1251",),
    "ja": ("cp932", "euc_jp"),
    "zh": ("gb18030", "big5hkscs"),
    "ko": ("cp949",),
    "ar": ("cp1256",),
    "fa": ("cp1256",),
    "el": ("cp1253",),
    "pl": ("cp1250",),
    "cs": ("cp1250",),
    "hu": ("cp1250",),
}
_GUESSED_SHARE = 0.3


def decoded(content: bytes, *, content_type: str | None, hint: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The text of `content`, and notes on what was wrong with its declarations. Never fails.

    Order of belief: byte order mark, then bytes that are UTF-8 beyond doubt, then the charset of the header
    (`content_type`), then the XML declaration, then the letters themselves. `hint` is a language tag that decides
    between guesses.
    """
    for mark, marked in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(marked, "replace").removeprefix("\ufeff"), ()
    # White space or a comment of the server's script may stand before the mark.
    stripped = content.lstrip(b" \t\r\n").removeprefix(codecs.BOM_UTF8)
    for start, wide in _WIDE:
        if content.startswith(start):
            return content.decode(wide, "replace"), ()
    header = _HEADER.search(content_type or "")
    written = _DECLARATION.match(stripped)
    labels = [header[1]] if header else []
    if written:
        labels.append(written[1].decode("ascii", "replace"))
    declared = {name: label.lower() for label in reversed(labels) if (name := _known(label))}
    return _by_evidence(content, dict(reversed(declared.items())), hint)


def _known(label: str) -> str | None:
    """The codec of a label; None for unknown and for unsafe ones."""
    try:
        name = codecs.lookup(label).name
        b"a".decode(label, "replace")  # refuses codecs that are no text encodings, such as "hex"
    except (LookupError, UnicodeError, ValueError):
        return None
    if name.replace("_", "-") in _UNSAFE or name.startswith(("utf-16", "utf-32")):  # single bytes were found: it is not
        return None
    return _SUPERSETS.get(name, name)


def _by_evidence(content: bytes, declared: Mapping[str, str], hint: str | None) -> tuple[str, tuple[str, ...]]:
    """`declared` maps codecs to the labels they were declared by, the more believable first."""
    utf8 = _strictly(content, "utf-8")
    if utf8 is not None:
        sequences = len(content[:_SAMPLE].translate(None, _BELOW_LEADS))
        other = next((name for name in declared if name != "utf-8"), None)
        if other is None or (sequences and (other not in _MULTIBYTE or sequences >= _SURE_OF_UTF8)):
            wrong = sequences and declared and "utf-8" not in declared
            return utf8, (f"declared {next(iter(declared.values()))}, was utf-8",) if wrong else ()
    for name, label in declared.items():
        if name != "utf-8" and (text := _strictly(content, name)) is not None:
            return text, (f"declared utf-8, was {label}",) if "utf-8" in declared and utf8 is None else ()
    return _guessed(content, declared, hint)


def _guessed(content: bytes, declared: Mapping[str, str], hint: str | None) -> tuple[str, tuple[str, ...]]:
    said = f"declared {next(iter(declared.values()))}" if declared else "no encoding declared"
    tolerant = content.decode("utf-8", "replace")
    damaged = tolerant.count("\ufffd")
    if damaged * 10 <= len(content.translate(None, _ASCII)):  # UTF-8 with a few bad bytes
        return tolerant, (f"{said}, was utf-8 with damaged characters ({damaged})",)
    scores = {name: _likeness(content, name) for name in _FREQUENT}
    for name in _GUESSES_BY_LANGUAGE.get((hint or "")[:2].lower(), ()):
        scores[name] += 0.1 if scores[name] else 0.0
    best = max(scores, key=scores.__getitem__)
    if scores[best] < _GUESSED_SHARE:
        best = next((name for name in declared if name != "utf-8"), "cp1252")
    return content.decode(best, "replace"), (f"{said}, was {best.replace('cp12', 'windows-12')}",)


def _likeness(content: bytes, name: str) -> float:
    """The share of frequent letters of the encoding's languages among all that is not ASCII, 0 to 1."""
    # Cut at white space, so that the sample does not end inside a character.
    sample = content[:_SAMPLE]
    if len(content) > _SAMPLE and (end := sample.rfind(b"\n")) > 0:
        sample = sample[:end]
    text = sample.decode(name, "replace")
    high = [character for character in text if ord(character) >= 0x80]
    if not high or text.count("\ufffd") * 50 > len(high):
        return 0.0
    # Cyrillic in the wrong one of its two encodings turns case around, and only small letters are counted.
    return sum(1 for character in high if character in _FREQUENT[name]) / len(high)


def _strictly(content: bytes, name: str) -> str | None:
    try:
        return content.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None


# What UTF-8 looks like after somebody read it as windows-1252: a lead byte and its continuations, as characters.
_AS_CHARACTER = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xC0)}
_FOLLOWS = "[" + "".join(map(re.escape, _AS_CHARACTER.values())) + "\x80-\x9f]"
MISREAD = re.compile(f"[\xc2-\xdf]{_FOLLOWS}|[\xe0-\xef]{_FOLLOWS}{{2}}|[\xf0-\xf4]{_FOLLOWS}{{3}}")
_BYTE_OF = {ord(character): chr(byte) for byte, character in _AS_CHARACTER.items()}
_HIGH = re.compile("[\x80-\U0010ffff]")
_MISREAD_SHARE = 0.8
_UNMISTAKABLE = re.compile(
    "\xe2\u20ac[^\\s\\w]|\xc3[\xa1-\xaa\xac-\xba\xbc-\xbf]"
)  # a quotation mark or dash, a letter


def repaired(text: str) -> str:
    """`text` with UTF-8 that was once read as windows-1252 made right ("ÃƒÂ©" stays a case for its author: once only).

    Only where nearly everything beyond ASCII is such a sequence: "DÉ”" at the end of a French quotation is not.
    """
    found = MISREAD.findall(text)
    if len(found) < 2 and not (found and _UNMISTAKABLE.search(text)):
        return text
    if sum(map(len, found)) < _MISREAD_SHARE * len(_HIGH.findall(text)):
        return text

    def right(match: re.Match[str]) -> str:
        try:
            return match[0].translate(_BYTE_OF).encode("latin-1").decode("utf-8")
        except UnicodeError:
            return match[0]

    return MISREAD.sub(right, text)
