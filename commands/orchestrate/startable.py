"""What would refuse every start of a schedule: told when it is made, all of it at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commands.orchestrate.needs import (
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
_LABEL = "parameters: "


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
    lacking: InvalidRequest | None = None
    try:
        book, values, where = wanted.playbook, wanted.parameters, wanted.environment
        await require_parameters(
            command, given, context, playbook=book, parameters=values, environment=where
        )
    except InvalidRequest as error:
        lacking = error
    try:
        plan = await context.backends.playbooks.plan(wanted, context.caller)
    except InvalidRequest as error:
        raise _together(command, lacking, error, others) from None
    if lacking or others:
        raise _together(command, lacking, None, others)
    return plan


def _together(
    command: str,
    lacking: InvalidRequest | None,
    unfit: InvalidRequest | None,
    others: Sequence[ArgumentFault],
) -> InvalidRequest:
    """Return one refusal for all; the way out of what is missing only where that is all."""
    first = list(lacking.faults) if lacking else []
    known = {fault.name.removeprefix(_LABEL) for fault in first}
    more = [
        replace(fault, name=f"{_LABEL}{fault.name}")
        for fault in (unfit.faults if unfit else ())
        if fault.name not in known
    ]
    if lacking and not more and not others:
        return lacking
    return InvalidRequest(command, [*others, *first, *more])
