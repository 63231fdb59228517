"""Guards URLs that strangers give us to call: only the public internet, nothing that only we can reach."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")
NOT_PUBLIC = tuple(
    ip_network(one)
    for one in (
        # Not globally reachable by IANA's registries of special addresses. Which of them Python knows depends on its
        # version.
        *("100.64.0.0/10", "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"),
        *("64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2620:4f:8000::/48", "3fff::/20", "5f00::/16"),
        # Site-local addresses, deprecated and still routed inside of companies.
        "fec0::/10",
        # Azure's host answers its virtual machines there.
        "168.63.129.16/32",
    )
)


class Target(NamedTuple):
    """Host and port of a URL."""

    host: str
    port: int


def target_of(url: str) -> Target:
    """Host and port to connect to. Raises ValueError with a text for the author of the URL."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("begins with https:// or http://")
    if not url.isascii() or any(sign.isspace() for sign in url):
        raise ValueError("is written in ASCII without blanks, a name of other letters in its xn-- form")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has no user and no password in it; the signature says who calls")
    if not parts.hostname:
        raise ValueError("names a host")
    return Target(parts.hostname, parts.port or PORTS[parts.scheme])


def is_public(address: str) -> bool:
    """True if an IP address belongs to the public internet.

    An IPv6 address that embeds an IPv4 address (mapped, 6to4, Teredo, NAT64) is judged by the IPv4 address.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = _embedded_ipv4(found) or found
    if any(found in network for network in NOT_PUBLIC):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
