"""Which machines may be asked: those that anybody may, and none of the network we are in."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

from diptych.gathering.failures import Again, Failure

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

# What networks of IPv6 alone reach IPv4 by: the address is in the last bits (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, by the system; raises Failure or Again where it knows none."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as cause:
        if cause.errno == socket.EAI_AGAIN:
            raise Again("no such host", "its name could not be looked up") from cause
        raise _unknown() from cause
    except UnicodeError as cause:  # a name that no host may have
        raise _unknown() from cause
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet.

    Not private, shared, loopback, link-local, reserved or multicast (the registries of IANA, as
    `ipaddress` knows them), also where it holds an IPv4 address that is.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(ip)


def public(addresses: Sequence[str]) -> Sequence[str]:
    """Those that anybody may ask; raises Failure where there are none."""
    if some := [address for address in addresses if is_public(address)]:
        return some
    raise Failure(
        "private address",
        f"{', '.join(addresses[:3]) or 'nothing'} is no address of the open internet; "
        "--allow-private asks it all the same",
        asked=False,
    )


def _unknown() -> Failure:
    return Failure("no such host", "its name is not known", in_vain=True, asked=False)


def _is_public(ip: IP) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip.ipv4_mapped:
            return _is_public(ip.ipv4_mapped)
        held = [one for one in (ip.sixtofour, *(ip.teredo or ())) if one]
        if ip.is_site_local or not all(map(_is_public, held)):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
