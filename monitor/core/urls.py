"""Web addresses: one spelling for one address, and only addresses that a reader may follow."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

_TRACKING_PREFIXES = (
    "utm_",
    "mtm_",
    "matomo_",
    "pk_",
    "piwik_",
    "hsa_",
    "fb_action_",
    "at_",
    "ns_",
    "_hs",
    "guce_referrer",
)
_TRACKING_NAMES = (
    # click identifiers of advertising networks and social platforms
    "fbclid gclid gclsrc gbraid wbraid dclid yclid ysclid yadclid msclkid twclid ttclid li_fat_id igshid igsh srsltid "
    "rb_clickid epik wickedid irclickid sfnsn mibextid "
    # newsletters and mailing services
    "mc_cid mc_eid mkt_tok vero_id vero_conv oly_enc_id oly_anon_id s_cid ml_subscriber ml_subscriber_hash "
    # analytics and share buttons
    "_ga _gl _openstat xtor ref_src ref_url fb_source fb_ref __twitter_impression guccounter hsctatracking "
    "_branch_match_id cmp cmpid cmp_id ncid ocid wt_mc wt.mc_id wtrid smid smtyp sr_share spm ftag ito maca "
    # feed markers of publishers
    "feedtype feedname rssfeed emc"
)
_TRACKING = frozenset(_TRACKING_NAMES.split())
_FEED_MARKERS = frozenset(
    {"ref", "source", "src", "from", "partner", "origin", "via", "mod", "feature", "medium", "channel"}
)
_FEED_VALUE = re.compile(r"(?:rss|feed|atom|rssfeed|rss[_-]\w+|feedburner)$", re.IGNORECASE)
_AT_KEPT = frozenset({"at_id", "at_time"})  # look like a tracking family, carry meaning

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
ABSOLUTE = re.compile(r"https?://[^/?#;]+(?:/[^?#;]*)?(?:\?[^#]+)?(?:#.+)?")  # joining leaves it as it is
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_PATH_SAFE = "%/:@!$&'()*+,;=-._~"
_QUERY_SAFE = _PATH_SAFE + "?"
_STRIPPED = "".join(map(chr, range(0x21))) + "\x7f\xa0\ufeff"
_LINE_ENDS = str.maketrans("", "", "\t\r\n\x00")
MAX_LENGTH = 4_000


def canonical(url: str) -> str:
    """One spelling for one address; "" for anything but an http(s) address.

    Scheme and host lower-case, host in its ASCII form (UTS 46), without trailing dot, default port or credentials; dot
    segments resolved and percent-encoding made uniform (RFC 3986, 6.2.2); the fragment goes, except "#!" routes;
    tracking parameters go, the others stay in their order. Paths keep their case and trailing slash. Idempotent.
    """
    cleaned = absolute(url, None)
    parts = _split(cleaned) if cleaned else None
    if parts is None:
        return ""
    host = _host(parts.hostname or "")
    if not host:
        return ""
    port = _port(parts)
    authority = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    path = _without_dot_segments(_encoded(parts.path, _PATH_SAFE)) or "/"
    query = "&".join(p for p in _encoded(parts.query, _QUERY_SAFE).split("&") if p and not _is_tracking(p))
    fragment = _encoded(parts.fragment, _QUERY_SAFE) if parts.fragment.startswith("!") else ""
    return f"{parts.scheme}://{authority}{path}" + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def absolute(link: str, base: str | None) -> str | None:
    """`link` as an absolute http(s) address, resolved against `base` (RFC 3986, 5); None for anything else.

    As browsers do, white space around it and line ends inside it are ignored and spaces become "%20".
    """
    text = link.strip(_STRIPPED).translate(_LINE_ENDS)
    if not text or len(text) > MAX_LENGTH:
        return None
    try:
        joined = urljoin(base, text) if base and not ABSOLUTE.fullmatch(text) else text
    except ValueError:
        return None
    if joined.startswith("//"):
        joined = "https:" + joined
    parts = _split(joined)
    if parts is None or not parts.hostname:
        return None
    return joined.replace(" ", "%20").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return None
    return parts if parts.scheme in _DEFAULT_PORTS else None


def _port(parts: SplitResult) -> int | None:
    return parts.port


@lru_cache(maxsize=10_000)
def _host(hostname: str) -> str:
    host = hostname.rstrip(".")
    if ":" in host:
        return f"[{host}]"
    try:
        return idna.encode(host, uts46=True).decode("ascii").rstrip(".")
    except (idna.IDNAError, UnicodeError):  # names with "_" and the like exist and resolve
        return quote(host.lower(), safe="%-._~!$&'()*+,;=")


def _encoded(text: str, safe: str) -> str:
    """Percent-encoding made uniform: unreserved characters plain, hexadecimal digits upper-case, the rest encoded."""

    def uniform(match: re.Match[str]) -> str:
        digits = match[1]
        if digits is None:
            return "%25"
        character = chr(int(digits, 16))
        return character if character in _UNRESERVED else f"%{digits.upper()}"

    return quote(_PERCENT.sub(uniform, text), safe=safe, errors="replace")


def _without_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4."""
    if "/." not in path:
        return path
    out: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            if out:
                out.pop()
        elif segment != ".":
            out.append(segment)
    if segments[-1] in {".", ".."}:
        out.append("")
    return "/" + "/".join(out)


def _is_tracking(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = name.lower()
    if name in _TRACKING:
        return True
    if name.startswith(_TRACKING_PREFIXES):
        return name not in _AT_KEPT
    return name in _FEED_MARKERS and _FEED_VALUE.match(value) is not None
