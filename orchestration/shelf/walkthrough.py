"""A run walked through on paper: every step in order, and what decides over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from orchestration.playbook import model
from orchestration.playbook.expression import UNKNOWN, ExpressionError
from tgk.ports.playbooks import PlanRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestration.playbook.expression import Expression
    from orchestration.playbook.model import Playbook, Step

Fate = Literal["runs", "skipped", "depends"]
_OTHER: dict[Fate, Fate] = {"runs": "skipped", "skipped": "runs", "depends": "depends"}


def rows(
    book: Playbook, values: Mapping[str, object], outcomes: str
) -> tuple[tuple[PlanRow, ...], float | None]:
    """Return every step with its fate, and the seconds of the whole at most where it says so.

    ``outcomes`` names the steps that are assumed to fail, as in ``deploy-api: fail; verify: ok``;
    what is neither known nor assumed stays open, and both branches are shown.
    """
    scope = _Scope({**book.variables, **values}, _assumed(outcomes))
    walked = [*_listed(book.steps, scope, 0, "runs")]
    if book.finally_:
        walked.append(PlanRow(path="finally", what="finally", state="runs", note="in every ending"))
        walked += _listed(book.finally_, scope, 1, "runs")
    return tuple(walked), book.timeout


def _assumed(outcomes: str) -> dict[str, bool]:
    pieces = [piece.partition(":") for piece in outcomes.replace("\n", ";").split(";")]
    return {name.strip(): said.split(",")[-1].strip() != "fail" for name, _, said in pieces if said}


class _Scope(dict[str, Any]):
    """Knows values and assumed results; everything else is unknown."""

    def __init__(self, values: Mapping[str, object], assumed: Mapping[str, bool]) -> None:
        results = {
            name: {
                "success": good, "status": "succeeded" if good else "failed", "output": UNKNOWN,
            }
            for name, good in assumed.items()
        }  # fmt: skip
        super().__init__({**results, **values})

    def __missing__(self, key: str) -> object:
        return UNKNOWN

    def __contains__(self, key: object) -> bool:
        return True


def _listed(steps: Sequence[Step], scope: _Scope, depth: int, state: Fate) -> Iterator[PlanRow]:
    for step in steps:
        own, why = _fate(step.condition, scope, state)
        notes = [note for note in (why, *_limits(step)) if note]
        yield PlanRow(
            path=step.path,
            depth=depth,
            what=_what(step),
            state=own,
            note=" · ".join(notes),
        )
        yield from _inside(step, scope, depth + 1, own)


def _inside(step: Step, scope: _Scope, depth: int, state: Fate) -> Iterator[PlanRow]:
    match step:
        case model.Conditional():
            then, _ = _fate(step.test, scope, state)
            other = _OTHER[then]
            yield from _part("then", step.then, scope, depth, then)
            yield from _part(
                "else", step.otherwise, scope, depth, state if state != "runs" else other
            )
        case model.Parallel():
            for branch in step.branches:
                yield from _part(branch.name, branch.steps, scope, depth, state)
        case model.ForEach() | model.Group():
            yield from _listed(step.steps, scope, depth, state)
        case _:
            pass
    yield from _part("on success", step.on_success, scope, depth, "depends")
    yield from _part("on failure", step.on_failure, scope, depth, "depends")


def _part(
    name: str, steps: Sequence[Step], scope: _Scope, depth: int, state: Fate
) -> Iterator[PlanRow]:
    if steps:
        yield PlanRow(path=name, depth=depth, what=f"{name}:", state=state)
        yield from _listed(steps, scope, depth + 1, state)


def _fate(condition: Expression | None, scope: _Scope, state: Fate) -> tuple[Fate, str]:
    """Return what becomes of a step in a list of that fate, and why."""
    if condition is None or state == "skipped":
        return state, ""
    try:
        verdict = condition.verdict(scope)
    except ExpressionError as error:
        return "depends", f"{condition.source}: {error.message}"
    if verdict is UNKNOWN:
        return "depends", f"if {condition.source}"
    return (state, "") if verdict else ("skipped", f"{condition.source} is false")


def _what(step: Step) -> str:
    if isinstance(step, model.CommandStep):
        return f"{step.name}: /{step.command.name}" if step.name else f"/{step.command.name}"
    kind = type(step).__name__.casefold().removesuffix("step")
    return f"{step.name or step.path} ({kind})"


def _limits(step: Step) -> Iterator[str]:
    if step.retry.more:
        yield f"up to {step.retry.more + 1} attempts"
    if step.timeout:
        yield f"{step.timeout:g} s each"
    if step.undo:
        yield "can be undone"
