"""The clock that starts scheduled playbooks, as their owners are at that moment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Never

from loguru import logger

from bot.runtime.launching import (
    PATIENCE_SECONDS,
    Launched,
    Launcher,
    invocation_of,
    told_at,
)
from orchestration.schedules import Fired
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
    starts nothing any more. Every refusal is recorded, and people are told on one card a day, which
    changes only with the reason.
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

    async def _start(self, launcher: Launcher, schedule: Schedule, due: datetime) -> Fired:
        """Return once the run is durable, or was refused; raises Unavailable to be asked again."""
        invocation = invocation_of(
            schedule.playbook,
            schedule.parameters,
            schedule.owner.model_copy(update={"channel": "schedule"}),
            f"schedule:{schedule.name}:{due:%Y-%m-%dT%H:%M}",
            environment=schedule.environment,
        )
        launched = await self._asked(launcher, invocation)
        if launched.outcome is None:
            return Fired(run=launched.run)
        if launched.outcome.result == "unavailable":
            raise Unavailable("the engine", "The run could not begin.")
        fired = Fired(refusal=_why(launched.outcome))
        if fired.refusal != schedule.refusal or not await self._told(schedule, due):
            await self._tell(schedule, due, launched.outcome)
        return fired

    async def _asked(self, launcher: Launcher, invocation: Invocation) -> Launched:
        """Return the run, or why there is none."""
        try:
            owner = await self._renew(invocation.caller)
        except Refused as error:
            if isinstance(error.__cause__, Upstream):  # it comes back, and the time is not lost
                raise Unavailable(error.__cause__.system, error.__cause__.why) from error
            unknown = Refused("It was not started.", why=error.why, remedy=_REMEDY)
            return Launched(outcome=await self._dispatcher.refuse(invocation, unknown))
        return await launcher.launch(replace(invocation, caller=owner))

    async def _told(self, schedule: Schedule, due: datetime) -> bool:
        """Say whether people were told on that day already."""
        return await self._dispatcher.backends.board.ref(_key(schedule, due)) is not None

    async def _tell(self, schedule: Schedule, due: datetime, outcome: Outcome) -> None:
        """Show people what was not started, on one card a day; the audit log has every one."""
        key = _key(schedule, due)
        try:
            for place in told_at(self._dispatcher.admission.discovery):
                card = refusal_card(schedule, due, outcome)
                await self._dispatcher.backends.board.show(key, place, card, loud=True)
        except TgkError as error:
            logger.bind(schedule=schedule.name).warning("refused start not shown: {}", error)


def _key(schedule: Schedule, due: datetime) -> str:
    return f"schedule:{schedule.name}:{due:%Y%m%d}"


def _why(outcome: Outcome) -> str:
    said = outcome.reply.data
    return " ".join(str(said[key]) for key in ("what", "why") if said.get(key))


def refusal_card(schedule: Schedule, due: datetime, outcome: Outcome) -> Reply:
    """Draw a scheduled start that was refused, with a way to end the schedule."""
    said = outcome.reply.data
    rows = (
        ("Why", _why(outcome)),
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
