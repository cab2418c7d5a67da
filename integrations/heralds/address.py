"""Where heralds post: over HTTPS, or on this machine."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from integrations.http import Answer, HttpPort, Patience
from integrations.knock import knocked
from tgk.errors import Rejected, Upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from tgk.ports.time import Clock

_PATIENCE: Final = Patience(timeout=5.0)


async def posted(
    system: str,
    address: str,
    body: Any,
    *,
    clock: Clock,
    headers: Mapping[str, str | SecretStr] | None = None,
) -> Answer:
    """Post JSON and return the answer, asked again while the system is away.

    The whole address counts as a secret: it is in no error. Raises Unavailable or Rejected.
    """
    parts = _safe(system, address)
    origin = f"{parts.scheme}://{parts.netloc}"
    path = address.removeprefix(origin) or "/"
    async with HttpPort(system, origin, clock=clock, headers=headers, patience=_PATIENCE) as port:
        try:
            return await port.request("POST", path, json=body, idempotent=True)
        except Upstream as error:
            error.why = error.why.replace(path, "[hidden]") if len(path) > 1 else error.why
            raise


async def reached(system: str, address: str) -> None:
    """Open a connection and close it; raises Unavailable or Rejected, neither with the address."""
    await knocked(system, _safe(system, address))


def _safe(system: str, address: str) -> SplitResult:
    """Return the parts of an address; raises Rejected for one that others could read along."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _here(parts.hostname or "")):
        raise Rejected(system, "Its address must begin with https://.")
    return parts


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
