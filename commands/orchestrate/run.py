"""``/orchestrate run``: start a playbook, or show what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from commands.orchestrate.card import card, followed
from commands.orchestrate.pairs import pairs
from commands.orchestrate.plan import planned
from tgk.command import EnvironmentName, PlaybookName, Request, command
from tgk.context import Context
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.ports.runs import RunRequest
from tgk.reply import Action, Reply

if TYPE_CHECKING:
    from tgk.ports.playbooks import Entry, Wanted
    from tgk.ports.runs import RunView

Pairs = Annotated[str, StringConstraints(max_length=4000)]
_COMMAND = "orchestrate run"


class Run(Request):
    """Run a playbook, with progress until its end."""

    playbook: PlaybookName = Field(description="which one")
    parameters: Pairs = Field(default="", description='key=value pairs, as in "version=v1.4.0"')
    environment: EnvironmentName | None = Field(default=None, description="target environment")
    parallel: bool = Field(default=False, description="run independent neighbours at once")
    dry_run: bool = Field(default=False, description="only show what would be done")
    checkpoint: bool = Field(default=False, description="keep a checkpoint after every step")
    timeout: float | None = Field(
        default=None, gt=0, le=10080, description="minutes for the whole run"
    )
    debug: bool = Field(default=False, description="keep each step's arguments and output")
    verbose: bool = Field(default=False, description="show every step as it ends")


def asked(request: Run) -> RunRequest:
    """Return the request as the engine takes it; raises InvalidRequest for pairs that are none."""
    return RunRequest(
        playbook=request.playbook,
        parameters=pairs(request.parameters, command=_COMMAND),
        environment=request.environment,
        parallel=request.parallel,
        checkpoint=request.checkpoint,
        timeout=request.timeout * 60 if request.timeout else None,
        debug=request.debug,
        verbose=request.verbose,
    )


async def has_what_it_needs(request: Run, context: Context) -> None:
    """Refuse a run whose required parameters are missing, with a way to fill them in."""
    await context.backends.playbooks.source(request.playbook)  # raises Missing, with names
    entry = next(
        each for each in await context.backends.playbooks.entries() if each.name == request.playbook
    )
    given = asked(request).parameters
    missing = [wanted for wanted in entry.parameters if _lacks(wanted, given, request)]
    if missing and not request.dry_run:
        faults = [ArgumentFault(f"parameters: {each.name}", _wanted(each)) for each in missing]
        raise InvalidRequest(_COMMAND, faults, ways_out=(_fill_in(request, entry, missing),))


def _lacks(wanted: Wanted, given: dict[str, str], request: Run) -> bool:
    if not wanted.required or wanted.default or wanted.name in given:
        return False
    return wanted.name != "environment" or request.environment is None


def _wanted(parameter: Wanted) -> str:
    choices = f" ({', '.join(parameter.choices[:8])})" if parameter.choices else ""
    return f"needed{choices}" + (f": {parameter.description}" if parameter.description else "")


def _fill_in(request: Run, entry: Entry, missing: list[Wanted]) -> Action:
    """Return the button that asks for what is missing, each on its own line."""
    known = f"{request.parameters.strip()}\n" if request.parameters.strip() else ""
    text = known + "\n".join(f"{each.name}=" for each in missing)
    given = request.model_dump(exclude_defaults=True) | {"parameters": text}
    return Action(
        label=f"Fill in {', '.join(each.name for each in missing)}"[:75],
        command=_COMMAND,
        arguments={**given, "playbook": entry.name},
        asks=("parameters",),
        style="primary",
    )


@command(
    _COMMAND,
    permission="orchestrate",
    effect="change",
    check=has_what_it_needs,
    mirror=("#deployments", "council"),
    slow=True,
    default_verb=True,
)
async def run(request: Run, context: Context) -> Reply:
    """Start the run, or join it after a restart, and follow it to its end."""
    wanted = asked(request)
    if request.dry_run:
        return planned(await context.backends.playbooks.plan(wanted, context.caller))
    runs = context.backends.runs
    delivery = context.invocation.delivery
    view = await runs.start(wanted, context.caller, delivery=delivery, cause=_cause(delivery))

    async def show(now: RunView) -> None:
        await context.show(card(now, context.clock.now(), detailed=request.verbose))

    ended = await runs.ended(view.id, show)
    return followed(ended, context.clock.now())


def _cause(delivery: str) -> str:
    """Return what started a run: schedules say so in their delivery."""
    kind, _, rest = delivery.partition(":")
    return f"schedule:{rest.partition(':')[0]}" if kind == "schedule" else "asked"
