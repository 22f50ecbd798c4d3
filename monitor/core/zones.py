"""Zones as they stand beside stated times → how far they are ahead of UTC: offsets, abbreviations, names of the time
zone database ("Europe/Moscow") and what people say ("Moscow time", "heure de Paris")."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

# Offsets in minutes. Where a name has several meanings, the one that feeds mean: BST is British, not Bangladeshi;
# IST is Indian, not Irish or Israeli; CST and EST are American, not Chinese or Australian; AST is Atlantic.
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "uct": 0, "zulu": 0, "мск": 180, "гмт": 0, "west": 60, "bst": 60,
    "cet": 60, "met": 60, "mez": 60, "wat": 60, "cest": 120, "mest": 120, "mesz": 120, "eet": 120, "sast": 120,
    "cat": 120, "eest": 180, "msk": 180, "eat": 180, "trt": 180, "idt": 180, "msd": 240, "samt": 240, "gst": 240,
    "irst": 210, "irdt": 270, "aft": 270, "pkt": 300, "uzt": 300, "yekt": 300, "ist": 330, "npt": 345, "omst": 360,
    "almt": 300, "ict": 420, "wib": 420, "krat": 420, "novt": 420, "hkt": 480, "sgt": 480, "myt": 480, "pht": 480,
    "awst": 480, "irkt": 480, "wita": 480, "jst": 540, "kst": 540, "yakt": 540, "wit": 540, "acst": 570,
    "acdt": 630, "aest": 600, "vlat": 600, "aedt": 660, "magt": 660, "nzst": 720, "pett": 720, "nzdt": 780,
    "azot": -60, "brt": -180, "art": -180, "clst": -180, "adt": -180, "ndt": -150, "nst": -210, "ast": -240,
    "clt": -240, "bot": -240, "vet": -240, "edt": -240, "est": -300, "et": -300, "cot": -300, "pet": -300,
    "cdt": -300, "cst": -360, "ct": -360, "mdt": -360, "mst": -420, "mt": -420, "pdt": -420, "pst": -480,
    "pt": -480, "akdt": -480, "akst": -540, "hst": -600, "hast": -600, "hadt": -540,
}  # fmt: skip

_OFFSET = re.compile(
    r"(?:\b(?:gmt|utc|ut|etc/gmt)\s*)?(?P<sign>[+\u2212-])\s*(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d{2}))?(?!\d)"
)
_FROM_MOSCOW = re.compile(r"\b(?:msk|мск)\s*([+-])\s*(\d)(?![\d:])")
_REGION = re.compile(
    r"\b(?:africa|america|antarctica|arctic|asia|atlantic|australia|etc|europe|indian|pacific)"
    r"/[a-z_]+(?:[/-][a-z_]+)*(?:[+-]?\d{1,2})?"
)
_SPOKEN = {
    "eastern": "america/new_york", "central": "america/chicago", "mountain": "america/denver",
    "pacific": "america/los_angeles", "western european": "europe/lisbon", "central european": "europe/paris",
    "eastern european": "europe/bucharest", "greenwich mean": "etc/gmt", "coordinated universal": "etc/utc",
    "arabia": "asia/riyadh", "arabian": "asia/riyadh", "india": "asia/kolkata", "indian": "asia/kolkata",
    "china": "asia/shanghai", "beijing": "asia/shanghai", "japan": "asia/tokyo", "korea": "asia/seoul",
    "israel": "asia/jerusalem", "kyiv": "europe/kyiv", "geneva": "europe/zurich", "the hague": "europe/amsterdam",
    "washington": "america/new_york", "ottawa": "america/toronto", "canberra": "australia/sydney",
}  # fmt: skip
_SPOKEN_TIME = re.compile(
    r"\b(?P<city>[a-z]+(?: [a-z]+)?) (?:standard |daylight |summer )?time\b"
    r"|\b(?:heure de|hora de|ora di|time in) (?P<de>[a-z]+(?: [a-z]+)?)"
    r"|(?P<moscow>московск)|(?P<beijing>北京时间|北京時間)"
)


def named_offset(text: str, stated: datetime) -> timedelta | None:
    """How far the zone that a text names is ahead of UTC at the local time `stated`; None where it names none.

    `text` is folded as `dates` folds, its date and time are cut out. An offset goes before a name beside it, as in
    "+03:00[Europe/Moscow]" (RFC 9557). A local time that occurs twice is the first one.
    """
    if moscow := _FROM_MOSCOW.search(text):  # "МСК+2", as the east of Russia writes its time
        return timedelta(hours=3 + int(moscow[1] + moscow[2]))
    region = _REGION.search(text)
    beside = text if region is None else text[: region.start()] + " " + text[region.end() :]
    if offset := _OFFSET.search(beside):
        minutes = int(offset["hours"]) * 60 + int(offset["minutes"] or 0)
        if minutes > 14 * 60 + 59:
            return None
        return timedelta(minutes=-minutes if offset["sign"] in "-\u2212" else minutes)
    if region is not None and (zone := _of_region(region[0])) is not None:
        return stated.replace(tzinfo=zone).utcoffset()
    for spoken in _SPOKEN_TIME.finditer(beside):
        if (zone := _of_words(spoken)) is not None:
            return stated.replace(tzinfo=zone).utcoffset()
    for word in re.findall(r"[^\W\d_]+", beside):
        if word in _ZONES:
            return timedelta(minutes=_ZONES[word])
    return None


def _of_words(spoken: re.Match[str]) -> ZoneInfo | None:
    """ "Moscow time", "Eastern Standard Time", "heure de Paris"."""
    if spoken["moscow"] or spoken["beijing"]:
        return _of_region("europe/moscow" if spoken["moscow"] else "asia/shanghai")
    words = re.sub(" (?:standard|daylight|summer)$", "", spoken["city"] or spoken["de"])
    for place in (words, words.split()[-1 if spoken["city"] else 0]):  # "at Moscow time"
        zone = _of_region(_SPOKEN.get(place) or _cities().get(place, ""))
        if zone is not None:
            return zone
    return None


@cache
def _regions() -> dict[str, str]:
    """The names of the time zone database (RFC 6557), by their lower case."""
    return {name.lower(): name for name in available_timezones()}


@cache
def _cities() -> dict[str, str]:
    return {name.rpartition("/")[2].replace("_", " "): name for name in _regions() if _REGION.fullmatch(name)}


def _of_region(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(_regions()[name])
    except (KeyError, ZoneInfoNotFoundError):
        return None
