"""Who else hears of a run: told after the fact, never able to fail or delay it for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from loguru import logger

from orchestration.runs.confidants import require_trusted
from orchestration.runs.outward import secrets_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.model import Integration, Playbook, RunEvent
    from orchestration.runs.ports import Herald, Secrets
    from tgk.ports.runs import RunView

PATIENCE_SECONDS: Final = 15.0
_MOST_AT_ONCE: Final = 8


class Heralds:
    """Tells the integrations of a playbook; an event may be told again after a kill."""

    def __init__(
        self,
        heralds: Sequence[Herald] = (),
        secrets: Secrets | None = None,
        *,
        hosts: Sequence[str] = (),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._heralds = {herald.type: herald for herald in heralds}
        self._secrets = secrets
        self._hosts = hosts
        self._patience = patience
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)

    async def tell(
        self, playbook: Playbook, event: str, run: RunView, values: Mapping[str, Any]
    ) -> None:
        """Tell everybody who wants to hear of this event; faults are only logged.

        ``values`` are the run's parameters as the run has them, places of secrets included.
        """
        named = cast("RunEvent", event)
        wanted = [each for each in playbook.integrations if named in each.events]
        async with asyncio.TaskGroup() as group:
            for integration in wanted:
                group.create_task(self._told(playbook, integration, named, run, values))

    async def _told(
        self,
        playbook: Playbook,
        integration: Integration,
        event: RunEvent,
        run: RunView,
        values: Mapping[str, Any],
    ) -> None:
        log = logger.bind(run=run.id, integration=integration.type)
        herald = self._heralds.get(integration.type)
        if herald is None:
            log.warning("integration not told: it is off")
            return
        try:
            async with asyncio.timeout(self._patience), self._room:  # waiting for room counts
                settings = await self._filled(playbook, integration, run, values)
                await herald.tell(integration, event, run, settings)
        except Exception as error:  # noqa: BLE001 - whoever hears of a run cannot fail it
            log.opt(exception=error).warning("integration not told")

    async def _filled(
        self,
        playbook: Playbook,
        integration: Integration,
        run: RunView,
        values: Mapping[str, Any],
    ) -> dict[str, str]:
        """Fill the settings in, fetching only the secrets that they name.

        Raises Rejected where one of them would go to a host that nobody vouches for.
        """
        declared = secrets_of(playbook, values)
        require_trusted(integration, {each.name for each in declared}, self._hosts)
        named = {
            part
            for template in integration.settings.values()
            for reference in template.references
            for part in reference.path[:2]
        }
        secrets: dict[str, str] = {}
        for secret in declared:
            if self._secrets and secret.name in named:
                secrets[secret.name] = await self._secrets.reveal(secret)
        scope = {
            **playbook.variables, **run.parameters, **secrets, "secrets": secrets,
            "run": {"id": run.id, "user": run.starter.person},
        }  # fmt: skip
        return {key: each.text(scope) for key, each in integration.settings.items()}
