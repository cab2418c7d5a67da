"""What runs beside a service as its canary: another version, with a share of the pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Missing

if TYPE_CHECKING:
    from tgk.context import Context
    from tgk.discovery import Environment, Service
    from tgk.ports.cluster import Workload

_WIDENED_BY = "infra scale"
"""The command whose provider says how canaries are called."""


async def canary_of(
    service: Service, environment: Environment, context: Context
) -> Workload | None:
    """Return what runs beside a service; None where nothing does, or nobody keeps canaries."""
    provider = context.discovery.provider_of(_WIDENED_BY)
    if provider is None or provider.kubernetes is None:
        return None
    other = service.beside(provider.kubernetes.canary)
    try:
        found = await context.backends.cluster.workload(other, environment)
    except Missing:
        return None
    return found if found.desired else None


def share_of(canary: Workload, stable: Workload) -> int:
    """Return the per cent of the ready pods that are the canary's, as the traffic goes to pods."""
    ready = canary.ready + stable.ready
    return round(100 * canary.ready / ready) if ready else 0


def told(canary: Workload, stable: Workload | None) -> str:
    """Return a canary in a line."""
    share = f", {share_of(canary, stable)} % of the pods" if stable else ""
    return f"{canary.version}, {canary.ready}/{canary.desired}{share}"
