"""Where a name on the list leads: looked up once per call, judged, and kept to."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

_SECONDS: Final = 5.0
_HERE: Final = "localhost"
_METADATA: Final = ip_address("fd00:ec2::254")
"""Where Amazon's machines find their credentials in the sixth version."""


async def looked_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, those of the fourth version first."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted((str(each[4][0]) for each in found), key=lambda each: ":" in each)


async def led_to(host: str, port: int, lookup: Lookup = looked_up) -> str:
    """Return the address to connect to: what stands in the list itself, or what its name means.

    A name that leads to this machine or to the link it is on, where clouds hand out credentials,
    was given that address by somebody else than who listed it. Raises Rejected, and Unavailable
    for a name that nobody knows.
    """
    if _literal(host) is not None or host == _HERE:
        return host
    try:
        async with asyncio.timeout(_SECONDS):
            found = await lookup(host, port)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise Unavailable(host, "Its name cannot be looked up.") from error
    for each in found:
        if _is_inner(each):
            why = "Its name leads to this machine, or to the link it is on."
            raise Rejected(host, why, remedy="If that is meant, list the address itself.")
    if not found:
        raise Unavailable(host, "Its name has no address.")
    return found[0]


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_inner(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    inner = address.is_loopback or address.is_link_local or address.is_unspecified
    return inner or address.is_multicast or address == _METADATA
