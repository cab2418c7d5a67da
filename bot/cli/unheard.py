"""What must not start without a running bot: nobody would hear the council's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from commands.orchestrate.gates import questions
from commands.orchestrate.run import Run, asked
from tgk.errors import TgkError, Unavailable

if TYPE_CHECKING:
    from bot.runtime.core import Core
    from tgk.admission import Admitted
    from tgk.context import Invocation

_NAMED: Final = 3


async def require_voters(core: Core, invocation: Invocation) -> None:
    """Refuse what people must answer, also where it depends on how a run goes."""
    try:
        admitted = core.dispatcher.admission.admit(invocation, count=False)
        told = await _asked(core, invocation, admitted)
    except TgkError:
        return  # the dispatcher says, and records, what is wrong with it
    if told:
        raise Unavailable(
            "The council",
            f"Its answer comes through a running bot, and none listens under TGK_STATE. {told}",
            remedy="Start `python -m bot` there first, or ask in chat.",
        )


async def _asked(core: Core, invocation: Invocation, admitted: Admitted) -> str:
    """Return what would be asked; empty where nothing is, or nobody would be."""
    rule = admitted.command.approval and admitted.command.approval(admitted.request, core.discovery)
    if rule and core.discovery.telegram:
        return f"It would be asked: {rule.title}."
    wanted = admitted.request
    if not isinstance(wanted, Run) or wanted.dry_run:
        return ""
    plan = await core.dispatcher.backends.playbooks.plan(asked(wanted), invocation.caller)
    registry = core.dispatcher.admission.registry
    guarded = [each for each in plan.calls if registry[each.command].approval]
    known = questions([each for each in guarded if each.complete], core.dispatcher.view(invocation))
    unclear = (
        f"{each.path}: /{each.command}, by what only the run will tell"
        for each in guarded
        if not each.complete
    )
    told = [*plan.questions, *known, *unclear]
    more = f" … and {len(told) - _NAMED} more" if told[_NAMED:] else ""
    return f"It may be asked: {'; '.join(told[:_NAMED])}{more}." if told else ""
