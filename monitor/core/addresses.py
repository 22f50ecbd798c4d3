"""Which addresses a fetch may connect to: public unicast, nothing else.

A source's URL and every redirect come from outside, so a name may lead to the loopback interface, to the metadata
service of a cloud (169.254.169.254) or into the operator's own network. `ipaddress.is_global` is not enough: it lets
through site-local addresses, most of the IPv6 forms that carry an IPv4 address, and everything that was registered
after the interpreter was released.

Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries, the IANA IPv6 Address Space registry, and the RFCs
named at each line.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The more specific line stands before the wider one that contains it: the first that matches gives the reason.
_SPECIAL_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/32", "unspecified address"),  # RFC 1122; Linux connects it to loopback
        ("0.0.0.0/8", "this network"),  # RFC 791
        ("10.0.0.0/8", "private network"),  # RFC 1918
        ("100.64.0.0/10", "shared address space of carriers"),  # RFC 6598; also cloud-internal services
        ("127.0.0.0/8", "loopback"),  # RFC 1122
        ("169.254.0.0/16", "link-local"),  # RFC 3927; cloud metadata services
        ("172.16.0.0/12", "private network"),  # RFC 1918
        ("192.0.0.0/24", "IETF protocol assignments"),  # RFC 6890
        ("192.0.2.0/24", "documentation"),  # RFC 5737
        ("192.31.196.0/24", "AS112 sink for queries about private names"),  # RFC 7535
        ("192.52.193.0/24", "automatic multicast tunnelling"),  # RFC 7450
        ("192.88.99.0/24", "6to4 relays, deprecated"),  # RFC 7526
        ("192.168.0.0/16", "private network"),  # RFC 1918
        ("192.175.48.0/24", "AS112 sink for queries about private names"),  # RFC 7534
        ("198.18.0.0/15", "benchmarking"),  # RFC 2544
        ("198.51.100.0/24", "documentation"),  # RFC 5737
        ("203.0.113.0/24", "documentation"),  # RFC 5737
        ("224.0.0.0/4", "multicast"),  # RFC 5771
        ("255.255.255.255/32", "broadcast"),  # RFC 8190
        ("240.0.0.0/4", "reserved"),  # RFC 1112
    )
)

_SPECIAL_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified address"),  # RFC 4291
        ("::1/128", "loopback"),  # RFC 4291
        ("::/96", "IPv4-compatible, deprecated"),  # RFC 4291, 2.5.5.1
        ("::ffff:0:0/96", "IPv4-mapped"),  # RFC 4291, 2.5.5.2; never seen on the wire
        ("::ffff:0:0:0/96", "IPv4-translated"),  # RFC 2765
        ("64:ff9b:1::/48", "NAT64 of the local network"),  # RFC 8215
        ("100::/64", "discard prefix"),  # RFC 6666
        ("100:0:0:1::/64", "dummy prefix"),  # RFC 9780
        ("2001::/32", "Teredo"),  # RFC 4380
        ("2001:2::/48", "benchmarking"),  # RFC 5180
        ("2001:3::/32", "automatic multicast tunnelling"),  # RFC 7450
        ("2001:4:112::/48", "AS112 sink for queries about private names"),  # RFC 7535
        ("2001:10::/28", "ORCHID"),  # RFC 4843, deprecated
        ("2001:20::/28", "ORCHID"),  # RFC 7343; names keys, routes nowhere
        ("2001:30::/28", "drone remote identification"),  # RFC 9374
        ("2001::/23", "IETF protocol assignments"),  # RFC 2928
        ("2001:db8::/32", "documentation"),  # RFC 3849
        ("2002::/16", "6to4"),  # RFC 3056; its relays are deprecated by RFC 7526
        ("2620:4f:8000::/48", "AS112 sink for queries about private names"),  # RFC 7534
        ("3fff::/20", "documentation"),  # RFC 9637
        ("5f00::/16", "segment routing identifiers"),  # RFC 9602
        ("fc00::/7", "unique local network"),  # RFC 4193
        ("fe80::/10", "link-local"),  # RFC 4291
        ("fec0::/10", "site-local, deprecated"),  # RFC 3879
        ("ff00::/8", "multicast"),  # RFC 4291
    )
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA allocates to networks today
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how an IPv6-only host reaches the IPv4 internet

_MAPPED = IPv6Network("::ffff:0:0/96")
_COMPATIBLE = IPv6Network("::/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # upper half of the interface identifier (RFC 5214, 6.1)

_LOW_32 = 0xFFFFFFFF


def refusal(address: Address, *, allow: Sequence[Network] = ()) -> str | None:
    """Why this address may not be connected to, or None where it may.

    An address is refused when it, or any IPv4 address it carries, is not public unicast. Of the IPv6 forms that carry
    an IPv4 address, only NAT64's well-known prefix and ISATAP are ever public, and only when what they carry is.

    `allow` lists networks that the operator permits nevertheless. It names addresses as they are connected to: allowing
    127.0.0.0/8 does not allow ::ffff:127.0.0.1. The one exception is NAT64, whose addresses stand for the IPv4 address
    they carry.
    """
    if any(address.version == network.version and address in network for network in allow):
        return None
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _SPECIAL_V4 if address in network), None)
    if address.scope_id is not None:
        return "tied to one network interface"
    if address in _NAT64:
        reason = refusal(IPv4Address(int(address) & _LOW_32), allow=allow)
        return f"NAT64 of an IPv4 address that is not public: {reason}" if reason else None

    own = next((reason for network, reason in _SPECIAL_V6 if address in network), None)
    if own is None and address not in _GLOBAL_UNICAST:
        own = "reserved"
    carried = next((reason for v4 in embedded(address) if (reason := refusal(v4))), None)
    if own and carried and own != carried:
        return f"{own}, carrying an IPv4 address that is not public: {carried}"
    return own or (f"carries an IPv4 address that is not public: {carried}" if carried else None)


def embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address carries: usually none, for Teredo two (server, then client)."""
    value = int(address)
    low = IPv4Address(value & _LOW_32)
    if any(address in network for network in (_MAPPED, _TRANSLATED, _NAT64)):
        return (low,)
    if address in _COMPATIBLE:
        return (low,) if value > 1 else ()  # :: and ::1 carry nothing
    if address in _LOCAL_NAT64:
        # RFC 6052, 2.2: after a /48 the address goes around bits 64–71, which stay zero. Networks also number
        # translators by a /96 out of this block; which one it is cannot be told from outside, so both are judged.
        split = IPv4Address((value >> 64 & 0xFFFF) << 16 | (value >> 40 & 0xFFFF))
        return (split, low)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(value >> 80 & _LOW_32),)
    if address in _TEREDO:
        return IPv4Address(value >> 64 & _LOW_32), IPv4Address(~value & _LOW_32)  # the client is sent inverted
    if value >> 32 & _LOW_32 in _ISATAP:
        return (low,)
    return ()
