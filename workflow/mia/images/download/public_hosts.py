"""Which hosts images may come from: public ones, and those that the config names.

A table of addresses is somebody else's text. Without this rule a row, a redirect or a name could
send this machine to itself, to its neighbours, or to a cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import Any

from mia.excerpt import cut

LOCAL_NAMES = ("localhost", "local", "internal")  # and every name that ends in one of them
# All of IPv6 that is given to hosts (IANA); outside lie NAT64, IPv4-compatible and -translated.
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# For examples, and relays of 6to4; Python 3.11 takes both for global.
NOBODY = (ipaddress.IPv6Network("3fff::/20"), ipaddress.IPv4Network("192.88.99.0/24"))
ISATAP = (0x00005EFE, 0x02005EFE)  # bits 64 to 96 of an address that ends in one of IPv4


class PrivateAddress(OSError):
    """A host that is not public, and that the config does not name."""


def require_public(host: str | None, allowed: Collection[str] = ()) -> None:
    """Raise unless `host`, as an address names it, may be asked; a name is not looked up.

    IP addresses count in every form that a resolver takes: decimal, hexadecimal, octal, shortened,
    IPv4 inside IPv6.

    Args:
        host: A name in ASCII or an IP address, without brackets and port.
        allowed: Hosts to be let through, in lower case.

    Raises:
        PrivateAddress: An IP address that is not global, a local name, or no host at all.

    >>> require_public("example.org"), require_public("127.0.0.1", ["127.0.0.1"])
    (None, None)
    >>> require_public("0x7f.1")
    Traceback (most recent call last):
    mia.images.download.public_hosts.PrivateAddress: private address: 0x7f.1 is 127.0.0.1
    """
    if host is None:
        raise PrivateAddress("private address: no host")
    name = host.lower().rstrip(".")
    if name in allowed:
        return
    if name.rpartition(".")[2] in LOCAL_NAMES:
        raise PrivateAddress(f"private address: {cut(host)}")
    found = _address(name)
    if found is not None and not is_public(found):
        meant = "" if str(found) == name else f" is {found}"
        raise PrivateAddress(f"private address: {cut(host)}{meant}")


def is_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, resolved: bool = False
) -> bool:
    """Whether an address is global and of one host, and IPv4 inside it is so too.

    Args:
        address: Of any kind.
        resolved: It is a resolver's answer: where there is only IPv6, that is an address of NAT64
            for every host of IPv4, and what counts is the address inside.

    >>> is_public(ipaddress.ip_address("::ffff:10.0.0.1"))
    False
    """
    if any(address in network for network in NOBODY):
        return False
    if address.version == 4:
        return address.is_global and not address.is_multicast
    if address.scope_id:
        return False
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped or (resolved and address in NAT64):
        return is_public(last)
    isatap = last if (int(address) >> 32) & 0xFFFFFFFF in ISATAP else None
    inner = address.sixtofour or isatap
    return address in UNICAST and address.is_global and (inner is None or is_public(inner))


def public_only(resolve: Callable[..., list], allowed: Collection[str]) -> Callable[..., list]:
    """Return `resolve`, a `socket.getaddrinfo`, without the addresses that are not public.

    Whoever connects takes the addresses it returns, so a name cannot change its meaning between
    check and use.
    """

    def resolve_public(host: str | bytes | None, *arguments: Any, **options: Any) -> list:
        found = resolve(host, *arguments, **options)
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name.lower().rstrip(".") in allowed:
            return found
        public = [entry for entry in found if is_public(ipaddress.ip_address(entry[4][0]), True)]
        if found and not public:
            raise PrivateAddress(f"private address: {cut(name)} is {found[0][4][0]}")
        return public

    return resolve_public


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that `name` is, if it is one."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except OSError:
        return None
