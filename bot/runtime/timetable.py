"""The clock that starts scheduled playbooks, as their owners are at that moment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Never

from loguru import logger

from bot.runtime.launching import PATIENCE_SECONDS, Launcher, invocation_of, told_at
from tgk.errors import Refused, TgkError, Unavailable, Upstream
from tgk.reply import Action, Fact, Facts, Plain, Reply

if TYPE_CHECKING:
    from datetime import datetime

    from orchestration.schedules import StoredSchedules
    from tgk.context import Invocation
    from tgk.dispatcher import Dispatcher
    from tgk.outcome import Outcome
    from tgk.ports.operations import Operations
    from tgk.ports.schedules import Schedule
    from tgk.renewal import Renew

_REMEDY: Final = "Bring the platform back, or let somebody else schedule it."


class Timetable:
    """Starts what is scheduled; ``run`` must be owned by the process.

    The owner is looked at again each time: whoever was taken out of the policy, or lost a role,
    starts nothing any more. That is recorded like any refusal, and people are told.
    """

    def __init__(
        self,
        schedules: StoredSchedules,
        dispatcher: Dispatcher,
        operations: Operations,
        *,
        renew: Renew,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._schedules = schedules
        self._dispatcher = dispatcher
        self._operations = operations
        self._renew = renew
        self._patience = patience

    async def run(self) -> Never:
        """Start what is due, until cancelled; may be asked for again after that."""
        made = Launcher(self._dispatcher, self._operations, patience=self._patience)
        async with made as launcher:
            await self._schedules.run(partial(self._start, launcher))
        raise AssertionError  # pragma: no cover - the watch never ends by itself

    async def _start(self, launcher: Launcher, schedule: Schedule, due: datetime) -> None:
        """Return once the run is durable, or was refused; raises Unavailable to be asked again."""
        invocation = invocation_of(
            schedule.playbook,
            schedule.parameters,
            schedule.owner.model_copy(update={"channel": "schedule"}),
            f"schedule:{schedule.name}:{due:%Y-%m-%dT%H:%M}",
            environment=schedule.environment,
        )
        outcome = await self._asked(launcher, invocation)
        if outcome and outcome.result == "unavailable":
            raise Unavailable("the engine", "The run could not begin.")
        if outcome:
            await self._tell(schedule, due, outcome)

    async def _asked(self, launcher: Launcher, invocation: Invocation) -> Outcome | None:
        """Return why there is no run; None where there is one."""
        try:
            owner = await self._renew(invocation.caller)
        except Refused as error:
            if isinstance(error.__cause__, Upstream):  # it comes back, and the time is not lost
                raise Unavailable(error.__cause__.system, error.__cause__.why) from error
            unknown = Refused("It was not started.", why=error.why, remedy=_REMEDY)
            return await self._dispatcher.refuse(invocation, unknown)
        return (await launcher.launch(replace(invocation, caller=owner))).outcome

    async def _tell(self, schedule: Schedule, due: datetime, outcome: Outcome) -> None:
        """Show people what was not started, on one card an hour; the audit log has every one."""
        key = f"schedule:{schedule.name}:{due:%Y%m%d%H}"
        try:
            for place in told_at(self._dispatcher.admission.discovery):
                card = refusal_card(schedule, due, outcome)
                await self._dispatcher.backends.board.show(key, place, card, loud=True)
        except TgkError as error:
            logger.bind(schedule=schedule.name).warning("refused start not shown: {}", error)


def refusal_card(schedule: Schedule, due: datetime, outcome: Outcome) -> Reply:
    """Draw a scheduled start that was refused, with a way to end the schedule."""
    said = outcome.reply.data
    rows = (
        ("Why", " ".join(str(said[key]) for key in ("what", "why") if said.get(key))),
        ("Do", str(said.get("do", ""))),
        ("Schedule", schedule.name),
        ("Owner", schedule.owner.person),
    )
    shown = tuple((label, value) for label, value in rows if value)
    title = f"{schedule.playbook} was not started at {due:%H:%M} UTC"
    given = {"name": schedule.name, "disable": True}
    return Reply(
        topic="denied",
        title=title,
        tone="warning",
        blocks=(Facts(facts=tuple(Fact(label=label, value=value) for label, value in shown)),),
        actions=(Action(label="Switch off", command="orchestrate schedule", arguments=given),),
        footer=f"audit {outcome.reference}" if outcome.reference else "",
        plain=Plain(headline=title, lines=tuple(f"{label}: {value}" for label, value in shown)),
        data={"schedule": schedule.name, "playbook": schedule.playbook, "result": outcome.result},
    )
