"""Who may start a run: everybody who may do each thing that it could come to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from orchestration.playbook import model
from orchestration.playbook.binding import command_of, fill
from orchestration.playbook.check import checked
from orchestration.playbook.expression import ExpressionError
from orchestration.playbook.surroundings import Surroundings
from orchestration.runs.parameters import target_of
from orchestration.runs.passage import passage_of
from tgk.errors import ConfigurationInvalid, Denied, InvalidRequest, Missing, TgkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.model import Playbook, Step
    from orchestration.runs.ports import Trees
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.command import Command
    from tgk.guard import Decision
    from tgk.options import Request

MOST_DEPTH = 8


def inner(step: Step) -> tuple[Step, ...]:
    """Return every step inside of a step, handlers and undoing included."""
    match step:
        case model.Conditional():
            own: tuple[Step, ...] = (*step.then, *step.otherwise)
        case model.Group() | model.ForEach():
            own = step.steps
        case model.Parallel():
            own = tuple(each for branch in step.branches for each in branch.steps)
        case _:
            own = ()
    return (*own, *step.on_failure, *step.on_success, *step.undo)


def every(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield each step of a tree, parents first."""
    for step in steps:
        yield step
        yield from every(inner(step))


def reached(playbook: Playbook, playbooks: Trees) -> dict[str, Playbook]:
    """Return a playbook and every one that it may play, by name.

    Raises ConfigurationInvalid for one that plays itself or goes too deep.
    """
    found: dict[str, Playbook] = {}

    def visit(book: Playbook, above: tuple[str, ...]) -> None:
        if book.name in above or len(above) >= MOST_DEPTH:
            chain = " → ".join((*above, book.name))
            what = f"{playbook.name} cannot be run."
            raise ConfigurationInvalid(what, [f"{book.file}: it plays itself: {chain}"])
        if book.name in found:
            return
        found[book.name] = book
        for step in every((*book.steps, *book.finally_)):
            if isinstance(step, model.SubPlaybook):
                visit(playbooks.get(step.playbook), (*above, book.name))

    visit(playbook, ())
    return found


def surroundings(admission: Admission, playbooks: Mapping[str, Playbook]) -> Surroundings:
    """Return what playbooks are checked against here."""
    outside = admission.discovery.playbooks
    return Surroundings(
        registry=admission.registry,
        playbooks=playbooks,
        http=bool(outside.hosts),
        shell=bool(outside.programs),
        hosts=outside.hosts,
        programs=frozenset(outside.programs),
    )


def require_sound(playbooks: Mapping[str, Playbook], admission: Admission) -> None:
    """Raise ConfigurationInvalid naming every error that the checker finds in any of them."""
    around = surroundings(admission, playbooks)
    faults = [
        (
            book.name,
            f"{PurePath(book.file).name}:{found.span.line}:{found.span.column}: {found.message}",
        )
        for book in playbooks.values()
        for found in checked(book, around)
        if found.severity == "error"
    ]
    if faults:
        name = next(iter(playbooks))
        raise faulty(name, [told for _, told in faults], where=faults[0][0])


def faulty(
    name: str, faults: Sequence[str], *, where: str = "", dependencies: bool = False
) -> ConfigurationInvalid:
    """Return the error for a playbook with faults: how many, each of them, and where to read on.

    ``where`` is the playbook that has the first of them, if it is one that ``name`` plays;
    ``dependencies`` says that they lie in what is around it.
    """
    count = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
    what = f"{name} cannot be run: it has {count}."
    more = " --dependencies" if dependencies else ""
    remedy = f"Run `tgk orchestrate validate {where or name}{more}`."
    return ConfigurationInvalid(what, faults, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One command that the starter may not run, or one thing that they may not reach."""

    path: str
    command: str
    decision: Decision


def require(
    playbooks: Mapping[str, Playbook],
    values: Mapping[str, object],
    starter: Caller,
    admission: Admission,
) -> None:
    """Raise Denied listing what the starter may not run or reach, of all that the run could.

    Options that only the run will tell count as not given, so a rule that is bound to a target
    is asked again at the step itself, by the dispatcher.
    """
    values = {"run": {"environment": target_of(None, values)}, **values}
    steps = [step for book in playbooks.values() for step in every((*book.steps, *book.finally_))]
    asked = [
        Refusal(step.path, f"/{entry.name}", _decided(entry, line, values, starter, admission))
        for step in steps
        for line in _lines(step)
        for entry in [_command(line, admission)]
    ]
    asked += [
        Refusal(step.path, str(passage), passage.decided(_aim(values), starter, admission))
        for step in steps
        for passage in [passage_of(step)]
        if passage is not None
    ]
    refusals = [each for each in asked if not each.decision.allowed]
    if not refusals:
        return
    first = refusals[0].decision
    listed = "; ".join(dict.fromkeys(f"{each.command} ({each.path})" for each in refusals))
    people = ", ".join(first.people[:3])
    raise Denied(
        "orchestrate run",
        first,
        why=f"You may not run what it reaches: {listed}.",
        remedy=f"Ask {people}." if people else "Ask an administrator.",
    )


def _aim(values: Mapping[str, object]) -> str:
    """Return the environment that the run is aimed at."""
    run = values["run"]
    return target_of(None, run) if isinstance(run, Mapping) else ""


def strangers(
    book: Playbook, values: Mapping[str, object], admission: Admission
) -> tuple[str, ...]:
    """Return which lines name what the estate does not have, as far as that is known."""
    values = {"run": {"environment": target_of(None, values)}, **book.variables, **values}
    found = []
    for step in every((*book.steps, *book.finally_)):
        for line in _lines(step):
            try:
                entry, typed = _typed(line, values, admission)
                admission.require_known(entry, admission.with_defaults(entry, typed))
            except Missing as error:
                found.append(f"{step.path}: {error}")
    return tuple(found)


def _lines(step: Step) -> tuple[CommandLine, ...]:
    if isinstance(step, model.CommandStep):
        return (step.command,)
    if isinstance(step, model.Wait) and step.command is not None:
        return (step.command,)
    return ()


def _command(line: CommandLine, admission: Admission) -> Command[Any]:
    entry = command_of(line, admission.registry)
    if entry is None:
        raise ConfigurationInvalid("The playbook cannot be run.", [f"no command /{line.name}"])
    return entry


def _decided(
    entry: Command[Any],
    line: CommandLine,
    values: Mapping[str, object],
    starter: Caller,
    admission: Admission,
) -> Decision:
    _, typed = _typed(line, values, admission)
    return admission.decide(entry, admission.with_defaults(entry, typed), starter)


def _typed(
    line: CommandLine, values: Mapping[str, object], admission: Admission
) -> tuple[Command[Any], Request]:
    """Return the command with what is known of its request; the rest is as if not given."""
    entry = _command(line, admission)
    fields = entry.request.model_fields
    given = _known(line, values, admission).items()
    known = {name: value for name, value in given if name in fields}
    optional = {name: each for name, each in fields.items() if not each.is_required()}
    defaults = {
        name: each.get_default(call_default_factory=True) for name, each in optional.items()
    }
    return entry, entry.request.model_construct(**{**dict.fromkeys(fields), **defaults, **known})


def _known(
    line: CommandLine, values: Mapping[str, object], admission: Admission
) -> Mapping[str, object]:
    """Return the arguments as far as they are known before anything has run."""
    from orchestration.playbook.expression import UNKNOWN

    class Scope(dict[str, object]):
        def __missing__(self, key: str) -> object:
            return UNKNOWN

        def __contains__(self, key: object) -> bool:
            return True

    scope = Scope(values)
    try:
        raw = fill(line, scope, admission.registry)  # type: ignore[arg-type] # unknown names too
    except (ExpressionError, InvalidRequest, TgkError):
        return {}
    return {name: value for name, value in raw.items() if value is not UNKNOWN}
