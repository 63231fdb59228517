"""Where a stranger may have us call: the public internet, and nothing that only we can reach."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")


class Target(NamedTuple):
    """What a URL says of where to connect."""

    host: str
    port: int


def target_of(url: str) -> Target:
    """Where the URL leads. Raises ValueError, in words for whoever wrote it."""
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
    """Whether an IP address belongs to the public internet.

    An IPv6 address that carries one of IPv4 (mapped, 6to4, Teredo, NAT64) is judged by where it leads.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = _carried(found) or found
    return found.is_global and not found.is_multicast and not found.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
