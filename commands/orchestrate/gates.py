"""What a dry run asks the world: who would refuse, who would be asked, and what is held."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tgk.errors import InvalidRequest, TgkError
from tgk.ports.playbooks import Gate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from tgk.context import Access, Context
    from tgk.ports.playbooks import Call, Plan

_MOST_NOTES = 6


async def world_gates(plan: Plan, context: Context) -> tuple[Gate, ...]:
    """Return the gates that only the world can answer, as it stands now."""
    known = {entry.name for entry in context.access.known()}
    calls = [call for call in plan.calls if call.command in known]
    refused = [each async for each in _refusals(calls, context)]
    asked = [*questions(calls, context.access)]
    unclear = [call.path for call in plan.calls if not call.complete]
    return (
        await _locks(plan, context),
        Gate(name="systems", passed=not refused, note=_short(refused) or "every step can be done"),
        Gate(name="approvals", passed=None if asked else True, note=_short(asked) or "none"),
        *([Gate(name="known later", passed=None, note=_short(unclear))] if unclear else []),
    )


async def _locks(plan: Plan, context: Context) -> Gate:
    """Say who holds what the run would wait for."""
    held = {lock.key: lock for lock in await context.backends.locks.held()}
    taken = [held[key] for key in plan.locks if key in held]
    if taken:
        told = [f"{lock.key}: {lock.holder} ({lock.reason})" for lock in taken]
        return Gate(name="locks", passed=None, note=f"it would wait for {_short(told)}")
    return Gate(name="locks", passed=True, note=", ".join(plan.locks) or "none")


async def _refusals(calls: list[Call], context: Context) -> AsyncIterator[str]:
    """Yield each step that would be refused as things are now."""
    for call in calls:
        if call.depends:
            continue
        try:
            await context.access.rehearse(call.command, call.arguments, context)
        except InvalidRequest as error:
            if not _known_later(error, call):
                yield f"{call.path}: {error}"
        except TgkError as error:
            yield f"{call.path}: {error}"


def _known_later(error: InvalidRequest, call: Call) -> bool:
    """Say whether nothing is wrong but options whose value only the run will tell."""
    later = {name.strip("_") for name in call.later}
    return bool(error.faults) and all(fault.name.strip("_") in later for fault in error.faults)


def questions(calls: Iterable[Call], access: Access) -> Iterator[str]:
    """Yield each question that the council would be asked, as far as it is known."""
    for call in calls:
        with suppress(InvalidRequest):  # told with the refusals, or known once the run is there
            rule = access.question(call.command, call.arguments)
            if rule:
                yield f"{call.path}: {rule.title} ({rule.needed})"


def _short(told: list[str]) -> str:
    more = f" … and {len(told) - _MOST_NOTES} more" if len(told) > _MOST_NOTES else ""
    return "; ".join(told[:_MOST_NOTES]) + more
