"""``/orchestrate schedule``: playbooks that run by the clock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from commands.orchestrate.lately import last_of
from commands.orchestrate.needs import typed
from commands.orchestrate.startable import require_sense, require_startable
from commands.orchestrate.veil import veiled
from orchestration.runs.wording import counted
from orchestration.schedules import next_time, time_faults
from tgk.command import command
from tgk.context import Context
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.options import Pairs, PlaybookName, Request, RunEnvironment, ScheduleName
from tgk.pairs import written_pairs
from tgk.plain import in_words
from tgk.ports.runs import RunRequest
from tgk.ports.schedules import Missed, Schedule
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table

_COMMAND = "orchestrate schedule"
_ALONE = ("disable", "delete")
_MORE_TIMES = 2
_COLUMNS = ("Name", "Playbook", "When", "Next", "Last", "By")
_FIRST = '/orchestrate schedule daily-backup --cron "0 2 * * *" --enabled runs one every night.'


class Plan(Request):
    """Schedule a playbook, or list and change schedules."""

    playbook: PlaybookName | None = Field(default=None, description="which one; none lists all")
    cron: Annotated[str, StringConstraints(max_length=120)] = Field(
        default="", description='minute hour day month weekday, as in "0 2 * * *"'
    )
    name: ScheduleName | None = Field(
        default=None, description="of the schedule; the playbook's if empty"
    )
    parameters: Pairs = Field(default={}, description="default values as key=value pairs")
    environment: RunEnvironment | None = Field(default=None, description="target environment")
    enabled: bool = Field(default=False, description="switch it on")
    disable: bool = Field(default=False, description="switch it off")
    delete: bool = Field(default=False, description="forget it")
    timezone: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="UTC", description="such as Europe/Berlin"
    )
    missed: Missed = Field(
        default="once", description="runs owed for times that went by more than a minute ago"
    )


async def makes_sense(request: Plan, context: Context) -> None:
    """Refuse a half-given schedule before anything is asked of the council."""
    if request.cron and request.playbook is None:
        raise InvalidRequest(_COMMAND, [ArgumentFault("playbook", "needed with cron")])
    if request.enabled and (request.disable or request.delete):
        raise InvalidRequest(_COMMAND, [ArgumentFault("enabled", "not with disable or delete")])
    if any(getattr(request, each) for each in _ALONE) and not (request.name or request.playbook):
        raise InvalidRequest(_COMMAND, [ArgumentFault("name", "needed: which schedule")])
    if request.cron and request.playbook:
        wanted = RunRequest(
            playbook=request.playbook,
            parameters=request.parameters,
            environment=request.environment,
        )
        others = time_faults(request.cron, request.timezone)
        await require_startable(_COMMAND, typed(request), context, wanted=wanted, others=others)
    elif request.enabled and (name := request.name or request.playbook):
        await _can_be_switched_on(name, request, context)


async def _can_be_switched_on(name: str, request: Plan, context: Context) -> None:
    """Refuse one whose playbook takes no such start any more; its owner's rights come later."""
    kept = await context.backends.schedules.get(name)
    wanted = RunRequest(
        playbook=kept.playbook, parameters=kept.parameters, environment=kept.environment
    )
    await require_sense(_COMMAND, typed(request), context, wanted=wanted)


@command(_COMMAND, permission="orchestrate", effect="change", check=makes_sense, veil=veiled)
async def schedule(request: Plan, context: Context) -> Reply:
    """List, create, switch or forget."""
    schedules = context.backends.schedules
    name = request.name or request.playbook
    if name is None:
        return await _list(context)
    if request.delete:
        return await _forgotten(name, context)
    if request.cron and request.playbook:
        kept = await schedules.put(
            Schedule(
                name=name.casefold(),
                playbook=request.playbook,
                cron=request.cron,
                timezone=request.timezone,
                parameters=request.parameters,
                environment=request.environment,
                missed=request.missed,
                enabled=request.enabled,
                owner=context.caller,
            )
        )
        what = "is scheduled" if kept.enabled else "is kept, but off: nothing runs by itself"
        return _shown(kept, f"{kept.name} {what}")
    if request.enabled or request.disable:
        kept = await schedules.switch(name, enabled=request.enabled)
        return _shown(kept, f"{kept.name} is {'on' if kept.enabled else 'off'}")
    kept = await schedules.get(name)
    return _shown(kept, f"{kept.name} runs {kept.playbook}", last=await last_of(kept, context))


async def _forgotten(name: str, context: Context) -> Reply:
    """Delete one; after a kill in between, what was deleted is remembered."""

    async def forget() -> Schedule:
        return await context.backends.schedules.delete(name)

    gone = await context.steps.once("delete", forget, Schedule)
    shown = _shown(gone, f"{gone.name} is no longer scheduled", over=True)
    return shown.model_copy(update={"actions": ()})


async def _list(context: Context) -> Reply:
    found = await context.backends.schedules.listed()
    rows = tuple([
        (
            each.name, each.playbook, f"{each.cron} {each.timezone}",
            f"{each.next:%Y-%m-%d %H:%M} UTC" if each.next else "off",
            await last_of(each, context), each.owner.person,
        )
        for each in found
    ])  # fmt: skip
    title = counted(len(rows), "schedule") if rows else "Nothing is scheduled"
    return Reply(
        topic="orchestrate",
        title=title,
        blocks=(Table(columns=_COLUMNS, rows=rows),)
        if rows else (Facts(facts=(Fact(label="Do", value=_FIRST),)),),
        plain=Plain(headline=title, lines=tuple("  ".join(row) for row in rows) or (_FIRST,)),
        data={"schedules": [each.model_dump(mode="json") for each in found]},
    )  # fmt: skip


def _shown(kept: Schedule, title: str, *, over: bool = False, last: str = "") -> Reply:
    given = {"name": kept.name}
    switch = (
        Action(label="Switch off", command=_COMMAND, arguments={**given, "disable": True})
        if kept.enabled
        else Action(
            label="Switch on", command=_COMMAND, arguments={**given, "enabled": True},
            style="success",
        )
    )  # fmt: skip
    facts = (
        Fact(label="Playbook", value=kept.playbook),
        Fact(label="When", value=f"{kept.cron} {kept.timezone}", code=True),
        *(() if over else _times(kept)),
        *((Fact(label="Last", value=last),) if last else ()),
        Fact(
            label="If missed",
            value={"skip": "no run", "once": "one run", "all": "each"}[kept.missed],
        ),
        Fact(label="Runs as", value=kept.owner.person),
    )
    shown = Facts(facts=facts)
    return Reply(
        topic="orchestrate",
        title=title,
        tone="ok" if kept.enabled else "off",
        blocks=(shown,),
        actions=(switch, _now(kept)),
        plain=Plain(headline=title, lines=in_words((shown,))),
        data=kept.model_dump(mode="json"),
    )


def _times(kept: Schedule) -> tuple[Fact, ...]:
    """Return when it runs next, and the times after that."""
    if kept.next is None:
        on = f"/orchestrate schedule --name {kept.name} --enabled switches it on"
        return (Fact(label="Next", value=f"it is off; {on}"),)
    then = [kept.next]
    for _ in range(_MORE_TIMES):
        then.append(next_time(kept.cron, kept.timezone, then[-1]))
    return tuple(Fact(label="Then" if n else "Next", at=at) for n, at in enumerate(then))


def _now(kept: Schedule) -> Action:
    """Return the button that runs it at once, by the rights of whoever presses."""
    given = {"playbook": kept.playbook, "environment": kept.environment}
    pairs = {"parameters": written_pairs(kept.parameters)} if kept.parameters else {}
    known = {name: value for name, value in given.items() if value}
    return Action(label="Run now", command="orchestrate run", arguments={**known, **pairs})
