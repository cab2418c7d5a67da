"""What stands in the simulated world at this moment, for the page to show."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sandbox.operations import OperationsEmulator
    from sandbox.parts import Unit
    from sandbox.world import World

_RECENT: Final = 12


def estate(world: World, operations: OperationsEmulator) -> dict[str, Any]:
    """Return environments with their services, data and backups, and what was lately asked."""
    world.tick()
    return {
        "environments": [_environment(world, operations, each) for each in _environments(world)],
        "jobs": [operations.told(job) for job in reversed(operations.jobs[-_RECENT:])],
        "messages": operations.messages[: -_RECENT - 1 : -1],
        "effects": list(world.effects)[: -_RECENT - 1 : -1],
    }


def _environments(world: World) -> list[str]:
    """Return the names, what matters most first: the default one."""
    entries = world.discovery.environments
    return sorted(entries, key=lambda name: not entries[name].default)


def _environment(world: World, operations: OperationsEmulator, name: str) -> dict[str, Any]:
    site = world.site
    units = [unit for unit in world.everything() if unit.environment == name]
    waiting = [
        f"{service} {version} in {slot}"
        for (where, slot, service), version in site.staged.items()
        if where == name and slot != site.serving.get(name)
    ]
    return {
        "name": name,
        "slot": site.serving.get(name, ""),
        "waiting": waiting,
        "site": site.at[name],
        "records": site.records(name),
        "services": [_service(world, unit) for unit in units],
        "backups": [asdict(each) for each in operations.kept(name)],
    }


def _service(world: World, unit: Unit) -> dict[str, Any]:
    now = world.clock.now().timestamp()
    canary = unit is not world.unit(unit.environment, unit.name)
    (check,) = world.site.health(unit.environment, "", unit.name, comprehensive=False)
    return {
        "name": unit.deployment if canary else unit.name,
        "version": unit.version,
        "ready": unit.ready,
        "wanted": unit.wanted,
        "well": check.ok,
        "note": check.note,
        "success": round(world.site.success(unit, now), 2),
    }
