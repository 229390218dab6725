"""Which hosts pictures may come from: public ones, and those that the config names.

A table of addresses is somebody else's text. Without this rule a row, a redirect or a name could
send this machine to itself, to its neighbours, or to a cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

LOCAL_NAMES = ("localhost", "local", "internal")  # and every name that ends in one of them


class PrivateAddress(OSError):
    """A host that is not public, and that the config does not name."""


def require_public(host: str, allowed: Collection[str] = ()) -> None:
    """Raise unless `host`, as an address names it, may be asked; a name is not looked up.

    IP addresses count in every form that a resolver takes: decimal, hexadecimal, octal, shortened,
    IPv4 inside IPv6.

    Args:
        host: A name in ASCII or an IP address, without brackets and port.
        allowed: Hosts to be let through, in lower case.

    Raises:
        PrivateAddress: An IP address that is not global, or a local name.

    >>> require_public("example.org"), require_public("127.0.0.1", ["127.0.0.1"])
    (None, None)
    >>> require_public("0x7f.1")
    Traceback (most recent call last):
    mia.images.public_hosts.PrivateAddress: private address: 0x7f.1 is 127.0.0.1
    """
    name = host.lower().rstrip(".")
    if name in allowed:
        return
    if name.rpartition(".")[2] in LOCAL_NAMES:
        raise PrivateAddress(f"private address: {host}")
    found = _address(name)
    if found is not None and not is_public(found):
        meant = "" if str(found) == name else f" is {found}"
        raise PrivateAddress(f"private address: {host}{meant}")


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is global and of one host, and IPv4 inside it is so too.

    >>> is_public(ipaddress.ip_address("::ffff:10.0.0.1"))
    False
    """
    if address.version == 6 and (inner := address.ipv4_mapped or address.sixtofour):
        return is_public(inner)
    site_local = address.version == 6 and address.is_site_local
    return address.is_global and not address.is_multicast and not site_local


def public_only(resolve, allowed: Collection[str]):
    """Return `resolve`, a `socket.getaddrinfo`, without the addresses that are not public.

    Whoever connects takes the addresses it returns, so a name cannot change its meaning between
    check and use.
    """

    def resolve_public(host, *arguments, **options):
        found = resolve(host, *arguments, **options)
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name.lower().rstrip(".") in allowed:
            return found
        public = [entry for entry in found if is_public(ipaddress.ip_address(entry[4][0]))]
        if found and not public:
            raise PrivateAddress(f"private address: {name} is {found[0][4][0]}")
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
