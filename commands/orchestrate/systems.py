"""Who would do the commands of a playbook, and whether they answer now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tgk.errors import TgkError
from tgk.ports.playbooks import Gate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tgk.context import Context


async def systems_gates(commands: Iterable[str], context: Context) -> tuple[Gate, ...]:
    """Return a gate for each system, with the commands it does; one for each that is not had."""
    names = sorted(commands)
    looked = await asyncio.gather(*(_look(name, context) for name in names))
    answering: dict[str, list[str]] = {}
    silent: list[Gate] = []
    for name, found in zip(names, looked, strict=True):
        if isinstance(found, TgkError):
            silent.append(Gate(name=f"who does /{name}", passed=False, note=str(found)))
        else:
            answering.setdefault(found, []).append(f"/{name}")
    told = (
        Gate(name=f"system {system}", passed=True, note=f"it answers, for {', '.join(done)}")
        for system, done in sorted(answering.items())
    )
    return (*told, *silent)


async def _look(command: str, context: Context) -> str | TgkError:
    try:
        return await context.backends.providers.reach(command)
    except TgkError as error:
        return error
