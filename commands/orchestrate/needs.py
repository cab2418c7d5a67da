"""The parameters that a playbook cannot begin without: asked for, never guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from commands.orchestrate.veil import HIDDEN
from orchestration.playbook.secret_places import PLACES_HELP
from orchestration.runs.authority import faulty
from orchestration.runs.estate import Estate
from tgk.errors import ArgumentFault, Denied, InvalidRequest, Refused
from tgk.pairs import written_pairs
from tgk.ports.runs import RunRequest
from tgk.reply import Action, Blank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.context import Context
    from tgk.options import Request
    from tgk.ports.playbooks import Entry, Plan, Wanted

_LABEL = "parameters: "
_MOST_OF_BUTTON = 75
_NOT_KEPT = f"{PLACES_HELP}; what was written was not kept"


def typed(request: Request) -> dict[str, Any]:
    """Return what was given, pairs as one text, so that secrets in it are masked like in others."""
    given = request.model_dump(exclude_defaults=True)
    pairs = given.get("parameters")
    return {**given, "parameters": written_pairs(pairs)} if pairs else given


async def require_parameters(
    command: str,
    given: Mapping[str, object],
    context: Context,
    *,
    playbook: str,
    parameters: Mapping[str, str],
    environment: str | None,
) -> None:
    """Refuse what lacks a required parameter, or is a secret itself, with a way to fill each in.

    Whatever else is wrong with the values is told with them, and asked for as well; where a name is
    none of the playbook's no filling in would help, and none is offered. ``given`` are the
    arguments to run again with. Raises Missing for a playbook that is none.
    """
    await context.backends.playbooks.source(playbook)
    entries = await context.backends.playbooks.entries()
    entry = next(each for each in entries if each.name == playbook)
    missing = [
        each
        for each in entry.parameters
        if _lacks(each, parameters, environment) or parameters.get(each.name) == HIDDEN
    ]
    lacking = [_fault(each.name, _wanted(each)) for each in missing]
    faults = [*lacking, *_not_there(entry, parameters, context)]
    if not faults:
        return  # values of a wrong kind are named by whoever starts it, all at once
    wanted = RunRequest(playbook=playbook, parameters=parameters, environment=environment)
    known = {fault.name for fault in faults}
    try:
        await planned(command, wanted, context)
    except InvalidRequest as error:
        faults += [each for each in error.faults if each.name not in known]
    told = {fault.name for fault in faults}
    wrong = [each for each in entry.parameters if f"{_LABEL}{each.name}" in told]
    ways_out = (_fill_in(command, given, entry, wrong),) if len(wrong) == len(told) else ()
    pairs = " ".join(f"{each.name}={_place_of(each)}" for each in missing)
    remedy = f'Add --parameters "{pairs}".' if missing else ""
    raise InvalidRequest(command, faults, remedy=remedy, ways_out=ways_out)


async def planned(command: str, wanted: RunRequest, context: Context) -> Plan:
    """Return what a start would do; raises InvalidRequest with every fault of its values."""
    try:
        return await context.backends.playbooks.plan(wanted, context.caller)
    except InvalidRequest as error:
        faults = [replace(each, name=f"{_LABEL}{each.name}") for each in error.faults]
        raise InvalidRequest(command, faults) from None


def require_places(command: str, parameters: Mapping[str, str]) -> None:
    """Refuse secrets that somebody typed themselves; raises InvalidRequest."""
    typed_out = [name for name, value in parameters.items() if value == HIDDEN]
    if typed_out:
        raise InvalidRequest(command, [_fault(name, _NOT_KEPT) for name in typed_out])


async def require_sound(playbook: str, context: Context) -> None:
    """Refuse one with errors, counted and listed as the checker does.

    Raises ConfigurationInvalid, and Missing for a playbook that is none.
    """
    shelf = context.backends.playbooks
    await shelf.source(playbook)
    if any(each.errors for each in await shelf.entries() if each.name == playbook):
        found = await shelf.examine(playbook, caller=context.caller)
        errors = [each for each in found.findings if each.severity == "error"]
        raise faulty(playbook, [f"{found.file}:{each.line}: {each.message}" for each in errors])


async def require_right(
    command: str,
    given: Mapping[str, object],
    context: Context,
    *,
    playbook: str,
    parameters: Mapping[str, str],
) -> None:
    """Refuse an environment that is only named by a parameter, or by its default.

    The guard has judged what the options name. Raises Denied.
    """
    entries = await context.backends.playbooks.entries()
    wanted = (
        each
        for entry in entries
        if entry.name == playbook
        for each in entry.parameters
        if each.type == "environment"
    )
    for each in wanted:
        value = parameters.get(each.name) or each.default
        if value in context.discovery.environments:
            decision = context.access.decide(command, {**given, "environment": value})
            if not decision.allowed:
                raise Denied(command, decision, why=f"It would work in {value}.")


async def require_published(playbook: str, context: Context) -> None:
    """Refuse a draft; raises Missing for a playbook that is none, with names that look alike."""
    source = await context.backends.playbooks.source(playbook)
    if source.origin == "draft":
        raise Refused(
            f"{playbook} is not run.",
            why="It is a draft.",
            remedy=f"Let somebody who may publish it: /orchestrate publish {playbook}",
        )


def _fault(name: str, message: str) -> ArgumentFault:
    return ArgumentFault(f"{_LABEL}{name}", message, declared=True)


def _not_there(entry: Entry, given: Mapping[str, str], context: Context) -> list[ArgumentFault]:
    """Return a fault for each name of an environment, component or service that there is not."""
    estate = Estate(context.discovery)
    found = (
        estate.fault(f"{_LABEL}{each.name}", each.type, given.get(each.name))
        for each in entry.parameters
    )
    return [fault for fault in found if fault]


def _lacks(wanted: Wanted, given: Mapping[str, str], environment: str | None) -> bool:
    """Say whether a value is needed; a line of a form that was left empty is none."""
    if not wanted.required or wanted.default or given.get(wanted.name, "").strip():
        return False
    return wanted.name != "environment" or environment is None


def _wanted(parameter: Wanted) -> str:
    if parameter.type == "secret":
        listed = f" ({', '.join(parameter.choices[:8])})" if parameter.choices else ""
        return f"{_NOT_KEPT}{listed}"
    choices = f" ({', '.join(parameter.choices[:8])})" if parameter.choices else ""
    return f"needed{choices}" + (f": {parameter.description}" if parameter.description else "")


def _place_of(parameter: Wanted) -> str:
    """Return what stands for a value that is not known yet."""
    return "vault:PATH#KEY" if parameter.type == "secret" else "…"


def _described(parameter: Wanted) -> str:
    """Return what a form says of it: of a secret that only its place is asked for."""
    if parameter.type != "secret":
        return parameter.description
    place = "where it is kept: environment:NAME or vault:PATH#KEY, never the secret"
    return f"{parameter.description}: {place}" if parameter.description else place


def _fill_in(
    command: str, given: Mapping[str, object], entry: Entry, wanted: list[Wanted]
) -> Action:
    """Return the button that asks for each of them."""
    blanks = tuple(
        Blank(
            name=f"parameters.{each.name}",
            description=_described(each),
            choices=each.choices or (("true", "false") if each.type == "bool" else ()),
        )
        for each in wanted
    )
    return Action(
        label=f"Fill in {', '.join(each.name for each in wanted)}"[:_MOST_OF_BUTTON],
        command=command,
        arguments={**given, "playbook": entry.name},
        asks=tuple(blank.name for blank in blanks),
        blanks=blanks,
        style="primary",
    )
