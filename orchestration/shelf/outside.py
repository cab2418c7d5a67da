"""What a playbook needs beside commands: secrets that can be had, and systems that answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orchestration.playbook.expression import ExpressionError
from orchestration.runs.confidants import require_trusted
from orchestration.runs.outward import secrets_of
from orchestration.shelf.scenario import Scope
from tgk.errors import TgkError
from tgk.ports.playbooks import Gate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.model import Integration, Playbook, Secret
    from orchestration.runs.ports import Herald, Secrets

_PATIENCE: Final = 5.0


class Outside:
    """Asks for each secret and each integration of a playbook; values are used and dropped."""

    def __init__(
        self,
        secrets: Secrets | None = None,
        heralds: Sequence[Herald] = (),
        *,
        hosts: Sequence[str] = (),
    ) -> None:
        self._secrets = secrets
        self._hosts = hosts
        self._heralds = {herald.type: herald for herald in heralds}

    async def gates(self, book: Playbook, values: Mapping[str, object]) -> tuple[Gate, ...]:
        """Return one gate for all secrets, and one for each integration; none where none is."""
        found: dict[str, str] = {}
        faults: dict[str, str] = {}
        secrets = secrets_of(book, values)
        for secret in secrets:
            try:
                async with asyncio.timeout(_PATIENCE):
                    found[secret.name] = await self._revealed(secret)
            except TimeoutError:
                faults[secret.name] = "its keeper does not answer"
            except TgkError as error:
                faults[secret.name] = str(error)
        gates = []
        if secrets:
            why = "; ".join(f"{name}: {each}" for name, each in faults.items())
            gates.append(Gate(name="secrets", passed=not faults, note=why or ", ".join(found)))
        known = {**values, **found}
        told = [await self._reached(book, each, known, found) for each in book.integrations]
        return (*gates, *told)

    async def _revealed(self, secret: Secret) -> str:
        if self._secrets is None:
            raise TgkError("Secrets are not set up here.")
        return await self._secrets.reveal(secret)

    async def _reached(
        self,
        book: Playbook,
        integration: Integration,
        values: Mapping[str, object],
        secrets: Mapping[str, str],
    ) -> Gate:
        """Return whether an integration answers; what it hears can never fail a run."""
        name = f"integration {integration.type}"
        herald = self._heralds.get(integration.type)
        if herald is None:
            return Gate(name=name, passed=False, note="it is not set up here")
        scope = Scope({**book.variables, **values, "secrets": dict(secrets)})
        declared = {each.name for each in secrets_of(book, values)}
        try:
            require_trusted(integration, declared, self._hosts)
            settings = {key: each.text(scope) for key, each in integration.settings.items()}
            async with asyncio.timeout(_PATIENCE):
                await herald.reach(settings)
        except TimeoutError:
            return Gate(name=name, passed=False, note="it does not answer")
        except (TgkError, ExpressionError) as error:
            return Gate(name=name, passed=False, note=str(error))
        return Gate(name=name, passed=True, note="it answers")
