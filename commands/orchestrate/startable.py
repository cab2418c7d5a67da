"""What would refuse every start of a schedule: told when it is made, all of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.needs import (
    planned,
    require_parameters,
    require_published,
    require_right,
    require_sound,
)
from tgk.errors import InvalidRequest, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.context import Context
    from tgk.errors import ArgumentFault
    from tgk.ports.playbooks import Plan
    from tgk.ports.runs import RunRequest

_ASKED_BY_A_START = ("sub-playbooks", "rights")
"""Gates that a start is refused for; others are open or closed as things are by then."""


async def require_startable(
    command: str,
    given: Mapping[str, object],
    context: Context,
    *,
    wanted: RunRequest,
    others: Sequence[ArgumentFault] = (),
) -> None:
    """Refuse what could not be started so by the rights that the caller has now.

    Raises like ``require_sense``, and Refused for what they may not do.
    """
    plan = await require_sense(command, given, context, wanted=wanted, others=others)
    if wanted.environment is None:
        book, values = wanted.playbook, wanted.parameters
        await require_right(command, given, context, playbook=book, parameters=values)
    closed = [gate for gate in plan.gates if gate.passed is False]
    why = "; ".join(gate.note for gate in closed if gate.name in _ASKED_BY_A_START)
    if why:
        remedy = f"/orchestrate run {wanted.playbook} --dry-run shows every gate."
        raise Refused(f"{wanted.playbook} is not scheduled.", why=why, remedy=remedy)


async def require_sense(
    command: str,
    given: Mapping[str, object],
    context: Context,
    *,
    wanted: RunRequest,
    others: Sequence[ArgumentFault] = (),
) -> Plan:
    """Refuse what nobody could start, whatever their rights; returns what a start would do.

    ``others`` are faults of what was given beside its values. Raises Refused for a draft,
    ConfigurationInvalid for one with errors, else InvalidRequest with every fault.
    """
    await require_published(wanted.playbook, context)
    await require_sound(wanted.playbook, context)
    book, values, where = wanted.playbook, wanted.parameters, wanted.environment
    try:
        await require_parameters(
            command, given, context, playbook=book, parameters=values, environment=where
        )
        plan = await planned(command, wanted, context)
    except InvalidRequest as error:
        if not others:
            raise
        raise InvalidRequest(command, [*others, *error.faults]) from None
    if others:
        raise InvalidRequest(command, others)
    return plan
