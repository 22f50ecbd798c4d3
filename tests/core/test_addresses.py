"""Which addresses may be connected to: the edges of every special range, and the forms that hide one."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.addresses import embedded, refusal

# First and last address of each range, and what the reason must speak of.
REFUSED = {
    "this network": ("0.0.0.1", "0.1.2.3", "0.255.255.255"),
    "unspecified": ("0.0.0.0", "::"),
    "private network": ("10.0.0.0", "10.1.2.3", "10.255.255.255", "172.16.0.0", "172.20.10.1", "172.31.255.255",
                        "192.168.0.0", "192.168.1.1", "192.168.255.255"),
    "carriers": ("100.64.0.0", "100.100.100.200", "100.127.255.255"),
    "loopback": ("127.0.0.0", "127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"),
    "link-local": ("169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::", "fe80::1",
                   "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "IETF protocol": ("192.0.0.0", "192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.0.170", "192.0.0.255", "2001:1::1",
                      "2001:1::2", "2001:1::3", "2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "documentation": ("192.0.2.0", "192.0.2.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255",
                      "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff::1",
                      "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "AS112": ("192.31.196.0", "192.31.196.255", "192.175.48.0", "192.175.48.255", "2001:4:112::",
              "2001:4:112:ffff:ffff:ffff:ffff:ffff", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    "multicast tunnelling": ("192.52.193.0", "192.52.193.255", "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff"),
    "6to4": ("192.88.99.0", "192.88.99.1", "192.88.99.255", "2002::", "2002:808:808::", "2002:7f00:1::1",
             "2002:a9fe:a9fe::", "2002:c0a8:101::1", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "benchmarking": ("198.18.0.0", "198.18.0.1", "198.19.255.255", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    "multicast": ("224.0.0.0", "224.0.0.1", "239.255.255.250", "239.255.255.255", "ff00::", "ff02::1", "ff0e::1",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "reserved": ("240.0.0.0", "250.1.2.3", "255.255.255.254", "200::", "400::1", "800::1", "1000::1",
                 "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "5eff:ffff::1", "5f01::", "6000::1", "8000::1",
                 "a000::1", "c000::1", "e000::1", "f000::1", "f800::1", "fe00::1", "fe7f:ffff::1", "64:ff9a::808:808",
                 "64:ff9b:0:1::808:808", "64:ff9b:2::1", "::1:0:0:0:1", "100:0:0:2::1", "ff:ffff::1"),
    "broadcast": ("255.255.255.255",),
    "IPv4-compatible": ("::2", "::127.0.0.1", "::169.254.169.254", "::10.0.0.1", "::8.8.8.8", "::255.255.255.255"),
    "IPv4-mapped": ("::ffff:0.0.0.0", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8",
                    "::ffff:100.64.0.1", "::ffff:255.255.255.255"),
    "IPv4-translated": ("::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "::ffff:0:192.168.0.1"),
    "NAT64 of an IPv4": ("64:ff9b::", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
                         "64:ff9b::192.168.1.1", "64:ff9b::100.64.0.1", "64:ff9b::172.16.0.1", "64:ff9b::192.0.2.1",
                         "64:ff9b::255.255.255.255"),
    "NAT64 of the local": ("64:ff9b:1::", "64:ff9b:1::8.8.8.8", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::10.0.0.1",
                           "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    "discard": ("100::", "100::1", "100::ffff:ffff:ffff:ffff"),
    "dummy": ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
    "Teredo": ("2001::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:7f00:1:0:0:f7f7:f7f7",
               "2001:0:808:808:0:0:80ff:fffe", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
    "ORCHID": ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:20::", "2001:2f:ffff:ffff::1"),
    "drone": ("2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff"),
    "segment routing": ("5f00::", "5f00::1", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "unique local": ("fc00::", "fc00::1", "fd00:ec2::254", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "site-local": ("fec0::", "fec0::1", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "interface": ("fe80::1%eth0", "2a00:1450::1%lo", "::1%1"),
    "carries an IPv4 address": ("2a00:1450:4001:800:0:5efe:127.0.0.1", "2a00:1450:4001:800:200:5efe:10.0.0.1",
                                "2a00:1450:4001:800:0:5efe:169.254.169.254", "2600::200:5efe:192.168.0.1"),
}  # fmt: skip

# The neighbours of every range, and plain public addresses.
PERMITTED = (
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.1.255",
    "192.0.3.0", "192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0", "192.88.98.255", "192.88.100.0",
    "192.167.255.255", "192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255", "198.20.0.0",
    "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "8.8.8.8", "1.1.1.1",
    "93.184.215.14", "151.101.1.195", "2000::", "2001:200::", "2001:4860:4860::8888",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "2003::", "2400::1", "2606:4700::1111",
    "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::", "2a00:1450:4001:800::200e", "2c0f::1",
    "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::", "64:ff9b::8.8.8.8", "64:ff9b::1.0.0.0",
    "64:ff9b::223.255.255.255", "2a00:1450:4001:800:0:5efe:8.8.8.8", "2a00:1450:4001:800:200:5efe:1.1.1.1",
    "2a00:1450:4001:800:1:5efe:127.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize(("about", "text"), [(about, text) for about, texts in REFUSED.items() for text in texts])
def test_an_address_that_is_not_public_is_refused_and_says_why(about, text):
    assert about in (refusal(ip_address(text)) or "permitted")


@pytest.mark.parametrize("text", PERMITTED)
def test_a_public_address_is_permitted(text):
    assert refusal(ip_address(text)) is None


def test_the_table_is_long_enough_to_mean_something():
    assert len({text for texts in REFUSED.values() for text in texts} | set(PERMITTED)) >= 200


EMBEDDINGS = {
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "compatible": lambda v4: v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "NAT64": lambda v4: 0x64FF9B << 96 | v4,
    "local NAT64, /96": lambda v4: 0x64FF9B0001 << 80 | v4,
    "local NAT64, /48": lambda v4: 0x64FF9B0001 << 80 | v4 >> 16 << 64 | (v4 & 0xFFFF) << 40,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "Teredo server": lambda v4: 0x20010000 << 96 | v4 << 64 | 0xF7F7F7F7,
    "Teredo client": lambda v4: 0x20010000 << 96 | 0x08080808 << 64 | v4 ^ 0xFFFFFFFF,
    "ISATAP, private": lambda v4: 0x2A00145040010800 << 64 | 0x00005EFE << 32 | v4,
    "ISATAP, public": lambda v4: 0x2A00145040010800 << 64 | 0x02005EFE << 32 | v4,
}
special_v4 = st.one_of(
    *(
        st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
        for network in map(
            IPv4Network,
            ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
             "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "203.0.113.0/24", "224.0.0.0/3"),
        )
    )
)  # fmt: skip


@given(st.one_of(special_v4, st.integers(0, 2**32 - 1).map(IPv4Address)), st.sampled_from(sorted(EMBEDDINGS)))
def test_an_ipv4_address_that_is_refused_is_refused_in_every_ipv6_form(v4, form):
    address = IPv6Address(EMBEDDINGS[form](int(v4)))
    if refusal(v4):
        assert refusal(address)
    assert v4 in embedded(address) or int(address) <= 1


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_the_standard_library_calls_not_global_is_refused(v4):
    if not v4.is_global:
        assert refusal(v4)


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_an_ipv6_address_outside_global_unicast_and_nat64_is_refused(v6):
    if v6 not in IPv6Network("2000::/3") and v6 not in IPv6Network("64:ff9b::/96"):
        assert refusal(v6)


@pytest.mark.parametrize(
    ("text", "allow", "permitted"),
    [
        ("127.0.0.1", ["127.0.0.1/32"], True),
        ("127.0.0.2", ["127.0.0.1/32"], False),
        ("10.2.3.4", ["192.168.0.0/16", "10.0.0.0/8"], True),
        ("fd00::2", ["fd00::/64"], True),
        ("fd00:0:0:1::2", ["fd00::/64"], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], False),
        ("::ffff:127.0.0.1", ["::ffff:127.0.0.0/104"], True),
        ("2002:7f00:1::1", ["127.0.0.0/8"], False),
        ("64:ff9b::10.0.0.1", ["10.0.0.0/8"], True),
        ("64:ff9b::10.0.0.1", ["192.168.0.0/16"], False),
        ("8.8.8.8", ["10.0.0.0/8"], True),
    ],
)
def test_the_operator_may_allow_networks(text, allow, permitted):
    networks = [IPv6Network(network) if ":" in network else IPv4Network(network) for network in allow]
    assert (refusal(ip_address(text), allow=networks) is None) is permitted
