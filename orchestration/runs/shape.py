"""A run's tree as it is read: what follows one another, what stands beside, what handles a failure.

Branches, items and handlers are told by kind where the tree has a group for them, else by path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.ports.runs import StepView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tgk.ports.runs import RunView, StepState

FANS = frozenset({"parallel", "conditional", "foreach"})
HANDLERS = ("on_failure", "on_success", "undo")
BRANCHES = frozenset({"branch", "item", "then", "else"})
DONE: frozenset[StepState] = frozenset({"succeeded", "kept"})
BAD: frozenset[StepState] = frozenset({"failed", "timed_out"})
IDLE: frozenset[StepState] = frozenset({"pending", "skipped"})
GOING: frozenset[StepState] = frozenset({"pending", "running", "waiting"})
PLAN = "Plan"
"""The id of a run that nobody has asked for: a playbook, to be looked at."""
_UNDOES = "undoes"
WRAPPERS = frozenset({*BRANCHES, *HANDLERS, _UNDOES, "group", "finally"})
_WEIGHT: tuple[StepState, ...] = (
    "failed", "timed_out", "waiting", "running", "cancelled", "undone", "pending", "succeeded",
    "kept", "skipped",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """Steps that follow one another under one name: a branch, an item or a handler."""

    name: str
    steps: tuple[StepView, ...]
    state: StepState
    view: StepView | None = None
    """The group that the tree has for it, if any."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is inside one step."""

    own: tuple[StepView, ...] = ()
    columns: tuple[Column, ...] = ()
    handlers: tuple[Column, ...] = ()


def parts(step: StepView) -> Parts:
    """Return the inner steps of a step by the part that they play."""
    if not step.steps or step.kind == _UNDOES:
        return Parts(own=step.steps)
    own: list[StepView] = []
    columns: dict[str, list[StepView]] = {}
    handlers: dict[str, list[StepView]] = {}
    for child in step.steps:
        head = _head(step, child)
        if child.kind in HANDLERS or head in HANDLERS:
            handlers.setdefault(child.kind if child.kind in HANDLERS else head, []).append(child)
        elif step.kind == "foreach" and child.kind != "item" and not head.startswith("["):
            own.append(child)  # the loop has not begun: what it will do with each
        elif step.kind in FANS or child.kind in BRANCHES:
            columns.setdefault(head, []).append(child)
        else:
            own.append(child)
    return Parts(
        own=tuple(own),
        columns=tuple(_column(name, steps) for name, steps in columns.items()),
        handlers=tuple(_column(name, handlers[name]) for name in HANDLERS if name in handlers),
    )


def stages(view: RunView) -> tuple[StepView, ...]:
    """Return everything at the top of a run in the order it ran, what takes back included."""
    if not view.undoes:
        return view.steps
    taken = StepView(
        path=_UNDOES,
        name="rolled back",
        kind=_UNDOES,
        state=state_of(view.undoes),
        began=view.undoes[0].began,
        ended=view.undoes[-1].ended,
        steps=view.undoes,
    )
    last = tuple(step for step in view.steps if step.kind == "finally")
    return (*(step for step in view.steps if step.kind != "finally"), taken, *last)


def leaves(steps: Iterable[StepView]) -> Iterator[StepView]:
    """Return the steps that do something themselves, in reading order, handlers after their own."""
    for step in steps:
        inner = parts(step)
        if not inner.own and not inner.columns and step.kind not in WRAPPERS:
            yield step
        yield from leaves(inner.own)
        for column in (*inner.columns, *inner.handlers):
            yield from leaves(column.steps)


def state_of(steps: Iterable[StepView]) -> StepState:
    """Return the one state that says most about several steps."""
    states = {step.state for step in steps}
    if "pending" in states and states & DONE and not states & {"running", "waiting", *BAD}:
        return "running"
    return next((state for state in _WEIGHT if state in states), "pending")


def walk(steps: Iterable[StepView]) -> Iterator[StepView]:
    """Return every node, parents first."""
    for step in steps:
        yield step
        yield from walk(step.steps)


def expected(steps: Iterable[StepView]) -> Iterator[StepView]:
    """Return the steps that a run goes through; handlers count only once they are used."""
    for step in steps:
        inner = parts(step)
        if not inner.own and not inner.columns and step.kind not in WRAPPERS:
            yield step
        yield from expected(inner.own)
        for column in inner.columns:
            yield from expected(column.steps)
        for column in inner.handlers:
            yield from (each for each in expected(column.steps) if each.state not in IDLE)


def _head(step: StepView, child: StepView) -> str:
    return child.path.removeprefix(step.path).lstrip("/").partition("/")[0]


def _column(name: str, steps: list[StepView]) -> Column:
    if len(steps) == 1 and _wraps(name, steps[0]):
        (group,) = steps
        return Column(group.name or name, group.steps, group.state, group)
    return Column(name, tuple(steps), state_of(steps))


def _wraps(name: str, step: StepView) -> bool:
    return step.kind in WRAPPERS and step.path.rpartition("/")[2].endswith(name)
